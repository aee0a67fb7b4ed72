"""The look of all figures and how they are shown: colours, sizes, PNG, SVG and display in a notebook."""

import base64
import html
import io
from typing import Any

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
    "hard-sharing-narrow": ("hard sharing, narrow", "#D55E00", "."),
    "hard-sharing-told": ("hard sharing, told the context", "#D55E00", "P"),
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
    "cgc-uniform": ("CGC, uniform gates", "#56B4E9", "d"),
    "ple-uniform": ("PLE, uniform gates", "#009E73", "v"),
    "ple-printed": ("PLE, gates as printed", "#0072B2", "1"),
    "own-mixture": ("own mixtures", "#5f6b73", "*"),
    "gradient-boosted trees": ("gradient-boosted trees", "#009E73", "P"),
}
UNSEEN = "no difference seen"  # the verdict of ``study.verdicts`` that a hollow mark shows
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


def look(architecture: str) -> dict[str, str]:
    """Return label, colour and marker of an architecture as keyword arguments of Matplotlib; unknown ones are grey.

    >>> look("ple")
    {'label': 'PLE', 'color': '#0072B2', 'marker': 'v'}
    """
    label, colour, marker = ARCHITECTURES.get(architecture, (architecture, GREY, "o"))
    return {"label": label, "color": colour, "marker": marker}


def figure(width: float = 6.5, height: float = 3.2, **subplots: Any) -> tuple[Figure, Any]:
    """Return an empty figure in the house style, and its axes.

    Args:
        width: in inches; 6.5 is the width of a column.
        height: in inches.
        subplots: as for Matplotlib's ``Figure.subplots``: ``ncols``, ``nrows``, ``sharey``, ...

    >>> fig, axes = figure(6.5, 2.6, ncols=2)
    >>> len(axes)
    2
    """
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        axes = fig.subplots(**subplots)
    return fig, axes


def to_png(fig: Figure, dpi: int = 200) -> bytes:
    """Return the figure as the bytes of a PNG file, the same on every run.

    >>> to_png(figure()[0])[1:4]
    b'PNG'
    """
    return _bytes(fig, "png", {"Software": None}, dpi=dpi)


def to_svg(fig: Figure) -> bytes:
    """Return the figure as the bytes of an SVG file, the same on every run.

    >>> to_svg(figure()[0])[:5]
    b'<?xml'
    """
    return _bytes(fig, "svg", {"Date": None, "Creator": None})


def _bytes(fig, kind, metadata, **settings):
    with matplotlib.rc_context(STYLE), io.BytesIO() as buffer:
        fig.savefig(buffer, format=kind, metadata=metadata, **settings)
        return buffer.getvalue()


def picture(fig: Figure, alt: str | None = None) -> dict[str, str]:
    """Return what a notebook stores of a figure: the picture as HTML with its alt text, and the alt text as plain text.

    An ``<img>`` of its own is the one form whose alt text reaches the reader in JupyterLab, in nbconvert's page and on
    GitHub: for an output of type ``image/png``, JupyterLab and nbconvert write an ``<img>`` without one.

    Args:
        fig: the figure.
        alt: what a screen reader reads instead of the picture, at least 20 letters; the figure's label if not given,
            which the functions that draw architectures, sample spaces and rankings set.

    Raises:
        ValueError: an alt text too short to replace the picture.

    >>> fig, ax = figure()
    >>> picture(fig, "Empty axes, as an example.")["text/plain"]
    'Empty axes, as an example.'
    """
    alt = fig.get_label() if alt is None else alt
    if not isinstance(alt, str) or len(alt) < 20:
        checks.refuse("alt", "a sentence of at least 20 letters that says what the figure shows", repr(alt))
    data = base64.b64encode(to_png(fig, dpi=130)).decode()
    width = round(fig.get_figwidth() * 110)  # in the browser's pixels
    return {
        "text/html": f'<img alt="{html.escape(alt)}" width="{width}" src="data:image/png;base64,{data}">',
        "text/plain": alt,
    }


def show(fig: Figure, alt: str | None = None) -> None:
    """Display a figure in a notebook together with its alt text.

    Args:
        fig: the figure.
        alt: what a screen reader reads instead of the picture; the figure's label if not given.

    Raises:
        ValueError: an alt text too short to replace the picture.

    >>> fig, ax = figure()
    >>> show(fig, "Empty axes, as an example.")  # doctest: +ELLIPSIS
    {'text/html': '<img alt="Empty axes, as an example." width="715" src="data:image/png;base64,...
    """
    from IPython.display import display

    display(picture(fig, alt), raw=True)
