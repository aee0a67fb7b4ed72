"""Early stopping: remembers the best epoch and its weights, and says when patience has run out."""

import numpy as np

from ple_tutorial import checks
from ple_tutorial.losses import loss_weights
from ple_tutorial.metrics import LOSS_OF_KIND, METRICS, OF_KIND, evaluate


class EarlyStopping:
    """The best epoch so far, judged by one number of the validation.

    Args:
        patience, monitor, valid: as in ``fit``; without ``patience`` it never stops.

    Attributes:
        epoch: which one was best, from 1; 0 before the first.
        value: its ``monitor`` (negative for a metric of which more is better).
        weights: the model's after it; empty without ``patience``.

    Raises:
        ValueError: ``patience`` without ``valid``, ``monitor`` without ``patience``, an unknown ``monitor``, or one that the
            labels of ``valid`` never let be a number.
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
            column = {f"val_{t}_{metric}": (t, metric) for t, k in valid.kinds.items() for metric in OF_KIND[k]}
            checks.choice("monitor", monitor, ("val_loss", *column))
            self.sign, self.parts = -METRICS[column[monitor][1]][1], {monitor: 1.0}
            constant = evaluate(valid, dict.fromkeys(valid.kinds, np.full(len(valid), 0.5)))
            if np.isnan(constant[column[monitor]]):
                _refuse_one_class(valid, monitor, column[monitor][0])

    def out_of_patience(self, done):
        """Return True if, after ``done`` epochs, none of the last ``patience`` epochs was the best."""
        return self.patience is not None and done - self.epoch >= self.patience

    def update(self, row, epoch, model):
        """Keep the model's weights if this epoch, with this row of the history, is the best so far.

        Raises:
            FloatingPointError: the monitor is not a number.
        """
        if self.patience is None:
            return
        value = self.sign * sum(weight * row[column] for column, weight in self.parts.items())
        if not np.isfinite(value):
            raise FloatingPointError(f"monitor: {' + '.join(self.parts)} is not a number in epoch {epoch}")
        if value < self.value:
            self.epoch, self.value, self.weights = epoch, value, model.get_weights()


def _refuse_one_class(valid, monitor, task):
    label = valid.labels[task][valid.mask[task]][0]
    expected = (
        f"a column that can be a number (say 'val_{task}_log_loss', or a valid that holds both classes, by "
        f"split(..., stratify={task!r}))"
    )
    checks.refuse("monitor", expected, f"{monitor!r}, and all labels of {task!r} in valid are {label:g}")
