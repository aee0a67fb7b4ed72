"""The exercises of chapter 05: the right answer is right, and each typical mistake is told by name."""

import numpy as np
import pytest
from scipy.special import softmax

from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.diagnostics import reach
from ple_tutorial.exercises import verdict
from ple_tutorial.models import build_model


def mixed(weights, *groups):
    return np.einsum("be,beu->bu", weights, np.concatenate(groups, axis=1))


def cgc(x, own, shared, kernel):
    return mixed(softmax(x @ kernel, axis=1), own, shared)


def two_softmaxes(x, own, shared, kernel):
    logits = x @ kernel
    return mixed(softmax(logits[:, :2], axis=1), own) + mixed(softmax(logits[:, 2:], axis=1), shared)


REACH = [[1, 0, 1], [0, 1, 1], [0, 0, 1]]
RIGHT = {"05.1": REACH, "05.2": (2, 4), "05.3": cgc}
WRONG = [
    ("05.1", np.ones((3, 4)), "(3, 3), but it has (3, 4)"),
    ("05.1", "abc", "array of numbers"),
    ("05.1", np.transpose(REACH), "transposed"),
    ("05.1", [[2, 0, 1], [0, 1, 1], [0, 0, 1]], "0 or 1"),
    ("05.1", np.ones((3, 3)), "MMoE"),
    ("05.1", np.eye(3), "sees the shared experts"),
    ("05.1", [[1, 0, 1], [0, 1, 1], [1, 1, 1]], "task c has no experts"),
    ("05.1", [[1, 1, 1], [1, 1, 1], [0, 0, 1]], "and no others"),
    ("05.2", 2, "shape (2,)"),
    ("05.2", (4, 2), "other order"),
    ("05.2", (6, 6), "4 x own + shared"),
    ("05.2", (2, 3), "are 11 experts"),
    ("05.2", (3, 0), "3 experts; it should see at least 5"),
    ("05.2", (1, 8), "could have more"),
    ("05.3", 1.0, "the function itself"),
    ("05.3", lambda x, own, shared, kernel: cgc(x, shared, own, kernel), "own first"),
    ("05.3", lambda x, own, shared, kernel: mixed(softmax(x @ kernel, axis=0), own, shared), "over the batch"),
    ("05.3", lambda x, own, shared, kernel: mixed(x @ kernel, own, shared), "softmax is missing"),
    ("05.3", lambda x, own, shared, kernel: mixed(np.exp(x @ kernel), own, shared), "not divided"),
    ("05.3", two_softmaxes, "one softmax over all"),
    ("05.3", lambda x, own, shared, kernel: 2 * cgc(x, own, shared, kernel), "the numbers are not"),
    ("05.3", lambda x, own, shared, kernel: own, "shape (5, 4)"),
    ("05.3", lambda *given: cgc(*given).squeeze(), "a batch of one"),
    ("05.3", lambda x, own: own, "TypeError"),
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
    assert told in sentence


def test_the_reach_matrix_is_the_models():
    tasks = dict.fromkeys("abc", "regression")
    data = make_synthetic(200, np.eye(3), features=4, tasks=tasks)
    model = build_model("cgc", features=4, tasks=tasks, shared_experts=1, task_experts={"a": 2, "b": 1, "c": 0})
    table = reach(model, data)[[f"level1 {group} experts" for group in ("a", "b", "shared")]]
    assert ((table > 0).to_numpy() == REACH).all()
