"""``build_model``: a routing table in, a plain functional ``keras.Model`` out."""

import zlib
from collections.abc import Sequence

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
    architecture: str | Routing,
    *,
    features: int | FeatureSpec,
    tasks: dict[str, str],
    shared_experts: int = 2,
    task_experts: int | dict[str, int] = 1,
    levels: int = 1,
    own_residual: bool = False,
    detach_others: bool = False,
    expert_units: Sequence = (16,),
    tower_units: Sequence[int] | dict[str, Sequence[int]] = (8,),
    activation: str = "relu",
    normalise_experts: bool = False,
    orthogonality: float = 0.1,
    gate_temperature: float = 1.0,
    gate_dropout: float = 0.0,
    gate_bias: bool = False,
    gate_columns: Sequence[int] | None = None,
    tower_columns: Sequence[int] | None = None,
    embedding: int = 4,
    seed: int = 0,
) -> keras.Model:
    """Build any architecture of the routing table as a functional Keras model.

    Args:
        architecture: a name of ``routing.ARCHITECTURES``, or a ``Routing`` of your own.
        features: number of features, or the ``FeatureSpec`` of a ``TaskData``.
        tasks: ``{task: "binary" or "regression"}``.
        shared_experts, task_experts, levels, own_residual, detach_others: as in ``routing.routing``.
        expert_units: widths of an expert's layers, the same on every level; or one such list for each level. In a sluice
            network each of a task's two sub-spaces is such an expert, and all levels end in the same width.
        tower_units: widths of the towers' hidden layers; or one such list for each task, ``{task: widths}``. A list may be
            empty: then the task's output layer is its whole tower.
        activation: of experts and towers.
        normalise_experts, gate_temperature, gate_dropout, gate_bias: as in ``layers.Experts`` and ``layers.Gate``.
        gate_columns: which columns of numbers every gate reads, counted from 0, in place of its stream or all features; so a
            gate is told where to look.
        tower_columns: which columns of numbers every tower reads, beside what the last level sends it; so a model without
            gates is told what gates are told by ``gate_columns``, as a control.
        orthogonality: weight of the penalty on the sub-spaces of a sluice network (``layers.Experts``); 0.1 is that of
            its authors' example. Other architectures have none.
        embedding: length of the vector of an integer code (tabular features only).
        seed: of all initial weights. Layers of equal name and shape start equal in every architecture.

    Returns:
        A ``keras.Model`` from ``(batch, features)``, or from ``{"numeric": (batch, columns), "codes": (batch,
        columns)}``, to ``{task: (batch, 1)}``: a probability for a binary task, a number for a regression.
        Before ``keras.models.load_model`` reads a saved one in another program, that program must ``import
        ple_tutorial.layers``: for safety, Keras imports no module that a file names. (``import ple_tutorial`` alone does not
        do it, since it loads neither Keras nor TensorFlow.)

    Raises:
        ValueError, TypeError: an argument that does not fit; the message names it.

    Source: PLE paper, section 4.1 (CGC, Eqs. 2-5) and 4.2 (PLE, Eqs. 6-7).

    Example:
        >>> model = build_model("cgc", features=3, tasks={"click": "binary", "minutes": "regression"})
        >>> {task: tuple(y.shape) for task, y in model(np.ones((2, 3))).items()}
        {'click': (2, 1), 'minutes': (2, 1)}
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
    towers = tower_widths(tower_units, kinds)
    seed = checks.count("seed", seed, 0)
    orthogonality = checks.number("orthogonality", orthogonality, 0, 1e6)
    of_gates = {"temperature": gate_temperature, "dropout": gate_dropout, "gate_bias": gate_bias}

    def of(name):  # a layer's own seed depends on its name alone, not on what else the model holds
        return int(zlib.crc32(f"{seed}/{name}".encode()))

    inputs, x = _inputs(features, embedding, of)
    chosen = chosen_columns("gate_columns", gate_columns, features)
    for_gates = x if chosen is None else keras.ops.take(x, chosen, axis=1)
    told = chosen_columns("tower_columns", tower_columns, features)
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
                reads = streams.get(stream, x) if mixer.reads == "stream" and chosen is None else for_gates
                gate = gate(reads)
            mixed[stream] = _mixed(name, stream, mixer, outputs, gate)
        streams = mixed
        sent.append(streams)
    predictions = {}
    for task, kind in kinds.items():
        y = streams[task]
        if table.towers == "all":
            all_levels = keras.ops.stack([streams[task] for streams in sent], axis=1)
            y = Stitch([[1 / len(sent)] * len(sent)], name=f"{task}_tower_reads")(all_levels)
        if told is not None:
            y = keras.layers.Concatenate(name=f"{task}_tower_told")([y, keras.ops.take(x, told, axis=1)])
        for i, units in enumerate(towers[task]):
            name = f"{task}_tower_{i}"
            kernel = seeded("glorot_uniform", of(name))
            y = Dense(units, activation, kernel_initializer=kernel, name=name)(y)
        last = "sigmoid" if kind == "binary" else "linear"
        predictions[task] = Dense(
            1, last, kernel_initializer=seeded("glorot_uniform", of(task)), name=task, dtype="float32"
        )(y)
    return keras.Model(inputs, predictions, name=table.architecture.replace("-", "_"))


def _mixed(name, stream, mixer, outputs, gate_weights):
    """Return what leaves a level as ``stream``; ``outputs`` are the experts of each group, ``(batch, experts, units)``."""

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
    """Return initial alphas ``(own, experts)``: mostly the own experts (columns from ``first`` on)."""
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
    """Return ``features``, a number of them or a ``FeatureSpec``, as a ``FeatureSpec`` of at least one column."""
    spec = features if isinstance(features, FeatureSpec) else FeatureSpec(checks.count("features", features))
    checks.count("features", spec.numeric, 0 if spec.cardinalities else 1)
    return spec


def chosen_columns(argument, given, features):
    """Return ``given`` as a list of different columns of numbers, at least one; None for None."""
    if given is None:
        return None
    numeric = feature_spec(features).numeric
    chosen = [checks.count(argument, one, 0) for one in checks.row(argument, given, "a list of columns")]
    if not chosen or len(set(chosen)) < len(chosen) or max(chosen) >= numeric:
        checks.refuse(argument, f"one or more of the columns 0 to {numeric - 1}, each once", chosen)
    return chosen


def widths(argument, given):
    """Return ``given`` as a list of whole numbers of at least one; it may be empty."""
    return [checks.count(argument, width) for width in checks.row(argument, given, "a list of widths")]


def tower_widths(tower_units, tasks):
    """Return ``tower_units`` as a list of widths for each task, ``{task: widths}``."""
    if not isinstance(tower_units, dict):
        return dict.fromkeys(tasks, widths("tower_units", tower_units))
    for task in tower_units:
        checks.choice("tower_units", task, tuple(tasks))
    if missing := [task for task in tasks if task not in tower_units]:
        checks.refuse("tower_units", "a list of widths for each task", f"none for {missing}")
    return {task: widths(f"tower_units[{task!r}]", tower_units[task]) for task in tasks}


def expert_widths(expert_units, levels, towers="last"):
    """Return ``expert_units`` as one list of widths for each level; if the towers read all levels, their last widths agree."""
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
