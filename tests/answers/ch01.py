"""Answers to the exercises of chapter 01: right ones in several forms, wrong ones with a phrase of their sentence."""

import numpy as np
from scipy.stats import rankdata

PLAY = np.array([1, 1, 0, 1, 0, 1, 1, 0], bool)
CLICK = np.array([0, 1, 0, 0, 0, 1, 1, 0], bool)
LABEL = np.array([0.2, 0.9, 0, 0.1, 0, 1.0, 0.6, 0])
PREDICTED = np.array([0.3, 0.7, 0.4, 0.4, 0.5, 0.8, 0.6, 0.2])
ERRORS = LABEL - PREDICTED


def meet(one, other, weights, task):
    """As in the worked solution."""
    lead = np.log(np.log1p(one["seconds"]) / np.log1p(other["seconds"]))
    lead += sum(w * np.log(one[t] / other[t]) for t, w in weights.items() if t != task)
    return -lead / np.log(one[task] / other[task])


def meet_by_products(one, other, weights, task):
    def rest(video):
        score = np.log(1 + video["seconds"])
        for t in weights:
            if t != task:
                score *= video[t] ** weights[t]
        return score

    return np.log(rest(other) / rest(one)) / np.log(one[task] / other[task])


def meet_by_search(one, other, weights, task):
    from scipy.optimize import brentq

    def lead(weight):
        new = {**weights, task: weight}
        logs = [sum(w * np.log(v[t]) for t, w in new.items()) + np.log(np.log1p(v["seconds"])) for v in (one, other)]
        return logs[0] - logs[1]

    return brentq(lead, -1000, 1000)


def meet_in_place(one, other, weights, task):
    weights.pop(task)
    rest = np.log(np.log1p(other["seconds"])) - np.log(np.log1p(one["seconds"]))
    for t, w in weights.items():
        rest += w * (np.log(other[t]) - np.log(one[t]))
    return np.array([rest / (np.log(one[task]) - np.log(other[task]))])


def meet_log10(one, other, weights, task):
    rest = np.log10(np.log1p(other["seconds"]) / np.log1p(one["seconds"]))
    rest += sum(w * np.log10(other[t] / one[t]) for t, w in weights.items() if t != task)
    return rest / np.log10(one[task] / other[task])


def turned(one, other, weights, task):
    return -meet(one, other, weights, task)


def no_length(one, other, weights, task):
    lead = sum(w * np.log(one[t] / other[t]) for t, w in weights.items() if t != task)
    return -lead / np.log(one[task] / other[task])


def log_of_seconds(one, other, weights, task):
    lead = np.log(np.log(one["seconds"]) / np.log(other["seconds"]))
    lead += sum(w * np.log(one[t] / other[t]) for t, w in weights.items() if t != task)
    return -lead / np.log(one[task] / other[task])


def seconds_themselves(one, other, weights, task):
    lead = np.log(one["seconds"] / other["seconds"])
    lead += sum(w * np.log(one[t] / other[t]) for t, w in weights.items() if t != task)
    return -lead / np.log(one[task] / other[task])


def length_added(one, other, weights, task):
    lead = np.log1p(one["seconds"]) - np.log1p(other["seconds"])
    lead += sum(w * np.log(one[t] / other[t]) for t, w in weights.items() if t != task)
    return -lead / np.log(one[task] / other[task])


def all_weights(one, other, weights, task):
    lead = np.log(np.log1p(one["seconds"]) / np.log1p(other["seconds"]))
    for t, w in weights.items():
        lead += w * np.log(one[t] / other[t])
    return -lead / np.log(one[task] / other[task])


def not_divided(one, other, weights, task):
    return meet(one, other, weights, task) * np.log(one[task] / other[task])


def plain_difference(one, other, weights, task):
    return meet(one, other, weights, task) * np.log(one[task] / other[task]) / (one[task] - other[task])


def no_logs(one, other, weights, task):
    lead = np.log(np.log1p(one["seconds"]) / np.log1p(other["seconds"]))
    lead += sum(w * (one[t] - other[t]) for t, w in weights.items() if t != task)
    return -lead / (one[task] - other[task])


def unweighted(one, other, weights, task):
    lead = np.log(np.log1p(one["seconds"]) / np.log1p(other["seconds"]))
    lead += sum(np.log(one[t] / other[t]) for t in weights if t != task)
    return -lead / np.log(one[task] / other[task])


def only_cmr(one, other, weights, task):
    return meet(one, other, weights, "CMR")


def nothing(one, other, weights, task):
    meet(one, other, weights, task)


def printed(one, other, weights, task):
    print(meet(one, other, weights, task))


def change_of_weight(one, other, weights, task):
    return meet(one, other, weights, task) - weights[task]


def other_order(weights, task, one, other):
    return meet(one, other, weights, task)


def rest_of(video, weights, task):
    return np.prod([video[t] ** weights[t] for t in weights if t != task]) * np.log1p(video["seconds"])


def ratio_of_scores(one, other, weights, task):
    return rest_of(other, weights, task) / rest_of(one, weights, task)


def log_of_one_video(one, other, weights, task):
    return np.log(rest_of(other, weights, task) / rest_of(one, weights, task)) / np.log(one[task])


def weighted_sums(one, other, weights, task):
    def score(video):
        return sum(video[t] * weights[t] for t in weights if t != task) * np.log1p(video["seconds"])

    return (score(other) - score(one)) / (one[task] - other[task])


def rounded(one, other, weights, task):
    return round(meet(one, other, weights, task), 2)


RIGHT = {
    "01.1": [
        np.mean(ERRORS[PLAY] ** 2),
        0.036,
        (PLAY * ERRORS**2).sum() / PLAY.sum(),
        np.average(ERRORS**2, weights=PLAY),
        np.float32(0.036),
        np.array([0.036]),
        sum(e**2 for e, played in zip(ERRORS, PLAY, strict=True) if played) / 5,
    ],
    "01.2": [meet, meet_by_products, meet_by_search, meet_in_place, meet_log10],
    "01.3": [
        np.square,
        np.sqrt,
        lambda p: 0.5 + p / 2,
        lambda p: p**0.3,
        lambda p: [x**2 for x in p],
        lambda p: np.log1p(p) / np.log(2),
        lambda p: 1 / (1 + np.exp(-10 * (p - 0.5))),
        lambda p: np.where(p > 0.5, 0.5 + p / 2, 1.5 * p),
        lambda p: 1 - (1 - p) ** 2,
        lambda p: rankdata(p) / len(p),
        lambda p: p - p.min() + 0.0,
        lambda p: np.tanh(p),
        lambda p: p / (1 + p),
        lambda p: 0.3 + 0.5 * p,
        lambda p: np.exp(p - 1),
        lambda p: np.sin(p),
    ],
}
WRONG = {
    "01.1": [
        (np.mean(ERRORS**2), "averaged over all eight"),
        (np.sum(ERRORS[PLAY] ** 2) / 8, "not by the batch"),
        (np.mean((ERRORS * PLAY) ** 2), "not by the batch"),
        (np.mean(ERRORS[CLICK] ** 2), "defined on every play"),
        (np.sum(ERRORS[PLAY] ** 2), "divide it by their number"),
        (np.mean(np.abs(ERRORS[PLAY])), "mean absolute error"),
        (np.sqrt(np.mean(ERRORS[PLAY] ** 2)), "the root"),
        (np.mean(ERRORS[PLAY]), "square the differences"),
        (np.mean(ERRORS[~PLAY] ** 2), "not played"),
        (np.var(ERRORS[PLAY], ddof=1), "not by one less"),
        (np.sum(ERRORS**2) / PLAY.sum(), "only the five plays count"),
        (np.median(ERRORS[PLAY] ** 2), "median"),
        (ERRORS[PLAY] ** 2, "a number for each sample"),
        (np.sum(ERRORS[PLAY] ** 2) / CLICK.sum(), "not of clicks"),
        (np.mean(ERRORS[PLAY] ** 2) / 2, "half"),
        (0.5, None),
        ("small", "numbers without quotation marks"),
        (np.nan, "a finite number"),
        (0.18 / 6, None),
        ((0.01 + 0.04 + 0.16 + 0.09 + 0.25 + 0.04 + 0 + 0.04) / 3, "only the plays count; the sum over all eight is"),
        (np.mean([0.2, 0.9, 0.1, 1.0, 0.6]), "that is the mean label over the plays; compare"),
    ],
    "01.2": [
        (0.3, "the function itself"),
        (turned, "the sign is reversed"),
        (no_length, "the length counts"),
        (log_of_seconds, "not log(seconds)"),
        (seconds_themselves, "not the seconds themselves"),
        (length_added, "its logarithm is added"),
        (all_weights, "leave it out of the rest"),
        (not_divided, "divide by the difference"),
        (plain_difference, "not of its values"),
        (no_logs, "take the logarithms"),
        (unweighted, "each logarithm times its weight"),
        (only_cmr, None),
        (change_of_weight, "or add it to the change"),
        (nothing, "`return`"),
        (printed, "prints its result"),
        (other_order, "the arguments come in the order"),
        (lambda *_: 1.0, "always 1"),
        (lambda one: 1.0, "4 arguments"),
        (lambda one, other, weights, task: one[task] > other[task], None),
        (lambda one, other, weights, task: 1 / 0, "ZeroDivisionError"),
        (meet({"seconds": 1, "a": 0.2}, {"seconds": 2, "a": 0.3}, {"a": 1}, "a"), "the function itself"),
        (ratio_of_scores, "that is the ratio of the two scores without the"),
        (log_of_one_video, "divide by the difference of the task's"),
        (weighted_sums, "a score is a product of powers, not a weighted"),
        (rounded, "the weight at which the two scores meet is"),
        (lambda one, other, weights: 0, "the function should take 4 arguments, (one,"),
    ],
    "01.3": [
        (2, "the function itself"),
        (np.linspace(0, 1, 5) ** 2, "the function itself"),
        (lambda p: 0.5 * p, "a constant factor"),
        (lambda p: p, "as they are"),
        (lambda p: 10 * p, "leaves the range"),
        (lambda p: np.log(p), "leaves the range"),
        (lambda p: 1 - p, "it falls where it should rise"),
        (lambda p: np.round(p, 1), "does not rise"),
        (lambda p: (p > 0.5) * 1.0, "does not rise"),
        (lambda p: np.clip(p, 0.2, 0.8), "does not rise"),
        (lambda p: (p - 0.5) ** 2, "does not rise"),
        (lambda p: np.sort(p) ** 2, "do not sort"),
        (lambda p: np.linspace(0, 1, len(p)), "do not sort"),
        (lambda p: np.argsort(np.argsort(p)) / len(p), "a tie within the task is broken"),
        (lambda p: p ** (1 + 1e-9), "as they are"),
        (lambda p: p[0], "the shape (200,)"),
        (lambda p: p.mean(), "the shape (200,)"),
        (lambda p: np.random.default_rng(0).permutation(p), "does not rise"),
        (lambda p: p**2 if p > 0.5 else p, "ambiguous"),
        (lambda p: print(p[:1] ** 2), "prints its result"),
        (lambda: 1, "1 argument"),
        (lambda p: p + 0.1, "it leaves the range from 0 to 1, and"),
        (lambda p: np.sin(10 * p) / 2 + 0.5, "it does not rise everywhere, so that samples"),
        (lambda p: np.exp(p), "it leaves the range from 0 to 1, and"),
        (lambda p: p / p.max(), "a constant factor multiplies every score alike,"),
        (lambda p: p > 0.5, "it does not rise everywhere, so that samples"),
        (lambda p: np.floor(p * 10) / 10, "it does not rise everywhere, so that samples"),
        (lambda p: p[::-1], "it does not rise everywhere, so that samples"),
        (lambda p: 1 / p, "it leaves the range from 0 to 1, and"),
        (lambda p: -(p**2), "it leaves the range from 0 to 1, and"),
    ],
}
