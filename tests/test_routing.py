"""The routing tables, exactly, as data."""

import dataclasses

import pytest

from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL, Level, Mixer, Routing, routing

PASS, GATE, CONCAT, STITCH = ((lambda *sees, how=how: Mixer(how, sees)) for how in ("pass", "gate", "concat", "stitch"))
COUNTS = {"shared_experts": 3, "task_experts": {"b": 1, "a": 2}}

SINGLE = Level({"b": 1, "a": 1}, {"b": PASS("b"), "a": PASS("a")})
CGC = Level({"b": 1, "a": 2, "shared": 3}, {"b": GATE("b", "shared"), "a": GATE("a", "shared")})
PLE_LOWER = Level(CGC.experts, {**CGC.mixers, "shared": GATE("b", "a", "shared")})
HARD_LOWER = Level({"shared": 1}, {"shared": PASS("shared")})
HARD_LAST = Level({"shared": 1}, {"b": PASS("shared"), "a": PASS("shared")})

STITCHED = {"b": STITCH("b", "a"), "a": STITCH("b", "a")}
FAR = Mixer("gate", ("shared",), reads="features")
EACH = ("shared_1", "shared_2", "shared_3")
FAR_EACH = Mixer("gate", EACH, reads="features")

TABLES = [
    ("single-task", 1, [SINGLE]),
    ("single-task", 3, [SINGLE, SINGLE, SINGLE]),
    ("hard-sharing", 1, [HARD_LAST]),
    ("hard-sharing", 2, [HARD_LOWER, HARD_LAST]),
    ("asymmetric", 1, [Level(SINGLE.experts, {"b": PASS("b"), "a": CONCAT("b", "a")})]),
    ("customized", 1, [Level({"b": 1, "a": 1, "shared": 1}, {"b": CONCAT("b", "shared"), "a": CONCAT("a", "shared")})]),
    ("cross-stitch", 2, [Level({"b": 1, "a": 1}, STITCHED)] * 2),
    ("sluice", 2, [Level({"b": 2, "a": 2}, STITCHED)] * 2),
    ("ml-mmoe", 1, [Level({"shared": 3}, {"b": FAR, "a": FAR})]),
    (
        "ml-mmoe",
        3,
        [
            Level({"shared": 3}, dict.fromkeys(EACH, FAR)),
            Level(dict.fromkeys(EACH, 1), dict.fromkeys(EACH, FAR_EACH)),
            Level(dict.fromkeys(EACH, 1), {"b": FAR_EACH, "a": FAR_EACH}),
        ],
    ),
    ("mmoe", 1, [Level({"shared": 3}, {"b": GATE("shared"), "a": GATE("shared")})]),
    ("cgc", 1, [CGC]),
    ("ple", 1, [CGC]),
    ("ple", 2, [PLE_LOWER, CGC]),
    ("ple", 3, [PLE_LOWER, PLE_LOWER, CGC]),
]


@pytest.mark.parametrize(("architecture", "levels", "expected"), TABLES)
def test_the_table(architecture, levels, expected):
    table = routing(architecture, ("b", "a"), levels=levels, **COUNTS)
    towers = "all" if architecture == "sluice" else "last"
    assert table == Routing(architecture, ("b", "a"), tuple(expected), towers)
    assert [list(level.experts) for level in table.levels] == [
        list(level.experts) for level in expected
    ]  # the order too
    assert [list(level.mixers) for level in table.levels] == [list(level.mixers) for level in expected]


def many(architecture):
    """Two levels where the architecture may have them."""
    return 1 if architecture in ONE_LEVEL else 2


def test_every_architecture_is_in_these_tests():
    assert {name for name, *_ in TABLES} == set(ARCHITECTURES)


@pytest.mark.parametrize(("architecture", "levels"), [("asymmetric", 2), ("customized", 2), ("mmoe", 2), ("cgc", 3)])
def test_levels_are_refused_where_there_is_one(architecture, levels):
    with pytest.raises(ValueError, match=f"levels: expected 1 for {architecture}, .* got {levels}"):
        routing(architecture, ["a", "b"], levels=levels)


def test_gates_read_their_own_stream():
    for level in routing("ple", ["a", "b"], levels=3).levels:
        assert {mixer.reads for mixer in level.mixers.values()} == {"stream"}


@pytest.mark.parametrize("tasks", [["x"], ["x", "y", "z"], [f"t{i}" for i in range(9)]])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_any_number_of_tasks(architecture, tasks):
    table = routing(architecture, tasks, shared_experts=2, task_experts=1, levels=many(architecture))
    assert table.tasks == tuple(tasks)
    assert list(table.levels[-1].mixers) == tasks
    if architecture in ("asymmetric", "cross-stitch", "sluice", "ml-mmoe"):
        return
    for task in tasks:
        seen = {group for level in table.levels for group in level.mixers.get(task, PASS("shared")).sees}
        assert seen <= {task, "shared"}  # a task's own mixer never sees another task's experts


def test_expert_names_in_the_order_of_the_weights():
    table = routing("ple", ("b", "a"), levels=2, **COUNTS)
    shared = ["shared_1", "shared_2", "shared_3"]
    for level in (1, 2):
        assert table.expert_names(level, "b") == ["b_1", *shared]
        assert table.expert_names(level, "a") == ["a_1", "a_2", *shared]
    assert table.expert_names(1, "shared") == ["b_1", "a_1", "a_2", *shared]
    assert routing("mmoe", ["a"], shared_experts=2).expert_names(1, "a") == ["shared_1", "shared_2"]


def test_no_shared_or_no_task_experts_where_a_gate_still_sees_one():
    alone = routing("cgc", ["a", "b"], shared_experts=0, task_experts=2).levels
    assert alone == (Level({"a": 2, "b": 2}, {"a": GATE("a"), "b": GATE("b")}),)
    assert routing("ple", ["a", "b"], shared_experts=0, task_experts=2).levels == alone
    common = routing("cgc", ["a", "b"], shared_experts=2, task_experts=0).levels
    assert common == routing("mmoe", ["a", "b"], shared_experts=2).levels  # CGC without task experts is MMoE
    lower, upper = routing("ple", ["a", "b"], shared_experts=2, task_experts={"a": 1, "b": 0}, levels=2).levels
    assert upper == Level({"a": 1, "shared": 2}, {"a": GATE("a", "shared"), "b": GATE("shared")})
    assert lower == Level(upper.experts, {**upper.mixers, "shared": GATE("a", "shared")})


def test_options_of_the_later_work():
    (level,) = routing("cgc", ("b", "a"), own_residual=True, detach_others=True, **COUNTS).levels
    assert level.experts == CGC.experts
    assert level.mixers["b"] == Mixer("gate", ("b", "shared", "a"), detached=("a",), residual=("b",))
    assert level.mixers["a"] == Mixer("gate", ("a", "shared", "b"), detached=("b",), residual=("a",))
    assert str(level.mixers["a"]) == "gate(a, shared, stop(b)) + a"
    lower, upper = routing("ple", ("b", "a"), levels=2, own_residual=True, **COUNTS).levels
    assert lower.mixers["shared"] == Mixer("gate", ("b", "a", "shared"), residual=("shared",))
    assert upper.mixers["a"] == Mixer("gate", ("a", "shared"), residual=("a",))
    bare = routing("cgc", ["a", "b"], task_experts={"a": 1, "b": 0}, own_residual=True).levels[0]
    assert bare.mixers["b"].residual == ()  # nothing of its own to add


def test_counts_without_a_use_are_not_looked_at():
    for architecture in ("single-task", "hard-sharing"):
        assert routing(architecture, ["a"], shared_experts=0, task_experts=None) == routing(architecture, ["a"])
    assert routing("mmoe", ["a"], task_experts=-1) == routing("mmoe", ["a"])


def test_a_table_prints_as_a_table():
    assert str(routing("ple", ["a", "b"], levels=2, shared_experts=1)).splitlines() == [
        "ple, 2 level(s), tasks a, b",
        "  level 1: experts a:1 b:1 shared:1 "
        "| a <- gate(a, shared) | b <- gate(b, shared) | shared <- gate(a, b, shared)",
        "  level 2: experts a:1 b:1 shared:1 | a <- gate(a, shared) | b <- gate(b, shared)",
    ]


AB = ["a", "b"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: routing("mmeo", AB), ValueError, "architecture: expected one of .*, got 'mmeo'; did you mean 'mmoe'"),
        (lambda: routing("hard_sharing", AB), ValueError, "did you mean 'hard-sharing'"),
        (lambda: routing("PLE", AB), ValueError, "got 'PLE'; did you mean 'ple'"),
        (lambda: routing("Cross Stitch", AB), ValueError, "did you mean 'cross-stitch'"),
        (lambda: routing("mmoe", AB, own_residual=True), ValueError, "own_residual: expected False for mmoe"),
        (lambda: routing("single-task", AB, detach_others=True), ValueError, "detach_others: expected False"),
        (
            lambda: routing("cgc", AB, detach_others=1),
            TypeError,
            r"detach_others: expected True or False, got 1 \(int\)",
        ),
        (lambda: routing("cgc", ["a", "shared_1"]), ValueError, "tasks: .* got 'shared_1'"),
        (lambda: routing("ml-mmoe", AB, shared_experts=0), ValueError, "shared_experts: .* at least 1, got 0"),
        (lambda: routing("cgc", AB, task_experts={"a": 1, 2: 1}), ValueError, "task_experts: .* got"),
        (lambda: routing(None, AB), ValueError, "architecture: .* got None"),
        (lambda: routing("cgc", []), ValueError, "tasks: expected at least one task, got none"),
        (lambda: routing("cgc", "ab"), TypeError, "tasks: expected a list of task names, got 'ab'"),
        (lambda: routing("cgc", ["a", "a"]), ValueError, "tasks: expected distinct names"),
        (lambda: routing("cgc", ["a", "shared"]), ValueError, "tasks: .* got 'shared'"),
        (lambda: routing("cgc", ["a", "features"]), ValueError, "tasks: .* got 'features'"),
        (lambda: routing("cgc", ["a b"]), ValueError, "tasks: expected names of letters.* got 'a b'"),
        (lambda: routing("cgc", ["class"]), ValueError, "tasks: .* got 'class'"),
        (lambda: routing("cgc", [1]), ValueError, "tasks: .* got 1"),
        (lambda: routing("ple", AB, levels=0), ValueError, "levels: expected a whole number of at least 1, got 0"),
        (lambda: routing("ple", AB, levels=1.0), TypeError, "levels: .* got 1.0"),
        (lambda: routing("mmoe", AB, shared_experts=0), ValueError, "shared_experts: .* at least 1, got 0"),
        (lambda: routing("cgc", AB, shared_experts=-1), ValueError, "shared_experts: .* at least 0, got -1"),
        (lambda: routing("cgc", AB, shared_experts="2"), TypeError, "shared_experts: .* got '2'"),
        (lambda: routing("cgc", AB, task_experts=[1, 2]), TypeError, r"task_experts\['a'\]: .* got \[1, 2\]"),
        (
            lambda: routing("cgc", AB, task_experts={"a": 1}),
            ValueError,
            r"task_experts: .* each of \['a', 'b'\], got \['a'\]",
        ),
        (lambda: routing("cgc", AB, task_experts={"a": 1, "b": -1}), ValueError, r"task_experts\['b'\]: .* got -1"),
        (
            lambda: routing("cgc", AB, shared_experts=0, task_experts={"a": 1, "b": 0}),
            ValueError,
            r"got none for \['b'\]",
        ),
        (
            lambda: routing("ple", AB, shared_experts=0, levels=2),
            ValueError,
            "shared_experts: expected at least 1 for a PLE",
        ),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Tables of one's own


def own(*levels, tasks=("a",)):
    return Routing("own", tasks, levels)


A, S = Level({"a": 1}, {"a": PASS("a")}), Level({"shared": 2}, {"a": GATE("shared")})


def test_a_table_of_ones_own():
    features = Level({"shared": 2}, {"a": GATE("shared"), "shared": GATE("shared")})
    last = dataclasses.replace(S, mixers={"a": Mixer("gate", ("shared",), reads="features")})
    assert own(features, last).expert_names(2, "a") == ["shared_1", "shared_2"]
    assert own(A, A, A).levels == (A, A, A)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: Mixer("gates", ("a",)),
            ValueError,
            "how: expected one of gate, pass, concat, stitch, got 'gates'; did you mean 'gate'",
        ),
        (lambda: Mixer("gate", ("a",), reads="feature"), ValueError, "reads: .* did you mean 'features'"),
        (lambda: Mixer("gate", ()), ValueError, r"sees: expected a tuple of one or more groups, each once, got \(\)"),
        (lambda: Mixer("gate", "a"), ValueError, "sees: .* got 'a'"),
        (lambda: Mixer("gate", ("a", "a")), ValueError, "sees: .* each once"),
        (lambda: Mixer("gate", ("a",), detached=("b",)), ValueError, r"detached: .* among \('a',\), got \('b',\)"),
        (lambda: Mixer("gate", ("a",), residual="a"), ValueError, "residual: expected a tuple .* got 'a'"),
        (lambda: Mixer("pass", ("a",), residual=("a",)), ValueError, "residual: expected none for .* 'pass'"),
        (
            lambda: own(Level({"a": 1, "b": 1}, {"a": STITCH("b")})),
            ValueError,
            "'a' on level 1: expected a stitch that sees its own experts",
        ),
        (lambda: Routing("own", ("a",), (A,), "each"), ValueError, "towers: expected one of last, all, got 'each'"),
        (
            lambda: Routing("own", ("a",), (HARD_LOWER, Level({"shared": 1}, {"a": PASS("shared")})), "all"),
            ValueError,
            r"level 1: expected to send a stream for each of \['a'\], got \['shared'\]",
        ),
        (lambda: own(), ValueError, r"levels: expected a last stream for each of \['a'\], got \[\]"),
        (lambda: own(A, tasks=("a", "b")), ValueError, r"levels: .* \['a', 'b'\], got \['a'\]"),
        (
            lambda: own(Level({"a": 1}, {"a": GATE("shared")})),
            ValueError,
            r"'a' on level 1: expected to see groups of \['a'\]",
        ),
        (lambda: own(Level({"a": 2}, {"a": PASS("a")})), ValueError, "'a' on level 1: expected one expert to pass on"),
        (lambda: own(Level({"a": 0}, {"a": GATE("a")})), ValueError, "experts of level 1: .* at least 1, got 0"),
        # Level 2's shared experts would read the features: the fault of several public implementations of PLE
        (lambda: own(S, S), ValueError, r"level 2: expected to read the streams \['a'\] .*, got also \['shared'\]"),
        (
            lambda: own(HARD_LOWER, Level({"shared": 2}, {"a": GATE("shared")})),
            ValueError,
            r"level 2: expected to read the streams \['shared'\] .*, got also \['a'\]",
        ),
    ],
)
def test_a_table_that_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
