"""The look of all figures and how they are shown: colours, sizes, PNG, SVG and display in a notebook."""

import io

import matplotlib
from matplotlib.figure import Figure

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


def look(architecture):
    """The label, colour and marker of an architecture, as keyword arguments of Matplotlib; grey if it has none."""
    label, colour, marker = ARCHITECTURES.get(architecture, (architecture, GREY, "o"))
    return {"label": label, "color": colour, "marker": marker}


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
