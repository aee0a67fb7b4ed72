"""The funnel: three tasks whose sample spaces lie one within the other."""

import numpy as np
import pytest

from ple_tutorial.data.funnel import KINDS, make_funnel


@pytest.fixture(scope="module")
def worlds():
    return {missing: make_funnel(20_000, missing, seed=3) for missing in ("nested", "at random", "nothing")}


def test_the_spaces_are_nested_and_follow_the_labels(worlds):
    data = worlds["nested"].data
    np.testing.assert_array_equal(data.mask["watch"], data.labels["play"] == 1)
    long = data.mask["watch"] & (worlds["nothing"].data.labels["watch"] > 3)
    np.testing.assert_array_equal(data.mask["like"], long)
    shares = [data.mask[task].mean() for task in KINDS]
    assert shares[0] == 1 and 0.35 < shares[1] < 0.45 and 0.2 < shares[2] < 0.3


def test_only_the_masks_differ(worlds):
    for missing in ("at random", "nothing"):
        np.testing.assert_array_equal(worlds[missing].data.features, worlds["nested"].data.features)
        for task in KINDS:
            np.testing.assert_array_equal(worlds[missing].expected[task], worlds["nested"].expected[task])
    assert all(mask.all() for mask in worlds["nothing"].data.mask.values())


def test_at_random_there_are_as_many_labels_and_they_say_nothing_about_a_play(worlds):
    nested, random = worlds["nested"], worlds["at random"]
    for task in KINDS:
        assert random.data.mask[task].sum() == nested.data.mask[task].sum()
    chance = nested.expected["play"]
    assert abs(np.corrcoef(random.data.mask["watch"], chance)[0, 1]) < 0.03
    assert np.corrcoef(nested.data.mask["watch"], chance)[0, 1] > 0.5


def test_the_truth_holds_inside_of_the_spaces(worlds):
    """What is expected does not depend on whether a sample lies in the task's sample space."""
    world = worlds["nested"]
    for task in ("watch", "like"):
        inside = world.data.mask[task]
        rest = world.data.labels[task][inside] - world.expected[task][inside]
        assert abs(rest.mean()) < 4 * rest.std() / np.sqrt(inside.sum())
        assert abs(np.corrcoef(rest, world.expected["play"][inside])[0, 1]) < 0.05


def test_more_rows_begin_with_the_same_rows():
    few, many = make_funnel(500, seed=5), make_funnel(900, seed=5)
    np.testing.assert_array_equal(many.data.features[:500], few.data.features)
    for task in KINDS:
        np.testing.assert_array_equal(many.data.mask[task][:500], few.data.mask[task])
