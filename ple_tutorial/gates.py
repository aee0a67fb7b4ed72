"""What the gates do: the gate weights of a model on data, and their summary."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import entropy

from ple_tutorial import checks
from ple_tutorial.backend import keras
from ple_tutorial.layers import Gate
from ple_tutorial.models import check_fits


@dataclass(frozen=True)
class GateWeights:
    """The weights of one gate on every sample.

    Attributes:
        level: from 1.
        gate: whose gate it is: a task, or ``shared``.
        experts: names of the experts, in the order of the weights.
        weights: ``(batch, experts)``; each row sums to one.
    """

    level: int
    gate: str
    experts: tuple
    weights: np.ndarray

    def share_of(self, group):
        """Total weight on the experts of one group (a task, or ``shared``), ``(batch,)``."""
        columns = [name.rpartition("_")[0] == group for name in self.experts]
        if not any(columns):
            checks.refuse("group", f"one of {sorted({n.rpartition('_')[0] for n in self.experts})}", repr(group))
        return self.weights[:, columns].sum(axis=1)


def gate_readout(model):
    """The gates of ``model``, a list of ``Gate``, and the Keras model of its inputs -> ``{gate's name: its weights}``.

    Without a gate the list is empty, and in place of the model stands None.
    """
    gates = [
        layer for layer in model.layers if isinstance(layer, Gate) and re.fullmatch(r"level\d+_.+_gate", layer.name)
    ]
    return gates, keras.Model(model.input, {gate.name: gate.output for gate in gates}) if gates else None


def gate_weights(model, data, batch_size=16_384):
    """The weights of every gate of ``model`` on ``data`` (a ``TaskData``), as ``GateWeights``.

    They come level by level, task by task, those of shared streams last.

    Raises:
        ValueError: a model without a gate, or data that do not fit it.
        TypeError: no Keras model, or no ``TaskData``.

    Source: PLE paper, section 5.4 and Figure 8.
    """
    check_fits(model, data, "data")
    gates, readout = gate_readout(model)
    if not gates:
        checks.refuse(
            "model", "one of build_model with gates (MMoE, ML-MMoE, CGC, PLE)", f"{model.name!r}, which has none"
        )
    parts = [readout(batch.features, training=False) for batch in data.batches(batch_size)]
    readings = []
    for gate in gates:
        level, name = gate.name.removeprefix("level").removesuffix("_gate").split("_", 1)
        weights = np.concatenate([part[gate.name] for part in parts])
        readings.append(GateWeights(int(level), name, tuple(gate.experts), weights))
    tasks = list(data.kinds)  # Keras lists the layers of a model in an order of its own
    return sorted(readings, key=lambda r: (r.level, tasks.index(r.gate) if r.gate in tasks else len(tasks)))


def summarise(readings):
    """A tidy table of ``GateWeights``: one row for each level, gate and expert.

    Columns: ``mean`` and ``std`` of the expert's weight over the samples (Figure 8's bar and line); ``entropy`` of
    the gate, the same on all its rows: the mean over samples of the entropy of its weights, divided by the logarithm
    of the number of experts (1: all experts alike; 0: one expert alone; NaN for a gate of one expert).
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
