"""The interface of balancing: what ``fit`` asks of a method, and what it hands to it.

``fit`` has the weighted sum of the losses, ``Balance()``. Another method is a subclass that overrides one or more of
``Balance.state``, ``Balance.joint`` and ``Balance.gradients``.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf


@dataclass(frozen=True)
class Step:
    """What one step of training hands to ``Balance.gradients``.

    Attributes:
        losses: ``{task: scalar}``, the loss of each task on the batch.
        weights: ``(tasks,)``, the loss weights of ``fit`` in this epoch, in the order of ``losses``.
        joint: what ``Balance.joint`` returned, plus the penalties that the model's layers add.
        variables: the model's trainable variables, then those variables of ``state`` that are trainable.
        state: the method's own variables, ``{name: keras.Variable}``.
        gradient: a function of a scalar and a list of variables. It returns the scalar's gradient in each of them, or None
            where no path leads from the variable to the scalar; so a variable is shared if two losses have a gradient
            there. All gradients are multiplied by ``scale``.
        scale: a scalar, the loss scale of the optimizer; 1 except in mixed precision.
    """

    losses: dict
    weights: tf.Tensor
    joint: tf.Tensor
    variables: list
    state: dict
    gradient: Callable
    scale: tf.Tensor


@dataclass(frozen=True)
class Balance:
    """The weighted sum of the losses, and the interface of every other method of balancing.

    A method is a frozen dataclass derived from this class. Its fields are its settings: two of equal class and fields use
    the same compiled program, and a checkpoint of one continues with the other. What changes while a model trains belongs in
    ``state``: ``fit`` puts it back to its initial values before it starts, and a checkpoint holds it. All three
    functions run while the program is compiled, so they compute with tensors, by ``keras.ops`` or TensorFlow.

    Source: PLE paper, Eq. 8.

    Example:
        >>> from dataclasses import dataclass
        >>> from ple_tutorial.backend import tf
        >>> @dataclass(frozen=True)
        ... class LogSum(Balance):  # the sum of logarithms: what counts is by which factor a loss falls
        ...     def joint(self, losses, weights, state):
        ...         return tf.reduce_sum(tf.math.log(tf.stack(list(losses.values()))) * weights)
        >>> losses = {"click": tf.constant(2.0), "like": tf.constant(0.5)}
        >>> float(LogSum().joint(losses, tf.constant([1.0, 1.0]), {}))
        0.0
        >>> float(Balance().joint(losses, tf.constant([1.0, 1.0]), {}))
        2.5
    """

    def state(self, kinds: dict[str, str], variables: list) -> dict[str, keras.Variable]:
        """Make the method's own variables, for the tasks ``kinds`` and the model's trainable ``variables``.

        The optimizer trains those with ``trainable=True`` along with the model (learned log-variances, say); the others
        are assigned in ``gradients`` (a running mean, say). One of the name ``seed_generator_state`` with two whole numbers
        is set from the ``seed`` of ``fit``, as that of a dropout layer.
        """
        return {}

    def joint(self, losses: dict[str, tf.Tensor], weights: tf.Tensor, state: dict[str, keras.Variable]) -> tf.Tensor:
        """Return the joint loss of a batch, a scalar, from ``{task: loss}``, loss weights ``(tasks,)`` and the state."""
        return tf.reduce_sum(tf.stack(list(losses.values())) * weights)

    def gradients(self, step: Step) -> list:
        """Return the gradient for the optimizer in each of ``step.variables``, by default that of the joint loss."""
        return step.gradient(step.joint, step.variables)


def made_state(balance, kinds, variables):
    """Return ``balance.state(kinds, variables)``; TypeError if it is something else than variables by name."""
    state = balance.state(kinds, variables)
    if not isinstance(state, dict) or not all(isinstance(variable, keras.Variable) for variable in state.values()):
        _refuse_method(balance, "state", "a dict {name: keras.Variable}, or {}", state)
    return state


def made_joint(balance, losses, weights, state):
    """Return ``balance.joint(losses, weights, state)``; TypeError if it is no scalar tensor."""
    joint = balance.joint(losses, weights, state)
    if not tf.is_tensor(joint) or not joint.shape.is_compatible_with(()):
        _refuse_method(balance, "joint", "a scalar tensor", joint)
    return joint


def made_gradients(balance, step):
    """Return ``balance.gradients(step)``; TypeError unless it is a gradient or None for each of ``step.variables``."""
    gradients, count = balance.gradients(step), len(step.variables)
    if not isinstance(gradients, (list, tuple)) or len(gradients) != count or all(g is None for g in gradients):
        expected = f"a list of {count} gradients, one for each of step.variables (None for some, where there is none)"
        _refuse_method(balance, "gradients", expected, gradients)
    for gradient, variable in zip(gradients, step.variables, strict=True):
        fits = gradient is None or (tf.is_tensor(gradient) and gradient.shape.is_compatible_with(variable.shape))
        if not fits:
            expected = f"for the variable {variable.path!r} a tensor of shape {tuple(variable.shape)}"
            _refuse_method(balance, "gradients", expected, gradient)
    return gradients


def _refuse_method(balance, name, expected, got):
    if isinstance(got, (list, tuple)):
        got = (
            f"{len(got)}, all None"
            if got and all(one is None for one in got)
            else f"a {type(got).__name__} of {len(got)}"
        )
    elif tf.is_tensor(got):
        got = f"a tensor of shape {got.shape}"
    else:
        got = "None" if got is None else repr(got)
    checks.refuse(f"balance, {type(balance).__name__}.{name}", f"it to return {expected}", got, TypeError)


def check_balance(balance):
    """Return ``balance`` if ``fit`` can use it; TypeError otherwise."""
    if not isinstance(balance, Balance):
        checks.refuse("balance", "a balancing.Balance, such as Balance()", repr(balance), TypeError)
    if set(vars(balance)) != {field.name for field in dataclasses.fields(balance)}:
        got = f"a {type(balance).__name__} with attributes that are no fields"
        checks.refuse("balance", "a frozen dataclass, whose fields tell two balances apart", got, TypeError)
    try:
        hash(balance)
    except TypeError as error:
        checks.refuse("balance", "fields that can be compared and hashed (a tuple for a list)", str(error), TypeError)
    return balance
