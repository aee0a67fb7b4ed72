"""The checks of chapter 10: Joint training."""

import numpy as np

from ple_tutorial.exercises.answers import number_mistake
from ple_tutorial.exercises.functions import function_mistake
from ple_tutorial.exercises.register import exercise


@exercise("10.1")
def _steps_without_a_label(answer):
    """The share of batches of 256 in which a task has no label that has one on a sample in a hundred."""
    right = 0.99**256
    known = {
        "that is the share of the steps in which it has a label": 1 - right,
        "that is how many labels a batch has in the mean": 2.56,
        "that is the share of samples without a label; none of 256 may have one": 0.99,
        "that is the share of samples with a label": 0.01,
        "that is the chance of a label on every sample of the batch": 0.01**256,
        "that is the chance of exactly one label": 256 * 0.01 * 0.99**255,
        "that is the share of batches with at most one label": right + 256 * 0.01 * 0.99**255,
        "that is the number of samples without a label in a batch": 253.44,
        "chances of samples are multiplied, not added: how likely is it that all 256 lie outside?": 1 - 2.56,
        "the number of samples is the exponent: each of the 256 has to lie outside": 1 / 256,
        "that is one sample too few in the batch": 0.99**250,
    }
    otherwise = "each of the 256 samples has to lie outside, and each does with a chance of 0.99"
    return number_mistake(answer, right, known, otherwise, "the share", within=0.0015)  # e**-2.56 is near enough


@exercise("10.2")
def _both_readings(answer):
    """The weight of a task by Eq. 10, with t in steps or in finished epochs."""

    def right(start, ratio, step, steps, unit):
        return start * ratio ** (step if unit == "step" else step // steps)

    mistakes = {
        "in epochs, t is the number of finished epochs, a whole number: the weight stays the same within an epoch": (
            lambda start, ratio, step, steps, unit: start * ratio ** (step if unit == "step" else step / steps)
        ),
        "t is the number of *finished* epochs: in the first epoch it is 0": (
            lambda start, ratio, step, steps, unit: start * ratio ** (step if unit == "step" else step // steps + 1)
        ),
        "steps are counted from 0: in the first step the weight is still the start": (
            lambda start, ratio, step, steps, unit: start * ratio ** (step + 1 if unit == "step" else step // steps)
        ),
        "the two readings are exchanged": (
            lambda start, ratio, step, steps, unit: start * ratio ** (step // steps if unit == "step" else step)
        ),
        "it counts steps, whatever the unit": lambda start, ratio, step, steps, unit: start * ratio**step,
        "it counts epochs, whatever the unit": lambda start, ratio, step, steps, unit: start * ratio ** (step // steps),
        "the factor is multiplied again and again, not t times: that is a power": (
            lambda start, ratio, step, steps, unit: start * ratio * (step if unit == "step" else step // steps)
        ),
        "only the factor is raised to the power of t, not the start": (
            lambda start, ratio, step, steps, unit: (start * ratio) ** (step if unit == "step" else step // steps)
        ),
        "the start is missing": lambda start, ratio, step, steps, unit: (
            ratio ** (step if unit == "step" else step // steps)
        ),
        "a step is no share of an epoch here: the root of the factor would make the two readings agree": (
            lambda start, ratio, step, steps, unit: start * ratio ** (step / steps if unit == "step" else step // steps)
        ),
        "an epoch is over after `steps` steps: the remainder is the step within the epoch": (
            lambda start, ratio, step, steps, unit: start * ratio ** (step if unit == "step" else step % steps)
        ),
    }
    cases = {
        "step 37 of epochs of 16, in epochs": (0.7, 0.9, 37, 16, "epoch"),
        "step 37, in steps": (0.7, 0.9, 37, 16, "step"),
        "the very first step": (0.7, 0.9, 0, 16, "step"),
        "the last step of the first epoch": (0.7, 0.9, 15, 16, "epoch"),
        "the first step of the second epoch": (1.3, 0.5, 16, 16, "epoch"),
        "a factor above 1": (0.2, 1.1, 21, 10, "epoch"),
        "a task that does not take part": (0.0, 0.9, 21, 10, "step"),
    }
    return function_mistake(answer, ("start", "ratio", "step", "steps", "unit"), cases, right, mistakes, "the weight")


@exercise("10.3")
def _gradient_surgery(answer):
    """PCGrad for two gradients."""

    def without(g, other, floor=0.0):
        square = other @ other
        return g - min(g @ other, floor) / square * other if square > 0 else g

    def right(g_a, g_b):
        return without(g_a, g_b) + without(g_b, g_a)

    def divided(g_a, g_b, by):
        dot = min(g_a @ g_b, 0.0)
        return g_a + g_b - dot * (g_b / by(g_a, g_b) + g_a / by(g_b, g_a)) if dot else g_a + g_b

    mistakes = {
        "the projection is done even if the gradients agree: only a negative dot product is a conflict": (
            lambda g_a, g_b: without(g_a, g_b, np.inf) + without(g_b, g_a, np.inf)
        ),
        "that is the mean; PCGrad takes the sum": lambda g_a, g_b: right(g_a, g_b) / 2,
        "that is the plain sum: nothing is taken away": lambda g_a, g_b: g_a + g_b,
        "only a's gradient is projected; b's has to be as well, onto the *original* gradient of a": (
            lambda g_a, g_b: without(g_a, g_b) + g_b
        ),
        "only b's gradient is projected; a's has to be as well, onto the *original* gradient of b": (
            lambda g_a, g_b: g_a + without(g_b, g_a)
        ),
        "divide by the square of the other's length, not by the length": (
            lambda g_a, g_b: divided(g_a, g_b, lambda own, other: np.sqrt(other @ other))
        ),
        "divide by the square of the *other* gradient's length, not of its own": (
            lambda g_a, g_b: divided(g_a, g_b, lambda own, other: own @ own)
        ),
        "the projection is not divided by the square of the other's length": (
            lambda g_a, g_b: divided(g_a, g_b, lambda own, other: 1.0)
        ),
        "take the part against the other gradient away; yours adds it once more": (
            lambda g_a, g_b: 2 * (g_a + g_b) - right(g_a, g_b)
        ),
        "divide by the product of the two lengths only where you need a cosine; here it is the other's length, squared": (
            lambda g_a, g_b: divided(g_a, g_b, lambda own, other: np.sqrt((own @ own) * (other @ other)))
        ),
        "where the tasks conflict both gradients are dropped; only the part against the other goes": (
            lambda g_a, g_b: (g_a + g_b) * float(g_a @ g_b >= 0)
        ),
    }
    rng = np.random.default_rng(10)
    one, other = rng.normal(size=(2, 6))
    other = other - (one @ other + 1.0) / (one @ one) * one  # a dot product of -1
    cases = {
        "two gradients in conflict": (one, other),
        "two gradients that agree": (one, -other),
        "a long and a short one in conflict": (10 * one, 0.1 * other),
        "opposite gradients": (np.array([1.0, -2.0]), np.array([-1.0, 2.0])),
        "a gradient that is zero": (np.array([1.0, 2.0]), np.zeros(2)),
        "gradients at a right angle": (np.array([3.0, 0.0]), np.array([0.0, 2.0])),
    }
    return function_mistake(answer, ("g_a", "g_b"), cases, right, mistakes, "the combined gradient")
