"""Models: what each task's loss can reach, who sees whom, initial weights. (Values: test_reference.py; files: test_keras.py.)"""

import itertools

import numpy as np
import pytest
from reference import Reference

from ple_tutorial.backend import keras, tf
from ple_tutorial.data import FeatureSpec
from ple_tutorial.layers import Experts, Gate
from ple_tutorial.models import build_model
from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL, Level, Mixer, Routing, routing

KINDS = {"z": "regression", "a": "binary", "m": "regression"}  # not in the order of the alphabet
OWN = {"z": 2, "a": 1, "m": 3}
X = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
SIZES = {"features": 4, "tasks": KINDS, "shared_experts": 2, "task_experts": OWN, "activation": "tanh"}


def randomised(model, seed=1):
    """Random weights, biases too, so that nothing is right by being zero."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def ple():
    """Two levels, of deep experts below and one-layer experts above, three tasks with expert numbers of their own."""
    return randomised(build_model("ple", levels=2, expert_units=[[5, 3], [4]], tower_units=[3, 2], **SIZES))


@pytest.fixture(scope="module")
def single_level():
    return {
        name: randomised(build_model(name, expert_units=[5, 3], tower_units=[3], **SIZES))
        for name in ("single-task", "hard-sharing", "mmoe", "cgc")
    }


def test_levels_of_hard_sharing_are_one_deep_bottom():
    deep = randomised(build_model("hard-sharing", expert_units=[5, 3], **SIZES))
    stacked = build_model("hard-sharing", levels=2, expert_units=[[5], [3]], **SIZES)
    weights = deep.get_weights()
    weights[2] = weights[2].swapaxes(0, 1)  # (experts, in, out) below the top, (in, experts, out) as a first layer
    stacked.set_weights(weights)
    for task, y in deep(X).items():
        np.testing.assert_allclose(stacked(X)[task], y, rtol=1e-5, atol=1e-6)


def test_numbers_and_codes():
    spec, codes = FeatureSpec(4, (3, 5)), np.array([[0, 4], [2, 0], [1, 3], [2, 2], [0, 0], [1, 4]])
    model = randomised(build_model("cgc", **SIZES | {"features": spec}, embedding=2))
    table = model.get_layer("tabular").get_weights()[0]
    assert table.shape == (8, 2)
    wide = np.stack(
        [np.concatenate([x, table[first], table[3 + second]]) for x, (first, second) in zip(X, codes, strict=True)]
    )
    weights = {variable.path: variable.numpy() for variable in model.weights}
    expected, _ = Reference(weights, KINDS, shared=2, own=OWN).predict("cgc", wide)
    for task, y in model({"numeric": X, "codes": codes}).items():
        np.testing.assert_allclose(y[:, 0], expected[task], atol=2e-6)


def test_each_gate_weight_belongs_to_the_expert_of_its_name(ple):
    """Expert k puts out k, a gate looks at one expert alone: out comes the number of the expert of that name."""
    model = build_model("ple", levels=2, expert_units=[3], tower_units=[], **SIZES | {"activation": "linear"})
    numbers = {}
    for layer in model.layers:
        if isinstance(layer, Experts):
            level, group = layer.name.removeprefix("level").removesuffix("_experts").split("_")
            constants = 1.0 + len(numbers) + np.arange(layer.count)
            numbers |= {(int(level), f"{group}_{i + 1}"): c for i, c in enumerate(constants)}
            layer.set_weights([np.zeros(layer.kernels[0].shape), np.repeat(constants[:, None], 3, axis=1)])
    gates = [layer for layer in model.layers if isinstance(layer, Gate)]
    table, ones = routing("ple", KINDS, shared_experts=2, task_experts=OWN, levels=2), np.ones((2, 4), np.float32)
    assert len(gates) == 7
    for gate in gates:
        level, stream = gate.name.removeprefix("level").removesuffix("_gate").split("_")
        assert gate.experts == table.expert_names(int(level), stream)
        mixed = keras.Model(model.input, model.get_layer(f"level{level}_{stream}_mix").output)
        for k, name in enumerate(gate.experts):
            kernel = np.zeros(gate.kernel.shape)
            kernel[:, k] = 100.0
            gate.set_weights([kernel])
            assert np.array_equal(mixed(ones), np.full((2, 3), numbers[int(level), name]))


# Who sees whom


def reached(model, task):
    """The layers that have a gradient of the task's output: {layer: largest absolute value, exactly}."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(X)[task] ** 2)
    tensors = [variable.value for variable in model.trainable_variables]
    gradients = tape.gradient(loss, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    sizes = {}
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        layer = variable.path.rsplit("/", 1)[0]
        sizes[layer] = max(sizes.get(layer, 0.0), float(np.abs(gradient.numpy()).max()))
    return {layer for layer, size in sizes.items() if size != 0}


@pytest.mark.parametrize("task", KINDS)
def test_what_a_loss_reaches_on_one_level(task, single_level):
    own = {f"{task}_tower_0", task}
    shared = {"level1_shared_experts"}
    assert reached(single_level["single-task"], task) == own | {f"level1_{task}_experts"}
    assert reached(single_level["hard-sharing"], task) == own | shared
    assert reached(single_level["mmoe"], task) == own | shared | {f"level1_{task}_gate"}
    assert reached(single_level["cgc"], task) == own | shared | {f"level1_{task}_gate", f"level1_{task}_experts"}


@pytest.mark.parametrize("task", KINDS)
def test_what_a_loss_reaches_in_ple(task, ple):
    """Another task's experts of the lower level, through the shared gate; nothing else of that task."""
    lower = {f"level1_{group}_experts" for group in (*KINDS, "shared")} | {f"level1_{task}_gate", "level1_shared_gate"}
    upper = {f"level2_{task}_experts", "level2_shared_experts", f"level2_{task}_gate"}
    assert reached(ple, task) == lower | upper | {f"{task}_tower_0", f"{task}_tower_1", task}


@pytest.mark.parametrize("task", KINDS)
def test_a_task_gate_sees_its_own_and_the_shared_experts_alone(task, single_level):
    """Any change of an expert that the gate sees moves the task, any change of another leaves it as it was, exactly."""
    model = single_level["cgc"]
    before, weights = model(X), model.get_weights()
    for group in (*KINDS, "shared"):
        layer = model.get_layer(f"level1_{group}_experts")
        for expert in range(layer.count):
            bias = layer.biases[1].numpy()
            bias[expert] += 1
            layer.biases[1].assign(bias)
            assert np.array_equal(model(X)[task], before[task]) == (group not in (task, "shared"))
            model.set_weights(weights)


def test_the_last_level_has_no_shared_gate():
    model = build_model("ple", levels=3, **SIZES)
    gates = [layer.name for layer in model.layers if isinstance(layer, Gate)]
    lower = [f"level{level}_{stream}_gate" for level in (1, 2) for stream in (*KINDS, "shared")]
    assert sorted(gates) == sorted([*lower, *(f"level3_{task}_gate" for task in KINDS)])


def test_gates_of_the_second_level_read_their_own_stream(ple):
    """Equal streams give equal gate weights, whatever the features; that is not so for a gate that reads those."""
    for stream in KINDS:
        gate = ple.get_layer(f"level2_{stream}_gate")
        readout = keras.Model(ple.input, [ple.get_layer(f"level1_{stream}_mix").output, gate.output])
        own, weights = readout(X)
        np.testing.assert_allclose(tf.nn.softmax(own @ gate.kernel), weights, rtol=1e-5)


def test_a_gate_that_reads_the_features():
    lower = Level({"shared": 2}, {"a": Mixer("gate", ("shared",)), "shared": Mixer("gate", ("shared",))})
    upper = Level({"shared": 2}, {"a": Mixer("gate", ("shared",), reads="features")})
    model = build_model(Routing("own table", ("a",), (lower, upper)), features=4, tasks={"a": "regression"})
    assert model.get_layer("level2_a_gate").kernel.shape == (4, 2)
    assert "level1_a_gate" not in {layer.name for layer in model.layers}  # nothing reads its stream


@pytest.mark.parametrize("architecture", ["mmoe", "ml-mmoe", "cgc", "ple"])
def test_gates_read_the_chosen_columns_alone(architecture):
    """Other columns move the predictions and no gate weight; every gate has a row of its kernel for each chosen column."""
    levels = 1 if architecture in ONE_LEVEL else 2
    model = randomised(build_model(architecture, levels=levels, gate_columns=(3, 1), **SIZES))
    gates = [layer for layer in model.layers if isinstance(layer, Gate)]
    assert {layer.kernel.shape[0] for layer in gates} == {2}
    weights = keras.Model(model.input, [layer.output for layer in gates])
    other = X + np.array([1.0, 0.0, 1.0, 0.0], np.float32)
    for one, same in zip(weights(X), weights(other), strict=True):
        np.testing.assert_array_equal(one, same)
    assert np.abs(model(X)["z"] - model(other)["z"]).max() > 0.1
    np.testing.assert_allclose(weights(X)[0], tf.nn.softmax(X[:, [3, 1]] @ gates[0].kernel.numpy()), rtol=1e-5)


@pytest.mark.parametrize("architecture", ["hard-sharing", "customized", "sluice", "ple"])
def test_towers_are_told_the_chosen_columns_and_nothing_else_is(architecture):
    """The first layer of each tower has a row of its kernel for each chosen column; with zeros there the columns say nothing."""
    levels = 1 if architecture in ONE_LEVEL else 2
    told = randomised(build_model(architecture, levels=levels, tower_columns=(3, 1), **SIZES))
    plain = build_model(architecture, levels=levels, **SIZES)
    first = {f"{task}_tower_0/kernel" for task in KINDS}
    given = {variable.path: variable.numpy() for variable in told.weights}
    for variable in plain.weights:
        value = given[variable.path]
        variable.assign(value[:-2] if variable.path in first else value)
    for task, y in told(X).items():
        assert np.abs(y - plain(X)[task]).max() > 0.01
    for variable in told.weights:
        if variable.path in first:
            variable.assign(np.vstack([given[variable.path][:-2], np.zeros_like(given[variable.path][-2:])]))
    for task, y in told(X).items():
        np.testing.assert_allclose(y, plain(X)[task], rtol=1e-5, atol=1e-6)
    # The rows of the kernel belong to the columns in the order in which they were named.
    tower = keras.Model(told.input, told.get_layer(f"{next(iter(KINDS))}_tower_told").output)
    np.testing.assert_array_equal(tower(X)[:, -2:], X[:, [3, 1]])


def test_ple_of_one_level_is_cgc():
    one, other = (build_model(name, levels=1, seed=3, **SIZES) for name in ("ple", "cgc"))
    assert [v.path for v in one.weights] == [v.path for v in other.weights]
    for task, y in one(X).items():
        assert np.array_equal(y, other(X)[task])


def test_a_table_and_its_name_build_the_same_model():
    table = routing("ple", KINDS, shared_experts=2, task_experts=OWN, levels=2)
    for one, other in zip(
        build_model(table, features=4, tasks=KINDS).get_weights(),
        build_model("ple", levels=2, **SIZES).get_weights(),
        strict=True,
    ):
        assert np.array_equal(one, other)


# Initial weights


def kernels(model):
    return {v.path: v.numpy() for v in model.weights if "bias" not in v.name}


def test_seeds():
    one, same, other = (kernels(build_model("ple", levels=2, seed=seed, **SIZES)) for seed in (5, 5, 6))
    assert one.keys() == other.keys()
    for path, kernel in one.items():
        assert np.array_equal(kernel, same[path])
        assert not np.array_equal(kernel, other[path])
    for (path, kernel), (twin, another) in itertools.combinations(one.items(), 2):
        assert kernel.shape != another.shape or not np.array_equal(kernel, another), f"{path} and {twin} start equal"


def test_layers_of_equal_name_and_shape_start_equal_in_every_architecture():
    each = {name: kernels(build_model(name, expert_units=[5], tower_units=[3], **SIZES)) for name in ARCHITECTURES}
    for one, other in itertools.combinations(each.values(), 2):
        common = [path for path in one.keys() & other.keys() if one[path].shape == other[path].shape]
        assert {f"{task}/kernel" for task in KINDS} <= set(common)
        assert all(np.array_equal(one[path], other[path]) for path in common)
    assert np.array_equal(each["mmoe"]["level1_shared_experts/kernel_0"], each["ple"]["level1_shared_experts/kernel_0"])


def test_numbers_of_parameters_by_hand():
    tower = (8 * 3 + 3) + (3 + 1)  # from experts of 8 units
    expert = 10 * 8 + 8
    sizes = {"features": 10, "tasks": {"a": "binary", "b": "binary"}, "expert_units": [8], "tower_units": [3]}

    def parameters(name, **more):
        return build_model(name, **sizes, **more).count_params()

    assert parameters("single-task") == 2 * (expert + tower)
    assert parameters("hard-sharing") == expert + 2 * tower
    assert parameters("mmoe", shared_experts=4) == 4 * expert + 2 * (10 * 4) + 2 * tower
    assert (
        parameters("cgc", shared_experts=3, task_experts={"a": 1, "b": 2}) == 6 * expert + 10 * 4 + 10 * 5 + 2 * tower
    )
    upper = 8 * 8 + 8
    assert (
        parameters("ple", shared_experts=3, task_experts=2, levels=2)
        == 7 * expert + 2 * (10 * 5) + 10 * 7 + 7 * upper + 2 * (8 * 5) + 2 * tower
    )
    # The MMoE paper, section 5.1: 100 features, 8 experts of 16 units, two towers of 8; it counts kernels without gates
    paper = build_model(
        "mmoe", features=100, tasks=sizes["tasks"], shared_experts=8, expert_units=[16], tower_units=[8]
    )
    counted = sum(np.prod(v.shape) for v in paper.weights if "kernel" in v.name and "gate" not in v.path)
    assert counted - 2 * 8 == 13_056  # less the towers' last layers


# What is put in and what comes out


def test_kinds_of_outputs():
    model = randomised(build_model("mmoe", **SIZES))
    before = keras.Model(model.input, {task: model.get_layer(task).input for task in KINDS})(X)
    for task, y in model(X).items():
        kernel, bias = model.get_layer(task).get_weights()
        line = before[task] @ kernel + bias
        np.testing.assert_allclose(y, tf.sigmoid(line) if task == "a" else line, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("own", [{"z": 1, "a": 0, "m": 0}, 0])
def test_tasks_without_experts_of_their_own(own):
    model = build_model("ple", levels=2, **SIZES | {"task_experts": own})
    assert {task: y.shape for task, y in model(X).items()} == dict.fromkeys(KINDS, (6, 1))


def test_one_expert_for_a_gate_is_quiet():
    """Keras warns of a softmax over one number, and warnings are errors here."""
    model = build_model("mmoe", **SIZES | {"shared_experts": 1})
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(X)["z"])
    assert not np.any(tape.gradient(loss, model.get_layer("level1_z_gate").kernel))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"architecture": "mmeo"}, ValueError, "architecture: .* did you mean 'mmoe'"),
        (
            {"architecture": routing("mmoe", ["a"])},
            ValueError,
            r"tasks: expected the tasks of the routing table, \['a'\]",
        ),
        ({"features": 0}, ValueError, "features: expected a whole number of at least 1, got 0"),
        ({"features": 2.5}, TypeError, "features: .* got 2.5"),
        ({"features": FeatureSpec(0)}, ValueError, "features: .* got 0"),
        ({"features": X}, TypeError, "features: expected a whole number"),
        ({"tasks": ["z"]}, TypeError, r"tasks: expected a dict .* got \['z'\]"),
        ({"tasks": {}}, ValueError, "tasks: expected at least one task"),
        ({"tasks": {"z": "binar"}}, ValueError, r"tasks\['z'\]: .* did you mean 'binary'"),
        ({"tasks": {"numeric": "binary"}}, ValueError, "tasks: .* got 'numeric'"),
        ({"shared_experts": 1.5}, TypeError, "shared_experts: .* got 1.5"),
        ({"task_experts": {"z": 1}}, ValueError, "task_experts: expected a number for each"),
        ({"levels": 0}, ValueError, "levels: .* got 0"),
        ({"expert_units": 16}, TypeError, "expert_units: expected a list of widths, .* got 16"),
        ({"expert_units": []}, TypeError, r"expert_units: .* got \[\]"),
        ({"expert_units": [[4], []]}, ValueError, "expert_units: expected at least one width on each level"),
        (
            {"expert_units": [[4]]},
            ValueError,
            r"expert_units: expected one list of widths for each of 2 level\(s\), got 1",
        ),
        ({"expert_units": [4.0]}, TypeError, "expert_units: .* got 4.0"),
        ({"expert_units": "16"}, TypeError, "expert_units: .* got '16'"),
        ({"expert_units": [[4], 4]}, TypeError, "expert_units: expected a list of widths, got 4"),
        ({"tower_units": 8}, TypeError, "tower_units: expected a list of widths, got 8"),
        ({"tower_units": [0]}, ValueError, "tower_units: .* got 0"),
        ({"embedding": 0, "features": FeatureSpec(1, (2,))}, ValueError, "embedding: .* got 0"),
        ({"seed": None}, TypeError, "seed: .* got None"),
        ({"activation": "rulu"}, ValueError, "activation: expected the name of a Keras activation, .* got 'rulu'"),
        ({"expert_units": {8}}, TypeError, r"expert_units: .* got \{8\}"),
        ({"expert_units": (n for n in [8])}, TypeError, "expert_units: .* got <generator"),
        ({"architecture": "sluice", "expert_units": [[4], [3]]}, ValueError, "expert_units: expected one last width"),
        ({"normalise_experts": 1}, TypeError, "normalise: expected True or False, got 1"),
        ({"gate_temperature": -1}, ValueError, "temperature: .* got -1"),
        ({"gate_dropout": 2}, ValueError, "dropout: .* got 2"),
        (
            {"gate_columns": [4]},
            ValueError,
            r"gate_columns: expected one or more of the columns 0 to 3, each once, got \[4\]",
        ),
        (
            {"tower_columns": [4]},
            ValueError,
            r"tower_columns: expected one or more of the columns 0 to 3, each once, got \[4\]",
        ),
        ({"tower_columns": [0, 0]}, ValueError, r"tower_columns: .* got \[0, 0\]"),
        ({"gate_columns": []}, ValueError, r"gate_columns: .* got \[\]"),
        ({"gate_columns": 1}, TypeError, "gate_columns: expected a list of columns, got 1"),
        ({"orthogonality": float("nan")}, ValueError, "orthogonality: .* got nan"),
        ({"own_residual": "yes"}, TypeError, "own_residual: .* got 'yes'"),
    ],
)
def test_refusals(change, error, message):
    with pytest.raises(error, match=message):
        build_model(**{"architecture": "ple", "levels": 2} | SIZES | change)


@pytest.mark.parametrize(("architecture", "own"), [("cross-stitch", 1), ("sluice", 2)])
def test_a_stitch_starts_near_the_experts_of_its_own_task(architecture, own):
    """0.9 on the expert that a combination continues, and the rest shared by the others; towers of a sluice read evenly."""
    tasks = ("z", "a", "m")
    model = build_model(architecture, features=3, tasks=dict.fromkeys(tasks, "binary"), levels=2)
    for number, task in enumerate(tasks):
        expected = np.full((own, 3 * own), 0.1 / (3 * own - 1))
        expected[range(own), range(number * own, (number + 1) * own)] = 0.9
        for level in (1, 2):
            np.testing.assert_allclose(model.get_layer(f"level{level}_{task}_stitch").alphas, expected, rtol=1e-6)
        if architecture == "sluice":
            np.testing.assert_allclose(model.get_layer(f"{task}_tower_reads").alphas, [[0.5, 0.5]])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_only_the_sub_spaces_of_a_sluice_network_are_penalised(architecture):
    """One term for each task on each level, and none where the weight is zero."""
    sizes = {"features": 3, "tasks": dict.fromkeys("zam", "binary"), "levels": 1 if architecture in ONE_LEVEL else 2}
    assert len(build_model(architecture, **sizes).losses) == (6 if architecture == "sluice" else 0)
    assert build_model(architecture, **sizes, orthogonality=0.0).losses == []
