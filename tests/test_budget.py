"""What a table costs, against the model that Keras builds and the products that the reference does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference
from test_reference import networks

from ple_tutorial.budget import Cost, cost, equal_budget
from ple_tutorial.data import FeatureSpec
from ple_tutorial.models import build_model
from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL, routing

PAIR = {"a": "binary", "b": "regression"}
COLUMNS = st.sampled_from([None, (0,)])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_parameters_are_those_that_keras_counts(architecture):
    @settings(max_examples=6, derandomize=True, deadline=None, database=None)
    @given(networks(architecture), st.booleans(), st.booleans(), st.booleans(), COLUMNS, COLUMNS)
    def check(network, normalise, codes, own_residual, gate_columns, tower_columns):
        arguments, _, _ = network
        arguments |= {"normalise_experts": normalise, "embedding": 3}
        arguments |= {"gate_columns": gate_columns, "tower_columns": tower_columns}
        if codes:
            arguments["features"] = FeatureSpec(arguments["features"], (4, 2))
        if architecture in ("cgc", "ple"):
            arguments["own_residual"] = own_residual
        names = ("levels", "shared_experts", "task_experts", "own_residual")
        table = routing(architecture, arguments["tasks"], **{n: arguments[n] for n in names if n in arguments})
        sizes = (
            "features",
            "expert_units",
            "tower_units",
            "normalise_experts",
            "gate_bias",
            "gate_columns",
            "tower_columns",
            "embedding",
        )
        counted = cost(table, **{name: arguments[name] for name in sizes})
        assert counted.parameters == build_model(**arguments).count_params()

    check()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_operations_are_the_products_of_the_reference(architecture):
    @settings(max_examples=6, derandomize=True, deadline=None, database=None)
    @given(networks(architecture))
    def check(network):
        arguments, sizes, rows = network
        names = ("levels", "shared_experts", "task_experts")
        table = routing(architecture, arguments["tasks"], **{name: arguments[name] for name in names})
        counted = cost(table, **{name: arguments[name] for name in ("features", "expert_units", "tower_units")})
        weights = {variable.path: variable.numpy() for variable in build_model(**arguments).weights}
        reference = Reference(weights, **sizes)
        reference.predict(architecture, rows[:1])
        assert counted.flops == 2 * reference.products

    check()


def test_the_listing_by_hand():
    """10 features, 3 shared and 2 + 2 task experts of 16 units, towers of one unit: see appendix A1."""
    experts, gates, towers = 7 * (10 * 16 + 16), 2 * 10 * 5, 2 * 17
    table = routing("cgc", PAIR, shared_experts=3, task_experts=2)
    products = 7 * 10 * 16 + gates + 2 * 5 * 16 + 2 * 16
    assert cost(table, features=10, tower_units=()) == Cost(experts + gates + towers, 2 * products)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("budget", [3_000, 20_000])
def test_equal_budget(architecture, budget):
    levels = 1 if architecture in ONE_LEVEL else 2
    sizes = {"features": 40, "tasks": PAIR, "levels": levels}
    found = equal_budget(architecture, budget, expert_units=(32, 16), tower_units=(8,), **sizes)
    model = build_model(architecture, expert_units=found.expert_units, tower_units=found.tower_units, **sizes)
    assert found.budget == budget and found.parameters == model.count_params()
    assert abs(found.parameters - budget) <= 0.01 * budget
    before = build_model(architecture, expert_units=(32, 16), tower_units=(8,), **sizes)
    assert found.before == before.count_params()
    ratios = [wide / narrow for wide, narrow in found.expert_units]
    assert min(ratios) >= 1 and max(ratios) <= 4  # 2 at the start, and the proportions are kept, nearly


def test_the_widths_one_has_are_kept_where_they_fit():
    own = build_model("ple", features=40, tasks=PAIR, levels=2).count_params()
    found = equal_budget("ple", own, features=40, tasks=PAIR, levels=2)
    assert (found.expert_units, found.tower_units, found.parameters) == (((16,), (16,)), (8,), own)


def test_three_tasks_codes_and_a_table_of_ones_own():
    kinds, spec = {"x": "binary", "y": "binary", "z": "regression"}, FeatureSpec(7, (9, 4, 20))
    table = routing("ple", kinds, levels=3, shared_experts=1, task_experts={"x": 2, "y": 1, "z": 0})
    found = equal_budget(table, 9_000, features=spec, tasks=kinds, embedding=2, tolerance=0.005)
    sizes = {"expert_units": found.expert_units, "tower_units": found.tower_units, "embedding": 2}
    assert build_model(table, features=spec, tasks=kinds, **sizes).count_params() == found.parameters
    assert abs(found.parameters - 9_000) <= 45


def test_towers_of_their_own_and_a_gate_with_bias():
    sizes = {"features": 40, "tasks": PAIR, "levels": 2, "gate_bias": True}
    found = equal_budget("ple", 9_000, tower_units={"b": [4], "a": [12, 6]}, **sizes)
    assert list(found.tower_units) == ["a", "b"]
    assert [len(found.tower_units[task]) for task in PAIR] == [2, 1]
    model = build_model("ple", expert_units=found.expert_units, tower_units=found.tower_units, **sizes)
    assert found.parameters == model.count_params()
    assert abs(found.parameters - 9_000) <= 90
    without = build_model(
        "ple", expert_units=found.expert_units, tower_units=found.tower_units, **sizes | {"gate_bias": False}
    )
    table = routing("ple", PAIR, levels=2)
    gates = [len(table.expert_names(n, stream)) for n, level in enumerate(table.levels, 1) for stream in level.mixers]
    assert model.count_params() - without.count_params() == sum(gates) > 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: cost(routing("ple", PAIR), features=4, tower_units={"a": [3]}),
            ValueError,
            "tower_units: .* none for .'b'",
        ),
        (lambda: cost(routing("ple", PAIR), features=4, gate_bias=1), TypeError, "gate_bias: expected True or False"),
        (lambda: equal_budget("ple", 30, features=40, tasks=PAIR), ValueError, r"parameters: .* got 30 \(the nearest"),
        (lambda: equal_budget("ple", 0, features=40, tasks=PAIR), ValueError, "parameters: .* at least 1, got 0"),
        (lambda: equal_budget("ple", 1e4, features=40, tasks=PAIR), TypeError, "parameters: .* got 10000.0"),
        (lambda: equal_budget("plee", 10, features=40, tasks=PAIR), ValueError, "did you mean 'ple'"),
        (lambda: equal_budget("ple", 10, features=4, tasks=PAIR, tolerance=-1), ValueError, "tolerance: .* got -1"),
        (lambda: cost("ple", features=4), TypeError, "table: expected a Routing, got str"),
        (lambda: cost(routing("ple", PAIR), features=0), ValueError, "features: .* got 0"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()
