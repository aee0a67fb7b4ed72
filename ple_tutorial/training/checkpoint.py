"""Checkpoints: the state of ``fit`` after each epoch, kept in a folder, so that a killed run can go on from there."""

import contextlib
import inspect
import json
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.tables import remove_unfinished, replacing

FILE = "fit.npz"


class Checkpoint:
    """One file in a folder, replaced after each epoch by an atomic write.

    Args:
        folder: made if it does not exist.
        program: whose variables and model are kept.
        settings: what must be the same for a run to be the same, ``{argument of fit: anything that JSON can hold}``.

    Raises:
        ValueError: a folder that cannot be made.
        TypeError: no path.
    """

    def __init__(self, folder, program, settings):
        self.path = Path(checks.path("checkpoint", folder)) / FILE
        try:  # before the first epoch, not after it
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            expected = "a folder that exists or can be made"
            checks.refuse("checkpoint", expected, f"{str(folder)!r} ({error.strerror})")
        self.variables, self.model = program.variables, program.model
        self.settings, self.start = json.loads(json.dumps(settings, default=str)), _mark(self.model.get_weights())

    def load(self):
        """Put the variables back and return ``(state, arrays)`` as last saved; None if nothing was saved yet.

        Warns if the model has weights that the run neither began with nor came to. They are no reason to refuse it: a model
        without a seed begins with others each time, and after an interruption the model has those of an unfinished epoch.

        Raises:
            ValueError: the file is from another run (the first setting that differs is named), or cannot be read.
        """
        remove_unfinished(self.path.parent, FILE)
        if not self.path.exists():
            return None
        try:
            with open(self.path, "rb") as opened, np.load(opened) as file:
                header, values = json.loads(str(file["kept"])), [file[f"v{i}"] for i in range(len(file.files) - 1)]
            settings, state, start = header["settings"], header["state"], header["start"]
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            expected = f"a whole {FILE} (empty the folder to start again)"
            checks.refuse("checkpoint", expected, f"one that cannot be read ({type(error).__name__})")
        for name, value in self.settings.items():
            if settings.get(name) != value:
                expected = f"a run with the same {name} as the one in the folder; empty the folder to start again"
                checks.refuse("checkpoint", expected, "another")
        for variable, value in zip(self.variables, values, strict=False):  # after them, the best weights
            variable.assign(value)
        if self.start not in (start, _mark(self.model.get_weights()), _mark(values[len(self.variables) :])):
            warnings.warn(
                "checkpoint: the model has other weights than those with which the run in the folder began; they are not used, "
                "since training goes on from the folder; empty it to train from the model's own weights",
                stacklevel=3,
            )
        self.start = start
        return state, values[len(self.variables) :]

    def save(self, state, arrays):
        """Save the variables as they are now, a ``state`` that JSON can hold, and further arrays."""
        values = [variable.numpy() for variable in self.variables] + list(arrays)
        header = json.dumps({"settings": self.settings, "state": state, "start": self.start})
        with replacing(self.path) as unfinished:
            np.savez(unfinished, kept=np.array(header), **{f"v{i}": value for i, value in enumerate(values)})


def fingerprint(data):
    """Return a number that changes with the bytes of a ``TaskData``."""
    return _mark(keras.tree.flatten((data.features, data.labels, data.mask, data.weights)))


def _mark(arrays):
    mark = 0
    for array in arrays:
        mark = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8), mark)
    return mark


def described(balance):
    """Return what tells two balances apart, in this process and in the next: class, fields, and the code of its methods.

    Of what these call nothing is known, and of methods that were not read from a file (typed into a terminal) only the name.
    """
    code = {}
    for name, method in inspect.getmembers(type(balance), inspect.isfunction):
        with contextlib.suppress(OSError):
            code[name] = inspect.getsource(method)
    return [repr(balance), code]
