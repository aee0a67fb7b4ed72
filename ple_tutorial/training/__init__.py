"""Training: ``fit`` runs a whole epoch as one compiled program; ``predict`` applies a model to data.

Start with ``step.py`` (one step of training), then ``loop.py`` (the epochs around it).
"""

from ple_tutorial.training.loop import fit, predict
from ple_tutorial.training.programs import PROGRAMS, compilations

__all__ = ["PROGRAMS", "compilations", "fit", "predict"]
