"""The checks of chapter 05: CGC."""

import numpy as np
from scipy.special import softmax

from ple_tutorial.exercises.answers import as_array
from ple_tutorial.exercises.functions import function_mistake
from ple_tutorial.exercises.register import exercise


@exercise("05.1")
def _reach_of_a_cgc(answer):
    """Rows a, b, c (whose loss), columns a, b, shared (whose experts), for a CGC with experts a:2 b:1 shared:1."""
    right = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1]])
    matrix = as_array(answer, "the reach matrix")
    if matrix.shape == (4, 3):
        return "a row is a loss, and there are three: a, b and c; the shared experts have no loss of their own"
    if matrix.shape == (3, 4):
        return (
            "a column is a group of experts: a, b and shared, three in all; c has no experts, and a's two are one group"
        )
    if matrix.shape == (9,):
        return "hand in three rows of three numbers each, not nine numbers in a row"
    if matrix.shape == (2, 3):
        return "a row is a loss, and there are three: a, b and c, though c has no experts of its own"
    if matrix.shape == (3, 2):
        return "a column is a group of experts, and there are three: a, b and shared"
    matrix = as_array(matrix, "the reach matrix", (3, 3))
    if (matrix == right).all():
        return None
    if np.array_equal(matrix > 0, right > 0) and (matrix >= 0).all():
        return "the entries are 0 or 1: reached or not, however many experts a group has"
    if not np.isin(matrix, (0, 1)).all():
        return "the entries are 0 or 1: reached or not"
    if (matrix == right.T).all():
        return "transposed: a row is a loss, and a column a group of experts"
    if (matrix == 1 - right).all():
        return "0 and 1 are swapped: 1 where the loss reaches the group"
    if matrix.all():
        return "this is what MMoE would do; here no task sees another task's experts"
    if (matrix == np.eye(3)).all():
        return "every task's gate sees the shared experts: its loss reaches its own group and the shared one"
    if (matrix[:, 0] == right[:, 2]).all() and not (matrix[:, 2] == right[:, 2]).all():
        return "the columns are a, b, shared, in this order; yours begin with the shared ones"
    if (matrix[:, 2] == 0).any():
        row = "abc"[np.argmax(matrix[:, 2] == 0)]
        return f"every task's gate sees the shared experts, that of {row} too"
    if matrix[2, :2].any():
        return "task c has no experts of its own, and sees the shared one alone"
    if not matrix[0, 0] or not matrix[1, 1]:
        return f"the loss of {'b' if matrix[0, 0] else 'a'} reaches its own experts"
    return f"the loss of {'a' if matrix[0, 1] else 'b'} does not reach the experts of {'b' if matrix[0, 1] else 'a'}"


@exercise("05.2")
def _own_and_shared(answer):
    """(own, shared): 4 tasks, 12 experts in all, every task sees at least 5, own as many as possible."""
    pair = as_array(answer, "the pair (own, shared)")
    if pair.shape == (5,):
        return "own is one number, the same for the four tasks: hand in the pair (own, shared)"
    own, shared = as_array(pair, "the pair (own, shared)", (2,))
    if (own, shared) == (2, 4):
        return None
    if (own, shared) == (4, 2):
        return "the two numbers in the other order: own first, then shared"
    if (own, shared) == (8, 4):
        return "own is the number for one task, not for all four together"
    if not (own.is_integer() and shared.is_integer()) or min(own, shared) < 0:
        return "experts are whole, and none is less than 0"
    if own + shared == 12:
        return "each of the four tasks has experts of its own, so there are 4 x own + shared in all"
    if 4 * own + shared != 12:
        return f"4 x {own:g} own and {shared:g} shared are {4 * own + shared:g} experts, not 12"
    if own + shared < 5:
        return f"a task would see {own:g} own and {shared:g} shared, {own + shared:g} experts; it should see at least 5"
    return "that keeps to the rules, but a task could have more experts of its own"


def _mix(weights, *groups):
    return np.einsum("be,beu->bu", weights, np.concatenate(groups, axis=1))


def _cgc(x, own, shared, kernel):
    return _mix(softmax(x @ kernel, axis=1), own, shared)


def _split(x, own, kernel):
    logits = x @ kernel
    return softmax(logits[:, : own.shape[1]], axis=1), softmax(logits[:, own.shape[1] :], axis=1)


@exercise("05.3")
def _cgc_by_hand(answer):
    """A function cgc(x, own, shared, kernel) -> (batch, units): a gate over a task's own, then the shared experts."""
    rng = np.random.default_rng(0)

    def case(batch, own, shared, units=4, features=3):
        sizes = ((batch, features), (batch, own, units), (batch, shared, units), (features, own + shared))
        return tuple(rng.normal(size=size) for size in sizes)

    cases = {
        "5 samples, 2 own and 2 shared experts": case(5, 2, 2),
        "3 own experts and 1 shared one": case(5, 3, 1),
        "1 own expert and 2 shared ones": case(3, 1, 2, units=3),
        "a batch of one sample": case(1, 2, 2),
    }
    known = {
        "your shared experts come first; the gate's weights are for its own first": lambda x, own, shared, k: _mix(
            softmax(x @ k, axis=1), shared, own
        ),
        "the softmax runs over the batch; it should run over the experts": lambda x, own, shared, k: _mix(
            softmax(x @ k, axis=0), own, shared
        ),
        "the softmax runs over the whole array: sum each row by itself, with axis=1": lambda x, own, shared, k: _mix(
            softmax(x @ k), own, shared
        ),
        "the logits are used as they are: the softmax is missing": lambda x, own, shared, k: _mix(x @ k, own, shared),
        "the exponentials are not divided by their sum": lambda x, own, shared, k: _mix(np.exp(x @ k), own, shared),
        "the sum of a row of exponentials needs keepdims=True": lambda x, own, shared, k: _mix(
            np.exp(x @ k) / np.exp(x @ k).sum(axis=1), own, shared
        ),
        "own and shared experts are each mixed by a softmax of their own; it is one softmax over all": (
            lambda x, own, shared, k: _mix(np.concatenate(_split(x, own, k), axis=1), own, shared)
        ),
        "own and shared experts are each mixed by a softmax of their own, and averaged; it is one softmax over all": (
            lambda x, own, shared, k: _mix(np.concatenate(_split(x, own, k), axis=1), own, shared) / 2
        ),
        "the shared experts play no part": lambda x, own, shared, k: _mix(
            softmax(x @ k, axis=1)[:, : own.shape[1]], own
        ),
        "the task's own experts play no part": lambda x, own, shared, k: _mix(
            softmax(x @ k, axis=1)[:, own.shape[1] :], shared
        ),
        "the shared experts play no part, and the softmax runs over the own ones alone": lambda x, own, shared, k: _mix(
            _split(x, own, k)[0], own
        ),
        "the own experts play no part, and the softmax runs over the shared ones alone": lambda x, own, shared, k: _mix(
            _split(x, own, k)[1], shared
        ),
        "the gate plays no part: this is the mean of the experts": lambda x, own, shared, k: np.concatenate(
            [own, shared], axis=1
        ).mean(axis=1),
        "the gate plays no part: this is the sum of the experts": lambda x, own, shared, k: np.concatenate(
            [own, shared], axis=1
        ).sum(axis=1),
        "the weighed experts should be summed; you take their mean": lambda x, own, shared, k: (
            _cgc(x, own, shared, k) / k.shape[1]
        ),
        "the own experts count twice": lambda x, own, shared, k: _cgc(x, 2 * own, shared, k),
        "the shared experts count twice": lambda x, own, shared, k: _cgc(x, own, 2 * shared, k),
        "these are the gate's weights: mix the experts with them": lambda x, own, shared, k: softmax(x @ k, axis=1),
        "these are the gate's logits: take their softmax and mix the experts with it": lambda x, own, shared, k: x @ k,
        "each expert is weighed, but the experts are not summed": lambda x, own, shared, k: (
            softmax(x @ k, axis=1)[:, :, None] * np.concatenate([own, shared], axis=1)
        ),
        "the units are summed over; they should stay, and the experts should go": lambda x, own, shared, k: np.einsum(
            "be,beu->be", softmax(x @ k, axis=1), np.concatenate([own, shared], axis=1)
        ),
        "the batch is summed over as well: every sample has a mixture of its own": lambda x, own, shared, k: _cgc(
            x, own, shared, k
        ).sum(axis=0),
        "only the expert with the largest weight is used; weigh all of them": lambda x, own, shared, k: np.concatenate(
            [own, shared], axis=1
        )[np.arange(len(x)), (x @ k).argmax(axis=1)],
        "`@` brings every sample's weights together with every sample's experts; a sample meets only its own": (
            lambda x, own, shared, k: softmax(x @ k, axis=1) @ np.concatenate([own, shared], axis=1)
        ),
        "own and shared experts are put side by side along the wrong axis: the experts' axis is axis=1, not 0": (
            lambda x, own, shared, k: np.einsum("be,beu->bu", softmax(x @ k, axis=1), np.concatenate([own, shared]))
        ),
        "own and shared experts are put side by side along the wrong axis: the experts' axis is axis=1, not -1": (
            lambda x, own, shared, k: np.einsum(
                "be,beu->bu", softmax(x @ k, axis=1), np.concatenate([own, shared], axis=-1)
            )
        ),
        "own and shared experts are added; put them side by side": lambda x, own, shared, k: np.einsum(
            "be,beu->bu", softmax(x @ k, axis=1)[:, : own.shape[1]], own + shared
        ),
        "the logits are divided by their sum, without exponentials: that is no softmax": lambda x, own, shared, k: _mix(
            (x @ k) / (x @ k).sum(axis=1, keepdims=True), own, shared
        ),
        "the task's own experts are not weighed: the gate is over own and shared experts": lambda x, own, shared, k: (
            own.sum(axis=1) + _mix(softmax(x @ k, axis=1)[:, own.shape[1] :], shared)
        ),
        "the gate's weights are a softmax; this is a ReLU": lambda x, own, shared, k: _mix(
            np.maximum(x @ k, 0), own, shared
        ),
        "the weights need a third axis before you multiply: weights[:, :, None]": lambda x, own, shared, k: (
            softmax(x @ k, axis=1) * np.concatenate([own, shared], axis=1)
        ).sum(axis=1),
        "the experts and the units are both summed over; the units should stay": lambda x, own, shared, k: _cgc(
            x, own, shared, k
        ).sum(axis=1),
        "own and shared experts are stacked along a new axis; put them side by side along the experts' axis": (
            lambda x, own, shared, k: np.einsum("be,beu->bu", softmax(x @ k, axis=1), np.stack([own, shared], axis=1))
        ),
        "own and shared experts are added; put them side by side along the experts' axis": lambda x, own, shared, k: (
            np.einsum("be,beu->bu", softmax(x @ k, axis=1), own + shared)
        ),
        "the gate has a softmax only; nothing else is done to its weights": lambda x, own, shared, k: _mix(
            softmax(softmax(x @ k, axis=1), axis=1), own, shared
        ),
        "this is a sigmoid for each expert; the gate's weights share out one": lambda x, own, shared, k: _mix(
            1 / (1 + np.exp(-(x @ k))), own, shared
        ),
        "a squeeze without an axis takes the batch axis away from a batch of one": lambda *a: _cgc(*a).squeeze(),
        "the logits are x @ kernel, without a root of the number of features": lambda x, own, shared, k: _cgc(
            x, own, shared, k / x.shape[1] ** 0.5
        ),
        "the result is (units, batch): transpose it": lambda *a: _cgc(*a).T,
    }
    return function_mistake(answer, ("x", "own", "shared", "kernel"), cases, _cgc, known, "what leaves the gate")
