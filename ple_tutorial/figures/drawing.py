"""Figures by name: show one in a notebook, write their files."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ple_tutorial import checks, plots
from ple_tutorial.figures.recipes import FIGURES, Recipe
from ple_tutorial.study import STUDIES
from ple_tutorial.study.results import STORED
from ple_tutorial.tables import replacing, rounded, write_table


def recipe(name: str) -> Recipe:
    """Return the recipe of the figure ``name``.

    Raises:
        ValueError: an unknown figure; the message names the nearest match.

    >>> recipe("map").alt == ""  # the map's alt text is made from its routing table
    True
    """
    return FIGURES[checks.choice("figure", name, tuple(FIGURES))]


def numbers(name: str) -> pd.DataFrame:
    """Return the table that the figure ``name`` shows.

    Raises:
        ValueError: an unknown figure; the message names the nearest match.

    >>> numbers("map")[["level", "stream", "mixer"]].to_string(index=False).splitlines()[1].split()
    ['1', 'a', 'gate']
    """
    return recipe(name).numbers()


def show(name: str) -> None:
    """Draw the figure ``name`` and display it in a notebook together with its alt text.

    Raises:
        ValueError: an unknown figure; the message names the nearest match.

    >>> show("map")  # doctest: +ELLIPSIS
    {'text/html': '<img alt="PLE with two tasks and two levels. PLE for the tasks a and b, with 2 levels. Level 1: ...
    """
    found = recipe(name)
    plots.show(found.figure(found.numbers()))


def draw(names: Sequence[str] | None = None, out: str | Path = STORED) -> list[Path]:
    """Write the files NAME.png, NAME.svg and NAME.csv of figures.

    Args:
        names: of the figures; all of them if not given.
        out: the folder, which is made if it does not exist.

    Returns:
        The paths of the files.

    Raises:
        ValueError: an unknown figure; the message names the nearest match.
    """
    names = checks.row("names", list(FIGURES) if names is None else names, "a list of figures")
    recipes = {name: recipe(name) for name in names}
    out = Path(checks.path("out", out))
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, found in recipes.items():
        table = found.numbers()
        fig = found.figure(table)
        for ending, data in ((".png", plots.to_png(fig)), (".svg", plots.to_svg(fig))):
            paths.append(out / (name + ending))
            with replacing(paths[-1]) as temporary:
                temporary.write_bytes(data)
        paths.append(out / f"{name}.csv")
        if name not in STUDIES:
            write_table(
                rounded(table.reset_index(drop=True)),
                paths[-1],
                [f"made by: python -m ple_tutorial figures --only {name}"],
            )
        elif out.resolve() != STORED:
            shutil.copyfile(STORED / f"{name}.csv", paths[-1])
    return paths
