"""The routing tables: an architecture is data, not a class.

Level by level, *groups of experts* read a *stream* (on the first level every stream is the features), each
stream's *mixer* combines the experts of the groups that it sees, and after the last level each task has a tower.
The architectures differ in three columns: how many experts a group has, which groups a mixer sees, how it mixes.

    single-task    experts a:1 b:1              a <- pass(a)            b <- pass(b)
    hard sharing   experts shared:1             a, b <- pass(shared)    shared <- pass(shared) below the last level
    MMoE           experts shared:n             a, b <- gate(shared)
    CGC            experts a:m b:m shared:s     a <- gate(a, shared)    b <- gate(b, shared)
    PLE            as CGC, and below the last level   shared <- gate(a, b, shared)

Source: PLE paper, Figure 1 and sections 4.1 and 4.2.
"""

from dataclasses import dataclass

from ple_tutorial import checks

SHARED = "shared"


@dataclass(frozen=True)
class Mixer:
    """How one stream leaves a level.

    Attributes:
        how: ``gate`` weighs the experts by softmax gate weights; ``pass`` hands on the only expert it sees.
        sees: the groups whose experts it combines, in the order of its weights.
        reads: the selector of the gate: ``stream``, its own stream as it enters the level (PLE paper, Eq. 7),
            or ``features``.
    """

    how: str
    sees: tuple
    reads: str = "stream"

    def __post_init__(self):
        checks.choice("how", self.how, ("gate", "pass"))
        checks.choice("reads", self.reads, ("stream", "features"))
        if not isinstance(self.sees, tuple) or not self.sees or len(set(self.sees)) < len(self.sees):
            checks.refuse("sees", "a tuple of one or more groups, each once", repr(self.sees))


@dataclass(frozen=True)
class Level:
    """One level: ``experts`` is ``{group: number of experts}``, ``mixers`` is ``{stream: Mixer}``."""

    experts: dict
    mixers: dict


@dataclass(frozen=True)
class Routing:
    """A whole architecture: its name, the tasks, and one ``Level`` after the other.

    Raises:
        ValueError: a mixer of a group that its level lacks, or that passes on other than one expert; a group or a
            gate, above the first level, whose stream the level below does not send; a task without a last stream.
    """

    architecture: str
    tasks: tuple
    levels: tuple

    def __post_init__(self):
        sent = None  # by the level below; the first level reads the features
        for number, level in enumerate(self.levels, 1):
            where = f"level {number}"
            experts = {group: checks.count(f"experts of {where}", n) for group, n in level.experts.items()}
            for stream, mixer in level.mixers.items():
                if not set(mixer.sees) <= set(experts):
                    checks.refuse(f"{stream!r} on {where}", f"to see groups of {list(experts)}", mixer.sees)
                if mixer.how == "pass" and sum(experts[group] for group in mixer.sees) != 1:
                    checks.refuse(f"{stream!r} on {where}", "one expert to pass on", f"those of {mixer.sees}")
            gates = {s for s, mixer in level.mixers.items() if (mixer.how, mixer.reads) == ("gate", "stream")}
            lost = [] if sent is None else sorted((set(experts) | gates) - sent)
            if lost:
                checks.refuse(where, f"to read the streams {sorted(sent)} of the level below", f"also {lost}")
            sent = set(level.mixers)
        if sent is None or not set(self.tasks) <= sent:
            checks.refuse("levels", f"a last stream for each of {list(self.tasks)}", sorted(sent or ()))

    def expert_names(self, level, stream):
        """Names of the experts that the mixer of ``stream`` sees on ``level`` (from 1), in the order of its weights."""
        rows = self.levels[level - 1]
        return [f"{group}_{i + 1}" for group in rows.mixers[stream].sees for i in range(rows.experts[group])]

    def __str__(self):
        lines = [f"{self.architecture}, {len(self.levels)} level(s), tasks {', '.join(self.tasks)}"]
        for number, level in enumerate(self.levels, 1):
            experts = " ".join(f"{group}:{count}" for group, count in level.experts.items())
            mixers = [f"{stream} <- {m.how}({', '.join(m.sees)})" for stream, m in level.mixers.items()]
            lines.append(f"  level {number}: experts {experts} | " + " | ".join(mixers))
        return "\n".join(lines)


def _single_task(tasks, shared, own, last):
    return Level(dict.fromkeys(tasks, 1), {task: Mixer("pass", (task,)) for task in tasks})


def _hard_sharing(tasks, shared, own, last):
    streams = tasks if last else (SHARED,)
    return Level({SHARED: 1}, {stream: Mixer("pass", (SHARED,)) for stream in streams})


def _mmoe(tasks, shared, own, last):
    return Level({SHARED: shared}, {task: Mixer("gate", (SHARED,)) for task in tasks})


def _cgc(tasks, shared, own, last):
    groups = {task: own[task] for task in tasks if own[task]} | ({SHARED: shared} if shared else {})
    return Level(groups, {task: Mixer("gate", tuple(g for g in (task, SHARED) if g in groups)) for task in tasks})


def _ple(tasks, shared, own, last):
    level = _cgc(tasks, shared, own, last)
    if last:
        return level
    return Level(level.experts, level.mixers | {SHARED: Mixer("gate", tuple(level.experts))})


# architecture: (one level of its table, has it more than one level, has it shared / task experts to count)
_TABLES = {
    "single-task": (_single_task, True, False, False),
    "hard-sharing": (_hard_sharing, True, False, False),
    "mmoe": (_mmoe, False, True, False),
    "cgc": (_cgc, False, True, True),
    "ple": (_ple, True, True, True),
}
ARCHITECTURES = tuple(_TABLES)


def routing(architecture, tasks, *, shared_experts=2, task_experts=1, levels=1):
    """The routing table of an architecture.

    Args:
        architecture: one of ``ARCHITECTURES``.
        tasks: names of the tasks.
        shared_experts: experts of the shared group on every level (MMoE, CGC, PLE).
        task_experts: experts of each task's group on every level (CGC, PLE): one number, or ``{task: number}``.
        levels: number of levels (single-task, hard sharing, PLE); MMoE and CGC have one.

    Counts of experts that an architecture has no use for are not looked at, so that one call serves a comparison.

    Raises:
        ValueError: an unknown architecture (the nearest match is named), a count out of range, levels for MMoE or
            CGC, a task whose gate would see no expert, a PLE of several levels without shared experts (it would be that many CGCs
            without a shared stream to connect them).
        TypeError: counts that are not whole numbers.
    """
    level_of, many_levels, has_shared, has_own = _TABLES[checks.choice("architecture", architecture, ARCHITECTURES)]
    tasks = checks.task_names("tasks", tasks)
    levels = checks.count("levels", levels)
    if levels > 1 and not many_levels:
        checks.refuse("levels", f"1 for {architecture}, which has no stream between levels", levels)
    shared, own = 0, dict.fromkeys(tasks, 0)
    if has_shared:
        shared = checks.count("shared_experts", shared_experts, 0 if has_own else 1)
    if has_own:
        given = task_experts if isinstance(task_experts, dict) else dict.fromkeys(tasks, task_experts)
        if set(given) != set(tasks):
            checks.refuse("task_experts", f"a number for each of {list(tasks)}", sorted(given))
        own = {task: checks.count(f"task_experts[{task!r}]", given[task], 0) for task in tasks}
        bare = [task for task in tasks if own[task] + shared == 0]
        if bare:
            checks.refuse("task_experts", "at least one expert, shared or own, for every gate", f"none for {bare}")
    if level_of is _ple and levels > 1 and not shared:
        checks.refuse("shared_experts", "at least 1 for a PLE of several levels", 0)
    return Routing(
        architecture, tasks, tuple(level_of(tasks, shared, own, last=n == levels - 1) for n in range(levels))
    )
