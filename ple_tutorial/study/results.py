"""Results: the stored tables, and the gains that figures and chapters read off them."""

from pathlib import Path

import pandas as pd

from ple_tutorial import checks
from ple_tutorial.metrics import METRICS, gain_table
from ple_tutorial.tables import read_table

STORED = Path(__file__).resolve().parents[2] / "figures"


def stored(name):
    """The stored table of a study, as the notebooks read it.

    Raises:
        FileNotFoundError: it is not there; the message says which command makes it.
    """
    path = STORED / f"{name}.csv"
    if not path.is_file():
        command = f"python -m ple_tutorial study {name}"
        if name.startswith("bench_"):
            command = f"python -m benchmarks --only {name.removeprefix('bench_')} --out figures"
        advice = f"make it with: {command}"
        if not STORED.is_dir():
            advice = (
                "stored tables do not come with the installed package; clone the project's repository, and work there"
            )
        raise FileNotFoundError(f"no stored table {path.name} in the folder {STORED.name!r}; {advice}")
    return read_table(path)


def seed_gains(runs, metric, by=(), baseline="single-task"):
    """The gain of every single trial over the baseline with the same seed: ``by``, ``architecture``, ``seed``, ``gain``."""
    keys = [*by, "seed"]
    checks.columns("runs", runs, ["architecture", *keys, metric])
    checks.choice("baseline", baseline, tuple(runs["architecture"].unique()))
    base = runs[runs["architecture"] == baseline][[*keys, metric]].rename(columns={metric: "base"})
    rows = runs[runs["architecture"] != baseline].merge(base, on=keys, validate="many_to_one")
    rows["gain"] = METRICS[metric.rsplit("/")[-1]][1] * (rows[metric] - rows["base"])
    return rows[[*by, "architecture", "seed", "gain"]]


def with_mean_mse(runs):
    """The runs with a column ``mean/mse``, the mean of the test MSE of tasks ``a`` and ``b``."""
    checks.columns("runs", runs, ["a/mse", "b/mse"])
    return runs.assign(**{"mean/mse": (runs["a/mse"] + runs["b/mse"]) / 2})


def seesaw_points(runs):
    """The path of every model in the plane of gains: against the single-task model with equal weights, 95 % intervals."""
    checks.columns("runs", runs, ["architecture", "weight", "seed", "a/mse", "b/mse"])
    single = runs[runs["architecture"] == "single-task"]
    base = single[single["weight"] == 0.5].assign(architecture="base")
    swept = pd.concat([runs, *(base.assign(weight=weight) for weight in runs["weight"].unique())])
    points = []
    for axis, task in (("x", "a"), ("y", "b")):
        gains = gain_table(swept, f"{task}/mse", by=["weight"], baseline="base")
        names = {"mean": axis, "low": f"{axis}_low", "high": f"{axis}_high", "positive": f"{axis}_positive"}
        points.append(gains[list(names)].rename(columns=names))
    return pd.concat(points, axis=1).reset_index()


def family_runs():
    """The runs of the studies ``family_structure`` and ``family_budget``, told apart by ``size``."""
    return pd.concat(
        [stored("family_structure").assign(size="structure"), stored("family_budget").assign(size="budget")],
        ignore_index=True,
    )
