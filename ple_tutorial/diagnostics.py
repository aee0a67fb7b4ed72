"""What a task's loss does to a model: whose loss reaches whose experts."""

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.layers import Experts, Gate
from ple_tutorial.losses import task_loss


def reach(model, data):
    """Whose loss reaches whose experts: the norm of each task's gradient in each part of the model.

    All samples go through the model at once: a few hundred are enough.

    Args:
        model: from ``build_model``.
        data: a ``TaskData`` of the model's tasks.

    Returns:
        A DataFrame, one row a task and one column a part of the model: ``level1 a experts``, ``level1 shared experts``,
        ``level1 a gate``, ``level1 shared gate`` and so on level by level, then ``a tower``. An entry is the Euclidean
        norm of the gradient of the task's loss in all weights of the part: exactly 0 where no path leads from the
        part to the loss.

    Raises:
        ValueError: data of other tasks than the model's.

    Source: PLE paper, section 4.2, says in words what is separated on which level; the gradient says it in numbers.
    """
    tasks = list(model.output) if isinstance(model.output, dict) else None
    if tasks != list(data.kinds):
        checks.refuse("data.kinds", f"the model's tasks {tasks}", list(data.kinds))
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


def _height(layer):
    """Where a layer stands: experts before gates on each level, one level after the other, towers at the end."""
    if isinstance(layer, (Experts, Gate)):
        return int(layer.name.split("_")[0].removeprefix("level")), isinstance(layer, Gate)
    return (np.inf if isinstance(layer, keras.layers.Dense) else 0), False


def _part(layer):
    """The name of the part of the model that a layer belongs to, from the name that ``build_model`` gave it."""
    if isinstance(layer, (Experts, Gate)):
        level, rest = layer.name.split("_", 1)
        return f"{level} {' '.join(rest.rsplit('_', 1))}"
    if isinstance(layer, keras.layers.Dense):
        return f"{layer.name.rpartition('_tower_')[0] or layer.name} tower"
    return layer.name


def _norm(gradients):
    """Euclidean norm over several weights; a weight without a path to the loss has the gradient None."""
    return float(np.sqrt(sum(np.square(g.numpy().astype(np.float64)).sum() for g in gradients if g is not None)))
