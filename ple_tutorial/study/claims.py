"""The claims that the map suggests, tested on seeds that neither chose the settings nor drew the map, with controls.

The map has many places and few seeds. Where it says something that chapter 11 claims, the place is run again with 32 fresh
seeds, and so are two controls: the context that the features show is another sample's, and each task's labels are.
"""

import functools

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World
from ple_tutorial.study import protocol, worlds
from ple_tutorial.study.engine import Study
from ple_tutorial.study.protocol import with_mean_excess
from ple_tutorial.study.results import stored
from ple_tutorial.study.verdicts import verdicts

SEEDS = tuple(range(200, 232))
MODELS = ("single-task", "hard-sharing", "customized", "mmoe", "ml-mmoe", "cgc", "ple", "ple-uniform")
SHUFFLED = ("nothing", "context", "labels")
PLACES = {  # region: {name of the place: what differs from the centre}
    "routing": {
        "centre": {},
        "two own functions": {"own": 2},
        "few rows": {"rows": 4096},
        "more parameters": {"budget": 12_000},
        "few parameters": {"budget": 2000},
        "nothing in common": {"strength": 0.0},
        "centre, context shuffled": {"shuffled": "context"},
        "centre, labels shuffled": {"shuffled": "labels"},
    },
}
FURTHER = {  # controls at the places where PLE was ahead of all
    "routing": {
        "two own functions, context shuffled": {"own": 2, "shuffled": "context"},
        "two own functions, labels shuffled": {"own": 2, "shuffled": "labels"},
        "more parameters, context shuffled": {"budget": 12_000, "shuffled": "context"},
    },
}


def points(region: str, places: dict[str, dict] | None = None) -> list[dict]:
    """Return places of a world at which claims are tested, controls among them; those of ``PLACES`` if not given.

    Example:
        >>> points("routing")[0]
        {'place': 'centre', 'rows': 16384, 'budget': 4000, 'labels': 1.0, 'strength': 0.5, 'own': 1, 'shuffled': 'nothing'}
    """
    centre = worlds.cells(region)[0] | {"shuffled": "nothing"}
    return [{"place": name} | centre | changes for name, changes in (places or PLACES[region]).items()]


def claim_data(seed: int, *, shuffled: str, **place: object) -> tuple[TaskData, TaskData, World]:
    """Return ``worlds.world_data`` of a place; its context or its labels may be those of other samples.

    Shuffled labels are those of the training and the validation part: there is nothing to be learnt, and the test is as it was.
    """
    checks.choice("shuffled", shuffled, SHUFFLED)
    train, valid, test = worlds.world_data(seed, **place, shuffled=shuffled == "context")
    if shuffled == "labels":
        train, valid = (_shuffled(part, seed) for part in (train, valid))
    return train, valid, test


def _shuffled(part, seed):
    order = np.random.default_rng([seed, 1]).permutation(len(part))
    labels, mask = ({task: values[order] for task, values in of.items()} for of in (part.labels, part.mask))
    return TaskData(part.features, labels, part.kinds, mask)


def chosen(*, region: str, **place: object) -> dict[str, dict]:
    """Return the models of a place as they were chosen for the map."""
    models = worlds.chosen(region=region, **place)
    return {name: models[name] for name in MODELS}


@functools.cache
def printed(region: str) -> dict:
    """Return PLE with gates that read what they read in the paper: the best of its attempts of that kind at the centre."""
    tries = protocol.attempts("ple")
    runs = stored(f"{region}_attempts")
    of_stream = runs["attempt"].map(lambda number: tries[number].get("reads") == "stream")
    best = protocol.best(runs[(runs["architecture"] == "ple") & of_stream], worlds.REGIONS[region].scored)
    centre = worlds.CENTRE
    return worlds.model_at("ple", tries[best.loc["ple", "attempt"]], region, centre["rows"], centre["budget"])


def told_tried(*, region: str, attempt: int, rows: int, budget: int, **_: object) -> dict[str, dict]:
    """Return hard sharing whose towers are told the context, as its attempt of this number sets it up."""
    name = protocol.TOLD
    return {name: worlds.model_at(name, protocol.attempts(name)[attempt], region, rows, budget)}


def told(*, region: str, rows: int, budget: int, **place: object) -> dict[str, dict]:
    """Return hard sharing whose towers are told the context, with its best attempt at the centre."""
    best = protocol.best(stored(f"{region}_told_attempts"), worlds.REGIONS[region].scored)
    return told_tried(region=region, attempt=int(best.loc[protocol.TOLD, "attempt"]), rows=rows, budget=budget)


def against_ple(region: str) -> pd.DataFrame:
    """Return ``verdicts.verdicts`` of every model against PLE, by place: is it better, is it worse, or is no difference seen?

    PLE as printed (``ple-printed``) and hard sharing whose towers are told the context (``hard-sharing-told``) stand where the
    centre's settings hold. From the stored tables.

    Args:
        region: a world of ``PLACES``.

    Example:
        >>> against_ple("routing").loc[("two own functions", "hard-sharing"), "verdict"]
        'worse'
    """
    runs = pd.concat(
        [stored(f"{region}_{part}") for part in ("claims", "controls", "printed", "told")], ignore_index=True
    )
    runs = with_mean_excess(runs, worlds.REGIONS[region].scored)
    return verdicts(runs, "mean/excess", "place", "ple")


def _studies(region):
    common = {
        "make_data": worlds.at_each(claim_data, region),
        "seeds": SEEDS,
        "fit_settings": worlds.at_each(worlds.fit_settings, region),
        "together": 32,
    }
    centre = [point for point in points(region) if all(point[key] == value for key, value in worlds.CENTRE.items())]
    return {
        f"{region}_claims": Study(
            f"do the claims on the world {region} hold on fresh seeds, and fail where they must?",
            worlds.at_each(chosen, region),
            points=tuple(points(region)),
            **common,
        ),
        f"{region}_controls": Study(
            f"controls at the places of {region} where PLE was ahead of all: contexts or labels of other samples",
            worlds.at_each(chosen, region),
            points=tuple(points(region, FURTHER[region])),
            **common,
        ),
        f"{region}_printed": Study(
            f"the same for PLE whose gates read what they read in the paper, where the settings of {region}'s centre hold",
            lambda **_: {"ple-printed": printed(region)},
            points=tuple(point for point in centre if point["shuffled"] == "nothing"),
            **common,
        ),
        f"{region}_told_attempts": Study(
            f"with seeds used for choosing only, at the centre of {region}: which of 16 attempts suits hard sharing whose towers"
            " are told what gates are told",
            worlds.at_each(told_tried, region),
            points=tuple(worlds.cells(region)[0] | {"attempt": number} for number in range(protocol.ATTEMPTS)),
            **common | {"make_data": worlds.at_each(worlds.world_data, region), "seeds": worlds.TRIED, "together": 8},
        ),
        f"{region}_told": Study(
            f"the same for hard sharing whose towers are told what gates are told, where the settings of {region}'s centre hold",
            worlds.at_each(told, region),
            points=tuple(point for point in centre if point["shuffled"] != "labels"),
            **common,
        ),
    }


STUDIES = {name: study for region in PLACES for name, study in _studies(region).items()}
