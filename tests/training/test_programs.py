"""Compiled programs: one for all models of an architecture, none in two hands at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from comparing import assert_same
from small_runs import KINDS, MASKED, SETTINGS, SIZES, TRAIN, VALID, Killed, run_of, sample, small_model

from ple_tutorial.backend import keras
from ple_tutorial.data import TaskData
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.training import compilations, fit, predict
from ple_tutorial.training.programs import Programs


def test_one_program_for_all_data_of_one_shape(cgc):
    """Other weights, data, masks, seeds, learning rates and loss weights run what is compiled already."""
    run_of(cgc, TRAIN)
    before = compilations()
    first, weights = run_of(cgc, TRAIN)
    run_of(cgc, sample(5), VALID, seed=3, learning_rate=1e-4, loss_weights={"a": 0.1}, patience=1)
    run_of(cgc, MASKED, epochs=1, shuffle=False)
    again, same_weights = run_of(cgc, TRAIN)  # the optimizer's state and learning rate started anew
    assert first.equals(again)
    assert_same(weights, same_weights)
    fresh = build_model("cgc", **SIZES, seed=8)  # another model of the architecture, with weights of its own
    fit(fresh, TRAIN, **SETTINGS)
    assert compilations() == before


@pytest.mark.parametrize(
    "settings",
    [
        {"architecture": "ple", "levels": 2, "gate_columns": (1, 2)},
        {"architecture": "sluice", "levels": 2},
        {"architecture": "cgc", "detach_others": True},
    ],
    ids=["take", "stack", "stop_gradient"],
)
def test_operations_that_keras_numbers_are_compiled_once(settings):
    """Such a model contains ``keras.ops``, of which Keras calls the second in a process by another name."""
    before = compilations()
    for seed in (0, 1):
        fit(build_model(**settings, **SIZES, seed=seed), TRAIN, **SETTINGS)
    assert compilations() == before + 1


def test_other_columns_of_gates_are_another_program():
    before = compilations()
    for columns in ((1, 2), (1, 3)):
        fit(build_model("mmoe", gate_columns=columns, **SIZES), TRAIN, **SETTINGS)
    assert compilations() == before + 2


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
    one, other = small_model(), small_model(1)
    before = other.get_weights()
    fit(one, TRAIN, epochs=2, **SETTINGS)
    assert_same(other.get_weights(), before)
    trained = one.get_weights()
    fit(other, TRAIN, epochs=1, **SETTINGS)
    assert_same(one.get_weights(), trained)


# Threads


class SlowToRemove(list):
    """A list that leaves another thread much time between a look at it and a removal."""

    def pop(self, index):
        time.sleep(0.3)
        return super().pop(index)


def test_no_program_is_lent_to_two_threads():
    programs, lent, together = Programs(), [], threading.Barrier(2, timeout=5)
    with programs.borrow("cgc", object):
        pass
    programs._free = SlowToRemove(programs._free)

    def borrow(_):
        together.wait()
        with programs.borrow("cgc", object) as program:
            lent.append(program)
            together.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(borrow, range(2)))
    assert lent[0] is not lent[1]
    assert len(programs) == 2


def test_two_threads_train_one_architecture():
    """Each model ends as it does alone, though both train at the same time, again and again."""

    def trained(seed):
        model = small_model(seed)
        fit(model, TRAIN, epochs=20, seed=seed, **SETTINGS)
        return model.get_weights()

    seeds = range(6)
    alone = [trained(seed) for seed in seeds]
    before = compilations()
    with ThreadPoolExecutor(2) as pool:
        for one, other in zip(alone, pool.map(trained, seeds), strict=True):
            assert_same(one, other)
    assert compilations() <= before + 1  # both programs are kept for the next pair


def test_the_cache_has_a_limit():
    programs, made = Programs(limit=2), []

    def use(key):
        with programs.borrow(key, lambda: made.append(key) or key) as program:
            assert program == key

    for key in ("a", "b", "a", "c", "a", "b"):  # c takes the place of b, which was used least recently
        use(key)
    assert made == ["a", "b", "c", "b"]
    assert len(programs) == 2
    programs.clear()
    assert len(programs) == 0


def test_a_program_comes_back_after_an_error():
    programs = Programs()
    with pytest.raises(Killed), programs.borrow("a", object):
        raise Killed
    assert len(programs) == 1
    with pytest.raises(ZeroDivisionError), programs.borrow("b", lambda: 1 / 0):
        pass
    assert len(programs) == 1
