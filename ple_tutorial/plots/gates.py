"""Plots of gate weights: means as bars, distributions as violins."""

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from ple_tutorial import checks
from ple_tutorial.plots.style import ARCHITECTURES, SHARED_COLOUR, TASK_COLOURS, figure, look


def gate_bars(summary: pd.DataFrame) -> Figure:
    """Plot mean gate weights as in the PLE paper's Figure 8: a bar for each expert, with the spread over samples as a line.

    Args:
        summary: the table of ``gates.summarise`` with two more columns, ``row`` and ``column``: the panel in a grid.

    Returns:
        A figure without an alt text.

    Example:
        >>> summary = pd.DataFrame({"level": 1, "gate": ["a"] * 2, "expert": ["a_1", "shared_1"], "mean": 0.5, "std": 0.1})
        >>> fig = gate_bars(summary.assign(row="CGC", column="correlation 0"))
        >>> [ax.get_title() for ax in fig.axes]
        ['correlation 0, CGC']
    """
    checks.columns("summary", summary, ["row", "column", "level", "gate", "expert", "mean", "std"])
    lines, columns = (list(dict.fromkeys(summary[key])) for key in ("row", "column"))
    fig, axes = figure(7.2, 2.4 * len(lines) + 0.6, nrows=len(lines), ncols=len(columns), squeeze=False, sharex=True)
    colours = group_colours(summary)
    for line, row in zip(axes, lines, strict=True):
        for ax, column in zip(line, columns, strict=True):
            rows = summary[(summary["row"] == row) & (summary["column"] == column)]
            y, ticks = 0.0, {}
            gates = sorted(rows.groupby(["level", "gate"], sort=False), key=lambda group: -group[0][0])
            for (level, gate), group in gates:
                start = y
                for expert, mean, std in group[["expert", "mean", "std"]].itertuples(index=False):
                    style = {"color": colours[expert.rpartition("_")[0]], "edgecolor": "white", "error_kw": {"lw": 1.0}}
                    ax.barh(y, mean, xerr=std, height=0.86, **style)
                    ax.text(0.99, y, f"{mean:.2f}", va="center", ha="right", fontsize=7)
                    y -= 1
                ticks[(start + y + 1) / 2] = f"{gate} {level}" if rows["level"].max() > 1 else gate
                y -= 0.6
            ax.set_yticks(list(ticks), list(ticks.values()))
            ax.set_xlim(0, 1)
            ax.grid(axis="y", visible=False)
            ax.set_title(f"{column}, {row}", fontsize=9)
    for ax in axes[-1]:
        ax.set_xlabel("gate weight")
    handles = [matplotlib.patches.Patch(color=colour, label=f"{group} experts") for group, colour in colours.items()]
    fig.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    return fig


def group_colours(table):
    groups = dict.fromkeys(name.rpartition("_")[0] for name in table["expert"])
    tasks = [group for group in groups if group != "shared"]
    colours = dict(zip(tasks, TASK_COLOURS, strict=False))
    return colours | ({"shared": SHARED_COLOUR} if "shared" in groups else {})


def gate_violins(samples: pd.DataFrame) -> Figure:
    """Plot distributions of gate weights over samples: a column of panels for each architecture, a violin for each expert.

    Args:
        samples: a row for each weight, with the columns ``architecture``, ``correlation``, ``gate`` (with its level),
            ``expert`` and ``weight``.
    """
    checks.columns("samples", samples, ["architecture", "correlation", "gate", "expert", "weight"])
    rows = list(dict.fromkeys(samples["correlation"]))
    columns = [n for n in ARCHITECTURES if n in set(samples["architecture"])]
    counts = [samples[samples["architecture"] == c].groupby(["gate", "expert"]).ngroups for c in columns]
    fig, axes = figure(
        7.2, 1.9 * len(rows) + 0.9, nrows=len(rows), ncols=len(columns), squeeze=False, sharey=True, sharex="col",
        gridspec_kw={"width_ratios": counts},
    )  # fmt: skip
    colours = group_colours(samples)
    for ax, name in zip(axes[0], columns, strict=True):
        ax.set_title(look(name)["label"], fontsize=9)
    for line, correlation in zip(axes, rows, strict=True):
        for ax, name in zip(line, columns, strict=True):
            part = samples[(samples["architecture"] == name) & (samples["correlation"] == correlation)]
            x, ticks = 0.0, {}
            for gate, group in part.groupby("gate", sort=False):
                start = x
                for expert, weights in group.groupby("expert", sort=False)["weight"]:
                    body = ax.violinplot(weights, [x], widths=0.9, showextrema=False, showmedians=True)
                    body["bodies"][0].set(facecolor=colours[expert.rpartition("_")[0]], alpha=0.75)
                    body["cmedians"].set(color="black", lw=1.1)
                    x += 1
                ticks[(start + x - 1) / 2] = gate
                x += 0.7
            ax.set_xticks(list(ticks), list(ticks.values()), rotation=90 if len(ticks) > 2 else 0)
            ax.set_ylim(0, 1)
            ax.grid(axis="x", visible=False)
        line[0].set_ylabel(f"gate weight\n(correlation {correlation:g})")
    handles = [matplotlib.patches.Patch(color=colour, label=f"{group} experts") for group, colour in colours.items()]
    fig.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    return fig
