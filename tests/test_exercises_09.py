"""The exercises of chapter 09: the right answer is right, and each typical mistake is told by name."""

from dataclasses import replace

import pytest

from ple_tutorial.budget import cost
from ple_tutorial.exercises import verdict
from ple_tutorial.routing import Mixer, routing

FOUR = {"A": "mmoe", "B": "asymmetric", "C": "sluice", "D": "ple"}
CGC = routing("cgc", ["click", "like", "buy"], shared_experts=1)


def with_gate(task, *sees, how="gate", **changes):
    level = CGC.levels[0]
    mixers = level.mixers | {task: Mixer(how, sees, **changes)}
    return replace(CGC, levels=(replace(level, mixers=mixers),))


RIGHT = {"09.1": FOUR, "09.2": with_gate("buy", "buy", "shared", "click", detached=("click",)), "09.3": 69}
WRONG = [
    ("09.1", "mmoe", "a dict with the keys"),
    ("09.1", FOUR | {"A": "moe"}, "A: 'moe' is none of"),
    ("09.1", FOUR | {"A": "ml-mmoe"}, "A: softmax weights"),
    ("09.1", FOUR | {"B": "customized"}, "B: follow loss b"),
    ("09.1", FOUR | {"C": "cross-stitch"}, "C: the same numbers"),
    ("09.1", FOUR | {"D": "cgc"}, "D: the first level"),
    ("09.2", "cgc", "a Routing, not a str"),
    ("09.2", routing("cgc", ["click", "like"]), "for the tasks click, like, buy"),
    ("09.2", routing("ple", ["click", "like", "buy"], levels=2), "one level"),
    ("09.2", routing("cgc", ["click", "like", "buy"], shared_experts=2), "one is shared"),
    ("09.2", CGC, "should see the expert of click"),
    ("09.2", with_gate("buy", "buy", "shared", "click"), "still trains the expert of click"),
    ("09.2", with_gate("buy", "shared", "click", detached=("click",)), "its own, the shared and click's"),
    ("09.2", with_gate("buy", "buy", "shared", "click", detached=("click", "buy")), "train its own and the shared"),
    ("09.2", with_gate("like", "like", "shared", "click"), "'like' should have the gate of a CGC"),
    ("09.2", with_gate("like", "like", "shared", detached=("like", "shared")), "both trained"),
    ("09.2", with_gate("click", "click", "shared", detached=("click",)), "both trained"),
    ("09.2", with_gate("buy", "buy", "shared", "click", how="concat"), "mixer of buy should be a gate"),
    ("09.2", with_gate("like", "like", "shared", residual=("like",)), "without a residual"),
    ("09.2", with_gate("shared", "shared"), "and no other; yours sends click, like, buy, shared"),
    ("09.2", replace(RIGHT["09.2"], towers="all"), "which the towers read"),
    ("09.2", replace(RIGHT["09.2"], tasks=("like", "click", "buy")), "in this order"),
    ("09.3", "69", "should be a number"),
    ("09.3", 69.88, "round down"),
    ("09.3", 70, "six too many"),
    ("09.3", 71, "a bias for each unit"),
    ("09.3", 83, "two towers"),
    ("09.3", 104, "forgot the towers"),
    ("09.3", 41, "there once"),
    ("09.3", 68, "largest width that still fits"),
    ("09.3", 12, "as a function of the width"),
]


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_the_right_answer_is_right(name):
    assert verdict(name, RIGHT[name]) == (True, "right.")
    assert verdict(name, None) == (False, "no answer yet.")


@pytest.mark.parametrize(("name", "answer", "told"), WRONG)
def test_a_mistake_is_told(name, answer, told):
    right, sentence = verdict(name, answer)
    assert not right
    assert sentence.startswith("not yet: ")
    assert told in sentence


def test_the_width_is_the_package_s():
    hard = routing("hard-sharing", ["a", "b"])
    sizes = {width: cost(hard, features=32, expert_units=(width,)).parameters for width in (69, 70)}
    assert sizes == {69: 3415, 70: 3464} and 3415 <= 3458 < 3464
