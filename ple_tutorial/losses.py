"""Losses: each task's mean over its own sample space, the loss weights, and a schedule of them."""

from dataclasses import dataclass, field
from typing import Any

from ple_tutorial import checks
from ple_tutorial.backend import keras

_PER_SAMPLE = {"binary": keras.losses.binary_crossentropy, "regression": keras.losses.mean_squared_error}


def task_loss(kind: str, labels: Any, predictions: Any, mask: Any) -> Any:
    """Return the mean loss over the samples in a task's sample space; zero if a batch has none of them.

    Args:
        kind: ``binary`` (cross-entropy, nats) or ``regression`` (squared error, units of the label squared).
        labels: ``(batch,)``; a label outside the sample space has no effect, it may be NaN.
        predictions: ``(batch, 1)``; probabilities for a binary task.
        mask: ``(batch,)``, 1 (or True, or the sample's weight) inside the sample space and 0 outside.

    Raises:
        ValueError: an array of another shape, which would otherwise be broadcast over the batch.
        TypeError: something other than an array.

    Source: PLE paper, Eq. 9. The mean is over the task's own samples, not over the batch.

    Example:
        >>> import numpy as np
        >>> labels, predictions = np.array([1.0, 2.0, 9.0]), np.array([[1.0], [4.0], [0.0]])
        >>> float(task_loss("regression", labels, predictions, np.array([True, True, False])))
        2.0
    """
    for argument, value, rank, shape in (
        ("labels", labels, 1, "(batch,)"),
        ("predictions", predictions, 2, "(batch, 1)"),
        ("mask", mask, 1, "(batch,)"),
    ):
        if not hasattr(value, "shape"):
            checks.refuse(argument, f"an array of shape {shape}", type(value).__name__, TypeError)
        # None stands for a length that is known only when the compiled program runs.
        if len(value.shape) != rank or (value.shape[-1] not in (1, None) and rank == 2):
            checks.refuse(argument, f"shape {shape}", f"shape {tuple(value.shape)}")
        if len({labels.shape[0], value.shape[0]} - {None}) > 1:
            checks.refuse(argument, f"{labels.shape[0]} samples, as many as labels", value.shape[0])
    # A missing label may be NaN, and NaN times 0 is NaN.
    labels = keras.ops.where(keras.ops.cast(mask, "bool"), labels, 0)
    per_sample = _PER_SAMPLE[checks.choice("kind", kind, checks.KINDS)](labels[:, None], predictions)
    mask = keras.ops.cast(mask, per_sample.dtype)
    total = keras.ops.sum(mask)
    return keras.ops.sum(per_sample * mask) / keras.ops.where(total > 0, total, keras.ops.ones_like(total))


def loss_weights(kinds: dict[str, str], weights: dict[str, float] | None = None) -> dict[str, float]:
    """Return the weight of each task in the joint loss; 1 for a task that ``weights`` leaves out.

    Raises:
        ValueError: an unknown task, a negative weight, or weights that are all zero.
        TypeError: weights that are no numbers. Weights that are learned are a method of balancing: ``fit(..., balance=...)``.

    Source: the omegas of Eq. 8 of the PLE paper.

    Example:
        >>> loss_weights({"click": "binary", "minutes": "regression"}, {"minutes": 0.5})
        {'click': 1.0, 'minutes': 0.5}
    """
    weights = {} if weights is None else weights
    if not isinstance(weights, dict):
        checks.refuse("loss_weights", "a dict {task: weight}", repr(weights), TypeError)
    kinds = checks.task_names("kinds", kinds)
    for task in weights:
        checks.choice("loss_weights", task, kinds)
        if hasattr(weights[task], "assign"):
            expected = "a number; for weights that learn use fit(..., balance=...), see ple_tutorial.balancing"
            checks.refuse(f"loss_weights[{task!r}]", expected, f"a {type(weights[task]).__name__}", TypeError)
    full = {task: checks.number(f"loss_weights[{task!r}]", weights.get(task, 1.0), 0, 1e6) for task in kinds}
    if not any(full.values()):
        checks.refuse("loss_weights", "at least one weight above 0", full)
    return full


@dataclass(frozen=True)
class WeightSchedule:
    """Weights in the joint loss that are multiplied by a factor after each epoch: ``start * ratio ** epoch``.

    An object of this class is a function of the number of finished epochs (0 in the first) that returns the weights,
    ``{task: float}``; give it to ``fit`` as ``loss_weights``.

    Attributes:
        start: ``{task: weight}`` in the first epoch, from 0.
        ratio: ``{task: factor}``, above 0; 1 for a task that is left out.

    Raises:
        ValueError: a ratio for a task without a start, or numbers out of range.
        TypeError: something other than dicts of numbers.

    Source: PLE paper, section 4.3, Eq. 10. Its text lets t be the step in one sentence and the epoch in another; here
    it is the epoch.

    Example:
        >>> schedule = WeightSchedule({"click": 1.0, "minutes": 0.5}, {"minutes": 2.0})
        >>> schedule(2)
        {'click': 1.0, 'minutes': 2.0}
    """

    start: dict
    ratio: dict = field(default_factory=dict)

    def __post_init__(self):
        loss_weights(self.start, self.start)
        if not isinstance(self.ratio, dict):
            checks.refuse("ratio", "a dict {task: factor}", repr(self.ratio), TypeError)
        for task, ratio in self.ratio.items():
            checks.number(f"ratio[{checks.choice('ratio', task, tuple(self.start))!r}]", ratio, 1e-6, 1e6)

    def __call__(self, epoch: int) -> dict[str, float]:
        """Return the weights after so many epochs."""
        epoch = checks.count("epoch", epoch, 0)
        return {task: weight * self.ratio.get(task, 1.0) ** epoch for task, weight in self.start.items()}


def for_compile(kinds: dict[str, str]) -> dict[str, keras.losses.Loss]:
    """Return the same losses for ``model.compile(loss=...)``; give the masks to ``model.fit`` as ``sample_weight``.

    Keras's losses by name divide by the size of the batch instead. Under a ``MirroredStrategy`` each device takes the mean
    over its share of the batch; with masks these shares have unequal numbers of samples, so the result is not the mean over
    the whole batch.

    Example:
        >>> sorted(for_compile({"click": "binary", "minutes": "regression"}))
        ['click', 'minutes']
    """
    classes = {"binary": keras.losses.BinaryCrossentropy, "regression": keras.losses.MeanSquaredError}
    kinds = checks.task_kinds("kinds", kinds)
    return {task: classes[kind](reduction="mean_with_sample_weight") for task, kind in kinds.items()}
