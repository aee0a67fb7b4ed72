"""The check of exercise 07.4: what a task needs, by intervention."""

import numpy as np

from ple_tutorial.backend import keras
from ple_tutorial.data.synthetic import PAIR
from ple_tutorial.exercises.answers import as_dict, as_number
from ple_tutorial.exercises.networks import as_model, gates_of, scores
from ple_tutorial.exercises.register import exercise
from ple_tutorial.study import gate_data


def _without(model, group, parts=("kernel", "bias")):
    """Return a copy of the model in which the weights of one group of experts on level 1 are zero."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for weight in copy.get_layer(f"level1_{group}_experts").weights:
        if any(part in weight.name for part in parts):
            weight.assign(np.zeros(weight.shape))
    return copy


@exercise("07.4")
def _weight_or_need(answer):
    """A trained CGC, by how much task a's error rises without each expert that its gate sees, and which it needs more."""
    given = as_dict(answer, ("model", "a_1", "shared_1", "needs"))
    model = as_model(given["model"], PAIR, features=33, what="'model'")
    if {key: set(experts) for key, experts in gates_of(model).items()} != {
        (1, task): {f"{task}_1", "shared_1"} for task in PAIR
    }:
        return "'model' should be a CGC with one expert for each task and one shared: study.DIAL_MODELS['cgc']"
    for group in ("a", "shared"):
        if not np.any(model.get_layer(f"level1_{group}_experts").get_weights()[0]):
            return f"the expert {group}_1 of the model is still zero: switch experts off in a copy, or put the weights back"
    new = gate_data(101, correlation=0.0)[2]
    whole = scores(model, new)
    if whole["a"] > 0.6:
        return f"the error of task a on the test rows is {whole['a']:.2f}: train the model first, as in the chapter"
    rise, mistakes = {}, {}
    for name, group in (("a_1", "a"), ("shared_1", "shared")):
        off = scores(_without(model, group), new)
        rise[name] = off["a"] - whole["a"]
        mistakes[name] = {
            "that is the error without the expert; hand in by how much it rises": off["a"],
            "that is the rise of task b's error": off["b"] - whole["b"],
            "that is the rise of both tasks' mean error; task a's was asked for": np.mean(
                [off[task] - whole[task] for task in PAIR]
            ),
            "that is the ratio of the two errors; hand in the difference": off["a"] / whole["a"],
            "that is the rise as a share of the error; hand in the difference": off["a"] / whole["a"] - 1,
            "the sign is reversed": -rise[name],
            "the kernel is zero, but not the bias, so the expert still says something": scores(
                _without(model, group, ("kernel",)), new
            )["a"]
            - whole["a"],
        }
    mine = {name: as_number(given[name], f"the rise without {name}") for name in rise}
    within = {name: max(0.02, 0.12 * abs(value)) for name, value in rise.items()}  # other test rows, other last digits
    wrong = [name for name in rise if abs(mine[name] - rise[name]) > within[name]]
    if (
        wrong
        and abs(mine["a_1"] - rise["shared_1"]) < within["shared_1"]
        and abs(mine["shared_1"] - rise["a_1"]) < within["a_1"]
    ):
        return "the two rises are swapped: 'a_1' is the rise when the own expert of task a is switched off"
    for name in wrong:
        known = {sentence: abs(mine[name] - value) for sentence, value in mistakes[name].items()}
        best = min(known, key=known.get)
        if known[best] < 0.01 + 0.02 * abs(mine[name]):
            return f"{name}: {best}"
        return f"without {name} the error of task a rises by {rise[name]:.2f} in this model, not by {mine[name]:.2f}"
    needs = str(given["needs"]).strip().lower()
    if needs not in rise:
        return f"'needs' is 'a_1' or 'shared_1', not {given['needs']!r}"
    if rise[needs] < max(rise.values()) - sum(within.values()) / 2:
        return f"'needs': without {needs} the error rises by less than without the other; the gate weight is another matter"
    return None
