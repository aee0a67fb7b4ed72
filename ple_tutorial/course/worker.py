"""One handed-in notebook, run in a process of its own, which ``scoring`` starts and may kill.

What ``check`` says of an answer is written to a file; what the notebook prints goes nowhere. So an answer may print
what it likes, loop, exit, or end the process.
"""

import json
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable

CALLED = re.compile(r"\bcheck\(\s*(?:name\s*=\s*)?[\"']?(\d?\d\.\d)\b")
NO_CHECK = "no code cell calls check"
MOST = 1000  # verdicts that are written down, for a notebook that calls check in a loop; and letters of a sentence


class TimeLimit(BaseException):
    """A cell takes too long. No Exception, so that ``except Exception`` in an answer does not catch it."""


def main(notebook: str, record: str, seconds: str, *skipped: str) -> None:
    """Run the code cells of a notebook, one after the other, also after one that raises.

    Args:
        notebook: path of the notebook.
        record: path of the file to write to, a line of JSON each. First, ``{"broken": sentence}`` for a notebook that
            cannot be scored, or ``{"checks": [names of exercises, for each code cell, as its text shows them]}``. Then
            ``{"cell": number}`` as a cell starts, ``{"exercise", "right", "sentence", "cell"}`` for a verdict,
            ``{"error", "cell"}`` for a cell that raises. Last, ``{"done": true}``.
        seconds: how long a cell may take.
        skipped: numbers of code cells, from 1, that are not run.
    """
    process = os.getpid()

    def say(**line):
        if os.getpid() == process:  # not in a copy of it that an answer forks
            with open(record, "a", encoding="utf-8") as file:  # opened anew: an answer may close what is open
                file.write(json.dumps(line) + "\n")

    warnings.simplefilter("ignore")
    from ple_tutorial.course import notebooks

    try:
        nb = notebooks.read(notebook)
        cells = [cell.source for cell in nb.cells if cell.cell_type == "code"]
        lacks = notebooks.unmet_need(nb)
    except Exception as error:
        return say(broken=f"not a notebook that can be read ({type(error).__name__}: {error})")
    if lacks:
        return say(broken=f"it needs what this machine lacks: {lacks}")
    if not any("ple_tutorial" in cell for cell in cells):
        return say(broken=NO_CHECK)
    say(checks=[[full_name(name) for name in CALLED.findall(cell)] for cell in cells])
    run(cells, {int(number) for number in skipped}, int(seconds), say)
    say(done=True)


def full_name(name):
    """Return ``"04.1"`` for ``"4.1"`` and ``4.1``, and any other name as text."""
    return f"{float(name):04.1f}" if re.fullmatch(r"\s*\d?\d\.\d\s*", str(name)) else str(name)


def run(cells: list[str], skipped: set[int], seconds: int, say: Callable) -> None:
    """Run code cells in IPython, without a kernel, and ``say`` what happens."""
    from IPython.core.interactiveshell import InteractiveShell

    from ple_tutorial import exercises
    from ple_tutorial.exercises import register

    cell, verdict, written = None, exercises.verdict, 0

    def check(name, answer):
        nonlocal written
        try:
            right, sentence = verdict(name, answer)
        except Exception:
            right, sentence = False, "there is no exercise of this name"
        written += 1
        if written <= MOST:
            say(exercise=full_name(name), right=right, sentence=sentence[:MOST], cell=cell)
        print(name, sentence)

    def too_long(*_):
        raise TimeLimit(f"not done after {seconds} s")

    exercises.check = register.check = check
    signal.signal(signal.SIGALRM, too_long)
    shell = InteractiveShell.instance()
    for cell, source in enumerate(cells, start=1):
        if cell in skipped:
            continue
        say(cell=cell)
        signal.alarm(seconds)
        try:
            result = shell.run_cell(source, store_history=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as escaped:
            error = escaped
        signal.alarm(0)
        if error is not None:
            say(error=f"{type(error).__name__}: {error}"[:MOST], cell=cell)


if __name__ == "__main__":
    words = sys.argv[1:]
    del sys.argv[1:]  # the notebook is not concerned
    main(*words)
    os._exit(0)  # do not wait for threads that an answer has left behind
