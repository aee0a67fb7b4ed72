"""``fit`` and ``predict``: quiet, repeatable, their history, their refusals; loss weights that change by epoch."""

import logging
import math

import numpy as np
import pytest
from comparing import assert_same
from small_runs import KINDS, ROWS, SETTINGS, TRAIN, VALID, differ, run, run_of, sample, small_model
from tensorflow.python.eager.polymorphic_function import polymorphic_function

from ple_tutorial.backend import keras
from ple_tutorial.balancing import Balance
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.diagnostics import reach
from ple_tutorial.gates import gate_weights
from ple_tutorial.losses import WeightSchedule
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.training import PROGRAMS, compilations, fit, loop, predict
from ple_tutorial.training.programs import Program


def test_quiet(capfd, caplog, monkeypatch):
    """Many small models in a row, where TensorFlow would warn of retracing, through its own logger.

    TensorFlow gives that warning only twice for each function; here without that limit, whatever ran before.
    """
    monkeypatch.setattr(polymorphic_function, "FREQUENT_TRACING_WARNING_MAX_WARNING_PER_DETECTOR", 10**6)
    logger = logging.getLogger("tensorflow")
    monkeypatch.setattr(logger, "handlers", [*logger.handlers, caplog.handler])
    small = sample(rows=12).only("a")
    sizes = {"features": 4, "tasks": small.kinds, "tower_units": []}
    for seed in range(6):  # of one architecture
        model = build_model("hard-sharing", **sizes, expert_units=[2], seed=seed)
        fit(model, small, small, epochs=1, batch_size=12, optimizer=keras.optimizers.SGD(), show_progress=True)
        predict(model, small)
    for width in range(1, 9):  # of many
        model = build_model("hard-sharing", **sizes, expert_units=[width])
        Program(model, keras.optimizers.SGD(), Balance(), small.kinds).forward(small.features)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_the_same_seed_gives_the_same_numbers(cgc):
    (one, weights), (same, same_weights), (other, _) = (run_of(cgc, TRAIN, VALID, seed=seed) for seed in (1, 1, 2))
    assert one.equals(same)
    assert_same(weights, same_weights)
    assert not np.isclose(one["loss"], other["loss"], rtol=1e-7).any()
    in_order = [run_of(cgc, TRAIN, seed=seed, shuffle=False)[1] for seed in (1, 2)]
    assert_same(*in_order)
    assert not np.array_equal(in_order[0][0], weights[0])


def test_validation_never_trains(cgc):
    (with_valid, weights), (without, same_weights) = run_of(cgc, TRAIN, VALID), run_of(cgc, TRAIN)
    assert_same(weights, same_weights)
    assert with_valid[["loss", "z_loss", "a_loss"]].equals(without)


def test_history(cgc):
    history, _ = run_of(cgc, TRAIN, VALID, loss_weights={"a": 0.5})
    assert list(history.columns) == ["loss", "z_loss", "a_loss", "val_loss", "val_z_mse", "val_a_auc", "val_a_log_loss"]
    assert (history.index.tolist(), history.index.name) == ([1, 2, 3], "epoch")
    assert history.attrs == {"best_epoch": 3}
    assert history["val_loss"].tolist() == pytest.approx(list(history["val_z_mse"] + 0.5 * history["val_a_log_loss"]))
    last = evaluate(VALID, predict(cgc, VALID))
    assert history.iloc[-1][["val_z_mse", "val_a_auc", "val_a_log_loss"]].tolist() == pytest.approx(list(last.values()))
    assert history.notna().all(axis=None)


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


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # h5py under Keras
def test_a_trained_model_saves(cgc, tmp_path):
    fit(cgc, TRAIN, epochs=1, **SETTINGS)
    cgc.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for task, p in predict(cgc, VALID).items():
        assert np.array_equal(predict(loaded, VALID)[task], p)


def test_predict(cgc):
    outputs = cgc(TRAIN.features)
    predictions = predict(cgc, TRAIN)
    assert list(predictions) == ["z", "a"]
    for task, p in predictions.items():
        assert (p.dtype, p.shape) == (np.float32, (ROWS,))
        assert np.array_equal(p, np.ravel(outputs[task]))
        np.testing.assert_allclose(predict(cgc, TRAIN, batch_size=16)[task], p, rtol=1e-5, atol=1e-6)
    for batch_size in (ROWS - 1, 1):  # a last batch of one sample, and nothing else
        np.testing.assert_allclose(predict(cgc, TRAIN, batch_size)["z"], predictions["z"], rtol=1e-5, atol=1e-6)
    assert predict(cgc, TRAIN.take(slice(0, 1)))["z"].shape == (1,)
    scarce = TaskData(TRAIN.features, TRAIN.labels, KINDS, {"z": np.arange(ROWS) == 0})
    assert predict(cgc, scarce, batch_size=16)["z"].shape == (ROWS,)  # most batches have no sample of z


@pytest.mark.parametrize(
    ("args", "settings", "error", "message"),
    [
        ([(TRAIN.features, TRAIN.labels)], {}, TypeError, "train: expected a TaskData, or chunks of them, got tuple"),
        (
            [TRAIN, VALID.features],
            {},
            TypeError,
            r"valid: expected a TaskData, or chunks of them, got ndarray; make one of the features and their labels, TaskData\(",
        ),
        ([TRAIN, iter([VALID])], {}, TypeError, "valid: expected a TaskData, or chunks that can be read again"),
        (
            [TaskData(TRAIN.features, {}, KINDS)],
            {},
            ValueError,
            r"train.labels: expected one array for each of .* got none",
        ),
        ([TRAIN, TaskData(VALID.features, {}, KINDS)], {}, ValueError, "valid.labels: expected one array for each"),
        ([TRAIN.only("z")], {}, ValueError, r"train.kinds: expected the model's tasks \['z', 'a'\], got \['z'\]"),
        ([TRAIN.only("a", "z")], {}, ValueError, r"train.kinds: .* got \['a', 'z'\]"),
        ([TRAIN, VALID.only("a")], {}, ValueError, "valid.kinds: .* got"),
        (
            [make_synthetic(9, 0, tasks=KINDS)],
            {},
            ValueError,
            r"train.features: expected rows of shape \(4,\), got \(32,\)",
        ),
        ([TRAIN], {"epochs": 0}, ValueError, "epochs: .* got 0"),
        ([TRAIN], {"epochs": 2.5}, TypeError, "epochs: .* got 2.5"),
        ([TRAIN], {"batch_size": 0}, ValueError, "batch_size: .* got 0"),
        ([TRAIN], {"learning_rate": -1}, ValueError, "learning_rate: .* got -1"),
        ([TRAIN], {"learning_rate": math.nan}, ValueError, "learning_rate: .* got nan"),
        ([TRAIN], {"learning_rate": "fast"}, TypeError, "learning_rate: .* got 'fast'"),
        ([TRAIN], {"optimizer": "adam"}, TypeError, "optimizer: expected a Keras optimizer, got 'adam'"),
        ([TRAIN], {"loss_weights": {"b": 1}}, ValueError, "loss_weights: .* got 'b'"),
        (
            [TRAIN],
            {"loss_weights": {"a": keras.Variable(1.0)}},
            TypeError,
            r"loss_weights\['a'\]: .* weights that learn use fit\(\.\.\., balance=\.\.\.\)",
        ),
        ([TRAIN], {"patience": 2}, ValueError, "valid: expected a TaskData, since patience is given, got None"),
        ([TRAIN, VALID], {"patience": 0}, ValueError, "patience: .* got 0"),
        ([TRAIN], {"seed": -1}, ValueError, "seed: .* got -1"),
    ],
)
def test_refusals(cgc, args, settings, error, message):
    before = cgc.get_weights()
    with pytest.raises(error, match=message):
        fit(cgc, *args, **settings)
    assert_same(before, cgc.get_weights())


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
def test_further_refusals(settings, error, message):
    one = small_model()
    before = one.get_weights()
    with pytest.raises(error, match=message):
        fit(one, TRAIN, VALID, **SETTINGS | settings)
    assert_same(before, one.get_weights())


def test_kinds_that_do_not_fit(cgc):
    """A loss without a gradient, or a sigmoid that reaches no label, would train without a word."""
    swapped = TaskData(TRAIN.features, {"z": TRAIN.labels["a"], "a": TRAIN.labels["a"]}, {"z": "binary", "a": "binary"})
    with pytest.raises(
        ValueError, match=r"train.kinds\['z'\]: expected 'regression', as the model predicts any number"
    ):
        fit(cgc, swapped)
    wide = TaskData(
        TRAIN.features, {"z": TRAIN.labels["z"], "a": 3 * TRAIN.labels["a"]}, dict.fromkeys(KINDS, "regression")
    )
    with pytest.raises(
        ValueError, match=r"train.kinds\['a'\]: expected 'binary' or labels from 0 to 1, .* from 0 to 3"
    ):
        fit(cgc, wide)
    share = TaskData(TRAIN.features, TRAIN.labels, dict.fromkeys(KINDS, "regression"))  # a ratio on a sigmoid is fine
    predict(cgc, share)
    with pytest.raises(ValueError, match=r"valid\.kinds: expected those of train"):
        fit(cgc, TRAIN, share)


def test_codes_that_do_not_fit():
    codes = np.zeros((ROWS, 2), int)
    few, many = (
        TaskData({"numeric": TRAIN.features, "codes": codes}, TRAIN.labels, KINDS, cardinalities=(n, n)) for n in (4, 9)
    )
    model = build_model("mmoe", features=few.spec, tasks=KINDS)
    for call, argument in ((fit, "train"), (predict, "data"), (gate_weights, "data"), (reach, "data")):
        with pytest.raises(ValueError, match=rf"{argument}.cardinalities: expected the model's \[4, 4\], got \[9, 9\]"):
            call(model, many)


@pytest.mark.parametrize("call", [fit, predict, gate_weights, reach])
def test_no_model_or_no_data(call, cgc):
    with pytest.raises(TypeError, match="model: expected a Keras model, got str"):
        call("cgc", TRAIN)
    with pytest.raises(TypeError, match=r"(train|data): expected a TaskData(, (features, )?or chunks of .*)?, got int"):
        call(cgc, 3)
    if call in (fit, reach):  # which need labels
        with pytest.raises(TypeError, match=r"(train|data): expected a TaskData(, or chunks of them)?, got ndarray"):
            call(cgc, TRAIN.features)


def test_nothing_to_train():
    frozen = build_model("hard-sharing", features=4, tasks=KINDS)
    frozen.trainable = False
    with pytest.raises(ValueError, match="model: expected at least one weight to train, got none"):
        fit(frozen, TRAIN)


def test_data_that_do_not_fit_are_not_predicted(cgc):
    with pytest.raises(ValueError, match=r"data.features: expected rows of shape \(4,\), got \(32,\)"):
        predict(cgc, make_synthetic(9, 0, tasks=KINDS))
    x = keras.Input((4,))
    with pytest.raises(ValueError, match=r"data.kinds: expected the model's tasks None, got \['z', 'a'\]"):
        predict(keras.Model(x, keras.layers.Dense(1)(x)), TRAIN)


def test_the_bar_says_that_it_compiles(monkeypatch):
    """In the first epoch of a new architecture, and only there."""
    labels = []

    class Bar(list):
        def set_description(self, label):
            labels.append(label)

    monkeypatch.setattr(loop, "bar", lambda epochs, label, show: labels.append(label) or Bar(epochs))
    PROGRAMS.clear()
    run(epochs=2)
    assert labels == ["cgc", "cgc: compiling", "cgc", "cgc"]
    labels.clear()
    run(epochs=2)
    assert labels == ["cgc", "cgc", "cgc"]
