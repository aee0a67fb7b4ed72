"""Readers of data larger than memory: every row once, shuffled as well as they say, wrong files refused."""

import mmap
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ple_tutorial.data import FeatureSpec, MemmapChunks, ParquetChunks, TaskData

ROWS, KINDS = 1000, {"z": "regression", "a": "binary"}
IDS = np.arange(ROWS)
FEATURES = np.stack([IDS, IDS / 7, -IDS], axis=1)
CODES = np.stack([IDS % 4, IDS % 2], axis=1)
LABELS = {"z": IDS / 4, "a": IDS % 2}
MASK = {"a": IDS >= 700}  # the first chunks hold no sample of it
TABLE = pd.DataFrame(
    {"x0": FEATURES[:, 0], "x1": FEATURES[:, 1], "x2": FEATURES[:, 2], "id": IDS, "in_a": MASK["a"]}
).assign(c0=CODES[:, 0], c1=CODES[:, 1], z=LABELS["z"], a=LABELS["a"], word="w")
COLUMNS = ["x0", "x1", "x2"]


@pytest.fixture
def stored(tmp_path):
    """A function that stores an array in a file and gives it back as a memmap."""

    def store(array, dtype=np.float32):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        np.save(path, np.asarray(array).astype(dtype))
        return np.load(path, mmap_mode="r")

    return store


@pytest.fixture
def memmaps(stored):
    def make(tabular=False, **change):
        numeric = stored(FEATURES, change.pop("dtype", np.float32))
        features = {"numeric": numeric, "codes": stored(CODES, np.int64)} if tabular else numeric
        labels = {"z": stored(LABELS["z"]), "a": stored(LABELS["a"], np.int8)}
        sizes = {"chunk_rows": 300, "block_rows": 32, "cardinalities": (4, 2) if tabular else ()}
        return MemmapChunks(
            **{"features": features, "labels": labels, "kinds": KINDS, "mask": {"a": stored(MASK["a"], bool)}}
            | sizes
            | change
        )

    return make


@pytest.fixture
def parquet(tmp_path):
    def make(tabular=False, group=64, **change):
        for part, rows in (("1", slice(0, 650)), ("2", slice(650, None))):
            table = pa.Table.from_pandas(TABLE.iloc[rows], preserve_index=False)
            pq.write_table(table, tmp_path / f"part{part}.parquet", row_group_size=group)
        features = {"numeric": COLUMNS, "codes": ["c0", "c1"]} if tabular else COLUMNS
        sizes = {"chunk_rows": 300, "groups_at_once": 4, "cardinalities": (4, 2) if tabular else ()}
        own = {
            "path": tmp_path,
            "features": features,
            "labels": {"z": "z", "a": "a"},
            "kinds": KINDS,
            "mask": {"a": "in_a"},
        }
        return ParquetChunks(**own | sizes | change)

    return make


READERS = ["memmaps", "parquet"]


@pytest.fixture(params=READERS)
def reader(request):
    return request.getfixturevalue(request.param)


def ids(chunks):
    return [i for chunk in chunks for i in (4 * chunk.labels["z"]).astype(int).tolist()]


def shuffled(chunks, seed=0):
    return list(chunks.shuffled(np.random.default_rng(seed)))


def assert_whole(chunks, tabular=False):
    """Chunks of 300 rows, the last of 100, in which features, codes, labels and masks of a row stay together."""
    assert [len(chunk) for chunk in chunks] == [300, 300, 300, 100]
    for chunk in chunks:
        assert isinstance(chunk, TaskData)
        rows = ids([chunk])
        whole = TaskData(FEATURES, LABELS, KINDS, MASK)
        features = chunk.features["numeric"] if tabular else chunk.features
        assert features.dtype == np.float32
        assert features.flags.c_contiguous
        assert np.array_equal(features, whole.features[rows])
        if tabular:
            assert np.array_equal(chunk.features["codes"], CODES[rows])
        for task in KINDS:
            assert np.array_equal(chunk.labels[task], whole.labels[task][rows])
            assert np.array_equal(chunk.mask[task], whole.mask[task][rows])


@pytest.mark.parametrize("tabular", [False, True])
def test_stored_order(reader, tabular):
    chunks = reader(tabular)
    assert (chunks.rows, chunks.kinds, chunks.chunk_rows) == (ROWS, KINDS, 300)
    assert chunks.spec == FeatureSpec(3, (4, 2) if tabular else ())
    for _ in range(2):
        assert_whole(list(chunks), tabular)
        assert ids(chunks) == list(range(ROWS))


@pytest.mark.parametrize("tabular", [False, True])
def test_every_row_once_in_another_order_each_epoch(reader, tabular):
    chunks, rng = reader(tabular), np.random.default_rng(5)
    epochs = []
    for _ in range(3):
        epoch = list(chunks.shuffled(rng))
        assert_whole(epoch, tabular)
        epochs.append(ids(epoch))
        assert sorted(epochs[-1]) == list(range(ROWS))
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert epochs[0] == ids(shuffled(chunks, 5)) != ids(shuffled(chunks, 6))


@pytest.mark.parametrize(("name", "change"), [("memmaps", {"block_rows": 20}), ("parquet", {"group": 20})])
def test_the_place_in_the_file_does_not_tell_the_place_in_the_epoch(name, change, request):
    chunks = request.getfixturevalue(name)(**change)
    places = np.mean([np.argsort(ids(shuffled(chunks, seed))) for seed in range(40)], axis=0)
    assert abs(np.corrcoef(IDS, places)[0, 1]) < 0.5  # of 50 blocks; 1 in stored order
    assert np.std(places) < 100  # 289 / sqrt(40) = 46 expected; 289 if each epoch had one order


@pytest.mark.parametrize(("block", "pieces"), [(512, 8), (128, 32), (32, 128)])
def test_the_mean_of_a_batch_varies_as_the_docstring_says(block, pieces):
    """A file sorted by its label, batches of 32 of chunks of 4096 whose rows are permuted, as ``fit`` does."""
    y = np.arange(2**17, dtype=np.float32)
    chunks = MemmapChunks(y[:, None], {"y": y}, {"y": "regression"}, chunk_rows=4096, block_rows=block)
    rng, means = np.random.default_rng(0), []
    for _ in range(4):
        for chunk in chunks.shuffled(rng):
            means += list(rng.permutation(chunk.labels["y"]).reshape(-1, 32).mean(axis=1))
    assert np.var(means) / (np.var(y) / 32) == pytest.approx(1 + 32 / pieces, rel=0.15)


def test_pieces_of_a_parquet_chunk(parquet, tmp_path):
    """Of large row groups so many as are read at once, to the end of the epoch; of small ones more."""

    def pieces(rows, **change):
        pq.write_table(pa.Table.from_pandas(TABLE[:900]), tmp_path / "900.pq", row_group_size=rows)
        chunks = parquet(path=tmp_path / "900.pq", chunk_rows=90, **change)
        found = [np.sort(ids([chunk])) for seed in range(5) for chunk in shuffled(chunks, seed)]
        return [1 + int((np.diff(rows) > 1).sum()) for rows in found]

    assert min(pieces(5)) >= 11  # of 18, but for neighbours that are drawn
    assert set(pieces(300, groups_at_once=3)) == {3}
    assert set(pieces(300, groups_at_once=1)) == {1, 2}
    assert min(pieces(100, groups_at_once=8)) >= 4  # nine row groups: five, then four


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int16, ">f4"])
def test_stored_types(memmaps, dtype):
    chunk = next(iter(memmaps(dtype=dtype)))
    assert chunk.features.dtype == np.float32
    assert np.array_equal(chunk.features, FEATURES.astype(dtype)[:300].astype(np.float32))


def test_views_and_arrays(memmaps, stored):
    """Views of memmaps, whatever their class, and arrays in memory; nothing that was given is changed."""
    wide = stored(np.concatenate([FEATURES, FEATURES], axis=1)[::-1])
    for features in (wide[::-1, 3:], np.asarray(wide[::-1, :3]), FEATURES, FEATURES.tolist):
        if callable(features):
            with pytest.raises(TypeError, match="features: expected a memmap or an array, got builtin"):
                memmaps(features=features)
            continue
        assert_whole(shuffled(memmaps(features=features, labels={t: pd.Series(y) for t, y in LABELS.items()})))
    private = np.load(wide.filename, mmap_mode="c")
    private[:, :3] = FEATURES  # in memory only
    assert_whole(shuffled(memmaps(features=private[:, :3])))
    assert np.array_equal(private[:, :3], FEATURES.astype(np.float32))


@pytest.mark.skipif(not hasattr(mmap, "MADV_WILLNEED"), reason="the system takes no such advice")
def test_the_blocks_of_a_chunk_are_announced_before_they_are_read(stored, monkeypatch):
    asked = []

    class Noted(mmap.mmap):
        def madvise(self, *advice):
            asked.append(advice)
            super().madvise(*advice)

    monkeypatch.setattr(mmap, "mmap", Noted)
    large = stored(np.zeros((2**12, 64)))[:, 32:]  # rows of 256 bytes behind 128, of which the second half is read
    y = np.arange(len(large))
    chunks = MemmapChunks(large, {"y": y}, {"y": "regression"}, chunk_rows=1024, block_rows=64)
    asked.clear()
    rows = next(chunks.shuffled(np.random.default_rng(0))).labels["y"].astype(int)
    *blocks, end = asked
    assert end == (mmap.MADV_DONTNEED,)
    assert len(blocks) == 16
    for (advice, page, length), row in zip(blocks, rows[::64], strict=True):
        first, last = 128 + 256 * row + 128, 128 + 256 * (row + 64)
        assert advice == mmap.MADV_WILLNEED
        assert page % mmap.PAGESIZE == 0
        assert first - mmap.PAGESIZE < page <= first < last <= page + length <= last + mmap.PAGESIZE


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps"), reason="resident pages are read from /proc")
def test_pages_that_were_read_do_not_stay(memmaps, stored):
    large = stored(np.zeros((2**16, 64)))  # 16 MB
    y = np.zeros(len(large))

    def resident():
        entry = Path("/proc/self/smaps").read_text().split(os.path.basename(large.filename))[1]
        return int(re.search(r"Rss: +(\d+) kB", entry)[1])

    large.max()
    assert resident() > 16_000  # so would they stay
    chunks = MemmapChunks(large, {"y": y}, {"y": "regression"}, chunk_rows=4096)
    left = [resident() for _ in chunks.shuffled(np.random.default_rng(0))]
    assert len(left) == 16
    assert max(left) < 100


def test_a_task_that_some_chunks_lack(reader):
    chunks = list(reader())
    assert [int(chunk.mask["a"].sum()) for chunk in chunks] == [0, 0, 200, 100]
    assert chunks[0].take([3, 5]).mask["a"].sum() == 0


def test_only_the_columns_that_are_named_are_read(parquet, monkeypatch):
    asked, read = set(), pq.ParquetFile.iter_batches
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *a, **k: asked.update(k["columns"]) or read(*a, **k))
    assert_whole(shuffled(parquet()))
    assert asked == {*COLUMNS, "z", "a", "in_a"}


def test_files_in_a_list_and_of_other_types(parquet, tmp_path):
    parquet()
    for part, dtype in (("1", "float32"), ("2", "float16")):
        frame = pd.read_parquet(tmp_path / f"part{part}.parquet")
        pq.write_table(pa.Table.from_pandas(frame.astype({"z": "float64", "a": dtype})), tmp_path / f"{part}.pq")
    chunks = parquet(path=[tmp_path / "2.pq", str(tmp_path / "1.pq")])
    assert ids(chunks) == [*range(650, ROWS), *range(650)]
    assert_whole(shuffled(chunks))
    assert chunks.rows == ROWS


def test_empty_values(tmp_path, parquet):
    def with_empty(column, first=True):
        table = TABLE.astype({column: object})
        table.loc[10 if first else 990, column] = None
        path = tmp_path / "empty.parquet"
        arrow = pa.Table.from_pandas(TABLE).schema
        pq.write_table(pa.Table.from_pandas(table, schema=arrow), path, row_group_size=100)
        return path

    assert_whole(list(parquet(path=with_empty("a"))))  # outside of the sample space
    for column, first, message in (
        ("x1", True, "features: expected finite numbers, got nan in column 'x1', row 10 .* of '.*empty.parquet'"),
        ("x1", False, "features: expected finite numbers, got nan in column 'x1', row 990 .* of '.*empty.parquet'"),
        ("a", False, r"labels\['a'\]: expected finite numbers, got nan in column 'a', row 990 .* of '.*empty.parquet'"),
        (
            "in_a",
            False,
            r"mask\['a'\]: expected booleans, or 0 and 1, got nan in column 'in_a', row 990 .*empty.parquet",
        ),
        (
            "c1",
            False,
            r"features\['codes'\]: expected a code in every row, got nan in column 'c1', row 990 .*empty.parq",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            list(parquet(tabular=column == "c1", path=with_empty(column, first)))


# What they refuse


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"features": iter([FEATURES])}, TypeError, "features: expected a memmap or an array, got list_iterator"),
        ({"features": (x for x in FEATURES)}, TypeError, "features: expected a memmap or an array, got generator"),
        ({"features": FEATURES[:, 0]}, ValueError, r"features: expected shape \(rows, columns\), got shape \(1000,\)"),
        ({"features": FEATURES[:0]}, ValueError, "features: expected some rows, as many as the others, got 0"),
        ({"features": FEATURES * 1j}, TypeError, "features: expected real numbers, got complex"),
        ({"features": np.ma.masked_equal(FEATURES, 3)}, TypeError, "features: .* got a masked array"),
        ({"features": {"numeric": FEATURES}}, ValueError, r"features: expected the keys .* got \['numeric'\]"),
        (
            {"features": {"numeric": FEATURES, "codes": CODES}},
            ValueError,
            "cardinalities: expected the number of codes",
        ),
        (
            {"features": {"numeric": FEATURES, "codes": CODES[:9]}, "cardinalities": (4, 2)},
            ValueError,
            r"features\['codes'\]: expected 1000 rows, as many as the others, got 9",
        ),
        ({"labels": LABELS["z"]}, TypeError, "labels: expected a dict .* got ndarray"),
        ({"labels": {"z": LABELS["z"]}}, ValueError, r"labels: .* got none for \['a'\]"),
        ({"labels": LABELS | {"a": FEATURES}}, ValueError, r"labels\['a'\]: expected shape \(rows,\), got shape"),
        (
            {"labels": LABELS | {"a": LABELS["a"][1:]}},
            ValueError,
            r"labels\['a'\]: expected 1000 rows, as many as the others, got 999",
        ),
        ({"labels": LABELS | {"z": LABELS["z"].tolist()}}, TypeError, r"labels\['z'\]: .* got list"),
        (
            {"mask": {"a": MASK["a"][1:]}},
            ValueError,
            r"mask\['a'\]: expected 1000 rows, as many as the others, got 999",
        ),
        ({"mask": {"a": IDS}}, ValueError, r"mask\['a'\]: expected booleans, or 0 and 1, got 2 in row 2 "),
        ({"mask": {"a": IDS < 0}}, ValueError, r"mask\['a'\]: expected at least one sample .* got none"),
        (
            {"weights": {"a": IDS * 0.0}},
            ValueError,
            r"weights\['a'\]: expected at least one weight above zero, got none",
        ),
        ({"mask": [True]}, TypeError, "mask: expected a dict"),
        ({"kinds": ["z", "a"]}, TypeError, "kinds: expected a dict"),
        ({"chunk_rows": 31}, ValueError, "block_rows: expected at most chunk_rows, 31, got 32"),
        ({"chunk_rows": 3e2}, TypeError, "chunk_rows: expected a whole number"),
        ({"block_rows": 0}, ValueError, "block_rows: .* at least 1, got 0"),
    ],
)
def test_refused_arrays(change, error, message, memmaps):
    with pytest.raises(error, match=message):
        memmaps(**change)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"path": 3}, TypeError, "path: expected a path, got 3"),
        ({"path": []}, ValueError, "path: expected Parquet files, got none"),
        ({"path": "nowhere"}, FileNotFoundError, "path: expected Parquet files, got 'nowhere', where there are none"),
        ({"path": __file__}, ValueError, "path: expected Parquet files, got '.*test_chunks.py', which is none"),
        ({"features": "x0"}, TypeError, "features: expected a list of columns, got 'x0'"),
        ({"features": ["x0", "X1"]}, ValueError, "features: expected one of x0, .*, got 'X1'; did you mean 'x1'"),
        ({"features": ["word"]}, TypeError, "features: expected a column of real numbers, got .*string in 'word'"),
        ({"features": {"codes": ["c0"]}}, ValueError, "features: expected the keys 'numeric' and 'codes'"),
        (
            {"features": {"numeric": [], "codes": ["x0"]}},
            TypeError,
            r"features\['codes'\]: expected a column of whole numbers, got double",
        ),
        (
            {"features": {"numeric": [], "codes": ["c0"]}, "cardinalities": (3,)},
            ValueError,
            r"features\['codes'\]: expected codes from 0",
        ),
        ({"labels": ["z"]}, TypeError, "labels: expected a dict"),
        ({"labels": {"z": "z", "a": "b"}}, ValueError, r"labels\['a'\]: expected one of x0, .*, got 'b'"),
        ({"labels": {"z": "z"}}, ValueError, r"labels: .* got none for \['a'\]"),
        (
            {"labels": {"z": "z", "a": "x0"}, "mask": None},
            ValueError,
            r"labels\['a'\]: expected 0 or 1 for a binary task",
        ),
        (
            {"mask": {"a": "id"}},
            ValueError,
            r"mask\['a'\]: expected booleans, .*, got 2.0 in column 'id', row 2 .*part1.parquet",
        ),
        ({"mask": {"b": "in_a"}}, ValueError, r"mask: expected only the tasks .* got also \['b'\]"),
        ({"chunk_rows": 3}, ValueError, "groups_at_once: expected at most chunk_rows, 3, got 4"),
        ({"groups_at_once": 0}, ValueError, "groups_at_once: .* got 0"),
    ],
)
def test_refused_tables(change, error, message, parquet):
    with pytest.raises(error, match=message):
        parquet(**change)


def test_a_mask_without_a_sample_in_a_file(parquet, tmp_path):
    path = tmp_path / "none.pq"
    pq.write_table(pa.Table.from_pandas(TABLE.assign(in_a=False)), path)
    with pytest.raises(ValueError, match=r"mask\['a'\]: expected at least one sample .* got none"):
        parquet(path=path)
    pq.write_table(pa.Table.from_pandas(TABLE[:0]), path)
    with pytest.raises(ValueError, match="path: expected at least one row, got none"):
        parquet(path=path)
    pq.write_table(pa.Table.from_pandas(TABLE.assign(weight=0.0)), path)
    with pytest.raises(ValueError, match=r"weights\['a'\]: expected at least one weight above zero, got none"):
        parquet(path=path, weights={"a": "weight"})


def test_a_file_that_is_damaged_inside(parquet, tmp_path):
    path = tmp_path / "damaged.pq"
    pq.write_table(pa.Table.from_pandas(TABLE), path)
    with open(path, "r+b") as file:
        file.seek(4)
        file.write(b"\xff" * 2000)
    with pytest.raises(
        ValueError, match=r"path: expected whole Parquet files, got '.*damaged\.pq', whose row group 0 cannot"
    ):
        list(parquet(path=path))


def test_a_column_that_is_there_twice(parquet, tmp_path):
    table, path = pa.Table.from_pandas(TABLE), tmp_path / "twice.pq"
    names = [*table.column_names, table.column_names[0]]
    pq.write_table(pa.Table.from_arrays([*table.columns, table.columns[0]], names=names), path)
    with pytest.raises(ValueError, match=f"path: expected one column '{names[0]}', got several in"):
        parquet(path=path)


def test_the_order_is_drawn_from_a_generator(reader):
    for rng in (3, None, np.random.RandomState(3)):
        with pytest.raises(TypeError, match="rng: expected a NumPy Generator, got"):
            reader().shuffled(rng)


def test_what_only_later_rows_show_is_refused_when_they_are_read(memmaps):
    wrong = FEATURES.copy()
    wrong[990] = np.nan
    chunks = memmaps(features=wrong)
    with pytest.raises(
        ValueError, match=r"features: expected finite numbers, got nan in column 0, row 990 .* and 2 more"
    ):
        list(chunks)


def test_a_file_that_changes_is_refused(memmaps, parquet, stored):
    labels = stored(LABELS["z"])
    chunks = memmaps(labels={"z": labels, "a": LABELS["a"]})
    begun = iter(chunks)
    next(begun)
    with open(labels.filename, "r+b") as file:
        file.truncate(200)
    for iterator in (begun, iter(chunks), chunks.shuffled(np.random.default_rng(0))):
        with pytest.raises(
            ValueError, match=r"labels\['z'\]: expected the file '.*' as it was at first, got another size"
        ):
            next(iterator)
    chunks = parquet()
    assert ids(chunks) == list(range(ROWS))
    path = sorted(chunks._files)[1]
    os.utime(path, ns=(0, 0))
    with pytest.raises(ValueError, match=r"path: expected the file '.*part2.parquet' as it was at first"):
        list(chunks)
    path.unlink()
    with pytest.raises(ValueError, match=r"path: expected the file '.*part2.parquet' as it was at first"):
        list(chunks)
