"""What an architecture costs, and widths that make two architectures cost the same."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from ple_tutorial import checks
from ple_tutorial.models import check_tasks, expert_widths, feature_spec, widths
from ple_tutorial.routing import Routing, routing

MOVED = 8  # so many widths at most are moved by single units; the others are scaled only


@dataclass(frozen=True)
class Cost:
    """Parameters of a model, and floating-point operations of one sample forward (a multiply-add counts two).

    Counted are the products with weights and the weighted sums of experts; activations, biases and softmaxes are not.
    Training takes about three times the operations.
    """

    parameters: int
    flops: int


@dataclass(frozen=True)
class Fitted:
    """Widths for a budget.

    Attributes:
        expert_units, tower_units: the widths to hand to ``build_model``.
        parameters: those of the model with these widths.
        budget: those that were asked for.
        before: those of the model with the widths that the search started from.
    """

    expert_units: tuple
    tower_units: tuple
    parameters: int
    budget: int
    before: int


def cost(table, *, features, expert_units=(16,), tower_units=(8,), normalise_experts=False, embedding=4):
    """The ``Cost`` of a routing table built by ``build_model`` with these sizes, without building it.

    Args:
        table: a ``routing.Routing``.
        features, expert_units, tower_units, normalise_experts, embedding: as in ``build_model``.

    Raises:
        ValueError, TypeError: as ``build_model``.
    """
    if not isinstance(table, Routing):
        checks.refuse("table", "a Routing", type(table).__name__, TypeError)
    spec, per_level = _sizes(table, features, expert_units, embedding)
    normalised = checks.flag("normalise_experts", normalise_experts)
    return _cost(table, spec, per_level, widths("tower_units", tower_units), normalised, embedding)


def _sizes(table, features, expert_units, embedding):
    """The ``FeatureSpec`` and the widths of the experts, level by level, as ``build_model`` takes them."""
    checks.count("embedding", embedding)
    return feature_spec(features), expert_widths(expert_units, len(table.levels), table.towers)


def _cost(table, spec, per_level, towers, normalised, embedding):
    x = spec.numeric + len(spec.cardinalities) * embedding
    parameters, products = sum(spec.cardinalities) * embedding, 0
    streams = {}  # stream: its width; an absent one is the features
    for level, units in zip(table.levels, per_level, strict=True):
        for group, count in level.experts.items():
            before = streams.get(group, x)
            for width in units:
                products += count * before * width
                parameters += count * (before * width + width + 4 * width * normalised)
                before = width
        sent = {}
        for stream, mixer in level.mixers.items():
            seen, unit = sum(level.experts[group] for group in mixer.sees), units[-1]
            sent[stream] = (
                unit * {"gate": 1, "pass": 1, "concat": seen, "stitch": level.experts.get(stream, 0)}[mixer.how]
            )
            if mixer.how == "gate":
                selector = streams.get(stream, x) if mixer.reads == "stream" else x
                own = sum(level.experts[group] for group in mixer.residual)
                parameters += selector * seen + own
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
        for width in (*towers, 1):
            parameters, products = parameters + before * width + width, products + before * width
            before = width
    return Cost(parameters, 2 * products)


def equal_budget(
    architecture,
    parameters,
    *,
    features,
    tasks,
    expert_units=(16,),
    tower_units=(8,),
    embedding=4,
    tolerance=0.01,
    **options,
):
    """Widths with which an architecture has a given number of parameters.

    All widths are scaled by one factor and then moved by a few units, as little as it takes to land within the tolerance.

    Args:
        architecture: a name of ``routing.ARCHITECTURES``, or a ``Routing``.
        parameters: the budget.
        features, tasks: as in ``build_model``.
        expert_units, tower_units: the widths to start from, whose proportions are kept as nearly as can be.
        embedding: as in ``build_model``; it stays as it is.
        tolerance: the share of the budget by which the count may miss it.
        options: further arguments of ``routing``, such as ``levels`` and ``shared_experts``.

    Returns:
        A ``Fitted``, with the count before (equal structure) and after (equal budget).

    Raises:
        ValueError: no widths land within the tolerance; the nearest count is named.
        TypeError: arguments of the wrong kind.
    """
    kinds = checks.task_kinds("tasks", tasks)
    table = architecture if isinstance(architecture, Routing) else routing(architecture, kinds, **options)
    if isinstance(architecture, Routing):
        check_tasks(table, kinds)
        if options:
            checks.refuse("options", "none beside a Routing, which has them", sorted(options))
    budget, tolerance = checks.count("parameters", parameters), checks.number("tolerance", tolerance, 0, 1)
    spec, per_level = _sizes(table, features, expert_units, embedding)
    towers = widths("tower_units", tower_units)

    start = np.array([width for units in (*per_level, towers) for width in units])
    ends = np.cumsum([len(units) for units in per_level])
    free = [[i] for i in range(len(start))]  # positions that move together
    if table.towers == "all":  # the towers read all levels, so these end in one width
        free = [[i] for i in range(len(start)) if i + 1 not in ends] + [list(ends - 1)]

    def split(flat):
        return np.split(flat[: ends[-1]], ends[:-1]), flat[ends[-1] :]

    def count(flat):
        return int(_cost(table, spec, *split(flat), False, embedding).parameters)

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
    units, tower = split(best[1])
    return Fitted(
        tuple(tuple(map(int, row)) for row in units), tuple(map(int, tower)), count(best[1]), budget, count(start)
    )
