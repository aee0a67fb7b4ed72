"""The map: five worlds of known truth, each at its centre and with one dial moved at a time; who wins where, and by how much."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World, make_neighbours, make_parts, make_routing, make_sign
from ple_tutorial.study import protocol
from ple_tutorial.study.engine import Study
from ple_tutorial.study.results import stored

FOUR = dict.fromkeys("abcd", "regression")
VALID, TEST = 4096, 8192  # rows that choose the best epoch, and rows of the table
BATCH = 256
TRIED = (1000, 1001)  # seeds on which attempts are compared
REPORTED = tuple(range(100, 112))


@dataclass(frozen=True)
class Region:
    """A world of the map.

    Attributes:
        make: ``make(rows, strength, label_rate=, noise=, seed=)`` -> ``World``.
        strength: what the relation's dial is called, and its three places; the middle one belongs to the centre.
        features: their number.
        gates: the columns that show the context; where there is no context, one that says nothing, so that gates that
            read it can only choose once for all samples.
        scored: the tasks that count.
        tasks: all tasks.
        own: where each task has functions of its own, how many: at the centre, and two more places of that dial.
    """

    make: Callable[..., World]
    strength: tuple[str, float, float, float]
    features: int
    gates: tuple[int, ...]
    scored: tuple[str, ...] = tuple(FOUR)
    tasks: tuple[str, ...] = tuple(FOUR)
    own: tuple[int, ...] = ()


def _neighbours(rows, strength, label_rate, **settings):
    three = {task: FOUR[task] for task in "abc"}
    matrix = [[1.0 if one == other else strength for other in three] for one in three]
    settings |= {"label_rate": {task: label_rate[task] for task in three}}
    return make_neighbours(rows, matrix, tasks=three, neighbours={"loud": 3.0}, features=16, silent=4, **settings)


def _routing(rows, strength, own=1, **settings):
    settings = {"tasks": FOUR, "contexts": 12, "functions": 3, "private": own, "width": 6, "silent": 4} | settings
    return make_routing(rows, strength, **settings)


REGIONS = {
    "parts": Region(functools.partial(make_parts, tasks=FOUR, width=4, silent=4), ("share", 0.0, 0.5, 1.0), 24, (20,)),
    "sign": Region(
        functools.partial(make_sign, tasks=FOUR, width=6, silent=4), ("agreement", 0.5, 0.75, 1.0), 11, (0,)
    ),
    "routing": Region(_routing, ("share", 0.0, 0.5, 1.0), 22, tuple(range(12)), own=(1, 2, 4)),
    "crowded": Region(  # the same with a fourth task that is hardly more than noise: for duels, not on the map
        functools.partial(_routing, noise=dict.fromkeys("abc", 0.5) | {"d": 5.0}),
        ("share", 0.0, 0.5, 1.0),
        22,
        tuple(range(12)),
        tuple("abc"),
        own=(1, 2, 4),
    ),
    "neighbours": Region(_neighbours, ("correlation", 0.0, 0.5, 1.0), 20, (16,), tuple("abc"), (*"abc", "loud")),
}
MAPPED = ("routing", "parts", "sign", "neighbours")
CENTRE = {"rows": 16_384, "budget": 4000, "labels": 1.0}
DIALS = {"labels": (0.2, 0.04), "rows": (4096, 65_536), "budget": (2000, 12_000)}


def cells(region: str) -> list[dict]:
    """Return the places of a world on the map: its centre, and two more on each of its dials.

    ``budget`` is the number of parameters, ``labels`` the share of its labels that the last task that counts keeps.

    Example:
        >>> cells("parts")[0]
        {'rows': 16384, 'budget': 4000, 'labels': 1.0, 'strength': 0.5}
        >>> len(cells("parts"))
        9
    """
    place = REGIONS[checks.choice("region", region, tuple(REGIONS))]
    _, low, middle, high = place.strength
    centre = CENTRE | {"strength": middle}
    dials = {"strength": (low, high)} | DIALS
    if place.own:
        centre, dials = centre | {"own": place.own[0]}, {"own": place.own[1:]} | dials
    return [centre] + [centre | {dial: value} for dial, values in dials.items() for value in values]


def world_data(
    seed: int,
    *,
    region: str,
    rows: int,
    labels: float,
    strength: float,
    own: int | None = None,
    shuffled: bool = False,
    **_: object,
) -> tuple[TaskData, TaskData, World]:
    """Return the training, validation and test parts of a world on the map; the test part with its truth.

    Args:
        seed: of everything.
        region: of ``REGIONS``.
        rows: of the training part.
        labels: the share of its labels that the last task that counts keeps, in the training and the validation part.
        strength: of the relation.
        own: how many functions of its own each task has, in a world where it has some.
        shuffled: a control: the context that the features show is another sample's (worlds with a context).

    Example:
        >>> [len(part) for part in world_data(0, region="parts", rows=512, labels=0.5, strength=0.5)]
        [512, 4096, 8192]
    """
    place = REGIONS[checks.choice("region", region, tuple(REGIONS))]
    rates = dict.fromkeys(place.tasks, 1.0) | {place.scored[-1]: labels}
    more = ({"shuffled": True} if shuffled else {}) | ({} if own is None else {"own": own})
    world = place.make(rows + VALID + TEST, strength, label_rate=rates, seed=seed, **more)
    train, valid, test = world.split(rows, VALID)
    return train.data, valid.data, test


def epochs_of(rows: int) -> int:
    """Return for how many epochs a model trains: the more, the fewer rows there are."""
    return 40 if rows <= 4096 else 20 if rows <= 16_384 else 10


def fit_settings(*, region: str, rows: int, **_: object) -> dict:
    """Return the further arguments of ``fit``: all epochs, of which the one is kept that is best on the validation part."""
    epochs = epochs_of(rows)
    scored = REGIONS[region].scored
    return {"epochs": epochs, "batch_size": BATCH, "patience": epochs, "monitor": dict.fromkeys(scored, 1.0)}


def model_at(name: str, attempt: dict, region: str, rows: int, budget: int) -> dict:
    """Return the model ``name`` as an attempt sets it up on a place of the map, as an entry of ``Study.models``."""
    place = REGIONS[region]
    return protocol.model(
        name,
        attempt,
        parameters=budget,
        features=place.features,
        tasks=place.tasks,
        gates=place.gates,
        epochs=epochs_of(rows),
    )


# Every model's attempts, at the centre of each world.


def tried(*, region: str, attempt: int, rows: int, budget: int, **_: object) -> dict[str, dict]:
    """Return every model as its attempt of this number sets it up."""
    return {name: model_at(name, protocol.attempts(name)[attempt], region, rows, budget) for name in protocol.MODELS}


# The learning rate anew where rows, parameters or labels are others. Where the relation is another, the centre's choice stays.


def nearby(labels: float) -> list[tuple[float, bool]]:
    """Return the attempts at a place of the map with other rows, parameters or labels than the centre.

    Each is a factor of the centre's learning rate, and whether the scarce task's loss is weighed by the share of its labels.
    """
    if labels < 1:
        return [(factor, weigh) for weigh in (False, True) for factor in (1 / 3, 1.0)]
    return [(factor, False) for factor in (1 / 3, 1.0, 3.0)]


def near_at(name: str, region: str, attempt: int, rows: int, budget: int, labels: float = 1.0) -> dict:
    """Return a model with the choice of the centre, and the rate and loss weights of this attempt, as an entry of ``models``."""
    factor, weigh = nearby(labels)[attempt]
    weights = {"loss_weights": {REGIONS[region].scored[-1]: labels}} if weigh else {}
    settings = protocol.attempts(name)[choice(region)[name]]
    return model_at(name, settings | weights | {"rate": settings["rate"] * factor}, region, rows, budget)


def near(*, region: str, attempt: int, rows: int, budget: int, labels: float, **_: object) -> dict[str, dict]:
    """Return every model with the choice of the centre, and the rate and loss weights of this attempt."""
    return {name: near_at(name, region, attempt, rows, budget, labels) for name in choice(region)}


@functools.cache
def choice(region: str) -> dict[str, int]:
    """Return the number of each model's best attempt at the centre of a world, from the stored table of the attempts.

    Example:
        >>> from ple_tutorial.study import protocol
        >>> protocol.attempts("ple")[choice("routing")["ple"]]
        {'rate': 0.012, 'experts': 'many', 'reads': 'context'}
    """
    return protocol.best(stored(f"{region}_attempts"), REGIONS[region].scored)["attempt"].to_dict()


@functools.cache
def choices(region: str) -> pd.DataFrame:
    """Return the best attempt of each model where rows, parameters or labels are others, from the stored table of rates."""
    return protocol.best(stored(f"{region}_rates"), REGIONS[region].scored, list(CENTRE))


def chosen(*, region: str, rows: int, budget: int, labels: float, **_: object) -> dict[str, dict]:
    """Return every model as it was chosen for this place of the map, and hard sharing of the single-task model's structure."""
    place = {"rows": rows, "budget": budget, "labels": labels}
    if place == CENTRE:
        models = {
            name: model_at(name, protocol.attempts(name)[number], region, rows, budget)
            for name, number in choice(region).items()
        }
    else:
        table = choices(region).loc[tuple(place.values()), "attempt"]
        models = {name: near_at(name, region, int(number), **place) for name, number in table.items()}
    return models | {protocol.NARROW: protocol.narrow(models["single-task"])}


def at_each(function: Callable, region: str) -> Callable:
    """Return the function with a fixed ``region``, so that it is none of the point's names and no column of the table."""
    return functools.partial(function, region=region)


def _studies(region):
    centre = cells(region)[0]
    common = {"make_data": at_each(world_data, region), "fit_settings": at_each(fit_settings, region)}
    moved = [cell for cell in cells(region) if any(cell[dial] != value for dial, value in CENTRE.items())]
    rates = tuple(cell | {"attempt": number} for cell in moved for number in range(len(nearby(cell["labels"]))))
    return {
        f"{region}_attempts": Study(
            f"with seeds used for choosing only, at the centre of the world {region}: which of 16 attempts suits each model",
            at_each(tried, region),
            seeds=TRIED,
            points=tuple(centre | {"attempt": number} for number in range(protocol.ATTEMPTS)),
            together=8,
            **common,
        ),
        f"{region}_rates": Study(
            f"with seeds used for choosing only: which learning rate, and which loss weights, on each place of {region}",
            at_each(near, region),
            seeds=TRIED,
            points=rates,
            together=16,
            **common,
        ),
        f"{region}_map": Study(
            f"who wins on each place of the world {region}, and by how much",
            at_each(chosen, region),
            seeds=REPORTED,
            points=tuple(cells(region)),
            together=60,
            **common,
        ),
    }


STUDIES = {name: study for region in MAPPED for name, study in _studies(region).items()}
