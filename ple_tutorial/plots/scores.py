"""Plots of test scores, and of the labels that the scores are measured on."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ple_tutorial import checks
from ple_tutorial.plots.style import ARCHITECTURES, GREY, TASK_COLOURS, figure, look


def score_strip(runs: pd.DataFrame, metrics: dict[str, str], by: str, strips: dict) -> Figure:
    """Plot every run as a point and the mean as a line: a panel for each metric, a row with two strips for each model.

    Args:
        runs: columns ``architecture``, ``by`` and those of ``metrics``.
        metrics: ``{column: label of its axis}``.
        by: the column that decides in which strip a run lies.
        strips: ``{value of that column: label}``, two of them; the first is drawn filled, the second hollow.
    """
    checks.columns("runs", runs, ["architecture", by, *metrics])
    fig, axes = figure(6.5, 3.5, ncols=len(metrics), squeeze=False, sharey=True)
    names = [name for name in ARCHITECTURES if name in set(runs["architecture"])][::-1]
    for ax, (column, label) in zip(axes[0], metrics.items(), strict=True):
        for row, name in enumerate(names):
            for value, y, fill in zip(strips, (row + 0.2, row - 0.2), ("full", "none"), strict=True):
                values = runs.loc[(runs["architecture"] == name) & (runs[by] == value), column]
                style = {key: look(name)[key] for key in ("marker", "color")} | {"fillstyle": fill, "alpha": 0.7}
                ax.plot(values, np.full(len(values), y), ls="none", ms=4.5, **style)
                ax.plot([values.mean()] * 2, [y - 0.17, y + 0.17], color="black", lw=1.6)
        ax.set_xlabel(label)
        ax.set_yticks(range(len(names)), [look(name)["label"] for name in names])
        ax.margins(x=0.08)
        ax.locator_params(axis="x", nbins=4)
    for label, fill in zip(strips.values(), ("full", "none"), strict=True):
        axes[0, 0].plot([], [], "o", color=GREY, fillstyle=fill, ms=4.5, label=label)
    fig.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return fig


def label_correlations(table: pd.DataFrame) -> Figure:
    """Plot the labels' Pearson correlation over the dial: a thin line for each draw of the sines, a thick one for the median.

    Args:
        table: columns ``correlation``, ``draw``, ``pearson``.
    """
    checks.columns("table", table, ["correlation", "draw", "pearson"])
    fig, ax = figure(6.5, 3.2)
    wide = table.pivot(index="correlation", columns="draw", values="pearson")
    ax.plot(wide.index, wide, color=GREY, lw=0.6, alpha=0.5)
    ax.plot([], [], color=GREY, lw=0.6, alpha=0.8, label="one draw of the sines")
    ax.plot(wide.index, wide.median(axis=1), color=TASK_COLOURS[0], lw=2.2, label="median of the draws")
    ax.plot([-1, 1], [-1, 1], color="black", lw=0.8, ls="--", label="label correlation = dial")
    ax.set_xlabel("task correlation (cosine of the tasks' directions)")
    ax.set_ylabel("Pearson correlation of the labels")
    ax.legend(loc="upper left", frameon=False)
    return fig
