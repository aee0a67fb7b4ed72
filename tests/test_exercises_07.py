"""The exercises of chapter 07: the right answer is right, and each typical mistake is told by name."""

import numpy as np
import pytest
from scipy.stats import entropy

from ple_tutorial.exercises import verdict


def right_entropy(weights):
    return entropy(weights, axis=1).mean() / np.log(weights.shape[1])


def right_share(experts, weights, group):
    return weights[:, [name.rpartition("_")[0] == group for name in experts]].sum(axis=1).mean()


RIGHT = {"07.1": right_entropy, "07.2": right_share, "07.3": lambda w, limit: (w.max(axis=1) > limit).mean()}
WRONG = [
    ("07.1", lambda w: entropy(w, axis=1).mean(), "divide by the logarithm"),
    ("07.1", lambda w: entropy(w.mean(axis=0)) / np.log(w.shape[1]), "entropy of the mean weights"),
    ("07.1", lambda w: 0.5, "should have 1, but has 0.5"),
    (
        "07.1",
        lambda w: -(w * np.log(w, where=w > 0, out=np.full(w.shape, np.nan))).sum(1).mean() / np.log(w.shape[1]),
        "0 log 0",
    ),
    ("07.1", lambda w: (1 - (w**2).sum(axis=1)).mean() / (1 - 1 / w.shape[1]), "0.946"),
    ("07.1", lambda w: entropy(w, axis=1).mean() / np.log(4), "0.946"),
    ("07.2", lambda e, w, g: w[:, [n[:-2] == g for n in e]].sum(axis=1).mean(), "two digits"),
    ("07.3", lambda w, limit: ((w[:, 0] > limit) | (w[:, 0] < 1 - limit)).mean(), "three experts"),
    ("07.2", lambda e, w, g: w[:, [n.startswith(g) for n in e]].sum(axis=1).mean(), "starts alike"),
    ("07.2", lambda e, w, g: w[:, [n.rpartition("_")[0] == g for n in e]].mean(), "mean weight of one expert"),
    ("07.2", lambda e, w, g: w[0].max(), None),
    ("07.2", lambda e, w, g: 0.3, "in the mean 0.4"),
    ("07.3", lambda w, limit: (w.mean(axis=0) > limit).mean(), "near one half"),
    ("07.3", lambda w, limit: (w[:, 0] > limit).mean(), "one expert only"),
    ("07.3", lambda w, limit: (w.max(axis=1) > limit).sum(), "this is a count"),
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
