"""Plots of MTL gains: over the dial, over the loss weights, and by architecture."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ple_tutorial import checks
from ple_tutorial.plots.style import ARCHITECTURES, TASK_COLOURS, figure, look


def gain_over_dial(
    gains: pd.DataFrame, runs: pd.DataFrame | None = None, ylabel: str = "MTL gain (units of the signal's variance)"
) -> Figure:
    """Plot the mean gain with its interval over the correlation, one colour for each architecture.

    Args:
        gains: ``metrics.gain_table`` by ``correlation``.
        runs: the gain of each seed, columns ``correlation``, ``architecture``, ``gain``; drawn as faint points.
        ylabel: of the vertical axis.

    Example:
        >>> row = {"architecture": "ple", "correlation": 0.5, "mean": 0.02, "low": 0.01, "high": 0.03}
        >>> gain_over_dial(pd.DataFrame([row])).axes[0].get_xticks().tolist()
        [0]
    """
    gains = checks.columns("gains", gains).reset_index()
    checks.columns("gains", gains, ["architecture", "correlation", "mean", "low", "high"])
    fig, ax = figure(6.5, 3.4)
    names = [name for name in ARCHITECTURES if name in set(gains["architecture"])]
    positions = {p: i for i, p in enumerate(sorted(gains["correlation"].unique()))}
    for index, name in enumerate(names):
        rows = gains[gains["architecture"] == name].sort_values("correlation")
        x = rows["correlation"].map(positions) + 0.14 * (index - (len(names) - 1) / 2)
        if runs is not None:
            each = runs[runs["architecture"] == name]
            at = each["correlation"].map(positions) + 0.14 * (index - (len(names) - 1) / 2)
            ax.plot(at, each["gain"], ".", color=look(name)["color"], alpha=0.25, ms=3, zorder=1)
        errors = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
        ax.errorbar(x, rows["mean"], yerr=errors, ls="none", capsize=2.5, ms=5, lw=1.4, zorder=3, **look(name))
    ax.axhline(0, color="black", lw=0.8)
    ax.set_xticks(list(positions.values()), [f"{p:g}" for p in positions])
    ax.set_xlabel("task correlation (cosine of the tasks' directions)")
    ax.set_ylabel(ylabel)
    ax.grid(axis="x", visible=False)
    ax.legend(
        ncols=len(names),
        loc="upper center",
        bbox_to_anchor=(0.5, 1.14),
        handletextpad=0.3,
        columnspacing=1.2,
        frameon=False,
    )
    return fig


def gain_over_dials(gains: pd.DataFrame, unit: str = "units of the signal's variance") -> Figure:
    """Plot the gain of hard sharing over its width, the rows and the labels of task b, for unrelated and for identical tasks.

    Filled points are a bottom of equal structure, hollow ones a bottom of equal budget; a dash is the median.

    Args:
        gains: ``study.results.dial_gains``.
        unit: of the gains.
    """
    checks.columns("gains", gains, ["dial", "scored", "value", "correlation", "architecture", "mean", "low", "high"])
    panels = {
        ("width", "mean"): "units that both tasks pass through",
        ("rows", "mean"): "rows to train on",
        ("labels of b", "a"): "share of rows with a label of b: gain of a",
        ("labels of b", "b"): "share of rows with a label of b: gain of b",
    }
    ends = ((0.0, "unrelated tasks", TASK_COLOURS[1], "s"), (1.0, "identical tasks", TASK_COLOURS[0], "o"))
    fig, axes = figure(7.0, 5.2, nrows=2, ncols=2)
    for ax, ((dial, scored), title) in zip(axes.flat, panels.items(), strict=True):
        shown = gains[(gains["dial"] == dial) & (gains["scored"] == scored)]
        positions = {value: i for i, value in enumerate(sorted(shown["value"].unique()))}
        for number, (correlation, label, colour, marker) in enumerate(ends):
            for name, fill, style, words in (
                ("hard-sharing", colour, "-", ""),
                ("hard-sharing-wide", "white", ":", ", equal budget"),
            ):
                rows = shown[(shown["correlation"] == correlation) & (shown["architecture"] == name)]
                x = rows["value"].map(positions) + 0.1 * (number - 0.5) + (0.2 if name.endswith("wide") else 0)
                errors = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
                look = {"color": colour, "mfc": fill, "ls": style, "marker": marker, "label": label + words}
                ax.errorbar(x, rows["mean"], yerr=errors, lw=1.2, capsize=2, ms=5, **look)
                ax.plot(x, rows["median"], "_", color="black", ms=8, zorder=4)
        ax.axhline(0, color="black", lw=0.8)
        ticks = [f"{value:,.0f}" if value >= 1 else f"1/{1 / value:.0f}" for value in positions]
        ax.set_xticks(list(positions.values()), ticks)
        ax.set_title(title, fontsize=9)
        ax.grid(axis="x", visible=False)
    axes[0, 1].plot([], [], "_", color="black", ms=8, label="median")
    fig.supylabel(f"MTL gain of hard sharing ({unit})", fontsize=9)
    fig.legend(*axes[0, 1].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return fig


def sorted_gains(gains: pd.DataFrame, panels: dict[float, str]) -> Figure:
    """Plot the gain of every seed as a bar, from the greatest loss to the greatest gain: a panel for each correlation.

    Args:
        gains: columns ``correlation`` and ``gain``, one row for each seed.
        panels: ``{correlation: title of its panel}``.
    """
    checks.columns("gains", gains, ["correlation", "gain"])
    fig, axes = figure(6.5, 3.0, ncols=len(panels), sharey=True, squeeze=False)
    for ax, (correlation, title) in zip(axes[0], panels.items(), strict=True):
        bars = np.sort(gains.loc[gains["correlation"] == correlation, "gain"])
        ax.bar(range(1, len(bars) + 1), bars, color=np.where(bars > 0, TASK_COLOURS[0], TASK_COLOURS[1]), width=0.8)
        ax.axhline(0, color="black", lw=0.8)
        ax.set_title(f"{title}\n{(bars > 0).sum()} of {len(bars)} better", fontsize=9)
        ax.set_xlabel("draws of data and weights, sorted")
        ax.grid(axis="x", visible=False)
    axes[0, 0].set_ylabel("error saved by one network\n(units of the signal's variance)")
    return fig


def seesaw(
    points: pd.DataFrame,
    labels: tuple[str, str] = ("a", "b"),
    unit: str = "units of the signal's variance",
    near: float = 0.12,
) -> Figure:
    """Plot the gain of one task against that of the other for a sweep of loss weights, one path for each architecture.

    Args:
        points: columns ``architecture``, ``weight`` (of the first task, 0 to 1), and for each axis
            ``x``, ``x_low``, ``x_high``, ``y``, ``y_low``, ``y_high`` (mean gain and its interval).
        labels: names of the two tasks.
        unit: of the gains.
        near: how far the right panel, which shows the neighbourhood of the origin, reaches to the left and down.
    """
    checks.columns("points", points, ["architecture", "weight", "x", "x_low", "x_high", "y", "y_low", "y_high"])
    fig, axes = figure(7.2, 3.9, ncols=2)
    names = [name for name in ARCHITECTURES if name in set(points["architecture"])]
    for ax in axes:
        ax.axhline(0, color="black", lw=0.8)
        ax.axvline(0, color="black", lw=0.8)
        for name in names:
            rows = _path(ax, points, name)
            if name != "single-task":
                for x, y, weight in rows[["x", "y", "weight"]].itertuples(index=False):
                    end = weight in (rows["weight"].min(), rows["weight"].max())
                    inside = min(x, y) > -near
                    if end if ax is axes[0] else inside:
                        late = weight > 0.5  # to the right of its point, others to the left: neighbours do not overlap
                        below = name == ("mmoe" if late else "ple")
                        style = {
                            "xytext": ((8 if below else 5) if late else -5, -11 if below else 5),
                            "ha": "left" if late else "right",
                            "textcoords": "offset points",
                            "fontsize": 8,
                            "color": look(name)["color"],
                        }
                        ax.annotate(f"{weight:g}", (x, y), **style)
        ax.set_xlabel(f"MTL gain of task {labels[0]}\n({unit})")
    axes[0].set_ylabel(f"MTL gain of task {labels[1]} ({unit})")
    axes[1].set_xlim(-near, near / 2)
    axes[1].set_ylim(-near, near / 2)
    axes[1].set_title("around the origin", fontsize=9)
    axes[0].set_title("the whole paths; numbers: weight of task a", fontsize=9)
    handles = axes[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower center", ncols=len(names), frameon=False, columnspacing=1.2)
    return fig


def _path(ax, points, name):
    """Draw the path of one architecture over the loss weights, with intervals; return its points in the order of the weights."""
    rows = points[points["architecture"] == name].sort_values("weight")
    xerr = [rows["x"] - rows["x_low"], rows["x_high"] - rows["x"]]
    yerr = [rows["y"] - rows["y_low"], rows["y_high"] - rows["y"]]
    ax.errorbar(rows["x"], rows["y"], xerr=xerr, yerr=yerr, lw=1.2, elinewidth=0.6, ms=5, **look(name))
    return rows


def gain_plane(
    points: pd.DataFrame, panels: Mapping[str, Sequence[str]], labels: tuple[str, str] = ("a", "b"), unit: str = "MSE"
) -> Figure:
    """Plot the gain of one task against that of the other for a sweep of loss weights, as ``seesaw``, for many architectures.

    Hard sharing's path is drawn in every panel, in grey where it is not the panel's own. The numbers beside it are the weights of
    its ends, and of the point before the last.

    Args:
        points: ``study.results.seesaw_points``.
        panels: ``{title: names of its architectures}``.
        labels: names of the two tasks.
        unit: of the gains.
    """
    checks.columns("points", points, ["architecture", "weight", "x", "x_low", "x_high", "y", "y_low", "y_high"])
    fig, axes = figure(7.2, 4.2, ncols=len(panels), sharex=True, sharey=True, squeeze=False)
    for ax, (title, names) in zip(axes[0], panels.items(), strict=True):
        ax.axhline(0, color="black", lw=0.8)
        ax.axvline(0, color="black", lw=0.8)
        hard = points[points["architecture"] == "hard-sharing"].sort_values("weight")
        if "hard-sharing" not in names:
            ax.plot(hard["x"], hard["y"], color="#b8bfc4", lw=2.5, zorder=1)
        for name in names:
            _path(ax, points, name)
        for x, y, weight in hard[["x", "y", "weight"]].iloc[[0, -2, -1]].itertuples(index=False):
            ax.annotate(f"{weight:g}", (x, y), xytext=(-5, 6), textcoords="offset points", ha="right", fontsize=8)
        ax.set_title(title, fontsize=9)
        ax.legend(loc="lower left", fontsize=8)
        ax.locator_params(axis="x", nbins=5)
        ax.set_xlabel(f"gain of task {labels[0]}\n({unit})")
    axes[0, 0].set_ylabel(f"gain of task {labels[1]}\n({unit})")
    return fig


def gain_rows(gains: pd.DataFrame, xlabel: str = "MTL gain (units of the signal's variance)") -> Figure:
    """Plot the mean gain with its interval: a panel for each correlation, a row for each architecture.

    Filled points are models with layers of equal width, hollow ones models with an equal budget.

    Args:
        gains: columns ``correlation``, ``architecture``, ``size``, ``mean``, ``low``, ``high``.
        xlabel: of the horizontal axes.
    """
    panels = sorted(gains["correlation"].unique())
    fig, axes = figure(7.2, 3.6, ncols=len(panels), sharey=True, sharex=True)
    names = [name for name in ARCHITECTURES if name in set(gains["architecture"])][::-1]
    for ax, correlation in zip(axes, panels, strict=True):
        for size, shift, fill in (("structure", 0.16, None), ("budget", -0.16, "white")):
            chosen = (gains["correlation"] == correlation) & (gains["size"] == size)
            rows = gains[chosen].set_index("architecture").reindex(names)
            errors = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
            style = {"fmt": "o", "color": TASK_COLOURS[0], "ms": 4.5, "lw": 1.2, "capsize": 2, "markerfacecolor": fill}
            ax.errorbar(rows["mean"], np.arange(len(names)) + shift, xerr=errors, **style)
        ax.axvline(0, color="black", lw=0.8)
        ax.set_yticks(range(len(names)), [look(name)["label"] for name in names])
        ax.set_title(f"correlation {correlation:g}", fontsize=9)
    for size, fill in (("layers of equal width", None), ("widths for an equal budget", "white")):
        axes[0].plot([], [], "o", color=TASK_COLOURS[0], markerfacecolor=fill, label=size)
    fig.supxlabel(xlabel, fontsize=9)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return fig


def gain_panels(
    panels: Mapping[str, Mapping[str, Any]],
    xlabel: str = "MTL gain (units of the signal's variance)",
    counts: bool = True,
) -> Figure:
    """Plot gains over paired seeds: the mean with its interval and a thin line for the median, a row for each comparison.

    Args:
        panels: ``{title of the panel: {name of the row: Gain}}``; the same rows in every panel.
        xlabel: of the horizontal axes, which all have the same scale.
        counts: write at the right how many of the seeds gain.

    Raises:
        ValueError: no panel, or panels with different rows.

    Example:
        >>> from ple_tutorial.metrics import mtl_gain
        >>> gain = mtl_gain("auc", [0.75, 0.5, 0.75], [0.5, 0.25, 0.5])
        >>> [text.get_text() for text in gain_panels({"a panel": {"PLE over CGC": gain}}).axes[0].texts]
        ['3/3']
    """
    names = [list(rows) for rows in panels.values()]
    if not names or not names[0] or any(one != names[0] for one in names):
        checks.refuse("panels", "at least one panel, and the same rows in each", str(names))
    fig, axes = figure(7.2, 0.9 + 0.28 * len(names[0]), ncols=len(panels), sharey=True, sharex=True, squeeze=False)
    for ax, (title, rows) in zip(axes[0], panels.items(), strict=True):
        for place, gain in enumerate(reversed(rows.values())):
            errors = [[gain.mean - gain.low], [gain.high - gain.mean]]
            ax.errorbar(gain.mean, place, xerr=errors, fmt="o", color=TASK_COLOURS[0], ms=4.5, lw=1.2, capsize=2)
            ax.plot(gain.median, place, "|", color=TASK_COLOURS[1], ms=9)
            if counts:
                text = f"{gain.positive}/{len(gain.gains)}"
                ax.text(1.02, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=7)
        ax.axvline(0, color="black", lw=0.8)
        ax.set_title(title, fontsize=9)
    axes[0, 0].set_yticks(range(len(names[0])), names[0][::-1])
    axes[0, 0].set_ylim(-0.6, len(names[0]) - 0.4)
    fig.supxlabel(xlabel, fontsize=9)
    return fig
