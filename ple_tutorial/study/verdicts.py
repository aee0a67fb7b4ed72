"""Verdicts: who is better than a baseline, by how much, and what could not have been seen."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from ple_tutorial import checks
from ple_tutorial.metrics import gain_table, paired_scores

BETTER, WORSE, UNSEEN = "better", "worse", "no difference seen"
POWER = 0.8


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Return p values adjusted for so many tests by Holm's step-down method.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure.

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
        [0.03, 0.06, 0.06]
    """
    p = checks.reals("p_values", p_values)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        checks.refuse("p_values", "a row of numbers from 0 to 1", p.tolist())
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1)
    return adjusted


def smallest_seen(gains: Sequence[float], level: float = 0.05) -> float:
    """Return the smallest true mean gain that pairs of this number and spread show in four of five such studies.

    It is that of a two-sided t test at ``level`` with a power of 0.8; a mean below it may be there and stay unseen.

    Raises:
        ValueError: fewer than two gains, or gains that are not finite.

    Example:
        >>> round(smallest_seen([-1.0, 1.0] * 16), 2)
        0.52
    """
    gains, level = checks.reals("gains", gains), checks.number("level", level, 1e-9, 0.5)
    if gains.ndim != 1 or len(gains) < 2 or not np.isfinite(gains).all():
        checks.refuse("gains", "at least two finite numbers", gains.tolist())
    freedom = len(gains) - 1
    quantiles = stats.t.ppf(1 - level / 2, freedom) + stats.t.ppf(POWER, freedom)
    return float(quantiles * gains.std(ddof=1) / np.sqrt(len(gains)))


def verdicts(
    runs: pd.DataFrame, metric: str, by: str | Sequence[str] = (), baseline: str = "single-task"
) -> pd.DataFrame:
    """Return ``gain_table`` with what a verdict needs, one row for each architecture (and each value of ``by``).

    Args:
        runs, metric, by, baseline: as in ``metrics.gain_table``.

    Returns:
        The columns of ``gain_table``, and

        - ``ratio``, ``ratio_low``, ``ratio_high``: the geometric mean over seeds of the architecture's score over the baseline's
          with its 95 % interval (of a t test of the logarithms); below 1 means less error. NaN where a score is not above 0;
        - ``smallest``: the smallest gain that could have been seen (``smallest_seen``);
        - ``holm``: the p value adjusted for all rows of the table (``holm``);
        - ``verdict``: ``better`` or ``worse`` than the baseline where ``holm`` is below 0.05, else ``no difference seen``.

    Raises:
        ValueError: see ``metrics.gain_table``.

    Example:
        >>> errors = {"single-task": 1.0, "hard-sharing": 1.0, "ple": 0.5}
        >>> runs = pd.DataFrame([(name, seed, error + 0.01 * seed) for name, error in errors.items() for seed in range(8)],
        ...     columns=["architecture", "seed", "mse"])
        >>> verdicts(runs, "mse")["verdict"].to_dict()
        {'hard-sharing': 'no difference seen', 'ple': 'better'}
    """
    by = [by] if isinstance(by, str) else list(by)
    table = gain_table(runs, metric, by, baseline)
    scores = runs.set_index(["architecture", *by, "seed"])[metric].unstack("seed")
    rows = []
    for key in table.index:
        *values, name = key if by else (key,)
        own, base = (np.asarray(scores.loc[(one, *values) if values else one]) for one in (name, baseline))
        rows.append(_ratio(own, base) | {"smallest": smallest_seen(own - base)})
    table = table.join(pd.DataFrame(rows, index=table.index))
    table["holm"] = holm(table["p_value"])
    seen = table["holm"] < 0.05
    table["verdict"] = np.where(seen, np.where(table["mean"] > 0, BETTER, WORSE), UNSEEN)
    return table


def standing(
    runs: pd.DataFrame, metric: str, by: str | Sequence[str] = (), baseline: str = "single-task"
) -> pd.DataFrame:
    """Return how each architecture stands to the best one, where less of ``metric`` is better.

    The best has the least geometric mean over seeds. Each other is compared with it by a Wilcoxon test of the paired logarithms,
    adjusted by Holm's method for all that are compared in its place. Since the best is chosen by the same seeds, one that is
    truly level is called worse a little too often.

    Args:
        runs, by, baseline: as in ``metrics.gain_table``; the scores are above 0.
        metric: a column of errors.

    Returns:
        One row for each architecture (and each value of ``by``):

        - ``ratio``: the geometric mean over seeds of its score over the baseline's;
        - ``to_best``: of its score over the best one's, 1 for the best;
        - ``seeds``, and ``wins``, the seeds on which it is below the best one;
        - ``holm``: the adjusted p value of the comparison with the best; 1 for the best itself;
        - ``level``: whether ``holm`` is at least 0.05, so that no difference from the best is seen.

    Raises:
        ValueError: see ``metrics.gain_table``; scores that are not above 0.

    Example:
        >>> errors = {"single-task": 1.0, "hard-sharing": 0.5, "ple": 0.5}
        >>> runs = pd.DataFrame([(name, seed, error + 0.01 * (seed * len(name) % 7)) for name, error in errors.items()
        ...     for seed in range(12)], columns=["architecture", "seed", "excess"])
        >>> standing(runs, "excess")["level"].to_dict()
        {'hard-sharing': True, 'ple': True, 'single-task': False}
    """
    by, groups = paired_scores(runs, metric, by, baseline)
    if not (runs[metric] > 0).all():
        checks.refuse(f"runs[{metric!r}]", "scores above 0", float(runs[metric].min()))
    rows = []
    for values, scores in groups:
        logs = np.log(scores)
        best = logs.mean().idxmin()
        others = [name for name in logs.columns if name != best]
        p_values = [_wilcoxon(logs[name] - logs[best]) for name in others]
        adjusted = dict(zip(others, holm(p_values), strict=True)) | {best: 1.0}
        for name in logs.columns:
            rows.append(
                dict(zip(by, values, strict=True))
                | {
                    "architecture": name,
                    "ratio": np.exp((logs[name] - logs[baseline]).mean()),
                    "to_best": np.exp((logs[name] - logs[best]).mean()),
                    "seeds": len(logs),
                    "wins": int((logs[name] < logs[best]).sum()),
                    "holm": adjusted[name],
                    "level": adjusted[name] >= 0.05,
                }
            )
    return pd.DataFrame(rows).set_index([*by, "architecture"])


def _wilcoxon(differences):
    return float(stats.wilcoxon(differences).pvalue) if differences.any() else 1.0


def _ratio(own, base):
    names = ("ratio", "ratio_low", "ratio_high")
    if not (own > 0).all() or not (base > 0).all():
        return dict.fromkeys(names, np.nan)
    logs = np.log(own / base)
    half = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    return dict(zip(names, np.exp(logs.mean() + np.array([0, -half, half])), strict=True))
