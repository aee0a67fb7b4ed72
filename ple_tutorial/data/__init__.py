"""One shape for all data: features, and for each task its labels, its kind and its sample space."""

from ple_tutorial.data.chunks import MemmapChunks, ParquetChunks
from ple_tutorial.data.taskdata import FeatureSpec, TaskData

__all__ = ["FeatureSpec", "MemmapChunks", "ParquetChunks", "TaskData"]
