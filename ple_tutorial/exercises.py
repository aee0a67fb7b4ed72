"""``check``: looks at a reader's answer and tells what is wrong with it, not only that it is wrong.

An exercise is a function of the answer that returns None if the answer is right and otherwise a sentence on what is
wrong. The worked solutions stand in the notebooks, folded, and run there.
"""

import numpy as np
from scipy.special import softmax

from ple_tutorial import checks
from ple_tutorial.ranking import fused_score
from ple_tutorial.routing import ARCHITECTURES, Routing, routing

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
    if wrong or np.isclose(answer, (errors**2).mean(), atol=5e-4):
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
    means = np.random.default_rng(0).choice(gains, (40_000, 40)).mean(axis=1)
    right_low, right_high = np.quantile(means, (0.025, 0.975))
    if low > high:
        return "the lower end is above the upper end"
    width, right = high - low, right_high - right_low
    if width < 0.02 * right:
        return "the interval has no width: resample with replacement, or every resample has the same mean"
    if width > 3 * right:
        return "the interval is far too wide: take the quantiles of the resampled means, not of the gains"
    if max(abs(low - right_low), abs(high - right_high)) > 0.06 * right:
        return f"its ends should be near {right_low:.4f} and {right_high:.4f}, but are {low:.4f} and {high:.4f}"
    return None


# ---- 03 --------------------------------------------------------------------------------------------------------


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


# ---- 04 --------------------------------------------------------------------------------------------------------


@exercise("04.1")
def _mixture(answer):
    """A function mix(weights, outputs): (batch, experts), (batch, experts, units) -> (batch, units)."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    rng = np.random.default_rng(0)
    weights, outputs = softmax(rng.normal(size=(5, 4)), axis=1), rng.normal(size=(5, 4, 3))
    came = np.asarray(answer(weights, outputs))
    if came.shape == (5, 4, 3):
        return "each expert is weighed, but the experts are not summed: leave 'e' out of the result"
    if came.shape == (5, 4):
        return "the units are summed over; they should stay, and the experts should go"
    if came.shape == (3,):
        return "the batch is summed over as well: every sample has a mixture of its own"
    wrong = _array(came, (5, 3), "the mixture")
    if wrong:
        return wrong
    if np.allclose(came, outputs.mean(axis=1)) or np.allclose(came, outputs.sum(axis=1)):
        return "the weights play no part in it"
    if not np.allclose(came, (weights[:, :, None] * outputs).sum(axis=1)):
        return "the shape is right, but the numbers are not; each weight belongs to the expert of the same place"
    one = np.shape(answer(weights[:1], outputs[:1]))
    return None if one == (1, 3) else f"a batch of one sample should give the shape (1, 3), but it gives {one}"


@exercise("04.2")
def _weights_of_an_mmoe(answer):
    """The parameters of an MMoE: 100 features, 8 experts of 16 units, 2 tasks, towers 16 -> 8 -> 1."""
    experts, gates, towers = 8 * (100 * 16 + 16), 2 * 100 * 8, 2 * (16 * 8 + 8 + 8 + 1)
    right = experts + gates + towers
    wrong = _array(answer, (), "the number of parameters")
    if wrong or answer == right:
        return wrong
    said = {
        "you forgot the gates": right - gates,
        "there are two gates, one for each task": right - gates // 2,
        "you gave the gates biases; they have none": right + 2 * 8,
        "a gate has one weight for each feature and expert, not one for each expert": right - gates + 2 * 8,
        "you forgot the biases of the experts": right - 8 * 16,
        "you forgot the biases of the towers": right - 2 * 9,
        "you forgot all the biases": right - 8 * 16 - 2 * 9,
        "there are two towers, one for each task": right - towers // 2,
        "you forgot the last layer of the towers, from 8 units to one": right - 2 * 9,
        "a tower reads the mixture, 16 numbers, not all eight experts side by side": right + 2 * 7 * 16 * 8,
        "this is the count of the MMoE paper's section 3, without gates, biases and the towers' last layer": 13_056,
        "the experts are common: they count once, not once for each task": right + experts,
    }
    return _recognised(answer, said, "count the experts once, then a gate and a tower for each task")


@exercise("04.3")
def _tempered(answer):
    """A function gate(logits, temperature) -> softmax(logits / temperature) over the experts, safe for large logits."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    logits = np.random.default_rng(0).normal(size=(5, 3))
    came = np.asarray(answer(logits.copy(), 0.5))
    wrong = _array(came, (5, 3), "the gate")
    if wrong:
        return wrong
    if np.allclose(came, softmax(logits / 0.5, axis=0)):
        return "the softmax runs over the batch: the columns sum to one, and the rows should"
    if np.allclose(came, softmax(logits * 0.5, axis=1)):
        return "the logits are multiplied by the temperature; divide by it, so that a low one makes the gate sure"
    if np.allclose(came, softmax(logits, axis=1)):
        return "the temperature plays no part in it"
    if np.allclose(came, softmax(logits, axis=1) / 0.5):
        return "the temperature goes inside the softmax, or the rows do not sum to one"
    if not np.allclose(came.sum(axis=1), 1):
        return f"the rows should sum to one, but the first sums to {came[0].sum():.3g}"
    if not np.allclose(came, softmax(logits / 0.5, axis=1)):
        return "the rows sum to one, but they are not softmax(logits / temperature)"
    with np.errstate(all="ignore"):
        large = np.asarray(answer(np.array([[1000.0, 999.0], [0.0, 1.0]]), 1.0))
    safe = np.isfinite(large).all() and np.allclose(large, softmax(np.array([[1.0, 0.0], [0.0, 1.0]]), axis=1))
    return None if safe else "logits of a thousand overflow: take each row's largest away first"


# ---- 05 --------------------------------------------------------------------------------------------------------


@exercise("05.1")
def _reach_of_a_cgc(answer):
    """Rows a, b, c (whose loss), columns a, b, shared (whose experts), for a CGC with experts a:2 b:1 shared:1."""
    right = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1]])
    wrong = _array(answer, (3, 3), "the reach matrix")
    if wrong:
        return wrong
    came = np.asarray(answer, float)
    if not np.isin(came, (0, 1)).all():
        return "the entries are 0 or 1: reached or not, however many experts a group has"
    if (came == right).all():
        return None
    if (came == right.T).all():
        return "transposed: a row is a loss, and a column a group of experts"
    if came.all():
        return "this is what MMoE would do; here no task sees another task's experts"
    if (came[:, 2] == 0).any():
        return "every task's gate sees the shared experts"
    if came[2, :2].any():
        return "task c has no experts of its own, and sees the shared one alone"
    return "a task's loss reaches its own experts and the shared ones, and no others"


@exercise("05.2")
def _own_and_shared(answer):
    """(own, shared): 4 tasks, 12 experts in all, every task sees at least 5, own as many as possible."""
    wrong = _array(answer, (2,), "the pair (own, shared)")
    if wrong:
        return wrong
    own, shared = (float(n) for n in answer)
    if (own, shared) == (2, 4):
        return None
    if (own, shared) == (4, 2):
        return "the two numbers in the other order: own first, then shared"
    if own + shared == 12:
        return "each of the four tasks has experts of its own, so there are 4 x own + shared in all"
    if 4 * own + shared != 12:
        return f"4 x {own:g} own and {shared:g} shared are {4 * own + shared:g} experts, not 12"
    if own + shared < 5:
        return f"a task would see {own:g} own and {shared:g} shared, {own + shared:g} experts; it should see at least 5"
    return "that keeps to the rules, but a task could have more experts of its own"


@exercise("05.3")
def _cgc_by_hand(answer):
    """A function cgc(x, own, shared, kernel) -> (batch, units): a gate over a task's own, then the shared experts."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    rng = np.random.default_rng(0)
    x, own, shared, kernel = (rng.normal(size=size) for size in ((5, 3), (5, 2, 4), (5, 2, 4), (3, 4)))
    came = np.asarray(answer(x, own, shared, kernel))
    wrong = _array(came, (5, 4), "what leaves the gate")
    if wrong:
        return wrong
    logits, seen, turned = x @ kernel, np.concatenate([own, shared], axis=1), np.concatenate([shared, own], axis=1)
    said = {
        "your shared experts come first; the gate's weights are for its own first": (softmax(logits, axis=1), turned),
        "the softmax runs over the batch; it should run over the experts": (softmax(logits, axis=0), seen),
        "the logits are used as they are: the softmax is missing": (logits, seen),
        "the exponentials are not divided by their sum": (np.exp(logits), seen),
        "own and shared experts are each mixed by a softmax of their own; it is one softmax over all": (
            np.concatenate([softmax(logits[:, :2], axis=1), softmax(logits[:, 2:], axis=1)], axis=1),
            seen,
        ),
    }
    for sentence, (weights, outputs) in said.items():
        if np.allclose(came, np.einsum("be,beu->bu", weights, outputs)):
            return sentence
    if not np.allclose(came, np.einsum("be,beu->bu", softmax(logits, axis=1), seen)):
        return "the shape is right, but the numbers are not: softmax(x @ kernel) weighs own, then shared experts"
    one = np.shape(answer(x[:1], own[:1], shared[:1], kernel))
    return None if one == (1, 4) else f"a batch of one sample should give the shape (1, 4), but it gives {one}"


# ---- 06 --------------------------------------------------------------------------------------------------------


@exercise("06.1")
def _what_the_shared_gate_sees(answer):
    """The shared gate of level 2 of a PLE of three levels."""
    counts = {"vtr": 2, "vcr": 1, "comment": 1, "shared": 2}
    right = [f"{group}_{i + 1}" for group, count in counts.items() for i in range(count)]
    if isinstance(answer, str) or not all(isinstance(name, str) for name in answer):
        return "the answer is a list of names such as 'vtr_1'"
    answer = list(answer)
    if answer == right:
        return None
    two_each = "vtr has two experts, the other two tasks have one each, and there are two shared ones"
    said = {
        (): "level 2 of three is not the last level, so it has a shared gate",
        tuple(right[4:]): "the shared gate sees all experts of its level, not the shared ones alone",
        tuple(right[:4]): "the shared gate sees the shared experts as well",
        tuple(f"{group}_{i + 1}" for group in counts for i in range(2)): two_each,
        tuple(f"{group}_1" for group in counts): two_each,
    }
    if any(name.startswith("level") for name in answer):
        return "leave the level out of the names: they start anew on each level, as 'vtr_1'"
    if sorted(answer) == sorted(right):
        return "the right experts in another order: the tasks as they are listed, the shared experts last"
    strangers = sorted(set(answer) - set(right))
    otherwise = f"level 2 has no expert {strangers[0]!r}" if strangers else "every expert of the level, each once"
    return said.get(tuple(answer), otherwise)


@exercise("06.2")
def _weights_of_a_ple(answer):
    """The parameters of a PLE of two levels: 10 features, experts of 16 and then 8 units, a:2, b:1, shared:3."""
    experts, gates, towers = (6 * (10 * 16 + 16), 6 * (16 * 8 + 8)), (10 * (5 + 4 + 6), 16 * (5 + 4)), 2 * (8 + 1)
    right = sum(experts) + sum(gates) + towers
    wrong = _array(answer, (), "the number of weights")
    if wrong or answer == right:
        return wrong
    said = {
        "you gave the gates biases; they have none": right + (5 + 4 + 6) + (5 + 4),
        "you counted a shared gate on level 2, the last level, which has none": right + 16 * 6,
        "you forgot the shared gate of level 1": right - 10 * 6,
        "level 2 reads streams of 16 numbers, not the 10 features": right - 6 * (6 * 8 + 5 + 4),
        "its experts read streams, and so do the gates of level 2: 16 rows, not 10": right - 6 * (5 + 4),
        "you forgot the biases of the experts": right - 6 * (16 + 8),
        "you forgot the towers": right - towers,
        "you forgot the biases of the towers": right - 2,
        "you forgot the gates": right - sum(gates),
        "a task gate sees its own and the shared experts, not all six": right + 10 * (1 + 2) + 16 * (1 + 2),
    }
    return _recognised(answer, said, "count experts, gates and towers level by level, and compare with the table")


@exercise("06.3")
def _the_repaired_table(answer):
    """The routing table of a PLE of two levels for click, click_long and comment, one of whose gates saw too much."""
    right = routing("ple", ["click", "click_long", "comment"], levels=2)
    if not isinstance(answer, Routing):
        return f"hand in a Routing, not a {type(answer).__name__}"
    if answer.tasks != right.tasks or len(answer.levels) != 2:
        return "keep the three tasks and the two levels"
    for number, (came, level) in enumerate(zip(answer.levels, right.levels, strict=True), 1):
        if came.experts != level.experts:
            return f"the experts of level {number} were right; only a gate is wired wrongly"
        if set(came.mixers) != set(level.mixers):
            return f"level {number} should have the mixers {sorted(level.mixers)}, but it has {sorted(came.mixers)}"
        for stream, mixer in level.mixers.items():
            mine = came.mixers[stream]
            extra, missing = (sorted(x) for x in (set(mine.sees) - set(mixer.sees), set(mixer.sees) - set(mine.sees)))
            if (number, stream, extra) == (2, "click", ["click_long"]):
                return "the fault is still in it: look for a gate that sees another task's experts on the last level"
            if extra or missing or (mine.how, mine.reads) != (mixer.how, mixer.reads):
                return f"gate {stream!r} of level {number} was right before; now it is not the paper's"
    return None


# ---- 07 --------------------------------------------------------------------------------------------------------


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


# ---- 08 --------------------------------------------------------------------------------------------------------


@exercise("08.1")
def _columns_that_are_no_features(answer):
    """The columns of Census-Income that a model of income, never_married and year_round must not see."""
    right = {"income", "marital_stat", "instance_weight", "weeks_worked_in_year"}
    if isinstance(answer, (str, dict)) or not all(isinstance(name, str) for name in answer):
        return "the answer is a set of names of columns, such as {'age', 'sex'}"
    answer = set(answer)
    if answer & {"never_married", "year_round"}:
        return "these are labels, not columns of the file: name the columns that they are made of"
    if len(answer) > 20:
        return "these are the features; hand in the columns that are left out"
    hints = {
        "income": "the first label is one of the 42 columns; it is no feature",
        "marital_stat": "the second label is made of a column that tells it exactly",
        "weeks_worked_in_year": "the new label is made of weeks_worked_in_year; for all three tasks, as they read the same",
        "instance_weight": "one column belongs to the survey's plan and not to the person",
    }
    for name, hint in hints.items():
        if name not in answer:
            return hint
    if "detailed_household_and_family_stat" in answer:
        return (
            "the household code tells a lot, but it is not what a label is made of; leaving it out is another question"
        )
    more = sorted(answer - right)
    return f"{more[0]!r} can stay: no label is made of it" if more else None


@exercise("08.2")
def _seeds_needed(answer):
    """A function seeds_needed(multi, single, gain) -> the smallest number of paired seeds."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    single = np.array([0.910, 0.922, 0.915, 0.934, 0.903])
    multi = single + np.array([0.003, 0.001, 0.004, 0.000, 0.002])
    gain, spread = 0.0006, np.std(multi - single, ddof=1)
    came = float(answer(multi, single, gain))
    unpaired = np.hypot(multi.std(ddof=1), single.std(ddof=1))
    exact = (1.96 * spread / gain) ** 2
    if came == np.ceil(exact):
        return None
    said = {
        "there is no fraction of a seed: round up to the smallest whole number that is enough": exact,
        "you rounded down, and with so few the interval is a little too wide": np.floor(exact),
        "the root is still on it: a half-width that shrinks with the root of n asks for the square": np.ceil(
            exact**0.5
        ),
        "this takes the spread of the scores of single; take that of the paired differences": np.ceil(
            (1.96 * single.std(ddof=1) / gain) ** 2
        ),
        "this takes both spreads as if the runs were not paired; take the spread of the differences": np.ceil(
            (1.96 * unpaired / gain) ** 2
        ),
        "with ddof=1, please: five differences have four degrees of freedom": np.ceil(
            (1.96 * np.std(multi - single) / gain) ** 2
        ),
        "the half-width is to be at most the gain, not the whole width": np.ceil(4 * exact),
        "1.96 is missing: one standard error on each side covers only two thirds": np.ceil((spread / gain) ** 2),
    }
    return _recognised(
        came, said, f"for differences of 3, 1, 4, 0 and 2 thousandths and a gain of 0.0006 it is not {came:g}"
    )


@exercise("08.3")
def _auc_by_group(answer):
    """A function auc_by_group(labels, scores, groups) -> {group: AUC, NaN where there is one class only}."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    labels, groups = np.array([0, 1, 1, 0, 1, 0, 1, 1]), np.array(list("aaaabbbc"))
    scores = np.array([0.4, 0.3, 0.45, 0.2, 0.8, 0.6, 0.7, 0.5])
    came = answer(labels, scores, groups)
    if not isinstance(came, dict) or sorted(map(str, came)) != ["a", "b", "c"]:
        return "it should return a dict with one entry for each group, also for one that has no AUC"
    a, b, c = (float(came[group]) for group in "abc")
    if not np.isnan(c):
        return "group 'c' has one class only: there is no pair to put in order, so its AUC is NaN"
    if np.isclose(a, 0.25) or np.isclose(b, 0):
        return "it is upside down: scores of positives above those of negatives should give an AUC near 1"
    if np.isclose(a, 0.5) and np.isclose(b, 0.5):
        return "it looks at scores above and below a threshold; AUC compares the scores themselves"
    if np.isclose(a, b):
        return "both groups get the same AUC: take the samples of the group only"
    if not np.allclose([a, b], [0.75, 1]):
        return f"three of the four pairs of group 'a' are in order, all of group 'b'; but it gives {a:.2f} and {b:.2f}"
    return None


# ---- 09 --------------------------------------------------------------------------------------------------------


@exercise("09.1")
def _four_of_the_ten(answer):
    """Four descriptions, four architectures."""
    right = {"A": "mmoe", "B": "asymmetric", "C": "sluice", "D": "ple"}
    hints = {
        "A": "softmax weights are a gate, and with one level and no task experts there is one such architecture",
        "B": "follow loss b down to the experts of a, and loss a to those of b: only one of the two arrives",
        "C": "the same numbers for every sample is a stitch; two of the ten have stitches, and in one the towers read all levels",
        "D": "the first level lets everything through and the second does not: find the two zeros in the matrices",
    }
    if not isinstance(answer, dict) or set(answer) != set(right):
        return f"the answer is a dict with the keys {sorted(right)}"
    for key, name in right.items():
        if answer[key] not in ARCHITECTURES:
            return f"{key}: {answer[key]!r} is none of {', '.join(ARCHITECTURES)}"
        if answer[key] != name:
            return f"{key}: {hints[key]}"
    return None


@exercise("09.2")
def _a_table_of_ones_own(answer):
    """A CGC for click, like and buy, in which buy's gate also sees click's experts but does not train them."""
    tasks = ("click", "like", "buy")
    if not isinstance(answer, Routing):
        return f"hand in a Routing, not a {type(answer).__name__}"
    if answer.tasks != tasks or len(answer.levels) != 1 or answer.towers != "last":
        return f"the table is for the tasks {', '.join(tasks)}, in this order, and has one level, which the towers read"
    level = answer.levels[0]
    if level.experts != dict.fromkeys((*tasks, "shared"), 1):
        return "every task has one expert, and one is shared"
    if set(level.mixers) != set(tasks):
        return f"one level sends a stream to each tower, and no other; yours sends {', '.join(level.mixers)}"
    if strange := [task for task, mixer in level.mixers.items() if mixer.how != "gate" or mixer.residual]:
        return f"the mixer of {strange[0]} should be a gate, without a residual"
    for task, sees in {"click": {"click", "shared"}, "like": {"like", "shared"}}.items():
        if set(level.mixers[task].sees) != sees or level.mixers[task].detached:
            return f"{task!r} should have the gate of a CGC, over {' and '.join(sorted(sees))}, both trained"
    buy = level.mixers["buy"]
    if "click" not in buy.sees:
        return "the gate of buy should see the expert of click"
    if set(buy.sees) != {"buy", "shared", "click"}:
        return f"the gate of buy should see its own, the shared and click's expert, but it sees {', '.join(buy.sees)}"
    if "click" not in buy.detached:
        return "the loss of buy still trains the expert of click: name the group among the detached ones"
    return None if buy.detached == ("click",) else "the loss of buy should still train its own and the shared expert"


@exercise("09.3")
def _as_wide_as_the_budget_allows(answer):
    """The largest width of hard sharing's one expert: 32 features, two tasks, towers of 8, at most 3,458 parameters."""
    wrong = None if isinstance(answer, (int, float, np.number)) else "the width should be a number"
    if wrong or answer == 69:  # 33 w for the expert, 2 x (8 w + 17) for the towers
        return wrong
    if answer != round(answer):
        return "units are whole: round down, since one more would be too many"
    said = {
        "with 70 units it has 3,464 parameters, six too many": 70,
        "the expert has a bias for each unit, and the towers have biases": 71,
        "there are two towers": 83,
        "you forgot the towers": 104,
        "the expert is there once, however many tasks read it": 41,
        "it may take all of the budget: take the largest width that still fits": 68,
    }
    return _recognised(answer, said, "write the number of parameters as a function of the width, and solve for it")
