"""Figures: the same bytes on every run, a table of their numbers, and a text for readers who cannot see them."""

import pandas as pd
import pytest
from pending import PENDING

from benchmarks import parts
from ple_tutorial import figures, plots

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
    recipe = figures.recipe(name)
    fig = recipe.figure(recipe.numbers())
    assert len(fig.get_label()) > 60
    assert 6 <= fig.get_figwidth() <= 7.5
    axes = [ax for ax in fig.axes if ax.axison]  # a drawing has none
    if axes:
        assert axes[-1].get_xlabel() or axes[-1].get_xticklabels()  # of a column of panels, the lowest
        assert any(ax.get_ylabel() or ax.get_yticklabels() for ax in axes)
    for ax in axes:
        texts = (*ax.get_xticklabels(), *ax.get_yticklabels(), *ax.texts, ax.xaxis.label, ax.yaxis.label)
        assert min(text.get_fontsize() for text in texts) >= 7


def test_an_unknown_figure_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"one of map, .*did you mean 'dial'"):
        figures.draw(["dail"])


def test_every_stored_figure_has_a_recipe():
    known = {f"{name}.{ending}" for name in NAMES for ending in ("png", "svg", "csv")}
    known |= {f"{name}.csv" for name in figures.STUDIES if name not in PENDING} | {
        f"bench_{name}.csv" for name in parts.PARTS
    }
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


def test_a_figure_takes_a_recipe_and_a_plot(tmp_path, monkeypatch):
    """The two places of docs/extending.md: whatever else a figure needs, it needs from these."""

    def steps(table):
        fig, ax = plots.figure()
        ax.plot(table["step"], table["loss"])
        return fig

    table = pd.DataFrame({"step": [0, 1], "loss": [0.5, 0.25]})
    monkeypatch.setitem(figures.FIGURES, "steps", figures.Recipe(lambda: table, steps, "The loss halves in one step."))
    assert [path.name for path in figures.draw(["steps"], tmp_path)] == ["steps.png", "steps.svg", "steps.csv"]
    assert "step,loss" in (tmp_path / "steps.csv").read_text()
    assert figures.recipe("steps").figure(table).get_label() == "The loss halves in one step."
    assert figures.numbers("steps").equals(table)
