"""Early stopping: by the joint loss, by one task, and back to the best weights."""

from dataclasses import replace

import numpy as np
import pytest
from comparing import assert_same
from small_runs import CONTRARY, KINDS, TRAIN, VALID, run, run_of

from ple_tutorial.data import TaskData
from ple_tutorial.metrics import evaluate
from ple_tutorial.training import fit, predict
from ple_tutorial.training.early_stopping import EarlyStopping


def test_early_stopping_goes_back_to_the_best_weights(cgc):
    contrary = TaskData(VALID.features, {"z": -VALID.labels["z"], "a": 1 - VALID.labels["a"]}, KINDS)
    rough = {"epochs": 40, "learning_rate": 0.3, "seed": 3}
    free, last = run_of(cgc, TRAIN, contrary, **rough)
    assert (len(free), free.attrs["best_epoch"]) == (40, 40)
    for patience in (1, 4):
        history, weights = run_of(cgc, TRAIN, contrary, patience=patience, **rough)
        best = history.attrs["best_epoch"]
        assert len(history) == best + patience < 40
        assert best == history["val_loss"].idxmin()
        assert history.equals(free.iloc[: len(history)])  # the same run, only shorter
        scores = evaluate(contrary, predict(cgc, contrary))
        assert scores["z", "mse"] + scores["a", "log_loss"] == pytest.approx(history["val_loss"].min(), rel=1e-6)
        assert_same(weights, run_of(cgc, TRAIN, **rough | {"epochs": best})[1])
    assert not np.array_equal(weights[0], last[0])


def test_patience_that_never_runs_out_still_goes_back(cgc):
    contrary = TaskData(VALID.features, {"z": -VALID.labels["z"], "a": 1 - VALID.labels["a"]}, KINDS)
    history, weights = run_of(cgc, TRAIN, contrary, patience=99, epochs=12, learning_rate=0.3, seed=3)
    assert len(history) == 12
    assert history.attrs["best_epoch"] == history["val_loss"].idxmin() < 12
    assert_same(weights, run_of(cgc, TRAIN, epochs=history.attrs["best_epoch"], learning_rate=0.3, seed=3)[1])


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


def test_a_monitor_that_can_never_be_a_number_is_refused(cgc):
    """Without a look at the model: the labels of ``valid``, inside the sample space and with a weight, are of one class."""
    for label in (0.0, 1.0):
        one_class = replace(VALID, labels=VALID.labels | {"a": np.full(len(VALID), label)})
        message = (
            rf"monitor: .*'val_a_log_loss'.* split\(\.\.\., stratify='a'\)\), got 'val_a_auc', and all .* {label:g}$"
        )
        with pytest.raises(ValueError, match=message):
            fit(cgc, TRAIN, one_class, patience=3, monitor="val_a_auc", show_progress=False)
    outside = replace(VALID, mask={"a": VALID.labels["a"] == 1})
    weightless = replace(VALID, weights={"a": VALID.labels["a"]})
    for data in (outside, weightless):
        with pytest.raises(ValueError, match="monitor: expected a column that can be a number"):
            fit(cgc, TRAIN, data, patience=3, monitor="val_a_auc", show_progress=False)
    history = run_of(cgc, TRAIN, one_class, patience=3, monitor="val_a_log_loss", epochs=2)[0]
    assert history["val_a_auc"].isna().all()  # in the history alone it does no harm


def test_a_monitor_that_turns_nan_is_no_missing_improvement(cgc):
    stopping = EarlyStopping(3, "val_a_auc", VALID)
    stopping.update({"val_a_auc": 0.7}, 1, cgc)
    for value in (np.nan, np.inf):
        with pytest.raises(FloatingPointError, match="monitor: val_a_auc is not a number in epoch 2"):
            stopping.update({"val_a_auc": value}, 2, cgc)
    assert (stopping.epoch, stopping.value) == (1, -0.7)
