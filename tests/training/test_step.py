"""One step and one epoch: against Keras's own ``model.fit`` and against gradients by hand."""

import numpy as np
import pytest
from comparing import assert_close, assert_same
from small_runs import BATCH, KINDS, MASKED, ROWS, SETTINGS, SIZES, TRAIN, VALID, run, run_of, small_model

from ple_tutorial.backend import keras
from ple_tutorial.data import TaskData
from ple_tutorial.losses import for_compile
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.training import compilations, fit, predict


@pytest.fixture(scope="module")
def _line():
    x = keras.Input((4,))
    return keras.Model(x, {"z": keras.layers.Dense(1, name="z")(x)}, name="line")


@pytest.fixture
def line(_line):
    """y = w x + b, at w = 0.5, b = 0: small enough to train by hand."""
    _line.set_weights([np.full((4, 1), 0.5), np.zeros(1)])
    return _line


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
    history = fit(one, data, data, epochs=2, shuffle=False, **SETTINGS | {"batch_size": 8})
    assert_close(one.get_weights(), twin.get_weights())
    assert history["val_a_log_loss"][2] == pytest.approx(evaluate(data, predict(one, data))["a", "log_loss"], rel=1e-5)


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


def test_gate_dropout_and_normalisation_in_fit():
    """Dropout follows the seed, whatever ran before; the moving moments are those of the data, padded batch or not."""
    options = {"gate_dropout": 0.3, "normalise_experts": True, "activation": "swish"}
    model = build_model("cgc", **SIZES, **options)
    start, runs = model.get_weights(), []
    for seed in (1, 2, 1):
        model.set_weights(start)
        history = fit(model, TRAIN, VALID, epochs=2, seed=seed, **SETTINGS)
        runs.append(model.get_weights())
    assert_same(runs[0], runs[2])
    assert not np.array_equal(runs[0][0], runs[1][0])
    norm = model.get_layer("level1_z_experts").norms[0]
    assert np.abs(norm.moving_mean).max() > 1e-3 and np.abs(norm.moving_variance - 1).max() > 1e-3
    scores = evaluate(VALID, predict(model, VALID))  # neither predict nor the validation drops anything
    assert scores == pytest.approx(evaluate(VALID, {t: y.numpy() for t, y in model(VALID.features).items()}))
    for (task, metric), value in scores.items():
        assert history[f"val_{task}_{metric}"][2] == pytest.approx(value, rel=1e-5)


def test_a_task_of_weight_zero_keeps_its_own_parameters(cgc):
    before = dict(zip([v.path for v in cgc.weights], cgc.get_weights(), strict=True))
    run_of(cgc, TRAIN, loss_weights={"z": 0})
    kept = {v.path for v in cgc.weights if np.array_equal(v, before[v.path])}
    assert kept == {
        "level1_z_experts/kernel_0",
        "level1_z_experts/bias_0",
        "level1_z_gate/kernel",
        "z/kernel",
        "z/bias",
    }


def test_learning_rate_schedule_as_in_keras():
    def optimizer():
        return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=2, decay_rate=0.5))

    twin = small_model()
    twin.compile(optimizer(), for_compile(KINDS), run_eagerly=True)
    twin.fit(TRAIN.features, TRAIN.labels, BATCH, 3, shuffle=False, verbose=0)
    assert_close(run(shuffle=False, optimizer=optimizer())[1], twin.get_weights())
