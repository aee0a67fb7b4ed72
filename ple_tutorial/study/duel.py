"""A duel: two models on the map's world with a routing table and one thing changed at a time, small enough to run live."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ple_tutorial import checks
from ple_tutorial.study import protocol, worlds
from ple_tutorial.study.engine import Study, trials

REGION = "routing"
CHANGES = ("labels", "strength", "own", "shuffled", "loud")


def duel(
    settings: Mapping[str, Mapping],
    models: Sequence[str] = ("hard-sharing", "ple"),
    seeds: Sequence[int] = (0, 1, 2),
    budget: int = worlds.CENTRE["budget"],
    rows: int = worlds.CENTRE["rows"],
) -> pd.DataFrame:
    """Train models on the world with a routing table, on the centre of its map but for what each setting changes.

    Every model is set up as it was chosen for the centre (``worlds.choice``), whatever is changed.

    Args:
        settings: ``{name: changes}``; the changes are some of ``CHANGES``: ``labels`` (the share that task d keeps), ``strength``
            (the share of contexts in which the tasks agree), ``own`` (functions of each task's own), ``shuffled`` (whether the
            context is hidden), ``loud`` (whether task d is hardly more than noise; it is not scored then).
        models: of ``protocol.MODELS``.
        seeds: of data, weights and batches.
        budget, rows: the number of parameters and of training rows.

    Returns:
        One row for each model, setting and seed: ``architecture``, ``setting``, ``seed``, the excess error of each task, and
        ``mean/excess`` (``protocol.with_mean_excess``) over the tasks a, b, c, and over d as well where none is loud.

    Raises:
        ValueError: an unknown model or change; no setting.

    Example:
        >>> duel({"as on the map": {}}, seeds=(0,), rows=256)["architecture"].tolist()
        ['hard-sharing', 'ple']
    """
    if not settings:
        checks.refuse("settings", "at least one setting", settings)
    for changes in settings.values():
        for change in changes:
            checks.choice("change", change, CHANGES)
    centre = worlds.cells(REGION)[0] | {"rows": checks.count("rows", rows), "budget": checks.count("budget", budget)}
    for name in checks.row("models", models, "a list of models"):
        checks.choice("model", name, tuple(protocol.MODELS))
    points = tuple(
        {"setting": name, "region": "crowded" if dict(changes).get("loud") else REGION}
        | {key: value for key, value in (centre | dict(changes)).items() if key != "loud"}
        for name, changes in settings.items()
    )
    study = Study(
        "a duel",
        lambda **place: _models(models, **place),
        _data,
        tuple(seeds),
        points,
        worlds.fit_settings,
        together=99,
    )
    runs = trials(study, show_progress=False)
    loud = any(dict(changes).get("loud") for changes in settings.values())
    return protocol.with_mean_excess(runs, worlds.REGIONS["crowded" if loud else REGION].scored)


def _models(names, rows, budget, **_):
    chosen = worlds.choice(REGION)
    return {name: worlds.model_at(name, protocol.attempts(name)[chosen[name]], REGION, rows, budget) for name in names}


def _data(seed, setting, **place):
    return worlds.world_data(seed, **place)
