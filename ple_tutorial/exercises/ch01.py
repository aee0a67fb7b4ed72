"""The checks of chapter 01: One feed, many objectives."""

import numpy as np

from ple_tutorial.exercises.answers import array_wrong, recognised
from ple_tutorial.exercises.register import exercise
from ple_tutorial.ranking import fused_score


@exercise("01.1")
def _own_space(answer):
    """Eq. 9 for the VCR of eight impressions, five of which were played and three clicked."""
    play, click = np.array([1, 1, 0, 1, 0, 1, 1, 0], bool), np.array([0, 1, 0, 0, 0, 1, 1, 0], bool)
    errors = np.array([0.2, 0.9, 0, 0.1, 0, 1.0, 0.6, 0]) - np.array([0.3, 0.7, 0.4, 0.4, 0.5, 0.8, 0.6, 0.2])
    wrong = array_wrong(answer, (), "the loss")
    if wrong or np.isclose(answer, (errors[play] ** 2).mean()):
        return wrong
    said = {
        "you averaged over all eight: where nothing was played the label is no label": (errors**2).mean(),
        "the sum is right, but divide it by the number of plays, not by the batch": (errors[play] ** 2).sum() / 8,
        "you averaged over the clicks; VCR is defined on every play": (errors[click] ** 2).mean(),
        "that is the sum over the plays; divide it by their number": (errors[play] ** 2).sum(),
        "that is the mean absolute error; VCR's loss is the squared one": abs(errors[play]).mean(),
        "that is the root of the loss": np.sqrt((errors[play] ** 2).mean()),
    }
    return recognised(answer, said, "average over the five plays")


@exercise("01.2")
def _overtakes(answer):
    """A function: the weight of one task at which two videos have equal scores."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    one = {"VTR": 0.2, "VCR": 0.25, "SHR": 0.01, "CMR": 0.05, "seconds": 900}
    other = {"VTR": 0.5, "VCR": 0.6, "SHR": 0.02, "CMR": 0.01, "seconds": 40}
    weights = {"VTR": 1.0, "VCR": 0.5, "SHR": 0.2, "CMR": 0.3}
    rest = [fused_score({t: [v[t]] for t in weights}, weights | {"CMR": 0}, [v["seconds"]])[0] for v in (one, other)]
    slope = np.log(one["CMR"] / other["CMR"])
    right, lengths = np.log(rest[1] / rest[0]) / slope, [np.log1p(v["seconds"]) for v in (one, other)]
    came = answer(one, other, weights, "CMR")
    wrong = array_wrong(came, (), "the weight")
    if wrong or np.isclose(came, right):
        return wrong
    plain = [np.log(np.log(v["seconds"])) for v in (one, other)]
    factor = np.log(lengths[0] / lengths[1])
    said = {
        "the sign is turned round: the rest must make up for what the task gives": -right,
        "the length counts as well: f is a factor of both scores": right + factor / slope,
        "f is log(1 + seconds), not log(seconds)": right + (factor - plain[0] + plain[1]) / slope,
        "you left the task's present weight in the rest of the score": right - weights["CMR"],
        "divide by the difference of the task's logarithms": right * slope,
    }
    return recognised(came, said, "the two scores differ at this weight")


@exercise("01.3")
def _same_auc_other_order(answer):
    """A function of the predicted share rates that keeps every AUC and changes the order of the feed."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    p = np.linspace(0.001, 0.999, 200)
    bent = answer(p)
    wrong = array_wrong(bent, p.shape, "what it returns for 200 predictions")
    if wrong:
        return wrong
    bent = np.asarray(bent, float)
    if bent.min() < 0 or bent.max() > 1:
        return "it leaves the range from 0 to 1, and fused_score refuses that"
    if not (np.diff(bent) > 0).all():
        return "it does not rise everywhere, so that samples swap places within the task and the AUC moves"
    if np.ptp(bent / p) < 1e-9:
        return "a constant factor multiplies every score alike, and the order stays"
    seconds, other = np.full(200, 60.0), np.random.default_rng(0).permutation(p)
    orders = [np.argsort(fused_score({"SHR": q, "VTR": other}, {"SHR": 1, "VTR": 1}, seconds)) for q in (p, bent)]
    return None if (orders[0] != orders[1]).any() else "the order of 200 videos stays the same; bend it more"
