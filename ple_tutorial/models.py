"""``build_model``: a routing table in, a plain functional ``keras.Model`` out."""

import zlib

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.data import FeatureSpec
from ple_tutorial.layers import Dense, Experts, Gate, Mix, Stitch, Tabular, seeded
from ple_tutorial.loading import load_weights
from ple_tutorial.routing import Routing, routing

__all__ = ["build_model", "check_tasks", "expert_widths", "feature_spec", "load_weights", "widths"]

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
