"""The one place that imports TensorFlow and Keras.

TensorFlow writes a handful of log lines to file descriptor 2 at import and at its first operation, whatever
its log level; a notebook would store them as stderr. Here the descriptor points to the null device meanwhile.
"""

import contextlib
import os
import sys


@contextlib.contextmanager
def _quiet_stderr():
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with _quiet_stderr():
    import keras
    import tensorflow as tf

    tf.function(tf.negative, jit_compile=True)(0.0)  # the first operation, and the first compiled program, log too

__all__ = ["keras", "tf"]
