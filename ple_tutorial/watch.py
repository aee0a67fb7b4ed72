"""Who looks on while ``fit`` trains: early stopping that keeps the best weights, and Keras callbacks."""

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.losses import loss_weights
from ple_tutorial.metrics import LOSS_OF_KIND, METRICS, OF_KIND


class Best:
    """The best epoch so far, by one number of the validation.

    Attributes:
        epoch: which one, from 1; 0 before the first.
        value: its ``monitor``.
        weights: the model's after it; empty without ``patience``.
    """

    def __init__(self, patience, monitor, valid):
        self.patience, self.epoch, self.value, self.weights = patience, 0, np.inf, []
        if patience is not None:
            checks.count("patience", patience)
            if valid is None:
                checks.refuse("valid", "a TaskData, since patience is given", "None")
        if patience is None and monitor != "val_loss":
            checks.refuse("patience", "a number of epochs, since monitor is given", "None")
        self.sign, self.parts = 1, {"val_loss": 1.0}  # the sum of these columns, the less the better
        if isinstance(monitor, dict):
            weights = loss_weights(valid.kinds, dict.fromkeys(valid.kinds, 0.0) | monitor)
            self.parts = {f"val_{t}_{LOSS_OF_KIND[k]}": weights[t] for t, k in valid.kinds.items() if weights[t]}
        elif monitor != "val_loss":
            columns = {f"val_{t}_{metric}": metric for t, k in valid.kinds.items() for metric in OF_KIND[k]}
            metric = columns[checks.choice("monitor", monitor, ("val_loss", *columns))]
            self.sign, self.parts = -METRICS[metric][1], {monitor: 1.0}

    def out_of_patience(self, done):
        """True if, with so many epochs done, none of the last ``patience`` was the best."""
        return self.patience is not None and done - self.epoch >= self.patience

    def look(self, row, epoch, model):
        """Keep the model's weights if this epoch is the best so far."""
        if self.patience is None:
            return
        value = self.sign * sum(weight * row[column] for column, weight in self.parts.items())
        if value < self.value:
            self.epoch, self.value, self.weights = epoch, value, model.get_weights()


class Callbacks:
    """Keras callbacks around the epochs of a program whose network has the model's weights only while it trains.

    Between epochs the model has them, and ``model.optimizer`` is the one that trains, so that callbacks may look at both,
    and change a learning rate, weights or ``model.stop_training``.
    """

    def __init__(self, callbacks, model, epochs, steps):
        self.callbacks = checks.row("callbacks", callbacks, "a list of Keras callbacks")
        for callback in self.callbacks:
            if not isinstance(callback, keras.callbacks.Callback):
                checks.refuse("callbacks", "Keras callbacks", repr(callback), TypeError)
        self.model, self.stop, self.list = model, False, None
        self.settings = {"epochs": epochs, "steps": steps, "verbose": 0}

    def around(self, program):
        """A context in which the callbacks look at this program."""
        self.program = program
        return self

    def __enter__(self):
        if self.callbacks:
            self.list = keras.callbacks.CallbackList(self.callbacks, model=self.model, **self.settings)
            self.before = [vars(self.model)["optimizer"]] if "optimizer" in vars(self.model) else []
            self.program.give(self.model)
            self.model.optimizer, self.model.stop_training = self.program.optimizer, False
            self.list.on_train_begin()

    def begin(self, epoch):
        """Before an epoch, counted from 1."""
        if self.list:
            self.list.on_epoch_begin(epoch - 1)
            self.program.take(self.model)

    def end(self, epoch, row):
        """After an epoch with this row of the history."""
        if self.list:
            self.program.give(self.model)
            self.list.on_epoch_end(epoch - 1, dict(row))
            self.program.take(self.model)
            self.stop = self.model.stop_training

    def __exit__(self, error, *_):
        if self.list:
            self.program.give(self.model)
            if error is None:
                self.list.on_train_end()
            self.program.take(self.model)
            del self.model.optimizer  # a model that was never compiled has none
            for optimizer in self.before:
                self.model.optimizer = optimizer
