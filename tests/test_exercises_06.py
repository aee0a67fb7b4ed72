"""The checks of chapter 06's exercises: right answers, and mistakes told by name."""

from dataclasses import replace

import pytest

from ple_tutorial.course import notebooks
from ple_tutorial.exercises import verdict
from ple_tutorial.models import build_model
from ple_tutorial.routing import Mixer, routing

TASKS, OWN = ["vtr", "vcr", "comment"], {"vtr": 2, "vcr": 1, "comment": 1}
SEEN = ["vtr_1", "vtr_2", "vcr_1", "comment_1", "shared_1", "shared_2"]
WEIGHTS = 2184
FEED = routing("ple", ["click", "click_long", "comment"], levels=2)


def feed(number, stream=None, mixer=None, **changes):
    """The right table with one mixer, or other things, of one level changed."""
    levels = list(FEED.levels)
    if mixer is not None:
        changes["mixers"] = levels[number - 1].mixers | {stream: mixer}
    levels[number - 1] = replace(levels[number - 1], **changes)
    return replace(FEED, levels=tuple(levels))


BROKEN = feed(2, "click", Mixer("gate", ("click", "click_long", "shared")))


def test_the_right_answers_are_the_package_s():
    table = routing("ple", TASKS, shared_experts=2, task_experts=OWN, levels=3)
    assert table.expert_names(2, "shared") == SEEN
    kinds = dict.fromkeys("ab", "binary")
    sizes = {"features": 10, "shared_experts": 3, "task_experts": {"a": 2, "b": 1}, "expert_units": ((16,), (8,))}
    assert build_model("ple", tasks=kinds, levels=2, tower_units=(), **sizes).count_params() == WEIGHTS


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("06.1", SEEN),
        ("06.1", tuple(SEEN)),
        ("06.2", WEIGHTS),
        ("06.2", float(WEIGHTS)),
        ("06.3", FEED),
        ("06.3", feed(2, "click", Mixer("gate", ("shared", "click")))),  # another order of the weights is a PLE as well
    ],
)
def test_right_answers(name, answer):
    assert verdict(name, answer) == (True, "right.")


@pytest.mark.parametrize("name", ["06.1", "06.2", "06.3"])
def test_no_answer(name):
    assert verdict(name, None) == (False, "no answer yet.")


@pytest.mark.parametrize(
    ("name", "answer", "fragment"),
    [
        ("06.1", "vtr_1", "a list of names"),
        ("06.1", [1, 2], "a list of names"),
        ("06.1", [], "not the last level"),
        ("06.1", [f"level2_{name}" for name in SEEN], "leave the level out"),
        ("06.1", ["shared_1", "shared_2"], "not the shared ones alone"),
        ("06.1", SEEN[:4], "the shared experts as well"),
        ("06.1", ["vtr_1", "vcr_1", "comment_1", "shared_1"], "vtr has two experts"),
        ("06.1", [f"{g}_{i}" for g in [*TASKS, "shared"] for i in (1, 2)], "vtr has two experts"),
        ("06.1", SEEN[4:] + SEEN[:4], "another order"),
        ("06.1", [*SEEN, "shared_3"], "no expert 'shared_3'"),
        ("06.1", SEEN[:5], "each once"),
        ("06.2", "many", "an array of numbers"),
        ("06.2", WEIGHTS + 24, "gates biases"),
        ("06.2", WEIGHTS + 96, "a shared gate on level 2"),
        ("06.2", WEIGHTS - 60, "the shared gate of level 1"),
        ("06.2", 2184 - 6 * 57, "not the 10 features"),
        ("06.2", WEIGHTS - 54, "16 rows, not 10"),
        ("06.2", WEIGHTS - 144, "the biases of the experts"),
        ("06.2", WEIGHTS - 18, "forgot the towers"),
        ("06.2", WEIGHTS - 2, "the biases of the towers"),
        ("06.2", WEIGHTS - 294, "forgot the gates"),
        ("06.2", WEIGHTS + 78, "not all six"),
        ("06.2", 1, "level by level"),
        ("06.3", BROKEN, "still in it"),
        ("06.3", BROKEN.levels, "hand in a Routing, not a tuple"),
        ("06.3", routing("ple", ["click", "comment"], levels=2), "keep the three tasks"),
        ("06.3", routing("ple", FEED.tasks, levels=3), "the two levels"),
        ("06.3", routing("ple", FEED.tasks, levels=2, shared_experts=3), "experts of level 1 were right"),
        ("06.3", feed(2, mixers=FEED.levels[0].mixers), "level 2 should have the mixers"),
        ("06.3", feed(1, "shared", Mixer("gate", ("shared",))), "gate 'shared' of level 1 was right before"),
        ("06.3", feed(2, "click", Mixer("gate", ("shared",))), "gate 'click' of level 2 was right before"),
        ("06.3", feed(2, "comment", Mixer("gate", ("comment", "shared"), "features")), "gate 'comment' of level 2"),
    ],
)
def test_mistakes_are_told_by_name(name, answer, fragment):
    right, sentence = verdict(name, answer)
    assert not right and fragment in sentence


def test_the_broken_table_of_the_notebook_has_that_one_fault():
    cells = notebooks.read(notebooks.FOLDER / "06_ple.ipynb").cells
    (source,) = [cell.source for cell in cells if "broken = Routing(" in cell.source]
    scope = {"Mixer": Mixer}
    exec(source, scope)
    assert scope["broken"] == BROKEN
