"""The parts of the benchmark, and how they are run and stored.

A part is a function of ``(quick, tell)``. It returns rows (flat dicts for ``pandas.DataFrame``) and prints its own tables
with ``tell``, a function of a text.
"""

import contextlib
import functools
import json
import os
import platform
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pandas as pd

from benchmarks.compare import CASES, QUICK, measure
from benchmarks.networks import NETWORKS
from ple_tutorial import checks
from ple_tutorial.tables import replacing, rounded, write_table

ROUNDS = 5
PACKAGES = "numpy keras tensorflow tf-keras deepctr deepctr-torch torch torch-rechub".split()


def _compared(name, quick, tell):
    cases = [case for case in (QUICK if quick else CASES) if case.name == name]
    return measure(cases, 2 if quick else ROUNDS, tell)


def _engine(name, quick, tell):
    from benchmarks import engine  # this imports TensorFlow, so only after the processes of the comparison

    return engine.PARTS[name](quick, tell)


PARTS = {name: functools.partial(_compared, name) for name in NETWORKS}
PARTS |= {name: functools.partial(_engine, name) for name in ("quality", "scaling", "grid", "memory", "serving")}
QUICK_PARTS = [name for name in PARTS if name not in NETWORKS or any(case.name == name for case in QUICK)]


def chosen(
    only: str | None = None, file: str | None = None, quick: bool = False, out: str | None = None
) -> tuple[list[str], Path | None]:
    """Return the names of the parts to run, and the path of the JSON file to write (or None).

    Args:
        only: the name of one part; None for all.
        file: the JSON file to write.
        quick: choose from ``QUICK_PARTS``.
        out: the folder for the tables. It is made if it does not exist.

    Raises:
        ValueError: an unknown part, or a file or folder that cannot be written to. So this is found before measuring, not
            an hour later.
    """
    known = QUICK_PARTS if quick else list(PARTS)
    names = known if only is None else [checks.choice("--only", only, known)]
    if out is not None:
        with _refusing("--out", "a folder that can be written to", str(out)):
            Path(out).mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=out).close()
    if file is None:
        return names, None
    path = Path(file)
    if not path.parent.is_dir():
        checks.refuse("--json", "a file in a folder that exists", repr(file))
    if path.exists() and not path.is_file():
        checks.refuse("--json", "a file", f"{file!r}, which is not a file")
    with _refusing("--json", "a file in a folder that can be written to", file):
        tempfile.TemporaryFile(dir=path.parent).close()
    return names, path


@contextlib.contextmanager
def _refusing(argument, expected, got):
    """Turn an ``OSError`` of the block into a refusal of the argument."""
    try:
        yield
    except OSError as error:
        checks.refuse(argument, expected, f"{got!r} ({error.strerror})")


def run(
    names: list[str], path: Path | None, quick: bool, tell: Callable[[str], None], out: str | Path | None = None
) -> int:
    """Run the parts one by one and store what they measure.

    Args:
        names: parts of ``PARTS``.
        path: a JSON file, which is written anew after each part; or None.
        quick: measure little, only to see that everything runs.
        tell: is called with each text to print.
        out: a folder for a table of each part, ``bench_NAME.csv``; or None.

    Returns:
        The exit status: 1 if this package's own ``fit`` failed in some part. A peer that is not installed is only a row.
    """
    result = about() | {"quick": quick, "parts": {}}
    tell(f"{result['processor']}, {result['cores']} cores; {versions(result)}")
    for name in names:
        result["parts"][name] = PARTS[name](quick, tell)
        if path:
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        if out:
            store(name, result, Path(out).resolve())
    tell(EXPLAINED)
    rows = [row for part in result["parts"].values() for row in part]
    return int(any(row["contender"] == "fit" and "seconds" not in row for row in rows if "contender" in row))


EXPLAINED = """
samples/s   speed of a whole call that trains some epochs, with shuffling: median, lowest and highest of the rounds
x fit       how many times as long it takes as `fit`
GFLOP/s     by convention three times the products with weights of a forward pass (6 operations per weight and sample)
share       of the rate of matrix products in the same rounds; `needed` leaves out the gradient of the features
compile s   how much longer the first epoch took than a later one
`make bench` makes an environment with all peers, if one is not installed here."""


def about() -> dict:
    """Return the machine (without its name) and the versions of the compared packages."""
    from ple_tutorial.course.measured import machine

    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return {"cores": os.cpu_count(), "processor": machine().partition(", ")[2], "versions": found}


def versions(result: dict) -> str:
    """Return the versions in one line."""
    return ", ".join(f"{package} {version or '(none)'}" for package, version in result["versions"].items())


def store(name: str, result: dict, out: Path) -> None:
    """Store the rows of a part as a table, with the command, the machine and the versions in its first lines.

    Measurements are stored with six significant digits, an empty note as a missing one.
    """
    quick = "--quick " if result["quick"] else ""
    head = [f"made by: python -m benchmarks {quick}--only {name} --out {out.name}"]
    head += [f"machine: {result['processor']}, {result['cores']} cores", f"versions: {versions(result)}"]
    rows = [{key: None if value == "" else value for key, value in row.items()} for row in result["parts"][name]]
    write_table(rounded(pd.DataFrame(rows)), out / f"bench_{name}.csv", head)
