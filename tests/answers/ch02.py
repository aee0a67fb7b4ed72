"""Answers to the exercises of chapter 02: right ones in several forms, wrong ones with a phrase of their sentence."""

import numpy as np
import pandas as pd

from ple_tutorial.metrics import METRICS, mtl_gain


def gains_in_place(metric, multi, single):
    multi -= single
    if metric == "mse":
        multi *= -1
    return multi


def means(gains, seed=1, times=5000):
    return np.random.default_rng(seed).choice(gains, (times, len(gains))).mean(axis=1)


def interval_by_package(gains):
    gain = mtl_gain("auc", gains, np.zeros(len(gains)))
    return gain.low, gain.high


def interval_by_loop(gains):
    rng = np.random.default_rng(7)
    found = []
    for _ in range(3000):
        resample = [gains[i] for i in rng.integers(0, len(gains), len(gains))]
        found.append(sum(resample) / len(resample))
    found.sort()
    return found[75], found[2924]


def interval_by_pandas(gains):
    column = pd.Series(gains)
    return list(
        np.percentile([column.sample(frac=1, replace=True, random_state=i).mean() for i in range(1000)], [2.5, 97.5])
    )


def interval_by_scipy(gains):
    from scipy.stats import bootstrap

    found = bootstrap((gains,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(2))
    return found.confidence_interval.low, found.confidence_interval.high


def no_replacement(gains):
    rng = np.random.default_rng(0)
    found = [rng.choice(gains, len(gains), replace=False).mean() for _ in range(500)]
    return np.quantile(found, (0.025, 0.975))


def forgotten_else(metric, multi, single):
    if metric == "auc":
        return multi - single
    elif metric == "MSE":
        return single - multi


RIGHT = {
    "02.1": [
        -0.28,
        2 * 0.6**2 - 1,
        np.cos(2 * np.arccos(0.6)),
        0.36 - 0.64,
        np.float32(-0.28),
        np.array(-0.28),
        -0.2801,
    ],
    "02.2": [
        lambda metric, multi, single: METRICS[metric][1] * (multi - single),
        lambda metric, multi, single: multi - single if metric == "auc" else single - multi,
        lambda metric, multi, single: [a - b if metric == "auc" else b - a for a, b in zip(multi, single, strict=True)],
        lambda metric, multi, single: np.subtract(multi, single) * {"auc": 1, "mse": -1}[metric],
        lambda metric, multi, single: np.float32(multi - single) * np.float32(1 if metric == "auc" else -1),
        gains_in_place,
    ],
    "02.3": [
        lambda gains: np.quantile(means(gains), (0.025, 0.975)),
        lambda gains: tuple(np.percentile(means(gains, 3), [2.5, 97.5])),
        lambda gains: [np.quantile(means(gains, 4, 20_000), q) for q in (0.025, 0.975)],
        interval_by_package,
        interval_by_loop,
        interval_by_pandas,
        interval_by_scipy,
    ],
}
WRONG = {
    "02.1": [
        (0.36, "the product"),
        (0.0, "right angle"),
        (-1, "cannot be opposite"),
        (1.0, "largest"),
        (0.6, "than a and b"),
        (0.28, "the sign"),
        (0.2, "cosines do not add"),
        (1.2, "cosines do not add"),
        (0.72, "the 1 is missing"),
        (0.36 - 1, "the 2 is missing"),
        (-0.8, "sine"),
        (0.8, "sine"),
        (np.degrees(2 * np.arccos(0.6)), "in degrees"),
        (2 * np.arccos(0.6), "in radians"),
        (np.degrees(np.arccos(0.6)), "in degrees"),
        (np.arccos(0.6), "in radians"),
        (np.cos(106.26), "radians, not degrees"),
        (-0.6, "turn the sign"),
        (np.sin(2 * np.arccos(0.6)), "sine"),
        (-28, "percent"),
        (-0.5, "negative eigenvalue"),
        (0.1, None),
        (1.4, "lies between -1 and 1"),
        ([0.1, 0.2], "one number"),
        ("low", "without quotation marks"),
        (np.cos, "call it"),
    ],
    "02.2": [
        (lambda metric, multi, single: multi - single, "sign is wrong for mse"),
        (lambda metric, multi, single: single - multi, "sign is wrong for auc"),
        (lambda metric, multi, single: multi - single if metric == "AUC" else single - multi, "sign is wrong for auc"),
        (lambda metric, multi, single: multi - single if metric == "mse" else single - multi, "for both metrics"),
        (lambda metric, multi, single: np.mean(multi - single), "the mean comes later"),
        (
            lambda metric, multi, single: (multi - single).mean() * (-1 if metric == "mse" else 1),
            "the mean comes later",
        ),
        (lambda metric, multi, single: (multi - single) / single, "relative gain"),
        (lambda metric, multi, single: (1 if metric == "auc" else -1) * (multi - single) / single, "relative gain"),
        (lambda metric, multi, single: (1 if metric == "auc" else -1) * (multi / single - 1), "relative gain"),
        (lambda metric, multi, single: multi / single, "ratio"),
        (lambda metric, multi, single: np.abs(multi - single), "absolute"),
        (lambda metric, multi, single: 100 * (multi - single if metric == "auc" else single - multi), "percent"),
        (lambda m, a, b: np.sort(a) - np.sort(b) if m == "auc" else np.sort(b) - np.sort(a), "sorted"),
        (lambda m, a, b: (1 if m == "auc" else -1) * (a > b), None),
        (lambda m, a, b: a > b if m == "auc" else a < b, "who is better"),
        (lambda m, a, b: a - b.mean() if m == "auc" else b.mean() - a, "within the pairs"),
        (lambda m, a, b: np.maximum(a - b if m == "auc" else b - a, 0), "cut off at 0"),
        (lambda m, a, b: (a - b) ** 2 if m == "auc" else (b - a) ** 2, "squared"),
        (lambda multi, single: multi - single, "3 arguments"),
        (lambda multi, single, metric: multi - single if metric == "auc" else single - multi, "in the order"),
        (lambda metric, single, multi: multi - single if metric == "auc" else single - multi, None),
        (forgotten_else, "`return`"),
        (lambda metric, multi, single: print(multi - single), "prints its result"),
        (lambda metric, multi, single: {"auc": multi - single, "mse": single - multi}, "should be in order"),
        ("multi - single", "the function itself"),
        (lambda metric, multi, single: metric(multi) - metric(single), "not callable"),
        (lambda m, a, b: (a - b) / b * 100, "this is the relative gain in percent; Eq. 11"),
        (lambda m, a, b: max(a - b), "one gain for each pair, please; the largest is"),
        (
            lambda m, a, b: (b - a) / b if m == "mse" else (a - b) / b,
            "this is the relative gain; Eq. 11 takes the",
        ),
        (lambda m, a, b: np.cumsum(a - b), None),
        (lambda m, a, b: a if m == "auc" else -a, "these are the multi-task scores; take the"),
        (
            lambda m, a, b: {"auc": a - b, "mse": b - a}.get(m.upper()),
            "it returned nothing: end the function with a",
        ),
        (lambda m, a, b: a - b if m == "AUC" else b - a, "the sign is wrong for auc: a higher auc is bett"),
        (lambda m, a, b: np.median(a - b if m == "auc" else b - a), "one gain for each pair, please; the median is"),
        (lambda m, a, b: np.outer(a, b), "the gains for auc should have the shape (3,),"),
        (lambda m, a, b: (a - b if m == "auc" else b - a).round(1), "the gains is rounded to 1 decimals: return it"),
    ],
    "02.3": [
        (lambda gains: (gains.mean(), gains.mean()), "no width"),
        (no_replacement, "no width"),
        (lambda gains: np.quantile(gains, (0.025, 0.975)), "the quantiles of the gains"),
        (lambda gains: np.quantile(means(gains), (0.025, 0.975))[::-1], "above the upper end"),
        (lambda gains: np.quantile(means(gains - gains.mean()), (0.025, 0.975)), "subtracted"),
        (lambda gains: np.quantile(means(gains), (0.05, 0.95)), "90 %"),
        (lambda gains: np.quantile(means(gains), (0.005, 0.995)), "99 %"),
        (lambda gains: np.quantile(means(gains), (0.25, 0.75)), "quartiles"),
        (lambda gains: np.quantile(means(gains), (2.5, 97.5)), "range [0, 1]"),
        (lambda gains: np.percentile(means(gains), (0.025, 0.975)), "in percent"),
        (lambda gains: (means(gains).min(), means(gains).max()), "smallest and the largest"),
        (lambda gains: means(gains), "two numbers"),
        (lambda gains: np.quantile(means(gains), 0.95), "two numbers"),
        (lambda gains: (gains.mean(), *np.quantile(means(gains), (0.025, 0.975))), "two numbers"),
        (
            lambda gains: (gains.mean() - 1.96 * gains.std(), gains.mean() + 1.96 * gains.std()),
            "the root of the number",
        ),
        (
            lambda gains: gains.mean() + np.array([-1, 1]) * 1.96 * gains.std(ddof=1) / np.sqrt(len(gains)),
            "1.96 standard errors",
        ),
        (lambda gains: gains.mean() + np.array([-1, 1]) * gains.std(ddof=1) / len(gains) ** 0.5, "one standard error"),
        (
            lambda gains: np.quantile(
                np.median(np.random.default_rng(0).choice(gains, (5000, len(gains))), axis=1), (0.025, 0.975)
            ),
            "median",
        ),
        (
            lambda gains: np.quantile(np.random.default_rng(0).choice(gains, (5000, len(gains))), (0.025, 0.975)),
            "mean of each resample",
        ),
        (
            lambda gains: np.quantile(
                np.random.default_rng(0).choice(gains, (5000, len(gains))).mean(axis=0), (0.025, 0.975)
            ),
            "axis=1",
        ),
        (
            lambda gains: np.quantile(
                np.random.default_rng(0).choice(gains, (5000, len(gains))).sum(axis=1), (0.025, 0.975)
            ),
            "the sum",
        ),
        (lambda gains: print(np.quantile(means(gains), (0.025, 0.975))), "prints its result"),
        (lambda gains: 1 / 0, "it raised ZeroDivisionError"),
        (lambda gains, n: (0, 1), "1 argument"),
        ((0.004, 0.017), "the function itself"),
        (lambda gains: "(0.004, 0.017)", "text"),
        (
            lambda x: (np.mean(means(x)) - np.std(means(x)), np.mean(means(x)) + np.std(means(x))),
            "this is one standard error on each side; the",
        ),
        (
            lambda x: (np.mean(means(x)) - 2 * np.std(means(x)), np.mean(means(x)) + 2 * np.std(means(x))),
            "this is mean plus and minus 1.96 standard",
        ),
        (lambda x: np.quantile(means(x), [0.025, 0.95]), "the upper end is the 95 % quantile; take that"),
        (lambda x: np.quantile(means(x), [0.05, 0.975]), "the lower end is the 5 % quantile; take that of"),
        (
            lambda x: np.quantile(np.random.default_rng(0).choice(x, (5000, 10)).mean(1), [0.025, 0.975]),
            "each resample holds ten gains; take as many as",
        ),
        (
            lambda x: np.quantile(np.random.default_rng(0).choice(x, (1, len(x))).mean(1), [0.025, 0.975]),
            "the interval has no width: resample with",
        ),
        (
            lambda x: np.quantile(np.random.default_rng(0).permutation(x).mean(), [0.025, 0.975]),
            "the interval has no width: resample with",
        ),
        (
            lambda x: np.quantile(np.random.default_rng(0).normal(x.mean(), x.std(), 5000), [0.025, 0.975]),
            "this is mean plus and minus 1.96 standard",
        ),
        (
            lambda x: 2 * x.mean() - np.quantile(means(x), [0.975, 0.025]),
            "the ends are mirrored at the mean (the basic",
        ),
        (lambda x: np.percentile(x, [2.5, 97.5]), "these are the quantiles of the gains; take"),
        (
            lambda x: np.quantile(np.sort(means(x))[::-1], [0.975, 0.025]),
            "the lower end is above the upper end: (low,",
        ),
        (lambda x: np.quantile(means(x), [0.025, 0.5]), "the interval is far too narrow: each resample"),
        (lambda x: abs(np.quantile(means(x), [0.025, 0.975])), None),
    ],
}
