"""The seesaw in the strict sense: a task with all labels and one with few, which share 60 % of what they are made of.

With equal loss weights, hard sharing helps the scarce task and hurts the other. The weight of the scarce task's loss is then a
dial, on which each architecture has a path: what it gains on the one task against what it loses on the other.

Single-task networks need no common stop: each is compared as it is after the epoch that is best for its own task.
"""

import functools

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import PAIR
from ple_tutorial.data.worlds import World, make_parts
from ple_tutorial.study import protocol, worlds
from ple_tutorial.study.engine import Study
from ple_tutorial.study.results import stored

ROWS, PARAMETERS, WIDTH, SILENT, EPOCHS = 16_384, 1500, 6, 4, 20
SHARE = 0.6  # of a label's variance that the shared part has
LABELS = 0.03  # share of its labels that task b keeps
WEIGHTS = (1.0, 0.3, 0.1, 0.03, 0.01)  # of the loss of task b; that of task a is 1
RATES = (0.005, 0.012, 0.03)
OWN_STOPS = {
    "single-task-a": "a",
    "single-task-b": "b",
}  # single-task models, and by whose validation error they are stopped


def full_and_scarce(
    seed: int, share: float = SHARE, labels: float = LABELS, **_: object
) -> tuple[TaskData, TaskData, World]:
    """Return training, validation and test parts of two tasks, of which task b has few labels.

    Args:
        seed: of everything.
        share: of a label's variance that the part has which both share.
        labels: the share of its labels that task b keeps, in the training and the validation part.

    Example:
        >>> train, valid, test = full_and_scarce(0)
        >>> {task: round(float(train.mask[task].mean()), 2) for task in train.tasks}
        {'a': 1.0, 'b': 0.03}
    """
    rates = {"a": 1.0, "b": labels}
    rows = ROWS + worlds.VALID + worlds.TEST
    world = make_parts(rows, share, tasks=PAIR, width=WIDTH, silent=SILENT, label_rate=rates, seed=seed)
    train, valid, test = world.split(ROWS, worlds.VALID)
    return train.data, valid.data, test


def _models(weight, rate_of):
    models = {}
    for name in protocol.MODELS:
        attempt = {"tower": 8} if name in protocol.PLAIN else {"experts": "few"}
        models[name] = protocol.model(
            name,
            attempt | {"rate": rate_of(name), "loss_weights": {"b": weight}},
            parameters=PARAMETERS,
            features=3 * WIDTH + SILENT,
            tasks=tuple(PAIR),
            gates=(),
            epochs=EPOCHS,
        )
    return models


def tried(*, weight: float, attempt: int, **_: object) -> dict[str, dict]:
    """Return every model with this weight of the scarce task's loss and the learning rate of this attempt."""
    return _models(weight, lambda name: RATES[attempt])


@functools.cache
def rates(weight: float) -> dict[str, float]:
    """Return the learning rate that was chosen for each model at a weight, from the stored table of the attempts."""
    runs = stored("scarce_attempts")
    best = protocol.best(runs[np.isclose(runs["weight"], weight)], tuple(PAIR))["attempt"]
    return {name: RATES[number] for name, number in best.items()}


def chosen(*, weight: float, **_: object) -> dict[str, dict]:
    """Return every model with this weight of the scarce task's loss and its chosen learning rate; single-task with own stops."""
    models = _models(weight, rates(weight).__getitem__)
    single = models["single-task"]
    return models | {
        name: single | {"fit": single["fit"] | {"monitor": {task: 1.0}}} for name, task in OWN_STOPS.items()
    }


def with_own_stops(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with single-task networks that were each stopped by their own task, as ``single-task``.

    Args:
        runs: the table of the study ``scarce`` or ``scarce_control``.

    Example:
        >>> runs = pd.DataFrame({"architecture": list(OWN_STOPS), "a/excess": [0.1, 0.3], "b/excess": [0.9, 0.7], "weight": 1.0,
        ...     "seed": 0})
        >>> with_own_stops(runs)[["architecture", "a/excess", "b/excess"]].values.tolist()
        [['single-task', 0.1, 0.7]]
    """
    checks.columns("runs", runs, ["architecture", "weight", "seed"])
    of_a, of_b = (runs[runs["architecture"] == name].reset_index(drop=True) for name in OWN_STOPS)
    columns = [name for name in runs if name.startswith("b/")]
    stopped = of_a.assign(architecture="single-task", **{name: of_b[name] for name in columns})
    return pd.concat([stopped, runs[~runs["architecture"].isin([*OWN_STOPS, "single-task"])]], ignore_index=True)


FIT = {"epochs": EPOCHS, "batch_size": worlds.BATCH, "patience": EPOCHS}
STUDIES = {
    "scarce_attempts": Study(
        "with seeds used for choosing only: which learning rate suits each model at each weight of the scarce task's loss",
        tried,
        full_and_scarce,
        seeds=worlds.TRIED,
        points=tuple({"weight": weight, "attempt": number} for weight in WEIGHTS for number in range(len(RATES))),
        fit_settings=FIT,
        together=30,
    ),
    "scarce": Study(
        "a seesaw in the strict sense: what each model gains on a full task and on a scarce one, over the weight of its loss",
        chosen,
        full_and_scarce,
        seeds=tuple(range(800, 832)),
        points=tuple({"weight": weight} for weight in WEIGHTS),
        fit_settings=FIT,
        together=80,
    ),
    "scarce_control": Study(
        "the control: the same two tasks when nothing is shared between their labels",
        chosen,
        full_and_scarce,
        seeds=tuple(range(800, 832)),
        points=({"weight": 1.0, "share": 0.0}, {"weight": 0.1, "share": 0.0}),
        fit_settings=FIT,
        together=64,
    ),
}
