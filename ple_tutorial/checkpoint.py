"""Where ``fit`` stands after a whole epoch, kept in a folder, so that a run that was killed goes on from there."""

import json
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras

FILE = "fit.npz"


class Checkpoint:
    """One file in a folder, replaced after each epoch: the new one is written beside it, then renamed.

    Args:
        folder: made where it is not there.
        variables: Keras variables, in an order that is the same in every run: the model's and the optimizer's.
        settings: what must be the same for a run to be the same, ``{argument of fit: anything that JSON can hold}``.
    """

    def __init__(self, folder, variables, settings):
        self.path = Path(checks.path("checkpoint", folder)) / FILE
        try:  # before the first epoch, not after it
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            checks.refuse("checkpoint", "a folder that is there or can be made", f"{str(folder)!r} ({error.strerror})")
        self.variables, self.settings = variables, json.loads(json.dumps(settings, default=str))

    def load(self):
        """What ``save`` last kept, with the variables put back; None where there is nothing yet.

        Raises:
            ValueError: the file is of another run (the first setting that differs is named), or cannot be read.
        """
        self.path.with_suffix(".part").unlink(missing_ok=True)  # of a run that was killed while it wrote
        if not self.path.exists():
            return None
        try:
            with open(self.path, "rb") as opened, np.load(opened) as file:
                kept, values = json.loads(str(file["kept"])), [file[f"v{i}"] for i in range(len(file.files) - 1)]
            settings, state = kept["settings"], kept["state"]
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            checks.refuse("checkpoint", f"a whole {FILE}", f"one that cannot be read ({type(error).__name__})")
        for name, value in self.settings.items():
            if settings.get(name) != value:
                expected = f"a run with the same {name} as the one in the folder; empty the folder to start anew"
                checks.refuse("checkpoint", expected, "another")
        for variable, value in zip(self.variables, values, strict=False):  # after them, the best weights
            variable.assign(value)
        return state, values[len(self.variables) :]

    def save(self, state, arrays):
        """Keep the variables as they are now, a ``state`` that JSON can hold, and further arrays."""
        values = [variable.numpy() for variable in self.variables] + list(arrays)
        beside = self.path.with_suffix(".part")
        with open(beside, "wb") as file:
            kept = json.dumps({"settings": self.settings, "state": state})
            np.savez(file, kept=np.array(kept), **{f"v{i}": value for i, value in enumerate(values)})
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path)


def fingerprint(data):
    """A number that changes with the bytes of a ``TaskData``."""
    parts = keras.tree.flatten((data.features, data.labels, data.mask, data.weights))
    mark = 0
    for part in parts:
        mark = zlib.crc32(np.ascontiguousarray(part).data.cast("B"), mark)
    return mark
