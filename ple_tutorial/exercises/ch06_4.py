"""The check of exercise 06.4: a PLE that is a one-way street."""

from ple_tutorial.backend import keras
from ple_tutorial.data.synthetic import PAIR, make_synthetic
from ple_tutorial.exercises.answers import kind
from ple_tutorial.exercises.networks import trained_by
from ple_tutorial.exercises.register import exercise
from ple_tutorial.models import build_model
from ple_tutorial.routing import Routing


@exercise("06.4")
def _one_way_street(answer):
    """A PLE of two levels changed so that task a still trains b's lower expert, and task b none of a's."""
    if isinstance(answer, keras.Model):
        return "hand in the changed table, a Routing, not the model that is built from it"
    if not isinstance(answer, Routing):
        return f"hand in a Routing, the changed table, but this is {kind(answer)}"
    if answer.tasks != ("a", "b") or len(answer.levels) != 2 or answer.towers != "last":
        return "keep the tasks a and b, the two levels, and towers that read the last one"
    for number, level in enumerate(answer.levels, 1):
        if level.experts != {"a": 1, "b": 1, "shared": 2}:
            return f"keep the experts of level {number}: one for each task and two shared"
        if set(level.mixers) - {"shared"} != {"a", "b"} or any(mixer.how != "gate" for mixer in level.mixers.values()):
            return f"keep a gate for each task on level {number}"
    if "shared" in answer.levels[1].mixers:
        return "the last level has a shared gate, which nobody reads"
    model = build_model(answer, features=8, tasks=PAIR, seed=0)
    trained = trained_by(model, make_synthetic(256, 0.0, features=8, seed=0))
    down, up = "level1 b experts", "level1 a experts"
    if "a" not in trained[down] and "b" in trained[up]:
        return "the street runs the other way: it is task a that should train b's lower expert, and not the reverse"
    for level in (2, 1):
        if "b" in trained[f"level{level} a experts"]:
            hint = "follow it down: loss b, its gate, the shared experts of level 2, and what the shared gate sees"
            return f"the loss of b still trains a's expert on level {level}: " + (
                hint if level == 1 else "look at gate b"
            )
    if "a" not in trained[down]:
        return "now the loss of a no longer trains b's expert on level 1 either: close the road of b's loss only"
    for level in (1, 2):
        for task in ("a", "b"):
            if task not in trained[f"level{level} {task} experts"]:
                return f"the loss of {task} no longer trains its own expert on level {level}"
            if task not in trained[f"level{level} shared experts"]:
                return f"the loss of {task} no longer trains the shared experts of level {level}"
    if "a" in trained["level2 b experts"]:
        return "the loss of a also trains b's expert on level 2; in a PLE the last level separates the tasks"
    return None
