"""The checks of chapter 03: The seesaw."""

import numpy as np

from ple_tutorial.exercises.answers import as_number
from ple_tutorial.exercises.functions import as_function, function_mistake, returned
from ple_tutorial.exercises.register import exercise


def _own_squares(labels, predictions, mask):
    return (labels[mask] - predictions[mask]) ** 2


def _own_loss(labels, predictions, mask):
    return _own_squares(labels, predictions, mask).sum() / max(mask.sum(), 1)


@exercise("03.1")
def _own_mean(answer):
    """A function own_mean(labels, predictions, mask) -> squared error over the task's own samples; 0 without any."""
    labels, predictions = np.array([1.0, 2.0, 3.0, 2.5, 4.0]), np.array([2.0, 2.5, 1.0, 7.0, 3.0])
    mask = np.array([True, False, True, False, True])
    missing, none = np.where(mask, labels, np.nan), np.zeros(5, bool)
    cases = {
        "labels everywhere": (labels, predictions, mask),
        "missing labels outside the sample space": (missing, predictions, mask),
        "a sample space that is the whole batch": (labels, predictions, ~none),
        "one sample inside": (missing, predictions, np.arange(5) == 2),
        "a batch without a sample of the task": (missing, predictions, none),
        "a batch whose labels are all missing": (np.full(5, np.nan), predictions, none),
    }
    known = {
        "a label outside the sample space may be missing, and NaN times zero is still NaN": lambda y, p, m: (
            np.sum((y - p) ** 2 * m) / max(m.sum(), 1)
        ),
        "NaN times zero is still NaN; and divide by the number of samples inside": lambda y, p, m: np.mean(
            ((y - p) * m) ** 2
        ),
        "this is the mean over the batch; divide by the number of samples inside the sample space": lambda y, p, m: (
            _own_squares(y, p, m).sum() / len(y)
        ),
        "this is the sum; Eq. 9 divides it by the number of samples inside the sample space": lambda y, p, m: (
            _own_squares(y, p, m).sum()
        ),
        "the mask plays no part: average over the samples inside the sample space": lambda y, p, m: np.mean(
            (y - p) ** 2
        ),
        "the mask plays no part: skipping NaN is not enough, as a label outside may be there": lambda y, p, m: (
            np.nanmean((y - p) ** 2)
        ),
        "these are absolute differences; square them": lambda y, p, m: np.abs(y - p)[m].mean() if m.any() else 0.0,
        "this is the root of the mean squared error": lambda y, p, m: _own_loss(y, p, m) ** 0.5,
        "these are differences; square them": lambda y, p, m: (y - p)[m].mean() if m.any() else 0.0,
        "this is the square of the mean difference; square before you average": lambda y, p, m: (
            (y - p)[m].mean() ** 2 if m.any() else 0.0
        ),
        "these are the samples outside the sample space": lambda y, p, m: _own_loss(y, p, ~m),
        "a missing label is not 0: outside the sample space nothing counts": lambda y, p, m: np.mean(
            (np.nan_to_num(y) - p) ** 2
        ),
        "divide by the number of samples inside, not by one less": lambda y, p, m: (
            _own_squares(y, p, m).sum() / max(m.sum() - 1, 1)
        ),
        "a batch without a sample of the task should count 0, but 0 / 0 is not a number": lambda y, p, m: _own_squares(
            y, p, m
        ).mean(),
        "a batch without a sample of the task should count 0, not 1": lambda y, p, m: (
            _own_loss(y, p, m) if m.any() else 1.0
        ),
        "this is the median; take the mean": lambda y, p, m: np.median(_own_squares(y, p, m)) if m.any() else 0.0,
        "that is a square for each sample inside; take their mean": _own_squares,
        "that is half of it": lambda y, p, m: _own_loss(y, p, m) / 2,
        "this is the largest square; take the mean": lambda y, p, m: _own_squares(y, p, m).max() if m.any() else 0.0,
        "this is the variance of the differences; do not subtract their mean": lambda y, p, m: (
            (y - p)[m].var() if m.any() else 0.0
        ),
        "divide by the number of samples inside, without adding 1": lambda y, p, m: (
            _own_squares(y, p, m).sum() / (m.sum() + 1)
        ),
        "labels outside the sample space count in the sum as well, and they should not": lambda y, p, m: (
            (np.nan_to_num(y - p) ** 2).sum() / max(m.sum(), 1)
        ),
        "the predictions need the mask as well as the labels": lambda y, p, m: np.mean((y[m] - p) ** 2),
    }
    return function_mistake(
        answer, ("labels", "predictions", "mask"), cases, _own_loss, known, "the mean squared error"
    )


@exercise("03.2")
def _is_seesaw(answer):
    """A function seesaw(a, b) of two intervals (low, high) of gains -> whether they show a seesaw."""
    reasons = {
        ((0.01, 0.03), (-0.04, -0.02)): "one gain lies above zero and the other below",
        ((-0.04, -0.02), (0.01, 0.03)): "it does not matter which of the two tasks gains",
        ((-0.01, 0.03), (-0.04, -0.02)): "the first interval contains zero, so nothing is known of its sign",
        ((0.01, 0.03), (-0.02, 0.01)): "the second interval contains zero, so nothing is known of its sign",
        ((-0.02, 0.01), (0.01, 0.03)): "the first interval contains zero, so nothing is known of its sign",
        ((-0.04, -0.02), (-0.03, 0.01)): "the second interval contains zero, so nothing is known of its sign",
        ((0.01, 0.03), (-0.01, 0.04)): "the second interval contains zero, so nothing is known of its sign",
        ((-0.02, 0.01), (-0.01, 0.03)): "both intervals contain zero, so nothing is known of either sign",
        ((-0.05, -0.02), (-0.04, -0.02)): "both tasks lose; that is negative transfer, not a seesaw",
        ((-0.02, -0.01), (-0.06, -0.04)): "both tasks lose; it does not matter that one loses more",
        ((0.01, 0.02), (0.03, 0.04)): "both tasks gain; it does not matter that one gains more",
        ((0.02, 0.05), (0.01, 0.04)): "both tasks gain",
    }

    def right(a, b):
        return (a[0] > 0 > b[1]) or (b[0] > 0 > a[1])

    def sure(interval):
        return interval[0] > 0 or interval[1] < 0

    def middle(interval):
        return (interval[0] + interval[1]) / 2

    known = {
        "it does not matter which of the two tasks gains: look at both ways round": lambda a, b: a[0] > 0 > b[1],
        "it does not matter which of the two tasks gains: a up and b down counts, too": lambda a, b: b[0] > 0 > a[1],
        "an interval that contains zero says nothing of the sign: the middles are not enough": lambda a, b: (
            middle(a) * middle(b) < 0
        ),
        "both must be clear, one above and the other below zero; it is not enough that one task loses": lambda a, b: (
            a[1] < 0 or b[1] < 0
        ),
        "both must be clear, one above and the other below zero; it is not enough that one task gains": lambda a, b: (
            a[0] > 0 or b[0] > 0
        ),
        "intervals that exclude zero are not enough: the signs must differ": lambda a, b: sure(a) and sure(b),
        "one interval that excludes zero is not enough, and the signs must differ": lambda a, b: sure(a) or sure(b),
        "intervals that do not overlap are not enough: one must lie above zero and the other below": lambda a, b: (
            a[1] < b[0] or b[1] < a[0]
        ),
        "look at both ends: the lower ends alone do not say that an interval excludes zero": lambda a, b: (
            a[0] * b[0] < 0
        ),
        "look at both ends: the upper ends alone do not say that an interval excludes zero": lambda a, b: (
            a[1] * b[1] < 0
        ),
        "the comparison is reversed: this says where there is no seesaw": lambda a, b: not right(a, b),
        "the ends are swapped: a gain is clear if its lower end is above zero": lambda a, b: (
            (a[1] > 0 > b[0]) or (b[1] > 0 > a[0])
        ),
        "one clear sign is not enough: both intervals must exclude zero": lambda a, b: (
            (a[0] > 0 and middle(b) < 0) or (b[0] > 0 and middle(a) < 0)
        ),
        "one clear sign is not enough: both intervals must exclude zero, the winner's too": lambda a, b: (
            (a[1] < 0 and b[1] > 0) or (b[1] < 0 and a[1] > 0)
        ),
        "both tasks lose there: that is negative transfer, not a seesaw": lambda a, b: a[1] < 0 and b[1] < 0,
        "both must be clear, not one of the two: `and` between winner and loser": lambda a, b: (
            a[0] > 0 or b[1] < 0 or b[0] > 0 or a[1] < 0
        ),
    }
    cases = dict(zip((f"{a} and {b}" for a, b in reasons), reasons, strict=True))
    function = as_function(answer, "a", "b")

    def says(a, b):
        return bool(as_number(returned(function, (a, b)), "what the function returns, True or False,"))

    results = {what: says(a, b) for what, (a, b) in cases.items()}
    wrong = [what for what, (a, b) in cases.items() if results[what] != right(a, b)]
    if not wrong:
        at_zero = [((0.0, 0.03), (-0.04, -0.02)), ((0.01, 0.03), (-0.02, 0.0))]
        touching = any(says(a, b) or says(b, a) for a, b in at_zero)
        return (
            "an interval that ends at zero contains zero: compare with > and <, not with >= and <="
            if touching
            else None
        )
    if len(set(results.values())) == 1:
        return f"it always returns {next(iter(results.values()))}"
    for sentence, mistaken in known.items():
        if all(bool(mistaken(a, b)) == results[what] for what, (a, b) in cases.items()):
            return sentence
    return f"for {wrong[0]} the answer is {right(*cases[wrong[0]])}: {reasons[cases[wrong[0]]]}"


def _weight(g_a, g_b):
    apart = (g_a - g_b) @ (g_a - g_b)
    return float(np.clip((g_b - g_a) @ g_b / apart, 0, 1)) if apart > 0 else 0.5


def _on_a_grid(points):
    def search(g_a, g_b):
        w = np.linspace(0, 1, points)
        return w[np.argmin([np.sum((x * g_a + (1 - x) * g_b) ** 2) for x in w])]

    return search


@exercise("03.3")
def _least_step(answer):
    """A function least(g_a, g_b) -> the w in [0, 1] for which w g_a + (1 - w) g_b is shortest."""
    cases = {
        "gradients (1, 2, -1) and (0.3, -1.1, 0.7)": (np.array([1.0, 2.0, -1.0]), np.array([0.3, -1.1, 0.7])),
        "perpendicular gradients of equal length": (np.array([1.0, 0.0]), np.array([0.0, 1.0])),
        "perpendicular gradients, a three times as long": (np.array([3.0, 0.0]), np.array([0.0, 1.0])),
        "opposite gradients": (np.array([1.0, 1.0]), np.array([-3.0, -3.0])),
        "parallel gradients, a twice as long": (np.array([2.0, 2.0]), np.array([1.0, 1.0])),
        "parallel gradients, b twice as long": (np.array([1.0, 1.0]), np.array([2.0, 2.0])),
        "a gradient of b that is zero": (np.array([1.0, 1.0]), np.array([0.0, 0.0])),
    }

    def clipped(formula):
        return lambda a, b: np.clip(formula(a, b), 0, 1)

    norm = np.linalg.norm
    known = {
        "the weight leaves 0 to 1: clip it": lambda a, b: (b - a) @ b / np.sum((a - b) ** 2),
        "a weight below 0 must become 0: clip it on both sides": lambda a, b: min(
            (b - a) @ b / np.sum((a - b) ** 2), 1
        ),
        "a weight above 1 must become 1: clip it on both sides": lambda a, b: max(
            (b - a) @ b / np.sum((a - b) ** 2), 0
        ),
        "this is the weight of b; w is that of a": lambda a, b: 1 - _weight(a, b),
        "this is the weight of b, and it leaves 0 to 1: clip it": lambda a, b: (a - b) @ a / np.sum((a - b) ** 2),
        "a weight below 0 must become 0, not lose its sign": lambda a, b: abs((b - a) @ b / np.sum((a - b) ** 2)),
        "clip the weight to 0 and 1; a sigmoid moves all weights": lambda a, b: (
            1 / (1 + np.exp(-(b - a) @ b / np.sum((a - b) ** 2)))
        ),
        "the numerator is (g_b - g_a) @ g_b; the part with g_a is missing": clipped(
            lambda a, b: b @ b / np.sum((a - b) ** 2)
        ),
        "this takes each coordinate by itself; the products are to be summed: use @": lambda a, b: np.clip(
            (b - a) * b / (a - b) ** 2, 0, 1
        ),
        "this is the angle between the gradients, not the weight": lambda a, b: np.arccos(a @ b / (norm(a) * norm(b))),
        "one half is right for gradients of equal length only; are they made equally long first?": lambda a, b: 0.5,
        "divide by the squared length of the difference, not by the length": clipped(
            lambda a, b: (b - a) @ b / norm(a - b)
        ),
        "divide by the squared length of the difference": clipped(lambda a, b: (b - a) @ b),
        "divide by the squared length of the difference, not by the sum of the squared lengths": clipped(
            lambda a, b: (b - a) @ b / (a @ a + b @ b)
        ),
        "divide by the squared length of the difference, not by that of the sum": clipped(
            lambda a, b: (b - a) @ b / np.sum((a + b) ** 2)
        ),
        "the sign of the numerator is reversed": clipped(lambda a, b: (a - b) @ b / np.sum((a - b) ** 2)),
        "(g_b - g_a) is to be multiplied by g_b, not by g_a": clipped(lambda a, b: (b - a) @ a / np.sum((a - b) ** 2)),
        "the angle counts as well: the squared lengths alone are right for perpendicular gradients only": lambda a, b: (
            b @ b / (a @ a + b @ b)
        ),
        "the angle counts as well, and the shorter gradient gets the larger weight": lambda a, b: (
            a @ a / (a @ a + b @ b)
        ),
        "the lengths alone are not enough: the angle counts as well": lambda a, b: norm(b) / (norm(a) + norm(b)),
        "the longer gradient should get the smaller weight, and the angle counts as well": lambda a, b: (
            norm(a) / (norm(a) + norm(b))
        ),
        "this only chooses the shorter of the two: a mixture may be shorter than both": lambda a, b: float(
            norm(a) < norm(b)
        ),
        "this is the cosine of the two gradients, not the weight": lambda a, b: a @ b / (norm(a) * norm(b)),
        "this is the longest sum, not the shortest": lambda a, b: float(norm(a) > norm(b)),
        "the search is too coarse: it looks at eleven weights only": _on_a_grid(11),
        "the search is too coarse: it looks at 21 weights only": _on_a_grid(21),
        "the search is too coarse: it looks at 101 weights only": _on_a_grid(101),
        "the search is too coarse: it looks at 1001 weights only": _on_a_grid(1001),
        "that is the shortest sum itself; return the weight": lambda a, b: _weight(a, b) * a + (1 - _weight(a, b)) * b,
        "that is the length of the shortest sum; return the weight": lambda a, b: norm(
            _weight(a, b) * a + (1 - _weight(a, b)) * b
        ),
    }
    arguments = ("g_a", "g_b")
    if wrong := function_mistake(answer, arguments, cases, _weight, known, "the weight"):
        return wrong
    for g in (np.array([1.0, 2.0]), np.array([0.3, 0.1, 0.7])):
        same_everywhere = "for equal gradients every w gives the same sum: return any from 0 to 1"
        try:
            weight = as_number(returned(answer, (g, g)), "the weight for equal gradients")
        except Exception as error:
            return f"{same_everywhere}, and do not divide by zero ({error})"
        if not 0 <= weight <= 1:
            return f"{same_everywhere}, not {weight:g}"
    return None
