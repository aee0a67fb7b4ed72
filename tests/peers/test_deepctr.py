"""DeepCTR's PLE, MMOE and SharedBottom with this package's weights in them: the same outputs. Run by `make peers`.

Of equal sizes, and with ``gate_dnn_hidden_units=()``, the two packages mean the same networks: a gate is a linear layer
without bias and a softmax, it reads the stream of its own level, it weighs the own experts first and then the shared
ones (the shared gate: those of all tasks first), and on its last level a PLE has no shared gate. DeepCTR's PLE of one
level is CGC. All its levels have experts of one width, all its tasks equally many.
"""

from dataclasses import dataclass
from itertools import combinations
from unittest import mock

import numpy as np
import pytest

from ple_tutorial.backend import keras, tf
from ple_tutorial.models import build_model

# On import DeepCTR starts a thread that asks PyPI for a newer version. Only the set-up may need the network: no thread
# starts here.
with mock.patch("threading.Thread.start"):
    pytest.importorskip("deepctr", reason="DeepCTR is not installed; `make peers` makes an environment with it")
    from deepctr.feature_column import DenseFeat
    from deepctr.models import MMOE, PLE, SharedBottom

TWO = {"watch": "regression", "like": "binary"}
THREE = TWO | {"comment": "regression"}
EXPERT, TOWER = (6, 4), (3,)
CASES = {
    "hard sharing": {"architecture": "hard-sharing", "tasks": THREE},
    "MMoE": {"architecture": "mmoe", "tasks": THREE, "shared": 3},
    "CGC": {"architecture": "cgc", "tasks": TWO, "shared": 2, "own": 2},
    "PLE of 2 levels": {"architecture": "ple", "tasks": TWO, "shared": 2, "own": 2, "levels": 2},
    "PLE of 3 levels": {"architecture": "ple", "tasks": THREE, "shared": 2, "own": 3, "levels": 3},
}
X = np.random.default_rng(1).normal(size=(500, 5)).astype(np.float32)


@dataclass
class Pair:
    """Two models of the same sizes, and what in DeepCTR's is what in ours."""

    ours: keras.Model
    theirs: keras.Model
    tasks: tuple
    experts: dict  # {a group of ours: DeepCTR's experts, in order}
    gates: dict  # {a gate of ours: DeepCTR's gate}


def pair(architecture, tasks, shared=1, own=1, levels=1):
    """The two models, each with the weights that its package starts it with."""
    counts = {"shared_experts": shared, "task_experts": own, "levels": levels}
    sizes = {"expert_units": EXPERT, "tower_units": TOWER}
    ours = build_model(architecture, features=X.shape[1], tasks=tasks, **counts, **sizes)
    columns = [DenseFeat("x", X.shape[1])]
    common = {"tower_dnn_hidden_units": TOWER, "task_names": list(tasks), "task_types": list(tasks.values())}
    gated = common | {"expert_dnn_hidden_units": EXPERT, "gate_dnn_hidden_units": ()}
    experts, gates = {}, {}
    if architecture == "hard-sharing":
        theirs = SharedBottom(columns, bottom_dnn_hidden_units=EXPERT, **common)
        experts["level1_shared_experts"] = [feeding(theirs, "tower_watch").name]
    elif architecture == "mmoe":
        theirs = MMOE(columns, num_experts=shared, **gated)
        experts["level1_shared_experts"] = [f"expert_{i}" for i in range(shared)]
        gates = {f"level1_{task}_gate": f"gate_softmax_{task}" for task in tasks}
    else:
        theirs = PLE(columns, shared_expert_num=shared, specific_expert_num=own, num_levels=levels, **gated)
        for n in range(levels):
            level, its = f"level{n + 1}", f"level_{n}"
            for task in tasks:
                experts[f"{level}_{task}_experts"] = [f"{its}_task_{task}_expert_specific_{i}" for i in range(own)]
                gates[f"{level}_{task}_gate"] = f"{its}_gate_softmax_specific_{task}"
            experts[f"{level}_shared_experts"] = [f"{its}_expert_shared_{i}" for i in range(shared)]
            if n + 1 < levels:
                gates[f"{level}_shared_gate"] = f"{its}_gate_softmax_shared"
    return Pair(ours, theirs, tuple(tasks), experts, gates)


def feeding(model, name):
    """The layer that the named one reads; DeepCTR gives some of its layers no name."""
    (layer,) = [layer for layer in model.layers if layer.output is model.get_layer(name).input]
    return layer


def copy_weights(both):
    """Ours into DeepCTR's, by the names of the layers: all of ours, and no other."""
    ours, theirs = both.ours.get_layer, both.theirs.get_layer
    assert both.theirs.count_params() == both.ours.count_params()
    both.theirs.set_weights([np.full(w.shape, np.nan) for w in both.theirs.get_weights()])  # what is left out shows
    for group, names in both.experts.items():
        for number, name in enumerate(names):
            kernels = [k[:, number] if i == 0 else k[number] for i, k in enumerate(ours(group).kernels)]
            fill(theirs(name), kernels, [bias[number] for bias in ours(group).biases])
    for gate, name in both.gates.items():
        theirs(name).kernel.assign(ours(gate).kernel)
    for task in both.tasks:
        layers = [ours(f"{task}_tower_{i}") for i in range(len(TOWER))]
        fill(theirs(f"tower_{task}"), [layer.kernel for layer in layers], [layer.bias for layer in layers])
        feeding(both.theirs, task).kernel.assign(ours(task).kernel)
        theirs(task).global_bias.assign(ours(task).bias)


def fill(dnn, kernels, biases):
    for variable, value in zip([*dnn.kernels, *dnn.bias], [*kernels, *biases], strict=True):
        variable.assign(value)


def copied(case):
    """The pair with the same random weights in both; biases too, so that nothing is right by being zero."""
    both, rng = pair(**CASES[case]), np.random.default_rng(0)
    both.ours.set_weights([rng.normal(0, 0.7, w.shape) for w in both.ours.get_weights()])
    copy_weights(both)
    return both


def largest_difference(both):
    """Between the two models' outputs, over tasks and rows."""
    outputs = both.ours(X)
    ours, theirs = np.hstack([outputs[task] for task in both.tasks]), np.hstack(both.theirs([X]))
    assert ours.shape == theirs.shape == (len(X), len(both.tasks))
    assert (ours.std(axis=0) > 0.01).all(), "outputs that hardly vary would agree whatever the model"
    return float(np.abs(ours - theirs).max())


@pytest.mark.parametrize("case", CASES)
def test_same_weights_same_outputs(case, record_property):
    difference = largest_difference(copied(case))
    record_property("largest difference", difference)
    print(f"{case}: the outputs differ by at most {difference:.1e}")
    assert difference < 1e-5


@pytest.mark.parametrize(
    ("case", "one", "other"),
    [
        ("MMoE", "expert_0", "expert_2"),
        ("MMoE", "gate_softmax_watch", "gate_softmax_comment"),
        ("CGC", "level_0_task_like_expert_specific_0", "level_0_task_like_expert_specific_1"),
        ("CGC", "level_0_task_like_expert_specific_0", "level_0_expert_shared_0"),
        ("PLE of 2 levels", "level_0_task_watch_expert_specific_0", "level_0_task_like_expert_specific_0"),
        ("PLE of 2 levels", "level_0_expert_shared_0", "level_0_expert_shared_1"),
        ("PLE of 2 levels", "level_0_gate_softmax_specific_watch", "level_0_gate_softmax_specific_like"),
        ("PLE of 3 levels", "level_1_expert_shared_0", "level_2_expert_shared_0"),
    ],
)
def test_a_wrong_copy_is_seen(case, one, other):
    """The control: two of DeepCTR's layers change places."""
    both = copied(case)
    one, other = both.theirs.get_layer(one), both.theirs.get_layer(other)
    weights = one.get_weights()
    one.set_weights(other.get_weights())
    other.set_weights(weights)
    assert largest_difference(both) > 0.01


def test_a_wrong_order_of_experts_is_seen():
    """The control for the shared gate: the shared experts' weights first."""
    both = copied("PLE of 2 levels")
    gate = both.theirs.get_layer("level_0_gate_softmax_shared")
    gate.kernel.assign(np.roll(gate.kernel, 2, axis=1))
    assert largest_difference(both) > 0.01


def gate_gradients(model, names):
    """The gradient of the summed mean squares of all outputs by each gate's kernel."""
    rows = keras.tree.map_structure(lambda _: X, model.input)
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_mean(y**2) for y in keras.tree.flatten(model(rows))])
    return [g.numpy() for g in tape.gradient(loss, [model.get_layer(name).kernel.value for name in names])]


@pytest.mark.parametrize("case", [case for case in CASES if case != "hard sharing"])
def test_deepctr_starts_with_equal_experts_and_this_package_does_not(case):
    """Equal experts leave their gate without a gradient.

    How it comes about, in DeepCTR 0.9.4: ``models/multitask/ple.py`` (lines 71-74 and 80-83) and ``mmoe.py`` (line 66)
    hand every expert the model's one ``seed``. The expert, ``DNN`` in ``layers/core.py`` (lines 164-170), draws each of
    its kernels from a new ``glorot_normal(seed=self.seed)``. That is TensorFlow's, which with a seed draws without a
    state: the seed and the shape alone decide. So all experts of a level start with the same kernels, whatever their
    group and whatever number the seed is (None is a TypeError); the biases are zeros. If all f_i are the same f, then
    sum_i g_i f_i = f for any gate weights, as they sum to one: the loss does not depend on the gate, whose gradient is
    zero but for rounding. On the levels above it is the same again, since all their streams are equal too.

    It is the start and not the wiring: with this package's start in DeepCTR's model, its gates have the gradients of ours.
    """
    both = pair(**CASES[case])
    for level in range(1, CASES[case].get("levels", 1) + 1):
        groups = [group for group in both.experts if group.startswith(f"level{level}_")]
        first, *others = [both.theirs.get_layer(name).get_weights() for group in groups for name in both.experts[group]]
        assert others
        for expert in others:
            assert all(np.array_equal(a, b) for a, b in zip(first, expert, strict=True))
    for group, names in both.experts.items():
        first_layer, second_layer = both.ours.get_layer(group).kernels
        for i, j in combinations(range(len(names)), 2):
            assert np.abs(first_layer[:, i] - first_layer[:, j]).max() > 0.1
            assert np.abs(second_layer[i] - second_layer[j]).max() > 0.1

    equal, different = gate_gradients(both.theirs, both.gates.values()), gate_gradients(both.ours, both.gates)
    copy_weights(both)
    after_copy = gate_gradients(both.theirs, both.gates.values())
    sizes = [max(np.abs(g).max() for g in gradients) for gradients in (equal, different)]
    print(f"{case}: the largest gradient of a gate at the start is {sizes[0]:.0e} in DeepCTR, {sizes[1]:.0e} here")
    for without, ours, theirs in zip(equal, different, after_copy, strict=True):
        assert np.abs(without).max() < 1e-3 * np.abs(ours).max()
        np.testing.assert_allclose(theirs, ours, atol=1e-4 * np.abs(ours).max())
