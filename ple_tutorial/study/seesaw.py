"""The seesaw: a task with all labels and one with few, trained with different loss weights."""

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.study.dial import DIAL_MODELS, FIT, dial_data
from ple_tutorial.study.engine import Study

SEESAW = tuple({"weight": weight} for weight in (0.1, 0.3, 0.5, 0.7, 0.9))


def seesaw_data(
    seed: int, weight: float | None = None, correlation: float = 0.5, rows: int = 8192
) -> tuple[TaskData, None, TaskData]:
    """Return the data of ``dial_data``, where task b has a label on only a quarter of the training samples.

    In the test part, both tasks have all labels.

    Args:
        seed, correlation, rows: as in ``dial_data``.
        weight: not used; it is the point of the study ``seesaw`` and decides the loss weights.

    Example:
        >>> train, _, test = seesaw_data(seed=0)
        >>> {task: round(float(train.mask[task].mean()), 1) for task in train.tasks}
        {'a': 1.0, 'b': 0.2}
    """
    data = dial_data(seed, correlation, rows)
    scarce = make_synthetic(
        rows + 8192, correlation, seed=seed, features=32, sines=4, noise=0.5, label_rate={"a": 1.0, "b": 0.25}
    )
    return scarce.take(slice(0, rows)), None, data[2]


def seesaw_fit(weight: float) -> dict:
    """Return the further arguments of ``fit`` for a loss weight of task a, from 0 to 1; task b has the rest.

    Example:
        >>> seesaw_fit(0.25)["loss_weights"]
        {'a': 0.25, 'b': 0.75}
    """
    checks.number("weight", weight, 0, 1)
    return FIT | {"loss_weights": {"a": weight, "b": 1 - weight}}


STUDIES = {
    "seesaw": Study(
        "MTL gain of a full and of a scarce task over the weights of their losses",
        {name: DIAL_MODELS[name] for name in ("single-task", "hard-sharing", "hard-sharing-wide", "mmoe", "ple")},
        seesaw_data,
        seeds=tuple(range(16)),
        points=SEESAW,
        fit_settings=seesaw_fit,
    ),
}
