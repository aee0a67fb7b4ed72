"""Early stopping: by the joint loss, by one task, and back to the best weights."""

import numpy as np
import pytest
from comparing import assert_same
from small_runs import CONTRARY, KINDS, TRAIN, VALID, run, run_of

from ple_tutorial.data import TaskData
from ple_tutorial.metrics import evaluate
from ple_tutorial.training import predict


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
