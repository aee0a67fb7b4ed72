"""The checks of chapter 00's exercises: right answers, and mistakes told by name."""

import numpy as np
import pytest

from ple_tutorial.exercises import verdict

LABELS, OUTPUTS = np.array([0, 1, 0, 2, 1, 3.0]), np.array([[0.5], [1.0], [-0.5], [2.0], [2.0], [2.0]])
ERRORS = OUTPUTS[:, 0] - LABELS
COUNTS = {"task gate": 3, "shared gate": 5, "gates": 7}
WORDS = {"A": "negative transfer", "B": "seesaw", "C": "sample space", "D": "gate weights"}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("00.1", COUNTS),
        ("00.2", np.mean(ERRORS**2)),
        ("00.3", WORDS),
        (
            "00.3",
            {
                "A": "Negative transfer",
                "B": "the seesaw phenomenon".removeprefix("the "),
                **{k: WORDS[k] for k in "CD"},
            },
        ),
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, "right.")


@pytest.mark.parametrize("name", ["00.1", "00.2", "00.3"])
def test_no_answer(name):
    assert verdict(name, None) == (False, "no answer yet.")


@pytest.mark.parametrize(
    ("name", "answer", "fragment"),
    [
        ("00.1", 7, "a dict with the keys"),
        ("00.1", COUNTS | {"task gate": 5}, "does not see the other tasks'"),
        ("00.1", COUNTS | {"task gate": 2}, "own expert, not the shared experts alone"),
        ("00.1", COUNTS | {"task gate": 1}, "also sees the shared experts"),
        ("00.1", COUNTS | {"shared gate": 2}, "every expert of its level, not the shared"),
        ("00.1", COUNTS | {"shared gate": 3}, "the shared ones too"),
        ("00.1", COUNTS | {"gates": 8}, "the last level has no shared gate"),
        ("00.1", COUNTS | {"gates": 6}, "besides the tasks' gates"),
        ("00.1", COUNTS | {"gates": 4}, "both levels"),
        ("00.1", COUNTS | {"gates": 11}, "print the routing table"),
        ("00.2", np.mean((OUTPUTS - LABELS) ** 2), "every prediction met every label"),
        ("00.2", np.sum(ERRORS**2), "divide by the number"),
        ("00.2", np.sqrt(np.mean(ERRORS**2)), "the root"),
        ("00.2", np.mean(np.abs(ERRORS)), "mean absolute error"),
        ("00.2", np.mean(ERRORS), "square before you average"),
        ("00.2", 17.0, "average the six squared"),
        ("00.2", ERRORS**2, "shape ()"),
        ("00.3", ["negative transfer"], "a dict with the keys"),
        ("00.3", WORDS | {"A": "seesaw", "B": "negative transfer"}, "A and B are swapped"),
        ("00.3", WORDS | {"A": "seesaw"}, "A: compare with the model that was trained alone"),
        ("00.3", WORDS | {"C": "mask"}, "C: ask on which samples"),
        ("00.3", WORDS | {"D": "gate"}, "D: the gate is a part of the network"),
        ("00.3", WORDS | {"D": "tower"}, "D: numbers of one sample"),
    ],
)
def test_mistakes_are_told_by_name(name, answer, fragment):
    right, sentence = verdict(name, answer)
    assert not right and fragment in sentence


def test_the_map_of_00_1_is_the_routing_table():
    from ple_tutorial.routing import routing

    table = routing("ple", ["watch", "share", "comment"], shared_experts=2, task_experts=1, levels=2)
    gates = [level.mixers for level in table.levels]
    assert {
        "task gate": len(table.expert_names(1, "watch")),
        "shared gate": len(table.expert_names(1, "shared")),
        "gates": sum(map(len, gates)),
    } == COUNTS
