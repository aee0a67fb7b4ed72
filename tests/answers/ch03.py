"""Answers to the exercises of chapter 03: right ones in several forms, wrong ones with a phrase of their sentence."""

import numpy as np
from scipy.optimize import minimize, minimize_scalar


def loss_by_where(labels, predictions, mask):
    errors = np.where(mask, labels - predictions, 0.0)
    return np.sum(errors**2) / max(mask.sum(), 1)


def loss_by_loop(labels, predictions, mask):
    total, count = 0.0, 0
    for y, p, inside in zip(labels, predictions, mask, strict=True):
        if inside:
            total += (y - p) ** 2
            count += 1
    return total / count if count else 0


def loss_in_place(labels, predictions, mask):
    labels[~mask] = 0
    predictions[~mask] = 0
    labels -= predictions
    labels **= 2
    return labels.sum() / max(1, mask.sum())


def loss_by_sklearn(labels, predictions, mask):
    from sklearn.metrics import mean_squared_error

    if not mask.any():
        return 0.0
    return mean_squared_error(labels[mask], predictions[mask])


def clip_formula(g_a, g_b):
    apart = np.sum((g_a - g_b) ** 2)
    return np.clip((g_b - g_a) @ g_b / apart, 0, 1) if apart > 0 else 0.5


def least_by_scipy(g_a, g_b):
    return minimize_scalar(lambda w: np.sum((w * g_a + (1 - w) * g_b) ** 2), bounds=(0, 1), method="bounded").x


def least_by_minimize(g_a, g_b):
    return minimize(lambda w: np.sum((w * g_a + (1 - w) * g_b) ** 2), [0.5], bounds=[(0, 1)]).x


def least_by_fine_grid(g_a, g_b):
    w = np.linspace(0, 1, 100_001)[:, None]
    return w[((w * g_a + (1 - w) * g_b) ** 2).sum(axis=1).argmin(), 0]


def mgda(g_a, g_b):
    aa, ab, bb = g_a @ g_a, g_a @ g_b, g_b @ g_b
    if ab >= aa:
        return 1.0
    if ab >= bb:
        return 0.0
    return (bb - ab) / (aa + bb - 2 * ab)


def nan_to_num(g_a, g_b):
    return np.nan_to_num(np.clip((g_b - g_a) @ g_b / np.sum((g_a - g_b) ** 2), 0, 1))


def coarse(points):
    def search(g_a, g_b):
        return min(np.linspace(0, 1, points), key=lambda w: np.linalg.norm(w * g_a + (1 - w) * g_b))

    return search


def unclipped(g_a, g_b):
    return (g_b - g_a) @ g_b / ((g_a - g_b) @ (g_a - g_b))


def equal_gives_nan(g_a, g_b):
    return np.clip((g_b - g_a) @ g_b / np.sum((g_a - g_b) ** 2), 0, 1)


def equal_raises(g_a, g_b):
    return min(max(float((g_b - g_a) @ g_b) / float(np.sum((g_a - g_b) ** 2)), 0), 1)


def forgotten(g_a, g_b):
    w = clip_formula(g_a, g_b)
    w = float(w)


RIGHT = {
    "03.1": [
        lambda labels, predictions, mask: np.mean((labels - predictions)[mask] ** 2) if mask.any() else 0.0,
        loss_by_where,
        loss_by_loop,
        loss_in_place,
        loss_by_sklearn,
        lambda y, p, m: np.nan_to_num(np.mean((y[m] - p[m]) ** 2)),
        lambda y, p, m: ((y[m] - p[m]) ** 2).sum() / (m.sum() + 1e-12),
        lambda y, p, m: np.array([np.nanmean(np.where(m, (y - p) ** 2, np.nan))]) if m.sum() else 0,
        lambda y, p, m: np.nan_to_num(np.ma.masked_array((y - p) ** 2, ~m).mean().item() if m.any() else 0),
        lambda y, p, m: float(np.square(y[m] - p[m]).sum() / max(1, int(m.sum()))),
    ],
    "03.2": [
        lambda a, b: min(a[1], b[1]) < 0 < max(a[0], b[0]),
        lambda a, b: (a[0] > 0 and b[1] < 0) or (b[0] > 0 and a[1] < 0),
        lambda a, b: bool(a[0] > 0 > b[1]) | bool(b[0] > 0 > a[1]),
        lambda a, b: np.sign(a[0]) == np.sign(a[1]) != np.sign(b[0]) == np.sign(b[1]) and np.prod(a) > 0,
        lambda a, b: int((a[0] > 0 and b[1] < 0) or (b[0] > 0 and a[1] < 0)),
        lambda a, b: np.array((a[0] > 0 and b[1] < 0) or (b[0] > 0 and a[1] < 0)),
        lambda a, b: (a[0] > 0) * (b[1] < 0) + (b[0] > 0) * (a[1] < 0),
        lambda a, b: max(a[0], b[0]) > 0 and min(a[1], b[1]) < 0,
    ],
    "03.3": [
        clip_formula,
        least_by_scipy,
        least_by_minimize,
        least_by_fine_grid,
        mgda,
        nan_to_num,
        lambda a, b: 0.5 if np.linalg.norm(a) == np.linalg.norm(b) else np.clip(unclipped(a, b), 0, 1),
        lambda a, b: 0.0 if np.array_equal(a, b) else float(np.clip(unclipped(a, b), 0, 1)),
        lambda a, b: np.clip((b @ b - a @ b) / (a @ a - 2 * (a @ b) + b @ b + 1e-12), 0, 1),
    ],
}
WRONG = {
    "03.1": [
        (lambda y, p, m: np.sum((y - p) ** 2 * m) / m.sum(), "NaN times zero"),
        (lambda y, p, m: np.sum((y - p) ** 2 * m) / max(m.sum(), 1), "NaN times zero"),
        (lambda y, p, m: np.sum(((y - p) * m) ** 2) / np.maximum(np.sum(m), 1), "NaN times zero"),
        (lambda y, p, m: np.mean(((y - p) * m) ** 2), "NaN times zero"),
        (lambda y, p, m: np.sum((y - p)[m] ** 2) / len(y), "mean over the batch"),
        (lambda y, p, m: np.mean(np.where(m, (y - p) ** 2, 0)), "mean over the batch"),
        (lambda y, p, m: np.sum((y - p)[m] ** 2), "this is the sum"),
        (lambda y, p, m: np.abs(y - p)[m].mean() if m.any() else 0, "absolute"),
        (lambda y, p, m: np.mean((y - p)[m]) if m.any() else 0, "square them"),
        (lambda y, p, m: np.sqrt(np.mean((y - p)[m] ** 2)) if m.any() else 0, "the root"),
        (lambda y, p, m: np.mean((y - p)[m] ** 2) if m.any() else 1.0, "should count 0"),
        (lambda y, p, m: np.mean((y - p)[m] ** 2), "0 / 0"),
        (lambda y, p, m: np.sum((y - p)[m] ** 2) / m.sum(), "0 / 0"),
        (lambda y, p, m: np.mean((y - p)[m] ** 2) if m.any() else None, "`return`"),
        (lambda y, p, m: np.nanmean((y - p) ** 2), "the mask plays no part"),
        (lambda y, p, m: np.mean((y - p) ** 2), "the mask plays no part"),
        (lambda y, p, m: np.mean((np.nan_to_num(y) - p) ** 2), "not 0"),
        (lambda y, p, m: np.mean((y - p)[~m] ** 2) if (~m).any() else 0.0, "outside the sample space"),
        (lambda y, p, m: np.mean((y - p)[m] ** 2) / 2 if m.any() else 0, "half"),
        (lambda y, p, m: np.median((y - p)[m] ** 2) if m.any() else 0, "median"),
        (lambda y, p, m: (y[m] - p[m]) ** 2, "for each sample"),
        (lambda y, p: np.mean((y - p) ** 2), "3 arguments"),
        (lambda m, y, p: loss_by_loop(y, p, m), "in the order"),
        (lambda y, p, m: print(loss_by_loop(y, p, m)), "prints its result"),
        (2.5, "the function itself"),
        (lambda y, p, m: sum((a - b) ** 2 for a, b, inside in zip(y, p, m, strict=True) if inside) / sum(m), "0 / 0"),
        (
            lambda y, p, m: np.mean(((y - p) ** 2)[m]) + 0 if m.sum() > 0 else float("nan"),
            "a batch without a sample of the task should",
        ),
        (
            lambda y, p, m: ((y[m] - p[m]) ** 2).sum() / max(len(m), 1),
            "this is the mean over the batch; divide by the",
        ),
        (lambda y, p, m: np.mean((y[m] - p) ** 2), "the predictions need the mask as well as the"),
        (lambda y, p, m: np.mean((y - p)[m is True] ** 2), None),
        (
            lambda y, p, m: (np.nan_to_num(y - p) ** 2).sum() / max(m.sum(), 1),
            "labels outside the sample space count in the",
        ),
        (
            lambda y, p, m: np.mean((np.nan_to_num(y) * m - p * m) ** 2),
            "this is the mean over the batch; divide by the",
        ),
        (
            lambda y, p, m: np.sum((y[m] - p[m]) ** 2) / (m.sum() + 1),
            "divide by the number of samples inside, without",
        ),
        (lambda y, p, m: np.sum((y[m] - p[m]) ** 2) / (m.sum() + 1e-3), None),
        (lambda y, p, m: np.var((y - p)[m]) if m.any() else 0, "this is the variance of the differences; do not"),
        (lambda y, p, m: np.dot(m, (y - p) ** 2) / m.sum(), "a label outside the sample space may be"),
        (lambda y, p, m: ((y - p)[m] ** 2).max() if m.any() else 0, "this is the largest square; take the mean"),
    ],
    "03.2": [
        (lambda a, b: a[0] >= 0 >= b[1] or b[0] >= 0 >= a[1], "ends at zero contains zero"),
        (lambda a, b: (a[0] > 0 and b[1] <= 0) or (b[0] > 0 and a[1] <= 0), "ends at zero contains zero"),
        (lambda a, b: sum(a) * sum(b) < 0, "contains zero"),
        (lambda a, b: (np.mean(a) > 0) != (np.mean(b) > 0), "contains zero"),
        (lambda a, b: a[1] < 0 or b[1] < 0, "not enough that one task loses"),
        (lambda a, b: a[0] > 0 or b[0] > 0, "not enough that one task gains"),
        (lambda a, b: a[0] > 0 > b[1], "which of the two tasks"),
        (lambda a, b: a[0] > 0 and b[1] < 0, "which of the two tasks"),
        (lambda a, b: b[0] > 0 and a[1] < 0, "which of the two tasks"),
        (lambda a, b: not (a[0] < 0 < a[1] or b[0] < 0 < b[1]), "the signs must differ"),
        (lambda a, b: a[0] * a[1] > 0 and b[0] * b[1] > 0, "the signs must differ"),
        (lambda a, b: (a[0] > 0) != (b[0] > 0), "both ends"),
        (lambda a, b: a[0] * b[0] < 0, "both ends"),
        (lambda a, b: a[1] * b[1] < 0, "both ends"),
        (lambda a, b: a[1] < b[0] or b[1] < a[0], "do not overlap"),
        (lambda a, b: max(a[0], b[0]) > min(a[1], b[1]), "do not overlap"),
        (lambda a, b: (a[0] > 0 and b[0] < 0) or (b[0] > 0 and a[0] < 0), "both ends"),
        (lambda a, b: a[1] < 0 and b[1] < 0, "negative transfer"),
        (lambda a, b: a[0] > 0 and b[0] > 0, None),
        (lambda a, b: (a[1] > 0 and b[0] < 0) or (b[1] > 0 and a[0] < 0), "ends are swapped"),
        (lambda a, b: not ((a[0] > 0 > b[1]) or (b[0] > 0 > a[1])), "no seesaw"),
        (lambda a, b: True, "always returns True"),
        (lambda a, b: a > b, None),
        (lambda a, b: "yes" if a[0] > 0 > b[1] or b[0] > 0 > a[1] else "no", "text"),
        (lambda a, b: print(a[0] > 0 > b[1]), "prints its result"),
        (lambda a: a[0] > 0, "2 arguments"),
        (lambda a, b: None, "`return`"),
        (True, "the function itself"),
        (lambda a, b: a.low > 0 > b.high, "AttributeError"),
        (lambda a, b: a[0] < 0 < b[0] or b[0] < 0 < a[0], "look at both ends: the lower ends alone do not"),
        (lambda a, b: a[0] < 0 and b[0] < 0, "for (0.01, 0.03) and (-0.04, -0.02) the answer"),
        (lambda a, b: (a[0] > 0) ^ (b[1] < 0), "for (0.01, 0.03) and (-0.04, -0.02) the answer"),
        (lambda a, b: a[0] > 0 and b[0] < 0, "for (-0.04, -0.02) and (0.01, 0.03) the answer"),
        (lambda a, b: a[1] > 0 and b[0] < 0, "for (-0.04, -0.02) and (0.01, 0.03) the answer"),
        (lambda a, b: min(a) * min(b) < 0, "look at both ends: the lower ends alone do not"),
        (
            lambda a, b: np.sign(a).sum() + np.sign(b).sum() == 0,
            "for (-0.02, 0.01) and (-0.01, 0.03) the answer",
        ),
        (lambda a, b: np.allclose(a, b), "it always returns False"),
        (
            lambda a, b: (a[0] > 0 or a[1] < 0) and (b[0] > 0 or b[1] < 0),
            "intervals that exclude zero are not enough: the",
        ),
        (lambda a, b: a[0] > b[1], "for (-0.04, -0.02) and (0.01, 0.03) the answer"),
        (lambda a, b: abs(a[0]) > 0, "it always returns True"),
        (lambda a, b: not (a[0] > 0 and b[0] > 0), "for (-0.01, 0.03) and (-0.04, -0.02) the answer"),
    ],
    "03.3": [
        (unclipped, "clip it"),
        (lambda g_a, g_b: min(unclipped(g_a, g_b), 1.0), "on both sides"),
        (lambda g_a, g_b: max(unclipped(g_a, g_b), 0.0), "on both sides"),
        (lambda g_a, g_b: 1 - clip_formula(g_a, g_b), "this is the weight of b"),
        (lambda g_a, g_b: np.clip((g_a - g_b) @ g_a / np.sum((g_a - g_b) ** 2), 0, 1), "this is the weight of b"),
        (lambda g_a, g_b: 0.5, "one half"),
        (lambda g_a, g_b: np.clip((g_b - g_a) @ g_b / np.linalg.norm(g_a - g_b), 0, 1), "squared length"),
        (lambda g_a, g_b: np.clip((g_b - g_a) @ g_b, 0, 1), "squared length"),
        (lambda g_a, g_b: np.clip((g_a - g_b) @ g_b / np.sum((g_a - g_b) ** 2), 0, 1), "sign of the numerator"),
        (lambda g_a, g_b: np.clip((g_b - g_a) @ g_b / np.sum((g_a + g_b) ** 2), 0, 1), "that of the sum"),
        (lambda g_a, g_b: g_b @ g_b / (g_a @ g_a + g_b @ g_b), "the angle counts"),
        (lambda g_a, g_b: np.linalg.norm(g_b) / (np.linalg.norm(g_a) + np.linalg.norm(g_b)), "the angle counts"),
        (lambda g_a, g_b: np.linalg.norm(g_a) / (np.linalg.norm(g_a) + np.linalg.norm(g_b)), "the angle counts"),
        (lambda g_a, g_b: 1.0 if np.linalg.norm(g_a) < np.linalg.norm(g_b) else 0.0, "shorter of the two"),
        (lambda g_a, g_b: g_a @ g_b / np.linalg.norm(g_a) / np.linalg.norm(g_b), "cosine"),
        (coarse(11), "eleven"),
        (coarse(21), "21"),
        (coarse(101), "101"),
        (coarse(1001), "1001"),
        (coarse(51), None),
        (equal_gives_nan, "equal gradients"),
        (equal_raises, "equal gradients"),
        (forgotten, "`return`"),
        (lambda g_a, g_b: print(clip_formula(g_a, g_b)), "prints its result"),
        (lambda g_a, g_b: clip_formula(g_a, g_b) * g_a + (1 - clip_formula(g_a, g_b)) * g_b, "return the weight"),
        (
            lambda g_a, g_b: np.linalg.norm(clip_formula(g_a, g_b) * g_a + (1 - clip_formula(g_a, g_b)) * g_b),
            "return the weight",
        ),
        (lambda g_a: 0.5, "2 arguments"),
        (lambda g_b, g_a: clip_formula(g_a, g_b), "this is the weight of b"),
        (lambda g_a, g_b: clip_formula(g_a / np.linalg.norm(g_a), g_b / np.linalg.norm(g_b)), "equally long"),
        (0.5, "the function itself"),
        (
            lambda g_a, g_b: minimize_scalar(lambda w: np.sum((w * g_a + (1 - w) * g_b) ** 2)).x,
            "clip it",
        ),
        (lambda a, b: np.clip(unclipped(a, b), 0.0, 0.99), None),
        (lambda a, b: abs(unclipped(a, b)), "a weight below 0 must become 0, not lose its"),
        (lambda a, b: np.clip(b @ b / ((a - b) @ (a - b)), 0, 1), "the numerator is (g_b - g_a) @ g_b; the part"),
        (
            lambda a, b: np.clip((a @ b - b @ b) / ((a - b) @ (a - b)), 0, 1),
            "the sign of the numerator is reversed",
        ),
        (
            lambda a, b: np.clip((b - a) @ b / ((a - b) @ (a - b)), 0, 1).round(1),
            "the weight is rounded to 1 decimals: return it",
        ),
        (lambda a, b: np.clip(0.5 * unclipped(a, b), 0, 1), None),
        (lambda a, b: unclipped(a, b) % 1, None),
        (
            lambda a, b: 1 / (1 + np.linalg.norm(a) / np.linalg.norm(b)),
            "the lengths alone are not enough: the angle",
        ),
        (lambda a, b: np.clip((b - a) * b / (a - b) ** 2, 0, 1), "this takes each coordinate by itself; the"),
        (lambda a, b: np.clip(2 * unclipped(a, b), 0, 1), None),
        (lambda a, b: np.clip((a - b) @ a / ((a - b) @ (a - b)), 0, 1), "this is the weight of b; w is that of a"),
        (lambda a, b: 0 if unclipped(a, b) < 0.5 else 1, None),
        (
            lambda a, b: np.linalg.norm(a) ** 2 / (np.linalg.norm(a) ** 2 + np.linalg.norm(b) ** 2),
            "the angle counts as well, and the shorter",
        ),
        (
            lambda a, b: np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)),
            "this is the angle between the gradients, not",
        ),
        (lambda a, b: np.tanh(unclipped(a, b)), None),
        (lambda a, b: 1 / (1 + np.exp(-unclipped(a, b))), "clip the weight to 0 and 1; a sigmoid moves all"),
    ],
}
