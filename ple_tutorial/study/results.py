"""Results: the stored tables, and the gains that figures and chapters compute from them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ple_tutorial import checks
from ple_tutorial.metrics import METRICS, gain_table
from ple_tutorial.tables import read_table

PACKAGE = Path(__file__).resolve().parents[1]
CLONED = (PACKAGE.parent / "pyproject.toml").is_file()
STORED = PACKAGE.parent / "figures" if CLONED else PACKAGE / "stored"  # setup.py puts the tables there


def stored(name: str) -> pd.DataFrame:
    """Return the stored table of a study, in a clone from ``figures/``, otherwise from the installed package.

    Args:
        name: of the study, a key of ``STUDIES``.

    Raises:
        FileNotFoundError: no such table; the message says what to do.

    Example:
        >>> sorted(stored("dial")["correlation"].unique().tolist())
        [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    path = STORED / f"{name}.csv"
    if not path.is_file():
        command = f"python -m ple_tutorial study {name}"
        if name.startswith("bench_"):
            command = f"python -m benchmarks --only {name.removeprefix('bench_')} --out figures"
        where = "" if CLONED else " in a clone of the project's repository (this is an installed package)"
        raise FileNotFoundError(
            f"no stored table {path.name} in the folder {STORED.name!r}; make it with: {command}{where}"
        )
    return read_table(path)


def seed_gains(runs: pd.DataFrame, metric: str, by: Sequence[str] = (), baseline: str = "single-task") -> pd.DataFrame:
    """Return the gain of every trial over the baseline's trial with the same seed.

    Args:
        runs: a study's table.
        metric: a column, such as ``"a/mse"``. Less error is a positive gain, and so is a higher AUC.
        by: further columns in which the two trials must agree, such as ``["correlation"]``.
        baseline: the architecture to compare with.

    Returns:
        One row for each trial of the other architectures, with the columns of ``by``, ``architecture``, ``seed`` and ``gain``.

    Raises:
        ValueError: a column that is not in ``runs``; no trials of the baseline.

    Example:
        >>> runs = pd.DataFrame({"architecture": ["single-task", "ple"], "seed": [0, 0], "a/mse": [0.5, 0.25]})
        >>> seed_gains(runs, "a/mse")["gain"].tolist()
        [0.25]
    """
    keys = [*by, "seed"]
    checks.columns("runs", runs, ["architecture", *keys, metric])
    checks.choice("baseline", baseline, tuple(runs["architecture"].unique()))
    base = runs[runs["architecture"] == baseline][[*keys, metric]].rename(columns={metric: "base"})
    rows = runs[runs["architecture"] != baseline].merge(base, on=keys, validate="many_to_one")
    rows["gain"] = METRICS[metric.rsplit("/")[-1]][1] * (rows[metric] - rows["base"])
    return rows[[*by, "architecture", "seed", "gain"]]


def with_mean_mse(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with a column ``mean/mse``, the mean of the test MSE of tasks ``a`` and ``b``.

    Example:
        >>> with_mean_mse(pd.DataFrame({"a/mse": [0.5], "b/mse": [0.25]}))["mean/mse"].tolist()
        [0.375]
    """
    checks.columns("runs", runs, ["a/mse", "b/mse"])
    return runs.assign(**{"mean/mse": (runs["a/mse"] + runs["b/mse"]) / 2})


def seesaw_points(runs: pd.DataFrame, metric: str = "mse", equal: float = 0.5) -> pd.DataFrame:
    """Return the path of every model in the plane of the two tasks' gains.

    The baseline is the single-task model with equal weights.

    Args:
        runs: the table of the study ``seesaw``, or of ``scarce``.
        metric: the error that is gained, ``mse`` or ``excess``.
        equal: the value in the column ``weight`` at which both tasks weigh alike.

    Returns:
        One row for each ``weight`` and ``architecture``: the mean gains ``x`` (task a) and ``y`` (task b), the ends of their 95 %
        intervals (``x_low``, ``x_high``, ...) and the number of seeds with a positive gain (``x_positive``, ...).

    Raises:
        ValueError: a column that is not in ``runs``; no runs with the weight ``equal``.

    Example:
        >>> points = seesaw_points(stored("seesaw")).set_index(["architecture", "weight"])
        >>> points.loc[("single-task", 0.5), ["x", "y"]].tolist()
        [0.0, 0.0]
    """
    checks.columns("runs", runs, ["architecture", "weight", "seed", f"a/{metric}", f"b/{metric}"])
    single = runs[runs["architecture"] == "single-task"]
    base = single[single["weight"] == equal].assign(architecture="base")
    if base.empty:
        checks.refuse("equal", f"one of the weights {sorted(runs['weight'].unique().tolist())}", equal)
    swept = pd.concat([runs, *(base.assign(weight=weight) for weight in runs["weight"].unique())])
    points = []
    for axis, task in (("x", "a"), ("y", "b")):
        gains = gain_table(swept, f"{task}/{metric}", by=["weight"], baseline="base")
        names = {"mean": axis, "low": f"{axis}_low", "high": f"{axis}_high", "positive": f"{axis}_positive"}
        points.append(gains[list(names)].rename(columns=names))
    return pd.concat(points, axis=1).reset_index()


def dial_gains() -> pd.DataFrame:
    """Return the MTL gains of hard sharing over three further dials: the studies ``dial_width``, ``dial_rows``, ``dial_labels``.

    Returns:
        One row for each ``dial`` (``width``, ``rows``, ``labels of b``), its ``value``, whose gain it is (``scored``: ``mean``,
        ``a`` or ``b``), ``correlation`` and ``architecture``, with the columns of ``metrics.gain_table``.

    Example:
        >>> gains = dial_gains()
        >>> sorted(gains.loc[gains["dial"] == "width", "value"].unique().tolist())
        [2.0, 4.0, 8.0, 16.0]
    """
    width = stored("dial_width")
    split = width["architecture"].str.rsplit(" ", n=1, expand=True)
    width = width.assign(architecture=split[0], value=split[1].astype(float))
    dials = {
        "width": width,
        "rows": stored("dial_rows").rename(columns={"rows": "value"}),
        "labels of b": stored("dial_labels").rename(columns={"share": "value"}),
    }
    tables = [
        gain_table(with_mean_mse(runs), f"{scored}/mse", by=["correlation", "value"])
        .reset_index()
        .assign(dial=dial, scored=scored)
        for dial, runs in dials.items()
        for scored in ("mean", "a", "b")
    ]
    table = pd.concat(tables, ignore_index=True)
    keys = ["dial", "scored", "value", "correlation", "architecture"]
    return table[keys + [name for name in table.columns if name not in keys]]


def family_runs() -> pd.DataFrame:
    """Return the runs of the studies ``family_structure`` and ``family_budget``; the column ``size`` says which.

    Example:
        >>> family_runs().groupby("size")["architecture"].nunique().to_dict()
        {'budget': 12, 'structure': 11}
    """
    return pd.concat(
        [stored("family_structure").assign(size="structure"), stored("family_budget").assign(size="budget")],
        ignore_index=True,
    )


def family_gains() -> pd.DataFrame:
    """Return the MTL gains of the family over the single-task model, by ``correlation``, ``size`` and ``architecture``.

    Example:
        >>> sorted(family_gains()["correlation"].unique().tolist())
        [0.0, 0.5, 1.0]
    """
    gains = gain_table(with_mean_mse(family_runs()), "mean/mse", by=["correlation", "size"])
    return gains.reset_index().round(6)
