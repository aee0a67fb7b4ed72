"""Losses by value: each task's mean over its own samples (PLE paper, Eq. 9)."""

import numpy as np
import pytest

from ple_tutorial.backend import tf
from ple_tutorial.losses import for_compile, loss_weights, task_loss

LABELS = np.array([1, 0, 1, 0], np.float32)
PREDICTIONS = np.array([[0.9], [0.2], [0.4], [0.5]], np.float32)
PER_SAMPLE = {
    "regression": [0.01, 0.04, 0.36, 0.25],
    "binary": [-np.log(0.9), -np.log(0.8), -np.log(0.4), -np.log(0.5)],
}


@pytest.mark.parametrize("kind", PER_SAMPLE)
@pytest.mark.parametrize("mask", [[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 1]])
@pytest.mark.parametrize("dtype", [bool, np.float32])
def test_mean_over_the_samples_in_the_sample_space(kind, mask, dtype):
    inside = [value for value, one in zip(PER_SAMPLE[kind], mask, strict=True) if one]
    loss = task_loss(kind, LABELS, PREDICTIONS, np.array(mask, dtype))
    assert float(loss) == pytest.approx(sum(inside) / len(inside), rel=1e-5)
    with_keras = for_compile({"t": kind})["t"](LABELS[:, None], PREDICTIONS, sample_weight=np.array(mask, np.float32))
    assert float(with_keras) == pytest.approx(float(loss), rel=1e-6)


@pytest.mark.parametrize("kind", PER_SAMPLE)
def test_gradient_of_each_sample(kind):
    predictions, mask = tf.constant(PREDICTIONS), np.array([True, False, True, False])
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        loss = task_loss(kind, LABELS, predictions, mask)
    p = PREDICTIONS[:, 0].astype(float)
    slope = 2 * (p - LABELS) if kind == "regression" else (p - LABELS) / (p * (1 - p))
    np.testing.assert_allclose(tape.gradient(loss, predictions)[:, 0], slope * mask / 2, rtol=1e-5)


@pytest.mark.parametrize("kind", PER_SAMPLE)
def test_a_batch_without_a_sample_of_the_task(kind):
    predictions = tf.constant(PREDICTIONS)
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        loss = task_loss(kind, np.zeros(4, np.float32), predictions, np.zeros(4, bool))
    assert float(loss) == 0
    assert np.array_equal(tape.gradient(loss, predictions), np.zeros((4, 1)))
    with_keras = for_compile({"t": kind})["t"](LABELS[:, None], PREDICTIONS, sample_weight=np.zeros(4, np.float32))
    assert float(with_keras) == 0


@pytest.mark.parametrize("wrong", [0.0, 1.0])
def test_certain_and_wrong_is_finite(wrong):
    loss = task_loss("binary", np.array([1 - wrong], np.float32), np.array([[wrong]], np.float32), np.array([True]))
    assert 10 < float(loss) < 20


def test_an_unknown_kind_has_no_loss():
    with pytest.raises(ValueError, match="ordinal"):
        task_loss("ordinal", LABELS, PREDICTIONS, LABELS)


KINDS = {"z": "binary", "a": "regression"}


@pytest.mark.parametrize(
    ("weights", "full"),
    [
        (None, {"z": 1, "a": 1}),
        ({}, {"z": 1, "a": 1}),
        ({"a": 3}, {"z": 1, "a": 3}),
        ({"a": 0.5, "z": np.float32(0)}, {"z": 0, "a": 0.5}),
    ],
)
def test_a_task_without_a_weight_has_one(weights, full):
    result = loss_weights(KINDS, weights)
    assert result == full
    assert list(result) == ["z", "a"]  # the order of the tasks, not of the argument
    assert {type(weight) for weight in result.values()} == {float}


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ({"b": 1}, ValueError, "loss_weights: expected one of z, a, got 'b'"),
        ({"a": -1}, ValueError, r"loss_weights\['a'\]: expected a number from 0 to .*, got -1"),
        ({"a": float("nan")}, ValueError, r"loss_weights\['a'\]: .* got nan"),
        ({"a": float("inf")}, ValueError, r"loss_weights\['a'\]: .* got inf"),
        ({"a": "1"}, TypeError, r"loss_weights\['a'\]: .* got '1' \(str\)"),
        ({"a": True}, TypeError, r"loss_weights\['a'\]: .* got True"),
        ({"a": 0, "z": 0}, ValueError, "loss_weights: expected at least one weight above 0"),
        ([1, 2], TypeError, r"loss_weights: expected a dict \{task: weight\}, got \[1, 2\]"),
    ],
)
def test_refusals(weights, error, message):
    with pytest.raises(error, match=message):
        loss_weights(KINDS, weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.zeros((2, 1))}, r"labels: expected shape \(batch,\), got shape \(2, 1\)"),
        ({"predictions": np.zeros(2)}, r"predictions: expected shape \(batch, 1\), got shape \(2,\)"),
        ({"mask": np.ones((2, 1), bool)}, r"mask: expected shape \(batch,\), got shape \(2, 1\)"),
    ],
)
def test_shapes_that_would_be_stretched_are_refused(change, message):
    right = {"labels": np.zeros(2), "predictions": np.zeros((2, 1)), "mask": np.ones(2, bool)}
    with pytest.raises(ValueError, match=message):
        task_loss("regression", **right | change)
