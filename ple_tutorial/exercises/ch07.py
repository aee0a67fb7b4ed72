"""The checks of chapter 07: What the gates learn."""

import numpy as np

from ple_tutorial.exercises.register import exercise


@exercise("07.1")
def _normalised_entropy(answer):
    """A function entropy_of(weights) of (batch, experts) -> mean normalised entropy, 0 to 1."""
    sure, even = np.array([[1.0, 0.0], [0.0, 1.0]]), np.full((3, 4), 0.25)
    came = float(answer(even))
    if np.isclose(came, np.log(4)):
        return "a gate that weighs four experts alike should have 1: divide by the logarithm of their number"
    if not np.isclose(came, 1):
        return f"a gate that weighs four experts alike should have 1, but has {came:g}"
    came = float(answer(np.array([[0.5, 0.25, 0.25]])))
    if not np.isclose(came, 1.5 * np.log(2) / np.log(3)):
        return f"weights of 1/2, 1/4 and 1/4 have the entropy 1.5 log 2, divided by log 3 that is 0.946, but it is {came:.3f}"
    came = float(answer(sure))
    if np.isnan(came):
        return "a weight of exactly 0 gives NaN: 0 log 0 counts as 0"
    if np.isclose(came, 1):
        return "this is the entropy of the mean weights; a gate that is sure on every sample should have 0"
    return None if abs(came) < 1e-6 else f"a gate that is sure on every sample should have 0, but has {came:g}"


@exercise("07.2")
def _share_by_name(answer):
    """A function share(experts, weights, group) -> mean total weight of the experts of one group."""
    experts = ["click_1", "click_2", "click_x_1", "shared_1"]
    weights = np.array([[0.1, 0.2, 0.3, 0.4], [0.3, 0.2, 0.1, 0.4]])
    came = float(answer(experts, weights, "click"))
    if np.isclose(came, 0.6):
        return "the experts of 'click_x' were counted among those of 'click': a name that starts alike is another name"
    if np.isclose(came, 0.2):
        return "this is the mean weight of one expert; the share is the sum over the group's experts"
    if not np.isclose(came, 0.4):
        return f"click_1 and click_2 together have 0.3 and 0.5, in the mean 0.4, but the answer is {came:g}"
    if not np.isclose(answer(experts, weights, "click_x"), 0.2):
        return "the share of 'click_x' should be 0.2"
    ten = answer(["click_9", "click_10", "shared_1"], np.array([[0.2, 0.3, 0.5]]), "click")
    return None if np.isclose(ten, 0.5) else "an expert number may have two digits: click_10 belongs to 'click'"


@exercise("07.3")
def _polarised(answer):
    """A function polarised(weights, limit) -> share of samples on which one expert has more than limit."""
    weights = np.array([[0.97, 0.03], [0.02, 0.98], [0.5, 0.5], [0.6, 0.4]])
    came = float(answer(weights, 0.95))
    if came == 0:
        return "the mean weights of this gate are near one half, yet two of its samples are decided by one expert alone"
    if np.isclose(came, 0.25):
        return "it looks at one expert only; on two of the four samples some expert has more than 0.95"
    if np.isclose(came, 2):
        return "this is a count; the answer is a share of the samples"
    if not np.isclose(came, 0.5):
        return f"two of the four samples are polarised, a share of 0.5, but the answer is {came:g}"
    three = float(answer(np.array([[0.02, 0.49, 0.49]]), 0.95))
    return "with three experts a small weight does not make another one large" if three else None
