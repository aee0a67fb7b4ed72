"""Balancing by weights that change while the model trains: ``Uncertainty`` and ``GradNorm``.

Both multiply the loss weights of ``fit`` by weights of their own. A task counts in a batch if its loss there is above 0; without
labels it is 0.
"""

from dataclasses import dataclass

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.balancing.interface import Balance
from ple_tutorial.balancing.shared import last_shared_layer, task_gradients

LEAST_WEIGHT = 1e-3  # of GradNorm, before its weights are made to sum to the number of tasks again


@dataclass(frozen=True)
class Uncertainty(Balance):
    """Weights from learned log-variances: a task whose loss stays large gets a small weight.

    With the log-variance ``s`` of a task, 0 at the start, and its loss ``L``, a task adds to the joint loss

    - ``exp(-s) L / 2 + s / 2``, regression (``L`` is the mean squared error, the noise is normal with variance ``exp(s)``);
    - ``exp(-s) L + s / 2``, binary (``L`` is the cross-entropy, ``exp(s)`` the temperature of the logits; this form is the
      paper's approximation).

    The optimizer of ``fit`` trains the log-variances along with the model, with the same learning rate (and weight
    decay, if it has one). The loss weights of ``fit`` multiply both terms of a task; if they multiplied the first alone, ``s``
    would learn to undo them. A batch without labels of a task leaves its log-variance alone. With a single task this is
    ``Balance()``.

    State: ``log_variances`` ``(tasks,)``, trained; ``factors`` ``(tasks,)``, 1/2 or 1, constant.

    Source: Kendall, Gal and Cipolla (2018), arXiv:1705.07115, section 3.2, Eqs. 7 and 10.

    Example:
        >>> from ple_tutorial.backend import tf
        >>> method = Uncertainty()
        >>> state = method.state({"minutes": "regression", "click": "binary"}, [])
        >>> losses = {"minutes": tf.constant(4.0), "click": tf.constant(0.5)}
        >>> float(method.joint(losses, tf.constant([1.0, 1.0]), state))  # 4.0 / 2 + 0.5
        2.5
    """

    def state(self, kinds, variables):
        if len(kinds) == 1:
            return {}
        factors = np.array([0.5 if kind == "regression" else 1.0 for kind in kinds.values()], np.float32)
        return {
            "log_variances": keras.Variable(np.zeros(len(kinds), np.float32), name="log_variances"),
            "factors": keras.Variable(factors, trainable=False),
        }

    def joint(self, losses, weights, state):
        if not state:
            return super().joint(losses, weights, state)
        losses, s = tf.stack(list(losses.values())), tf.convert_to_tensor(state["log_variances"])
        each = tf.exp(-s) * losses * state["factors"] + s / 2
        return tf.reduce_sum(weights * tf.where(losses > 0, each, 0.0))


@dataclass(frozen=True)
class GradNorm(Balance):
    """Weights that give the tasks gradients of similar length: longer ones for tasks that learn more slowly.

    With the weights ``w``, 1 at the start, the joint loss is the sum of ``w_t L_t`` (times the loss weights of ``fit``).
    After each step, ``w`` takes a step of gradient descent on the sum over tasks of ``|G_t - mean(G) r_t^alpha|``, where

    - ``G_t`` is ``w_t`` times the norm of the gradient of ``L_t`` in the last shared layer;
    - ``r_t`` is ``L_t`` divided by its first value, and then by the mean of this over tasks;
    - ``mean(G) r_t^alpha`` is taken as a constant.

    Then ``w`` is divided by a number so that it sums to the number of tasks again.

    The last shared layer is found by the gradients: of the layers in which two tasks or more have one, those with the most
    tasks, and the last of them. If there is none, ``w`` stays 1. A task whose loss is 0 in a batch (it has no labels there),
    whose loss weight is 0, or which has no gradient in that layer is left out of the sums, and keeps its weight. A weight
    does not fall below 0.001 (the paper's could turn negative). The loss weights of ``fit`` are no part of ``G``: on top of
    equal norms, a task of loss weight 2 pulls twice as much. With a single task this is ``Balance()``.

    Attributes:
        alpha: how strongly a task that learns slowly is favoured, from 0 (all norms equal); 1.5 in the paper's experiments
            on NYUv2.
        learning_rate: of ``w``, above 0. A step is this number times the norm of a task's gradient, so scale the labels of
            regression tasks first.

    Raises:
        ValueError, TypeError: a setting out of range, or no number.

    State: ``weights`` ``(tasks,)``, ``w``; ``first_losses`` ``(tasks,)``, 0 until a task's first labels.

    Source: Chen, Badrinarayanan, Lee and Rabinovich (2018), arXiv:1711.02257, section 3, Eqs. 1 and 2, Algorithm 1.

    Example:
        >>> from ple_tutorial.data.synthetic import make_synthetic
        >>> from ple_tutorial.models import build_model
        >>> from ple_tutorial.training import fit
        >>> data = make_synthetic(512, correlation=0.5, seed=0)
        >>> model = build_model("hard-sharing", features=data.features.shape[1], tasks=data.kinds)
        >>> history = fit(model, data, epochs=5, balance=GradNorm(alpha=0.5), show_progress=False)
        >>> history["loss"][5] < history["loss"][1]
        np.True_
    """

    alpha: float = 1.5
    learning_rate: float = 0.025

    def __post_init__(self):
        checks.number("alpha", self.alpha, 0, 100)
        checks.number("learning_rate", self.learning_rate, 1e-9, 1e3)

    def state(self, kinds, variables):
        if len(kinds) == 1:
            return {}
        return {
            "weights": keras.Variable(np.ones(len(kinds), np.float32), trainable=False),
            "first_losses": keras.Variable(np.zeros(len(kinds), np.float32), trainable=False),
        }

    def joint(self, losses, weights, state):
        return super().joint(losses, weights * state["weights"] if state else weights, state)

    def gradients(self, step):
        if step.state:
            by_task = task_gradients(step)
            places, tasks = last_shared_layer(by_task, step.variables)
            if places:
                norms = [
                    tf.linalg.global_norm([task[i] / step.scale for i in places if task[i] is not None])
                    if t in tasks
                    else 0.0
                    for t, task in enumerate(by_task)
                ]
                reached = tf.constant([t in tasks for t in range(len(by_task))])
                self._update(step, tf.stack(norms), reached)
        return super().gradients(step)

    def _update(self, step, norms, reached):
        """Assign the weights of the next step; ``norms`` and ``reached`` are ``(tasks,)``."""
        w, losses = tf.convert_to_tensor(step.state["weights"]), tf.stack(list(step.losses.values()))
        first = tf.convert_to_tensor(step.state["first_losses"])
        first = tf.where((first == 0) & tf.math.is_finite(losses), losses, first)
        counts = reached & (losses > 0) & (step.weights > 0)
        rates = tf.math.divide_no_nan(losses, first)
        rates = tf.where(counts, tf.math.divide_no_nan(rates, _mean(rates, counts)), 1.0)
        lengths = w * norms
        slopes = tf.sign(lengths - _mean(lengths, counts) * rates**self.alpha) * norms
        moved = tf.where(counts, tf.maximum(w - self.learning_rate * slopes, LEAST_WEIGHT), 0.0)
        before = tf.reduce_sum(tf.where(counts, w, 0.0))
        moved = tf.where(counts, moved * tf.math.divide_no_nan(before, tf.reduce_sum(moved)), w)
        # With a loss scale, a gradient that is too large for float16 is infinite; the optimizer passes over such a step.
        step.state["weights"].assign(tf.where(tf.reduce_all(tf.math.is_finite(moved)), moved, w))
        step.state["first_losses"].assign(first)


def _mean(values, counts):
    """The mean of the values that count; 0 if there are none."""
    count = tf.reduce_sum(tf.cast(counts, values.dtype))
    return tf.math.divide_no_nan(tf.reduce_sum(tf.where(counts, values, 0.0)), count)
