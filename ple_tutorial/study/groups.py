"""Three, four and eight tasks, related by groups: tasks of one group are nearly the same, those of two groups unrelated."""

import functools

import numpy as np

from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World, make_neighbours
from ple_tutorial.study import protocol, worlds
from ple_tutorial.study.engine import Study
from ple_tutorial.study.results import stored

GROUPS = {3: (2, 1), 4: (2, 2), 8: (4, 4)}  # number of tasks: sizes of the groups
WITHIN = 0.9  # correlation of two tasks of one group
ROWS, FEATURES, EPOCHS = 8192, 32, 20
PARAMETERS = 1000  # for each task
RATES = (0.005, 0.012, 0.03, 0.07)


def names(tasks: int) -> tuple[str, ...]:
    """Return the names of so many tasks: ``a1``, ``a2`` of the first group, ``b1`` and so on of the second.

    Example:
        >>> names(3)
        ('a1', 'a2', 'b1')
    """
    return tuple(
        f"{group}{number + 1}" for group, size in zip("ab", GROUPS[tasks], strict=True) for number in range(size)
    )


def group_data(seed: int, *, tasks: int, **_: object) -> tuple[TaskData, TaskData, World]:
    """Return training, validation and test parts of so many tasks on the dial, in two groups.

    Example:
        >>> train, valid, test = group_data(0, tasks=3)
        >>> train.tasks, len(train), len(valid)
        (('a1', 'a2', 'b1'), 8192, 4096)
    """
    kinds = dict.fromkeys(names(tasks), "regression")
    same = np.array([[one[0] == other[0] for other in kinds] for one in kinds])
    matrix = np.where(same, WITHIN, 0.0)
    np.fill_diagonal(matrix, 1.0)
    rows = ROWS + worlds.VALID + worlds.TEST
    made = make_neighbours(rows, matrix, tasks=kinds, neighbours={}, features=FEATURES, sines=4, seed=seed)
    train, valid, test = made.split(ROWS, worlds.VALID)
    return train.data, valid.data, test


def _models(tasks, rate_of):
    models = {}
    for name in protocol.MODELS:
        attempt = {"rate": rate_of(name)} | ({"tower": 8} if name in protocol.PLAIN else {"experts": "few"})
        models[name] = protocol.model(
            name,
            attempt,
            parameters=PARAMETERS * tasks,
            features=FEATURES,
            tasks=names(tasks),
            gates=(),
            epochs=EPOCHS,
        )
    return models


def tried(*, tasks: int, attempt: int, **_: object) -> dict[str, dict]:
    """Return every model for so many tasks, with the learning rate of this attempt."""
    return _models(tasks, lambda name: RATES[attempt])


@functools.cache
def rates(tasks: int) -> dict[str, float]:
    """Return the learning rate that was chosen for each model, from the stored table of the attempts."""
    runs = stored("groups_attempts")
    best = protocol.best(runs[runs["tasks"] == tasks], names(tasks))["attempt"]
    return {name: RATES[number] for name, number in best.items()}


def chosen(*, tasks: int, **_: object) -> dict[str, dict]:
    """Return every model for so many tasks with its chosen learning rate."""
    return _models(tasks, rates(tasks).__getitem__)


FIT = {"epochs": EPOCHS, "batch_size": worlds.BATCH, "patience": EPOCHS}
STUDIES = {
    "groups_attempts": Study(
        "with seeds used for choosing only: which learning rate suits each model with three, four and eight tasks in two groups",
        tried,
        group_data,
        seeds=worlds.TRIED,
        points=tuple({"tasks": tasks, "attempt": number} for tasks in GROUPS for number in range(len(RATES))),
        fit_settings=FIT,
        together=8,
    ),
    "groups": Study(
        "who wins with three, four and eight tasks, related by groups, at 1,000 parameters a task?",
        chosen,
        group_data,
        seeds=tuple(range(700, 716)),
        points=tuple({"tasks": tasks} for tasks in GROUPS),
        fit_settings=FIT,
        together=16,
    ),
}
