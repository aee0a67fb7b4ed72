"""Splits that keep the share of a rare label, a group or a time together; refused where the data do not allow it."""

import itertools

import numpy as np
import pandas as pd
import pytest

from ple_tutorial.data import TaskData

ROWS = 600
POSITIVES = np.arange(ROWS) < 6
USERS = np.arange(ROWS) // 7


def data(y=POSITIVES, **more):
    return TaskData(np.arange(ROWS, dtype=float)[:, None], {"y": y}, {"y": "binary"}, **more)


def rows(part):
    return part.features[:, 0].astype(int)


def assert_once(parts):
    assert sorted(np.concatenate([rows(part) for part in parts])) == list(range(ROWS))
    for part in parts:
        assert np.array_equal(part.labels["y"], POSITIVES[rows(part)])


def test_the_default_split_is_as_it_always_was():
    """The first rows of each part with seed 3, as numbers: stored results depend on them."""
    assert [rows(part)[:4].tolist() for part in data().split(seed=3)] == [
        [357, 477, 116, 199],
        [537, 67, 6, 283],
        [355, 512, 464, 231],
    ]


def test_rare_positives_are_in_every_part():
    for seed in range(20):
        parts = data().split(seed=seed, stratify="y")
        assert [len(part) for part in parts] == [360, 120, 120]
        assert [int(part.labels["y"].sum()) for part in parts] == [4, 1, 1]
        assert_once(parts)
    alone = [[int(part.labels["y"].sum()) for part in data().split(seed=seed)] for seed in range(20)]
    assert sum(0 in found for found in alone) > 5  # what it is good for
    assert not np.array_equal(rows(data().split(seed=0, stratify="y")[2]), rows(data().split(seed=1, stratify="y")[2]))


def test_samples_outside_of_the_sample_space_are_a_stratum():
    parts = data(mask={"y": np.arange(ROWS) < 60}).split((0.5, 0.5), stratify="y")
    assert [int(part.mask["y"].sum()) for part in parts] == [30, 30]
    assert [int(part.labels["y"].sum()) for part in parts] == [3, 3]


@pytest.mark.parametrize("groups", [USERS, pd.Series(USERS).astype(str), pd.Categorical(USERS), USERS.tolist()])
def test_groups_stay_together(groups):
    parts = data().split((0.5, 0.3, 0.2), seed=1, groups=groups)
    users = [set(USERS[rows(part)]) for part in parts]
    assert [len(found) for found in users] == [43, 26, 17]  # of 86
    assert len(set.union(*users)) == 86
    assert_once(parts)
    assert set(USERS[rows(data().split((0.5, 0.3, 0.2), seed=2, groups=groups)[2])]) != users[2]


def test_by_time():
    time = (ROWS - np.arange(ROWS)) // 7  # the last row is the oldest; seven rows share a time
    for times in (
        time,
        time / 3,
        pd.Timestamp("2024-01-01") + pd.to_timedelta(time, "h"),
        pd.to_datetime(time, unit="h", utc=True),
    ):
        parts = data().split((0.6, 0.2, 0.2), by_time=times)
        assert [len(part) for part in parts] == [363, 119, 118]
        assert_once(parts)
        for older, newer in itertools.pairwise(parts):
            assert time[rows(older)].max() < time[rows(newer)].min()
        for part in parts:
            assert (np.diff(time[rows(part)]) >= 0).all()


NAMED = ["a"] * (ROWS - 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"stratify": "x"}, ValueError, "stratify: expected one of y, got 'x'"),
        ({"stratify": "y", "groups": USERS}, TypeError, "groups: expected nothing, since stratify is given, got both"),
        ({"by_time": USERS, "groups": USERS}, TypeError, "by_time: expected nothing, since groups is given"),
        ({"groups": USERS[1:]}, ValueError, r"groups: expected shape \(600,\), got shape \(599,\)"),
        (
            {"groups": [*NAMED, None]},
            ValueError,
            r"groups: expected a group in every row, got none in row 599 \(counted",
        ),
        ({"groups": [*NAMED, "b"]}, ValueError, "groups: expected parts of at least one of the 2 groups, got"),
        ({"by_time": np.zeros(ROWS)}, ValueError, "by_time: expected enough times for 3 parts, got 1 times"),
        ({"by_time": [*NAMED, "b"]}, TypeError, "by_time: expected numbers or dates, got <U1; use pandas.to_datetime"),
        (
            {"by_time": [*USERS[:-1], np.nan]},
            ValueError,
            r"by_time: expected a time in every row, got none in row 599 ",
        ),
        ({"by_time": USERS[:, None]}, ValueError, r"by_time: expected shape \(600,\), got shape \(600, 1\)"),
    ],
)
def test_refused(change, error, message):
    with pytest.raises(error, match=message):
        data().split(**change)


def test_a_stratum_too_small():
    for positives in (1, 2, 3):
        with pytest.raises(
            ValueError, match="stratify: expected enough samples of label 1 for every part, got too few"
        ):
            data(np.arange(ROWS) < positives).split(stratify="y")
    with pytest.raises(ValueError, match=r"stratify: .* samples of label 0"):
        data(np.arange(ROWS) > 0).split(stratify="y")
    two = TaskData(np.zeros((4, 1)), {"z": np.arange(4)}, {"z": "regression"})
    with pytest.raises(ValueError, match="stratify: expected a binary task with labels, got the regression 'z'"):
        two.split((0.5, 0.5), stratify="z")
    with pytest.raises(ValueError, match="stratify: expected a binary task with labels, got data without labels"):
        TaskData(np.zeros((4, 1)), {}, {"y": "binary"}).split((0.5, 0.5), stratify="y")


def test_a_part_without_a_sample_of_a_task():
    scarce = data(mask={"y": np.arange(ROWS) == 3})
    with pytest.raises(ValueError, match=r"fractions: .* got none in the sample space of 'y' in part \d; use stratify"):
        scarce.split()
    TaskData(np.zeros((9, 1)), {}, {"y": "binary"}).split()  # which has no labels, and needs none
