"""Data larger than memory: re-iterables of ``TaskData`` chunks, read from NumPy memmaps or from Parquet files.

How good the shuffle is. ``shuffled(rng)`` makes each chunk of pieces of consecutive rows, drawn at random from all the
data without replacement; ``fit`` permutes the rows inside the chunk. Every row comes once an epoch, and each epoch mixes
other pieces. What is left of the stored order: a chunk holds only ``chunk_rows / rows of a piece`` pieces, 64 by default
for memmaps. Two neighbours in the file, which share a chunk, meet in a batch of 256 with a chance of 0.4 % (255 of 65,535).
Where the stored order matters, the mean of a batch varies more than under a full shuffle; at worst, in a file sorted by
the very quantity, its variance is

    1 + rows of a batch / pieces in a chunk

times as large: 5 for batches of 256 of 64 pieces, 2 with ``block_rows=256``. Rows stored in no order: 1.
"""

import functools
import itertools
import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ple_tutorial import checks
from ple_tutorial.data import columns
from ple_tutorial.data.taskdata import TaskData

MISSING_LABELS = ("refuse", "outside")


class Chunk(TaskData):
    """A part of data in files, whose refusals name the columns and rows of the files."""

    def __init__(self, *parts, places=None, **named):
        if places is not None:
            object.__setattr__(self, "_places", places)
        super().__init__(*parts, **named)
        vars(self).pop("_places", None)  # it holds what was read


class _Chunks:
    """What both readers share: pieces of rows, in stored or in drawn order, cut into chunks of ``chunk_rows``.

    ``_parts`` says where the data lie, ``{"features": {...}, "labels": {task: ...}, "mask": ..., "weights": ...}``; features are
    under ``numeric`` and ``codes``, or under ``all`` if there are no codes.
    """

    def __init__(self, features, labels, kinds, mask, cardinalities, weights, chunk_rows, missing_labels):
        self.missing_labels = checks.choice("missing_labels", missing_labels, MISSING_LABELS)
        self.kinds, self.cardinalities = checks.task_kinds("kinds", kinds), cardinalities
        self.chunk_rows = checks.count("chunk_rows", chunk_rows)
        tables = features if isinstance(features, dict) else {"all": features}
        if set(tables) not in ({"all"}, {"numeric", "codes"}):
            checks.refuse("features", "the keys 'numeric' and 'codes'", sorted(map(str, features)))
        optional = {"mask": {} if mask is None else mask, "weights": {} if weights is None else weights}
        self._parts = {"features": tables, "labels": labels} | optional
        for part, value in self._parts.items():
            if not isinstance(value, dict):
                checks.refuse(part, "a dict with an entry for each task", type(value).__name__, TypeError)

    def _named(self):
        """Triples ``(part, key, argument)`` of all that ``_parts`` has, the argument as a refusal names it."""
        for part, found in self._parts.items():
            for key in found:
                yield part, key, part if key in ("all", "numeric") and part == "features" else f"{part}[{key!r}]"

    def _chunk(self, pieces):
        data, names = {part: {} for part in self._parts}, {}
        for part, key, argument in self._named():
            data[part][key] = self._read(part, key, argument, pieces)
            names[argument] = self._names(part, key)
        if self.missing_labels == "outside":
            for task, label in data["labels"].items():
                given = ~np.isnan(label)
                data["mask"][task] = np.where(given, data["mask"].get(task, True), False)
        features = data["features"].get("all", data["features"])
        row = functools.partial(_row, pieces)
        places = lambda argument: columns.Places(names.get(argument, ()), row)  # noqa: E731
        parts = (features, data["labels"], self.kinds, data["mask"], self.cardinalities, data["weights"])
        return Chunk(*parts, places=places)

    def __iter__(self) -> Iterator[TaskData]:
        return map(self._chunk, _cut(self._pieces(None), self.chunk_rows))

    def shuffled(self, rng: np.random.Generator) -> Iterator[TaskData]:
        """Return the chunks of one epoch in an order drawn from ``rng``."""
        if not isinstance(rng, np.random.Generator):
            checks.refuse("rng", "a NumPy Generator", type(rng).__name__, TypeError)
        return map(self._chunk, _cut(self._pieces(rng), self.chunk_rows))

    def _check_start(self):
        """Refuse what the first piece shows to be wrong, and a task without a sample or a weight anywhere."""
        start = self._chunk([next(self._pieces(None))])
        self.spec = start.spec
        needed = {"mask": "sample in the task's sample space", "weights": "weight above zero"}
        for part, what in needed.items():
            for task in self._parts[part]:
                if not getattr(start, part)[task].any() and not any(c.any() for c in self._columns_of(part, task)):
                    checks.refuse(f"{part}[{task!r}]", f"at least one {what}", "none")
        for task in self._parts["labels"] if self.missing_labels == "outside" else ():
            if not start.mask[task].any() and all(np.isnan(c).all() for c in self._columns_of("labels", task)):
                checks.refuse(f"labels[{task!r}]", "at least one label", "none")


class MemmapChunks(_Chunks):
    """Chunks of arrays that lie in files, such as ``np.load("x.npy", mmap_mode="r")``.

    ``iter`` yields them in stored order; ``shuffled`` makes each of blocks drawn at random (the docstring of this module says
    how well that shuffles). All have ``chunk_rows`` rows but the last, which may have fewer. What a chunk has read of a
    memmap leaves the process's memory at once, though not the system's cache.

    Args:
        features: ``(rows, features)`` of real numbers, in C order; or, for tabular data, a dict of ``numeric``:
            ``(rows, columns)`` and ``codes``: whole numbers ``(rows, columns)``. A ``np.memmap``, or anything with a
            ``shape``, a NumPy ``dtype`` and slices of rows.
        labels, mask, weights: ``{task: (rows,)}`` of the same; these, ``kinds`` and ``cardinalities`` are as in ``TaskData``.
        chunk_rows: rows of a chunk.
        block_rows: rows that are read at once, at most ``chunk_rows``.
        missing_labels: what NaN in a label means: ``refuse`` it, unless ``mask`` is False there; or the sample lies
            ``outside`` of the task's sample space.

    Attributes:
        rows: how many there are in all.
        spec, kinds, cardinalities: as of a ``TaskData``.

    Raises:
        ValueError, TypeError: as ``TaskData``, for the first rows now and for all others when they are read; arrays of
            other ranks or lengths; a file that was written to since then (looked at before each chunk is read).

    Example:
        >>> x, y = np.zeros((5, 3), np.float32), np.array([0, 1, 0, 1, 1])
        >>> chunks = MemmapChunks(x, {"click": y}, {"click": "binary"}, chunk_rows=2, block_rows=1)
        >>> [len(chunk) for chunk in chunks]
        [2, 2, 1]
    """

    def __init__(
        self,
        features: Any,
        labels: dict,
        kinds: dict[str, str],
        mask: dict | None = None,
        cardinalities: Sequence[int] = (),
        weights: dict | None = None,
        chunk_rows: int = 65_536,
        block_rows: int = 1024,
        missing_labels: str = "refuse",
    ):
        super().__init__(features, labels, kinds, mask, cardinalities, weights, chunk_rows, missing_labels)
        self.block_rows = checks.count("block_rows", block_rows)
        if self.block_rows > self.chunk_rows:
            checks.refuse("block_rows", f"at most chunk_rows, {chunk_rows}", block_rows)
        self._parts = {part: dict(found) for part, found in self._parts.items()}
        self._files, self.rows = {}, None
        for part, key, argument in self._named():
            array = self._parts[part][key] = _stored(argument, self._parts[part][key], 2 if part == "features" else 1)
            self.rows = array.shape[0] if self.rows is None else self.rows
            if array.shape[0] != self.rows or not self.rows:
                checks.refuse(argument, f"{self.rows or 'some'} rows, as many as the others", array.shape[0])
            source = _map_of(array)
            if source is not None and source.filename is not None:
                self._files[source.filename] = (argument, _stamp(source.filename))
        self._check_start()

    def _pieces(self, rng):
        blocks = np.arange(0, self.rows, self.block_rows)
        for start in blocks.tolist() if rng is None else rng.permutation(blocks).tolist():
            yield range(start, min(start + self.block_rows, self.rows))

    def _chunk(self, blocks):
        for path, (argument, stamp) in self._files.items():
            if _stamp(path) != stamp:
                checks.refuse(argument, f"the file {str(path)!r} as it was at first", "another size or time of writing")
        return super()._chunk(blocks)

    def _read(self, part, key, argument, blocks):
        return _gather(self._parts[part][key], blocks, argument)

    def _names(self, part, key):
        return ()

    def _columns_of(self, part, task):
        return (_gather(self._parts[part][task], [block]) for block in self._pieces(None))


class ParquetChunks(_Chunks):
    """Chunks of the rows of Parquet files.

    ``iter`` gives the rows in stored order. ``shuffled`` opens ``groups_at_once`` row groups, drawn at random, takes from
    each in turn a piece of at most ``chunk_rows / groups_at_once`` consecutive rows, and opens another where one ends.
    Only the columns that are named are read, and a large row group never as a whole. A chunk holds about
    ``groups_at_once`` pieces if row groups are larger than such a piece, more if they are smaller, and fewer at the end of an
    epoch, when no other row group is left (the docstring of this module says how well that shuffles). Row groups of some
    8,000 rows do well: larger ones are not read faster, smaller ones shuffle better and are read more slowly (of 1,000 rows,
    at a quarter of the speed). If the rows of a row group are stored in an order that matters, shuffle the file once.

    Args:
        path: a file, a folder or a list of files. Of a folder all ``*.parquet`` are read, by name, also in its subfolders; names
            that begin with ``_`` or ``.`` are left out, as pandas, pyarrow and Spark do. ``day=3`` in the name of a subfolder
            (a partition) is a column ``day`` of all rows in it; it must be a number.
        features: a list of columns of real numbers; or, for tabular data, a dict of ``numeric`` and ``codes``, lists of
            columns of real and of whole numbers.
        labels, mask, weights: ``{task: column}``; a mask may be of 0 and 1.
        kinds, cardinalities: as in ``TaskData``.
        chunk_rows: rows of a chunk; the last may have fewer.
        groups_at_once: at most so many row groups are read side by side. Each takes memory for a page of every column: with
            pages of 1 MB about 60 MB for 100 columns, with those that pyarrow writes about 10 MB.
        missing_labels: what an empty label means: ``refuse`` it, unless ``mask`` is False there; or the sample lies
            ``outside`` of the task's sample space.

    Attributes:
        rows: how many there are in all.
        spec, kinds, cardinalities: as of a ``TaskData``.

    Raises:
        ValueError, TypeError: as ``TaskData``, for the first rows now and for all others when they are read, with the file
            and the row in it; files that are not Parquet; columns that do not exist or are not of numbers; a file that
            was written to since then (looked at when a row group is opened).

    Example:
        >>> import pandas as pd, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> pd.DataFrame({"x": [0.1, 0.2, 0.3], "click": [0, 1, None]}).to_parquet(f"{folder}/part-0.parquet")
        >>> chunks = ParquetChunks(folder, ["x"], {"click": "click"}, {"click": "binary"}, missing_labels="outside")
        >>> [chunk.mask["click"].tolist() for chunk in chunks]
        [[True, True, False]]
    """

    def __init__(
        self,
        path: str | os.PathLike | list,
        features: list[str] | dict[str, list[str]],
        labels: dict[str, str],
        kinds: dict[str, str],
        mask: dict[str, str] | None = None,
        cardinalities: Sequence[int] = (),
        weights: dict[str, str] | None = None,
        chunk_rows: int = 65_536,
        groups_at_once: int = 8,
        missing_labels: str = "refuse",
    ):
        super().__init__(features, labels, kinds, mask, cardinalities, weights, chunk_rows, missing_labels)
        self.groups_at_once = checks.count("groups_at_once", groups_at_once)
        if self.groups_at_once > self.chunk_rows:
            checks.refuse("groups_at_once", f"at most chunk_rows, {chunk_rows}", groups_at_once)
        self._parts = {part: dict(found) for part, found in self._parts.items()}
        for part, key, argument in self._named():
            found = self._parts[part][key]
            self._parts[part][key] = checks.row(argument, found, "a list of columns") if part == "features" else [found]
        self._files, self._groups, self.rows = {}, [], 0
        for file, partition in _parquet_files(path):
            self._open(file, partition)
        if not self.rows:
            checks.refuse("path", "at least one row", "none")
        self._columns = list(
            dict.fromkeys(name for found in self._parts.values() for names in found.values() for name in names)
        )
        self._check_start()

    def _open(self, file, partition):
        """Note the file's row groups, and check that the columns exist and hold numbers."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            meta = pq.read_metadata(file)
        except pa.ArrowInvalid:
            checks.refuse("path", "Parquet files", f"{str(file)!r}, which is none")
        schema = meta.schema.to_arrow_schema()
        for name, value in partition.items():
            schema = schema.append(pa.field(name, pa.array([value]).type))
        for part, key, argument in self._named():
            whole = (part, key) == ("features", "codes")
            for name in self._parts[part][key]:
                if schema.names.count(checks.choice(argument, name, schema.names)) > 1:
                    checks.refuse("path", f"one column {name!r}", f"several in {str(file)!r}")
                _check_type(argument, name, schema.field(name).type, whole)
        self._files[file] = (meta, _stamp(file), partition)
        first = 0
        for number in range(meta.num_row_groups):
            rows = meta.row_group(number).num_rows
            self._groups += [(file, number, first)] if rows else []
            first += rows
        self.rows += meta.num_rows

    def _stream(self, group, names):
        """The rows of a row group, a piece at a time."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        (file, number, first), length = group, self.chunk_rows // self.groups_at_once
        meta, stamp, partition = self._files[file]
        if _stamp(file) != stamp:
            checks.refuse("path", f"the file {str(file)!r} as it was at first", "another size or time of writing")
        stored = [name for name in names if name not in partition]
        with pq.ParquetFile(file, metadata=meta, buffer_size=65_536, pre_buffer=False) as opened:
            try:
                for batch in opened.iter_batches(length, row_groups=[number], columns=stored, use_threads=False):
                    for name in partition.keys() & set(names):
                        batch = batch.append_column(name, pa.array(np.full(len(batch), partition[name])))
                    yield _Piece(file, first, batch)
                    first += len(batch)
            except OSError:
                checks.refuse("path", "whole Parquet files", f"{str(file)!r}, whose row group {number} cannot be read")

    def _pieces(self, rng):
        order = range(len(self._groups)) if rng is None else rng.permutation(len(self._groups))
        waiting = (self._stream(self._groups[i], self._columns) for i in order)
        rounds = -(-len(self._groups) // self.groups_at_once)
        at_once, streams = 1 if rng is None else -(-len(self._groups) // rounds), []  # 9 as 5 and 4, not as 8 and 1
        while streams := streams + list(itertools.islice(waiting, at_once - len(streams))):
            for stream in list(streams):
                piece = next(stream, None)
                if piece is None:
                    streams.remove(stream)
                else:
                    yield piece

    def _read(self, part, key, argument, pieces):
        codes, names = (part, key) == ("features", "codes"), self._parts[part][key]
        out, at = np.empty((sum(map(len, pieces)), len(names)), np.int64 if codes else np.float32), 0
        for piece in pieces:
            for i, name in enumerate(names):
                values = _values(piece.batch[name])
                if part == "features" and values.dtype.kind == "f" and codes:  # with NaN where a code is missing
                    place = columns.Places(row=functools.partial(_row, [piece])).found(values, np.isnan(values), name)
                    checks.refuse(argument, "a code in every row", place, advice="give it a code of its own")
                if part == "features" and not codes and values.dtype != np.float32:
                    row = functools.partial(_row, [piece])
                    values = columns.float32(argument, values, columns.Places(row=row), name)
                with np.errstate(over="ignore"):  # an infinite label is refused where its row is known
                    out[at : at + len(piece), i] = values
            at += len(piece)
        return out if part == "features" else out[:, 0]

    def _names(self, part, key):
        return self._parts[part][key]

    def _columns_of(self, part, task):
        (name,) = self._parts[part][task]
        for group in self._groups:
            yield from (_values(piece.batch[name]) for piece in self._stream(group, [name]))


@dataclass
class _Piece:
    """Consecutive rows of a Parquet file, from row ``first`` on."""

    file: Path
    first: int
    batch: Any

    def __len__(self):
        return len(self.batch)

    def __getitem__(self, rows):
        return _Piece(self.file, self.first + rows.indices(len(self))[0], self.batch[rows])


def _row(pieces, number):
    """Say where row ``number`` of a chunk of these pieces is stored."""
    for piece in pieces:
        if number < len(piece):
            break
        number -= len(piece)
    if isinstance(piece, range):
        return f"row {piece.start + number} (counted from 0)"
    return f"row {piece.first + number} (counted from 0) of {str(piece.file)!r}"


def _values(column):
    """An Arrow array of numbers or truths as a NumPy array; empty entries make it float, with NaN for them."""
    import pyarrow as pa

    if column.null_count and pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    return column.to_numpy(zero_copy_only=False)


def _check_type(argument, name, kind, whole):
    import pyarrow as pa

    types = pa.types
    if types.is_integer(kind) or (not whole and (types.is_boolean(kind) or types.is_floating(kind))):
        return
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    texts = types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind)
    advice = columns.TAGS if lists else columns.DATES if types.is_temporal(kind) else columns.TEXT if texts else ""
    expected = f"a column of {'whole' if whole else 'real'} numbers"
    checks.refuse(argument, expected, f"{kind} in {name!r}", TypeError, advice)


def _cut(pieces, rows):
    """Lists of pieces, ``rows`` long together (the last list may be shorter); no piece may be longer than that."""
    held, count = [], 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        if count >= rows:
            last, spare = held.pop(), count - rows
            yield [*held, last[: len(last) - spare]]
            held, count = [last[len(last) - spare :]] if spare else [], spare
    if held:
        yield held


def _stored(name, value, rank):
    """``value``, left where it lies, if it is an array of this rank."""
    value = value.to_numpy() if hasattr(value, "iloc") else value
    if np.ma.isMaskedArray(value):
        checks.refuse(name, "a memmap or an array", "a masked array; give the mask by itself", TypeError)
    if not isinstance(getattr(value, "dtype", None), np.dtype) or not hasattr(value, "__getitem__"):
        checks.refuse(name, "a memmap or an array", type(value).__name__, TypeError)
    if len(value.shape) != rank:
        checks.refuse(name, f"shape {'(rows, columns)' if rank == 2 else '(rows,)'}", f"shape {value.shape}")
    return value


def _gather(array, blocks, argument=""):
    """The rows of ``blocks`` (ranges), copied: float32 of any floating type, other types as they are."""
    dtype = np.float32 if array.dtype.kind == "f" else array.dtype
    out, at = np.empty((sum(map(len, blocks)), *array.shape[1:]), dtype), 0
    _announce(array, blocks)
    for block in blocks:
        values = array[block.start : block.stop]
        if array.ndim == 2 and values.dtype == np.float64:
            values = columns.float32(argument, values, columns.Places(row=functools.partial(_row, [block])))
        with np.errstate(over="ignore"):  # an infinite label is refused where its row is known
            out[at : at + len(block)] = values
        at += len(block)
    _release(array)
    return out


def _map_of(array):
    """The ``np.memmap`` that ``array`` is or is a view of; None if there is none."""
    while array is not None and getattr(array, "_mmap", None) is None:
        array = getattr(array, "base", None)
    return array


def _announce(array, blocks):
    """Have the system fetch all ``blocks`` of a memmap from the disk side by side, rather than each when it is copied."""
    source = _map_of(array)
    if source is not None and array.strides[0] > 0 and hasattr(mmap, "MADV_WILLNEED"):
        first = np.frombuffer(source._mmap, np.uint8)
        start = array.__array_interface__["data"][0] - first.__array_interface__["data"][0]
        for block in blocks:
            page = (start + block.start * array.strides[0]) // mmap.PAGESIZE * mmap.PAGESIZE
            stop = min(start + block.stop * array.strides[0], len(first))
            source._mmap.madvise(mmap.MADV_WILLNEED, page, stop - page)


def _release(array):
    """Give back the pages that reading a memmap has made resident; the system's cache keeps what they hold."""
    source = _map_of(array)
    if source is not None and source.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):  # "c": with changes in no file
        source._mmap.madvise(mmap.MADV_DONTNEED)


def _stamp(path):
    """What changes when a file is written to; None if it is not there."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns


def _parquet_files(path):
    """Return each file that ``path`` (a file, a folder or a list of files) means, with the values of its partition columns."""
    paths = path if isinstance(path, (list, tuple)) else [path]
    files = []
    for one in (Path(checks.path("path", one)) for one in paths):
        found = [one]
        if one.is_dir():
            inside = sorted(file.relative_to(one) for file in one.rglob("*.parquet"))
            found = [one / file for file in inside if not any(name.startswith(("_", ".")) for name in file.parts)]
        if not found or not found[0].is_file():
            checks.refuse("path", "Parquet files", f"{str(one)!r}, where there are none", FileNotFoundError)
        files += [(file, _partition(file.relative_to(one).parts[:-1])) for file in found]
    if not files:
        checks.refuse("path", "Parquet files", "none")
    return files


def _partition(folders):
    """The values of partition columns: of the folders ``("year=2024", "country=de")`` 2024 and "de"."""
    values = {}
    for name, sign, text in (folder.partition("=") for folder in folders):
        if sign:
            try:
                values[name] = float(text) if not text.lstrip("-").isdigit() else int(text)
            except ValueError:
                values[name] = text
    return values
