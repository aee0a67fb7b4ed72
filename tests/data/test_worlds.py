"""Worlds of known truth: closed forms held against large samples, and the truth handed out against the data."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ple_tutorial.data.worlds import (
    make_neighbours,
    make_parts,
    make_routing,
    make_sign,
    quadratic,
    quadratic_forms,
)

WORLDS = {"parts": make_parts, "sign": make_sign, "routing": make_routing, "neighbours": make_neighbours}
MANY = 200_000
FOUR = {"a": "regression", "b": "binary", "c": "regression", "d": "binary"}
OF_FOUR = {"neighbours": {"correlation": np.eye(4) * 0.7 + 0.3}}


def correlation(world, one="a", other="b"):
    return np.corrcoef(world.data.labels[one], world.data.labels[other])[0, 1]


def within(found, truth, errors=5, rows=MANY):
    """A correlation of so many rows has about this standard error."""
    return abs(found - truth) < errors / np.sqrt(rows)


# The parts


@pytest.mark.parametrize(("count", "width"), [(1, 2), (2, 2), (5, 3), (8, 6)])
def test_forms_are_unrelated_and_of_mean_0_and_variance_1(count, width):
    forms = quadratic_forms(count, width, seed=3)
    np.testing.assert_allclose(np.einsum("kij,lij->kl", forms, forms), np.eye(count), atol=1e-12)
    np.testing.assert_allclose(np.trace(forms, axis1=1, axis2=2), 0, atol=1e-12)
    np.testing.assert_array_equal(forms, forms.transpose(0, 2, 1))
    z = np.random.default_rng(0).standard_normal((MANY, width))
    values = np.stack([quadratic(z, form) for form in forms])
    np.testing.assert_allclose(values.mean(axis=1), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(values).reshape(count, count), np.eye(count), atol=0.05)


def test_a_part_needs_hidden_units():
    """No straight line says anything of it."""
    world = make_parts(MANY, silent=0)
    x, y = world.data.features, world.parts["shared"]
    slope, *_ = np.linalg.lstsq(x, y, rcond=None)
    assert np.var(x @ slope) < 1e-3


def test_forms_by_hand():
    form = np.array([[0.0, 1.0], [1.0, 0.0]]) / np.sqrt(2)
    assert quadratic(np.array([[1.0, 2.0], [3.0, -1.0]]), form).tolist() == pytest.approx([2.0, -3.0])


# The closed forms of the label correlations


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_correlation_of_shared_and_private_parts(share, noise):
    world = make_parts(MANY, share, noise=noise)
    assert within(correlation(world), share / (1 + noise**2), errors=8)  # quadratics have heavy tails
    assert np.var(world.data.labels["a"]) == pytest.approx(1 + noise**2, rel=0.03)


@pytest.mark.parametrize("agreement", [0.0, 0.5, 0.8])
def test_correlation_of_a_sign_by_context(agreement):
    world = make_sign(MANY, agreement, noise=0.5)
    assert within(correlation(world), (2 * agreement - 1) / 1.25, errors=8)
    turned = np.where(world.context == 1, -1, 1)
    np.testing.assert_array_equal(world.data.features[:, world.columns["context"]][:, 0], turned)
    assert within(np.corrcoef(turned * world.data.labels["a"], world.data.labels["b"])[0, 1], 1 / 1.25)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_correlation_of_a_routing_table(share):
    world = make_routing(MANY, share, contexts=4, noise=0.5)
    assert within(correlation(world), share / 1.25, errors=10)
    agree = (world.table[0] == world.table[1]).sum()
    assert agree == share * 4


def test_a_routing_table_of_four_tasks():
    table = make_routing(100, 0.5, tasks=FOUR, contexts=6, functions=5, seed=2).table
    different = [len(set(column)) for column in table.T]
    assert sorted(different) == [1, 1, 1, 4, 4, 4]


def test_private_functions_belong_to_one_task():
    world = make_routing(MANY, 0.5, tasks=FOUR, contexts=6, functions=2, private=3, noise=0.5, seed=2)
    assert list(world.parts) == ["h0", "h1", *(f"{task}_{number}" for task in FOUR for number in range(3))]
    names = np.array(list(world.parts))[world.table]
    agree = (names == names[0]).all(axis=0)
    assert agree.sum() == 3 and set(names[:, agree].ravel()) <= {"h0", "h1"}
    for task, row in zip(FOUR, names, strict=True):
        assert all(name.startswith(f"{task}_") for name in row[~agree])
    assert within(correlation(world, "a", "c"), 0.5 / 1.25, errors=10)


def test_a_neighbour_is_noise():
    world = make_neighbours(MANY, 0.9, neighbours={"loud": 3.0, "silent_one": 0.0})
    labels = world.data.labels
    assert labels["loud"].std() == pytest.approx(3, rel=0.02)
    assert not labels["silent_one"].any()
    assert within(correlation(world, "a", "loud"), 0)
    assert correlation(world) > 0.5
    assert world.table.tolist() == [[0], [1], [-1], [-1]]
    assert world.data.kinds["loud"] == "regression"


# The truth


@pytest.mark.parametrize("name", WORLDS)
def test_the_truth_is_that_of_the_data(name):
    """Signals are mixtures of the parts; labels are scattered around what is to be expected, by the noise and nothing else."""
    world = WORLDS[name](MANY, tasks=FOUR, noise=0.5, label_scale=2.0, positive_rate=0.2, **OF_FOUR.get(name, {}))
    for task, kind in world.data.kinds.items():
        y, expected = world.data.labels[task], world.expected[task]
        if kind == "regression":
            scale, noise = (1.0, 3.0) if task == "loud" else (2.0, 1.0)
            np.testing.assert_allclose(expected, scale * world.signals[task], rtol=1e-12)
            assert np.std(y - expected) == pytest.approx(noise, rel=0.02)
            assert task == "loud" or within(np.corrcoef(y - expected, expected)[0, 1], 0)
        else:
            assert y.mean() == pytest.approx(0.2, abs=0.01)
            for low in np.arange(0, 1, 0.2):
                chosen = (expected >= low) & (expected < low + 0.2)
                assert y[chosen].mean() == pytest.approx(expected[chosen].mean(), abs=5 * 0.5 / np.sqrt(chosen.sum()))


@pytest.mark.parametrize("name", WORLDS)
def test_parts_and_silent_features(name):
    """A part reads its own columns alone, and nothing reads the silent ones."""
    world = WORLDS[name](20_000, silent=3)
    x = world.data.features
    assert x.shape[1] == max(part.stop for part in world.columns.values())
    silent = x[:, world.columns["silent"]]
    assert silent.shape[1] == 3
    for signal in world.signals.values():
        for column in silent.T:
            for power in (column, column**2):
                assert not signal.any() or within(np.corrcoef(power, signal)[0, 1], 0, rows=20_000)
    same = WORLDS[name](20_000, silent=0)
    for task, signal in same.signals.items():
        np.testing.assert_array_equal(signal, world.signals[task])


@pytest.mark.parametrize("make", [make_sign, make_routing])
def test_shuffled_contexts_say_nothing(make):
    """The control: features, truth and labels as before, but for the columns of the context."""
    world, control = make(20_000, seed=1), make(20_000, seed=1, shuffled=True)
    where = world.columns["context"]
    np.testing.assert_array_equal(world.context, control.context)
    np.testing.assert_array_equal(world.data.labels["b"], control.data.labels["b"])
    assert (world.data.features[:, where] == control.data.features[:, where]).all(axis=1).mean() < 0.9
    shown, true = control.data.features[:, where].argmax(axis=1) if where.stop > 1 else 0, control.context
    if where.stop == 1:
        shown = (control.data.features[:, 0] < 0).astype(int)
    assert within(np.corrcoef(shown, true)[0, 1], 0, rows=20_000)


def test_labels_of_one_task_are_scarce():
    data = make_parts(10_000, label_rate={"a": 1.0, "b": 0.05}).data
    assert (data.mask["a"].sum(), data.mask["b"].sum()) == (10_000, 500)


def test_rows_are_taken_with_their_truth():
    world = make_routing(100, contexts=4)
    train, test = world.split(60)
    assert (len(train), len(test)) == (60, 40)
    for part, rows in ((train, slice(0, 60)), (test, slice(60, None)), (world.take([5, 3]), [5, 3])):
        np.testing.assert_array_equal(part.context, world.context[rows])
        np.testing.assert_array_equal(part.signals["b"], world.signals["b"][rows])
        np.testing.assert_array_equal(part.expected["b"], world.expected["b"][rows])
        np.testing.assert_array_equal(part.data.labels["b"], world.data.labels["b"][rows])
    with pytest.raises(ValueError, match="rows: expected parts of fewer than 100 rows together, got 100"):
        world.split(60, 40)


# One seed for everything


def digest(world):
    arrays = [world.data.features, *world.data.labels.values(), *world.data.mask.values(), *world.expected.values()]
    arrays += [*world.parts.values(), world.context, world.coefficients]
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


SCRIPT = "import test_worlds as t; print(*(t.digest(make(500, seed=4)) for make in t.WORLDS.values()))"


def test_the_same_bytes_on_every_run():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [digest(make(500, seed=4)) for make in WORLDS.values()]


@pytest.mark.parametrize("name", WORLDS)
def test_another_seed_is_another_world(name):
    one, other = WORLDS[name](500, seed=1), WORLDS[name](500, seed=2)
    assert not np.isclose(one.data.features[:, -1], other.data.features[:, -1]).any()
    assert not np.allclose(one.signals["a"], other.signals["a"])


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (make_parts, {"share": 1.5}, "share: expected a number from 0 to 1, got 1.5"),
        (make_parts, {"width": 1}, "width: expected a whole number of at least 2, got 1"),
        (make_parts, {"tasks": {"a": "binary"}}, "tasks: expected two to eight tasks, got 1"),
        (make_parts, {"noise": {"a": 1.0}}, "noise: expected a number for each of"),
        (make_sign, {"agreement": -1}, "agreement: expected a number from 0 to 1, got -1"),
        (make_routing, {"share": 0.3, "contexts": 4}, "share: expected a whole number of 4 contexts, got 0.3"),
        (make_routing, {"functions": 1}, "functions: expected at least 2, one for each task, got 1"),
        (make_routing, {"functions": 6, "width": 3}, "width: expected a width in which 6 parts are unrelated, got 3"),
        (make_neighbours, {"neighbours": {"a": 1.0}}, "neighbours: expected names other than .* got 'a'"),
        (make_neighbours, {"neighbours": {"x": -1.0}}, r"neighbours\['x'\]: expected a number from 0"),
    ],
)
def test_refusals(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(100, **arguments)
