"""Checkpoints: a run that was interrupted ends with the same bits; another run is refused."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from comparing import assert_same
from small_runs import (
    CONTRARY,
    KINDS,
    SETTINGS,
    SIZES,
    TRAIN,
    VALID,
    Halves,
    KillAfter,
    Killed,
    run,
    sample,
    small_model,
)

from ple_tutorial.backend import keras
from ple_tutorial.data import MemmapChunks
from ple_tutorial.models import build_model
from ple_tutorial.training import fit

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
        fit(small_model(1), TRAIN, epochs=2, checkpoint=tmp_path, **SETTINGS)


def test_other_starting_weights_are_warned_of(tmp_path):
    """The checkpoint's are used, so the same call in one session, with the weights that the run came to, needs no word."""
    model = small_model()
    with pytest.raises(Killed):
        fit(model, TRAIN, VALID, epochs=3, patience=2, checkpoint=tmp_path, callbacks=[KillAfter(2)], **SETTINGS)
    for again in (model, small_model(), model):
        whole = fit(again, TRAIN, VALID, epochs=3, patience=2, checkpoint=tmp_path, **SETTINGS)
    other = small_model()
    other.set_weights([2 * weights for weights in other.get_weights()])
    with pytest.warns(UserWarning, match="checkpoint: the model has other weights .* empty it to train from") as caught:
        assert fit(other, TRAIN, VALID, epochs=3, patience=2, checkpoint=tmp_path, **SETTINGS).equals(whole)
    assert caught[0].filename == __file__


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
fit(model, data, epochs=100, batch_size=40, checkpoint=sys.argv[1], show_progress=False)
np.savez(sys.argv[2], *model.get_weights())
"""


def test_killed_by_the_system(tmp_path, monkeypatch):
    """SIGKILL at whatever moment it falls; then to the end: bit for bit the undisturbed run's weights."""

    def finish(name):
        monkeypatch.setattr(sys, "argv", ["", tmp_path / name, tmp_path / f"{name}.npz"])
        exec(SCRIPT, {})

    arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / "killed"), str(tmp_path / "killed.npz")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
    kept = tmp_path / "killed" / "fit.npz"
    for _ in range(6000):
        if kept.exists():
            break
        time.sleep(0.01)
    time.sleep(0.013)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL  # it was not done yet
    stamp = kept.stat().st_mtime_ns
    finish("whole")
    finish("killed")
    assert stamp < kept.stat().st_mtime_ns
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "killed.npz") as killed:
        assert whole.files == killed.files
        for name in whole.files:
            assert np.array_equal(whole[name], killed[name])
