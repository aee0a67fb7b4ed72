"""Chunks of the rows of Parquet files."""

import functools
import itertools
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ple_tutorial import checks
from ple_tutorial.data import columns
from ple_tutorial.data.chunks import Chunks, row_of, stamp_of

SUFFIXES = (".parquet", ".pq")


class ParquetChunks(Chunks):
    """Chunks of the rows of Parquet files.

    ``iter`` gives the rows in stored order. ``shuffled`` opens ``groups_at_once`` row groups, drawn at random, takes from
    each in turn a piece of at most ``chunk_rows / groups_at_once`` consecutive rows, and opens another where one ends.
    Only the columns that are named are read, and a large row group never as a whole. A chunk holds about
    ``groups_at_once`` pieces if row groups are larger than such a piece, more if they are smaller, and fewer at the end of an
    epoch, when no other row group is left (the docstring of ``chunks`` says how well that shuffles). Row groups of some
    8,000 rows do well: larger ones are not read faster, smaller ones shuffle better and are read more slowly (of 1,000 rows,
    at a quarter of the speed). If the rows of a row group are stored in an order that matters, shuffle the file once.

    Args:
        path: a file, a folder or a list of files, none of them twice. Of a folder all ``*.parquet`` and ``*.pq`` are
            read, by name, also in its subfolders; names that begin with ``_`` or ``.`` are left out, as pandas, pyarrow and
            Spark do. A folder ``day=3`` anywhere in the path of a file (a partition) is a column ``day`` of all its rows; it
            must be a number.
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
            argument += f" in {str(file)!r}" if self._files else ""  # which of several files differs from the first
            whole = (part, key) == ("features", "codes")
            for name in self._parts[part][key]:
                if schema.names.count(checks.choice(argument, name, schema.names)) > 1:
                    checks.refuse("path", f"one column {name!r}", f"several in {str(file)!r}")
                _check_type(argument, name, schema.field(name).type, whole)
        self._files[file] = (meta, stamp_of(file), partition)
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
        if stamp_of(file) != stamp:
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
        kept = np.int64 if codes else np.float32 if part == "features" else np.float64  # labels are checked as stored
        out, at = np.empty((sum(map(len, pieces)), len(names)), kept), 0
        for piece in pieces:
            for i, name in enumerate(names):
                values = _values(piece.batch[name])
                if part == "features" and values.dtype != kept:  # of codes also NaN, where one is missing
                    check = columns.whole if codes else columns.float32
                    values = check(argument, values, columns.Places(row=functools.partial(row_of, [piece])), name)
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


def _parquet_files(path):
    """Return each file that ``path`` (a file, a folder or a list of files) means, with the values of its partition columns."""
    paths = path if isinstance(path, (list, tuple)) else [path]
    files = []
    for one in (Path(checks.path("path", one)) for one in paths):
        found = [one]
        if one.is_dir():
            files_below = (file for file in one.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            inside = sorted(file.relative_to(one) for file in files_below)
            found = [one / file for file in inside if not any(name.startswith(("_", ".")) for name in file.parts)]
        if not found or not found[0].is_file():
            checks.refuse("path", "Parquet files", f"{str(one)!r}, where there are none", FileNotFoundError)
        files += [(file, _partition(file.parts[:-1])) for file in found]
    if not files:
        checks.refuse("path", "Parquet files", "none")
    place, times = Counter(file.resolve() for file, _ in files).most_common(1)[0]
    if times > 1:
        checks.refuse("path", "each file once", f"{str(place)!r} {times} times")
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
