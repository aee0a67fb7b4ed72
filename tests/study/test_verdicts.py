"""Verdicts by hand: Holm's steps, the smallest effect that could have been seen, and a table that says no more than it may."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ple_tutorial.study.verdicts import BETTER, UNSEEN, WORSE, holm, smallest_seen, standing, verdicts


def test_holm_by_hand():
    """Sorted .01 .02 .04: times 3, 2 and 1 is .03 .04 .04; none falls below the one before, none passes 1."""
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.01, 0.011, 0.9]) == pytest.approx([0.03, 0.03, 0.9])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    with pytest.raises(ValueError, match="p_values: expected a row of numbers from 0 to 1"):
        holm([0.5, np.nan])


def test_the_smallest_effect_is_seen_in_four_of_five_studies():
    rng = np.random.default_rng(0)
    gains = rng.standard_normal(32)
    size = smallest_seen((gains - gains.mean()) / gains.std(ddof=1))
    found = [stats.ttest_1samp(rng.standard_normal(32) + size, 0).pvalue < 0.05 for _ in range(2000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)
    with pytest.raises(ValueError, match="gains: expected at least two finite numbers"):
        smallest_seen([1.0])


def runs(shift, seeds=32, tasks=("x",), noise=0.1):
    rng = np.random.default_rng(3)
    rows = []
    for point in tasks:
        base = 1 + 0.1 * rng.random(seeds)
        rows += [("single-task", point, seed, base[seed]) for seed in range(seeds)]
        for name, by in shift.items():
            rows += [(name, point, seed, base[seed] * by + noise * rng.standard_normal()) for seed in range(seeds)]
    return pd.DataFrame(rows, columns=["architecture", "point", "seed", "a/excess"])


def test_verdicts():
    table = verdicts(runs({"good": 0.8, "bad": 1.2, "same": 1.0}), "a/excess", by="point")
    found = {name: row["verdict"] for (_, name), row in table.iterrows()}
    assert found == {"good": BETTER, "bad": WORSE, "same": UNSEEN}
    good = table.loc[("x", "good")]
    assert good["ratio_low"] < 0.8 < good["ratio_high"] and good["ratio"] == pytest.approx(0.8, abs=0.04)
    assert 0 < good["smallest"] < good["mean"]
    assert table.loc[("x", "same"), "smallest"] > abs(table.loc[("x", "same"), "mean"])
    assert (table["holm"] >= table["p_value"]).all()


def test_verdicts_without_by_and_of_a_metric_where_more_is_better():
    table = verdicts(runs({"good": 1.2}).drop(columns="point").rename(columns={"a/excess": "a/auc"}), "a/auc")
    assert table.loc["good", "verdict"] == BETTER and table.loc["good", "mean"] > 0


def test_of_many_equal_ones_hardly_any_is_told_apart():
    """20 comparisons without a difference: at 5 % each, one would be expected without Holm's adjustment."""
    same = {f"same{number}": 1.0 for number in range(20)}
    told = [
        (verdicts(runs(same, noise=0.1 + 0.01 * draw), "a/excess", by="point")["verdict"] != UNSEEN).sum()
        for draw in range(5)
    ]
    assert sum(told) <= 1


def test_a_score_of_zero_has_no_ratio():
    exact = runs({"exact": 0.0}, noise=0.0)
    assert verdicts(exact, "a/excess", by="point")["ratio"].isna().all()


def test_standing_to_the_best():
    """One is clearly best, one is level with it, one is worse and the baseline far off; by hand on the logarithms."""
    rng = np.random.default_rng(5)
    data = 0.3 * rng.standard_normal(16)  # the seed's own difficulty, which pairs take away
    sizes = {"single-task": 1.0, "good": 0.5, "level": 0.5, "worse": 0.6}
    rows = [
        (name, seed, size * np.exp(data[seed] + 0.05 * rng.standard_normal()))
        for name, size in sizes.items()
        for seed in range(16)
    ]
    table = pd.DataFrame(rows, columns=["architecture", "seed", "a/excess"])
    found = standing(table, "a/excess")
    best = found["to_best"].idxmin()
    assert best in ("good", "level") and found.loc[best, ["to_best", "holm", "level"]].tolist() == [1.0, 1.0, True]
    assert found["level"].to_dict() == {"good": True, "level": True, "single-task": False, "worse": False}
    wide = np.log(table.pivot(index="seed", columns="architecture", values="a/excess"))
    assert found.loc["worse", "ratio"] == pytest.approx(np.exp((wide["worse"] - wide["single-task"]).mean()))
    assert found.loc["worse", "wins"] == (wide["worse"] < wide[best]).sum()
    p_values = [stats.wilcoxon(wide[name] - wide[best]).pvalue for name in found.index if name != best]
    assert found.loc[found.index != best, "holm"].tolist() == pytest.approx(holm(p_values).tolist())


def test_standing_by_place_and_its_refusals():
    table = runs({"good": 0.5}, tasks=("x", "y"))
    found = standing(table, "a/excess", by="point")
    assert found.loc[("x", "good"), "to_best"] == found.loc[("y", "good"), "to_best"] == 1.0
    assert not found.loc[("x", "single-task"), "level"]
    with pytest.raises(ValueError, match="expected scores above 0, got -1"):
        standing(table.assign(**{"a/excess": table["a/excess"].where(table.index > 0, -1.0)}), "a/excess", by="point")


def test_standing_on_shuffled_models_tells_nothing_apart():
    """The control: the models' names are shuffled within each seed, so that no difference is left."""
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(20):
        table = runs({"good": 0.5, "bad": 1.2}).drop(columns="point")
        mixed = table.groupby("seed")["a/excess"].transform(lambda values: rng.permutation(values.to_numpy()))
        told += int((~standing(table.assign(**{"a/excess": mixed}), "a/excess")["level"]).sum())
    assert told <= 8  # of 40; the best of three is chosen by the same seeds, hence more than 5 %
