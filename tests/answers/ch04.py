"""Answers to the exercises of chapter 04: right ones in several forms, wrong ones with a phrase of their sentence."""

import numpy as np
from scipy.special import log_softmax, softmax


def mix_by_loop(weights, outputs):
    found = np.zeros((outputs.shape[0], outputs.shape[2]))
    for b in range(outputs.shape[0]):
        for e in range(outputs.shape[1]):
            found[b] += weights[b, e] * outputs[b, e]
    return found


def mix_in_place(weights, outputs):
    outputs *= weights[:, :, None]
    return outputs.sum(1)


def mix_of_lists(weights, outputs):
    return [
        [sum(w * u for w, u in zip(ws, us, strict=True)) for us in zip(*os, strict=True)]
        for ws, os in zip(weights, outputs, strict=True)
    ]


def normalised_in_place(weights, outputs):
    weights /= weights.sum(axis=0)
    return np.einsum("be,beu->bu", weights, outputs)


def forgotten(weights, outputs):
    found = np.einsum("be,beu->bu", weights, outputs)
    found = found.copy()


def tempered(logits, temperature):
    scaled = (logits - logits.max(axis=1, keepdims=True)) / temperature
    exponentials = np.exp(scaled)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def tempered_in_place(logits, temperature):
    logits /= temperature
    logits -= logits.max(1)[:, None]
    np.exp(logits, out=logits)
    logits /= logits.sum(1)[:, None]
    return logits


def tempered_by_rows(logits, temperature):
    rows = []
    for row in logits:
        e = np.exp((row - max(row)) / temperature)
        rows.append(e / e.sum())
    return np.stack(rows)


def unsafe(logits, temperature):
    exponentials = np.exp(logits / temperature)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def no_keepdims(logits, temperature):
    e = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return e / e.sum(axis=1)


def shared_out(e):
    return e / e.sum(axis=1, keepdims=True)


def whole_maximum(logits, temperature):
    scaled = logits / temperature
    e = np.exp(scaled - scaled.max())
    return e / e.sum(axis=1, keepdims=True)


def late_division(logits, temperature):
    return shared_out(np.exp(logits / temperature - logits.max(1, keepdims=True)))


def float32_mix(weights, outputs):
    return np.einsum("be,beu->bu", np.float32(weights), np.float32(outputs))


RIGHT = {
    "04.1": [
        lambda w, o: np.einsum("be,beu->bu", w, o),
        lambda w, o: (w[:, :, None] * o).sum(axis=1),
        lambda w, o: (w[:, None, :] @ o)[:, 0],
        lambda w, o: np.matmul(np.swapaxes(o, 1, 2), w[..., None])[..., 0],
        lambda w, o: np.stack([w[b] @ o[b] for b in range(len(w))]),
        mix_by_loop,
        mix_in_place,
        mix_of_lists,
        float32_mix,
        lambda weights, outputs, axis=1: (np.expand_dims(weights, -1) * outputs).sum(axis),
        lambda w, o: np.average(o, axis=1, weights=np.broadcast_to(w[:, :, None], o.shape)),
        lambda w, o: np.einsum("...e,...eu", w, o),
    ],
    "04.2": [14_818, 14_818.0, np.int64(14_818), np.array(14_818), np.float32(14_818), 12_928 + 1_600 + 290],
    "04.3": [
        lambda logits, temperature: softmax(logits / temperature, axis=1),
        lambda logits, temperature: softmax(logits / temperature, axis=-1),
        tempered,
        tempered_in_place,
        tempered_by_rows,
        lambda x, t: np.exp(log_softmax(x / t, axis=1)),
        lambda x, t: np.apply_along_axis(softmax, 1, x / t),
        lambda x, t: softmax(np.float32(x) / t, axis=1),
        lambda x, t: 1 / np.exp((x[:, None, :] - x[:, :, None]) / t).sum(-1),
    ],
}
WRONG = {
    "04.1": [
        ("be,beu->bu", "the function itself"),
        (np.ones((5, 3)), "the function itself"),
        ((mix_by_loop,), "look for a comma"),
        (lambda w, o: w[:, :, None] * o, "not summed"),
        (lambda w, o: np.einsum("be,beu->beu", w, o), "not summed"),
        (lambda w, o: np.einsum("be,beu->be", w, o), "the units are summed over"),
        (lambda w, o: np.einsum("be,beu->u", w, o), "the batch is summed over"),
        (lambda w, o: np.einsum("be,beu->eu", w, o), "the batch is summed over"),
        (lambda w, o: np.einsum("be,beu->b", w, o), "units should stay"),
        (lambda w, o: np.sum(w[:, :, None] * o), "one number"),
        (lambda w, o: np.einsum("be,beu->ub", w, o), "transpose"),
        (lambda w, o: o.mean(axis=1), "no part"),
        (lambda w, o: o.sum(axis=1), "no part"),
        (lambda w, o: (w[:, :, None] * o).mean(axis=1), "take their mean"),
        (lambda w, o: np.einsum("be,beu->bu", w[:, ::-1], o), "reverse order"),
        (lambda w, o: (w[:, :, None] * o).sum(axis=1).squeeze(), "batch of one"),
        (lambda w, o: (w[:, :, None] * o).sum(axis=1, keepdims=True), "keepdims"),
        (lambda w, o: w @ o, "a sample meets only its own"),
        (lambda w, o: np.dot(w, o), "a sample meets only its own"),
        (lambda w, o: np.matmul(w, o), "a sample meets only its own"),
        (lambda w, o: (w * o).sum(1), "third axis"),
        (lambda w, o: np.sum(w * o, axis=1), "third axis"),
        (lambda w, o: (w[:, :, None] * o).sum(axis=2), "the units are summed over"),
        (lambda w, o: (w[:, :, None] * o).sum(axis=0), "the batch is summed over"),
        (lambda w, o: (w[:, :, None] * o).sum(axis=-1), "the units are summed over"),
        (lambda w, o: (w[:, None] * o).sum(1), "third axis"),
        (lambda w, o: o[np.arange(len(o)), np.argmax(w, axis=1)], "largest weight"),
        (lambda w, o: np.einsum("be,beu->bu", softmax(w, axis=1), o), "no second softmax"),
        (lambda w, o: (w[:, :, None] * o).max(axis=1), "not the maximum"),
        (normalised_in_place, "over the batch"),
        (forgotten, "`return`"),
        (lambda w, o: print(np.einsum("be,beu->bu", w, o)), "prints its result"),
        (lambda w: w.sum(axis=1), "2 arguments"),
        (lambda outputs, weights: (weights[:, :, None] * outputs).sum(axis=1), "in the order"),
        (lambda w, o: np.einsum("be,bue->bu", w, o), "it raised ValueError"),
        (lambda w, o: "be,beu->bu", "text"),
        (lambda w, o: w[0] @ o, "weights of the first sample"),
        (lambda w, o: np.sum(w[..., None] * o), "everything is summed to one number; only the"),
        (lambda w, o: np.tensordot(w, o, axes=(1, 1)), "np.dot brings every sample's weights together"),
        (lambda w, o: np.einsum("be,beu", w, o), "the batch is summed over as well: every sample"),
        (lambda w, o: np.einsum("ij,ijk->ijk", w, o).sum(-1), "the units are summed over; they should stay,"),
        (lambda w, o: np.average(o, axis=1), "the weights play no part in it: this is the"),
        (lambda w, o: np.average(o, axis=0, weights=w), None),
        (lambda w, o: w.T @ o, None),
        (lambda w, o: (w[:, :, None] + o).sum(1), "multiply each expert by its weight; you add"),
        (lambda w, o: (w.reshape(5, 4, 1) * o).sum(1), None),
        (
            lambda w, o: sum(w[:, e] * o[:, e] for e in range(w.shape[1])),
            "a column of weights is needed to multiply rows",
        ),
        (lambda w, o: (w[:, :, None] * o)[:, 0], "only the first expert is used; weigh all of"),
        (lambda w, o: np.einsum("be,beu->bu", w, o) / w.sum(), None),
        (lambda w, o: np.einsum("be,beu->bu", w.round(), o), "the weights are rounded: use them as they are"),
        (lambda w, o: np.median(w[:, :, None] * o, axis=1), "take the sum over the experts, not the median"),
    ],
    "04.2": [
        ("many", "without quotation marks"),
        ("14818", "without quotation marks"),
        (13_218, "forgot the gates"),
        (14_018, "two gates"),
        (14_834, "have none"),
        (14_690, "biases of the experts"),
        (14_800, "the biases of the towers, or their last layer"),
        (14_802, "hidden layers"),
        (14_816, "outputs"),
        (14_672, "all the biases"),
        (14_673, "two towers"),
        (14_528, "the towers"),
        (12_928, "gates and the towers"),
        (13_056, "MMoE paper"),
        (16_610, "side by side"),
        (27_746, "count once"),
        (1_890, "forgot the experts"),
        (14_817, "one too few"),
        (14_819, "one too many"),
        (1, None),
        (3_506, "there are eight"),
        (np.array([14_818, 0]), "one number"),
        (lambda: 14_818, "call it"),
    ],
    "04.3": [
        (np.ones((5, 3)), "the function itself"),
        (lambda x, t: softmax(x / t, axis=0), "over the batch"),
        (lambda x, t: softmax(x / t), "whole array"),
        (lambda x, t: softmax(x * t, axis=1), "multiplied"),
        (lambda x, t: softmax(x / max(t, 0.01), axis=1), "low temperatures are cut off"),
        (lambda x, t: softmax(x, axis=1), "no part"),
        (lambda x, t: softmax(x, axis=1) / t, "inside the softmax"),
        (lambda x, t: shared_out(np.exp(x) / t), "falls out"),
        (lambda x, t: np.exp(x / t), "not divided by their sum"),
        (lambda x, t: softmax(x / t**2, axis=1), "squared"),
        (lambda x, t: softmax(x / t, axis=1)[0], "shape (5, 3)"),
        (unsafe, "overflow"),
        (late_division, "before the logits are divided"),
        (whole_maximum, "the whole batch"),
        (no_keepdims, "keepdims"),
        (lambda x, t: np.exp(x / t) / np.exp(x / t).sum(axis=1), "keepdims"),
        (lambda x, t: np.exp(x / t) / np.exp(x / t).sum(), "whole array"),
        (lambda x, t: np.exp((x - x.max()) / t) / np.exp((x - x.max()) / t).sum(), "whole array"),
        (lambda x, t: shared_out(np.exp((x - x.max(axis=0)) / t)), "that of each column"),
        (lambda x, t: shared_out(np.exp((x - x.mean(axis=1, keepdims=True)) / t)), "mean is not enough"),
        (lambda x, t: shared_out(np.exp(np.clip(x / t, -500, 500))), "cut off"),
        (lambda x, t: shared_out(np.exp(np.minimum(x / t, 700))), None),
        (lambda x, t: log_softmax(x / t, axis=1), "logarithm"),
        (lambda x, t: np.eye(x.shape[1])[np.argmax(x, axis=1)], "chooses one"),
        (lambda x, t: softmax(x - t, axis=1), "no part"),
        (lambda x, t: 1 / (1 + np.exp(-x / t)), "sigmoid"),
        (lambda x, t: softmax(-x / t, axis=1), "sign"),
        (lambda x, t: (x / t) / (x / t).sum(axis=1, keepdims=True), "without exponentials"),
        (lambda x, t: np.nan_to_num(unsafe(x, t)), None),
        (lambda x: softmax(x, axis=1), "2 arguments"),
        (lambda temperature, logits: softmax(logits / temperature, axis=1), "in the order"),
        (lambda x, t: print(softmax(x / t, axis=1)), "prints its result"),
        (lambda x, t: 1 / 0, "ZeroDivisionError"),
        (lambda x, t: softmax(x / t, axis=1).round(), None),
        (lambda x, t: exec("raise SystemExit(0)"), "must not call exit"),
        (lambda x, t: softmax(x / t, axis=1).T, None),
        (lambda x, t: np.exp(x / t) / sum(np.exp(x / t)), "the softmax runs over the batch: the columns"),
        (lambda x, t: softmax(x ** (1 / t), axis=1), None),
        (lambda x, t: softmax(x, axis=1) ** (1 / t), "the weights are to the power of 1 /"),
        (lambda x, t: softmax(x / (t + 1e-3), axis=1), None),
        (lambda x, t: softmax(np.clip(x, -50, 50) / t, axis=1), "large logits are cut off; subtract"),
        (lambda x, t: softmax(x / t, axis=1).max(axis=1), "this is the largest weight of each row; return"),
        (
            lambda x, t: (
                np.exp((x - x.max(1, keepdims=True)) / t) / np.exp(x - x.max(1, keepdims=True)).sum(1, keepdims=True)
            ),
            "each row must be divided by the sum of the same",
        ),
        (lambda x, t: softmax(x / np.log(t), axis=1), None),
        (lambda x, t: softmax(np.divide(t, x), axis=1), "the arguments come in the order (logits,"),
        (lambda x, t: softmax(x / t, axis=1)[:, ::-1], "the weights of each row are in the reverse"),
        (lambda x, t: softmax((x - x.mean()) / t / x.std(), axis=1), None),
        (lambda x, t: softmax(x / 1.0, axis=1), "the temperature plays no part in it (one that"),
        (lambda x, t: softmax(x / t, axis=2), None),
        (lambda x, t: np.log(np.exp(x / t).sum(1)), "this is the logarithm of the sum of the"),
    ],
}
