"""The checks of chapter 00: Start here."""

import re

import numpy as np

from ple_tutorial.exercises.answers import as_dict, number_mistake, plain_word
from ple_tutorial.exercises.register import exercise


@exercise("00.1")
def _who_sees_whom(answer):
    """The gates of a PLE of two levels: three tasks with one expert each, two shared experts."""
    known = {
        "task gate": {
            1: "a task gate also sees the shared experts, not its own alone",
            2: "a task gate also sees its task's own expert, not the shared experts alone",
            5: "a task gate does not see the other tasks' experts",
            6: "count the experts of one level, not of both",
        },
        "shared gate": {
            2: "the shared gate sees every expert of its level, not the shared experts alone",
            3: "the shared gate sees every expert of its level: the tasks' and the shared ones",
            4: "the shared gate sees every expert of its level; there are two shared ones",
            10: "count the experts of one level, not of both",
        },
        "gates": {
            8: "the last level has no shared gate: nobody would read it",
            6: "the first level has a shared gate besides the tasks' gates",
            4: "count the gates of both levels",
            3: "count the gates of both levels, and the shared gate of the first",
            2: "count a gate for each task, and the shared gate",
        },
    }
    given = as_dict(answer, list(known))
    for key, right in {"task gate": 3, "shared gate": 5, "gates": 7}.items():
        otherwise = f"{key!r} is not {given[key]!r}; draw both levels and count"
        if wrong := number_mistake(given[key], right, {s: n for n, s in known[key].items()}, otherwise, repr(key)):
            return wrong if key in wrong else f"{key!r}: {wrong}"
    return None


@exercise("00.2")
def _column_or_row(answer):
    """The mean squared error of predictions (6, 1) and labels (6,)."""
    labels, outputs = np.array([0, 1, 0, 2, 1, 3.0]), np.array([[0.5], [1.0], [-0.5], [2.0], [2.0], [2.5]])
    errors, square = outputs[:, 0] - labels, (outputs - labels) ** 2
    known = {
        "(6, 1) minus (6,) is (6, 6): every prediction met every label. Take the column out first": square.mean(),
        "(6, 1) minus (6,) is (6, 6), and that is the sum of its squares. Take the column out first": square.sum(),
        "that is the sum of the squares; divide by the number of samples": (errors**2).sum(),
        "that is the root of the mean squared error": np.sqrt((errors**2).mean()),
        "that is the root of the sum of the squares; divide the sum by 6": np.sqrt((errors**2).sum()),
        "(6, 1) minus (6,) is (6, 6), and that is the root of its mean square. Take the column out first": np.sqrt(
            square.mean()
        ),
        "(6, 1) minus (6,) is (6, 6); a sum over it, divided by 6, is still wrong. Take the column out first": (
            square.sum() / 6
        ),
        "that is the standard deviation of the differences; do not subtract their mean": errors.std(),
        "the sum of the six squares is right, but divide it by 6, not by 36": (errors**2).sum() / 36,
        "divide by the 6 samples, not by 5": (errors**2).sum() / 5,
        "that is the mean absolute error; square the differences": abs(errors).mean(),
        "that is the mean difference; square before you average": errors.mean(),
        "that is the mean difference, its sign reversed; square before you average": -errors.mean(),
        "that is the square of the mean difference; square before you average": errors.mean() ** 2,
        "that is half the mean squared error": (errors**2).mean() / 2,
        "that is the median of the squares; take their mean": np.median(errors**2),
        "that is the largest square; take the mean of all six": (errors**2).max(),
        "that is the variance of the differences; do not subtract their mean": errors.var(),
        "that is the sum of the absolute differences; square them, and take the mean": abs(errors).sum(),
        "that is the variance of the labels; compare them with the predictions": labels.var(),
    }
    if getattr(np.asarray(answer, object), "shape", ()) == (6,):
        return "there is a number for each sample; average the six squared differences to one"
    if np.shape(answer) == (6, 1):
        return "there is a number for each sample; average the six squared differences to one"
    if np.ndim(answer) == 2 and np.size(answer) > 1:
        return "the difference of (6, 1) and (6,) has the shape (6, 6): take the column out first, then average"
    right = (errors**2).mean()
    return number_mistake(answer, right, known, "average the six squared differences", "the mean squared error", 5e-4)


MEANINGS = {  # the words of the chapter's table, plain: as ``plain_word`` returns them
    "negative transfer": "negative transfer, 负迁移, negative transfers, negative transfer effect",
    "seesaw": "seesaw, see saw, seesaw phenomenon, see saw phenomenon, seesaw effect, 跷跷板现象, 跷跷板, 跷跷板效应",
    "sample space": "sample space, sample spaces, own sample space, 样本空间",
    "gate weights": "gate weights, gate weight, weights of gate, weights of the gate, gates weights, gating weights, "
    "门控权重, 门权重",
}


@exercise("00.3")
def _name_it(answer):
    """Four situations, four words."""
    right = dict(zip("ABCD", MEANINGS, strict=True))
    hints = {
        "A": "compare with the model that was trained alone: both tasks lost",
        "B": "one task went up because the other went down",
        "C": "ask on which samples the label exists at all",
        "D": "positive numbers of one sample that sum to one, one for each expert",
    }
    known = {
        ("C", "mask"): "the mask is how the code marks it; the word of the table is for the set of samples itself",
        (
            "C",
            "impression",
        ): "an impression is one sample; the word is for the set of samples on which the task is asked",
        ("D", "gate"): "the gate is a part of the network; the numbers have a name of their own",
        ("D", "expert"): "the experts are parts of the network; the numbers have a name of their own",
        ("D", "selector"): "the selector is what a gate reads; the numbers are what it returns",
        ("D", "loss weights"): "loss weights are the same for all samples and weigh tasks; these weigh experts",
        ("B", "loss weights"): "the loss weight is what was changed; name what happened",
        ("A", "hard sharing"): "hard sharing is an architecture; name what happened to both tasks",
    }
    words = {key: plain_word(word) for key, word in as_dict(answer, list(right)).items()}
    by_word = {word: meaning for meaning, text in MEANINGS.items() for word in text.split(", ")}
    given = {
        key: next((by_word[end] for end in by_word if re.fullmatch(f"(its |own |task )*{end}", word)), word)
        for key, word in words.items()
    }
    wrong = [key for key in right if given[key] != right[key]]
    if wrong == ["A", "B"] and (given["A"], given["B"]) == (right["B"], right["A"]):
        return "A and B are swapped: in a seesaw somebody goes up"
    for key in wrong:
        forms = (given[key], given[key].removesuffix("s"), f"{given[key]}s")
        return f"{key}: {next((known[key, form] for form in forms if (key, form) in known), hints[key])}"
    return None
