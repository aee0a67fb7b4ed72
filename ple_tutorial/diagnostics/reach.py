"""Which task's loss reaches which part of a model."""

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.data import TaskData
from ple_tutorial.layers import Experts, Gate, Stitch
from ple_tutorial.loading import check_fits
from ple_tutorial.losses import task_loss
from ple_tutorial.routing import Routing


def reach(model: keras.Model, data: TaskData) -> pd.DataFrame:
    """Compute the norm of each task's gradient in each part of the model: which loss trains which experts.

    All samples go through the model at once; a few hundred are enough.

    Args:
        model: from ``build_model``.
        data: a ``TaskData`` of the model's tasks.

    Returns:
        A DataFrame, one row a task and one column a part of the model: ``level1 a experts``, ``level1 shared experts``,
        ``level1 a gate``, ``level1 shared gate``, ``level1 a stitch`` (or ``residual``) and so on for each level, then
        ``a tower``, which includes the combination of levels that a sluice network's tower reads. An entry is the Euclidean
        norm of the gradient of the task's loss in all weights of the part: exactly 0 if no path leads from the
        part to the loss.

    Raises:
        ValueError: data that do not fit the model.
        TypeError: no Keras model, or no ``TaskData``.

    Source: PLE paper, section 4.2, says in words what is separated on which level; the gradient says it in numbers.

    Example:
        >>> from ple_tutorial.models import build_model
        >>> data = TaskData(np.ones((4, 2)), {"a": [0, 1, 1, 1], "b": [1, 0, 0, 0]}, {"a": "binary", "b": "binary"})
        >>> norms = reach(build_model("cgc", features=2, tasks=data.kinds), data)
        >>> norms.loc["a", "level1 b experts"].item(), norms.loc["a", "level1 a experts"].item() > 0
        (0.0, True)
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


def reach_by_table(table: Routing) -> pd.DataFrame:
    """Read ``reach(...) > 0`` off a routing table: which parts have a path to each task's loss.

    A gate over a single expert has none, as its weight is always one. Nor has a part whose output passes only through a
    detached group.

    Args:
        table: a ``routing.Routing``.

    Returns:
        A DataFrame of booleans, one row a task and one column a part that some loss reaches, in alphabetical order.
        With integer codes among the features, every loss also reaches ``tabular``, which is not in the table.

    Example:
        >>> from ple_tutorial.routing import routing
        >>> reached = reach_by_table(routing("cgc", {"a": "binary", "b": "binary"}))
        >>> list(reached.columns[reached.loc["a"]])
        ['a tower', 'level1 a experts', 'level1 a gate', 'level1 shared experts']
    """
    if not isinstance(table, Routing):
        checks.refuse("table", "a Routing", type(table).__name__, TypeError)

    def below(number, stream):
        """Return the parts that a loss reaches through ``stream`` as it leaves level ``number``."""
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


PARTS = (Experts, Gate, Stitch)  # in their order within a level


def _height(layer):
    """Return a sort key of a layer: level by level its experts, gates and stitches, and towers at the end."""
    if isinstance(layer, PARTS) and layer.name.startswith("level"):
        return int(layer.name.split("_")[0].removeprefix("level")), PARTS.index(type(layer))
    return (np.inf if isinstance(layer, (keras.layers.Dense, Stitch)) else 0), 0


def _part(layer):
    """Return the name of the part of the model to which a layer belongs, from the name that ``build_model`` gave it."""
    if isinstance(layer, PARTS) and layer.name.startswith("level"):
        level, rest = layer.name.split("_", 1)
        return f"{level} {' '.join(rest.rsplit('_', 1))}"
    if isinstance(layer, (keras.layers.Dense, Stitch)):
        return f"{layer.name.rpartition('_tower_')[0] or layer.name} tower"
    return layer.name


def _norm(gradients):
    """Return the Euclidean norm over several weights; a weight without a path to the loss has the gradient None."""
    return float(np.sqrt(sum(np.square(g.numpy().astype(np.float64)).sum() for g in gradients if g is not None)))
