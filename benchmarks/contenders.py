"""The contenders that need no other package: this package's ``fit``, Keras's ``model.fit``, and plain matrix products.

A contender is a function of a network, features ``(rows, features)``, labels ``{task: (rows, 1)}`` and a batch size. It
returns a ``Contender`` that trains with Adam and a learning rate of 1e-3, the default of Keras and of PyTorch.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.networks import Network

Features = np.ndarray  # (rows, features), float32
Labels = dict[str, np.ndarray]  # {task: (rows, 1)}, float32


@dataclass(frozen=True)
class Contender:
    """A model with its data.

    Attributes:
        train: a function of the number of epochs. It returns the loss over the last epoch (nats, summed over tasks), or a
            dict of its own measurements.
        network: the network that was really built.
        parameters: the number of trainable parameters.
        note: what a reader of the row should know.
    """

    train: Callable[[int], float | dict]
    network: Network
    parameters: int = 0
    note: str = ""


def fit(network: Network, x: Features, y: Labels, batch: int) -> Contender:
    """Train with this package's ``fit``."""
    from ple_tutorial import training
    from ple_tutorial.data import TaskData

    kinds = dict.fromkeys(y, "binary")
    model = model_of(network, kinds)
    data = TaskData(x, {task: labels[:, 0] for task, labels in y.items()}, kinds)

    def train(epochs):
        history = training.fit(model, data, epochs=epochs, batch_size=batch, show_progress=False)
        return history["loss"].iloc[-1]

    return Contender(train, network, model.count_params())


def keras(network: Network, x: Features, y: Labels, batch: int) -> Contender:
    """Train the same model with ``model.fit`` and its default settings."""
    model = _compiled(network, y)

    def train(epochs):
        return model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0).history["loss"][-1]

    return Contender(train, network, model.count_params())


def keras_jit(network: Network, x: Features, y: Labels, batch: int) -> Contender:
    """Train the same model with the fastest settings of ``model.fit`` that we found."""
    from ple_tutorial.backend import tf

    per_execution = 32
    model = _compiled(network, y, jit_compile=True, steps_per_execution=per_execution)
    features, labels = tf.constant(x), {task: tf.constant(values) for task, values in y.items()}
    steps = len(x) // batch

    def order(_):
        return tf.data.Dataset.from_tensor_slices(
            tf.reshape(tf.random.shuffle(tf.range(steps * batch)), (steps, batch))
        )

    def rows(chosen):
        return tf.gather(features, chosen), {task: tf.gather(values, chosen) for task, values in labels.items()}

    batches = tf.data.Dataset.range(1).flat_map(order).map(rows).prefetch(tf.data.AUTOTUNE)
    batches = batches.apply(tf.data.experimental.assert_cardinality(steps))

    def train(epochs):
        return model.fit(batches, epochs=epochs, verbose=0).history["loss"][-1]

    note = (
        f"steps_per_execution={per_execution}, whole batches of fixed shape from a tf.data.Dataset that holds the rows"
    )
    return Contender(train, network, model.count_params(), note)


def model_of(network: Network, kinds: dict[str, str]):
    """Return this package's model of a network, untrained."""
    from ple_tutorial.models import build_model

    experts = {"shared_experts": network.shared, "task_experts": network.own, "levels": len(network.levels)}
    units = [(width,) for width in network.levels]
    sizes = {"expert_units": units, "tower_units": network.towers}
    return build_model("ple", features=network.features, tasks=kinds, **experts, **sizes)


def _compiled(network, y, **options):
    from ple_tutorial.backend import keras
    from ple_tutorial.losses import for_compile

    kinds = dict.fromkeys(y, "binary")
    model = model_of(network, kinds)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=for_compile(kinds), **options)
    return model


def matrix_product(network: Network, x: Features, y: Labels, batch: int) -> Contender:
    """Measure the rate of ``tf.matmul`` on square float32 matrices: the best of three sizes."""
    from ple_tutorial.backend import tf

    sizes = {n: tf.random.normal((n, n)) for n in (512, 1024, 2048)}

    def train(epochs):
        rates = []
        for n, matrix in sizes.items():
            times = (2048 // n) ** 3  # the same number of operations for each size
            tf.matmul(matrix, matrix).numpy()
            start = time.perf_counter()
            for _ in range(times):
                product = tf.matmul(matrix, matrix)
            product[0, 0].numpy()
            rates.append(2 * n**3 * times / (time.perf_counter() - start) / 1e9)
        return {"gflops": max(rates)}

    return Contender(train, network)
