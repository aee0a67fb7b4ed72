"""A drawing of an architecture in words, made from its routing table: the alt text of the drawing."""

import re

from ple_tutorial.plots.style import look
from ple_tutorial.routing import SHARED, Level, Mixer, Routing


def describe(table: Routing, lit: tuple[str, ...] | list[str] = ()) -> str:
    """Return in words what ``draw_routing`` draws of a routing table, from the features at the bottom to the score.

    Args:
        table: the routing table.
        lit: the parts that the drawing highlights, named at the end of the text; empty where it highlights none.

    >>> from ple_tutorial.routing import routing
    >>> print(describe(routing("mmoe", ["a", "b"], shared_experts=3), lit=["gates"]))
    MMoE for the tasks a and b. The features feed 3 shared experts. Each task gets a gate over the shared experts. \
Each task has a tower and a loss; a fused score combines the predictions. Highlighted: gates.
    """
    several = len(table.levels) > 1
    levels = f", with {len(table.levels)} levels" if several else ""
    tasks = f"{'task' if len(table.tasks) == 1 else 'tasks'} {_and(table.tasks)}"
    sentences = [_capital(f"{look(table.architecture)['label']} for the {tasks}{levels}.")]
    for number, level in enumerate(table.levels, 1):
        source = "the streams of the level below feed" if number > 1 else "the features feed"
        sentence = f"{source} {_experts(level, table.tasks)}."
        sentences.append(f"Level {number}: {sentence}" if several else _capital(sentence))
        sentences += _streams(level, table.tasks, number)
    sentences.append("Each task has a tower and a loss; a fused score combines the predictions.")
    if several and table.towers == "all":
        sentences.append("Each tower reads a learned combination of its task's streams of all levels.")
    if lit:
        sentences.append(f"Highlighted: {_and(lit)}.")
    return " ".join(sentences)


def _and(names: tuple[str, ...] | list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _is_shared(group: str) -> bool:
    """Tell whether a group is the shared one, or one of ML-MMoE's shared experts with a stream of its own."""
    return re.fullmatch(rf"{SHARED}(_\d+)?", group) is not None


def _experts(level: Level, tasks: tuple[str, ...]) -> str:
    """Return the experts of a level, as "1 expert of each task and 2 shared experts"."""
    own = {task: level.experts[task] for task in tasks if task in level.experts}
    shared = sum(count for group, count in level.experts.items() if _is_shared(group))
    if len(own) == len(tasks) and len(set(own.values())) == 1:
        said = [f"{_counted(own[tasks[0]], 'expert')} of each task"]
    else:
        said = [f"{_counted(count, 'expert')} of task {task}" for task, count in own.items()]
    return _and(said + [_counted(shared, "shared expert")] * bool(shared))


def _streams(level: Level, tasks: tuple[str, ...], number: int) -> list[str]:
    """Return a sentence for each way in which streams of a level are mixed."""
    alike = {}
    for stream, mixer in level.mixers.items():
        alike.setdefault((_is_shared(stream), _mix(stream, mixer, level, number)), []).append(stream)
    sentences = []
    for (shared, mix), streams in alike.items():
        if shared:
            who = "the shared stream gets" if streams == [SHARED] else "each shared expert of the next level gets"
        elif len(streams) == len(tasks):
            who = "each task gets"
        elif len(streams) == 1:
            who = f"task {streams[0]} gets"
        else:
            who, mix = f"tasks {_and(streams)} each get", mix.replace("its own", "their own")
        sentences.append(_capital(f"{who} {mix}."))
    return sentences


def _mix(stream: str, mixer: Mixer, level: Level, number: int) -> str:
    """Return what a stream gets, as "a gate over its own and the shared experts"."""
    seen = _seen(stream, mixer.sees, level)
    if mixer.how == "gate":
        reads = ", reading the features," if mixer.reads == "features" and number > 1 else ""
        detached = f", without a gradient to {_seen(stream, mixer.detached, level)}" if mixer.detached else ""
        residual = f", plus {_seen(stream, mixer.residual, level)} once more" if mixer.residual else ""
        return f"a gate{reads} over {seen}{detached}{residual}"
    if mixer.how == "stitch":
        return f"a learned combination of {seen}"
    return f"{seen} unchanged" if mixer.how == "pass" else f"{seen} side by side"


def _seen(stream: str, groups: tuple[str, ...], level: Level) -> str:
    """Return which experts a stream sees, as "its own and the shared experts"."""
    others = [group for group in groups if group != stream and not _is_shared(group)]
    if others and set(groups) == set(level.experts):
        return "all experts"
    names = ["its own"] if stream in groups and not _is_shared(stream) else []
    names += ["the shared"] if any(_is_shared(group) for group in groups) else []
    names += [f"task {group}'s" for group in others]
    many = len(groups) > 1 or sum(level.experts[group] for group in groups) > 1
    return f"{_and(names)} expert{'s' * many}"
