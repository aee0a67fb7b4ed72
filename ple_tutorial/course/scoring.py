"""Scores of handed-in notebooks: each is run in a process of its own, and what ``check`` says becomes a table.

The process runs other people's code with your rights: use a machine, or an account, that holds nothing else. Verdicts
are not read from the output, so printing "04.1 right." scores nothing; but code that sets out to deceive the package
from inside its process can do so. This scores exercises, not examinations.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from ple_tutorial import checks
from ple_tutorial.course.worker import NO_CHECK
from ple_tutorial.exercises import exercises_of

COLUMNS = ["file", "exercise", "right", "sentence"]
NO_ANSWER = "no answer yet."
STARTUP = 120  # seconds until the first cell starts: TensorFlow may take long on a busy machine
GRACE = 10  # seconds in which a cell that is over its time may end by itself
TIMES = 10  # a notebook may take so many times as long as a cell
DEATHS = 5  # cells that end the process or do not stop; then the notebook is given up
LONGEST = 300  # letters of a sentence
KINDS_OF_LINES = [set(keys.split()) for keys in ("broken", "checks", "cell", "error cell", "done")]
KINDS_OF_LINES.append({"exercise", "right", "sentence", "cell"})


def score(folder: Path, seconds: int = 120, tell: Callable[[str], None] = print, workers: int = 1) -> pd.DataFrame:
    """Score all notebooks in a folder and in the folders below it.

    A cell that raises does not stop its notebook. Nor does one that takes too long or ends the process: the notebook
    is run again without it. An exercise that is checked several times counts as its last answer says.

    Args:
        folder: where the notebooks are; what they are called, and in which folders they are, is up to you.
        seconds: how long a cell may take; a notebook as a whole may take ten times as long.
        tell: is called with a line about each notebook.
        workers: how many notebooks are run at a time.

    Returns:
        A table with the columns ``file`` (the path within the folder), ``exercise``, ``right`` (true or false) and
        ``sentence`` (what ``check`` says, or why there is no verdict). It has a row for each exercise of the chapters
        that a notebook answers, in the order of files and exercises. A notebook that cannot be run has one row,
        without an exercise.

    Raises:
        FileNotFoundError: the folder holds no notebook.
    """
    folder = Path(checks.path("folder", folder))
    seconds, workers = checks.count("seconds", seconds), checks.count("workers", workers)
    paths = [path.relative_to(folder) for path in folder.rglob("*.ipynb") if not path.is_dir()]
    names = {path.as_posix(): path for path in paths if not any(part.startswith(".") for part in path.parts)}
    if not names:
        raise FileNotFoundError(f"folder: expected one with notebooks (*.ipynb), got none in {folder}")

    def timed(name):
        start = time.perf_counter()
        return score_notebook(folder / names[name], seconds), time.perf_counter() - start

    rows = []
    with ThreadPoolExecutor(workers) as pool:  # each thread waits for a process
        for name, (scores, took) in zip(sorted(names), pool.map(timed, sorted(names)), strict=True):
            rows += [(_printable(name), *row) for row in scores]
            tell(f"{_printable(name)}: {sum(right for _, right, _ in scores)} of {len(scores)} right ({took:.0f} s)")
    return pd.DataFrame(rows, columns=COLUMNS)


def score_notebook(path: Path, seconds: int = 120) -> list[tuple[str | None, bool, str]]:
    """Score one notebook; return ``(exercise, right, sentence)`` for each exercise. See ``score``."""
    end = time.monotonic() + TIMES * seconds + STARTUP
    stopped = {}  # number of a code cell that ended the process or was not done -> what happened
    verdicts = []
    while True:
        lines, what = _run(path, seconds, stopped, end)
        if broken := [line["broken"] for line in lines if "broken" in line]:
            return [(None, False, _sentence(broken[0]))]
        verdicts = [line for line in verdicts if line["cell"] in stopped]  # the other cells have been run again
        verdicts += [line for line in lines if "exercise" in line]
        happened = {line["cell"]: f"raised {line['error']}" for line in lines if "error" in line}
        if not lines or "checks" not in lines[0]:
            return [(None, False, f"the notebook {what}")]
        if {"done": True} in lines:
            break
        cell = _running(lines)
        if cell is None:
            return [(None, False, f"the notebook {what}")]
        stopped[cell] = what
        if len(stopped) == DEATHS or time.monotonic() > end:
            happened |= dict.fromkeys(range(cell + 1, len(lines[0]["checks"]) + 1), "was not reached")
            break
    return _rows(lines[0]["checks"], verdicts, happened | stopped)


def _rows(checked, verdicts, happened):
    """Return the rows of one notebook.

    Args:
        checked: for each code cell, the exercises that its text checks.
        verdicts: what ``check`` said, as the worker writes it down.
        happened: ``{number of a code cell: why it may lack a verdict}``.
    """
    answered = {name for names in checked for name in names} | {line["exercise"] for line in verdicts}
    expected = {name for one in answered for name in exercises_of(one[:2])}
    if not answered:
        cells = "".join(f"; code cell {number} {what}" for number, what in sorted(happened.items())[-1:])
        return [(None, False, _sentence(NO_CHECK + cells))]
    rows = []
    for exercise in sorted(expected | {line["exercise"] for line in verdicts}):
        said = sorted((line for line in verdicts if line["exercise"] == exercise), key=lambda line: line["cell"])
        said = [line for line in said if line["sentence"] != NO_ANSWER] or said[-1:]
        calling = [number for number, names in enumerate(checked, start=1) if exercise in names]
        why = [f"code cell {number} {happened[number]}" for number in calling if number in happened]
        if said:
            more = f" (the last of {len(said)} answers)" if len(said) > 1 else ""
            right, sentence = said[-1]["right"], _sentence(said[-1]["sentence"], LONGEST - len(more)) + more
        elif calling:
            right, sentence = False, _sentence(f"no verdict: {why[-1] if why else 'check was not called'}")
        else:
            right, sentence = False, "missing: no cell checks it"
        rows.append((_sentence(exercise) or "?", right, sentence))
    return rows


def _run(path, seconds, skipped, end):
    """Run a notebook in a process of its own; return the lines that it wrote down, and how it ended."""
    with tempfile.TemporaryDirectory(prefix="score-", ignore_cleanup_errors=True) as place:
        record, work = Path(place, "record.jsonl"), Path(place, "work")
        record.touch()
        work.mkdir()
        package = str(Path(__file__).resolve().parents[2])
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
            "IPYTHONDIR": str(Path(place, "ipython")),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # as in Jupyter
        }
        arguments = [str(Path(path).resolve()), str(record), str(seconds), *map(str, skipped)]
        process = subprocess.Popen(
            [sys.executable, "-m", "ple_tutorial.course.worker", *arguments],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what an answer starts belongs to it, and is killed with it
        )
        try:
            late = _wait(process, record, seconds, end)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        code = process.returncode
        return _lines(record), late or f"ended the process ({f'signal {-code}' if code < 0 else f'exit status {code}'})"


def _wait(process, record, seconds, end):
    """Wait until the process ends, or until it or one of its cells has had its time; then say so."""
    since, cell = time.monotonic(), None
    while process.poll() is None:
        time.sleep(0.1)
        now, running = time.monotonic(), _running(_lines(record))
        cell, since = running, (since if running == cell else now)
        if now - since > (STARTUP if cell is None else seconds + GRACE):
            return f"was not done after {seconds} s"
        if now > end:
            return f"was running when the notebook had taken {TIMES * seconds} s"
    return None


def _lines(record):
    """Return the lines of the record, as far as the worker wrote them: none is cut off, and none is of another kind."""
    lines = []
    with contextlib.suppress(OSError):  # an answer may have removed it
        for line in record.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                lines.append(json.loads(line))
    return [line for line in lines if isinstance(line, dict) and set(line) in KINDS_OF_LINES]


def _running(lines):
    """Return the number of the code cell that was started last; None before the first."""
    return next((line["cell"] for line in reversed(lines) if set(line) == {"cell"}), None)


def _printable(text):
    """Return a text in one line, with letters that a file can hold."""
    text = str(text).encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _sentence(text, longest=LONGEST):
    """Return a sentence for the table: one line, not too long, without the folders of anybody's machine."""
    text = _printable(text)
    start = r"(?:~?/|[A-Za-z]:[\\/]|\\\\)"
    text = re.sub(rf"(['\"]){start}[^'\"]*[\\/]([^'\"\\/]*)\1", r"\1\2\1", text)  # in quotes: there may be spaces in it
    text = re.sub(rf"(?<![\w.:/\\<]){start}(?:[^\s'\"\\/]+[\\/])+([^\s'\"\\/]*)", r"\1", text)
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 4]} ..."
