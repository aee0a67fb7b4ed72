"""The exercises: ``check`` tells a reader what is wrong with an answer; a chapter's checks are in ``chNN`` and ``chNN_4``."""

import importlib
import pkgutil

from ple_tutorial.exercises.register import check, exercise, exercises_of, verdict

for _chapter in pkgutil.iter_modules(__path__):
    if _chapter.name.startswith("ch"):
        importlib.import_module(f"{__name__}.{_chapter.name}")  # registers its exercises

__all__ = ["check", "exercise", "exercises_of", "verdict"]
