"""What people bring as features, labels and masks: taken as it is meant, or refused with the place and what to do."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from ple_tutorial.data import FeatureSpec, TaskData
from ple_tutorial.models import build_model

BINARY = {"y": "binary"}
SECONDS = [1709251200, 1709251230, 1709251260]
THREE = np.zeros((3, 1))


def made(features, y=(), kinds=BINARY, **more):
    return TaskData(features, {"y": y} if len(y) else {}, kinds, **more)


def coded(codes, cardinalities=(5,)):
    return made({"numeric": np.zeros((len(codes), 0)), "codes": codes}, cardinalities=cardinalities)


# Taken as they are meant


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"age": [20.0, 30.0], "known": [True, False]}),
        pd.DataFrame({"age": [20, 30], "known": [True, False]}).convert_dtypes(),
        pd.DataFrame({"age": [20.0, 30.0], "known": [True, False]}, dtype=object),
        pd.DataFrame({"age": [20, 30], "known": [1, 0]}).astype("Float64"),
        pd.DataFrame({"age": [20, 30], "known": [1, 0]}).astype({"age": "UInt8", "known": "float16"}),
        pd.DataFrame({"age": [20, 30], "known": [1, 0]}).astype({"age": "int64[pyarrow]", "known": "bool[pyarrow]"}),
        pd.DataFrame({"age": pd.Categorical([20, 30]), "known": pd.arrays.SparseArray([True, False])}),
        np.array([[20, True], [30.0, np.False_]], object),
        [[20, True], [30, False]],
    ],
)
def test_tables_of_numbers_and_truths(frame):
    data = made(frame, [0, 1])
    assert data.features.dtype == np.float32
    assert data.features.tolist() == [[20, 1], [30, 0]]
    named = ("age", "known") if isinstance(frame, pd.DataFrame) else ()
    assert data.names == data.take([1]).only("y").names == {"numeric": named, "codes": ()}


def test_a_table_in_memory_is_not_changed():
    frame = pd.DataFrame({"age": [20, 30]}).convert_dtypes()
    before = frame.copy()
    made(frame, [0, 1]).features[:] = 0
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    "y",
    [
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series([1, None, 0], dtype="Int8"),
        pd.Series([1, None, 0], dtype="float64[pyarrow]"),
        pd.Series([True, None, False], dtype=object),
        pd.array([1, None, 0], dtype="Int64"),
        [1, None, 0],
        [1, float("nan"), 0],
    ],
)
def test_a_label_that_is_missing_outside_of_the_sample_space(y):
    mask = pd.Series([True, False, True])
    for given in (mask, mask.astype("boolean"), mask.astype(int), mask.astype(float), mask.tolist()):
        data = made(THREE, y, mask={"y": given})
        assert data.labels["y"].tolist() == [1, 0, 0]
        assert data.mask["y"].dtype == bool
        assert data.mask["y"].tolist() == [True, False, True]
    advice = r"got nan in row 1 \(counted from 0\); if the sample lies outside .* say so with mask=\{'y': y.notna\(\)\}"
    with pytest.raises(ValueError, match=rf"labels\['y'\]: expected finite numbers, {advice}"):
        made(THREE, y)


def test_codes_of_several_types():
    for codes in ([[3], [0]], pd.DataFrame({"city": [3, 0]}, dtype="Int64"), np.array([[3], [0]], np.uint64)):
        assert coded(codes).features["codes"].tolist() == [[3], [0]]
        assert coded(codes).features["codes"].dtype == np.int32
    assert coded(pd.DataFrame({"city": [True, False]})).features["codes"].tolist() == [[1], [0]]
    assert coded(pd.DataFrame({"city": [3, 0]})).names["codes"] == ("city",)


def test_large_numbers_that_float32_holds():
    for features in ([[2**24], [2**25]], [[-(2**30)], [0]], [[1e20], [1.5e7 + 0.5]], [[0.1], [2**24 + 1 + 0.5]]):
        assert np.isfinite(made(np.array(features)).features).all()


# Refused, with the place and what to do


def frame(name, values, **more):
    return pd.DataFrame({"age": np.arange(len(values)), name: pd.Series(values, **more)})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        # what is missing or infinite
        (
            lambda: made(frame("price", [1.5, None, None])),
            ValueError,
            "features: .* nan in column 'price', row 1 .* and 1 more; fill",
        ),
        (
            lambda: made(frame("price", [1, None, 3], dtype="Int64")),
            ValueError,
            "features: .* nan in column 'price', row 1 ",
        ),
        (lambda: made(frame("price", [True, True, None], dtype=object)), ValueError, "nan in column 'price', row 2 "),
        (
            lambda: made([[1.0, 2.0], [3.0, np.inf]]),
            ValueError,
            r"features: .* got inf in column 1, row 1 \(counted from 0\)$",
        ),
        (lambda: made([[1.0, 1e39]]), ValueError, "features: .* got 1e\\+39 in column 1, row 0 "),
        (lambda: made(THREE, [0, 1, np.inf]), ValueError, r"labels\['y'\]: .* got inf in row 2 \(counted from 0\)$"),
        (
            lambda: made(THREE, [0, 1, 1], mask={"y": [True, None, True]}),
            ValueError,
            r"mask\['y'\]: .* got nan in row 1 ",
        ),
        (lambda: made(THREE, [0, 1, 1], weights={"y": [1, -2, 1]}), ValueError, r"weights\['y'\]: .* got -2 in row 1 "),
        # whole numbers that float32 does not hold
        (
            lambda: made(frame("time", SECONDS)),
            ValueError,
            "features: .* 16,777,216.* got 1709251230 in column 'time', row 1 .*; count",
        ),
        (lambda: made(frame("time", SECONDS, dtype="Int64")), ValueError, "got 1709251230 in column 'time', row 1 "),
        (lambda: made(frame("time", SECONDS, dtype=float)), ValueError, "got 1709251230.0 in column 'time', row 1 "),
        (lambda: made(np.array(SECONDS, float)[:, None]), ValueError, "got 1709251230.0 in column 0, row 1 "),
        (lambda: made(-np.array(SECONDS)[:, None]), ValueError, "got -1709251230 in column 0, row 1 "),
        (lambda: made(np.array([[2**60 + 1]])), ValueError, "got 1152921504606846977 in column 0, row 0 "),
        (lambda: made(np.array([[2**64 - 1]], np.uint64)), ValueError, "got 18446744073709551615 in column 0, row 0 "),
        # what is no number
        (
            lambda: made(frame("word", ["a", "b"])),
            TypeError,
            "features: .* 'a' in column 'word', row 0 .*features\\['codes'\\]",
        ),
        (
            lambda: made(frame("word", ["a", "b"], dtype="category")),
            TypeError,
            "'a' in column 'word', row 0 .*factorize",
        ),
        (
            lambda: made(frame("tags", [["x"], ["y", "z"]])),
            TypeError,
            r"\['x'\] in column 'tags', row 0 .* list of tags .*get_dummies",
        ),
        (lambda: made([[[1], [2, 3]]]), ValueError, "features: .* rows of unequal length; a list of tags"),
        (
            lambda: made(frame("day", pd.to_datetime(["2024-02-01", "2024-02-02"]))),
            TypeError,
            "column 'day', row 0 .*; count the time",
        ),
        (
            lambda: made(np.array([["2024-02-01"]], "M8[D]")),
            TypeError,
            "got datetime64.* in column 0, row 0 .*; count the time",
        ),
        (
            lambda: made(scipy.sparse.eye(3)),
            TypeError,
            r"features: expected an array, got a sparse .*matrix; hand in .toarray",
        ),
        (lambda: made(frame("z", [1j, 2])), TypeError, "in column 'z', row 0"),
        (lambda: made(frame("z", [10**400, 2], dtype=object)), TypeError, "in column 'z', row 0"),
        # labels
        (
            lambda: made(THREE, ["yes", "no", "yes"]),
            TypeError,
            r"labels\['y'\]: .* 'yes' in row 0 .*; map .* 0 and 1, as in y == 'yes'",
        ),
        (
            lambda: made(THREE, pd.Categorical(["yes", "no", "yes"])),
            TypeError,
            r"labels\['y'\]: .* 'yes' in row 0 .*; map",
        ),
        (
            lambda: made(THREE, [0, 1, 2]),
            ValueError,
            r"labels\['y'\]: expected 0 or 1 .* got 2 in row 2 .* classes .* counts",
        ),
        (
            lambda: made(THREE, np.eye(3)),
            ValueError,
            r"labels\['y'\]: expected shape \(3,\), got shape \(3, 3\); for several classes",
        ),
        (
            lambda: made(THREE, [0, 1, 1], {"y": "classification"}),
            ValueError,
            r"kinds\['y'\]: .*'classification'; use 'binary' .* several",
        ),
        (
            lambda: made(THREE, [0, 1, 1], {"y": "Multi-class"}),
            ValueError,
            r"kinds\['y'\]: .*; make a binary task of each class, or of",
        ),
        (
            lambda: made(THREE, [0, 1, 1], {"y": "poisson"}),
            ValueError,
            r"kinds\['y'\]: .*; use 'regression' of log1p\(y\)",
        ),
        (
            lambda: build_model("ple", features=3, tasks={"y": "count"}),
            ValueError,
            r"tasks\['y'\]: .*; use 'regression' of log1p",
        ),
        # codes
        (lambda: coded([[0], [5]]), ValueError, "codes from 0 to cardinality - 1, here 4, got 5 in column 0, row 1 "),
        (
            lambda: coded(frame("city", [0, -1]), (5, 5)),
            ValueError,
            "got -1 in column 'city', row 1 .* a code of their own",
        ),
        (
            lambda: coded([[2**40], [2**32 + 7]], (2**41,)),
            ValueError,
            "codes below 2,147,483,648, got 1099511627776 in column 0, row 0 ",
        ),
        (
            lambda: coded([[7], [2**32 + 7]], (9,)),
            ValueError,
            "codes below 2,147,483,648, got 4294967303 in column 0, row 1 ",
        ),
        (
            lambda: coded(frame("city", [0, None], dtype="Int64"), (5, 5)),
            ValueError,
            "a code in every row, got nan in column 'city', row 1 ",
        ),
        (
            lambda: coded(pd.DataFrame({"a": [0, 9], "b": np.array([0, 1], np.uint64)}), (5, 5)),
            ValueError,
            "here 4, got 9 in column 'a', row 1 ",
        ),
        (
            lambda: coded(pd.DataFrame({"a": [0, 1], "b": np.array([0, 2**64 - 1], np.uint64)}), (5, 5)),
            ValueError,
            "codes below 2,147,483,648, got 18446744073709551615 in column 'b', row 1 ",
        ),
        (lambda: coded(frame("city", ["a", "b"]), (5, 5)), TypeError, "'a' in column 'city', row 0 .*factorize"),
        (lambda: coded([["a"], ["b"]]), ValueError, "whole numbers of shape .* got <U1 .*; number the values first"),
        (lambda: FeatureSpec(1, (2**30, 2**30)), ValueError, "cardinalities: .* got 2,147,483,648; hash them"),
    ],
)
def test_refused_with_its_place(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Rows and columns in another order


def test_labels_in_another_order_than_the_features_are_refused():
    features = pd.DataFrame({"x": [0.0, 1.0, 2.0]}, index=["a", "b", "c"])
    label = pd.Series([0, 0, 1], index=["a", "c", "b"])
    message = r"labels\['y'\]: expected rows in the order of the features, got the same index in another order, c for b in row 1"
    with pytest.raises(ValueError, match=message):
        made(features, label)
    with pytest.raises(ValueError, match=r"mask\['y'\]: expected rows in the order"):
        made(features, [0, 0, 1], mask={"y": label.astype(bool)})
    numbers = {"numeric": features, "codes": [[0], [1], [0]]}
    with pytest.raises(ValueError, match=r"weights\['y'\]: expected rows in the order"):
        made(numbers, [0, 0, 1], cardinalities=(2,), weights={"y": label})


@pytest.mark.parametrize("index", [["a", "b", "c"], [0, 1, 2], ["a", "a", "b"]])
def test_an_index_that_says_nothing_about_the_order(index):
    """The same, another one, or one that is not unique: rows are paired by position."""
    features = pd.DataFrame({"x": [0.0, 1.0, 2.0]}, index=["a", "b", "c"])
    assert made(features, pd.Series([0, 0, 1], index=index)).labels["y"].tolist() == [0, 0, 1]


def test_an_array_is_paired_by_position():
    features = pd.DataFrame({"x": [0.0, 1.0, 2.0]}, index=["a", "b", "c"])
    assert made(features, pd.Series([0, 0, 1], index=["c", "b", "a"]).to_numpy()).labels["y"].tolist() == [0, 0, 1]


def test_seconds_of_a_clock_with_fractions():
    with pytest.raises(ValueError, match=r"features: expected numbers that float32 tells apart .* 'at', row 0"):
        made(pd.DataFrame({"at": np.array(SECONDS) + 0.25}))
    amounts = made(pd.DataFrame({"amount": [0.5, 1e9 + 0.25, 3e9]}))  # rounding that does not matter at this scale
    assert amounts.features.dtype == np.float32


def test_decimals_and_digits_are_to_become_numbers():
    for column in ([Decimal("1.5")] * 3, ["1.5", "2", "3"]):
        with pytest.raises(TypeError, match=r"pandas\.to_numeric"):
            made(pd.DataFrame({"price": pd.Series(column, dtype=object)}))
    with pytest.raises(TypeError, match="factorize"):
        made(pd.DataFrame({"country": ["de", "fr", "de"]}))


def test_labels_that_float32_would_change():
    with pytest.raises(ValueError, match=r"labels\['y'\]: expected numbers that float32 tells apart"):
        made(THREE, SECONDS, {"y": "regression"})
    label = made(THREE, [1, SECONDS[0], 2], {"y": "regression"}, mask={"y": [True, False, True]}).labels["y"]
    assert label.tolist() == [1, 0, 2]
