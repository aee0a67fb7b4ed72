"""Data larger than memory: re-iterables of ``TaskData`` chunks. The readers are in ``memmap`` and ``parquet``.

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
import os
from collections.abc import Iterator

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


class Chunks:
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
        row = functools.partial(row_of, pieces)
        places = lambda argument: columns.Places(names.get(argument, ()), row)  # noqa: E731
        parts = (features, data["labels"], self.kinds, data["mask"], self.cardinalities, data["weights"])
        return Chunk(*parts, places=places)

    def __iter__(self) -> Iterator[TaskData]:
        return map(self._chunk, cut(self._pieces(None), self.chunk_rows))

    def shuffled(self, rng: np.random.Generator) -> Iterator[TaskData]:
        """Return the chunks of one epoch in an order drawn from ``rng``."""
        if not isinstance(rng, np.random.Generator):
            checks.refuse("rng", "a NumPy Generator", type(rng).__name__, TypeError)
        return map(self._chunk, cut(self._pieces(rng), self.chunk_rows))

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


def row_of(pieces, number):
    """Say where row ``number`` of a chunk of these pieces is stored."""
    for piece in pieces:
        if number < len(piece):
            break
        number -= len(piece)
    if isinstance(piece, range):
        return f"row {piece.start + number} (counted from 0)"
    return f"row {piece.first + number} (counted from 0) of {str(piece.file)!r}"


def cut(pieces, rows):
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


def stamp_of(path):
    """What changes when a file is written to; None if it is not there."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns
