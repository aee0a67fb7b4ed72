"""Answers to the exercises of chapter 00: right ones in several forms, wrong ones with a phrase of their sentence."""

from fractions import Fraction

import numpy as np
import pandas as pd

LABELS, OUTPUTS = np.array([0, 1, 0, 2, 1, 3.0]), np.array([[0.5], [1.0], [-0.5], [2.0], [2.0], [2.5]])
ERRORS = OUTPUTS[:, 0] - LABELS
COUNTS = {"task gate": 3, "shared gate": 5, "gates": 7}
WORDS = {"A": "negative transfer", "B": "seesaw", "C": "sample space", "D": "gate weights"}

RIGHT = {
    "00.1": [
        COUNTS,
        {"gates": 7, "shared gate": 5, "task gate": 3},
        {key: float(count) for key, count in COUNTS.items()},
        {key: np.int64(count) for key, count in COUNTS.items()},
        {key: np.array(count) for key, count in COUNTS.items()},
        pd.Series(COUNTS),
        {"Task gate": 3, "Shared gate": 5, "Gates": 7},
    ],
    "00.2": [
        np.mean(ERRORS**2),
        np.float32(np.mean(ERRORS**2)),
        0.2917,
        7 / 24,
        Fraction(7, 24),
        np.mean(ERRORS**2, keepdims=True),
        np.array(7 / 24),
        float(((OUTPUTS.squeeze() - LABELS) ** 2).sum() / 6),
        np.mean((OUTPUTS - LABELS[:, None]) ** 2),
    ],
    "00.3": [
        WORDS,
        {"A": "Negative transfer", "B": "seesaw phenomenon", "C": "Sample Space", "D": "Gate weights"},
        {"A": "negative-transfer", "B": "the seesaw", "C": "the sample space", "D": "the gate weights"},
        {"A": "负迁移", "B": "跷跷板现象", "C": "样本空间", "D": "门控权重"},
        WORDS | {"B": "the seesaw phenomenon", "D": "gate weight"},
        WORDS | {"B": "see-saw", "C": "sample spaces"},
        WORDS | {"A": "negative transfer.", "B": "a seesaw", "D": "weights of the gate"},
        {key.lower(): word.upper() for key, word in WORDS.items()},
    ],
}
WRONG = {
    "00.1": [
        (7, "a dict with the keys"),
        ((3, 5, 7), "a dict with the keys"),
        ({"task gate": 3, "shared gate": 5}, "nothing for 'gates'"),
        ({"task": 3, "shared gate": 5, "gates": 7}, "no entry 'task'"),
        (COUNTS | {"gates": ...}, "nothing for 'gates'"),
        (COUNTS | {"task gate": 5}, "does not see the other tasks'"),
        (COUNTS | {"task gate": 2}, "own expert, not the shared experts alone"),
        (COUNTS | {"task gate": 1}, "also sees the shared experts"),
        (COUNTS | {"task gate": 6}, "one level, not of both"),
        (COUNTS | {"shared gate": 2}, "every expert of its level, not the shared"),
        (COUNTS | {"shared gate": 3}, "the tasks' and the shared ones"),
        (COUNTS | {"shared gate": 10}, "one level, not of both"),
        (COUNTS | {"shared gate": 4}, "two shared"),
        (COUNTS | {"gates": 8}, "the last level has no shared gate"),
        (COUNTS | {"gates": 6}, "besides the tasks' gates"),
        (COUNTS | {"gates": 4}, "both levels"),
        (COUNTS | {"gates": 3}, "both levels"),
        (COUNTS | {"gates": 11}, None),
        (COUNTS | {"gates": "7"}, "without quotation marks"),
    ],
    "00.2": [
        (np.mean((OUTPUTS - LABELS) ** 2), "every prediction met every label"),
        (np.sum((OUTPUTS - LABELS) ** 2), "(6, 6)"),
        (np.sum(ERRORS**2), "divide by the number"),
        (np.sqrt(np.mean(ERRORS**2)), "the root"),
        (np.mean(np.abs(ERRORS)), "mean absolute error"),
        (np.sum(ERRORS**2) / 5, "not by 5"),
        (np.mean(ERRORS), "square before you average"),
        (np.mean(ERRORS) ** 2, "square before you average"),
        (np.mean(LABELS - OUTPUTS[:, 0]), "square before you average"),
        (np.median(ERRORS**2), "median"),
        (np.mean(ERRORS**2) / 2, "half"),
        (np.max(ERRORS**2), "largest"),
        (ERRORS.var(), "variance of the differences"),
        (ERRORS**2, "average the six"),
        ((OUTPUTS - LABELS) ** 2, "(6, 6)"),
        (np.mean(ERRORS**2) * 100, "percent"),
        ("0.292", "without quotation marks"),
        (lambda: np.mean(ERRORS**2), "call it"),
        (float("nan"), "a finite number"),
        (17.0, None),
    ],
    "00.3": [
        (["negative transfer"], "a dict with the keys"),
        (list(WORDS.values()), "a dict with the keys"),
        (WORDS | {"A": "seesaw", "B": "negative transfer"}, "A and B are swapped"),
        (WORDS | {"A": "seesaw"}, "A: compare with the model that was trained alone"),
        (WORDS | {"B": "negative transfer"}, "B: one task went up"),
        (WORDS | {"B": "loss weights"}, "B: the loss weight is what was changed"),
        (WORDS | {"C": "mask"}, "C: the mask is how"),
        (WORDS | {"C": "impressions"}, "C: an impression is one sample"),
        (WORDS | {"D": "gate"}, "D: the gate is a part of the network"),
        (WORDS | {"D": "experts"}, "D: the experts are parts"),
        (WORDS | {"D": "门控"}, "D: positive numbers"),
        (WORDS | {"D": "tower"}, "D: positive numbers of one sample"),
        (WORDS | {"D": "loss weights"}, "D: loss weights are the same for all samples"),
        (WORDS | {"A": 1}, "should be a word"),
        ({key: word for key, word in WORDS.items() if key != "D"}, "nothing for 'D'"),
        (WORDS | {"C": "sample"}, "C: ask on which samples"),
    ],
}
