"""Numbers in, a ``Figure`` out: one function a picture. Colours are safe for colour-blind readers (Okabe and Ito)."""

import io
from itertools import pairwise

import matplotlib
import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from ple_tutorial import checks

GREY = "#5f6b73"
TASK_COLOURS = ("#0072B2", "#D55E00", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
SHARED_COLOUR = "#009E73"
ARCHITECTURES = {  # name in the tables: (label, colour, marker)
    "single-task": ("single-task", "#000000", "o"),
    "single-task-narrow": ("single-task, narrow", "#000000", "."),
    "hard-sharing": ("hard sharing", "#D55E00", "s"),
    "hard-sharing-wide": ("hard sharing, wide", "#CC79A7", "P"),
    "asymmetric": ("asymmetric sharing", "#7A4B00", "<"),
    "customized": ("customized sharing", "#B07AA1", ">"),
    "cross-stitch": ("cross-stitch", "#5f6b73", "X"),
    "sluice": ("sluice", "#009E73", "h"),
    "sluice-free": ("sluice, no penalty", "#009E73", "H"),
    "sluice-apart": ("sluice, columns apart", "#009E73", "8"),
    "mmoe": ("MMoE", "#E69F00", "^"),
    "ml-mmoe": ("ML-MMoE", "#F0E442", "p"),
    "cgc": ("CGC", "#56B4E9", "D"),
    "ple": ("PLE", "#0072B2", "v"),
    "gradient-boosted trees": ("gradient-boosted trees", "#009E73", "P"),
}
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e6e8",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "ple_tutorial",
    "svg.fonttype": "none",
    "savefig.dpi": 200,
}
MAP_PARTS = ("features", "experts", "gates", "levels", "towers", "losses", "score")


def figure(width=6.5, height=3.2, **subplots):
    """An empty figure in the house style and its axes; sizes in inches, 6.5 being the width of a column."""
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        axes = fig.subplots(**subplots)
    return fig, axes


def to_png(fig, dpi=200):
    """The figure as the bytes of a PNG file."""
    return _bytes(fig, "png", {"Software": None}, dpi=dpi)


def to_svg(fig):
    """The figure as the bytes of an SVG file, the same on every run."""
    return _bytes(fig, "svg", {"Date": None, "Creator": None})


def _bytes(fig, kind, metadata, **settings):
    with matplotlib.rc_context(STYLE), io.BytesIO() as buffer:
        fig.savefig(buffer, format=kind, metadata=metadata, **settings)
        return buffer.getvalue()


def show(fig, alt):
    """Display a figure in a notebook, with ``alt``, the text that a screen reader reads instead.

    Raises:
        ValueError: a text too short to stand for the picture.
    """
    from IPython.display import display

    if not isinstance(alt, str) or len(alt) < 20:
        checks.refuse("alt", "a sentence that says what the figure shows", repr(alt))
    metadata = {"alt": alt, "width": round(fig.get_figwidth() * 110)}
    display({"image/png": to_png(fig, dpi=130), "text/plain": alt}, raw=True, metadata={"image/png": metadata})


# ---- the map ---------------------------------------------------------------------------------------------------


def draw_routing(table, lit=None, title=None):
    """An architecture drawn from its routing table, from the features at the bottom to the towers at the top.

    A circle with a sum sign is a gate, its dashed line the selector where that is not the features; a box with two bars
    puts experts side by side; a box with an alpha is a stitch, one with a beta the combination of all levels that a
    tower reads. A dotted line lets no gradient back. A plus beside a gate adds the own experts once more.

    Args:
        table: a ``routing.Routing``.
        lit: one of ``MAP_PARTS`` or several; the rest is faded. All is lit if not given.
        title: above the drawing; the architecture's name if not given.
    """
    _check_tables("table", [table])
    lit = MAP_PARTS if lit is None else [lit] if isinstance(lit, str) else checks.row("lit", lit, "names of parts")
    for part in lit:
        checks.choice("lit", part, MAP_PARTS)
    fig, ax = figure(6.5, 0.62 * (3.5 + _Drawing.LEVEL * len(table.levels)))
    _Drawing(ax, table, lit, title or _look(table.architecture)["label"])
    return fig


def _check_tables(argument, tables):
    if not tables or not all(hasattr(table, "levels") for table in tables):
        checks.refuse(argument, "a Routing, as of routing.routing", repr(tables), TypeError)


def draw_family(tables, columns=5):
    """Several routing tables side by side, in the manner of the PLE paper's Figure 1; without losses and score."""
    _check_tables("tables", checks.row("tables", tables, "a list of Routing"))
    checks.count("columns", columns)
    levels = max(len(table.levels) for table in tables)
    rows = -(-len(tables) // columns)
    fig, axes = figure(7.2, (0.45 + 0.6 * levels) * rows, nrows=rows, ncols=columns, squeeze=False)
    parts = set(MAP_PARTS) - {"losses", "score"}
    for ax in axes.flat[len(tables) :]:
        ax.set_axis_off()
    drawings = [
        _Drawing(ax, table, parts, _look(table.architecture)["label"], small=True)
        for ax, table in zip(axes.flat, tables, strict=False)
    ]
    span = max(drawing.width for drawing in drawings) / 2 + 0.2
    for drawing in drawings:  # all in one scale
        drawing.ax.set_xlim(drawing.width / 2 - span, drawing.width / 2 + span)
        drawing.ax.set_ylim(-0.45, 1.6 + _Drawing.LEVEL * levels)
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
        """The block of columns that a group stands in, and its first place there."""
        block, _, number = group.rpartition("_")
        return ("shared", int(number) - 1) if block == "shared" and number.isdigit() else (group, 0)

    def colour(self, group):
        return self.colours[self.place(group)[0]]

    def centre(self, group, i=0):
        block, first = self.place(group)
        return self.left[block] + (first + i + 0.5) * self.SLOT

    def middle(self, stream):
        """Where a stream leaves a level: above the middle of its block, or above its one expert."""
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


# ---- studies ---------------------------------------------------------------------------------------------------


def _look(architecture):
    label, colour, marker = ARCHITECTURES.get(architecture, (architecture, GREY, "o"))
    return {"label": label, "color": colour, "marker": marker}


def gain_over_dial(gains, runs=None, ylabel="MTL gain (units of the signal's variance)"):
    """Mean gain with its interval over the correlation, one line an architecture.

    Args:
        gains: ``metrics.gain_table`` by ``correlation``.
        runs: the gain of each seed, columns ``correlation``, ``architecture``, ``gain``; drawn as faint points.
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
            ax.plot(at, each["gain"], ".", color=_look(name)["color"], alpha=0.25, ms=3, zorder=1)
        errors = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
        ax.errorbar(x, rows["mean"], yerr=errors, ls="none", capsize=2.5, ms=5, lw=1.4, zorder=3, **_look(name))
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


def seesaw(points, labels=("a", "b"), unit="units of the signal's variance", near=0.12):
    """Gain of one task against the gain of the other under a sweep of loss weights, one path an architecture.

    Args:
        points: a DataFrame with ``architecture``, ``weight`` (of the first task, 0 to 1), and for each axis
            ``x``, ``x_low``, ``x_high``, ``y``, ``y_low``, ``y_high`` (mean gain and its interval).
        labels: names of the two tasks.
        unit: of the gains.
        near: the right panel shows the surroundings of the origin, so far to the left and down.
    """
    checks.columns("points", points, ["architecture", "weight", "x", "x_low", "x_high", "y", "y_low", "y_high"])
    fig, axes = figure(7.2, 3.9, ncols=2)
    names = [name for name in ARCHITECTURES if name in set(points["architecture"])]
    for ax in axes:
        ax.axhline(0, color="black", lw=0.8)
        ax.axvline(0, color="black", lw=0.8)
        for name in names:
            rows = points[points["architecture"] == name].sort_values("weight")
            xerr = [rows["x"] - rows["x_low"], rows["x_high"] - rows["x"]]
            yerr = [rows["y"] - rows["y_low"], rows["y_high"] - rows["y"]]
            ax.errorbar(rows["x"], rows["y"], xerr=xerr, yerr=yerr, lw=1.2, elinewidth=0.6, ms=5, **_look(name))
            if name != "single-task":
                for x, y, weight in rows[["x", "y", "weight"]].itertuples(index=False):
                    end = weight in (rows["weight"].min(), rows["weight"].max())
                    inside = min(x, y) > -near
                    if end if ax is axes[0] else inside:
                        style = {
                            "xytext": (5, -11 if name == "mmoe" else 5),
                            "textcoords": "offset points",
                            "fontsize": 8,
                            "color": _look(name)["color"],
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


def reach_matrices(table, columns=5):
    """Whose loss reaches whose experts: a small matrix an architecture, a row a loss, a column a group of experts.

    Args:
        table: columns ``architecture``, ``loss`` (a task), ``level``, ``group``, ``reached`` (truth).
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
                    look = {"facecolor": colour if reached else "white", "edgecolor": GREY}
                    ax.add_patch(Rectangle((x, y), 1, 1, **look))
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
        ax.set_title(_look(name)["label"], fontsize=9)
        ax.tick_params(length=0)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
    for ax in axes.flat[len(names) :]:
        ax.set_axis_off()
    return fig


def cost_dots(table):
    """Parameters and operations of each architecture: filled at equal structure, hollow at an equal budget.

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
        ax.set_yticks(range(len(names)), [_look(name)["label"] for name in names])
        ax.set_xlim(left=0)
    for size, fill in (("layers of equal width", "full"), ("widths for an equal budget", "none")):
        axes[0].plot([], [], "o", color=TASK_COLOURS[0], fillstyle=fill, label=size)
    fig.legend(loc="outside lower center", ncols=2, frameon=False)
    return fig


def gain_rows(gains, xlabel="MTL gain (units of the signal's variance)"):
    """Mean gain with its interval, a panel a correlation, a row an architecture: filled at equal structure, hollow at budget.

    Args:
        gains: columns ``correlation``, ``architecture``, ``size``, ``mean``, ``low``, ``high``.
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
        ax.set_yticks(range(len(names)), [_look(name)["label"] for name in names])
        ax.set_title(f"correlation {correlation:g}", fontsize=9)
    for size, fill in (("layers of equal width", None), ("widths for an equal budget", "white")):
        axes[0].plot([], [], "o", color=TASK_COLOURS[0], markerfacecolor=fill, label=size)
    fig.supxlabel(xlabel, fontsize=9)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return fig


def gate_bars(summary):
    """Expert utilisation in the layout of the PLE paper's Figure 8: a bar an expert, its line the spread over samples.

    Args:
        summary: as of ``gates.summarise``, with the columns ``row`` and ``column``: titles of the panels of a grid.
    """
    checks.columns("summary", summary, ["row", "column", "level", "gate", "expert", "mean", "std"])
    lines, columns = (list(dict.fromkeys(summary[key])) for key in ("row", "column"))
    fig, axes = figure(7.2, 2.4 * len(lines) + 0.6, nrows=len(lines), ncols=len(columns), squeeze=False, sharex=True)
    colours = _group_colours(summary)
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


def _group_colours(table):
    groups = dict.fromkeys(name.rpartition("_")[0] for name in table["expert"])
    tasks = [group for group in groups if group != "shared"]
    colours = dict(zip(tasks, TASK_COLOURS, strict=False))
    return colours | ({"shared": SHARED_COLOUR} if "shared" in groups else {})


def gate_violins(samples):
    """Distributions of gate weights over samples: a row of panels an architecture's gates, a violin an expert.

    Args:
        samples: tidy, columns ``architecture``, ``correlation``, ``gate`` (with its level), ``expert``, ``weight``.
    """
    checks.columns("samples", samples, ["architecture", "correlation", "gate", "expert", "weight"])
    rows = list(dict.fromkeys(samples["correlation"]))
    columns = [n for n in ARCHITECTURES if n in set(samples["architecture"])]
    counts = [samples[samples["architecture"] == c].groupby(["gate", "expert"]).ngroups for c in columns]
    fig, axes = figure(
        7.2, 1.9 * len(rows) + 0.9, nrows=len(rows), ncols=len(columns), squeeze=False, sharey=True, sharex="col",
        gridspec_kw={"width_ratios": counts},
    )  # fmt: skip
    colours = _group_colours(samples)
    for ax, name in zip(axes[0], columns, strict=True):
        ax.set_title(_look(name)["label"], fontsize=9)
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


def score_strip(runs, metrics, by, strips):
    """Every run as a point and the mean as a line: one panel a metric, one row a model, two strips a row.

    Args:
        runs: columns ``architecture``, ``by`` and those of ``metrics``.
        metrics: ``{column: label of its axis}``.
        by: the column that tells the strips apart.
        strips: ``{value of that column: label}``, two of them; the first is drawn filled, the second hollow.
    """
    checks.columns("runs", runs, ["architecture", by, *metrics])
    fig, axes = figure(6.5, 3.5, ncols=len(metrics), squeeze=False, sharey=True)
    names = [name for name in ARCHITECTURES if name in set(runs["architecture"])][::-1]
    for ax, (column, label) in zip(axes[0], metrics.items(), strict=True):
        for row, name in enumerate(names):
            for value, y, fill in zip(strips, (row + 0.2, row - 0.2), ("full", "none"), strict=True):
                values = runs.loc[(runs["architecture"] == name) & (runs[by] == value), column]
                style = {key: _look(name)[key] for key in ("marker", "color")} | {"fillstyle": fill, "alpha": 0.7}
                ax.plot(values, np.full(len(values), y), ls="none", ms=4.5, **style)
                ax.plot([values.mean()] * 2, [y - 0.17, y + 0.17], color="black", lw=1.6)
        ax.set_xlabel(label)
        ax.set_yticks(range(len(names)), [_look(name)["label"] for name in names])
        ax.margins(x=0.08)
        ax.locator_params(axis="x", nbins=4)
    for label, fill in zip(strips.values(), ("full", "none"), strict=True):
        axes[0, 0].plot([], [], "o", color=GREY, fillstyle=fill, ms=4.5, label=label)
    fig.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return fig


def label_correlations(table):
    """Pearson correlation of the labels over the dial, one thin line a draw of the sines, their median thick.

    Args:
        table: columns ``correlation``, ``draw``, ``pearson``.
    """
    checks.columns("table", table, ["correlation", "draw", "pearson"])
    fig, ax = figure(6.5, 3.2)
    wide = table.pivot(index="correlation", columns="draw", values="pearson")
    ax.plot(wide.index, wide, color=GREY, lw=0.6, alpha=0.5)
    ax.plot([], [], color=GREY, lw=0.6, alpha=0.8, label="one draw of the sines")
    ax.plot(wide.index, wide.median(axis=1), color=TASK_COLOURS[0], lw=2.2, label="median of the draws")
    ax.plot([-1, 1], [-1, 1], color="black", lw=0.8, ls="--", label="label correlation = dial")
    ax.set_xlabel("task correlation (cosine of the tasks' directions)")
    ax.set_ylabel("Pearson correlation of the labels")
    ax.legend(loc="upper left", frameon=False)
    return fig


# ---- ranking ---------------------------------------------------------------------------------------------------


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


def speed_rows(table, batch=256):
    """Samples a second of each way to train, a panel a network: median, lowest and highest of the rounds.

    Args:
        table: columns ``network``, ``batch``, ``contender``, ``samples_per_second`` and the same with ``_min``, ``_max``; ways
            that could not be run are left out.
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


def speed_growth(table):
    """Samples a second as one size of a network grows, a panel a size: median, lowest and highest of the rounds.

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
        ax.set_ylabel(" ")  # room beside the common label
    return fig
