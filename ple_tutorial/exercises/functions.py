"""Judging a reader's function: it is called with copies of several inputs and compared with the right function.

A known mistake is a function as well, so it is recognised on every input, whatever shape it returns or error it raises.
"""

import contextlib
import copy
import inspect
import io
import itertools
import warnings
from collections.abc import Mapping

import numpy as np

from ple_tutorial.exercises.answers import Mistake, as_array, as_dict, kind, raised

RTOL, ATOL = 1e-4, 1e-5  # float32, a numeric search and a sum in another order all stay within these


def as_function(answer, *arguments):
    """Return the reader's function if it can be called with these arguments, given by position."""
    if not callable(answer):
        inside = isinstance(answer, (list, tuple, set)) and len(answer) == 1 and callable(next(iter(answer)))
        hint = ": take it out of the brackets, and look for a comma" if inside else ", not what it returns"
        raise Mistake(f"hand in the function itself{hint}; this is {kind(answer)}")
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some functions of NumPy do not say what they take
        return answer
    try:
        signature.bind(*arguments)
    except TypeError:
        plural = f"{len(arguments)} argument{'s' * (len(arguments) > 1)}"
        raise Mistake(
            f"the function should take {plural}, ({', '.join(arguments)}), but yours takes {signature}"
        ) from None
    return answer


def outcome(function, arguments, show=True):
    """Return what the function returns for *copies* of the arguments, or the exception that it raises.

    Warnings of NumPy are not shown. What the function prints is shown, unless ``show`` is False. A function that returns
    nothing counts as one that raises a ``Mistake``.
    """
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(printed):
            warnings.simplefilter("ignore")
            value = function(*copy.deepcopy(arguments))
            if hasattr(value, "__iter__") and not hasattr(value, "__len__") and not hasattr(value, "__array__"):
                value = list(value)  # a generator runs here, or raises here
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a reader's function may raise anything, and may exit
        value = error
    if show:
        print(printed.getvalue(), end="")
    if value is None:
        reason = "it prints its result and returns" if printed.getvalue() else "it returned"
        return Mistake(f"{reason} nothing: end the function with a `return`")
    return value


def returned(function, arguments):
    """Return what the function returns for copies of the arguments; raise a ``Mistake`` if it returns nothing or fails."""
    value = outcome(function, arguments)
    if isinstance(value, BaseException):
        raise value if isinstance(value, Mistake) else Mistake(raised(value))
    return value


def function_mistake(answer, arguments, cases, right, mistakes, what):
    """Return what is wrong with an answer that is a function, or None: it is compared with ``right`` on every case.

    A known mistake is a function, too. It is named if it returns (or raises) the same as the reader's function on every
    case; or else on the first case that the reader's function gets wrong and on most of the other wrong ones. Where many
    numbers are returned, the first wrong case is enough.

    Args:
        answer: what was handed in.
        arguments: the names of the function's arguments.
        cases: ``{description: arguments}``, with a general case first, then the nasty ones (ties, NaN, one sample).
            The description completes the sentence "for ... it should return ...".
        right: the reference; it returns a number, True or False, an array, or a dict of numbers.
        mistakes: ``{sentence: function}`` of functions that make the mistake.
        what: the name of what the function returns, as "the mixture".
    """
    function = as_function(answer, *arguments)
    expected = {case: outcome(right, values) for case, values in cases.items()}
    got = {case: outcome(function, values) for case, values in cases.items()}
    wrong = [case for case in cases if not same(got[case], expected[case])]
    if not wrong:
        return None
    first = wrong[0]
    agreeing = {}
    for sentence, mistaken in mistakes.items():
        if same(got[first], outcome(mistaken, cases[first])):
            agreeing[sentence] = [case for case in cases if same(got[case], outcome(mistaken, cases[case]))]
    nearest = max(agreeing, key=lambda sentence: len(agreeing[sentence]), default=None)
    if nearest and len(agreeing[nearest]) == len(cases):
        return nearest
    if symptom := _symptom([(got[case], expected[case]) for case in cases]):
        return f"{what} {symptom}"
    alike = len(set(wrong) & set(agreeing.get(nearest, ())))
    if nearest and (_is_rich(got[first]) or (alike > 1 and alike > 0.8 * len(wrong))):
        return nearest
    where = "" if len(wrong) == len(cases) else f"for {first} "
    if isinstance(got[first], Mistake):  # nothing was returned
        return f"{where}{got[first]}"
    if order := _order_of_arguments(function, arguments, cases, expected):
        return f"the arguments come in the order ({', '.join(arguments)}), but yours takes them as ({', '.join(order)})"
    if isinstance(got[first], BaseException):
        shapes = [f"{name} {np.shape(a)}" for name, a in zip(arguments, cases[first], strict=True) if np.ndim(a)]
        return f"{where}{raised(got[first])}" + (f" (shapes: {', '.join(shapes)})" if shapes else "")
    if form := _form_mistake(got[first], expected[first], f"{what} for {first}"):
        return form
    return f"{what} for {first} {_shown(got[first], expected[first])}"


def same(value, expected):
    """Whether two results are equal within the tolerance: numbers, arrays, dicts, or the same exception."""
    if isinstance(expected, BaseException) or isinstance(value, BaseException):
        return type(value) is type(expected) and str(value) == str(expected)
    if expected is None or value is None:
        return expected is value
    if isinstance(expected, Mapping):
        entries = dict(value.items()) if hasattr(value, "items") else {}
        return entries.keys() == expected.keys() and all(same(entries[key], entry) for key, entry in expected.items())
    try:
        value, expected = as_array(value, "it"), as_array(expected, "it")
    except Mistake:
        return False
    if expected.ndim == 0 and value.size == 1:
        value = value.reshape(())
    return value.shape == expected.shape and np.allclose(value, expected, RTOL, ATOL, equal_nan=True)


def _is_rich(value):
    """Whether two functions that return this are hardly alike by chance: an exception, many numbers, or an odd one."""
    if isinstance(value, (BaseException, Mapping)):
        return isinstance(value, BaseException)
    numbers = as_array(value, "it").ravel()
    return len(numbers) > 4 or bool((abs(60 * numbers - np.round(60 * numbers)) > 1e-6).any())  # no simple fraction


def _order_of_arguments(function, arguments, cases, expected):
    """Return the order of the arguments with which the function would be right, or None."""
    for order in itertools.permutations(range(len(arguments))):
        results = (outcome(function, [values[i] for i in order], show=False) for values in cases.values())
        if all(same(result, right) for result, right in zip(results, expected.values(), strict=True)):
            return [arguments[i] for i in order]
    return None


def _form_mistake(value, expected, what):
    """Return what is wrong with the form of a result: a dict's keys, the shape of an array, text; or None."""
    try:
        if isinstance(expected, Mapping):
            entries = as_dict(value, [str(key) for key in expected], what)
            for key, entry in entries.items():
                as_array(entry, f"{what}: the entry {key!r}")
            if others := [key for key in dict(value.items()) if key not in expected]:  # text that only reads the same
                return f"{what} should have the keys {list(expected)}, not {others[0]!r}"
        elif np.ndim(expected) == 0:
            if as_array(value, what).size != 1:
                return f"{what} should be one number, but it has the shape {np.shape(value)}"
        elif (shape := as_array(value, what).shape) != np.shape(expected):
            turned = " (transposed)" if same(np.transpose(as_array(value, what)), expected) else ""
            return f"{what} should have the shape {np.shape(expected)}, but it has {shape}{turned}"
    except Mistake as mistake:
        return str(mistake)
    return None


def _symptom(pairs):
    """Return how all wrong numbers are related to the right ones, or None: sign, percent, a common factor or difference.

    Args:
        pairs: a (result, right result) for each case.
    """
    if any(isinstance(side, (BaseException, Mapping)) for pair in pairs for side in pair):
        return None
    try:
        value, right = (np.concatenate([as_array(pair[side], "it").ravel() for pair in pairs]) for side in (0, 1))
    except Mistake:
        return None
    if len(value) == len(pairs) and len(value) > 1 and np.ptp(value) == 0:
        return f"is always {value[0]:.4g}, whatever the arguments are"
    if value.shape != right.shape or len(right) < 2 or np.ptp(right) == 0 or not np.isfinite(value + right).all():
        return None
    if same(value, -right):
        return "has the wrong sign"
    if same(value, 100 * right):
        return "is in percent: return shares"
    if same(value, 1 - right):
        return "is one minus the right number"
    factor = value @ right / (right @ right)
    if factor and same(value, factor * right):
        return f"is {factor:.4g} times as large as it should be"
    if same(value - right, np.full(len(right), value[0] - right[0])):
        return f"is too large by {value[0] - right[0]:.4g} everywhere"
    for decimals in range(5):
        if np.array_equal(value, right.round(decimals)):
            return f"is rounded to {decimals} decimals: return it as it is"
    if np.allclose(value, right, 0.02, 0.002):
        return "is nearly right, but not quite: is something added, cut off or rounded on the way?"
    if np.allclose(np.sort(value), np.sort(right)):
        return "has the right numbers in another order"
    return None


def _shown(value, expected):
    """Return "should be ..., but it is ..." for a few numbers; of many numbers, the first wrong row."""
    if isinstance(expected, Mapping):
        entries = dict(value.items())
        key, right = next((key, right) for key, right in expected.items() if not same(entries[key], right))
        return f"has the wrong number for {key!r}: it should be {right:.4g}, but it is {float(entries[key]):.4g}"
    right, got = np.asarray(expected, float), as_array(value, "it")
    row = ""
    while right.ndim > 1:
        row = "has a wrong row: it "
        number = next(n for n in range(len(right)) if not same(got[n], right[n]))
        right, got = right[number], got[number]
    got = got.reshape(right.shape)
    if right.ndim == 0:
        return f"should be {right:.4g}, but it is {got:.4g}"
    right, got = (np.array2string(side, precision=4, threshold=12) for side in (right, got))
    return f"{row}should be {right}, but it is {got}"
