"""Answers to the exercises of chapter 11: right ones in several forms, wrong ones with a phrase of their sentence."""

import math
import statistics

import numpy as np
import pandas as pd
from scipy import stats

from ple_tutorial.study.verdicts import holm, verdicts

START = {"A": "ple", "B": "hard-sharing", "C": "hard-sharing", "D": "hard-sharing"}
P_VALUES = [0.004, 0.011, 0.02, 0.03, 0.4]


def t(n, level=0.975):
    return stats.t.ppf(level, n - 1)


def ratio(own, base):
    logs = np.log(np.asarray(own) / np.asarray(base))
    half = t(len(logs)) * logs.std(ddof=1) / np.sqrt(len(logs))
    return tuple(np.exp([logs.mean(), logs.mean() - half, logs.mean() + half]))


def by_loop(own, base):
    logs = [math.log(one) - math.log(other) for one, other in zip(own, base, strict=True)]
    mean, error = statistics.mean(logs), statistics.stdev(logs) / len(logs) ** 0.5
    return [math.exp(mean + sign * t(len(logs)) * error) for sign in (0, -1, 1)]


def by_interval(own, base):
    logs = pd.Series(np.log(own) - np.log(base))
    if logs.std() < 1e-12:  # an interval of no width has no t distribution
        return np.exp(logs.mean()) * np.ones(3)
    return np.exp([logs.mean(), *stats.t.interval(0.95, len(logs) - 1, logs.mean(), logs.sem())])


def by_logs_to_the_base_2(own, base):
    logs = np.log2(own / base)
    half = t(len(logs)) * stats.sem(logs)
    return 2 ** logs.mean(), 2 ** (logs.mean() - half), 2 ** (logs.mean() + half)


def by_factor(own, base):
    logs = np.log(own / base)
    middle, factor = stats.gmean(own / base), np.exp(t(len(logs)) * stats.sem(logs))
    return middle, middle / factor, middle * factor


def by_package(own, base):
    runs = pd.concat(
        pd.DataFrame({"architecture": name, "seed": range(len(errors)), "excess": errors})
        for name, errors in {"ple": own, "base": base}.items()
    )
    return verdicts(runs, "excess", baseline="base").loc["ple", ["ratio", "ratio_low", "ratio_high"]].tolist()


def around(values, half):
    return values.mean(), values.mean() - half, values.mean() + half


def of_logs(half):
    """A ratio with another half width, ``half(logs)``."""

    def changed(own, base):
        logs = np.log(own / base)
        return np.exp(around(logs, half(logs)))

    return changed


def of_ratios(own, base):
    ratios = own / base
    return around(ratios, t(len(ratios)) * ratios.std(ddof=1) / len(ratios) ** 0.5)


def pooled(own, base):
    one, other = np.log(own), np.log(base)
    n = len(one)
    spread = np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    half = stats.t.ppf(0.975, 2 * n - 2) * spread * np.sqrt(2 / n)
    middle = one.mean() - other.mean()
    return np.exp([middle, middle - half, middle + half])


def added_as_it_is(own, base):
    logs = np.log(own / base)
    half, middle = t(len(logs)) * stats.sem(logs), np.exp(logs.mean())
    return middle, middle - half, middle + half


RIGHT = {
    "11.1": [
        START,
        {"A": "PLE", "B": "hard sharing", "C": "Hard-Sharing", "D": "hard parameter sharing"},
        {"A": "progressive layered extraction", "B": "shared-bottom", "C": "hardsharing", "D": "hard"},
        {"A": "渐进式分层提取", "B": "硬共享", "C": "硬参数共享", "D": "硬共享"},
        {"a": "the PLE model", "b": "hard_sharing", "c": "hard-sharing", "d": "hard-sharing"},
        pd.Series(START),
    ],
    "11.2": [ratio, by_loop, by_interval, by_logs_to_the_base_2, by_factor, by_package],
    "11.3": [
        2,
        2.0,
        np.int64(2),
        np.array([2]),
        int((holm(P_VALUES) < 0.05).sum()),
        sum(value < 0.05 for value in holm(P_VALUES)),
    ],
}
WRONG = {
    "11.1": [
        ("ple", "a dict with the keys"),
        (["ple", "hard-sharing", "hard-sharing", "hard-sharing"], "a dict with the keys"),
        (START | {"A": "hard-sharing"}, "A: the context is a feature"),
        (dict.fromkeys("ABCD", "硬共享"), "A: the context is a feature"),
        (START | {"B": "ple"}, "B: the context is hidden"),
        (dict.fromkeys("ABCD", "PLE"), "B: the context is hidden"),
        (START | {"C": "PLE"}, "C: each task has one function for all samples"),
        (START | {"D": "ple"}, "D: 2,000 parameters have no room"),
        (START | {"A": "mmoe"}, "A: mmoe is an architecture, too"),
        (START | {"B": "single task"}, "B: single-task is an architecture, too"),
        (START | {"C": "定制门控"}, "C: cgc is an architecture, too"),
        (START | {"D": "soft sharing"}, "D: 'soft sharing' is neither"),
        (START | {"D": 2000}, "should be a word"),
        (START | {"E": "ple"}, "no entry 'E'"),
        ({"A": "ple", "B": "hard-sharing", "C": "hard-sharing"}, "nothing for 'D'"),
    ],
    "11.2": [
        (of_ratios, "the arithmetic mean of the ratios; take"),
        (lambda own, base: (np.mean(own / base), *ratio(own, base)[1:]), "the first number is the arithmetic mean"),
        (
            lambda own, base: (own.mean() / base.mean(), *ratio(own, base)[1:]),
            "the first number is the ratio of the means",
        ),
        (lambda own, base: (np.median(own / base), *ratio(own, base)[1:]), "the median"),
        (lambda own, base: ratio(base, own), "base over own"),
        (lambda base, own: ratio(own, base), "base over own"),
        (lambda own, base: np.log(ratio(own, base)), "these are logarithms: take all three"),
        (lambda own, base: (ratio(own, base)[0], *np.log(ratio(own, base)[1:])), "the ends are still logarithms"),
        (added_as_it_is, "before the exponential"),
        (of_logs(lambda logs: t(len(logs)) * logs.std() / np.sqrt(len(logs))), "`ddof=1`"),
        (of_logs(lambda logs: 1.96 * stats.sem(logs)), "1.96 is the quantile of a normal"),
        (of_logs(lambda logs: 1.96 * logs.std() / np.sqrt(len(logs))), "two things: 1.96"),
        (of_logs(lambda logs: t(len(logs)) * logs.std(ddof=1)), "not divided by the root of n"),
        (of_logs(lambda logs: t(len(logs)) * logs.std()), "two things: the standard deviation"),
        (of_logs(lambda logs: t(len(logs)) * logs.std(ddof=1) / len(logs)), "divide it by the root of n"),
        (of_logs(lambda logs: t(len(logs), 0.95) * stats.sem(logs)), "a 90 % interval"),
        (of_logs(lambda logs: t(len(logs), 0.995) * stats.sem(logs)), "a 99 % interval"),
        (of_logs(lambda logs: t(len(logs) + 1) * stats.sem(logs)), "degrees of freedom, not n"),
        (of_logs(stats.sem), "the quantile of t is missing"),
        (of_logs(lambda logs: t(len(logs)) * logs.var(ddof=1) / np.sqrt(len(logs))), None),
        (pooled, "as if they were not paired"),
        (lambda own, base: ratio(sorted(own), sorted(base)), "each list is sorted by itself"),
        (lambda own, base: np.sort(ratio(own, base)), "the mean first, then the lower end"),
        (lambda own, base: [ratio(own, base)[place] for place in (1, 2, 0)], "the mean first, then the two ends"),
        (lambda own, base: [ratio(own, base)[place] for place in (0, 2, 1)], "the lower one first"),
        (lambda own, base: np.exp(np.log10(ratio(own, base))), "logarithms to the base 10"),
        (lambda own, base: ratio(own, np.ones(len(own))), "own alone"),
        (lambda own, base: (ratio(own, base)[0], *np.quantile(own / base, (0.025, 0.975))), "quantiles of the ratios"),
        (lambda own, base: stats.gmean(own / base), "should have the shape (3,)"),
        (lambda own, base: ratio(own, base)[1:], "should have the shape (3,)"),
        (lambda own, base: 100 * np.array(ratio(own, base)), "is in percent"),
        (lambda own, base: np.array(ratio(own, base)) - 1, "too large by -1 everywhere"),
        (lambda own, base: np.round(ratio(own, base), 2), "rounded to 2 decimals"),
        (lambda own: ratio(own, own), "2 arguments"),
        (lambda own, base: dict(zip(("ratio", "low", "high"), ratio(own, base), strict=True)), "in order"),
        (lambda own, base: own.log() - base.log(), "it raised AttributeError"),
        (ratio([1.0, 2.0], [2.0, 2.0]), "the function itself"),
    ],
    "11.3": [
        (4, "as they stand"),
        (1, "Bonferroni"),
        (3, "0.02 times three"),
        (5, "0.4 is above the level"),
        (0, "0.004 times five"),
        (0.02, "0.02 is a p value"),
        (0.044, "that is no count"),
        (0.05, "that is no count"),
        (0.4, "a share of the five"),
        (40, "from 0 to 5"),
        (-2, "the sign"),
        (200, "in percent"),
        ("2", "without quotation marks"),
        (holm(P_VALUES), "one number"),
        (holm(P_VALUES) < 0.05, "one number"),
        ([0.02, 0.044], "one number"),
        ({0.004, 0.011}, "in order"),
        (holm, "call it"),
    ],
}
