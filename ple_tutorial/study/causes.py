"""Why gated models lose where rows are few: the gates are changed, one thing at a time, while all else stays as it is.

In two worlds, PLE and MMoE train on 4,096 rows with gates that read what they read in the papers, gates that read only the
context (where there is none, one column that says nothing), and gates held uniform. Features that say nothing are added, an
octave at a time; the widths stay as they are.
"""

import functools

from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World
from ple_tutorial.study import protocol, worlds
from ple_tutorial.study.engine import Study
from ple_tutorial.study.results import stored

ROWS, SILENT = 4096, 16
OCTAVES = (1, 4, 16, 64)
WORLDS = ("parts", "routing")
RATES = (0.005, 0.012, 0.03, 0.07)
READS = ("stream", "context", "uniform")
REMEDIES = {  # of gates that read their stream
    "temperature-3": {"gate_temperature": 3.0},
    "temperature-10": {"gate_temperature": 10.0},
    "dropout-0.2": {"gate_dropout": 0.2},
    "dropout-0.5": {"gate_dropout": 0.5},
    "bias": {"gate_bias": True},
    "few": {"shared_experts": 1, "task_experts": 1},
    "two-own": {"shared_experts": 2, "task_experts": 2},
}


def causes_data(
    seed: int, *, world: str, silent: int = SILENT, scored: str = "test", **_: object
) -> tuple[TaskData, TaskData, World]:
    """Return the three parts of a world with 4,096 training rows and so many features that say nothing.

    Args:
        seed: of everything.
        world: ``parts`` or ``routing``, as on the map.
        silent: number of features that say nothing.
        scored: ``test``, or ``train`` for the training part in the place of the test part.

    Example:
        >>> train, valid, test = causes_data(0, world="parts", silent=4)
        >>> train.spec.numeric, len(train), len(test)
        (24, 4096, 8192)
    """
    made = worlds.REGIONS[world].make(
        ROWS + worlds.VALID + worlds.TEST, 0.5, label_rate=dict.fromkeys(worlds.FOUR, 1.0), silent=silent, seed=seed
    )
    train, valid, test = made.split(ROWS, worlds.VALID)
    return train.data, valid.data, {"train": train, "test": test}[scored]


@functools.cache
def _settings(name, reads, world, rate):
    """The widths are those of the budget of 4,000 parameters with as many silent features as on the map, whatever is read."""
    region = worlds.REGIONS[world]
    attempt = {"rate": rate, "tower": 8}
    if name in protocol.GATED:
        attempt = {"rate": rate, "experts": "many", "reads": "stream"}
    settings = protocol.model(
        name,
        attempt,
        parameters=worlds.CENTRE["budget"],
        features=region.features,
        tasks=region.tasks,
        gates=region.gates,
        epochs=worlds.epochs_of(ROWS),
    )
    changed = {"context": {"gate_columns": region.gates, "gate_bias": True}, "uniform": protocol.UNIFORM}
    return settings | changed.get(reads, {})


def variants() -> dict[str, tuple[str, str]]:
    """Return ``{name: (model, what its gates read)}``; single-task and hard sharing have no gates.

    Example:
        >>> list(variants())[:4]
        ['single-task', 'hard-sharing', 'mmoe', 'mmoe-context']
    """
    names = {name: (name, "") for name in ("single-task", "hard-sharing")}
    for name in ("mmoe", "ple"):
        names |= {name if reads == "stream" else f"{name}-{reads}": (name, reads) for reads in READS}
    return names


def tried(*, world: str, attempt: int, **_: object) -> dict[str, dict]:
    """Return every variant with the learning rate of this attempt."""
    return {name: _settings(*what, world, RATES[attempt]) for name, what in variants().items()}


@functools.cache
def rate(world: str) -> dict[str, float]:
    """Return the learning rate that was chosen for each variant in a world, from the stored table of the attempts."""
    runs = stored("causes_attempts")
    best = protocol.best(runs[runs["world"] == world], tuple(worlds.FOUR))["attempt"]
    return {name: RATES[number] for name, number in best.items()}


def chosen(*, world: str, **_: object) -> dict[str, dict]:
    """Return every variant with its chosen learning rate."""
    return {name: _settings(*what, world, rate(world)[name]) for name, what in variants().items()}


def remedied(*, world: str, **_: object) -> dict[str, dict]:
    """Return PLE, PLE with uniform gates, and PLE with each of ``REMEDIES``, all with the learning rate of PLE."""
    plain = _settings("ple", "stream", world, rate(world)["ple"])
    models = {"ple": plain, "ple-uniform": plain | protocol.UNIFORM}
    return models | {f"ple-{name}": plain | change for name, change in REMEDIES.items()}


FIT = {"epochs": worlds.epochs_of(ROWS), "batch_size": worlds.BATCH, "patience": worlds.epochs_of(ROWS)}
SEEDS = tuple(range(300, 332))

STUDIES = {
    "causes_attempts": Study(
        "with seeds used for choosing only: which learning rate suits each variant of the gates where rows are few",
        tried,
        causes_data,
        seeds=worlds.TRIED,
        points=tuple({"world": world, "attempt": number} for world in WORLDS for number in range(len(RATES))),
        fit_settings=FIT,
        together=8,
    ),
    "causes": Study(
        "where rows are few, what do gates lose that read everything, as more and more features say nothing?",
        chosen,
        causes_data,
        seeds=SEEDS[:16],
        points=tuple({"world": world, "silent": silent} for world in WORLDS for silent in OCTAVES),
        fit_settings=FIT,
        together=16,
    ),
    "causes_fit": Study(
        "how well does each variant of the gates fit the rows that it is trained on, and new ones?",
        chosen,
        causes_data,
        seeds=SEEDS[:16],
        points=tuple({"world": world, "scored": part} for world in WORLDS for part in ("train", "test")),
        fit_settings=FIT,
        together=32,
    ),
    "causes_remedies": Study(
        "which change of its gates lets PLE lose less where rows are few?",
        remedied,
        causes_data,
        seeds=SEEDS,
        points=tuple({"world": world} for world in WORLDS),
        fit_settings=FIT,
        together=32,
    ),
}
