"""The protocol of the studies on worlds: models of equal size and equal depth, each tuned by as many attempts as any other.

An *attempt* is a way to set up a model: its learning rate, and for a model with gates the number of experts and what the gates
read. A model without gates has more learning rates and two shapes in their place, so that every model has ``ATTEMPTS`` of them.
Attempts are compared on seeds of their own; the best one is the model's *choice*, and the reported seeds are others.
"""

import functools
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.budget import equal_budget

RATES = (0.005, 0.012, 0.03, 0.07)  # of a model with gates, for each of its four variants
MORE_RATES = (0.002, 0.005, 0.008, 0.012, 0.02, 0.03, 0.05, 0.08)  # of a model without, for each of its two
ATTEMPTS = 16
EXPERTS = {  # few or many: of MMoE's shared group, of the shared and each task's group, of each task's own mixture
    "few": {"mmoe": (4, 0), "cgc": (1, 1), "own": (0, 2)},
    "many": {"mmoe": (6, 0), "cgc": (3, 1), "own": (0, 3)},
}
UNIFORM = {"gate_temperature": 1000.0}  # the gate weights are equal to three digits, whatever the kernel


def _two_levels(architecture, **settings):
    return {"architecture": architecture, "levels": 2, "expert_units": ((16,), (16,))} | settings


def _one_level(architecture, **settings):
    return {"architecture": architecture, "expert_units": ((16, 16),)} | settings


# Every path from the features to a prediction passes two layers of experts and the tower's layer.
PLAIN = {
    "single-task": _two_levels("single-task"),
    "hard-sharing": _two_levels("hard-sharing"),
    "customized": _one_level("customized"),
    "cross-stitch": _two_levels("cross-stitch"),
}
GATED = {
    "mmoe": _one_level("mmoe"),
    "ml-mmoe": _two_levels("ml-mmoe"),
    "cgc": _one_level("cgc"),
    "ple": _two_levels("ple"),
}
CONTROLS = {  # what a gate is worth, and what sharing is worth
    "cgc-uniform": GATED["cgc"] | UNIFORM,
    "ple-uniform": GATED["ple"] | UNIFORM,
    "own-mixture": _one_level("cgc"),
}
MODELS = PLAIN | GATED | CONTROLS
TOLD = "hard-sharing-told"  # a control beside them: hard sharing whose towers are told what gates on the context read
NARROW = (
    "hard-sharing-narrow"  # hard sharing of the single-task columns' width: of equal structure, not of equal budget
)


def counts(name: str, experts: str) -> dict[str, int]:
    """Return how many experts a model has, as arguments of ``build_model``: ``few`` or ``many`` of them.

    Example:
        >>> counts("ple", "many"), counts("mmoe", "few")
        ({'shared_experts': 3, 'task_experts': 1}, {'shared_experts': 4, 'task_experts': 0})
    """
    kind = {"mmoe": "mmoe", "ml-mmoe": "mmoe", "own-mixture": "own"}.get(name, "cgc")
    shared, own = EXPERTS[checks.choice("experts", experts, tuple(EXPERTS))][kind]
    return {"shared_experts": shared, "task_experts": own}


def attempts(name: str) -> list[dict]:
    """Return the ``ATTEMPTS`` ways to set up a model, each a dict of ``rate`` and, as far as it applies, ``experts``, ``reads``
    and ``tower``.

    Example:
        >>> attempts("ple")[0], attempts("hard-sharing")[-1]
        ({'rate': 0.005, 'experts': 'few', 'reads': 'stream'}, {'rate': 0.08, 'tower': 16})
    """
    checks.choice("model", name, (*MODELS, TOLD))
    if name in PLAIN or name == TOLD:
        return [{"rate": rate, "tower": tower} for tower in (8, 16) for rate in MORE_RATES]
    if MODELS[name].get("gate_temperature"):
        return [{"rate": rate, "experts": experts} for experts in EXPERTS for rate in MORE_RATES]
    return [
        {"rate": rate, "experts": experts, "reads": reads}
        for experts in EXPERTS
        for reads in ("stream", "context")
        for rate in RATES
    ]


@functools.lru_cache(maxsize=4096)
def _at_budget(name, experts, tower, gates, parameters, features, tasks):
    settings = MODELS[name.removesuffix("-told")] | {"tower_units": (tower,), "activation": "swish"}
    if experts is not None:
        settings |= counts(name, experts)
    if name == TOLD:
        settings |= {"tower_columns": gates}
    elif gates:
        settings |= {"gate_columns": gates, "gate_bias": True}
    sized = {key: value for key, value in settings.items() if key not in ("activation", "gate_temperature")}
    found = equal_budget(
        parameters=parameters, features=features, tasks=dict.fromkeys(tasks, "regression"), tolerance=0.03, **sized
    )
    return settings | {"expert_units": found.expert_units, "tower_units": found.tower_units}


def model(
    name: str, attempt: dict, *, parameters: int, features: int, tasks: Sequence[str], gates: Sequence[int], epochs: int
) -> dict:
    """Return an entry of ``Study.models``: the arguments of ``build_model``, and under ``fit`` the learning rate.

    Args:
        name: of ``MODELS``, or ``TOLD``.
        attempt: of ``attempts``; further entries are arguments of ``fit``.
        parameters: the budget, met within 3 %.
        features, tasks: how many features, and the names of the tasks.
        gates: the columns that gates read where the attempt says ``"reads": "context"``; such gates have a bias. The towers of
            ``TOLD`` read them always.
        epochs: over which the learning rate falls, along a cosine, to zero.

    Example:
        >>> settings = model("ple", attempts("ple")[0], parameters=3000, features=18, tasks="ab", gates=range(4), epochs=20)
        >>> settings["expert_units"], settings["tower_units"], list(settings["fit"])
        (((20,), (20,)), (10,), ['callbacks'])
    """
    rest = {key: value for key, value in attempt.items() if key not in ("rate", "experts", "reads", "tower")}
    read = tuple(gates) if attempt.get("reads") == "context" or name == TOLD else ()
    settings = _at_budget(
        name, attempt.get("experts"), attempt.get("tower", 8), read, parameters, features, tuple(tasks)
    )
    return settings | {"fit": {"callbacks": [falling(attempt["rate"], epochs)]} | rest}


def narrow(single: dict) -> dict:
    """Return hard sharing with layers as wide as those of the single-task model ``single``, an entry of ``Study.models``."""
    return single | {"architecture": "hard-sharing"}


def falling(rate: float, epochs: int) -> keras.callbacks.Callback:
    """Return a callback that lets the learning rate fall from ``rate`` to zero along a half cosine, epoch by epoch.

    Example:
        >>> [round(falling(0.01, 4).schedule(epoch, None), 4) for epoch in range(4)]
        [0.01, 0.0085, 0.005, 0.0015]
    """
    rate, epochs = checks.number("rate", rate, 0, 1e3), checks.count("epochs", epochs)
    return keras.callbacks.LearningRateScheduler(functools.partial(_cosine, rate=rate, epochs=epochs))


def _cosine(epoch, _, rate, epochs):
    return rate * (1 + math.cos(math.pi * epoch / epochs)) / 2


def with_mean_excess(runs: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Return the runs with a column ``mean/excess``, the geometric mean over these tasks of their excess errors.

    So each task counts alike, whatever its error: half the error of one weighs as much as half the error of another.

    Example:
        >>> with_mean_excess(pd.DataFrame({"a/excess": [0.01], "b/excess": [0.04]}), "ab")["mean/excess"].round(6).tolist()
        [0.02]
    """
    columns = [f"{task}/excess" for task in tasks]
    checks.columns("runs", runs, columns)
    return runs.assign(**{"mean/excess": np.exp(np.log(runs[columns]).mean(axis=1))})


def best(runs: pd.DataFrame, tasks: Sequence[str], by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the attempt with the least error of each model, the mean over seeds of the logarithm of ``mean/excess``.

    Args:
        runs: trials with the columns ``architecture``, ``attempt``, ``seed`` and the excess errors of ``tasks``.
        tasks: those that count.
        by: further columns; there is a choice for each combination of their values.

    Returns:
        One row a model: ``attempt``, ``excess`` (the geometric mean), and ``attempts``, among how many.

    Example:
        >>> runs = pd.DataFrame({"architecture": "ple", "attempt": [0, 1], "seed": 0, "a/excess": [0.2, 0.1]})
        >>> best(runs, ["a"])["attempt"].to_dict()
        {'ple': 1}
    """
    checks.columns("runs", runs, ["architecture", "attempt", "seed", *by])
    keys = [*by, "architecture"]
    scored = with_mean_excess(runs, tasks)
    logs = np.log(scored["mean/excess"]).groupby([scored[key] for key in [*keys, "attempt"]]).mean()
    table = np.exp(logs).rename("excess").reset_index("attempt")
    table["attempts"] = table.groupby(keys)["attempt"].transform("count")
    chosen = table.reset_index().sort_values("excess", kind="stable").drop_duplicates(keys)
    return chosen.set_index(keys if by else "architecture").sort_index()
