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


def scarce_data(seed: int, correlation: float, share: float, rows: int = 4096) -> tuple[TaskData, None, TaskData]:
    """Return the data of ``dial_data``, where task b has a label on only a share of the training samples.

    In the test part, both tasks have all labels.

    Args:
        seed, correlation, rows: as in ``dial_data``.
        share: of the training samples, above 0 and up to 1.

    Example:
        >>> train, _, test = scarce_data(seed=0, correlation=0.5, share=0.25)
        >>> [{task: int(mask.sum()) for task, mask in part.mask.items()} for part in (train, test)]
        [{'a': 4096, 'b': 1024}, {'a': 8192, 'b': 8192}]
    """
    train, valid, test = dial_data(seed, correlation, rows)
    share = checks.number("share", share, 1e-6, 1)
    kept = np.random.default_rng([seed, 6]).permutation(rows) < max(1, round(share * rows))
    return replace(train, mask=train.mask | {"b": train.mask["b"] & kept}), valid, test


def equal_steps(correlation: float, rows: int) -> dict:
    """Return the further arguments of ``fit`` with which any number of rows is trained for as many steps as 4,096 rows.

    Example:
        >>> equal_steps(0.0, 1024)["epochs"], equal_steps(0.0, 16384)["epochs"]
        (80, 5)
    """
    return FIT | {"epochs": max(1, round(FIT["epochs"] * 4096 / checks.count("rows", rows)))}


def with_constant_feature(data: TaskData) -> TaskData:
    """Return the data with one more feature, a constant 1."""
    return replace(data, features=np.column_stack([data.features, np.ones(len(data), np.float32)]))


# A bottom of every width and, as its yardstick, single-task networks of the same width: layers of 4 w and w units.
WIDTHS = (2, 4, 8, 16)
WIDTH_MODELS = {
    f"{name} {width}": DIAL_MODELS[name] | {"expert_units": (4 * width, width)}
    for name in ("single-task", "hard-sharing")
    for width in WIDTHS
}
UNGATED = {name: DIAL_MODELS[name] for name in ("single-task", "hard-sharing", "hard-sharing-wide")}
ENDS = ({"correlation": 0.0}, {"correlation": 1.0})

STUDIES = {
    "dial": Study(
        "MTL gain of hard sharing, MMoE, CGC and PLE over the correlation of two equal tasks",
        DIAL_MODELS,
        dial_data,
        seeds=tuple(range(32)),
        points=tuple({"correlation": p} for p in (-1.0, -0.5, 0.0, 0.5, 1.0)),
        fit_settings=FIT,
    ),
    "dial_width": Study(
        "MTL gain of hard sharing over the width of the bottom, for unrelated and for identical tasks",
        WIDTH_MODELS,
        dial_data,
        seeds=tuple(range(400, 432)),
        points=ENDS,
        fit_settings=FIT,
    ),
    "dial_rows": Study(
        "MTL gain of hard sharing over the rows to train on, as many steps for all, for unrelated and for identical tasks",
        UNGATED,
        dial_data,
        seeds=tuple(range(400, 432)),
        points=tuple(point | {"rows": rows} for rows in (1024, 4096, 16384) for point in ENDS),
        fit_settings=equal_steps,
    ),
    "dial_labels": Study(
        "MTL gain of hard sharing over the share of samples on which task b has a label, for unrelated and for identical tasks",
        {name: UNGATED[name] for name in ("single-task", "hard-sharing")},
        scarce_data,
        seeds=tuple(range(400, 432)),
        points=tuple(point | {"share": share} for share in (1.0, 0.25, 0.0625) for point in ENDS),
        fit_settings=FIT,
    ),
}
