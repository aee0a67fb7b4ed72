"""The check of exercise 08.4: which network to ship, and why."""

import numpy as np
from scipy import stats

from ple_tutorial.exercises.answers import as_array, as_dict, plain_word
from ple_tutorial.exercises.register import exercise
from ple_tutorial.metrics import mtl_gain
from ple_tutorial.study.results import stored

RIVALS = ("mmoe", "cgc", "ple")


def _intervals(amounts="codes", task="income", base="hard-sharing", kind="bootstrap"):
    """Return the ends of the 95 % intervals of the rivals' gains over ``base``, (rivals, 2)."""
    runs = (
        stored("census").query("amounts == @amounts").pivot(index="seed", columns="architecture", values=f"{task}/auc")
    )

    def ends(name):
        if kind == "bootstrap":
            gain = mtl_gain("auc", runs[name], runs[base])
            return gain.low, gain.high
        gains = runs[name] - runs[base]
        if kind == "t":
            return stats.t.interval(0.95, len(gains) - 1, gains.mean(), stats.sem(gains))
        half = 1.96 * np.hypot(stats.sem(runs[name]), stats.sem(runs[base]))  # as if no run had a partner
        return gains.mean() - half, gains.mean() + half

    return np.array([ends(name) for name in RIVALS])


@exercise("08.4")
def _which_to_ship(answer):
    """The network to ship for two tasks, and the intervals of its rivals' gains over hard sharing."""
    given = as_dict(answer, ("ship", "because"))
    because = as_dict(given["because"], RIVALS, "'because'")
    mine = np.array([as_array(because[name], f"the interval of {name}", (2,)) for name in RIVALS])
    if (mine[:, 0] > mine[:, 1]).any():
        return "the lower end of an interval is above its upper end"
    if (mine > 0.5).all():
        return "these are AUCs; the rule is about the gain, the differences within the pairs of seeds"
    right = _intervals()
    known = [
        (None, right),
        (None, _intervals(kind="t")),
        (
            "these are gains over the single-task networks; the rule compares with hard sharing",
            _intervals(base="single-task"),
        ),
        ("these are the gains with the amounts as numbers; the rule is about codes", _intervals("numbers")),
        ("these are the gains on never_married; the rule is about income", _intervals(task="never_married")),
        ("the sign is reversed: for an AUC the gain is the rival minus hard sharing", -right[:, ::-1]),
        (
            "this takes the runs as if they were not paired: take the spread of the differences",
            _intervals(kind="unpaired"),
        ),
    ]
    widths = right[:, 1] - right[:, 0]
    away = [(np.abs(mine - ends).max(axis=1) / widths).max() for _, ends in known]  # in widths of the right intervals
    nearest = int(np.argmin(away))
    if away[nearest] < 0.2 and known[nearest][0]:
        return known[nearest][0]
    if away[nearest] >= 0.2:  # the draws of another bootstrap move the ends by less
        row = int(np.argmax(np.abs(mine - right).max(axis=1) / widths))
        return f"over the eight seeds the interval of {RIVALS[row]} is [{right[row, 0]:+.5f}, {right[row, 1]:+.5f}]"
    ship = plain_word(given["ship"]).replace(" ", "-")
    if ship == "hard-sharing":
        return None
    if ship in ("gradient-boosted-trees", "trees", "single-task"):
        return f"{given['ship']!r} is two models, one for each task; the service takes one network for both"
    if ship in RIVALS:
        low, high = right[RIVALS.index(ship)]
        return f"{ship}: its interval, [{low:+.5f}, {high:+.5f}], contains zero, and the rule asks for more than that"
    return f"'ship' should be one of the four networks that serve both tasks, not {given['ship']!r}"
