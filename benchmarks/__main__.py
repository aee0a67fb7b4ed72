"""Measure training on this machine, next to other ways and packages: ``python -m benchmarks``."""

import argparse
import sys


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the parsed command line; an unknown option ends with one line and exit status 2."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition(":")[0] + ".")
    parser.add_argument("--json", metavar="FILE", help="write all numbers to this file")
    parser.add_argument("--out", metavar="FOLDER", help="write the tables bench_NAME.csv to this folder")
    parser.add_argument("--quick", action="store_true", help="few rounds on small data, to see that everything runs")
    parser.add_argument("--only", metavar="NAME", help="measure one part (default: all of them)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    args = parse(arguments)
    try:
        from benchmarks import parts
    except ModuleNotFoundError as error:
        print(f"{error}. This Python lacks the packages: run `make bench`", file=sys.stderr)
        return 1
    try:
        names, path = parts.chosen(args.only, args.json, args.quick, args.out)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        return parts.run(names, path, args.quick, lambda text: print(text, flush=True), args.out)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130  # the exit status that shells use for an interrupt


if __name__ == "__main__":
    sys.exit(main())
