"""Sample weights: in training as in Keras, in the history, in the metrics."""

from dataclasses import replace

import numpy as np
import pytest
from comparing import assert_close
from small_runs import BATCH, KINDS, ROWS, SETTINGS, TRAIN, WEIGHED, WEIGHTS, differ, run, small_model

from ple_tutorial.backend import keras
from ple_tutorial.losses import for_compile
from ple_tutorial.metrics import evaluate
from ple_tutorial.training import fit, predict


def test_sample_weights_as_in_keras():
    """They multiply the masks; the mean divides by their sum. Keras takes the product as its ``sample_weight``."""
    twin = small_model()
    twin.compile(keras.optimizers.Adam(0.02), for_compile(KINDS), run_eagerly=True)
    weights = {task: WEIGHED.mask[task] * WEIGHED.weights[task] for task in KINDS}
    twin.fit(TRAIN.features, TRAIN.labels, BATCH, 3, sample_weight=weights, shuffle=False, verbose=0)
    _, ours = run(WEIGHED, shuffle=False)
    assert_close(ours, twin.get_weights())
    assert differ(ours, run(replace(WEIGHED, weights={}), shuffle=False)[1])


def test_sample_weights_count_in_the_history():
    one = small_model()
    history = fit(one, WEIGHED, WEIGHED, epochs=1, **SETTINGS | {"learning_rate": 0})
    p = predict(one, WEIGHED)
    w = WEIGHED.mask["z"] * WEIGHED.weights["z"]
    expected = np.average((p["z"] - TRAIN.labels["z"]) ** 2, weights=w)
    assert history["z_loss"].item() == pytest.approx(expected, rel=1e-5)
    assert history["val_z_mse"].item() == pytest.approx(expected, rel=1e-5)
    w, y = WEIGHED.weights["a"], TRAIN.labels["a"]
    expected = -np.average(np.where(y == 1, np.log(p["a"]), np.log(1 - p["a"])), weights=w)
    assert history["a_loss"].item() == pytest.approx(expected, rel=1e-5)
    assert history["val_a_log_loss"].item() == pytest.approx(expected, rel=1e-5)
    assert evaluate(WEIGHED, p)["a", "auc"] != evaluate(TRAIN, p)["a", "auc"]


def test_a_whole_weight_is_a_copy_of_the_sample():
    """Twice the weight is the sample twice, in the metrics."""
    one = small_model()
    twice = TRAIN.take(np.repeat(np.arange(ROWS), WEIGHTS["a"])).only("a")
    weighed = replace(TRAIN, weights={"a": WEIGHTS["a"]}).only("a")
    p, q = predict(one, TRAIN)["a"], np.repeat(predict(one, TRAIN)["a"], WEIGHTS["a"])
    assert evaluate(weighed, {"a": p}) == pytest.approx(evaluate(twice, {"a": q}), rel=1e-6)


@pytest.mark.parametrize("bad", [[-1.0] * ROWS, [np.nan] * ROWS, [1.0], ["x"] * ROWS])
def test_bad_weights(bad):
    with pytest.raises((ValueError, TypeError), match=r"weights\['z'\]: expected"):
        replace(TRAIN, weights={"z": np.array(bad)})
    with pytest.raises(ValueError, match=r"weights: expected only the tasks \['z', 'a'\], got also \['b'\]"):
        replace(TRAIN, weights={"b": np.ones(ROWS)})
    with pytest.raises(ValueError, match=r"train.weights\['z'\]: expected at least one weight above 0, got none"):
        fit(small_model(), replace(TRAIN, weights={"z": np.zeros(ROWS)}))


def test_weights_travel_with_the_samples():
    part = WEIGHED.take(slice(10, 20))
    assert np.array_equal(part.weights["a"], WEIGHTS["a"][10:20])
    assert list(WEIGHED.only("a").weights) == ["a"]
    assert next(WEIGHED.batches(4)).weights["z"].shape == (4,)
