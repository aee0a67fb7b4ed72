"""What ``fit`` can do beyond a plain run: sample weights, schedules, callbacks, stopping, chunks, checkpoints, shared programs.

One small model of two kinds of tasks throughout, so that little is compiled.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from comparing import assert_close, assert_same

from ple_tutorial.backend import keras
from ple_tutorial.data import MemmapChunks, ParquetChunks, TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.losses import WeightSchedule, for_compile
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.training import compilations, fit, predict
from ple_tutorial.training.batches import prefetched

KINDS = {"z": "regression", "a": "binary"}
ROWS, BATCH = 70, 32
SIZES = {"features": 4, "tasks": KINDS, "shared_experts": 1, "expert_units": [4], "tower_units": []}
SETTINGS = {"batch_size": BATCH, "learning_rate": 0.02, "show_progress": False}


def sample(seed=0, rows=ROWS):
    return make_synthetic(rows, 0.4, features=4, tasks=KINDS, seed=seed)


TRAIN, VALID = sample(), sample(1, 50)
RNG = np.random.default_rng(3)
WEIGHTS = {"z": RNG.uniform(0, 2, ROWS), "a": RNG.integers(0, 3, ROWS)}
MASK = {"z": np.arange(ROWS) % 4 > 0}
WEIGHED = TaskData(TRAIN.features, TRAIN.labels, KINDS, MASK, weights=WEIGHTS)
CONTRARY = TaskData(VALID.features, {"z": -VALID.labels["z"], "a": 1 - VALID.labels["a"]}, KINDS)  # worse the longer


def model(seed=0):
    return build_model("cgc", **SIZES, seed=seed)


def run(train=TRAIN, valid=None, **settings):
    """History and final weights of a run from the same start."""
    one = model()
    history = fit(one, train, valid, **{"epochs": 3} | SETTINGS | settings)
    return history, one.get_weights()


def differ(one, other):
    return any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# Sample weights


def test_sample_weights_as_in_keras():
    """They multiply the masks; the mean divides by their sum. Keras takes the product as its ``sample_weight``."""
    twin = model()
    twin.compile(keras.optimizers.Adam(0.02), for_compile(KINDS), run_eagerly=True)
    weights = {task: WEIGHED.mask[task] * WEIGHED.weights[task] for task in KINDS}
    twin.fit(TRAIN.features, TRAIN.labels, BATCH, 3, sample_weight=weights, shuffle=False, verbose=0)
    _, ours = run(WEIGHED, shuffle=False)
    assert_close(ours, twin.get_weights())
    assert differ(ours, run(TaskData(TRAIN.features, TRAIN.labels, KINDS, MASK), shuffle=False)[1])


def test_sample_weights_count_in_the_history():
    one = model()
    history = fit(one, WEIGHED, WEIGHED, epochs=1, **SETTINGS | {"learning_rate": 0})
    p = predict(one, WEIGHED)
    w = WEIGHED.mask["z"] * WEIGHED.weights["z"]
    expected = np.average((p["z"] - TRAIN.labels["z"]) ** 2, weights=w)
    assert history["z_loss"].item() == pytest.approx(expected, rel=1e-5)
    assert history["val_z_mse"].item() == pytest.approx(expected, rel=1e-5)
    w, y = WEIGHED.weights["a"], TRAIN.labels["a"]
    expected = -np.average(np.where(y == 1, np.log(p["a"]), np.log(1 - p["a"])), weights=w)
    assert history["a_loss"].item() == pytest.approx(expected, rel=1e-5)
    assert history["val_a_log_loss"].item() == pytest.approx(expected, rel=1e-5)
    assert evaluate(WEIGHED, p)["a", "auc"] != evaluate(TRAIN, p)["a", "auc"]


def test_a_whole_weight_is_a_copy_of_the_sample():
    """Twice the weight is the sample twice, in the metrics."""
    one = model()
    twice = TRAIN.take(np.repeat(np.arange(ROWS), WEIGHTS["a"])).only("a")
    weighed = replace(TRAIN, weights={"a": WEIGHTS["a"]}).only("a")
    p, q = predict(one, TRAIN)["a"], np.repeat(predict(one, TRAIN)["a"], WEIGHTS["a"])
    assert evaluate(weighed, {"a": p}) == pytest.approx(evaluate(twice, {"a": q}), rel=1e-6)


@pytest.mark.parametrize("bad", [[-1.0] * ROWS, [np.nan] * ROWS, [1.0], ["x"] * ROWS])
def test_bad_weights(bad):
    with pytest.raises((ValueError, TypeError), match=r"weights\['z'\]: expected"):
        replace(TRAIN, weights={"z": np.array(bad)})
    with pytest.raises(ValueError, match=r"weights: expected only the tasks \['z', 'a'\], got also \['b'\]"):
        replace(TRAIN, weights={"b": np.ones(ROWS)})
    with pytest.raises(ValueError, match=r"train.weights\['z'\]: expected at least one weight above 0, got none"):
        fit(model(), replace(TRAIN, weights={"z": np.zeros(ROWS)}))


def test_weights_travel_with_the_samples():
    part = WEIGHED.take(slice(10, 20))
    assert np.array_equal(part.weights["a"], WEIGHTS["a"][10:20])
    assert list(WEIGHED.only("a").weights) == ["a"]
    assert next(WEIGHED.batches(4)).weights["z"].shape == (4,)


# Weights of the losses, epoch by epoch


def test_weight_schedule():
    schedule = WeightSchedule({"z": 2.0, "a": 1.0}, {"z": 0.5})
    assert [schedule(epoch) for epoch in (0, 1, 3)] == [
        {"z": 2.0, "a": 1.0},
        {"z": 1.0, "a": 1.0},
        {"z": 0.25, "a": 1.0},
    ]
    before = compilations()
    history, weights = run(valid=VALID, loss_weights=schedule)
    assert list(history["loss"]) == pytest.approx(list(history["z_loss"] * [2, 1, 0.5] + history["a_loss"]), rel=1e-6)
    assert list(history["val_loss"]) == pytest.approx(list(2 * history["val_z_mse"] + history["val_a_log_loss"]))
    same = run(loss_weights=lambda epoch: {"z": 2.0 * 0.5**epoch, "a": 1.0})[1]
    assert_same(weights, same)
    assert differ(weights, run(loss_weights={"z": 2.0})[1])
    assert_same(run(epochs=1, loss_weights=schedule)[1], run(epochs=1, loss_weights={"z": 2.0})[1])
    assert compilations() <= before + 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (({"z": -1.0},), ValueError, "loss_weights"),
        (({"z": 1.0}, {"a": 0.5}), ValueError, "ratio: expected one of z, got 'a'"),
        (({"z": 1.0}, {"z": 0.0}), ValueError, r"ratio\['z'\]: expected a number from 1e-06"),
        (({"z": 1.0}, [0.5]), TypeError, "ratio: expected a dict"),
        ((3,), TypeError, "kinds|loss_weights|start"),
    ],
)
def test_bad_schedules(arguments, error, message):
    with pytest.raises(error, match=message):
        WeightSchedule(*arguments)


# Learning rates and callbacks


def test_learning_rate_schedule_as_in_keras():
    def optimizer():
        return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=2, decay_rate=0.5))

    twin = model()
    twin.compile(optimizer(), for_compile(KINDS), run_eagerly=True)
    twin.fit(TRAIN.features, TRAIN.labels, BATCH, 3, shuffle=False, verbose=0)
    assert_close(run(shuffle=False, optimizer=optimizer())[1], twin.get_weights())


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras's LearningRateScheduler
def test_callbacks_see_and_steer():
    """A rate changed, weights set, training stopped between epochs; all as Keras's own callbacks do it."""
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append("begin")

        def on_epoch_end(self, epoch, logs=None):
            seen.append((epoch, sorted(logs), float(self.model.optimizer.learning_rate), self.model.get_weights()))

        def on_train_end(self, logs=None):
            seen.append("end")

    halves = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.02 if epoch == 0 else rate / 2)
    _, weights = run(callbacks=[halves, Watch()])
    assert [seen[0], seen[-1]] == ["begin", "end"]
    assert [entry[0] for entry in seen[1:-1]] == [0, 1, 2]
    assert [entry[2] for entry in seen[1:-1]] == pytest.approx([0.02, 0.01, 0.005])
    assert {"a_loss", "loss", "z_loss"} < set(seen[1][1])
    assert_same(seen[3][3], weights)
    assert_same(seen[1][3], run(epochs=1)[1])
    assert differ(weights, run()[1])
    assert_same(run()[1], run(callbacks=[keras.callbacks.Callback()])[1])


def test_a_callback_stops_and_restores():
    stopper = keras.callbacks.EarlyStopping("val_a_auc", mode="max", patience=2, restore_best_weights=True)
    rough = {"epochs": 40, "learning_rate": 0.3, "seed": 3}
    history, weights = run(valid=CONTRARY, callbacks=[stopper], **rough)
    best = int(history["val_a_auc"].argmax()) + 1
    assert len(history) == best + 2 < 40
    assert_same(weights, run(**rough | {"epochs": best})[1])
    one = model()
    one.compile(keras.optimizers.SGD(0.1), for_compile(KINDS))
    mine = one.optimizer
    fit(one, TRAIN, epochs=1, callbacks=[keras.callbacks.Callback()], **SETTINGS)
    assert one.optimizer is mine


def test_weights_set_by_a_callback_train_on():
    start = model(5).get_weights()
    zero = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epoch == 1 and one.set_weights(start))
    one = model()
    fit(one, TRAIN, epochs=2, shuffle=False, callbacks=[zero], optimizer=keras.optimizers.SGD(0.05), **SETTINGS)
    two = model(5)
    fit(two, TRAIN, epochs=1, shuffle=False, optimizer=keras.optimizers.SGD(0.05), **SETTINGS)
    assert_same(one.get_weights(), two.get_weights())


def test_a_callback_that_trains_another_model():
    """Of the same architecture, so of the same program, which is in use: neither disturbs the other."""
    other = model(4)
    train_other = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: fit(other, TRAIN, epochs=1, **SETTINGS))
    _, weights = run(callbacks=[train_other])
    assert_same(weights, run()[1])
    alone = model(4)
    for _ in range(3):
        fit(alone, TRAIN, epochs=1, **SETTINGS)
    assert_same(alone.get_weights(), other.get_weights())


# Stopping


@pytest.mark.parametrize(
    ("monitor", "column", "better"),
    [("val_z_mse", "val_z_mse", min), ("val_a_auc", "val_a_auc", max), ({"a": 2.0}, "val_a_log_loss", min)],
)
def test_stopping_by_one_task(monitor, column, better):
    rough = {"epochs": 30, "learning_rate": 0.3, "seed": 3}
    history, weights = run(valid=CONTRARY, patience=3, monitor=monitor, **rough)
    best = history.attrs["best_epoch"]
    assert history[column][best] == better(history[column])
    assert len(history) == best + 3 < 30
    assert_same(weights, run(**rough | {"epochs": best})[1])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"monitor": "val_a_acu", "patience": 2}, ValueError, "monitor: .* did you mean 'val_a_auc'"),
        ({"monitor": {"b": 1.0}, "patience": 2}, ValueError, "'b'"),
        ({"monitor": "val_a_auc"}, ValueError, "patience: expected a number of epochs, since monitor is given"),
        ({"callbacks": keras.callbacks.Callback()}, TypeError, "callbacks: expected a list"),
        ({"callbacks": ["stop"]}, TypeError, "callbacks: expected Keras callbacks, got 'stop'"),
        ({"checkpoint": 3}, TypeError, "checkpoint: expected a path"),
        ({"loss_weights": lambda epoch: {"z": -1}}, ValueError, "loss_weights"),
    ],
)
def test_refusals(settings, error, message):
    one = model()
    before = one.get_weights()
    with pytest.raises(error, match=message):
        fit(one, TRAIN, VALID, **SETTINGS | settings)
    assert_same(before, one.get_weights())


# Chunks


class Halves:
    """Two chunks, of 40 and 30 rows; a shuffled epoch takes them the other way round."""

    def __init__(self, *sizes):
        ends = np.cumsum([0, *(sizes or (40, 30))])
        self.parts = [TRAIN.take(slice(a, b)) for a, b in pairwise(ends)]

    def __iter__(self):
        return iter(self.parts)


def by_hand(chunks, epochs, **settings):
    """Train chunk by chunk with Keras's own loop: batches never span two."""
    twin = model()
    twin.compile(keras.optimizers.Adam(0.02), for_compile(KINDS), run_eagerly=True)
    for _ in range(epochs):
        for chunk in chunks:
            for batch in chunk.batches(BATCH):
                twin.train_on_batch(batch.features, batch.labels)
    return twin.get_weights()


def test_chunks_train_as_their_batches_would():
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


# Interrupted


class Killed(BaseException):
    """What no ``except Exception`` catches."""


class KillAfter(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.last = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.last:
            raise Killed


FULL = {"epochs": 6, "learning_rate": 0.3, "seed": 3, "patience": 3}


@pytest.mark.parametrize("train", [TRAIN, Halves()], ids=["memory", "chunks"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_an_interrupted_run_goes_on(tmp_path, train, epoch):
    whole, weights = run(train, CONTRARY, **FULL)
    with pytest.raises(Killed):
        run(train, CONTRARY, checkpoint=tmp_path / "new" / "run", callbacks=[KillAfter(epoch)], **FULL)
    (tmp_path / "new" / "run" / ".fit.npz.part0").mkdir()  # killed while it wrote
    (tmp_path / "new" / "run" / ".fit.npz.part0" / "fit.npz").write_bytes(b"half")
    again, same = run(train, CONTRARY, checkpoint=tmp_path / "new" / "run", **FULL)
    assert again.equals(whole)
    assert again.attrs == whole.attrs
    assert_same(weights, same)
    third, same = run(train, CONTRARY, checkpoint=tmp_path / "new" / "run", **FULL)  # there is nothing left to do
    assert third.equals(whole)
    assert_same(weights, same)
    assert [path.name for path in (tmp_path / "new" / "run").iterdir()] == ["fit.npz"]


def test_a_write_that_is_cut_short(tmp_path, monkeypatch):
    """Killed while the file is written: the one before is still whole."""
    run(epochs=1, checkpoint=tmp_path)
    kept = (tmp_path / "fit.npz").read_bytes()

    def half(path, **arrays):
        Path(path).write_bytes(b"half")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", half)
        with pytest.raises(Killed):
            run(epochs=2, checkpoint=tmp_path)
    assert (tmp_path / "fit.npz").read_bytes() == kept
    assert_same(run(epochs=2, checkpoint=tmp_path)[1], run(epochs=2)[1])


def test_dropout_goes_on_where_it_was(tmp_path):
    def dropping(**settings):
        one = build_model("cgc", **SIZES, gate_dropout=0.3, normalise_experts=True)
        fit(one, TRAIN, **SETTINGS | {"epochs": 3} | settings)
        return one.get_weights()

    whole = dropping()
    with pytest.raises(Killed):
        dropping(checkpoint=tmp_path, callbacks=[KillAfter(2)])
    assert_same(dropping(checkpoint=tmp_path), whole)


def test_more_epochs_carry_on(tmp_path):
    run(epochs=2, checkpoint=tmp_path)
    assert_same(run(epochs=4, checkpoint=tmp_path)[1], run(epochs=4)[1])
    with pytest.raises(ValueError, match="epochs: expected at least the 4 that the checkpoint has done, got 1"):
        run(epochs=1, checkpoint=tmp_path)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("seed", {"seed": 1}),
        ("batch_size", {"batch_size": 16}),
        ("learning_rate", {"learning_rate": 0.1}),
        ("loss_weights", {"loss_weights": {"z": 2.0}}),
        ("shuffle", {"shuffle": False}),
        ("model", {"optimizer": keras.optimizers.SGD(0.02)}),
        ("train", {"train": sample(9)}),
        ("valid", {"valid": VALID}),
    ],
)
def test_a_checkpoint_of_another_run(tmp_path, name, other):
    run(epochs=1, checkpoint=tmp_path)
    kept = (tmp_path / "fit.npz").read_bytes()
    with pytest.raises(ValueError, match=f"checkpoint: expected a run with the same {name} as the one in the folder"):
        run(**{"epochs": 2, "checkpoint": tmp_path} | other)
    assert (tmp_path / "fit.npz").read_bytes() == kept


def test_damaged_checkpoints(tmp_path):
    run(epochs=1, checkpoint=tmp_path)
    kept = (tmp_path / "fit.npz").read_bytes()
    for damaged in (b"", b"nothing", kept[: len(kept) // 2], kept[:200] + b"\0" * 50 + kept[250:]):
        (tmp_path / "fit.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"checkpoint: expected a whole fit\.npz"):
            run(epochs=2, checkpoint=tmp_path)
    for foreign in (None, "[]", "{}"):
        with open(tmp_path / "fit.npz", "wb") as file:
            np.save(file, np.zeros(3)) if foreign is None else np.savez(file, kept=np.array(foreign))
        with pytest.raises(ValueError, match=r"checkpoint: expected a whole fit\.npz"):
            run(epochs=2, checkpoint=tmp_path)
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        with pytest.raises(ValueError, match="checkpoint: expected a folder that exists or can be made, got"):
            run(epochs=2, checkpoint=tmp_path / place)


def test_a_checkpoint_of_a_model_from_another_seed(tmp_path):
    """A loop over seeds with one folder is no loop over seeds."""
    run(epochs=1, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="checkpoint: expected a run with the same seeds of the model"):
        fit(model(1), TRAIN, epochs=2, checkpoint=tmp_path, **SETTINGS)


def test_a_checkpoint_of_other_chunks(tmp_path):
    run([TRAIN, TRAIN], epochs=1, checkpoint=tmp_path / "list")
    with pytest.raises(ValueError, match="checkpoint: expected a run with the same train"):
        run([TRAIN], epochs=2, checkpoint=tmp_path / "list")
    blocks = [MemmapChunks(TRAIN.features, TRAIN.labels, KINDS, chunk_rows=40, block_rows=n) for n in (10, 20)]
    run(blocks[0], epochs=1, checkpoint=tmp_path / "blocks")
    with pytest.raises(ValueError, match="checkpoint: expected a run with the same train"):
        run(blocks[1], epochs=2, checkpoint=tmp_path / "blocks")


SCRIPT = """
import sys
import numpy as np
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.models import build_model
from ple_tutorial.training import fit
data = make_synthetic(2000, 0.4, features=4, tasks={"z": "regression", "a": "binary"}, seed=0)
model = build_model("cgc", features=4, tasks=data.kinds, seed=0)
print("ready", flush=True)
fit(model, data, epochs=60, batch_size=4, checkpoint=sys.argv[1], show_progress=False)
np.savez(sys.argv[2], *model.get_weights())
"""


def test_killed_by_the_system(tmp_path):
    """SIGKILL at whatever moment it falls, more than once; then to the end: bit for bit the undisturbed run's weights."""

    def start(name):
        arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / name), str(tmp_path / f"{name}.npz")]
        root = Path(__file__).resolve().parents[1]
        return subprocess.Popen(arguments, env=os.environ | {"PYTHONPATH": str(root)}, stdout=subprocess.DEVNULL)

    undisturbed = start("whole")
    kept, stamps = tmp_path / "killed" / "fit.npz", []
    for _ in range(2):
        process = start("killed")
        before = kept.stat().st_mtime_ns if kept.exists() else 0
        for _ in range(6000):
            if kept.exists() and kept.stat().st_mtime_ns > before:
                break
            time.sleep(0.01)
        time.sleep(0.013)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL  # it was not done yet
        stamps.append(kept.stat().st_mtime_ns)
    assert start("killed").wait() == undisturbed.wait() == 0
    assert stamps[0] < stamps[1] < kept.stat().st_mtime_ns
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "killed.npz") as killed:
        assert whole.files == killed.files
        for name in whole.files:
            assert np.array_equal(whole[name], killed[name])


# Programs


def test_a_layer_that_has_adapted_to_data():
    """What ``Normalization`` found is not among its weights."""
    wide = TaskData(TRAIN.features * 5 + 10, TRAIN.labels, KINDS)
    inputs = keras.Input((4,))
    norm = keras.layers.Normalization()
    norm.adapt(wide.features)
    x = keras.layers.Dense(3, "relu")(norm(inputs))
    heads = {"z": keras.layers.Dense(1, name="z")(x), "a": keras.layers.Dense(1, "sigmoid", name="a")(x)}
    one = keras.Model(inputs, heads)
    history = fit(one, wide, wide, epochs=1, **SETTINGS | {"learning_rate": 0.0})
    scores = evaluate(wide, predict(one, wide))
    assert history["z_loss"].item() == pytest.approx(scores["z", "mse"], rel=1e-5)
    assert history["val_z_mse"].item() == pytest.approx(scores["z", "mse"], rel=1e-5)


def test_a_layer_that_cannot_be_compiled():
    inputs = keras.Input((4,))
    x = keras.layers.Hashing(8)(keras.ops.cast(inputs, "int32"))
    x = keras.layers.Flatten()(keras.layers.Embedding(9, 2)(x))
    heads = {"z": keras.layers.Dense(1, name="z")(x), "a": keras.layers.Dense(1, "sigmoid", name="a")(x)}
    with pytest.raises(ValueError, match="model: expected layers that XLA can compile, got "):
        fit(keras.Model(inputs, heads), TRAIN, **SETTINGS)


def test_averaged_weights_swapped_in_by_a_callback():
    """It reaches for the weights through the optimizer."""

    def averaging():
        return keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.9)

    def swap():
        return [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]

    one, twin = model(), model()
    for _ in range(2):  # the second time, by the program that is there
        one.set_weights(model().get_weights())
        fit(one, TRAIN, epochs=3, shuffle=False, optimizer=averaging(), callbacks=swap(), **SETTINGS)
    twin.compile(averaging(), for_compile(KINDS), run_eagerly=True)
    twin.fit(TRAIN.features, TRAIN.labels, batch_size=BATCH, epochs=3, shuffle=False, verbose=0, callbacks=swap())
    assert_close(one.get_weights(), twin.get_weights())


def test_a_model_of_unknown_parts_has_a_program_of_its_own():
    """Two functions of one name: told apart, though the configurations are equal."""

    def line(slope):
        def act(x):
            return slope * x

        x = keras.Input((4,))
        return keras.Model(x, {"z": keras.layers.Dense(1, act, kernel_initializer="ones", name="z")(x)}, name="line")

    data, losses = TRAIN.only("z"), []
    for slope in (1.0, 3.0):
        history = fit(line(slope), data, epochs=1, **SETTINGS | {"learning_rate": 0})
        losses.append(history["loss"].item())
    expected = [np.mean((slope * data.features.sum(axis=1) - data.labels["z"]) ** 2) for slope in (1, 3)]
    assert losses == pytest.approx(expected, rel=1e-5)


def test_models_do_not_share_weights():
    one, other = model(), model(1)
    before = other.get_weights()
    fit(one, TRAIN, epochs=2, **SETTINGS)
    assert_same(other.get_weights(), before)
    trained = one.get_weights()
    fit(other, TRAIN, epochs=1, **SETTINGS)
    assert_same(one.get_weights(), trained)


def test_the_model_has_its_weights_back_after_an_error():
    one = model()
    with pytest.raises(Killed):
        fit(one, TRAIN, epochs=3, callbacks=[KillAfter(2)], **SETTINGS)
    assert_same(one.get_weights(), run(epochs=2)[1])
    assert not hasattr(one, "optimizer")  # as before; the one that trained is not left behind
