"""Cosines and affinities of gradients, by hand on a linear model, and what they say of twins, opposites and strangers."""

import numpy as np
import pytest

from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.diagnostics import Conflicts, affinities, gradient_cosines
from ple_tutorial.models import build_model
from ple_tutorial.training import fit

PAIR = {"a": "regression", "b": "regression"}


def linear(weights):
    """One shared linear unit under two towers that pass it on: y = sum of weights * x for both tasks."""
    model = build_model("hard-sharing", features=2, tasks=PAIR, expert_units=(1,), tower_units=(), activation="linear")
    for variable in model.trainable_variables:
        values = weights if np.prod(variable.shape) == 2 else [0.0 if "bias" in variable.path else 1.0]
        variable.assign(np.reshape(values, variable.shape))
    return model


def test_by_hand():
    """Two samples, one shared unit with the weights (1, 0): both tasks are predicted to be the first feature."""
    x = np.array([[1.0, 1.0], [1.0, -1.0]])
    data = TaskData(x, {"a": [0.0, 1.0], "b": [1.0, 0.0]}, PAIR)
    model = linear([1.0, 0.0])
    # residuals of a: (1, 0), so the gradient of its mean squared error in w is 2/2 * (1 * x_1) = (1, 1), in the unit's bias 1;
    # of b: (0, 1) -> (1, -1) and 1. The cosine is (1 - 1 + 1) / 3.
    assert gradient_cosines(model, data).loc["a", "b"] == pytest.approx(1 / 3, rel=1e-6)
    # A step of 0.1 for a: w = (0.9, -0.1), bias -0.1: y = (0.7, 0.9). The loss of a was 0.5 and is (0.49 + 0.01) / 2 = 0.25,
    # that of b was 0.5 and is (0.09 + 0.81) / 2 = 0.45.
    found = affinities(model, data, rate=0.1)
    assert found.loc["a"].to_dict() == pytest.approx({"a": 0.5, "b": 0.1}, rel=1e-5)
    before = [variable.numpy() for variable in model.trainable_variables]
    affinities(model, data, rate=0.5)
    assert all(np.array_equal(one, now.numpy()) for one, now in zip(before, model.trainable_variables, strict=True))


def test_twins_strangers_and_those_that_share_nothing():
    twins = make_synthetic(2000, 1.0, features=8, noise=0.0, seed=2)
    model = build_model("hard-sharing", features=8, tasks=PAIR, seed=1)
    for layer in model.layers:  # equal towers
        if layer.name.startswith("b"):
            layer.set_weights(model.get_layer(layer.name.replace("b", "a", 1)).get_weights())
    assert gradient_cosines(model, twins).loc["a", "b"] == pytest.approx(1, abs=1e-5)
    found = affinities(model, twins)
    assert found.loc["a", "b"] == pytest.approx(found.loc["a", "a"], abs=1e-5) and found.loc["a", "b"] > 0
    apart = build_model("single-task", features=8, tasks=PAIR)
    assert np.isnan(gradient_cosines(apart, twins).loc["a", "b"])
    assert affinities(apart, twins).to_numpy().tolist() == [[0.0, 0.0], [0.0, 0.0]]  # no weight is another task's, too


def test_a_record_over_epochs():
    data = make_synthetic(256, 0.5, features=4, seed=0)
    record = Conflicts(data.take(slice(0, 64)), epochs=[1, 3, 9])
    fit(build_model("mmoe", features=4, tasks=PAIR), data, epochs=3, callbacks=[record], show_progress=False)
    assert [(row["epoch"], row["task"], row["other"]) for row in record.record] == [
        (1, "a", "b"), (1, "b", "a"), (3, "a", "b"), (3, "b", "a"),
    ]  # fmt: skip
    assert record.record[0]["cosine"] == record.record[1]["cosine"] != record.record[2]["cosine"]


def test_refusals():
    data = make_synthetic(16, 0.5, features=4)
    model = build_model("mmoe", features=4, tasks=PAIR)
    with pytest.raises(ValueError, match="rate: expected"):
        affinities(model, data, rate=-1)
    with pytest.raises(TypeError, match="data: expected a TaskData"):
        Conflicts(data.features, [1])
    with pytest.raises(TypeError, match="model: expected"):
        gradient_cosines(None, data)
