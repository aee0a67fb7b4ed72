"""The checks of chapter 09: The family."""

from ple_tutorial.exercises.answers import as_dict, as_number, kind, number_mistake
from ple_tutorial.exercises.names import as_architecture
from ple_tutorial.exercises.register import exercise
from ple_tutorial.routing import ARCHITECTURES, Routing


@exercise("09.1")
def _four_of_the_ten(answer):
    """Four descriptions, four architectures."""
    right = {"A": "mmoe", "B": "asymmetric", "C": "sluice", "D": "ple"}
    hints = {
        "A": "softmax weights are a gate, and with one level and no task experts there is one such architecture",
        "B": "follow loss b down to the experts of a, and loss a to those of b: only one of the two arrives",
        "C": "the same numbers for every sample is a stitch; two of the ten have stitches, and in one the towers read all levels",
        "D": "the first level lets everything through and the second does not: find the two zeros in the matrices",
    }
    known = {
        ("A", "ml-mmoe"): "it has several levels; here there is one",
        (
            "A",
            "cgc",
        ): "a CGC has task experts, which only their own task's loss trains; here both losses train every expert",
        ("A", "ple"): "a PLE has task experts, and several levels; here both losses train every expert of one level",
        ("A", "hard-sharing"): "hard sharing hands on its only expert; here a task weighs experts anew on each sample",
        ("A", "customized"): "it has task experts, and puts them side by side; here experts are weighed on each sample",
        (
            "A",
            "asymmetric",
        ): "there the loss of one task stays out of the other's experts; here both train every expert",
        ("A", "sluice"): "a stitch is the same on every sample; here the experts are weighed anew on each sample",
        ("A", "single-task"): "there each loss trains its own experts only; here both losses train every expert",
        ("B", "ple"): "in a PLE it is the same for both tasks; here one loss passes and the other does not",
        (
            "B",
            "hard-sharing",
        ): "there both losses train the one expert; here a has an expert that loss b trains, but not the reverse",
        ("B", "cross-stitch"): "its stitches let both losses through; here only one passes",
        ("B", "sluice"): "its stitches let both losses through; here only one passes",
        ("C", "ple"): "a gate weighs anew on each sample; here what is taken is the same on every sample",
        ("C", "ml-mmoe"): "a gate weighs anew on each sample; here what is taken is the same on every sample",
        ("C", "cgc"): "a gate weighs anew on each sample; here what is taken is the same on every sample",
        (
            "C",
            "hard-sharing",
        ): "its towers read the last level only, and there is one expert; here tasks have their own",
        ("C", "single-task"): "there nothing is taken from another task; here something is",
        ("D", "hard-sharing"): "there both losses reach its expert on every level; here one level stops them",
        ("D", "asymmetric"): "it has one level; here there are two, and only one of them lets loss a through",
        ("D", "single-task"): "there no level lets loss a through to the experts of b; here the first does",
        ("A", "cross-stitch"): "a stitch is the same on every sample; here the experts are weighed anew on each sample",
        ("B", "customized"): "customized sharing lets no loss into another task's expert: they share the shared one",
        ("B", "cgc"): "in a CGC neither loss trains the other task's experts; here one of them does",
        ("B", "mmoe"): "in an MMoE both losses train every expert; here only one passes",
        ("B", "single-task"): "there no loss trains another task's expert; here one of them does",
        ("C", "cross-stitch"): "the stitch is right, but its towers read the last level only; here they read more",
        ("C", "mmoe"): "a gate weighs anew on each sample; here what is taken is the same on every sample",
        ("C", "asymmetric"): "it has one level; here the tower reads more than the last level",
        ("D", "cgc"): "a CGC has one level; here there are two, and the first lets loss a through to the experts of b",
        ("D", "ml-mmoe"): "there every loss trains every expert on all levels; here one level stops it",
        ("D", "mmoe"): "an MMoE has one level, and every loss trains every expert; here one of two levels stops it",
        ("D", "cross-stitch"): "its stitches let everything through on both levels; here one level stops it",
        ("D", "sluice"): "its stitches let everything through on both levels; here one level stops it",
        (
            "D",
            "customized",
        ): "it has one level, and no loss trains another task's expert; here one of two levels lets it",
    }
    given = as_dict(answer, list(right))
    for key, name in right.items():
        mine = as_architecture(given[key])
        if mine is None:
            return f"{key}: {given[key]!r} is none of {', '.join(ARCHITECTURES)}"
        if mine != name:
            return f"{key}: {known.get((key, mine), hints[key])}"
    return None


@exercise("09.2")
def _a_table_of_ones_own(answer):
    """A CGC for click, like and buy, in which buy's gate also sees click's experts but does not train them."""
    tasks = ("click", "like", "buy")
    if not isinstance(answer, Routing):
        return f"hand in a Routing; this is {kind(answer)}"
    if set(answer.tasks) != set(tasks):
        return f"the table is for the tasks {', '.join(tasks)}; yours is for {', '.join(answer.tasks)}"
    if answer.tasks != tasks:
        return f"name the tasks in this order: {', '.join(tasks)}"
    if len(answer.levels) != 1:
        return f"the table has one level, but yours has {len(answer.levels)}"
    if answer.towers != "last":
        return "the towers read the last level: leave `towers` as it is"
    level = answer.levels[0]
    if level.experts != dict.fromkeys((*tasks, "shared"), 1):
        if "shared" not in level.experts:
            return "one expert is shared: the group is called 'shared'"
        found = ", ".join(f"{group}: {count}" for group, count in level.experts.items())
        return f"every task has one expert, and one is shared; your groups are {found}"
    if set(level.mixers) != set(tasks):
        return f"one level sends a stream to each tower, and no other; yours sends {', '.join(level.mixers)}"
    for task, mixer in level.mixers.items():
        if mixer.how != "gate":
            return f"the mixer of {task} should be a gate, without a residual, not {mixer.how!r}"
        if mixer.residual:
            return f"the mixer of {task} should be a gate without a residual"
    for task in ("click", "like"):
        mixer, sees = level.mixers[task], {task, "shared"}
        form = f"{task!r} should have the gate of a CGC, over {task} and shared, both trained"
        if missing := sorted(sees - set(mixer.sees)):
            return f"{form}; it does not see {missing[0]}"
        if extra := sorted(set(mixer.sees) - sees):
            return f"{form}; it should not see {extra[0]}"
        if mixer.detached:
            why = "; the gradient is stopped at the gate of buy, not here" if task == "click" else ""
            return f"{form}; its loss does not train {' and '.join(mixer.detached)}{why}"
    buy = level.mixers["buy"]
    if "click" not in buy.sees:
        return "the gate of buy should see the expert of click"
    if set(buy.sees) != {"buy", "shared", "click"}:
        lacking = [group for group in ("buy", "shared") if group not in buy.sees]
        found = f"it does not see {lacking[0]}" if lacking else "like is too many"
        return f"the gate of buy should see its own, the shared and click's expert; {found}"
    if "click" not in buy.detached:
        return "the loss of buy still trains the expert of click: name the group among the detached ones"
    return None if buy.detached == ("click",) else "the loss of buy should still train its own and the shared expert"


@exercise("09.3")
def _as_wide_as_the_budget_allows(answer):
    """The largest width of hard sharing's one expert: 32 features, two tasks, towers of 8, at most 3,458 parameters."""
    right = 69  # 33 w for the expert, 2 x (8 w + 17) for the towers
    known = {
        "with 70 units it has 3,464 parameters, six too many": 70,
        "the expert has a bias for each unit, and the towers have biases": 71,
        "there are two towers": (3458 - 17) // 41,
        "you forgot the towers": 3458 // 33,
        "you forgot the towers, and the expert's biases": 3458 // 32,
        "the expert is there once, however many tasks read it": (3458 - 34) // 82,
        "the expert has a bias for each unit, and every layer of the towers has weights and biases": 3458 // 48,
        "the towers have a hidden layer of 8 units, which reads the expert's": (3458 - 2) // 35,
        "the first layers of the towers read the expert's units: 8 weights for each of them, in two towers": (
            (3458 - 34) // 33
        ),
        "the first layers of the towers read the expert's units, and the expert has a bias for each": (3458 - 34) // 32,
        "the first layers of the towers read the expert's units; count both towers": 105,
        "it may take all of the budget: take the largest width that still fits": 68,
        "that is the number of parameters; hand in the width of the expert": 3415,
        "that is the budget; hand in the width of the expert": 3458,
        "the tower reads as many numbers as the expert has units: its first layer grows with the width": (
            (3458 - 2 * (32 * 8 + 17)) // 33
        ),
        "that is the number of parameters that each unit brings; solve for the width": 49,
    }
    width = as_number(answer, "the width")
    otherwise = "write the number of parameters as a function of the width, and solve for it"
    if not width.is_integer():
        otherwise = "units are whole: round down, since one more would be too many"
    return number_mistake(width, right, known, otherwise, "the width")
