"""The command line: ``python -m ple_tutorial tutorial | notebooks | figures | study | bench``."""

import argparse
import os
import sys
import time
from pathlib import Path

from ple_tutorial import checks


def folder(text):
    """Return ``text`` as a Path that is a folder or is still free."""
    path = Path(text)
    if any(part.exists() and not part.is_dir() for part in (path, *path.parents)):
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


def parse(arguments):
    """Return the parsed command line; a slip ends with one line and exit status 2."""
    parser = argparse.ArgumentParser(prog="python -m ple_tutorial", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("tutorial", help="run copies of all notebooks, draw all figures, say how it went")
    command.add_argument("--out", type=folder, default=Path("build"), help="the folder to write to (build)")

    command = commands.add_parser("notebooks", help="run notebooks: copies, or in place")
    command.add_argument("chapters", nargs="*", help="numbers or names; all where none is given")
    command.add_argument("--in-place", action="store_true", help="store the outputs in the notebooks themselves")
    command.add_argument("--out", type=folder, default=Path("build/notebooks"), help="for copies (build/notebooks)")

    command = commands.add_parser("figures", help="draw figures: NAME.png, NAME.svg and NAME.csv")
    command.add_argument("--only", metavar="NAME", help="one figure; all where it is not given")
    command.add_argument("--out", type=folder, default=Path("figures"), help="the folder to write to (figures)")

    command = commands.add_parser("study", help="run a study over many seeds and store its table")
    command.add_argument("name")
    command.add_argument("--out", type=folder, default=Path("figures"), help="the folder to write to (figures)")
    command.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at a time (as many as cores)")

    command = commands.add_parser("bench", help="measure training here beside other ways and packages")
    command.add_argument("--json", metavar="FILE", help="a file to write all numbers to")
    command.add_argument("--out", type=folder, help="a folder for the tables bench_NAME.csv; none if it is not given")
    command.add_argument("--quick", action="store_true", help="few rounds of the smallest part, to see that it runs")
    command.add_argument("--only", metavar="NAME", help="one part; all where it is not given")

    return parser.parse_args(arguments)


def draw(names, out):
    """Draw the figures ``names`` into ``out``, one by one; one that fails does not stop the others."""
    from ple_tutorial import figures
    from ple_tutorial.notebooks import Outcome, line

    outcomes = []
    for name in names:
        start = time.perf_counter()
        try:
            figures.draw([name], out)
            status = "drawn"
        except Exception as error:
            status = f"failed: {type(error).__name__}: {error}"
        outcomes.append(Outcome(f"figure {name}", status, time.perf_counter() - start))
        print(line(outcomes[-1]), flush=True)
    return outcomes


def finish(outcomes, *places):
    """Print the closing table and where to look; return the exit status."""
    from ple_tutorial.notebooks import table

    failed = sum(outcome.failed for outcome in outcomes)
    print(f"\n{table(outcomes)}\n")
    print(f"{failed} of {len(outcomes)} failed." if failed else "Nothing failed.", f"Look in {' and '.join(places)}.")
    return int(failed > 0)


def run(args):
    """Carry out the parsed command line and return the exit status; a wrong name is a ValueError."""
    if args.command == "tutorial":
        from ple_tutorial import notebooks

        outcomes = notebooks.run(notebooks.chapters(), args.out / "notebooks", tell=_tell)
        from ple_tutorial import figures  # TensorFlow, in this process only after the notebooks' kernels

        outcomes += draw(figures.FIGURES, args.out / "figures")
        return finish(outcomes, str(args.out / "notebooks"), str(args.out / "figures"))
    if args.command == "notebooks":
        from ple_tutorial import notebooks

        try:
            paths = notebooks.chapters(args.chapters)
        except ValueError as error:
            return _slip(error)
        outcomes = notebooks.run(paths, None if args.in_place else args.out, tell=_tell)
        return finish(outcomes, "notebooks" if args.in_place else str(args.out))
    if args.command == "figures":
        from ple_tutorial import figures

        try:
            names = (
                [checks.choice("--only", args.only, figures.FIGURES)]
                if args.only is not None
                else list(figures.FIGURES)
            )
        except ValueError as error:
            return _slip(error)
        return finish(draw(names, args.out), str(args.out))
    if args.command == "bench":
        from ple_tutorial import bench

        try:
            names, path = bench.asked(args.only, args.json, args.quick, args.out)
        except ValueError as error:
            return _slip(error)
        return bench.run(names, path, args.quick, _tell, args.out)
    from ple_tutorial import study

    try:
        checks.choice("study", args.name, study.STUDIES)
        checks.count("--jobs", args.jobs)
    except ValueError as error:
        return _slip(error)
    study.run(args.name, args.out, args.jobs)
    return 0


def _tell(text):
    print(text, flush=True)


def _slip(error):
    print(error, file=sys.stderr)
    return 2


def main(arguments=None):
    """Run the command line; return its exit status."""
    try:
        return run(parse(arguments))
    except ModuleNotFoundError as error:
        print(f"{error}. This Python lacks the packages: run `make setup`, then .venv/bin/python", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130  # as shells say it


if __name__ == "__main__":
    sys.exit(main())
