"""The checks of chapter 06: PLE."""

from ple_tutorial.exercises.answers import as_words, kind, number_mistake
from ple_tutorial.exercises.register import exercise
from ple_tutorial.routing import Routing, routing


@exercise("06.1")
def _what_the_shared_gate_sees(answer):
    """The shared gate of level 2 of a PLE of three levels."""
    counts = {"vtr": 2, "vcr": 1, "comment": 1, "shared": 2}
    right = [f"{group}_{i + 1}" for group, count in counts.items() for i in range(count)]
    given = [word.lower() for word in as_words(answer, "the answer should be a list of names", "['vtr_1', 'vtr_2']")]
    if given == right:
        return None
    two_each = "vtr has two experts, the other two tasks have one each, and there are two shared ones"
    all_seen = "the shared gate sees all experts of its level, those of every task and the shared ones"
    known = {
        (): "level 2 of three is not the last level, so it has a shared gate",
        tuple(right[4:]): "the shared gate sees all experts of its level, not the shared ones alone",
        tuple(right[:4]): "the shared gate sees the shared experts as well",
        tuple(f"{group}_{i + 1}" for group in counts for i in range(2)): two_each,
        tuple(f"{group}_1" for group in counts): two_each,
        tuple(
            f"{group}_{i + 1}" for group in counts for i in range(1 + (group == "vtr"))
        ): "there are two shared experts",
        ("vtr_1", "vtr_2", "shared_1", "shared_2"): f"that is what the gate of vtr sees; {all_seen}",
        ("vcr_1", "shared_1", "shared_2"): f"that is what the gate of vcr sees; {all_seen}",
        ("comment_1", "shared_1", "shared_2"): f"that is what the gate of comment sees; {all_seen}",
        tuple(counts): "name the experts, one by one: a group has one or more, as 'vtr_1' and 'vtr_2'",
        tuple(counts)[:3]: "name the experts, one by one, and the shared ones too: as 'vtr_1', 'vtr_2', ...",
    }
    if tuple(given) in known:
        return known[tuple(given)]
    if any("level" in name for name in given):
        return "leave the level out of the names: they start anew on each level, as 'vtr_1'"
    if any(name.endswith("_0") for name in given):
        return "the numbers of the experts start at 1, not at 0"
    if set(given) == set(counts):
        return "name the experts, one by one: a group has one or more, as 'vtr_1' and 'vtr_2'"
    if "features" in given:
        return "the gate reads features or streams; what it sees are experts, and 'features' is none"
    if sorted(given) == sorted(right):
        return "the right experts in another order: the tasks as they are listed, the shared experts last"
    if len(set(given)) < len(given):
        twice = next(name for name in given if given.count(name) > 1)
        return f"{twice!r} is there twice; each level has its own gates, so name every expert of level 2 once"
    if any("_" not in name for name in given):
        return "a name is the group, an underscore and a number, as 'vtr_1'"
    strangers = [name for name in given if name not in right]
    if strangers:
        return f"level 2 has no expert {strangers[0]!r}: {two_each}"
    return f"{next(name for name in right if name not in given)!r} is missing: {all_seen}"


@exercise("06.2")
def _weights_of_a_ple(answer):
    """The parameters of a PLE of two levels: 10 features, experts of 16 and then 8 units, a:2, b:1, shared:3."""
    experts, gates, towers = (6 * (10 * 16 + 16), 6 * (16 * 8 + 8)), (10 * (5 + 4 + 6), 16 * (5 + 4)), 2 * (8 + 1)
    right = sum(experts) + sum(gates) + towers
    known = {
        "you gave the gates biases; they have none": right + (5 + 4 + 6) + (5 + 4),
        "you counted a shared gate on level 2, the last level, which has none": right + 16 * 6,
        "you forgot the shared gate of level 1": right - 10 * 6,
        "you left the shared gate out on level 1 and put it on level 2, the last level, which has none": right + 36,
        "level 2 reads streams of 16 numbers, not the 10 features": right - 6 * (6 * 8 + 5 + 4),
        "the gates of level 2 read streams as well, as its experts do: 16 rows, not 10": right - 6 * (5 + 4),
        "the gates of level 2 read the streams as they enter the level, 16 numbers, not the 8 of its experts": (
            right - 8 * (5 + 4)
        ),
        "144 are missing: the biases of the experts, or the gates of level 2": right - 6 * (16 + 8),
        "you forgot all the biases": right - 6 * (16 + 8) - 2,
        "you forgot the towers": right - towers,
        "there are two towers": right - towers // 2,
        "a tower reads the 8 numbers of level 2, not 16": right + 2 * 8,
        "you forgot the biases of the towers": right - 2,
        "you forgot the gates": right - sum(gates),
        "you forgot the gates and the towers": sum(experts),
        "you forgot the gates of level 1": right - gates[0],
        "you forgot level 2: its experts and gates": right - experts[1] - gates[1],
        "you forgot level 1: its experts and gates": right - experts[0] - gates[0],
        "a task gate sees its own and the shared experts, not all six": right + 10 * (1 + 2) + 16 * (1 + 2),
        "there are six experts on each level: two of a, one of b, three shared": (
            right - experts[0] // 2 - experts[1] // 2
        ),
        "a gate has a weight for each feature and expert, not one for each expert": right - sum(gates) + 24,
        "each task has experts of its own: a two, b one; you counted one each": (
            right - experts[0] // 6 - experts[1] // 6 - 10 * 2 - 16
        ),
        "each task has experts of its own: a two, b one; you counted two each": (
            right + experts[0] // 6 + experts[1] // 6 + 10 * 2 + 16
        ),
        "the experts of level 2 have 8 units, not 16": (right - experts[1] + 6 * (16 * 16 + 16) - towers + 2 * 17),
    }
    parts = {
        "the weights of the experts of level 1": 6 * 10 * 16,
        "the biases of the experts of level 1": 6 * 16,
        "the weights of the experts of level 2": 6 * 16 * 8,
        "the biases of the experts of level 2": 6 * 8,
        "the gate of a on level 1": 50,
        "the gate of b on level 1": 40,
        "the shared gate of level 1": 60,
        "the gate of a on level 2": 80,
        "the gate of b on level 2": 64,
        "the weights of the towers": 16,
        "the biases of the towers": 2,
    }
    otherwise = "count experts, gates and towers level by level, and compare with the table"
    return number_mistake(answer, right, known, otherwise, "the number of weights", parts=parts)


@exercise("06.3")
def _the_repaired_table(answer):
    """The routing table of a PLE of two levels for click, click_long and comment, one of whose gates saw too much."""
    right = routing("ple", ["click", "click_long", "comment"], levels=2)
    if not isinstance(answer, Routing):
        return f"hand in the whole repaired Routing; this is {kind(answer)}"
    if answer.tasks != right.tasks or len(answer.levels) != 2:
        return "keep the three tasks and the two levels"
    if answer.towers != right.towers:
        return "the towers read the last level, as before"
    repaired = answer.levels[1].mixers.get("click")
    fault = repaired is not None and "click_long" in repaired.sees
    for number, (given, level) in enumerate(zip(answer.levels, right.levels, strict=True), 1):
        if given.experts != level.experts:
            return f"the experts of level {number} were right; only a gate is wired wrongly"
        if set(given.mixers) != set(level.mixers):
            more, less = (
                sorted(x) for x in (set(given.mixers) - set(level.mixers), set(level.mixers) - set(given.mixers))
            )
            if (number, more) == (2, ["shared"]):
                return "level 2 is the last level: it has no shared gate, and that was no fault"
            found = f"it lacks {', '.join(less)}" if less else f"{', '.join(more)} is too many"
            return f"level {number} should have the mixers {', '.join(sorted(level.mixers))}; {found}"
        for stream, mixer in level.mixers.items():
            mine = given.mixers[stream]
            gate, here = f"gate {stream!r} of level {number}", (number, stream) == (2, "click")
            missing = [group for group in mixer.sees if group not in mine.sees]
            extra = [group for group in mine.sees if group not in mixer.sees]
            if here and extra == ["click_long"] and mine.detached:
                return "its gradient is stopped, but the gate of click still sees click_long's expert: take it out"
            if here and extra == ["click_long"]:
                return "the fault is still in it: look for a gate that sees another task's experts on the last level"
            if here and missing:
                return f"the fault is gone, but the repair takes away too much: {gate} should still see {missing[0]!r}"
            if missing:
                note = "; the fault is elsewhere" if fault else ""
                return f"{gate} was right before; now it does not see {missing[0]!r}{note}"
            if extra:
                return f"{gate} should not see {extra[0]!r}"
            if (mine.how, mine.reads) != (mixer.how, mixer.reads) or mine.detached or mine.residual:
                return f"{gate} sees the right experts, but is not the paper's: it should be Mixer('gate', {mine.sees})"
    return None
