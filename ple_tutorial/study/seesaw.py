"""The seesaw: a full and a scarce task over the weights of their losses."""

from ple_tutorial import checks
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.study.dial import DIAL_MODELS, FIT, dial_data
from ple_tutorial.study.engine import Study

SEESAW = tuple({"weight": weight} for weight in (0.1, 0.3, 0.5, 0.7, 0.9))


def seesaw_data(seed, weight=None, correlation=0.5, rows=8192):
    """As ``dial_data``, but task b has a label on a quarter of the training samples only; on the test samples both have."""
    data = dial_data(seed, correlation, rows)
    scarce = make_synthetic(
        rows + 8192, correlation, seed=seed, features=32, sines=4, noise=0.5, label_rate={"a": 1.0, "b": 0.25}
    )
    return scarce.take(slice(0, rows)), None, data[2]


def seesaw_fit(weight):
    """The settings of ``fit`` for a weight of task a; task b has the rest."""
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
