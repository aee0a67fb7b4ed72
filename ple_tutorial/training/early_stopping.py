"""Early stopping: remembers the best epoch and its weights, and says when patience has run out."""

import numpy as np

from ple_tutorial import checks
from ple_tutorial.losses import loss_weights
from ple_tutorial.metrics import LOSS_OF_KIND, METRICS, OF_KIND


class EarlyStopping:
    """The best epoch so far, judged by one number of the validation.

    Args:
        patience, monitor, valid: as in ``fit``; without ``patience`` it never stops.

    Attributes:
        epoch: which one was best, from 1; 0 before the first.
        value: its ``monitor`` (negative for a metric of which more is better).
        weights: the model's after it; empty without ``patience``.

    Raises:
        ValueError: ``patience`` without ``valid``, ``monitor`` without ``patience``, or an unknown ``monitor``.
        TypeError: a ``patience`` that is no whole number.
    """

    def __init__(self, patience, monitor, valid):
        self.patience, self.epoch, self.value, self.weights = patience, 0, np.inf, []
        if patience is not None:
            checks.count("patience", patience)
            if valid is None:
                checks.refuse("valid", "a TaskData, since patience is given", "None")
        if patience is None and monitor != "val_loss":
            checks.refuse("patience", "a number of epochs, since monitor is given", "None")
        self.sign, self.parts = 1, {"val_loss": 1.0}  # the sum of these columns, times the sign; less is better
        if isinstance(monitor, dict):
            weights = loss_weights(valid.kinds, dict.fromkeys(valid.kinds, 0.0) | monitor)
            self.parts = {f"val_{t}_{LOSS_OF_KIND[k]}": weights[t] for t, k in valid.kinds.items() if weights[t]}
        elif monitor != "val_loss":
            columns = {f"val_{t}_{metric}": metric for t, k in valid.kinds.items() for metric in OF_KIND[k]}
            metric = columns[checks.choice("monitor", monitor, ("val_loss", *columns))]
            self.sign, self.parts = -METRICS[metric][1], {monitor: 1.0}

    def out_of_patience(self, done):
        """Return True if, after ``done`` epochs, none of the last ``patience`` epochs was the best."""
        return self.patience is not None and done - self.epoch >= self.patience

    def update(self, row, epoch, model):
        """Keep the model's weights if this epoch, with this row of the history, is the best so far."""
        if self.patience is None:
            return
        value = self.sign * sum(weight * row[column] for column, weight in self.parts.items())
        if value < self.value:
            self.epoch, self.value, self.weights = epoch, value, model.get_weights()
