"""Metrics of each task on its own sample space, and the MTL gain over paired seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

from ple_tutorial import checks
from ple_tutorial.data import TaskData


def _auc(labels, predictions, sample_weight=None):
    if labels.min() == labels.max():
        return float("nan")  # with one class alone there is no order to predict
    return roc_auc_score(labels, predictions, sample_weight=sample_weight)


def _log_loss(labels, predictions, sample_weight=None):
    p = np.clip(predictions.astype(np.float64), 1e-7, 1 - 1e-7)
    return log_loss(labels, p, labels=[0, 1], sample_weight=sample_weight)


# metric: (function of labels, predictions and sample weights, +1 if more is better and -1 if less is)
METRICS = {
    "auc": (_auc, 1),
    "log_loss": (_log_loss, -1),
    "mse": (mean_squared_error, -1),
    "excess": (mean_squared_error, -1),
}
OF_KIND = {"binary": ("auc", "log_loss"), "regression": ("mse",)}
LOSS_OF_KIND = {"binary": "log_loss", "regression": "mse"}


def evaluate(
    data: TaskData | Iterable[TaskData], predictions: Mapping, expected: Mapping | None = None
) -> dict[tuple[str, str], float]:
    """Return every metric of every task, over the samples in the task's sample space, with the data's sample weights.

    Args:
        data: a ``TaskData``, or chunks of them, with labels.
        predictions: ``{task: (batch,) or (batch, 1)}``, probabilities for binary tasks.
        expected: where the truth is known, ``{task: (batch,)}``, the labels to be expected (``data.worlds.World.expected``).

    Returns:
        ``{(task, metric): value}``: ``auc`` (area under the ROC curve, 0 to 1; NaN if all labels are the same)
        and ``log_loss`` (nats) for binary tasks, ``mse`` (units of the label squared) for regressions; with ``expected`` also
        ``excess``, the mean squared difference from the labels to be expected over all samples, which noise does not enter.

    Raises:
        ValueError: data without labels, or without a sample of a task; a task without predictions, a wrong length, predictions
            that are not finite, or for a binary task some that are no probability.
        TypeError: arguments of the wrong type.

    Example:
        >>> data = TaskData([[0.0]] * 4, {"click": [0, 0, 1, 1]}, {"click": "binary"})
        >>> evaluate(data, {"click": [0.1, 0.6, 0.4, 0.9]})["click", "auc"]
        0.75
    """
    data = data if isinstance(data, TaskData) else TaskData.without_features(data, "data")
    data.check_labels("data")
    if not hasattr(predictions, "keys"):
        checks.refuse("predictions", "a dict {task: array}", type(predictions).__name__, TypeError)
    scores = {}
    for task, kind in data.kinds.items():
        if task not in predictions:
            checks.refuse("predictions", f"one array for each of {list(data.kinds)}", f"none for {task!r}")
        p = checks.reals(f"predictions[{task!r}]", predictions[task])
        if p.shape not in ((len(data),), (len(data), 1)):
            checks.refuse(f"predictions[{task!r}]", f"shape ({len(data)},) or ({len(data)}, 1)", f"shape {p.shape}")
        if not np.isfinite(p).all():
            _refuse_row(task, "finite numbers", p, ~np.isfinite(p))
        if kind == "binary" and not ((p >= 0) & (p <= 1)).all():
            _refuse_row(task, "probabilities from 0 to 1 for a binary task", p, (p < 0) | (p > 1))
        weights = data.weights.get(task)
        inside = data.mask[task] if weights is None else weights > 0  # zero outside of the sample space
        weights = weights if weights is None else weights[inside]
        for metric in OF_KIND[kind]:
            value = METRICS[metric][0](data.labels[task][inside], p.reshape(-1)[inside], sample_weight=weights)
            scores[task, metric] = float(value)
        if expected is not None:
            if task not in expected or np.shape(expected[task]) != (len(data),):
                checks.refuse(
                    "expected", f"an array ({len(data)},) for each of {list(data.kinds)}", f"none for {task!r}"
                )
            scores[task, "excess"] = float(METRICS["excess"][0](expected[task], p.reshape(-1)))
    return scores


def _refuse_row(task, expected, predictions, wrong):
    row = int(np.argmax(wrong.reshape(-1)))
    got = f"{predictions.reshape(-1)[row]:g} in row {row} (counted from 0)"
    checks.refuse(f"predictions[{task!r}]", expected, got)


@dataclass(frozen=True)
class Gain:
    """The MTL gain over paired seeds; positive means better than the single-task model, for every metric.

    Attributes:
        gains: ``(seeds,)``, one difference for each pair.
        mean, low, high: the mean and its bootstrap confidence interval.
        median: of the gains; steadier than the mean if a run gets stuck.
        positive: how many of the seeds gained.
        p_value: of a two-sided Wilcoxon signed-rank test of "no gain"; 1 if all gains are zero.
    """

    gains: np.ndarray
    mean: float
    low: float
    high: float
    median: float
    positive: int
    p_value: float

    def __str__(self):
        interval = f"[{self.low:+.4f}, {self.high:+.4f}]"
        return f"{self.mean:+.4f} {interval}, median {self.median:+.4f}, {self.positive}/{len(self.gains)} seeds gain"


def mtl_gain(metric: str, multi_task: Any, single_task: Any, confidence: float = 0.95) -> Gain:
    """Return the MTL gain of paired runs: multi-task minus single-task, or the reverse if less of ``metric`` is better.

    Args:
        metric: a name of ``METRICS``.
        multi_task, single_task: ``(seeds,)``, the metric of each run; entry ``i`` of both has the same data and seed.
        confidence: of the bootstrap interval of the mean (percentiles of 9,999 resamples of the pairs).

    Returns:
        A ``Gain``, in the units of the metric.

    Raises:
        ValueError: an unknown metric, lengths that differ, fewer than two pairs, or scores that are not finite.

    Source: PLE paper, Eq. 11; there one run each, without an interval.

    Example:
        >>> gain = mtl_gain("mse", multi_task=[0.5, 0.25, 0.5], single_task=[0.75, 0.5, 1.0])
        >>> gain.gains.tolist(), gain.positive
        ([0.25, 0.25, 0.5], 3)
    """
    sign = METRICS[checks.choice("metric", metric, tuple(METRICS))][1]
    multi, single = checks.reals("multi_task", multi_task), checks.reals("single_task", single_task)
    if multi.ndim != 1 or multi.shape != single.shape or len(multi) < 2:
        got = f"shapes {multi.shape}, {single.shape}"
        checks.refuse("multi_task and single_task", "two rows of at least two paired runs", got)
    if not (np.isfinite(multi).all() and np.isfinite(single).all()):
        checks.refuse("multi_task and single_task", "finite scores", "some that are not")
    confidence = checks.number("confidence", confidence, 0.5, 0.999)
    gains = sign * (multi - single)
    mean = gains.mean()
    low = high = mean
    p_value = 1.0
    if np.ptp(gains) > 0:
        interval = stats.bootstrap(
            (gains,), np.mean, confidence_level=confidence, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        low, high = float(interval.low), float(interval.high)
    if gains.any():
        p_value = float(stats.wilcoxon(gains).pvalue)
    return Gain(gains, float(mean), float(low), float(high), float(np.median(gains)), int((gains > 0).sum()), p_value)


def gain_table(
    runs: pd.DataFrame,
    metric: str,
    by: str | Sequence[str] = (),
    baseline: str = "single-task",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the MTL gains of a tidy table of runs, one row for each architecture (and each value of ``by``).

    Args:
        runs: a DataFrame with the columns ``architecture``, ``seed``, those of ``by``, and ``metric``.
        metric: the column to compare; its name, or what follows its last ``/``, is a name of ``METRICS``.
        by: further columns in which runs differ (a correlation, a task).
        baseline: the architecture to compare with, run on the same seeds.

    Returns:
        A DataFrame indexed by ``by`` and ``architecture``: mean, low, high, median, positive, seeds, p_value.

    Raises:
        ValueError: a missing column, a run that occurs twice, no run of the baseline, or an architecture and the baseline
            with different seeds.

    Example:
        >>> runs = pd.DataFrame({"architecture": ["ple", "ple", "single-task", "single-task"], "seed": [0, 1, 0, 1]})
        >>> gain_table(runs.assign(auc=[0.75, 0.75, 0.5, 0.5]), "auc")["mean"].to_dict()
        {'ple': 0.25}
    """
    if not isinstance(metric, str):
        checks.refuse("metric", "the name of a column", repr(metric), TypeError)
    by, groups = paired_scores(runs, metric, by, baseline)
    rows = []
    for values, scores in groups:
        for architecture in scores.columns.drop(baseline):
            gain = mtl_gain(metric.rsplit("/")[-1], scores[architecture], scores[baseline], confidence)
            row = dict(zip(by, values, strict=True)) | {"architecture": architecture, "seeds": len(scores)}
            names = ("mean", "low", "high", "median", "positive", "p_value")
            rows.append(row | {name: getattr(gain, name) for name in names})
    return pd.DataFrame(rows).set_index([*by, "architecture"])


def paired_scores(
    runs: pd.DataFrame, metric: str, by: str | Sequence[str], baseline: str
) -> tuple[list[str], list[tuple[tuple, pd.DataFrame]]]:
    """Return the scores of a study side by side, so that architectures with the same seed are pairs.

    Args:
        runs, metric, by, baseline: as in ``gain_table``.

    Returns:
        ``by`` as a list; and for each combination of its values a pair of these values and a table with a row for each seed and a
        column for each architecture.

    Raises:
        ValueError: as ``gain_table``.
    """
    by = [by] if isinstance(by, str) else checks.row("by", by, "names of columns")
    checks.columns("runs", runs, ["architecture", "seed", *by, metric])
    checks.reals(f"runs[{metric!r}]", runs[metric])
    if runs[by].isna().any(axis=None):
        checks.refuse("runs", f"a value of {', '.join(by)} in every row", "some missing")
    if runs.duplicated([*by, "architecture", "seed"]).any():
        checks.refuse("runs", "one run for each architecture and seed", "some twice; name further columns in by")
    architectures = sorted(set(runs["architecture"]))
    checks.choice("baseline", baseline, architectures)
    if len(architectures) < 2:
        checks.refuse("runs", "the baseline and at least one other architecture", architectures)
    groups = [
        (values, group.pivot(index="seed", columns="architecture", values=metric))
        for values, group in (runs.groupby(by, sort=True) if by else [((), runs)])
    ]
    if any(scores.isna().any(axis=None) for _, scores in groups):
        checks.refuse("runs", "every architecture on every seed", "some missing")
    return by, groups
