"""The checks of chapter 11: When does it pay?"""

import numpy as np
from scipy import stats

from ple_tutorial.exercises.answers import as_dict, as_number, number_mistake
from ple_tutorial.exercises.functions import function_mistake
from ple_tutorial.exercises.names import as_architecture
from ple_tutorial.exercises.register import exercise


@exercise("11.1")
def _where_to_start(answer):
    """Four situations, and the model to start with in each."""
    right = {"A": "ple", "B": "hard-sharing", "C": "hard-sharing", "D": "hard-sharing"}
    overlooked = {
        "A": "the context is a feature, each task has rules of its own to choose from, and there is room for several experts: "
        "gates have all that they need",
        "B": "the context is hidden: gates have nothing to choose by",
        "C": "each task has one function for all samples: gates have nothing to choose",
        "D": "2,000 parameters have no room for several experts of a useful size",
    }
    given = as_dict(answer, list(right))
    for key, name in right.items():
        mine = as_architecture(given[key])
        if mine is None:
            return f"{key}: {given[key]!r} is neither 'hard-sharing' nor 'ple'"
        if mine not in ("hard-sharing", "ple"):
            return f"{key}: {mine} is an architecture, too, but the choice here is between 'hard-sharing' and 'ple'"
        if mine != name:
            return f"{key}: {overlooked[key]}"
    return None


def _around(values, ddof=1, quantile=None, root=0.5):
    """Return the mean of values and the ends of an interval around it, of a t test unless something else is said."""
    values = np.asarray(values)
    quantile = stats.t.ppf(0.975, len(values) - 1) if quantile is None else quantile
    half = quantile * values.std(ddof=ddof) / len(values) ** root
    return values.mean() + np.array([0, -half, half])


def _logs(own, base):
    return np.log(own / base)


def _ratio(own, base, **changes):
    return np.exp(_around(_logs(own, base), **changes))


def _unpaired(own, base, more=2):
    """Return the ratio and its interval as if no run had a partner; ``more`` is what both numbers of seeds lose in the t test."""
    half = stats.t.ppf(0.975, 2 * len(own) - more) * np.hypot(stats.sem(np.log(own)), stats.sem(np.log(base)))
    return np.exp(_logs(own, base).mean() + np.array([0, -half, half]))


def _with_middle(middle):
    """Return a function with the right interval around another middle."""
    return lambda own, base: np.array([middle(own, base), *_ratio(own, base)[1:]])


@exercise("11.2")
def _ratio_with_interval(answer):
    """A function ratio(own, base) -> the geometric mean of own over base and the ends of its 95 % interval."""

    def t(level, lost=1):
        return lambda own, base: _ratio(own, base, quantile=stats.t.ppf(level, len(own) - lost))

    def halves(own, base):
        middle, low, _ = _around(_logs(own, base))
        return middle, middle - low

    def half_as_it_is(own, base):
        middle, half = halves(own, base)
        return np.exp(middle) + np.array([0, -half, half])

    def half_back(own, base):
        middle, half = halves(own, base)
        return np.exp(middle) + np.array([0, -np.exp(half), np.exp(half)])

    known = {
        "that is base over own: below 1 should mean that `own` has less error": lambda own, base: _ratio(base, own),
        "these are logarithms: take all three back by the exponential": lambda own, base: _around(_logs(own, base)),
        "the ends are still logarithms: take them back by the exponential, as the mean": lambda own, base: np.array(
            [_ratio(own, base)[0], *_around(_logs(own, base))[1:]]
        ),
        "the half width is one of logarithms: take it from and add it to their mean, before the exponential": half_as_it_is,
        "take the exponential of the two ends, not of the half width": half_back,
        "these are logarithms to the base 10, and `np.exp` takes back natural ones: use `np.log`": lambda own, base: (
            np.exp(_around(np.log10(own / base)))
        ),
        "that is the arithmetic mean of the ratios; take mean and interval of their logarithms": lambda own, base: (
            _around(own / base)
        ),
        "the first number is the arithmetic mean of the ratios; the interval is right": _with_middle(
            lambda own, base: np.mean(own / base)
        ),
        "the first number is the ratio of the means; the interval is right": _with_middle(
            lambda own, base: np.mean(own) / np.mean(base)
        ),
        "the first number is the median of the ratios; the interval is right": _with_middle(
            lambda own, base: np.median(own / base)
        ),
        "that is the ratio of the means, with an interval of the ratios; take those of the logarithms": lambda own, base: (
            _around(own / base) - np.mean(own / base) + np.mean(own) / np.mean(base)
        ),
        "that is the ratio of the means, with the ends moved along; take mean and interval of the logarithms": lambda own, base: (
            _ratio(own, base) * np.mean(own) / np.mean(base) / _ratio(own, base)[0]
        ),
        "that is the mean difference of the errors; take the logarithms of the ratios": lambda own, base: _around(
            own - base
        ),
        "that is own alone: divide by base first": lambda own, base: np.exp(_around(np.log(own))),
        "the standard deviation is that of a whole population: n - 1 in its place, `ddof=1`": lambda own, base: _ratio(
            own, base, ddof=0
        ),
        "1.96 is the quantile of a normal distribution; so few seeds need that of t": lambda own, base: _ratio(
            own, base, quantile=stats.norm.ppf(0.975)
        ),
        "two things: 1.96 is the normal quantile and not that of t, and the standard deviation lacks `ddof=1`": (
            lambda own, base: _ratio(own, base, ddof=0, quantile=stats.norm.ppf(0.975))
        ),
        "two things: the standard deviation is not divided by the root of n, and lacks `ddof=1`": lambda own, base: (
            _ratio(own, base, ddof=0, root=0)
        ),
        "the standard deviation is not divided by the root of n: that is the spread of one seed, not of the mean": (
            lambda own, base: _ratio(own, base, root=0)
        ),
        "the standard deviation is divided by n; divide it by the root of n": lambda own, base: _ratio(
            own, base, root=1
        ),
        "the quantile of t is missing: that is one standard error on each side": lambda own, base: _ratio(
            own, base, quantile=1.0
        ),
        "that is a 90 % interval: 2.5 % on each side, so the quantile of 0.975": t(0.95),
        "that is a 99 % interval: the quantile of 0.975, not of 0.995": t(0.995),
        "n seeds leave n - 1 degrees of freedom, not n": t(0.975, lost=0),
        "n seeds leave n - 1 degrees of freedom": lambda own, base: _ratio(
            own, base, quantile=stats.t.ppf(0.975, 2 * len(own) - 2)
        ),
        "the three in another order: the mean first, then the lower end and the upper one": lambda own, base: _ratio(
            own, base
        )[[1, 0, 2]],
        "the three in another order: the mean first, then the two ends": lambda own, base: _ratio(own, base)[[1, 2, 0]],
        "the two ends in the other order: the lower one first": lambda own, base: _ratio(own, base)[[0, 2, 1]],
        "this takes the seeds as if they were not paired: take the spread of the logarithms of the ratios": _unpaired,
        "this takes the seeds as if they were not paired: one logarithm for each seed, that of its ratio": (
            lambda own, base: _unpaired(own, base, len(own) + 1)
        ),
        "each list is sorted by itself, so that the seeds are no longer paired": lambda own, base: _ratio(
            np.sort(own), np.sort(base)
        ),
        "these ends are quantiles of the ratios; take the interval of their mean logarithm": lambda own, base: np.array(
            [_ratio(own, base)[0], *np.quantile(own / base, (0.025, 0.975))]
        ),
    }
    rng = np.random.default_rng(11)
    base = rng.uniform(0.02, 0.2, 12)
    own = base * np.exp(rng.normal(-0.3, 0.4, 12))
    cases = {
        "six seeds": (own[:6], base[:6]),
        "twelve seeds": (own, base),
        "a stuck seed": (np.array([0.04, 0.05, 0.9, 0.06, 0.03]), np.array([0.05, 0.06, 0.05, 0.04, 0.05])),
        "half the error on each seed": (0.5 * base[:4], base[:4]),
        "two seeds": (np.array([0.31, 0.22]), np.array([0.3, 0.2])),
    }
    return function_mistake(answer, ("own", "base"), cases, _ratio, known, "the ratio with its interval")


@exercise("11.3")
def _how_many_may_be_claimed(answer):
    """The number of five p values that Holm's adjustment leaves below 0.05."""
    right = 2  # 0.02, 0.044, 0.06, 0.06 and 0.4 after the adjustment
    known = {
        "that many are below 0.05 as they stand; five comparisons need an adjustment": 4,
        "that is Bonferroni's adjustment, all times five; Holm multiplies the second smallest by four, which gives 0.044": 1,
        "the third is 0.02 times three, which is 0.06 and above the level": 3,
        "0.4 is above the level even without an adjustment": 5,
        "the smallest is 0.004 times five, which is 0.02 and below the level": 0,
        "0.02 is a p value; hand in how many of the five may be claimed": 0.02,
        "0.4 is a p value, or a share of the five; hand in how many may be claimed": 0.4,
    }
    value = as_number(answer, "the number")
    otherwise = "adjust the five p values, and count those below 0.05"
    if not value.is_integer():
        otherwise = "that is no count; hand in how many of the five may be claimed"
    elif not 0 <= value <= 5:
        otherwise = "five models are compared, so it is a number from 0 to 5"
    return number_mistake(value, right, known, otherwise, "the number")
