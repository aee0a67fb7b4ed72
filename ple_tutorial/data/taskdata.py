"""``TaskData``, the one shape in which data travel through the package."""

import copy
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ple_tutorial import checks


@dataclass(frozen=True)
class FeatureSpec:
    """What a model must know of the features.

    Attributes:
        numeric: number of float columns.
        cardinalities: for each column of integer codes, how many codes it has (codes run from 0).
    """

    numeric: int
    cardinalities: tuple = ()

    def __post_init__(self):
        checks.count("numeric", self.numeric, 0)
        object.__setattr__(self, "cardinalities", _cardinalities(self.cardinalities))


@dataclass(frozen=True, eq=False)
class TaskData:
    """Samples with several labels each, one for every task.

    Attributes:
        features: float32 ``(batch, features)``; or, for tabular data, a dict of ``numeric``: float32
            ``(batch, columns)`` and ``codes``: int32 ``(batch, columns)``.
        labels: ``{task: float32 (batch,)}``.
        kinds: ``{task: "binary" or "regression"}``; its order is the order of the tasks.
        mask: ``{task: bool (batch,)}``, True where the sample lies in the task's sample space (PLE paper,
            section 4.3, the deltas of Eq. 9). A task left out has every sample.
        cardinalities: number of codes of each column of ``features["codes"]``.
        weights: ``{task: float32 (batch,)}``, how much a sample counts in the task's loss and metrics, from 0. A task left out
            counts all its samples alike.

    Raises:
        ValueError: features that are not finite or not of rank 2, lengths that differ, a binary label other
            than 0 and 1, a code out of range, a task whose mask or weights leave no sample.
        TypeError: a container of the wrong type.
    """

    features: np.ndarray | dict
    labels: dict
    kinds: dict
    mask: dict = field(default_factory=dict)
    cardinalities: tuple = ()
    weights: dict = field(default_factory=dict)
    _least_samples = 1  # of each task; no field

    def __post_init__(self):
        kinds = checks.task_kinds("kinds", self.kinds)
        features = self._checked_features()
        rows = len(features["numeric"] if isinstance(features, dict) else features)
        for name in ("labels", "mask", "weights"):
            value = getattr(self, name)
            if not isinstance(value, dict):
                checks.refuse(name, "a dict {task: array}", type(value).__name__, TypeError)
            strangers = sorted(map(str, set(value) - set(kinds)))
            if strangers:
                checks.refuse(name, f"only the tasks {list(kinds)}", f"also {strangers}")
        missing = [task for task in kinds if task not in self.labels]
        if missing:
            checks.refuse("labels", f"one array for each of {list(kinds)}", f"none for {missing}")
        mask = dict.fromkeys(kinds, np.ones(rows, bool)) | self.mask
        mask = {task: _column(f"mask[{task!r}]", mask[task], rows, bool) for task in kinds}
        labels = {}
        for task, kind in kinds.items():
            name = f"labels[{task!r}]"
            if mask[task].sum() < self._least_samples:
                checks.refuse(f"mask[{task!r}]", "at least one sample in the task's sample space", "none")
            labels[task] = _column(name, self.labels[task], rows, np.float32)
            valid = labels[task][mask[task]]
            if not np.isfinite(valid).all():
                checks.refuse(name, "finite numbers", f"{(~np.isfinite(valid)).sum()} that are not")
            if kind == "binary" and not np.isin(valid, (0, 1)).all():
                checks.refuse(name, "0 or 1 for a binary task", valid[~np.isin(valid, (0, 1))][0])
            # Outside the sample space a label means nothing; zero keeps it out of every sum, NaN would not.
            labels[task] = np.where(mask[task], labels[task], np.float32(0))
        weights = {task: self._checked_weights(task, mask[task]) for task in kinds if task in self.weights}
        parts = {"features": features, "kinds": kinds, "labels": labels, "mask": mask, "weights": weights}
        for name, value in parts.items():
            object.__setattr__(self, name, value)

    def _checked_weights(self, task, mask):
        name = f"weights[{task!r}]"
        weights = _column(name, self.weights[task], len(mask), np.float32)
        valid = weights[mask]
        if not (np.isfinite(valid).all() and (valid >= 0).all() and (valid > 0).sum() >= self._least_samples):
            checks.refuse(name, "finite numbers from 0, at least one above", "others in the task's sample space")
        return np.where(mask, weights, np.float32(0))

    def _checked_features(self):
        tabular = isinstance(self.features, dict)
        object.__setattr__(self, "cardinalities", _cardinalities(self.cardinalities))
        if tabular != bool(len(self.cardinalities)):
            expected = "the number of codes of each column" if tabular else "none without features['codes']"
            checks.refuse("cardinalities", expected, self.cardinalities)
        if tabular and set(self.features) != {"numeric", "codes"}:
            checks.refuse("features", "the keys 'numeric' and 'codes'", sorted(map(str, self.features)))
        numeric = _array("features", self.features["numeric"] if tabular else self.features)
        if numeric.ndim != 2 or not len(numeric):
            checks.refuse("features", "an array of shape (batch, features)", f"shape {numeric.shape}")
        if numeric.dtype.kind not in "biuf":
            checks.refuse("features", "real numbers", numeric.dtype, TypeError)
        numeric = numeric.astype(np.float32, copy=False)
        if not np.isfinite(numeric).all():
            checks.refuse("features", "finite numbers", f"{(~np.isfinite(numeric)).sum()} that are not")
        if not tabular:
            return numeric
        codes = _array("features['codes']", self.features["codes"])
        if codes.shape != (len(numeric), len(self.cardinalities)) or not np.issubdtype(codes.dtype, np.integer):
            checks.refuse(
                "features['codes']",
                f"whole numbers of shape ({len(numeric)}, {len(self.cardinalities)})",
                f"{codes.dtype} of shape {codes.shape}",
            )
        if (codes < 0).any() or (codes >= np.asarray(self.cardinalities)).any():
            checks.refuse("features['codes']", "codes from 0 to cardinality - 1", "some outside")
        return {"numeric": numeric, "codes": codes.astype(np.int32, copy=False)}

    @property
    def tasks(self):
        """Names of the tasks, in order."""
        return tuple(self.kinds)

    @property
    def spec(self):
        """The ``FeatureSpec`` that ``build_model`` asks for."""
        width = (self.features["numeric"] if isinstance(self.features, dict) else self.features).shape[1]
        return FeatureSpec(width, tuple(self.cardinalities))

    def __len__(self):
        return len(self.labels[self.tasks[0]])

    def take(self, rows):
        """The samples at ``rows`` (an index array or a slice), as a new ``TaskData``.

        Raises:
            ValueError: rows that are not there, or that leave a task without a sample.
            TypeError: something other than row numbers, truths or a slice.
        """
        if isinstance(rows, slice):
            try:
                rows.indices(len(self))
            except (TypeError, ValueError):
                checks.refuse("rows", "a slice of whole numbers, in steps other than 0", rows, TypeError)
        else:
            rows = _array("rows", rows)
            rows = rows if rows.size else rows.astype(int)
            if rows.ndim != 1 or rows.dtype.kind not in "biu":
                expected = "a slice, or an array of row numbers or of truths"
                checks.refuse("rows", expected, f"{rows.dtype} of shape {rows.shape}", TypeError)
            if rows.dtype == bool and len(rows) != len(self):
                checks.refuse("rows", f"a truth for each of {len(self)} samples", len(rows))
            if rows.dtype != bool and len(rows) and not -len(self) <= rows.min() <= rows.max() < len(self):
                checks.refuse("rows", f"numbers of rows below {len(self)}", f"{rows.min()} to {rows.max()}")
        return replace(self._at(rows))

    def _at(self, rows):
        """As ``take``, unchecked: a batch may well hold no sample of a scarce task."""
        part, features = copy.copy(self), self.features
        features = {k: v[rows] for k, v in features.items()} if isinstance(features, dict) else features[rows]
        object.__setattr__(part, "features", features)
        object.__setattr__(part, "labels", {task: y[rows] for task, y in self.labels.items()})
        object.__setattr__(part, "mask", {task: m[rows] for task, m in self.mask.items()})
        object.__setattr__(part, "weights", {task: w[rows] for task, w in self.weights.items()})
        return part

    def only(self, *tasks):
        """The same samples with only the named tasks."""
        for task in tasks:
            checks.choice("tasks", task, self.tasks)
        parts = {name: getattr(self, name) for name in ("labels", "mask", "kinds", "weights")}
        return replace(
            self, **{name: {task: part[task] for task in tasks if task in part} for name, part in parts.items()}
        )

    def split(self, fractions=(0.6, 0.2, 0.2), seed=0):
        """Split at random into as many parts as there are ``fractions``; no sample is in two parts.

        Raises:
            ValueError: fractions that are not positive or do not sum to one, or a part without a sample.
        """
        fractions = checks.row("fractions", fractions, "a list of numbers")
        fractions = [checks.number("fractions", f, 0, 1) for f in fractions]
        if abs(sum(fractions) - 1) > 1e-9 or min(fractions) <= 0:
            checks.refuse("fractions", "positive numbers that sum to 1", fractions)
        if checks.count("seed", seed, 0) >= 2**32:
            checks.refuse("seed", "a number below 2 to the 32", seed)
        sizes = [round(fraction * len(self)) for fraction in fractions[:-1]]
        if min(*sizes, len(self) - sum(sizes), 1) < 1:
            checks.refuse("fractions", f"parts of at least one of the {len(self)} samples", fractions)
        rest, parts = np.arange(len(self)), []
        for i, size in enumerate(sizes):
            part, rest = train_test_split(rest, train_size=size, random_state=np.random.RandomState([seed, i]))
            parts.append(part)
        return [self.take(part) for part in (*parts, rest)]

    def batches(self, size, seed=None):
        """Yield the data in batches of ``size``, shuffled if a ``seed`` is given; the last may be smaller.

        A batch may hold no sample of a scarce task.
        """
        size = checks.count("size", size)
        if seed is not None:
            checks.count("seed", seed, 0)
        order = np.arange(len(self)) if seed is None else np.random.default_rng(seed).permutation(len(self))
        for start in range(0, len(self), size):
            yield self._at(order[start : start + size])

    def describe(self):
        """One row for each task: kind, samples in its sample space, mean and standard deviation of its label."""
        rows = []
        for task, kind in self.kinds.items():
            y = self.labels[task][self.mask[task]].astype(np.float64)
            rows.append({"task": task, "kind": kind, "samples": len(y), "mean": y.mean(), "std": y.std()})
        return pd.DataFrame(rows).set_index("task")


class Chunk(TaskData):
    """A part of data too large for memory: as ``TaskData``, but it may lack samples of a scarce task."""

    _least_samples = 0


def _column(name, value, rows, dtype):
    """``value`` as an array of shape ``(rows,)`` and ``dtype``, or a refusal that names it."""
    value = _array(name, value)
    if value.shape != (rows,):
        checks.refuse(name, f"shape ({rows},)", f"shape {value.shape}")
    if dtype is bool and value.dtype != bool:
        checks.refuse(name, "booleans", value.dtype, TypeError)
    if value.dtype.kind not in "biufO" or (value.dtype == object and any(isinstance(y, str) for y in value)):
        checks.refuse(name, "real numbers", value.dtype, TypeError)
    try:
        return value.astype(dtype, copy=False)
    except (TypeError, ValueError, OverflowError):
        checks.refuse(name, "real numbers", value.dtype, TypeError)


def _array(name, value):
    """``value`` as an array; rows of unequal length are refused by name, and so is a masked array, as its mask is lost."""
    if np.ma.isMaskedArray(value):
        checks.refuse(name, "an array", "a masked array; give the mask by itself", TypeError)
    try:
        return np.asarray(value)
    except ValueError:
        checks.refuse(name, "an array", "rows of unequal length")


def _cardinalities(value):
    """``value`` as a tuple of numbers of codes."""
    value = checks.row("cardinalities", value, "a tuple of numbers of codes")
    return tuple(checks.count("cardinalities", cardinality) for cardinality in value)
