"""Do gradients foretell it? The cosines and affinities of hard sharing while it trains, on every place of the map."""

import pandas as pd

from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World
from ple_tutorial.diagnostics import Conflicts
from ple_tutorial.models import build_model
from ple_tutorial.study import worlds
from ple_tutorial.study.engine import Study, scores
from ple_tutorial.training import fit, predict

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
