"""Plots of regimes: which kind of architecture wins where, and where nothing can be told."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ple_tutorial import checks
from ple_tutorial.plots.style import GREY, UNSEEN, figure, look

KINDS = {  # kind of architecture: (what it is, colour)
    "apart": ("nothing shared", "#000000"),
    "no gates": ("sharing without gates", "#D55E00"),
    "shared gates": ("gates, shared experts: MMoE, ML-MMoE", "#E69F00"),
    "own gates": ("gates, own and shared experts: CGC, PLE", "#0072B2"),
}
GAP = 0.35  # between two dials
READS = {  # end of a name: (what its gates are, line)
    "": ("gates as in the papers", "-"),
    "-context": ("gates that read the context alone", "--"),
    "-uniform": ("uniform gates", ":"),
}


def regime_map(table: pd.DataFrame) -> Figure:
    """Plot a map of regimes: a row for each world, a tile for each place of its dials.

    A tile has the colour of the kind of architecture that wins there. Where another kind is level with it, the tile is white
    and has a mark for each kind that is. Its text is the best architecture, and its error over the single-task model's.

    Args:
        table: one row a tile: ``region``, ``dial`` and ``value`` (texts, in the order in which they are drawn), ``best`` (an
            architecture), ``ratio``, ``kinds`` (those that are level, of ``KINDS``, separated by commas), and ``held``: ``yes``
            or ``no`` where it was run again on fresh seeds, and drawn as a mark; else ``-``.
    """
    regions = list(dict.fromkeys(table["region"]))
    dials = {dial: list(dict.fromkeys(part["value"])) for dial, part in table.groupby("dial", sort=False)}
    fig, ax = figure(7.2, 0.62 * len(regions) + 1.3)
    x, places = 0.0, {}
    for dial, values in dials.items():
        ax.text(x + len(values) / 2, -0.42, dial, ha="center", va="bottom", fontsize=8, fontweight="bold")
        for value in values:
            places[dial, value] = x
            ax.text(x + 0.5, -0.06, value if value != dial else "", ha="center", va="bottom", fontsize=7)
            x += 1
        x += GAP
    for row in table.itertuples():
        left, top = places[row.dial, row.value], regions.index(row.region)
        kinds = row.kinds.split(",")
        alone = len(kinds) == 1
        colour = KINDS[kinds[0]][1] if alone else "white"
        ax.add_patch(Rectangle((left + 0.03, top + 0.04), 0.94, 0.92, facecolor=colour, edgecolor=GREY, linewidth=0.6))
        ink = "black" if not alone or colour == KINDS["shared gates"][1] else "white"
        ax.text(left + 0.5, top + 0.27, _short(row.best), ha="center", va="center", fontsize=7, color=ink)
        ax.text(left + 0.5, top + 0.6, f"{row.ratio:.2f}", ha="center", va="center", fontsize=8, color=ink)
        if row.held != "-":
            ax.text(
                left + 0.9,
                top + 0.16,
                "✓" if row.held == "yes" else "✗",
                ha="right",
                va="center",
                fontsize=8,
                color=ink,
            )
        for number, kind in enumerate(kinds if not alone else []):
            side = left + 0.5 + (number - len(kinds) / 2) * 0.2
            ax.add_patch(Rectangle((side + 0.03, top + 0.76), 0.14, 0.13, facecolor=KINDS[kind][1], linewidth=0))
    for top, region in enumerate(regions):
        ax.text(-0.12, top + 0.5, textwrap.fill(region, 14), ha="right", va="center", fontsize=8)
    ax.set(xlim=(0, x - GAP), ylim=(len(regions), -0.75))
    ax.set_axis_off()
    for label, colour in KINDS.values():
        ax.add_patch(Rectangle((0, 0), 0, 0, facecolor=colour, label=label))
    ax.add_patch(
        Rectangle(
            (0, 0), 0, 0, facecolor="white", edgecolor=GREY, label="no kind alone; squares: the kinds that are level"
        )
    )
    ax.plot([], [], " ", label="✓ ✗  the same on fresh seeds, or not")
    fig.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return fig


def standing_rows(table: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Plot how far models are from the best one: a row for each place of a world, a mark for each model, on a logarithmic axis.

    A hollow mark is a model from which the best one is not seen to differ.

    Args:
        table: ``study.regimes.standings``.
        names: the models to draw; a best one that is not among them is named at the right.
    """
    checks.columns("table", table, ["dial", "value", "architecture", "to_best", "level"])
    rows = list(dict.fromkeys(zip(table["dial"], table["value"], strict=True)))
    fig, ax = figure(7.0, 0.9 + 0.3 * len(rows))
    for place, key in enumerate(rows):
        here = table[(table["dial"] == key[0]) & (table["value"] == key[1])].set_index("architecture")
        for number, name in enumerate(names):
            style = look(name) | {"label": look(name)["label"] if place == 0 else None}
            fill = "white" if here.loc[name, "level"] and here.loc[name, "to_best"] > 1 else style["color"]
            height = place + 0.06 * (number - (len(names) - 1) / 2)
            ax.plot(here.loc[name, "to_best"], height, ls="none", ms=6, mfc=fill, **style)
        if (best := here["to_best"].idxmin()) not in names:
            ax.text(1.01, place, look(best)["label"], transform=ax.get_yaxis_transform(), va="center", fontsize=7)
    ax.set_xscale("log")
    ticks = [tick for tick in (1, 1.2, 1.5, 2, 3, 4) if tick <= max(1.2, table["to_best"].max())]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(rows)), [dial if dial == value else f"{dial} {value}" for dial, value in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel("excess error over that of the best model (hollow: no difference from it is seen)")
    fig.legend(loc="outside upper center", ncols=4, fontsize=8)
    return fig


def ratio_rows(table: pd.DataFrame, names: Sequence[str], xlabel: str) -> Figure:
    """Plot ratios of errors with their intervals: a row for each place, a mark for each model, on a logarithmic axis.

    A hollow mark says that no difference is seen.

    Args:
        table: ``study.verdicts.verdicts`` by ``place``.
        names: the models to draw; one that is missing at a place is left out there.
        xlabel: of the axis; the ratio is that to the baseline of the verdicts.
    """
    checks.columns(
        "table", table.reset_index(), ["place", "architecture", "ratio", "ratio_low", "ratio_high", "verdict"]
    )
    places = list(table.index.unique("place"))
    fig, ax = figure(7.0, 1.1 + 0.42 * len(places))
    for number, name in enumerate(names):
        rows = table.xs(name, level="architecture").reindex(places)
        y = np.arange(len(places)) + 0.1 * (number - (len(names) - 1) / 2)
        errors = [rows["ratio"] - rows["ratio_low"], rows["ratio_high"] - rows["ratio"]]
        style = look(name)
        ax.errorbar(rows["ratio"], y, xerr=errors, ls="none", color=style["color"], lw=1)
        seen = (rows["verdict"] != UNSEEN).to_numpy()
        for which, fill in ((seen, style["color"]), (~seen, "white")):
            label = style["label"] if fill != "white" else None
            ax.plot(rows["ratio"][which], y[which], ls="none", ms=5.5, mfc=fill, **style | {"label": label})
    ax.axvline(1, color="black", lw=0.8)
    ax.set_xscale("log")
    ticks = [
        tick for tick in (0.5, 0.7, 1, 1.4, 2, 3, 4) if table["ratio"].min() / 1.2 < tick < table["ratio"].max() * 1.2
    ]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(places)), places)
    ax.set_ylim(len(places) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    fig.legend(loc="outside upper center", ncols=4, fontsize=8)
    return fig


def _short(architecture):
    words = (
        look(architecture)["label"].replace(" sharing", "").replace(" gates", "").replace("customized", "custom-ized")
    )
    return words.replace(", ", ",\n").replace("-", "-\n").replace(" ", "\n")


def ratios_over_noise(ratios: pd.DataFrame, titles: dict[str, str]) -> Figure:
    """Plot the excess error of gated models over the single-task model's, as features are added that say nothing.

    One panel for each world. The colour is the architecture, the line what its gates read.

    Args:
        ratios: ``study.verdicts.verdicts`` by ``world`` and ``silent``, of the study ``causes``.
        titles: ``{world: title of its panel}``.
    """
    checks.columns(
        "ratios", ratios.reset_index(), ["world", "silent", "architecture", "ratio", "ratio_low", "ratio_high"]
    )
    fig, axes = figure(7.2, 3.9, ncols=len(titles), sharey=True, squeeze=False)
    for ax, (world, title) in zip(axes[0], titles.items(), strict=True):
        here = ratios.xs(world, level="world")
        names = [name + reads for name in ("mmoe", "ple") for reads in READS]
        places = {silent: place for place, silent in enumerate(here.index.unique("silent"))}
        for number, name in enumerate(["hard-sharing", *names]):
            rows = here.xs(name, level="architecture")
            base = name.removesuffix("-context").removesuffix("-uniform")
            words, line = READS[name.removeprefix(base)]
            label = look(base)["label"] + ("" if base == "hard-sharing" else f", {words}")
            errors = [rows["ratio"] - rows["ratio_low"], rows["ratio_high"] - rows["ratio"]]
            x = np.array([places[silent] for silent in rows.index]) + 0.05 * (number - len(names) / 2)
            style = look(base) | {"label": label, "ls": line}
            ax.errorbar(x, rows["ratio"], yerr=errors, lw=1.3, elinewidth=0.7, ms=4.5, **style)
        ax.axhline(1, color="black", lw=0.8)
        ax.set_xticks(list(places.values()), [f"{silent:g}" for silent in places])
        ax.set_title(title, fontsize=9)
        ax.grid(axis="x", visible=False)
        ax.set_xlabel("features that say nothing")
    axes[0, 0].set_ylabel("excess error over single-task's")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    return fig
