"""Tasks whose correlation is a dial: the generator of the MMoE paper with the PLE paper's changes.

A task's label is a function of one direction in feature space: with unit vectors ``u_t`` and ``z_t = c u_t . x``,

    y_t = z_t + sum_i sin(alpha_i z_t + beta_i) + noise,        x ~ N(0, 1) in every feature.

The *correlation* of two tasks is the cosine of their directions, from -1 to 1, as in both papers. It is not the
Pearson correlation of the labels, which ``label_correlation`` gives.

Source: MMoE paper, section 3.2; PLE paper, section 5.2.1 (alpha, beta ~ N(0, 1), c = 1, ten sines).
"""

import functools
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.stats import norm

from ple_tutorial import checks
from ple_tutorial.data.taskdata import TaskData

PAIR = {"a": "regression", "b": "regression"}


@dataclass(frozen=True)
class Sines:
    """The sines in a task's label.

    Attributes:
        alpha: frequencies, in radians per unit of z.
        beta: phases, in radians; as many as frequencies.

    Raises:
        ValueError, TypeError: numbers that are not finite, rows of unequal length, or no numbers.

    Example:
        >>> Sines(alpha=(1.0, 2.0), beta=(0.0, 0.5)).beta
        (0.0, 0.5)
    """

    alpha: tuple
    beta: tuple

    def __post_init__(self):
        for name in ("alpha", "beta"):
            value = checks.reals(name, getattr(self, name))
            if value.ndim != 1 or not np.isfinite(value).all():
                checks.refuse(name, "a row of finite numbers", value.tolist())
            object.__setattr__(self, name, tuple(value.tolist()))
        if len(self.alpha) != len(self.beta):
            checks.refuse("beta", f"{len(self.alpha)} phases, one for each frequency", len(self.beta))

    @classmethod
    def draw(cls, count: int = 10, seed: int = 0) -> Self:
        """Return ``count`` sines with alpha and beta drawn from N(0, 1)."""
        count, seed = checks.count("count", count, 0), checks.count("seed", seed, 0)
        alpha, beta = np.random.default_rng([seed, 0]).standard_normal((2, count))
        return cls(tuple(alpha), tuple(beta))

    def signal(self, z: Any) -> Any:
        """Return the noise-free label at ``z``, of any shape.

        Example:
            >>> Sines((1.0,), (0.0,)).signal(np.pi / 2).round(4).item()
            2.5708
        """
        checks.reals("z", z)
        return z + sum(np.sin(a * z + b) for a, b in zip(self.alpha, self.beta, strict=True))


def label_covariance(one: Sines, other: Sines, correlation: float, scale: float = 1.0) -> float:
    """Return the exact covariance of the noise-free labels of two tasks with these ``Sines``; ``scale`` is c.

    Source: Gaussian integrals; they agree with a Monte Carlo estimate to its error (tested).
    """
    for name, sines in (("one", one), ("other", other)):
        if not isinstance(sines, Sines):
            checks.refuse(name, "a Sines", repr(sines), TypeError)
    p = checks.number("correlation", correlation, -1, 1)
    variance = checks.number("scale", scale, 0, 1e6) ** 2
    a, b, c, d = (np.asarray(row) for row in (one.alpha, one.beta, other.alpha, other.beta))
    damped_a, damped_c = np.exp(-variance * a**2 / 2), np.exp(-variance * c**2 / 2)
    linear = variance * p * (1 + (a * damped_a * np.cos(b)).sum() + (c * damped_c * np.cos(d)).sum())
    squares, cross = a[:, None] ** 2 + c**2, 2 * p * a[:, None] * c
    same = np.exp(-variance * (squares - cross) / 2) * np.cos(b[:, None] - d)
    opposite = np.exp(-variance * (squares + cross) / 2) * np.cos(b[:, None] + d)
    return float(linear + ((same - opposite) / 2).sum() - _mean(one, scale) * _mean(other, scale))


def label_correlation(one: Sines, other: Sines, correlation: float, scale: float = 1.0, noise: float = 0.0) -> float:
    """Return the Pearson correlation of two tasks' labels; ``noise`` is in units of the signals' standard deviation.

    Example:
        >>> sines = Sines.draw(5)
        >>> [round(float(label_correlation(sines, sines, 1.0, noise=noise)), 6) for noise in (0.0, 1.0)]
        [1.0, 0.5]
    """
    checks.number("scale", scale, 1e-6, 1e6)
    noise = checks.number("noise", noise, 0, 1e6)
    covariance = label_covariance(one, other, correlation, scale)
    spread = np.sqrt(label_covariance(one, one, 1, scale) * label_covariance(other, other, 1, scale))
    return covariance / spread / (1 + noise**2)


def _mean(sines, scale):
    alpha = np.asarray(sines.alpha)
    return float((np.exp(-((scale * alpha) ** 2) / 2) * np.sin(sines.beta)).sum())


def task_directions(correlation: Any, features: int, tasks: int = 2, seed: int = 0) -> np.ndarray:
    """Return unit vectors with the wanted cosines, ``(tasks, features)``.

    Args:
        correlation: the cosine of two tasks, -1 to 1; or for any number of tasks a matrix of cosines.
        features: length of the vectors, at least the number of tasks.

    Raises:
        ValueError: a number out of range; a matrix that is not symmetric with ones on its diagonal, or not
            positive semidefinite (no vectors have such cosines; its smallest eigenvalue is named).

    Example:
        >>> a, b = task_directions(0.25, features=8)
        >>> round(float(a @ b), 6)
        0.25
    """
    tasks, features = checks.count("tasks", tasks), checks.count("features", features)
    if features < tasks:
        checks.refuse("features", f"at least one for each of {tasks} tasks", features)
    if isinstance(correlation, str) or not hasattr(correlation, "__len__"):
        p = checks.number("correlation", correlation, -1, 1)
        if tasks > 2:
            checks.refuse("correlation", f"a {tasks} x {tasks} matrix for {tasks} tasks", f"the number {p:g}")
        cosines = np.array([[1, p], [p, 1]])[:tasks, :tasks]
    else:
        cosines = checks.reals("correlation", correlation)
        if cosines.shape != (tasks, tasks):
            checks.refuse("correlation", f"a {tasks} x {tasks} matrix", f"shape {cosines.shape}")
        if not (np.isfinite(cosines).all() and np.allclose(cosines, cosines.T) and np.allclose(np.diag(cosines), 1)):
            checks.refuse("correlation", "a symmetric matrix with ones on its diagonal", cosines.tolist())
    values, vectors = np.linalg.eigh(cosines)
    if values[0] < -1e-9:
        checks.refuse("correlation", "a positive semidefinite matrix", f"one with the eigenvalue {values[0]:.3g}")
    root = vectors * np.sqrt(np.maximum(values, 0))  # root @ root.T is the matrix
    draw = np.random.default_rng([checks.count("seed", seed, 0), 1]).standard_normal((features, tasks))
    basis, triangle = np.linalg.qr(draw)
    return root @ (basis * np.sign(np.diag(triangle))).T


def make_synthetic(
    rows: int,
    correlation: Any,
    *,
    features: int = 32,
    tasks: dict[str, str] | None = None,
    sines: int | Sines | dict[str, Sines] = 10,
    common_sines: bool = True,
    scale: float = 1.0,
    noise: float | dict[str, float] = 0.1,
    standardise: bool = True,
    label_scale: float | dict[str, float] = 1.0,
    positive_rate: float | dict[str, float] = 0.5,
    label_rate: float | dict[str, float] = 1.0,
    seed: int = 0,
) -> TaskData:
    """Return samples of two or more tasks whose correlation is set.

    Args:
        rows: number of samples.
        correlation: cosine of the two tasks' directions, -1 to 1, or a matrix of cosines for more tasks.
        features: number of features, each N(0, 1).
        tasks: ``{task: "binary" or "regression"}``; two regressions ``a`` and ``b`` if not given.
        sines: how many, drawn from ``seed``; or ``Sines`` to use at every correlation; or ``{task: Sines}``.
        common_sines: with a number of sines, whether all tasks have the same ones (both papers) or each its own.
        scale: c, the length of the direction vectors.
        noise: standard deviation of the label noise: a number, or ``{task: number}``. In units of the signal's
            standard deviation where ``standardise``, else in those of the formula (MMoE paper: 0.1).
        standardise: bring each task's signal to mean 0 and standard deviation 1, by the exact moments, so that
            errors compare over draws of the sines (``Var(y)`` spans a factor of twenty over draws).
        label_scale: regression labels, noise and all, are multiplied by it: a number, or ``{task: number}``.
        positive_rate: share of ones of a binary task, which is 1 where signal plus noise passes a threshold.
        label_rate: share of samples inside a task's sample space, drawn at random: a number, or ``{task: number}``.
        seed: of all random draws. Features, noise and masks do not change with the correlation.

    Returns:
        A ``TaskData``.

    Raises:
        ValueError, TypeError: an argument that does not fit, named; see ``task_directions`` for the matrix.

    Example:
        >>> data = make_synthetic(100, 0.5, features=4, tasks={"click": "binary", "watch": "regression"})
        >>> data.features.shape, data.tasks
        ((100, 4), ('click', 'watch'))
    """
    kinds = checks.task_kinds("tasks", PAIR if tasks is None else tasks)
    standardise = checks.flag("standardise", standardise)
    x, signals = dial_signals(
        rows,
        correlation,
        features=features,
        kinds=kinds,
        sines=sines,
        common_sines=common_sines,
        scale=scale,
        standardise=standardise,
        seed=seed,
    )
    noise = per_task("noise", noise, kinds, 0, 1e6)
    quantile = {task: functools.partial(_quantile, signal, scale, noise[task]) for task, (signal, _) in signals.items()}
    values = {task: value for task, (_, value) in signals.items()}
    return labelled(x, values, kinds, quantile, noise, label_scale, positive_rate, label_rate, seed)[0]


def dial_signals(rows, correlation, *, features, kinds, sines, common_sines=True, scale=1.0, standardise=True, seed=0):
    """Return features ``(rows, features)`` and ``{task: (its signal as a function of z, the signal (rows,))}``.

    The arguments are those of ``make_synthetic``, with ``kinds`` for ``tasks``.
    """
    rows, seed = checks.count("rows", rows), checks.count("seed", seed, 0)
    scale = checks.number("scale", scale, 1e-6, 1e6)
    each = _sines(sines, checks.flag("common_sines", common_sines), kinds, seed)
    directions = task_directions(correlation, features, len(kinds), seed)
    x = np.random.default_rng([seed, 2]).standard_normal((rows, features), dtype=np.float32)
    signals = {}
    for index, task in enumerate(kinds):
        mean, spread = 0.0, 1.0
        if standardise:
            mean, variance = _mean(each[task], scale), label_covariance(each[task], each[task], 1, scale)
            if not variance > 1e-12 * scale**2:
                checks.refuse("sines", f"a signal of task {task!r} that varies", f"a variance of {variance:.3g}")
            spread = np.sqrt(variance)

        def signal(z, task=task, mean=mean, spread=spread):
            return (each[task].signal(z) - mean) / spread

        signals[task] = signal, signal(scale * (x.astype(np.float64) @ directions[index]))
    return x, signals


def labelled(x, signals, kinds, quantile, noise, label_scale, positive_rate, label_rate, seed):
    """Return a ``TaskData`` of noisy labels, and the label to be expected of each sample, ``{task: (rows,)}``.

    Args:
        x: features ``(rows, features)``.
        signals: ``{task: (rows,)}``, the labels without noise.
        kinds: ``{task: "binary" or "regression"}``.
        quantile: ``{task: function of a level from 0 to 1}``, the quantile of signal plus noise in the population.
        noise: ``{task: number}``, on which ``quantile`` rests.
        label_scale, positive_rate, label_rate, seed: as in ``make_synthetic``.
    """
    label_scale = per_task("label_scale", label_scale, kinds, 1e-6, 1e6)
    positive_rate = per_task("positive_rate", positive_rate, kinds, 1e-6, 1 - 1e-6)
    label_rate = per_task("label_rate", label_rate, kinds, 1e-6, 1)
    rows, labels, mask, expected = len(x), {}, {}, {}
    for index, (task, kind) in enumerate(kinds.items()):
        y = signals[task] + noise[task] * np.random.default_rng([seed, 3, index]).standard_normal(rows)
        if kind == "binary":
            threshold = quantile[task](1 - positive_rate[task])
            labels[task] = y > threshold
            above = signals[task] - threshold
            expected[task] = norm.cdf(above / noise[task]) if noise[task] else (above > 0).astype(float)
        else:
            labels[task] = y * label_scale[task]
            expected[task] = signals[task] * label_scale[task]
        # At least one sample stays, so that a tiny share of a few rows is still a task.
        shuffled = np.random.default_rng([seed, 4, index]).permutation(rows)
        mask[task] = shuffled < max(1, round(label_rate[task] * rows))
    return TaskData(x, labels, kinds, mask), expected


def _quantile(signal, scale, noise, level):
    """Return the label's quantile in the population, from a grid of equally likely z and noise."""
    z = scale * norm.ppf((np.arange(2000) + 0.5) / 2000)
    e = noise * norm.ppf((np.arange(200) + 0.5) / 200) if noise else np.zeros(1)
    return np.quantile(signal(z)[:, None] + e, level)


def per_task(argument, value, kinds, low, high):
    """Return a number for all tasks, or a dict with one for each, as a dict."""
    if not isinstance(value, dict):
        value = dict.fromkeys(kinds, value)
    if set(value) != set(kinds):
        checks.refuse(argument, f"a number for each of {list(kinds)}", sorted(map(str, value)))
    return {task: checks.number(f"{argument}[{task!r}]", value[task], low, high) for task in kinds}


def _sines(sines, common, kinds, seed):
    if isinstance(sines, Sines):
        return dict.fromkeys(kinds, sines)
    if isinstance(sines, dict):
        if set(sines) != set(kinds) or not all(isinstance(s, Sines) for s in sines.values()):
            checks.refuse("sines", f"a Sines for each of {list(kinds)}", sorted(map(str, sines)))
        return sines
    count = checks.count("sines", sines, 0)
    if common:
        return dict.fromkeys(kinds, Sines.draw(count, seed))
    draws = np.random.SeedSequence([seed, 5]).generate_state(len(kinds))
    return {task: Sines.draw(count, int(draw)) for task, draw in zip(kinds, draws, strict=True)}
