"""``check`` and ``verdict``: judge a reader's answer and say what is wrong with it, not only that it is wrong.

The check of an exercise is a function of the answer, registered under the exercise's name. It returns None if the answer
is right; otherwise it returns, or raises as a ``Mistake``, one sentence about what is wrong. ``answers`` holds what such
functions share. The worked solutions are folded cells of the notebooks.
"""

import functools
import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ple_tutorial import checks
from ple_tutorial.exercises.answers import Mistake, raised

_CHECKS = {}


def exercise(name: str) -> Callable:
    """Register the decorated function as the check of the exercise ``name``: chapter, then number, as ``"04.1"``."""

    def register(function):
        _CHECKS[name] = function
        return function

    return register


@functools.cache
def _modules():
    """Return ``{exercise: module of its check}`` in order, from the text of the chapters' files.

    A file is imported when its exercise is judged: the checks of trained models need TensorFlow, the others do not.
    """
    found = {}
    for path in Path(__file__).parent.glob("ch*.py"):
        names = re.findall(r'^@exercise\("([\d.]+)"\)', path.read_text(encoding="utf-8"), re.MULTILINE)
        found |= dict.fromkeys(names, f"{__package__}.{path.stem}")
    return dict(sorted(found.items()))


def exercises_of(chapter: str) -> list[str]:
    """Return the names of a chapter's exercises in order.

    Example:
        >>> exercises_of("04")[:3]
        ['04.1', '04.2', '04.3']
    """
    return [name for name in _modules() if name.startswith(f"{chapter}.")]


def verdict(name: str, answer: Any) -> tuple[bool, str]:
    """Judge an answer to an exercise; return whether it is right, and the sentence for the reader.

    The answer cannot break the caller: what it raises, ``SystemExit`` included, becomes part of the sentence. A function
    gets copies of its arguments. An answer that never ends is not stopped.

    Args:
        name: chapter and number, as ``"04.1"``; ``"4.1"`` and ``4.1`` mean the same exercise.
        answer: what the reader hands in. None, ``...`` and a dict of these are no answer yet.

    Returns:
        ``(right, sentence)``; the sentence is ``"right."``, ``"no answer yet."`` or ``"not yet: "`` and what is wrong.

    Raises:
        ValueError: there is no such exercise; the message names the nearest one.

    Example:
        >>> verdict("04.2", 14818)
        (True, 'right.')
        >>> verdict("04.2", 14018)
        (False, 'not yet: there are two gates, one for each task')
        >>> verdict("04.2", None)
        (False, 'no answer yet.')
    """
    known = _modules()
    name = checks.choice("name", _full_name(name), tuple(known))
    importlib.import_module(known[name])
    judge = _CHECKS[name]
    parts = list(answer.values()) if isinstance(answer, Mapping) and answer else [answer]
    if all(part is None or part is ... for part in parts):
        return False, "no answer yet."
    try:
        wrong = judge(answer)
    except Mistake as mistake:
        wrong = str(mistake)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a reader's object may raise anything, and may exit
        wrong = raised(error)
    return wrong is None, "right." if wrong is None else f"not yet: {wrong}"


def check(name: str, answer: Any) -> None:
    """Print the name of an exercise and the verdict on an answer to it.

    Args:
        name: chapter and number, as ``"04.1"``.
        answer: what the reader hands in.

    Raises:
        ValueError: there is no such exercise; the message names the nearest one.

    Example:
        >>> check("05.2", (4, 2))
        05.2 not yet: the two numbers in the other order: own first, then shared
    """
    name = _full_name(name)
    print(f"{name} {verdict(name, answer)[1]}")


def _full_name(name):
    """Return ``"04.1"`` for ``"4.1"``, ``4.1`` and ``" 04.1 "``, ``"11.1"`` for ``11.1``; other values as they are."""
    if isinstance(name, (str, float)) and (short := re.fullmatch(r"\s*(\d{1,2})\.(\d)\s*", str(name))):
        return f"{short[1]:0>2}.{short[2]}"
    return name.strip() if isinstance(name, str) else name
