"""Fingerprints: short texts that change when anything that decides a study or a trial changes.

There are two. The *fingerprint of a study* is stored in the head of its table. It is the same on every machine and for every
version of Python, and a reworded comment or a moved function does not change it: settings are described by their values, data by
the numbers that the data function makes. The *key of a trial* names the file in which the trial is stored. It also holds the
versions of the packages and the package's own code, so that a trial is never reused after either has changed.
"""

import ast
import dataclasses
import functools
import hashlib
import inspect
import json
import os
import textwrap
from pathlib import Path

import numpy as np
import sklearn

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.data.worlds import World

PACKAGE = Path(__file__).resolve().parents[1]
NOT_IN_TRIALS = {"__main__.py", "course", "exercises", "figures", "plots"}  # what no trial runs


def study_fingerprint(study, data: bool = True) -> dict[str, str]:
    """Return ``{attribute of the study: 8 characters}``: one part for each attribute that decides the table.

    ``make_data`` is described by the data that it makes with the first seed on each point.

    Args:
        study: a ``Study``.
        data: whether to make the data; without, the part ``make_data`` is left out (the census may not be on this machine).
    """
    parts = {
        "models": [study.models_at(point) for point in study.points] if callable(study.models) else study.models,
        "others": study.others,
        "points": study.points,
        "seeds": study.seeds,
        "fit_settings": [study.settings_at(point) for point in study.points],
        "record": study.record,
    }
    if data:
        parts["make_data"] = [digest_at(study, point) for point in study.points]
    return {name: _short(describe(part), 8) for name, part in parts.items()}


def trial_key(trial, digest: str) -> str:
    """Return the name under which a trial is stored.

    Args:
        trial: an ``engine.Trial``.
        digest: ``data_digest`` of the data at the trial's point with the study's first seed.
    """
    return _short([describe(dataclasses.replace(trial, make_data=None)), digest, made_with()], 24)


@functools.cache
def made_with() -> str:
    """Return the versions and a digest of the code that trials run with in this process, as JSON."""
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in NOT_IN_TRIALS]
    code = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]
    return json.dumps(versions() | {"code": code})


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide a trial's numbers."""
    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }


def digest_at(study, point: dict) -> str:
    """Return the ``data_digest`` of a study's data at a point with its first seed, or the error that the data function raises."""
    try:
        return data_digest(study.make_data(study.seeds[0], **point))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def data_digest(parts) -> str:
    """Return a text that changes with the numbers of the ``TaskData`` in ``parts`` (``None`` stands for no data).

    Each array is described by its shape and a weighted sum of its numbers, to six digits. So another order of the rows
    changes it, but not the last bit of a sine, in which two machines may differ.

    Example:
        >>> from ple_tutorial.data.synthetic import make_synthetic
        >>> one, other = (make_synthetic(64, 0.5, noise=noise) for noise in (0.5, 0.51))
        >>> data_digest([one]) == data_digest([one]), data_digest([one]) == data_digest([other])
        (True, False)
    """
    described = []
    for part in parts:
        if isinstance(part, World):
            described += [_weighted_sum(values) for values in part.expected.values()]
            part = part.data
        if part is not None:
            arrays = keras.tree.flatten((part.features, part.labels, part.mask, part.weights))
            described += [part.kinds, part.cardinalities, [(a.shape, _weighted_sum(a)) for a in arrays]]
        described.append("end of part")
    return _short(describe(described), 16)


def _weighted_sum(array):
    values = np.nan_to_num(np.asarray(array, np.float64)).ravel()
    weights = np.arange(1, len(values) + 1) * 0.6180339887498949 % 1.0  # spread over 0 to 1, no two neighbours alike
    return f"{values @ weights:.6g}"


def describe(value):
    """Return ``value`` as something that JSON can hold and that says all of it.

    Raises:
        TypeError: an object that cannot be described, so that no fingerprint could notice that it has changed.

    Example:
        >>> describe({"expert_units": (16, 4), "architecture": "cgc"})
        {'expert_units': [16, 4], 'architecture': 'cgc'}
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(name): describe(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [describe(part) for part in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value)).hexdigest()]
    if isinstance(value, functools.partial):
        return [describe(value.func), describe(value.args), describe(value.keywords)]
    if inspect.isfunction(value):
        parameters = inspect.signature(value).parameters.values()
        defaults = {
            parameter.name: parameter.default for parameter in parameters if parameter.default is not parameter.empty
        }
        return [_source(value), describe(defaults), describe(dict(inspect.getclosurevars(value).nonlocals))]
    name = type(value).__qualname__
    if dataclasses.is_dataclass(value):
        return [name, {field.name: describe(getattr(value, field.name)) for field in dataclasses.fields(value)}]
    if hasattr(value, "get_config"):
        return [name, describe(value.get_config())]
    if isinstance(value, keras.callbacks.Callback):
        return [name, describe({key: part for key, part in vars(value).items() if not key.startswith("_")})]
    checks.refuse(
        "study", "settings of numbers, texts, lists, dicts, functions and Keras objects", repr(value), TypeError
    )


@functools.lru_cache
def _source(function):
    """The code of a function without its comments, docstring and layout; of a lambda or one without a file, its bytecode."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        if ast.get_docstring(tree) is not None:
            del tree.body[0]
        return ast.unparse(tree)
    except (OSError, TypeError, SyntaxError, ValueError):
        return [function.__code__.co_code.hex(), repr(function.__code__.co_names), repr(function.__code__.co_consts)]


def _short(described, characters):
    text = json.dumps(described, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:characters]
