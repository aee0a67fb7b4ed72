"""Keras callbacks in ``fit``."""

import pytest
from comparing import assert_close, assert_same
from small_runs import BATCH, CONTRARY, KINDS, SETTINGS, TRAIN, KillAfter, Killed, differ, run, small_model

from ple_tutorial.backend import keras
from ple_tutorial.losses import for_compile
from ple_tutorial.training import fit


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
    one = small_model()
    one.compile(keras.optimizers.SGD(0.1), for_compile(KINDS))
    mine = one.optimizer
    fit(one, TRAIN, epochs=1, callbacks=[keras.callbacks.Callback()], **SETTINGS)
    assert one.optimizer is mine


def test_weights_set_by_a_callback_train_on():
    start = small_model(5).get_weights()
    zero = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epoch == 1 and one.set_weights(start))
    one = small_model()
    fit(one, TRAIN, epochs=2, shuffle=False, callbacks=[zero], optimizer=keras.optimizers.SGD(0.05), **SETTINGS)
    two = small_model(5)
    fit(two, TRAIN, epochs=1, shuffle=False, optimizer=keras.optimizers.SGD(0.05), **SETTINGS)
    assert_same(one.get_weights(), two.get_weights())


def test_a_callback_that_trains_another_model():
    """Of the same architecture, so of the same program, which is in use: neither disturbs the other."""
    other = small_model(4)
    train_other = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: fit(other, TRAIN, epochs=1, **SETTINGS))
    _, weights = run(callbacks=[train_other])
    assert_same(weights, run()[1])
    alone = small_model(4)
    for _ in range(3):
        fit(alone, TRAIN, epochs=1, **SETTINGS)
    assert_same(alone.get_weights(), other.get_weights())


def test_averaged_weights_swapped_in_by_a_callback():
    """It reaches for the weights through the optimizer."""

    def averaging():
        return keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.9)

    def swap():
        return [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]

    one, twin = small_model(), small_model()
    for _ in range(2):  # the second time, by the program that is there
        one.set_weights(small_model().get_weights())
        fit(one, TRAIN, epochs=3, shuffle=False, optimizer=averaging(), callbacks=swap(), **SETTINGS)
    twin.compile(averaging(), for_compile(KINDS), run_eagerly=True)
    twin.fit(TRAIN.features, TRAIN.labels, batch_size=BATCH, epochs=3, shuffle=False, verbose=0, callbacks=swap())
    assert_close(one.get_weights(), twin.get_weights())


def test_the_model_has_its_weights_back_after_an_error():
    one = small_model()
    with pytest.raises(Killed):
        fit(one, TRAIN, epochs=3, callbacks=[KillAfter(2)], **SETTINGS)
    assert_same(one.get_weights(), run(epochs=2)[1])
    assert not hasattr(one, "optimizer")  # as before; the one that trained is not left behind
