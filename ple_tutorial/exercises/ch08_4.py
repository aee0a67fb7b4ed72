"""The check of exercise 08.4: which network to ship, and why."""

import numpy as np

from ple_tutorial.exercises.answers import as_array, as_dict, plain_word
from ple_tutorial.exercises.register import exercise
from ple_tutorial.metrics import mtl_gain
from ple_tutorial.study.results import stored


def _unpaired(one, other):
    """Return the ends of a 95 % interval of the difference of two means, as if no run had a partner."""
    error = np.sqrt(one.var() / len(one) + other.var() / len(other))
    return one.mean() - other.mean() - 1.96 * error, one.mean() - other.mean() + 1.96 * error


@exercise("08.4")
def _which_to_ship(answer):
    """The network to ship for two tasks, and the intervals of its rivals' gains over hard sharing."""
    rivals = ("mmoe", "cgc", "ple")
    given = as_dict(answer, ("ship", "because"))
    because = as_dict(given["because"], rivals, "'because'")
    runs = stored("census").set_index(["amounts", "architecture", "seed"]).sort_index()

    def interval(name, amounts="codes", metric="income/auc", base="hard-sharing"):
        gain = mtl_gain("auc", runs.loc[amounts, name][metric], runs.loc[amounts, base][metric])
        return gain.low, gain.high

    mistakes = {
        "these are the gains over the single-task networks; the rule compares with hard sharing": {
            "base": "single-task"
        },
        "these are the gains with the amounts as numbers; the table to use has them as codes": {"amounts": "numbers"},
        "these are the gains on never_married; the rule is about income": {"metric": "never_married/auc"},
    }
    for name in rivals:
        low, high = as_array(because[name], f"the interval of {name}", (2,))
        right = interval(name)
        slack = 0.35 * (right[1] - right[0])  # a t interval, or a bootstrap with other draws
        unpaired = _unpaired(*(runs.loc["codes", of]["income/auc"] for of in (name, "hard-sharing")))
        if max(abs(low - unpaired[0]), abs(high - unpaired[1])) < 0.03 * (right[1] - right[0]):
            return f"{name}: this takes the runs as if they were not paired: take the spread of the differences"
        if abs(low - right[0]) < slack and abs(high - right[1]) < slack:
            continue
        if low > high:
            return f"{name}: the lower end of the interval is above the upper end"
        if low > 0.5:
            return f"{name}: these are AUCs; the rule is about the gain, the differences within the pairs of seeds"
        for sentence, changes in mistakes.items():
            other = interval(name, **changes)
            if max(abs(low - other[0]), abs(high - other[1])) < 0.1 * (other[1] - other[0]):
                return f"{name}: {sentence}"
        if abs(low + right[1]) < slack and abs(high + right[0]) < slack:
            return f"{name}: the sign is turned round: for an AUC the gain is the rival minus hard sharing"
        if high - low > 1.8 * (right[1] - right[0]):
            return f"{name}: the interval is too wide: take the differences of runs with the same seed, then their mean"
        return f"{name}: over the eight seeds the interval is [{right[0]:+.5f}, {right[1]:+.5f}]"
    ship = plain_word(given["ship"]).replace(" ", "-")
    if ship == "hard-sharing":
        return None
    if ship in ("gradient-boosted-trees", "trees", "single-task"):
        return f"{given['ship']!r} is two models, one for each task; the service takes one network for both"
    if ship in rivals:
        low, high = interval(ship)
        return f"{ship}: its interval, [{low:+.5f}, {high:+.5f}], contains zero, and the rule asks for more than that"
    return f"'ship' should be one of the four networks that serve both tasks, not {given['ship']!r}"
