"""One small model of two kinds of tasks, and its data, so that the tests of training compile little."""

from itertools import pairwise

import numpy as np

from ple_tutorial.backend import keras
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.models import build_model
from ple_tutorial.training import fit

KINDS = {"z": "regression", "a": "binary"}
ROWS, BATCH = 70, 32  # three batches, of 32, 32 and 6
SIZES = {"features": 4, "tasks": KINDS, "shared_experts": 1, "expert_units": [4], "tower_units": []}
SETTINGS = {"batch_size": BATCH, "learning_rate": 0.02, "show_progress": False}


def sample(seed=0, rows=ROWS, **settings):
    return make_synthetic(rows, 0.4, features=4, tasks=KINDS, seed=seed, **settings)


def _weights():
    rng = np.random.default_rng(3)
    return {"z": rng.uniform(0, 2, ROWS), "a": rng.integers(0, 3, ROWS)}


TRAIN, VALID = sample(), sample(1, 50)
WEIGHTS = _weights()
WEIGHED = TaskData(TRAIN.features, TRAIN.labels, KINDS, {"z": np.arange(ROWS) % 4 > 0}, weights=WEIGHTS)
CONTRARY = TaskData(VALID.features, {"z": -VALID.labels["z"], "a": 1 - VALID.labels["a"]}, KINDS)  # worse the longer
GAPS = np.arange(ROWS) // BATCH == 1  # the second batch
MASKED = TaskData(TRAIN.features, TRAIN.labels, KINDS, {"z": ~GAPS, "a": np.arange(ROWS) % 3 > 0})


def small_model(seed=0, **options):
    return build_model("cgc", **SIZES, seed=seed, **options)


def run(train=TRAIN, valid=None, **settings):
    """Return history and final weights of a run of ``small_model()``."""
    model = small_model()
    history = fit(model, train, valid, **{"epochs": 3} | SETTINGS | settings)
    return history, model.get_weights()


def run_of(model, *args, **settings):
    """Return history and final weights of a run of ``model`` from the weights of ``small_model()``."""
    model.set_weights(small_model().get_weights())
    history = fit(model, *args, **{"epochs": 3} | SETTINGS | settings)
    return history, model.get_weights()


def differ(one, other):
    return any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


class Halves:
    """``TRAIN`` in two chunks, of 40 and 30 rows (or of other sizes)."""

    def __init__(self, *sizes):
        ends = np.cumsum([0, *(sizes or (40, 30))])
        self.parts = [TRAIN.take(slice(a, b)) for a, b in pairwise(ends)]

    def __iter__(self):
        return iter(self.parts)


class Killed(BaseException):
    """An error that no ``except Exception`` catches."""


class KillAfter(keras.callbacks.Callback):
    """Raises ``Killed`` at the end of so many epochs."""

    def __init__(self, epochs):
        super().__init__()
        self.last = epochs

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.last:
            raise Killed
