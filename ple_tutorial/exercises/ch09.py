"""The checks of chapter 09: The family."""

import numpy as np

from ple_tutorial.exercises.answers import recognised
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
    if not isinstance(answer, dict) or set(answer) != set(right):
        return f"the answer is a dict with the keys {sorted(right)}"
    for key, name in right.items():
        if answer[key] not in ARCHITECTURES:
            return f"{key}: {answer[key]!r} is none of {', '.join(ARCHITECTURES)}"
        if answer[key] != name:
            return f"{key}: {hints[key]}"
    return None


@exercise("09.2")
def _a_table_of_ones_own(answer):
    """A CGC for click, like and buy, in which buy's gate also sees click's experts but does not train them."""
    tasks = ("click", "like", "buy")
    if not isinstance(answer, Routing):
        return f"hand in a Routing, not a {type(answer).__name__}"
    if answer.tasks != tasks or len(answer.levels) != 1 or answer.towers != "last":
        return f"the table is for the tasks {', '.join(tasks)}, in this order, and has one level, which the towers read"
    level = answer.levels[0]
    if level.experts != dict.fromkeys((*tasks, "shared"), 1):
        return "every task has one expert, and one is shared"
    if set(level.mixers) != set(tasks):
        return f"one level sends a stream to each tower, and no other; yours sends {', '.join(level.mixers)}"
    if strange := [task for task, mixer in level.mixers.items() if mixer.how != "gate" or mixer.residual]:
        return f"the mixer of {strange[0]} should be a gate, without a residual"
    for task, sees in {"click": {"click", "shared"}, "like": {"like", "shared"}}.items():
        if set(level.mixers[task].sees) != sees or level.mixers[task].detached:
            return f"{task!r} should have the gate of a CGC, over {' and '.join(sorted(sees))}, both trained"
    buy = level.mixers["buy"]
    if "click" not in buy.sees:
        return "the gate of buy should see the expert of click"
    if set(buy.sees) != {"buy", "shared", "click"}:
        return f"the gate of buy should see its own, the shared and click's expert, but it sees {', '.join(buy.sees)}"
    if "click" not in buy.detached:
        return "the loss of buy still trains the expert of click: name the group among the detached ones"
    return None if buy.detached == ("click",) else "the loss of buy should still train its own and the shared expert"


@exercise("09.3")
def _as_wide_as_the_budget_allows(answer):
    """The largest width of hard sharing's one expert: 32 features, two tasks, towers of 8, at most 3,458 parameters."""
    wrong = None if isinstance(answer, (int, float, np.number)) else "the width should be a number"
    if wrong or answer == 69:  # 33 w for the expert, 2 x (8 w + 17) for the towers
        return wrong
    if answer != round(answer):
        return "units are whole: round down, since one more would be too many"
    said = {
        "with 70 units it has 3,464 parameters, six too many": 70,
        "the expert has a bias for each unit, and the towers have biases": 71,
        "there are two towers": 83,
        "you forgot the towers": 104,
        "the expert is there once, however many tasks read it": 41,
        "it may take all of the budget: take the largest width that still fits": 68,
    }
    return recognised(answer, said, "write the number of parameters as a function of the width, and solve for it")
