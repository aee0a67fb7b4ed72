"""Data (``check_fits``, ``feature_batches``) and files of weights (``load_weights``), checked before a model uses them."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.data import TaskData
from ple_tutorial.layers import Tabular

LARGE = 1000.0  # root mean square of a column of numbers above which ``fit`` warns


def check_fits(model: keras.Model, data: TaskData, argument: str, train: TaskData | None = None) -> None:
    """Refuse data whose tasks, kinds, features or codes do not fit the model, by the name of the argument.

    Args:
        model: a functional Keras model to ``{task: (batch, 1)}``.
        data: with labels or without.
        argument: what the message calls the data.
        train: on which the model is about to be trained. The names of its columns count as do those on which it was trained.

    Raises:
        ValueError: data that do not fit.
        TypeError: no Keras model, or no ``TaskData``.
        RuntimeError: Keras runs on another backend than TensorFlow.
    """
    _check_model(model)
    if not isinstance(data, TaskData):
        checks.refuse(argument, "a TaskData", type(data).__name__, TypeError)
    tasks = list(model.output) if isinstance(model.output, dict) else None
    if tasks != list(data.kinds):
        checks.refuse(f"{argument}.kinds", f"the model's tasks {tasks}", list(data.kinds))
    shape = keras.tree.map_structure(lambda x: tuple(x.shape[1:]), model.input)
    got = keras.tree.map_structure(lambda x: x.shape[1:], data.features)
    if shape != got:
        checks.refuse(f"{argument}.features", f"rows of shape {shape}", got)
    for layer in model.layers:
        if isinstance(layer, Tabular) and layer.cardinalities != list(data.cardinalities):
            checks.refuse(f"{argument}.cardinalities", f"the model's {layer.cardinalities}", list(data.cardinalities))
        if layer.name in data.kinds and isinstance(layer, keras.layers.Dense):
            _check_head(layer, data, argument)
    _check_names(vars(model).get("_ple_names", {}), data, argument)
    _check_names({} if train is None else train.names, data, argument)


def remember_names(model: keras.Model, names: dict[str, tuple]) -> None:
    """Keep the names of the columns that a model was trained on with the model, until it is saved, for ``check_fits``."""
    if any(names.values()):
        vars(model)["_ple_names"] = names  # not as Keras's attribute, which would be tracked


def _check_names(trained, data, argument):
    """Refuse data whose columns have names, and others than ``TaskData.names`` of the training data or in another order."""
    for part, names in trained.items():
        found = data.names[part]
        if names and found and names != found:
            at = next(i for i, (one, other) in enumerate(zip(names, found, strict=True)) if one != other)
            expected = f"the columns of the training data in their order, {names[at]!r} in place {at}"
            checks.refuse(
                f"{argument}.features",
                expected,
                f"{found[at]!r}",
                advice="select them as in training, df[columns], or hand in .to_numpy()",
            )


def _check_model(model):
    if keras.backend.backend() != "tensorflow":  # imported before the package, which would have asked for TensorFlow
        expected = "tensorflow (import ple_tutorial.backend before keras)"
        checks.refuse("keras backend", expected, keras.backend.backend(), RuntimeError)
    if not isinstance(model, keras.Model):
        checks.refuse("model", "a Keras model", type(model).__name__, TypeError)
    if not hasattr(model, "output"):
        checks.refuse("model", "a functional Keras model", f"{model.name!r}, which has no outputs yet")


def _check_head(layer, data, argument):
    """Refuse a kind that the task's last layer cannot learn: cross-entropy needs probabilities, a sigmoid ends at 0 and 1."""
    task, kind = layer.name, data.kinds[layer.name]
    if kind == "binary" and layer.activation is keras.activations.linear:
        checks.refuse(f"{argument}.kinds[{task!r}]", "'regression', as the model predicts any number", "'binary'")
    y = data.labels.get(task, np.zeros(1))
    if kind == "regression" and layer.activation is keras.activations.sigmoid and (y.min() < 0 or y.max() > 1):
        expected = "'binary' or labels from 0 to 1, as the model predicts a probability"
        checks.refuse(
            f"{argument}.kinds[{task!r}]", expected, f"'regression' with labels from {y.min():g} to {y.max():g}"
        )


def feature_batches(model: keras.Model, data: Any, argument: str, batch_size: int = 16_384) -> Iterator:
    """Yield the features of ``data`` in batches of at most ``batch_size``, checked against the model.

    Args:
        model: a functional Keras model to ``{task: (batch, 1)}``.
        data: a ``TaskData``; bare features, ``(batch, features)`` or the dict of ``numeric`` and ``codes``; or chunks of
            ``TaskData``, of which one is in memory at a time.
        argument: what the message calls the data.
        batch_size: samples.

    Raises:
        ValueError: data that do not fit the model.
        TypeError: something other than data.

    Example:
        >>> from ple_tutorial.models import build_model
        >>> model = build_model("ple", features=2, tasks={"click": "binary"})
        >>> [x.shape for x in feature_batches(model, [[0.1, 2.0], [0.4, 1.0], [0.2, 3.0]], "data", 2)]
        [(2, 2), (1, 2)]
    """
    checks.count("batch_size", batch_size)
    for part in _parts(model, data, argument):
        yield from (batch.features for batch in part.batches(batch_size))


def labels_of(model: keras.Model, data: Any, argument: str, check: Callable) -> TaskData:
    """Return data to score the model by: a ``TaskData`` as it is, of chunks the labels, masks and weights alone.

    Each ``TaskData`` is handed to ``check``, with what a message calls it.

    Raises:
        ValueError: data that do not fit the model, or lack labels or samples of a task.
        TypeError: no data, or chunks that can be read only once.
    """
    if first_of(data, argument) is data:
        check(data, argument)
    else:
        data = TaskData.without_features(_parts(model, data, argument, check), argument)
    data.check_labels(argument)
    return data


def first_of(data: Any, argument: str) -> TaskData:
    """Return ``data`` if it is a ``TaskData``, and the first one if it is chunks of them.

    Raises:
        TypeError: something else, or chunks that can be read only once.
    """
    chunks = [data] if isinstance(data, TaskData) else data if hasattr(data, "__iter__") else []
    if iter(chunks) is chunks:
        expected = "a TaskData, or chunks that can be read again in every epoch, such as a list"
        checks.refuse(argument, expected, f"a {type(data).__name__}, which can be read only once", TypeError)
    first, got = next(iter(chunks), None), type(data).__name__
    if not isinstance(first, TaskData):
        got = got if first is not None or chunks is not data else f"an empty {got}"
        advice = "make one of the features and their labels, TaskData(features, labels, kinds)"
        checks.refuse(argument, "a TaskData, or chunks of them", got, TypeError, advice)
    return first


def _parts(model, data, argument, check=None):
    """Yield ``data`` as checked ``TaskData``: one, or one a chunk."""
    _check_model(model)
    listed = isinstance(data, (list, tuple)) and len(data) > 0 and not isinstance(data[0], TaskData)
    if (
        listed or isinstance(data, dict) or hasattr(data, "shape")
    ):  # bare features; without labels any kind of task will do
        kinds = dict.fromkeys(model.output, "regression") if isinstance(model.output, dict) else {}
        codes = next((layer.cardinalities for layer in model.layers if isinstance(layer, Tabular)), ())
        if isinstance(data, dict) and not codes:
            expected = "an array (batch, features) or a DataFrame, as the model takes no codes"
            checks.refuse(argument, expected, f"a dict of {sorted(map(str, data))}", TypeError)
        data = TaskData(data, {}, kinds, cardinalities=codes if isinstance(data, dict) else ())
    if isinstance(data, (str, bytes)) or not (isinstance(data, TaskData) or hasattr(data, "__iter__")):
        checks.refuse(argument, "a TaskData, features, or chunks of TaskData", type(data).__name__, TypeError)
    part = None
    for number, part in enumerate([data] if isinstance(data, TaskData) else data, 1):
        name = argument if part is data else f"chunk {number} of {argument}"
        check(part, name) if check else check_fits(model, part, name)
        yield part
    if part is None:
        checks.refuse(argument, "chunks of TaskData", "none", TypeError)


def warn_of_scales(model: keras.Model, data: TaskData, argument: str) -> bool:
    """Warn of columns of large numbers, on which training often gives constant predictions, unless a layer scales them.

    Returns True if it warned.
    Of at most 10,000 rows, evenly spaced, the root mean square of a column is compared with ``LARGE``.
    """
    layers = keras.layers
    scaling = (layers.Normalization, layers.Rescaling, layers.BatchNormalization, layers.LayerNormalization)
    if any(isinstance(layer, scaling) for layer in model.layers):
        return False
    numeric, names = data.numeric, data.names["numeric"]
    some = numeric[:: -(-len(numeric) // 10_000)].astype(np.float64)
    large = np.flatnonzero(np.sqrt(np.mean(some**2, axis=0)) > LARGE)
    if len(large):
        ranges = [
            f"{names[i] if names else int(i)!r} ({some[:, i].min():g} to {some[:, i].max():g})" for i in large[:3]
        ]
        more = f" and {len(large) - 3} more" if len(large) > 3 else ""
        warnings.warn(
            f"{argument}.features: large numbers in column {', '.join(ranges)}{more}, on which a network may learn nothing; "
            "standardise them, (x - x.mean()) / x.std() with mean and deviation of the training part, or take log1p of amounts",
            stacklevel=5,
        )
    return len(large) > 0


def load_weights(model: keras.Model, path: Any) -> None:
    """Load what ``model.save_weights(path)`` wrote into a model of the same layers, all of it or nothing.

    Keras's own ``model.load_weights`` reads a file layer by layer: given a file of another architecture, it changes some
    weights before it raises an error, and raises none if the file has a part for each of its layers. Here the names of all
    layers and the shapes of all weights in the file are compared first. The file does not say more: not the kinds of the
    tasks, activations, temperatures, the order in which a gate sees its experts, or numbers of codes with the same sum.
    If these may be forgotten, save the whole model (``model.save("x.keras")``).

    Args:
        model: from ``build_model``.
        path: of a file whose name ends in ``.weights.h5``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file of other layers, or none of weights; the model keeps the weights that it has.
        TypeError: no Keras model, or no path.

    Example:
        >>> from ple_tutorial.models import build_model
        >>> first, second = (build_model("ple", features=2, tasks={"click": "binary"}, seed=seed) for seed in (0, 1))
        >>> path = f"{tempfile.mkdtemp()}/first.weights.h5"
        >>> first.save_weights(path)
        >>> load_weights(second, path)
        >>> all((a == b).all() for a, b in zip(first.get_weights(), second.get_weights(), strict=True))
        True
    """
    if not isinstance(model, keras.Model) or not hasattr(model, "output"):
        checks.refuse("model", "a functional Keras model", type(model).__name__, TypeError)
    file = Path(checks.path("path", path))
    if not file.exists():
        raise FileNotFoundError(f"path: expected a file of weights, got {str(path)!r}, where there is none")
    if not file.name.endswith(".weights.h5"):
        checks.refuse("path", "a file whose name ends in .weights.h5, as of model.save_weights", repr(str(path)))
    layers = keras.Model(model.input, model.output)  # the same ones, without the optimizer of a compiled model
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own.weights.h5"
        layers.save_weights(own)
        expected, found = _layers_in(own), _layers_in(file)
        for one, other in zip_longest(expected, found, fillvalue="no further layer"):
            if one != other:
                checks.refuse("path", f"the layers of {model.name!r}: {one}", f"a file with {other}")
        try:
            layers.load_weights(file)
        except Exception as error:  # whatever h5py and Keras make of a damaged file
            layers.load_weights(own)
            checks.refuse("path", "a whole file of weights", f"one that cannot be read ({type(error).__name__})")


def _layers_in(file):
    """What a weights file says of its layers, in the order of their places in it: name, and shapes of the weights."""
    layers = []

    def visit(place, group):
        if "name" in group.attrs:
            layers.append(f"{group.attrs['name']!r} {[weights.shape for weights in group.values()]}")

    try:
        with h5py.File(file) as opened:
            opened["layers"].visititems(visit)
    except Exception as error:  # of many kinds where bytes are damaged
        checks.refuse("path", "a file of weights, as of model.save_weights", f"another ({type(error).__name__})")
    return layers
