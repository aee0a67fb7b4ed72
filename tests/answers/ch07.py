"""Answers to the exercises of chapter 07: right ones in several forms, wrong ones with a phrase of their sentence."""

import re

import numpy as np
import pandas as pd
from scipy.special import entr, softmax
from scipy.stats import entropy


def entropy_by_where(weights):
    logs = np.log(np.where(weights > 0, weights, 1.0))
    return -np.mean(np.sum(weights * logs, axis=1)) / np.log(weights.shape[1])


def entropy_by_loop(weights):
    total = 0
    for row in weights:
        total -= sum(w * np.log(w) for w in row if w > 0)
    return total / len(weights) / np.log(len(weights[0]))


def entropy_in_place(weights):
    weights += 1e-12
    weights *= np.log(weights)
    return -weights.sum(axis=1).mean() / np.log(weights.shape[1])


def nan_by_zero(weights):
    return -(weights * np.log(weights)).sum(axis=1).mean() / np.log(weights.shape[1])


def share_by_pandas(experts, weights, group):
    table = pd.DataFrame(weights, columns=experts)
    return table.loc[:, [name.rsplit("_", 1)[0] == group for name in experts]].sum(axis=1).mean()


def share_by_loop(experts, weights, group):
    total = 0.0
    for row in weights:
        for name, weight in zip(experts, row, strict=True):
            if re.fullmatch(rf"{group}_\d+", name):
                total += weight
    return total / len(weights)


def columns(weights, chosen):
    return weights[:, [bool(c) for c in chosen]]


def picked(belongs):
    return lambda experts, weights, group: columns(weights, [belongs(n, group) for n in experts]).sum(axis=1).mean()


def own(name, group):
    return name.rpartition("_")[0] == group


def count_by_loop(weights, limit):
    count = 0
    for row in weights:
        if max(row) > limit:
            count += 1
    return count / len(weights)


def first_only(weights, limit):
    count = 0
    for row in weights:
        if max(row) > limit:
            count += 1
        return count / len(weights)


def chosen(belongs, reduce=lambda part: part.sum(axis=1).mean()):
    return lambda experts, weights, group: reduce(columns(weights, [belongs(name, group) for name in experts]))


RIGHT = {
    "07.1": [
        lambda w: entr(w).sum(axis=1).mean() / np.log(w.shape[1]),
        lambda w: entropy(w, axis=1).mean() / np.log(w.shape[1]),
        lambda w: entropy(w, base=w.shape[1], axis=1).mean(),
        lambda w: np.mean([entropy(row, base=2) / np.log2(len(row)) for row in w]),
        lambda w: -(w * np.log(w + 1e-9)).sum(axis=1).mean() / np.log(w.shape[1]),
        lambda w: -np.nansum(w * np.log(w)) / len(w) / np.log(w.shape[1]),
        lambda w: -np.nan_to_num(w * np.log2(w)).sum(1).mean() / np.log2(w.shape[1]),
        entropy_by_where,
        entropy_by_loop,
        entropy_in_place,
        lambda w: -np.where(w > 0, w * np.log(w), 0).sum(1).mean() / np.log(w.shape[-1]),
        lambda w: pd.DataFrame(w).apply(lambda r: entropy(r) / np.log(len(r)), axis=1).mean(),
    ],
    "07.2": [
        lambda e, w, g: w[:, [name.rpartition("_")[0] == g for name in e]].sum(axis=1).mean(),
        lambda e, w, g: w[:, [i for i, n in enumerate(e) if n.rsplit("_", 1)[0] == g]].sum(1).mean(),
        lambda e, w, g: (w * [re.sub(r"_\d+$", "", n) == g for n in e]).sum() / len(w),
        lambda e, w, g: sum(w[:, i].mean() for i, n in enumerate(e) if "_".join(n.split("_")[:-1]) == g),
        lambda e, w, g: w[:, [n.startswith(g + "_") and n[len(g) + 1 :].isdigit() for n in e]].sum(axis=1).mean(),
        picked(lambda n, g: n.rstrip("0123456789").rstrip("_") == g),
        share_by_pandas,
        share_by_loop,
    ],
    "07.3": [
        lambda w, limit: (w.max(axis=1) > limit).mean(),
        lambda w, limit: np.any(w > limit, axis=1).mean(),
        lambda w, limit: sum(max(row) > limit for row in w) / len(w),
        lambda w, limit: np.count_nonzero(np.amax(w, axis=-1) > limit) / w.shape[0],
        lambda w, limit: float(np.mean(np.sort(w, axis=1)[:, -1] > limit)),
        count_by_loop,
    ],
}
WRONG = {
    "07.1": [
        (lambda w: entropy(w, axis=1).mean(), "divide by the logarithm of the number of"),
        (lambda w: entropy(w, axis=1).mean() / w.shape[1], "not by the number"),
        (lambda w: entropy(w, axis=1).mean() / np.log(w.shape[0]), "of the batch"),
        (lambda w: entropy(w, axis=1).mean() / np.log(len(w)), "of the batch"),
        (lambda w: entropy(w, axis=1).mean() / np.log(4), "not always 4"),
        (lambda w: entropy(w, axis=1).mean() / np.log(3), "not always 3"),
        (lambda w: entropy(w, axis=1).mean() / np.log2(w.shape[1]), "base 2"),
        (lambda w: entropy(w, axis=1, base=2).mean() / np.log(w.shape[1]), "base 2"),
        (lambda w: entropy(w, axis=1, base=2).mean(), None),
        (lambda w: entropy(w.mean(axis=0)) / np.log(w.shape[1]), "entropy of the mean weights"),
        (lambda w: entropy(w, axis=1) / np.log(w.shape[1]), "one number for each sample"),
        (lambda w: entropy(w, axis=1).sum() / np.log(w.shape[1]), "this is their sum"),
        (lambda w: np.median(entropy(w, axis=1)) / np.log(w.shape[1]), "median"),
        (lambda w: entropy(w).mean() / np.log(w.shape[1]), "a row"),
        (lambda w: entropy(w) / np.log(w.shape[1]), "a row"),
        (lambda w: (w * np.log(w)).sum(axis=1).mean() / np.log(w.shape[1]), "NaN"),
        (lambda w: np.nansum(w * np.log(w), axis=1).mean() / np.log(w.shape[1]), "minus sign"),
        (nan_by_zero, "0 log 0"),
        (lambda w: -(w * np.log(w)).sum(1).mean(), "NaN"),
        (lambda w: np.nanmean(-(w * np.log(w)).sum(axis=1)) / np.log(w.shape[1]), "left out"),
        (lambda w: (1 - (w**2).sum(axis=1)).mean() / (1 - 1 / w.shape[1]), "Gini"),
        (lambda w: 1 - (w**2).sum(1).mean(), "Gini"),
        (lambda w: 1 - entropy(w, axis=1).mean() / np.log(w.shape[1]), "1 minus the entropy"),
        (lambda w: np.exp(entropy(w, axis=1)).mean() / w.shape[1], "exponential"),
        (lambda w: entr(w).mean() / np.log(w.shape[1]), "you take their mean"),
        (lambda w: entr(w[0]).sum() / np.log(w.shape[1]), "first sample"),
        (lambda w: 0.5, "always 0.5"),
        (lambda w: print(entropy(w, axis=1).mean()), "prints its result"),
        (0.946, "the function itself"),
        (lambda: 1, "1 argument"),
        (lambda w, n: entropy(w, axis=1).mean() / np.log(n), "1 argument"),
        (lambda w: entropy(w, axis=1).mean() / np.log(w.shape[2]), "IndexError"),
        (lambda w: entr(w).sum(axis=1).mean() / np.log(w.size), None),
        (lambda w: entropy(w.T).mean(), "divide by the logarithm of the number of"),
        (lambda w: entropy(w, axis=1, base=10).mean(), "a logarithm to the base 10 above the line needs"),
        (lambda w: -np.sum(w * np.log(w + 1e-12)), "take the mean over the samples, and divide by"),
        (
            lambda w: -np.sum(w * np.log(w + 1e-12)) / np.log(w.shape[1]),
            "take the mean over the samples; this is their",
        ),
        (
            lambda w: -np.mean(w * np.log(w + 1e-12)) / np.log(w.shape[1]),
            "the entropy is the sum over the experts, and",
        ),
        (
            lambda w: -(w * np.log(w + 0.1)).sum(1).mean() / np.log(w.shape[1]),
            "the constant that keeps the logarithm from 0 is",
        ),
        (
            lambda w: -(w[w > 0] * np.log(w[w > 0])).mean() / np.log(w.shape[1]),
            "the entropy is the sum over the experts, and",
        ),
        (
            lambda w: (w * np.log(w + 1e-12)).sum(1).mean() / np.log(w.shape[1]),
            "the minus sign is missing: an entropy is not",
        ),
        (lambda w: entropy(w, axis=1).max() / np.log(w.shape[1]), "take the mean over the samples; this is the"),
        (lambda w: entropy(w.mean(1)) / np.log(w.shape[1]), None),
        (lambda w: entropy(w.flatten()) / np.log(w.shape[1]), "the whole array is taken for one distribution;"),
        (
            lambda w: entropy(w, axis=1).mean() / np.log(w.shape[1] + 1),
            "divide by the logarithm of the number of",
        ),
        (
            lambda w: np.where(w > 0, -w * np.log(w), 0).sum() / np.log(w.shape[1]),
            "take the mean over the samples; this is their",
        ),
        (
            lambda w: entropy(w, axis=1).mean() / np.log1p(w.shape[1]),
            "divide by the logarithm of the number of",
        ),
        (
            lambda w: entropy(w, axis=1).mean() / entropy(w, axis=1).max(),
            "the largest entropy is log of the number of",
        ),
        (lambda w: np.mean(w.max(1)), "this is the mean of the largest weights; the"),
        (
            lambda w: -(w * np.log(w, where=w > 0)).sum(1).mean() / w.shape[1],
            "divide by the logarithm of the number of",
        ),
        (
            lambda w: entropy(softmax(w, 1), axis=1).mean() / np.log(w.shape[1]),
            "the weights are softmax outputs already: no",
        ),
        (
            lambda w: round(entropy(w, axis=1).mean() / np.log(w.shape[1]), 2),
            "the entropy is rounded to 2 decimals: return it",
        ),
        (lambda w: entropy(w, axis=1).mean() - np.log(w.shape[1]), "the logarithm of the number of experts is to"),
    ],
    "07.2": [
        (picked(lambda n, g: n.startswith(g)), "starts alike"),
        (picked(lambda n, g: n.startswith(g + "_")), "starts alike"),
        (picked(lambda n, g: g in n), "contains this one"),
        (picked(lambda n, g: n.split("_")[0] == g), "at the last one"),
        (picked(lambda n, g: n.partition("_")[0] == g), "at the last one"),
        (picked(lambda n, g: n[:-2] == g), "two digits"),
        (picked(lambda n, g: n.rstrip("0123456789_") == g), "may end in a digit"),
        (picked(lambda n, g: re.sub(r"[^a-z]", "", n) == g), "more to it"),
        (picked(lambda n, g: n == g + "_1"), "only the first expert"),
        (picked(lambda n, g: n in (g + "_1", g + "_2")), "only experts 1 and 2"),
        (picked(lambda n, g: n == g), "never the group alone"),
        (lambda e, w, g: columns(w, [own(n, g) for n in e]).mean(), "mean weight of one expert"),
        (lambda e, w, g: columns(w, [own(n, g) for n in e]).sum(), "the sum over the samples"),
        (lambda e, w, g: columns(w, [own(n, g) for n in e]).sum(axis=1), "one number for each sample"),
        (lambda e, w, g: columns(w, [own(n, g) for n in e]).mean(axis=0), "each expert of the group"),
        (lambda e, w, g: columns(w, [own(n, g) for n in e]).sum(axis=0), "each expert of the group"),
        (lambda e, w, g: columns(w, [own(n, g) for n in e]).max(axis=1).mean(), "largest weight"),
        (lambda e, w, g: np.median(columns(w, [own(n, g) for n in e]).sum(axis=1)), "median"),
        (lambda e, w, g: columns(w[:1], [own(n, g) for n in e]).sum(), "first sample"),
        (lambda e, w, g: np.mean([own(n, g) for n in e]), "in number"),
        (lambda e, w, g: sum(own(n, g) for n in e), "the number of the group's experts"),
        (lambda e, w, g: columns(w, [not own(n, g) for n in e]).sum(axis=1).mean(), "other groups"),
        (lambda e, w, g: 100 * columns(w, [own(n, g) for n in e]).sum(axis=1).mean(), "percent"),
        (lambda e, w, g: w[0].max(), None),
        (lambda e, w, g: 0.3, "always 0.3"),
        (lambda e, w, g: w[[own(n, g) for n in e]].sum(axis=1).mean(), "IndexError"),
        (lambda weights, experts, group: share_by_loop(experts, weights, group), "in the order"),
        (lambda e, w, g: print(share_by_loop(e, w, g)), "prints its result"),
        (lambda e, w: w.mean(), "3 arguments"),
        (0.4, "the function itself"),
        (chosen(lambda x, g: x.split("_")[0].startswith(g)), "an expert of another group, whose name starts"),
        (chosen(lambda x, g: x[: len(g)] == g), "an expert of another group, whose name starts"),
        (chosen(own, lambda m: m.mean(1).sum()), "sum over the experts of each sample, then"),
        (chosen(own, lambda m: m.mean(1).mean()), "this is the mean weight of one expert; the"),
        (chosen(lambda x, g: x.find(g) >= 0), "an expert of another group, whose name contains"),
        (chosen(lambda x, g: x.endswith(g)), "an expert's name is the group, an underscore"),
        (lambda names, w, g: w[:, names.index(g + "_1")].mean(), None),
        (chosen(own, lambda m: (m > 0).mean()), "the share is always 1, whatever the arguments"),
        (
            lambda names, w, g: sum(x for n, x in zip(names, w[0], strict=True) if own(n, g)),
            "only the first sample is looked at",
        ),
        (lambda names, w, g: w[:, [n.split("_")[-2] == g for n in names]].sum(1).mean(), None),
        (chosen(lambda x, g: x.strip("_0123456789") == g), "a group's name may end in a digit: cut off the"),
        (chosen(own, lambda m: m.sum() / m.size), "this is the mean weight of one expert; the"),
        (lambda names, w, g: w[g].mean(), None),
        (chosen(own, lambda m: m.sum(0).mean()), "sum over the experts of each sample, then"),
        (chosen(own, lambda m: m.prod(1).mean()), "the weights of the group are multiplied; sum"),
        (chosen(lambda x, g: x.removesuffix("_1") == g), "only the first expert of the group is counted"),
        (
            chosen(lambda x, g: x.replace("_1", "").replace("_2", "") == g),
            None,
        ),
        (chosen(lambda x, g: re.match(rf"{g}_\d+", x) is not None), "goes on after a number"),
        (chosen(lambda x, g: x.rsplit("_")[0] == g), "a group's name may hold an underscore: cut at"),
    ],
    "07.3": [
        (lambda w, limit: (w.max(1) > 0.95).mean(), "not always 0.95"),
        (lambda w, limit: (w.max(1) > 0.9).mean(), "not always 0.9"),
        (lambda w, limit=0.95: (w.max(1) > 0.95).mean(), "not always 0.95"),
        (lambda w, limit: (w.mean(axis=0) > limit).mean(), "mean weights"),
        (lambda w, limit: float(w.mean(axis=0).max() > limit), "mean weights"),
        (lambda w, limit: (w[:, 0] > limit).mean(), "first expert only"),
        (lambda w, limit: (w > limit).mean(), "share of all weights"),
        (lambda w, limit: (w.max(axis=1) > limit).sum(), "this is a count"),
        (lambda w, limit: len(w[w.max(axis=1) > limit]), "this is a count"),
        (lambda w, limit: (w > limit).sum(), "number of weights"),
        (lambda w, limit: (w.max(axis=0) > limit).mean(), "over the batch"),
        (lambda w, limit: (w.max(axis=1) >= limit).mean(), ">="),
        (lambda w, limit: (w.max(axis=1) < limit).mean(), "reversed"),
        (lambda w, limit: 1 - (w.max(axis=1) > limit).mean(), "not polarised"),
        (lambda w, limit: w.max(axis=1) > limit, "for each sample"),
        (lambda w, limit: w > limit, "for each weight"),
        (lambda w, limit: (w > limit).any(), "whether there is such a sample"),
        (lambda w, limit: (w > limit).all(axis=1).mean(), "not `all`"),
        (lambda w, limit: (w > limit).any(axis=0).mean(), "over the batch"),
        (lambda w, limit: w.max(axis=1).mean(), "largest weights"),
        (lambda w, limit: ((w[:, 0] > limit) | (w[:, 0] < 1 - limit)).mean(), "three experts"),
        (lambda w, limit: (w.min(axis=1) < 1 - limit).mean(), "three experts"),
        (lambda w, limit: ((w[:, 0] > limit) | (w[:, 1] > limit)).mean(), None),
        (lambda w, limit: 100 * (w.max(axis=1) > limit).mean(), "percent"),
        (lambda w, limit: (w.max() > limit).mean(), "whether there is such a sample"),
        (lambda w, limit: w[w.max(axis=1) > limit], "the polarised samples"),
        (first_only, None),
        (lambda w, limit: np.median(w.max(axis=1) > limit), None),
        (lambda w: (w.max(axis=1) > 0.95).mean(), "2 arguments"),
        (lambda limit, w: (w.max(axis=1) > limit).mean(), "in the order"),
        (lambda w, limit: print((w.max(axis=1) > limit).mean()), "prints its result"),
        (0.5, "the function itself"),
        (lambda w, limit: np.mean(w.max(0) > limit), "the largest weight is that of each expert over"),
        (
            lambda w, limit: (np.abs(w - 0.5) > limit - 0.5).any(1).mean(),
            "with three experts a small weight does not make",
        ),
        (lambda w, limit: (w.max(axis=1) > limit).var(), None),
        (lambda w, limit: (w.max(axis=1) > limit).sum() / w.size, None),
        (lambda w, limit: (w > limit).any(1).sum(), "this is a count; the answer is a share of the"),
        (
            lambda w, limit: (w[:, 0] > limit).mean() + (w[:, 1] > limit).mean(),
            "it looks at the first two experts only; any",
        ),
        (lambda w, limit: (w.std(1) > limit).mean(), "all weights of a sample are compared, and one"),
        (lambda w, limit: (w.max(1) > 1 - limit).mean(), "the limit is the argument itself, not one minus"),
        (lambda w, limit: ((w > limit).sum(1) > 1).mean(), "this says whether all samples are so; count"),
        (lambda w, limit: ((w > limit).sum(1) == 0).mean(), "this is the share of samples that are not"),
        (lambda w, limit: w.max(1)[w.max(1) > limit].mean(), "this is the mean weight on the polarised"),
        (lambda w, limit: np.argmax(w, 1).mean(), "this is the mean place of the largest weight:"),
        (lambda w, limit: (w.argmax(1) > limit).mean(), "this is the place of the largest weight, not"),
        (lambda w, limit: w.max() > limit, "this says whether there is such a sample; count"),
        (lambda w, limit: np.where(w > limit)[0].size, "this is the number of weights above the limit;"),
        (lambda w, limit: f"{(w.max(axis=1) > limit).mean():.0%}", None),
    ],
}
