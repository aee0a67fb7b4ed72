"""The parts of every architecture: experts, gates, mixing and towers, as plain Keras 3 layers.

Shapes are named ``batch``, ``features``, ``experts``, ``units``.
"""

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras


def seeded(initializer, *seed):
    """A copy of a Keras initializer that draws from ``seed``, a row of whole numbers.

    A Keras initializer returns the same array every time it is called: handed to several experts as it is, it
    makes them one and the same network, and their gate then has no gradient. Hence a copy for each.
    """
    initializer = keras.initializers.get(initializer)
    config = initializer.get_config()
    if "seed" in config:
        config["seed"] = int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1)
    return type(initializer).from_config(config)


def _widths(argument, value):
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        checks.refuse(argument, "a list of widths", repr(value), TypeError)
    value = [checks.count(argument, width) for width in value]
    if not value:
        checks.refuse(argument, "at least one width", "an empty list")
    return value


def _check_rank(name, shape, rank, meaning):
    if len(shape) != rank:
        checks.refuse(f"input of {name}", f"shape {meaning}", f"rank {len(shape)}: {tuple(shape)}")


@keras.saving.register_keras_serializable("ple_tutorial")
class Experts(keras.layers.Layer):
    """A group of experts of equal shape that read the same input: ``(batch, features) -> (batch, experts, units)``.

    Each expert is a small multi-layer perceptron; the whole group is one product a layer. An expert of one
    layer is the PLE paper's (section 5.1.2); a list of widths makes it deeper.

    Args:
        count: number of experts in the group.
        units: widths of the layers of each expert.
        activation: after every layer, as Keras names it.
        kernel_initializer: drawn anew for every expert.
        seed: of the initial weights; expert ``i`` of a group draws from ``(seed, layer, i)``.

    Raises:
        ValueError: counts or widths below one, or an input that is not of rank 2.
        TypeError: counts or widths that are not whole numbers.

    Source: MMoE paper, f_i of Eq. 7; PLE paper, section 4.1, the rows of S^k in Eq. 4.
    """

    def __init__(self, count, units, activation="relu", kernel_initializer="glorot_uniform", seed=0, **kwargs):
        super().__init__(**kwargs)
        self.count = checks.count("count", count)
        self.units = _widths("units", units)
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.seed = checks.count("seed", seed, 0)

    def build(self, input_shape):
        _check_rank(self.name, input_shape, 2, "(batch, features)")
        self.kernels, self.biases = [], []
        width = input_shape[-1]
        for i, units in enumerate(self.units):
            # The first layer's kernel is (features, experts, units): all experts read one input, one wide product.
            # Later layers are (experts, units before, units): each expert reads its own, one batched product.
            shape = (width, self.count, units) if i == 0 else (self.count, width, units)
            self.kernels.append(self.add_weight(name=f"kernel_{i}", shape=shape, initializer=self._drawn(i)))
            self.biases.append(self.add_weight(name=f"bias_{i}", shape=(self.count, units), initializer="zeros"))
            width = units

    def _drawn(self, layer):
        axis = 1 if layer == 0 else 0

        def initializer(shape, dtype=None):
            one = (shape[0], shape[2]) if layer == 0 else shape[1:]
            each = [seeded(self.kernel_initializer, self.seed, layer, i)(one, dtype) for i in range(self.count)]
            return keras.ops.stack(each, axis=axis)

        return initializer

    def call(self, inputs):
        x = keras.ops.einsum("bf,feu->beu", inputs, self.kernels[0])
        x = self.activation(x + self.biases[0])
        for kernel, bias in zip(self.kernels[1:], self.biases[1:], strict=True):
            x = self.activation(keras.ops.einsum("bev,evu->beu", x, kernel) + bias)
        return x

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.count, self.units[-1])

    def get_config(self):
        return super().get_config() | {
            "count": self.count,
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable("ple_tutorial")
class Gate(keras.layers.Layer):
    """Gate weights ``softmax(W x)``: selector ``(batch, features) -> (batch, experts)``, each row summing to one.

    A single linear layer without bias, as both papers print it.

    Args:
        experts: the names of the experts that the gate weighs, in the order of its weights.
        seed: of the initial weights.

    Raises:
        ValueError: no expert, an expert named twice, or an input that is not of rank 2.
        TypeError: names that are not strings.

    Source: MMoE paper, Eq. 8; PLE paper, Eq. 3.
    """

    def __init__(self, experts, kernel_initializer="glorot_uniform", seed=0, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(experts, (list, tuple)) or not all(isinstance(name, str) for name in experts):
            checks.refuse("experts", "a list of expert names", repr(experts), TypeError)
        if not experts or len(set(experts)) < len(experts):
            checks.refuse("experts", "at least one name, each once", repr(experts))
        self.experts = list(experts)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.seed = checks.count("seed", seed, 0)

    def build(self, input_shape):
        _check_rank(self.name, input_shape, 2, "(batch, features)")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], len(self.experts)),
            initializer=seeded(self.kernel_initializer, self.seed),
        )

    def call(self, selector):
        logits = selector @ self.kernel
        if len(self.experts) == 1:
            return logits - logits + 1  # the softmax of one number, of which Keras warns; the gradient is zero
        return keras.ops.softmax(logits, axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.experts))

    def get_config(self):
        return super().get_config() | {
            "experts": self.experts,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable("ple_tutorial")
class Mix(keras.layers.Layer):
    """The weighted sum of experts.

    Weights ``(batch, experts)`` and experts ``(batch, experts, units)`` -> ``(batch, units)``.

    Raises:
        ValueError: numbers of weights and of experts that differ, or ranks other than 2 and 3.

    Source: MMoE paper, Eq. 7; PLE paper, Eq. 2.
    """

    def build(self, input_shape):
        weights, experts = input_shape
        _check_rank(self.name, weights, 2, "(batch, experts)")
        _check_rank(self.name, experts, 3, "(batch, experts, units)")
        if weights[1] != experts[1]:
            checks.refuse(f"input of {self.name}", f"{experts[1]} weights for {experts[1]} experts", weights[1])

    def call(self, inputs):
        weights, experts = inputs
        return keras.ops.einsum("be,beu->bu", weights, experts)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], input_shape[1][2])


@keras.saving.register_keras_serializable("ple_tutorial")
class Tabular(keras.layers.Layer):
    """Numbers and integer codes side by side: ``(batch, columns)`` and ``(batch, columns)`` -> ``(batch, features)``.

    Each code is looked up in a table of vectors of ``embedding`` numbers, all columns in one table.

    Args:
        cardinalities: number of codes of each code column; codes run from 0.
        embedding: length of a code's vector.
        seed: of the initial vectors.

    Raises:
        ValueError: no code column, or numbers below one.

    Source: PLE paper, section 5.3, and MMoE paper, section 6.2, feed the census's categorical features so.
    """

    def __init__(self, cardinalities, embedding=4, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.cardinalities = _widths("cardinalities", cardinalities)
        self.embedding = checks.count("embedding", embedding)
        self.seed = checks.count("seed", seed, 0)

    def build(self, input_shape):
        self.offsets = np.cumsum([0, *self.cardinalities[:-1]]).astype("int32")
        self.table = self.add_weight(
            name="table",
            shape=(sum(self.cardinalities), self.embedding),
            initializer=seeded("random_uniform", self.seed),
        )

    def call(self, inputs):
        numeric, codes = inputs
        # The reshape makes the gradient of the table dense. A sparse one has an entry for each sample, and Keras's Adam
        # would square these one by one, where the square of their sum is meant.
        table = keras.ops.reshape(self.table, (-1, self.embedding))
        vectors = keras.ops.take(table, codes + self.offsets, axis=0)
        return keras.ops.concatenate([numeric, keras.ops.reshape(vectors, (-1, self._embedded_width()))], axis=-1)

    def _embedded_width(self):
        return len(self.cardinalities) * self.embedding

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], input_shape[0][1] + self._embedded_width())

    def get_config(self):
        return super().get_config() | {
            "cardinalities": self.cardinalities,
            "embedding": self.embedding,
            "seed": self.seed,
        }
