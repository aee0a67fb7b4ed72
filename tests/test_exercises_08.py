"""The checks of chapter 08's exercises: right answers, and mistakes told by name. No census file is needed."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ple_tutorial.data import census
from ple_tutorial.exercises import verdict

OUT = {"income", "marital_stat", "instance_weight", "weeks_worked_in_year"}


def seeds_needed(multi, single, gain, ddof=1, half=1.96, power=2, whole=np.ceil):
    spread = np.std(np.subtract(multi, single), ddof=ddof)
    return whole((half * spread / gain) ** power)


def auc_by_group(labels, scores, groups, alone=float("nan"), sign=1):
    aucs = {}
    for group in np.unique(groups):
        y, p = labels[groups == group], sign * scores[groups == group]
        aucs[group] = roc_auc_score(y, p) if y.min() < y.max() else alone
    return aucs


def changed(function, **settings):
    return lambda *arguments: function(*arguments, **settings)


def of_spread(spread_of):
    return lambda multi, single, gain: np.ceil((1.96 * spread_of(multi, single) / gain) ** 2)


def test_the_columns_left_out_are_the_package_s_and_the_new_label_s():
    assert OUT - {"weeks_worked_in_year"} == set(census.COLUMNS) - set(census.NUMERIC) - set(census.CODES)
    assert "weeks_worked_in_year" in census.NUMERIC


@pytest.mark.parametrize(
    ("name", "answer"),
    [("08.1", OUT), ("08.1", sorted(OUT)), ("08.2", seeds_needed), ("08.3", auc_by_group)],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, "right.")


@pytest.mark.parametrize("name", ["08.1", "08.2", "08.3"])
def test_no_answer(name):
    assert verdict(name, None) == (False, "no answer yet.")


@pytest.mark.parametrize(
    ("name", "answer", "fragment"),
    [
        ("08.1", "income", "a set of names"),
        ("08.1", [1, 2], "a set of names"),
        ("08.1", OUT - {"income"}, "the first label"),
        ("08.1", OUT - {"marital_stat"}, "tells it exactly"),
        ("08.1", OUT - {"weeks_worked_in_year"}, "for all three tasks"),
        ("08.1", OUT - {"instance_weight"}, "the survey's plan"),
        ("08.1", OUT | {"year_round"}, "labels, not columns"),
        ("08.1", OUT | {"detailed_household_and_family_stat"}, "tells a lot"),
        ("08.1", OUT | {"age"}, "'age' can stay"),
        ("08.1", set(census.COLUMNS) - OUT, "these are the features"),
        ("08.2", 27, "hand in the function"),
        ("08.2", changed(seeds_needed, whole=float), "round up"),
        ("08.2", changed(seeds_needed, whole=np.floor), "rounded down"),
        ("08.2", changed(seeds_needed, power=1), "the root is still on it"),
        ("08.2", changed(seeds_needed, ddof=0), "with ddof=1"),
        ("08.2", changed(seeds_needed, half=3.92), "not the whole width"),
        ("08.2", changed(seeds_needed, half=1), "1.96 is missing"),
        ("08.2", of_spread(lambda multi, single: single.std(ddof=1)), "the scores of single"),
        ("08.2", of_spread(lambda m, s: np.hypot(m.std(ddof=1), s.std(ddof=1))), "not paired"),
        ("08.2", lambda multi, single, gain: 5, "it is not 5"),
        ("08.3", 0.9, "hand in the function"),
        ("08.3", lambda labels, scores, groups: roc_auc_score(labels, scores), "a dict with one entry"),
        ("08.3", lambda *a: {k: v for k, v in auc_by_group(*a).items() if k != "c"}, "also for one that has no AUC"),
        ("08.3", changed(auc_by_group, alone=0.5), "its AUC is NaN"),
        ("08.3", changed(auc_by_group, sign=-1), "upside down"),
        (
            "08.3",
            lambda y, p, g: {"a": roc_auc_score(y, p), "b": roc_auc_score(y, p), "c": float("nan")},
            "the same AUC",
        ),
        ("08.3", lambda labels, scores, groups: auc_by_group(labels, scores > 0.5, groups), "a threshold"),
        ("08.3", lambda *_: {"a": 0.6, "b": 0.7, "c": float("nan")}, "three of the four pairs"),
    ],
)
def test_mistakes_are_told_by_name(name, answer, fragment):
    right, sentence = verdict(name, answer)
    assert not right and fragment in sentence
