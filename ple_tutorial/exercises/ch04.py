"""The checks of chapter 04: Experts and gates."""

import numpy as np
from scipy.special import softmax

from ple_tutorial.exercises.answers import array_wrong, recognised
from ple_tutorial.exercises.register import exercise


@exercise("04.1")
def _mixture(answer):
    """A function mix(weights, outputs): (batch, experts), (batch, experts, units) -> (batch, units)."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    rng = np.random.default_rng(0)
    weights, outputs = softmax(rng.normal(size=(5, 4)), axis=1), rng.normal(size=(5, 4, 3))
    came = np.asarray(answer(weights, outputs))
    if came.shape == (5, 4, 3):
        return "each expert is weighed, but the experts are not summed: leave 'e' out of the result"
    if came.shape == (5, 4):
        return "the units are summed over; they should stay, and the experts should go"
    if came.shape == (3,):
        return "the batch is summed over as well: every sample has a mixture of its own"
    wrong = array_wrong(came, (5, 3), "the mixture")
    if wrong:
        return wrong
    if np.allclose(came, outputs.mean(axis=1)) or np.allclose(came, outputs.sum(axis=1)):
        return "the weights play no part in it"
    if not np.allclose(came, (weights[:, :, None] * outputs).sum(axis=1)):
        return "the shape is right, but the numbers are not; each weight belongs to the expert of the same place"
    one = np.shape(answer(weights[:1], outputs[:1]))
    return None if one == (1, 3) else f"a batch of one sample should give the shape (1, 3), but it gives {one}"


@exercise("04.2")
def _weights_of_an_mmoe(answer):
    """The parameters of an MMoE: 100 features, 8 experts of 16 units, 2 tasks, towers 16 -> 8 -> 1."""
    experts, gates, towers = 8 * (100 * 16 + 16), 2 * 100 * 8, 2 * (16 * 8 + 8 + 8 + 1)
    right = experts + gates + towers
    wrong = array_wrong(answer, (), "the number of parameters")
    if wrong or answer == right:
        return wrong
    said = {
        "you forgot the gates": right - gates,
        "there are two gates, one for each task": right - gates // 2,
        "you gave the gates biases; they have none": right + 2 * 8,
        "a gate has one weight for each feature and expert, not one for each expert": right - gates + 2 * 8,
        "you forgot the biases of the experts": right - 8 * 16,
        "you forgot the biases of the towers": right - 2 * 9,
        "you forgot all the biases": right - 8 * 16 - 2 * 9,
        "there are two towers, one for each task": right - towers // 2,
        "you forgot the last layer of the towers, from 8 units to one": right - 2 * 9,
        "a tower reads the mixture, 16 numbers, not all eight experts side by side": right + 2 * 7 * 16 * 8,
        "this is the count of the MMoE paper's section 3, without gates, biases and the towers' last layer": 13_056,
        "the experts are common: they count once, not once for each task": right + experts,
    }
    return recognised(answer, said, "count the experts once, then a gate and a tower for each task")


@exercise("04.3")
def _tempered(answer):
    """A function gate(logits, temperature) -> softmax(logits / temperature) over the experts, safe for large logits."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    logits = np.random.default_rng(0).normal(size=(5, 3))
    came = np.asarray(answer(logits.copy(), 0.5))
    wrong = array_wrong(came, (5, 3), "the gate")
    if wrong:
        return wrong
    if np.allclose(came, softmax(logits / 0.5, axis=0)):
        return "the softmax runs over the batch: the columns sum to one, and the rows should"
    if np.allclose(came, softmax(logits * 0.5, axis=1)):
        return "the logits are multiplied by the temperature; divide by it, so that a low one makes the gate sure"
    if np.allclose(came, softmax(logits, axis=1)):
        return "the temperature plays no part in it"
    if np.allclose(came, softmax(logits, axis=1) / 0.5):
        return "the temperature goes inside the softmax, or the rows do not sum to one"
    if not np.allclose(came.sum(axis=1), 1):
        return f"the rows should sum to one, but the first sums to {came[0].sum():.3g}"
    if not np.allclose(came, softmax(logits / 0.5, axis=1)):
        return "the rows sum to one, but they are not softmax(logits / temperature)"
    with np.errstate(all="ignore"):
        large = np.asarray(answer(np.array([[1000.0, 999.0], [0.0, 1.0]]), 1.0))
    safe = np.isfinite(large).all() and np.allclose(large, softmax(np.array([[1.0, 0.0], [0.0, 1.0]]), axis=1))
    return None if safe else "logits of a thousand overflow: take each row's largest away first"
