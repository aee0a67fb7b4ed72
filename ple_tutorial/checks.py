"""Checks at the door: one sentence that names the argument, what was expected and what came."""

import difflib
import keyword
import os
import re
from numbers import Integral, Real

KINDS = ("binary", "regression")
RESERVED = ("shared", "features", "numeric", "codes", "tabular", "val")  # names of other parts of a model or a history


def refuse(argument, expected, got, error=ValueError):
    """Raise ``error`` with the package's one wording of a refusal."""
    raise error(f"{argument}: expected {expected}, got {got}")


def count(argument, value, least=1):
    """Return ``value`` as an int of at least ``least``; TypeError or ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        refuse(argument, f"a whole number of at least {least}", f"{value!r} ({type(value).__name__})", TypeError)
    if value < least:
        refuse(argument, f"a whole number of at least {least}", value)
    return int(value)


def number(argument, value, low=-float("inf"), high=float("inf")):
    """Return ``value`` as a float within [low, high]; TypeError or ValueError otherwise."""
    expected = f"a number from {low:g} to {high:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        refuse(argument, expected, f"{value!r} ({type(value).__name__})", TypeError)
    if not low <= value <= high:  # also refuses NaN
        refuse(argument, expected, value)
    return float(value)


def flag(argument, value):
    """Return ``value`` if it is True or False; TypeError otherwise."""
    if not isinstance(value, bool):
        refuse(argument, "True or False", f"{value!r} ({type(value).__name__})", TypeError)
    return value


def choice(argument, value, known):
    """Return ``value`` if it is one of ``known``; otherwise a ValueError that names the nearest match."""
    if value in known:
        return value
    lower = {str(name).lower(): name for name in known}
    near = difflib.get_close_matches(str(value).lower(), lower, n=1, cutoff=0.4)
    hint = f"; did you mean {lower[near[0]]!r}?" if near else ""
    refuse(argument, f"one of {', '.join(known)}", f"{value!r}{hint}")


def row(argument, value, expected):
    """Return the entries of a list, a tuple or an array (not of rank 0) as a list; TypeError otherwise."""
    if not isinstance(value, (list, tuple)) and not getattr(value, "ndim", 0):
        refuse(argument, expected, repr(value), TypeError)
    return list(value)


def reals(argument, value):
    """Return ``value`` as a float64 array of any shape; TypeError or ValueError where it is none of real numbers."""
    import numpy as np  # not above: the command line must start without packages, to tell that they lack

    try:
        array = np.asarray(value)
    except ValueError:
        refuse(argument, "an array", "rows of unequal length")
    if array.dtype.kind not in "biuf":
        refuse(argument, "real numbers", array.dtype, TypeError)
    return array.astype(np.float64, copy=False)


def columns(argument, table, names=()):
    """Return ``table`` if it is a DataFrame with these columns; TypeError or ValueError otherwise."""
    if not (hasattr(table, "columns") and hasattr(table, "groupby")):
        refuse(argument, "a DataFrame", type(table).__name__, TypeError)
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        refuse(argument, f"the columns {', '.join(map(str, names))}", f"none of {lacking}")
    return table


def path(argument, value):
    """Return ``value`` if it can be a path; TypeError otherwise."""
    if not isinstance(value, (str, os.PathLike)):
        refuse(argument, "a path", f"{value!r} ({type(value).__name__})", TypeError)
    return value


def task_names(argument, names):
    """Return ``names`` as a tuple of distinct, safe task names (letters, digits, single underscores)."""
    if isinstance(names, (str, set, frozenset)) or not hasattr(names, "__iter__"):  # a set has no order to go by
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


def task_kinds(argument, kinds):
    """Return ``kinds`` as a dict {task: 'binary' or 'regression'} with safe names."""
    if not isinstance(kinds, dict):
        refuse(argument, "a dict {task: 'binary' or 'regression'}", f"{kinds!r}", TypeError)
    task_names(argument, kinds)
    return {task: choice(f"{argument}[{task!r}]", kind, KINDS) for task, kind in kinds.items()}
