"""Runs the notebooks one at a time, each in a fresh kernel of this Python, and measures their time and memory.

Two ways: copies under ``build/`` for a reader, with the checkout left as it is, or in place for the author. In place,
a notebook that passed is stored with its outputs, its header says what was measured, and so does the README's table.
"""

import asyncio
import csv
import os
import platform
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from ple_tutorial import checks

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
CELL_TIMEOUT = 600  # seconds
COLUMNS = ("chapter", "title", "question", "minutes", "peak_memory_gb", "machine")
# On Linux not ru_maxrss: there a new process starts with the peak of the one that started it.
PEAK_ON_LINUX = "__import__('pathlib').Path('/proc/self/status').read_text()"
PEAK_ELSEWHERE = "__import__('resource').getrusage(__import__('resource').RUSAGE_SELF).ru_maxrss"


@dataclass
class Outcome:
    """What became of one notebook or figure; ``megabytes`` is the peak memory of its kernel."""

    name: str
    status: str
    seconds: float | None = None
    megabytes: float | None = None

    @property
    def failed(self):
        return self.status.startswith("failed")


# ---------------------------------------------------------------- what a notebook says of itself


def _census():
    from ple_tutorial.data import census

    return census.available()


NEEDS = {"census": _census}  # what a notebook may need -> a function that returns (there or not, why not)


def unmet_need(nb):
    """Return why ``nb`` cannot run here (its metadata: ``{"ple_tutorial": {"needs": [...]}}``), or None."""
    for need in nb.metadata.get("ple_tutorial", {}).get("needs", []):
        there, reason = NEEDS[checks.choice("needs", need, NEEDS)]()
        if not there:
            return reason
    return None


def read(path):
    """Return the notebook at ``path``."""
    return nbformat.read(path, as_version=4)


def title(nb):
    """Return the first heading without its number: "# 04 Experts" and "# 4. Experts" give "Experts"."""
    heading = re.search(r"^# (.+)", nb.cells[0].source if nb.cells else "", re.MULTILINE)
    if not heading:
        checks.refuse("the first cell", "a heading '# ...'", "none")
    return re.sub(r"^(chapter )?\d+\s*[.:·|–—-]*\s*", "", heading[1].strip(), flags=re.IGNORECASE)


def chapters(wanted=(), folder=FOLDER):
    """Return the paths of the notebooks in order; ``wanted`` picks some, by number ("04") or by name."""
    paths = {path.stem: path for path in sorted(folder.glob("[0-9]*.ipynb"))}
    numbers = {name.split("_")[0]: name for name in paths}
    names = [numbers.get(text, text.removesuffix(".ipynb")) for text in wanted]
    for name in names:
        checks.choice("chapter", name, paths)
    return [path for name, path in paths.items() if not names or name in names]


# ---------------------------------------------------------------- running


async def _execute(nb, folder):
    """Run ``nb`` (its outputs are filled in) and return (peak megabytes or None, what went wrong or None)."""
    # no kernel folders: "python3" is then this very Python, whatever kernels the user has installed
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = NotebookClient(
        nb,
        km=manager,
        timeout=CELL_TIMEOUT,
        coalesce_streams=True,
        record_timing=False,
        extra_arguments=["--log-level=CRITICAL"],
    )
    async with client.async_setup_kernel(cwd=str(folder), cleanup_kc=True):
        # nbclient answers Ctrl-C by killing the kernel and going on; here it ends the run
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        number = 0
        for index, cell in enumerate(nb.cells):
            number += cell.cell_type == "code"
            try:
                await client.async_execute_cell(cell, index)
            except CellExecutionError as error:
                first_line = (error.evalue.strip().splitlines() or [""])[0]
                return None, f"cell {number}: {error.ename}: {first_line[:200]}"
            except CellTimeoutError:
                return None, f"cell {number}: not done after {CELL_TIMEOUT} s"
            except DeadKernelError:
                return None, f"cell {number}: the kernel died (is there enough memory?)"
        expression = PEAK_ON_LINUX if sys.platform == "linux" else PEAK_ELSEWHERE
        asked = client.kc.execute("", silent=True, user_expressions={"peak": expression})
        reply = await client.async_wait_for_reply(asked)
    answer = reply["content"]["user_expressions"]["peak"]["data"]["text/plain"]
    if sys.platform == "linux":
        return int(re.search(r"VmHWM:\D*(\d+)", answer)[1]) * 1024 / 1e6, None
    return int(answer) / 1e6, None  # macOS counts bytes


def execute(nb, folder):
    """Run ``nb`` with ``folder`` as its working directory.

    Returns (seconds, peak megabytes or None, what went wrong or None); the outputs are in ``nb``.
    """
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    start = time.perf_counter()
    megabytes, problem = asyncio.run(_execute(nb, folder))
    return time.perf_counter() - start, megabytes, problem


def stderr_cell(nb):
    """Return the number of the first code cell with stderr output, or None."""
    for number, cell in enumerate((cell for cell in nb.cells if cell.cell_type == "code"), start=1):
        if any(output.get("name") == "stderr" for output in cell.outputs):
            return number
    return None


def normalise(nb):
    """Take out of ``nb`` what would change from one machine or editor to the next."""
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "ple_tutorial": nb.metadata.get("ple_tutorial", {}),
        }
    )
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in ("tags", "jupyter") if key in cell.metadata}
        )


def write(nb, path):
    """Write ``nb`` beside ``path`` and rename it, so that an interruption leaves the old file or the new one."""
    beside = path.with_name(f".{path.name}.part")
    try:
        nbformat.write(nb, beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def run(paths, out=None, tell=print):
    """Run the notebooks at ``paths``: copies into the folder ``out``, or in place where it is None.

    Every notebook runs in the folder of its original. One that fails does not stop the others; its copy is kept
    for a look, its original never touched. Returns a list of Outcome.
    """
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    outcomes = []
    for path in paths:
        outcomes.append(_run_one(path, out))
        tell(line(outcomes[-1]))
    return outcomes


def _run_one(path, out):
    nb = read(path)
    reason = unmet_need(nb)
    if reason:
        return Outcome(path.stem, f"skipped: {reason}")
    seconds, megabytes, problem = execute(nb, path.parent)
    normalise(nb)
    outcome = Outcome(path.stem, f"failed: {problem}" if problem else "passed", seconds, megabytes)
    if out is not None:
        write(nb, out / path.name)
    elif stderr_cell(nb) and not problem:
        outcome.status = f"failed: cell {stderr_cell(nb)}: writes to stderr"
    elif not problem:
        try:
            record(nb, path, outcome)
        except ValueError as error:
            outcome.status = f"failed: {error}"
    return outcome


def line(outcome):
    """Return one line about one outcome, while the others are still to come."""
    seconds = "" if outcome.seconds is None else f" ({outcome.seconds:.0f} s)"
    return f"{outcome.name}: {outcome.status}{seconds}"


def table(outcomes):
    """Return the closing table: name, seconds, peak memory, what became of it."""
    rows = [("", "seconds", "peak MB", "")]
    for outcome in outcomes:
        numbers = (outcome.seconds, outcome.megabytes)
        rows.append((outcome.name, *("" if n is None else f"{n:.0f}" for n in numbers), outcome.status))
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{row[0]:<{width}}  {row[1]:>7}  {row[2]:>7}  {row[3]}".rstrip() for row in rows)


# ---------------------------------------------------------------- what was measured, in the header and the README


def machine():
    """Return this machine as "2 cores, AMD EPYC 9B14"."""
    model = platform.machine()
    if sys.platform == "darwin":
        model = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True).stdout
    elif Path("/proc/cpuinfo").exists():
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        model = found[1] if found else model
    cores = os.cpu_count()
    return f"{cores} core{'s' if cores > 1 else ''}, {model.strip()}"


def between(text, marker, new):
    """Return ``text`` with ``new`` between ``<!-- marker -->`` and ``<!-- /marker -->``, which must be there once."""
    pattern = rf"(<!-- {marker} -->).*?(<!-- /{marker} -->)"
    text, times = re.subn(pattern, lambda found: found[1] + new + found[2], text, flags=re.DOTALL)
    if times != 1:
        checks.refuse(f"<!-- {marker} --> ... <!-- /{marker} -->", "to be there once", f"{times} times")
    return text


def coarse(value):
    """Return a measured number as text, to a tenth."""
    return f"{value:.1f}" if value >= 0.1 else "under 0.1"


def measured_line(row):
    """Return what a notebook's header says of ``row``, a row of measured.csv."""
    minutes, memory = coarse(float(row["minutes"])), coarse(float(row["peak_memory_gb"]))
    minutes = minutes if minutes.startswith("under") else f"about {minutes}"
    return f"{minutes} min to run, {memory} GB peak memory ({row['machine']})"


def read_measured(folder):
    """Return the rows of the folder's measured.csv as {chapter: row}, in order; none where there is no file."""
    path = folder / "measured.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["chapter"]: row for row in csv.DictReader(file)}


def record(nb, path, outcome):
    """Store ``nb`` at ``path`` with what was measured: in its header, in measured.csv and in the README's table."""
    row = {
        "chapter": path.stem,
        "title": title(nb),
        "question": nb.metadata.ple_tutorial.get("question", ""),
        "minutes": f"{outcome.seconds / 60:.1f}",
        "peak_memory_gb": f"{outcome.megabytes / 1000:.1f}",
        "machine": machine(),
    }
    rows = read_measured(path.parent) | {path.stem: row}
    rows = [rows[chapter.stem] for chapter in chapters(folder=path.parent) if chapter.stem in rows]
    readme = path.parent.parent / "README.md"
    text = between(readme.read_text(encoding="utf-8"), "chapters", f"\n{chapters_table(rows)}\n")
    nb.cells[0].source = between(nb.cells[0].source, "measured", measured_line(row))
    write(nb, path)
    with (path.parent / "measured.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    readme.write_text(text, encoding="utf-8")


def chapters_table(rows):
    """Return the README's table of chapters, in Markdown, from the rows of measured.csv."""
    lines = ["| chapter | the question it answers | minutes | peak memory |", "|---|---|---:|---:|"]
    for row in rows:
        name = f"{row['chapter'].split('_')[0]} {row['title']}"
        minutes, memory = coarse(float(row["minutes"])), coarse(float(row["peak_memory_gb"]))
        lines.append(f"| [{name}](notebooks/{row['chapter']}.ipynb) | {row['question']} | {minutes} | {memory} GB |")
    machines = sorted({row["machine"] for row in rows})
    return "\n".join([*lines, "", f"Measured on {'; '.join(machines)}."])
