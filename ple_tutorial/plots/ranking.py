"""Plots for ranking: places in the feed, and sample spaces."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ple_tutorial import checks
from ple_tutorial.plots.style import GREY, TASK_COLOURS, figure


def rank_sweep(places: pd.DataFrame, xlabel: str, lit: Sequence[str] | None = None) -> Figure:
    """Plot the place of each video in the feed over the settings of something, one line a video.

    Args:
        places: one row a setting (its index: numbers, or words), one column a video; place 1 is the top of the feed.
        xlabel: what the settings are.
        lit: the videos to colour; the four that move most if not given.

    Returns:
        The figure; its label, the alt text, gives the places of the coloured videos.

    >>> places = pd.DataFrame({"cat": [1, 2], "debate": [2, 1]}, index=[0.0, 0.5])
    >>> rank_sweep(places, "weight of CMR").get_label()
    'Places of 2 videos in the feed (1 is the top) as weight of CMR goes from 0 to 0.5. cat: 1 to 2; debate: 2 to 1.'
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
    named = places if len(places) < 5 else places.iloc[[0, -1]]  # the settings in the alt text
    settings = " to ".join(step if words else f"{step:g}" for step in named.index)
    moved = "; ".join(f"{name}: {' to '.join(map(str, named[name]))}" for name in lit)
    fig.set_label(
        f"Places of {places.shape[1]} videos in the feed (1 is the top) as {xlabel} goes from {settings}. {moved}."
    )
    return fig


def sample_spaces(counts: dict[str, int], trains: dict[str, str]) -> Figure:
    """Draw sample spaces as squares whose areas are their numbers of samples, each within the one before it.

    Args:
        counts: ``{space: number of samples}`` from the outermost to the innermost; the last two overlap and both lie
            within the space before them.
        trains: ``{space: text}``, which tasks it trains.

    Returns:
        The figure; its label, the alt text, gives the numbers.

    Source: PLE paper, Figure 6 (there as ellipses, without numbers).

    >>> sample_spaces({"impression": 100, "play": 25, "share": 4, "comment": 2}, {"play": "trains VCR"}).get_label()
    'Nested squares, areas to scale: impression 100; in it play 25 (trains VCR); in it, overlapping, share 4 and comment 2.'
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
    named = [f"{space} {n:,}" + (f" ({trains[space]})" if space in trains else "") for space, n in counts.items()]
    fig.set_label(
        f"Nested squares, areas to scale: {'; in it '.join(named[:-2])}; in it, overlapping, {named[-2]} and {named[-1]}."
    )
    return fig
