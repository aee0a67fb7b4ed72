"""Balancing against plain weights: methods that weigh the tasks by themselves, and weights that were tried out, at equal tries.

Every method has ``TRIES`` tries, the same for hard sharing as for PLE: three learning rates for each of four settings, or twelve
learning rates for a method without a setting. They are compared on seeds of their own; the reported seeds are others.

Source: the question is that of Xin et al. (2022), arXiv:2209.11379, and Kurin et al. (2022), arXiv:2201.04122.
"""

import functools

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.balancing import CAGrad, GradNorm, PCGrad, Uncertainty
from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World, make_parts
from ple_tutorial.study import protocol
from ple_tutorial.study.engine import Study
from ple_tutorial.study.results import stored
from ple_tutorial.study.verdicts import verdicts
from ple_tutorial.study.worlds import TRIED

TRIES = 12
RATES = (0.01, 0.025, 0.06)
MORE_RATES = tuple(np.geomspace(0.005, 0.1, TRIES).round(4).tolist())  # of a method without a setting of its own
METHODS = {  # the settings that are tried, as arguments of ``fit``
    "equal weights": [{}],
    "tuned weights": [{"loss_weights": {"b": weight}} for weight in (3.0, 1.0, 1 / 3, 1 / 9)],
    "uncertainty": [{"balance": Uncertainty()}],
    "GradNorm": [{"balance": GradNorm(alpha=alpha)} for alpha in (0.0, 0.5, 1.0, 1.5)],
    "PCGrad": [{"balance": PCGrad()}],
    "CAGrad": [{"balance": CAGrad(c=c)} for c in (0.2, 0.4, 0.6, 0.8)],
}
SHARING = ("hard-sharing", "ple")
BASELINE = "tuned weights"
EPOCHS, ROWS, PARAMETERS, FEATURES = 20, 8192, 2000, 16
SETTINGS = {  # two regressions of unequal size; a regression beside a binary task with one label in ten
    "unequal scales": {"tasks": {"a": "regression", "b": "regression"}, "label_scale": {"a": 1.0, "b": 3.0}},
    "unequal kinds": {"tasks": {"a": "regression", "b": "binary"}, "label_rate": {"a": 1.0, "b": 0.1}},
}
SPREADS = {"unequal scales": {"a": 1.0, "b": 1 / 9}, "unequal kinds": {"a": 1.0, "b": 1.0}}


def tries(method: str) -> list[dict]:
    """Return the ``TRIES`` ways in which a method is tried: ``rate``, and further arguments of ``fit``.

    Example:
        >>> tries("tuned weights")[4], len(tries("PCGrad"))
        ({'rate': 0.025, 'loss_weights': {'b': 1.0}}, 12)
    """
    settings = METHODS[checks.choice("method", method, tuple(METHODS))]
    rates = MORE_RATES if len(settings) == 1 else RATES
    return [{"rate": rate} | one for one in settings for rate in rates]


def names() -> list[tuple[str, str]]:
    """Return the pairs of architecture and method; a single-task model has nothing to balance.

    Example:
        >>> names()[:2], len(names())
        ([('single-task', 'equal weights'), ('hard-sharing', 'equal weights')], 13)
    """
    return [("single-task", "equal weights"), *((sharing, method) for sharing in SHARING for method in METHODS)]


def _model(sharing, attempt):
    experts = {"experts": "few", "reads": "stream"} if sharing in protocol.GATED else {}
    return protocol.model(
        sharing, attempt | experts, parameters=PARAMETERS, features=FEATURES, tasks="ab", gates=(), epochs=EPOCHS
    )


def tried(*, attempt: int, **_: object) -> dict[str, dict]:
    """Return every architecture with every method as its try of this number sets it up."""
    return {f"{sharing} {method}": _model(sharing, tries(method)[attempt]) for sharing, method in names()}


def chosen(*, setting: str) -> dict[str, dict]:
    """Return every architecture with every method as it was chosen for this setting."""
    numbers = choices().loc[setting, "attempt"]
    return {
        name: _model(sharing, tries(method)[int(numbers[name])])
        for sharing, method in names()
        for name in [f"{sharing} {method}"]
    }


@functools.cache
def choices() -> pd.DataFrame:
    """Return the best try of each model in each setting, from the stored table of the tries: attempt, excess, attempts.

    Example:
        >>> tries("tuned weights")[int(choices().loc[("unequal kinds", "ple tuned weights"), "attempt"])]["rate"]
        0.01
    """
    return protocol.best(stored("balancing_attempts"), "ab", ["setting"])


def balancing_data(seed: int, *, setting: str, **_: object) -> tuple[TaskData, TaskData, World]:
    """Return the training, validation and test parts of two tasks that share half of what there is to learn.

    Args:
        seed: of everything.
        setting: of ``SETTINGS``.

    Example:
        >>> train, valid, test = balancing_data(0, setting="unequal kinds")
        >>> len(train), {task: int(mask.sum()) for task, mask in train.mask.items()}["a"], train.kinds["b"]
        (8192, 8192, 'binary')
    """
    unequal = SETTINGS[checks.choice("setting", setting, tuple(SETTINGS))]
    world = make_parts(ROWS + 4096 + 8192, 0.5, width=4, silent=4, seed=seed, **unequal)
    train, valid, test = world.split(ROWS, 4096)
    return train.data, valid.data, test


def balancing_fit(*, setting: str, **_: object) -> dict:
    """Return the further arguments of ``fit``: all epochs, of which the best for both tasks is kept, each in its own units."""
    return {"epochs": EPOCHS, "batch_size": 256, "patience": EPOCHS, "monitor": SPREADS[setting]}


def by_method(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with the column ``method`` beside ``architecture``, and ``mean/excess`` (``protocol.with_mean_excess``).

    Example:
        >>> runs = pd.DataFrame({"architecture": ["ple equal weights"], "a/excess": [0.01], "b/excess": [0.04]})
        >>> by_method(runs)[["architecture", "method"]].values.tolist()
        [['ple', 'equal weights']]
    """
    checks.columns("runs", runs, ["architecture"])
    parts = runs["architecture"].str.split(" ", n=1)
    return protocol.with_mean_excess(runs, "ab").assign(architecture=parts.str[0], method=parts.str[1])


def against_weights(runs: pd.DataFrame, scored: str = "mean") -> pd.DataFrame:
    """Return ``verdicts.verdicts`` of every method against tuned weights, by ``setting`` and ``sharing``.

    Args:
        runs: the table of the study ``balancing``.
        scored: whose excess error: ``mean``, the geometric mean of both tasks, ``a`` or ``b``.

    Example:
        >>> table = against_weights(stored("balancing"))
        >>> table.loc[("unequal kinds", "ple", "GradNorm"), "verdict"]
        'worse'
    """
    checks.choice("scored", scored, ("mean", "a", "b"))
    runs = by_method(runs)
    shared = runs[runs["architecture"] != "single-task"]
    shared = shared.rename(columns={"architecture": "sharing", "method": "architecture"})
    return verdicts(shared, f"{scored}/excess", ["setting", "sharing"], BASELINE)


_COMMON = {"make_data": balancing_data, "fit_settings": balancing_fit, "together": 32}
STUDIES = {
    "balancing_attempts": Study(
        "with seeds used for choosing only: which of 12 tries suits each method of balancing, and plain weights",
        tried,
        seeds=TRIED,
        points=tuple({"setting": setting, "attempt": number} for setting in SETTINGS for number in range(TRIES)),
        **_COMMON,
    ),
    "balancing": Study(
        "does a method of balancing have less error than plain weights that were tuned by as many tries?",
        chosen,
        seeds=tuple(range(100, 132)),
        points=tuple({"setting": setting} for setting in SETTINGS),
        **_COMMON,
    ),
}
