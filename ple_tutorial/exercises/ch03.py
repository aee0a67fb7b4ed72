"""The checks of chapter 03: The seesaw."""

import numpy as np

from ple_tutorial.exercises.register import exercise


@exercise("03.1")
def _own_mean(answer):
    """A function own_mean(labels, predictions, mask) -> squared error over the task's own samples; 0 without any."""
    labels, predictions = np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 2.0, 1.0, 7.0])
    mask = np.array([True, False, True, False])
    came = float(answer(labels, predictions, mask))
    if np.isnan(came):
        return "it is not a number: a label outside the sample space may be missing, and NaN times zero is still NaN"
    if np.isclose(came, 5 / 4):
        return "this is the mean over the batch; divide by the number of samples inside the sample space"
    if np.isclose(came, 5):
        return "this is the sum; Eq. 9 divides it by the number of samples inside the sample space"
    if not np.isclose(came, 2.5):
        return f"the squared errors inside the sample space are 1 and 4, so the mean is 2.5, but it is {came:g}"
    empty = float(answer(labels, predictions, np.zeros(4, bool)))
    return None if empty == 0 else f"a batch without a sample of the task should count 0, but it counts {empty}"


@exercise("03.2")
def _is_seesaw(answer):
    """A function seesaw(a, b) of two intervals (low, high) of gains -> whether they show a seesaw."""
    cases = [
        ((0.01, 0.03), (-0.04, -0.02), True, "one gain lies above zero and the other below"),
        ((-0.04, -0.02), (0.01, 0.03), True, "it does not matter which of the two tasks gains"),
        ((-0.01, 0.03), (-0.04, -0.02), False, "the first interval contains zero, so nothing is known of its sign"),
        ((0.01, 0.03), (-0.02, 0.01), False, "the second interval contains zero, so nothing is known of its sign"),
        ((-0.02, 0.01), (0.01, 0.03), False, "the first interval contains zero, so nothing is known of its sign"),
        ((-0.05, -0.02), (-0.04, -0.02), False, "both tasks lose; that is negative transfer, not a seesaw"),
        ((0.01, 0.02), (0.03, 0.04), False, "both tasks gain"),
    ]
    for a, b, right, why in cases:
        if bool(answer(a, b)) != right:
            return f"for {a} and {b} the answer is {right}: {why}"
    return None


@exercise("03.3")
def _least_step(answer):
    """A function least(g_a, g_b) -> the w in [0, 1] for which w g_a + (1 - w) g_b is shortest."""
    cases = {
        "perpendicular gradients of equal length": (np.array([1.0, 0.0]), np.array([0.0, 1.0]), 0.5),
        "perpendicular gradients, a three times as long": (np.array([3.0, 0.0]), np.array([0.0, 1.0]), 0.1),
        "parallel gradients, a twice as long": (np.array([2.0, 2.0]), np.array([1.0, 1.0]), 0.0),
        "opposite gradients": (np.array([1.0, 1.0]), np.array([-3.0, -3.0]), 0.75),
    }
    for what, (g_a, g_b, right) in cases.items():
        came = float(answer(g_a, g_b))
        if abs(came - right) < 1e-6:
            continue
        if not 0 <= came <= 1:
            return f"for {what} the weight is {came:g}, outside 0 to 1: clip it"
        if abs(came - (1 - right)) < 1e-6:
            return f"for {what} this is the weight of b; w is that of a"
        return f"for {what} the shortest sum has w = {right:g}, but the answer is {came:g}"
    return None
