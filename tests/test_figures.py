"""Figures: the same bytes on every run, their numbers beside them, and a text for those who cannot see them."""

import pandas as pd
import pytest

from benchmarks import parts
from ple_tutorial import figures

NAMES = list(figures.FIGURES)


@pytest.mark.parametrize("name", NAMES)
def test_two_runs_give_the_same_bytes(name, tmp_path):
    first, second = (figures.draw([name], tmp_path / folder) for folder in ("one", "two"))
    assert [path.name for path in first] == [f"{name}.png", f"{name}.svg", f"{name}.csv"]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert len(one.read_bytes()) > 100
    assert not list(tmp_path.rglob("*.part"))
    stored = [figures.STORED / path.name for path in first]
    assert all(path.is_file() for path in stored)
    assert first[-1].read_text() == stored[-1].read_text()  # the numbers; pictures differ from one library to the next


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_a_text_and_labels(name):
    recipe = figures.FIGURES[name]
    assert len(recipe.alt) > 60
    fig = recipe.plot(recipe.numbers())
    assert 6 <= fig.get_figwidth() <= 7.5
    axes = [ax for ax in fig.axes if ax.axison]  # a drawing has none
    if axes:
        assert all(
            ax.get_xlabel() or ax.get_xticklabels() for ax in axes[-1:]
        )  # the lowest panel stands for its column
        assert any(ax.get_ylabel() or ax.get_yticklabels() for ax in axes)
    for ax in axes:
        texts = (*ax.get_xticklabels(), *ax.get_yticklabels(), *ax.texts, ax.xaxis.label, ax.yaxis.label)
        assert min(text.get_fontsize() for text in texts) >= 7


def test_an_unknown_figure_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"one of map, .*did you mean 'dial'"):
        figures.draw(["dail"])


def test_no_figure_lies_about_without_a_recipe():
    known = {f"{name}.{ending}" for name in NAMES for ending in ("png", "svg", "csv")}
    known |= {f"{name}.csv" for name in figures.STUDIES} | {f"bench_{name}.csv" for name in parts.PARTS}
    found = {path.name for path in figures.STORED.iterdir()}
    assert found == known


def test_the_reach_matrices_are_the_papers():
    """PLE paper, Figure 1 and section 4.2, written out by hand: the groups of experts that each loss trains."""
    table = figures.numbers("family_reach")
    trained = table[table["reached"]].groupby(["architecture", "loss"])
    got = {key: set(zip(part["level"], part["group"], strict=True)) for key, part in trained}
    everything = {(level, group) for level in (1, 2) for group in "ab"}
    wanted = {
        "single-task": ({(1, "a"), (2, "a")}, {(1, "b"), (2, "b")}),
        "hard-sharing": ({(1, "shared"), (2, "shared")},) * 2,
        "asymmetric": ({(1, "a")}, {(1, "a"), (1, "b")}),
        "customized": ({(1, "a"), (1, "shared")}, {(1, "b"), (1, "shared")}),
        "cross-stitch": (everything,) * 2,
        "sluice": (everything,) * 2,
        "mmoe": ({(1, "shared")},) * 2,
        "ml-mmoe": ({(1, "shared"), (2, "shared")},) * 2,
        "cgc": ({(1, "a"), (1, "shared")}, {(1, "b"), (1, "shared")}),
        "ple": tuple({(1, "a"), (1, "b"), (1, "shared"), (2, task), (2, "shared")} for task in "ab"),
    }
    assert got == {(name, loss): wanted[name][i] for name in wanted for i, loss in enumerate("ab")}


# Numbers that figures and chapters compute from stored runs


RUNS = pd.DataFrame(
    {
        "architecture": ["single-task", "single-task", "ple", "ple"] * 2,
        "weight": [0.5] * 4 + [0.9] * 4,
        "seed": [0, 1] * 4,
        "a/mse": [0.3, 0.5, 0.2, 0.6, 0.7, 0.9, 0.25, 0.5],
        "b/mse": [0.4, 0.6, 0.4, 0.5, 0.8, 0.7, 0.5, 0.9],
    }
)


def test_mean_mse_and_gains_seed_by_seed():
    runs = figures.with_mean_mse(RUNS[RUNS["weight"] == 0.5])
    assert runs["mean/mse"].tolist() == pytest.approx([0.35, 0.55, 0.3, 0.55])
    gains = figures.seed_gains(runs, "mean/mse")
    assert gains["architecture"].tolist() == ["ple", "ple"]
    assert gains["gain"].tolist() == pytest.approx([0.05, 0.0])  # less error is a gain


def test_the_seesaw_is_against_the_single_task_model_of_equal_weights():
    points = figures.seesaw_points(RUNS).set_index(["architecture", "weight"])
    assert points.loc[("ple", 0.9), ["x", "y"]].tolist() == pytest.approx([(0.05 + 0.0) / 2, (-0.1 - 0.3) / 2])
    assert points.loc[("single-task", 0.9), ["x", "y"]].tolist() == pytest.approx([-0.4, -0.25])
    assert points.loc[("single-task", 0.5), ["x", "y"]].tolist() == [0, 0]
