"""Keras callbacks in a loop whose model has the trained weights only between epochs."""

from ple_tutorial import checks
from ple_tutorial.backend import keras


class Callbacks:
    """Keras callbacks around the epochs of a program that trains a network of its own.

    Between epochs the model has the trained weights, and ``model.optimizer`` is the one that trains, so that callbacks may
    read both, and change a learning rate, weights or ``model.stop_training``.

    Args:
        callbacks: a list of Keras callbacks.
        model: the one that is given to ``fit``.
        epochs: as in ``fit``.
        steps: of an epoch; None if unknown.

    Raises:
        TypeError: no list, or something that is no Keras callback.
    """

    def __init__(self, callbacks, model, epochs, steps):
        self.callbacks = checks.row("callbacks", callbacks, "a list of Keras callbacks")
        for callback in self.callbacks:
            if not isinstance(callback, keras.callbacks.Callback):
                checks.refuse("callbacks", "Keras callbacks", repr(callback), TypeError)
        self.model, self.stop, self.list = model, False, None
        self.settings = {"epochs": epochs, "steps": steps, "verbose": 0}

    @property
    def swap_weights(self):
        """True if one of them exchanges weights through the optimizer."""
        return any(isinstance(callback, keras.callbacks.SwapEMAWeights) for callback in self.callbacks)

    def around(self, program):
        """Return a context in which the callbacks accompany this program: begin and end of training."""
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
        """Call them before an epoch, counted from 1."""
        if self.list:
            self.list.on_epoch_begin(epoch - 1)
            self.program.take(self.model)

    def end(self, epoch, row):
        """Call them after an epoch with this row of the history."""
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
