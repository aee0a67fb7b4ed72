"""The synthetic tasks by value: directions, sines, noise, masks, and what the dial leaves alone."""

import math

import numpy as np
import pytest

from ple_tutorial.data.synthetic import Sines, label_correlation, label_covariance, make_synthetic, task_directions

DIAL = (-1, -0.6, 0, 0.3, 0.9, 1)
THREE = np.array([[1, 0.5, -0.2], [0.5, 1, 0.4], [-0.2, 0.4, 1]])
ONE, OTHER = Sines((1.0, -0.5), (0.3, 2.0)), Sines((0.7, 2.5, 1.2), (-1.0, 0.1, 0.4))


# Directions


@pytest.mark.parametrize("p", DIAL)
def test_cosine_of_two_directions(p):
    directions = task_directions(p, 7, seed=3)
    np.testing.assert_allclose(directions @ directions.T, [[1, p], [p, 1]], atol=1e-7)


@pytest.mark.parametrize(
    "cosines",
    [
        THREE,
        np.eye(4),
        np.ones((3, 3)),
        [[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]],
        [[1, -1], [-1, 1]],
        [[1.0]],
    ],
)
def test_cosines_of_a_matrix(cosines):
    directions = task_directions(cosines, 4, tasks=len(cosines), seed=1)
    assert directions.shape == (len(cosines), 4)
    np.testing.assert_allclose(directions @ directions.T, cosines, atol=1e-7)


def test_directions_by_seed():
    one, same, other = (task_directions(0.5, 6, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.isclose(one, other).any()
    many = np.array([task_directions(0.5, 3, seed=seed)[0] for seed in range(400)])
    assert np.abs(many.mean(axis=0)).max() < 0.12  # no corner of space is preferred; one standard error is 0.03


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1.01, 5), ValueError, "correlation: expected a number from -1 to 1, got 1.01"),
        ((float("nan"), 5), ValueError, "correlation: .* got nan"),
        (("0.5", 5), TypeError, "correlation: .* got '0.5'"),
        ((0.5, 1), ValueError, "features: expected at least one for each of 2 tasks, got 1"),
        ((0.5, 5, 3), ValueError, "correlation: expected a 3 x 3 matrix for 3 tasks, got the number 0.5"),
        ((np.eye(2), 5, 3), ValueError, r"correlation: expected a 3 x 3 matrix, got shape \(2, 2\)"),
        (([[1, 0.5], [0.4, 1]], 5), ValueError, "correlation: expected a symmetric matrix with ones"),
        (([[2, 0.5], [0.5, 2]], 5), ValueError, "correlation: expected a symmetric matrix with ones"),
        (([[1, np.nan], [np.nan, 1]], 5), ValueError, "correlation: expected a symmetric matrix with ones"),
        (
            ([[1, -0.9, -0.9], [-0.9, 1, -0.9], [-0.9, -0.9, 1]], 5, 3),
            ValueError,
            "semidefinite matrix, got one with the eigenvalue -0.8",
        ),
        (([[1, 1.5], [1.5, 1]], 5), ValueError, "semidefinite matrix, got one with the eigenvalue -0.5"),
        ((0.5, 5.0), TypeError, "features: .* got 5.0"),
        ((0.5, 5, 2, -1), ValueError, "seed: .* got -1"),
    ],
)
def test_directions_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        task_directions(*arguments)


# Sines and their moments


def test_signal_by_hand():
    z = np.array([[0.0, 1.0], [-2.0, 0.5]])
    expected = [[v + math.sin(v + 0.3) + math.sin(-0.5 * v + 2) for v in row] for row in z]
    np.testing.assert_allclose(ONE.signal(z), expected)
    assert np.array_equal(Sines((), ()).signal(z), z)


def test_drawn_sines():
    assert Sines.draw(4, 1) == Sines.draw(4, 1)
    assert Sines.draw(4, 1) != Sines.draw(4, 2)
    many = [Sines.draw(10, seed) for seed in range(200)]
    for name in ("alpha", "beta"):
        values = np.array([getattr(sines, name) for sines in many])
        assert values.shape == (200, 10)
        assert values.mean() == pytest.approx(0, abs=0.07)  # three standard errors
        assert values.std() == pytest.approx(1, abs=0.05)
    alphas, betas = (np.ravel([getattr(sines, name) for sines in many]) for name in ("alpha", "beta"))
    assert abs(np.corrcoef(alphas, betas)[0, 1]) < 0.07
    assert Sines.draw(0) == Sines((), ())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Sines((1, 2), (1,)), ValueError, "beta: expected 2 phases, one for each frequency, got 1"),
        (lambda: Sines((1, np.nan), (1, 2)), ValueError, r"alpha: expected a row of finite numbers, got \[1.0, nan\]"),
        (lambda: Sines(1, (1,)), ValueError, "alpha: expected a row of finite numbers, got 1.0"),
        (lambda: Sines.draw(-1), ValueError, "count: .* got -1"),
        (lambda: Sines.draw(2.5), TypeError, "count: .* got 2.5"),
        (lambda: Sines.draw(2, seed=None), TypeError, "seed: .* got None"),
        (lambda: label_covariance(ONE, ONE, 2), ValueError, "correlation: expected a number from -1 to 1, got 2"),
        (lambda: label_covariance(ONE, ONE, 1, scale=-1), ValueError, "scale: .* got -1"),
    ],
)
def test_sines_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(("p", "scale"), [(1, 1), (0.6, 1), (-0.8, 1.7), (0, 0.5)])
@pytest.mark.parametrize("pair", [(ONE, ONE), (ONE, OTHER)])
def test_label_covariance_against_monte_carlo(pair, p, scale):
    first, second = np.random.default_rng(0).standard_normal((2, 400_000))
    z = scale * first, scale * (p * first + math.sqrt(1 - p * p) * second)
    labels = [sines.signal(one) for sines, one in zip(pair, z, strict=True)]
    products = (labels[0] - labels[0].mean()) * (labels[1] - labels[1].mean())
    error = products.std() / math.sqrt(len(products))
    assert label_covariance(*pair, p, scale) == pytest.approx(products.mean(), abs=4 * error)
    assert label_correlation(*pair, p, scale) == pytest.approx(np.corrcoef(*labels)[0, 1], abs=0.01)


def test_label_correlation_with_noise():
    data = make_synthetic(200_000, 0.6, features=2, sines={"a": ONE, "b": OTHER}, noise=0.5)
    measured = np.corrcoef(data.labels["a"], data.labels["b"])[0, 1]
    assert label_correlation(ONE, OTHER, 0.6, noise=0.5) == pytest.approx(measured, abs=0.008)


# The labels


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_the_formula(scale):
    """Against plain loops over samples, features and sines, for tasks with sines of their own."""
    kinds = {"c": "regression", "a": "regression", "b": "regression"}
    sines = {"c": ONE, "a": OTHER, "b": Sines((), ())}
    data = make_synthetic(
        5, THREE, features=4, tasks=kinds, sines=sines, scale=scale, noise=0, standardise=False, seed=8
    )
    directions = task_directions(THREE, 4, 3, seed=8)
    for t, task in enumerate(kinds):
        for i in range(5):
            z = scale * sum(float(data.features[i, f]) * directions[t, f] for f in range(4))
            y = z + sum(math.sin(a * z + b) for a, b in zip(sines[task].alpha, sines[task].beta, strict=True))
            assert data.labels[task][i] == pytest.approx(y, rel=1e-5, abs=1e-6)


def test_features_are_standard_normal():
    x = make_synthetic(20_000, 0.5, features=5).features
    assert x.dtype == np.float32
    np.testing.assert_allclose(np.cov(x.T), np.eye(5), atol=0.05)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=0.03)


@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("seed", [0, 5])
def test_standardised_signals(scale, seed):
    data = make_synthetic(200_000, 0.3, features=3, scale=scale, noise=0, common_sines=False, seed=seed)
    for y in data.labels.values():
        assert y.mean() == pytest.approx(0, abs=0.01)
        assert y.std() == pytest.approx(1, abs=0.01)


def test_standardising_is_one_line_for_each_task():
    plain, standard = (make_synthetic(500, 0.3, noise=0, standardise=s, seed=2) for s in (False, True))
    sines = Sines.draw(10, 2)
    for task, y in plain.labels.items():
        spread = math.sqrt(label_covariance(sines, sines, 1))
        slope, offset = np.polyfit(y.astype(float), standard.labels[task].astype(float), 1)
        assert slope == pytest.approx(1 / spread, rel=1e-5)
        np.testing.assert_allclose(standard.labels[task], slope * y + offset, atol=1e-5)


def test_common_and_own_sines():
    sines = Sines.draw(10, 6)
    given, drawn, own = (
        make_synthetic(50, 1, noise=0, seed=6, **change) for change in ({"sines": sines}, {}, {"common_sines": False})
    )
    for task in "ab":
        assert np.array_equal(given.labels[task], drawn.labels[task])
    np.testing.assert_allclose(drawn.labels["a"], drawn.labels["b"], atol=1e-5)  # one function at p = 1
    assert not np.allclose(own.labels["a"], own.labels["b"], atol=0.1)


def test_the_ends_of_the_dial_without_noise():
    same, opposite = (make_synthetic(300, p, tasks={"a": "regression", "b": "regression"}, noise=0) for p in (1, -1))
    np.testing.assert_allclose(same.labels["a"], same.labels["b"], atol=1e-5)
    lines = make_synthetic(300, -1, sines=0, noise=0)
    np.testing.assert_allclose(lines.labels["a"], -lines.labels["b"], atol=1e-5)
    directions = task_directions(-1, 32)
    sines = Sines.draw(10, 0)
    mean, spread = (lambda y: (y.mean(), y.std()))(sines.signal(np.random.default_rng(1).standard_normal(400_000)))
    expected = (sines.signal(-(opposite.features.astype(float) @ directions[0])) - mean) / spread
    np.testing.assert_allclose(opposite.labels["b"], expected, atol=0.02)  # the same sines of minus z
    binary = make_synthetic(300, 1, tasks={"a": "binary", "b": "binary"}, noise=0)
    assert (binary.labels["a"] != binary.labels["b"]).mean() < 0.01


# Noise, scale, rates


@pytest.mark.parametrize("standardise", [True, False])
def test_noise(standardise):
    quiet, low, high = (
        make_synthetic(50_000, 0.4, features=3, standardise=standardise, noise=noise)
        for noise in (0, 0.5, {"a": 2.0, "b": 0.5})
    )
    noise = {task: low.labels[task] - quiet.labels[task] for task in "ab"}
    for task in "ab":
        assert noise[task].std() == pytest.approx(0.5, rel=0.02)
        assert noise[task].mean() == pytest.approx(0, abs=0.01)
    assert abs(np.corrcoef(noise["a"], noise["b"])[0, 1]) < 0.02
    assert abs(np.corrcoef(noise["a"], quiet.labels["a"])[0, 1]) < 0.02
    np.testing.assert_allclose(high.labels["a"] - quiet.labels["a"], 4 * noise["a"], atol=1e-4)
    assert np.array_equal(high.labels["b"], low.labels["b"])


def test_label_scale_is_of_the_noise_too():
    plain, scaled = (make_synthetic(100, 0.4, noise=0.5, label_scale=s) for s in (1.0, {"a": 10.0, "b": 1.0}))
    np.testing.assert_allclose(scaled.labels["a"], 10 * plain.labels["a"], rtol=1e-5)
    assert np.array_equal(scaled.labels["b"], plain.labels["b"])


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("rates", [0.5, {"a": 0.05, "b": 0.8}])
def test_share_of_ones(rates, noise):
    kinds = {"a": "binary", "b": "binary"}
    data = make_synthetic(50_000, 0.4, features=3, tasks=kinds, positive_rate=rates, noise=noise, seed=3)
    for task in kinds:
        assert set(np.unique(data.labels[task])) == {0, 1}
        rate = rates if isinstance(rates, float) else rates[task]
        assert data.labels[task].mean() == pytest.approx(rate, abs=0.01)


def test_a_binary_label_is_the_regression_label_past_a_threshold():
    kinds = {"a": "regression", "b": "regression"}
    numbers = make_synthetic(2000, 0.4, tasks=kinds, noise=0.3, label_scale=5.0)
    mixed = make_synthetic(2000, 0.4, tasks=kinds | {"b": "binary"}, noise=0.3, label_scale=5.0, positive_rate=0.3)
    assert np.array_equal(mixed.labels["a"], numbers.labels["a"])
    ones = mixed.labels["b"] == 1
    assert numbers.labels["b"][ones].min() >= numbers.labels["b"][~ones].max()
    assert mixed.kinds == {"a": "regression", "b": "binary"}


@pytest.mark.parametrize(("rate", "count"), [(0.25, 250), (0.1234, 123), (1.0, 1000), (1e-6, 1)])
def test_masks_hold_the_exact_share(rate, count):
    data = make_synthetic(1000, 0.4, label_rate={"a": rate, "b": 0.5})
    assert data.mask["a"].sum() == count
    assert data.mask["b"].sum() == 500
    assert not np.any(data.labels["a"][~data.mask["a"]])


def test_masks_are_of_random_samples():
    data = make_synthetic(10_000, 0.4, features=2, label_rate=0.5)
    both = (data.mask["a"] & data.mask["b"]).mean()
    assert both == pytest.approx(0.25, abs=0.02)  # one task's is not the other's
    assert abs(np.corrcoef(data.mask["a"], data.features[:, 0])[0, 1]) < 0.04
    assert data.mask["a"][:5000].mean() == pytest.approx(0.5, abs=0.03)


# Seeds and the dial


def everything(data):
    return data.features.tobytes(), *(part[task].tobytes() for part in (data.labels, data.mask) for task in data.tasks)


def test_the_same_bytes_for_the_same_seed():
    settings = {"tasks": {"a": "regression", "b": "binary"}, "label_rate": 0.5, "common_sines": False}
    one, same, other = (everything(make_synthetic(100, 0.4, seed=seed, **settings)) for seed in (1, 1, 2))
    assert one == same
    assert all(a != b for a, b in zip(one, other, strict=True))


def test_what_the_dial_leaves_alone():
    settings = {"rows": 400, "label_rate": 0.5, "seed": 4, "sines": 0}
    first = make_synthetic(correlation=0.2, **settings)
    noise = first.labels["a"] - make_synthetic(correlation=0.2, noise=0, **settings).labels["a"]
    for p in DIAL:
        data = make_synthetic(correlation=p, **settings)
        assert np.array_equal(data.features, first.features)
        assert all(np.array_equal(data.mask[task], first.mask[task]) for task in "ab")
        quiet = make_synthetic(correlation=p, noise=0, **settings)
        np.testing.assert_allclose(data.labels["a"] - quiet.labels["a"], noise, atol=1e-6)


def test_more_tasks_of_mixed_kinds():
    kinds = {"c": "binary", "a": "regression", "b": "binary"}
    data = make_synthetic(100_000, THREE, features=5, tasks=kinds, sines=0, noise=0)
    assert data.tasks == ("c", "a", "b")
    plain = make_synthetic(100_000, THREE, features=5, tasks=dict.fromkeys(kinds, "regression"), sines=0, noise=0)
    np.testing.assert_allclose(np.corrcoef(list(plain.labels.values())), THREE, atol=0.01)  # lines: cosine is Pearson
    assert np.corrcoef(data.labels["a"], data.labels["b"])[0, 1] > 0.25


def test_one_task():
    assert make_synthetic(10, [[1.0]], tasks={"only": "regression"}).tasks == ("only",)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"rows": 0}, ValueError, "rows: expected a whole number of at least 1, got 0"),
        ({"rows": 10.0}, TypeError, "rows: .* got 10.0"),
        ({"correlation": 2}, ValueError, "correlation: expected a number from -1 to 1, got 2"),
        ({"correlation": None}, TypeError, "correlation: .* got None"),
        ({"features": 1}, ValueError, "features: expected at least one for each of 2 tasks, got 1"),
        ({"tasks": {"a": "reg"}}, ValueError, r"tasks\['a'\]: .* did you mean 'regression'"),
        ({"tasks": ["a", "b"]}, TypeError, "tasks: expected a dict"),
        ({"tasks": dict.fromkeys("abc", "binary")}, ValueError, "correlation: expected a 3 x 3 matrix"),
        ({"sines": -1}, ValueError, "sines: .* got -1"),
        ({"sines": 1.5}, TypeError, "sines: .* got 1.5"),
        ({"sines": {"a": ONE}}, ValueError, r"sines: expected a Sines for each of \['a', 'b'\], got \['a'\]"),
        ({"sines": {"a": ONE, "b": 10}}, ValueError, "sines: expected a Sines for each"),
        ({"scale": 0}, ValueError, "scale: .* got 0"),
        ({"noise": -0.1}, ValueError, r"noise\['a'\]: .* got -0.1"),
        ({"noise": {"a": 0.1}}, ValueError, r"noise: expected a number for each of \['a', 'b'\], got \['a'\]"),
        ({"noise": float("nan")}, ValueError, r"noise\['a'\]: .* got nan"),
        ({"label_scale": 0}, ValueError, r"label_scale\['a'\]: .* got 0"),
        ({"label_rate": {"a": 1, "b": 1.1}}, ValueError, r"label_rate\['b'\]: .* got 1.1"),
        ({"label_rate": 0}, ValueError, r"label_rate\['a'\]: .* got 0"),
        ({"positive_rate": 1}, ValueError, r"positive_rate\['a'\]: .* got 1"),
        ({"positive_rate": "half"}, TypeError, r"positive_rate\['a'\]: .* got 'half'"),
        ({"seed": -1}, ValueError, "seed: .* got -1"),
        ({"seed": 1.0}, TypeError, "seed: .* got 1.0"),
    ],
)
def test_refusals(change, error, message):
    with pytest.raises(error, match=message):
        make_synthetic(**{"rows": 10, "correlation": 0.5} | change)
