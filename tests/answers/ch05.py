"""Answers to the exercises of chapter 05: right ones in several forms, wrong ones with a phrase of their sentence."""

import numpy as np
import pandas as pd
from scipy.special import softmax

REACH = [[1, 0, 1], [0, 1, 1], [0, 0, 1]]


def mixed(weights, *groups):
    return np.einsum("be,beu->bu", weights, np.concatenate(groups, axis=1))


def cgc(x, own, shared, kernel):
    return mixed(softmax(x @ kernel, axis=1), own, shared)


def cgc_by_loop(x, own, shared, kernel):
    found = []
    for b in range(len(x)):
        logits = x[b] @ kernel
        e = np.exp(logits - logits.max())
        w = e / e.sum()
        experts = list(own[b]) + list(shared[b])
        found.append(sum(wi * ei for wi, ei in zip(w, experts, strict=True)))
    return found


def cgc_in_two_parts(x, own, shared, kernel):
    w = softmax(x @ kernel, axis=1)
    n = own.shape[1]
    own *= w[:, :n, None]
    shared *= w[:, n:, None]
    return own.sum(1) + shared.sum(1)


def two_softmaxes(x, own, shared, kernel):
    logits, n = x @ kernel, own.shape[1]
    return mixed(softmax(logits[:, :n], axis=1), own) + mixed(softmax(logits[:, n:], axis=1), shared)


def own_doubled(x, own, shared, kernel):
    own *= 2
    return mixed(softmax(x @ kernel, axis=1), own, shared)


def split_in_halves(x, own, shared, kernel):
    w = softmax(x @ kernel, axis=1)
    return mixed(w[:, :2], own[:, :2]) + mixed(w[:, 2:], shared)


def forgotten(x, own, shared, kernel):
    cgc(x, own, shared, kernel)


RIGHT = {
    "05.1": [
        REACH,
        np.array(REACH),
        np.array(REACH, bool),
        tuple(map(tuple, REACH)),
        np.array(REACH, float),
        pd.DataFrame(REACH, index=list("abc"), columns=["a", "b", "shared"]),
        (row for row in REACH),
    ],
    "05.2": [(2, 4), [2, 4], np.array([2, 4]), (2.0, 4.0), (np.int64(2), np.int64(4)), pd.Series([2, 4])],
    "05.3": [
        cgc,
        cgc_by_loop,
        cgc_in_two_parts,
        lambda x, o, s, k: (softmax(x @ k, axis=1)[:, :, None] * np.concatenate([o, s], axis=1)).sum(axis=1),
        lambda x, o, s, k: (softmax(np.einsum("bf,fe->be", x, k), axis=-1)[:, None] @ np.hstack([o, s]))[:, 0],
        lambda x, o, s, k: cgc(np.float32(x), np.float32(o), np.float32(s), np.float32(k)),
    ],
}
WRONG = {
    "05.1": [
        (np.ones((3, 4)), "a column is a group"),
        ([[1, 1, 0, 1], [0, 0, 1, 1], [0, 0, 0, 1]], "a column is a group"),
        ("abc", "without quotation marks"),
        (np.transpose(REACH), "transposed"),
        ([[2, 0, 1], [0, 1, 1], [0, 0, 1]], "0 or 1"),
        ([[0.5, 0, 0.5], [0, 0.5, 0.5], [0, 0, 1]], "0 or 1"),
        (np.ones((3, 3)), "MMoE"),
        (np.eye(3), "sees the shared experts"),
        ([[1, 0, 1], [0, 1, 1], [1, 1, 1]], "task c has no experts"),
        ([[1, 0, 1], [0, 1, 1], [1, 0, 1]], "task c has no experts"),
        ([[1, 0, 1], [0, 1, 1], [0, 0, 0]], "that of c too"),
        ([[1, 0, 0], [0, 1, 1], [0, 0, 1]], "that of a too"),
        ([[1, 1, 1], [0, 1, 1], [0, 0, 1]], "the loss of a does not reach the experts of b"),
        ([[1, 0, 1], [1, 1, 1], [0, 0, 1]], "the loss of b does not reach the experts of a"),
        ([[0, 0, 1], [0, 1, 1], [0, 0, 1]], "its own experts"),
        ([[0, 1, 0], [1, 0, 0], [1, 1, 0]], "are swapped"),
        ([[1, 1, 0], [1, 0, 1], [1, 0, 0]], "in this order"),
        ([1, 0, 1, 0, 1, 1, 0, 0, 1], "three rows"),
        ([[1, 0, 1], [0, 1]], "holds other things"),
        ({"a": [1, 0, 1]}, "a dict"),
        ([[1, 1, 1], [1, 1, 1], [0, 0, 1]], "the loss of a does not reach the experts of b"),
        ([[1, 0, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]], "a row is a loss, and there are three: a, b and"),
        ([["1", "0", "1"], ["0", "1", "1"], ["0", "0", "1"]], None),
        ([[0, 0, 1]] * 3, "the loss of a reaches its own experts"),
        ([[2, 0, 1], [0, 1, 1], [0, 0, 1]], "the entries are 0 or 1: reached or not, however"),
        ([[3, 0, 1], [0, 2, 1], [0, 0, 1]], "the entries are 0 or 1: reached or not, however"),
        ([[1, 0], [0, 1], [0, 0]], "a column is a group of experts, and there are"),
        ([[1, 0, 1], [0, 1, 1]], "a row is a loss, and there are three: a, b and"),
    ],
    "05.2": [
        ((4, 2), "the other order"),
        ((3, 9), "4 x own + shared"),
        ((5, 7), "4 x own + shared"),
        ((1, 8), "could have more"),
        ((3, 0), "at least 5"),
        ((0, 12), "4 x own + shared"),
        ((2, 3), "are 11 experts"),
        ((8, 4), "not for all four together"),
        ((2.5, 2), "whole"),
        (2, "shape"),
        ((2, 2, 2, 2, 4), "hand in the pair"),
        ({2, 4}, "in order"),
        ({"own": 2, "shared": 4}, "in order"),
        ("2, 4", "without quotation marks"),
        ((4, -4), "less than 0"),
        ((2, 6), "are 14 experts"),
    ],
    "05.3": [
        (np.ones((5, 4)), "the function itself"),
        (lambda x, o, s, k: mixed(softmax(x @ k, axis=1), s, o), "shared experts come first"),
        (lambda x, o, s, k: mixed(softmax(x @ k, axis=0), o, s), "over the batch"),
        (lambda x, o, s, k: mixed(softmax(x @ k), o, s), "whole array"),
        (lambda x, o, s, k: mixed(x @ k, o, s), "the softmax is missing"),
        (lambda x, o, s, k: mixed(np.exp(x @ k), o, s), "not divided by their sum"),
        (two_softmaxes, "one softmax over all"),
        (lambda x, o, s, k: two_softmaxes(x, o, s, k) / 2, "one softmax over all"),
        (own_doubled, "count twice"),
        (split_in_halves, None),
        (lambda x, o, s, k: np.concatenate([o, s], axis=1).mean(axis=1), "the gate plays no part"),
        (lambda x, o, s, k: softmax(x @ k, axis=1), "gate's weights: mix"),
        (lambda x, o, s, k: x @ k, "logits"),
        (lambda x, o, s, k: softmax(x @ k, axis=1)[:, :, None] * np.concatenate([o, s], axis=1), "not summed"),
        (lambda x, o, s, k: softmax(x @ k, axis=1) @ np.concatenate([o, s], axis=1), "only its own"),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k, axis=1), np.concatenate([o, s], axis=2)),
            "wrong axis",
        ),
        (lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k, axis=1), np.concatenate([o, s])), "wrong axis"),
        (lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k, axis=1), np.vstack([o, s])), "wrong axis"),
        (
            lambda x, o, s, k: np.einsum("be,beu->be", softmax(x @ k, axis=1), np.hstack([o, s])),
            "the units are summed over",
        ),
        (
            lambda x, o, s, k: np.einsum("be,beu->u", softmax(x @ k, axis=1), np.hstack([o, s])),
            "the batch is summed over",
        ),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k, axis=1)[:, : o.shape[1]], o),
            "shared experts play no part",
        ),
        (lambda x, o, s, k: mixed(softmax((x @ k)[:, : o.shape[1]], axis=1), o), "shared experts play no part"),
        (lambda x, o, s, k: (softmax(x @ k, axis=1)[:, :, None] * np.hstack([o, s])).mean(axis=1), "take their mean"),
        (lambda x, o, s, k: np.hstack([o, s])[np.arange(len(x)), np.argmax(x @ k, axis=1)], "largest weight"),
        (lambda x, o, s, k: cgc(x, o, s, k).squeeze(), "batch of one"),
        (lambda x, o, s, k: cgc(x, o, s, k).T, "transpose"),
        (lambda x, o, s, k: mixed(softmax(x @ k.T, axis=1), o, s), "it raised ValueError"),
        (lambda x, o, s, k: mixed(1 / (1 + np.exp(-x @ k)), o, s), "sigmoid"),
        (forgotten, "`return`"),
        (lambda x, o, s, k: print(cgc(x, o, s, k)), "prints its result"),
        (lambda x, own, shared: own, "4 arguments"),
        (lambda x, kernel, own, shared: cgc(x, own, shared, kernel), "in the order"),
        (lambda x, o, s, k: softmax(x @ k, axis=1) @ np.hstack([o, s]).mean(1), None),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k, 1), np.hstack([o, s])).sum(1),
            "the experts and the units are both summed over;",
        ),
        (lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x.T @ k, axis=1), np.hstack([o, s])), None),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", x @ k / (x @ k).sum(1, keepdims=True), np.hstack([o, s])),
            "the logits are divided by their sum, without",
        ),
        (
            lambda x, o, s, k: o.sum(1) + np.einsum("be,beu->bu", softmax(x @ k, 1)[:, o.shape[1] :], s),
            "the task's own experts are not weighed: the",
        ),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", softmax(k @ x, axis=1), np.hstack([o, s])),
            "the arguments come in the order (x, own,",
        ),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k, 1), np.stack([o, s], 1)),
            "own and shared experts are stacked along a new",
        ),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k + 1, 0), np.hstack([o, s])),
            "the softmax runs over the batch; it should run",
        ),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k, 1), (o + s)),
            "own and shared experts are added; put them side",
        ),
        (
            lambda x, o, s, k: (
                np.einsum(
                    "be,beu->bu",
                    softmax(x @ k, 1),
                    np.concatenate(
                        (
                            o,
                            s,
                        ),
                        1,
                    ),
                )
                * 2
            ),
            None,
        ),
        (
            lambda x, o, s, k: (softmax(x @ k, 1) * np.hstack([o, s])).sum(1),
            "the weights need a third axis before you",
        ),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", softmax(x @ k, axis=1)[:, :4], np.hstack([o[:, :2], s[:, :2]])),
            "own and shared experts are added; put them side",
        ),
        (
            lambda x, o, s, k: np.einsum("be,beu->bu", np.maximum(x @ k, 0), np.hstack([o, s])),
            "the gate's weights are a softmax; this is a",
        ),
    ],
}
