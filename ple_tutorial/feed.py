"""What ``fit`` trains on: data in memory, or chunks of data larger than memory, the next one read while one trains."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.data import TaskData
from ple_tutorial.models import check_fits


class Feed:
    """The epochs of ``train`` as arguments of the compiled program.

    Args:
        model: what the data have to fit.
        train: a ``TaskData``; or an iterable of them that can be gone through anew for every epoch (a list, or one of
            ``data.chunks``), no chunk larger than the first. With a method ``shuffled(rng)``, that says which rows stand
            in which chunk of an epoch.
        batch_size: samples a step.
        shuffle: a new order of rows within each chunk, and of chunks where ``train`` offers one.
        rng: what draws these orders.

    Attributes:
        first: the whole of the data, or the first chunk.
        rng: as given; its state after an epoch is all that the next one's order depends on.
        extent: numbers that tell other chunks apart where the first is the same.
        steps: of an epoch; None for chunks.
    """

    def __init__(self, model, train, batch_size, shuffle, rng):
        self.model, self.train, self.shuffle, self.rng = model, train, shuffle, rng
        self.chunked = not isinstance(train, TaskData) and hasattr(train, "__iter__")
        if self.chunked and iter(train) is train:
            expected = "a TaskData, or chunks that can be gone through for every epoch, such as a list"
            checks.refuse("train", expected, f"a {type(train).__name__}, which can be gone through once", TypeError)
        self.first = next(iter(train), None) if self.chunked else train
        if self.chunked and not isinstance(self.first, TaskData):
            came = type(train).__name__ if self.first is not None else f"a {type(train).__name__} without any"
            checks.refuse("train", "a TaskData, or chunks of them", came, TypeError)
        check_fits(model, self.first, "train")
        self.rows, self.batch_size = len(self.first), min(batch_size, len(self.first))
        sizes = ("rows", "chunk_rows", "block_rows", "groups_at_once")  # of the readers in data.chunks
        self.extent = [
            len(train) if hasattr(train, "__len__") else None,
            [getattr(train, name, None) for name in sizes],
        ]
        self.steps = None if self.chunked else -(-self.rows // self.batch_size)
        self.kept = None if self.chunked else self._tensors(self.first)

    def epoch(self):
        """Yield ``(features, labels, mask, order, steps)``: once for data in memory, once a chunk otherwise."""
        if not self.chunked:
            yield (*self.kept, *self._order(self.rows))
            return
        shuffles = self.shuffle and hasattr(self.train, "shuffled")
        yield from _ahead(self._chunks(self.train.shuffled(self.rng) if shuffles else self.train))

    def _chunks(self, chunks):
        number = 0
        for number, chunk in enumerate(chunks, 1):
            name = f"chunk {number} of train"
            check_fits(self.model, chunk, name)
            if chunk.kinds != self.first.kinds or bool(chunk.weights) != bool(self.first.weights):
                checks.refuse(name, "the kinds and weights of the first chunk", f"{chunk.kinds}")
            if len(chunk) > self.rows:
                checks.refuse(name, f"at most {self.rows} samples, as in the first chunk", len(chunk))
            yield (*self._tensors(chunk), *self._order(len(chunk)))
        if not number:
            checks.refuse("train", "chunks that can be gone through for every epoch", "none in this one")

    def _tensors(self, data):
        """Features, labels and masks (with sample weights, if there are any), each of ``self.rows`` rows."""
        share = data.mask
        if data.weights:
            share = {t: m * data.weights.get(t, np.float32(1)) for t, m in data.mask.items()}
        missing = self.rows - len(data)

        def tensor(part):
            part = np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)]) if missing else part
            return tf.constant(part)

        return keras.tree.map_structure(tensor, (data.features, data.labels, share))

    def _order(self, rows):
        """The order of rows as ``(steps, batch)``, and how many of the steps are to be taken.

        The last batch is filled up with the first rows once more, which stand as ``-1 - row``: they take part in no loss, only
        in what a layer may compute over a whole batch.
        """
        order = self.rng.permutation(rows) if self.shuffle else np.arange(rows)
        steps = -(-rows // self.batch_size)
        places = -(-self.rows // self.batch_size) * self.batch_size
        filled = np.resize(-1 - order, places - rows)
        grid = np.concatenate([order, filled]).astype(np.int32).reshape(-1, self.batch_size)
        return tf.constant(grid), tf.constant(steps)


def _ahead(items):
    """The same items, each made in a thread of its own while the one before it is in use."""
    items, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item
