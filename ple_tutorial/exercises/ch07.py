"""The checks of chapter 07: What the gates learn."""

import re

import numpy as np
from scipy.special import entr, softmax

from ple_tutorial.exercises.functions import function_mistake
from ple_tutorial.exercises.register import exercise


def _entropies(weights):
    return entr(weights).sum(axis=1)


def _entropy(weights):
    return _entropies(weights).mean() / np.log(weights.shape[1])


def _unsafe(weights):
    return -(weights * np.log(weights)).sum(axis=1).mean()


@exercise("07.1")
def _normalised_entropy(answer):
    """A function entropy_of(weights) of (batch, experts) -> mean normalised entropy, 0 to 1."""
    cases = {
        "general weights of 5 samples and 3 experts": (softmax(np.random.default_rng(0).normal(size=(5, 3)), axis=1),),
        "four experts that are weighed equally, entropy 1,": (np.full((3, 4), 0.25),),
        "weights of 1/2, 1/4 and 1/4": (np.array([[0.5, 0.25, 0.25]]),),
        "weights of which some are exactly 0": (np.array([[0.5, 0.5, 0.0], [0.2, 0.8, 0.0], [0.3, 0.3, 0.4]]),),
        "a gate that is sure on every sample, entropy 0,": (np.array([[1.0, 0.0], [0.0, 1.0]]),),
    }
    logs = np.log
    known = {
        "divide by the logarithm of the number of experts": lambda w: _entropies(w).mean(),
        "divide by the logarithm of the number of experts, not by the number": lambda w: (
            _entropies(w).mean() / w.shape[1]
        ),
        "divide by the logarithm of the number of experts, not by the logarithm of the batch": lambda w: (
            _entropies(w).mean() / logs(w.shape[0])
        ),
        "divide by the logarithm of the number of columns, which is not always 3": lambda w: (
            _entropies(w).mean() / logs(3)
        ),
        "divide by the logarithm of the number of columns, which is not always 4": lambda w: (
            _entropies(w).mean() / logs(4)
        ),
        "this is the entropy of the mean weights; take the mean of the samples' entropies": lambda w: _entropy(
            w.mean(axis=0, keepdims=True)
        ),
        "this is the entropy of the mean weights, and not divided by the logarithm of the number of experts": lambda w: (
            entr(w.mean(axis=0)).sum()
        ),
        "a logarithm to the base 2 above the line needs one below it, too": lambda w: _entropy(w) / logs(2),
        "a logarithm to the base 2 below the line needs one above it, too": lambda w: _entropy(w) * logs(2),
        "the minus sign is missing: an entropy is not negative": lambda w: -_entropy(w),
        "a weight of exactly 0 gives NaN: 0 log 0 counts as 0": lambda w: _unsafe(w) / logs(w.shape[1]),
        "a weight of exactly 0 gives NaN, and the minus sign is missing": lambda w: -_unsafe(w) / logs(w.shape[1]),
        "divide by the logarithm of the number of experts; and a weight of exactly 0 gives NaN": _unsafe,
        "a sample with a weight of exactly 0 is left out: 0 log 0 counts as 0": lambda w: (
            np.nanmean(-(w * logs(w)).sum(axis=1)) / logs(w.shape[1])
        ),
        "take the mean over the samples; this is their sum": lambda w: _entropy(w) * len(w),
        "take the mean over the samples; this is their median": lambda w: np.median(_entropies(w)) / logs(w.shape[1]),
        "that is one number for each sample; take their mean": lambda w: _entropies(w) / logs(w.shape[1]),
        "the entropy is the sum over the experts, and you take their mean": lambda w: entr(w).mean() / logs(w.shape[1]),
        "the sums run over the batch: sum over the experts, axis=1": lambda w: (
            entr(w).sum(axis=0).mean() / logs(w.shape[1])
        ),
        "this is the entropy of each expert over the batch: a sample's weights are a row, axis=1": lambda w: (
            np.mean(entr(w / w.sum(axis=0)).sum(axis=0)) / logs(w.shape[1])
        ),
        "this is the entropy of each expert over the batch: a sample's weights are a row": lambda w: entr(
            w / w.sum(axis=0)
        ).sum(axis=0),
        "this is the entropy of each expert over the batch, one for each: a sample's weights are a row": lambda w: (
            entr(w / w.sum(axis=0)).sum(axis=0) / logs(w.shape[1])
        ),
        "this is 1 minus the sum of the squares (Gini); the entropy is -sum w log w": lambda w: (
            (1 - (w**2).sum(axis=1)).mean() / (1 - 1 / w.shape[1])
        ),
        "this is 1 minus the sum of the squares (Gini), and not divided; the entropy is -sum w log w": lambda w: (
            1 - (w**2).sum(axis=1)
        ).mean(),
        "the logarithm is not weighed: the entropy is -sum w log w": lambda w: (
            -logs(w).sum(axis=1).mean() / logs(w.shape[1])
        ),
        "this is 1 minus the entropy": lambda w: 1 - _entropy(w),
        "this is the exponential of the entropy": lambda w: np.exp(_entropies(w)).mean(),
        "this is the exponential of the entropy, divided by the number of experts": lambda w: (
            np.exp(_entropies(w)).mean() / w.shape[1]
        ),
        "only the first sample is looked at": lambda w: entr(w[0]).sum() / logs(w.shape[1]),
        "a logarithm to the base 10 above the line needs one below it, too": lambda w: (
            _entropy(w) * logs(w.shape[1]) / logs(10)
        ),
        "take the mean over the samples, and divide by the logarithm of the number of experts": lambda w: entr(w).sum(),
        "the largest entropy is log of the number of experts, not that of these samples": lambda w: (
            _entropies(w).mean() / _entropies(w).max()
        ),
        "take the mean over the samples; this is the largest": lambda w: _entropies(w).max() / logs(w.shape[1]),
        "the weights are softmax outputs already: no second softmax": lambda w: _entropy(softmax(w, axis=1)),
        "the logarithm of the number of experts is to divide by, not to subtract": lambda w: (
            _entropies(w).mean() - logs(w.shape[1])
        ),
        "the constant that keeps the logarithm from 0 is far too large": lambda w: (
            -(w * logs(w + 0.1)).sum(axis=1).mean() / logs(w.shape[1])
        ),
        "this is the mean of the largest weights; the entropy is -sum w log w": lambda w: w.max(axis=1).mean(),
        "the whole array is taken for one distribution; each sample has an entropy of its own": lambda w: (
            entr(w / w.sum()).sum() / logs(w.shape[1])
        ),
    }
    return function_mistake(answer, ("weights",), cases, _entropy, known, "the entropy")


def _columns(weights, columns):
    return weights[:, np.array(columns, bool)]


def _share(experts, weights, group):
    return _columns(weights, [name.rpartition("_")[0] == group for name in experts]).sum(axis=1).mean()


@exercise("07.2")
def _share_by_name(answer):
    """A function share(experts, weights, group) -> mean total weight of the experts of one group."""
    experts = ["click_1", "click_2", "click_x_1", "shared_1"]
    weights = np.array([[0.1, 0.22, 0.28, 0.4], [0.3, 0.25, 0.1, 0.35], [0.05, 0.06, 0.7, 0.19]])
    numbered = ["task_1", "task1_1", "task1_2", "task1_12", "shared_1"]
    five = softmax(np.random.default_rng(1).normal(size=(4, 5)), axis=1)
    cases = {
        "'click'": (experts, weights, "click"),
        "'click_x'": (experts, weights, "click_x"),
        "'click' with an expert click_10": (["click_9", "click_10", "shared_1"], five[:, :3], "click"),
        "a group 'task1'": (numbered, five, "task1"),
        "a group 'task' next to 'task1'": (numbered, five, "task"),
        "'shared' alone": (["shared_1", "a_1"], five[:1, :2], "shared"),
        "a group 'x' whose name is part of 'click_x'": (["x_1", *experts], five, "x"),
        "'click' next to a group 'click_2'": (["click_1", "click_2_1", "click_2_2"], five[:, :3], "click"),
    }

    def by(belongs, reduce=lambda w: w.sum(axis=1).mean()):
        return lambda experts, weights, group: reduce(_columns(weights, [belongs(name, group) for name in experts]))

    def own(name, group):
        return name.rpartition("_")[0] == group

    known = {
        "an expert of another group, whose name starts alike, was counted as well": by(lambda n, g: n.startswith(g)),
        "an expert of another group, whose name starts alike up to the underscore, was counted as well": by(
            lambda n, g: n.startswith(f"{g}_")
        ),
        "an expert of another group, whose name contains this one, was counted as well": by(lambda n, g: g in n),
        "a group's name may hold an underscore: cut at the last one": by(lambda n, g: n.split("_")[0] == g),
        "an expert number may have two digits: click_10 belongs to 'click'": by(lambda n, g: n[:-2] == g),
        "a group's name may end in a digit: cut off the underscore and the number, no more": by(
            lambda n, g: n.rstrip("0123456789_") == g
        ),
        "a name has more to it than the letters: group, underscore, number": by(
            lambda n, g: re.sub("[^a-z]", "", n) == g
        ),
        "an expert of another group, whose name goes on after a number, was counted as well": by(
            lambda n, g: re.match(rf"{g}_\d", n) is not None
        ),
        "only the first expert of the group is counted": by(lambda n, g: n == f"{g}_1"),
        "only experts 1 and 2 of the group are counted": by(lambda n, g: n in (f"{g}_1", f"{g}_2")),
        "an expert's name is the group, an underscore and a number, never the group alone": by(lambda n, g: n == g),
        "this is the mean weight of one expert; the share is the sum over the group's experts": by(own, np.mean),
        "that is the sum over the samples; take their mean": by(own, np.sum),
        "that is one number for each sample; take their mean": by(own, lambda w: w.sum(axis=1)),
        "that is one number for each expert of the group; sum them": by(own, lambda w: w.mean(axis=0)),
        "that is one number for each expert of the group; sum over the experts, and average over the samples": by(
            own, lambda w: w.sum(axis=0)
        ),
        "this is the largest weight of the group; sum over its experts": by(own, lambda w: w.max(axis=1).mean()),
        "this is the median over the samples; take their mean": by(own, lambda w: np.median(w.sum(axis=1))),
        "only the first sample is looked at": by(own, lambda w: w[0].sum()),
        "these are the experts of the other groups": by(lambda n, g: not own(n, g)),
        "this is the share of the experts in number, not in weight": lambda e, w, g: np.mean([own(n, g) for n in e]),
        "this is the number of the group's experts; sum their weights": lambda e, w, g: sum(own(n, g) for n in e),
        "the sum over the group is divided by the number of all experts": lambda e, w, g: _share(e, w, g) / len(e),
        "the weights of the group are multiplied; sum them": by(own, lambda w: w.prod(axis=1).mean()),
        "sum over the experts of each sample, then average over the samples: yours is the other way round": by(
            own, lambda w: w.sum(axis=0).mean()
        ),
        "a share is not in percent": lambda e, w, g: 100 * _share(e, w, g),
    }
    return function_mistake(answer, ("experts", "weights", "group"), cases, _share, known, "the share")


def _decided(weights, limit):
    return (weights.max(axis=1) > limit).mean()


@exercise("07.3")
def _polarised(answer):
    """A function polarised(weights, limit) -> share of samples on which one expert has more than limit."""
    two = np.array([[0.97, 0.03], [0.02, 0.98], [0.04, 0.96], [0.5, 0.5], [0.6, 0.4]])
    three = np.array([[0.02, 0.49, 0.49], [0.1, 0.8, 0.1], [0.92, 0.05, 0.03], [0.3, 0.3, 0.4], [0.01, 0.01, 0.98]])
    cases = {
        "two experts and a limit of 0.95": (two, 0.95),
        "three experts and a limit of 0.95": (three, 0.95),
        "three experts and a limit of 0.75": (three, 0.75),
        "two experts and a limit of 0.58": (two, 0.58),
        "weights of exactly the limit, 0.5,": (np.array([[0.5, 0.5], [0.75, 0.25]]), 0.5),
        "a single sample": (three[:1], 0.4),
        "a limit of 0.3": (three, 0.3),
        "a limit that no weight reaches": (three, 0.99),
    }
    known = {
        "the limit is an argument: it is not always 0.95": lambda w, t: _decided(w, 0.95),
        "the limit is an argument: it is not always 0.9": lambda w, t: _decided(w, 0.9),
        "the limit is an argument: it is not always 0.5": lambda w, t: _decided(w, 0.5),
        "the mean weights hide it: two of these samples are decided by one expert, and others by the other": lambda w, t: (
            (w.mean(axis=0) > t).mean()
        ),
        "the mean weights hide it: look at each sample, then take the mean": lambda w, t: float(
            w.mean(axis=0).max() > t
        ),
        "this takes the mean of the samples' largest weights; count the samples above the limit": lambda w, t: w.max(
            axis=1
        ).mean(),
        "this only says whether the mean of the largest weights is above the limit; count the samples": lambda w, t: (
            float(w.max(axis=1).mean() > t)
        ),
        "it looks at the first expert only; any expert may have more than the limit": lambda w, t: (w[:, 0] > t).mean(),
        "it looks at the last expert only; any expert may have more than the limit": lambda w, t: (w[:, -1] > t).mean(),
        "this is the share of all weights; count samples: take each row's largest weight": lambda w, t: (w > t).mean(),
        "this is a count; the answer is a share of the samples": lambda w, t: (w.max(axis=1) > t).sum(),
        "this is the number of weights above the limit; the answer is a share of the samples": lambda w, t: (
            w > t
        ).sum(),
        "the largest weight is that of each expert over the batch; take that of each sample, axis=1": lambda w, t: (
            w.max(axis=0) > t
        ).mean(),
        "this says whether there is such a sample; count them": lambda w, t: float((w.max(axis=1) > t).any()),
        "this says whether all samples are so; count them": lambda w, t: float((w.max(axis=1) > t).all()),
        "more than the limit, not as much as the limit: > and not >=": lambda w, t: (w.max(axis=1) >= t).mean(),
        "with three experts a small weight does not make another one large": lambda w, t: (
            (w[:, 0] > t) | (w[:, 0] < 1 - t)
        ).mean(),
        "with three experts a small weight does not make another one large: look at the largest": lambda w, t: (
            w.min(axis=1) < 1 - t
        ).mean(),
        "this is the share of samples that are not polarised": lambda w, t: (w.max(axis=1) <= t).mean(),
        "the comparison is reversed: more than the limit": lambda w, t: (w.max(axis=1) < t).mean(),
        "that is True or False for each sample; take their mean": lambda w, t: w.max(axis=1) > t,
        "that is True or False for each weight; take each row's largest, then the mean": lambda w, t: w > t,
        "all weights of a sample are compared, and one of them is enough: `any`, not `all`": lambda w, t: (
            (w > t).all(axis=1).mean()
        ),
        "the answer is a share, not in percent": lambda w, t: 100 * _decided(w, t),
        "the count is divided by the number of experts; divide by that of the samples": lambda w, t: (
            (w.max(axis=1) > t).sum() / w.shape[1]
        ),
        "these are the polarised samples themselves; return their share": lambda w, t: w[w.max(axis=1) > t],
        "it looks at the first two experts only; any expert may have more than the limit": lambda w, t: (
            w[:, :2].max(axis=1) > t
        ).mean(),
        "this is the place of the largest weight, not the weight: argmax, where max is needed": lambda w, t: (
            w.argmax(axis=1) > t
        ).mean(),
        "this is the mean place of the largest weight: argmax, where max is needed": lambda w, t: w.argmax(
            axis=1
        ).mean(),
        "the limit is the argument itself, not one minus it": lambda w, t: (w.max(axis=1) > 1 - t).mean(),
        "this is the mean weight on the polarised samples; return their share": lambda w, t: w.max(axis=1)[
            w.max(axis=1) > t
        ].mean(),
        "the mean weight of a row is always one over the number of experts; take its largest": lambda w, t: (
            w.mean(axis=1) > t
        ).mean(),
        "the weights of a row sum to one; take its largest": lambda w, t: (w.sum(axis=1) > t).mean(),
    }
    return function_mistake(answer, ("weights", "limit"), cases, _decided, known, "the share of samples")
