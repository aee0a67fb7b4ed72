"""Balancing by changed gradients: ``PCGrad`` and ``CAGrad``.

Both replace the sum of the tasks' gradients by a sum with other factors, computed from the dot products of the gradients
alone. Only the variables in which two losses or more have a gradient are concerned; in all others, and for the penalties
of layers, the gradient is that of ``Balance()``. A task's gradient is that of its loss times its loss weight.
"""

from dataclasses import dataclass

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.balancing.interface import Balance
from ple_tutorial.balancing.shared import shared, task_gradients


class _Surgery(Balance):
    """A method that multiplies the tasks' gradients in the shared variables by ``factors``."""

    def factors(self, products, state):
        """Return the factor of each task, ``(tasks,)``, from the dot products of their gradients, ``(tasks, tasks)``."""
        raise NotImplementedError

    def gradients(self, step):
        gradients, by_task = super().gradients(step), task_gradients(step)
        rows = {}  # of each shared variable, the tasks' gradients in it: (tasks, numbers in the variable)
        for place in shared(by_task):
            size = int(np.prod(step.variables[place].shape))
            found = [tf.zeros(size) if task[place] is None else tf.reshape(task[place], (size,)) for task in by_task]
            rows[place] = tf.stack(found) * step.weights[:, None]
        if rows:
            products = tf.add_n([part @ tf.transpose(part) for part in rows.values()])
            changes = self.factors(products, step.state) - 1
            for place, part in rows.items():
                change = tf.reshape(tf.linalg.matvec(part, changes, transpose_a=True), step.variables[place].shape)
                gradients[place] = gradients[place] + change
        return gradients


@dataclass(frozen=True)
class PCGrad(_Surgery):
    """Gradient surgery: where two tasks' gradients point against each other, the part that does so is taken away.

    For each task, the others are gone through in random order. If the dot product of the task's gradient, as it is by then,
    with the other's original gradient is negative, it is projected onto the plane normal to the other's: it becomes
    ``g - (g . other) / (other . other) other``. The sum of the projected gradients replaces the sum of the gradients. The
    dot products are those of all shared variables together. Without a conflict, this is ``Balance()``; as it is for a batch
    in which only one task has labels, and with a single task.

    State: ``random``, two whole numbers from which the orders are drawn, set from the ``seed`` of ``fit``.

    Source: Yu, Kumar, Gupta, Levine, Hausman and Finn (2020), arXiv:2001.06782, section 2.3, Algorithm 1.

    Example:
        >>> from ple_tutorial.backend import tf
        >>> products = tf.constant([[1.0, -0.5], [-0.5, 1.0]])  # two gradients of length 1, at 120 degrees
        >>> method = PCGrad()
        >>> method.factors(products, method.state({"click": "binary", "like": "binary"}, [])).numpy().tolist()
        [1.5, 1.5]
    """

    def state(self, kinds, variables):
        return {"random": keras.Variable([0, 0], dtype="int64", trainable=False, name="seed_generator_state")}

    def factors(self, products, state):
        tasks, squares = products.shape[0], tf.linalg.diag_part(products)
        order = tf.argsort(tf.random.stateless_uniform((tasks, tasks), tf.convert_to_tensor(state["random"])))
        state["random"].assign_add([0, 1])
        mixes = tf.eye(tasks)  # each task's gradient by now, as a sum of the original ones
        for turn in range(tasks):
            other = tf.one_hot(order[:, turn], tasks)
            dots = tf.reduce_sum(mixes @ products * other, axis=1)
            conflict = (dots < 0) & (order[:, turn] != tf.range(tasks))
            parts = tf.where(conflict, tf.math.divide_no_nan(dots, tf.linalg.matvec(other, squares)), 0.0)
            mixes -= parts[:, None] * other
        return tf.reduce_sum(mixes, axis=0)


@dataclass(frozen=True)
class CAGrad(_Surgery):
    """Conflict-averse descent: the step near that of the sum of the losses that helps the task which it helps least.

    With the tasks' gradients ``g_t`` and their sum ``g``, the step is the ``d`` with ``|d - g| <= c |g|`` for which the
    smallest of the ``g_t . d`` is largest. It is ``g + c |g| m / |m|``, where ``m`` is the mean of the ``g_t`` with those
    weights (from 0, of sum 1) that make ``m . g + c |g| |m|`` least. The paper has the mean of the gradients where this has
    the sum: the same step times the number of tasks, so that ``c=0`` is ``Balance()``. The step may be up to ``1 + c`` times
    as long as that of ``Balance()``; as in the paper, it is not shortened.

    A task whose gradient is 0 in a batch (it has no labels there, or its loss weight is 0) is left out. With fewer than
    two tasks left, this is ``Balance()``.

    Attributes:
        c: how far the step may be from that of the sum, from 0 to below 1, in lengths of that sum.

    Raises:
        ValueError, TypeError: ``c`` out of range, or no number.

    Source: Liu, Liu, Jin, Stone and Liu (2021), arXiv:2110.14048, section 3, Algorithm 1.

    Example:
        >>> from ple_tutorial.backend import tf
        >>> products = tf.constant([[4.0, -1.0], [-1.0, 1.0]])  # the second task's gradient is shorter
        >>> [round(float(factor), 3) for factor in CAGrad(c=0.5).factors(products, {})]  # and gets more
        [1.0, 1.866]
    """

    c: float = 0.5

    def __post_init__(self):
        if checks.number("c", self.c, 0, 1) == 1:
            checks.refuse("c", "a number from 0 to below 1", self.c)

    def factors(self, products, state):
        reach = self.c * tf.sqrt(tf.maximum(tf.reduce_sum(products), 0.0))
        active = tf.cast(tf.linalg.diag_part(products) > 0, products.dtype)
        mix = least_mix(products, reach, active)
        # Below a thousandth of the lengths that cancel out in it, the length of the mean is rounding errors.
        square = tf.maximum(_form(products, mix), 1e-6 * _form(tf.abs(products), mix))
        extra = tf.math.divide_no_nan(reach, tf.sqrt(square)) * mix
        return 1 + tf.where(tf.reduce_sum(active) > 1, extra, 0.0)


def least_mix(products, reach, active):
    """Return the weights of ``CAGrad``, ``(tasks,)``: from 0, of sum 1, those that make ``m . g + reach |m|`` least.

    It starts from equal weights and moves weight from one task to another, each time between the two tasks for which
    this helps most, until no move helps (16 moves a task at most). How much to move has a closed form: along such a move,
    ``|m|^2`` is a parabola. Two tasks take one move, eight take 8 to 18. The steps of ``CAGrad`` then differ from those with
    a general solver by 2e-4 of their length at most, also if the lengths of the gradients differ ten-thousandfold.

    Args:
        products: dot products of the tasks' gradients, ``(tasks, tasks)``.
        reach: a scalar from 0, ``c |g|``.
        active: ``(tasks,)``, 1 for the tasks that may get weight, 0 for the others.
    """
    tasks = products.shape[0]
    unit = tf.reduce_max(products)  # the squares, say, of gradients that are multiplied by a loss scale
    products, reach = tf.math.divide_no_nan(products, unit), tf.math.divide_no_nan(reach, tf.sqrt(unit))
    along, squares = tf.reduce_sum(products, axis=1), tf.linalg.diag_part(products)
    slope = along[:, None] - along  # of m . g, for weight that moves from the task of the column to that of the row
    bend = tf.maximum(squares[:, None] + squares - 2 * products, 0.0)
    pairs = active[:, None] * active > 0
    mix = tf.math.divide_no_nan(active, tf.reduce_sum(active))
    count, helped = tf.constant(0), tf.constant(True)
    while (count < 16 * tasks) & helped:
        dots = tf.linalg.matvec(products, mix)
        tilt, square = dots[:, None] - dots, tf.maximum(_form(products, mix), 0.0)
        # |m|^2 is square + 2 tilt move + bend move^2, its lowest point at -tilt / bend.
        lowest = tf.math.divide_no_nan(-tilt, bend)
        ratio = tf.math.divide_no_nan(slope, reach * tf.sqrt(bend))
        width = tf.sqrt(tf.maximum(square * bend - tilt**2, 0.0))
        width = tf.math.divide_no_nan(width, bend * tf.sqrt(tf.maximum(1 - ratio**2, 0.0)))
        bounded = (tf.abs(ratio) < 1) & (bend * reach > 0)
        move = tf.where(bounded, lowest - ratio * width, -tf.sign(slope))
        move = tf.where(pairs, tf.clip_by_value(move, -mix[:, None], tf.broadcast_to(mix, (tasks, tasks))), 0.0)
        after = slope * move + reach * tf.sqrt(tf.maximum(square + 2 * tilt * move + bend * move**2, 0.0))
        best = tf.argmin(tf.reshape(after, (-1,)))
        before = reach * tf.sqrt(square)
        count, helped = count + 1, before - tf.reduce_min(after) > 1e-7 * before
        to, away = tf.one_hot(best // tasks, tasks), tf.one_hot(best % tasks, tasks)
        # By tf.gather: for an index in brackets, XLA would compile the program anew for each of its values.
        mix = tf.maximum(mix + tf.gather(tf.reshape(move, (-1,)), best) * (to - away), 0.0)
    return mix


def _form(matrix, vector):
    """The quadratic form of a matrix at a vector, a scalar."""
    return tf.tensordot(vector, tf.linalg.matvec(matrix, vector), 1)
