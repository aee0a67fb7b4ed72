"""Plots of regimes: which kind of architecture wins where, and where nothing can be told."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ple_tutorial.plots.style import GREY, figure, look

KINDS = {  # kind of architecture: (what it is, colour)
    "apart": ("nothing shared", "#000000"),
    "no gates": ("sharing without gates", "#D55E00"),
    "shared gates": ("gates, shared experts: MMoE, ML-MMoE", "#E69F00"),
    "own gates": ("gates, own and shared experts: CGC, PLE", "#0072B2"),
}
GAP = 0.35  # between two dials


def regime_map(table: pd.DataFrame) -> Figure:
    """Plot a map of regimes: a row for each world, a tile for each place of its dials.

    A tile has the colour of the kind of architecture that wins there. Where another kind is level with it, the tile is white
    and has a mark for each kind that is. Its text is the best architecture, and its error over the single-task model's.

    Args:
        table: one row a tile: ``region``, ``dial`` and ``value`` (texts, in the order in which they are drawn), ``best`` (an
            architecture), ``ratio``, and ``kinds`` (those that are level, of ``KINDS``, separated by commas).
    """
    regions = list(dict.fromkeys(table["region"]))
    dials = {dial: list(dict.fromkeys(part["value"])) for dial, part in table.groupby("dial", sort=False)}
    fig, ax = figure(7.2, 0.62 * len(regions) + 1.3)
    x, places = 0.0, {}
    for dial, values in dials.items():
        ax.text(x + len(values) / 2, -0.42, dial, ha="center", va="bottom", fontsize=8, fontweight="bold")
        for value in values:
            places[dial, value] = x
            ax.text(x + 0.5, -0.06, value, ha="center", va="bottom", fontsize=7)
            x += 1
        x += GAP
    for row in table.itertuples():
        left, top = places[row.dial, row.value], regions.index(row.region)
        kinds = row.kinds.split(",")
        alone = len(kinds) == 1
        colour = KINDS[kinds[0]][1] if alone else "white"
        ax.add_patch(Rectangle((left + 0.03, top + 0.04), 0.94, 0.92, facecolor=colour, edgecolor=GREY, linewidth=0.6))
        ink = "black" if not alone or colour == KINDS["shared gates"][1] else "white"
        ax.text(left + 0.5, top + 0.27, _short(row.best), ha="center", va="center", fontsize=6.5, color=ink)
        ax.text(left + 0.5, top + 0.6, f"{row.ratio:.2f}", ha="center", va="center", fontsize=8, color=ink)
        for number, kind in enumerate(kinds if not alone else []):
            side = left + 0.5 + (number - len(kinds) / 2) * 0.2
            ax.add_patch(Rectangle((side + 0.03, top + 0.76), 0.14, 0.13, facecolor=KINDS[kind][1], linewidth=0))
    for top, region in enumerate(regions):
        ax.text(-0.12, top + 0.5, region, ha="right", va="center", fontsize=8)
    ax.set(xlim=(0, x - GAP), ylim=(len(regions), -0.75))
    ax.set_axis_off()
    for label, colour in KINDS.values():
        ax.add_patch(Rectangle((0, 0), 0, 0, facecolor=colour, label=label))
    fig.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    return fig


def _short(architecture):
    return (
        look(architecture)["label"]
        .replace(" sharing", "")
        .replace(", ", ",\n")
        .replace(" gates", "")
        .replace(" ", "\n")
    )
