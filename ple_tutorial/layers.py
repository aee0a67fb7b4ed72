"""The layers of every architecture: experts, gates, mixing and towers, as plain Keras 3 layers.

Shapes are named ``batch``, ``features``, ``experts``, ``units``.
"""

import contextlib
from collections.abc import Callable, Sequence

import numpy as np

from ple_tutorial import checks
from ple_tutorial.backend import keras


def seeded(initializer, *seed):
    """Return a copy of a Keras initializer that draws from ``seed``, one or more whole numbers.

    A Keras initializer returns the same array every time it is called. If several experts used the same one, they would
    be the same network, and their gate would have no gradient. So each gets its own copy.

    Example:
        >>> one, other = (seeded("glorot_uniform", 0, expert)((2, 3)) for expert in (0, 1))
        >>> bool((one == other).numpy().any())
        False
    """
    initializer = initializer_of("initializer", initializer)
    config = initializer.get_config()
    if "seed" in config:
        config["seed"] = int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1)
    return type(initializer).from_config(config)


WIDE = 128  # columns; measured in docs/speed_log.md


def product(x, kernel):
    """Multiply ``x`` by a kernel of rank 2 or 3: ``(batch, inputs)`` and ``(inputs, ...)`` -> ``(batch, ...)``.

    There are two ways to write the same product, and for each XLA chooses another order of the product in the kernel's
    gradient. The contraction is faster for a narrow kernel (a gate, small experts), the matrix product for a wide one, whose
    gradient is then laid out in memory as the optimizer reads it.
    """
    columns, rest = int(np.prod(kernel.shape[1:])), kernel.shape[1:]
    if columns >= WIDE:
        return keras.ops.reshape(x @ keras.ops.reshape(kernel, (-1, columns)), (-1, *rest))
    if len(rest) == 2:
        return keras.ops.einsum("bf,feu->beu", x, kernel)
    return keras.ops.einsum("bf,feu->beu", x, kernel[:, :, None])[:, :, 0]


def _widths(argument, value):
    value = [checks.count(argument, width) for width in checks.row(argument, value, "a list of whole numbers")]
    if not value:
        checks.refuse(argument, "at least one width", "an empty list")
    return value


def activation_of(argument, value):
    """Return ``value`` as a Keras activation; ValueError if Keras has none of that name."""
    try:
        return keras.activations.get(value)
    except (ValueError, TypeError):
        checks.refuse(argument, "the name of a Keras activation, such as 'relu'", repr(value))


def initializer_of(argument, value):
    """Return ``value`` as a Keras initializer; ValueError if there is none of that name, or for a function (it takes no seed)."""
    with contextlib.suppress(ValueError, TypeError):
        found = keras.initializers.get(value)
        if isinstance(found, keras.initializers.Initializer):
            return found
    checks.refuse(argument, "a Keras initializer or its name, such as 'glorot_uniform'", repr(value))


def _check_rank(name, shape, rank, meaning):
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, (int, type(None))) for n in shape):
        checks.refuse(f"input of {name}", f"shape {meaning}", f"{shape}")
    if len(shape) != rank:
        checks.refuse(f"input of {name}", f"shape {meaning}", f"rank {len(shape)}: {tuple(shape)}")
    if None in shape[1:]:
        checks.refuse(f"input of {name}", f"shape {meaning}, all but the batch known", tuple(shape))


def _check_pair(name, shapes, meaning):
    if not isinstance(shapes, (tuple, list)) or len(shapes) != 2 or not isinstance(shapes[0], (tuple, list)):
        checks.refuse(f"input of {name}", meaning, f"{shapes}")
    return shapes


class _Overlap(keras.regularizers.Regularizer):
    """The penalty of ``Experts`` on one layer of a group."""

    def __init__(self, weight, layer):
        self.weight, self.layer = weight, layer

    def __call__(self, kernel):
        kernel = keras.ops.moveaxis(kernel, 1, 0) if self.layer == 0 else kernel
        products = keras.ops.sum(keras.ops.einsum("efu,gfv->eguv", kernel, kernel) ** 2, axis=(2, 3))
        return self.weight * (keras.ops.sum(products) - keras.ops.sum(keras.ops.diagonal(products))) / 2


@keras.saving.register_keras_serializable("ple_tutorial")
class Experts(keras.layers.Layer):
    """A group of experts of equal shape that read the same input: ``(batch, features) -> (batch, experts, units)``.

    Each expert is a small multi-layer perceptron. The whole group is computed with one product for each layer. In the PLE
    paper an expert has one layer (section 5.1.2); several widths make it deeper.

    Args:
        count: number of experts in the group.
        units: widths of the layers of each expert.
        activation: after every layer, as Keras names it.
        normalise: batch normalisation before the activation, each unit of each expert by itself; with
            ``activation="swish"`` the experts of HoME (arXiv:2408.05430).
        orthogonality: weight of a penalty on what two experts of the group have in common: the squared Frobenius norm of
            ``K_i^T K_j``, summed over pairs of experts and over layers, with kernels ``K`` of shape (inputs, units). The
            sub-spaces of a sluice network (arXiv:1705.08142, section 2); it is one of the model's ``losses``.
        kernel_initializer: every expert draws its own values.
        seed: of the initial weights; expert ``i`` of a group draws from ``(seed, layer, i)``.

    Raises:
        ValueError: counts or widths below one, a negative weight, or an input that is not of rank 2.
        TypeError: counts or widths that are not whole numbers.

    Example:
        >>> experts = Experts(3, (16, 8))
        >>> experts(np.ones((4, 10), "float32")).shape
        TensorShape([4, 3, 8])

    Source: MMoE paper, f_i of Eq. 7; PLE paper, section 4.1, the rows of S^k in Eq. 4.
    """

    def __init__(
        self,
        count: int,
        units: Sequence[int],
        activation: str | Callable = "relu",
        normalise: bool = False,
        orthogonality: float = 0.0,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        seed: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.count = checks.count("count", count)
        self.units = _widths("units", units)
        self.activation = activation_of("activation", activation)
        self.normalise = checks.flag("normalise", normalise)
        self.orthogonality = checks.number("orthogonality", orthogonality, 0, 1e6)
        self.kernel_initializer = initializer_of("kernel_initializer", kernel_initializer)
        self.seed = checks.count("seed", seed, 0)

    def build(self, input_shape):
        _check_rank(self.name, input_shape, 2, "(batch, features)")
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: input_shape[-1]})
        self.kernels, self.biases, self.norms = [], [], []
        width = input_shape[-1]
        for i, units in enumerate(self.units):
            # The first layer's kernel is (features, experts, units): all experts read the same input, so it is one wide product.
            # Later kernels are (experts, units before, units): each expert reads its own input, one batched product.
            shape = (width, self.count, units) if i == 0 else (self.count, width, units)
            penalty = _Overlap(self.orthogonality, i) if self.orthogonality and self.count > 1 else None
            kernel = self.add_weight(name=f"kernel_{i}", shape=shape, initializer=self._drawn(i), regularizer=penalty)
            self.kernels.append(kernel)
            self.biases.append(self.add_weight(name=f"bias_{i}", shape=(self.count, units), initializer="zeros"))
            if self.normalise:
                self.norms.append(keras.layers.BatchNormalization(name=f"norm_{i}", dtype=self.dtype_policy))
                self.norms[i].build((None, self.count * units))
            width = units

    def _drawn(self, layer):
        axis = 1 if layer == 0 else 0

        def initializer(shape, dtype=None):
            one = (shape[0], shape[2]) if layer == 0 else shape[1:]
            each = [seeded(self.kernel_initializer, self.seed, layer, i)(one, dtype) for i in range(self.count)]
            return keras.ops.stack(each, axis=axis)

        return initializer

    def call(self, inputs, training=None):
        x = inputs
        for i, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            x = (product(x, kernel) if i == 0 else keras.ops.einsum("bev,evu->beu", x, kernel)) + bias
            if self.normalise:
                flat = keras.ops.reshape(x, (-1, self.count * self.units[i]))
                x = keras.ops.reshape(self.norms[i](flat, training=training), (-1, self.count, self.units[i]))
            x = self.activation(x)
        return x

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.count, self.units[-1])

    def get_config(self):
        return super().get_config() | {
            "count": self.count,
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "normalise": self.normalise,
            "orthogonality": self.orthogonality,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable("ple_tutorial")
class Gate(keras.layers.Layer):
    """Compute gate weights ``softmax(W x)``: selector ``(batch, features) -> (batch, experts)``, each row summing to one.

    A single linear layer without bias, as both papers print it; so on features of zero all weights are equal.

    Args:
        experts: the names of the experts that the gate weighs, in the order of its weights.
        temperature: divides ``W x``; above 1 the weights are more even, below 1 less.
        dropout: in training, the probability with which a sample's weight on an expert is set to zero. The other weights are
            scaled to the sum of one; a sample that would lose all its experts keeps them. YouTube's remedy for
            gates that polarise (doi 10.1145/3298689.3346997), with 0.1.
        kernel_initializer: a Keras initializer or its name.
        seed: of the initial weights and of the dropout.
        gate_bias: add a learned bias to ``W x``, zero at first, by which a gate can prefer an expert on all samples.

    Raises:
        ValueError: no expert, an expert named twice, a temperature or dropout out of range, or an input that is not of
            rank 2.
        TypeError: names that are not strings.

    Example:
        >>> gate = Gate(["a_1", "shared_1"])
        >>> weights = gate(np.ones((4, 10), "float32"))
        >>> weights.shape, [round(float(total), 4) for total in weights.numpy().sum(axis=1)]
        (TensorShape([4, 2]), [1.0, 1.0, 1.0, 1.0])

    Source: MMoE paper, Eq. 8; PLE paper, Eq. 3.
    """

    def __init__(
        self,
        experts: Sequence[str],
        temperature: float = 1.0,
        dropout: float = 0.0,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        seed: int = 0,
        gate_bias: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not isinstance(experts, (list, tuple)) or not all(isinstance(name, str) for name in experts):
            checks.refuse("experts", "a list of expert names", repr(experts), TypeError)
        if not experts or len(set(experts)) < len(experts):
            checks.refuse("experts", "at least one name, each once", repr(experts))
        self.experts = list(experts)
        self.temperature = checks.number("temperature", temperature, 1e-3, 1e3)
        self.dropout = checks.number("dropout", dropout, 0, 0.99)
        self.kernel_initializer = initializer_of("kernel_initializer", kernel_initializer)
        self.seed = checks.count("seed", seed, 0)
        self.gate_bias = checks.flag("gate_bias", gate_bias)
        if self.dropout:
            self.dice = keras.random.SeedGenerator(self.seed)

    def build(self, input_shape):
        _check_rank(self.name, input_shape, 2, "(batch, features)")
        self.input_spec = keras.layers.InputSpec(ndim=2, axes={-1: input_shape[-1]})
        shape, initializer = (input_shape[-1], len(self.experts)), seeded(self.kernel_initializer, self.seed)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=initializer)
        if self.gate_bias:
            self.bias = self.add_weight(name="bias", shape=(len(self.experts),), initializer="zeros")

    def call(self, selector, training=None):
        logits = product(selector, self.kernel)
        logits = (logits + self.bias if self.gate_bias else logits) / self.temperature
        if len(self.experts) == 1:
            return logits - logits + 1  # the softmax of one number, of which Keras warns; the gradient is zero
        if training and self.dropout:
            kept = keras.random.uniform(keras.ops.shape(logits), seed=self.dice) >= self.dropout
            kept = kept | ~keras.ops.any(kept, axis=-1, keepdims=True)
            # The softmax of the logits that are kept. Dividing the kept weights by their sum gives the same numbers, but its
            # gradient divides by the square of the sum, which is zero in float32 where a dropped logit leads by 60.
            logits = keras.ops.where(kept, logits, -np.inf)
        return keras.ops.softmax(logits, axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.experts))

    def get_config(self):
        return super().get_config() | {
            "experts": self.experts,
            "temperature": self.temperature,
            "dropout": self.dropout,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "seed": self.seed,
            "gate_bias": self.gate_bias,
        }


@keras.saving.register_keras_serializable("ple_tutorial")
class Dense(keras.layers.Dense):
    """Keras's own layer with its product computed by ``product``: the same numbers, faster."""

    def call(self, inputs, training=None):
        x = product(inputs, self.kernel)
        return self.activation(x if self.bias is None else x + self.bias)


@keras.saving.register_keras_serializable("ple_tutorial")
class Mix(keras.layers.Layer):
    """Compute the weighted sum of experts.

    Weights ``(batch, experts)`` and experts ``(batch, experts, units)`` -> ``(batch, units)``.

    Raises:
        ValueError: numbers of weights and of experts that differ, or ranks other than 2 and 3.

    Example:
        >>> weights, experts = np.float32([[0.25, 0.75]]), np.float32([[[1, 2], [5, 6]]])
        >>> Mix()([weights, experts]).numpy().tolist()
        [[4.0, 5.0]]

    Source: MMoE paper, Eq. 7; PLE paper, Eq. 2.
    """

    def build(self, input_shape):
        weights, experts = _check_pair(self.name, input_shape, "[weights, experts]")
        _check_rank(self.name, weights, 2, "(batch, experts)")
        _check_rank(self.name, experts, 3, "(batch, experts, units)")
        if weights[1] != experts[1]:
            checks.refuse(f"input of {self.name}", f"{experts[1]} weights for {experts[1]} experts", weights[1])
        if None not in (weights[0], experts[0]) and weights[0] != experts[0]:
            checks.refuse(f"input of {self.name}", f"weights for {experts[0]} samples", weights[0])

    def call(self, inputs):
        weights, experts = inputs
        return keras.ops.einsum("be,beu->bu", weights, experts)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], input_shape[1][2])


@keras.saving.register_keras_serializable("ple_tutorial")
class Stitch(keras.layers.Layer):
    """Compute learned linear combinations of experts, the same on every sample, and concatenate them.

    Experts ``(batch, experts, units)`` -> ``(batch, combinations * units)``: ``sum_e alpha_ce x_e`` for each combination c.
    Uses: the cross-stitch unit; the alphas of sluice networks and, over levels instead of experts, their betas; the native
    experts of AdaTT.

    Args:
        start: the initial alphas, one row for each combination, one number for each expert.

    Raises:
        ValueError: rows of unequal length or none, or an input of another rank or number of experts.

    Example:
        >>> experts = np.float32([[[1, 2], [5, 6]]])
        >>> Stitch([[0.5, 0.5], [0.0, 1.0]])(experts).numpy().tolist()
        [[3.0, 4.0, 5.0, 6.0]]

    Source: Misra et al., CVPR 2016 (arXiv:1604.03539), Eq. 1; Ruder et al. (arXiv:1705.08142), section 2.
    """

    def __init__(self, start: Sequence[Sequence[float]], **kwargs):
        super().__init__(**kwargs)
        if not all(hasattr(rows, "__iter__") for rows in [start, *(start if hasattr(start, "__iter__") else [])]):
            checks.refuse("start", "rows of numbers", repr(start), TypeError)
        rows = [list(row) for row in start]
        if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
            checks.refuse("start", "one or more rows of equal length", repr(start))
        self.start = [[checks.number("start", alpha, -1e6, 1e6) for alpha in row] for row in rows]

    def build(self, input_shape):
        _check_rank(self.name, input_shape, 3, "(batch, experts, units)")
        if input_shape[1] != len(self.start[0]):
            checks.refuse(f"input of {self.name}", f"{len(self.start[0])} experts", input_shape[1])
        self.input_spec = keras.layers.InputSpec(ndim=3, axes={1: input_shape[1]})
        shape = (len(self.start), len(self.start[0]))
        self.alphas = self.add_weight(name="alphas", shape=shape, initializer=self._given)

    def _given(self, shape, dtype=None):
        return keras.ops.convert_to_tensor(self.start, dtype)

    def call(self, inputs):
        mixed = keras.ops.einsum("ce,beu->bcu", self.alphas, inputs)
        return keras.ops.reshape(mixed, (-1, mixed.shape[1] * mixed.shape[2]))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.start) * input_shape[2])

    def get_config(self):
        return super().get_config() | {"start": self.start}


@keras.saving.register_keras_serializable("ple_tutorial")
class Tabular(keras.layers.Layer):
    """Concatenate numbers and the vectors of integer codes: two times ``(batch, columns)`` -> ``(batch, features)``.

    Each code is looked up in a table of vectors of ``embedding`` numbers; all columns share one table.

    Args:
        cardinalities: number of codes of each code column; codes run from 0.
        embedding: length of a code's vector.
        seed: of the initial vectors.

    Raises:
        ValueError: no code column, numbers below one, or an input of another rank or number of code columns.

    Source: PLE paper, section 5.3, and MMoE paper, section 6.2 (the categorical features of the census data).
    """

    def __init__(self, cardinalities: Sequence[int], embedding: int = 4, seed: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.cardinalities = _widths("cardinalities", cardinalities)
        self.embedding = checks.count("embedding", embedding)
        self.seed = checks.count("seed", seed, 0)

    def build(self, input_shape):
        numeric, codes = _check_pair(self.name, input_shape, "[numbers, codes]")
        _check_rank(self.name, numeric, 2, "(batch, columns)")
        _check_rank(self.name, codes, 2, "(batch, columns)")
        if codes[1] != len(self.cardinalities):
            checks.refuse(f"input of {self.name}", f"{len(self.cardinalities)} columns of codes", codes[1])
        self.offsets = np.cumsum([0, *self.cardinalities[:-1]]).astype("int32")
        shape, initializer = (sum(self.cardinalities), self.embedding), seeded("random_uniform", self.seed)
        self.table = self.add_weight(name="table", shape=shape, initializer=initializer)

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
