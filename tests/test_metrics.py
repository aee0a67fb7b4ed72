"""Metrics by hand, the sign of the MTL gain, its pairs and its interval."""

import numpy as np
import pandas as pd
import pytest

from ple_tutorial.data import TaskData
from ple_tutorial.metrics import METRICS, evaluate, gain_table, mtl_gain

KINDS = {"v": "regression", "c": "binary"}


def data(mask=None):
    labels = {"v": np.array([1.0, 2, 3, 4]), "c": np.array([0, 1, 1, 0])}
    return TaskData(np.zeros((4, 1)), labels, KINDS, mask or {})


PREDICTIONS = {"v": np.array([1.0, 2, 5, 3]), "c": np.array([0.1, 0.8, 0.4, 0.4])}


def test_by_hand():
    # Of the four pairs of a one and a zero three are in order and one is a tie
    expected = {
        ("v", "mse"): (4 + 1) / 4,
        ("c", "auc"): 3.5 / 4,
        ("c", "log_loss"): -np.log([0.9, 0.8, 0.4, 0.6]).mean(),
    }
    assert evaluate(data(), PREDICTIONS) == pytest.approx(expected)
    columns = {task: p.astype(np.float32)[:, None] for task, p in PREDICTIONS.items()}  # as a model puts them out
    assert evaluate(data(), columns) == pytest.approx(expected, rel=1e-6)
    assert all(type(value) is float for value in evaluate(data(), columns).values())


def test_excess_is_measured_against_what_is_to_be_expected():
    """Over all samples, whatever the label and the sample space say."""
    mask = {"v": np.array([True, False, True, False])}
    expected = {"v": np.array([1.0, 1, 4, 4]), "c": np.array([0.1, 0.6, 0.6, 0.4])}
    scores = evaluate(data(mask), PREDICTIONS, expected)
    assert scores["v", "excess"] == (0 + 1 + 1 + 1) / 4
    assert scores["c", "excess"] == pytest.approx((0 + 0.04 + 0.04 + 0) / 4)
    with pytest.raises(ValueError, match=r"expected: expected an array \(4,\) for each of .* got none for 'c'"):
        evaluate(data(), PREDICTIONS, {"v": expected["v"]})


def test_in_the_sample_space_alone():
    mask = {"v": np.array([True, False, True, False]), "c": np.array([True, True, True, False])}
    expected = {("v", "mse"): 2.0, ("c", "auc"): 1.0, ("c", "log_loss"): -np.log([0.9, 0.8, 0.4]).mean()}
    assert evaluate(data(mask), PREDICTIONS) == pytest.approx(expected)


def test_auc_does_not_see_the_scale_and_log_loss_is_finite():
    certain = {"v": np.zeros(4), "c": np.array([0.0, 1, 0, 0])}  # certain, and wrong once
    scores = evaluate(data(), certain)
    assert scores["c", "auc"] == 0.75
    assert scores["c", "log_loss"] == pytest.approx(-np.log(1e-7) / 4, rel=1e-4)
    small = evaluate(data(), {"v": np.zeros(4), "c": PREDICTIONS["c"] * 1e-9})
    assert small["c", "auc"] == evaluate(data(), PREDICTIONS)["c", "auc"]


def test_auc_of_one_class_is_not_a_number():
    mask = {"c": np.array([False, True, True, False])}
    scores = evaluate(data(mask), PREDICTIONS)
    assert np.isnan(scores["c", "auc"])
    assert scores["c", "log_loss"] == pytest.approx(-np.log([0.8, 0.4]).mean())


def test_large_errors_do_not_overflow():
    scores = evaluate(data(), PREDICTIONS | {"v": np.full(4, 1e30, np.float32)})
    assert scores["v", "mse"] == pytest.approx(1e60)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"c": None}, r"predictions: expected one array for each of \['v', 'c'\], got none for 'c'"),
        ({"c": np.zeros(3)}, r"predictions\['c'\]: expected shape \(4,\) or \(4, 1\), got shape \(3,\)"),
        ({"c": np.zeros((4, 2))}, r"predictions\['c'\]: .* got shape \(4, 2\)"),
        ({"c": [0.2, 0.4, 1.5, 0.1]}, r"predictions\['c'\]: expected probabilities from 0 to 1 for a binary task"),
        ({"v": [1, 2, 3, np.nan]}, r"predictions\['v'\]: expected finite numbers, got nan in row 3 \(counted"),
        ({"v": [1, np.inf, 3, np.inf]}, r"predictions\['v'\]: .* got inf in row 1 \(counted from 0\)"),
    ],
)
def test_predictions_that_do_not_fit(change, message):
    predictions = {task: p for task, p in (PREDICTIONS | change).items() if p is not None}
    with pytest.raises(ValueError, match=message):
        evaluate(data(), predictions)


# MTL gain (Eq. 11)


@pytest.mark.parametrize("metric", METRICS)
def test_a_better_model_has_a_positive_gain(metric):
    right = {"v": np.array([1.0, 2, 3, 4]), "c": np.array([0.1, 0.9, 0.9, 0.1])}
    task = "v" if metric in ("mse", "excess") else "c"
    good, bad = (evaluate(data(), p, data().labels)[task, metric] for p in (right, PREDICTIONS))
    gain = mtl_gain(metric, [good, good, good], [bad, bad, bad])
    assert gain.mean == pytest.approx(abs(good - bad))
    assert gain.positive == 3
    assert mtl_gain(metric, [bad, bad], [good, good]).mean == pytest.approx(-abs(good - bad))


def test_gain_by_hand():
    gain = mtl_gain("mse", [1.0, 2, 4, 9], [2.0, 2.5, 3, 9])
    assert np.array_equal(gain.gains, [1, 0.5, -1, 0])
    assert (gain.mean, gain.median, gain.positive) == (0.125, 0.25, 2)
    assert -1 <= gain.low < gain.mean < gain.high <= 1
    assert np.array_equal(mtl_gain("auc", [1.0, 2, 4, 9], [2.0, 2.5, 3, 9]).gains, -gain.gains)
    assert str(gain) == f"+0.1250 [{gain.low:+.4f}, {gain.high:+.4f}], median +0.2500, 2/4 seeds gain"


def test_the_pairs_matter():
    rng = np.random.default_rng(0)
    hardness = rng.normal(0, 1, 30)  # of a seed's data, for both models
    single, multi = hardness + 2, hardness + 2 - 0.1 + rng.normal(0, 0.02, 30)
    paired, shuffled = mtl_gain("mse", multi, single), mtl_gain("mse", rng.permutation(multi), single)
    assert paired.mean == pytest.approx(shuffled.mean)
    assert paired.high - paired.low < 0.1 * (shuffled.high - shuffled.low)
    assert paired.low > 0 > shuffled.low
    assert paired.p_value < 0.001 < shuffled.p_value
    assert paired.positive == 30


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    gains = [mtl_gain("auc", rng.normal(0.3, 1, 25), np.zeros(25)) for _ in range(100)]
    assert 86 <= sum(gain.low <= 0.3 <= gain.high for gain in gains) <= 99
    assert all(gain.low < gain.mean < gain.high for gain in gains)
    assert 86 <= sum(mtl_gain("auc", g.gains - 0.3, np.zeros(25)).p_value > 0.05 for g in gains[:100]) <= 99


def test_more_confidence_is_a_wider_interval_and_every_call_gives_the_same():
    scores = np.random.default_rng(0).normal(0, 1, 12)
    narrow, wide, again = (mtl_gain("auc", scores, np.zeros(12), confidence=c) for c in (0.8, 0.99, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert (wide.low, wide.high) == (again.low, again.high)


@pytest.mark.parametrize(("gain", "p_value"), [(0.0, 1.0), (0.25, 2 / 2**6)])
def test_equal_gains(gain, p_value):
    result = mtl_gain("auc", np.full(6, 1.0), np.full(6, 1.0 - gain))
    assert (result.low, result.mean, result.high, result.p_value) == (gain, gain, gain, pytest.approx(p_value))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("acu", [1, 2], [1, 2]), "metric: expected one of auc, log_loss, mse, excess, got 'acu'; did you mean 'auc'"),
        (("auc", [1, 2], [1, 2, 3]), r"multi_task and single_task: .* got shapes \(2,\), \(3,\)"),
        (("auc", [1], [1]), "two rows of at least two paired runs"),
        (("auc", 1, 1), r"got shapes \(\), \(\)"),
        (("auc", [1, np.nan], [1, 1]), "expected finite scores"),
        (("auc", [1, 2], [1, np.inf]), "expected finite scores"),
        (("auc", [1, 2], [1, 1], 95), "confidence: expected a number from 0.5 to 0.999, got 95"),
    ],
)
def test_gain_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        mtl_gain(*arguments)


def runs():
    rows = [
        {"p": p, "architecture": name, "seed": seed, "a/mse": 1.0 + seed - better * p, "b/auc": 0.5 + better / 10}
        for p in (1.0, 0.0)
        for name, better in (("single-task", 0), ("ple", 0.5), ("mmoe", -0.25))
        for seed in (3, 1, 2)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def test_gain_table():
    table = gain_table(runs(), "a/mse", by=["p"])
    assert table.index.names == ["p", "architecture"]
    assert table["mean"].to_dict() == pytest.approx(
        {(0, "ple"): 0, (0, "mmoe"): 0, (1, "ple"): 0.5, (1, "mmoe"): -0.25}
    )
    assert table["positive"].to_dict() == {(0, "ple"): 0, (0, "mmoe"): 0, (1, "ple"): 3, (1, "mmoe"): 0}
    assert set(table["seeds"]) == {3}
    pd.testing.assert_frame_equal(gain_table(runs(), "a/mse", by="p"), table)
    one = gain_table(runs().query("p == 1"), "b/auc")
    assert one["mean"].to_dict() == pytest.approx({"ple": 0.05, "mmoe": -0.025})
    other = gain_table(runs().query("p == 1"), "b/auc", baseline="mmoe")
    assert other["mean"].to_dict() == pytest.approx({"ple": 0.075, "single-task": 0.025})


def test_gain_table_pairs_by_seed():
    frame = pd.DataFrame(
        {"architecture": ["ple"] * 3 + ["single-task"] * 3, "seed": [1, 2, 3, 3, 1, 2], "mse": [1.0, 2, 3, 4, 2, 3]}
    )
    assert np.array_equal(gain_table(frame, "mse")[["low", "mean", "high"]], [[1, 1, 1]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.iloc[1:], "runs: expected every architecture on every seed, got some missing"),
        (lambda r: r[r["architecture"] != "single-task"], "baseline: expected one of mmoe, ple, got 'single-task'"),
        (lambda r: r[r["architecture"] == "single-task"], "runs: expected the baseline and at least one other"),
        (lambda r: pd.concat([r, r]), "runs: expected one run for each architecture and seed, got some twice"),
        (lambda r: r.drop(columns="seed"), r"runs: expected the columns .* got none of \['seed'\]"),
    ],
)
def test_gain_table_refusals(change, message):
    with pytest.raises(ValueError, match=message):
        gain_table(change(runs()), "a/mse", by=["p"])


def test_the_interval_is_of_the_mean():
    """Three runs of twenty gain: no resample's median is above zero, while its mean nearly always is."""
    gain = mtl_gain("auc", [1.0] * 3 + [0.0] * 17, [0.0] * 20)
    assert (gain.mean, gain.median) == (pytest.approx(0.15), 0)
    spread = np.sqrt(0.15 * 0.85 / 20)  # of the mean of twenty draws
    assert gain.high == pytest.approx(0.15 + 1.96 * spread, abs=0.05)
    assert gain.low == pytest.approx(0, abs=0.05)
