"""What the checks hold to be right is what the package counts, builds and names."""

import numpy as np
from answers import ch00, ch05, ch06, ch08

from ple_tutorial.budget import cost
from ple_tutorial.course import notebooks
from ple_tutorial.data import census
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.diagnostics import reach
from ple_tutorial.exercises import verdict
from ple_tutorial.models import build_model
from ple_tutorial.routing import Level, Mixer, Routing, routing


def cell_with(chapter, text):
    """Return the source of the one cell of a notebook that holds ``text``."""
    cells = notebooks.read(notebooks.FOLDER / f"{chapter}.ipynb").cells
    (source,) = [cell.source for cell in cells if text in cell.source]
    return source


def test_the_map_of_00_1_is_the_routing_table():
    table = routing("ple", ["watch", "share", "comment"], shared_experts=2, task_experts=1, levels=2)
    assert {
        "task gate": len(table.expert_names(1, "watch")),
        "shared gate": len(table.expert_names(1, "shared")),
        "gates": sum(len(level.mixers) for level in table.levels),
    } == ch00.COUNTS


def test_the_numbers_of_00_2_are_those_of_the_notebook():
    scope = {"np": np}
    exec(cell_with("00_start_here", "outputs = np.array([["), scope)
    np.testing.assert_array_equal(scope["outputs"], ch00.OUTPUTS)
    np.testing.assert_array_equal(scope["labels"], ch00.LABELS)


def test_the_count_of_04_2_is_the_models():
    tasks = {"a": "regression", "b": "regression"}
    model = build_model("mmoe", features=100, tasks=tasks, shared_experts=8, expert_units=[16], tower_units=[8])
    assert verdict("04.2", model.count_params())[0]


def test_the_reach_of_05_1_is_measured():
    tasks = dict.fromkeys("abc", "regression")
    data = make_synthetic(200, np.eye(3), features=4, tasks=tasks)
    model = build_model("cgc", features=4, tasks=tasks, shared_experts=1, task_experts={"a": 2, "b": 1, "c": 0})
    table = reach(model, data)[[f"level1 {group} experts" for group in ("a", "b", "shared")]]
    assert ((table > 0).to_numpy() == ch05.REACH).all()


def test_the_names_of_06_1_and_the_count_of_06_2_are_the_packages():
    own = {"vtr": 2, "vcr": 1, "comment": 1}
    table = routing("ple", ch06.TASKS, shared_experts=2, task_experts=own, levels=3)
    assert table.expert_names(2, "shared") == ch06.SEEN
    kinds = dict.fromkeys("ab", "binary")
    sizes = {"features": 10, "shared_experts": 3, "task_experts": {"a": 2, "b": 1}, "expert_units": ((16,), (8,))}
    assert build_model("ple", tasks=kinds, levels=2, tower_units=(), **sizes).count_params() == ch06.WEIGHTS


def test_the_broken_table_of_06_3_has_that_one_fault():
    scope = {"Mixer": Mixer, "Level": Level, "Routing": Routing}
    exec(cell_with("06_ple", "broken = Routing("), scope)
    assert scope["broken"] == ch06.BROKEN


def test_the_columns_of_08_1_are_the_packages_and_the_new_labels():
    assert ch08.OUT - {"weeks_worked_in_year"} == set(census.COLUMNS) - set(census.NUMERIC) - set(census.CODES)
    assert "weeks_worked_in_year" in census.NUMERIC


def test_the_width_of_09_3_is_the_packages():
    hard = routing("hard-sharing", ["a", "b"])
    sizes = {width: cost(hard, features=32, expert_units=(width,)).parameters for width in (69, 70)}
    assert sizes == {69: 3415, 70: 3464} and 3415 <= 3458 < 3464
    assert verdict("09.3", 69)[0]


def test_the_solution_of_03_3_bears_equal_gradients():
    scope = {"np": np, "check": lambda *_: None}
    exec(cell_with("03_the_seesaw", "def solution(g_a, g_b)"), scope)
    assert verdict("03.3", scope["solution"]) == (True, "right.")
    assert 0 <= scope["solution"](np.ones(3), np.ones(3)) <= 1
