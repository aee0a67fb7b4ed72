"""The check of exercise 04.4: gates that decide for one expert."""

import numpy as np

from ple_tutorial.data.synthetic import PAIR, make_synthetic
from ple_tutorial.exercises.networks import as_model, gates_of, scores
from ple_tutorial.exercises.register import exercise
from ple_tutorial.gates import gate_weights


@exercise("04.4")
def _sure_gates(answer):
    """A trained MMoE of four experts whose gates decide for one of them on most samples, at no cost in error."""
    model = as_model(answer, PAIR, features=16)
    gates, four = gates_of(model), {f"shared_{i}" for i in (1, 2, 3, 4)}
    if not gates:
        return "the model has no gates: build_model('mmoe', ...)"
    if any(level > 1 for level, _ in gates):
        return "the model has more than one level; an MMoE has one"
    for (_, task), experts in gates.items():
        if any(not name.startswith("shared_") for name in experts):
            return f"the gate of {task!r} weighs {', '.join(experts)}; in an MMoE all experts are shared"
        if set(experts) != four:
            return f"the gate of {task!r} weighs {len(experts)} expert(s); keep four, or there is less to choose"
    new = make_synthetic(12_000, 0.0, features=16, sines=4, seed=0).take(slice(8_000, None))
    error = scores(model, new)
    if max(error.values()) > 0.7:
        return f"on new rows the errors are {error['a']:.2f} and {error['b']:.2f}, so the model is hardly trained"
    weights = {reading.gate: reading.weights for reading in gate_weights(model, new)}
    sure = {task: (rows.max(axis=1) > 0.9).mean() for task, rows in weights.items()}
    for task, share in sure.items():
        if share < 0.4:
            return (
                f"gate {task!r} gives one expert more than 0.9 on {share:.0%} of the new rows; 40 % were asked for. "
                f"Look at 04.3: what makes a gate sure? `build_model` has that setting"
            )
    if max(error.values()) > 0.1:
        return f"the gates are sure, but the errors on new rows are {error['a']:.2f} and {error['b']:.2f}: at most 0.1"
    for task, rows in weights.items():
        if (np.bincount(rows.argmax(axis=1), minlength=4) / len(rows)).max() > 0.95:
            return f"gate {task!r} is sure of the same expert on nearly every row, so it has stopped choosing"
    return None
