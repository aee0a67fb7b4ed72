"""Drawings of architectures, made from their routing tables."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from ple_tutorial import checks
from ple_tutorial.plots.description import describe
from ple_tutorial.plots.style import GREY, SHARED_COLOUR, TASK_COLOURS, figure, look
from ple_tutorial.routing import Routing

MAP_PARTS = ("features", "experts", "gates", "levels", "towers", "losses", "score")


def draw_routing(table: Routing, lit: str | Sequence[str] | None = None, title: str | None = None) -> Figure:
    """Draw an architecture from its routing table, from the features at the bottom to the score at the top.

    A circle with a sum sign is a gate, with a dashed line from its selector unless that is the features; a box with two
    bars puts experts side by side; a box with an alpha is a stitch, one with a beta the combination of all levels that a
    tower reads. Along a dotted line no gradient flows back. A plus at a gate adds its own experts once more.

    Args:
        table: the routing table.
        lit: the parts to highlight, one or several of ``MAP_PARTS``; the rest is faded. Without it nothing is faded.
        title: above the drawing; the architecture's name if not given.

    Returns:
        The figure; its label is an alt text made from the table.

    Raises:
        ValueError: an unknown part; the message names the nearest match.

    >>> from ple_tutorial.routing import routing
    >>> fig = draw_routing(routing("hard-sharing", ["a", "b"]), lit="experts")
    >>> fig.get_label().split(". ")[1]
    'The features feed 1 shared expert'
    """
    _check_tables("table", [table])
    chosen = () if lit is None else (lit,) if isinstance(lit, str) else checks.row("lit", lit, "names of parts")
    for part in chosen:
        checks.choice("lit", part, MAP_PARTS)
    fig, ax = figure(6.5, 0.62 * (3.5 + _Drawing.LEVEL * len(table.levels)))
    _Drawing(ax, table, chosen or MAP_PARTS, title or look(table.architecture)["label"])
    fig.set_label(" ".join([f"{title}."] * bool(title) + [describe(table, chosen)]))
    return fig


def _check_tables(argument, tables):
    if not tables or not all(isinstance(table, Routing) for table in tables):
        checks.refuse(argument, "a Routing, which routing.routing makes", repr(tables), TypeError)


def draw_family(tables: Sequence[Routing], columns: int = 5) -> Figure:
    """Draw several routing tables next to each other, as in the PLE paper's Figure 1, without losses and score.

    Args:
        tables: the routing tables, in reading order.
        columns: drawings in a row.

    Returns:
        The figure; its label, the alt text, names the architectures.

    >>> from ple_tutorial.routing import routing
    >>> draw_family([routing(name, ["a", "b"]) for name in ("mmoe", "cgc")]).get_label()
    'Drawings of 2 architectures, 5 in a row: MMoE, CGC.'
    """
    _check_tables("tables", checks.row("tables", tables, "a list of Routing"))
    checks.count("columns", columns)
    levels = max(len(table.levels) for table in tables)
    rows = -(-len(tables) // columns)
    fig, axes = figure(7.2, (0.45 + 0.6 * levels) * rows, nrows=rows, ncols=columns, squeeze=False)
    parts = set(MAP_PARTS) - {"losses", "score"}
    for ax in axes.flat[len(tables) :]:
        ax.set_axis_off()
    names = [look(table.architecture)["label"] for table in tables]
    drawings = [
        _Drawing(ax, table, parts, name, small=True) for ax, table, name in zip(axes.flat, tables, names, strict=False)
    ]
    span = max(drawing.width for drawing in drawings) / 2 + 0.2
    for drawing in drawings:  # all in one scale
        drawing.ax.set_xlim(drawing.width / 2 - span, drawing.width / 2 + span)
        drawing.ax.set_ylim(-0.45, 1.6 + _Drawing.LEVEL * levels)
    fig.set_label(f"Drawings of {len(tables)} architectures, {columns} in a row: {', '.join(names)}.")
    return fig


class _Drawing:
    BOX, SLOT, GAP, LEVEL = 1.02, 1.12, 0.55, 2.35

    def __init__(self, ax, table, lit, title, small=False):
        self.ax, self.table, self.lit, self.small = ax, table, lit, small
        self.size = 5.5 if small else 8
        tasks = list(table.tasks)
        self.colours = dict(zip(tasks, TASK_COLOURS, strict=False)) | {"shared": SHARED_COLOUR}
        half = (len(tasks) + 1) // 2
        counts = dict.fromkeys([*tasks[:half], "shared", *tasks[half:]], 0)
        for level in table.levels:
            for group, count in level.experts.items():
                block, first = self.place(group)
                counts[block] = max(counts[block], first + count)
        self.left, x = {}, 0.0
        for block, count in counts.items():
            if count or block != "shared":
                self.left[block] = x
                x += max(count, 1) * self.SLOT + self.GAP
        self.counts, self.width = counts, x - self.GAP
        top = 0.9 + self.LEVEL * len(table.levels)
        ax.set_axis_off()
        ax.set_aspect("equal")
        ax.set_xlim(-1.7, self.width + 0.3)
        ax.set_ylim(-0.55, top + 2.35)
        ax.set_title(title, fontsize=7 if small else 10)
        self.box(0, -0.35, self.width, 0.5, "features", GREY, "features")
        sent = [{}]
        for number, level in enumerate(table.levels):
            sent.append(self.level(number, level, sent[-1], 0.9 + self.LEVEL * number))
        self.heads(tasks, sent[1:], top)

    def place(self, group):
        """Return the block of columns in which a group is drawn, and the first column there."""
        block, _, number = group.rpartition("_")
        return ("shared", int(number) - 1) if block == "shared" and number.isdigit() else (group, 0)

    def colour(self, group):
        return self.colours[self.place(group)[0]]

    def centre(self, group, i=0):
        block, first = self.place(group)
        return self.left[block] + (first + i + 0.5) * self.SLOT

    def middle(self, stream):
        """Return where a stream leaves a level: above the middle of its block, or above its one expert."""
        block, _ = self.place(stream)
        if block != stream:
            return self.centre(stream)
        return self.left[block] + max(self.counts[block], 1) * self.SLOT / 2

    def alpha(self, part):
        return 1.0 if part in self.lit or ("levels" in self.lit and part in ("experts", "gates")) else 0.18

    def text(self, x, y, text, part, **style):
        style = {"ha": "center", "va": "center", "fontsize": self.size, "alpha": max(self.alpha(part), 0.4)} | style
        self.ax.text(x, y, text, zorder=3, **style)

    def box(self, x, y, width, height, text, colour, part):
        alpha = self.alpha(part)
        colours = {"facecolor": _on_white(colour, 0.16 * alpha), "edgecolor": to_rgba(colour, alpha)}
        style = "round,pad=0,rounding_size=0.1"
        width_of_line = 0.6 if self.small else 1.0
        patch = FancyBboxPatch((x, y), width, height, boxstyle=style, zorder=2, lw=width_of_line, **colours)
        self.ax.add_patch(patch)
        fits = min(1, 9.5 * width / (self.BOX * len(text)))
        self.text(x + width / 2, y + height / 2, text, part, fontsize=self.size * fits)

    def line(self, start, end, colour, part, how="-"):
        lines = {"-": "-", "dashed": (0, (3, 2)), "dotted": (0, (1, 1.5))}
        style = {"color": colour, "alpha": self.alpha(part) * 0.9, "lw": 0.6 if self.small else 1.1, "ls": lines[how]}
        self.ax.plot([start[0], end[0]], [start[1], end[1]], zorder=0.5, solid_capstyle="round", **style)

    def level(self, number, level, streams, y):
        if not self.small:
            self.text(-0.2, y + 0.25, f"level {number + 1}\nexperts", "score", ha="right", color=GREY, alpha=1)
        for group, count in level.experts.items():
            origin = streams.get(group)
            for i in range(count):
                x = self.centre(group, i)
                if self.place(group)[0] == group:
                    name = f"{_short(group, 7)} {i + 1}" if not self.small else f"{_short(group, 1)}{i + 1}"
                else:
                    name = group.replace("_", " ") if not self.small else group.replace("shared_", "s")
                self.box(x - self.BOX / 2, y, self.BOX, 0.5, name, self.colour(group), "experts")
                self.line(origin or (x, 0.15), (x, y), self.colour(group) if origin else GREY, "experts")
        gates = [stream for stream, mixer in level.mixers.items() if mixer.how == "gate"]
        if gates and not self.small:
            far = number and any(level.mixers[stream].reads == "features" for stream in gates)
            label = "gates, which\nread features" if far else "gates"
            self.text(-0.2, y + 1.6, label, "score", ha="right", color=GREY, alpha=1)
        return {stream: self.mixer(stream, mixer, level, streams, y) for stream, mixer in level.mixers.items()}

    def mixer(self, stream, mixer, level, streams, y):
        x, top, colour = self.middle(stream), y + 1.6, self.colour(stream)
        part = "gates" if mixer.how == "gate" else "experts"
        low = top - {"gate": 0.24, "pass": 0, "concat": 0.17, "stitch": 0.2}[mixer.how]
        for group in mixer.sees:
            how = "dotted" if group in mixer.detached else "-"
            for i in range(level.experts[group]):
                self.line((self.centre(group, i), y + 0.5), (x, low), colour, part, how)
        if mixer.how == "gate":
            alpha = {"edgecolor": to_rgba(colour, self.alpha(part)), "lw": 0.9 if self.small else 1.6}
            self.ax.add_patch(Circle((x, top), 0.24, zorder=2, facecolor="white", **alpha))
            self.text(x, top, "Σ", part, fontsize=self.size + 1)
            if mixer.residual:
                self.text(x + 0.36, top + 0.2, "+", part, fontsize=self.size + 2, color=colour)
            if streams.get(stream) and mixer.reads == "stream":
                wide = max(level.experts.get(stream, 1), 1) * self.SLOT / 2
                side = x + (wide if x <= self.width / 2 else -wide) + 0.02
                points = [streams[stream], (side, y - 0.3), (side, top), (x + np.sign(side - x) * 0.24, top)]
                for start, end in pairwise(points):
                    self.line(start, end, colour, "gates", "dashed")
        if mixer.how == "concat":
            self.box(x - 0.45, top - 0.17, 0.9, 0.34, "‖", colour, part)
        if mixer.how == "stitch":
            self.box(x - 0.25, top - 0.2, 0.5, 0.4, "α", colour, part)
        return (x, top + (top - low))

    def heads(self, tasks, sent, y):
        half = 0.62 if not self.small else 0.5
        for task in tasks:
            x, colour = self.middle(task), self.colours[task]
            self.line(sent[-1][task], (x, y), colour, "towers")
            if self.table.towers == "all" and len(sent) > 1:
                self.box(x - 0.2, y - 0.42, 0.4, 0.34, "β", colour, "towers")
                side = x + (-1 if x <= self.width / 2 else 1) * (max(self.counts[task], 1) * self.SLOT / 2 + 0.12)
                for streams in sent[:-1]:
                    points = [streams[task], (side, streams[task][1] + 0.1), (side, y - 0.25), (x, y - 0.25)]
                    for start, end in pairwise(points):
                        self.line(start, end, colour, "towers")
            name = _short(task, 8) if self.small else f"tower {_short(task, 8)}"
            self.box(x - half, y, 2 * half, 0.5, name, colour, "towers")
            if self.small:
                continue
            self.line((x, y + 0.5), (x, y + 0.85), colour, "losses")
            self.box(x - half, y + 0.85, 2 * half, 0.42, "loss", colour, "losses")
            inner = x + half * np.sign(self.width / 2 - x)
            self.line((inner, y + 0.25), (self.width / 2 + 0.3 * np.sign(x - self.width / 2), y + 1.7), GREY, "score")
        if not self.small:
            self.box(self.width / 2 - 0.9, y + 1.7, 1.8, 0.42, "fused score", GREY, "score")


def _short(name, most):
    return name if len(name) <= most else name[:most]


def _on_white(colour, alpha):
    """The colour that ``colour`` gives on white paper: opaque, so that no line shines through."""
    return tuple(1 - alpha * (1 - part) for part in to_rgba(colour)[:3])
