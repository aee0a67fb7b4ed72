"""The checks of chapter 06: PLE."""

from ple_tutorial.exercises.answers import array_wrong, recognised
from ple_tutorial.exercises.register import exercise
from ple_tutorial.routing import Routing, routing


@exercise("06.1")
def _what_the_shared_gate_sees(answer):
    """The shared gate of level 2 of a PLE of three levels."""
    counts = {"vtr": 2, "vcr": 1, "comment": 1, "shared": 2}
    right = [f"{group}_{i + 1}" for group, count in counts.items() for i in range(count)]
    if isinstance(answer, str) or not all(isinstance(name, str) for name in answer):
        return "the answer is a list of names such as 'vtr_1'"
    answer = list(answer)
    if answer == right:
        return None
    two_each = "vtr has two experts, the other two tasks have one each, and there are two shared ones"
    said = {
        (): "level 2 of three is not the last level, so it has a shared gate",
        tuple(right[4:]): "the shared gate sees all experts of its level, not the shared ones alone",
        tuple(right[:4]): "the shared gate sees the shared experts as well",
        tuple(f"{group}_{i + 1}" for group in counts for i in range(2)): two_each,
        tuple(f"{group}_1" for group in counts): two_each,
    }
    if any(name.startswith("level") for name in answer):
        return "leave the level out of the names: they start anew on each level, as 'vtr_1'"
    if sorted(answer) == sorted(right):
        return "the right experts in another order: the tasks as they are listed, the shared experts last"
    strangers = sorted(set(answer) - set(right))
    otherwise = f"level 2 has no expert {strangers[0]!r}" if strangers else "every expert of the level, each once"
    return said.get(tuple(answer), otherwise)


@exercise("06.2")
def _weights_of_a_ple(answer):
    """The parameters of a PLE of two levels: 10 features, experts of 16 and then 8 units, a:2, b:1, shared:3."""
    experts, gates, towers = (6 * (10 * 16 + 16), 6 * (16 * 8 + 8)), (10 * (5 + 4 + 6), 16 * (5 + 4)), 2 * (8 + 1)
    right = sum(experts) + sum(gates) + towers
    wrong = array_wrong(answer, (), "the number of weights")
    if wrong or answer == right:
        return wrong
    said = {
        "you gave the gates biases; they have none": right + (5 + 4 + 6) + (5 + 4),
        "you counted a shared gate on level 2, the last level, which has none": right + 16 * 6,
        "you forgot the shared gate of level 1": right - 10 * 6,
        "level 2 reads streams of 16 numbers, not the 10 features": right - 6 * (6 * 8 + 5 + 4),
        "its experts read streams, and so do the gates of level 2: 16 rows, not 10": right - 6 * (5 + 4),
        "you forgot the biases of the experts": right - 6 * (16 + 8),
        "you forgot the towers": right - towers,
        "you forgot the biases of the towers": right - 2,
        "you forgot the gates": right - sum(gates),
        "a task gate sees its own and the shared experts, not all six": right + 10 * (1 + 2) + 16 * (1 + 2),
    }
    return recognised(answer, said, "count experts, gates and towers level by level, and compare with the table")


@exercise("06.3")
def _the_repaired_table(answer):
    """The routing table of a PLE of two levels for click, click_long and comment, one of whose gates saw too much."""
    right = routing("ple", ["click", "click_long", "comment"], levels=2)
    if not isinstance(answer, Routing):
        return f"hand in a Routing, not a {type(answer).__name__}"
    if answer.tasks != right.tasks or len(answer.levels) != 2:
        return "keep the three tasks and the two levels"
    for number, (came, level) in enumerate(zip(answer.levels, right.levels, strict=True), 1):
        if came.experts != level.experts:
            return f"the experts of level {number} were right; only a gate is wired wrongly"
        if set(came.mixers) != set(level.mixers):
            return f"level {number} should have the mixers {sorted(level.mixers)}, but it has {sorted(came.mixers)}"
        for stream, mixer in level.mixers.items():
            mine = came.mixers[stream]
            extra, missing = (sorted(x) for x in (set(mine.sees) - set(mixer.sees), set(mixer.sees) - set(mine.sees)))
            if (number, stream, extra) == (2, "click", ["click_long"]):
                return "the fault is still in it: look for a gate that sees another task's experts on the last level"
            if extra or missing or (mine.how, mine.reads) != (mixer.how, mixer.reads):
                return f"gate {stream!r} of level {number} was right before; now it is not the paper's"
    return None
