"""Run the notebooks one at a time, each in a fresh kernel of this Python, and measure their time and memory.

A reader runs copies under ``build/``, and the checkout stays as it is. The author runs the notebooks in place: each
one that passed is stored with its outputs, and what was measured is written into its header and into the README's
table.
"""

import asyncio
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from ple_tutorial import checks, tables
from ple_tutorial.course import measured

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
CELL_TIMEOUT = 600  # seconds
# On Linux not ru_maxrss: there a new process starts with the peak of the one that started it.
PEAK_ON_LINUX = "__import__('pathlib').Path('/proc/self/status').read_text()"
PEAK_ELSEWHERE = "__import__('resource').getrusage(__import__('resource').RUSAGE_SELF).ru_maxrss"


@dataclass
class Outcome:
    """The result of one notebook or figure; ``megabytes`` is the peak memory of its kernel."""

    name: str
    status: str
    seconds: float | None = None
    megabytes: float | None = None

    @property
    def failed(self) -> bool:
        """Whether it failed; a notebook that was skipped did not."""
        return self.status.startswith("failed")


# ---------------------------------------------------------------- what a notebook says of itself


def _census():
    from ple_tutorial.data import census

    return census.available()


NEEDS = {"census": _census}  # what a notebook may need -> a function that returns (there or not, why not)


def unmet_need(nb: NotebookNode) -> str | None:
    """Return why a notebook cannot run here, or None; its metadata say ``{"ple_tutorial": {"needs": [...]}}``."""
    for need in nb.metadata.get("ple_tutorial", {}).get("needs", []):
        there, reason = NEEDS[checks.choice("needs", need, NEEDS)]()
        if not there:
            return reason
    return None


def read(path: Path) -> NotebookNode:
    """Read the notebook at ``path``; ValueError if the file is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, KeyError, TypeError, nbformat.ValidationError) as error:  # JSON of another form
        got = f"{Path(path).name!r}, which cannot be read as one ({type(error).__name__})"
        checks.refuse("notebook", "a file that JupyterLab can open", got)


def title(nb: NotebookNode) -> str:
    """Return the first heading of a notebook without its number: "# 04 Experts" and "# 4. Experts" give "Experts"."""
    heading = re.search(r"^# (.+)", nb.cells[0].source if nb.cells else "", re.MULTILINE)
    if not heading:
        checks.refuse("the first cell", "a heading '# ...'", "none")
    return re.sub(r"^(chapter |appendix )?(\d+|A\d)\s*[.:·|–—-]*\s*", "", heading[1].strip(), flags=re.IGNORECASE)


def chapters(wanted: Sequence[str] = (), folder: Path = FOLDER) -> list[Path]:
    """Return the paths of the chapters in order; the appendices, A1 and so on, come last.

    Args:
        wanted: some of them, by number ("04", "A1") or by name; all if it is empty.
        folder: where they are.

    Raises:
        FileNotFoundError: the folder holds no chapter at all.
        ValueError: no such chapter; the nearest name is given.
    """
    paths = {path.stem: path for path in sorted(folder.glob("[0-9A][0-9]*.ipynb"))}
    if not paths:
        raise FileNotFoundError(
            "no chapters: the notebooks do not come with the installed package, they are in the project's repository. "
            "Clone it, and run this command in the clone (there, `make setup` first)."
        )
    numbers = {name.split("_")[0]: name for name in paths}
    names = [numbers.get(text, text.removesuffix(".ipynb")) for text in wanted]
    for name in names:
        checks.choice("chapter", name, paths)
    return [path for name, path in paths.items() if not names or name in names]


# ---------------------------------------------------------------- running


async def _execute(nb, folder):
    """Run ``nb`` (its outputs are filled in) and return (peak megabytes or None, what went wrong or None)."""
    # without folders of kernels, "python3" is the Python that runs this, whatever kernels the user has installed
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
        # nbclient kills the kernel on Ctrl-C and goes on; here Ctrl-C ends the run
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


def execute(nb: NotebookNode, folder: Path) -> tuple[float, float | None, str | None]:
    """Run a notebook in a fresh kernel, with ``folder`` as its working directory; its outputs are filled in.

    Returns:
        ``(seconds, peak memory in megabytes, what went wrong)``; the memory is None if something went wrong, else that
        is None.
    """
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    start = time.perf_counter()
    megabytes, problem = asyncio.run(_execute(nb, folder))
    return time.perf_counter() - start, megabytes, problem


def stderr_cell(nb: NotebookNode) -> int | None:
    """Return the number of the first code cell that has written to stderr, or None."""
    for number, cell in enumerate((cell for cell in nb.cells if cell.cell_type == "code"), start=1):
        if any(output.get("name") == "stderr" for output in cell.outputs):
            return number
    return None


def normalise(nb: NotebookNode) -> None:
    """Remove metadata of a notebook that would change from one machine or editor to the next."""
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


def write(nb: NotebookNode, path: Path) -> None:
    """Write a notebook in one step: an interruption leaves the old file or the new one."""
    with tables.replacing(path) as free:
        nbformat.write(nb, free)


def run(paths: Sequence[Path], out: Path | None = None, tell: Callable[[str], None] = print) -> list[Outcome]:
    """Run notebooks, each in the folder that it is in; one that fails does not stop the others.

    Args:
        paths: of the notebooks.
        out: folder for copies with the outputs, also those of a notebook that fails. None: run in place, and store the
            notebooks that pass; one that fails stays as it was.
        tell: is called with a line about each notebook.
    """
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    outcomes = []
    for path in paths:
        outcomes.append(_run_one(path, out))
        tell(line(outcomes[-1]))
    return outcomes


def _run_one(path, out):
    try:
        nb = read(path)
    except ValueError as error:
        return Outcome(path.stem, f"failed: {error}")
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


def line(outcome: Outcome) -> str:
    """Return one line about one outcome."""
    seconds = "" if outcome.seconds is None else f" ({outcome.seconds:.0f} s)"
    return f"{outcome.name}: {outcome.status}{seconds}"


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the closing table: name, seconds, peak memory, status."""
    rows = [("", "seconds", "peak MB", "")]
    for outcome in outcomes:
        numbers = (outcome.seconds, outcome.megabytes)
        rows.append((outcome.name, *("" if n is None else f"{n:.0f}" for n in numbers), outcome.status))
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{row[0]:<{width}}  {row[1]:>7}  {row[2]:>7}  {row[3]}".rstrip() for row in rows)


def record(nb: NotebookNode, path: Path, outcome: Outcome) -> None:
    """Store the notebook ``nb`` at ``path``, and what was measured in its header and in measured.csv.

    The tables of chapters in the README and in the first chapter are written anew from measured.csv.

    Raises:
        ValueError: a marker for what was measured is missing; then nothing is stored.
    """
    row = {
        "chapter": path.stem,
        "title": title(nb),
        "question": nb.metadata.ple_tutorial.get("question", ""),
        "minutes": round(outcome.seconds / 60, 1),
        "peak_memory_gb": round(outcome.megabytes / 1000, 1),
        "machine": measured.machine(),
    }
    rows = measured.read_measured(path.parent) | {path.stem: row}
    rows = [rows[chapter.stem] for chapter in chapters(folder=path.parent) if chapter.stem in rows]
    readme = path.parent.parent / "README.md"
    text = measured.between(readme.read_text(encoding="utf-8"), "chapters", f"\n{measured.chapters_table(rows)}\n")
    nb.cells[0].source = measured.between(nb.cells[0].source, "measured", measured.measured_line(row))
    first = chapters(folder=path.parent)[0]
    contents = nb if first == path else read(first)
    if _write_contents(contents, measured.contents_table(rows)) and first != path:
        write(contents, first)
    write(nb, path)
    measured.write_measured(rows, path.parent)
    with tables.replacing(readme) as free:
        free.write_text(text, encoding="utf-8")


def _write_contents(nb, table):
    """Put the table of chapters into the cell of ``nb`` that has the markers; tell whether that changed anything."""
    cell = next((cell for cell in nb.cells if "<!-- chapters -->" in cell.source), nb.cells[0])
    before = cell.source
    cell.source = measured.between(before, "chapters", f"\n{table}\n")
    return cell.source != before
