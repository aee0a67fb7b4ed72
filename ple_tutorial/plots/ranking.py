"""Plots for ranking: places in the feed, and sample spaces."""

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from ple_tutorial import checks
from ple_tutorial.plots.style import GREY, TASK_COLOURS, figure


def rank_sweep(places, xlabel, lit=None):
    """The place of each video in the feed over the settings of something, one line a video.

    Args:
        places: a DataFrame, one row a setting (its index: numbers, or words), one column a video; 1 is the top.
        xlabel: what the settings are.
        lit: the videos to colour; the four that move most if not given.
    """
    checks.columns("places", places)
    fig, ax = figure(6.5, 0.34 * places.shape[1] + 0.7)
    moves = (places.max() - places.min()).sort_values(ascending=False, kind="stable")
    lit = list(moves.index[:4] if lit is None else lit)
    words = isinstance(places.index[0], str)
    x = np.arange(len(places)) if words else places.index.to_numpy(float)
    for name, row in places.items():
        coloured = name in lit
        colour = TASK_COLOURS[lit.index(name) % len(TASK_COLOURS)] if coloured else "#b3babf"
        width, front = (2.0, 3) if coloured else (1.2, 2)
        ax.plot(x, row, "o-", color=colour, lw=width, ms=4.5, zorder=front)
        end = x[-1] + 0.03 * (x[-1] - x[0])
        ax.text(end, row.iloc[-1], name, va="center", color=colour if coloured else GREY, fontsize=8.5)
    ax.set_xlim(x[0] - 0.04 * (x[-1] - x[0]), x[-1] + 0.36 * (x[-1] - x[0]))
    ax.set_xticks(x[:: max(1, len(x) // 6)] if not words else x, places.index if words else None)
    ax.set_yticks(range(1, places.shape[1] + 1))
    ax.set_ylim(places.shape[1] + 0.5, 0.5)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("place in the feed (1 = top)")
    ax.grid(visible=False)
    return fig


def sample_spaces(counts, trains):
    """Sample spaces as squares whose areas are their numbers of samples, each within the one before it.

    Args:
        counts: ``{space: samples}`` from the outermost to the innermost; the last two overlap, within the one before.
        trains: ``{space: text}``, what it is for.

    Source: PLE paper, Figure 6 (there as ellipses, without numbers).
    """
    fig, ax = figure(6.5, 2.6)
    ax.set_axis_off()
    ax.set_aspect("equal")
    total, last = next(iter(counts.values())), len(counts) - 1
    left = 0.0
    for i, (space, samples) in enumerate(counts.items()):
        side = np.sqrt(samples / total)
        colour = GREY if i < last - 1 else TASK_COLOURS[i - last + 1]
        square = {"facecolor": to_rgba(colour, 0.16 if colour == GREY else 0.55), "edgecolor": colour}
        ax.add_patch(Rectangle((left, 0), side, side, **square))
        y = 0.96 - 0.22 * i
        start = (left + side, min(side, max(y, side * 0.5)))
        ax.plot([start[0], 1.06, 1.1], [start[1], y, y], color=colour, lw=0.9)
        ax.text(1.12, y, space, va="center", color=colour, weight="bold")
        ax.text(1.78, y, f"{samples:,}", va="center", ha="right")
        ax.text(1.84, y, trains.get(space, ""), va="center", color=GREY)
        if i == last - 1:
            left = 0.62 * side
    ax.set_xlim(-0.02, 2.75)
    ax.set_ylim(-0.02, 1.02)
    return fig
