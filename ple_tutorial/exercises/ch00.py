"""The checks of chapter 00: Start here."""

import numpy as np

from ple_tutorial.exercises.answers import array_wrong, recognised
from ple_tutorial.exercises.register import exercise


@exercise("00.1")
def _who_sees_whom(answer):
    """The gates of a PLE of two levels: three tasks with one expert each, two shared experts."""
    right = {"task gate": 3, "shared gate": 5, "gates": 7}
    if not isinstance(answer, dict) or set(answer) != set(right):
        return f"the answer is a dict with the keys {sorted(right)}"
    said = {
        ("task gate", 2): "a task gate also sees its task's own expert, not the shared experts alone",
        ("task gate", 5): "a task gate does not see the other tasks' experts",
        ("task gate", 1): "a task gate also sees the shared experts, not its own alone",
        ("shared gate", 2): "the shared gate sees every expert of its level, not the shared experts alone",
        ("shared gate", 3): "the shared gate sees every expert of its level, the shared ones too",
        ("gates", 8): "the last level has no shared gate: nobody would read it",
        ("gates", 6): "the first level has a shared gate besides the tasks' gates",
        ("gates", 4): "count the gates of both levels",
    }
    for key, number in right.items():
        if answer[key] != number:
            return said.get((key, answer[key]), f"{key!r} is not {answer[key]!r}; print the routing table and count")
    return None


@exercise("00.2")
def _column_or_row(answer):
    """The mean squared error of predictions (6, 1) and labels (6,)."""
    labels, outputs = np.array([0, 1, 0, 2, 1, 3.0]), np.array([[0.5], [1.0], [-0.5], [2.0], [2.0], [2.0]])
    errors, square = outputs[:, 0] - labels, (outputs - labels) ** 2
    wrong = array_wrong(answer, (), "the mean squared error")
    if wrong or np.isclose(answer, (errors**2).mean(), atol=5e-4):
        return wrong
    said = {
        "(6, 1) minus (6,) is (6, 6): every prediction met every label. Take the column out first": square.mean(),
        "that is the sum of the squares; divide by the number of samples": (errors**2).sum(),
        "that is the root of the mean squared error": np.sqrt((errors**2).mean()),
        "that is the mean absolute error; square the differences": abs(errors).mean(),
        "that is the mean difference; square before you average": errors.mean(),
    }
    return recognised(answer, said, "average the six squared differences")


@exercise("00.3")
def _name_it(answer):
    """Four situations, four words."""
    right = {"A": "negative transfer", "B": "seesaw", "C": "sample space", "D": "gate weights"}
    hints = {
        "A": "compare with the model that was trained alone: both tasks lost",
        "B": "one task went up because the other went down",
        "C": "ask on which samples the label exists at all",
        "D": "numbers of one sample that sum to one",
    }
    if not isinstance(answer, dict) or set(answer) != set(right):
        return f"the answer is a dict with the keys {sorted(right)}"
    given = {key: str(word).strip().lower().removesuffix(" phenomenon") for key, word in answer.items()}
    if (given["A"], given["B"]) == (right["B"], right["A"]):
        return "A and B are swapped: in a seesaw somebody goes up"
    if given["D"] in ("gate", "experts", "expert"):
        return f"D: the {given['D']} is a part of the network; the numbers have a name of their own"
    wrong = [key for key, word in right.items() if given[key] not in (word, word + "s", word.removesuffix("s"))]
    return f"{wrong[0]}: {hints[wrong[0]]}" if wrong else None
