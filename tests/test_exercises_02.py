"""The exercises of chapter 02: the right answer is right, and each typical mistake is told by name."""

import numpy as np
import pytest

from ple_tutorial.exercises import verdict
from ple_tutorial.metrics import METRICS, mtl_gain


def right_gains(metric, multi, single):
    return METRICS[metric][1] * (multi - single)


def means(gains):
    return np.random.default_rng(1).choice(gains, (5000, len(gains))).mean(axis=1)


def right_interval(gains):
    return np.quantile(means(gains), (0.025, 0.975))


RIGHT = {"02.1": -0.28, "02.2": right_gains, "02.3": right_interval}
WRONG = [
    ("02.1", 1.4, "lies between -1 and 1"),
    ("02.1", -0.8, "negative eigenvalue"),
    ("02.1", 0.0, "can stand further apart"),
    ("02.1", [0.1, 0.2], "shape"),
    ("02.1", "low", "array of numbers"),
    ("02.2", lambda metric, multi, single: multi - single, "sign is turned for mse"),
    ("02.2", lambda metric, multi, single: single - multi, "sign is turned for auc"),
    ("02.2", lambda metric, multi, single: np.mean(multi - single), "the mean comes later"),
    ("02.2", lambda metric, multi, single: (multi - single) / single, "relative gain"),
    ("02.2", lambda metric, multi, single: np.sort(multi) - np.sort(single), "not the differences"),
    ("02.3", lambda gains: (gains.mean(), gains.mean()), "no width"),
    ("02.3", lambda gains: np.quantile(gains, (0.025, 0.975)), "not of the gains"),
    ("02.3", lambda gains: right_interval(gains)[::-1], "above the upper end"),
    ("02.3", lambda gains: right_interval(gains - 0.01), "its ends should be near"),
    ("02.3", lambda gains: np.quantile(means(gains), (0.05, 0.95)), "its ends should be near"),
    ("02.3", lambda gains: 1 / 0, "it raised ZeroDivisionError"),
]


def test_the_packages_own_interval_is_right():
    def own(gains):
        gain = mtl_gain("auc", gains, np.zeros(len(gains)))
        return gain.low, gain.high

    assert verdict("02.3", own) == (True, "right.")


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_the_right_answer_is_right(name):
    assert verdict(name, RIGHT[name]) == (True, "right.")
    assert verdict(name, None) == (False, "no answer yet.")


@pytest.mark.parametrize(("name", "answer", "told"), WRONG)
def test_a_mistake_is_told(name, answer, told):
    right, sentence = verdict(name, answer)
    assert not right
    assert sentence.startswith("not yet: ")
    assert told is None or told in sentence
