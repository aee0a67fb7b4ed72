"""Chunks of data larger than memory, and the order of the rows."""

import threading
import time

import numpy as np
import pandas as pd
import pytest
from comparing import assert_close, assert_same
from small_runs import BATCH, KINDS, ROWS, TRAIN, VALID, WEIGHED, Halves, differ, run, small_model

from ple_tutorial.backend import keras
from ple_tutorial.data import MemmapChunks, ParquetChunks, TaskData
from ple_tutorial.losses import for_compile
from ple_tutorial.training import compilations
from ple_tutorial.training.batches import prefetched
from ple_tutorial.training.programs import PROGRAMS


def by_hand(chunks, epochs, **settings):
    """Train chunk by chunk with Keras's own loop: batches never span two."""
    twin = small_model()
    twin.compile(keras.optimizers.Adam(0.02), for_compile(KINDS), run_eagerly=True)
    for _ in range(epochs):
        for chunk in chunks:
            for batch in chunk.batches(BATCH):
                twin.train_on_batch(batch.features, batch.labels)
    return twin.get_weights()


def test_chunks_train_as_their_batches_would():
    PROGRAMS.clear()  # another test may have left the program
    before = compilations()
    history, weights = run(Halves(), epochs=2, shuffle=False)
    assert_close(weights, by_hand(Halves(), 2))
    assert compilations() == before + 1  # the smaller chunk runs the same program
    still = run(Halves(), epochs=1, learning_rate=0)[0]
    assert list(still.iloc[0]) == pytest.approx(list(run(epochs=1, learning_rate=0)[0].iloc[0]), rel=1e-5)
    assert len(history) == 2


def test_one_chunk_is_the_data_in_memory():
    assert_same(run([TRAIN])[1], run()[1])


def test_chunks_are_shuffled_inside_and_by_their_source():
    inside, stored = run(Halves())[1], run(Halves(), shuffle=False)[1]
    assert differ(inside, stored)
    assert_same(inside, run(Halves())[1])

    class Reversed(Halves):
        def shuffled(self, rng):
            assert isinstance(rng, np.random.Generator)
            yield from reversed(self.parts)

    even = {"shuffle": True, "epochs": 1}
    assert differ(run(Reversed(35, 35), **even)[1], run(Halves(35, 35), **even)[1])
    assert_same(run(Reversed(35, 35), shuffle=False)[1], run(Halves(35, 35), shuffle=False)[1])


def test_the_next_chunk_is_read_meanwhile():
    read = []

    class Slow(Halves):
        def __iter__(self):
            for part in self.parts:
                read.append(threading.current_thread())
                yield part

    run(Slow(35, 35), epochs=2)
    assert read[0] is threading.main_thread()  # the first look
    assert threading.main_thread() not in read[1:]
    given, taken = [], prefetched(iter(range(3)))
    assert next(taken) == 0
    time.sleep(0.05)
    source = (given.append(i) or i for i in range(3))
    taken = prefetched(source)
    next(taken)
    time.sleep(0.2)
    assert given == [0, 1]  # one ahead, no more


@pytest.mark.parametrize(
    ("train", "error", "message"),
    [
        (iter([TRAIN]), TypeError, "train: expected a TaskData, or chunks that can be read again in every epoch"),
        ([], TypeError, "train: expected a TaskData, or chunks of them, got an empty list"),
        ([TRAIN, TRAIN.only("z")], ValueError, "chunk 2 of train.kinds: expected the model's tasks"),
        ([VALID, TRAIN], ValueError, "chunk 2 of train: expected at most 50 samples"),
        ([TRAIN, 3], TypeError, "chunk 2 of train: expected a TaskData, got int"),
        ([TRAIN, WEIGHED], ValueError, "chunk 2 of train: expected the kinds and weights of the first chunk"),
    ],
)
def test_bad_chunks(train, error, message):
    with pytest.raises(error, match=message):
        run(train)


def test_chunks_from_files(tmp_path):
    """In stored order, with masks and weights, the readers' chunks train as those in memory do."""
    np.save(tmp_path / "x.npy", TRAIN.features)
    stored = np.load(tmp_path / "x.npy", mmap_mode="r")
    parts = {"mask": {"z": WEIGHED.mask["z"]}, "weights": WEIGHED.weights, "chunk_rows": 40}
    chunks = MemmapChunks(stored, TRAIN.labels, KINDS, block_rows=8, **parts)
    in_memory = [WEIGHED.take(slice(0, 40)), WEIGHED.take(slice(40, None))]
    assert_same(run(chunks, shuffle=False)[1], run(in_memory, shuffle=False)[1])
    columns = [f"f{i}" for i in range(4)]
    table = pd.DataFrame(TRAIN.features, columns=columns).assign(**TRAIN.labels, inside=WEIGHED.mask["z"], **{
        f"{task}_weight": weights for task, weights in WEIGHED.weights.items()})  # fmt: skip
    table.to_parquet(tmp_path / "x.parquet")
    parts = {"mask": {"z": "inside"}, "weights": {t: f"{t}_weight" for t in KINDS}, "chunk_rows": 40}
    chunks = ParquetChunks(tmp_path / "x.parquet", columns, {t: t for t in KINDS}, KINDS, **parts)
    assert_same(run(chunks, shuffle=False)[1], run(in_memory, shuffle=False)[1])


def test_a_chunk_without_a_sample_of_a_task(tmp_path):
    """Its steps leave that task's own weights as they are."""
    early = TaskData(TRAIN.features, TRAIN.labels, KINDS, {"z": np.arange(ROWS) < 20})
    chunks = MemmapChunks(
        TRAIN.features, TRAIN.labels, KINDS, {"z": np.arange(ROWS) < 20}, chunk_rows=BATCH, block_rows=8
    )
    assert_same(run(chunks, shuffle=False)[1], run(early, shuffle=False)[1])


def test_an_error_while_reading_comes_out():
    class Torn(Halves):
        def __iter__(self):
            yield self.parts[0]
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        run(Torn())


def test_chunks_that_run_out():
    class Once:
        """One pass in all, though it is not its own iterator."""

        def __init__(self):
            self.left = iter([TRAIN, TRAIN])

        def __iter__(self):
            return (chunk for chunk in self.left)

    with pytest.raises(
        ValueError, match="train: expected chunks that can be read again in every epoch, got none in this"
    ):
        run(Once())
