"""Drawings of architectures: the drawing and its alt text contain every part of the table."""

from dataclasses import replace

import pandas as pd
import pytest

from ple_tutorial import plots
from ple_tutorial.metrics import mtl_gain
from ple_tutorial.plots.description import describe
from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL, Mixer, routing


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("tasks", [("a", "b"), ("click", "like", "watch", "share_it")])
def test_the_drawing_contains_every_expert_gate_and_tower(architecture, tasks):
    levels = 1 if architecture in ONE_LEVEL else 2
    table = routing(architecture, tasks, shared_experts=2, task_experts=1, levels=levels)
    texts = [text.get_text() for text in plots.draw_routing(table).axes[0].texts]
    experts = sum(sum(level.experts.values()) for level in table.levels)
    gates = sum(mixer.how == "gate" for level in table.levels for mixer in level.mixers.values())
    names = {*(task[:7] for task in tasks), "shared"}
    assert sum(text.rpartition(" ")[0] in names and text[-1].isdigit() for text in texts) == experts
    assert texts.count("Σ") == gates
    kinds = [mixer.how for level in table.levels for mixer in level.mixers.values()]
    assert (texts.count("‖"), texts.count("α")) == (kinds.count("concat"), kinds.count("stitch"))
    assert texts.count("β") == (len(tasks) if architecture == "sluice" else 0)
    assert sum(text.startswith("tower ") for text in texts) == len(tasks)


def test_an_unknown_part_of_the_map_is_refused():
    with pytest.raises(ValueError, match="lit: expected one of features"):
        plots.draw_routing(routing("ple", ["a", "b"]), lit="expert")


# The alt text made from the table


def text(architecture, tasks=("a", "b"), **settings):
    return describe(routing(architecture, tasks, **settings))


def test_the_alt_text_of_ple():
    assert text("ple", levels=2) == (
        "PLE for the tasks a and b, with 2 levels. "
        "Level 1: the features feed 1 expert of each task and 2 shared experts. "
        "Each task gets a gate over its own and the shared experts. The shared stream gets a gate over all experts. "
        "Level 2: the streams of the level below feed 1 expert of each task and 2 shared experts. "
        "Each task gets a gate over its own and the shared experts. "
        "Each task has a tower and a loss; a fused score combines the predictions."
    )


@pytest.mark.parametrize(
    ("architecture", "said"),
    [
        ("single-task", "Each task gets its own expert unchanged."),
        ("hard-sharing", "The features feed 1 shared expert. Each task gets the shared expert unchanged."),
        ("asymmetric", "Task a gets its own expert unchanged. Task b gets all experts side by side."),
        ("customized", "Each task gets its own and the shared experts side by side."),
        ("cross-stitch", "Each task gets a learned combination of all experts."),
        ("sluice", "The features feed 2 experts of each task. Each task gets a learned combination of all experts."),
        ("mmoe", "The features feed 2 shared experts. Each task gets a gate over the shared experts."),
        ("ml-mmoe", "The features feed 2 shared experts. Each task gets a gate over the shared experts."),
        ("cgc", "Each task gets a gate over its own and the shared experts."),
    ],
)
def test_the_alt_text_says_how_each_architecture_mixes(architecture, said):
    assert said in text(architecture)


def test_the_alt_text_says_what_differs_from_task_to_task():
    said = text("cgc", ("VTR", "SHR", "CMR"), task_experts={"VTR": 2, "SHR": 0, "CMR": 1}, shared_experts=1)
    assert "2 experts of task VTR, 1 expert of task CMR and 1 shared expert." in said
    assert "Tasks VTR and CMR each get a gate over their own and the shared experts. Task SHR gets a gate over" in said
    assert text("cgc", ["a"]).startswith("CGC for the task a. ")


def test_the_alt_text_says_where_no_gradient_flows_and_what_is_added():
    said = text("cgc", shared_experts=1, detach_others=True)
    assert "Task a gets a gate over all experts, without a gradient to task b's expert." in said
    assert "its own and the shared experts, plus its own expert once more." in text("ple", own_residual=True)


def test_the_alt_text_says_what_gates_and_towers_read():
    said = text("ml-mmoe", levels=2)
    assert "Each shared expert of the next level gets a gate over the shared experts. Level 2" in said
    assert "Each task gets a gate, reading the features, over the shared experts." in said
    assert "Each tower reads a learned combination of its task's streams of all levels." in text("sluice", levels=2)
    assert "Each tower reads" not in text("sluice")


def test_a_faulty_table_is_described_as_it_is():
    """The text comes from the table, not from the name of the architecture."""
    ple = routing("ple", ["a", "b"], levels=2)
    lower, upper = ple.levels
    upper = replace(upper, mixers=upper.mixers | {"a": Mixer("gate", ("a", "b"), reads="features")})
    said = describe(replace(ple, levels=(lower, upper)))
    assert "Task a gets a gate, reading the features, over its own and task b's experts. Task b gets" in said


def test_the_label_of_a_drawing_is_its_alt_text():
    table = routing("mmoe", ["a", "b"])
    assert plots.draw_routing(table).get_label() == describe(table)
    assert plots.draw_routing(table, lit="gates").get_label().endswith(" Highlighted: gates.")
    fig = plots.draw_routing(table, lit=["score", "losses"], title="Two scores")
    assert fig.get_label() == "Two scores. " + describe(table, ["score", "losses"])
    assert fig.get_label().endswith("Highlighted: score and losses.")


def test_the_alt_text_of_a_ranking_says_the_places():
    places = pd.DataFrame({"cat": [1, 1, 3], "dog": [2, 2, 1], "news": [3, 3, 2]}, index=["none", "log", "sigmoid"])
    said = plots.rank_sweep(places, "f", lit=["dog", "cat"]).get_label()
    assert said.endswith("as f goes from none to log to sigmoid. dog: 2 to 2 to 1; cat: 1 to 1 to 3.")
    steps = pd.DataFrame({"cat": range(1, 12), "dog": range(11, 0, -1)}, index=[step / 10 for step in range(11)])
    assert plots.rank_sweep(steps, "weight").get_label().endswith("from 0 to 1. cat: 1 to 11; dog: 11 to 1.")


def test_gain_panels_show_each_gain_in_its_row():
    up, down = mtl_gain("auc", [0.75, 0.5, 1.0], [0.5, 0.25, 0.25]), mtl_gain("auc", [0.25, 0.5, 0.5], [0.5, 0.25, 1.0])
    fig = plots.gain_panels({"left": {"first": up, "second": down}, "right": {"first": down, "second": up}})
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels == ["second", "first"]  # the first row on top; the panels share them
    for ax, rows in zip(fig.axes, ((up, down), (down, up)), strict=True):
        assert [text.get_text() for text in ax.texts] == [f"{gain.positive}/3" for gain in reversed(rows)]
        means = {line.get_ydata()[0]: line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"}
        assert means == {1: rows[0].mean, 0: rows[1].mean}
        ends = {tuple(segment[:, 0].round(9).tolist()) for bars in ax.collections for segment in bars.get_segments()}
        assert ends >= {(round(gain.low, 9), round(gain.high, 9)) for gain in rows}
