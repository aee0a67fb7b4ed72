"""``latency``: the time of an answer, from an exported model in a server and from the model in Python."""

import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.loading import check_fits
from ple_tutorial.training import predict

SERVER = """
import json, os, sys
import numpy as np
import tensorflow as tf
rounds, path, *files = sys.argv[1:]
served, found = tf.saved_model.load(path), {}
for file in files:
    x = dict(np.load(file))
    x = x.get("x", x)
    ways = {f"served.{end}(x)": getattr(served, end) for end in ("serve", "gates") if hasattr(served, end)}
    calls = {way: lambda end=end: {name: y.numpy() for name, y in end(x).items()} for way, end in ways.items()}
    found[os.path.basename(file)] = timed(calls, int(rounds))
assert "ple_tutorial" not in sys.modules
print(json.dumps(found))
"""


def timed(calls, rounds):
    """Return the microseconds of each of ``rounds`` calls, ``{way: list}``; the ways take turns, after some warm-up calls."""
    import time  # in here, because the server runs the source text of this function

    warm = 3 + rounds // 10
    times = {way: [] for way in calls}
    for _ in range(warm + rounds):
        for way, call in calls.items():
            start = time.perf_counter_ns()
            call()
            times[way].append((time.perf_counter_ns() - start) / 1e3)
    return {way: every[warm:] for way, every in times.items()}


def latency(
    model, data: TaskData, path: str | Path, batches: Sequence[int] = (1, 500), rounds: int = 200
) -> pd.DataFrame:
    """Measure the time of an answer, from NumPy arrays to NumPy arrays, after some warm-up calls.

    The exported model runs in a Python process of its own, which imports TensorFlow but not this package. Before that, the
    other ways take turns in this process.

    Args:
        model: from ``build_model``.
        data: a ``TaskData`` of at least as many rows as the largest batch.
        path: the folder that ``export(model, path)`` wrote.
        batches: the numbers of rows to ask for.
        rounds: how many calls to time, for each way and number of rows.

    Returns:
        A DataFrame with the columns ``way``, ``batch``, ``median``, ``low`` and ``high`` (5th and 95th percentile), in
        microseconds.

    Raises:
        ValueError, TypeError: an argument that does not fit.
        RuntimeError: the server's process failed; the message has the end of its error output.
    """
    rounds, path = checks.count("rounds", rounds), Path(checks.path("path", path)).resolve()
    batches = [checks.count("batches", batch) for batch in checks.row("batches", batches, "a list of numbers of rows")]
    check_fits(model, data, "data")
    if len(data) < max(batches, default=1):
        checks.refuse("data", f"at least {max(batches)} rows", len(data))
    if not (path / "saved_model.pb").exists():
        checks.refuse("path", "a folder that export has written", repr(str(path)))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for batch in batches:
            part = next(data.batches(batch))
            x = part.features
            np.savez(Path(folder, f"{batch}.npz"), **x if isinstance(x, dict) else {"x": x})
            rows += _summary(batch, timed(_here(model, part), rounds))
        files = [str(Path(folder, f"{batch}.npz")) for batch in batches]
        code = f"{inspect.getsource(timed)}\n{SERVER}"
        command = [sys.executable, "-c", code, str(rounds), str(path), *files]
        run = subprocess.run(command, env=os.environ, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"the server's process failed: {run.stderr[-1000:]}")
    for file, times in json.loads(run.stdout.splitlines()[-1]).items():
        rows += _summary(int(Path(file).stem), times)
    return pd.DataFrame(rows)


def _here(model, data):
    x = data.features
    return {
        "model(x)": lambda: {task: y.numpy() for task, y in model(x, training=False).items()},
        "model.predict(x)": lambda: model.predict(x, batch_size=len(data), verbose=0),
        "predict(model, data)": lambda: predict(model, data),
    }


def _summary(batch, times):
    names = ("low", "median", "high")
    return [
        {"way": way, "batch": batch} | dict(zip(names, np.percentile(every, [5, 50, 95]), strict=True))
        for way, every in times.items()
    ]
