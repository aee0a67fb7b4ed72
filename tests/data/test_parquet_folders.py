"""Parquet as people have it: folders with files of no account, partitions, empty labels, masks of 0 and 1, a bad late row."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from ple_tutorial.data import MemmapChunks, ParquetChunks

KINDS = {"y": "binary"}
FRAME = pd.DataFrame({"x": np.arange(40.0), "c": np.arange(40) % 3, "y": np.arange(40) % 2})


def stored(path, frame=FRAME, group=7):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=group)
    return path


def chunks(path, features=("x",), **more):
    return ParquetChunks(path, list(features), {"y": "y"}, KINDS, chunk_rows=10, groups_at_once=2, **more)


def column(found, number=0):
    return np.concatenate([chunk.features[:, number] for chunk in found]).tolist()


def test_files_that_no_reader_takes_for_data(tmp_path):
    names = ("part-0", "_temporary/part-0", ".part-0", "_part-0", ".hidden/part-0", "a/_tmp/b/part-0", "a/part-0")
    for number, name in enumerate(names):
        stored(tmp_path / f"{name}.parquet", FRAME.assign(x=float(number)))
    (tmp_path / "_SUCCESS").touch()
    found = chunks(tmp_path)
    assert found.rows == pa.dataset.dataset(tmp_path).count_rows() == 80
    assert set(column(found)) == set(pd.read_parquet(tmp_path)["x"]) == {0.0, 6.0}
    assert chunks(tmp_path / "_temporary").rows == 40  # asked for by its name
    with pytest.raises(FileNotFoundError, match=r"path: expected Parquet files, got '.*_tmp', where there are none"):
        chunks(stored(tmp_path / "only/_tmp/_x/part-0.parquet").parent.parent)


def test_partition_columns(tmp_path):
    for day, country in ((3, "de"), (4, "fr")):
        stored(tmp_path / f"day={day}/country={country}/part-0.parquet", FRAME.assign(x=float(day)))
    found = chunks(tmp_path, ["day", "x"])
    assert column(found) == column(found, 1) == [3.0] * 40 + [4.0] * 40
    shuffled = list(found.shuffled(np.random.default_rng(0)))
    assert column(shuffled) == column(shuffled, 1)
    codes = ParquetChunks(tmp_path, {"numeric": ["x"], "codes": ["c", "day"]}, {"y": "y"}, KINDS, cardinalities=(3, 5))
    assert next(iter(codes)).features["codes"][:, 1].tolist() == [3] * 40 + [4] * 40
    with pytest.raises(TypeError, match="features: expected a column of real numbers, got string in 'country'; number"):
        chunks(tmp_path, ["country"])
    below = [tmp_path / "day=3" / "country=de", tmp_path / "day=4/country=fr/part-0.parquet"]
    for path, values in ((below, [3.0] * 40 + [4.0] * 40), (below[0], [3.0] * 40), (below[1], [4.0] * 40)):
        assert column(chunks(path, ["day"])) == values
    stored(tmp_path / "day=5/country=de/part-0.parquet", FRAME.assign(day=5))
    with pytest.raises(ValueError, match=r"path: expected one column 'day', got several in '.*day=5"):
        chunks(tmp_path, ["day"])


def test_a_file_twice_is_refused_and_other_endings_are_read(tmp_path):
    first = stored(tmp_path / "a.parquet")
    stored(tmp_path / "b.pq"), stored(tmp_path / "c.PARQUET"), stored(tmp_path / "d.parquet/part-0.parquet")
    assert chunks(tmp_path).rows == 160
    for twice in ([first, str(first)], [tmp_path, first]):
        with pytest.raises(ValueError, match=r"path: expected each file once, got '.*a\.parquet' 2 times"):
            chunks(twice)


def test_labels_that_float32_would_change(tmp_path):
    """They are compared as they are stored, before a chunk makes them float32."""
    message = r"labels\['y'\]: .* float32 tells apart .* got 16777217(\.0)? in .*row 3 "
    for dtype in ("int64", "float64"):
        y = np.array([0, 1, 2, 2**24 + 1], dtype)
        path = stored(tmp_path / f"{dtype}.parquet", pd.DataFrame({"x": 0.0, "y": y}))
        for make in (
            lambda: ParquetChunks(path, ["x"], {"y": "y"}, {"y": "regression"}),  # noqa: B023
            lambda: MemmapChunks(np.zeros((4, 1)), {"y": y}, {"y": "regression"}),  # noqa: B023
        ):
            with pytest.raises(ValueError, match=message):
                make()


def test_codes_too_large_for_int64_are_named(tmp_path):
    path = stored(tmp_path / "a.parquet", FRAME.assign(c=np.full(40, 2**64 - 1, np.uint64)))
    with pytest.raises(ValueError, match=r"features\['codes'\]: .* got 18446744073709551615 in column 'c', row 0 "):
        ParquetChunks(path, {"numeric": ["x"], "codes": ["c"]}, {"y": "y"}, KINDS, cardinalities=(3,))


def test_a_mask_of_other_types(tmp_path):
    mask = np.arange(40) % 4 > 0
    for number, values in enumerate((mask, mask.astype("int8"), mask.astype(float), pd.array(mask, "boolean"))):
        found = chunks(stored(tmp_path / f"{number}.parquet", FRAME.assign(m=values)), mask={"y": "m"})
        assert np.concatenate([chunk.mask["y"] for chunk in found]).tolist() == mask.tolist()
    bad = stored(tmp_path / "bad.parquet", FRAME.assign(m=np.arange(40) == 37) * 2)
    with pytest.raises(
        ValueError, match=r"mask\['y'\]: expected booleans, or 0 and 1, got 2.0 in column 'm', row 37 .*bad.parq"
    ):
        list(chunks(bad, mask={"y": "m"}))


@pytest.mark.parametrize("dtype", ["Int8", "boolean", "Float32"])
def test_an_empty_label_lies_outside_of_the_sample_space_if_asked(dtype, tmp_path):
    empty, mask = np.arange(40) % 5 == 0, np.arange(40) % 4 > 0
    label = FRAME["y"].mask(empty).astype(dtype)
    path = stored(tmp_path / "a.parquet", FRAME.assign(y=label, m=mask))
    for more, inside in (({}, ~empty), ({"mask": {"y": "m"}}, ~empty & mask)):
        with pytest.raises(
            ValueError, match=r"labels\['y'\]: .* nan in column 'y', row \d+ .*a.parquet'; if the sample lies"
        ):
            list(chunks(path, **more))
        found = list(chunks(path, missing_labels="outside", **more))
        assert np.concatenate([chunk.mask["y"] for chunk in found]).tolist() == inside.tolist()
        labels = np.concatenate([chunk.labels["y"] for chunk in found])
        assert np.array_equal(labels, np.where(inside, FRAME["y"], 0))
    x, y = FRAME[["x"]].to_numpy(), label.to_numpy(np.float64, na_value=np.nan)
    found = MemmapChunks(x, {"y": y}, KINDS, chunk_rows=10, block_rows=5, missing_labels="outside")
    assert np.concatenate([chunk.mask["y"] for chunk in found]).tolist() == (~empty).tolist()
    with pytest.raises(ValueError, match="missing_labels: expected one of refuse, outside, got 'drop'"):
        chunks(path, missing_labels="drop")
    none = stored(tmp_path / "none.parquet", FRAME.assign(y=label.mask(label.notna())))
    with pytest.raises(ValueError, match=r"labels\['y'\]: expected at least one label, got none"):
        chunks(none, missing_labels="outside")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("x", np.nan, r"features: .* got nan in column 'x', row 33 \(counted from 0\) of '.*part-1.parquet'; fill it"),
        ("x", 1e39, r"features: .* got 1e\+39 in column 'x', row 33 .*part-1.parquet'"),
        ("i", 1709251230, r"features: .* got 1709251230 in column 'i', row 33 .*part-1.parquet'; count from"),
        ("c", 3, r"features\['codes'\]: .* here 2, got 3 in column 'c', row 33 .*part-1.parquet'; give unknown"),
        ("c", 2**33, r"features\['codes'\]: .* got 8589934592 in column 'c', row 33 .*part-1.parquet'; number"),
        ("y", 2.0, r"labels\['y'\]: expected 0 or 1 .* got 2.0 in column 'y', row 33 .*part-1.parquet'; for several"),
        ("y", 1e39, r"labels\['y'\]: .* got 1e\+39 in column 'y', row 33 .*part-1.parquet'"),
        (
            "w",
            -1.0,
            r"weights\['y'\]: expected finite numbers of 0 or more, got -1.0 in column 'w', row 33 .*part-1.parq",
        ),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_bad_late_row_is_named(name, value, message, shuffle, tmp_path):
    frame = FRAME.assign(i=FRAME["c"], w=1.0)
    stored(tmp_path / "part-0.parquet", frame)
    frame[name] = frame[name].astype(type(value)).where(frame.index != 33, value)
    stored(tmp_path / "part-1.parquet", frame)
    features = {"numeric": ["x", "i"], "codes": ["c"]}
    more = {"cardinalities": (3,), "weights": {"y": "w"}, "chunk_rows": 12, "groups_at_once": 3}
    found = ParquetChunks(tmp_path, features, {"y": "y"}, KINDS, **more)
    with pytest.raises(ValueError, match=message):
        list(found.shuffled(np.random.default_rng(0)) if shuffle else found)


def test_a_bad_late_row_of_a_memmap_is_named():
    x = np.zeros((100, 2))
    x[93, 1] = 2.0**24 + 1
    found = MemmapChunks(x, {"y": np.zeros(100)}, KINDS, chunk_rows=20, block_rows=10)
    for again in (found, found.shuffled(np.random.default_rng(0))):
        with pytest.raises(
            ValueError, match=r"features: .* got 16777217.0 in column 1, row 93 \(counted from 0\); count"
        ):
            list(again)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1], [2, 3]] * 20, r"got list<.*> in 'z'; a list of tags needs"),
        (["a", "b"] * 20, r"got (large_)?string in 'z'; number the values"),
        (pd.date_range("2024-01-01", periods=40), r"got timestamp.* in 'z'; count the time"),
    ],
)
def test_columns_of_other_types_say_what_to_do(values, message, tmp_path):
    path = stored(tmp_path / "a.parquet", FRAME.assign(z=values))
    with pytest.raises(TypeError, match=f"features: expected a column of real numbers, {message}"):
        chunks(path, ["x", "z"])


def test_a_chunk_keeps_nothing_of_what_it_was_read_from(tmp_path):
    chunk = next(iter(chunks(stored(tmp_path / "a.parquet"))))
    assert "_places" not in vars(chunk)
    assert chunk.names["numeric"] == ("x",)


def test_a_file_without_a_column_is_named(tmp_path):
    pd.DataFrame({"x": [0.0], "y": [1]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"z": [0.0], "y": [1]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"features in '.*b.parquet': expected one of z, y, got 'x'"):
        ParquetChunks(tmp_path, ["x"], {"y": "y"}, {"y": "binary"})
