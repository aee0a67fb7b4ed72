"""Do gradients foretell it? The cosines and affinities of hard sharing while it trains, on every place of the map."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World
from ple_tutorial.diagnostics import Conflicts
from ple_tutorial.models import build_model
from ple_tutorial.study import worlds
from ple_tutorial.study.engine import Study, scores
from ple_tutorial.study.results import stored
from ple_tutorial.training import fit, predict

MEASURES = ("early_cosine", "cosine", "early_affinity", "affinity")
DRAWS = 1000  # of the bootstrap
SAMPLES = 2048  # of the training part, on which the gradients are computed


def looked_at(epochs: int) -> list[int]:
    """Return after which epochs the gradients are looked at: the first, and after each quarter of the training.

    Example:
        >>> looked_at(20)
        [1, 5, 10, 15, 20]
    """
    return sorted({1, *(max(1, epochs * quarter // 4) for quarter in (1, 2, 3, 4))})


def conflicts(train: TaskData, valid: TaskData, test: World, seed: int, *, region: str, **place: float) -> dict:
    """Train hard sharing as it was chosen for a place of the map, and return its scores and what its gradients said.

    For each task that counts, ``{task}/cosine`` is the mean over the other tasks of the cosine of their gradients with its
    own, over all looks; ``{task}/early_cosine`` that of the first; ``{task}/affinity`` and ``{task}/early_affinity`` likewise
    what a step for another task does to its loss.
    """
    settings = worlds.chosen(region=region, **place)["hard-sharing"]
    how = {key: value for key, value in settings.items() if key != "fit"}
    fitted = worlds.fit_settings(region=region, **place) | settings["fit"]
    seen = Conflicts(train.take(slice(0, SAMPLES)), looked_at(fitted["epochs"]))
    model = build_model(**how, features=train.spec, tasks=train.kinds, seed=seed)
    history = fit(
        model, train, valid, seed=seed, show_progress=False, **fitted | {"callbacks": [*fitted["callbacks"], seen]}
    )
    looks = pd.DataFrame(seen.record)
    row = {"parameters": model.count_params(), "epochs": len(history)} | scores(test, predict(model, test.data))
    for task in worlds.REGIONS[region].scored:
        of_task = looks[looks["task"] == task]
        first = of_task[of_task["epoch"] == 1]
        for measure in ("cosine", "affinity"):
            row |= {f"{task}/{measure}": of_task[measure].mean(), f"{task}/early_{measure}": first[measure].mean()}
    return row


def foretold(regions: Sequence[str]) -> pd.DataFrame:
    """Return what the gradients of hard sharing said of each task on each place of these worlds, and what sharing did to it.

    Returns:
        One row for each place and task that counts: ``region``, ``place`` (its number), ``task``, the means over seeds of
        ``MEASURES``, and ``ratio``: the geometric mean over the map's seeds of the task's excess error with hard sharing over
        that of the single-task model of the same budget. Below 1 sharing helped it.

    Example:
        >>> foretold(("parts",))[["place", "task"]].drop_duplicates().shape
        (36, 2)
    """
    rows = []
    for region in regions:
        said, done = stored(f"{region}_conflicts"), stored(f"{region}_map")
        for number, place in enumerate(worlds.cells(region)):
            seen, runs = (table[(table[list(place)] == pd.Series(place)).all(axis=1)] for table in (said, done))
            for task in worlds.REGIONS[region].scored:
                logs = np.log(runs.pivot(index="seed", columns="architecture", values=f"{task}/excess"))
                row = {measure: seen[f"{task}/{measure}"].mean() for measure in MEASURES}
                row["ratio"] = np.exp((logs["hard-sharing"] - logs["single-task"]).mean())
                rows.append({"region": region, "place": number, "task": task} | row)
    return pd.DataFrame(rows)


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Return how well each measure orders the tasks by what sharing does to them.

    Args:
        table: ``foretold``.

    Returns:
        One row for each measure: ``rho``, Spearman's rank correlation with the *gain* (less error is more gain), and the ends
        ``low`` and ``high`` of its 95 % bootstrap interval, where whole places are drawn, since the tasks of one are alike.

    Example:
        >>> made = pd.DataFrame({"region": "parts", "place": range(9), "ratio": range(9, 0, -1)})
        >>> agreement(made.assign(**{measure: range(9) for measure in MEASURES})).loc["cosine", "rho"].round(6)
        np.float64(1.0)
    """
    checks.columns("table", table, ["region", "place", "ratio", *MEASURES])
    values = table[[*MEASURES, "ratio"]].to_numpy(float)
    places = list(table.groupby(["region", "place"]).indices.values())
    generator = np.random.default_rng(0)
    draws = [
        np.concatenate([places[one] for one in generator.integers(len(places), size=len(places))]) for _ in range(DRAWS)
    ]
    low, high = np.nanquantile([_rank_correlations(values[rows]) for rows in draws], (0.025, 0.975), axis=0)
    return pd.DataFrame({"rho": _rank_correlations(values), "low": low, "high": high}, index=list(MEASURES))


def _rank_correlations(values):
    return -stats.spearmanr(values).statistic[:-1, -1]  # less error is more gain


STUDIES = {
    f"{region}_conflicts": Study(
        f"do the gradients of hard sharing foretell its gain, on each place of the world {region}?",
        {},
        worlds.at_each(worlds.world_data, region),
        seeds=worlds.REPORTED[:4],
        points=tuple(worlds.cells(region)),
        others={"hard-sharing": worlds.at_each(conflicts, region)},
        together=4,
    )
    for region in worlds.MAPPED
}
