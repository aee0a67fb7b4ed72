"""The checks of chapter 08: Census-Income."""

import numpy as np

from ple_tutorial.exercises.answers import recognised
from ple_tutorial.exercises.register import exercise


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
    return recognised(
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
