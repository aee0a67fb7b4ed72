"""TaskData: what it keeps, what it refuses, and its parts."""

import numpy as np
import pandas as pd
import pytest

from ple_tutorial.data import FeatureSpec, TaskData

KINDS = {"z": "regression", "a": "binary"}
ROWS = 10
FEATURES = np.arange(ROWS * 3, dtype=float).reshape(ROWS, 3)
LABELS = {"z": np.arange(ROWS) / 4, "a": np.arange(ROWS) % 2}
MASK = {"a": np.arange(ROWS) >= 4}


def data(**change):
    return TaskData(**{"features": FEATURES, "labels": LABELS, "kinds": KINDS} | change)


def tabular(**change):
    features = {"numeric": FEATURES, "codes": np.stack([np.arange(ROWS) % 4, np.arange(ROWS) % 2], axis=1)}
    return data(**{"features": features, "cardinalities": (4, 2)} | change)


def ids(part):
    """Which rows of FEATURES these are."""
    features = part.features["numeric"] if isinstance(part.features, dict) else part.features
    return (features[:, 0] / 3).astype(int).tolist()


def assert_rows(part, rows):
    """The part holds these rows, features and labels and masks alike."""
    whole = data(mask=MASK)
    assert ids(part) == list(rows)
    for task in part.tasks:
        assert np.array_equal(part.labels[task], whole.labels[task][rows])
        assert np.array_equal(part.mask[task], whole.mask[task][rows])


# What it keeps


def test_types_and_order():
    for whole in (
        data(mask=MASK),
        data(features=pd.DataFrame(FEATURES), labels={t: pd.Series(y) for t, y in LABELS.items()}),
    ):
        assert whole.features.dtype == np.float32
        assert np.array_equal(whole.features, FEATURES)
        assert (whole.tasks, len(whole), whole.spec) == (("z", "a"), ROWS, FeatureSpec(3))
        for task in KINDS:
            assert whole.labels[task].dtype == np.float32
            assert whole.mask[task].dtype == bool
        assert whole.mask["z"].all()
        assert np.array_equal(whole.labels["z"], LABELS["z"])


def test_numbers_and_codes():
    whole = tabular()
    assert whole.spec == FeatureSpec(3, (4, 2))
    assert whole.features["numeric"].dtype == np.float32
    assert whole.features["codes"].dtype == np.int32
    part = whole.take([7, 2])
    assert part.features["codes"].tolist() == [[3, 1], [2, 0]]
    assert part.spec == whole.spec
    no_numbers = tabular(features={"numeric": np.zeros((ROWS, 0)), "codes": whole.features["codes"]})
    assert no_numbers.spec == FeatureSpec(0, (4, 2))


def test_labels_outside_the_mask_mean_nothing():
    wild = np.where(MASK["a"], LABELS["a"], np.nan)
    wild[0], wild[1] = 7, -np.inf
    whole = data(labels=LABELS | {"a": wild}, mask=MASK)
    assert np.array_equal(whole.labels["a"], np.where(MASK["a"], LABELS["a"], 0))
    assert np.array_equal(whole.mask["a"], MASK["a"])
    with pytest.raises(
        ValueError, match=r"labels\['a'\]: .* got -inf in row 1 .* and 2 more; if the sample lies outside"
    ):
        data(labels=LABELS | {"a": wild})


def test_what_is_given_is_left_alone():
    labels = LABELS["z"].astype(np.float32)
    whole = data(labels=LABELS | {"z": labels}, mask={"z": np.arange(ROWS) > 3})
    assert labels[1] == 0.25
    assert whole.labels["z"][1] == 0
    with pytest.raises(AttributeError, match="cannot assign to field 'labels'"):
        whole.labels = LABELS
    assert whole != data()
    assert whole == whole


# What it refuses

NAN = np.where(np.arange(ROWS) == 1, np.nan, 0)
CODES = tabular().features["codes"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: data(features=FEATURES[0]),
            ValueError,
            r"features: expected an array of shape \(batch, features\), got shape \(3,\)",
        ),
        (lambda: data(features=FEATURES[:0]), ValueError, r"features: .* got shape \(0, 3\)"),
        (lambda: data(features=FEATURES.astype(str)), TypeError, "features: expected real numbers, got <U"),
        (lambda: data(features=FEATURES.astype(object) * 1j), TypeError, "features: expected real numbers, got object"),
        (
            lambda: data(features=np.full((ROWS, 3), np.nan)),
            ValueError,
            "features: .* got nan in column 0, row 0 .* and 29 more",
        ),
        (
            lambda: data(features={"x": FEATURES}),
            ValueError,
            r"cardinalities: expected the number of codes of each column, got \(\)",
        ),
        (lambda: tabular(features={"x": FEATURES}), ValueError, r"features: expected the keys .* got \['x'\]"),
        (lambda: tabular(features=FEATURES), ValueError, r"cardinalities: expected none without .* got \(4, 2\)"),
        (lambda: tabular(cardinalities=()), ValueError, "cardinalities: expected the number of codes of each column"),
        (
            lambda: tabular(cardinalities=(4,)),
            ValueError,
            r"features\['codes'\]: expected whole numbers of shape \(10, 1\), got int",
        ),
        (
            lambda: tabular(cardinalities=(4, 1)),
            ValueError,
            r"features\['codes'\]: expected codes from 0 to cardinality - 1",
        ),
        (lambda: tabular(cardinalities=(4, 2.0)), TypeError, "cardinalities: .* got 2.0"),
        (
            lambda: tabular(features={"numeric": FEATURES, "codes": CODES - 1}),
            ValueError,
            r"features\['codes'\]: .* got -1 in column 0, row 0 ",
        ),
        (
            lambda: tabular(features={"numeric": FEATURES, "codes": CODES * 1.0}),
            ValueError,
            r"features\['codes'\]: .* got float64",
        ),
        (
            lambda: tabular(features={"numeric": FEATURES, "codes": CODES[:3]}),
            ValueError,
            r"got int32 of shape \(3, 2\)",
        ),
        (lambda: data(kinds=["z", "a"]), TypeError, "kinds: expected a dict"),
        (lambda: data(kinds={}), ValueError, "kinds: expected at least one task"),
        (lambda: data(kinds={"z": "regression", "a": "bin"}), ValueError, r"kinds\['a'\]: .* did you mean 'binary'"),
        (lambda: data(kinds={"z z": "binary"}), ValueError, "kinds: expected names of letters.* got 'z z'"),
        (lambda: data(kinds={"shared": "binary"}), ValueError, "kinds: .* got 'shared'"),
        (lambda: data(labels=[1, 2]), TypeError, "labels: expected a dict .* got list"),
        (
            lambda: data(labels={"z": LABELS["z"]}),
            ValueError,
            r"labels: expected one array for each of .* got none for \['a'\]",
        ),
        (lambda: data(labels=LABELS | {"b": NAN}), ValueError, r"labels: expected only the tasks .* got also \['b'\]"),
        (
            lambda: data(labels=LABELS | {"z": NAN}),
            ValueError,
            r"labels\['z'\]: expected finite numbers, got nan in row 1 ",
        ),
        (
            lambda: data(labels=LABELS | {"z": FEATURES}),
            ValueError,
            r"labels\['z'\]: expected shape \(10,\), got shape \(10, 3\)",
        ),
        (lambda: data(labels=LABELS | {"z": LABELS["z"][:-1]}), ValueError, r"labels\['z'\]: .* got shape \(9,\)"),
        (
            lambda: data(labels=LABELS | {"z": ["x"] * ROWS}),
            TypeError,
            r"labels\['z'\]: expected real numbers, got <U1",
        ),
        (
            lambda: data(labels=LABELS | {"a": LABELS["z"]}),
            ValueError,
            r"labels\['a'\]: expected 0 or 1 for a binary task, got 0.25",
        ),
        (lambda: data(mask=MASK["a"]), TypeError, "mask: expected a dict .* got ndarray"),
        (lambda: data(mask={"b": MASK["a"]}), ValueError, r"mask: .* got also \['b'\]"),
        (
            lambda: data(mask={"a": MASK["a"] / 2}),
            ValueError,
            r"mask\['a'\]: expected booleans, or 0 and 1, got 0.5 in row 4 ",
        ),
        (lambda: data(mask={"a": MASK["a"][:3]}), ValueError, r"mask\['a'\]: .* got shape \(3,\)"),
        (lambda: data().only("b"), ValueError, "tasks: expected one of z, a, got 'b'"),
        (lambda: data().only(), ValueError, "at least one task"),
        (lambda: data().take([]), ValueError, "rows: expected at least one row, got none"),
        (lambda: data().take(3), TypeError, r"rows: expected a slice, or an array .* got int64 of shape \(\)"),
        (lambda: data().take([1.5]), TypeError, "rows: .* got float64"),
        (lambda: data().take([1, 10]), ValueError, "rows: expected numbers of rows below 10, got 1 to 10"),
        (lambda: data().take([True, False]), ValueError, "rows: expected a boolean for each of 10 samples, got 2"),
        (lambda: list(data().batches(2, seed=-1)), ValueError, "seed: .* got -1"),
        (lambda: data().split(0.5), TypeError, "fractions: expected a list of numbers, got 0.5"),
        (lambda: data().split(seed=2**40), ValueError, "seed: expected a number below 2 to the 32"),
        (lambda: FeatureSpec(-1), ValueError, "numeric: .* got -1"),
        (lambda: FeatureSpec(3, 4), TypeError, "cardinalities: expected a tuple of numbers of codes, got 4"),
        (lambda: data(features=[[1, 2], [1]]), ValueError, "features: expected an array, got rows of unequal length"),
        (lambda: data(cardinalities=None), TypeError, "cardinalities: .* got None"),
        (lambda: data(labels=LABELS | {3: NAN}), ValueError, r"labels: expected only the tasks .* got also \['3'\]"),
        (lambda: data(labels=LABELS | {"z": LABELS["z"] * 1j}), TypeError, r"labels\['z'\]: .* got complex"),
        (
            lambda: data(labels=LABELS | {"z": np.zeros(ROWS, "datetime64[D]")}),
            TypeError,
            r"labels\['z'\]: expected real numbers, got datetime64",
        ),
        (lambda: list(data().batches(0)), ValueError, "size: .* got 0"),
        (lambda: data().split((0.5, 0.6)), ValueError, "fractions: expected positive numbers that sum to 1"),
        (lambda: data().split((1.0, 0.0)), ValueError, "fractions: expected positive numbers that sum to 1"),
        (lambda: data().split((1.5, -0.5)), ValueError, "fractions: .* got 1.5"),
        (lambda: data().split((0.96, 0.04)), ValueError, "fractions: expected parts of at least one of the 10 samples"),
        (lambda: data().split((0.04, 0.96)), ValueError, "fractions: expected parts of at least one of the 10 samples"),
        (lambda: data().split(seed=-1), ValueError, "seed: .* got -1"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Its parts


@pytest.mark.parametrize("rows", [[3, 9, 3, 5], np.array([8, 0]), slice(2, 7), np.arange(ROWS) % 3 == 0])
def test_take(rows):
    assert_rows(data(mask=MASK).take(rows), np.arange(ROWS)[rows])


def test_only():
    whole = data(mask=MASK)
    assert whole.only("a", "z").tasks == ("a", "z")
    part = whole.only("a")
    assert (part.tasks, part.kinds) == (("a",), {"a": "binary"})
    assert list(part.labels) == list(part.mask) == ["a"]
    assert_rows(part, np.arange(ROWS))


@pytest.mark.parametrize(
    ("fractions", "sizes"),
    [
        ((0.6, 0.2, 0.2), (6, 2, 2)),
        ((0.5, 0.5), (5, 5)),
        ((0.75, 0.25), (8, 2)),
        ((1.0,), (10,)),
        ((0.1,) * 10, (1,) * 10),
    ],
)
def test_split_is_disjoint_and_exhaustive(fractions, sizes):
    parts = data().split(fractions)
    assert tuple(len(part) for part in parts) == sizes
    assert sorted(i for part in parts for i in ids(part)) == list(range(ROWS))


def test_split_by_seed():
    large = TaskData(np.arange(3 * 90.0).reshape(90, 3), {"z": np.arange(90)}, {"z": "regression"})
    one, same, other = ([ids(part) for part in large.split(seed=seed)] for seed in (1, 1, 2))
    assert one == same
    assert one != other
    for part in large.split(seed=1):
        assert part.labels["z"].tolist() == ids(part)  # labels go with their features
        assert ids(part) != sorted(ids(part))
    overlap = len(set(one[2]) & set(other[2]))
    assert overlap < 12  # of 18; 3.6 expected


def test_batches():
    whole = data(mask=MASK)
    batches = list(whole.batches(4))
    assert [ids(batch) for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    for batch in batches:
        assert_rows(batch, ids(batch))
    assert not batches[0].mask["a"].any()  # a batch may have no sample of a task
    assert len(batches[0]) == 4
    shuffled = [i for batch in whole.batches(4, seed=3) for i in ids(batch)]
    assert sorted(shuffled) == list(range(ROWS))
    assert shuffled == [i for batch in whole.batches(4, seed=3) for i in ids(batch)]
    assert shuffled != [i for batch in whole.batches(4, seed=4) for i in ids(batch)]
    assert [len(batch) for batch in whole.batches(100)] == [ROWS]
    assert [batch.features["codes"].shape for batch in tabular().batches(6)] == [(6, 2), (4, 2)]


def test_describe():
    table = data(mask=MASK, labels=LABELS | {"a": np.where(MASK["a"], LABELS["a"], np.nan)}).describe()
    assert table.index.tolist() == ["z", "a"]
    assert table.columns.tolist() == ["kind", "samples", "mean", "std"]
    assert table.loc["z"].tolist() == ["regression", 10, pytest.approx(1.125), pytest.approx(np.std(LABELS["z"]))]
    assert table.loc["a"].tolist() == ["binary", 6, 0.5, 0.5]
