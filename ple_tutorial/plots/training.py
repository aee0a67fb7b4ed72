"""Plots of joint training: who has a label where, when each task is done, and gradients that are combined."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.plots.style import GREY, SHARED_COLOUR, TASK_COLOURS, UNSEEN, figure, look


def label_spaces(data: TaskData, batch: int = 40) -> Figure:
    """Draw which samples have a label: as bars for all samples, and cell by cell for the first ``batch`` of them.

    Args:
        data: tasks whose sample spaces lie one within the other, from the widest to the narrowest.
        batch: number of samples to draw as columns of cells; a filled cell is a label, an empty one is none.

    Returns:
        The figure; its label, the alt text, gives the numbers.

    Source: PLE paper, Figure 6 (there as ellipses, without numbers).

    >>> masks = {"play": [1, 1, 1, 1], "like": [1, 0, 0, 0]}
    >>> data = TaskData([[0.0]] * 4, dict.fromkeys(masks, [0, 1, 0, 1]), dict.fromkeys(masks, "binary"), masks)
    >>> label_spaces(data, batch=2).get_label()
    'Samples with a label, of 4: play 4, like 1. Beside it the first 2 samples, a column each: play has 2 labels, like 1.'
    """
    batch = min(checks.count("batch", batch), len(data))
    fig, (left, right) = figure(7.0, 0.42 * len(data.tasks) + 1.1, ncols=2, sharey=True, width_ratios=[1, 1.9])
    for place, task in enumerate(reversed(data.tasks)):
        colour = TASK_COLOURS[data.tasks.index(task)]
        inside = data.mask[task]
        left.barh(place, len(data), height=0.62, facecolor="none", edgecolor=GREY, lw=0.8, ls=":")
        left.barh(place, inside.sum(), height=0.62, color=to_rgba(colour, 0.75))
        left.text(0.02 * len(data), place, f"{inside.sum():,}", va="center", color="white", weight="bold", fontsize=8.5)
        for column in range(batch):
            fill = to_rgba(colour, 0.75) if inside[column] else "none"
            edge, style = (colour, "-") if inside[column] else (GREY, ":")
            right.bar(column, 0.62, 0.8, place - 0.31, facecolor=fill, edgecolor=edge, lw=0.7, ls=style)
    left.set_yticks(range(len(data.tasks)), data.tasks[::-1])
    left.set_xlabel("samples with a label")
    left.set_title("all samples", fontsize=9)
    right.set_title(f"the first {batch} samples: filled, a label; empty, none", fontsize=9)
    right.set_xlabel("sample")
    right.set_xlim(-0.7, batch - 0.3)
    for ax in (left, right):
        ax.grid(visible=False)
    totals = ", ".join(f"{task} {int(data.mask[task].sum()):,}" for task in data.tasks)
    first = ", ".join(f"{task} {int(data.mask[task][:batch].sum())}" for task in data.tasks[1:])
    fig.set_label(
        f"Samples with a label, of {len(data):,}: {totals}. Beside it the first {batch} samples, a column each: "
        f"{data.tasks[0]} has {int(data.mask[data.tasks[0]][:batch].sum())} labels, {first}."
    )
    return fig


def stop_curves(history: pd.DataFrame, columns: Mapping[str, str], stops: Mapping[str, int]) -> Figure:
    """Plot the validation loss of each task over the epochs, its own best epoch, and one or more common stops.

    Args:
        history: what ``fit`` returns.
        columns: ``{task: column of the history}``, less of which is better.
        stops: ``{what: epoch}``, drawn as vertical lines in every panel.

    >>> history = pd.DataFrame({"val_click_log_loss": [0.7, 0.6, 0.65]}, index=[1, 2, 3])
    >>> fig = stop_curves(history, {"click": "val_click_log_loss"}, {"common stop": 3})
    >>> fig.axes[0].lines[1].get_xdata().tolist()  # its own best epoch
    [2]
    """
    checks.columns("history", history, list(columns.values()))
    fig, axes = figure(7.0, 2.5, ncols=len(columns), squeeze=False)
    best = {task: int(history[column].idxmin()) for task, column in columns.items()}
    for index, (ax, (task, column)) in enumerate(zip(axes[0], columns.items(), strict=True)):
        colour = TASK_COLOURS[index]
        ax.plot(history.index, history[column], color=colour, lw=1.6)
        ax.plot(best[task], history[column][best[task]], "o", color=colour, ms=7, label="the task's own best epoch")
        for number, (name, epoch) in enumerate(stops.items()):
            ax.axvline(epoch, color="black", lw=1.1, ls=("--", ":")[number % 2], label=name)
        late = history[column].iloc[len(history) // 8 :]  # the first epochs would squeeze the rest
        room = 0.12 * (late.max() - late.min()) or 0.1
        ax.set_ylim(late.min() - room, late.max() + room)
        ax.set_title(task, fontsize=9, color=colour)
        ax.set_xlabel("epoch")
    axes[0, 0].set_ylabel("validation loss")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    handles[0].set_color(GREY)
    axes[0, 0].lines[1].set_color(TASK_COLOURS[0])
    fig.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8, frameon=False)
    return fig


def gradient_arrows(
    gradients: Mapping[str, Sequence[float]], panels: Mapping[str, Mapping[str, Sequence[float]]], around: float = 0.0
) -> Figure:
    """Draw two gradients as arrows, and in each panel what a method makes of them; where both losses fall is shaded.

    Args:
        gradients: ``{task: (2,)}`` of two tasks.
        panels: ``{title: {what: (2,)}}``; the last arrow of a panel is the method's step, the others are thin.
        around: radius of a circle around the sum of the gradients, drawn in the last panel; 0 for none.

    >>> fig = gradient_arrows({"a": (4, 1), "b": (-1, 1)}, {"sum": {"sum": (3, 2)}})
    >>> [text.get_text() for text in fig.axes[0].texts if text.get_text()]
    ['a', 'b', 'sum']
    """
    fig, axes = figure(7.2, 2.5, ncols=len(panels), sharex=True, sharey=True, squeeze=False)
    arrows = np.array([*gradients.values(), *(one for rows in panels.values() for one in rows.values()), (0, 0)], float)
    total = np.sum(list(gradients.values()), axis=0)
    low, high = arrows.min(axis=0) - 0.6, np.maximum(arrows.max(axis=0), total + around) + 0.7
    x, y = np.meshgrid(np.linspace(low[0], high[0], 400), np.linspace(low[1], high[1], 400))
    falls = np.all([g[0] * x + g[1] * y > 0 for g in gradients.values()], axis=0)
    for ax, (title, rows) in zip(axes[0], panels.items(), strict=True):
        ax.contourf(x, y, falls, levels=[0.5, 1.5], colors=[to_rgba(SHARED_COLOUR, 0.13)])
        drawn = [(name, one, TASK_COLOURS[i], 1.6, "-") for i, (name, one) in enumerate(gradients.items())]
        last = list(rows)[-1]
        drawn += [(n, one, "black" if n == last else GREY, 2.2 if n == last else 1.0, "-" if n == last else "--")
                  for n, one in rows.items()]  # fmt: skip
        for name, (dx, dy), colour, width, style in drawn:
            shape = {"arrowstyle": "-|>", "color": colour, "lw": width, "ls": style, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (dx, dy), (0, 0), arrowprops=shape)
            ax.annotate(name, (dx, dy), (3, 3), textcoords="offset points", color=colour, fontsize=8.5)
        ax.set(title=title, aspect="equal", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        ax.title.set_fontsize(9)
    if around:
        turn = np.linspace(0, 2 * np.pi, 200)
        axes[0, -1].plot(total[0] + around * np.cos(turn), total[1] + around * np.sin(turn), color=GREY, lw=0.9, ls=":")
    fig.supxlabel("a step against the arrow; in the shaded part it lowers both losses", fontsize=9)
    return fig


def method_rows(tables: Mapping[str, pd.DataFrame], methods: Sequence[str], xlabel: str) -> Figure:
    """Plot ratios of errors with their intervals: a row of panels for each setting, in each a row for each method.

    A hollow mark says that no difference is seen.

    Args:
        tables: ``{title of the column of panels: study.balancing.against_weights}``.
        methods: the methods, from top to bottom.
        xlabel: of the axes; the ratio is that to the baseline.

    >>> row = {"setting": "even", "sharing": "ple", "architecture": "PCGrad", "verdict": "worse"}
    >>> table = pd.DataFrame([row | {"ratio": 1.2, "ratio_low": 1.1, "ratio_high": 1.3}])
    >>> fig = method_rows({"both": table.set_index(["setting", "sharing", "architecture"])}, ["PCGrad"], "ratio")
    >>> fig.axes[0].get_title()
    'both'
    """
    settings = list(next(iter(tables.values())).index.unique("setting"))
    shape = {"nrows": len(settings), "ncols": len(tables)}
    fig, axes = figure(7.2, 0.9 + 1.5 * len(settings), **shape, sharex=True, sharey=True, squeeze=False)
    for top, (line, setting) in enumerate(zip(axes, settings, strict=True)):
        for ax, (title, table) in zip(line, tables.items(), strict=True):
            for number, sharing in enumerate(table.index.unique("sharing")):
                rows = table.loc[(setting, sharing)].loc[list(methods)]
                y, style = np.arange(len(methods)) + 0.24 * number - 0.12, look(sharing)
                errors = [rows["ratio"] - rows["ratio_low"], rows["ratio_high"] - rows["ratio"]]
                ax.errorbar(rows["ratio"], y, xerr=errors, ls="none", color=style["color"], lw=1.2)
                for place, (ratio, verdict) in enumerate(zip(rows["ratio"], rows["verdict"], strict=True)):
                    fill = "white" if verdict == UNSEEN else style["color"]
                    ax.plot(ratio, y[place], ls="none", ms=5.5, mfc=fill, **style)
            ax.axvline(1, color="black", lw=0.8)
            ax.set_title(title if top == 0 else "", fontsize=9)
        line[0].set_ylabel(setting, fontsize=9)
    ax.set_xscale("log")
    ax.set_xticks([0.7, 1, 1.5, 2, 3], ["0.7", "1", "1.5", "2", "3"])
    ax.minorticks_off()
    axes[0, 0].set_yticks(range(len(methods)), methods)
    axes[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    fig.supxlabel(xlabel, fontsize=9)
    axes[0, 0].plot([], [], "o", color=GREY, mfc="white", ms=5.5, label="hollow: no difference seen")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    kept = dict(sorted(zip(labels, handles, strict=True), key=lambda pair: labels.index(pair[0])))
    fig.legend(kept.values(), kept, loc="outside upper center", ncols=len(kept), fontsize=8, frameon=False)
    return fig


def foretelling(table: pd.DataFrame, measures: dict[str, str]) -> Figure:
    """Plot what sharing did to a task's error against what was measured while it trained: a panel for each measure.

    Args:
        table: one row for each place and task: ``region`` (a world), ``ratio`` (its error with sharing over that without), and a
            column for each measure.
        measures: ``{column: label of its axis}``.
    """
    checks.columns("table", table, ["region", "ratio", *measures])
    fig, axes = figure(7.2, 3.6, ncols=len(measures), squeeze=False, sharey=True)
    for ax, (column, label) in zip(axes[0], measures.items(), strict=True):
        for (region, here), marker, colour in zip(
            table.groupby("region", sort=False), "os^Dv", TASK_COLOURS, strict=False
        ):
            ax.plot(here[column], here["ratio"], marker, color=colour, ms=4, mew=0, alpha=0.75, label=region)
        ax.axhline(1, color="black", lw=0.8)
        ax.axvline(0, color="black", lw=0.8)
        ax.set_yscale("log")
        ax.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
        ax.minorticks_off()
        ax.locator_params(axis="x", nbins=4)
        ax.set_xlabel(label)
    axes[0, 0].set_ylabel("excess error with sharing over that without")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=8)
    return fig
