"""What the losses of the tasks do to a model: which parts each one reaches, and whether they pull the same way."""

from ple_tutorial.diagnostics.gradients import Conflicts, affinities, gradient_cosines
from ple_tutorial.diagnostics.reach import reach, reach_by_table

__all__ = ["Conflicts", "affinities", "gradient_cosines", "reach", "reach_by_table"]
