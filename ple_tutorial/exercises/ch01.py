"""The checks of chapter 01: One feed, many objectives."""

import numpy as np

from ple_tutorial.exercises.answers import as_array, number_mistake
from ple_tutorial.exercises.functions import as_function, function_mistake, returned
from ple_tutorial.exercises.register import exercise
from ple_tutorial.ranking import fused_score


@exercise("01.1")
def _own_space(answer):
    """Eq. 9 for the VCR of eight impressions, five of which were played and three clicked."""
    play, click = np.array([1, 1, 0, 1, 0, 1, 1, 0], bool), np.array([0, 1, 0, 0, 0, 1, 1, 0], bool)
    label = np.array([0.2, 0.9, 0, 0.1, 0, 1.0, 0.6, 0])
    errors = label - np.array([0.3, 0.7, 0.4, 0.4, 0.5, 0.8, 0.6, 0.2])
    squares = errors**2
    known = {
        "you averaged over all eight: where nothing was played the label is no label": squares.mean(),
        "that is the sum over all eight; take the plays, and divide by their number": squares.sum(),
        "the sum runs over all eight; only the five plays count, in the sum as well as in their number": squares.sum()
        / 5,
        "the sum is right, but divide it by the number of plays, not by the batch": squares[play].sum() / 8,
        "the sum is right, but divide it by the number of plays, not of clicks": squares[play].sum() / 3,
        "you averaged over the clicks; VCR is defined on every play": squares[click].mean(),
        "you summed over the clicks; VCR is defined on every play": squares[click].sum() / 5,
        "that is the sum over the plays; divide it by their number": squares[play].sum(),
        "divide by the number of plays, not by one less": squares[play].sum() / 4,
        "that is the mean absolute error; VCR's loss is the squared one": abs(errors[play]).mean(),
        "that is the root of the loss": np.sqrt(squares[play].mean()),
        "square the differences before you average: here they cancel": errors[play].mean(),
        "you averaged over the impressions that were not played": squares[~play].mean(),
        "that is the median over the plays; take the mean": np.median(squares[play]),
        "that is half the loss": squares[play].mean() / 2,
        "only the plays count; the sum over all eight is divided by the number of clicks": squares.sum() / 3,
        "that is the mean label over the plays; compare it with the prediction": label[play].mean(),
        "that is the largest square; take the mean over the plays": squares[play].max(),
    }
    if np.ndim(answer) == 1 and np.size(answer) > 1:
        return "that is a number for each sample; hand in their mean over the five plays"
    return number_mistake(answer, squares[play].mean(), known, "average over the five plays", "the loss", 1e-6)


def _meet(one, other, weights, task, f=np.log1p, without=True, difference=np.log):
    """The weight at which both scores are equal; the options make mistakes."""
    rest = sum(w * (difference(one[t]) - difference(other[t])) for t, w in weights.items() if not without or t != task)
    if f is not None:
        rest = rest + np.log(f(one["seconds"])) - np.log(f(other["seconds"]))
    return -rest / (difference(one[task]) - difference(other[task]))


@exercise("01.2")
def _overtakes(answer):
    """A function: the weight of one task at which two videos have equal scores."""
    first = {"VTR": 0.2, "VCR": 0.25, "SHR": 0.01, "CMR": 0.05, "seconds": 900}
    second = {"VTR": 0.5, "VCR": 0.6, "SHR": 0.02, "CMR": 0.01, "seconds": 40}
    third = {"VTR": 0.4, "VCR": 0.3, "SHR": 0.03, "CMR": 0.02, "seconds": 40}
    weights = {"VTR": 1.0, "VCR": 0.5, "SHR": 0.2, "CMR": 0.3}
    cases = {
        "the weight of CMR": (first, second, weights, "CMR"),
        "the weight of VTR, the two videos swapped": (second, first, weights, "VTR"),
        "two videos of equal length": (second, third, {"SHR": 0.7, "VCR": 2.0}, "SHR"),
        "two videos that meet at a negative weight": (second, third, weights, "VTR"),
        "a task that has no weight yet": (first, third, weights | {"CMR": 0.0}, "CMR"),
    }
    known = {
        "the sign is reversed: the rest must make up for what the task gives": lambda *a: -_meet(*a),
        "the length counts as well: f is a factor of both scores": lambda *a: _meet(*a, f=None),
        "f is log(1 + seconds), not log(seconds)": lambda *a: _meet(*a, f=np.log),
        "f is log(1 + seconds), not the seconds themselves": lambda *a: _meet(*a, f=lambda s: s),
        "f is a factor of the score, so that its logarithm is added, not f itself": lambda *a: _meet(
            *a, f=lambda s: 1 + s
        ),
        "that is smaller by the task's present weight: leave it out of the rest, or add it to the change": lambda *a: (
            _meet(*a, without=False)
        ),
        "divide by the difference of the task's logarithms": lambda one, other, w, t: (
            _meet(one, other, w, t) * np.log(one[t] / other[t])
        ),
        "divide by the difference of the task's logarithms, not of its values": lambda one, other, w, t: (
            _meet(one, other, w, t) * np.log(one[t] / other[t]) / (one[t] - other[t])
        ),
        "a score is a product of powers: take the logarithms of the predictions": lambda *a: _meet(
            *a, difference=lambda p: p
        ),
        "the other tasks' weights count: each logarithm times its weight": lambda one, other, w, t: _meet(
            one, other, dict.fromkeys(w, 1.0), t
        ),
        "divide by the difference of the task's logarithms, that of both videos": lambda one, other, w, t: (
            _meet(one, other, w, t) * np.log(one[t] / other[t]) / np.log(one[t])
        ),
        "that is the ratio of the two scores without the task: take its logarithm, and divide it": lambda one, other, w, t: (
            np.exp(_meet(one, other, w, t) * np.log(one[t] / other[t]))
        ),
        "a score is a product of powers, not a weighted sum: take logarithms": lambda one, other, w, t: (
            (
                sum(w[k] * other[k] for k in w if k != t) * np.log1p(other["seconds"])
                - sum(w[k] * one[k] for k in w if k != t) * np.log1p(one["seconds"])
            )
            / (one[t] - other[t])
        ),
        "only the length is made up for; the other tasks count as well": lambda one, other, w, t: _meet(
            one, other, {t: 1.0}, t
        ),
    }
    return function_mistake(
        answer, ("one", "other", "weights", "task"), cases, _meet, known, "the weight at which the two scores meet"
    )


@exercise("01.3")
def _same_auc_other_order(answer):
    """A function of the predicted share rates that keeps every AUC and changes the order of the feed."""
    function = as_function(answer, "p")
    rng = np.random.default_rng(0)
    spread = rng.permutation(np.linspace(0.001, 0.999, 200))
    cases = {"200 predictions": spread, "predictions with ties": np.array([0.3, 0.1, 0.3, 0.8, 0.1]), "two": spread[:2]}
    for what, p in cases.items():
        bent = as_array(returned(function, (p,)), f"what it returns for {what}", p.shape)
        if bent.min() < 0 or bent.max() > 1:
            return "it leaves the range from 0 to 1, and fused_score refuses that"
        if np.array_equal(bent, np.sort(bent)) and not np.array_equal(p, np.sort(p)):
            return (
                "it returns the values in rising order, whatever video they belong to: do not sort, change each value"
            )
        order = np.sign(p[:, None] - p)
        if (np.sign(bent[:, None] - bent) == -order).all():
            return "it falls where it should rise: every AUC becomes one minus the AUC"
        if (np.sign(bent[:, None] - bent)[order == 0] != 0).any():
            return "equal predictions become different, so that a tie within the task is broken and the AUC moves"
        if (np.sign(bent[:, None] - bent) != order).any():
            return "it does not rise everywhere, so that samples swap places within the task and the AUC moves"
    bent = as_array(returned(function, (spread,)), "it")
    if np.allclose(bent, spread):
        return "it returns the predictions as they are, so that the order of the feed stays"
    if np.ptp(bent / spread) < 1e-9:
        return "a constant factor multiplies every score alike, and the order stays"
    seconds, other = np.full(200, 60.0), rng.permutation(spread)
    orders = [np.argsort(fused_score({"SHR": q, "VTR": other}, {"SHR": 1, "VTR": 1}, seconds)) for q in (spread, bent)]
    return None if (orders[0] != orders[1]).any() else "the order of 200 videos stays the same; bend it more"
