"""Answers to the exercises of chapter 08: right ones in several forms, wrong ones with a phrase of their sentence."""

import math

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, roc_auc_score

from ple_tutorial.data import census

OUT = {"income", "marital_stat", "instance_weight", "weeks_worked_in_year"}


def seeds(multi, single, gain, ddof=1, half=1.96, power=2, whole=np.ceil):
    spread = np.std(np.subtract(multi, single), ddof=ddof)
    return whole((half * spread / gain) ** power)


def seeds_by_counting(multi, single, gain):
    spread, n = np.std(multi - single, ddof=1), 1
    while 1.96 * spread / n**0.5 > gain:
        n += 1
    return n


def seeds_in_place(multi, single, gain):
    multi -= single
    return math.ceil((1.96 * multi.std(ddof=1) / gain) ** 2)


def seeds_by_statistics(multi, single, gain):
    import statistics

    spread = statistics.stdev([float(a - b) for a, b in zip(multi, single, strict=True)])
    return int(-(-((1.96 * spread / gain) ** 2) // 1))


def of_spread(spread):
    return lambda multi, single, gain: math.ceil((1.96 * spread(multi, single) / gain) ** 2)


def changed(function, **settings):
    return lambda *arguments: function(*arguments, **settings)


def auc_by_group(labels, scores, groups, alone=float("nan"), sign=1):
    aucs = {}
    for group in np.unique(groups):
        y, p = labels[groups == group], sign * scores[groups == group]
        aucs[group] = roc_auc_score(y, p) if y.min() < y.max() else alone
    return aucs


def auc_by_pandas(labels, scores, groups):
    table = pd.DataFrame({"y": labels, "p": scores, "g": groups})
    return {
        g: roc_auc_score(part.y, part.p) if part.y.nunique() == 2 else float("nan") for g, part in table.groupby("g")
    }


def auc_by_ranks(labels, scores, groups):
    from scipy.stats import rankdata

    found = {}
    for group in set(groups.tolist()):
        y, r = labels[groups == group], rankdata(scores[groups == group])
        n = y.sum()
        pairs = n * (len(y) - n)
        found[group] = (r[y == 1].sum() - n * (n + 1) / 2) / pairs if pairs else np.nan
    return found


def auc_by_pairs(labels, scores, groups, tie=0.5):
    found = {}
    for group in np.unique(groups):
        inside = groups == group
        pos, neg = scores[inside & (labels == 1)], scores[inside & (labels == 0)]
        wins = [(p > n) + tie * (p == n) for p in pos for n in neg]
        found[group] = np.mean(wins) if wins else float("nan")
    return found


def auc_relying_on_sklearn(labels, scores, groups):
    return {g: roc_auc_score(labels[groups == g], scores[groups == g]) for g in np.unique(groups)}


def auc_by_argsort(labels, scores, groups):
    found = {}
    for group in np.unique(groups):
        y, p = labels[groups == group], scores[groups == group]
        ranks = np.empty(len(p))
        ranks[np.argsort(p)] = np.arange(1, len(p) + 1)
        n = y.sum()
        pairs = n * (len(y) - n)
        found[group] = (ranks[y == 1].sum() - n * (n + 1) / 2) / pairs if pairs else float("nan")
    return found


def per_group(function):
    return lambda y, p, g: {group: function(y[g == group], p[g == group]) for group in np.unique(g)}


def auc_or_nan(labels, scores):
    return roc_auc_score(labels, scores) if len(set(labels)) > 1 else float("nan")


RIGHT = {
    "08.1": [
        OUT,
        sorted(OUT),
        tuple(OUT),
        frozenset(OUT),
        np.array(sorted(OUT)),
        pd.Index(sorted(OUT)),
        {"Income", "Marital stat", "instance-weight", "weeks_worked_in_year"},
        dict.fromkeys(OUT).keys(),
    ],
    "08.2": [
        seeds,
        seeds_by_counting,
        seeds_in_place,
        seeds_by_statistics,
        lambda multi, single, gain: math.ceil(1.96**2 * np.var(multi - single, ddof=1) / gain**2),
        lambda multi, single, gain: np.floor((1.96 * np.std(multi - single, ddof=1) / gain) ** 2) + 1,
        lambda multi, single, gain: int(np.ceil((1.959964 * pd.Series(multi - single).std() / gain) ** 2)),
        lambda multi, single, gain: np.ceil(np.cov(multi - single) * (1.96 / gain) ** 2),
    ],
    "08.3": [
        auc_by_group,
        auc_by_pandas,
        auc_by_ranks,
        auc_by_pairs,
        auc_relying_on_sklearn,
        per_group(lambda y, p: roc_auc_score(y, p) if y.sum() > 0 else float("nan")),
        lambda y, p, g: pd.DataFrame({"y": y, "p": p, "g": g}).groupby("g").apply(lambda d: auc_or_nan(d.y, d.p)),
    ],
}
WRONG = {
    "08.1": [
        ("income", "a set of names"),
        ([1, 2], "a set of names"),
        (4, "a set of names"),
        (dict.fromkeys(OUT, 1), "a set of names"),
        (set(), "the first label"),
        (OUT - {"income"}, "the first label"),
        (OUT - {"marital_stat"}, "tells it exactly"),
        (OUT - {"weeks_worked_in_year"}, "for all three tasks"),
        (OUT - {"instance_weight"}, "the survey's plan"),
        ({"weeks_worked_in_year"}, "the first label"),
        ({"income", "never_married", "year_round"}, "labels, not columns"),
        (OUT | {"year_round"}, "labels, not columns"),
        (OUT | {"detailed_household_and_family_stat"}, "tells a lot"),
        (OUT | {"age"}, "'age' can stay"),
        (OUT | {"wage_per_hour"}, "'wage_per_hour' can stay"),
        (OUT | {"year"}, "the year of the survey"),
        (OUT | {"incme"}, "'incme' can stay"),
        (set(census.COLUMNS) - OUT, "these are the features"),
        (set(census.COLUMNS), "these are the features"),
        ({"income", "marital_stat", "weeks_worked_in_year"}, "one column belongs to the survey's plan and not"),
        (
            {"income", "marital_stat", "instance_weight", "weeks_worked_in_year", "sex"},
            "'sex' can stay: no label is made of it",
        ),
        (["marital_stat"], "the first label is one of the 42 columns; it is"),
        ({"never_married"}, "these are labels, not columns of the file: name"),
        ({"year_round"}, "these are labels, not columns of the file: name"),
        (
            {"income", "marital_stat", "instance_weight", "weeks_worked_in_year", "full_or_part_time_employment_stat"},
            "'full_or_part_time_employment_stat' can stay:",
        ),
        (42, None),
        ([0, 4, 24], None),
    ],
    "08.2": [
        (27, "hand in the function"),
        (changed(seeds, whole=float), "round up"),
        (changed(seeds, whole=np.floor), "one too few"),
        (changed(seeds, whole=int), "one too few"),
        (lambda m, s, gain: round((1.96 * np.std(m - s, ddof=1) / gain) ** 2), "to the nearest"),
        (changed(seeds, power=1), "the root is still on it"),
        (changed(seeds, ddof=0), "with ddof=1"),
        (lambda m, s, gain: math.ceil((1.96 * (m - s).std() / gain) ** 2), "with ddof=1"),
        (lambda m, s, gain: (1.96 * (m - s).std() / gain) ** 2, "with ddof=1"),
        (changed(seeds, half=3.92), "not the whole width"),
        (changed(seeds, half=1), "1.96 is missing"),
        (changed(seeds, half=1.645), "90 %"),
        (changed(seeds, half=2), "not 2"),
        (of_spread(lambda multi, single: single.std(ddof=1)), "the scores of single"),
        (of_spread(lambda multi, single: multi.std(ddof=1)), "the scores of multi"),
        (of_spread(lambda m, s: np.hypot(m.std(ddof=1), s.std(ddof=1))), "not paired"),
        (of_spread(lambda m, s: np.sqrt(m.var(ddof=1) + s.var(ddof=1))), "not paired"),
        (of_spread(lambda m, s: m.std(ddof=1) - s.std(ddof=1)), "difference of the two spreads"),
        (of_spread(lambda m, s: np.mean(m - s)), "the mean difference"),
        (of_spread(lambda m, s: np.abs(m - s).mean()), "mean absolute difference"),
        (of_spread(lambda m, s: np.var(m - s, ddof=1)), "the variance"),
        (of_spread(lambda m, s: np.std(m - s, ddof=1) / np.sqrt(len(m))), "standard error"),
        (lambda m, s, gain: math.ceil(1.96 * (np.std(m - s, ddof=1) / gain) ** 2), "inside the bracket"),
        (lambda m, s, gain: math.ceil(1.96 * np.std(m - s, ddof=1) / gain), "the root is still on it"),
        (lambda m, s, gain: math.ceil(1.96 * np.std(m - s, ddof=1) / gain) ** 2, "before it is squared"),
        (lambda m, s, gain: 1.96 * np.std(m - s, ddof=1) / np.sqrt(len(m)), "half-width of the runs"),
        (lambda m, s, gain: seeds(m, s, gain) + 1, "one too many"),
        (lambda multi, single, gain: 5, "always 5"),
        (lambda m, s: seeds(m, s, 0.0006), "3 arguments"),
        (lambda gain, m, s: seeds(m, s, gain), "in the order"),
        (lambda m, s, gain: print(seeds(m, s, gain)), "prints its result"),
        (lambda m, s, gain: str(int(seeds(m, s, gain))), "text"),
        (lambda m, s, gain: seeds(m, s, 0.0006), None),
        (lambda m, s, g: math.ceil((1.96 * np.std(m - s, ddof=1) / (g * len(m))) ** 2), None),
        (
            lambda m, s, g: math.ceil((1.96 * np.std(m - s, ddof=1) / g) ** 2 / len(m)),
            "this takes the standard error, which has the",
        ),
        (
            lambda m, s, g: math.ceil((np.std(m - s, ddof=1) / g) ** 2 * 1.96),
            "1.96 is squared as well: it belongs inside the",
        ),
        (
            lambda m, s, g: math.ceil((g / (1.96 * np.std(m - s, ddof=1))) ** 2),
            "the gain and 1.96 times the spread are",
        ),
        (
            lambda m, s, g: math.ceil((1.96 * np.std(m - s, ddof=1) / (2 * g)) ** 2),
            "the half-width is to be at most the gain, not",
        ),
        (lambda m, s, g: math.ceil((1.96 * np.std(m - s, ddof=1) / g) ** 2) * 2, None),
        (lambda m, s, g: len(m), "that is the number of runs that are there;"),
        (
            lambda m, s, g: math.ceil((1.96 * np.std(m - s) / g) ** 2),
            "with ddof=1, please: five differences have four",
        ),
        (lambda m, s, g: max(5, math.ceil((1.96 * np.std(m - s, ddof=1) / g) ** 2)), None),
        (
            lambda m, s, g: math.ceil((2.776 * np.std(m - s, ddof=1) / g) ** 2),
            "1.96, not the quantile of a t distribution",
        ),
        (
            lambda m, s, g: np.sqrt(math.ceil((1.96 * np.std(m - s, ddof=1) / g) ** 2)),
            "the root is on the result: a half-width that",
        ),
        (
            lambda m, s, g: math.ceil((1.96 * np.std(m - s, ddof=1)) ** 2 / g),
            "the gain is squared as well: it belongs inside",
        ),
        (
            lambda m, s, g: math.ceil((1.96 * (np.std(m, ddof=1) + np.std(s, ddof=1)) / 2 / g) ** 2),
            "this takes the mean of the two spreads; take",
        ),
        (
            lambda m, s, g: math.ceil((1.96 * np.std(m - s, ddof=1) / g) ** 2 - 1e-9) - 1,
            "that is one too few (rounded down?): with so",
        ),
        (
            lambda m, s, g: math.ceil((1.96 * np.ptp(m - s) / g) ** 2),
            "this takes the range of the differences; take",
        ),
        (
            lambda m, s, g: math.trunc((1.96 * np.std(m - s, ddof=1) / g) ** 2),
            "that is one too few (rounded down?): with so",
        ),
        (
            lambda m, s, g: math.ceil((1.96 * np.std(m / s, ddof=1) / g) ** 2),
            "this takes the ratios of the scores; take their",
        ),
    ],
    "08.3": [
        (0.9, "hand in the function"),
        ({"a": 0.75}, "hand in the function"),
        (lambda labels, scores, groups: roc_auc_score(labels, scores), "one AUC for all samples"),
        (lambda *a: {k: v for k, v in auc_by_group(*a).items() if v == v}, "also for one that has no AUC"),
        (changed(auc_by_group, alone=0.5), "not 0.5"),
        (changed(auc_by_group, alone=0), "not 0"),
        (changed(auc_by_group, alone=None), "not None"),
        (changed(auc_by_group, alone="NaN"), "text"),
        (lambda *a: {str(k): v for k, v in auc_by_group(*a).items()}, "the keys [False, True], not 'False'"),
        (changed(auc_by_group, sign=-1), "upside down"),
        (lambda y, p, g: dict.fromkeys(np.unique(g), roc_auc_score(y, p)), "samples of the group only"),
        (lambda labels, scores, groups: auc_by_group(labels, scores > 0.5, groups), "a threshold"),
        (lambda labels, scores, groups: auc_by_group(labels, np.round(scores), groups), "rounds the scores"),
        (changed(auc_by_pairs, tie=0), "0 for a tie"),
        (changed(auc_by_pairs, tie=1), "1 for a tie"),
        (auc_by_argsort, "ranks of ties must be equal"),
        (per_group(lambda y, p: accuracy_score(y, p > 0.5)), "accuracy"),
        (per_group(lambda y, p: roc_auc_score(p, y)), "in the order"),
        (per_group(lambda y, p: y.mean()), "share of positives"),
        (per_group(lambda y, p: p[y == 1].mean() - p[y == 0].mean()), "difference of the mean scores"),
        (lambda *a: {g: 2 * auc - 1 for g, auc in auc_by_group(*a).items()}, "Gini"),
        (lambda *a: list(auc_by_group(*a).values()), "not a list"),
        (lambda *a: pd.Series(auc_by_group(*a)).to_numpy(), "not a list"),
        (lambda *a: np.nanmean(list(auc_by_group(*a).values())), "mean over the groups"),
        (lambda *a: dict(enumerate(auc_by_group(*a).values())), "not their numbers"),
        (lambda *_: {"a": 0.6, "b": 0.7, "c": float("nan")}, None),
        (lambda *_: {"a": 0.75, "b": 1.0, "c": float("nan")}, "entry"),
        (lambda y, p, g: {k: auc_by_group(y, p, g)[k] for k in "abc"}, "KeyError"),
        (lambda y, p: roc_auc_score(y, p), "3 arguments"),
        (lambda scores, labels, groups: auc_by_group(labels, scores, groups), "in the order"),
        (lambda *a: print(auc_by_group(*a)), "prints its result"),
        (lambda y, p, g: {k: roc_auc_score(y[g != k], p[g != k]) for k in np.unique(g)}, "other groups"),
        (
            per_group(lambda y, p: max(auc_or_nan(y, p), 1 - auc_or_nan(y, p))),
            "an AUC below one half stays below: do not reverse",
        ),
        (per_group(lambda y, p: 1 - auc_or_nan(y, p)), "it is upside down: scores of positives above"),
        (per_group(lambda y, p: auc_or_nan(y, p.round(1))), "the scores are rounded to one decimal; AUC"),
        (per_group(lambda y, p: auc_or_nan(y, np.sort(p))), "the scores of the group are sorted by"),
        (
            lambda y, p, g: {k: auc_or_nan(y * (g == k), p * (g == k)) for k in np.unique(g)},
            "the samples of other groups are set to 0; leave",
        ),
        (lambda y, p, g: {k: auc_or_nan(y[:4], p[:4]) for k in np.unique(g)}, None),
        (per_group(lambda y, p: np.corrcoef(y, p)[0, 1]), "this is a correlation; AUC is the share of"),
        (lambda y, p, g: [(k, auc_or_nan(y[g == k], p[g == k])) for k in np.unique(g)], None),
        (lambda y, p, g: {k: auc_or_nan(y[g == k], p) for k in np.unique(g)}, None),
        (
            per_group(lambda y, p: (p[y == 1].mean() > p[y == 0].mean()) * 1.0),
            "this only says whether the mean score of the",
        ),
        (
            lambda y, p, g: {
                "a": auc_or_nan(y[g == "a"], p[g == "a"]),
                "b": auc_or_nan(y[g == "b"], p[g == "b"]),
                "c": float("nan"),
            },
            None,
        ),
        (
            per_group(
                lambda y, p: (
                    np.mean([a > b for a in p[y == 1] for b in p[y == 0]]) if 0 < y.sum() < len(y) else float("nan")
                )
            ),
            "equal scores count one half: yours count 0 for",
        ),
        (per_group(lambda y, p: {"auc": auc_or_nan(y, p)}), None),
        (per_group(lambda y, p: auc_or_nan(y, p) * len(y)), "the AUC is multiplied by the size of the group"),
        (lambda y, p, g: {k: auc_or_nan(y[g <= k], p[g <= k]) for k in np.unique(g)}, None),
    ],
}
