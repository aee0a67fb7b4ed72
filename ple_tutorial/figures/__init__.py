"""The figures by name: how the numbers of each are made, which plot draws them, and its alt text."""

from ple_tutorial.figures.computed import family
from ple_tutorial.figures.drawing import draw, numbers, recipe, show
from ple_tutorial.figures.recipes import FIGURES, Recipe
from ple_tutorial.study import STUDIES
from ple_tutorial.study.results import STORED, family_runs, seed_gains, seesaw_points, stored, with_mean_mse

__all__ = [
    "FIGURES",
    "STORED",
    "STUDIES",
    "Recipe",
    "draw",
    "family",
    "family_runs",
    "numbers",
    "recipe",
    "seed_gains",
    "seesaw_points",
    "show",
    "stored",
    "with_mean_mse",
]
