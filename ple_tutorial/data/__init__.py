"""One shape for all data: features, and for each task its labels, its kind and its sample space."""

from ple_tutorial.data.memmap import MemmapChunks
from ple_tutorial.data.parquet import ParquetChunks
from ple_tutorial.data.taskdata import FeatureSpec, TaskData

__all__ = ["FeatureSpec", "MemmapChunks", "ParquetChunks", "TaskData"]
