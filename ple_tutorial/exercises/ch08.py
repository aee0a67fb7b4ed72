"""The checks of chapter 08: Census-Income."""

import numpy as np
from scipy.stats import rankdata

from ple_tutorial.exercises.answers import as_words
from ple_tutorial.exercises.functions import function_mistake
from ple_tutorial.exercises.register import exercise


@exercise("08.1")
def _columns_that_are_no_features(answer):
    """The columns of Census-Income that a model of income, never_married and year_round must not see."""
    hints = {
        "income": "the first label is one of the 42 columns; it is no feature",
        "marital_stat": "the second label is made of a column that tells it exactly",
        "weeks_worked_in_year": "the new label is made of weeks_worked_in_year; for all three tasks, as they read the same",
        "instance_weight": "one column belongs to the survey's plan and not to the person",
    }
    can_stay = {
        "detailed_household_and_family_stat": "the household code tells a lot, but it is not what a label is made of; "
        "leaving it out is another question",
        "detailed_household_summary_in_household": "the household code tells a lot, but it is not what a label is made of; "
        "leaving it out is another question",
        "year": "'year' is the year of the survey, 94 or 95; no label is made of it, so it can stay",
    }
    asked = "the answer should be a set of names of columns"
    names = as_words(answer, asked, "{'age', 'sex'}", ordered=False)
    given = {name.lower().replace(" ", "_").replace("-", "_") for name in names}
    if given & {"never_married", "year_round"}:
        return "these are labels, not columns of the file: name the columns that they are made of"
    if len(given) > 20:
        return "these are the features; hand in the columns that are left out"
    for name, hint in hints.items():
        if name not in given:
            return hint
    more = sorted(given - set(hints))
    return can_stay.get(more[0], f"{more[0]!r} can stay: no label is made of it") if more else None


def _seeds(multi, single, gain, factor=1.96, power=2, ddof=1, whole=np.ceil):
    return whole((factor * np.std(np.subtract(multi, single), ddof=ddof) / gain) ** power)


@exercise("08.2")
def _seeds_needed(answer):
    """A function seeds_needed(multi, single, gain) -> the smallest number of paired seeds."""
    single = np.array([0.910, 0.922, 0.915, 0.934, 0.903])
    multi = single + np.array([0.003, -0.001, 0.004, 0.000, 0.002])
    rng = np.random.default_rng(3)
    scores = rng.normal(0.9, 0.02, 8)
    cases = {
        "differences of 3, -1, 4, 0 and 2 thousandths and a gain of 0.0006": (multi, single, 0.0006),
        "the same and a gain of 0.00073": (multi, single, 0.00073),
        "eight pairs, most of which lose": (scores - rng.exponential(0.004, 8), scores, 0.001),
        "scores in percent": (100 * multi, 100 * single, 0.02),
        "a gain for which few seeds are enough": (multi, single, 0.0026),
        "pairs that all gain a lot": (scores + 0.05 + rng.normal(0, 0.002, 8), scores, 0.0011),
    }

    def of_spread(spread):
        return lambda multi, single, gain: np.ceil((1.96 * spread(multi, single) / gain) ** 2)

    def changed(**settings):
        return lambda multi, single, gain: _seeds(multi, single, gain, **settings)

    known = {
        "there is no fraction of a seed: round up to the smallest whole number that is enough": changed(whole=float),
        "that is one too few (rounded down?): with so few the interval is a little too wide": changed(whole=np.floor),
        "rounding to the nearest is too few in half of the cases: round up": changed(whole=np.round),
        "the root is rounded up before it is squared: round up at the end": lambda m, s, gain: (
            np.ceil(_seeds(m, s, gain, power=1, whole=float)) ** 2
        ),
        "that is one too many: the smallest number that is enough": lambda m, s, gain: _seeds(m, s, gain) + 1,
        "the root is still on it: a half-width that shrinks with the root of n asks for the square": changed(power=1),
        "the root is still on it, and round up: a half-width that shrinks with the root of n asks for the square": changed(
            power=1, whole=float
        ),
        "this takes the spread of the scores of single; take that of the paired differences": of_spread(
            lambda m, s: s.std(ddof=1)
        ),
        "this takes the spread of the scores of multi; take that of the paired differences": of_spread(
            lambda m, s: m.std(ddof=1)
        ),
        "this takes both spreads as if the runs were not paired; take the spread of the differences": of_spread(
            lambda m, s: np.hypot(m.std(ddof=1), s.std(ddof=1))
        ),
        "this adds the two spreads; take the spread of the paired differences": of_spread(
            lambda m, s: m.std(ddof=1) + s.std(ddof=1)
        ),
        "this takes the difference of the two spreads; take the spread of the paired differences": of_spread(
            lambda m, s: m.std(ddof=1) - s.std(ddof=1)
        ),
        "this takes the spread of all scores together; take that of the paired differences": of_spread(
            lambda m, s: np.concatenate([m, s]).std(ddof=1)
        ),
        "this takes the mean difference; its spread is what makes the interval wide": of_spread(
            lambda m, s: (m - s).mean()
        ),
        "this takes the mean absolute difference; take the standard deviation of the differences": of_spread(
            lambda m, s: abs(m - s).mean()
        ),
        "the differences are made absolute first; take the standard deviation of the differences as they are": of_spread(
            lambda m, s: abs(m - s).std(ddof=1)
        ),
        "this takes the variance; take the standard deviation of the differences": of_spread(
            lambda m, s: (m - s).var(ddof=1)
        ),
        "this takes the standard error, which has the root in it already; take the standard deviation": of_spread(
            lambda m, s: (m - s).std(ddof=1) / len(m) ** 0.5
        ),
        "with ddof=1, please: five differences have four degrees of freedom": changed(ddof=0),
        "with ddof=1, please; and round up": changed(ddof=0, whole=float),
        "the half-width is to be at most the gain, not the whole width": changed(factor=2 * 1.96),
        "the half-width is to be at most the gain, not half of it": changed(factor=0.98),
        "1.96 is missing: one standard error on each side covers only two thirds": changed(factor=1.0),
        "1.645 is for 90 %; here it is 1.96": changed(factor=1.645),
        "1.96, not 2": changed(factor=2.0),
        "2.58 is for 99 %; here it is 1.96": changed(factor=2.576),
        "1.96 is squared as well: it belongs inside the bracket": lambda m, s, gain: np.ceil(
            1.96 * (np.std(m - s, ddof=1) / gain) ** 2
        ),
        "the gain is squared as well: it belongs inside the bracket": lambda m, s, gain: np.ceil(
            (1.96 * np.std(m - s, ddof=1)) ** 2 / gain
        ),
        "the gain and 1.96 times the spread are swapped": lambda m, s, gain: np.ceil(
            (gain / (1.96 * np.std(m - s, ddof=1))) ** 2
        ),
        "1.96, not the quantile of a t distribution": changed(factor=2.776),
        "the root is on the result: a half-width that shrinks with the root of n asks for the square": lambda m, s, gain: (
            _seeds(m, s, gain) ** 0.5
        ),
        "this takes the range of the differences; take their standard deviation": of_spread(lambda m, s: np.ptp(m - s)),
        "this takes the ratios of the scores; take their differences": of_spread(lambda m, s: (m / s).std(ddof=1)),
        "this takes the mean of the two spreads; take the spread of the paired differences": of_spread(
            lambda m, s: (m.std(ddof=1) + s.std(ddof=1)) / 2
        ),
        "that is the number of runs that are there; return the number that is needed": lambda m, s, gain: len(m),
        "this is the half-width of the runs that are there; return the number of seeds": lambda m, s, gain: (
            1.96 * np.std(m - s, ddof=1) / len(m) ** 0.5
        ),
        "the gain is the half-width that is asked for; the mean difference of the runs plays no part": lambda m, s, gain: (
            _seeds(m, s, np.mean(m - s))
        ),
        "do not multiply by the runs that are there: the number of seeds does not depend on it": lambda m, s, gain: (
            _seeds(m, s, gain) * len(m)
        ),
    }
    return function_mistake(answer, ("multi", "single", "gain"), cases, _seeds, known, "the number of seeds")


def _auc(labels, scores, tie=0.5):
    positive, negative = scores[labels == 1], scores[labels == 0]
    if not len(positive) or not len(negative):
        return float("nan")
    apart = positive[:, None] - negative
    return float(((apart > 0) + tie * (apart == 0)).mean())


def _by_group(labels, scores, groups, auc=_auc):
    return {group: auc(labels[groups == group], scores[groups == group]) for group in np.unique(groups).tolist()}


@exercise("08.3")
def _auc_by_group(answer):
    """A function auc_by_group(labels, scores, groups) -> {group: AUC, NaN where there is one class only}."""
    labels = np.array([0, 1, 1, 0, 1, 0, 1, 1])
    scores = np.array([0.4, 0.3, 0.45, 0.2, 0.8, 0.6, 0.7, 0.5])
    order = np.random.default_rng(0).permutation(8)
    ties = np.array([0.4, 0.4, 0.45, 0.2, 0.8, 0.8, 0.8, 0.5])
    cases = {
        "groups of three letters, 'c' with one class only": (labels, scores, np.array(list("aaaabbbc"))),
        "groups in no order": (labels[order], scores[order], np.array(list("aaaabbbc"))[order]),
        "equal scores": (labels, ties, np.array(list("aaaabbbb"))),
        "groups that are True and False": (labels, scores, np.arange(8) < 4),
        "a group of negatives only": (np.array([0, 0, 1, 0]), scores[:4], np.array(list("nnpp"))),
        "scores above 1": (labels, 10 * scores, np.array(list("aaaabbbb"))),
    }

    def by(auc):
        return lambda labels, scores, groups: _by_group(labels, scores, groups, auc)

    def alone(value):
        return by(lambda y, p: _auc(y, p) if 0 < y.mean() < 1 else value)

    def without_single_class(y, p, g):
        return {group: auc for group, auc in _by_group(y, p, g).items() if not np.isnan(auc)}

    def by_rank(y, p):
        ranks, positives = np.argsort(np.argsort(p)) + 1, y.sum()
        return (ranks[y == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(y) - positives))

    def by_rank_of_all(y, p, g):
        ranks = rankdata(p)
        return _by_group(y, ranks, g, lambda y, r: by_rank_sum(y, r) if 0 < y.mean() < 1 else float("nan"))

    def by_rank_sum(y, ranks):
        positives = y.sum()
        return (ranks[y == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(y) - positives))

    missing = "a group with one class only has no pair to put in order, so its AUC is NaN"
    known = {
        f"it should return one entry for each group, also for one that has no AUC: {missing}": without_single_class,
        f"{missing}, not 0.5": alone(0.5),
        f"{missing}, not 0": alone(0.0),
        f"{missing}, not 1": alone(1.0),
        f"{missing}, not None": alone(None),
        "it is upside down: scores of positives above those of negatives should give an AUC near 1": by(
            lambda y, p: _auc(y, -p)
        ),
        "equal scores count one half: yours count 0 for a tie": by(lambda y, p: _auc(y, p, 0.0)),
        "equal scores count one half: yours count 1 for a tie": by(lambda y, p: _auc(y, p, 1.0)),
        "equal scores count one half: ranks of ties must be equal": by(
            lambda y, p: by_rank(y, p) if 0 < y.mean() < 1 else float("nan")
        ),
        "it looks at scores above and below a threshold; AUC compares the scores themselves": by(
            lambda y, p: _auc(y, (p > 0.5).astype(float))
        ),
        "it rounds the scores; AUC compares the scores themselves": by(lambda y, p: _auc(y, np.round(p))),
        "this is the accuracy at a threshold of 0.5; AUC compares the scores of pairs": by(
            lambda y, p: np.mean((p > 0.5) == y)
        ),
        "every group gets the AUC of all samples: take the samples of the group only": lambda y, p, g: dict.fromkeys(
            np.unique(g).tolist(), _auc(y, p)
        ),
        "every group gets the AUC of all samples: take the samples of the group only (NaN for one class is right)": (
            lambda y, p, g: {
                group: _auc(y, p) if 0 < y[g == group].mean() < 1 else float("nan") for group in np.unique(g).tolist()
            }
        ),
        "each group is compared with itself left out: these are the samples of the other groups": lambda y, p, g: {
            group: _auc(y[g != group], p[g != group]) for group in np.unique(g).tolist()
        },
        "this is one AUC for all samples; return a dict with one for each group": lambda y, p, g: _auc(y, p),
        "return a dict {group: AUC}, not a list": lambda y, p, g: list(_by_group(y, p, g).values()),
        "this is the mean over the groups; return a dict with one for each group": lambda y, p, g: np.nanmean(
            list(_by_group(y, p, g).values())
        ),
        "the keys are the groups themselves, not their numbers": lambda y, p, g: dict(
            enumerate(_by_group(y, p, g).values())
        ),
        "the ranks are those of all samples; rank within the group": by_rank_of_all,
        "this is the difference of the mean scores; AUC is the share of pairs in order": by(
            lambda y, p: p[y == 1].mean() - p[y == 0].mean()
        ),
        "this is 2 AUC - 1 (Gini); return the AUC": by(lambda y, p: 2 * _auc(y, p) - 1),
        "this is the number of pairs in order; divide by the number of pairs": by(
            lambda y, p: _auc(y, p) * y.sum() * (1 - y).sum() if 0 < y.mean() < 1 else float("nan")
        ),
        "an AUC below one half stays below: do not reverse it": by(lambda y, p: max(_auc(y, p), 1 - _auc(y, p))),
        "the scores are rounded to one decimal; AUC compares the scores themselves": by(
            lambda y, p: _auc(y, p.round(1))
        ),
        "the scores of the group are sorted by themselves, so that they belong to other labels": by(
            lambda y, p: _auc(y, np.sort(p))
        ),
        "the samples of other groups are set to 0; leave them out": lambda y, p, g: {
            group: _auc(y * (g == group), p * (g == group)) for group in np.unique(g).tolist()
        },
        "this is a correlation; AUC is the share of pairs in order": by(lambda y, p: np.corrcoef(y, p)[0, 1]),
        "this only says whether the mean score of the positives is larger; AUC is the share of pairs in order": by(
            lambda y, p: float(p[y == 1].mean() > p[y == 0].mean())
        ),
        "the AUC is multiplied by the size of the group": by(lambda y, p: _auc(y, p) * len(y)),
        "this is the share of positives in the group; AUC compares scores": by(lambda y, p: y.mean()),
    }
    arguments = ("labels", "scores", "groups")
    return function_mistake(answer, arguments, cases, _by_group, known, "the dict of AUCs")
