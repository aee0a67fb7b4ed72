"""The cost of an architecture, and widths with which two architectures cost the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ple_tutorial import checks
from ple_tutorial.data import FeatureSpec
from ple_tutorial.models import check_tasks, chosen_columns, expert_widths, feature_spec, tower_widths
from ple_tutorial.routing import Routing, routing

MOVED = 8  # how many widths at most are moved by single units; the others are only scaled


@dataclass(frozen=True)
class Cost:
    """Parameters of a model, and floating-point operations of one prediction (a multiply-add counts two).

    The operations are the products with weights and the weighted sums of experts, without activations, biases and softmaxes.
    Training takes about three times as many.
    """

    parameters: int
    flops: int


@dataclass(frozen=True)
class Fitted:
    """Widths for a budget.

    Attributes:
        expert_units, tower_units: the widths to give to ``build_model``.
        parameters: of the model with these widths.
        budget: the number of parameters that was asked for.
        before: parameters of the model with the widths that the search started from.
    """

    expert_units: tuple
    tower_units: tuple | dict
    parameters: int
    budget: int
    before: int


def cost(
    table: Routing,
    *,
    features: int | FeatureSpec,
    expert_units: Sequence = (16,),
    tower_units: Sequence[int] | dict[str, Sequence[int]] = (8,),
    normalise_experts: bool = False,
    gate_bias: bool = False,
    gate_columns: Sequence[int] | None = None,
    tower_columns: Sequence[int] | None = None,
    embedding: int = 4,
) -> Cost:
    """Compute the ``Cost`` of the model that ``build_model`` makes of a routing table, without building it.

    Args:
        table: a ``routing.Routing``.
        features, expert_units, tower_units, normalise_experts, gate_bias, gate_columns, tower_columns, embedding: as in
            ``build_model``.

    Raises:
        ValueError, TypeError: as ``build_model``.

    Example:
        >>> tasks = {"click": "binary", "minutes": "regression"}
        >>> cost(routing("cgc", tasks), features=10)
        Cost(parameters=1054, flops=2136)
    """
    if not isinstance(table, Routing):
        checks.refuse("table", "a Routing", type(table).__name__, TypeError)
    spec, per_level = _sizes(table, features, expert_units, embedding)
    normalised, bias = checks.flag("normalise_experts", normalise_experts), checks.flag("gate_bias", gate_bias)
    read = _read(gate_columns, tower_columns, spec)
    return _cost(table, spec, per_level, tower_widths(tower_units, table.tasks), normalised, bias, read, embedding)


def _sizes(table, features, expert_units, embedding):
    """Return the ``FeatureSpec`` and the widths of the experts on each level, as ``build_model`` takes them."""
    checks.count("embedding", embedding)
    return feature_spec(features), expert_widths(expert_units, len(table.levels), table.towers)


def _read(gate_columns, tower_columns, spec):
    """Return how many chosen columns each gate reads, None for those of its stream, and how many each tower reads besides."""
    gates, towers = (
        chosen_columns(argument, given, spec)
        for argument, given in (("gate_columns", gate_columns), ("tower_columns", tower_columns))
    )
    return None if gates is None else len(gates), len(towers or ())


def _used(table, gates_read_streams):
    """Return for each level the mixers and the groups of experts on which a prediction depends; a model holds no others."""
    levels, needed = [], set(table.tasks)
    for level in reversed(table.levels):
        mixers = [stream for stream in level.mixers if stream in needed]
        groups = {group for stream in mixers for group in (*level.mixers[stream].sees, *level.mixers[stream].residual)}
        levels.insert(0, (mixers, [group for group in level.experts if group in groups]))
        reading = (s for s in mixers if level.mixers[s].how == "gate" and level.mixers[s].reads == "stream")
        needed = groups | (set(reading) if gates_read_streams else set())
        needed |= set(table.tasks) if table.towers == "all" else set()
    return levels


def _cost(table, spec, per_level, towers, normalised, bias, read, embedding):
    of_gates, of_towers = read
    x = spec.numeric + len(spec.cardinalities) * embedding
    parameters, products = sum(spec.cardinalities) * embedding, 0
    streams = {}  # stream: its width; an absent one is the features
    for level, units, (mixers, groups) in zip(table.levels, per_level, _used(table, of_gates is None), strict=True):
        for group in groups:
            count = level.experts[group]
            before = streams.get(group, x)
            for width in units:
                products += count * before * width
                parameters += count * (before * width + width + 4 * width * normalised)
                before = width
        sent = {}
        for stream in mixers:
            mixer = level.mixers[stream]
            seen, unit = sum(level.experts[group] for group in mixer.sees), units[-1]
            sent[stream] = (
                unit * {"gate": 1, "pass": 1, "concat": seen, "stitch": level.experts.get(stream, 0)}[mixer.how]
            )
            if mixer.how == "gate":
                selector = streams.get(stream, x) if mixer.reads == "stream" else x
                selector = selector if of_gates is None else of_gates
                own = sum(level.experts[group] for group in mixer.residual)
                parameters += selector * seen + seen * bias + own
                products += selector * seen + (seen + own) * unit
            if mixer.how == "stitch":
                parameters += level.experts[stream] * seen
                products += level.experts[stream] * seen * unit
        streams = sent
    for task in table.tasks:
        before = streams[task]
        if table.towers == "all":
            parameters += len(table.levels)
            products += len(table.levels) * before
        before += of_towers
        for width in (*towers[task], 1):
            parameters, products = parameters + before * width + width, products + before * width
            before = width
    return Cost(parameters, 2 * products)


def equal_budget(
    architecture: str | Routing,
    parameters: int,
    *,
    features: int | FeatureSpec,
    tasks: dict[str, str],
    expert_units: Sequence = (16,),
    tower_units: Sequence[int] | dict[str, Sequence[int]] = (8,),
    gate_bias: bool = False,
    gate_columns: Sequence[int] | None = None,
    tower_columns: Sequence[int] | None = None,
    embedding: int = 4,
    tolerance: float = 0.01,
    **options: Any,
) -> Fitted:
    """Find widths with which an architecture has a given number of parameters.

    All widths are multiplied by one factor and then changed by a few units, no more than it takes to meet the tolerance.

    Args:
        architecture: a name of ``routing.ARCHITECTURES``, or a ``Routing``.
        parameters: the budget.
        features, tasks: as in ``build_model``.
        expert_units, tower_units: the widths to start from; their proportions are kept as far as possible.
        gate_bias, gate_columns, tower_columns, embedding: as in ``build_model``.
        tolerance: by which share of the budget the count may differ from it.
        options: further arguments of ``routing``, such as ``levels`` and ``shared_experts``.

    Returns:
        A ``Fitted``, with the number of parameters before (equal structure) and after (equal budget).

    Raises:
        ValueError: no widths meet the tolerance; the message names the nearest count.
        TypeError: arguments of the wrong kind.

    Example:
        >>> tasks = {"click": "binary", "minutes": "regression"}
        >>> equal_budget("hard-sharing", 1054, features=10, tasks=tasks)
        Fitted(expert_units=((27,),), tower_units=(13,), parameters=1053, budget=1054, before=466)
    """
    kinds = checks.task_kinds("tasks", tasks)
    table = architecture if isinstance(architecture, Routing) else routing(architecture, kinds, **options)
    if isinstance(architecture, Routing):
        check_tasks(table, kinds)
        if options:
            checks.refuse("options", "no further arguments with a Routing, which has them", sorted(options))
    budget, tolerance = checks.count("parameters", parameters), checks.number("tolerance", tolerance, 0, 1)
    spec, per_level = _sizes(table, features, expert_units, embedding)
    bias, read = checks.flag("gate_bias", gate_bias), _read(gate_columns, tower_columns, spec)
    towers = tower_widths(tower_units, kinds)
    different = isinstance(tower_units, dict)

    blocks = [*per_level, *(towers.values() if different else [towers[next(iter(kinds))]])]
    start = np.array([width for units in blocks for width in units])
    ends = np.cumsum([len(units) for units in blocks])
    free = [[i] for i in range(len(start))]  # positions that move together
    if table.towers == "all":  # the towers read all levels, so these end in one width
        last = ends[: len(per_level)]
        free = [[i] for i in range(len(start)) if i + 1 not in last] + [list(last - 1)]

    def split(flat):
        parts = [tuple(map(int, part)) for part in np.split(flat, ends[:-1])]
        units = parts[len(per_level) :]
        return tuple(parts[: len(per_level)]), dict(zip(kinds, units if different else units * len(kinds), strict=True))

    def count(flat):
        return int(_cost(table, spec, *split(flat), False, bias, read, embedding).parameters)

    def scaled(factor):
        return np.maximum(1, np.round(start * factor)).astype(int)

    low, high = 1e-3, 1e4
    for _ in range(60):  # the count grows with the factor
        middle = np.sqrt(low * high)
        low, high = (middle, high) if count(scaled(middle)) < budget else (low, middle)
    best, near = None, []
    moved = free[:MOVED]
    for move in product((0, -1, 1, -2, 2) if len(moved) < 6 else (0, -1, 1), repeat=len(moved)):
        flat = scaled(high)
        for positions, step in zip(moved, move, strict=True):
            flat[positions] = np.maximum(1, flat[positions] + step)
        got, bend = count(flat), np.abs(np.log(flat / (start * high))).sum()
        near.append((abs(got - budget), got))
        if abs(got - budget) <= tolerance * budget and (best is None or bend < best[0]):
            best = (bend, flat)
    if best is None:
        expected = f"a number of parameters that widths can meet within {tolerance:.1%}"
        checks.refuse("parameters", expected, f"{budget} (the nearest is {min(near)[1]})")
    units, found = split(best[1])
    return Fitted(units, found if different else found[next(iter(kinds))], count(best[1]), budget, count(start))
