"""Gate weights by value, their names in order, and their summary."""

import numpy as np
import pytest

from ple_tutorial.backend import keras
from ple_tutorial.data import TaskData
from ple_tutorial.gates import GateWeights, gate_weights, summarise
from ple_tutorial.models import build_model

KINDS = {"z": "regression", "a": "binary", "never_married": "binary"}
DATA = TaskData(np.random.default_rng(0).standard_normal((7, 4)), {task: np.zeros(7) for task in KINDS}, KINDS)
OWN = {"z": 1, "a": 2, "never_married": 1}
SHARED = ("shared_1", "shared_2")
NAMES = {"z": ("z_1", *SHARED), "a": ("a_1", "a_2", *SHARED), "never_married": ("never_married_1", *SHARED)}


@pytest.fixture(scope="module")
def ple():
    model = build_model("ple", features=4, tasks=KINDS, shared_experts=2, task_experts=OWN, levels=2, expert_units=[5])
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 1, w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def readings(ple):
    return gate_weights(ple, DATA)


def test_every_gate_with_the_names_of_its_experts(readings):
    found = {(reading.level, reading.gate): reading.experts for reading in readings}
    lower = {(1, task): names for task, names in NAMES.items()}
    shared = {(1, "shared"): ("z_1", "a_1", "a_2", "never_married_1", *SHARED)}
    assert found == lower | shared | {(2, task): names for task, names in NAMES.items()}
    assert [(reading.level, reading.gate) for reading in readings] == [
        *((1, stream) for stream in (*KINDS, "shared")),
        *((2, task) for task in KINDS),
    ]


def test_weights_are_the_softmax_of_the_selector(ple, readings):
    for reading in readings:
        selector = DATA.features
        if reading.level == 2:
            selector = keras.Model(ple.input, ple.get_layer(f"level1_{reading.gate}_mix").output)(DATA.features).numpy()
        (kernel,) = ple.get_layer(f"level{reading.level}_{reading.gate}_gate").get_weights()
        powers = np.exp(selector.astype(float) @ kernel)
        expected = powers / powers.sum(axis=1, keepdims=True)
        assert reading.weights.shape == (7, len(reading.experts))
        np.testing.assert_allclose(reading.weights, expected, rtol=1e-4, atol=1e-7)


def test_batches_change_nothing(ple, readings):
    for one, other in zip(readings, gate_weights(ple, DATA, batch_size=3), strict=True):
        assert (one.level, one.gate, one.experts) == (other.level, other.gate, other.experts)
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-5, atol=1e-7)


def test_numbers_and_codes_and_a_scarce_task():
    mask = {"a": np.arange(7) == 0}  # in batches of three, two have no sample of the task
    codes = np.random.default_rng(2).integers(0, 3, (7, 2))
    labels = {task: np.zeros(7) for task in ("z", "a")}
    data = TaskData(
        {"numeric": DATA.features, "codes": codes}, labels, {"z": "regression", "a": "binary"}, mask, (3, 3)
    )
    model = build_model("mmoe", features=data.spec, tasks=data.kinds, shared_experts=3)
    (first, second) = gate_weights(model, data, batch_size=3)
    assert (first.gate, second.gate) == ("z", "a")
    x = model.get_layer("tabular")([data.features["numeric"], data.features["codes"]])
    np.testing.assert_allclose(first.weights, model.get_layer("level1_z_gate")(x), rtol=1e-5)


@pytest.mark.parametrize("experts", [1, 2])
def test_a_model_of_one_gate(experts):
    model = build_model("mmoe", features=4, tasks={"z": "regression"}, shared_experts=experts)
    (reading,) = gate_weights(model, DATA.only("z"))
    assert reading.experts == SHARED[:experts]
    np.testing.assert_allclose(reading.weights.sum(axis=1), 1, rtol=1e-6)
    assert np.isnan(summarise([reading])["entropy"]).all() == (experts == 1)


def test_a_model_without_gates_is_refused():
    model = build_model("hard-sharing", features=4, tasks=KINDS)
    with pytest.raises(ValueError, match=r"model: expected one of build_model with gates .* got 'hard_sharing'"):
        gate_weights(model, DATA)


# Summary

UNIFORM = GateWeights(1, "z", ("z_1", "z_2", "shared_1", "shared_2"), np.full((3, 4), 0.25, np.float32))
ONE_HOT = GateWeights(2, "a", ("a_1", "shared_1", "shared_2"), np.eye(3, dtype=np.float32))
MIXED = GateWeights(1, "a", ("a_1", "shared_1"), np.array([[0.5, 0.5], [1, 0], [0.75, 0.25], [0.25, 0.75]], np.float32))


def test_summary_by_value():
    table = summarise([UNIFORM, ONE_HOT, MIXED])
    assert list(table.columns) == ["level", "gate", "expert", "mean", "std", "entropy"]
    assert list(table["expert"]) == [*UNIFORM.experts, *ONE_HOT.experts, *MIXED.experts]
    assert list(table["level"]) == [1] * 4 + [2] * 3 + [1] * 2
    assert list(table["gate"]) == ["z"] * 4 + ["a"] * 5
    assert list(table["mean"]) == pytest.approx([0.25] * 4 + [1 / 3] * 3 + [0.625, 0.375])
    spread = np.std([0.5, 1, 0.75, 0.25])
    assert list(table["std"]) == pytest.approx([0] * 4 + [np.sqrt(2) / 3] * 3 + [spread] * 2)
    of_mixed = np.mean([1, 0, *[-(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))] * 2])
    assert list(table["entropy"]) == pytest.approx([1] * 4 + [0] * 3 + [of_mixed] * 2)


def test_entropy_is_of_each_sample_and_not_of_the_mean():
    """Each sample picks one expert, and each another: the gate is sharp, though its mean weights are equal."""
    assert set(summarise([ONE_HOT])["entropy"]) == {0.0}
    assert set(summarise([ONE_HOT])["mean"].round(6)) == {0.333333}


def test_share_of_a_group(readings):
    assert np.array_equal(UNIFORM.share_of("shared"), [0.5, 0.5, 0.5])
    assert np.array_equal(ONE_HOT.share_of("a"), [1, 0, 0])
    assert np.array_equal(MIXED.share_of("shared"), [0.5, 0, 0.25, 0.75])
    married = next(reading for reading in readings if reading.gate == "never_married")
    np.testing.assert_allclose(married.share_of("never_married") + married.share_of("shared"), 1, rtol=1e-6)
    with pytest.raises(ValueError, match=r"group: expected one of \['a', 'shared'\], got 'z'"):
        MIXED.share_of("z")
