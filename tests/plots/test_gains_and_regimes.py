"""Plots of many architectures: the plane of two gains, the map of regimes, and what gates lose to noise."""

import pandas as pd
import pytest

from ple_tutorial import plots
from ple_tutorial.plots import regimes
from ple_tutorial.study import verdicts


def test_the_plane_draws_each_path_in_its_panel_and_hard_sharing_in_all():
    rows = [
        {"architecture": name, "weight": weight, "x": weight, "x_low": weight - 0.1, "x_high": weight + 0.1}
        | {"y": -weight, "y_low": -weight - 0.1, "y_high": -weight + 0.1}
        for name in ("hard-sharing", "mmoe", "ple")
        for weight in (0.1, 0.3, 1.0)
    ]
    fig = plots.gain_plane(pd.DataFrame(rows), {"without": ["hard-sharing"], "with": ["mmoe", "ple"]})
    without, gated = fig.axes
    assert [text.get_text() for text in without.get_legend().get_texts()] == ["hard sharing"]
    assert [text.get_text() for text in gated.get_legend().get_texts()] == ["MMoE", "PLE"]
    for ax in fig.axes:
        assert sorted(text.get_text() for text in ax.texts) == ["0.1", "0.3", "1"]
        assert any(list(line.get_xdata()) == [0.1, 0.3, 1.0] for line in ax.lines)


def test_a_tile_of_the_map_has_a_colour_only_where_one_kind_wins():
    rows = [
        {"region": "one", "dial": "rows", "value": "4,096", "best": "ple", "ratio": 0.5, "kinds": "own gates"}
        | {"held": "yes"},
        {
            "region": "one",
            "dial": "rows",
            "value": "65,536",
            "best": "mmoe",
            "ratio": 0.7,
            "kinds": "no gates,shared gates",
        },
    ]
    fig = plots.regime_map(pd.DataFrame(rows))
    (ax,) = fig.axes
    tiles = [patch for patch in ax.patches if patch.get_width() > 0.9]
    colours = [matplotlib_hex(patch) for patch in tiles]
    assert colours == [regimes.KINDS["own gates"][1].lower(), "#ffffff"]
    marks = [matplotlib_hex(patch) for patch in ax.patches if 0 < patch.get_width() < 0.9]
    assert marks == [regimes.KINDS[kind][1].lower() for kind in ("no gates", "shared gates")]
    texts = [text.get_text() for text in ax.texts]
    assert {"0.50", "0.70", "PLE", "MMoE", "rows", "4,096", "65,536", "one", "✓"} <= set(texts)
    assert min(text.get_fontsize() for text in ax.texts) >= 7


def matplotlib_hex(patch):
    from matplotlib.colors import to_hex

    return to_hex(patch.get_facecolor())


def test_the_lines_over_noise_are_of_the_worlds_and_of_what_gates_read():
    names = ["hard-sharing"] + [f"{name}{end}" for name in ("mmoe", "ple") for end in ("", "-context", "-uniform")]
    rows = [
        {"world": world, "silent": silent, "architecture": name, "ratio": 1.0, "ratio_low": 0.9, "ratio_high": 1.1}
        for world in ("parts", "routing")
        for silent in (1, 4)
        for name in names
    ]
    table = pd.DataFrame(rows).set_index(["world", "silent", "architecture"])
    fig = plots.ratios_over_noise(table, {"parts": "no context", "routing": "a context"})
    assert [ax.get_title() for ax in fig.axes] == ["no context", "a context"]
    assert len(fig.legends[0].get_texts()) == 7
    with pytest.raises(ValueError, match=r"ratios: .*'silent'"):
        plots.ratios_over_noise(table.reset_index("silent", drop=True), {"parts": "one"})


def test_a_row_of_standings_leaves_those_hollow_that_are_level_and_names_a_best_one_that_is_not_drawn():
    rows = [
        {"dial": "rows", "value": value, "architecture": name, "to_best": ratio, "level": ratio < 1.1}
        for value, ratios in (("1", (1.0, 1.05, 1.5)), ("2", (1.3, 1.2, 1.0)))
        for name, ratio in zip(("ple", "mmoe", "cross-stitch"), ratios, strict=True)
    ]
    fig = plots.standing_rows(pd.DataFrame(rows), ["mmoe", "ple"])
    (ax,) = fig.axes
    marks = [(line.get_xdata()[0], line.get_markerfacecolor() != "white") for line in ax.lines]
    assert marks == [(1.05, False), (1.0, True), (1.2, True), (1.3, True)]
    assert [text.get_text() for text in ax.texts] == ["cross-stitch"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["rows 1", "rows 2"]
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["MMoE", "PLE"]


def test_a_row_of_ratios_leaves_those_hollow_that_are_not_seen_to_differ():
    assert regimes.UNSEEN == verdicts.UNSEEN
    rows = [
        {"place": place, "architecture": name, "ratio": 1.2, "ratio_low": 1.1, "ratio_high": 1.3, "verdict": verdict}
        for place, verdict in (("centre", "worse"), ("shuffled", verdicts.UNSEEN))
        for name in ("mmoe", "cgc")
    ]
    fig = plots.ratio_rows(pd.DataFrame(rows).set_index(["place", "architecture"]), ["mmoe", "cgc"], "error over PLE's")
    (ax,) = fig.axes
    marks = [line for line in ax.lines if line.get_marker() in "^D" and len(line.get_xdata())]
    filled = [(line.get_marker(), line.get_markerfacecolor() != "white", round(line.get_ydata()[0])) for line in marks]
    assert filled == [("^", True, 0), ("^", False, 1), ("D", True, 0), ("D", False, 1)]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["centre", "shuffled"]
