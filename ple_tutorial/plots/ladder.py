"""A ladder of questions: each has an answer that ends it, and another that leads to the next question."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from ple_tutorial import checks
from ple_tutorial.plots.style import GREY, TASK_COLOURS, figure


@dataclass(frozen=True)
class Step:
    """A question and the answer that ends the ladder.

    Attributes:
        question: to be asked.
        answer: that leads out, ``yes`` or ``no``; the other one leads down.
        advice: what to do then.
        tile: where this was measured.

    Example:
        >>> Step("Is it dark?", "yes", "make light", "yesterday: 3 of 4").answer
        'yes'
    """

    question: str
    answer: str
    advice: str
    tile: str


def ladder(steps: Sequence[Step], last: str) -> Figure:
    """Draw questions one below the other, and beside each what to do if its answer leads out.

    Args:
        steps: from the first to the last question.
        last: what to do at the end of the ladder.

    Example:
        >>> fig = ladder([Step("Is it dark?", "yes", "make light", "yesterday: 3 of 4")], "go on")
        >>> fig.get_label()
        'A ladder of questions. Is it dark? If yes: make light (yesterday: 3 of 4). In the end: go on.'
    """
    if not steps or any(not isinstance(step, Step) for step in steps):
        checks.refuse("steps", "at least one Step", repr(list(steps)))
    fig, ax = figure(7.2, 0.95 * len(steps) + 0.75)
    box = {"boxstyle": "round,pad=0.5", "linewidth": 1}
    asked = box | {"facecolor": "white", "edgecolor": GREY}
    told = box | {"facecolor": "#e9f2f8", "edgecolor": TASK_COLOURS[0]}
    arrow = {"arrowstyle": "->", "color": GREY, "lw": 1.2}
    for number, step in enumerate(steps):
        other = {"yes": "no", "no": "yes"}[checks.choice("answer", step.answer, ("yes", "no"))]
        y = -number
        ax.annotate("", (0.53, y), (0.42, y), arrowprops=arrow)
        ax.annotate("", (0.2, y - 0.7), (0.2, y - 0.25), arrowprops=arrow)
        ax.text(0.475, y + 0.08, step.answer, ha="center", fontsize=8)
        ax.text(0.215, y - 0.5, other, va="center", fontsize=8)
        ax.text(0.2, y, textwrap.fill(step.question, 38), ha="center", va="center", fontsize=8.5, bbox=asked)
        words = f"{textwrap.fill(step.advice, 44)}\n{textwrap.fill(step.tile, 52)}"
        ax.text(0.55, y, words, va="center", fontsize=8, bbox=told)
    ax.text(0.2, -len(steps), textwrap.fill(last, 38), ha="center", va="center", fontsize=8.5, bbox=told)
    ax.set(xlim=(0, 1), ylim=(-len(steps) - 0.4, 0.4))
    ax.set_axis_off()
    said = " ".join(f"{step.question} If {step.answer}: {step.advice} ({step.tile})." for step in steps)
    fig.set_label(f"A ladder of questions. {said} In the end: {last}.")
    return fig
