"""``TaskData``: features, and for each task its labels, its kind and its sample space."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from ple_tutorial import checks
from ple_tutorial.data import columns, splitting

PART_LABELS = "use stratify (the name of a binary task), another seed, or larger parts"


@dataclass(frozen=True)
class FeatureSpec:
    """What a model must know of the features.

    Attributes:
        numeric: number of float columns.
        cardinalities: for each column of integer codes, how many codes it has (codes run from 0).

    Raises:
        ValueError, TypeError: numbers that are negative or not whole; more codes than int32 can number.

    Example:
        >>> FeatureSpec(2, (5, 3))
        FeatureSpec(numeric=2, cardinalities=(5, 3))
    """

    numeric: int
    cardinalities: Sequence[int] = ()

    def __post_init__(self):
        checks.count("numeric", self.numeric, 0)
        object.__setattr__(self, "cardinalities", _cardinalities(self.cardinalities))
        if sum(self.cardinalities) > columns.LARGEST_CODE:  # all columns share one table of vectors
            expected = "at most 2,147,483,647 codes in all columns together"
            checks.refuse("cardinalities", expected, f"{sum(self.cardinalities):,}", advice="hash them into fewer")


@dataclass(frozen=True, eq=False)
class TaskData:
    """Samples with one label for each task.

    Predictions, gate weights and slices need no labels: give ``{}``, and ``fit`` and ``evaluate`` say what they miss.

    Attributes:
        features: float32 ``(batch, features)``; or, for tabular data, a dict of ``numeric``: float32
            ``(batch, columns)`` and ``codes``: int32 ``(batch, columns)``. Arrays, lists and DataFrames are accepted, with
            nullable and boolean columns.
        labels: ``{task: float32 (batch,)}`` of all tasks, or ``{}``. A missing label is accepted where ``mask`` is False.
        kinds: ``{task: "binary" or "regression"}``; its order is the order of the tasks.
        mask: ``{task: bool (batch,)}``, True where the sample lies in the task's sample space (PLE paper,
            section 4.3, the deltas of Eq. 9). All samples do in a task that is left out. 0 and 1 are accepted, too.
        cardinalities: number of codes of each column of ``features["codes"]``.
        weights: ``{task: float32 (batch,)}``, how much a sample counts in the task's loss and metrics: 0 or more. All samples
            of a task that is left out count the same.
        names: ``{"numeric": (...), "codes": (...)}``, the columns' names if the features were DataFrames, else empty.

    Raises:
        ValueError: features that are missing, infinite, or whole numbers that float32 does not hold; lengths that differ; a
            binary label other than 0 and 1; a code out of range. The message names the column, the row and the value.
        TypeError: a column of something other than real numbers, or a container of the wrong type.

    Example:
        >>> data = TaskData([[0.1, 2.0], [0.4, 1.0]], {"click": [0, 1]}, {"click": "binary"})
        >>> len(data), data.spec
        (2, FeatureSpec(numeric=2, cardinalities=()))
        >>> TaskData(pd.DataFrame({"age": [20, None]}), {}, {"click": "binary"})
        Traceback (most recent call last):
        ValueError: features: expected finite numbers, got nan in column 'age', row 1 (counted from 0); fill it or leave the \
row out (and add a column of 0 and 1 that says where it was missing)
    """

    features: np.ndarray | dict
    labels: dict
    kinds: dict
    mask: dict = field(default_factory=dict)
    cardinalities: Sequence[int] = ()
    weights: dict = field(default_factory=dict)

    def __post_init__(self):
        kinds = checks.task_kinds("kinds", self.kinds)
        object.__setattr__(self, "cardinalities", _cardinalities(self.cardinalities))
        given = (
            self.features["numeric"]
            if isinstance(self.features, dict) and "numeric" in self.features
            else self.features
        )
        features, names = self._checked_features()
        rows = len(features["numeric"] if isinstance(features, dict) else features)
        for name in ("labels", "mask", "weights"):
            value = getattr(self, name)
            if not isinstance(value, dict):
                checks.refuse(name, "a dict {task: array}", type(value).__name__, TypeError)
            strangers = sorted(map(str, set(value) - set(kinds)))
            if strangers:
                checks.refuse(name, f"only the tasks {list(kinds)}", f"also {strangers}")
        missing = [task for task in kinds if task not in self.labels]
        if self.labels and missing:
            checks.refuse("labels", f"one array for each of {list(kinds)}, or none at all", f"none for {missing}")
        mask, labels, weights = dict.fromkeys(kinds, np.ones(rows, bool)), {}, {}
        for task, kind in kinds.items():
            for part in ("mask", "labels", "weights"):
                columns.check_index(f"{part}[{task!r}]", getattr(self, part).get(task), given)
            argument = f"mask[{task!r}]"
            if task in self.mask:
                mask[task] = columns.truths(argument, self.mask[task], rows, self._places(argument))
            argument = f"labels[{task!r}]"
            if task in self.labels:
                places, label = self._places(argument), self.labels[task]
                labels[task] = columns.labels(argument, label, rows, task, kind, mask[task], places)
            argument = f"weights[{task!r}]"
            if task in self.weights:
                places = self._places(argument)
                weights[task] = columns.weights(argument, self.weights[task], rows, mask[task], places)
        parts = {"features": features, "kinds": kinds, "labels": labels, "mask": mask, "weights": weights}
        for name, value in (parts | {"names": names}).items():
            object.__setattr__(self, name, value)

    def _checked_features(self):
        """The features, and the names of their columns where they have names: ``{"numeric": (...), "codes": (...)}``."""
        tabular = isinstance(self.features, dict)
        if tabular != bool(len(self.cardinalities)):
            expected = "the number of codes of each column" if tabular else "none without features['codes']"
            checks.refuse("cardinalities", expected, self.cardinalities)
        if not tabular:
            numeric, names = columns.numbers("features", self.features, self._places("features"))
            return numeric, {"numeric": names, "codes": ()}
        if set(self.features) != {"numeric", "codes"}:
            checks.refuse("features", "the keys 'numeric' and 'codes'", sorted(map(str, self.features)))
        numeric, names = columns.numbers("features", self.features["numeric"], self._places("features"))
        argument, codes = "features['codes']", self.features["codes"]
        places = self._places(argument)
        codes, of_codes = columns.codes(argument, codes, self.cardinalities, len(numeric), places)
        return {"numeric": numeric, "codes": codes}, {"numeric": names, "codes": of_codes}

    def _places(self, argument):
        """How a refusal of this argument names columns and rows; None for names from a DataFrame and row numbers."""

    def check_labels(self, argument: str, samples: bool = True) -> None:
        """Refuse data without labels, and (with ``samples``) a task without a sample that counts, by the argument's name.

        Raises:
            ValueError: labels are missing, or no sample of a task lies in its sample space with a weight above 0.

        Example:
            >>> TaskData([[0.1]], {}, {"click": "binary"}).check_labels("train")
            Traceback (most recent call last):
            ValueError: train.labels: expected one array for each of ['click'], got none
        """
        if not self.labels:
            checks.refuse(f"{argument}.labels", f"one array for each of {list(self.kinds)}", "none")
        for task in self.kinds if samples else ():
            if not self.mask[task].any():
                expected = "at least one sample in the task's sample space"
                checks.refuse(
                    f"{argument}.mask[{task!r}]", expected, "none", advice="leave the task out with .only(...)"
                )
            if task in self.weights and not self.weights[task].any():
                checks.refuse(f"{argument}.weights[{task!r}]", "at least one weight above 0", "none")

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, in order."""
        return tuple(self.kinds)

    @property
    def spec(self) -> FeatureSpec:
        """The ``FeatureSpec`` that ``build_model`` asks for."""
        return FeatureSpec(self.numeric.shape[1], tuple(self.cardinalities))

    @property
    def numeric(self) -> np.ndarray:
        """The columns of numbers, ``(batch, columns)``: ``features``, or ``features["numeric"]``."""
        return self.features["numeric"] if isinstance(self.features, dict) else self.features

    def __len__(self):
        return len(self.numeric)

    def take(self, rows: Any) -> Self:
        """Return the samples at ``rows`` (an index array, a mask or a slice) as a new ``TaskData``.

        A task may be left without a sample in its sample space: such data can be predicted, though not trained on.

        Raises:
            ValueError: rows that do not exist, or none.
            TypeError: something other than row numbers, booleans or a slice.

        Example:
            >>> data = TaskData([[0.0], [1.0], [2.0]], {"click": [0, 1, 1]}, {"click": "binary"})
            >>> data.take(data.labels["click"] == 1).features.tolist()
            [[1.0], [2.0]]
        """
        if isinstance(rows, slice):
            try:
                chosen = len(range(*rows.indices(len(self))))
            except (TypeError, ValueError):
                checks.refuse("rows", "a slice of whole numbers, with a step other than 0", rows, TypeError)
        else:
            rows = np.asarray(columns.array("rows", rows))
            rows = rows if rows.size else rows.astype(int)
            if rows.ndim != 1 or rows.dtype.kind not in "biu":
                expected = "a slice, or an array of row numbers or of booleans"
                checks.refuse("rows", expected, f"{rows.dtype} of shape {rows.shape}", TypeError)
            if rows.dtype == bool and len(rows) != len(self):
                checks.refuse("rows", f"a boolean for each of {len(self)} samples", len(rows))
            if rows.dtype != bool and len(rows) and not -len(self) <= rows.min() <= rows.max() < len(self):
                checks.refuse("rows", f"numbers of rows below {len(self)}", f"{rows.min()} to {rows.max()}")
            chosen = rows.sum() if rows.dtype == bool else len(rows)
        if not chosen:
            checks.refuse("rows", "at least one row", "none")
        return self._at(rows)

    def _at(self, rows):
        """As ``take``, unchecked."""
        features = self.features
        features = {k: v[rows] for k, v in features.items()} if isinstance(features, dict) else features[rows]
        parts = {name: {t: x[rows] for t, x in getattr(self, name).items()} for name in ("labels", "mask", "weights")}
        return self._with(features=features, **parts)

    def _with(self, **parts):
        """A copy with other parts, which are known to be sound."""
        new = copy.copy(self)
        for name, value in parts.items():
            object.__setattr__(new, name, value)
        return new

    def only(self, *tasks: str) -> Self:
        """Return the same samples with only the named tasks.

        Raises:
            ValueError: an unknown task, one that is named twice, or none.
        """
        for task in tasks:
            checks.choice("tasks", task, self.tasks)
        tasks = checks.task_names("tasks", tasks)
        parts = {name: getattr(self, name) for name in ("labels", "mask", "kinds", "weights")}
        return self._with(**{name: {t: part[t] for t in tasks if t in part} for name, part in parts.items()})

    def split(
        self,
        fractions: Sequence[float] = (0.6, 0.2, 0.2),
        seed: int = 0,
        *,
        stratify: str | None = None,
        groups: Any = None,
        by_time: Any = None,
    ) -> list[Self]:
        """Split into as many parts as there are ``fractions``, at random unless ``by_time``; no sample is in two parts.

        Args:
            fractions: shares of the samples (with ``groups``: of the groups) that sum to 1.
            seed: random seed; ``by_time`` needs none.
            stratify: a binary task, of whose zeros, ones and samples outside of its sample space each part gets its share.
            groups: ``(batch,)``, for instance the user of each sample; no group is in two parts.
            by_time: ``(batch,)``, numbers or dates; the oldest samples are the first part, and samples of the same time are in
                the same part.

        Raises:
            ValueError: fractions that are not positive or do not sum to one; a part without a sample, or without one in
                the sample space of a task; fewer zeros, ones, groups or times than parts.
            TypeError: arguments of the wrong type, or more than one of ``stratify``, ``groups`` and ``by_time``.

        Example:
            >>> data = TaskData(np.zeros((10, 1)), {"click": [1, 1] + 8 * [0]}, {"click": "binary"})
            >>> [part.labels["click"].sum().item() for part in data.split((0.5, 0.5), stratify="click")]
            [1.0, 1.0]
            >>> [len(part) for part in data.split((0.5, 0.5), groups=3 * ["a"] + 7 * ["b"])]
            [7, 3]
        """
        fractions = [
            checks.number("fractions", f, 0, 1) for f in checks.row("fractions", fractions, "a list of numbers")
        ]
        if abs(sum(fractions) - 1) > 1e-9 or min(fractions) <= 0:
            checks.refuse("fractions", "positive numbers that sum to 1", fractions)
        if checks.count("seed", seed, 0) >= 2**32:
            checks.refuse("seed", "a number below 2 to the 32", seed)
        ways = {"stratify": stratify, "groups": groups, "by_time": by_time}
        ways = [name for name, value in ways.items() if value is not None]
        if len(ways) > 1:
            checks.refuse(ways[1], f"nothing, since {ways[0]} is given", "both", TypeError)
        if by_time is not None:
            parts = splitting.by_time(by_time, fractions, len(self))
        elif groups is not None:
            parts = splitting.by_group(groups, fractions, seed, len(self))
        else:
            strata = None if stratify is None else self._strata(stratify)
            parts = splitting.at_random("fractions", len(self), fractions, seed, strata)
        parts = [self.take(part) for part in parts]
        for number, part in enumerate(parts, 1):
            for task in self.tasks:
                if self.mask[task].any() and not part.mask[task].any():
                    expected = "at least one sample of every task in every part"
                    got = f"none in the sample space of {task!r} in part {number}"
                    checks.refuse("fractions", expected, got, advice=PART_LABELS)
        return parts

    def _strata(self, task):
        """For each sample 0 or 1, the label of ``task``, or 2 outside of its sample space."""
        if self.kinds[checks.choice("stratify", task, self.tasks)] != "binary" or not self.labels:
            got = f"the regression {task!r}" if self.labels else "data without labels"
            checks.refuse("stratify", "a binary task with labels", got)
        return np.where(self.mask[task], self.labels[task], 2).astype(int)

    def batches(self, size: int, seed: int | None = None) -> Iterator[Self]:
        """Yield the data in batches of ``size``, shuffled if a ``seed`` is given; the last may be smaller.

        A batch may hold no sample of a scarce task.
        """
        size = checks.count("size", size)
        if seed is not None:
            checks.count("seed", seed, 0)
        order = np.arange(len(self)) if seed is None else np.random.default_rng(seed).permutation(len(self))
        for start in range(0, len(self), size):
            yield self._at(order[start : start + size])

    def describe(self) -> pd.DataFrame:
        """Return one row for each task: kind, samples in its sample space, mean and standard deviation of its label."""
        rows = []
        for task, kind in self.kinds.items():
            inside = self.mask[task]
            y = self.labels[task][inside].astype(np.float64) if self.labels and inside.any() else np.array([np.nan])
            rows.append({"task": task, "kind": kind, "samples": inside.sum(), "mean": y.mean(), "std": y.std()})
        return pd.DataFrame(rows).set_index("task")

    @classmethod
    def without_features(cls, chunks: Iterable["TaskData"], argument: str = "chunks") -> "TaskData":
        """Return the labels, masks and weights of all ``chunks`` as one ``TaskData`` whose features have no columns.

        Of data larger than memory the labels are small: with the predictions, ``evaluate`` needs no more.

        Raises:
            TypeError: something other than ``TaskData`` among the chunks, or none at all.
        """
        parts, kinds = {}, None
        if not hasattr(chunks, "__iter__"):
            checks.refuse(argument, "a TaskData, or chunks of them", type(chunks).__name__, TypeError)
        for chunk in chunks:
            if not isinstance(chunk, TaskData):
                checks.refuse(argument, "a TaskData, or chunks of them", type(chunk).__name__, TypeError)
            if kinds is not None and chunk.kinds != kinds:
                checks.refuse(argument, f"chunks of the kinds {kinds}", chunk.kinds)
            kinds = chunk.kinds
            for name in ("labels", "mask", "weights"):
                for task, values in getattr(chunk, name).items():
                    parts.setdefault(name, {}).setdefault(task, []).append(values)
        if kinds is None:
            checks.refuse(argument, "a TaskData, or chunks of them", "no chunk", TypeError)
        parts = {name: {t: np.concatenate(values) for t, values in part.items()} for name, part in parts.items()}
        rows = len(next(iter(parts["mask"].values())))
        return cls(
            np.zeros((rows, 0), np.float32),
            parts.get("labels", {}),
            kinds,
            parts["mask"],
            weights=parts.get("weights", {}),
        )


def _cardinalities(value):
    """``value`` as a tuple of numbers of codes."""
    value = checks.row("cardinalities", value, "a tuple of numbers of codes")
    return tuple(checks.count("cardinalities", cardinality) for cardinality in value)
