"""``fit``: a whole epoch in one compiled program.

The layers, the losses and the optimizer are Keras's own. What makes it fast is that Python is asked for one call
an epoch: the program takes the data and a shuffled order of rows, and runs all the epoch's steps. It is compiled once for
an architecture, an optimizer and a shape of data, and kept for the next model of that architecture. In outline::

    program = the one for this architecture, or a new one        # _program, _Program
    program.take(model)                                          # the model's weights into the program's own network
    for each epoch:
        program.run(arrays and their order, weights of losses)   # one call: all steps of _epoch
    program.give(model)                                          # the weights back
"""

import contextlib
import json
import re

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.checkpoint import Checkpoint, fingerprint
from ple_tutorial.feed import Feed
from ple_tutorial.losses import WeightSchedule, task_loss
from ple_tutorial.losses import loss_weights as full_loss_weights
from ple_tutorial.metrics import LOSS_OF_KIND, evaluate
from ple_tutorial.models import check_fits
from ple_tutorial.progress import bar
from ple_tutorial.watch import Best, Callbacks

KEPT = 32  # architectures with an optimizer at most; the one that was used least recently goes first
_PROGRAMS, _COMPILED = {}, []


def fit(
    model,
    train,
    valid=None,
    *,
    epochs=20,
    batch_size=256,
    learning_rate=1e-3,
    optimizer=None,
    loss_weights=None,
    patience=None,
    monitor="val_loss",
    callbacks=(),
    checkpoint=None,
    shuffle=True,
    seed=0,
    show_progress=True,
):
    """Train ``model`` on ``train`` and return its history.

    Args:
        model: from ``build_model``, or any Keras model from ``train.features`` to ``{task: (batch, 1)}``. Training
            starts from its present weights, with a fresh optimizer. Penalties that its layers add count, but are not
            in the history. XLA must be able to compile its layers.
        train: a ``TaskData``; or, for more data than memory, an iterable of them (``data.chunks`` has readers) that can be
            gone through for every epoch, no chunk larger than the first. The next chunk is read while one trains; a
            batch never spans two of them.
        valid: ``TaskData``, only looked at, never trained on.
        epochs: at most so many passes over ``train``.
        batch_size: samples a step; the last batch of an epoch (or chunk) may be smaller, as in Keras. A layer that computes
            over the whole batch (batch normalisation, a penalty on activations) sees that one filled up with the first rows.
        learning_rate: of Adam, used if no ``optimizer`` is given.
        optimizer: any Keras optimizer, with a learning-rate schedule or without; a fresh copy of it is used. As in Keras,
            that of a model in ``mixed_float16`` scales the loss.
        loss_weights: ``{task: weight}``, one where not given (PLE paper, the omegas of Eq. 8); or a function of the number of
            epochs done that returns them, such as a ``losses.WeightSchedule`` (Eq. 10).
        patience: stop after so many epochs without a better ``monitor`` and go back to the best weights.
        monitor: a column of the history that begins with ``val_``, or ``{task: weight}``, the weighted sum of those tasks'
            validation losses.
        callbacks: Keras callbacks. What they do at the beginning and end of training and of epochs counts; batches have none.
        checkpoint: a folder. After each epoch all that the next one depends on is written there. The same call goes on
            from it, and ends with the same weights as a run that nothing disturbed. The state of ``callbacks`` is not kept.
            Another run is refused: another model (or the same from other seeds), other arguments, other data; of chunks the
            first is compared, of a function for ``loss_weights`` what it says for the first two epochs.
        shuffle: a new order of the rows for each epoch, drawn from ``seed``; of rows within a chunk, and of chunks where
            ``train`` has a method ``shuffled``.
        seed: of the order of the rows, and of dropout.
        show_progress: a bar while it runs; it leaves nothing behind.

    Returns:
        A DataFrame, one row an epoch (from 1): ``loss`` and ``{task}_loss``, means over the epoch while the weights
        move; with ``valid`` also ``val_loss``, with the loss weights of the first epoch, and ``val_{task}_{metric}`` after the
        epoch. ``attrs["best_epoch"]`` says which epoch's weights the model has.

    Raises:
        ValueError, TypeError: an argument that does not fit; data of other tasks, kinds, features or codes than the model's;
            a checkpoint of another run.
        FloatingPointError: the loss is no longer a number; the message names the epoch.
        RuntimeError: Keras runs on another backend than TensorFlow.

    Source: PLE paper, Eqs. 8 and 9 (joint loss over the union of the sample spaces; the mean of each task is over its own).
    """
    epochs, batch_size = checks.count("epochs", epochs), checks.count("batch_size", batch_size)
    seed, shuffle = checks.count("seed", seed, 0), checks.flag("shuffle", shuffle)
    learning_rate = checks.number("learning_rate", learning_rate, 0, 1e3)
    rng = np.random.default_rng(seed)
    feed = Feed(model, train, batch_size, shuffle, rng)
    kinds = feed.first.kinds
    _check_trainable(model)
    if valid is not None:
        check_fits(model, valid, "valid")
        if valid.kinds != kinds:
            checks.refuse("valid.kinds", f"those of train, {kinds}", valid.kinds)
    schedule = loss_weights if callable(loss_weights) else WeightSchedule(full_loss_weights(kinds, loss_weights))
    first_weights = full_loss_weights(kinds, schedule(0))
    best, rows, kept = Best(patience, monitor, valid), [], None
    watched = Callbacks(callbacks, model, epochs, feed.steps)
    swaps = any(isinstance(callback, keras.callbacks.SwapEMAWeights) for callback in watched.callbacks)
    with _program(model, kinds, optimizer, learning_rate, own=swaps) as program:
        _seed_dropout(program.model, seed)
        if checkpoint is not None:
            settings = {
                "model": program.key,  # with the optimizer
                "seeds of the model": re.findall(r'"seed": (\d+)', json.dumps(model.get_config(), default=str)),
                "train": [fingerprint(feed.first), feed.extent],
                "valid": valid and fingerprint(valid),
                "batch_size": batch_size,
                "learning_rate": program.learning_rate,
                "loss_weights": [schedule(0), schedule(1)],
                "patience": patience,
                "monitor": monitor,
                "shuffle": shuffle,
                "seed": seed,
            }
            kept = Checkpoint(checkpoint, program.variables, settings)
            if (found := kept.load()) is not None:
                (rows, best.epoch, best.value, rng.bit_generator.state), best.weights = found
                if len(rows) > epochs:
                    checks.refuse("epochs", f"at least the {len(rows)} that the checkpoint has done", epochs)
        with watched.around(program):
            for epoch in bar(range(len(rows) + 1, epochs + 1), label=model.name, show=show_progress):
                if watched.stop or best.out_of_patience(epoch - 1):
                    break
                watched.begin(epoch)
                weights = full_loss_weights(kinds, schedule(epoch - 1))
                losses = program.run(feed.epoch(), weights)
                _check_finite(losses, epoch)
                row = {"loss": losses @ list(weights.values())}
                row |= {f"{task}_loss": loss for task, loss in zip(kinds, losses, strict=True)}
                if valid is not None:
                    row |= _validation(program, valid, first_weights, epoch)
                rows.append({name: float(value) for name, value in row.items()})
                best.look(rows[-1], epoch, program.model)
                watched.end(epoch, rows[-1])
                if kept is not None:
                    kept.save((rows, best.epoch, best.value, rng.bit_generator.state), best.weights)
            program.optimizer.finalize_variable_values(program.model.trainable_variables)  # of moving averages
            if best.weights:
                program.model.set_weights(best.weights)
    history = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="epoch"))
    history.attrs["best_epoch"] = best.epoch or len(rows)
    return history


def predict(model, data, batch_size=16_384):
    """The model's predictions on ``data``, ``{task: float32 (batch,)}``, in batches of at most ``batch_size``.

    Raises:
        ValueError: data of other tasks, kinds, features or codes than the model's.
        TypeError: no Keras model, or no ``TaskData``.
    """
    check_fits(model, data, "data")
    return _predicted(lambda features: model(features, training=False), data, batch_size)


def _predicted(forward, data, batch_size=16_384):
    parts = [forward(batch.features) for batch in data.batches(batch_size)]
    return {task: np.concatenate([part[task].numpy()[:, 0] for part in parts]) for task in data.kinds}


def compilations():
    """How many programs ``fit`` has compiled in this process: one for each architecture, optimizer and shape of data."""
    return len(_COMPILED)


def _check_trainable(model):
    if model.distribute_strategy.num_replicas_in_sync > 1:
        came = f"one of a {type(model.distribute_strategy).__name__}, which Keras's own model.fit trains"
        checks.refuse("model", "one outside of the scope of a strategy", came)
    if not model.trainable_variables:
        checks.refuse("model", "at least one weight to train", "none (all layers are frozen)")


def _check_finite(values, epoch):
    if not np.isfinite(values).all():
        raise FloatingPointError(f"the loss is no longer a number in epoch {epoch}; try a lower learning_rate")


def _seed_dropout(model, seed):
    dice = [variable for variable in model.variables if variable.name == "seed_generator_state"]
    for i, state in enumerate(dice):
        state.assign(np.random.SeedSequence([seed, i]).generate_state(2).astype(state.dtype))


def _validation(program, valid, weights, epoch):
    """The columns of the history that begin with ``val_``."""
    predictions = _predicted(program.forward, valid)
    _check_finite(list(predictions.values()), epoch)
    scores = evaluate(valid, predictions)
    total = sum(weight * scores[task, LOSS_OF_KIND[valid.kinds[task]]] for task, weight in weights.items())
    return {"val_loss": total} | {f"val_{task}_{metric}": value for (task, metric), value in scores.items()}


class _Program:
    """The epoch of one architecture and one optimizer, compiled once for each shape of data.

    It trains a network of its own, ``model``, which takes on the weights of the model that is handed to ``fit``.
    """

    def __init__(self, model, optimizer, kinds, key):
        optimizer.build(model.trainable_variables)
        self.model, self.optimizer, self.key, self.busy, self.learning_rate = model, optimizer, key, False, None
        self.begin, self.compiled = [tf.identity(v.value) for v in optimizer.variables], None
        self.variables = [*model.variables, *optimizer.variables]
        self.epoch = tf.function(_epoch(model, optimizer, kinds), jit_compile=True)
        shapes = keras.tree.map_structure(lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), model.input)
        self.forward = tf.function(lambda features: model(features, training=False), input_signature=[shapes])

    def start(self, learning_rate):
        """A fresh optimizer."""
        for variable, value in zip(self.optimizer.variables, self.begin, strict=True):
            variable.value.assign(value)
        self.learning_rate, self.compiled = learning_rate, None
        if learning_rate is not None:
            self.optimizer.learning_rate = learning_rate

    def take(self, model):
        """The weights of ``model`` into this program's own."""
        _copy(model, self.model)

    def give(self, model):
        """This program's weights into ``model``."""
        _copy(self.model, model)

    def run(self, parts, weights):
        """One epoch over ``parts`` of a ``Feed``; returns each task's mean loss over its samples."""
        weights = tf.constant(list(weights.values()), tf.float32)
        totals, samples = 0.0, 0.0
        for part in parts:
            self.compiled = self.compiled or self.epoch.get_concrete_function(*part, weights)  # one for all parts
            try:
                total, count = self.compiled(*part, weights)
            except tf.errors.InvalidArgumentError as error:
                if "unsupported operations" not in error.message:
                    raise
                checks.refuse("model", "layers that XLA can compile", error.message.split(" (")[0].split(": ")[-1])
            totals, samples = totals + total.numpy(), samples + count.numpy()
        return totals / samples


def _copy(source, target):
    if source is not target:
        for variable, value in zip(target.variables, source.variables, strict=True):
            variable.value.assign(value.value)


@contextlib.contextmanager
def _program(model, kinds, optimizer, learning_rate, own=False):
    """The program for this model and optimizer, with the model's weights in it, and a fresh optimizer.

    Other seeds, data of the same shape, other loss weights and another learning rate all run the same program, whichever
    model of this architecture it was compiled for. The model has its weights back at the end, whatever happens. With
    ``own`` the program is this model's alone, and trains the model itself.
    """
    if optimizer is not None and not isinstance(optimizer, keras.optimizers.Optimizer):
        checks.refuse("optimizer", "a Keras optimizer", repr(optimizer), TypeError)
    wanted = keras.optimizers.Adam(learning_rate) if optimizer is None else optimizer
    scales = isinstance(wanted, keras.optimizers.LossScaleOptimizer)
    if model.dtype_policy.name == "mixed_float16" and not scales:  # as Keras does, since small gradients would be zero
        wanted = keras.optimizers.LossScaleOptimizer(type(wanted).from_config(wanted.get_config()))
    config = keras.saving.serialize_keras_object(wanted)
    rate = config["config"].get("learning_rate")
    rate = rate if isinstance(rate, float) else None  # a number is a variable of the program, a schedule is part of it
    if rate is not None:
        config["config"]["learning_rate"] = "a variable"
    config["config"]["name"] = "optimizer"  # Keras numbers them: adam, adam_1, ...
    trainable = [variable.path for variable in model.trainable_variables]  # a layer may be frozen between two fits
    key, store = [config], None
    if not own:
        with contextlib.suppress(_Unknown):
            key, store = [_plain(model.get_config()), _plain(config)], _PROGRAMS
    if store is None:
        store = vars(model).setdefault("_ple_programs", {})  # past Keras, which would take it for a part
    key = json.dumps([*key, kinds, trainable], default=str)
    program = store.pop(key, None)
    if program is None or program.busy:  # a callback may train another model of this architecture meanwhile
        network = keras.models.clone_model(model) if store is _PROGRAMS else model
        program = _Program(network, type(wanted).from_config(wanted.get_config()), kinds, key)
    store[key] = program
    while len(store) > KEPT:
        del store[next(iter(store))]
    program.busy = True
    try:
        program.start(rate)
        program.take(model)
        yield program
    finally:
        program.give(model)
        program.busy = False


class _Unknown(Exception):
    """A part of a model that its configuration does not tell in full."""


def _plain(config):
    """A configuration without its seeds; ``_Unknown`` if it does not tell all of some part.

    The configuration of a part that is neither Keras's nor this package's, a function say, is its name; two of one name
    may compute different things. A layer that adapts to data (``Normalization``) holds what it found elsewhere.
    """
    if isinstance(config, (list, tuple)):
        return [_plain(part) for part in config]
    if not isinstance(config, dict):
        return config
    name, module = str(config.get("class_name", "__")), str(config.get("module"))
    if name == "__lambda__" or not (name.startswith("__") or module.split(".")[0] in ("keras", "ple_tutorial")):
        raise _Unknown(name)
    if hasattr(getattr(keras.layers, name, None), "adapt"):
        raise _Unknown(name)
    return {name: _plain(part) for name, part in config.items() if name != "seed"}


def _epoch(model, optimizer, kinds):
    """All steps of one epoch as a function of tensors: for each task the sum of its losses, and over how many samples."""

    def epoch(features, labels, mask, order, steps, weights):
        _COMPILED.append(model.name)  # this runs once for each program
        totals, samples = tf.zeros(len(kinds)), tf.zeros(len(kinds))
        for step in tf.range(steps):
            rows = order[step]
            filled, rows = tf.cast(rows >= 0, tf.float32), tf.where(rows >= 0, rows, -1 - rows)
            x = keras.tree.map_structure(lambda part: tf.gather(part, rows), features)  # noqa: B023
            y = {task: tf.gather(labels[task], rows) for task in kinds}
            inside = {task: tf.cast(tf.gather(mask[task], rows), tf.float32) * filled for task in kinds}
            with tf.GradientTape() as tape:
                outputs = model(x, training=True)
                losses = tf.stack([task_loss(kind, y[t], outputs[t], inside[t]) for t, kind in kinds.items()])
                joint = optimizer.scale_loss(tf.reduce_sum(losses * weights) + sum(model.losses))
            gradients = tape.gradient(joint, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            counts = tf.stack([tf.reduce_sum(inside[task]) for task in kinds])
            totals, samples = totals + losses * counts, samples + counts
        return totals, samples

    return epoch
