"""The checks of chapter 05: CGC."""

import numpy as np
from scipy.special import softmax

from ple_tutorial.exercises.answers import array_wrong
from ple_tutorial.exercises.register import exercise


@exercise("05.1")
def _reach_of_a_cgc(answer):
    """Rows a, b, c (whose loss), columns a, b, shared (whose experts), for a CGC with experts a:2 b:1 shared:1."""
    right = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1]])
    wrong = array_wrong(answer, (3, 3), "the reach matrix")
    if wrong:
        return wrong
    came = np.asarray(answer, float)
    if not np.isin(came, (0, 1)).all():
        return "the entries are 0 or 1: reached or not, however many experts a group has"
    if (came == right).all():
        return None
    if (came == right.T).all():
        return "transposed: a row is a loss, and a column a group of experts"
    if came.all():
        return "this is what MMoE would do; here no task sees another task's experts"
    if (came[:, 2] == 0).any():
        return "every task's gate sees the shared experts"
    if came[2, :2].any():
        return "task c has no experts of its own, and sees the shared one alone"
    return "a task's loss reaches its own experts and the shared ones, and no others"


@exercise("05.2")
def _own_and_shared(answer):
    """(own, shared): 4 tasks, 12 experts in all, every task sees at least 5, own as many as possible."""
    wrong = array_wrong(answer, (2,), "the pair (own, shared)")
    if wrong:
        return wrong
    own, shared = (float(n) for n in answer)
    if (own, shared) == (2, 4):
        return None
    if (own, shared) == (4, 2):
        return "the two numbers in the other order: own first, then shared"
    if own + shared == 12:
        return "each of the four tasks has experts of its own, so there are 4 x own + shared in all"
    if 4 * own + shared != 12:
        return f"4 x {own:g} own and {shared:g} shared are {4 * own + shared:g} experts, not 12"
    if own + shared < 5:
        return f"a task would see {own:g} own and {shared:g} shared, {own + shared:g} experts; it should see at least 5"
    return "that keeps to the rules, but a task could have more experts of its own"


@exercise("05.3")
def _cgc_by_hand(answer):
    """A function cgc(x, own, shared, kernel) -> (batch, units): a gate over a task's own, then the shared experts."""
    if not callable(answer):
        return "hand in the function itself, not what it returns"
    rng = np.random.default_rng(0)
    x, own, shared, kernel = (rng.normal(size=size) for size in ((5, 3), (5, 2, 4), (5, 2, 4), (3, 4)))
    came = np.asarray(answer(x, own, shared, kernel))
    wrong = array_wrong(came, (5, 4), "what leaves the gate")
    if wrong:
        return wrong
    logits, seen, turned = x @ kernel, np.concatenate([own, shared], axis=1), np.concatenate([shared, own], axis=1)
    said = {
        "your shared experts come first; the gate's weights are for its own first": (softmax(logits, axis=1), turned),
        "the softmax runs over the batch; it should run over the experts": (softmax(logits, axis=0), seen),
        "the logits are used as they are: the softmax is missing": (logits, seen),
        "the exponentials are not divided by their sum": (np.exp(logits), seen),
        "own and shared experts are each mixed by a softmax of their own; it is one softmax over all": (
            np.concatenate([softmax(logits[:, :2], axis=1), softmax(logits[:, 2:], axis=1)], axis=1),
            seen,
        ),
    }
    for sentence, (weights, outputs) in said.items():
        if np.allclose(came, np.einsum("be,beu->bu", weights, outputs)):
            return sentence
    if not np.allclose(came, np.einsum("be,beu->bu", softmax(logits, axis=1), seen)):
        return "the shape is right, but the numbers are not: softmax(x @ kernel) weighs own, then shared experts"
    one = np.shape(answer(x[:1], own[:1], shared[:1], kernel))
    return None if one == (1, 4) else f"a batch of one sample should give the shape (1, 4), but it gives {one}"
