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
from importlib import metadata
from pathlib import Path

import pandas as pd

from benchmarks.compare import CASES, QUICK, measure
from benchmarks.networks import NETWORKS
from ple_tutorial import checks
from ple_tutorial.tables import replacing, write_table

ROUNDS = 5
PACKAGES = "numpy keras tensorflow tf-keras deepctr deepctr-torch torch torch-rechub".split()


def _compared(name, quick, tell):
    cases = [case for case in (QUICK if quick else CASES) if case.name == name]
    return measure(cases, 2 if quick else ROUNDS, tell)


def _engine(name, quick, tell):
    from benchmarks import engine  # TensorFlow, after the comparison's processes

    return engine.PARTS[name](quick, tell)


PARTS = {name: functools.partial(_compared, name) for name in NETWORKS}
PARTS |= {name: functools.partial(_engine, name) for name in ("quality", "scaling", "grid", "memory", "serving")}
QUICK_PARTS = [name for name in PARTS if name not in NETWORKS or any(case.name == name for case in QUICK)]


def asked(only=None, file=None, quick=False, out=None):
    """The names of the parts to run, and the Path of the JSON file to write or None.

    Raises:
        ValueError: an unknown part, or a file or folder that cannot be written to: now, and not after an hour.
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
        checks.refuse("--json", "a file", f"{file!r}, which is none")
    with _refusing("--json", "a file in a folder that can be written to", file):
        tempfile.TemporaryFile(dir=path.parent).close()
    return names, path


@contextlib.contextmanager
def _refusing(argument, expected, came):
    """What the system does not allow inside is a refusal of the argument."""
    try:
        yield
    except OSError as error:
        checks.refuse(argument, expected, f"{came!r} ({error.strerror})")


def run(names, path, quick, tell, out=None):
    """Run the parts one by one; ``path``, if there is one, holds after each what has been measured so far.

    In the folder ``out``, if it is given, each part is stored as a table, ``bench_NAME.csv``.

    Returns:
        The exit status: 1 if this package's own ``fit`` did not run in some part. A peer that is not installed is a row.
    """
    result = about() | {"quick": quick, "parts": {}}
    tell(f"{result['processor']}, {result['cores']} cores; {versions(result)}")
    for name in names:
        result["parts"][name] = PARTS[name](quick, tell)
        if path:
            with replacing(path) as beside:
                beside.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        if out:
            store(name, result, Path(out).resolve())
    tell(EXPLAINED)
    rows = [row for part in result["parts"].values() for row in part]
    return int(any(row["contender"] == "fit" and "seconds" not in row for row in rows if "contender" in row))


EXPLAINED = """
samples/s   of a whole call that trains some epochs, shuffling included: median, lowest and highest of the rounds
x fit       how many times as long as `fit`
GFLOP/s     three times the products with weights forward (6 operations a weight and sample), by convention
share       of the matrix-product rate, measured in the same rounds; `needed` leaves out the gradient of the features
compile s   what the first epoch took more than a later one
A peer that is not installed: `make bench` makes an environment with all of them."""


def about():
    """The machine without its name, and the versions of what is compared."""
    from ple_tutorial.course.measured import machine

    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return {"cores": os.cpu_count(), "processor": machine().partition(", ")[2], "versions": found}


def versions(result):
    """The versions in one line."""
    return ", ".join(f"{package} {version or '(none)'}" for package, version in result["versions"].items())


def store(name, result, out):
    """The rows of a part as a table of the folder, with the machine and the versions at its head."""
    quick = "--quick " if result["quick"] else ""
    head = [f"made by: python -m benchmarks {quick}--only {name} --out {out.name}"]
    head += [f"machine: {result['processor']}, {result['cores']} cores", f"versions: {versions(result)}"]
    rows = [{key: value for key, value in row.items() if value != ""} for row in result["parts"][name]]
    write_table(pd.DataFrame(rows), out / f"bench_{name}.csv", head)
