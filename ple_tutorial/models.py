"""``build_model``: a routing table in, a plain functional ``keras.Model`` out."""

import zlib

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.data import FeatureSpec
from ple_tutorial.layers import Experts, Gate, Mix, Tabular, seeded
from ple_tutorial.routing import Routing, routing


def build_model(
    architecture,
    *,
    features,
    tasks,
    shared_experts=2,
    task_experts=1,
    levels=1,
    expert_units=(16,),
    tower_units=(8,),
    activation="relu",
    embedding=4,
    seed=0,
):
    """Build any architecture of the routing table as a functional Keras model.

    Args:
        architecture: a name of ``routing.ARCHITECTURES``, or a ``Routing`` of your own.
        features: number of features, or the ``FeatureSpec`` of a ``TaskData``.
        tasks: ``{task: "binary" or "regression"}``.
        shared_experts, task_experts, levels: as in ``routing.routing``.
        expert_units: widths of an expert's layers, the same on every level; or one such list for each level.
        tower_units: widths of the towers' hidden layers; may be empty.
        activation: of experts and towers.
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
        table = routing(architecture, kinds, shared_experts=shared_experts, task_experts=task_experts, levels=levels)
    elif tuple(kinds) != table.tasks:
        checks.refuse("tasks", f"the tasks of the routing table, {list(table.tasks)}", list(kinds))
    per_level = _per_level(expert_units, len(table.levels))
    towers = _widths("tower_units", tower_units)
    seed = checks.count("seed", seed, 0)

    def of(name):  # a layer's own seed depends on its name alone, not on what else the model holds
        return int(zlib.crc32(f"{seed}/{name}".encode()))

    inputs, x = _inputs(features, embedding, of)
    streams = {}  # an absent stream is the features
    for number, (level, units) in enumerate(zip(table.levels, per_level, strict=True), 1):
        outputs = {}
        for group, count in level.experts.items():
            name = f"level{number}_{group}_experts"
            experts = Experts(count, units, activation=activation, seed=of(name), name=name)
            outputs[group] = experts(streams.get(group, x))
        mixed = {}
        for stream, mixer in level.mixers.items():
            experts, *more = (outputs[group] for group in mixer.sees)
            if more:
                experts = keras.layers.Concatenate(axis=1, name=f"level{number}_{stream}_sees")([experts, *more])
            if mixer.how == "pass":
                mixed[stream] = keras.layers.Flatten(name=f"level{number}_{stream}_pass")(experts)
                continue
            name = f"level{number}_{stream}_gate"
            gate = Gate(table.expert_names(number, stream), seed=of(name), name=name)
            weights = gate(streams.get(stream, x) if mixer.reads == "stream" else x)
            mixed[stream] = Mix(name=f"level{number}_{stream}_mix")([weights, experts])
        streams = mixed
    predictions = {}
    for task, kind in kinds.items():
        y = streams[task]
        for i, units in enumerate(towers):
            name = f"{task}_tower_{i}"
            kernel = seeded("glorot_uniform", of(name))
            y = keras.layers.Dense(units, activation, kernel_initializer=kernel, name=name)(y)
        last = "sigmoid" if kind == "binary" else "linear"
        predictions[task] = keras.layers.Dense(
            1, last, kernel_initializer=seeded("glorot_uniform", of(task)), name=task, dtype="float32"
        )(y)
    return keras.Model(inputs, predictions, name=table.architecture.replace("-", "_"))


def _inputs(features, embedding, of):
    spec = features if isinstance(features, FeatureSpec) else FeatureSpec(checks.count("features", features))
    columns = checks.count("features", spec.numeric, 0 if spec.cardinalities else 1)
    numeric = keras.Input((columns,), name="numeric" if spec.cardinalities else "features")
    if not spec.cardinalities:
        return numeric, numeric
    codes = keras.Input((len(spec.cardinalities),), dtype="int32", name="codes")
    table = Tabular(spec.cardinalities, embedding, seed=of("tabular"), name="tabular")
    return {"numeric": numeric, "codes": codes}, table([numeric, codes])


def _widths(argument, widths):
    if isinstance(widths, (str, bytes)) or not hasattr(widths, "__iter__"):
        checks.refuse(argument, "a list of widths", repr(widths), TypeError)
    return [checks.count(argument, width) for width in widths]


def _per_level(expert_units, levels):
    """``expert_units`` as one list of widths for each level."""
    if not hasattr(expert_units, "__iter__") or isinstance(expert_units, (str, bytes)) or not len(expert_units):
        checks.refuse("expert_units", "a list of widths, or one list for each level", repr(expert_units), TypeError)
    if not hasattr(expert_units[0], "__iter__"):
        expert_units = [expert_units] * levels
    if len(expert_units) != levels:
        checks.refuse("expert_units", f"one list of widths for each of {levels} level(s)", f"{len(expert_units)} lists")
    if not all(len(_widths("expert_units", units)) for units in expert_units):
        checks.refuse("expert_units", "at least one width on each level", repr(expert_units))
    return [_widths("expert_units", units) for units in expert_units]
