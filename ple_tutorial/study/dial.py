"""The dial: two equally hard tasks with a chosen correlation, and five ways to share."""

from dataclasses import replace
from typing import Any

import numpy as np

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.study.engine import Study

BOTTOM = {"expert_units": (16, 4), "tower_units": (), "activation": "swish"}
HALF = {"expert_units": (8, 4), "tower_units": (), "activation": "swish"}
DIAL_MODELS = {
    "single-task": BOTTOM | {"architecture": "single-task"},
    "hard-sharing": BOTTOM | {"architecture": "hard-sharing"},
    "hard-sharing-wide": BOTTOM | {"architecture": "hard-sharing", "expert_units": (28, 8)},
    "mmoe": HALF | {"architecture": "mmoe", "shared_experts": 3},
    "cgc": HALF | {"architecture": "cgc", "shared_experts": 1, "task_experts": 1},
    "ple": HALF
    | {"architecture": "ple", "shared_experts": 1, "task_experts": 1, "levels": 2, "expert_units": ((8,), (4,))},
}
FIT = {"epochs": 20, "batch_size": 128, "learning_rate": 3e-3}


def dial_data(seed: int, correlation: float, rows: int = 4096, **changes: Any) -> tuple[TaskData, None, TaskData]:
    """Return a training part, ``None`` (no validation part) and a test part of two regression tasks, ``a`` and ``b``.

    Args:
        seed: of everything that is drawn.
        correlation: cosine of the two tasks' directions, -1 to 1.
        rows: of the training part; the test part has 8,192.
        changes: further arguments of ``make_synthetic``, in place of 32 features, four sines, and noise of half the signal's
            standard deviation.

    Example:
        >>> train, valid, test = dial_data(seed=0, correlation=0.5, rows=256)
        >>> len(train), valid, len(test), train.kinds
        (256, None, 8192, {'a': 'regression', 'b': 'regression'})
    """
    checks.count("rows", rows)
    settings = {"features": 32, "sines": 4, "noise": 0.5} | changes
    data = make_synthetic(rows + 8192, correlation, seed=seed, **settings)
    return data.take(slice(0, rows)), None, data.take(slice(rows, None))


def with_constant_feature(data: TaskData) -> TaskData:
    """Return the data with one more feature, a constant 1."""
    return replace(data, features=np.column_stack([data.features, np.ones(len(data), np.float32)]))


STUDIES = {
    "dial": Study(
        "MTL gain of hard sharing, MMoE, CGC and PLE over the correlation of two equal tasks",
        DIAL_MODELS,
        dial_data,
        seeds=tuple(range(32)),
        points=tuple({"correlation": p} for p in (-1.0, -0.5, 0.0, 0.5, 1.0)),
        fit_settings=FIT,
    ),
}
