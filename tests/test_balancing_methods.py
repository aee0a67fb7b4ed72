"""The methods of balancing, each against its formula in plain NumPy: a linear model with gradients worked out by hand."""

import itertools
import time

import numpy as np
import pytest
from comparing import assert_close, assert_same
from scipy.optimize import minimize
from small_runs import KillAfter, Killed, differ

from ple_tutorial.backend import keras, tf
from ple_tutorial.balancing import Balance, CAGrad, GradNorm, PCGrad, Uncertainty
from ple_tutorial.balancing.shared import last_shared_layer, shared
from ple_tutorial.data import TaskData
from ple_tutorial.training import PROGRAMS, fit
from ple_tutorial.training.step import train_step, trainable

KINDS = {"z": "regression", "a": "binary", "m": "regression"}
METHODS = [Balance(), Uncertainty(), GradNorm(alpha=0.7, learning_rate=0.2), PCGrad(), CAGrad(c=0.6)]
ROWS, BATCH, RATE, PENALTY = 12, 4, 0.1, 0.01
WEIGHTS = {"z": 1.0, "a": 2.0, "m": 0.5}


def each_method(methods=METHODS):
    return pytest.mark.parametrize("method", methods, ids=lambda method: type(method).__name__)


def linear_data():
    """Three tasks that disagree; the third has no labels in the second batch."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, 3))
    z = 2 * x[:, 0] - x[:, 1]
    labels = {"z": z, "a": (z + rng.normal(size=ROWS) < 0).astype(float), "m": x[:, 2] - z}
    return TaskData(x, labels, KINDS, {"m": np.arange(ROWS) // BATCH != 1, "a": np.arange(ROWS) % 5 > 0})


DATA = linear_data()


def linear_model(kinds=KINDS, seed=1, policy="float32", embedding=False):
    """``x W1 W2 v_t``, no biases, with a penalty on ``W1``; a binary task's output is the sigmoid of this."""
    x = keras.Input((3,), dtype="int32" if embedding else "float32", name="x")
    rng = np.random.default_rng(seed)
    start = [rng.normal(size=shape).astype(np.float32) * 0.7 for shape in ((3, 3), (3, 2), *([(2, 1)] * len(kinds)))]
    settings = {"use_bias": False, "dtype": policy}
    first = keras.layers.Embedding(2, 3, keras.initializers.RandomUniform(seed=0))(x[:, 0]) if embedding else x
    first = keras.layers.Dense(3, name="first", kernel_regularizer=keras.regularizers.L2(PENALTY), **settings)(first)
    last = keras.layers.Dense(2, name="last", **settings)(first)
    outputs = {}
    for task, kind in kinds.items():
        activation = "sigmoid" if kind == "binary" else None
        head = keras.layers.Dense(1, name=task, use_bias=False, activation=activation)
        outputs[task] = head(last)
    model = keras.Model(x, outputs, name="linear")
    for layer, value in zip(("first", "last", *kinds), start, strict=True):
        model.get_layer(layer).set_weights([value])
    return model


def flat_weights(model):
    """The weights by layer, without those of the third task."""
    return [model.get_layer(name).get_weights()[0] for name in ("first", "last", "z", "a")]


def trained(method, epochs=4, **settings):
    """The weights of ``linear_model()`` after a compiled run, in the order W1, W2, v_z, v_a, v_m."""
    model = linear_model()
    settings = {"loss_weights": WEIGHTS, "optimizer": keras.optimizers.SGD(RATE)} | settings
    fit(model, DATA, balance=method, epochs=epochs, batch_size=BATCH, shuffle=False, show_progress=False, **settings)
    return [model.get_layer(name).get_weights()[0] for name in ("first", "last", *KINDS)]


# By hand


def losses_and_gradients(values, x, y, mask):
    """Each task's loss, and its gradients in W1, W2 and the task's own v (in float64)."""
    w1, w2, *heads = values
    found = []
    for v, (task, kind) in zip(heads, KINDS.items(), strict=True):
        count, out = max(mask[task].sum(), 1), (x @ w1 @ w2 @ v)[:, 0]
        if kind == "binary":
            p = 1 / (1 + np.exp(-out))
            loss = -(y[task] * np.log(p) + (1 - y[task]) * np.log(1 - p))
            error = p - y[task]
        else:
            loss, error = (out - y[task]) ** 2, 2 * (out - y[task])
        error = (error * mask[task] / count)[:, None]
        gradients = (x.T @ error @ v.T @ w2.T, (x @ w1).T @ error @ v.T, (x @ w1 @ w2).T @ error)
        found.append(((loss * mask[task]).sum() / count, gradients))
    return [loss for loss, _ in found], [gradients for _, gradients in found]


def flat(gradients):
    return np.concatenate([np.ravel(part) for part in gradients])


class ByHand:
    """The rule of each method, ``rule(losses, gradients, weights)``: factors of the tasks' losses, and what W1 and W2 get."""

    def __init__(self, method):
        self.method, self.rule = method, getattr(self, type(method).__name__)
        self.s, self.w, self.first = np.zeros(3), np.ones(3), np.zeros(3)

    def Balance(self, losses, gradients, weights):
        return weights, None

    def Uncertainty(self, losses, gradients, weights):
        half = np.array([0.5, 1.0, 0.5])
        factors = weights * half * np.exp(-self.s)
        slope = weights * (0.5 - half * np.exp(-self.s) * losses)
        self.s = self.s - RATE * np.where(np.array(losses) > 0, slope, 0)
        return factors, None

    def GradNorm(self, losses, gradients, weights):
        """The slope of the method's own loss by finite differences, of the tasks that have labels."""
        factors, losses = weights * self.w, np.array(losses)
        here = losses > 0
        self.first = np.where(self.first == 0, losses, self.first)
        norms = np.array([np.linalg.norm(g[1]) for g in gradients])[here]
        rates = (losses / self.first)[here]
        target = np.mean(self.w[here] * norms) * (rates / rates.mean()) ** self.method.alpha

        def own_loss(w):
            return np.abs(w * norms - target).sum()

        w = self.w[here]
        slope = [(own_loss(w + step) - own_loss(w - step)) / 2e-6 for step in 1e-6 * np.eye(len(w))]
        moved = np.maximum(w - self.method.learning_rate * np.array(slope), 1e-3)
        self.w = self.w.copy()
        self.w[here] = moved * (3 - self.w[~here].sum()) / moved.sum()
        return factors, None

    def PCGrad(self, losses, gradients, weights):
        """Two tasks at most, whose order does not matter."""
        own = [w * flat(g[:2]) for w, g in zip(weights, gradients, strict=True)]
        return weights, projected(own, [[u for u in range(3) if u != t] for t in range(3)])

    def CAGrad(self, losses, gradients, weights):
        own = [w * flat(g[:2]) for w, g in zip(weights, gradients, strict=True)]
        return weights, averse(np.array([g for g in own if g.any()]), self.method.c)

    def train(self, values, epochs, weights):
        values, (batches, weights) = [np.float64(v) for v in values], (ROWS // BATCH, np.array([*weights.values()]))
        for number in range(epochs * batches):
            rows = slice(number % batches * BATCH, (number % batches + 1) * BATCH)
            part = DATA.take(rows)
            losses, gradients = losses_and_gradients(values, np.float64(part.features), part.labels, part.mask)
            factors, together = self.rule(losses, gradients, weights)
            steps = [sum(f * g[k] for f, g in zip(factors, gradients, strict=True)) for k in (0, 1)]
            if together is not None:
                steps = [together[:9].reshape(3, 3), together[9:].reshape(3, 2)]
            steps[0] = steps[0] + 2 * PENALTY * values[0]
            steps += [f * g[2] for f, g in zip(factors, gradients, strict=True)]
            values = [value - RATE * step for value, step in zip(values, steps, strict=True)]
        return values


def projected(gradients, orders):
    """The sum of PCGrad, for a given order of the other tasks for each task."""
    total = 0
    for gradient, order in zip(gradients, orders, strict=True):
        for other in (gradients[u] for u in order):
            if gradient @ other < 0:
                gradient = gradient - gradient @ other / (other @ other) * other
        total = total + gradient
    return total


def averse(gradients, c):
    """The step of CAGrad, its inner problem solved by SciPy from several starts."""
    total, tasks = gradients.sum(axis=0), len(gradients)

    def value(x):
        return x @ gradients @ total + c * np.linalg.norm(total) * np.linalg.norm(x @ gradients)

    scale = np.linalg.norm(total) * np.linalg.norm(gradients, axis=1).max()
    bounds, sums = [(0, 1)] * tasks, {"type": "eq", "fun": lambda x: x.sum() - 1}
    starts = [np.full(tasks, 1 / tasks), *(0.8 * np.eye(tasks) + 0.2 / tasks)]
    options = {"bounds": bounds, "constraints": sums, "method": "SLSQP", "options": {"ftol": 1e-15, "maxiter": 500}}
    best = min((minimize(lambda x: value(x) / scale, x0, **options) for x0 in starts), key=lambda found: found.fun)
    mean = best.x @ gradients
    return total + c * np.linalg.norm(total) * mean / np.linalg.norm(mean)


class Watch(keras.callbacks.Callback):
    """When each epoch ended."""

    def __init__(self):
        super().__init__()
        self.times = [time.perf_counter()]

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(time.perf_counter())


@each_method()
def test_training_is_as_by_hand(method, tmp_path):
    """Compiled, for four epochs: loss weights, a mask, a penalty; again; and after an interruption."""
    weights = WEIGHTS | ({"m": 0.0} if isinstance(method, PCGrad) else {})  # then the order does not matter
    PROGRAMS.clear()
    found = trained(method, loss_weights=weights, callbacks=[watch := Watch()])
    first, *others = np.diff(watch.times)
    assert np.median(others) < first / 5  # the first alone compiles; XLA would again for, say, an index that changes
    start = [linear_model().get_layer(name).get_weights()[0] for name in ("first", "last", *KINDS)]
    assert_close(found, ByHand(method).train(start, 4, weights))
    assert type(method) is Balance or differ(found, ByHand(Balance()).train(start, 4, weights))
    random = trained(method)  # with all three tasks
    assert_same(random, trained(method))
    with pytest.raises(Killed):
        trained(method, checkpoint=tmp_path, callbacks=[KillAfter(2)])
    assert_same(trained(method, checkpoint=tmp_path), random)


# One step at a time, not compiled


def steps(method, count=6, optimizer=None, kinds=KINDS, model=None, weights=None, mask=None):
    """Weights of the model and of the method's state after some steps."""
    model = linear_model(kinds) if model is None else model
    optimizer = keras.optimizers.SGD(RATE) if optimizer is None else optimizer
    state = method.state(kinds, model.trainable_variables)
    optimizer.build(trainable(model, state))
    weights = tf.constant([*(WEIGHTS if weights is None else weights).values()][: len(kinds)])
    for number in range(count):
        part = DATA.take(slice(number % 3 * BATCH, (number % 3 + 1) * BATCH))
        inside = {t: np.float32(part.mask[t] if mask is None else mask) * np.ones(BATCH, np.float32) for t in kinds}
        x = tf.cast(part.features > 0, "int32") if model.input.dtype == "int32" else tf.constant(part.features)
        train_step(model, optimizer, method, state, kinds, x, part.labels, inside, weights)
    return model.get_weights(), [variable.numpy() for variable in state.values()]


@each_method()
def test_a_loss_scale_changes_nothing(method):
    plain, plain_state = steps(method)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(RATE), initial_scale=2.0**12)
    weights, state = steps(method, optimizer=scaled)
    assert_close(weights, plain)
    assert_close(state, plain_state)


@each_method()
def test_a_step_that_overflows_is_passed_over(method):
    """In float16 the first loss scales are too large: the gradients are infinite, and the optimizer halves the scale."""
    before = linear_model().get_weights()

    def run(count):
        scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(RATE), initial_scale=2.0**18)
        return steps(method, count, scaled, model=linear_model(policy="mixed_float16"))

    assert_same(run(1)[0], before)
    weights, state = run(15)
    assert differ(weights, before)
    assert all(np.isfinite(value).all() for value in [*weights, *state])


@each_method(METHODS[1:])
def test_one_task_is_the_plain_sum(method):
    for kind in ("regression", "binary"):
        kinds = {"a": kind}
        assert_same(steps(method, kinds=kinds)[0], steps(Balance(), kinds=kinds)[0])


@each_method(METHODS[1:])
def test_a_batch_without_any_labels(method):
    """Only the penalty moves; of the state, only the seed of what is drawn next."""
    weights, state = steps(method, mask=0)
    assert_same(weights, steps(Balance(), mask=0)[0])
    if not isinstance(method, PCGrad):
        assert_same(state, [value.numpy() for value in method.state(KINDS, []).values()])


@each_method(METHODS[2:])
def test_a_single_task_with_labels_or_weight(method):
    """Two tasks without a loss weight: what is left is plain training."""
    alone = {"z": 0.0, "a": 1.5, "m": 0.0}
    assert_close(steps(method, weights=alone)[0], steps(Balance(), weights=alone)[0])


def test_a_task_of_no_weight_is_not_there():
    """CAGrad and GradNorm with three tasks, one of weight 0, as with two."""
    two = {"z": "regression", "a": "binary"}
    for method in METHODS[1:]:
        models = linear_model(), linear_model(two)
        steps(method, model=models[0], weights=WEIGHTS | {"m": 0.0})
        steps(method, model=models[1], kinds=two)
        assert_close(*(flat_weights(model) for model in models))


@each_method([*METHODS[2:4], CAGrad(c=0)])
def test_an_embedding(method):
    """Its gradient is sparse. CAGrad within a distance of 0 is the plain sum there, too."""
    (weights, _), (plain, _) = (steps(one, 2, model=linear_model(embedding=True)) for one in (method, Balance()))
    assert all(np.isfinite(value).all() for value in weights)
    if method == CAGrad(c=0):
        assert_close(weights, plain)


# From dot products to factors


def compiled(method):
    """``factors`` as a function of the gradients, which returns their new sum; compiled as in ``fit``."""
    state = method.state(KINDS, [])
    factors = tf.function(lambda products: method.factors(products, state), jit_compile=True)
    return lambda gradients: factors(tf.constant(gradients @ gradients.T, tf.float32)).numpy() @ gradients


def all_orders(tasks):
    """Each way of giving each task an order of the others."""
    return itertools.product(*(itertools.permutations([u for u in range(tasks) if u != t]) for t in range(tasks)))


def test_pcgrad_is_the_sum_for_one_of_the_orders():
    """Three gradients, every two in conflict: eight orders with eight sums, of which each is drawn at times.

    Then three at angles such that the first, projected onto the planes of both others, points against what it was.
    """
    gradients = np.array([[1.0, 0.2, -0.3], [-1.1, 0.5, 0.1], [-0.1, -1.2, -0.4]])
    assert ((gradients @ gradients.T < 0).sum(axis=1) == 2).all()
    sums = np.array([projected(gradients, orders) for orders in all_orders(3)])
    total, seen = compiled(PCGrad()), set()
    for _ in range(100):
        distances = np.abs(sums - total(gradients)).max(axis=1)
        assert distances.min() < 1e-5
        seen.add(int(distances.argmin()))
    assert seen == set(range(8))
    turned = np.array([[np.cos(angle), np.sin(angle)] for angle in np.radians([0, 170, 250])])
    sums = np.array([projected(turned, orders) for orders in all_orders(3)])
    assert max(np.abs(sums - total(turned)).max(axis=1).min() for _ in range(20)) < 1e-5


def test_pcgrad_on_random_gradients():
    """Four tasks: the sum is that of one of the 6^4 orders."""
    rng = np.random.default_rng(0)
    total = compiled(PCGrad())
    for _ in range(4):
        gradients = rng.normal(size=(4, 5)) * rng.uniform(0.1, 3, size=(4, 1))
        found = total(gradients)
        assert min(np.abs(projected(gradients, orders) - found).max() for orders in all_orders(4)) < 1e-4


def test_pcgrad_without_a_conflict_is_the_plain_sum():
    gradients = np.abs(np.random.default_rng(0).normal(size=(5, 4)))
    products = tf.constant(gradients @ gradients.T, tf.float32)
    assert PCGrad().factors(products, PCGrad().state({}, [])).numpy().tolist() == [1] * 5


@pytest.mark.parametrize("c", [0.3, 0.9])
def test_cagrad_for_two_tasks_is_the_best_on_a_grid(c):
    """By the definition: of the steps at distance c |g| from g, the one that helps the less helped task most."""
    angles = np.linspace(0, 2 * np.pi, 200_001)
    circle, step = np.stack([np.cos(angles), np.sin(angles)], axis=1), compiled(CAGrad(c))
    for gradients in ([[1, 0], [-0.6, 0.5]], [[3, 1], [0.2, 0.1]], [[1, 2], [-1, -1.9]], [[1, 0], [0, 1]]):
        gradients = np.array(gradients, float)
        total = gradients.sum(axis=0)
        tried = total + c * np.linalg.norm(total) * circle
        best = tried[np.argmax((tried @ gradients.T).min(axis=1))]
        np.testing.assert_allclose(step(gradients), best, atol=1e-3 * np.linalg.norm(total))


@pytest.mark.parametrize("tasks", [3, 8])
def test_cagrad_on_random_gradients(tasks):
    """Few dimensions, many, lengths that differ a thousandfold, and tasks that pull in two directions."""
    rng = np.random.default_rng(tasks)
    step = compiled(CAGrad(0.5))
    for size in (3, 50):
        for scale in (1.0, 10 ** rng.uniform(-1.5, 1.5, size=(tasks, 1)), 0.2):
            gradients = rng.normal(size=(tasks, size)) * scale
            if np.ndim(scale) == 0 and scale < 1:
                gradients += rng.choice([-1, 1], size=(tasks, 1)) * rng.normal(size=size)
            found, best = step(gradients), averse(gradients, 0.5)
            assert np.linalg.norm(found - best) < 4e-3 * np.linalg.norm(best)
            assert np.min(gradients @ found) > np.min(gradients @ best) - 1e-4 * np.linalg.norm(best) ** 2


NASTY = {
    "zero": np.zeros((3, 4)),
    "all but one zero": np.eye(3, 4) * [[1], [0], [0]],
    "equal": np.ones((3, 4)),
    "opposite": np.array([[1.0, -2], [-1, 2], [0, 0]]),
    "in a line": np.array([[1.0, 1], [-2, -2], [4, 4]]),
    "tiny": np.array([[1.0, 2], [-1, 0], [0, 1]]) * 1e-18,
    "huge": np.array([[1.0, 2], [-1, 0], [0, 1]]) * 1e17,
}


@pytest.mark.parametrize("method", [PCGrad(), CAGrad()], ids=["PCGrad", "CAGrad"])
def test_nasty_gradients_give_a_number(method):
    total = compiled(method)
    found = {name: total(gradients) for name, gradients in NASTY.items()}
    assert all(np.isfinite(values).all() for values in found.values())
    for name in ("zero", "all but one zero"):
        assert_same(found[name], NASTY[name].sum(axis=0))
    np.testing.assert_allclose(found["opposite"], 0, atol=1e-6)
    np.testing.assert_allclose(found["equal"], 4.5 if isinstance(method, CAGrad) else 3, rtol=1e-5)


# What is shared


class At:
    def __init__(self, path):
        self.path = path


def test_what_is_shared():
    by_task = [[1, 1, None, 1, 1, None], [1, None, 1, 1, 1, None], [1, None, None, None, None, None]]
    assert shared(by_task) == {0: [0, 1, 2], 3: [0, 1], 4: [0, 1]}
    names = [At(path) for path in ("one/kernel", "own/a", "own/b", "two/kernel", "two/bias", "none/kernel")]
    assert last_shared_layer(by_task, names) == ([0], [0, 1, 2])  # the layer of most tasks
    assert last_shared_layer(by_task[:2], names) == ([3, 4], [0, 1])  # the last of them
    assert last_shared_layer(by_task[1:2], names) == ([], [])


def test_gradnorm_keeps_the_weight_of_a_task_that_shares_nothing():
    """The last shared layer of the other two is an embedding, whose gradient is sparse."""
    x = keras.Input((3,), dtype="int32")
    both = keras.layers.Embedding(2, 2, "ones")(x[:, 0])
    outputs = {task: keras.layers.Dense(1, activation)(both) for task, activation in (("z", None), ("a", "sigmoid"))}
    outputs["m"] = keras.layers.Dense(1)(keras.ops.cast(x, "float32"))
    _, (w, first) = steps(METHODS[2], model=keras.Model(x, outputs))
    assert w[2] == 1 and w[0] != 1 and w.sum() == pytest.approx(3) and (first > 0).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: CAGrad(c=1), ValueError, "c: expected a number from 0 to below 1, got 1"),
        (lambda: CAGrad(c=-0.1), ValueError, "c: expected a number from 0 to 1, got -0.1"),
        (lambda: CAGrad("half"), TypeError, "c: expected a number from 0 to 1, got 'half'"),
        (lambda: GradNorm(alpha=-1), ValueError, "alpha: expected a number from 0 to 100, got -1"),
        (lambda: GradNorm(learning_rate=0), ValueError, "learning_rate: expected a number from 1e-09 to 1000, got 0"),
    ],
)
def test_settings_out_of_range(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()
