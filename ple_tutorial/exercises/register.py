"""``check``: looks at a reader's answer and tells what is wrong with it, not only that it is wrong.

An exercise is a function of the answer that returns None if the answer is right and otherwise a sentence on what is
wrong. The worked solutions stand in the notebooks, folded, and run there.
"""

import numpy as np

from ple_tutorial import checks

_EXERCISES = {}


def exercise(name):
    """Register the check of the exercise ``name``, as ``"04.1"``: chapter, then number."""

    def register(function):
        _EXERCISES[name] = function
        return function

    return register


def exercises_of(chapter):
    """Return the names of the chapter's exercises in order, as ``["04.1", "04.2", "04.3"]``."""
    return sorted(name for name in _EXERCISES if name.startswith(f"{chapter}."))


def verdict(name, answer):
    """``(right, sentence)`` on an answer; whatever the answer raises is part of the sentence, never thrown."""
    judge = _EXERCISES[checks.choice("name", name, tuple(sorted(_EXERCISES)))]
    if answer is None or answer is ...:
        return False, "no answer yet."
    try:
        wrong = judge(answer)
    except Exception as error:  # a reader's function may raise anything
        wrong = f"it raised {type(error).__name__}: {error}"
    return wrong is None, "right." if wrong is None else f"not yet: {wrong}"


def check(name, answer):
    """Print what is to be said of the answer to an exercise.

    Raises:
        ValueError: an unknown exercise; the nearest match is named.
    """
    print(f"{name} {verdict(name, answer)[1]}")


def array_wrong(answer, shape, what):
    """A sentence if the answer is not an array of this shape with finite numbers."""
    try:
        came = np.asarray(answer, float)
    except (TypeError, ValueError):
        return f"{what} should be an array of numbers, but it is a {type(answer).__name__}"
    if came.shape != shape:
        return f"{what} should have the shape {shape}, but it has {came.shape}"
    return None if np.isfinite(came).all() else f"{what} holds numbers that are not finite"


def recognised(answer, said, otherwise):
    """The sentence of the known mistake that gives this number: ``said`` is ``{sentence: number}``."""
    return next((sentence for sentence, number in said.items() if np.isclose(answer, number)), otherwise)
