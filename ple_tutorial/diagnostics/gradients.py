"""Whether the tasks pull the same way: the cosine of their gradients, and what a step for one does to the loss of another."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.data import TaskData
from ple_tutorial.loading import check_fits
from ple_tutorial.losses import task_loss


def gradient_cosines(model: keras.Model, data: TaskData) -> pd.DataFrame:
    """Compute the cosine of each two tasks' gradients in the weights that both reach.

    All samples go through the model at once; a few hundred are enough for a look, some thousand for a number.

    Args:
        model: from ``build_model``.
        data: a ``TaskData`` of the model's tasks.

    Returns:
        A DataFrame, tasks x tasks: 1 where the gradients have the same direction, below 0 where they conflict, NaN where two
        tasks share no weight, or where a gradient is zero. 1 on the diagonal.

    Raises:
        ValueError: data that do not fit the model.
        TypeError: no Keras model, or no ``TaskData``.

    Source: Yu et al. (NeurIPS 2020, arXiv:2001.06782) call two gradients conflicting where the cosine is negative.

    Example:
        >>> from ple_tutorial.models import build_model
        >>> y = [0.0, 1.0, 2.0, 3.0]
        >>> data = TaskData(np.eye(4), {"a": y, "b": y}, {"a": "regression", "b": "regression"})
        >>> model = build_model("single-task", features=4, tasks=data.kinds)
        >>> float(gradient_cosines(model, data).loc["a", "b"])  # they share nothing
        nan
    """
    _, gradients = _losses_and_gradients(model, data)
    tasks = list(gradients)
    table = pd.DataFrame(np.eye(len(tasks)), index=tasks, columns=tasks)
    for number, one in enumerate(tasks):
        for other in tasks[:number]:
            table.loc[one, other] = table.loc[other, one] = _cosine(gradients[one], gradients[other])
    return table


def _cosine(one, other):
    both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    dot, a_squared, b_squared = np.sum(
        [[(a * b).sum(), (a * a).sum(), (b * b).sum()] for a, b in both] or [[0.0] * 3], axis=0
    )
    return dot / np.sqrt(a_squared * b_squared) if a_squared * b_squared > 0 else np.nan


def affinities(model: keras.Model, data: TaskData, rate: float = 0.01) -> pd.DataFrame:
    """Compute by which part of itself one task's loss falls when a step is taken for another.

    The step is one of plain gradient descent, on the same samples, in the weights that another task reaches, too; the model is
    as before afterwards.

    Args:
        model: from ``build_model``.
        data: a ``TaskData`` of the model's tasks.
        rate: length of the step, times the gradient.

    Returns:
        A DataFrame, a row for the task whose step is taken and a column for the task whose loss is looked at:
        ``1 - loss after / loss before``. Above 0 the step helps, below 0 it hurts.

    Raises:
        ValueError: data that do not fit the model, a rate out of range, or a loss of zero.
        TypeError: no Keras model, or no ``TaskData``.

    Source: Fifty et al., Efficiently identifying task groupings (NeurIPS 2021, arXiv:2109.04617), the inter-task affinity.

    Example:
        >>> from ple_tutorial.models import build_model
        >>> x, y = np.eye(4), np.array([0.0, 1.0, 2.0, 3.0])
        >>> data = TaskData(x, {"a": y, "b": -y}, {"a": "regression", "b": "regression"})
        >>> table = affinities(build_model("single-task", features=4, tasks=data.kinds), data)
        >>> float(table.loc["a", "b"])  # they share nothing
        0.0
    """
    rate = checks.number("rate", rate, 0, 1e3)
    before, gradients = _losses_and_gradients(model, data)
    for task, loss in before.items():
        if loss == 0:
            checks.refuse("data", f"a loss of task {task!r} above 0", loss)
    variables, tasks = model.trainable_variables, list(before)
    reached = np.array([[gradient is not None for gradient in gradients[task]] for task in tasks])
    start, rows = [variable.numpy() for variable in variables], {}
    for task in tasks:
        for variable, value, gradient, count in zip(
            variables, start, gradients[task], reached.sum(axis=0), strict=True
        ):
            if gradient is not None and count > 1:
                variable.assign(value - rate * gradient)
        after = _losses(model, data)
        rows[task] = {other: 1 - float(after[other]) / before[other] for other in tasks}
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
    return pd.DataFrame.from_dict(rows, orient="index")


class Conflicts(keras.callbacks.Callback):
    """A Keras callback that records ``gradient_cosines`` and ``affinities`` after some epochs.

    Args:
        data: on which they are computed, the same samples each time.
        epochs: after which epochs, counted from 1; those beyond the last are left out.
        rate: as in ``affinities``.

    Attributes:
        record: a list with a dict for each pair of tasks and epoch: ``epoch``, ``task`` (whose loss is looked at), ``other``
            (whose step is taken), ``cosine`` and ``affinity``.

    Raises:
        TypeError, ValueError: data or epochs that do not fit.

    Example:
        >>> data = TaskData(np.eye(4), {"a": np.arange(4.0), "b": np.arange(4.0)}, {"a": "regression", "b": "regression"})
        >>> Conflicts(data, epochs=[1, 10]).record  # filled by fit(..., callbacks=[...])
        []
    """

    def __init__(self, data: TaskData, epochs: Sequence[int], rate: float = 0.01):
        super().__init__()
        if not isinstance(data, TaskData):
            checks.refuse("data", "a TaskData", type(data).__name__, TypeError)
        self.data, self.rate, self.record = data, checks.number("rate", rate, 0, 1e3), []
        self.epochs = [checks.count("epochs", epoch) for epoch in checks.row("epochs", epochs, "a list of epochs")]

    def on_epoch_end(self, epoch, logs=None):
        """Record after an epoch (Keras counts from 0)."""
        if epoch + 1 not in self.epochs:
            return
        cosines = gradient_cosines(self.model, self.data)
        falls = affinities(self.model, self.data, self.rate)
        self.record += [
            {
                "epoch": epoch + 1,
                "task": task,
                "other": other,
                "cosine": float(cosines.loc[other, task]),
                "affinity": float(falls.loc[other, task]),
            }
            for task in cosines
            for other in cosines
            if task != other
        ]


def _losses(model, data):
    outputs = model(data.features, training=False)
    return {
        task: task_loss(kind, data.labels[task], outputs[task], data.mask[task]) for task, kind in data.kinds.items()
    }


def _losses_and_gradients(model, data):
    """Return ``{task: loss}`` and ``{task: [gradient or None for each trainable variable]}`` as float64 arrays."""
    check_fits(model, data, "data")
    data.check_labels("data", samples=False)
    with tf.GradientTape(persistent=True) as tape:
        losses = _losses(model, data)
    variables = [variable.value for variable in model.trainable_variables]
    gradients = {
        task: [None if one is None else one.numpy().astype(np.float64) for one in tape.gradient(loss, variables)]
        for task, loss in losses.items()
    }
    return {task: float(loss) for task, loss in losses.items()}, gradients
