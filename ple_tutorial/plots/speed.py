"""Plots of training speed."""

import pandas as pd
from matplotlib.figure import Figure

from ple_tutorial.plots.style import TASK_COLOURS, figure


def speed_rows(table: pd.DataFrame, batch: int = 256) -> Figure:
    """Plot the samples per second of each way to train, a panel for each network: median, lowest and highest round.

    Args:
        table: columns ``network``, ``batch``, ``contender``, ``samples_per_second`` and the same with ``_min``, ``_max``; rows
            without a speed are left out.
        batch: samples in a batch; rows with another number are left out.
    """
    table = table[(table["batch"] == batch) & table["samples_per_second"].notna()]
    panels, names = list(dict.fromkeys(table["network"])), list(dict.fromkeys(table["contender"]))[::-1]
    fig, axes = figure(7.2, 2.8, ncols=len(panels), sharey=True, squeeze=False)
    for ax, network in zip(axes[0], panels, strict=True):
        rows = table[table["network"] == network].set_index("contender").reindex(names)
        middle, low, high = (rows[f"samples_per_second{end}"] / 1e3 for end in ("", "_min", "_max"))
        style = {"fmt": "o", "ms": 5, "lw": 1.2, "capsize": 2}
        for i, name in enumerate(names):
            errors = [[middle[name] - low[name]], [high[name] - middle[name]]]
            ax.errorbar(middle[name], i, xerr=errors, color=TASK_COLOURS[name == "fit"], **style)
        ax.set_xlim(left=0)
        ax.set_yticks(range(len(names)), names)
        ax.set_title(f"network: {network}", fontsize=9)
    fig.supxlabel(f"thousand samples a second, batches of {batch}", fontsize=9)
    return fig


def speed_growth(table: pd.DataFrame) -> Figure:
    """Plot the samples per second as one size of a network grows, a panel for each size: median, lowest and highest round.

    Args:
        table: columns ``size``, ``value``, ``samples_per_second``, ``low``, ``high``, ``flops``.
    """
    panels = list(dict.fromkeys(table["size"]))
    fig, axes = figure(7.2, 3.8, nrows=2, ncols=3)
    axes = list(axes.flat)
    for ax, size in zip(axes, panels, strict=False):
        rows = table[table["size"] == size]
        middle = rows["samples_per_second"] / 1e3
        errors = [middle - rows["low"] / 1e3, rows["high"] / 1e3 - middle]
        ax.errorbar(rows["value"], middle, yerr=errors, fmt="o-", color=TASK_COLOURS[0], ms=4, lw=1.2, capsize=2)
        ax.set_xscale("log")
        ax.set_xticks(rows["value"], [f"{value:,}" for value in rows["value"]], rotation=30 if size == "rows" else 0)
        ax.minorticks_off()
        ax.set_ylim(bottom=0)
        ax.set_xlabel(size)
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    fig.supylabel("thousand samples a second", fontsize=9)
    for ax in (axes[0], axes[3]):
        ax.set_ylabel(" ")  # space for the common label
    return fig
