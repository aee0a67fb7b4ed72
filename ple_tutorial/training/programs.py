"""Compiled programs: the epoch of one architecture and one optimizer, and the cache that hands them out."""

import contextlib
import functools
import json
import threading

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.balancing import made_state
from ple_tutorial.training.step import epoch_function, trainable

_compiled = []  # the name of the model, once for each program that was compiled


def compilations() -> int:
    """Return how many programs ``fit`` has compiled in this process: one for each architecture, optimizer and shape of data."""
    return len(_compiled)


class Program:
    """The epoch of one architecture and one optimizer, compiled once for each shape of data.

    It trains a network of its own, ``model``, which takes over the weights of the model that is given to ``fit``.

    Attributes:
        model, optimizer: what it trains, and with what.
        trainable: the variables that the optimizer trains, the model's and the balance's.
        variables: all Keras variables on which the next epoch depends, the model's first.
        on_compile: a function that is called before a compilation, which takes seconds.
        learning_rate: of the present ``fit``; None if it is a schedule.
    """

    def __init__(self, model, optimizer, balance, kinds):
        state = made_state(balance, kinds, model.trainable_variables)
        self.trainable = trainable(model, state)
        optimizer.build(self.trainable)
        self.model, self.optimizer, self.learning_rate = model, optimizer, None
        self._own = [*optimizer.variables, *state.values()]
        self._initial, self._compiled = [tf.identity(variable.value) for variable in self._own], None
        self.variables = [*model.variables, *self._own]
        self.on_compile = lambda: None
        epoch = epoch_function(model, optimizer, balance, state, kinds)

        def counted(*arguments):
            _compiled.append(model.name)  # Python runs these lines once for each program
            self.on_compile()
            return epoch(*arguments)

        self._epoch = tf.function(counted, jit_compile=True)

    @functools.cached_property
    def forward(self):
        """The network's predictions as a compiled function of features, without dropout."""
        shapes = keras.tree.map_structure(lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), self.model.input)
        # A concrete function, since TensorFlow warns of retracing where many models each call their own tf.function.
        return tf.function(lambda features: self.model(features, training=False)).get_concrete_function(shapes)

    def reset(self, learning_rate):
        """Put optimizer and balance back to their initial state, with this learning rate (None keeps a schedule)."""
        for variable, value in zip(self._own, self._initial, strict=True):
            variable.value.assign(value)
        self.learning_rate, self._compiled = learning_rate, None
        if learning_rate is not None:
            self.optimizer.learning_rate = learning_rate

    def take(self, model):
        """Copy the weights of ``model`` into this program's own network."""
        _copy(model, self.model)

    def give(self, model):
        """Copy this program's weights into ``model``."""
        _copy(self.model, model)

    def run(self, parts, weights):
        """Train for one epoch over ``parts`` (of ``Batches.epoch``); return each task's mean loss over its samples."""
        weights = tf.constant(list(weights.values()), tf.float32)
        totals, samples = 0.0, 0.0
        for part in parts:
            try:
                # one for all parts
                self._compiled = self._compiled or self._epoch.get_concrete_function(*part, weights)
                total, count = self._compiled(*part, weights)
            except tf.errors.InvalidArgumentError as error:
                if "unsupported operations" not in error.message:
                    raise
                checks.refuse("model", "layers that XLA can compile", error.message.split(" (")[0].split(": ")[-1])
            except TypeError as error:  # TensorFlow raises it anew, with its own trace as the message
                raise error.__context__ if str(error.__context__).startswith("balance, ") else error from None
            totals, samples = totals + total.numpy(), samples + count.numpy()
        return totals / samples


def _copy(source, target):
    if source is not target:
        for variable, value in zip(target.variables, source.variables, strict=True):
            variable.value.assign(value.value)


class Programs:
    """A cache of programs that are not in use; threads may share it.

    Args:
        limit: how many programs it holds at most; the one that was used least recently is dropped first.
    """

    def __init__(self, limit=32):
        self.limit, self._lock, self._free = limit, threading.Lock(), []

    def __len__(self):
        return len(self._free)

    def clear(self):
        """Drop all programs. (TensorFlow keeps the memory of what XLA compiled until the process ends.)"""
        with self._lock:
            self._free.clear()

    @contextlib.contextmanager
    def borrow(self, key, make):
        """Lend a program for ``key`` to the block, one that nobody else has; ``make()`` makes one if none is free."""
        with self._lock:
            found = [i for i, (known, _) in enumerate(self._free) if known == key]
            program = self._free.pop(found[-1])[1] if found else None
        program = make() if program is None else program
        try:
            yield program
        finally:
            with self._lock:
                self._free.append((key, program))
                del self._free[: -self.limit]


PROGRAMS = Programs()  # the cache of ``fit``


@contextlib.contextmanager
def program_for(model, kinds, optimizer, learning_rate, balance, own=False):
    """Lend the block a program for this model, optimizer and balance, with the model's weights, and all else at its start.

    Other seeds, data of the same shape, other loss weights and another learning rate all run the same program, whichever
    model of this architecture it was compiled for. The model gets its weights back at the end, also after an error.

    Args:
        model, optimizer, learning_rate, balance: as in ``fit``.
        kinds: ``{task: kind}``.
        own: train the model itself, by a program of its own.

    Yields:
        The ``Program``, and a text that is the same for runs of the same architecture, optimizer and balance.

    Raises:
        TypeError: no Keras optimizer.
    """
    wanted = _optimizer(model, optimizer, learning_rate)
    config = keras.saving.serialize_keras_object(wanted)
    rate = config["config"].get("learning_rate")
    rate = rate if isinstance(rate, float) else None  # a number is a variable of the program, a schedule is part of it
    if rate is not None:
        config["config"]["learning_rate"] = "a variable"
    config["config"]["name"] = "optimizer"  # Keras numbers them: adam, adam_1, ...
    paths = [variable.path for variable in model.trainable_variables]  # a layer may be frozen between two fits
    parts, programs = [config], None
    if not own:
        with contextlib.suppress(_UnknownPart):
            parts, programs = [_renumbered(_without_seeds(model.get_config())), _without_seeds(config)], PROGRAMS
    if programs is None:
        # In the model's plain attributes, since Keras would take it for a part of the model.
        programs = vars(model).setdefault("_ple_programs", Programs())
    key = json.dumps([*parts, repr(balance), kinds, paths], default=str)

    def make():
        network = keras.models.clone_model(model) if programs is PROGRAMS else model
        return Program(network, type(wanted).from_config(wanted.get_config()), balance, kinds)

    # The text does not tell apart two classes of balance of the same name.
    with programs.borrow((key, balance), make) as program:
        program.reset(rate)
        program.take(model)
        try:
            yield program, key
        finally:
            program.give(model)


def _optimizer(model, optimizer, learning_rate):
    if optimizer is not None and not isinstance(optimizer, keras.optimizers.Optimizer):
        checks.refuse("optimizer", "a Keras optimizer", repr(optimizer), TypeError)
    wanted = keras.optimizers.Adam(learning_rate) if optimizer is None else optimizer
    scales = isinstance(wanted, keras.optimizers.LossScaleOptimizer)
    if model.dtype_policy.name == "mixed_float16" and not scales:  # as Keras does, since small gradients would be zero
        return keras.optimizers.LossScaleOptimizer(type(wanted).from_config(wanted.get_config()))
    return wanted


class _UnknownPart(Exception):
    """A part of a model that its configuration does not describe in full."""


def _renumbered(config):
    """Return a functional model's configuration as a text in which operations, such as ``keras.ops.take``, are numbered anew.

    Keras calls them take, take_1, ... in the order in which the process makes them, so that no two models have equal names.
    """
    text = json.dumps(config, default=str)
    made = [part for part in config.get("layers", ()) if str(part.get("module")).startswith("keras.src.ops")]
    for number, part in enumerate(made):
        text = text.replace(json.dumps(part["name"]), f'"operation {number}"')
    return text


def _without_seeds(config):
    """Return a configuration without its seeds; raise ``_UnknownPart`` if it does not describe some part in full.

    The configuration of a part that is neither Keras's nor this package's, such as a function, is only its name; two of
    the same name may compute different things. A layer that adapts to data (``Normalization``) keeps what it found elsewhere.
    """
    if isinstance(config, (list, tuple)):
        return [_without_seeds(part) for part in config]
    if not isinstance(config, dict):
        return config
    name, module = str(config.get("class_name", "__")), str(config.get("module"))
    if name == "__lambda__" or not (name.startswith("__") or module.split(".")[0] in ("keras", "ple_tutorial")):
        raise _UnknownPart(name)
    if hasattr(getattr(keras.layers, name, None), "adapt"):
        raise _UnknownPart(name)
    return {name: _without_seeds(part) for name, part in config.items() if name != "seed"}
