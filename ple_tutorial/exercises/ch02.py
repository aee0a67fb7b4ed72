"""The checks of chapter 02: Negative transfer."""

import functools

import numpy as np

from ple_tutorial.exercises.answers import as_array, as_number, number_mistake
from ple_tutorial.exercises.functions import as_function, function_mistake, returned
from ple_tutorial.exercises.register import exercise


@exercise("02.1")
def _smallest_cosine(answer):
    """The smallest cos(b, c) that exists with cos(a, b) = cos(a, c) = 0.6."""
    right = 2 * 0.6**2 - 1  # b and c on opposite sides of a, both 53 degrees from it
    angle = np.arccos(0.6)
    known = {
        "that is the product of the two cosines, which b and c have if they agree in nothing but a; they can do worse": 0.36,
        "b and c can stand further apart than a and b": 0.6,
        "b and c can stand further apart than at a right angle": 0.0,
        "they cannot be opposite: both are nearer to a than a right angle": -1.0,
        "that is the largest cosine, for b and c in the same place": 1.0,
        "the sign is reversed: b and c stand more than a right angle apart": -right,
        "cosines do not add: add the angles, and take the cosine of their sum": 0.2,
        "cosines do not add: add the angles, and take the cosine of the sum, not the sum of the cosines": 1.2,
        "the cosine of twice an angle is 2 cos² - 1: the 1 is missing": 2 * 0.36,
        "the cosine of twice an angle is 2 cos² - 1: the 2 is missing": 0.36 - 1,
        "0.8 is the sine of the angle between a and b; take the cosine of twice that angle": 0.8,
        "-0.8 is minus the sine of the angle between a and b; take the cosine of twice that angle": -0.8,
        "that is the angle between b and c in degrees; hand in its cosine": np.degrees(2 * angle),
        "that is the angle between b and c in radians; hand in its cosine": 2 * angle,
        "that is the angle between a and b in degrees; take the cosine of twice that angle": np.degrees(angle),
        "that is the angle between a and b in radians; take the cosine of twice that angle": angle,
        "NumPy's cos takes radians, not degrees": np.cos(np.degrees(2 * angle)),
        "-0.6 would turn the sign of a cosine; add the two angles, and take the cosine of the sum": -0.6,
        "that is minus the product; add the two angles, and take the cosine of the sum": -0.36,
        "that is the sine of the angle between b and c; take its cosine": np.sin(2 * angle),
    }
    value = as_number(answer, "the cosine")
    if not -1 <= value <= 1:
        otherwise = f"a cosine lies between -1 and 1, but {value:g} does not"
    elif value < right:
        lowest = np.linalg.eigvalsh([[1, 0.6, 0.6], [0.6, 1, value], [0.6, value, 1]])[0]
        otherwise = f"no three vectors have these cosines: the matrix has the negative eigenvalue {lowest:.3f}"
    else:
        otherwise = f"such vectors exist with {value:g}, but b and c can stand further apart"
    return number_mistake(answer, right, known, otherwise, "the cosine", 0.005)


@exercise("02.2")
def _gains(answer):
    """A function gains(metric, multi_task, single_task) -> one gain for each pair."""

    def right(metric, multi, single):
        return multi - single if metric == "auc" else single - multi

    single, multi = np.array([0.5, 0.7, 0.6]), np.array([0.4, 0.82, 0.65])
    cases = {
        "auc": ("auc", multi, single),
        "mse": ("mse", multi, single),
        "a single pair of mse": ("mse", multi[:1], single[:1]),
        "an mse of 0 alone": ("mse", np.array([0.1, 0.3]), np.array([0.0, 0.3])),
    }
    known = {
        "the sign is wrong for mse: a lower mse is better": lambda metric, multi, single: multi - single,
        'the sign is wrong for auc: a higher auc is better (the name is "auc", in small letters)': lambda m, multi, single: (
            single - multi
        ),
        "the sign is wrong for both metrics": lambda *a: -right(*a),
        "one gain for each pair, please; the mean comes later": lambda *a: right(*a).mean(),
        "one gain for each pair, please; the sum is not asked for": lambda *a: right(*a).sum(),
        "one gain for each pair, please; the mean comes later, and the sign is wrong for mse": lambda m, multi, single: (
            np.mean(multi - single)
        ),
        "this is the relative gain; Eq. 11 takes the plain difference": lambda m, multi, single: (
            right(m, multi, single) / single
        ),
        "this is relative to the multi-task score; Eq. 11 takes the plain difference": lambda m, multi, single: (
            right(m, multi, single) / multi
        ),
        "this is the relative gain, and its sign is wrong for mse; Eq. 11 takes the plain difference": lambda m, multi, single: (
            (multi - single) / single
        ),
        "this is a ratio; Eq. 11 takes the plain difference": lambda m, multi, single: multi / single,
        "the gains are absolute values: a loss must be negative": lambda m, multi, single: abs(multi - single),
        "losses are cut off at 0: they must be negative": lambda *a: np.maximum(right(*a), 0),
        "this is only the sign of each gain": lambda *a: np.sign(right(*a)),
        "this only says who is better; return the difference": lambda *a: right(*a) > 0,
        "each score is sorted by itself, so that the runs are no longer paired": lambda m, multi, single: right(
            m, np.sort(multi), np.sort(single)
        ),
        "every run is compared with the mean of the single-task runs; compare within the pairs": lambda m, multi, single: (
            right(m, multi, single.mean())
        ),
        "every run is compared with every other one; compare within the pairs": lambda m, multi, single: right(
            m, multi[:, None], single
        ),
        "the gains are squared; Eq. 11 takes the plain difference": lambda *a: right(*a) ** 2,
        "these are the differences of the squares; Eq. 11 takes the plain difference": lambda m, multi, single: right(
            m, multi**2, single**2
        ),
        "this is the relative gain in percent; Eq. 11 takes the plain difference": lambda m, multi, single: (
            100 * right(m, multi, single) / single
        ),
        "one gain for each pair, please; the median is not asked for": lambda *a: np.median(right(*a)),
        "one gain for each pair, please; the largest is not asked for": lambda *a: np.max(right(*a)),
        "these are the multi-task scores; take the single-task scores away": lambda m, multi, single: right(
            m, multi, 0
        ),
        "these are differences of logarithms; Eq. 11 takes the plain difference": lambda m, multi, single: right(
            m, np.log(multi), np.log(single)
        ),
    }
    arguments = ("metric", "multi_task", "single_task")
    return function_mistake(answer, arguments, cases, right, known, "the gains")


def _ends(values, level=0.95):
    return np.quantile(values, ((1 - level) / 2, (1 + level) / 2))


def _around(middle, half):
    return np.array([middle - half, middle + half])


@functools.cache
def _intervals(seed, size, lopsided):
    """Return gains, and the intervals that the right function and those with a known mistake return for them.

    The intervals are ``{sentence: (ends, tolerance)}``, the right one under None. The ends of a resampled interval are
    random; the tolerance is a share of the interval's width.
    """
    rng = np.random.default_rng(seed)
    gains = rng.exponential(0.03, size) ** 2 * 20 - 0.01 if lopsided else rng.normal(0.01, 0.02, size)
    draws = np.random.default_rng(0).choice(gains, (20_000, size))
    means, middle, spread = draws.mean(axis=1), gains.mean(), gains.std(ddof=1)
    ends = {
        None: _ends(means),
        "these are the quantiles of the gains; take those of the means of the resamples": _ends(gains),
        "these are the ends of a 90 % interval: 2.5 % on each side, not 5 %": _ends(means, 0.9),
        "these are the quantiles of single resampled gains: take the mean of each resample first": _ends(draws),
        "this is the median of each resample; take its mean": _ends(np.median(draws, axis=1)),
        "this is a 99 % interval: 2.5 % on each side": _ends(means, 0.99),
        "this is mean plus and minus 1.96 standard deviations; it lacks the root of the number of gains": _around(
            middle, 1.96 * spread
        ),
        "this is one standard error on each side; the interval asked for holds 95 %": _around(middle, means.std()),
        "this is mean plus and minus 1.96 standard errors; take the quantiles of the resampled means": _around(
            middle, 1.96 * spread / size**0.5
        ),
        "these are the quartiles of the means: 2.5 % and 97.5 %, not 25 % and 75 %": _ends(means, 0.5),
        "this is the sum of each resample; take its mean": _ends(means * size),
        "this is the interval of the standard deviation; take the mean of each resample": _ends(draws.std(axis=1)),
        "the upper end is the 95 % quantile; take that of 97.5 %": np.quantile(means, (0.025, 0.95)),
        "the lower end is the 5 % quantile; take that of 2.5 %": np.quantile(means, (0.05, 0.975)),
        "each resample holds ten gains; take as many as there are": _ends(draws[:, :10].mean(axis=1)),
        "the ends are mirrored at the mean (the basic bootstrap); take the quantiles as they are": (
            2 * middle - _ends(means)[::-1]
        ),
        "the mean of the gains is subtracted: the interval should lie around it": _ends(means - middle),
    }
    extreme = {
        "the interval ends at the smallest and the largest mean; take the 2.5 % and 97.5 % quantiles": (
            means.min(),
            means.max(),
        ),
        "np.percentile counts in percent: 2.5 and 97.5, not 0.025 and 0.975": np.percentile(means, (0.025, 0.975)),
    }
    known = {sentence: (pair, 0.06) for sentence, pair in ends.items()}
    return gains, known | {sentence: (pair, 0.3) for sentence, pair in extreme.items()}


@exercise("02.3")
def _interval(answer):
    """A function interval(gains) -> (low, high), the 95 % percentile bootstrap of the mean."""
    function = as_function(answer, "gains")
    off = {}  # how far the ends are from those of each mistake, in tolerances; the largest over the samples
    for what, sample in {"40 gains": (5, 40, False), "12 lopsided gains": (5, 12, True)}.items():
        gains, known = _intervals(*sample)
        ends = as_array(returned(function, (gains,)), "the interval")
        if ends.shape != (2,):
            return f"the interval should be two numbers, low and high, but it has the shape {ends.shape}"
        if not np.isfinite(ends).all():
            return "the ends of the interval are not finite"
        if ends[0] > ends[1]:
            return "the lower end is above the upper end: (low, high)"
        if np.ptp(ends) < 1e-9:
            return "the interval has no width: resample with replacement, or every resample has the same mean"
        for sentence, (pair, tolerance) in known.items():
            scale = tolerance * max(np.ptp(known[None][0]), np.ptp(pair))
            off[sentence] = max(off.get(sentence, 0), np.abs(pair - ends).max() / scale)
        if off[None] > 1:
            right, got, where = known[None][0], ends, what
    if off[None] <= 1:
        return None
    nearest = min((sentence for sentence in off if sentence), key=off.get)
    if off[nearest] <= 1:
        return nearest
    ratio = np.ptp(got) / np.ptp(right)
    if ratio < 0.5:
        return "the interval is far too narrow: each resample has as many gains as there are, and its own mean (axis=1)"
    if ratio > 2:
        return "the interval is far too wide: take the quantiles of the resampled means"
    return (
        f"for {where} its ends should be near {right[0]:.4f} and {right[1]:.4f}, but are {got[0]:.4f} and {got[1]:.4f}"
    )
