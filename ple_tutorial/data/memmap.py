"""Chunks of NumPy arrays in files."""

import functools
import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np

from ple_tutorial import checks
from ple_tutorial.data import columns
from ple_tutorial.data.chunks import Chunks, row_of, stamp_of


class MemmapChunks(Chunks):
    """Chunks of arrays that lie in files, such as ``np.load("x.npy", mmap_mode="r")``.

    ``iter`` yields them in stored order; ``shuffled`` makes each of blocks drawn at random (the docstring of ``chunks`` says
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
                self._files[source.filename] = (argument, stamp_of(source.filename))
        self._check_start()

    def _pieces(self, rng):
        blocks = np.arange(0, self.rows, self.block_rows)
        for start in blocks.tolist() if rng is None else rng.permutation(blocks).tolist():
            yield range(start, min(start + self.block_rows, self.rows))

    def _chunk(self, blocks):
        for path, (argument, stamp) in self._files.items():
            if stamp_of(path) != stamp:
                checks.refuse(argument, f"the file {str(path)!r} as it was at first", "another size or time of writing")
        return super()._chunk(blocks)

    def _read(self, part, key, argument, blocks):
        return _gather(self._parts[part][key], blocks, argument)

    def _names(self, part, key):
        return ()

    def _columns_of(self, part, task):
        return (_gather(self._parts[part][task], [block]) for block in self._pieces(None))


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
    """The rows of ``blocks`` (ranges), copied: features of any floating type as float32, all else as it is stored."""
    dtype = np.float32 if array.dtype.kind == "f" and array.ndim == 2 else array.dtype
    out, at = np.empty((sum(map(len, blocks)), *array.shape[1:]), dtype), 0
    _announce(array, blocks)
    for block in blocks:
        values = array[block.start : block.stop]
        if array.ndim == 2 and values.dtype == np.float64:
            values = columns.float32(argument, values, columns.Places(row=functools.partial(row_of, [block])))
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
