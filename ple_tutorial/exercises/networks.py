"""Judging a trained model that a reader hands in: its layers, whose loss reaches them, its scores on the checker's rows."""

from collections.abc import Mapping

import pandas as pd

from ple_tutorial.backend import keras
from ple_tutorial.diagnostics import reach
from ple_tutorial.exercises.answers import Mistake, kind
from ple_tutorial.gates import gate_readout
from ple_tutorial.metrics import evaluate
from ple_tutorial.training import predict


def as_model(answer, kinds, features, what="the answer"):
    """Return an answer as a Keras model for these tasks and this many features.

    Args:
        answer: what was handed in.
        kinds: ``{task: "binary" or "regression"}``, in the model's order.
        features: number of features that the model must read.
        what: the name of the model in a sentence.
    """
    if isinstance(answer, pd.DataFrame):
        raise Mistake(f"{what} should be the trained model; this is a table, such as the history that `fit` returns")
    if isinstance(answer, Mapping):
        raise Mistake(f"{what} should be the trained model itself; this is a dict, such as `predict` returns")
    if not isinstance(answer, keras.Model) or not hasattr(answer, "output"):
        raise Mistake(f"{what} should be a Keras model, such as `build_model` returns; this is {kind(answer)}")
    tasks = list(answer.output) if isinstance(answer.output, dict) else []
    if tasks != list(kinds):
        names = ", ".join(tasks) if tasks else "no names"
        raise Mistake(f"the outputs of the model should be {', '.join(kinds)}, in this order, but they are {names}")
    shape = getattr(answer.input, "shape", (None, None))
    if tuple(shape[1:]) != (features,):
        raise Mistake(f"the model should read {features} features, but it reads rows of shape {tuple(shape[1:])}")
    for task, wanted in kinds.items():
        head = next((layer for layer in answer.layers if layer.name == task), None)
        if wanted == "binary" and getattr(head, "activation", None) is keras.activations.linear:
            raise Mistake(f"{task!r} is a yes or no, but the model predicts it as a regression: tasks={dict(kinds)}")
        if wanted == "regression" and getattr(head, "activation", None) is keras.activations.sigmoid:
            raise Mistake(f"{task!r} is a number, but the model predicts it as a probability: tasks={dict(kinds)}")
    return answer


def scores(model, data, metric=("mse", "auc")):
    """Return ``{task: score}`` of a model on ``data``: the mean squared error of a regression, the AUC of a binary task."""
    try:
        found = evaluate(data, predict(model, data))
    except ValueError as error:
        raise Mistake(f"the model cannot be scored on new rows: {error}") from None
    return {task: score for (task, name), score in found.items() if name in metric}


def gates_of(model):
    """Return what each gate of a model weighs: ``{(level, stream): names of its experts}``."""
    gates, _ = gate_readout(model)
    streams = (gate.name.removeprefix("level").removesuffix("_gate").split("_", 1) for gate in gates)
    return {(int(level), stream): tuple(gate.experts) for (level, stream), gate in zip(streams, gates, strict=True)}


def trained_by(model, data):
    """Return ``{part of the model: the set of tasks whose loss reaches it}``, by gradients on ``data``."""
    reached = reach(model, data) > 0
    return {part: set(reached.index[reached[part]]) for part in reached}
