"""The rows of each epoch: data in memory, or chunks of data larger than memory, with the next chunk prefetched."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.loading import check_fits, first_of, warn_of_scales


class Batches:
    """The epochs of ``train`` as arguments of the compiled program.

    Args:
        model: the data must fit it.
        train: a ``TaskData``; or an iterable of them that can be read again in every epoch (a list, or a reader of
            ``data.chunks``), no chunk larger than the first. If it has a method ``shuffled(rng)``, that method yields
            the chunks of an epoch, with the rows distributed over them anew.
        batch_size: samples a step.
        shuffle: a new order of the rows within each chunk, and of the chunks if ``train`` has ``shuffled``.
        rng: the random generator that draws these orders.

    Attributes:
        first: all of the data, or the first chunk.
        extent: numbers that tell apart chunks whose first one is the same.
        steps: of an epoch; None for chunks.

    Raises:
        ValueError: data that do not fit the model.
        TypeError: neither a ``TaskData`` nor chunks that can be read more than once.
    """

    def __init__(self, model, train, batch_size, shuffle, rng):
        self.model, self.train, self.shuffle, self.rng = model, train, shuffle, rng
        self.first = first_of(train, "train")
        self.chunked = self.first is not train
        self.warned = False
        self.check(self.first, "train")
        self.first.check_labels("train", samples=not self.chunked)
        self.rows, self.batch_size = len(self.first), min(batch_size, len(self.first))
        sizes = ("rows", "chunk_rows", "block_rows", "groups_at_once")  # of the readers in data.chunks
        self.extent = [
            len(train) if hasattr(train, "__len__") else None,
            [getattr(train, name, None) for name in sizes],
        ]
        self.steps = None if self.chunked else -(-self.rows // self.batch_size)
        self.in_memory = None if self.chunked else self._tensors(self.first)

    def check(self, data, argument):
        """Refuse data that do not fit the model or the columns of ``first``; warn of large numbers, at the first that has any."""
        check_fits(self.model, data, argument, self.first)
        self.warned = self.warned or warn_of_scales(self.model, data, argument)

    def epoch(self):
        """Yield ``(features, labels, mask, order, steps)``: once for data in memory, once a chunk otherwise."""
        if not self.chunked:
            yield (*self.in_memory, *self._order(self.rows))
            return
        shuffles = self.shuffle and hasattr(self.train, "shuffled")
        yield from prefetched(self._chunks(self.train.shuffled(self.rng) if shuffles else self.train))

    def _chunks(self, chunks):
        number, sampled = 0, set()
        for number, chunk in enumerate(chunks, 1):
            name = f"chunk {number} of train"
            self.check(chunk, name)
            chunk.check_labels(name, samples=False)
            sampled |= {task for task, inside in chunk.mask.items() if inside.any()}
            if chunk.kinds != self.first.kinds or bool(chunk.weights) != bool(self.first.weights):
                checks.refuse(name, "the kinds and weights of the first chunk", f"{chunk.kinds}")
            if len(chunk) > self.rows:
                checks.refuse(name, f"at most {self.rows} samples, as in the first chunk", len(chunk))
            yield (*self._tensors(chunk), *self._order(len(chunk)))
        if not number:
            checks.refuse("train", "chunks that can be read again in every epoch", "none in this one")
        self.warned = True  # the other epochs have the same rows
        if missing := sorted(set(self.first.kinds) - sampled):
            checks.refuse("train", "at least one sample in the sample space of every task", f"none of {missing}")

    def _tensors(self, data):
        """Return features, labels and masks (times the sample weights, if there are any), each of ``self.rows`` rows."""
        mask = data.mask
        if data.weights:
            mask = {t: m * data.weights.get(t, np.float32(1)) for t, m in data.mask.items()}
        missing = self.rows - len(data)

        def tensor(part):
            part = np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)]) if missing else part
            return tf.constant(part)

        return keras.tree.map_structure(tensor, (data.features, data.labels, mask))

    def _order(self, rows):
        """Return the order of the rows as ``(steps, batch)``, and how many of these steps to take.

        The last batch is filled up with the first rows again, written as ``-1 - row``: they take part in no loss, only in
        what a layer may compute over a whole batch.
        """
        order = self.rng.permutation(rows) if self.shuffle else np.arange(rows)
        steps = -(-rows // self.batch_size)
        places = -(-self.rows // self.batch_size) * self.batch_size
        filled = np.resize(-1 - order, places - rows)
        grid = np.concatenate([order, filled]).astype(np.int32).reshape(-1, self.batch_size)
        return tf.constant(grid), tf.constant(steps)


def prefetched(items):
    """Yield the same items; a thread makes the next one while the present one is in use."""
    items, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, items, end)
        while (item := following.result()) is not end:
            following = thread.submit(next, items, end)
            yield item
