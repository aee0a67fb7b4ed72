"""A duel: two models on the map's world with a routing table and one thing changed at a time, small enough to run live."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ple_tutorial import checks
from ple_tutorial.study import protocol, worlds
from ple_tutorial.study.engine import Study, trials

REGION, LOUD = "routing", "crowded"  # the world, and the same with a task that is hardly more than noise
ROWS = 4096  # to train on: a place of the map of its own, for which the learning rates were tuned
CHANGES = ("labels", "strength", "own", "shuffled", "loud", "weight")


def duel(
    settings: Mapping[str, Mapping],
    models: Sequence[str] = ("hard-sharing", "ple"),
    seeds: Sequence[int] = (0, 1, 2),
    budget: int = worlds.CENTRE["budget"],
) -> pd.DataFrame:
    """Train models on the world with a routing table, on the place of its map with 4,096 rows but for what each setting changes.

    Every model is set up as it was chosen for that place (``worlds.choices``), whatever is changed.

    Args:
        settings: ``{name: changes}``; the changes are some of ``CHANGES``: ``labels`` (the share that task d keeps), ``strength``
            (the share of contexts in which the tasks agree), ``own`` (functions of each task's own), ``shuffled`` (whether the
            context is hidden), ``loud`` (whether task d is hardly more than noise; it is not scored then), ``weight``
            (of the loss of d).
        models: of ``protocol.MODELS``.
        seeds: of data, weights and batches.
        budget: the number of parameters.

    Returns:
        One row for each model, setting and seed: ``architecture``, ``setting``, ``seed``, the excess error of each task, and
        ``mean/excess`` (``protocol.with_mean_excess``) over the tasks a, b, c, and over d as well where none is loud.

    Raises:
        ValueError: an unknown model or change; no setting.

    Example:
        >>> duel({"as on the map": {}}, models=["hard-sharing"], seeds=(0,))[["setting", "rows"]].values.tolist()
        [['as on the map', 4096]]
    """
    if not settings:
        checks.refuse("settings", "at least one setting", settings)
    for changes in settings.values():
        for change in changes:
            checks.choice("change", change, CHANGES)
    centre = worlds.cells(REGION)[0] | {"rows": ROWS, "budget": checks.count("budget", budget)}
    for name in checks.row("models", models, "a list of models"):
        checks.choice("model", name, tuple(protocol.MODELS))
    points = []
    for name, changes in settings.items():
        changes = dict(changes)
        region = LOUD if changes.pop("loud", False) else REGION
        points.append({"setting": name, "region": region} | centre | changes)
    study = Study(
        "a duel",
        lambda **place: _models(models, **place),
        _data,
        tuple(seeds),
        tuple(points),
        _settings,
        together=99,
    )
    runs = trials(study, show_progress=False)
    loud = any(point["region"] == LOUD for point in points)
    return protocol.with_mean_excess(runs, worlds.REGIONS[LOUD if loud else REGION].scored)


def _models(names, budget, **_):
    place = (ROWS, worlds.CENTRE["budget"], worlds.CENTRE["labels"])
    tuned = worlds.choices(REGION).loc[place, "attempt"]
    return {name: worlds.near_at(name, REGION, int(tuned[name]), ROWS, budget) for name in names}


def _settings(weight=1.0, **place):
    weights = {} if weight == 1 else {"loss_weights": {"d": weight}}
    return worlds.fit_settings(**place) | weights


def _data(seed, setting, weight=1.0, **place):
    return worlds.world_data(seed, **place)
