"""``check``: looks at a reader's answer and tells what is wrong with it, not only that it is wrong.

An exercise is a function of the answer that returns None if the answer is right and otherwise a sentence on what is
wrong. The worked solutions stand in the notebooks, folded, and run there.
"""

import numpy as np

from ple_tutorial import checks
from ple_tutorial.ranking import fused_score

_EXERCISES = {}


def exercise(name):
    """Register the check of the exercise ``name``, as ``"04.1"``: chapter, then number."""

    def register(function):
        _EXERCISES[name] = function
        return function

    return register


def verdict(name, answer):
    """``(right, sentence)`` on an answer; whatever the answer raises is part of the sentence, never thrown."""
    judge = _EXERCISES[checks.choice("name", name, tuple(sorted(_EXERCISES)))]
    if answer is None or answer is ...:
        return False, "no answer yet."
    try:
        wrong = judge(answer)
    except Exception as error:  # a reader's function may raise anything
        wrong = f"it raised {type(error).__name__}: {error}"
    return wrong is None, "right." if wrong is None else f"not yet: {wrong}"


def check(name, answer):
    """Print what is to be said of the answer to an exercise.

    Raises:
        ValueError: an unknown exercise; the nearest match is named.
    """
    print(f"{name} {verdict(name, answer)[1]}")


def _array(answer, shape, what):
    """A sentence if the answer is not an array of this shape with finite numbers."""
    try:
        came = np.asarray(answer, float)
    except (TypeError, ValueError):
        return f"{what} should be an array of numbers, but it is a {type(answer).__name__}"
    if came.shape != shape:
        return f"{what} should have the shape {shape}, but it has {came.shape}"
    return None if np.isfinite(came).all() else f"{what} holds numbers that are not finite"


def _recognised(answer, said, otherwise):
    """The sentence of the known mistake that gives this number: ``said`` is ``{sentence: number}``."""
    return next((sentence for sentence, number in said.items() if np.isclose(answer, number)), otherwise)


# ---- 00 --------------------------------------------------------------------------------------------------------


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
    wrong = _array(answer, (), "the mean squared error")
    if wrong or np.isclose(answer, (errors**2).mean()):
        return wrong
    said = {
        "(6, 1) minus (6,) is (6, 6): every prediction met every label. Take the column out first": square.mean(),
        "that is the sum of the squares; divide by the number of samples": (errors**2).sum(),
        "that is the root of the mean squared error": np.sqrt((errors**2).mean()),
        "that is the mean absolute error; square the differences": abs(errors).mean(),
        "that is the mean difference; square before you average": errors.mean(),
    }
    return _recognised(answer, said, "average the six squared differences")


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


# ---- 01 --------------------------------------------------------------------------------------------------------


@exercise("01.1")
def _own_space(answer):
    """Eq. 9 for the VCR of eight impressions, five of which were played and three clicked."""
    play, click = np.array([1, 1, 0, 1, 0, 1, 1, 0], bool), np.array([0, 1, 0, 0, 0, 1, 1, 0], bool)
    errors = np.array([0.2, 0.9, 0, 0.1, 0, 1.0, 0.6, 0]) - np.array([0.3, 0.7, 0.4, 0.4, 0.5, 0.8, 0.6, 0.2])
    wrong = _array(answer, (), "the loss")
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
    return _recognised(answer, said, "average over the five plays")


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
    wrong = _array(came, (), "the weight")
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
    return _recognised(came, said, "the two scores differ at this weight")


@exercise("01.3")
def _same_auc_other_order(answer):
    """A function of the predicted share rates that keeps every AUC and changes the order of the feed."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    p = np.linspace(0.001, 0.999, 200)
    bent = answer(p)
    wrong = _array(bent, p.shape, "what it returns for 200 predictions")
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


# ---- 02 --------------------------------------------------------------------------------------------------------


@exercise("02.1")
def _smallest_cosine(answer):
    """The smallest cos(b, c) that exists with cos(a, b) = cos(a, c) = 0.6."""
    if wrong := _array(answer, (), "the answer"):
        return wrong
    right, p = 2 * 0.6**2 - 1, float(answer)  # b and c on opposite sides of a, both 53 degrees from it
    if abs(p - right) < 0.005:
        return None
    if not -1 <= p <= 1:
        return f"a cosine lies between -1 and 1, but {p:g} does not"
    if p < right:
        lowest = np.linalg.eigvalsh([[1, 0.6, 0.6], [0.6, 1, p], [0.6, p, 1]])[0]
        return f"no three vectors have these cosines: the matrix has the negative eigenvalue {lowest:.3f}"
    return f"such vectors exist with {p:g}, but b and c can stand further apart"


@exercise("02.2")
def _gains(answer):
    """A function gains(metric, multi_task, single_task) -> one gain for each pair."""
    single, multi = np.array([0.5, 0.7, 0.6]), np.array([0.4, 0.8, 0.6])
    for metric, sign in (("auc", 1), ("mse", -1)):
        came = np.asarray(answer(metric, multi, single), float)
        if came.shape != (3,):
            return f"three pairs should give three gains, but the shape is {came.shape}; the mean comes later"
        if np.allclose(came, -sign * (multi - single)):
            return f"the sign is turned for {metric}: a {'lower' if sign < 0 else 'higher'} {metric} is better"
        if np.allclose(came, sign * (multi - single) / single):
            return "this is the relative gain; Eq. 11 takes the plain difference"
        if not np.allclose(came, sign * (multi - single)):
            return f"for {metric} the gains are not the differences within the pairs"
    return None


@exercise("02.3")
def _interval(answer):
    """A function interval(gains) -> (low, high), the 95 % percentile bootstrap of the mean."""
    gains = np.random.default_rng(5).normal(0.01, 0.02, 40)
    low, high = (float(end) for end in answer(gains))
    means = np.random.default_rng(0).choice(gains, (4000, 40)).mean(axis=1)
    right_low, right_high = np.quantile(means, (0.025, 0.975))
    if low > high:
        return "the lower end is above the upper end"
    width, right = high - low, right_high - right_low
    if width < 0.02 * right:
        return "the interval has no width: resample with replacement, or every resample has the same mean"
    if width > 3 * right:
        return "the interval is far too wide: take the quantiles of the resampled means, not of the gains"
    if abs(low - right_low) > 0.15 * right or abs(high - right_high) > 0.15 * right:
        return f"its ends should be near {right_low:.4f} and {right_high:.4f}, but are {low:.4f} and {high:.4f}"
    return None


# ---- 03 --------------------------------------------------------------------------------------------------------
# ---- 04 --------------------------------------------------------------------------------------------------------
# ---- 05 --------------------------------------------------------------------------------------------------------
# ---- 06 --------------------------------------------------------------------------------------------------------
# ---- 07 --------------------------------------------------------------------------------------------------------
# ---- 08 --------------------------------------------------------------------------------------------------------
