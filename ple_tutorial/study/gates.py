"""What the gates of MMoE, CGC and PLE do at the ends of the dial, and what a constant feature gives them."""

from ple_tutorial.data import TaskData
from ple_tutorial.study.dial import DIAL_MODELS, FIT, dial_data, with_constant_feature
from ple_tutorial.study.engine import Study

GATED = {name: DIAL_MODELS[name] for name in ("mmoe", "cgc", "ple")}


def gate_data(seed: int, correlation: float) -> tuple[TaskData, None, TaskData]:
    """Return the data of ``dial_data`` with one more feature, a constant 1.

    The papers' gates have no bias. Without a constant feature a gate cannot prefer an expert on all samples.

    Args:
        seed, correlation: as in ``dial_data``.

    Example:
        >>> train, _, test = gate_data(seed=0, correlation=0.5)
        >>> train.spec.numeric, float(train.features[:, -1].min()), float(test.features[:, -1].max())
        (33, 1.0, 1.0)
    """
    return tuple(part and with_constant_feature(part) for part in dial_data(seed, correlation))


STUDIES = {
    "dial_constant": Study(
        "the two ends of the dial again, with a constant feature that lets a gate prefer an expert on all samples",
        DIAL_MODELS,
        gate_data,
        seeds=tuple(range(32)),
        points=({"correlation": 0.0}, {"correlation": 1.0}),
        fit_settings=FIT,
    ),
    "gate_utilisation": Study(
        "mean gate weights of MMoE, CGC and PLE at a low and at a high correlation",
        GATED,
        gate_data,
        seeds=tuple(range(32)),
        points=({"correlation": 0.0}, {"correlation": 1.0}),
        fit_settings=FIT,
        record="gates",
    ),
    "gate_violins": Study(
        "distribution of the gate weights over samples, one seed",
        GATED,
        gate_data,
        seeds=(0,),
        points=({"correlation": 0.0}, {"correlation": 1.0}),
        fit_settings=FIT,
        record="gate samples",
    ),
}
