"""Reading a reader's answer, and naming a known mistake in a number (``functions`` does so for functions).

Each function raises ``Mistake`` where the answer has the wrong form, with a sentence that says what to hand in.
"""

import itertools
import numbers
import re
from collections.abc import Mapping

import numpy as np


class Mistake(Exception):
    """What is wrong with an answer: one sentence for the reader."""


def kind(value):
    """Return in a few words what a value is, as "a function" or "an array of shape (2,)"."""
    words = {bool: "True or False", str: "text", dict: "a dict", set: "a set", list: "a list", tuple: "a tuple"}
    if type(value) in words:
        return words[type(value)]
    if isinstance(value, numbers.Number):
        return "a number"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "a function" if callable(value) and not isinstance(value, type) else f"a {type(value).__name__}"


def raised(error):
    """Return the sentence about an exception that a reader's answer raised."""
    if isinstance(error, SystemExit):
        return "it raised SystemExit: an answer must not call exit"
    return f"it raised {type(error).__name__}: {error}"


def as_array(answer, what, shape=None):
    """Return an answer as a float array; ``shape`` (optional) is demanded, and every number must be finite."""
    if answer is None or answer is ...:
        raise Mistake(f"{what} is missing")
    if callable(answer) and not hasattr(answer, "__array__"):
        raise Mistake(f"{what} should be numbers, but it is {kind(answer)}: call it and hand in the result")
    if isinstance(answer, (str, bytes)):
        raise Mistake(f"{what} should be numbers without quotation marks, but it is text")
    if isinstance(answer, (set, frozenset, Mapping)):
        raise Mistake(f"{what} should be in order, in a list, tuple or array, but it is {kind(answer)}")
    if hasattr(answer, "__iter__") and not hasattr(answer, "__len__"):
        answer = list(answer)  # a generator, a map, a zip
    try:
        array = np.asarray(answer)
        if array.dtype.kind == "U":
            raise Mistake(f"{what} should be numbers without quotation marks, but it holds text")
        if array.dtype.kind not in "biufO":
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError):
        raise Mistake(
            f"{what} should be an array of numbers, but it is {kind(answer)} that holds other things"
        ) from None
    if shape is not None and array.shape != shape:
        raise Mistake(f"{what} should have the shape {shape}, but it has {array.shape}")
    if shape is not None and not np.isfinite(array).all():
        raise Mistake(f"{what} holds numbers that are not finite")
    return array


def as_number(answer, what):
    """Return an answer as one finite float; an array with a single entry is one number as well."""
    array = as_array(answer, what)
    if array.size != 1:
        raise Mistake(f"{what} should be one number, but it has the shape {array.shape}")
    if not np.isfinite(array).all():
        raise Mistake(f"{what} should be a finite number, but it is {array.item()}")
    return array.item()


def as_dict(answer, keys, what="the answer"):
    """Return an answer as a dict with exactly these keys; a missing value is named. Case, spaces and underscores do not count."""
    example = f"{what} should be a dict with the keys {', '.join(map(repr, keys))}"
    if not isinstance(answer, Mapping) and not (hasattr(answer, "items") and hasattr(answer, "index")):
        raise Mistake(f"{example}, but it is {kind(answer)}")

    def plain(key):
        return " ".join(str(key).lower().replace("_", " ").split())

    given = {plain(key): value for key, value in answer.items()}
    if strange := [key for key, _ in answer.items() if plain(key) not in map(plain, keys)]:
        raise Mistake(f"{example}; there is no entry {strange[0]!r}")
    if missing := [key for key in keys if given.get(plain(key), ...) is ... or given[plain(key)] is None]:
        raise Mistake(f"{example}; there is nothing for {missing[0]!r} yet")
    return {key: given[plain(key)] for key in keys}


def as_words(answer, what, example, ordered=True):
    """Return an answer as a list of strings; ``ordered`` refuses a set, which has no order."""
    if isinstance(answer, (str, Mapping)) or not hasattr(answer, "__iter__"):
        raise Mistake(f"{what}, such as {example}, but it is {kind(answer)}")
    if ordered and isinstance(answer, (set, frozenset)):
        raise Mistake(f"{what} in order, such as {example}, but a set has no order")
    words = list(answer)
    if other := [word for word in words if not isinstance(word, str)]:
        raise Mistake(f"{what}, such as {example}, but it holds {kind(other[0])}")
    return [str(word).strip() for word in words]


def plain_word(word):
    """Return a word without case, article, quotation marks and hyphens: " The See-saw" becomes "see saw"."""
    if not isinstance(word, str):
        raise Mistake(f"{word!r} should be a word, as text")
    word = re.sub(r"[(（].*?[)）]", " ", word.lower().replace("'s ", " ").replace("’s ", " "))
    words = word.replace("-", " ").replace("_", " ").strip(" .\"'“”「」").split()
    return " ".join(words[1:] if words[:1] in (["the"], ["a"], ["an"]) else words)


def number_mistake(answer, right, mistakes, otherwise, what, within=0.0, parts=None):
    """Return what is wrong with an answer that is one number, or None.

    Args:
        answer: what was handed in.
        right: the right number.
        mistakes: ``{sentence: number}``; the sentence is for who hands in this number.
        otherwise: the sentence for any other number.
        what: the name of the number, for a sentence about its form.
        within: how far from ``right`` an answer may be; 0 for a count.
        parts: what a count is the sum of, ``{name: number}``, so that a part that is missing is named (optional).
    """
    value = as_number(answer, what)
    near = max(within, 1e-9 * abs(right))
    if abs(value - right) <= near:
        return None
    known = (sentence for sentence, wrong in mistakes.items() if abs(value - wrong) <= max(near, 1e-6 * abs(wrong)))
    return (
        next(known, None) or parts_mistake(value, right, parts or {}) or number_symptom(value, right, near) or otherwise
    )


def parts_mistake(value, right, parts):
    """Return which part of a sum is missing, or counted too often, or None.

    Args:
        value: the wrong number.
        right: the right number, the sum of all parts.
        parts: ``{name: number}``; a name completes "... is missing".
    """
    missing = right - value
    singles = [(name, number) for name, number in parts.items() if number == abs(missing)]
    if singles:
        names = ", or ".join(name for name, _ in singles)
        return f"{names}: missing" if missing > 0 else f"{names}: counted twice"
    halves = [name for name, number in parts.items() if number == 2 * missing > 4]
    if halves:
        return f"{', or '.join(halves)}: only half of it is there"
    for size in (2, 3):
        pairs = [names for names in itertools.combinations(parts, size) if sum(parts[n] for n in names) == missing]
        if pairs:
            return "; or ".join(" and ".join(names) for names in pairs[:2]) + ": missing"
    return None


def number_symptom(value, right, near):
    """Return how a wrong number is related to the right one, or None: sign, percent, root, square, one off."""
    related = {
        "the sign is reversed": -right,
        "that is in percent: hand in the share itself": 100 * right,
        "it is a hundred times too small": right / 100,
    }
    if right > 0 and right != 1:
        related |= {
            "that is the root of the right number": right**0.5,
            "that is the square of the right number": right**2,
        }
    if float(right).is_integer():
        related |= {"that is one too many": right + 1, "that is one too few": right - 1}
    return next((sentence for sentence, number in related.items() if right and abs(value - number) <= near), None)
