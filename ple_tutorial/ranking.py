"""Score fusion: one number to sort videos by, from several predictions for each."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ple_tutorial import checks

HALF, STEEPNESS = 60.0, 30.0  # seconds: where "sigmoid" is one half, and how far from there it is 0.27 and 0.73
LENGTH_FUNCTIONS = {
    "log": np.log1p,
    "sigmoid": lambda seconds: 1 / (1 + np.exp(-(seconds - HALF) / STEEPNESS)),
    "none": np.ones_like,
}


def fused_score(
    predictions: dict[str, Any], weights: dict[str, float], video_len: Any, f: str | Callable = "log"
) -> np.ndarray:
    """Return the score of each video: the product of its predictions, each to the power of its weight, times ``f(length)``.

    Args:
        predictions: ``{task: (batch,)}``, each from 0 to 1: probabilities, and completion ratios (a regression's
            prediction may leave this range: clip it first).
        weights: ``{task: exponent}``, 0 or more; the product is over these tasks. For something unwanted, such as a
            dislike, give one minus its probability.
        video_len: ``(batch,)``, seconds.
        f: ``log``: log(1 + seconds); ``sigmoid``: from near 0 to 1, one half at a minute; ``none``: 1; or a function
            ``(batch,) -> (batch,)`` of seconds.

    Returns:
        float64 ``(batch,)``, 0 or more; only the order has a meaning. A prediction of 0 makes the score 0, unless
        its weight is 0.

    Raises:
        ValueError: a weight for an unknown task, below 0 or not finite, or none at all; predictions outside [0, 1];
            lengths below 0; NaN anywhere; lengths of arrays that differ; an unknown ``f``.
        TypeError: arguments of the wrong type.

    Source: PLE paper, Eq. 1, which names sigmoid and log as examples of ``f``; their constants here are ours.

    Example:
        >>> fused_score({"finish": [0.5, 0.9], "share": [0.04, 0.01]}, {"finish": 1, "share": 0.5}, [30, 30], f="none").round(3)
        array([0.1 , 0.09])
    """
    for argument, value in (("predictions", predictions), ("weights", weights)):
        if not isinstance(value, dict):
            checks.refuse(argument, "a dict {task: ...}", type(value).__name__, TypeError)
    if not weights:
        checks.refuse("weights", "at least one task", "none")
    seconds = _row("video_len", video_len, None, np.inf)
    transform = f if callable(f) else LENGTH_FUNCTIONS[checks.choice("f", f, tuple(LENGTH_FUNCTIONS))]
    score = _row("f(video_len)", transform(seconds), len(seconds), np.inf)
    for task, weight in weights.items():
        checks.choice("weights", task, tuple(predictions))
        p = _row(f"predictions[{task!r}]", predictions[task], len(seconds), 1)
        score = score * p ** checks.number(f"weights[{task!r}]", weight, 0, 1e6)
    return score


def _row(argument, value, length, most):
    """``value`` as float64 ``(batch,)`` of finite numbers from 0 to ``most``, or a refusal that names it."""
    row = checks.reals(argument, value)
    if row.ndim != 1 or (length is not None and len(row) != length):
        checks.refuse(argument, f"shape ({'batch' if length is None else length},)", f"shape {row.shape}")
    wrong = ~(np.isfinite(row) & (row >= 0) & (row <= most))
    if wrong.any():
        expected = "finite numbers of 0 or more" if most == np.inf else f"numbers from 0 to {most}"
        checks.refuse(argument, expected, f"{row[wrong][0]:g} at position {int(np.argmax(wrong))}")
    return row
