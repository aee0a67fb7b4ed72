"""Answers to the exercises of chapter 10: right ones in several forms, wrong ones with a phrase of their sentence."""

import numpy as np


def weight(start, ratio, step, steps, unit):
    return start * ratio ** (step if unit == "step" else step // steps)


def weight_by_loop(start, ratio, step, steps, unit):
    for _ in range(step if unit == "step" else step // steps):
        start = start * ratio
    return start


def surgery(g_a, g_b):
    dot = g_a @ g_b
    if dot >= 0:
        return g_a + g_b
    return g_a - dot / (g_b @ g_b) * g_b + g_b - dot / (g_a @ g_a) * g_a


def surgery_by_factors(g_a, g_b):
    dot = np.minimum(np.sum(g_a * g_b), 0)
    squares = [np.maximum(np.sum(g * g), 1e-300) for g in (g_a, g_b)]
    return (1 - dot / squares[0]) * g_a + (1 - dot / squares[1]) * g_b


def always(g_a, g_b):
    return g_a - (g_a @ g_b) / (g_b @ g_b) * g_b + g_b - (g_a @ g_b) / (g_a @ g_a) * g_a


def in_turn(g_a, g_b):
    if g_a @ g_b < 0:
        g_a = g_a - (g_a @ g_b) / (g_b @ g_b) * g_b
    if g_a @ g_b < 0:
        g_b = g_b - (g_a @ g_b) / (g_a @ g_a) * g_a
    return g_a + g_b


def one_side(g_a, g_b):
    return g_b + (g_a - (g_a @ g_b) / (g_b @ g_b) * g_b if g_a @ g_b < 0 else g_a)


def by_length(g_a, g_b):
    dot = g_a @ g_b
    if dot >= 0:
        return g_a + g_b
    return g_a + g_b - dot / np.linalg.norm(g_b) * g_b - dot / np.linalg.norm(g_a) * g_a


def own_square(g_a, g_b):
    dot = g_a @ g_b
    return g_a + g_b if dot >= 0 else g_a + g_b - dot / (g_a @ g_a) * g_b - dot / (g_b @ g_b) * g_a


RIGHT = {
    "10.1": [0.99**256, 0.0763, 0.08 - 0.003, np.exp(-2.56), np.float32(0.0763), np.array([0.99**256])],
    "10.2": [
        weight,
        weight_by_loop,
        lambda start, ratio, step, steps, unit: start * ratio ** (step // (1 if unit == "step" else steps)),
        lambda start, ratio, step, steps, unit: np.array(
            [start * ratio ** {"step": step, "epoch": step // steps}[unit]]
        ),
    ],
    "10.3": [surgery, surgery_by_factors, lambda g_a, g_b: surgery(g_b, g_a), lambda g_a, g_b: list(surgery(g_a, g_b))],
}
WRONG = {
    "10.1": [
        (1 - 0.99**256, "in which it has a label"),
        (2.56, "how many labels a batch has"),
        (0.99, "none of 256"),
        (0.01, "with a label"),
        (0.01**256, "that is the chance of a label on every sample"),
        (256 * 0.01 * 0.99**255, "exactly one"),
        (7.63, "in percent"),
        (253.44, "number of samples without"),
        (0.5, "0.99"),
        ("0.076", "without quotation marks"),
        (lambda: 0.0763, "call it"),
        ([0.0763, 0.9237], "one number"),
    ],
    "10.2": [
        (lambda start, ratio, step, steps, unit: start * ratio ** (step if unit == "step" else step / steps), "whole"),
        (
            lambda start, ratio, step, steps, unit: start * ratio ** (step if unit == "step" else step // steps + 1),
            "in the first epoch it is 0",
        ),
        (
            lambda start, ratio, step, steps, unit: start * ratio ** (step + 1 if unit == "step" else step // steps),
            "counted from 0",
        ),
        (lambda start, ratio, step, steps, unit: weight(start, ratio, step, steps, "step"), "whatever the unit"),
        (lambda start, ratio, step, steps, unit: weight(start, ratio, step, steps, "epoch"), "counts epochs"),
        (
            lambda start, ratio, step, steps, unit: weight(
                start, ratio, step, steps, "epoch" if unit == "step" else "step"
            ),
            "exchanged",
        ),
        (lambda start, ratio, step, steps, unit: weight(1, start * ratio, step, steps, unit), "not the start"),
        (lambda start, ratio, step, steps, unit: weight(1, ratio, step, steps, unit), "start is missing"),
        (
            lambda start, ratio, step, steps, unit: start * ratio * (step if unit == "step" else step // steps),
            "a power",
        ),
        (lambda start, ratio, step, steps, unit: start * ratio ** (step if unit == "step" else step % steps), "within"),
        (lambda start, ratio, step, steps: start * ratio**step, "the function should take 5 arguments"),
        (weight(0.7, 0.9, 37, 16, "epoch"), "hand in the function itself"),
    ],
    "10.3": [
        (always, "only a negative dot product"),
        (in_turn, "onto the *original* gradient"),
        (one_side, "only a's gradient is projected"),
        (lambda g_a, g_b: one_side(g_b, g_a), "only b's gradient is projected"),
        (by_length, "not by the length"),
        (own_square, "not of its own"),
        (lambda g_a, g_b: surgery(g_a, g_b) / 2, "that is the mean"),
        (lambda g_a, g_b: g_a + g_b, "the plain sum"),
        (lambda g_a, g_b: 2 * (g_a + g_b) - surgery(g_a, g_b), "adds it once more"),
        (lambda g_a, g_b: (g_a + g_b) * (g_a @ g_b >= 0), "both gradients are dropped"),
        (lambda g_a, g_b: (surgery(g_a, g_b), g_a), None),
        (lambda g_a: g_a, "the function should take 2 arguments"),
        (surgery(np.ones(2), np.ones(2)), "hand in the function itself"),
    ],
}
