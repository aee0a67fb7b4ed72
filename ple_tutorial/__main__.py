"""The command line: ``python -m ple_tutorial tutorial | notebooks | student | score | figures | study``.

One function a command, with its arguments above it. What a command needs is imported inside it, so that the command
line itself starts, and says what to do, on a Python without the packages.
"""

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

from ple_tutorial import checks

COMMANDS = {}


class Slip(Exception):
    """What was asked cannot be done: one line on stderr and exit status 2."""


@contextlib.contextmanager
def checking_words():
    """Turn an error into a Slip: for the lines that check what was asked, not for those that carry it out."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise Slip(error) from error


def folder(text):
    """Return ``text`` as the path of a folder that exists or can be made."""
    path = Path(text)
    if any(part.exists() and not part.is_dir() for part in (path, *path.parents)):
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


def file(text):
    """Return ``text`` as the path of a file that exists or can be made."""
    if Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder, not a file")
    folder(Path(text).parent)
    return Path(text)


def argument(*names, **settings):
    """One argument of a command, as ``argparse.ArgumentParser.add_argument`` takes it."""
    return names, settings


def out(default):
    """The argument for the folder that a command writes to."""
    return argument("--out", type=folder, default=Path(default), help=f"the folder to write to ({default})")


def command(help, *arguments):
    """Register a function as the command of its name; it is called with the arguments and returns the exit status."""

    def register(function):
        COMMANDS[function.__name__] = (function, help, arguments)
        return function

    return register


@command("run copies of all notebooks, draw all figures, say how it went", out("build"))
def tutorial(out):
    from ple_tutorial.course import notebooks

    with checking_words():
        paths = notebooks.chapters()
    outcomes = notebooks.run(paths, out / "notebooks", tell=say)
    from ple_tutorial import figures  # this loads TensorFlow here, which waits until the notebooks' kernels are gone

    outcomes += draw(figures.FIGURES, out / "figures")
    return finish(outcomes, str(out / "notebooks"), str(out / "figures"))


@command(
    "run notebooks: copies, or in place",
    argument("chapters", nargs="*", help="numbers or names; without any, all"),
    argument("--in-place", action="store_true", help="store the outputs in the notebooks themselves"),
    out("build/notebooks"),
)
def notebooks(chapters, in_place, out):
    from ple_tutorial.course import notebooks

    with checking_words():
        paths = notebooks.chapters(chapters)
    outcomes = notebooks.run(paths, None if in_place else out, tell=say)
    return finish(outcomes, "notebooks" if in_place else str(out))


@command("write the chapters without solutions, for students, and with them, for teachers", out("build"))
def student(out):
    from ple_tutorial.course import editions, notebooks

    with checking_words():
        paths = notebooks.chapters()
        editions.write_editions(paths, out)
    say(f"{len(paths)} chapters, without solutions in {out / 'student'}, with them in {out / 'solutions'}.")
    return 0


@command(
    "score a folder of handed-in notebooks: what check says of each answer, as a table",
    argument("handed_in", metavar="FOLDER", type=Path, help="the folder; those below it are read, too"),
    argument(
        "--out",
        metavar="FILE",
        type=file,
        default=Path("build/scores.csv"),
        help="the table to write (build/scores.csv)",
    ),
    argument("--seconds", type=int, default=120, help="how long a cell may take (120)"),
    argument("--workers", type=int, default=1, help="notebooks that are run at a time (1)"),
)
def score(handed_in, out, seconds, workers):
    from ple_tutorial import tables
    from ple_tutorial.course import scoring

    with checking_words():
        checks.count("--seconds", seconds)
        checks.count("--workers", workers)
        scores = scoring.score(handed_in, seconds, say, workers)
    tables.write_table(scores, out, ["made by: python -m ple_tutorial score"])
    say(f"{scores['right'].sum()} of {len(scores)} right. Look in {out}.")
    return 0


@command(
    "draw figures: NAME.png, NAME.svg and NAME.csv",
    argument("--only", metavar="NAME", help="one figure; without it, all"),
    out("figures"),
)
def figures(only, out):
    from ple_tutorial import figures

    with checking_words():
        names = list(figures.FIGURES) if only is None else [checks.choice("--only", only, figures.FIGURES)]
    return finish(draw(names, out), str(out))


@command(
    "run a study over many seeds and store its table; a study that was stopped goes on where it was",
    argument("name"),
    argument(
        "--workers", "--jobs", type=int, default=os.cpu_count(), help="processes on this machine (as many as cores)"
    ),
    argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that runs the trials, such as tcp://HOST:8786"),
    out("figures"),
)
def study(name, workers, scheduler, out):
    from ple_tutorial import study
    from ple_tutorial.tables import read_table

    with checking_words():
        checks.choice("study", name, study.STUDIES)
        checks.count("--workers", workers)
        if scheduler is not None:
            study.engine.client(scheduler).close()  # nobody there, or no Dask here
    path = study.run(name, out, workers, scheduler)
    say(f"Look in {path}.")
    return int("error" in read_table(path).columns)


def draw(names, out):
    """Draw the figures ``names`` into ``out``, one by one; one that fails does not stop the others."""
    from ple_tutorial import figures
    from ple_tutorial.course.notebooks import Outcome, line

    outcomes = []
    for name in names:
        start = time.perf_counter()
        try:
            figures.draw([name], out)
            status = "drawn"
        except Exception as error:
            status = f"failed: {type(error).__name__}: {error}"
        outcomes.append(Outcome(f"figure {name}", status, time.perf_counter() - start))
        say(line(outcomes[-1]))
    return outcomes


def finish(outcomes, *places):
    """Print the closing table and where to look; return the exit status."""
    from ple_tutorial.course.notebooks import table

    failed = sum(outcome.failed for outcome in outcomes)
    print(f"\n{table(outcomes)}\n")
    print(f"{failed} of {len(outcomes)} failed." if failed else "Nothing failed.", f"Look in {' and '.join(places)}.")
    return int(failed > 0)


def say(text):
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def parse(words):
    """Parse the command line into (command, its arguments); a slip ends with one line and exit status 2."""
    parser = argparse.ArgumentParser(prog="python -m ple_tutorial", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, help, arguments) in COMMANDS.items():
        one = commands.add_parser(name, help=help)
        for names, settings in arguments:
            one.add_argument(*names, **settings)
    parsed = vars(parser.parse_args(words))
    return parsed.pop("command"), parsed


def main(words=None):
    """Run the command line and return its exit status."""
    name, arguments = parse(words)
    try:
        return COMMANDS[name][0](**arguments)
    except Slip as slip:
        print(slip, file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"{error}. This Python lacks the packages: run `make setup`, then .venv/bin/python", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130  # as shells do


if __name__ == "__main__":
    sys.exit(main())
