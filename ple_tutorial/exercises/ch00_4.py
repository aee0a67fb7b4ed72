"""The check of exercise 00.4: a PLE of your own, trained."""

from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.exercises.networks import as_model, gates_of, scores
from ple_tutorial.exercises.register import exercise
from ple_tutorial.routing import routing


@exercise("00.4")
def _a_ple_of_your_own(answer):
    """A trained PLE of two levels: three shared experts, two for each task, scored on rows that are not in the notebook."""
    kinds = {"watch": "regression", "share": "binary"}
    model = as_model(answer, kinds, features=16)
    gates = gates_of(model)
    table = routing("ple", list(kinds), shared_experts=3, task_experts=2, levels=2)
    if not gates:
        return "the model has no gates, so it is no PLE: build_model('ple', ...)"
    if not any(level == 2 for level, _ in gates):
        return "the model has one level, and a PLE of one level is something else (chapter 06): levels=2"
    if max(gates)[0] > 2:
        return f"the model has {max(gates)[0]} levels, but two were asked for"
    for (level, stream), experts in sorted(gates.items()):
        wanted = table.expert_names(level, stream) if stream in table.levels[level - 1].mixers else None
        if wanted is None or set(experts) != set(wanted):
            expected = f"should weigh {', '.join(wanted)}" if wanted else "should not be there"
            return f"the gate of {stream!r} on level {level} {expected}, but it weighs {', '.join(experts)}"
    if (1, "shared") not in gates:
        return "level 1 has no shared gate, so the model is no PLE: build_model('ple', ...)"
    new = make_synthetic(14_000, correlation=0.5, features=16, tasks=kinds, seed=0).take(slice(10_000, None))
    score = scores(model, new)
    said = (
        f"on new rows the mean squared error of watch is {score['watch']:.2f} and the AUC of share {score['share']:.2f}"
    )
    if score["watch"] > 0.9 and score["share"] < 0.75:
        return f"{said}, which is hardly better than a guess: train the model with `fit` before you hand it in"
    if score["watch"] > 0.15 or score["share"] < 0.97:
        return f"{said}; they should be at most 0.15 and at least 0.97: more epochs, or a higher learning rate"
    return None
