"""The exercises of chapter 03: the right answer is right, and each typical mistake is told by name."""

import numpy as np
import pytest

from ple_tutorial.exercises import verdict


def right_mean(labels, predictions, mask):
    return np.mean((labels - predictions)[mask] ** 2) if mask.any() else 0.0


def right_least(g_a, g_b):
    return np.clip((g_b - g_a) @ g_b / ((g_a - g_b) @ (g_a - g_b)), 0, 1)


RIGHT = {"03.1": right_mean, "03.2": lambda a, b: min(a[1], b[1]) < 0 < max(a[0], b[0]), "03.3": right_least}
WRONG = [
    ("03.1", lambda y, p, m: np.sum((y - p) ** 2 * m), "NaN times zero"),
    ("03.1", lambda y, p, m: np.sum((y - p)[m] ** 2) / len(y), "mean over the batch"),
    ("03.1", lambda y, p, m: np.sum((y - p)[m] ** 2), "this is the sum"),
    ("03.1", lambda y, p, m: np.abs(y - p)[m].mean(), "the mean is 2.5"),
    ("03.1", lambda y, p, m: np.mean((y - p)[m] ** 2) if m.any() else 1.0, "should count 0"),
    ("03.2", lambda a, b: sum(a) * sum(b) < 0, "contains zero"),
    ("03.2", lambda a, b: a[1] < 0 or b[1] < 0, "the first interval contains zero"),
    ("03.2", lambda a, b: a[0] > 0 > b[1], "which of the two tasks"),
    ("03.2", lambda a, b: not (a[0] < 0 < a[1] or b[0] < 0 < b[1]), "both tasks lose"),
    ("03.2", lambda a, b: (a[0] > 0) != (b[0] > 0), "the second interval contains zero"),
    ("03.3", lambda g_a, g_b: (g_b - g_a) @ g_b / ((g_a - g_b) @ (g_a - g_b)), "clip it"),
    ("03.3", lambda g_a, g_b: 1 - right_least(g_a, g_b), "this is the weight of b"),
    ("03.3", lambda g_a, g_b: 0.5, "the shortest sum has w = 0.1"),
]


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
