"""The seesaw in the strict sense: a task with all labels and one with few share half of what they are made of.

With equal loss weights, hard sharing helps the scarce task and hurts the other. The weight of the scarce task's loss is then a
dial, on which each architecture has a path: what it gains on the one task against what it loses on the other.
"""

import functools

import numpy as np

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
    """Return every model with this weight of the scarce task's loss and its chosen learning rate."""
    return _models(weight, rates(weight).__getitem__)


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
