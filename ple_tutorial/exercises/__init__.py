"""The exercises: ``check`` tells a reader what is wrong with an answer; a chapter's checks are in ``chNN`` and ``chNN_4``."""

from ple_tutorial.exercises.register import check, exercise, exercises_of, verdict

__all__ = ["check", "exercise", "exercises_of", "verdict"]
