"""``fit`` and ``predict``: the loop over epochs, and predictions in batches.

The layers, the losses and the optimizer are Keras's own. ``fit`` is fast because Python makes only one call an epoch: a
compiled program takes the data and a shuffled order of the rows, and runs all steps of the epoch. It is compiled once for
an architecture, an optimizer and a shape of data, and kept for the next model of that architecture. In outline::

    program = the one for this architecture, or a new one        # programs.py
    program.take(model)                                          # copy the model's weights into the program's network
    for each epoch:
        program.run(data and their order, loss weights)          # one call: all steps of step.py
    program.give(model)                                          # copy the weights back
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.balancing import Balance, check_balance
from ple_tutorial.data import TaskData
from ple_tutorial.loading import feature_batches, labels_of, remember_names
from ple_tutorial.losses import WeightSchedule
from ple_tutorial.losses import loss_weights as full_loss_weights
from ple_tutorial.metrics import LOSS_OF_KIND, evaluate
from ple_tutorial.progress import bar
from ple_tutorial.training.batches import Batches
from ple_tutorial.training.callbacks import Callbacks
from ple_tutorial.training.checkpoint import Checkpoint, described, fingerprint
from ple_tutorial.training.early_stopping import EarlyStopping
from ple_tutorial.training.programs import program_for


def fit(
    model: keras.Model,
    train: TaskData | Iterable[TaskData],
    valid: TaskData | Iterable[TaskData] | None = None,
    *,
    epochs: int = 20,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    optimizer: keras.optimizers.Optimizer | None = None,
    loss_weights: dict[str, float] | Callable[[int], dict[str, float]] | None = None,
    patience: int | None = None,
    monitor: str | dict[str, float] = "val_loss",
    balance: Balance | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoint: str | os.PathLike | None = None,
    shuffle: bool = True,
    seed: int = 0,
    show_progress: bool = True,
) -> pd.DataFrame:
    """Train ``model`` on ``train`` and return its history.

    Args:
        model: from ``build_model``, or any Keras model from ``train.features`` to ``{task: (batch, 1)}``. Training
            starts from its present weights, with a fresh optimizer. Penalties that its layers add count in training, but are
            not in the history. XLA must be able to compile its layers; that takes seconds, with thirty tasks about a
            minute, and the progress bar says so.
        train: a ``TaskData``; or, for more data than memory, an iterable of them (``data`` has readers) that can be read
            again in every epoch, no chunk larger than the first. The next chunk is prefetched while one trains; a
            batch never contains rows of two chunks.
        valid: a ``TaskData`` or chunks of them, as ``train``; the model is scored on it and never trained on it. Of chunks only
            the labels stay in memory.
        epochs: how many passes over ``train`` at most.
        batch_size: samples a step; the last batch of an epoch (or chunk) may be smaller, as in Keras. A layer that computes
            over the whole batch (batch normalisation, a penalty on activations) sees that batch filled up with the first rows.
        learning_rate: of Adam, used if no ``optimizer`` is given.
        optimizer: any Keras optimizer, with or without a learning-rate schedule; ``fit`` uses a fresh copy of it. As in Keras,
            the optimizer of a model in ``mixed_float16`` scales the loss.
        loss_weights: ``{task: weight}``, 1 for a task that is left out (PLE paper, the omegas of Eq. 8); or a function of the
            number of finished epochs that returns them, such as a ``losses.WeightSchedule`` (Eq. 10).
        patience: stop after so many epochs without a better ``monitor`` and go back to the best weights.
        monitor: a column of the history that begins with ``val_``; or ``{task: weight}``, the weighted sum of those tasks'
            validation losses.
        balance: what happens between the tasks' losses and the optimizer, a ``balancing.Balance``; by default
            their weighted sum. The history's ``loss`` is always the weighted sum.
        callbacks: Keras callbacks. Their methods for the beginning and end of training and of epochs are called, those for
            batches are not.
        checkpoint: a folder. After each epoch ``fit`` saves there everything on which the next epoch depends. The same call,
            after an interruption, continues from there and ends with the same weights as a run that was never
            interrupted. The state of ``callbacks`` is not saved. A checkpoint of another run is refused: of another
            model (or the same with other seeds), other arguments or other data. Of chunks only the first is compared, of
            a function for ``loss_weights`` only its values for the first two epochs, of ``balance`` the fields and the code of
            its class. If only the model's weights are others, ``fit`` warns and goes on with those of the checkpoint.
        shuffle: a new order of the rows for each epoch, drawn from ``seed``; of the rows within a chunk, and of the chunks if
            ``train`` has a method ``shuffled``.
        seed: of the order of the rows, and of dropout.
        show_progress: show a progress bar while it runs, and remove it at the end.

    Returns:
        A DataFrame, one row an epoch (from 1): ``loss`` and ``{task}_loss``, means over the epoch while the weights
        change; with ``valid`` also ``val_loss``, with the loss weights of the first epoch, and ``val_{task}_{metric}`` after the
        epoch. ``attrs["best_epoch"]`` is the epoch whose weights the model has.

    Raises:
        ValueError, TypeError: an argument that does not fit; data of other tasks, kinds, features or codes than the model's;
            a ``monitor`` that the labels of ``valid`` never let be a number; a checkpoint of another run.
        FloatingPointError: the loss or the monitor is no longer a number; the message names the epoch.
        RuntimeError: Keras runs on another backend than TensorFlow.

    Source: PLE paper, Eqs. 8 and 9 (joint loss over the union of the sample spaces; the mean of each task is over its own).

    Example:
        >>> from ple_tutorial.models import build_model
        >>> x = np.random.default_rng(0).normal(size=(512, 2))
        >>> data = TaskData(x, {"click": x[:, 0] > 0}, {"click": "binary"})
        >>> history = fit(build_model("hard-sharing", features=2, tasks=data.kinds), data, epochs=5, learning_rate=0.01)
        >>> history["loss"][5] < history["loss"][1]
        np.True_
    """
    epochs, batch_size = checks.count("epochs", epochs), checks.count("batch_size", batch_size)
    seed, shuffle = checks.count("seed", seed, 0), checks.flag("shuffle", shuffle)
    learning_rate = checks.number("learning_rate", learning_rate, 0, 1e3)
    rng = np.random.default_rng(seed)
    batches = Batches(model, train, batch_size, shuffle, rng)
    kinds = batches.first.kinds
    _check_trainable(model)
    scored = None if valid is None else labels_of(model, valid, "valid", batches.check)
    if scored is not None and scored.kinds != kinds:
        checks.refuse("valid.kinds", f"those of train, {kinds}", scored.kinds)
    schedule = loss_weights if callable(loss_weights) else WeightSchedule(full_loss_weights(kinds, loss_weights))
    first_weights = full_loss_weights(kinds, schedule(0))
    stopping, rows, saved = EarlyStopping(patience, monitor, scored), [], None
    called = Callbacks(callbacks, model, epochs, batches.steps)
    balance = Balance() if balance is None else check_balance(balance)
    with program_for(model, kinds, optimizer, learning_rate, balance, own=called.swap_weights) as (program, key):
        _seed_dropout(program.variables, seed)
        if checkpoint is not None:
            settings = {
                "balance": described(balance),
                "model": key,  # with the optimizer and the balance
                "seeds of the model": re.findall(r'"seed": (\d+)', json.dumps(model.get_config(), default=str)),
                "train": [fingerprint(batches.first), batches.extent],
                "valid": scored and fingerprint(scored),
                "batch_size": batch_size,
                "learning_rate": program.learning_rate,
                "loss_weights": [schedule(0), schedule(1)],
                "patience": patience,
                "monitor": monitor,
                "shuffle": shuffle,
                "seed": seed,
            }
            saved = Checkpoint(checkpoint, program, settings)
            if (found := saved.load()) is not None:
                (rows, stopping.epoch, stopping.value, rng.bit_generator.state), stopping.weights = found
                if len(rows) > epochs:
                    checks.refuse("epochs", f"at least the {len(rows)} that the checkpoint has done", epochs)
        with called.around(program):
            progress = bar(range(len(rows) + 1, epochs + 1), label=model.name, show=show_progress)
            program.on_compile = lambda: progress.set_description(f"{model.name}: compiling")
            for epoch in progress:
                if called.stop or stopping.out_of_patience(epoch - 1):
                    break
                called.begin(epoch)
                weights = full_loss_weights(kinds, schedule(epoch - 1))
                losses = program.run(batches.epoch(), weights)
                progress.set_description(model.name)
                _check_finite(losses, epoch)
                row = {"loss": losses @ list(weights.values())}
                row |= {f"{task}_loss": loss for task, loss in zip(kinds, losses, strict=True)}
                if valid is not None:
                    row |= _validation(program, feature_batches(model, valid, "valid"), scored, first_weights, epoch)
                rows.append({name: float(value) for name, value in row.items()})
                stopping.update(rows[-1], epoch, program.model)
                called.end(epoch, rows[-1])
                if saved is not None:
                    state = (rows, stopping.epoch, stopping.value, rng.bit_generator.state)
                    saved.save(state, stopping.weights)
            program.optimizer.finalize_variable_values(program.trainable)  # of moving averages
            if stopping.weights:
                program.model.set_weights(stopping.weights)
    remember_names(model, batches.first.names)
    history = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="epoch"))
    history.attrs["best_epoch"] = stopping.epoch or len(rows)
    return history


def predict(model: keras.Model, data: Any, batch_size: int = 16_384) -> dict[str, np.ndarray]:
    """Return the model's predictions on ``data``, ``{task: float32 (batch,)}``.

    Args:
        model: from ``build_model``, or any Keras model to ``{task: (batch, 1)}``.
        data: a ``TaskData``, with labels or without; bare features (``(batch, features)``, or the dict of ``numeric`` and
            ``codes``); or chunks of ``TaskData``, of which one is in memory at a time. If the model was trained on a DataFrame,
            the columns of a DataFrame must be in the same order (a model from a file does not know it).
        batch_size: how many samples at once at most.

    Raises:
        ValueError: data of other tasks, kinds, features or codes than the model's.
        TypeError: no Keras model, or something other than data.

    Example:
        >>> from ple_tutorial.models import build_model
        >>> predict(build_model("ple", features=2, tasks={"click": "binary"}), np.zeros((3, 2)))
        {'click': array([0.5, 0.5, 0.5], dtype=float32)}
    """
    return _predicted(lambda x: model(x, training=False), feature_batches(model, data, "data", batch_size))


def _predicted(forward, batches):
    parts = [forward(features) for features in batches]
    return {task: np.concatenate([part[task].numpy()[:, 0] for part in parts]) for task in parts[0]}


def _check_trainable(model):
    if model.distribute_strategy.num_replicas_in_sync > 1:
        got = f"one of a {type(model.distribute_strategy).__name__}, which Keras's own model.fit trains"
        checks.refuse("model", "one outside of the scope of a strategy", got)
    if not model.trainable_variables:
        checks.refuse("model", "at least one weight to train", "none (all layers are frozen)")


def _check_finite(values, epoch):
    if not np.isfinite(values).all():
        raise FloatingPointError(f"the loss is no longer a number in epoch {epoch}; try a lower learning_rate")


def _seed_dropout(variables, seed):
    states = [variable for variable in variables if variable.name == "seed_generator_state"]
    for i, state in enumerate(states):
        state.assign(np.random.SeedSequence([seed, i]).generate_state(2).astype(state.dtype))


def _validation(program, batches, valid, weights, epoch):
    """The columns of the history that begin with ``val_``."""
    predictions = _predicted(program.forward, batches)
    _check_finite(list(predictions.values()), epoch)
    scores = evaluate(valid, predictions)
    total = sum(weight * scores[task, LOSS_OF_KIND[valid.kinds[task]]] for task, weight in weights.items())
    return {"val_loss": total} | {f"val_{task}_{metric}": value for (task, metric), value in scores.items()}
