"""The checks of chapter 01's exercises: right answers, and mistakes told by name."""

import numpy as np
import pytest

from ple_tutorial.exercises import verdict

PLAY = np.array([1, 1, 0, 1, 0, 1, 1, 0], bool)
CLICK = np.array([0, 1, 0, 0, 0, 1, 1, 0], bool)
ERRORS = np.array([0.2, 0.9, 0, 0.1, 0, 1.0, 0.6, 0]) - np.array([0.3, 0.7, 0.4, 0.4, 0.5, 0.8, 0.6, 0.2])


def crossing(one, other, weights, task, f=np.log1p, keep=False, sign=1, divide=True):
    rest = sum(w * np.log(one[t] / other[t]) for t, w in weights.items() if keep or t != task)
    if f is not None:
        rest += np.log(f(one["seconds"]) / f(other["seconds"]))
    return -sign * rest / (np.log(one[task] / other[task]) if divide else 1)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("01.1", np.mean(ERRORS[PLAY] ** 2)),
        ("01.2", crossing),
        ("01.3", np.square),
        ("01.3", np.sqrt),
        ("01.3", lambda p: 0.5 + p / 2),
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, "right.")


@pytest.mark.parametrize("name", ["01.1", "01.2", "01.3"])
def test_no_answer(name):
    assert verdict(name, None) == (False, "no answer yet.")


def with_mistake(**mistake):
    return lambda one, other, weights, task: crossing(one, other, weights, task, **mistake)


@pytest.mark.parametrize(
    ("name", "answer", "fragment"),
    [
        ("01.1", np.mean(ERRORS**2), "averaged over all eight"),
        ("01.1", np.sum(ERRORS[PLAY] ** 2) / 8, "not by the batch"),
        ("01.1", np.mean(ERRORS[CLICK] ** 2), "defined on every play"),
        ("01.1", np.sum(ERRORS[PLAY] ** 2), "divide it by their number"),
        ("01.1", np.mean(np.abs(ERRORS[PLAY])), "mean absolute error"),
        ("01.1", np.sqrt(np.mean(ERRORS[PLAY] ** 2)), "the root"),
        ("01.1", 0.5, "the five plays"),
        ("01.1", "small", "array of numbers"),
        ("01.2", 0.3, "the function itself"),
        ("01.2", with_mistake(sign=-1), "the sign is turned round"),
        ("01.2", with_mistake(f=None), "the length counts"),
        ("01.2", with_mistake(f=np.log), "not log(seconds)"),
        ("01.2", with_mistake(keep=True), "left the task's present weight"),
        ("01.2", with_mistake(divide=False), "divide by the difference"),
        ("01.2", lambda *_: 1.0, "the two scores differ"),
        ("01.2", lambda *_: None, "the weight"),
        ("01.2", lambda one: 1.0, "it raised TypeError"),
        ("01.3", 2, "the function itself"),
        ("01.3", lambda p: 0.5 * p, "a constant factor"),
        ("01.3", lambda p: 10 * p, "leaves the range"),
        ("01.3", lambda p: 1 - p, "does not rise"),
        ("01.3", lambda p: np.round(p, 1), "does not rise"),
        ("01.3", lambda p: p ** (1 + 1e-9), "bend it more"),
        ("01.3", lambda p: p[0], "the shape (200,)"),
    ],
)
def test_mistakes_are_told_by_name(name, answer, fragment):
    right, sentence = verdict(name, answer)
    assert not right and fragment in sentence
