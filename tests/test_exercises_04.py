"""The exercises of chapter 04: the right answer is right, and each typical mistake is told by name."""

import numpy as np
import pytest
from scipy.special import softmax

from ple_tutorial.exercises import verdict
from ple_tutorial.models import build_model


def mix(weights, outputs):
    return np.einsum("be,beu->bu", weights, outputs)


def unsafe(logits, temperature):
    exponentials = np.exp(logits / temperature)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


RIGHT = {"04.1": mix, "04.2": 14_818, "04.3": lambda logits, temperature: softmax(logits / temperature, axis=1)}
WRONG = [
    ("04.1", "be,beu->bu", "the function itself"),
    ("04.1", lambda w, o: w[:, :, None] * o, "not summed"),
    ("04.1", lambda w, o: np.einsum("be,beu->be", w, o), "the units are summed over"),
    ("04.1", lambda w, o: np.einsum("be,beu->u", w, o), "the batch is summed over"),
    ("04.1", lambda w, o: mix(w, o).T, "(5, 3), but it has (3, 5)"),
    ("04.1", lambda w, o: o.mean(axis=1), "no part"),
    ("04.1", lambda w, o: mix(w[:, ::-1], o), "of the same place"),
    ("04.1", lambda w, o: mix(w, o).squeeze(), "a batch of one"),
    ("04.1", lambda w, o: w @ o, None),
    ("04.2", "many", "array of numbers"),
    ("04.2", 13_218, "forgot the gates"),
    ("04.2", 14_018, "two gates"),
    ("04.2", 14_834, "have none"),
    ("04.2", 14_690, "biases of the experts"),
    ("04.2", 14_672, "all the biases"),
    ("04.2", 14_673, "two towers"),
    ("04.2", 13_056, "MMoE paper"),
    ("04.2", 16_610, "side by side"),
    ("04.2", 27_746, "count once"),
    ("04.2", 1, "count the experts once"),
    ("04.3", np.ones((5, 3)), "the function itself"),
    ("04.3", lambda x, t: softmax(x / t, axis=0), "over the batch"),
    ("04.3", lambda x, t: softmax(x * t, axis=1), "multiplied"),
    ("04.3", lambda x, t: softmax(x, axis=1), "no part"),
    ("04.3", lambda x, t: softmax(x, axis=1) / t, "inside the softmax"),
    ("04.3", lambda x, t: np.exp(x / t), "the first sums to"),
    ("04.3", lambda x, t: softmax(x / t**2, axis=1), "are not softmax"),
    ("04.3", lambda x, t: softmax(x / t, axis=1)[0], "shape (5, 3)"),
    ("04.3", unsafe, "overflow"),
    ("04.3", lambda x, t: 1 / 0, "ZeroDivisionError"),
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


def test_the_count_is_the_models():
    tasks = {"a": "regression", "b": "regression"}
    model = build_model("mmoe", features=100, tasks=tasks, shared_experts=8, expert_units=[16], tower_units=[8])
    assert model.count_params() == RIGHT["04.2"]
