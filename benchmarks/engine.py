"""The parts that measure this package alone: losses, cost by size, many trainings, data larger than memory, serving.

Each part is a function of ``(quick, tell)`` that returns rows, as ``parts.py`` says.
"""

import functools
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.compare import ROOT
from benchmarks.contenders import fit as fit_contender
from benchmarks.contenders import model_of
from benchmarks.networks import NETWORKS
from benchmarks.serving import latency
from benchmarks.worker import data, peak_megabytes
from ple_tutorial import study, training
from ple_tutorial.backend import keras
from ple_tutorial.data import MemmapChunks, ParquetChunks, TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.losses import for_compile
from ple_tutorial.metrics import LOSS_OF_KIND, evaluate
from ple_tutorial.models import build_model
from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL
from ple_tutorial.serving import export

TRIAL = NETWORKS["trial"]


def quality(quick, tell):
    """Train each architecture with ``fit`` and with Keras's ``model.fit`` on the same batches, and compare the losses.

    ``model.fit`` also runs compiled by XLA, as ``fit`` is: two compilers round differently, and this adds up over many steps.
    """
    rows, batch = [], 256
    train = make_synthetic(4096, 0.5, features=32, tasks={"a": "regression", "b": "binary"}, seed=0)
    for name, epochs in itertools.product(["hard-sharing"] if quick else ARCHITECTURES, [1] if quick else [5, 25]):
        levels = 1 if name in ONE_LEVEL else 2
        ours, *theirs = (build_model(name, features=32, tasks=train.kinds, levels=levels) for _ in range(3))
        row = {"architecture": name, "steps": epochs * len(train) // batch, "loss_before": _loss(ours, train)}
        training.fit(ours, train, epochs=epochs, batch_size=batch, shuffle=False, show_progress=False)
        row["fit"] = _loss(ours, train)
        for column, model, jit in zip(("keras", "keras_jit"), theirs, (False, True), strict=True):
            model.compile(keras.optimizers.Adam(1e-3), for_compile(train.kinds), jit_compile=jit)
            model.fit(train.features, train.labels, epochs=epochs, batch_size=batch, shuffle=False, verbose=0)
            row[column] = _loss(model, train)
        differences = {end: abs(row["fit"] / row[f"keras{end}"] - 1) for end in ("", "_jit")}
        rows.append(row | {f"difference{end}": value for end, value in differences.items()})
    return _reported("quality: the loss after the same steps, and the relative difference", rows, tell)


def _loss(model, train):
    """The loss over all rows, with penalties."""
    scores = evaluate(train, training.predict(model, train))
    return sum(scores[task, LOSS_OF_KIND[kind]] for task, kind in train.kinds.items()) + float(sum(model.losses))


def scaling(quick, tell):
    """Measure samples per second of ``fit`` with batches of 256, while one size of the trial network grows."""
    grid = {
        "features": [(replace(TRIAL, features=n), 32_768, n) for n in (10, 30, 100, 300, 1000)],
        "experts": [(replace(TRIAL, shared=n, own=n), 32_768, 3 * n) for n in (1, 2, 4, 8)],
        "tasks": [(replace(TRIAL, tasks=n), 32_768, n) for n in (1, 2, 4, 8)],
        "levels": [(replace(TRIAL, levels=(16,) * n), 32_768, n) for n in (1, 2, 3, 4)],
        "rows": [(TRIAL, n, n) for n in (1024, 4096, 16_384, 65_536, 262_144)],
    }
    grid = {"levels": [(TRIAL, 1024, 2)]} if quick else grid
    rows = []
    for size, points in grid.items():
        train = [fit_contender(n, *data(count, n.features, n.tasks), 256).train for n, count, _ in points]
        epochs = [max(1, 131_072 // count) for _, count, _ in points]
        seconds = [[] for _ in points]
        for turn in range(3 if quick else 6):  # the first one compiles and does not count
            for i in range(len(points)):
                start = time.perf_counter()
                train[i](epochs[i])
                seconds[i] += [time.perf_counter() - start] if turn else []
        for (network, count, value), times, many in zip(points, seconds, epochs, strict=True):
            middle, low, high = (many * count / t for t in (statistics.median(times), max(times), min(times)))
            rate = {"samples_per_second": middle, "low": low, "high": high}
            rows.append({"size": size, "value": value, "flops": network.training()[0]} | rate)
    return _reported("scaling: samples/s, medians of five rounds with the lowest and the highest", rows, tell)


def grid(quick, tell):
    """Time a grid of five architectures, three correlations and twenty seeds, in one process and in two."""
    models = {name: study.DIAL_MODELS[name] for name in ("single-task", "hard-sharing", "mmoe", "cgc", "ple")}
    points = tuple({"correlation": correlation} for correlation in (0.0, 0.5, 1.0))
    seeds, settings = tuple(range(20)), {"epochs": 20, "batch_size": 256}
    if quick:
        models, points, seeds, settings = {"ple": models["ple"]}, points[:1], (0, 1), {"epochs": 1}
    make = functools.partial(study.dial_data, rows=8192)
    grid, rows = study.Study("how long does a grid take?", models, make, seeds, points, settings), []
    for jobs in (1, 2):
        before, start = training.compilations(), time.perf_counter()
        table = study.trials(grid, jobs, show_progress=False)
        row = {"processes": jobs, "trials": len(table), "seconds": time.perf_counter() - start}
        compiled = training.compilations() - before if jobs == 1 else None  # other processes are not counted
        rows.append(row | {"programs": compiled, "mean_mse": table[["a/mse", "b/mse"]].to_numpy().mean()})
    return _reported("grid: five architectures x three correlations x twenty seeds, 8,192 rows, 20 epochs", rows, tell)


def memory(quick, tell):
    """Train on up to twenty million rows of 100 features (8 GB) from files, each way in a process of its own.

    The files are written first and removed at the end.
    """
    many, few = (65_536, 16_384) if quick else (20_000_000, 2_000_000)
    ways = {"in memory": few, "memmap": many, "parquet": few}
    rows = []
    with tempfile.TemporaryDirectory(dir=None if quick else ".") as folder:
        free, need = shutil.disk_usage(folder).free, 1.5 * many * (TRIAL.features + 2) * 4
        if free < need:
            note = f"not run: it needs {need / 1e9:.0f} GB of free disk space, and {free / 1e9:.0f} GB are free"
            return _reported("memory", [{"way": "memmap", "note": note}], tell)
        write_files(Path(folder), many, few)
        for way, count in ways.items():
            command = [sys.executable, "-m", "benchmarks.engine", way, str(Path(folder).resolve()), str(count)]
            run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            rows.append({"way": way, "rows": count})
            rows[-1] |= json.loads(run.stdout) if run.returncode == 0 else {"note": run.stderr[-300:]}
    return _reported("memory: one epoch of the trial network, batches of 256, after a warm-up epoch", rows, tell)


def write_files(folder: Path, many: int, few: int) -> None:
    """Write ``x.npy`` ``(many, features)`` and labels, and ``x.parquet`` with the first ``few`` rows, block by block."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    part = 65_536
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (many, TRIAL.features))
    y = {t: np.lib.format.open_memmap(folder / f"{t}.npy", "w+", np.float32, (many,)) for t in ("task1", "task2")}
    names = [f"f{i}" for i in range(TRIAL.features)]
    block, labels = data(part, TRIAL.features, 2)
    writer = None
    for start in range(0, many, part):
        rows = slice(start, min(start + part, many))
        shift = np.random.default_rng(start).permutation(part)[: rows.stop - start]  # each block in another order
        x[rows] = block[shift]
        for task in y:
            y[task][rows] = labels[task][shift, 0]
        if start < few:
            columns = {name: block[shift, i] for i, name in enumerate(names)}
            table = pa.table(columns | {task: labels[task][shift, 0] for task in y})
            writer = writer or pq.ParquetWriter(folder / "x.parquet", table.schema, compression="none")
            writer.write_table(table, row_group_size=8192)
    writer.close()
    for array in (x, *y.values()):
        array.flush()


def one_way(way: str, folder: str | Path, count: int) -> dict:
    """Train on the files of ``write_files``; return samples per second, and the peak memory of this process with its imports."""
    folder, kinds = Path(folder), {"task1": "binary", "task2": "binary"}
    imports = peak_megabytes()
    stored = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("x", *kinds)}
    first = slice(0, min(count, 65_536 * 4))
    if way == "in memory":
        labels = {task: np.array(stored[task][:count]) for task in kinds}
        train = warm = TaskData(np.array(stored["x"][:count]), labels, kinds)
    elif way == "memmap":
        train = MemmapChunks(stored["x"], {task: stored[task] for task in kinds}, kinds)
        warm = MemmapChunks(stored["x"][first], {task: stored[task][first] for task in kinds}, kinds)
    else:
        columns = [f"f{i}" for i in range(TRIAL.features)]
        train = warm = ParquetChunks(folder / "x.parquet", columns, {task: task for task in kinds}, kinds)
    model = model_of(TRIAL, kinds)
    training.fit(model, warm, epochs=1, show_progress=False)
    start = time.perf_counter()
    history = training.fit(model, train, epochs=1, show_progress=False)
    seconds = time.perf_counter() - start
    rate = {"samples_per_second": (train.rows if hasattr(train, "rows") else len(train)) / seconds, "seconds": seconds}
    return rate | {"peak_mb": peak_megabytes(), "imports_mb": imports, "loss": history["loss"].iloc[-1]}


def serving(quick, tell):
    """Measure the time of an answer of the trained trial and paper networks, for one row and for 500 rows."""
    rows = []
    for name in ["trial"] if quick else ["trial", "paper"]:
        network = NETWORKS[name]
        x, y = data(512, network.features, network.tasks)
        train = TaskData(x, {task: labels[:, 0] for task, labels in y.items()}, dict.fromkeys(y, "binary"))
        model = model_of(network, train.kinds)
        training.fit(model, train, epochs=1, show_progress=False)
        with tempfile.TemporaryDirectory() as folder:
            export(model, Path(folder) / "model")
            table = latency(model, train, Path(folder) / "model", rounds=10 if quick else 200)
        rows += [{"network": name} | row for row in table.to_dict("records")]
    return _reported("serving: microseconds per answer, median with 5th and 95th percentile", rows, tell)


def _reported(title, rows, tell):
    tell(f"\n{title}\n{pd.DataFrame(rows).to_string(index=False, float_format=lambda x: f'{x:.4g}')}")
    return rows


PARTS = {part.__name__: part for part in (quality, scaling, grid, memory, serving)}

if __name__ == "__main__":
    print(json.dumps(one_way(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
