"""Predictions, gates and validation: of rows without labels, of bare features, and of chunks; large numbers are warned of."""

import warnings

import numpy as np
import pandas as pd
import pytest

from ple_tutorial.backend import keras, tf
from ple_tutorial.data import MemmapChunks, TaskData
from ple_tutorial.gates import gate_weights
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.training import fit, predict

KINDS = {"click": "binary", "watch": "regression"}
ROWS = 300
X = np.random.default_rng(0).standard_normal((ROWS, 4)).astype(np.float32)
CODES = np.random.default_rng(1).integers(0, (3, 5), (ROWS, 2))
CLICK = X[:, 0] > 0
LABELS, MASK, WEIGHTS = {"click": CLICK, "watch": X[:, 1]}, {"watch": CLICK}, {"click": np.arange(ROWS) % 3}
DATA = TaskData(X, LABELS, KINDS, MASK, weights=WEIGHTS)
TABULAR = TaskData({"numeric": X, "codes": CODES}, LABELS, KINDS, MASK, (3, 5), WEIGHTS)


def built(data, **more):
    return build_model("cgc", features=data.spec, tasks=KINDS, **more)


def chunked(data, rows=128):
    return MemmapChunks(data.features, data.labels, KINDS, data.mask, data.cardinalities, data.weights, rows, 32)


def assert_same(found, expected):
    if isinstance(found, dict):
        found, expected = list(found.items()), list(expected.items())
    else:
        found, expected = ([(r.level, r.gate, r.experts, r.weights) for r in part] for part in (found, expected))
    assert [one[:-1] for one in found] == [one[:-1] for one in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one[-1], other[-1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("call", [predict, gate_weights])
@pytest.mark.parametrize("data", [DATA, TABULAR], ids=["numbers", "codes"])
def test_whatever_holds_the_features(call, data):
    model = built(data)
    expected = call(model, data)
    features, chunks = data.features, chunked(data)
    frames = {name: pd.DataFrame(x) for name, x in features.items()} if data is TABULAR else pd.DataFrame(features)
    unlabelled = TaskData(features, {}, KINDS, cardinalities=data.cardinalities)
    many = [features, frames, unlabelled, chunks, list(chunks), iter(chunks), (chunk for chunk in chunks)]
    for given in many if data is TABULAR else [*many, X.tolist(), tf.constant(X)]:
        assert_same(call(model, given, batch_size=50), expected)
    with pytest.raises(ValueError, match=r"chunk 1 of data.kinds: expected the model's tasks"):
        call(model, [data.only("click")])
    with pytest.raises(TypeError, match="chunk 2 of data: expected a TaskData, got int"):
        call(model, [data, 3])
    with pytest.raises(TypeError, match="data: expected chunks of TaskData, got none"):
        call(model, iter([]))


def test_bare_features_that_do_not_fit():
    model = built(TABULAR)
    with pytest.raises(ValueError, match=r"features\['codes'\]: .* here 2, got 3 in column 0, row 0"):
        predict(model, {"numeric": X[:1], "codes": [[3, 0]]})
    with pytest.raises(ValueError, match=r"data.features: expected rows of shape .*, got \(4,\)"):
        predict(model, X)
    with pytest.raises(
        TypeError, match=r"data: expected an array .* as the model takes no codes, got a dict of \['numeric'\]"
    ):
        predict(built(DATA), {"numeric": X})
    with pytest.raises(ValueError, match=r"features: expected finite numbers, got nan in column 2, row 1"):
        predict(built(DATA), np.where(np.arange(12).reshape(3, 4) == 6, np.nan, 0))


def test_slices_without_a_sample_of_a_task():
    model = built(DATA)
    outside = DATA.take(~CLICK)
    assert not outside.mask["watch"].any()
    assert outside.describe().loc["watch", "samples"] == 0
    assert np.isnan(outside.describe().loc["watch", "mean"])
    for call in (predict, gate_weights):
        assert len(call(model, outside)) == len(call(model, DATA))
    found = predict(model, outside)
    with pytest.raises(
        ValueError, match=r"data.mask\['watch'\]: expected at least one sample .* got none; leave the task out"
    ):
        evaluate(outside, found)
    assert set(evaluate(outside.only("click"), found)) == {("click", "auc"), ("click", "log_loss")}
    with pytest.raises(ValueError, match=r"train.mask\['watch'\]: expected at least one sample"):
        fit(model, outside)
    with pytest.raises(ValueError, match=r"valid.mask\['watch'\]: expected at least one sample"):
        fit(model, DATA, outside)
    with pytest.raises(
        ValueError, match=r"train: expected at least one sample in .* every task, got none of \['watch'\]"
    ):
        fit(model, [outside.take([0, 1]), outside.take([2])], epochs=1, show_progress=False)


@pytest.mark.parametrize("data", [DATA, TABULAR], ids=["numbers", "codes"])
def test_metrics_and_validation_of_chunks(data):
    """As of the same rows in one piece; of chunks no features stay."""
    model = built(data)
    p = predict(model, data)
    assert evaluate(chunked(data), p) == evaluate(data, p)
    one, other = (built(data) for _ in range(2))
    options = {"epochs": 2, "batch_size": 64, "patience": 2, "monitor": "val_click_auc", "show_progress": False}
    expected, found = fit(one, data, data, **options), fit(other, data, chunked(data), **options)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
    assert TaskData.without_features(chunked(data)).features.shape == (ROWS, 0)
    with pytest.raises(TypeError, match="data: expected a TaskData, or chunks of them, got int"):
        evaluate(3, p)
    with pytest.raises(ValueError, match=r"data.labels: expected one array for each of \['click', 'watch'\], got none"):
        evaluate([TaskData(X, {}, KINDS)], p)
    with pytest.raises(ValueError, match=r"data: expected chunks of the kinds .*, got {'click': 'binary'}"):
        evaluate([data, data.only("click")], p)


def test_large_numbers_are_warned_of():
    raw = pd.DataFrame({"age": 40 + X[:, 0], "seconds": 1e6 * np.arange(ROWS), "year": 2000 + np.arange(ROWS) % 30})
    data = TaskData(raw, LABELS, KINDS)
    once = {"epochs": 1, "show_progress": False}
    message = r"train.features: large numbers in column 'seconds' \(0 to 2.99e\+08\), 'year' \(2000 to 2029\), on .*; standardise"
    with pytest.warns(UserWarning, match=message) as caught:
        fit(built(data), data, **once)
    assert caught[0].filename == __file__  # where fit is called
    with pytest.warns(UserWarning, match=r"large numbers in column 1 .*"):
        fit(built(data), [TaskData(raw.to_numpy(), LABELS, KINDS)], **once)
    scaled = TaskData((raw - raw.mean()) / raw.std(), LABELS, KINDS)
    for train, valid, where in (
        ([scaled, data, data], None, "chunk 2 of train"),
        (scaled, data, "valid"),
        (scaled, [scaled, data, data], "chunk 2 of valid"),
        (data, data, "train"),
    ):
        with pytest.warns(UserWarning, match=rf"^{where}.features: large numbers in column 'seconds'") as caught:
            fit(built(data), train, valid, **once | {"epochs": 2})
        assert len(caught) == 1
    inputs = keras.Input((3,))
    heads = {
        task: keras.layers.Dense(1, a)(keras.layers.Rescaling(1e-6)(inputs))
        for task, a in zip(KINDS, ("sigmoid", None), strict=True)
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(built(scaled), scaled, **once)
        fit(keras.Model(inputs, heads), data, **once)  # it scales by itself
        predict(built(data), data)


def test_columns_of_the_validation_part_in_another_order():
    train, valid = (TaskData(pd.DataFrame(X, columns=list(names)), LABELS, KINDS) for names in ("abcd", "abdc"))
    message = "valid.features: expected the columns of the training data in their order, 'c' in place 2, got 'd'"
    with pytest.raises(ValueError, match=message):
        fit(built(train), train, valid, epochs=1, show_progress=False)
    for parts in ((train, [train, valid]), ([train, valid], None)):
        with pytest.raises(ValueError, match=f"chunk 2 of {'train' if parts[1] is None else message}"):
            fit(built(train), *parts, epochs=1, show_progress=False)
    model = built(train)
    assert predict(model, valid.features).keys() == predict(model, valid).keys()  # it knows no names yet
    fit(model, train, epochs=1, show_progress=False)
    for given in (valid, pd.DataFrame(X, columns=list("abdc"))):
        with pytest.raises(ValueError, match=message.replace("valid", "data")):
            predict(model, given)
    for given in (train, pd.DataFrame(X, columns=list("abcd")), X):
        assert len(predict(model, given)["click"]) == ROWS
