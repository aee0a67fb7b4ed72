"""Plots that compare the architectures: whose loss reaches whose experts, and what each costs."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ple_tutorial.plots.style import GREY, TASK_COLOURS, figure, look


def reach_matrices(table: pd.DataFrame, columns: int = 5) -> Figure:
    """Plot whose loss reaches whose experts: a small matrix for each architecture, with a row for each loss.

    Args:
        table: columns ``architecture``, ``loss`` (a task), ``level``, ``group`` (of experts), ``reached`` (bool).
        columns: matrices in a row of the figure.
    """
    names = list(dict.fromkeys(table["architecture"]))
    rows = -(-len(names) // columns)
    fig, axes = figure(7.2, 1.15 * rows + 0.4, nrows=rows, ncols=columns, squeeze=False)
    colours = dict(zip(dict.fromkeys(table["loss"]), TASK_COLOURS, strict=False))
    widest = max(len(part.groupby(["level", "group"])) for _, part in table.groupby("architecture"))
    for ax, name in zip(axes.flat, names, strict=False):
        part, x = table[table["architecture"] == name], 0.0
        ticks = {}
        for level, of_level in part.groupby("level"):
            start = x
            for group, cells in of_level.groupby("group", sort=False):
                for y, (loss, colour) in enumerate(colours.items()):
                    reached = cells.loc[cells["loss"] == loss, "reached"].item()
                    square = {"facecolor": colour if reached else "white", "edgecolor": GREY}
                    ax.add_patch(Rectangle((x, y), 1, 1, **square))
                    if not reached:
                        ax.text(x + 0.5, y + 0.5, "0", ha="center", va="center", fontsize=8)
                ticks[x + 0.5] = group if group != "shared" else "sh."
                x += 1
            ax.text((start + x) / 2, -0.12, f"level {level}", ha="center", va="bottom", fontsize=7, color=GREY)
            x += 0.4 if len(ticks) > level else 1.4  # room for the word
        right = x - 0.4
        ax.set(xlim=((right - widest) / 2 - 0.3, (right + widest) / 2 + 0.3), ylim=(len(colours) + 0.05, -0.6))
        ax.set_xticks(list(ticks), list(ticks.values()), fontsize=8)
        ax.set_yticks([y + 0.5 for y in range(len(colours))], [f"loss {loss}" for loss in colours], fontsize=8)
        ax.set_title(look(name)["label"], fontsize=9)
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
    for ax in axes.flat[len(names) :]:
        ax.set_axis_off()
    return fig


def cost_dots(table: pd.DataFrame) -> Figure:
    """Plot parameters and operations of each architecture: filled at equal structure, hollow at an equal budget.

    Args:
        table: columns ``architecture``, ``size`` (``structure`` or ``budget``), ``parameters``, ``flops``.
    """
    fig, axes = figure(6.5, 3.4, ncols=2, sharey=True)
    names = list(dict.fromkeys(table["architecture"]))[::-1]
    labels = {"parameters": "parameters (thousands)", "flops": "operations a sample (thousand FLOP)"}
    for ax, (column, label) in zip(axes, labels.items(), strict=True):
        for size, fill in (("structure", "full"), ("budget", "none")):
            of_size = table[table["size"] == size].set_index("architecture")[column] / 1e3
            ax.plot(of_size[names], range(len(names)), "o", color=TASK_COLOURS[0], fillstyle=fill, ms=6)
        ax.set_xlabel(label)
        ax.set_yticks(range(len(names)), [look(name)["label"] for name in names])
        ax.set_xlim(left=0)
    for size, fill in (("layers of equal width", "full"), ("widths for an equal budget", "none")):
        axes[0].plot([], [], "o", color=TASK_COLOURS[0], fillstyle=fill, label=size)
    fig.legend(loc="outside lower center", ncols=2, frameon=False)
    return fig
