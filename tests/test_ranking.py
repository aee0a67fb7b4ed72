"""Score fusion: values by hand, what leaves the order alone, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from ple_tutorial.ranking import fused_score

P = {"VTR": [0.5, 0.2, 0.4], "VCR": [0.9, 0.3, 0.5], "SHR": [0.01, 0.04, 0.09]}
WEIGHTS = {"VTR": 1, "VCR": 2, "SHR": 0.5}
SECONDS = [0, np.e - 1, np.e**2 - 1]


def test_values_by_hand():
    # 0.2 * 0.09 * 0.2 * 1 and 0.4 * 0.25 * 0.3 * 2; a video without a length has log(1) = 0
    np.testing.assert_allclose(fused_score(P, WEIGHTS, SECONDS), [0, 0.0036, 0.06], rtol=1e-12)
    np.testing.assert_allclose(fused_score(P, WEIGHTS, SECONDS, "none"), [0.0405, 0.0036, 0.03], rtol=1e-12)
    np.testing.assert_allclose(fused_score(P, {"VTR": 1}, [60, 60, 60], "sigmoid"), [0.25, 0.1, 0.2], rtol=1e-12)


def test_sigmoid_rises_from_near_zero_to_one_around_a_minute():
    f = fused_score({"VTR": np.ones(5)}, {"VTR": 1}, [0, 30, 60, 90, 3600], "sigmoid")
    np.testing.assert_allclose(f, [0.1192, 0.2689, 0.5, 0.7311, 1], atol=1e-4)


def test_a_function_of_seconds_of_ones_own():
    scores = fused_score(P, {"VTR": 1}, [10, 20, 30], lambda seconds: seconds / 10)
    np.testing.assert_allclose(scores, [0.5, 0.4, 1.2])


def test_only_the_tasks_with_a_weight_count():
    np.testing.assert_array_equal(
        fused_score(P, {"VTR": 1}, SECONDS),
        fused_score(
            {"VTR": P["VTR"]},
            {
                "VTR": 1,
            },
            SECONDS,
        ),
    )
    np.testing.assert_array_equal(fused_score(P, {"VTR": 1, "SHR": 0}, SECONDS), fused_score(P, {"VTR": 1}, SECONDS))


def test_a_prediction_of_zero_ends_it_unless_its_weight_is_zero():
    p = {"VTR": [0.5], "SHR": [0.0]}
    assert fused_score(p, {"VTR": 1, "SHR": 0.01}, [9], "none")[0] == 0
    assert fused_score(p, {"VTR": 1, "SHR": 0}, [9], "none")[0] == 0.5


def test_a_constant_factor_keeps_the_order_and_a_power_is_a_weight():
    rng = np.random.default_rng(0)
    p = {task: rng.uniform(0.01, 0.5, 50) for task in P}
    seconds = rng.uniform(5, 500, 50)
    scores = fused_score(p, WEIGHTS, seconds)
    scaled = fused_score(p | {"SHR": 2 * p["SHR"]}, WEIGHTS, seconds)
    np.testing.assert_allclose(scaled, scores * 2**0.5)
    bent = fused_score(p | {"SHR": p["SHR"] ** 3}, WEIGHTS, seconds)
    np.testing.assert_allclose(bent, fused_score(p, WEIGHTS | {"SHR": 1.5}, seconds))
    assert (np.argsort(bent) != np.argsort(scores)).any()
    shifted = fused_score(p | {"SHR": p["SHR"] + 0.3}, WEIGHTS, seconds)
    assert (np.argsort(shifted) != np.argsort(scores)).any()


def test_takes_series_and_gives_an_array():
    scores = fused_score({"VTR": pd.Series([0.5, 0.2], ["x", "y"])}, {"VTR": 1}, pd.Series([1, 2], ["x", "y"]))
    assert isinstance(scores, np.ndarray) and scores.dtype == np.float64 and scores.shape == (2,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": {"VTRR": 1}}, "weights: expected one of VTR, VCR, SHR, got 'VTRR'; did you mean 'VTR'?"),
        ({"weights": {}}, "weights: expected at least one task, got none"),
        ({"weights": {"VTR": -1}}, r"weights\['VTR'\]: expected a number from 0"),
        ({"weights": {"VTR": np.nan}}, r"weights\['VTR'\]: .* got nan"),
        ({"predictions": P | {"VCR": [0.9, 1.2, 0.5]}}, r"predictions\['VCR'\]: .* got 1.2 at position 1"),
        ({"predictions": P | {"VCR": [0.9, 0.2, -0.1]}}, r"predictions\['VCR'\]: .* got -0.1 at position 2"),
        ({"predictions": P | {"SHR": [np.nan, 0.2, 0.1]}}, r"predictions\['SHR'\]: .* got nan at position 0"),
        ({"predictions": P | {"SHR": [0.2, 0.1]}}, r"predictions\['SHR'\]: expected shape \(3,\), got shape \(2,\)"),
        ({"predictions": P | {"SHR": np.ones((3, 1))}}, r"predictions\['SHR'\]: expected shape \(3,\)"),
        ({"video_len": [1, -5, 2]}, "video_len: expected finite numbers of 0 or more, got -5 at position 1"),
        ({"video_len": [1, np.inf, 2]}, "video_len: .* got inf at position 1"),
        ({"video_len": 60}, r"video_len: expected shape \(batch,\), got shape \(\)"),
        ({"f": "logs"}, "f: expected one of log, sigmoid, none, got 'logs'; did you mean 'log'?"),
        ({"f": lambda seconds: seconds - 60}, r"f\(video_len\): expected finite numbers of 0 or more, got -59"),
        ({"f": lambda seconds: seconds.mean()}, r"f\(video_len\): expected shape \(3,\), got shape \(\)"),
    ],
)
def test_bad_values_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        fused_score(**{"predictions": P, "weights": WEIGHTS, "video_len": [1, 2, 3]} | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [1, 2, 0.5]}, "weights: expected a dict"),
        ({"predictions": np.ones((3, 3))}, "predictions: expected a dict"),
        ({"weights": {"VTR": "1"}}, r"weights\['VTR'\]: .* got '1'"),
        ({"video_len": ["1:00", "2:00", "3:00"]}, "video_len: expected real numbers"),
    ],
)
def test_wrong_kinds_are_refused_by_name(change, message):
    with pytest.raises(TypeError, match=message):
        fused_score(**{"predictions": P, "weights": WEIGHTS, "video_len": [1, 2, 3]} | change)
