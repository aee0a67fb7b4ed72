"""The course: its notebooks are run and measured, given out without solutions, and scored when they come back."""
