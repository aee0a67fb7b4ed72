"""The checks of chapter 04: Experts and gates."""

import numpy as np
from scipy.special import log_softmax, softmax

from ple_tutorial.exercises.answers import number_mistake
from ple_tutorial.exercises.functions import function_mistake
from ple_tutorial.exercises.register import exercise


def _mixed(weights, outputs):
    return np.einsum("be,beu->bu", weights, outputs)


@exercise("04.1")
def _mixture(answer):
    """A function mix(weights, outputs): (batch, experts), (batch, experts, units) -> (batch, units)."""
    rng = np.random.default_rng(0)

    def case(batch, experts, units):
        return softmax(rng.normal(size=(batch, experts)), axis=1), rng.normal(size=(batch, experts, units))

    cases = {
        "5 samples, 4 experts, 3 units": case(5, 4, 3),
        "as many samples as experts and units": case(3, 3, 3),
        "a batch of one sample": case(1, 4, 3),
        "one expert": case(5, 1, 3),
        "one unit": case(5, 4, 1),
    }
    known = {
        "each expert is weighed, but the experts are not summed: leave 'e' out of the result": lambda w, o: (
            w[:, :, None] * o
        ),
        "the units are summed over; they should stay, and the experts should go": lambda w, o: np.einsum(
            "be,beu->be", w, o
        ),
        "the batch is summed over as well: every sample has a mixture of its own": lambda w, o: np.einsum(
            "be,beu->u", w, o
        ),
        "the batch is summed over, and the experts stay; it should be the other way round": lambda w, o: np.einsum(
            "be,beu->eu", w, o
        ),
        "everything is summed to one number; only the experts should go": lambda w, o: np.einsum("be,beu->", w, o),
        "the experts and the units are both summed over; the units should stay": lambda w, o: np.einsum(
            "be,beu->b", w, o
        ),
        "the weights play no part in it: this is the mean of the experts": lambda w, o: o.mean(axis=1),
        "the weights play no part in it: this is the sum of the experts": lambda w, o: o.sum(axis=1),
        "the weighed experts should be summed; you take their mean": lambda w, o: _mixed(w, o) / w.shape[1],
        "each weight belongs to the expert of the same place; yours are in the reverse order": lambda w, o: _mixed(
            w[:, ::-1], o
        ),
        "each weight belongs to the expert of the same place, and yours are sorted": lambda w, o: _mixed(
            np.sort(w, 1), o
        ),
        "`@` brings every sample's weights together with every sample's experts; a sample meets only its own": lambda w, o: (
            w @ o
        ),
        "np.dot brings every sample's weights together with every sample's experts; a sample meets only its own": np.dot,
        "the weights need a third axis before you multiply: weights[:, :, None]": lambda w, o: (w * o).sum(axis=1),
        "the weights need their third axis at the end: weights[:, :, None]": lambda w, o: (w[:, None, :] * o).sum(
            axis=1
        ),
        "the third axis of the weights belongs at the end: weights[:, :, None]": lambda w, o: (w[None] * o).sum(axis=1),
        "the result is (units, batch): transpose it": lambda w, o: _mixed(w, o).T,
        "a squeeze without an axis takes the batch axis away from a batch of one": lambda w, o: _mixed(w, o).squeeze(),
        "the experts' axis is still there, with length 1: sum without keepdims": lambda w, o: (w[:, :, None] * o).sum(
            axis=1, keepdims=True
        ),
        "the weights are softmax outputs already: no second softmax": lambda w, o: _mixed(softmax(w, axis=1), o),
        "the weights are made to sum to one over the batch; use them as they are": lambda w, o: _mixed(w / w.sum(0), o),
        "only the expert with the largest weight is used; weigh all of them": lambda w, o: o[
            np.arange(len(o)), w.argmax(1)
        ],
        "only the first expert is used; weigh all of them": lambda w, o: w[:, :1] * o[:, 0],
        "the weights of the first sample are used for all": lambda w, o: _mixed(np.broadcast_to(w[0], w.shape), o),
        "the mean weights over the batch are used for all samples": lambda w, o: np.einsum("e,beu->bu", w.mean(0), o),
        "take the sum over the experts, not the maximum": lambda w, o: (w[:, :, None] * o).max(axis=1),
        "the weights are squared": lambda w, o: _mixed(w**2, o),
        "the weights are rounded: use them as they are": lambda w, o: _mixed(w.round(), o),
        "take the sum over the experts, not the median": lambda w, o: np.median(w[:, :, None] * o, axis=1),
        "multiply each expert by its weight; you add them": lambda w, o: (w[:, :, None] + o).sum(axis=1),
        "a column of weights is needed to multiply rows of units: weights[:, e, None]": lambda w, o: sum(
            w[:, e] * o[:, e] for e in range(w.shape[1])
        ),
    }
    return function_mistake(answer, ("weights", "outputs"), cases, _mixed, known, "the mixture")


@exercise("04.2")
def _weights_of_an_mmoe(answer):
    """The parameters of an MMoE: 100 features, 8 experts of 16 units, 2 tasks, towers 16 -> 8 -> 1."""
    experts, gates, towers = 8 * (100 * 16 + 16), 2 * 100 * 8, 2 * (16 * 8 + 8 + 8 + 1)
    right = experts + gates + towers
    known = {
        "you forgot the gates": right - gates,
        "there are two gates, one for each task": right - gates // 2,
        "you gave the gates biases; they have none": right + 2 * 8,
        "a gate has one weight for each feature and expert, not one for each expert": right - gates + 2 * 8,
        "a gate has one weight for each feature and expert: it reads the features, not the experts' units": (
            right - gates + 2 * 16 * 8
        ),
        "you forgot the biases of the experts": right - 8 * 16,
        # 8 + 1 biases and 8 + 1 weights of the last layer: the same number, so both are said
        "18 are missing: the biases of the towers, or their last layer from 8 units to one": right - 2 * 9,
        "you forgot the biases of the towers' hidden layers": right - 2 * 8,
        "you forgot the biases of the towers' outputs": right - 2,
        "you forgot all the biases": right - 8 * 16 - 2 * 9,
        "you forgot the towers": right - towers,
        "you forgot the gates and the towers": experts,
        "you forgot the gates, and all the biases": right - gates - 8 * 16 - 2 * 9,
        "you forgot the experts": right - experts,
        "you counted one expert; there are eight": right - experts // 8 * 7,
        "you counted one task only: there are two gates and two towers": right - gates // 2 - towers // 2,
        "there are two towers, one for each task": right - towers // 2,
        "a tower reads the mixture, 16 numbers, not all eight experts side by side": right + 2 * 7 * 16 * 8,
        "a tower reads the mixture, 16 numbers, not the 100 features": right + 2 * 84 * 8,
        "this is the count of the MMoE paper's section 3, without gates, biases and the towers' last layer": 13_056,
        "the experts are common: they count once, not once for each task": right + experts,
        "one gate for each expert and task? A gate has 8 outputs, one for each expert: two gates in all": (
            right + 7 * gates
        ),
        "a gate has one output for each of the 8 experts, not for each of their 16 units": right + gates,
        "the towers have a hidden layer of 8 units": right - towers + 2 * 17,
        "each expert has a bias for each of its 16 units, not one alone": right - 8 * 15,
        "each of the eight experts has biases of its own": right - 7 * 16,
        "one of each, please count all: there are eight experts, two gates and two towers": 1616 + 800 + 145,
        "an expert is one layer, from 100 features to 16 units": right + 8 * (16 * 16 + 16),
    }
    parts = {
        "the weights of the experts": 8 * 100 * 16,
        "the biases of the experts": 8 * 16,
        "the gates": gates,
        "the first layers of the towers": 2 * 16 * 8,
        "the biases of the towers' hidden layers": 2 * 8,
        "the last layers of the towers, their weights": 2 * 8,
        "the biases of the towers' outputs": 2,
    }
    otherwise = "count the experts once, then a gate and a tower for each task"
    return number_mistake(answer, right, known, otherwise, "the number of parameters", parts=parts)


def _gate(logits, temperature):
    return softmax(logits / temperature, axis=1)


def _shared_out(exponentials, axis=1):
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


@exercise("04.3")
def _tempered(answer):
    """A function gate(logits, temperature) -> softmax(logits / temperature) over the experts, safe for large logits."""
    rng = np.random.default_rng(0)
    logits, large = (
        rng.normal(size=(5, 3)),
        np.array([[1000.0, 999.0], [0.0, 1.0], [-1000.0, -1001.0], [1000.0, -1000.0]]),
    )
    cases = {
        "a temperature of 0.5": (logits, 0.5),
        "a temperature of 3": (logits, 3.0),
        "as many samples as experts": (logits[:3], 2.0),
        "logits of a thousand": (large, 1.0),
        "logits of a thousand and a temperature of 0.5": (large, 0.5),
        "logits of a thousand and a temperature of 2": (large, 2.0),
        "logits of a thousand and a temperature of 0.001": (large, 0.001),
        "a batch of one sample": (logits[:1], 1.0),
        "logits of a thousandth and a temperature of 0.001": (logits / 1000, 0.001),
    }
    exp, largest = np.exp, lambda x: x.max(axis=1, keepdims=True)
    known = {
        "the softmax runs over the batch: the columns sum to one, and the rows should": lambda x, t: softmax(
            x / t, axis=0
        ),
        "the softmax runs over the whole array: sum each row by itself, with axis=1": lambda x, t: softmax(x / t),
        "the logits are multiplied by the temperature; divide by it, so that a low one makes the gate sure": lambda x, t: (
            softmax(x * t, axis=1)
        ),
        "the temperature plays no part in it (one that is added or subtracted falls out again): divide by it": lambda x, t: (
            softmax(x, axis=1)
        ),
        "the temperature goes inside the softmax, or the rows do not sum to one": lambda x, t: softmax(x, axis=1) / t,
        "the temperature goes inside the softmax; there it divides": lambda x, t: softmax(x, axis=1) * t,
        "only the denominator is tempered: divide the logits first": lambda x, t: (
            exp(x) / exp(x / t).sum(axis=1, keepdims=True)
        ),
        "only the numerator is tempered: divide the logits first": lambda x, t: (
            exp(x / t) / exp(x).sum(axis=1, keepdims=True)
        ),
        "the exponentials are divided by the temperature, which falls out again; divide the logits": lambda x, t: (
            _shared_out(exp(x) / t)
        ),
        "logits of a thousand overflow: subtract the largest of each row first": lambda x, t: _shared_out(exp(x / t)),
        "each row's largest is subtracted before the logits are divided: divide both by the temperature": lambda x, t: (
            _shared_out(exp(x / t - largest(x)))
        ),
        "each row needs its own largest subtracted: x.max() is that of the whole batch": lambda x, t: _shared_out(
            exp((x - x.max()) / t)
        ),
        "each row needs its own largest subtracted; axis=0 gives that of each column": lambda x, t: _shared_out(
            exp((x - x.max(axis=0)) / t)
        ),
        "each row needs its own largest subtracted; its mean is not enough": lambda x, t: _shared_out(
            exp((x - x.mean(axis=1, keepdims=True)) / t)
        ),
        "low temperatures are cut off, but any positive number is one": lambda x, t: softmax(x / max(t, 0.01), axis=1),
        "large logits are cut off; subtract the largest of each row instead": lambda x, t: _shared_out(
            exp(np.clip(x / t, -500, 500))
        ),
        "the sum of a row needs keepdims=True to divide the row": lambda x, t: exp(x / t) / exp(x / t).sum(axis=1),
        "a row's sum and its largest need keepdims=True": lambda x, t: exp((x - x.max(axis=1)) / t),
        "the sum of a row needs keepdims=True": lambda x, t: (
            exp((x - largest(x)) / t) / exp((x - largest(x)) / t).sum(axis=1)
        ),
        "the exponentials are not divided by their sum": lambda x, t: exp(x / t),
        "the exponentials are not divided by their sum, and the largest is 1": lambda x, t: exp((x - largest(x)) / t),
        "this is the logarithm of the softmax": lambda x, t: log_softmax(x / t, axis=1),
        "this chooses one expert; a softmax weighs all": lambda x, t: np.eye(x.shape[1])[x.argmax(axis=1)],
        "the temperature is squared": lambda x, t: softmax(x / t**2, axis=1),
        "divide by the temperature itself, not by its root": lambda x, t: softmax(x / t**0.5, axis=1),
        "the sign is reversed: the largest logit gets the largest weight": lambda x, t: softmax(-x / t, axis=1),
        "this is a sigmoid for each expert; the weights of a sample share out one": lambda x, t: 1 / (1 + exp(-x / t)),
        "the logits are divided by their sum, without exponentials": lambda x, t: _shared_out(x / t),
        "the temperature is cut off from below; every positive number is allowed": lambda x, t: _gate(x, max(t, 1.0)),
        "the weights are to the power of 1 / temperature, but their sum is not one any more": lambda x, t: (
            softmax(x, axis=1) ** (1 / t)
        ),
        "each row must be divided by the sum of the same exponentials: the temperature is missing below the line": (
            lambda x, t: exp((x - largest(x)) / t) / exp(x - largest(x)).sum(axis=1, keepdims=True)
        ),
        "this is the logarithm of the sum of the exponentials; return the weights": lambda x, t: np.log(
            exp(x / t).sum(axis=1)
        ),
        "this is the largest weight of each row; return all weights": lambda x, t: softmax(x / t, axis=1).max(axis=1),
        "the weights of each row are in the reverse order": lambda x, t: softmax(x / t, axis=1)[:, ::-1],
        "this is softmax twice": lambda x, t: softmax(softmax(x / t, axis=1), axis=1),
        "the softmax comes first here; divide the logits, then take the softmax": lambda x, t: softmax(
            softmax(x, axis=1) / t, axis=1
        ),
    }
    return function_mistake(answer, ("logits", "temperature"), cases, _gate, known, "the gate")
