"""Whose loss reaches whose experts, against what the routing tables say and against a finite difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reference import built, networks

from ple_tutorial.backend import keras, tf
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.diagnostics import reach, reach_by_table
from ple_tutorial.losses import task_loss
from ple_tutorial.models import build_model
from ple_tutorial.routing import ARCHITECTURES, routing

TASKS = {"a": "regression", "b": "regression"}


@pytest.fixture(scope="module")
def data():
    return make_synthetic(200, 0.0, features=6, seed=1)


def nothing_in(table, task):
    return {part for part in table.columns if table.loc[task, part] == 0}


@pytest.mark.parametrize(
    ("architecture", "options", "not_reached_by_a"),
    [
        ("single-task", {"levels": 2}, {"level1 b experts", "level2 b experts", "b tower"}),
        ("hard-sharing", {"levels": 2}, {"b tower"}),
        ("customized", {}, {"level1 b experts", "b tower"}),
        ("cross-stitch", {}, {"level1 b stitch", "b tower"}),
        ("cross-stitch", {"levels": 2}, {"level2 b stitch", "b tower"}),
        ("sluice", {"levels": 2}, {"level2 b stitch", "b tower"}),
        ("mmoe", {}, {"level1 b gate", "b tower"}),
        ("ml-mmoe", {"levels": 2}, {"level2 b gate", "b tower"}),
        ("cgc", {}, {"level1 b experts", "level1 b gate", "b tower"}),
        ("cgc", {"detach_others": True}, {"level1 b experts", "level1 b gate", "b tower"}),
        ("cgc", {"own_residual": True}, {"level1 b experts", "level1 b gate", "level1 b residual", "b tower"}),
        ("cgc", {"shared_experts": 0, "task_experts": 2}, {"level1 b experts", "level1 b gate", "b tower"}),
        ("ple", {"levels": 2}, {"level1 b gate", "level2 b experts", "level2 b gate", "b tower"}),
        # with a third level, b's gate of level 1 and its experts of level 2 lie under the shared gate of level 2
        ("ple", {"levels": 3}, {"level2 b gate", "level3 b experts", "level3 b gate", "b tower"}),
    ],
)
def test_exact_zeros_where_no_path_leads(data, architecture, options, not_reached_by_a):
    table = reach(build_model(architecture, features=6, tasks=TASKS, **options), data)
    mirrored = {"a": "b", "b": "a"}
    not_reached_by_b = {" ".join(mirrored.get(word, word) for word in part.split()) for part in not_reached_by_a}
    assert nothing_in(table, "a") == not_reached_by_a
    assert nothing_in(table, "b") == not_reached_by_b
    assert list(table.index) == ["a", "b"]


def test_asymmetric_sharing_gives_in_one_direction(data):
    table = reach(build_model("asymmetric", features=6, tasks=TASKS), data)
    assert nothing_in(table, "a") == {"level1 b experts", "b tower"}
    assert nothing_in(table, "b") == {"a tower"}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_table_tells_what_the_gradients_do(architecture):
    """Exact zeros where the table has no path, and none where it has one, over random sizes."""

    @settings(max_examples=4, derandomize=True, deadline=None, database=None)
    @given(networks(architecture), st.booleans(), st.booleans())
    def check(network, own_residual, detach_others):
        arguments, _, _ = network
        if architecture in ("cgc", "ple"):
            arguments |= {"own_residual": own_residual, "detach_others": detach_others}
        model, tasks = built(arguments), arguments["tasks"]
        x = np.random.default_rng(0).normal(size=(40, arguments["features"]))
        labels = {task: np.arange(40) % 2 for task in tasks}
        names = ("levels", "shared_experts", "task_experts", "own_residual", "detach_others")
        table = routing(architecture, tasks, **{name: arguments[name] for name in names if name in arguments})
        by_gradient, by_table = reach(model, TaskData(x, labels, tasks)), reach_by_table(table)
        assert set(by_table.columns) <= set(by_gradient.columns)
        wanted = by_table.reindex(columns=by_gradient.columns, fill_value=False)
        assert (by_gradient > 0).equals(wanted)

    check()


def test_a_table_is_asked_for():
    with pytest.raises(TypeError, match="table: expected a Routing, got str"):
        reach_by_table("ple")


def test_parts_and_their_order(data):
    table = reach(build_model("ple", features=6, tasks=TASKS, levels=2, tower_units=(4, 3)), data)
    groups = [["a", "b", "shared"], ["a", "b", "shared"], ["a", "b", "shared"], ["a", "b"]]
    blocks = ["level1 {} experts", "level1 {} gate", "level2 {} experts", "level2 {} gate"]
    expected = [{block.format(group) for group in row} for block, row in zip(blocks, groups, strict=True)]
    columns = list(table.columns)
    assert [set(columns[:3]), set(columns[3:6]), set(columns[6:9]), set(columns[9:11])] == expected
    assert columns[11:] == ["a tower", "b tower"]


def test_names_with_underscores_and_other_kinds():
    kinds = {"net_gain": "binary", "time": "regression", "gate": "binary"}
    data = make_synthetic(100, np.eye(3), features=6, tasks=kinds, label_rate=0.5, seed=1)
    table = reach(build_model("cgc", features=6, tasks=kinds), data)
    assert set(table.columns) == {
        *(f"level1 {group} experts" for group in (*kinds, "shared")),
        *(f"level1 {task} gate" for task in kinds),
        *(f"{task} tower" for task in kinds),
    }
    assert table.loc["net_gain", "level1 net_gain experts"] > 0 == table.loc["net_gain", "level1 gate experts"]


def test_the_norm_is_that_of_the_loss(data):
    """Against the slope of the loss along the gradient itself, by a central difference."""
    model = build_model("cgc", features=6, tasks=TASKS, activation="tanh", seed=4)
    table = reach(model, data)
    layer = model.get_layer("level1_shared_experts")
    with tf.GradientTape() as tape:
        loss = task_loss("regression", data.labels["b"], model(data.features)["b"], data.mask["b"])
    gradients = tape.gradient(loss, layer.trainable_variables)
    norm = table.loc["b", "level1 shared experts"]
    start, step, at = layer.get_weights(), 1e-2, []
    for sign in (1, -1):
        layer.set_weights([w + sign * step * g.numpy() / norm for w, g in zip(start, gradients, strict=True)])
        at.append(float(task_loss("regression", data.labels["b"], model(data.features)["b"], data.mask["b"])))
    assert (at[0] - at[1]) / (2 * step) == pytest.approx(norm, rel=0.01)


def test_only_the_samples_in_the_sample_space_count():
    masked = make_synthetic(100, 0.0, features=6, label_rate={"a": 0.3, "b": 1.0}, seed=1)
    model = build_model("hard-sharing", features=6, tasks=TASKS)
    expected = reach(model, masked.take(np.flatnonzero(masked.mask["a"])))
    np.testing.assert_allclose(reach(model, masked).loc["a"], expected.loc["a"], rtol=1e-5)


def test_other_tasks_are_refused(data):
    with pytest.raises(ValueError, match=r"data.kinds: expected the model's tasks \['a', 'c'\], got \['a', 'b'\]"):
        reach(build_model("mmoe", features=6, tasks={"a": "regression", "c": "regression"}), data)
    inputs = keras.Input((6,))
    with pytest.raises(ValueError, match="data\\.kinds"):
        reach(keras.Model(inputs, keras.layers.Dense(1)(inputs)), data)
