"""``export``: a trained model as a SavedModel, which a server runs with TensorFlow alone, without this package."""

import os
from pathlib import Path

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.gates import gate_readout
from ple_tutorial.tables import replacing


def export(model: keras.Model, path: str | os.PathLike) -> None:
    """Write ``model`` to the folder ``path`` as a SavedModel of predictions and gate weights.

    Keras's own ``model.export(path, verbose=False)`` writes the predictions alone. A server needs TensorFlow only::

        served = tf.saved_model.load(path)
        served.serve(x)  # {task: (batch, 1)}, as model(x)
        served.gates(x)  # {"level1_a_gate": (batch, experts)}, as gate_weights; each row sums to one
        served.experts()  # {"level1_a_gate": (experts,)}, their names as bytes, in the order of the weights

    ``x`` is what the model reads, with any number of rows: float32 ``(batch, features)``, or ``{"numeric": float32
    (batch, columns), "codes": int32 (batch, columns)}``. TensorFlow checks only the shapes: a code that its column
    does not have may be read as a code of another column. Dropout is off, and batch normalisation uses its moving
    averages. In TensorFlow Serving the three are signatures, and ``serve`` is the default one.

    Args:
        model: from ``build_model``, or any functional Keras model to a dict of outputs. Without gates it has ``serve`` alone.
        path: a folder that is empty or does not exist yet. The model is written to a temporary folder and then renamed, so
            that ``path`` is complete as soon as it exists (an atomic write).

    Raises:
        ValueError: a model that has no outputs yet, or outputs without names.
        FileExistsError: a path that holds something already.
        TypeError: no Keras model, or no path.

    Example:
        >>> import tempfile
        >>> from ple_tutorial.models import build_model
        >>> path = f"{tempfile.mkdtemp()}/model"
        >>> export(build_model("mmoe", features=2, tasks={"click": "binary"}), path)
        >>> served = tf.saved_model.load(path)
        >>> served.gates(tf.zeros((1, 2)))["level1_click_gate"].shape
        TensorShape([1, 2])
    """
    if not isinstance(model, keras.Model):
        checks.refuse("model", "a Keras model", type(model).__name__, TypeError)
    if not isinstance(getattr(model, "output", None), dict):
        checks.refuse("model", "a functional Keras model to {task: predictions}", f"{model.name!r}, which is another")
    path = Path(checks.path("path", path)).resolve()
    in_the_way = any(place.exists() and not place.is_dir() for place in (path, *path.parents))
    if in_the_way or (path.exists() and any(path.iterdir())):
        checks.refuse("path", "a folder that is empty or not there yet", repr(str(path)), FileExistsError)
    archive = keras.export.ExportArchive()
    archive.add_endpoint("serve", lambda x: model(x, training=False), [model.input])
    gates, readout = gate_readout(model)
    if gates:
        archive.add_endpoint("gates", lambda x: readout(x, training=False), [model.input])
        archive.add_endpoint("experts", lambda: {gate.name: tf.constant(gate.experts) for gate in gates}, [])
    with replacing(path) as temporary:
        archive.write_out(str(temporary), verbose=False)
