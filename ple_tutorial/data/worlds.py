"""Worlds whose truth is known: synthetic tasks that are handed out together with what their labels are made of.

In every world a task's label is a mixture of *parts*, plus noise, and the mixture may depend on a *context* that the features
show:

    y_t = sum_p coefficients[t, context, p] * part_p + noise

A part is a function of the features with mean 0 and variance 1: a quadratic form ``phi(z; A) = z' A z / (sqrt(2) |A|)`` with a
symmetric matrix A of zero trace, which needs hidden units, or (``make_neighbours``) a task's signal on the dial. So a perfect
expert holds a part, a perfect gate shows which parts are mixed, and no model has less error than the label that is to be
expected.

Source: the closed forms are worked out here and tested; the routing table follows the idea that a gate needs clusters (Chen et
al., NeurIPS 2022).
"""

import functools
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ple_tutorial import checks
from ple_tutorial.data.synthetic import PAIR, dial_signals, labelled, per_task
from ple_tutorial.data.taskdata import TaskData

POPULATION = 100_000  # samples from which the threshold of a binary task is taken


@dataclass(frozen=True, eq=False)
class World:
    """Data of known truth.

    Attributes:
        data: the ``TaskData`` with noisy labels.
        expected: ``{task: float64 (batch,)}``, the label to be expected given the features and the
            context (which a shuffled world hides from them): without noise for a regression, the
            probability of a 1 for a binary task. The mean squared difference from it is a model's *excess* error.
        parts: ``{name: float64 (batch,)}``, what the labels are made of.
        context: int ``(batch,)``, the context of each sample, from 0; all 0 in a world without contexts.
        coefficients: ``(tasks, contexts, parts)``, how a task mixes the parts in a context; in the order of ``data.tasks`` and
            ``parts``.
        columns: ``{name: slice}``, which features say what: ``context``, the parts they belong to, and ``silent`` ones, which
            say nothing.

    Example:
        >>> world = make_routing(1000, contexts=4, share=0.5, width=4, seed=0)
        >>> world.table.shape, [name for name in world.columns]
        ((2, 4), ['context', 'parts', 'silent'])
        >>> bool(np.allclose(world.expected["a"], world.signals["a"]))
        True
    """

    data: TaskData
    expected: dict
    parts: dict
    context: np.ndarray
    coefficients: np.ndarray
    columns: dict

    def __len__(self):
        return len(self.data)

    @property
    def signals(self) -> dict[str, np.ndarray]:
        """``{task: (batch,)}``, the mixture of the parts, before noise and ``label_scale``; 0 for a neighbour."""
        return _mixtures(self.data.tasks, self.coefficients, self.context, self.parts)

    @property
    def table(self) -> np.ndarray:
        """Int ``(tasks, contexts)``, which part weighs most in a task's mixture in a context: the true routing.

        Of parts that weigh the same it is the first, and -1 where no part has a weight (a neighbour).
        """
        weights = np.abs(self.coefficients)
        return np.where(weights.any(axis=2), weights.argmax(axis=2), -1)

    def take(self, rows: Any) -> Self:
        """Return the samples at ``rows``, as ``TaskData.take`` does, with their truth.

        Raises:
            ValueError, TypeError: see ``TaskData.take``.
        """
        parts = {name: {key: one[rows] for key, one in getattr(self, name).items()} for name in ("expected", "parts")}
        return replace(self, data=self.data.take(rows), context=self.context[rows], **parts)

    def split(self, *rows: int) -> list[Self]:
        """Return parts of so many rows each, one after the other; the rest is the last part.

        Raises:
            ValueError: the parts leave no row for the last.

        Example:
            >>> [len(part) for part in make_parts(100).split(60, 30)]
            [60, 30, 10]
        """
        ends = np.cumsum([checks.count("rows", one) for one in rows])
        if len(ends) and ends[-1] >= len(self):
            checks.refuse("rows", f"parts of fewer than {len(self)} rows together", int(ends[-1]))
        return [self.take(slice(a, b)) for a, b in zip([0, *ends], [*ends, len(self)], strict=True)]


def quadratic_forms(count: int, width: int, seed: int = 0) -> np.ndarray:
    """Return symmetric matrices of zero trace and norm 1, orthogonal to each other, ``(count, width, width)``.

    For ``z ~ N(0, I)`` the forms ``z' A z`` have mean 0 and variance 2, and no two of them are correlated.

    Raises:
        ValueError: more forms than are orthogonal in so few dimensions, ``width (width + 1) / 2 - 1``.

    Example:
        >>> forms = quadratic_forms(2, 3)
        >>> np.einsum("kij,lij->kl", forms, forms).round(6).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    count, width, seed = checks.count("count", count), checks.count("width", width, 2), checks.count("seed", seed, 0)
    most = width * (width + 1) // 2 - 1
    if count > most:
        checks.refuse("width", f"a width in which {count} parts are unrelated", f"{width}, which has room for {most}")
    draws = np.random.default_rng([seed, 1]).standard_normal((count, width, width))
    draws = (draws + draws.transpose(0, 2, 1)) / 2
    draws -= np.trace(draws, axis1=1, axis2=2)[:, None, None] * np.eye(width) / width
    basis, triangle = np.linalg.qr(draws.reshape(count, -1).T)
    forms = (basis * np.sign(np.diag(triangle))).T.reshape(count, width, width)
    return (forms + forms.transpose(0, 2, 1)) / 2  # symmetric to the last bit


def quadratic(z: np.ndarray, form: np.ndarray) -> np.ndarray:
    """Return ``phi(z; A) = z' A z / sqrt(2)`` for a form of norm 1, ``(batch,)``: mean 0 and variance 1 for ``z ~ N(0, I)``.

    Example:
        >>> quadratic(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, -1.0]]) / np.sqrt(2)).tolist()
        [0.0]
    """
    return ((z @ form) * z).sum(axis=1) / np.sqrt(2)


def make_parts(
    rows: int,
    share: float = 0.5,
    *,
    tasks: dict[str, str] | None = None,
    width: int = 4,
    private_width: int | None = None,
    silent: int = 8,
    noise: float | dict[str, float] = 0.5,
    label_scale: float | dict[str, float] = 1.0,
    positive_rate: float | dict[str, float] = 0.5,
    label_rate: float | dict[str, float] = 1.0,
    seed: int = 0,
) -> World:
    """Return tasks with a part that all share and a part of their own: ``y_t = sqrt(l) shared + sqrt(1 - l) own_t + noise``.

    The correlation of two regressions' labels is ``l / (1 + noise**2)``, and no variance moves with ``l``. The true shared
    expert is the part ``shared``, a task's true own expert is the part of its name.

    Args:
        rows: number of samples.
        share: l, how much of a label's variance the shared part has, 0 to 1.
        tasks: ``{task: "binary" or "regression"}``, two to eight; two regressions ``a`` and ``b`` if not given.
        width: number of features that the shared part reads.
        private_width: number of features that each task's own part reads, as many as ``width`` if not given.
        silent: number of features that say nothing.
        noise: standard deviation of the label noise: a number, or ``{task: number}``. The signal's is 1.
        label_scale, positive_rate, label_rate: as in ``make_synthetic``; ``label_rate={"a": 1.0, "b": 0.05}`` makes the labels
            of task b scarce.
        seed: of all random draws.

    Raises:
        ValueError, TypeError: an argument that does not fit, named.

    Example:
        >>> world = make_parts(5000, share=0.25)
        >>> list(world.parts), world.coefficients[:, 0].round(2).tolist()
        (['shared', 'a', 'b'], [[0.5, 0.87, 0.0], [0.5, 0.0, 0.87]])
    """
    kinds, share = _kinds(tasks), checks.number("share", share, 0, 1)
    width = checks.count("width", width, 2)
    private = width if private_width is None else checks.count("private_width", private_width, 2)
    columns = _columns({"shared": width} | dict.fromkeys(kinds, private), silent)
    seeds = np.random.SeedSequence([checks.count("seed", seed, 0), 5]).generate_state(1 + len(kinds))
    forms = {name: quadratic_forms(1, columns[name].stop - columns[name].start, int(one))[0] for name, one in
             zip(["shared", *kinds], seeds, strict=True)}  # fmt: skip
    coefficients = np.zeros((len(kinds), 1, 1 + len(kinds)))
    coefficients[:, 0, 0] = np.sqrt(share)
    coefficients[:, 0, 1:] = np.sqrt(1 - share) * np.eye(len(kinds))

    def parts_of(x):
        return {name: quadratic(x[:, columns[name]], form) for name, form in forms.items()}

    labels = (noise, label_scale, positive_rate, label_rate)
    return _world(rows, kinds, columns, None, parts_of, coefficients, labels, seed)


def make_sign(
    rows: int,
    agreement: float = 0.5,
    *,
    tasks: dict[str, str] | None = None,
    width: int = 4,
    silent: int = 8,
    noise: float | dict[str, float] = 0.5,
    label_scale: float | dict[str, float] = 1.0,
    positive_rate: float | dict[str, float] = 0.5,
    label_rate: float | dict[str, float] = 1.0,
    shuffled: bool = False,
    seed: int = 0,
) -> World:
    """Return tasks whose relation turns with a context: ``y_a = f(z) + noise``, ``y_b = c f(z) + noise``, with c = 1 or -1.

    The feature in the column ``context`` is c. Every second task turns with it. The correlation of the labels of a task that
    turns with one that does not, for regressions, is ``(2 agreement - 1) / (1 + noise**2)``: zero at 0.5, though the tasks
    share all there is.

    Args:
        rows, tasks, silent, noise, label_scale, positive_rate, label_rate, seed: as in ``make_parts``.
        agreement: how probable c = 1 is, 0 to 1.
        width: number of features that f reads.
        shuffled: a control: the feature shows the context of another sample, so that no gate can see it.

    Raises:
        ValueError, TypeError: an argument that does not fit, named.

    Example:
        >>> world = make_sign(1000, tasks={"a": "regression", "b": "regression", "c": "binary"})
        >>> world.coefficients[:, :, 0].tolist()  # context 1 turns task b
        [[1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    kinds, agreement = _kinds(tasks), checks.number("agreement", agreement, 0, 1)
    columns = _columns({"context": 1, "f": checks.count("width", width, 2)}, silent)
    (form,) = quadratic_forms(1, width, seed)
    turn = np.where(np.arange(len(kinds)) % 2, -1.0, 1.0)
    coefficients = np.stack([np.ones(len(kinds)), turn], axis=1)[:, :, None]

    def parts_of(x):
        return {"f": quadratic(x[:, columns["f"]], form)}

    labels = (noise, label_scale, positive_rate, label_rate)
    chances, signs = np.array([agreement, 1 - agreement]), np.array([[1.0], [-1.0]])
    return _world(rows, kinds, columns, (chances, signs, shuffled), parts_of, coefficients, labels, seed)


def make_routing(
    rows: int,
    share: float = 0.5,
    *,
    tasks: dict[str, str] | None = None,
    contexts: int = 12,
    functions: int | None = None,
    private: int = 0,
    width: int = 6,
    silent: int = 0,
    noise: float | dict[str, float] = 0.5,
    label_scale: float | dict[str, float] = 1.0,
    positive_rate: float | dict[str, float] = 0.5,
    label_rate: float | dict[str, float] = 1.0,
    shuffled: bool = False,
    seed: int = 0,
) -> World:
    """Return tasks that follow a routing table: in context c, task t's label is the function ``h_{R[t, c]}(z)`` plus noise.

    All functions read the same features and are uncorrelated. The context is visible, one feature for each (1 in that context,
    else 0), and all contexts are equally likely. In a ``share`` of them all tasks have the same function, in the others no two
    have: each another one of the common functions, or, with ``private``, one of its own, which no other task ever has. The
    correlation of two regressions' labels is ``share / (1 + noise**2)``.

    Args:
        rows, tasks, silent, noise, label_scale, positive_rate, label_rate, seed: as in ``make_parts``.
        share: of the contexts in which the tasks agree, 0 to 1; ``share * contexts`` must be whole.
        contexts: number of contexts.
        functions: how many common ones there are, at least as many as tasks without ``private``; if not given, as many as
            tasks, or one with ``private``.
        private: functions that each task has of its own.
        width: number of features that the functions read.
        shuffled: a control: the features show the context of another sample, so that no gate can see it.

    Raises:
        ValueError, TypeError: an argument that does not fit, named; a width without room for so many functions.

    Example:
        >>> make_routing(1000, 0.5, contexts=4, width=3, seed=1).table.tolist()
        [[1, 1, 1, 1], [0, 1, 1, 0]]
    """
    kinds, share = _kinds(tasks), checks.number("share", share, 0, 1)
    contexts = checks.count("contexts", contexts)
    private = checks.count("private", private, 0)
    least = 1 if private else len(kinds)
    functions = least if functions is None else checks.count("functions", functions)
    if functions < least:
        checks.refuse("functions", f"at least {least}, one for each task", functions)
    agreeing = round(share * contexts)
    if abs(share * contexts - agreeing) > 1e-9:
        checks.refuse("share", f"a whole number of {contexts} contexts", f"{share:g}, {share * contexts:g} contexts")
    columns = _columns({"context": contexts, "parts": checks.count("width", width, 2)}, silent)
    names = [f"h{number}" for number in range(functions)]
    names += [f"{task}_{number}" for task in kinds for number in range(private)]
    forms = quadratic_forms(len(names), width, seed)
    rng = np.random.default_rng([checks.count("seed", seed, 0), 6])
    if private:
        own = functions + private * np.arange(len(kinds))[:, None]
        table = own + rng.integers(0, private, (len(kinds), contexts))
    else:
        table = np.stack([rng.permutation(functions)[: len(kinds)] for _ in range(contexts)], axis=1)
    agree = rng.permutation(contexts)[:agreeing]
    table[:, agree] = rng.integers(0, functions, agreeing)
    coefficients = np.eye(len(names))[table]

    def parts_of(x):
        z = x[:, columns["parts"]]
        return {name: quadratic(z, form) for name, form in zip(names, forms, strict=True)}

    labels = (noise, label_scale, positive_rate, label_rate)
    seen = (np.full(contexts, 1 / contexts), np.eye(contexts), shuffled)
    return _world(rows, kinds, columns, seen, parts_of, coefficients, labels, seed)


def make_neighbours(
    rows: int,
    correlation: Any = 0.5,
    *,
    tasks: dict[str, str] | None = None,
    neighbours: dict[str, float] | None = None,
    features: int = 16,
    silent: int = 0,
    sines: Any = 4,
    noise: float | dict[str, float] = 0.5,
    label_scale: float | dict[str, float] = 1.0,
    positive_rate: float | dict[str, float] = 0.5,
    label_rate: float | dict[str, float] = 1.0,
    seed: int = 0,
) -> World:
    """Return the tasks of the dial, with neighbours whose labels are nothing but noise.

    Without neighbours (``{}``) this is the dial with its truth. A neighbour's label is to be expected at 0: whatever a model
    learns from it is noise, and a loud one dominates the joint loss.

    Args:
        rows, silent, seed: as in ``make_parts``.
        correlation, sines: of the tasks, as in ``make_synthetic``.
        tasks: ``{task: kind}``; two regressions ``a`` and ``b`` if not given.
        neighbours: ``{task: standard deviation of its labels}``; ``{"loud": 3.0}`` if not given. They are regressions.
        features: number of features that the directions of the tasks lie in.
        noise, label_scale, positive_rate, label_rate: as in ``make_parts``, for the tasks; a neighbour has all its labels.

    Raises:
        ValueError, TypeError: an argument that does not fit, named.

    Example:
        >>> world = make_neighbours(1000, 0.5, neighbours={"loud": 3.0})
        >>> world.data.tasks, world.expected["loud"].max().item(), list(world.parts)
        (('a', 'b', 'loud'), 0.0, ['a', 'b'])
    """
    kinds = checks.task_kinds("tasks", PAIR if tasks is None else tasks)
    loud = {"loud": 3.0} if neighbours is None else neighbours
    if not isinstance(loud, dict):
        checks.refuse("neighbours", "a dict {task: standard deviation}", repr(neighbours), TypeError)
    for task, deviation in loud.items():
        checks.number(f"neighbours[{task!r}]", deviation, 0, 1e6)
        if task in kinds:
            checks.refuse("neighbours", f"names other than {list(kinds)}", repr(task))
    x, signals = dial_signals(rows, correlation, features=features, kinds=kinds, sines=sines, seed=seed)
    parts = {task: value for task, (_, value) in signals.items()}
    columns = _columns({"parts": features}, silent)
    x = np.column_stack([x, _silent(rows, columns, seed)])
    every = checks.task_kinds("neighbours", kinds | dict.fromkeys(loud, "regression"))
    values = parts | {task: np.zeros(len(x)) for task in loud}

    noise = per_task("noise", noise, kinds, 0, 1e6) | loud
    sizes = [
        per_task("label_scale", label_scale, kinds, 1e-6, 1e6) | dict.fromkeys(loud, 1.0),
        per_task("positive_rate", positive_rate, kinds, 1e-6, 1 - 1e-6) | dict.fromkeys(loud, 0.5),
        per_task("label_rate", label_rate, kinds, 1e-6, 1) | dict.fromkeys(loud, 1.0),
    ]
    quantile = {}
    if "binary" in kinds.values():
        sample = dial_signals(POPULATION, correlation, features=features, kinds=kinds, sines=sines, seed=seed)[1]
        quantile = {task: _quantile_of(value, noise[task], seed) for task, (_, value) in sample.items()}
    data, expected = labelled(x, values, every, quantile, noise, *sizes, seed)
    coefficients = np.eye(len(every), len(kinds))[:, None]
    return World(data, expected, parts, np.zeros(len(x), int), coefficients, columns)


def _kinds(tasks):
    kinds = checks.task_kinds("tasks", PAIR if tasks is None else tasks)
    if not 2 <= len(kinds) <= 8:
        checks.refuse("tasks", "two to eight tasks", len(kinds))
    return kinds


def _columns(widths, silent):
    """Return ``{name: slice}`` of columns of these widths, one after the other, and of the silent ones at the end."""
    widths = widths | {"silent": checks.count("silent", silent, 0)}
    ends = np.cumsum(list(widths.values())).tolist()
    return {name: slice(end - width, end) for (name, width), end in zip(widths.items(), ends, strict=True)}


def _mixtures(tasks, coefficients, context, parts):
    """Return ``{task: (rows,)}``, what each task mixes of the parts in the contexts of the samples."""
    mixed = coefficients[:, context] * np.stack(list(parts.values()), axis=1)
    return dict(zip(tasks, mixed.sum(axis=2), strict=True))


def _silent(rows, columns, seed):
    width = columns["silent"].stop - columns["silent"].start
    return np.random.default_rng([seed, 7]).standard_normal((rows, width), dtype=np.float32)


def _quantile_of(signal, noise, seed):
    """Return the quantile of signal plus noise as a function of the level, from a large sample of the signal."""
    e = noise * np.random.default_rng([seed, 9]).standard_normal(len(signal))
    return functools.partial(np.quantile, signal + e)


def _world(rows, kinds, columns, seen, parts_of, coefficients, labels, seed):
    """Return the world.

    Args:
        columns: of all features.
        seen: None, or the chances of the contexts, how each looks in the features, and whether samples show another's.
        parts_of: function of the features that returns ``{name: (rows,)}``.
        labels: noise, label_scale, positive_rate and label_rate.
    """
    rows, seed = checks.count("rows", rows), checks.count("seed", seed, 0)

    def draw(count, *stream):
        rng, context = np.random.default_rng([seed, *stream]), np.zeros(count, int)
        x = rng.standard_normal((count, columns["silent"].start), dtype=np.float32)
        if seen is not None:
            chances, looks, shuffled = seen
            context = rng.choice(len(chances), count, p=chances)
            shown = rng.permutation(context) if checks.flag("shuffled", shuffled) else context
            x[:, columns["context"]] = looks[shown]
        parts = parts_of(x.astype(np.float64))
        return x, context, parts, _mixtures(kinds, coefficients, context, parts)

    x, context, parts, signals = draw(rows, 2)
    noise = per_task("noise", labels[0], kinds, 0, 1e6)
    quantile = {}
    if "binary" in kinds.values():
        population = draw(POPULATION, 8)[3]
        quantile = {task: _quantile_of(population[task], noise[task], seed) for task in kinds}
    x = np.column_stack([x, _silent(rows, columns, seed)])
    data, expected = labelled(x, signals, kinds, quantile, noise, *labels[1:], seed)
    return World(data, expected, parts, context, coefficients, columns)
