"""Plots of joint training show the numbers that they are given."""

import numpy as np
import pandas as pd

from ple_tutorial import plots
from ple_tutorial.data.funnel import make_funnel


def test_label_spaces_have_a_cell_for_each_label():
    data = make_funnel(300, seed=1).data
    fig = plots.label_spaces(data, batch=30)
    left, right = fig.axes
    widths = sorted({round(bar.get_width()) for bar in left.patches})
    assert widths == sorted({300, *(int(data.mask[task].sum()) for task in data.tasks)})
    filled = [bar for bar in right.patches if bar.get_facecolor()[3] > 0]
    assert len(right.patches) == 90
    assert len(filled) == sum(int(data.mask[task][:30].sum()) for task in data.tasks)
    assert f"watch {int(data.mask['watch'].sum())}" in fig.get_label()


def test_stop_curves_mark_the_lowest_epoch_and_the_stops():
    history = pd.DataFrame({"x": [3.0, 1.0, 2.0, 4.0], "y": [4.0, 3.0, 2.5, 2.0]}, index=[1, 2, 3, 4])
    fig = plots.stop_curves(history, {"a": "x", "b": "y"}, {"one": 3, "other": 4})
    for ax, lowest in zip(fig.axes, (2, 4), strict=True):
        assert [line.get_xdata()[0] for line in ax.lines[1:]] == [lowest, 3, 4]
    labels = [text.get_text() for text in fig.legends[0].get_texts()]
    assert labels == ["the task's own best epoch", "one", "other"]


def test_gradient_arrows_shade_where_both_losses_fall():
    fig = plots.gradient_arrows(
        {"a": (4, 1), "b": (-1, 1)}, {"sum": {"sum": (3, 2)}, "ours": {"step": (2, 3)}}, around=1.0
    )
    assert [text.get_text() for text in fig.axes[1].texts if text.get_text()] == ["a", "b", "step"]
    vertices = np.concatenate([path.vertices for path in fig.axes[0].collections[0].get_paths()])
    assert (vertices @ (4, 1) > -0.1).all() and (vertices @ (-1, 1) > -0.1).all()
    circle = fig.axes[1].lines[-1]
    np.testing.assert_allclose(np.hypot(circle.get_xdata() - 3, circle.get_ydata() - 2), 1.0)


def test_method_rows_place_each_ratio_and_hollow_what_is_open():
    rows = [
        {"setting": setting, "sharing": sharing, "architecture": method, "ratio": ratio, "verdict": verdict}
        for setting, sharing, method, ratio, verdict in (
            ("even", "ple", "PCGrad", 1.2, "worse"),
            ("even", "ple", "CAGrad", 1.0, "no difference seen"),
            ("odd", "ple", "PCGrad", 0.8, "better"),
            ("odd", "ple", "CAGrad", 1.1, "worse"),
        )
    ]
    table = pd.DataFrame(rows).assign(ratio_low=lambda t: t["ratio"] - 0.05, ratio_high=lambda t: t["ratio"] + 0.05)
    fig = plots.method_rows(
        {"both": table.set_index(["setting", "sharing", "architecture"])}, ["PCGrad", "CAGrad"], "x"
    )
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["PCGrad", "CAGrad"]
    assert [ax.get_ylabel() for ax in fig.axes] == ["even", "odd"]
    drawn = [(line.get_xdata()[0], line.get_mfc() == "white") for line in fig.axes[0].lines if line.get_marker() == "v"]
    assert drawn == [(1.2, False), (1.0, True)]
    drawn = [(line.get_xdata()[0], line.get_mfc() == "white") for line in fig.axes[1].lines if line.get_marker() == "v"]
    assert drawn == [(0.8, False), (1.1, False)]
