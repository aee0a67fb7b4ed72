"""The check of exercise 09.4: the control that PLE needs."""

from ple_tutorial.budget import Fitted
from ple_tutorial.data.synthetic import PAIR, make_synthetic
from ple_tutorial.exercises.networks import as_model, gates_of, trained_by
from ple_tutorial.exercises.register import exercise
from ple_tutorial.routing import Routing


@exercise("09.4")
def _the_control_that_ple_needs(answer):
    """A model with all that PLE has but the sharing: gates on two levels, no expert for both tasks, PLE's budget."""
    if isinstance(answer, Routing):
        return "that is the table; hand in the model that build_model makes of it, with widths for the budget"
    if isinstance(answer, Fitted):
        return "those are the widths; hand in the model that build_model makes with them"
    model = as_model(answer, PAIR, features=32)
    gates = gates_of(model)
    if not gates:
        return "the model has no gates: the control keeps PLE's gates and gives up the sharing"
    for level in (1, 2):
        for task in PAIR:
            experts = gates.get((level, task))
            if experts is None:
                return f"the gate of {task!r} on level {level} is missing: the control has two levels, as PLE"
            if strangers := [name for name in experts if name.rpartition("_")[0] != task]:
                return f"the gate of {task!r} on level {level} still sees {strangers[0]!r}, which is not its own"
            if len(experts) != 3:
                return f"the gate of {task!r} on level {level} weighs {len(experts)} expert(s); PLE's gates weigh three"
    if len(gates) > 4:
        return f"PLE has two levels and the control no shared gate, but the model also has a gate {max(gates)}"
    trained = trained_by(model, make_synthetic(256, 0.5, features=32, sines=4, noise=0.5))
    if both := [part for part, tasks in trained.items() if tasks == {"a", "b"}]:
        return f"{both[0]!r} is trained by both losses, so the tasks still share"
    count, budget = model.count_params(), 3458
    if abs(count - budget) > 0.01 * budget:
        said = "equal_budget finds the widths" if count > budget else "there is room for wider layers"
        return f"the model has {count} parameters; the budget is {budget}, give or take 1 %: {said}"
    return None
