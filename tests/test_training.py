"""``fit`` against Keras's own ``model.fit``, its seeds, its early stopping, and that it compiles once and is quiet.

Compiling an epoch takes seconds, so the tests share two small models: CGC with two kinds of tasks, trained by Adam on
data of one shape, and a linear model of one task, trained by SGD.
"""

import logging
import math

import numpy as np
import pytest
from comparing import assert_close, assert_same

from ple_tutorial.backend import keras
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.diagnostics import reach
from ple_tutorial.gates import gate_weights
from ple_tutorial.losses import for_compile
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.training import compilations, fit, predict

KINDS = {"z": "regression", "a": "binary"}
ROWS, BATCH = 70, 32  # three batches, of 32, 32 and 6
SIZES = {"features": 4, "tasks": KINDS, "shared_experts": 1, "expert_units": [4], "tower_units": []}
SETTINGS = {"batch_size": BATCH, "learning_rate": 0.02, "show_progress": False}


def sample(seed=0, rows=ROWS, **settings):
    return make_synthetic(rows, 0.4, features=4, tasks=KINDS, seed=seed, **settings)


TRAIN, VALID = sample(), sample(1, 50)
GAPS = np.arange(ROWS) // BATCH == 1  # the second batch
MASKED = TaskData(TRAIN.features, TRAIN.labels, KINDS, {"z": ~GAPS, "a": np.arange(ROWS) % 3 > 0})


@pytest.fixture(scope="module")
def _cgc():
    return build_model("cgc", **SIZES)


@pytest.fixture
def cgc(_cgc):
    """The one CGC model, at its initial weights."""
    _cgc.set_weights(build_model("cgc", **SIZES).get_weights())
    return _cgc


@pytest.fixture(scope="module")
def _line():
    x = keras.Input((4,))
    return keras.Model(x, {"z": keras.layers.Dense(1, name="z")(x)}, name="line")


@pytest.fixture
def line(_line):
    """y = w x + b, at w = 0.5, b = 0: small enough to train by hand."""
    _line.set_weights([np.full((4, 1), 0.5), np.zeros(1)])
    return _line


# Quiet


def test_quiet(capfd, caplog, monkeypatch):
    """Many small models in a row, where TensorFlow would warn of retracing, through its own logger.

    The first test of all, since TensorFlow gives that warning but twice for one function.
    """
    logger = logging.getLogger("tensorflow")
    monkeypatch.setattr(logger, "handlers", [*logger.handlers, caplog.handler])
    small = sample(rows=12).only("a")
    for seed in range(6):
        model = build_model("hard-sharing", features=4, tasks=small.kinds, expert_units=[2], tower_units=[], seed=seed)
        fit(model, small, epochs=1, batch_size=12, optimizer=keras.optimizers.SGD(), show_progress=True)
        predict(model, small)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


# Layers that behave otherwise in training


def test_gate_dropout_and_normalisation_in_fit():
    """Dropout follows the seed, whatever ran before; the moving moments are those of the data, padded batch or not."""
    options = {"gate_dropout": 0.3, "normalise_experts": True, "activation": "swish"}
    model = build_model("cgc", **SIZES, **options)
    start, runs = model.get_weights(), []
    for seed in (1, 2, 1):
        model.set_weights(start)
        fit(model, TRAIN, epochs=2, seed=seed, **SETTINGS)
        runs.append(model.get_weights())
    assert_same(runs[0], runs[2])
    assert not np.array_equal(runs[0][0], runs[1][0])
    norm = model.get_layer("level1_z_experts").norms[0]
    assert np.abs(norm.moving_mean).max() > 1e-3 and np.abs(norm.moving_variance - 1).max() > 1e-3
    first = predict(model, TRAIN)  # at rest nothing is dropped
    assert all(np.array_equal(first[task], y) for task, y in predict(model, TRAIN).items())


# Against Keras


def test_the_same_as_keras(cgc):
    """The loss of each epoch and the final weights, with loss weights, with a last batch that is smaller.

    Keras's own losses of single tasks are left out: they are means over batches, however small the last one is.
    """
    twin, weights = build_model("cgc", **SIZES), {"z": 0.5, "a": 2.0}
    twin.compile(keras.optimizers.Adam(0.02), for_compile(KINDS), loss_weights=weights, jit_compile=False)
    theirs = twin.fit(TRAIN.features, TRAIN.labels, batch_size=BATCH, epochs=3, shuffle=False, verbose=0).history
    ours = fit(cgc, TRAIN, epochs=3, shuffle=False, loss_weights=weights, **SETTINGS)
    assert list(ours["loss"]) == pytest.approx(theirs["loss"], rel=1e-5)
    assert_close(cgc.get_weights(), twin.get_weights())
    assert ours["loss"].iloc[-1] < ours["loss"].iloc[0]


def test_the_same_as_keras_with_masks(cgc):
    """The masks go to Keras as sample weights; the second batch has no sample of z."""
    twin = build_model("cgc", **SIZES)
    twin.compile(keras.optimizers.Adam(0.02), for_compile(KINDS), run_eagerly=True)
    weights = {task: mask.astype(np.float32) for task, mask in MASKED.mask.items()}
    twin.fit(MASKED.features, MASKED.labels, BATCH, 3, sample_weight=weights, shuffle=False, verbose=0)
    fit(cgc, MASKED, epochs=3, shuffle=False, **SETTINGS)
    assert_close(cgc.get_weights(), twin.get_weights())


def test_the_loss_is_the_mean_over_the_samples_of_the_sample_space(cgc):
    """At a learning rate of zero the losses are those of the model as it stands, in whatever order."""
    expected = evaluate(MASKED, predict(cgc, MASKED))
    before = cgc.get_weights()
    history = fit(cgc, MASKED, epochs=2, loss_weights={"z": 3.0}, **SETTINGS | {"learning_rate": 0})
    assert list(history["z_loss"]) == pytest.approx([expected["z", "mse"]] * 2, rel=1e-5)
    assert list(history["a_loss"]) == pytest.approx([expected["a", "log_loss"]] * 2, rel=1e-5)
    assert list(history["loss"]) == pytest.approx(list(3 * history["z_loss"] + history["a_loss"]))
    assert_same(before, cgc.get_weights())


def test_numbers_and_codes():
    rng = np.random.default_rng(0)
    features = {"numeric": rng.standard_normal((20, 2)), "codes": rng.integers(0, 3, (20, 2))}
    data = TaskData(features, {"a": features["codes"][:, 0] == 1}, {"a": "binary"}, cardinalities=(3, 3))
    one, twin = (build_model("hard-sharing", features=data.spec, tasks=data.kinds, tower_units=[]) for _ in range(2))
    twin.compile(keras.optimizers.Adam(0.02), for_compile(data.kinds), run_eagerly=True)
    twin.fit(data.features, data.labels, batch_size=8, epochs=2, shuffle=False, verbose=0)
    fit(one, data, epochs=2, shuffle=False, **SETTINGS | {"batch_size": 8})
    assert_close(one.get_weights(), twin.get_weights())


# The optimizer

LINE_DATA = TRAIN.only("z")


def gradient(w, b, rows):
    x, y = LINE_DATA.features[rows].astype(float), LINE_DATA.labels["z"][rows]
    error = x @ w + b - y
    return 2 * x.T @ error / len(x), 2 * error.mean()


def test_an_optimizer_of_ones_own(line):
    """Momentum by hand; the optimizer that is handed in stays as it was; its state starts anew each time."""
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    w, b, vw, vb = np.full(4, 0.5), 0.0, np.zeros(4), 0.0
    for _ in range(2):
        for rows in (slice(0, 32), slice(32, 64), slice(64, 70)):
            gw, gb = gradient(w, b, rows)
            vw, vb = 0.9 * vw - 0.05 * gw, 0.9 * vb - 0.05 * gb
            w, b = w + vw, b + vb
    before = compilations()
    for one in (optimizer, keras.optimizers.SGD(0.05, momentum=0.9)):  # equal ones share a program
        line.set_weights([np.full((4, 1), 0.5), np.zeros(1)])
        fit(line, LINE_DATA, epochs=2, shuffle=False, batch_size=BATCH, optimizer=one, show_progress=False)
        np.testing.assert_allclose(line.get_weights()[0][:, 0], w, rtol=1e-4)
        np.testing.assert_allclose(line.get_weights()[1], b, rtol=1e-4)
    assert not optimizer.built
    assert int(optimizer.iterations) == 0
    assert compilations() <= before + 1


def test_a_diverging_fit_says_so(line):
    wild = {"optimizer": keras.optimizers.SGD(1e30), "batch_size": ROWS, "show_progress": False}
    with pytest.raises(FloatingPointError, match="no longer a number in epoch 2; try a lower learning_rate"):
        fit(line, LINE_DATA, epochs=5, **wild)
    line.set_weights([np.full((4, 1), 1e38), np.zeros(1)])
    with pytest.raises(FloatingPointError, match="epoch 1"):
        fit(line, LINE_DATA, **wild)
    line.set_weights([np.full((4, 1), 1e9), np.zeros(1)])  # the loss is finite, the weights after its step are not
    with pytest.raises(FloatingPointError, match="epoch 1"):
        fit(line, LINE_DATA, LINE_DATA, **wild)


def test_frozen_layers_stay(line):
    """Also those frozen between two fits of one model."""
    extra = {
        "epochs": 1,
        "batch_size": ROWS,
        "optimizer": keras.optimizers.SGD(0.05, momentum=0.9),
        "show_progress": False,
    }
    x = keras.Input((4,))
    model = keras.Model(x, {"z": keras.layers.Dense(1, name="z")(keras.layers.Dense(2, name="below")(x))})
    fit(model, LINE_DATA, **extra)
    before = model.get_weights()
    model.get_layer("below").trainable = False
    fit(model, LINE_DATA, **extra)
    moved = [not np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True)]
    assert dict(zip([v.path for v in model.weights], moved, strict=True)) == {
        "below/kernel": False,
        "below/bias": False,
        "z/kernel": True,
        "z/bias": True,
    }


def test_penalties_of_layers_count():
    x = keras.Input((4,))
    dense = keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.3), name="z")
    model = keras.Model(x, {"z": dense(x)})
    loss = float(np.mean((LINE_DATA.features.sum(axis=1) - LINE_DATA.labels["z"]) ** 2))
    history = fit(
        model, LINE_DATA, epochs=1, batch_size=ROWS, optimizer=keras.optimizers.SGD(0.05), show_progress=False
    )
    gw, _ = gradient(np.ones(4), 0.0, slice(None))
    np.testing.assert_allclose(model.get_weights()[0][:, 0], 1 - 0.05 * (gw + 2 * 0.3), rtol=1e-4)
    assert history["loss"].tolist() == pytest.approx([loss], rel=1e-5)  # the tasks' part alone


# Seeds, and what does not count


def run(model, *args, **settings):
    model.set_weights(build_model("cgc", **SIZES).get_weights())
    history = fit(model, *args, **{"epochs": 3} | SETTINGS | settings)
    return history, model.get_weights()


def test_the_same_seed_gives_the_same_numbers(cgc):
    (one, weights), (same, same_weights), (other, _) = (run(cgc, TRAIN, VALID, seed=seed) for seed in (1, 1, 2))
    assert one.equals(same)
    assert_same(weights, same_weights)
    assert not np.isclose(one["loss"], other["loss"], rtol=1e-7).any()
    in_order = [run(cgc, TRAIN, seed=seed, shuffle=False)[1] for seed in (1, 2)]
    assert_same(*in_order)
    assert not np.array_equal(in_order[0][0], weights[0])


def test_every_epoch_has_an_order_of_its_own(line):
    """By hand, over the permutations that the seed draws one after the other."""
    rows, settings = (
        np.random.default_rng(5),
        {"batch_size": BATCH, "optimizer": keras.optimizers.SGD(0.05, momentum=0.9)},
    )
    fit(line, LINE_DATA, epochs=2, seed=5, show_progress=False, **settings)
    twice = line.get_weights()
    w, b, vw, vb = np.full(4, 0.5), 0.0, np.zeros(4), 0.0
    for _ in range(2):
        order = rows.permutation(ROWS)
        for start in range(0, ROWS, BATCH):
            gw, gb = gradient(w, b, order[start : start + BATCH])
            vw, vb = 0.9 * vw - 0.05 * gw, 0.9 * vb - 0.05 * gb
            w, b = w + vw, b + vb
    np.testing.assert_allclose(twice[0][:, 0], w, rtol=1e-4)


def test_validation_never_trains(cgc):
    (with_valid, weights), (without, same_weights) = run(cgc, TRAIN, VALID), run(cgc, TRAIN)
    assert_same(weights, same_weights)
    assert with_valid[["loss", "z_loss", "a_loss"]].equals(without)


def test_history(cgc):
    history, _ = run(cgc, TRAIN, VALID, loss_weights={"a": 0.5})
    assert list(history.columns) == ["loss", "z_loss", "a_loss", "val_loss", "val_z_mse", "val_a_auc", "val_a_log_loss"]
    assert (history.index.tolist(), history.index.name) == ([1, 2, 3], "epoch")
    assert history.attrs == {"best_epoch": 3}
    assert history["val_loss"].tolist() == pytest.approx(list(history["val_z_mse"] + 0.5 * history["val_a_log_loss"]))
    last = evaluate(VALID, predict(cgc, VALID))
    assert history.iloc[-1][["val_z_mse", "val_a_auc", "val_a_log_loss"]].tolist() == pytest.approx(list(last.values()))
    assert history.notna().all(axis=None)


def test_a_task_of_weight_zero_keeps_its_own_parameters(cgc):
    before = dict(zip([v.path for v in cgc.weights], cgc.get_weights(), strict=True))
    run(cgc, TRAIN, loss_weights={"z": 0})
    kept = {v.path for v in cgc.weights if np.array_equal(v, before[v.path])}
    assert kept == {
        "level1_z_experts/kernel_0",
        "level1_z_experts/bias_0",
        "level1_z_gate/kernel",
        "z/kernel",
        "z/bias",
    }


def test_early_stopping_goes_back_to_the_best_weights(cgc):
    contrary = TaskData(VALID.features, {"z": -VALID.labels["z"], "a": 1 - VALID.labels["a"]}, KINDS)
    rough = {"epochs": 40, "learning_rate": 0.3, "seed": 3}
    free, last = run(cgc, TRAIN, contrary, **rough)
    assert (len(free), free.attrs["best_epoch"]) == (40, 40)
    for patience in (1, 4):
        history, weights = run(cgc, TRAIN, contrary, patience=patience, **rough)
        best = history.attrs["best_epoch"]
        assert len(history) == best + patience < 40
        assert best == history["val_loss"].idxmin()
        assert history.equals(free.iloc[: len(history)])  # the same run, only shorter
        scores = evaluate(contrary, predict(cgc, contrary))
        assert scores["z", "mse"] + scores["a", "log_loss"] == pytest.approx(history["val_loss"].min(), rel=1e-6)
        assert_same(weights, run(cgc, TRAIN, **rough | {"epochs": best})[1])
    assert not np.array_equal(weights[0], last[0])


def test_patience_that_never_runs_out_still_goes_back(cgc):
    contrary = TaskData(VALID.features, {"z": -VALID.labels["z"], "a": 1 - VALID.labels["a"]}, KINDS)
    history, weights = run(cgc, TRAIN, contrary, patience=99, epochs=12, learning_rate=0.3, seed=3)
    assert len(history) == 12
    assert history.attrs["best_epoch"] == history["val_loss"].idxmin() < 12
    assert_same(weights, run(cgc, TRAIN, epochs=history.attrs["best_epoch"], learning_rate=0.3, seed=3)[1])


# Compiled once


def test_one_program_for_all_data_of_one_shape(cgc):
    """Other weights, data, masks, seeds, learning rates and loss weights run what is compiled already."""
    run(cgc, TRAIN)
    before = compilations()
    first, weights = run(cgc, TRAIN)
    run(cgc, sample(5), VALID, seed=3, learning_rate=1e-4, loss_weights={"a": 0.1}, patience=1)
    run(cgc, MASKED, epochs=1, shuffle=False)
    again, same_weights = run(cgc, TRAIN)  # the optimizer's state and learning rate started anew
    assert first.equals(again)
    assert_same(weights, same_weights)
    fresh = build_model("cgc", **SIZES, seed=8)  # another model of the architecture, with weights of its own
    fit(fresh, TRAIN, **SETTINGS)
    assert compilations() == before


def test_data_of_another_shape(line):
    """Compiled once more, for a batch size larger than the data too; the weights carry on from where they are."""
    settings = {
        "epochs": 1,
        "optimizer": keras.optimizers.SGD(0.05, momentum=0.9),
        "shuffle": False,
        "show_progress": False,
    }
    fit(line, LINE_DATA, batch_size=10**9, **settings)
    gw, gb = gradient(np.full(4, 0.5), 0.0, slice(None))
    np.testing.assert_allclose(line.get_weights()[0][:, 0], 0.5 - 0.05 * gw, rtol=1e-4)
    np.testing.assert_allclose(line.get_weights()[1], -0.05 * gb, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # h5py under Keras
def test_a_trained_model_saves(cgc, tmp_path):
    fit(cgc, TRAIN, epochs=1, **SETTINGS)
    cgc.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for task, p in predict(cgc, VALID).items():
        assert np.array_equal(predict(loaded, VALID)[task], p)


# predict


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


# Refusals


@pytest.mark.parametrize(
    ("args", "settings", "error", "message"),
    [
        ([(TRAIN.features, TRAIN.labels)], {}, TypeError, "train: expected a TaskData, or chunks of them, got tuple"),
        (
            [TRAIN, VALID.features],
            {},
            TypeError,
            "valid: expected a TaskData, or chunks of them, got a ndarray of others",
        ),
        ([TRAIN, iter([VALID])], {}, TypeError, "valid: expected a TaskData, or chunks of them that can be read again"),
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
    with pytest.raises(TypeError, match=r"(train|data): expected a TaskData(, features, or chunks of .*)?, got int"):
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
