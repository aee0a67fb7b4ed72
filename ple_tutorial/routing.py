"""The routing tables: an architecture is data, not a class.

A network is built from levels. On each level *groups of experts* read a *stream*; on the first level every stream is the
features. The *mixer* of a stream combines the experts of the groups that it sees. After the last level each task has a
tower. Architectures differ in three things: how many experts a group has, which groups a mixer sees, and how it mixes.

    single-task          experts a:1 b:1              a <- pass(a)             b <- pass(b)
    hard sharing         experts shared:1             a, b <- pass(shared)     shared <- pass(shared) below the last level
    asymmetric sharing   experts a:1 b:1              a <- pass(a)             b <- concat(a, b)
    customized sharing   experts a:1 b:1 shared:1     a <- concat(a, shared)   b <- concat(b, shared)
    cross-stitch         experts a:1 b:1              a, b <- stitch(a, b)
    sluice               experts a:2 b:2              a, b <- stitch(a, b)     towers read all levels
    MMoE                 experts shared:n             a, b <- gate(shared)
    ML-MMoE              as MMoE on the last level; below it a gate for each expert of the next: shared_1 <- gate(shared)
    CGC                  experts a:m b:m shared:s     a <- gate(a, shared)     b <- gate(b, shared)
    PLE                  as CGC, and below the last level   shared <- gate(a, b, shared)

Source: PLE paper, Figure 1 and sections 4.1 and 4.2.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ple_tutorial import checks

SHARED = "shared"
MIXERS = ("gate", "pass", "concat", "stitch")


@dataclass(frozen=True)
class Mixer:
    """How one stream leaves a level.

    Attributes:
        how: ``gate`` takes the weighted sum of the experts, with softmax gate weights; ``pass`` returns the only expert that
            it sees; ``concat`` concatenates the experts' units; ``stitch`` concatenates learned linear combinations of all
            experts, as many as its own group has experts, with weights that are the same for every sample.
        sees: the groups whose experts it combines, in the order of its weights.
        reads: the selector of a gate: ``stream``, its own stream at the entrance of the level (PLE paper, Eq. 7),
            or ``features``.
        detached: groups among ``sees`` whose experts it uses but does not train: the gradient is stopped (STEM,
            arXiv:2308.13537).
        residual: groups whose experts a gate adds a second time, in a learned linear combination that is the same for every
            sample (AdaTT, doi 10.1145/3580305.3599769: the native experts).

    Raises:
        ValueError: an unknown kind of mixer or selector; groups that are missing, named twice or not seen; a residual of
            a mixer that is not a gate.

    Example:
        >>> str(Mixer("gate", ("a", "shared")))
        'gate(a, shared)'
    """

    how: str
    sees: tuple
    reads: str = "stream"
    detached: tuple = ()
    residual: tuple = ()

    def __post_init__(self):
        checks.choice("how", self.how, MIXERS)
        checks.choice("reads", self.reads, ("stream", "features"))
        named = isinstance(self.sees, tuple) and all(isinstance(group, str) for group in self.sees)
        if not named or not self.sees or len(set(self.sees)) < len(self.sees):
            checks.refuse("sees", "a tuple of one or more groups, each once", repr(self.sees))
        for name in ("detached", "residual"):
            groups = getattr(self, name)
            if not isinstance(groups, tuple) or not all(group in self.sees for group in groups):
                checks.refuse(name, f"a tuple of groups among {self.sees}", repr(groups))
        if self.residual and self.how != "gate":
            checks.refuse("residual", f"none for a mixer of kind {self.how!r}", self.residual)

    def __str__(self):
        seen = [f"stop({group})" if group in self.detached else group for group in self.sees]
        reads = " of features" if (self.how, self.reads) == ("gate", "features") else ""
        return f"{self.how}({', '.join(seen)}){reads}" + "".join(f" + {group}" for group in self.residual)


@dataclass(frozen=True)
class Level:
    """One level of an architecture.

    A group reads the stream of its own name, and so does a gate that reads a stream.

    Attributes:
        experts: ``{group: number of experts}``.
        mixers: ``{stream: Mixer}``.

    Raises:
        TypeError: not two dicts of these.

    Example:
        >>> level = Level({"shared": 2}, {"a": Mixer("gate", ("shared",)), "b": Mixer("gate", ("shared",))})
        >>> level.experts["shared"]
        2
    """

    experts: dict
    mixers: dict

    def __post_init__(self):
        if not isinstance(self.experts, dict):
            checks.refuse("experts", "a dict {group: number of experts}", repr(self.experts), TypeError)
        if not isinstance(self.mixers, dict) or not all(isinstance(mixer, Mixer) for mixer in self.mixers.values()):
            checks.refuse("mixers", "a dict {stream: Mixer}", repr(self.mixers), TypeError)


@dataclass(frozen=True)
class Routing:
    """A whole architecture: a table that ``build_model`` turns into a network.

    Attributes:
        architecture: its name.
        tasks: names of the tasks.
        levels: the levels, from the features upwards.
        towers: what a tower reads: ``last``, the stream of its task after the last level, or ``all``, a learned linear
            combination of the streams of its task after every level (the skip connections of sluice networks).

    Raises:
        TypeError: tasks or levels of the wrong kind.
        ValueError: a mixer sees a group that its level does not have; a ``pass`` sees more than one expert; a stitch
            belongs to a stream without experts of its own; a group or a gate above the first level reads a stream that
            the level below does not have; a task has no stream for its tower to read.

    Example:
        >>> print(routing("cgc", ["a", "b"], shared_experts=1, task_experts=1))
        cgc, 1 level(s), tasks a, b
          level 1: experts a:1 b:1 shared:1 | a <- gate(a, shared) | b <- gate(b, shared)
    """

    architecture: str
    tasks: tuple
    levels: tuple
    towers: str = "last"

    def __post_init__(self):
        if not isinstance(self.architecture, str):
            checks.refuse("architecture", "a name", repr(self.architecture), TypeError)
        checks.task_names("tasks", self.tasks)
        if not isinstance(self.levels, tuple) or not all(isinstance(level, Level) for level in self.levels):
            checks.refuse("levels", "a tuple of Level", repr(self.levels), TypeError)
        checks.choice("towers", self.towers, ("last", "all"))
        sent = None  # by the level below; the first level reads the features
        for number, level in enumerate(self.levels, 1):
            where = f"level {number}"
            experts = {group: checks.count(f"experts of {where}", n) for group, n in level.experts.items()}
            for stream, mixer in level.mixers.items():
                if not set(mixer.sees) <= set(experts):
                    checks.refuse(f"{stream!r} on {where}", f"to see groups of {list(experts)}", mixer.sees)
                if mixer.how == "pass" and sum(experts[group] for group in mixer.sees) != 1:
                    checks.refuse(f"{stream!r} on {where}", "one expert to pass on", f"those of {mixer.sees}")
                if mixer.how == "stitch" and stream not in mixer.sees:
                    checks.refuse(f"{stream!r} on {where}", "a stitch that sees its own experts", mixer.sees)
            gates = {s for s, mixer in level.mixers.items() if (mixer.how, mixer.reads) == ("gate", "stream")}
            lost = [] if sent is None else sorted((set(experts) | gates) - sent)
            if lost:
                checks.refuse(where, f"to read the streams {sorted(sent)} of the level below", f"also {lost}")
            sent = set(level.mixers)
            if self.towers == "all" and not set(self.tasks) <= sent:
                checks.refuse(where, f"to send a stream for each of {list(self.tasks)}", sorted(sent))
        if sent is None or not set(self.tasks) <= sent:
            checks.refuse("levels", f"a last stream for each of {list(self.tasks)}", sorted(sent or ()))

    def expert_names(self, level: int, stream: str) -> list[str]:
        """Return the names of the experts that the mixer of ``stream`` sees on ``level`` (from 1), in the order of its weights.

        Raises:
            ValueError: no such level, or no such stream on it.

        Example:
            >>> routing("cgc", ["a", "b"], shared_experts=2).expert_names(1, "a")
            ['a_1', 'shared_1', 'shared_2']
        """
        if checks.count("level", level) > len(self.levels):
            checks.refuse("level", f"one of {len(self.levels)}", level)
        rows = self.levels[level - 1]
        checks.choice("stream", stream, tuple(rows.mixers))
        return [name for group in rows.mixers[stream].sees for name in _names(group, rows.experts[group])]

    def __str__(self):
        lines = [f"{self.architecture}, {len(self.levels)} level(s), tasks {', '.join(self.tasks)}"]
        for number, level in enumerate(self.levels, 1):
            experts = " ".join(f"{group}:{count}" for group, count in level.experts.items())
            mixers = [f"{stream} <- {mixer}" for stream, mixer in level.mixers.items()]
            lines.append(f"  level {number}: experts {experts} | " + " | ".join(mixers))
        return "\n".join(lines + ["  towers read all levels"] * (self.towers == "all"))


def _names(group, count):
    """Names of the experts of a group: ``a_1``, ``a_2``; a shared expert with a stream of its own already has such a name."""
    return [group] if re.fullmatch(rf"{SHARED}_\d+", group) else [f"{group}_{i + 1}" for i in range(count)]


# ---- the ten tables: one level of each -------------------------------------------------------------------------


def _single_task(tasks, shared, own, place):
    return Level(dict.fromkeys(tasks, 1), {task: Mixer("pass", (task,)) for task in tasks})


def _hard_sharing(tasks, shared, own, place):
    streams = tasks if place.last else (SHARED,)
    return Level({SHARED: 1}, {stream: Mixer("pass", (SHARED,)) for stream in streams})


def _asymmetric(tasks, shared, own, place):
    giver, *takers = tasks
    mixers = {giver: Mixer("pass", (giver,))} | {task: Mixer("concat", (giver, task)) for task in takers}
    return Level(dict.fromkeys(tasks, 1), mixers)


def _customized(tasks, shared, own, place):
    groups = dict.fromkeys((*tasks, SHARED), 1)
    return Level(groups, {task: Mixer("concat", (task, SHARED)) for task in tasks})


def _cross_stitch(tasks, shared, own, place):
    return Level(dict.fromkeys(tasks, 1), {task: Mixer("stitch", tasks) for task in tasks})


def _sluice(tasks, shared, own, place):
    return Level(dict.fromkeys(tasks, 2), {task: Mixer("stitch", tasks) for task in tasks})


def _mmoe(tasks, shared, own, place):
    return Level({SHARED: shared}, {task: Mixer("gate", (SHARED,)) for task in tasks})


def _ml_mmoe(tasks, shared, own, place):
    each = tuple(f"{SHARED}_{i + 1}" for i in range(shared))  # an expert of an upper level is a group by itself
    groups = {SHARED: shared} if place.first else dict.fromkeys(each, 1)
    streams = tasks if place.last else each
    return Level(groups, {stream: Mixer("gate", tuple(groups), reads="features") for stream in streams})


def _cgc(tasks, shared, own, place):
    groups = {task: own[task] for task in tasks if own[task]} | ({SHARED: shared} if shared else {})
    return Level(groups, {task: Mixer("gate", tuple(g for g in (task, SHARED) if g in groups)) for task in tasks})


def _ple(tasks, shared, own, place):
    level = _cgc(tasks, shared, own, place)
    if place.last:
        return level
    return Level(level.experts, level.mixers | {SHARED: Mixer("gate", tuple(level.experts))})


@dataclass(frozen=True)
class _Place:
    first: bool
    last: bool


@dataclass(frozen=True)
class _Table:
    """An architecture: the function that makes one level, and which arguments of ``routing`` it uses."""

    level: callable
    many_levels: bool = False
    shared: bool = False
    own: bool = False
    towers: str = "last"


_TABLES = {
    "single-task": _Table(_single_task, many_levels=True),
    "hard-sharing": _Table(_hard_sharing, many_levels=True),
    "asymmetric": _Table(_asymmetric),
    "customized": _Table(_customized),
    "cross-stitch": _Table(_cross_stitch, many_levels=True),
    "sluice": _Table(_sluice, many_levels=True, towers="all"),
    "mmoe": _Table(_mmoe, shared=True),
    "ml-mmoe": _Table(_ml_mmoe, many_levels=True, shared=True),
    "cgc": _Table(_cgc, shared=True, own=True),
    "ple": _Table(_ple, many_levels=True, shared=True, own=True),
}
ARCHITECTURES = tuple(_TABLES)
ONE_LEVEL = tuple(name for name, table in _TABLES.items() if not table.many_levels)


def routing(
    architecture: str,
    tasks: Iterable[str],
    *,
    shared_experts: int = 2,
    task_experts: int | dict[str, int] = 1,
    levels: int = 1,
    own_residual: bool = False,
    detach_others: bool = False,
) -> Routing:
    """Return the routing table of an architecture.

    An architecture ignores the numbers of experts that it has no use for, so that one call serves a comparison.

    Args:
        architecture: one of ``ARCHITECTURES``.
        tasks: names of the tasks. In asymmetric sharing the experts of the first task serve all other tasks, too.
        shared_experts: experts of the shared group on every level (MMoE, ML-MMoE, CGC, PLE).
        task_experts: experts of each task's group on every level (CGC, PLE): one number, or ``{task: number}``.
        levels: number of levels; the architectures in ``ONE_LEVEL`` (asymmetric and customized sharing, MMoE, CGC) have one.
        own_residual: each gate adds the experts of its own group a second time, as AdaTT does (CGC, PLE).
        detach_others: each task's gate also sees the other tasks' experts, but its loss does not train them, as in STEM
            (CGC, PLE).

    Raises:
        ValueError: an unknown architecture (the message names the nearest match); a number out of range; several levels
            for an architecture of one level; a task whose gate would see no expert; a PLE of several levels without shared
            experts (they would be CGCs without a shared stream between them); an option of CGC and PLE for another architecture.
        TypeError: numbers that are not whole.

    Example:
        >>> print(routing("ple", ["a", "b"], shared_experts=1, levels=2))
        ple, 2 level(s), tasks a, b
          level 1: experts a:1 b:1 shared:1 | a <- gate(a, shared) | b <- gate(b, shared) | shared <- gate(a, b, shared)
          level 2: experts a:1 b:1 shared:1 | a <- gate(a, shared) | b <- gate(b, shared)

    Source: PLE paper, sections 4.1 and 4.2; MMoE paper, section 4; Figure 1 of the PLE paper for the others.
    """
    table = _TABLES[checks.choice("architecture", architecture, ARCHITECTURES)]
    tasks = checks.task_names("tasks", tasks)
    levels = checks.count("levels", levels)
    if levels > 1 and not table.many_levels:
        checks.refuse("levels", f"1 for {architecture}, which has no stream between levels", levels)
    shared, own = 0, dict.fromkeys(tasks, 0)
    if table.shared:
        shared = checks.count("shared_experts", shared_experts, 0 if table.own else 1)
    if table.own:
        given = task_experts if isinstance(task_experts, dict) else dict.fromkeys(tasks, task_experts)
        if set(given) != set(tasks):
            checks.refuse("task_experts", f"a number for each of {list(tasks)}", sorted(map(str, given)))
        own = {task: checks.count(f"task_experts[{task!r}]", given[task], 0) for task in tasks}
        bare = [task for task in tasks if own[task] + shared == 0]
        if bare:
            checks.refuse("task_experts", "at least one expert, shared or own, for every gate", f"none for {bare}")
    if table.level is _ple and levels > 1 and not shared:
        checks.refuse("shared_experts", "at least 1 for a PLE of several levels", 0)
    for name, option in (("own_residual", own_residual), ("detach_others", detach_others)):
        if checks.flag(name, option) and not table.own:
            checks.refuse(name, f"False for {architecture}, whose tasks have no experts beside shared ones", option)
    rows = [table.level(tasks, shared, own, _Place(n == 0, n == levels - 1)) for n in range(levels)]
    if detach_others:
        rows = [_with_others_detached(level, tasks) for level in rows]
    if own_residual:
        rows = [_with_own_residual(level) for level in rows]
    return Routing(architecture, tasks, tuple(rows), table.towers)


def _with_others_detached(level, tasks):
    """The same level with task gates that see the other tasks' experts as well, through a stop of the gradient."""
    mixers = dict(level.mixers)
    for task in tasks:
        others = tuple(group for group in level.experts if group not in level.mixers[task].sees)
        mixers[task] = replace(mixers[task], sees=mixers[task].sees + others, detached=others)
    return replace(level, mixers=mixers)


def _with_own_residual(level):
    """The same level with gates that add the experts of their own group once more."""
    mixers = {s: replace(m, residual=(s,) if s in m.sees else ()) for s, m in level.mixers.items()}
    return replace(level, mixers=mixers)
