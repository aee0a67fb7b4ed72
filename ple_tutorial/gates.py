"""The weights that a model's gates give to its experts, and their summary."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import entropy

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.layers import Gate
from ple_tutorial.loading import feature_batches


@dataclass(frozen=True)
class GateWeights:
    """The weights of one gate on every sample.

    Attributes:
        level: from 1.
        gate: the stream that the gate belongs to: a task, or ``shared``.
        experts: names of the experts, in the order of the weights.
        weights: ``(batch, experts)``; each row sums to one.

    Example:
        >>> reading = GateWeights(1, "click", ("shared_1", "click_1"), np.array([[0.25, 0.75]]))
        >>> reading.share_of("shared").tolist()
        [0.25]
    """

    level: int
    gate: str
    experts: tuple
    weights: np.ndarray

    def share_of(self, group: str) -> np.ndarray:
        """Return the total weight on the experts of one group (a task, or ``shared``), ``(batch,)``.

        Raises:
            ValueError: a group of which the gate sees no expert.
        """
        columns = [name.rpartition("_")[0] == group for name in self.experts]
        if not any(columns):
            checks.refuse("group", f"one of {sorted({n.rpartition('_')[0] for n in self.experts})}", repr(group))
        return self.weights[:, columns].sum(axis=1)


def gate_readout(model: keras.Model) -> tuple[list[Gate], keras.Model | None]:
    """Return the gates of ``model``, and a Keras model from its inputs to ``{gate's name: its weights}``.

    Without a gate the list is empty and the model is None.
    """
    gates = [
        layer for layer in model.layers if isinstance(layer, Gate) and re.fullmatch(r"level\d+_.+_gate", layer.name)
    ]
    return gates, keras.Model(model.input, {gate.name: gate.output for gate in gates}) if gates else None


def gate_weights(model: keras.Model, data: Any, batch_size: int = 16_384) -> list[GateWeights]:
    """Return the weights of every gate of ``model`` on ``data``, level by level and task by task, shared streams last.

    Args:
        model: from ``build_model``.
        data: as in ``predict``: a ``TaskData`` with labels or without, bare features, or chunks of ``TaskData``.
        batch_size: at most so many samples at once.

    Raises:
        ValueError: a model without a gate, or data that do not fit it.
        TypeError: no Keras model, or something other than data.

    Source: PLE paper, section 5.4 and Figure 8.

    Example:
        >>> from ple_tutorial.models import build_model
        >>> model = build_model("cgc", features=2, tasks={"click": "binary", "share": "binary"})
        >>> [(reading.gate, reading.weights.shape) for reading in gate_weights(model, np.zeros((5, 2)))]
        [('click', (5, 3)), ('share', (5, 3))]
    """
    if not isinstance(model, keras.Model):
        checks.refuse("model", "a Keras model", type(model).__name__, TypeError)
    gates, readout = gate_readout(model)
    if not gates:
        checks.refuse(
            "model", "one of build_model with gates (MMoE, ML-MMoE, CGC, PLE)", f"{model.name!r}, which has none"
        )
    parts = [readout(features, training=False) for features in feature_batches(model, data, "data", batch_size)]
    readings = []
    for gate in gates:
        level, name = gate.name.removeprefix("level").removesuffix("_gate").split("_", 1)
        weights = np.concatenate([part[gate.name] for part in parts])
        readings.append(GateWeights(int(level), name, tuple(gate.experts), weights))
    tasks = list(model.output)  # Keras lists the layers of a model in an order of its own
    return sorted(readings, key=lambda r: (r.level, tasks.index(r.gate) if r.gate in tasks else len(tasks)))


def summarise(readings: Sequence[GateWeights]) -> pd.DataFrame:
    """Return a tidy table of ``GateWeights``: one row for each level, gate and expert.

    Columns: ``mean`` and ``std`` of the expert's weight over the samples (the bar and the line of the PLE paper's Figure 8);
    ``entropy`` of the gate, the same in all its rows: the mean over samples of the entropy of its weights, divided by the
    logarithm of the number of experts (1: all experts have the same weight; 0: one expert has all of it; NaN for a gate of
    one expert).

    Raises:
        TypeError: something other than a list of ``GateWeights``.

    Example:
        >>> reading = GateWeights(1, "click", ("shared_1", "click_1"), np.array([[0.25, 0.75], [0.75, 0.25]]))
        >>> summarise([reading])[["gate", "expert", "mean", "std"]].values.tolist()
        [['click', 'shared_1', 0.5, 0.25], ['click', 'click_1', 0.5, 0.25]]
    """
    if not isinstance(readings, (list, tuple)) or not all(isinstance(reading, GateWeights) for reading in readings):
        checks.refuse("readings", "a list of GateWeights, as of gate_weights", type(readings).__name__, TypeError)
    rows = []
    for reading in readings:
        n = len(reading.experts)
        spread = entropy(reading.weights.astype(np.float64), axis=1).mean() / np.log(n) if n > 1 else float("nan")
        for expert, column in zip(reading.experts, reading.weights.T, strict=True):
            rows.append(
                {
                    "level": reading.level,
                    "gate": reading.gate,
                    "expert": expert,
                    "mean": float(column.mean(dtype=np.float64)),
                    "std": float(column.std(dtype=np.float64)),
                    "entropy": float(spread),
                }
            )
    return pd.DataFrame(rows)
