"""``fit``: a whole epoch in one compiled program.

The layers, the losses and the optimizer are Keras's own. What makes it fast is that Python is asked for one call
an epoch: the program takes the data and a shuffled order of rows, and runs all the epoch's steps.
"""

import json

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.losses import loss_weights as full_loss_weights
from ple_tutorial.losses import task_loss
from ple_tutorial.metrics import LOSS_OF_KIND, evaluate
from ple_tutorial.models import check_fits
from ple_tutorial.progress import bar


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
    shuffle=True,
    seed=0,
    show_progress=True,
):
    """Train ``model`` on ``train`` and return its history.

    Args:
        model: from ``build_model``, or any Keras model from ``train.features`` to ``{task: (batch, 1)}``. Training
            starts from its present weights, with a fresh optimizer. Penalties that its layers add count, but are not
            in the history.
        train, valid: ``TaskData``; ``valid`` is only looked at, never trained on.
        epochs: at most so many passes over ``train``.
        batch_size: samples a step; the last batch of an epoch may be smaller, as in Keras. A layer that computes over the
            whole batch (batch normalisation, a penalty on activations) sees that one filled up with the first rows of the epoch.
        learning_rate: of Adam, used if no ``optimizer`` is given.
        optimizer: any Keras optimizer; a fresh copy of it is used. As in Keras, that of a model in ``mixed_float16`` scales
            the loss.
        loss_weights: ``{task: weight}``, one where not given (PLE paper, the omegas of Eq. 8).
        patience: stop after so many epochs without a lower ``val_loss`` and go back to the best weights.
        shuffle: a new order of the rows for each epoch, drawn from ``seed``.
        seed: of the order of the rows, and of dropout.
        show_progress: a bar while it runs; it leaves nothing behind.

    Returns:
        A DataFrame, one row an epoch (from 1): ``loss`` and ``{task}_loss``, means over the epoch while the weights
        move; with ``valid`` also ``val_loss`` and ``val_{task}_{metric}`` after the epoch. ``attrs["best_epoch"]`` says
        which epoch's weights the model has.

    Raises:
        ValueError, TypeError: an argument that does not fit; data of other tasks, kinds, features or codes than the model's.
        FloatingPointError: the loss is no longer a number; the message names the epoch.
        RuntimeError: Keras runs on another backend than TensorFlow.

    Source: PLE paper, Eqs. 8 and 9 (joint loss over the union of the sample spaces).
    """
    epochs, batch_size = checks.count("epochs", epochs), checks.count("batch_size", batch_size)
    seed, shuffle = checks.count("seed", seed, 0), checks.flag("shuffle", shuffle)
    check_fits(model, train, "train")
    if valid is not None:
        check_fits(model, valid, "valid")
        if valid.kinds != train.kinds:
            checks.refuse("valid.kinds", f"those of train, {train.kinds}", valid.kinds)
    if model.distribute_strategy.num_replicas_in_sync > 1:
        came = f"one of a {type(model.distribute_strategy).__name__}, which Keras's own model.fit trains"
        checks.refuse("model", "one outside of the scope of a strategy", came)
    if not model.trainable_variables:
        checks.refuse("model", "at least one weight to train", "none (all layers are frozen)")
    weights = full_loss_weights(train.kinds, loss_weights)
    if patience is not None:
        checks.count("patience", patience)
        if valid is None:
            checks.refuse("valid", "a TaskData, since patience is given", "None")
    learning_rate = checks.number("learning_rate", learning_rate, 0, 1e3)
    program = _program(model, train.kinds, optimizer)
    program.restart(learning_rate if optimizer is None else None)
    dice = [variable for variable in model.variables if variable.name == "seed_generator_state"]  # of dropout
    for i, state in enumerate(dice):
        state.assign(np.random.SeedSequence([seed, i]).generate_state(2).astype(state.dtype))
    orders = np.random.default_rng(seed)
    order = tf.constant(_in_batches(np.arange(len(train)), batch_size))
    data = keras.tree.map_structure(tf.constant, (train.features, train.labels, train.mask))
    weight_row = tf.constant(list(weights.values()), tf.float32)
    run_epoch = program.epoch.get_concrete_function(*data, order, weight_row)
    rows, best = [], (np.inf, None, epochs)
    for epoch in bar(range(1, epochs + 1), label=model.name, show=show_progress):
        if shuffle:
            order = tf.constant(_in_batches(orders.permutation(len(train)), batch_size))
        losses = run_epoch(*data, order, weight_row).numpy()
        _check_finite(losses, epoch)
        row = {"loss": losses @ list(weights.values())} | {f"{t}_loss": v for t, v in zip(weights, losses, strict=True)}
        if valid is not None:
            predictions = predict(model, valid)
            _check_finite(list(predictions.values()), epoch)
            scores = evaluate(valid, predictions)
            row["val_loss"] = sum(w * scores[task, LOSS_OF_KIND[valid.kinds[task]]] for task, w in weights.items())
            row |= {f"val_{task}_{metric}": value for (task, metric), value in scores.items()}
        rows.append(row)
        if patience is not None:
            if row["val_loss"] < best[0]:
                best = (row["val_loss"], model.get_weights(), epoch)
            elif epoch - best[2] >= patience:
                break
    program.optimizer.finalize_variable_values(model.trainable_variables)  # of moving averages, as Keras does
    if best[1] is not None:
        model.set_weights(best[1])
    history = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="epoch"))
    history.attrs["best_epoch"] = best[2]
    return history


def predict(model, data, batch_size=16_384):
    """The model's predictions on ``data``, ``{task: float32 (batch,)}``, in batches of at most ``batch_size``.

    Raises:
        ValueError: data of other tasks, kinds, features or codes than the model's.
        TypeError: no Keras model, or no ``TaskData``.
    """
    check_fits(model, data, "data")
    parts = [model(batch.features, training=False) for batch in data.batches(batch_size)]
    return {task: np.concatenate([part[task].numpy()[:, 0] for part in parts]) for task in data.kinds}


def _check_finite(values, epoch):
    if not np.isfinite(values).all():
        raise FloatingPointError(f"the loss is no longer a number in epoch {epoch}; try a lower learning_rate")


def _in_batches(order, batch_size):
    """The order of rows as ``(steps, batch)``, the last batch filled up with the first rows once more.

    These stand as ``-1 - row``: they take part in no loss, only in what a layer may compute over a whole batch.
    """
    batch_size = min(batch_size, len(order))
    missing = -len(order) % batch_size
    return np.concatenate([order, -1 - order[:missing]]).astype(np.int32).reshape(-1, batch_size)


class _Program:
    """The epoch of one model and one optimizer, compiled once for each shape of data."""

    def __init__(self, model, optimizer, kinds):
        optimizer.build(model.trainable_variables)
        self.optimizer, self.start = optimizer, [v.numpy() for v in optimizer.variables]
        self.epoch = tf.function(_epoch(model, optimizer, kinds), jit_compile=True)

    def restart(self, learning_rate):
        for variable, start in zip(self.optimizer.variables, self.start, strict=True):
            variable.assign(start)
        if learning_rate is not None:
            self.optimizer.learning_rate = learning_rate


def _program(model, kinds, optimizer):
    """The program of this model and optimizer, kept with the model.

    Fresh weights (``model.set_weights``), other data of the same shape, another learning rate of Adam and other loss
    weights all run the same program; the optimizer starts from its initial state every time.
    """
    if optimizer is not None and not isinstance(optimizer, keras.optimizers.Optimizer):
        checks.refuse("optimizer", "a Keras optimizer", repr(optimizer), TypeError)
    wanted = keras.optimizers.Adam() if optimizer is None else optimizer
    scales = isinstance(wanted, keras.optimizers.LossScaleOptimizer)
    if model.dtype_policy.name == "mixed_float16" and not scales:  # as Keras does, since small gradients would be zero
        wanted = keras.optimizers.LossScaleOptimizer(type(wanted).from_config(wanted.get_config()))
    config = wanted.get_config() | {"name": type(wanted).__name__}
    trainable = [variable.path for variable in model.trainable_variables]  # a layer may be frozen between two fits
    key = json.dumps([config, kinds, trainable], default=str)
    programs = vars(model).setdefault("_ple_programs", {})  # past Keras, which would take it for a part of the model
    if key not in programs:
        programs[key] = _Program(model, type(wanted).from_config(config), kinds)
    return programs[key]


def _epoch(model, optimizer, kinds):
    """All steps of one epoch as a function of tensors; it returns each task's mean loss over its samples."""

    def epoch(features, labels, mask, order, weights):
        totals, samples = tf.zeros(len(kinds)), tf.zeros(len(kinds))
        for step in tf.range(tf.shape(order)[0]):
            rows = order[step]
            filled, rows = rows >= 0, tf.where(rows >= 0, rows, -1 - rows)
            x = keras.tree.map_structure(lambda part: tf.gather(part, rows), features)  # noqa: B023
            y = {task: tf.gather(labels[task], rows) for task in kinds}
            inside = {task: tf.gather(mask[task], rows) & filled for task in kinds}
            with tf.GradientTape() as tape:
                outputs = model(x, training=True)
                losses = tf.stack([task_loss(kind, y[t], outputs[t], inside[t]) for t, kind in kinds.items()])
                joint = optimizer.scale_loss(tf.reduce_sum(losses * weights) + sum(model.losses))
            gradients = tape.gradient(joint, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            counts = tf.stack([tf.reduce_sum(tf.cast(inside[task], tf.float32)) for task in kinds])
            totals, samples = totals + losses * counts, samples + counts
        return totals / samples

    return epoch
