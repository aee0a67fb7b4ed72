"""Layers against plain NumPy loops, on the same weights."""

import itertools
import json

import numpy as np
import pytest

from ple_tutorial.backend import keras, tf
from ple_tutorial.layers import WIDE, Dense, Experts, Gate, Mix, Stitch, Tabular, product, seeded

X = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
NAMES = ["a_1", "a_2", "shared_1"]
ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}


def drawn(*shape):
    """Return random numbers, for each shape the same ones."""
    return np.random.default_rng(shape).standard_normal(shape).astype(np.float32)


def randomised(layer, *inputs):
    """Build the layer on the inputs and give it random weights, biases too."""
    layer(list(inputs) if inputs[1:] else inputs[0])
    rng = np.random.default_rng(1)
    layer.set_weights([rng.standard_normal(w.shape) for w in layer.get_weights()])
    return layer


def built(layer, features=6):
    layer.build((None, features))
    return layer


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


LAYERS = {
    "one-layer experts": (lambda: Experts(3, [6], seed=4), (X,)),
    "deep experts": (lambda: Experts(2, [6, 5, 3], activation="tanh", kernel_initializer="he_normal"), (X,)),
    "gate": (lambda: Gate(NAMES, kernel_initializer="he_uniform", seed=2), (X,)),
    "normalised experts": (lambda: Experts(2, [6, 3], activation="swish", normalise=True), (X,)),
    "sub-spaces": (lambda: Experts(2, [6, 5], orthogonality=0.1), (X,)),
    "tempered gate with dropout": (lambda: Gate(NAMES, temperature=2.0, dropout=0.2), (X,)),
    "stitch": (lambda: Stitch([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]]), (drawn(5, 3, 2),)),
    "mix": (Mix, (drawn(5, 3), drawn(5, 3, 2))),
    "tabular": (lambda: Tabular([3, 2], 2, seed=7), (X, (drawn(5, 2) > 0).astype(np.int32))),
}


@pytest.fixture(params=LAYERS)
def layer_and_inputs(request):
    make, inputs = LAYERS[request.param]
    return make(), inputs[0] if len(inputs) == 1 else list(inputs)


# Values


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("units", [[6], [6, 5], [3, 7, 2]])
def test_experts_are_separate_networks(units, activation):
    layer = randomised(Experts(3, units, activation=activation), X)
    weights = {v.name: v.numpy() for v in layer.weights}
    expected = np.empty((len(X), 3, units[-1]))
    for i, x in enumerate(X):
        for expert in range(3):
            h = x
            for depth, width in enumerate(units):
                kernel = weights[f"kernel_{depth}"]
                kernel = kernel[:, expert] if depth == 0 else kernel[expert]
                assert kernel.shape == (len(h), width)
                h = ACTIVATIONS[activation](
                    [
                        sum(h[f] * kernel[f, u] for f in range(len(h))) + weights[f"bias_{depth}"][expert, u]
                        for u in range(width)
                    ]
                )
            expected[i, expert] = h
    np.testing.assert_allclose(layer(X), expected, rtol=1e-5, atol=1e-5)


def test_gate_is_a_softmax_over_the_experts_of_each_row():
    gate = randomised(Gate(NAMES), X)
    (kernel,) = gate.get_weights()
    assert kernel.shape == (4, 3)
    np.testing.assert_allclose(gate(X), softmax(X @ kernel), rtol=1e-5)
    np.testing.assert_allclose(np.sum(gate(X), axis=1), 1, rtol=1e-6)


def test_gate_of_one_expert_and_of_large_inputs():
    assert np.array_equal(Gate(["shared_1"])(X), np.ones((5, 1)))
    gate = randomised(Gate(NAMES), X)
    weights = gate(X * 1e4).numpy()
    assert np.array_equal(weights.max(axis=1), np.ones(5))  # finite, and one expert alone
    assert np.array_equal(weights.argmax(axis=1), (X @ gate.get_weights()[0]).argmax(axis=1))


def test_mix_is_the_weighted_sum():
    weights, experts = LAYERS["mix"][1]
    expected = [[sum(weights[b, e] * experts[b, e, u] for e in range(3)) for u in range(2)] for b in range(5)]
    np.testing.assert_allclose(Mix()([weights, experts]), expected, rtol=1e-5)


def test_normalised_experts_are_batch_normalisation_of_each_unit_of_each_expert():
    layer = randomised(Experts(3, [4], activation="tanh", normalise=True), X)
    kernel, bias = layer.kernels[0].numpy(), layer.biases[0].numpy()
    norm = layer.norms[0]
    norm.moving_variance.assign(np.abs(drawn(12)) + 0.5)
    gamma, beta, mean, variance = (np.reshape(v, (3, 4)) for v in (norm.gamma, norm.beta, *norm.non_trainable_weights))
    z = np.einsum("bf,feu->beu", X, kernel) + bias
    at_rest = np.tanh(gamma * (z - mean) / np.sqrt(variance + 1e-3) + beta)
    np.testing.assert_allclose(layer(X), at_rest, rtol=1e-4, atol=1e-5)
    in_training = np.tanh(gamma * (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-3) + beta)
    np.testing.assert_allclose(layer(X, training=True), in_training, rtol=1e-4, atol=1e-5)
    assert abs(at_rest - in_training).max() > 0.1
    moved = 0.99 * mean + 0.01 * z.mean(axis=0)
    np.testing.assert_allclose(np.reshape(norm.moving_mean, (3, 4)), moved, rtol=1e-4, atol=1e-5)


def test_the_penalty_of_sub_spaces():
    """The squared Frobenius norm of K_i^T K_j over the pairs, on every layer."""
    layer = randomised(Experts(3, [4, 2], orthogonality=0.5), X)
    first, second = (kernel.numpy().astype(float) for kernel in layer.kernels)
    overlap = 0.0
    for i, j in itertools.combinations(range(3), 2):
        overlap += ((first[:, i].T @ first[:, j]) ** 2).sum() + ((second[i].T @ second[j]) ** 2).sum()
    assert sum(map(float, layer.losses)) == pytest.approx(0.5 * overlap, rel=1e-4)
    assert not randomised(Experts(3, [4]), X).losses  # off by default
    apart = Experts(2, [1], orthogonality=1.0)
    apart(X)
    apart.kernels[0].assign(np.eye(4, 2)[:, :, None])  # one reads the first feature, the other the second
    assert sum(map(float, apart.losses)) == 0


def test_the_temperature_divides_the_logits():
    gate = randomised(Gate(NAMES, temperature=2.5), X)
    np.testing.assert_allclose(gate(X), softmax(X @ gate.kernel.numpy() / 2.5), rtol=1e-5)


def test_gate_dropout():
    """A share of the weights is zero, what is left sums to one in its old proportions; at rest nothing is dropped."""
    rows = np.random.default_rng(1).standard_normal((4000, 4)).astype(np.float32)
    gate = randomised(Gate(NAMES, dropout=0.3, seed=5), rows)
    whole = gate(rows).numpy()
    assert np.array_equal(whole, gate(rows).numpy()) and (whole > 0).all()
    dropped = gate(rows, training=True).numpy()
    np.testing.assert_allclose(dropped.sum(axis=1), 1, rtol=1e-5)
    kept = dropped > 0
    np.testing.assert_allclose(dropped, whole * kept / (whole * kept).sum(axis=1, keepdims=True), rtol=1e-4)
    share = 1 - kept.mean()
    assert abs(share - (0.3 - 0.3**3)) < 0.01  # a row that would lose all three keeps them
    assert not np.array_equal(gate(rows, training=True).numpy() > 0, kept)  # other weights at the next step
    again = Gate(NAMES, dropout=0.3, seed=5)
    again(rows)
    again.set_weights(gate.get_weights())
    assert np.array_equal(again(rows, training=True).numpy() > 0, kept)  # the same at the same step of the same seed


@pytest.mark.parametrize("lead", [0, 1, 20, 59, 60, 70, 80, 87, 88, 104, 500])
def test_gate_dropout_where_one_expert_leads(lead):
    """Compiled or not: kept weights that sum to one and a finite gradient, as in float64, whatever the gate prefers."""
    rows, slopes = np.ones((64, 1), np.float32), np.array([1.0, 2.0, 5.0])
    kept = keras.random.uniform((64, 3), seed=keras.random.SeedGenerator(1)).numpy() >= 0.5
    kept[~kept.any(axis=1)] = True
    logits = np.where(kept, [float(lead), 0.0, 0.3], -np.inf)
    weights = softmax(logits)
    gradient = (weights * (slopes - (weights @ slopes)[:, None])).sum(axis=0)
    for compiled in (False, True):
        gate = Gate(["a", "b", "c"], dropout=0.5, seed=1)
        gate.build((None, 1))
        gate.kernel.assign([[lead, 0.0, 0.3]])

        def dropped(x, gate=gate):
            with tf.GradientTape() as tape:
                weights = gate(x, training=True)
                loss = tf.reduce_sum(weights * slopes.astype(np.float32))
            return weights, tape.gradient(loss, gate.kernel)

        x = tf.constant(rows)
        found, found_gradient = tf.function(dropped, jit_compile=compiled).get_concrete_function(x)(x)
        if not compiled:  # XLA draws other numbers
            np.testing.assert_allclose(found, weights, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(found_gradient[0], gradient, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.numpy().sum(axis=1), 1, rtol=1e-5)
        assert np.isfinite(found_gradient).all()
        assert np.abs(found_gradient).max() > 1  # the rows without the leader go on learning


def test_a_gate_with_bias():
    """Zero at first, so that the weights are those without; then it shifts the logits of every sample."""
    plain, gate = (randomised(Gate(NAMES, temperature=2.0, seed=3, gate_bias=bias), X) for bias in (False, True))
    kernel, bias = gate.get_weights()
    assert [w.shape for w in gate.get_weights()] == [(4, 3), (3,)]
    np.testing.assert_allclose(gate(X), softmax((X @ kernel + bias) / 2.0), rtol=1e-5)
    gate.set_weights([*plain.get_weights(), np.zeros(3)])
    assert np.array_equal(gate(X), plain(X))
    fresh = Gate(NAMES, gate_bias=True)
    fresh(X)
    assert not fresh.get_weights()[1].any()
    config = plain.get_config()
    del config["gate_bias"]  # of a model that was saved before there was a bias
    assert not Gate.from_config(config).gate_bias
    with pytest.raises(TypeError, match="gate_bias: expected True or False, got 1"):
        Gate(NAMES, gate_bias=1)


def test_stitch_puts_its_combinations_side_by_side():
    experts = drawn(5, 3, 2)
    layer = Stitch([[0.9, 0.1, 0.0], [0.0, 0.5, -0.5]])
    expected = np.concatenate(
        [0.9 * experts[:, 0] + 0.1 * experts[:, 1], 0.5 * (experts[:, 1] - experts[:, 2])], axis=1
    )
    np.testing.assert_allclose(layer(experts), expected, rtol=1e-5, atol=1e-6)
    assert layer.alphas.trainable


def test_tabular_puts_the_vectors_of_the_codes_after_the_numbers():
    codes = np.array([[2, 0], [0, 1], [1, 1], [2, 1], [0, 0]], np.int32)
    layer = randomised(Tabular([3, 2], embedding=2), X, codes)
    (table,) = layer.get_weights()
    tables = [table[:3], table[3:]]  # one block of rows for each column
    expected = [
        np.concatenate([x, tables[0][first], tables[1][second]]) for x, (first, second) in zip(X, codes, strict=True)
    ]
    assert np.array_equal(layer([X, codes]), expected)


def test_adam_trains_tabular_as_it_would_a_product_with_one_hot_rows():
    """Keras's Adam squares a sparse gradient entry by entry; with codes that repeat in a batch that is another number."""
    codes = np.array([[0, 0], [0, 1], [0, 0], [1, 1], [0, 1]], np.int32)
    pulls = np.array([1, 1, 1, 1, -2.9], np.float32)[:, None]  # they all but cancel for the first code
    layer, rows = randomised(Tabular([3, 2], embedding=2), X, codes), codes + np.array([0, 3])
    table = keras.Variable(layer.get_weights()[0])
    for variable, vectors in (
        (layer.table, lambda: layer([X, codes])[:, 4:]),
        (table, lambda: keras.ops.one_hot(rows, 5) @ table),
    ):
        optimizer = keras.optimizers.Adam(0.01)
        optimizer.build([variable])
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.reshape(vectors(), (5, 4)) * pulls)
            optimizer.apply_gradients([(tape.gradient(loss, variable.value), variable)])
    np.testing.assert_allclose(layer.table, table, atol=1e-6)


# Initial weights


def test_all_experts_differ_at_the_start():
    first, *later = (kernel.numpy() for kernel in built(Experts(4, [6, 5, 5])).kernels)
    for kernels in (first.swapaxes(0, 1), *later):
        assert len(kernels) == 4
        for one, other in itertools.combinations(kernels, 2):
            assert not np.isclose(one, other).any()


def test_the_layers_of_one_expert_differ_at_the_start():
    first, second = (k.numpy() for k in built(Experts(2, [6, 6])).kernels)
    assert not np.isclose(first[:, 0], second[0]).any()


def test_a_fresh_gate_has_a_gradient():
    experts, gate, mix = Experts(3, [4]), Gate(NAMES), Mix()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(mix([gate(X), experts(X)]) ** 2)
    assert np.abs(tape.gradient(loss, gate.kernel)).max() > 1e-3


@pytest.mark.parametrize("make", [lambda seed: Experts(3, [6], seed=seed), lambda seed: Gate(NAMES, seed=seed)])
def test_a_seed_fixes_the_weights(make):
    one, same, other = (built(make(seed)).get_weights()[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.isclose(one, other).any()


def test_an_expert_does_not_depend_on_the_size_of_its_group():
    few, many = built(Experts(2, [6, 5], seed=3)), built(Experts(5, [6, 5], seed=3))
    assert np.array_equal(few.kernels[0], many.kernels[0][:, :2])
    assert np.array_equal(few.kernels[1], many.kernels[1][:2])


def test_the_scale_is_that_of_one_dense_layer():
    layer = built(Experts(3, [50, 40]), 60)
    for kernel, fans in zip(layer.kernels, (60 + 50, 50 + 40), strict=True):
        limit = np.sqrt(6 / fans)
        assert 0.99 * limit < np.abs(kernel).max() <= limit
        assert np.std(kernel) == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert all(not np.any(bias) for bias in layer.biases)
    (kernel,) = built(Gate([f"shared_{i}" for i in range(40)]), 60).get_weights()
    assert 0.99 * np.sqrt(6 / 100) < np.abs(kernel).max() <= np.sqrt(6 / 100)
    kernel = built(Experts(3, [50], kernel_initializer="he_normal"), 60).kernels[0]
    assert np.std(kernel) == pytest.approx(np.sqrt(2 / 60), rel=0.05)


def test_seeded_copies_an_initializer_and_leaves_the_original_alone():
    original = keras.initializers.RandomNormal(stddev=3.0, seed=11)
    copy, again, other = seeded(original, 1, 2), seeded(original, 1, 2), seeded(original, 2, 1)
    assert (copy.stddev, original.seed) == (3.0, 11)
    assert np.array_equal(copy((9,)), again((9,)))
    assert not np.isclose(copy((9,)), other((9,))).any()
    assert np.array_equal(seeded("zeros", 1)((3,)), np.zeros(3))  # no seed to set


# As Keras layers


def test_get_config_round_trip(layer_and_inputs):
    layer, inputs = layer_and_inputs
    config = json.loads(json.dumps(keras.layers.serialize(layer)))
    again = keras.layers.deserialize(config)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert np.array_equal(layer(inputs), again(inputs))  # fresh weights of equal seeds
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_compiled_by_xla(layer_and_inputs):
    layer, inputs = layer_and_inputs
    plain = layer(inputs)
    np.testing.assert_allclose(tf.function(layer, jit_compile=True)(inputs), plain, rtol=1e-5, atol=1e-6)


def test_shapes_are_known_before_the_data(layer_and_inputs):
    layer, inputs = layer_and_inputs
    symbols = keras.tree.map_structure(lambda x: keras.KerasTensor((None, *x.shape[1:]), x.dtype), inputs)
    promised = layer(symbols).shape
    assert promised == (None, *layer(inputs).shape[1:])
    one = layer(keras.tree.map_structure(lambda x: x[:1], inputs))
    np.testing.assert_allclose(one, layer(inputs)[:1], rtol=1e-5, atol=1e-6)  # a batch of one
    assert layer(keras.tree.map_structure(lambda x: x[:0], inputs)).shape == (0, *promised[1:])


# Refusals


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Experts(0, [4]), ValueError, "count: expected a whole number of at least 1, got 0"),
        (lambda: Experts(2.0, [4]), TypeError, r"count: expected a whole number of at least 1, got 2.0 \(float\)"),
        (lambda: Experts(True, [4]), TypeError, "count: .* got True"),
        (lambda: Experts(float("nan"), [4]), TypeError, "count: .* got nan"),
        (lambda: Experts(2, []), ValueError, "units: expected at least one width, got an empty list"),
        (lambda: Experts(2, 16), TypeError, "units: expected a list of whole numbers, got 16"),
        (lambda: Experts(2, "16"), TypeError, "units: expected a list of whole numbers, got '16'"),
        (lambda: Experts(2, [4, 0]), ValueError, "units: .* got 0"),
        (lambda: Experts(2, [4.5]), TypeError, "units: .* got 4.5"),
        (lambda: Experts(2, [4], seed=-1), ValueError, "seed: .* got -1"),
        (lambda: Experts(2, [4])(X[0]), ValueError, r"input of \w+: expected shape \(batch, features\), got rank 1"),
        (lambda: Experts(2, [4])(X[None]), ValueError, r"got rank 3: \(1, 5, 4\)"),
        (lambda: Gate([]), ValueError, r"experts: expected at least one name, each once, got \[\]"),
        (lambda: Gate(["a_1", "a_1"]), ValueError, "experts: expected at least one name, each once, got .*a_1"),
        (lambda: Gate("a_1"), TypeError, "experts: expected a list of expert names, got 'a_1'"),
        (lambda: Gate(3), TypeError, "experts: expected a list of expert names, got 3"),
        (lambda: Gate([1, 2]), TypeError, "experts: expected a list of expert names"),
        (lambda: Gate(NAMES)(X[None]), ValueError, r"input of gate.*: expected shape \(batch, features\), got rank 3"),
        (lambda: Mix()([X, X]), ValueError, r"expected shape \(batch, experts, units\), got rank 2"),
        (lambda: Mix()([X[None], X[None]]), ValueError, r"expected shape \(batch, experts\), got rank 3"),
        (lambda: Mix()([X, np.ones((5, 3, 2))]), ValueError, "expected 3 weights for 3 experts, got 4"),
        (lambda: Experts(2, [4], normalise="yes"), TypeError, "normalise: expected True or False, got 'yes'"),
        (lambda: Experts(2, [4], orthogonality=-1), ValueError, "orthogonality: expected a number from 0 .* got -1"),
        (lambda: Gate(NAMES, temperature=0), ValueError, "temperature: expected a number from 0.001 .* got 0"),
        (lambda: Gate(NAMES, temperature="hot"), TypeError, "temperature: .* got 'hot'"),
        (lambda: Gate(NAMES, dropout=1.0), ValueError, "dropout: expected a number from 0 to 0.99, got 1.0"),
        (lambda: Gate(NAMES, dropout=float("nan")), ValueError, "dropout: .* got nan"),
        (lambda: Stitch([]), ValueError, r"start: expected one or more rows of equal length, got \[\]"),
        (lambda: Stitch([[1, 2], [1]]), ValueError, "start: expected one or more rows of equal length"),
        (lambda: Stitch([["a"]]), TypeError, "start: expected a number .* got 'a'"),
        (lambda: Stitch(3), TypeError, "start: expected rows of numbers, got 3"),
        (lambda: Stitch([[1, 0]])(X), ValueError, r"expected shape \(batch, experts, units\), got rank 2"),
        (lambda: Stitch([[1, 0]])(np.ones((5, 3, 2))), ValueError, "expected 2 experts, got 3"),
        (lambda: Tabular([]), ValueError, "cardinalities: expected at least one"),
        (lambda: Tabular([3], embedding=0), ValueError, "embedding: .* got 0"),
        (lambda: Tabular([3, 1.5]), TypeError, "cardinalities: .* got 1.5"),
    ],
)
def test_refusals(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("shape", [(4, 3), (4, WIDE - 1), (4, WIDE), (4, 2, 5), (4, 2, WIDE // 2)])
def test_both_ways_to_spell_a_product(shape):
    """And the gradients of the kernel and of the inputs, for narrow kernels and for wide ones."""
    kernel = tf.constant(drawn(*shape))
    x, weights = tf.constant(X), tf.constant(drawn(len(X), *shape[1:]))
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        y = product(x, kernel)
        total = tf.reduce_sum(y * weights)
    by_x, by_kernel = tape.gradient(total, [x, kernel])
    np.testing.assert_allclose(y, np.tensordot(X, kernel, 1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(by_kernel, np.tensordot(X.T, weights, 1), rtol=1e-4, atol=1e-5)
    flat = weights.numpy().reshape(len(X), -1) @ kernel.numpy().reshape(4, -1).T
    np.testing.assert_allclose(by_x, flat, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("use_bias", [True, False])
def test_dense_is_keras_own(use_bias):
    ours, theirs = (kind(3, "tanh", use_bias=use_bias) for kind in (Dense, keras.layers.Dense))
    randomised(ours, X)
    theirs.build(X.shape)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(X), theirs(X), rtol=1e-5, atol=1e-6)
