"""The interface of balancing methods, tried with one that uses all of it."""

from dataclasses import dataclass

import numpy as np
import pytest
from comparing import assert_close, assert_same
from small_runs import BATCH, KINDS, SETTINGS, TRAIN, KillAfter, Killed, differ, run, small_model

from ple_tutorial.backend import keras, tf
from ple_tutorial.balancing import Balance
from ple_tutorial.losses import task_loss
from ple_tutorial.training import compilations, fit
from ple_tutorial.training.checkpoint import described


@dataclass(frozen=True)
class EqualNorms(Balance):
    """Learned log-variances; and each task's gradient in the shared weights is divided by a running mean of its norm."""

    rate: float = 0.5
    noise: float = 0.0

    def state(self, kinds, variables):
        return {
            "log_variances": keras.Variable(np.zeros(len(kinds), "float32"), trainable=True),
            "norms": keras.Variable(np.ones(len(kinds), "float32"), trainable=False),
            "random": keras.Variable([0, 0], dtype="int64", trainable=False, name="seed_generator_state"),
        }

    def joint(self, losses, weights, state):
        losses, s = tf.stack(list(losses.values())), tf.convert_to_tensor(state["log_variances"])
        return tf.reduce_sum(weights * tf.exp(-s) * losses + s)

    def gradients(self, step):
        gradients = step.gradient(step.joint, step.variables)
        by_task = [step.gradient(loss, step.variables) for loss in step.losses.values()]
        shared = [i for i, several in enumerate(zip(*by_task, strict=True)) if all(g is not None for g in several)]
        norms = tf.stack([tf.linalg.global_norm([task[i] for i in shared]) for task in by_task])
        mean = step.state["norms"]
        mean.assign((1 - self.rate) * mean + self.rate * norms)
        noise = self.noise * tf.random.stateless_uniform((), seed=tf.convert_to_tensor(step.state["random"]))
        step.state["random"].assign_add([1, 1])
        for i in shared:
            gradients[i] = tf.add_n([task[i] / mean[t] for t, task in enumerate(by_task)]) * (1 + noise)
        return gradients


def by_hand(rate, epochs, learning_rate=0.05):
    """The same training as ``EqualNorms`` in plain TensorFlow, with gradient descent: weights and log-variances."""
    model, s, mean = small_model(), tf.Variable([0.0, 0.0]), np.ones(2)
    shared = [v.path for v in model.trainable_variables if "shared" in v.path]
    for _ in range(epochs):
        for batch in TRAIN.batches(BATCH):
            with tf.GradientTape(persistent=True) as tape:
                y = model(batch.features, training=True)
                each = [task_loss(kind, batch.labels[t], y[t], batch.mask[t]) for t, kind in KINDS.items()]
                joint = sum(2.0 * loss * tf.exp(-s[i]) + s[i] for i, loss in enumerate(each))
            new = {v.path: tape.gradient(joint, v) for v in model.trainable_variables}
            parts = [{v.path: tape.gradient(loss, v) for v in model.trainable_variables} for loss in each]
            norms = [np.sqrt(sum(np.sum(np.square(part[path])) for path in shared)) for part in parts]
            mean = (1 - rate) * mean + rate * np.array(norms)
            for path in shared:
                new[path] = sum(part[path] / mean[i] for i, part in enumerate(parts))
            s.assign_sub(learning_rate * tape.gradient(joint, s))
            for v in model.trainable_variables:
                v.assign_sub(learning_rate * new[v.path])
    return model.get_weights()


def descend(balance, **settings):
    return run(balance=balance, optimizer=keras.optimizers.SGD(0.05), **{"shuffle": False, "epochs": 2} | settings)[1]


def test_state_gradients_by_task_and_learned_weights():
    """The loss weights reach ``joint``; the shared weights are found by their gradients alone."""
    weights = descend(EqualNorms(), loss_weights=dict.fromkeys(KINDS, 2.0))
    assert_close(weights, by_hand(0.5, 2))
    assert differ(weights, descend(None, loss_weights=dict.fromkeys(KINDS, 2.0)))


def test_each_fit_starts_from_the_initial_state():
    assert_same(descend(EqualNorms()), descend(EqualNorms()))


def test_the_seed_of_fit_reaches_a_method_that_draws():
    one, same, other = (descend(EqualNorms(noise=0.5), seed=seed) for seed in (1, 1, 2))
    assert_same(one, same)
    assert differ(one, other)


def test_another_balance_is_another_program():
    def same_name():
        @dataclass(frozen=True)
        class Same(Balance):
            pass

        return Same()

    before = compilations()
    descend(EqualNorms(rate=0.125))
    assert compilations() == before + 1
    descend(EqualNorms(rate=0.125))
    assert compilations() == before + 1
    one, other = same_name(), same_name()
    assert repr(one) == repr(other)
    descend(one)
    descend(other)
    assert compilations() == before + 3
    assert_same(descend(one), descend(None))


def test_an_interrupted_run_goes_on(tmp_path):
    """With Adam, whose state holds the log-variances as well."""
    settings = {"balance": EqualNorms(noise=0.5), "epochs": 4}
    whole = run(**settings)[1]
    with pytest.raises(Killed):
        run(checkpoint=tmp_path, callbacks=[KillAfter(2)], **settings)
    assert_same(run(checkpoint=tmp_path, **settings)[1], whole)
    for other in (None, EqualNorms(rate=0.1, noise=0.5)):
        with pytest.raises(ValueError, match="checkpoint: expected a run with the same balance"):
            run(checkpoint=tmp_path, **settings | {"balance": other})


def test_a_checkpoint_tells_classes_of_one_name_apart():
    @dataclass(frozen=True)
    class Same(Balance):
        def joint(self, losses, weights, state):
            return tf.add_n(list(losses.values()))

    one = described(Same())

    @dataclass(frozen=True)
    class Same(Balance):
        def joint(self, losses, weights, state):
            return 5 * tf.add_n(list(losses.values()))

    assert one[0] == described(Same())[0]
    assert one != described(Same()) == described(Same())


def test_the_history_shows_the_weighted_sum_whatever_the_balance():
    history = run(balance=EqualNorms(), epochs=2, loss_weights={"a": 3.0})[0]
    assert list(history["loss"]) == pytest.approx(list(history["z_loss"] + 3 * history["a_loss"]))


@dataclass(frozen=True)
class Wrong(Balance):
    """A method whose functions return what they are given, or what they should."""

    method: str
    what: str

    def _result(self, method, right):
        results = {"None": None, "[]": [], "one too few": list(right)[:-1] if method == "gradients" else 1.5}
        results |= {"vector": tf.ones(3), "vectors": [tf.ones((7, 9))] * (len(right) if method == "gradients" else 0)}
        results |= {"variable": keras.Variable(0.0), "nones": [None] * (len(right) if method == "gradients" else 1)}
        return results[self.what] if method == self.method else right

    def state(self, kinds, variables):
        return self._result("state", {})

    def joint(self, losses, weights, state):
        return self._result("joint", super().joint(losses, weights, state))

    def gradients(self, step):
        return self._result("gradients", super().gradients(step))


@pytest.mark.parametrize(
    ("method", "what", "message"),
    [
        ("state", "None", r"state: expected it to return a dict {name: keras.Variable}, or {}, got None$"),
        ("state", "variable", r"state: expected it to return a dict .*, got a tensor"),
        ("joint", "None", "joint: expected it to return a scalar tensor, got None$"),
        ("joint", "vector", r"joint: expected it to return a scalar tensor, got a tensor of shape \(3,\)$"),
        ("gradients", "None", r"gradients: .* a list of \d+ gradients, one for each of step.variables .*, got None$"),
        ("gradients", "one too few", r"gradients: .* a list of \d+ gradients, .*, got a list of \d+$"),
        ("gradients", "nones", r"gradients: .* a list of \d+ gradients, .*, got \d+, all None$"),
        (
            "gradients",
            "vectors",
            r"gradients: .* for the variable '.*' a tensor of shape .*, got a tensor of shape \(7, 9\)$",
        ),
    ],
)
def test_a_method_that_returns_something_else(method, what, message):
    with pytest.raises(TypeError, match=rf"^balance, Wrong\.{message}"):
        fit(small_model(), TRAIN, balance=Wrong(method, what), **SETTINGS)


@dataclass(frozen=True)
class Listed(Balance):
    tasks: list = ()


class Undecorated(Balance):
    def __init__(self, rate):
        self.rate = rate


@pytest.mark.parametrize(
    ("balance", "message"),
    [
        ("gradnorm", r"balance: expected a balancing\.Balance, such as Balance\(\), got 'gradnorm'"),
        (EqualNorms, r"balance: expected a balancing\.Balance"),
        (
            Undecorated(0.1),
            "balance: expected a frozen dataclass, whose fields tell two balances apart, got a Undecorated",
        ),
        (
            Listed(["a"]),
            r"balance: expected fields that can be compared and hashed \(a tuple for a list\), got .*'list'",
        ),
    ],
)
def test_refusals(balance, message):
    with pytest.raises(TypeError, match=message):
        fit(small_model(), TRAIN, balance=balance, **SETTINGS)
