"""The tutorial on progressive layered extraction (PLE): layers, routing tables, training and studies.

Nothing heavy is imported here; TensorFlow is loaded (quietly) by the first module that needs it.
"""

__version__ = "0.1.0"
