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


def error_curves(runs: pd.DataFrame, metric: str, by: str, xlabel: str) -> Figure:
    """Plot the whole distribution of an error over runs: a panel for each value of a column, a rising line for each model.

    A line's height at an error is the share of runs that have no more than that.

    Args:
        runs: columns ``architecture``, ``by`` and ``metric``.
        metric: a column of errors above 0; the axis is logarithmic.
        by: the column of the panels, and the word in their titles.
        xlabel: of the axis.
    """
    checks.columns("runs", runs, ["architecture", by, metric])
    panels = list(runs.groupby(by))
    fig, axes = figure(7.0, 3.2, ncols=len(panels), squeeze=False, sharey=True, sharex=True)
    names = [name for name in ARCHITECTURES if name in set(runs["architecture"])]
    for ax, (value, here) in zip(axes[0], panels, strict=True):
        for name, line in zip(names, ("-", "--", "-.", ":", "-", "--"), strict=False):
            style = look(name)
            errors = here.loc[here["architecture"] == name, metric]
            ax.ecdf(errors, color=style["color"], ls=line, lw=1.6, label=style["label"])
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
        ax.set_title(f"{by} {value:g}", fontsize=9)
        ax.set_ylim(0, 1)
    axes[0, 0].set_ylabel("share of the runs with no more error")
    fig.supxlabel(xlabel, fontsize=9)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
    return fig
