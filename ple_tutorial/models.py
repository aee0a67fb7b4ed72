"""``build_model``: a routing table in, a plain functional ``keras.Model`` out."""

import tempfile
import warnings
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.data import FeatureSpec, TaskData
from ple_tutorial.layers import Dense, Experts, Gate, Mix, Stitch, Tabular, seeded
from ple_tutorial.routing import Routing, routing

LARGE = 1000.0  # root mean square of a column of numbers above which ``fit`` warns
OWN_ALPHA = 0.9  # what a stitch starts with on the expert that it continues; the others share the rest


def build_model(
    architecture,
    *,
    features,
    tasks,
    shared_experts=2,
    task_experts=1,
    levels=1,
    own_residual=False,
    detach_others=False,
    expert_units=(16,),
    tower_units=(8,),
    activation="relu",
    normalise_experts=False,
    orthogonality=0.1,
    gate_temperature=1.0,
    gate_dropout=0.0,
    embedding=4,
    seed=0,
):
    """Build any architecture of the routing table as a functional Keras model.

    Args:
        architecture: a name of ``routing.ARCHITECTURES``, or a ``Routing`` of your own.
        features: number of features, or the ``FeatureSpec`` of a ``TaskData``.
        tasks: ``{task: "binary" or "regression"}``.
        shared_experts, task_experts, levels, own_residual, detach_others: as in ``routing.routing``.
        expert_units: widths of an expert's layers, the same on every level; or one such list for each level. In a sluice
            network each of a task's two sub-spaces is such an expert, and all levels end in the same width.
        tower_units: widths of the towers' hidden layers; may be empty.
        activation: of experts and towers.
        normalise_experts, gate_temperature, gate_dropout: as in ``layers.Experts`` and ``layers.Gate``.
        orthogonality: weight of the penalty on the sub-spaces of a sluice network (``layers.Experts``); 0.1 is that of
            its authors' example. Other architectures have none.
        embedding: length of the vector of an integer code (tabular features only).
        seed: of all initial weights. Layers of equal name and shape start equal in every architecture.

    Returns:
        A ``keras.Model`` from ``(batch, features)``, or from ``{"numeric": (batch, columns), "codes": (batch,
        columns)}``, to ``{task: (batch, 1)}``: a probability for a binary task, a number for a regression.
        Before you load a saved one elsewhere, import ``ple_tutorial.layers``, so that Keras knows its layers.

    Raises:
        ValueError, TypeError: whatever of the above does not fit, named.

    Source: PLE paper, section 4.1 (CGC, Eqs. 2-5) and 4.2 (PLE, Eqs. 6-7).
    """
    kinds = checks.task_kinds("tasks", tasks)
    table = architecture
    if not isinstance(architecture, Routing):
        table = routing(
            architecture,
            kinds,
            shared_experts=shared_experts,
            task_experts=task_experts,
            levels=levels,
            own_residual=own_residual,
            detach_others=detach_others,
        )
    check_tasks(table, kinds)
    per_level = expert_widths(expert_units, len(table.levels), table.towers)
    towers = widths("tower_units", tower_units)
    seed = checks.count("seed", seed, 0)
    orthogonality = checks.number("orthogonality", orthogonality, 0, 1e6)
    of_gates = {"temperature": gate_temperature, "dropout": gate_dropout}

    def of(name):  # a layer's own seed depends on its name alone, not on what else the model holds
        return int(zlib.crc32(f"{seed}/{name}".encode()))

    inputs, x = _inputs(features, embedding, of)
    streams, sent = {}, []  # an absent stream is the features
    for number, (level, units) in enumerate(zip(table.levels, per_level, strict=True), 1):
        outputs = {}
        for group, count in level.experts.items():
            name = f"level{number}_{group}_experts"
            penalty = orthogonality if table.towers == "all" else 0.0  # sub-spaces
            experts = Experts(count, units, activation, normalise_experts, penalty, seed=of(name), name=name)
            outputs[group] = experts(streams.get(group, x))
        mixed = {}
        for stream, mixer in level.mixers.items():
            name, gate = f"level{number}_{stream}", None
            if mixer.how == "gate":
                gate = Gate(
                    table.expert_names(number, stream), seed=of(f"{name}_gate"), name=f"{name}_gate", **of_gates
                )
                gate = gate(streams.get(stream, x) if mixer.reads == "stream" else x)
            mixed[stream] = _mixed(name, stream, mixer, outputs, gate)
        streams = mixed
        sent.append(streams)
    predictions = {}
    for task, kind in kinds.items():
        y = streams[task]
        if table.towers == "all":
            all_levels = keras.ops.stack([streams[task] for streams in sent], axis=1)
            y = Stitch([[1 / len(sent)] * len(sent)], name=f"{task}_tower_reads")(all_levels)
        for i, units in enumerate(towers):
            name = f"{task}_tower_{i}"
            kernel = seeded("glorot_uniform", of(name))
            y = Dense(units, activation, kernel_initializer=kernel, name=name)(y)
        last = "sigmoid" if kind == "binary" else "linear"
        predictions[task] = Dense(
            1, last, kernel_initializer=seeded("glorot_uniform", of(task)), name=task, dtype="float32"
        )(y)
    return keras.Model(inputs, predictions, name=table.architecture.replace("-", "_"))


def _mixed(name, stream, mixer, outputs, gate_weights):
    """What leaves a level as ``stream``; ``outputs`` holds the experts of each group, ``(batch, experts, units)``."""

    def side_by_side(groups, name):
        parts = [keras.ops.stop_gradient(outputs[g]) if g in mixer.detached else outputs[g] for g in groups]
        return keras.layers.Concatenate(axis=1, name=name)(parts) if len(parts) > 1 else parts[0]

    experts = side_by_side(mixer.sees, f"{name}_sees")
    if mixer.how == "stitch":
        before = mixer.sees[: mixer.sees.index(stream)]
        first = sum(outputs[group].shape[1] for group in before)
        return Stitch(_near_own(outputs[stream].shape[1], first, experts.shape[1]), name=f"{name}_stitch")(experts)
    if mixer.how in ("pass", "concat"):
        return keras.layers.Flatten(name=f"{name}_{mixer.how}")(experts)
    fused = Mix(name=f"{name}_mix")([gate_weights, experts])
    if not mixer.residual:
        return fused
    own = side_by_side(mixer.residual, f"{name}_own")
    count = own.shape[1]
    own = Stitch([[1 / count] * count], name=f"{name}_residual")(own)
    return keras.layers.Add(name=f"{name}_plus_own")([fused, own])


def _near_own(own, first, experts):
    """Initial alphas ``(own, experts)``: mostly the own expert, which stand from ``first`` on, and a little of the rest."""
    rest = (1 - OWN_ALPHA) / (experts - 1) if experts > 1 else 0.0
    alphas = np.full((own, experts), rest)
    alphas[np.arange(own), first + np.arange(own)] = OWN_ALPHA if experts > 1 else 1.0
    return alphas.tolist()


def _inputs(features, embedding, of):
    spec = feature_spec(features)
    numeric = keras.Input((spec.numeric,), name="numeric" if spec.cardinalities else "features")
    if not spec.cardinalities:
        return numeric, numeric
    codes = keras.Input((len(spec.cardinalities),), dtype="int32", name="codes")
    table = Tabular(spec.cardinalities, embedding, seed=of("tabular"), name="tabular")
    return {"numeric": numeric, "codes": codes}, table([numeric, codes])


def check_fits(model: keras.Model, data: TaskData, argument: str) -> None:
    """Refuse data whose tasks, kinds, features or codes do not fit the model, by the name of the argument.

    Args:
        model: a functional Keras model to ``{task: (batch, 1)}``.
        data: with labels or without.
        argument: what the message calls the data.

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
        >>> model = build_model("ple", features=2, tasks={"click": "binary"})
        >>> [x.shape for x in feature_batches(model, [[0.1, 2.0], [0.4, 1.0], [0.2, 3.0]], "data", 2)]
        [(2, 2), (1, 2)]
    """
    checks.count("batch_size", batch_size)
    for part in _parts(model, data, argument):
        yield from (batch.features for batch in part.batches(batch_size))


def labels_of(model: keras.Model, data: Any, argument: str) -> TaskData:
    """Return data to score the model by: a ``TaskData`` as it is, of chunks the labels, masks and weights alone.

    Raises:
        ValueError: data that do not fit the model, or lack labels or samples of a task.
        TypeError: no data, or chunks that can be read only once.
    """
    if isinstance(data, TaskData):
        check_fits(model, data, argument)
    elif not hasattr(data, "__iter__") or iter(data) is data:
        expected = "a TaskData, or chunks of them that can be read again, such as a list"
        checks.refuse(argument, expected, type(data).__name__, TypeError)
    else:
        if not isinstance(next(iter(data), None), TaskData):
            checks.refuse(argument, "a TaskData, or chunks of them", f"a {type(data).__name__} of others", TypeError)
        data = TaskData.without_features(_parts(model, data, argument), argument)
    data.check_labels(argument)
    return data


def _parts(model, data, argument):
    """Yield ``data`` as checked ``TaskData``: one, or one a chunk."""
    _check_model(model)
    listed = isinstance(data, (list, tuple)) and len(data) > 0 and not isinstance(data[0], TaskData)
    if (
        listed or isinstance(data, dict) or hasattr(data, "shape")
    ):  # bare features; without labels any kind of task will do
        kinds = dict.fromkeys(model.output, "regression") if isinstance(model.output, dict) else {}
        codes = [layer.cardinalities for layer in model.layers if isinstance(layer, Tabular)]
        data = TaskData(data, {}, kinds, cardinalities=codes[0] if codes and isinstance(data, dict) else ())
    if isinstance(data, (str, bytes)) or not (isinstance(data, TaskData) or hasattr(data, "__iter__")):
        checks.refuse(argument, "a TaskData, features, or chunks of TaskData", type(data).__name__, TypeError)
    part = None
    for number, part in enumerate([data] if isinstance(data, TaskData) else data, 1):
        check_fits(model, part, argument if part is data else f"chunk {number} of {argument}")
        yield part
    if part is None:
        checks.refuse(argument, "chunks of TaskData", "none", TypeError)


def warn_of_scales(model: keras.Model, data: TaskData, argument: str) -> None:
    """Warn of columns of large numbers, on which training often gives constant predictions, unless a layer scales them.

    Of at most 10,000 rows, evenly spaced, the root mean square of a column is compared with ``LARGE``.
    """
    layers = keras.layers
    scaling = (layers.Normalization, layers.Rescaling, layers.BatchNormalization, layers.LayerNormalization)
    if any(isinstance(layer, scaling) for layer in model.layers):
        return
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
            stacklevel=4,
        )


def load_weights(model: keras.Model, path: Any) -> None:
    """Load what ``model.save_weights(path)`` wrote into a model of the same layers, all of it or nothing.

    Keras's own ``model.load_weights`` reads a file layer by layer: with a file of another architecture it has changed some
    weights by the time it raises, and raises nothing where it finds a part of the file for each of its layers. Here the
    names of all layers and the shapes of all weights in the file are compared first. The file says no more: not the
    kinds of the tasks, activations, temperatures, the order in which a gate sees its experts, or numbers of codes of
    equal sum. Save the whole model where these may be forgotten (``model.save("x.keras")``).

    Args:
        model: from ``build_model``.
        path: of a file whose name ends in ``.weights.h5``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file of other layers, or none of weights; the model keeps the weights that it has.
        TypeError: no Keras model, or no path.
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
        expected, came = _layers_in(own), _layers_in(file)
        for one, other in zip_longest(expected, came, fillvalue="no further layer"):
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


def check_tasks(table, kinds):
    """Refuse tasks other than those of the routing table, or in another order."""
    if tuple(kinds) != tuple(table.tasks):
        checks.refuse("tasks", f"the tasks of the routing table, {list(table.tasks)}", list(kinds))


def feature_spec(features):
    """``features``, a number of them or a ``FeatureSpec``, as a ``FeatureSpec`` of at least one column."""
    spec = features if isinstance(features, FeatureSpec) else FeatureSpec(checks.count("features", features))
    checks.count("features", spec.numeric, 0 if spec.cardinalities else 1)
    return spec


def widths(argument, given):
    """``given`` as a list of whole numbers of at least one; it may be empty."""
    return [checks.count(argument, width) for width in checks.row(argument, given, "a list of widths")]


def expert_widths(expert_units, levels, towers="last"):
    """``expert_units`` as one list of widths for each level, all with one last width where the towers read all levels."""
    expected = "a list of widths, or one list for each level"
    given, expert_units = expert_units, checks.row("expert_units", expert_units, expected)
    if not expert_units:
        checks.refuse("expert_units", expected, repr(given), TypeError)
    if not hasattr(expert_units[0], "__iter__"):
        expert_units = [expert_units] * levels
    if len(expert_units) != levels:
        checks.refuse("expert_units", f"one list of widths for each of {levels} level(s)", f"{len(expert_units)} lists")
    per_level = [widths("expert_units", units) for units in expert_units]
    if not all(per_level):
        checks.refuse("expert_units", "at least one width on each level", repr(expert_units))
    if towers == "all" and len({units[-1] for units in per_level}) > 1:
        checks.refuse("expert_units", "one last width on all levels, since the towers read them all", per_level)
    return per_level
