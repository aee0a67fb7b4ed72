"""Studies: grids of independent trials, a file for each theme; ``STUDIES`` holds them all by name."""

import importlib
from pathlib import Path

from ple_tutorial import checks
from ple_tutorial.study import store
from ple_tutorial.study.census import (
    CENSUS_MODELS,
    CENSUS_SINGLE,
    CENSUS_SINGLE_FIT,
    CENSUS_TREES,
    census_data,
    census_single,
    census_trees,
)
from ple_tutorial.study.dial import DIAL_MODELS, FIT, dial_data
from ple_tutorial.study.engine import Study, trials
from ple_tutorial.study.family import FAMILY, FAMILY_BUDGET, SLUICE_CONTROLS, family_data, scored_on, with_constant
from ple_tutorial.study.gates import gate_data
from ple_tutorial.study.seesaw import seesaw_data, seesaw_fit

# The theme files; a new one is named here.
NAMES = "dial seesaw gates family census worlds causes groups papers conflicts scarce balancing claims".split()
THEMES = tuple(importlib.import_module(f"{__name__}.{name}") for name in NAMES)
STUDIES = {name: study for theme in THEMES for name, study in theme.STUDIES.items()}
__all__ = [
    "CENSUS_MODELS", "CENSUS_SINGLE", "CENSUS_SINGLE_FIT", "CENSUS_TREES", "DIAL_MODELS", "FAMILY",
    "FAMILY_BUDGET", "FIT", "SLUICE_CONTROLS", "STUDIES", "Study", "census_data", "census_single", "census_trees",
    "dial_data", "family_data", "gate_data", "run", "scored_on", "seesaw_data", "seesaw_fit", "trials", "with_constant",
]  # fmt: skip


def run(name: str, out: str, workers: int = 1, scheduler: str | None = None) -> Path:
    """Run the study ``name`` of ``STUDIES`` and store its table as ``out/NAME.csv``; return the path (see ``store.run``).

    Example:
        >>> STUDIES["dial"].points[0], len(STUDIES["dial"].trials())
        ({'correlation': -1.0}, 960)
    """
    return store.run(name, STUDIES[checks.choice("study", name, tuple(STUDIES))], out, workers, scheduler)
