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

import itertools
import mmap
import os
from pathlib import Path

import numpy as np

from ple_tutorial import checks
from ple_tutorial.data.taskdata import Chunk


class _Chunks:
    """What both readers share: pieces of rows, in stored or in drawn order, cut into chunks of ``chunk_rows``.

    ``_parts`` says where the data lie, ``{"features": {...}, "labels": {task: ...}, "mask": ..., "weights": ...}``; features are
    under ``numeric`` and ``codes``, or under ``all`` if there are no codes.
    """

    def __init__(self, features, labels, kinds, mask, cardinalities, weights, chunk_rows):
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
        data = {part: {} for part in self._parts}
        for part, key, argument in self._named():
            data[part][key] = self._read(part, key, argument, pieces)
        features = data["features"].get("all", data["features"])
        return Chunk(features, data["labels"], self.kinds, data["mask"], self.cardinalities, data["weights"])

    def __iter__(self):
        return map(self._chunk, _cut(self._pieces(None), self.chunk_rows))

    def shuffled(self, rng):
        """The chunks of one epoch in an order drawn from ``rng``, a NumPy ``Generator``."""
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


class MemmapChunks(_Chunks):
    """Chunks of arrays that lie in files, such as ``np.load("x.npy", mmap_mode="r")``.

    ``iter`` gives them in stored order; ``shuffled`` makes each of blocks drawn at random (the head of this file says how
    well that shuffles). All have ``chunk_rows`` rows but the last, which may have fewer. What a chunk has read of a
    memmap leaves the process's memory at once, though not the system's cache.

    Args:
        features: ``(rows, features)`` of real numbers, in C order; or, for tabular data, a dict of ``numeric``:
            ``(rows, columns)`` and ``codes``: whole numbers ``(rows, columns)``. A ``np.memmap``, or anything with a
            ``shape``, a NumPy ``dtype`` and slices of rows.
        labels, mask, weights: ``{task: (rows,)}`` of the same; these, ``kinds`` and ``cardinalities`` are as in ``TaskData``.
        chunk_rows: rows of a chunk.
        block_rows: rows that are read in one go, at most ``chunk_rows``.

    Attributes:
        rows: how many there are in all.
        spec, kinds, cardinalities: as of a ``TaskData``.

    Raises:
        ValueError, TypeError: as ``TaskData``, for the first rows now and for all others when they are read; arrays of
            other ranks or lengths; a file that was written to since then (looked at before each chunk is read).
    """

    def __init__(
        self, features, labels, kinds, mask=None, cardinalities=(), weights=None, chunk_rows=65_536, block_rows=1024
    ):
        super().__init__(features, labels, kinds, mask, cardinalities, weights, chunk_rows)
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
        return _gather(self._parts[part][key], blocks)

    def _columns_of(self, part, task):
        return (_gather(self._parts[part][task], [block]) for block in self._pieces(None))


class ParquetChunks(_Chunks):
    """Chunks of the rows of Parquet files.

    ``iter`` gives the rows in stored order. ``shuffled`` opens ``groups_at_once`` row groups, drawn at random, takes from
    each in turn a piece of at most ``chunk_rows / groups_at_once`` consecutive rows, and opens another where one ends.
    Only the columns that are named are read, and a large row group never as a whole. A chunk holds about
    ``groups_at_once`` pieces if row groups are larger than such a piece, more if they are smaller, and fewer at the end of an
    epoch, when no other row group is left (the head of this file says how well that shuffles). Row groups of some 8,000 rows
    do well: larger ones are not read faster, smaller ones shuffle better and are read more slowly (of 1,000 rows, at a
    quarter of the speed). If the rows of a row group come in an order that matters, shuffle the file once.

    Args:
        path: a file, a folder (its ``*.parquet``, those of its folders too, by name) or a list of files.
        features: a list of columns of real numbers; or, for tabular data, a dict of ``numeric`` and ``codes``, lists of
            columns of real and of whole numbers.
        labels, mask: ``{task: column}``; an empty label is taken outside of the task's sample space only.
        kinds, cardinalities: as in ``TaskData``.
        chunk_rows: rows of a chunk; the last may have fewer.
        groups_at_once: at most so many row groups are read side by side. Each takes memory for a page of every column: with
            pages of 1 MB about 60 MB for 100 columns, with those that pyarrow writes about 10 MB.

    Attributes:
        rows: how many there are in all.
        spec, kinds, cardinalities: as of a ``TaskData``.

    Raises:
        ValueError, TypeError: as ``TaskData``, for the first rows now and for all others when they are read; files that
            are not Parquet; columns that are not there or not of numbers; a file that was written to since then (looked
            at when a row group is opened).
    """

    def __init__(
        self,
        path,
        features,
        labels,
        kinds,
        mask=None,
        cardinalities=(),
        weights=None,
        chunk_rows=65_536,
        groups_at_once=8,
    ):
        super().__init__(features, labels, kinds, mask, cardinalities, weights, chunk_rows)
        self.groups_at_once = checks.count("groups_at_once", groups_at_once)
        if self.groups_at_once > self.chunk_rows:
            checks.refuse("groups_at_once", f"at most chunk_rows, {chunk_rows}", groups_at_once)
        self._parts = {part: dict(found) for part, found in self._parts.items()}
        for part, key, argument in self._named():
            found = self._parts[part][key]
            self._parts[part][key] = checks.row(argument, found, "a list of columns") if part == "features" else [found]
        self._files, self._groups, self.rows = {}, [], 0
        for file in _parquet_files(path):
            self._open(file)
        if not self.rows:
            checks.refuse("path", "at least one row", "none")
        self._columns = list(
            dict.fromkeys(name for found in self._parts.values() for names in found.values() for name in names)
        )
        self._check_start()

    def _open(self, file):
        """Note the file's row groups, and check that the columns are there."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        truths, whole, real = pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating
        try:
            meta = pq.read_metadata(file)
        except pa.ArrowInvalid:
            checks.refuse("path", "Parquet files", f"{str(file)!r}, which is none")
        schema = meta.schema.to_arrow_schema()
        for part, key, argument in self._named():
            wanted, kinds = ("real numbers", (truths, whole, real)) if part != "mask" else ("truths", (truths,))
            wanted, kinds = ("whole numbers", (whole,)) if (part, key) == ("features", "codes") else (wanted, kinds)
            for name in self._parts[part][key]:
                if schema.names.count(checks.choice(argument, name, schema.names)) > 1:
                    checks.refuse("path", f"one column {name!r}", f"several in {str(file)!r}")
                kind = schema.field(name).type
                if not any(is_kind(kind) for is_kind in kinds):
                    checks.refuse(argument, f"a column of {wanted}", f"{kind} in {name!r}", TypeError)
        self._files[file] = (meta, _stamp(file))
        self._groups += [(file, i) for i in range(meta.num_row_groups) if meta.row_group(i).num_rows]
        self.rows += meta.num_rows

    def _stream(self, group, columns):
        """The rows of a row group as record batches, a piece at a time."""
        import pyarrow.parquet as pq

        (file, number), length = group, self.chunk_rows // self.groups_at_once
        meta, stamp = self._files[file]
        if _stamp(file) != stamp:
            checks.refuse("path", f"the file {str(file)!r} as it was at first", "another size or time of writing")
        with pq.ParquetFile(file, metadata=meta, buffer_size=65_536, pre_buffer=False) as opened:
            try:
                yield from opened.iter_batches(length, row_groups=[number], columns=columns, use_threads=False)
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
        dtype = bool if part == "mask" else np.int64 if (part, key) == ("features", "codes") else np.float32
        columns = self._parts[part][key]
        out, at = np.empty((sum(map(len, pieces)), len(columns)), dtype), 0
        for piece in pieces:
            for i, column in enumerate(columns):
                values = piece[column]
                if values.null_count and dtype is not np.float32:  # a float has NaN for it, which TaskData judges
                    checks.refuse(argument, f"a value in every row of {column!r}", f"{values.null_count} empty")
                out[at : at + len(piece), i] = values.to_numpy(zero_copy_only=False)
            at += len(piece)
        return out if part == "features" else out[:, 0]

    def _columns_of(self, part, task):
        (name,) = self._parts[part][task]
        for group in self._groups:
            yield from (piece[name].to_numpy(zero_copy_only=False) for piece in self._stream(group, [name]))


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


def _gather(array, blocks):
    """The rows of ``blocks`` (ranges), copied: float32 of any floating type, other types as they are."""
    dtype = np.float32 if array.dtype.kind == "f" else array.dtype
    out, at = np.empty((sum(map(len, blocks)), *array.shape[1:]), dtype), 0
    _announce(array, blocks)
    for block in blocks:
        out[at : at + len(block)] = array[block.start : block.stop]
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
    """The files that ``path`` stands for, a file, a folder or a list of files."""
    paths = path if isinstance(path, (list, tuple)) else [path]
    files = []
    for one in (Path(checks.path("path", one)) for one in paths):
        found = sorted(one.rglob("*.parquet")) if one.is_dir() else [one]
        if not found or not found[0].is_file():
            checks.refuse("path", "Parquet files", f"{str(one)!r}, where there are none", FileNotFoundError)
        files += found
    if not files:
        checks.refuse("path", "Parquet files", "none")
    return files
