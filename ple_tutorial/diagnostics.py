"""What a task's loss does to a model: whose loss reaches whose experts."""

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.layers import Experts, Gate, Stitch
from ple_tutorial.loading import check_fits
from ple_tutorial.losses import task_loss
from ple_tutorial.routing import Routing


def reach(model, data):
    """Whose loss reaches whose experts: the norm of each task's gradient in each part of the model.

    All samples go through the model at once: a few hundred are enough.

    Args:
        model: from ``build_model``.
        data: a ``TaskData`` of the model's tasks.

    Returns:
        A DataFrame, one row a task and one column a part of the model: ``level1 a experts``, ``level1 shared experts``,
        ``level1 a gate``, ``level1 shared gate``, ``level1 a stitch`` (or ``residual``) and so on level by level, then
        ``a tower``, to which belongs what a sluice network's tower reads. An entry is the Euclidean
        norm of the gradient of the task's loss in all weights of the part: exactly 0 where no path leads from the
        part to the loss.

    Raises:
        ValueError: data that do not fit the model.
        TypeError: no Keras model, or no ``TaskData``.

    Source: PLE paper, section 4.2, says in words what is separated on which level; the gradient says it in numbers.
    """
    check_fits(model, data, "data")
    data.check_labels("data", samples=False)
    parts = {}
    for layer in sorted((layer for layer in model.layers if layer.trainable_variables), key=_height):
        parts.setdefault(_part(layer), []).extend(layer.trainable_variables)
    with tf.GradientTape(persistent=True) as tape:
        outputs = model(data.features, training=False)
        losses = {t: task_loss(kind, data.labels[t], outputs[t], data.mask[t]) for t, kind in data.kinds.items()}
    norms = {
        task: {part: _norm(tape.gradient(loss, weights)) for part, weights in parts.items()}
        for task, loss in losses.items()
    }
    return pd.DataFrame.from_dict(norms, orient="index").rename_axis(index="task", columns="part")


def reach_by_table(table):
    """The same as ``reach(...) > 0``, read off a routing table: which parts have a path to each task's loss.

    A gate over a single expert has none, as its weight is always one; nor has a part behind a detached group.

    Args:
        table: a ``routing.Routing``.

    Returns:
        A DataFrame of booleans, one row a task and one column a part that some loss reaches, in no order that matters.
        With integer codes among the features, every loss reaches ``tabular`` beside.
    """
    if not isinstance(table, Routing):
        checks.refuse("table", "a Routing", type(table).__name__, TypeError)

    def below(number, stream):
        """The parts that a loss on ``stream``, as it leaves level ``number``, reaches."""
        if number == 0:
            return set()
        level, parts = table.levels[number - 1], set()
        mixer = level.mixers[stream]
        if mixer.how == "gate" and sum(level.experts[group] for group in mixer.sees) > 1:
            parts |= {f"level{number} {stream} gate"}
            if mixer.reads == "stream" and number > 1:
                parts |= below(number - 1, stream)
        if mixer.how == "stitch":
            parts |= {f"level{number} {stream} stitch"}
        if mixer.residual:
            parts |= {f"level{number} {stream} residual"}
        for group in set(mixer.sees) - set(mixer.detached):
            parts |= {f"level{number} {group} experts"}
            parts |= below(number - 1, group) if number > 1 else set()
        return parts

    read = range(1, len(table.levels) + 1) if table.towers == "all" else [len(table.levels)]
    reached = {task: {f"{task} tower"}.union(*(below(number, task) for number in read)) for task in table.tasks}
    columns = sorted(set().union(*reached.values()))
    rows = {task: [part in parts for part in columns] for task, parts in reached.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis(index="task", columns="part")


PARTS = (Experts, Gate, Stitch)  # in the order in which they stand on a level


def _height(layer):
    """Where a layer stands: experts, gates and stitches on each level, one level after the other, towers at the end."""
    if isinstance(layer, PARTS) and layer.name.startswith("level"):
        return int(layer.name.split("_")[0].removeprefix("level")), PARTS.index(type(layer))
    return (np.inf if isinstance(layer, (keras.layers.Dense, Stitch)) else 0), 0


def _part(layer):
    """The name of the part of the model that a layer belongs to, from the name that ``build_model`` gave it."""
    if isinstance(layer, PARTS) and layer.name.startswith("level"):
        level, rest = layer.name.split("_", 1)
        return f"{level} {' '.join(rest.rsplit('_', 1))}"
    if isinstance(layer, (keras.layers.Dense, Stitch)):
        return f"{layer.name.rpartition('_tower_')[0] or layer.name} tower"
    return layer.name


def _norm(gradients):
    """Euclidean norm over several weights; a weight without a path to the loss has the gradient None."""
    return float(np.sqrt(sum(np.square(g.numpy().astype(np.float64)).sum() for g in gradients if g is not None)))
