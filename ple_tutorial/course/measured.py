"""Minutes and memory of the chapters: the lines and tables that say them, and where in a text they are put."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ple_tutorial import checks, tables


def machine() -> str:
    """Describe this machine, as "2 cores, AMD EPYC 9B14"."""
    model = platform.machine()
    if sys.platform == "darwin":
        model = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True).stdout
    elif Path("/proc/cpuinfo").exists():
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        model = found[1] if found else model
    cores = os.cpu_count()
    return f"{cores} core{'s' if cores > 1 else ''}, {model.strip()}"


def between(text: str, marker: str, new: str) -> str:
    """Replace what a text holds between ``<!-- marker -->`` and ``<!-- /marker -->``.

    Raises:
        ValueError: the pair of markers is not there exactly once.

    Example:
        >>> between("It took <!-- minutes -->?<!-- /minutes --> min.", "minutes", "0.4")
        'It took <!-- minutes -->0.4<!-- /minutes --> min.'
    """
    pattern = rf"(<!-- {marker} -->).*?(<!-- /{marker} -->)"
    text, times = re.subn(pattern, lambda found: found[1] + new + found[2], text, flags=re.DOTALL)
    if times != 1:
        checks.refuse(f"<!-- {marker} --> ... <!-- /{marker} -->", "to be there once", f"{times} times")
    return text


def coarse(value: float) -> str:
    """Round a measured number to a tenth: "0.4", or "under 0.1"."""
    return f"{value:.1f}" if value >= 0.1 else "under 0.1"


def measured_line(row: dict) -> str:
    """Say what was measured of a chapter, for its header; ``row`` is a row of ``read_measured``."""
    minutes, memory = coarse(row["minutes"]), coarse(row["peak_memory_gb"])
    minutes = minutes if minutes.startswith("under") else f"about {minutes}"
    return f"{minutes} min to run, {memory} GB peak memory ({row['machine']})"


def read_measured(folder: Path) -> dict[str, dict]:
    """Read the table ``measured.csv`` of a folder of notebooks as ``{chapter: row}``; without a file it is empty."""
    path = folder / "measured.csv"
    if not path.exists():
        return {}
    return {row["chapter"]: row for row in tables.read_table(path).to_dict("records")}


def write_measured(rows: Iterable[dict], folder: Path) -> None:
    """Write ``rows`` as the table ``measured.csv`` of a folder of notebooks."""
    tables.write_table(pd.DataFrame(list(rows)), folder / "measured.csv")


def contents_table(rows: Iterable[dict]) -> str:
    """Return the first chapter's table of chapters, in Markdown: as the README's, without what was measured."""
    lines = ["| chapter | the question it answers |", "|---|---|"]
    return "\n".join([*lines, *(f"| {_link(row, '')} | {row['question']} |" for row in rows)])


def chapters_table(rows: Iterable[dict]) -> str:
    """Return the README's table of chapters, in Markdown, from the rows of ``read_measured``."""
    rows = list(rows)
    lines = ["| chapter | the question it answers | minutes | peak memory |", "|---|---|---:|---:|"]
    for row in rows:
        minutes, memory = coarse(row["minutes"]), coarse(row["peak_memory_gb"])
        lines.append(f"| {_link(row, 'notebooks/')} | {row['question']} | {minutes} | {memory} GB |")
    machines = sorted({row["machine"] for row in rows})
    return "\n".join([*lines, "", f"Measured on {'; '.join(machines)}."])


def _link(row, folder):
    return f"[{row['chapter'].split('_')[0]} {row['title']}]({folder}{row['chapter']}.ipynb)"
