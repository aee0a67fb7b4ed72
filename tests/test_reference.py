"""Every architecture against the reference of ``reference.py``: outputs and gate weights, over random sizes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import ARCHITECTURES as REFERENCES
from reference import Reference

from ple_tutorial.backend import keras, tf
from ple_tutorial.gates import gate_weights
from ple_tutorial.layers import Gate
from ple_tutorial.models import build_model
from ple_tutorial.routing import ARCHITECTURES, routing

ONE_LEVEL = {"asymmetric", "customized", "mmoe", "cgc"}
NAMES = ("z", "click_x", "click", "m")  # not in the order of the alphabet; one begins with another
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@st.composite
def networks(draw, architecture, activation="tanh"):
    """(arguments of build_model, arguments of Reference, rows)."""
    tasks = {name: draw(st.sampled_from(["binary", "regression"])) for name in NAMES[: draw(st.integers(2, 4))]}
    levels = 1 if architecture in ONE_LEVEL else draw(st.integers(1, 3))
    widths = st.lists(st.integers(1, 4), min_size=1, max_size=2)
    expert_units = [draw(widths) for _ in range(levels)]
    if architecture == "sluice":  # its towers read all levels
        expert_units = [[*units[:-1], expert_units[0][-1]] for units in expert_units]
    least = 1 if architecture != "cgc" and (architecture != "ple" or levels > 1) else 0
    shared = draw(st.integers(least, 3))
    own = {task: draw(st.integers(0 if shared else 1, 3)) for task in tasks}
    features = draw(st.integers(1, 6))
    towers = st.lists(st.integers(1, 3), max_size=2)
    model = {
        "architecture": architecture,
        "features": features,
        "tasks": tasks,
        "levels": levels,
        "shared_experts": shared,
        "task_experts": own,
        "expert_units": expert_units,
        "tower_units": draw(towers | st.fixed_dictionaries(dict.fromkeys(tasks, towers))),
        "gate_bias": draw(st.booleans()),
        "activation": activation,
    }
    rows = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(size=(draw(st.integers(1, 4)), features))
    return model, {"tasks": tasks, "shared": shared, "own": own, "levels": levels}, rows.astype(np.float32)


def built(arguments, seed=0):
    """The model with random weights, biases too, so that nothing is right by being zero."""
    model = build_model(**arguments)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.8, w.shape) for w in model.get_weights()])
    return model


def expected(model, arguments, sizes, rows, activation=math.tanh):
    weights = {variable.path: variable.numpy() for variable in model.weights}
    return Reference(weights, activation=activation, **sizes).predict(arguments["architecture"], rows)


def assert_predictions(outputs, wanted):
    assert list(outputs) == list(wanted)
    for task, column in wanted.items():
        np.testing.assert_allclose(np.asarray(outputs[task]), np.array(column)[:, None], err_msg=task, **CLOSE)


def assert_gates(model, rows, wanted):
    layers = {layer.name: layer.output for layer in model.layers if isinstance(layer, Gate)}
    assert set(layers) == {f"level{level}_{gate}_gate" for level, gate in wanted}
    if layers:
        readout = keras.Model(model.input, layers)(rows)
        for (level, gate), weights in wanted.items():
            np.testing.assert_allclose(readout[f"level{level}_{gate}_gate"], weights, err_msg=gate, **CLOSE)


def test_the_reference_has_every_architecture():
    assert set(REFERENCES) == set(ARCHITECTURES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_outputs_and_gate_weights(architecture):
    @settings(max_examples=20, derandomize=True, deadline=None, database=None)
    @given(networks(architecture))
    def check(network):
        arguments, sizes, rows = network
        model = built(arguments)
        outputs, gates = expected(model, arguments, sizes, rows)
        assert_predictions(model(rows), outputs)
        assert_gates(model, rows, gates)

    check()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # h5py under Keras
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_in_every_way_a_model_is_used(architecture, tmp_path):
    """Saved and loaded, compiled, in predict, for a batch of one: the same numbers, the reference's."""

    @settings(max_examples=1, derandomize=True, deadline=None, database=None)
    @given(networks(architecture, activation="relu"))
    def check(network):
        arguments, sizes, rows = network
        model = built(arguments, seed=1)
        outputs, gates = expected(model, arguments, sizes, rows, activation=lambda value: max(value, 0.0))
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert_predictions(loaded(rows), outputs)
        assert_gates(loaded, rows, gates)
        assert_predictions(tf.function(model, jit_compile=True)(tf.constant(rows)), outputs)
        assert_predictions(model.predict(rows, verbose=0), outputs)
        for i in range(len(rows)):
            assert_predictions(model(rows[i : i + 1]), {task: [column[i]] for task, column in outputs.items()})

    check()


def test_gate_weights_come_with_the_names_of_the_table():
    """What ``gate_weights`` reads is what the reference computes, and its names are the table's."""
    kinds = dict.fromkeys(("z", "a"), "regression")
    for architecture, levels in (("mmoe", 1), ("ml-mmoe", 3), ("cgc", 1), ("ple", 2)):
        arguments = {"architecture": architecture, "features": 3, "tasks": kinds, "levels": levels}
        arguments |= {"shared_experts": 2, "task_experts": {"z": 2, "a": 1}, "activation": "tanh"}
        model, rows = built(arguments), np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32)
        sizes = {"tasks": kinds, "shared": 2, "own": {"z": 2, "a": 1}, "levels": levels}
        _, wanted = expected(model, arguments, sizes, rows)
        table = routing(architecture, kinds, levels=levels, shared_experts=2, task_experts={"z": 2, "a": 1})
        readings = {(r.level, r.gate): r for r in gate_weights(model, data_of(rows, kinds))}
        assert set(readings) == set(wanted)
        for (level, gate), reading in readings.items():
            assert list(reading.experts) == table.expert_names(level, gate)
            np.testing.assert_allclose(reading.weights, wanted[level, gate], **CLOSE)


def data_of(rows, kinds):
    from ple_tutorial.data import TaskData

    return TaskData(rows, dict.fromkeys(kinds, np.zeros(len(rows))), kinds)
