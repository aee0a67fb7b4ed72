"""Checks of arguments: a wrong one is refused in one sentence with its name, what was expected and what it was."""

import difflib
import keyword
import os
import re
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, NoReturn

KINDS = ("binary", "regression")
SEVERAL = "make a binary task of each class, or of 'at least class k', and compare their probabilities"
INSTEAD = {  # what to do about a task that is of neither kind, or is of one by another name
    "classification": f"use 'binary' for two classes; for several, {SEVERAL}",
    **dict.fromkeys(("multiclass", "categorical", "softmax", "ordinal"), SEVERAL),
    "multilabel": "make a binary task of each label",
    **dict.fromkeys(("count", "counts", "poisson"), "use 'regression' of log1p(y)"),
    **dict.fromkeys(("logistic", "bool", "boolean"), "use 'binary'"),
    **dict.fromkeys(("float", "continuous", "numeric", "real"), "use 'regression'"),
}
RESERVED = ("shared", "features", "numeric", "codes", "tabular", "val")  # names of other parts of a model or a history


def refuse(argument: str, expected: str, got: object, error: type = ValueError, advice: str = "") -> NoReturn:
    """Raise ``error`` with the package's one wording of a refusal, and if there is ``advice``, with what to do.

    Example:
        >>> refuse("epochs", "a whole number of at least 1", 0, advice="leave it out for 20")
        Traceback (most recent call last):
        ValueError: epochs: expected a whole number of at least 1, got 0; leave it out for 20
    """
    raise error(f"{argument}: expected {expected}, got {got}{f'; {advice}' if advice else ''}")


def count(argument: str, value: Any, least: int = 1) -> int:
    """Return ``value`` as an int of at least ``least``; TypeError or ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        refuse(argument, f"a whole number of at least {least}", f"{value!r} ({type(value).__name__})", TypeError)
    if value < least:
        refuse(argument, f"a whole number of at least {least}", value)
    return int(value)


def number(argument: str, value: Any, low: float = -float("inf"), high: float = float("inf")) -> float:
    """Return ``value`` as a float within [low, high]; TypeError or ValueError otherwise."""
    expected = f"a number from {low:g} to {high:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        refuse(argument, expected, f"{value!r} ({type(value).__name__})", TypeError)
    if not low <= value <= high:  # also refuses NaN
        refuse(argument, expected, value)
    return float(value)


def flag(argument: str, value: Any) -> bool:
    """Return ``value`` if it is True or False; TypeError otherwise."""
    if not isinstance(value, bool):
        refuse(argument, "True or False", f"{value!r} ({type(value).__name__})", TypeError)
    return value


def choice(argument: str, value: Any, known: Iterable) -> Any:
    """Return ``value`` if it is one of ``known``; otherwise a ValueError that names the nearest match."""
    if value in known:
        return value
    lower = {str(name).lower(): name for name in known}
    asked = str(value).lower()
    near = difflib.get_close_matches(asked, lower, n=1) or [name for name in lower if asked and name.startswith(asked)]
    hint = f"; did you mean {lower[near[0]]!r}?" if near else ""
    refuse(argument, f"one of {', '.join(known)}", f"{value!r}{hint}")


def row(argument: str, value: Any, expected: str) -> list:
    """Return the entries of a list, a tuple or an array (of rank 1 or more) as a list; TypeError otherwise."""
    if not isinstance(value, (list, tuple)) and not getattr(value, "ndim", 0):
        refuse(argument, expected, repr(value), TypeError)
    return list(value)


def reals(argument, value):
    """Return ``value`` as a float64 array of any shape; TypeError or ValueError if its entries are not real numbers."""
    import numpy as np  # not above: the command line must start without packages, to say that they are missing

    try:
        array = np.asarray(value)
    except ValueError:
        refuse(argument, "an array", "rows of unequal length")
    if array.dtype.kind not in "biuf":
        refuse(argument, "real numbers", array.dtype, TypeError)
    return array.astype(np.float64, copy=False)


def columns(argument: str, table: Any, names: Iterable = ()) -> Any:
    """Return ``table`` if it is a DataFrame with these columns; TypeError or ValueError otherwise."""
    if not (hasattr(table, "columns") and hasattr(table, "groupby")):
        refuse(argument, "a DataFrame", type(table).__name__, TypeError)
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        refuse(argument, f"the columns {', '.join(map(str, names))}", f"none of {lacking}")
    return table


def path(argument: str, value: Any) -> str | os.PathLike:
    """Return ``value`` if it can be a path; TypeError otherwise."""
    if not isinstance(value, (str, os.PathLike)):
        refuse(argument, "a path", f"{value!r} ({type(value).__name__})", TypeError)
    return value


def task_names(argument: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` as a tuple of distinct, safe task names (letters, digits, single underscores)."""
    if isinstance(names, (str, set, frozenset)) or not hasattr(names, "__iter__"):  # a set has no order
        refuse(argument, "a list of task names", repr(names), TypeError)
    names = tuple(names)
    if not names:
        refuse(argument, "at least one task", "none")
    for name in names:
        safe = isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", name)
        taken = safe and re.search(r"^level\d+_|_tower(_|$)|^shared_\d+$", name)  # as parts of a model are named
        if not safe or taken or keyword.iskeyword(name) or name in RESERVED:
            taken = f"{', '.join(RESERVED)}, shared_1, level1_..., ..._tower"
            refuse(argument, f"names of letters, digits and single underscores, none of {taken}", repr(name))
    if len(set(names)) < len(names):
        refuse(argument, "distinct names", repr(names))
    return names


def task_kinds(argument: str, kinds: dict[str, str]) -> dict[str, str]:
    """Return ``kinds`` as a dict {task: 'binary' or 'regression'} with safe names.

    Example:
        >>> task_kinds("kinds", {"likes": "counts"})
        Traceback (most recent call last):
        ValueError: kinds['likes']: expected one of binary, regression, got 'counts'; use 'regression' of log1p(y)
    """
    if not isinstance(kinds, dict):
        refuse(argument, "a dict {task: 'binary' or 'regression'}", f"{kinds!r}", TypeError)
    task_names(argument, kinds)
    for task, kind in kinds.items():
        name = re.sub("[-_ ]", "", str(kind).lower())
        instead = INSTEAD.get(name) or INSTEAD.get(name.removesuffix("classification"))
        if instead:
            refuse(f"{argument}[{task!r}]", f"one of {', '.join(KINDS)}", repr(kind), advice=instead)
    return {task: choice(f"{argument}[{task!r}]", kind, KINDS) for task, kind in kinds.items()}
