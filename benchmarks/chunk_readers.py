"""Shuffled chunks of data larger than memory: this package's readers, ``pyarrow.dataset``, ``tf.data`` and plain NumPy.

``python -m benchmarks.chunk_readers --rows 1000000 --group-rows 8192`` writes a Parquet folder and a memmap of the same
rows, goes through all of them in chunks of 65,536 rows in every way in turn, and prints the best of several epochs.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ple_tutorial.backend import tf
from ple_tutorial.data import MemmapChunks, ParquetChunks, TaskData

COLUMNS, CHUNK, BLOCK = 32, 65_536, 1024
NAMES = [f"x{i}" for i in range(COLUMNS)]
KINDS = {"y": "binary"}


def write(folder, rows, group_rows):
    """Write ``rows`` random rows as four Parquet files and as two memmaps."""
    x = np.random.default_rng(0).standard_normal((rows, COLUMNS), dtype=np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    for part in range(4):
        place = slice(part * rows // 4, (part + 1) * rows // 4)
        table = pa.table({name: x[place, i] for i, name in enumerate(NAMES)} | {"y": y[place]})
        pq.write_table(table, folder / f"part-{part}.parquet", row_group_size=group_rows)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)


def matrix(batches):
    """Return record batches as one float32 array ``(rows, columns)``."""
    out, at = np.empty((sum(map(len, batches)), COLUMNS + 1), np.float32), 0
    for batch in batches:
        for i in range(COLUMNS + 1):
            out[at : at + len(batch), i] = batch.column(i).to_numpy()
        at += len(batch)
    return out


def task_data(batches):
    """Yield a ``TaskData`` for every 65,536 rows or a little more."""
    held = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= CHUNK:
            yield as_task_data(held)
            held = []
    if held:
        yield as_task_data(held)


def as_task_data(batches):
    values = matrix(batches)
    return TaskData(values[:, :-1], {"y": values[:, -1]}, KINDS)


def ways(folder, rows, rng):
    """Return ``{name: function that returns the chunks of one epoch}``."""
    x, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy")
    own = ParquetChunks(folder, NAMES, {"y": "y"}, KINDS)
    mapped = MemmapChunks(x, {"y": y}, KINDS)
    signature = tf.TensorSpec((None, COLUMNS + 1), tf.float32)

    def arrow(threads):
        stored = ds.dataset(folder, format="parquet", exclude_invalid_files=True)
        groups = [group for file in stored.get_fragments() for group in file.split_by_row_group()]
        drawn = ds.FileSystemDataset([groups[i] for i in rng.permutation(len(groups))], stored.schema, stored.format)
        return task_data(drawn.to_batches(columns=[*NAMES, "y"], use_threads=threads))

    def arrow_blocks():
        stored = ds.dataset(folder, format="parquet", exclude_invalid_files=True)
        return (matrix([batch]) for batch in stored.to_batches(columns=[*NAMES, "y"]) if len(batch))

    def memmap_blocks():
        for start in rng.permutation(np.arange(0, rows, BLOCK)):
            yield np.concatenate([x[start : start + BLOCK], y[start : start + BLOCK, None]], axis=1)

    def tensors(blocks):
        return tf.data.Dataset.from_generator(blocks, output_signature=signature)

    def by_row(data):
        return data.unbatch().shuffle(CHUNK, seed=0).batch(CHUNK).prefetch(1)

    def drawn_rows():
        order = rng.permutation(rows)
        for start in range(0, rows, CHUNK):
            chosen = np.sort(order[start : start + CHUNK])
            yield x[chosen], y[chosen]

    return {
        "ParquetChunks.shuffled": lambda: own.shuffled(rng),
        "pyarrow.dataset, row groups in drawn order, one thread": lambda: arrow(False),
        "pyarrow.dataset, row groups in drawn order, all threads": lambda: arrow(True),
        "pyarrow.dataset, shuffled by row by tf.data": lambda: by_row(tensors(arrow_blocks)),
        "MemmapChunks.shuffled": lambda: mapped.shuffled(rng),
        "memmap, blocks in drawn order, tf.data": lambda: tensors(memmap_blocks).rebatch(CHUNK).prefetch(1),
        "memmap, shuffled by row by tf.data": lambda: by_row(tensors(memmap_blocks)),
        "memmap, NumPy index of all rows in drawn order": drawn_rows,
    }


def main():
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chunk_readers", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--group-rows", type=int, default=8192, help="rows of a row group of the Parquet files")
    parser.add_argument("--rounds", type=int, default=3)
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, settings.rows, settings.group_rows)
        best = {}
        for _ in range(settings.rounds):
            for way, chunks in ways(folder, settings.rows, np.random.default_rng(0)).items():
                wall, processor = time.perf_counter(), time.process_time()
                for _chunk in chunks():
                    pass
                spent = (time.perf_counter() - wall, time.process_time() - processor)
                best[way] = tuple(map(min, spent, best.get(way, spent)))
    print("| way | rows/s | rows per second of processor time |\n|---|---:|---:|")
    for way, spent in best.items():
        print(f"| {way} | {settings.rows / spent[0]:,.0f} | {settings.rows / spent[1]:,.0f} |")


if __name__ == "__main__":
    main()
