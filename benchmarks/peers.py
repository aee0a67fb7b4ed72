"""The contenders from other packages, built and trained as their users do it.

Each package is imported only in the function that needs it. This file imports TensorFlow directly, not from
``ple_tutorial.backend``, because two of the packages need legacy Keras.
"""

import os
import time
from unittest import mock

import numpy as np

from benchmarks.contenders import Contender, Features, Labels
from benchmarks.networks import Network


def listing(network: Network, x: Features, y: Labels, batch: int, metrics: list[str] | None = None) -> Contender:
    """Build the network of the listing that this tutorial started from: a small model for each expert and gate, legacy Keras."""
    keras = _legacy_keras()
    import tensorflow as tf

    Dense = keras.layers.Dense

    def small(width, units, activation):
        x = keras.Input((width,))
        return keras.Model(x, Dense(units, activation)(x))

    def mixed(stream, experts):
        weights = small(stream.shape[-1], experts.shape[1], "softmax")(stream)
        return tf.reduce_sum(experts * tf.expand_dims(weights, -1), axis=1)

    def level(streams, units, last):
        def experts(stream, count):
            return tf.stack([small(stream.shape[-1], units, "relu")(stream) for _ in range(count)], axis=1)

        own = [experts(stream, network.own) for stream in streams[:-1]]
        shared = experts(streams[-1], network.shared)
        outputs = [mixed(s, tf.concat([shared, e], axis=1)) for s, e in zip(streams[:-1], own, strict=True)]
        return outputs if last else [*outputs, mixed(streams[-1], tf.concat([shared, *own], axis=1))]

    features = keras.Input((network.features,))
    streams = [features] * (network.tasks + 1)
    for number, units in enumerate(network.levels, 1):
        streams = level(streams, units, number == len(network.levels))
    for units in network.towers:
        streams = [Dense(units, "relu")(stream) for stream in streams]
    model = keras.Model(features, [Dense(1, "sigmoid")(stream) for stream in streams])
    model.compile(optimizer="adam", loss=["binary_crossentropy"] * network.tasks, metrics=metrics)
    labels = list(y.values())

    def train(epochs):
        return model.fit(x, labels, batch_size=batch, epochs=epochs, verbose=0).history["loss"][-1]

    tower = "towers added, " if network.towers else ""
    without = "no validation split" if metrics else "no accuracy and no validation split"
    note = f"legacy Keras; {tower}{without}, which the listing has"
    return Contender(train, network, model.count_params(), note)


def listing_accuracy(network: Network, x: Features, y: Labels, batch: int) -> Contender:
    """The same with the metric of the listing, the accuracy of each task."""
    return listing(network, x, y, batch, metrics=["accuracy"])


def deepctr(network: Network, x: Features, y: Labels, batch: int) -> Contender:
    """Build DeepCTR's PLE on legacy Keras, as in its own CI; on Keras 3 it is slower."""
    _legacy_keras()  # before the patch, which is only for DeepCTR
    with mock.patch("threading.Thread.start"):  # the import starts a thread that asks PyPI for a newer version
        from deepctr.feature_column import DenseFeat
        from deepctr.models import PLE

    built = network.of_one_width()
    model = PLE([DenseFeat("x", network.features)], **_deepctr_sizes(built, y))
    model.compile("adam", loss=["binary_crossentropy"] * network.tasks)
    inputs, labels = {"x": x}, list(y.values())

    def train(epochs):
        return model.fit(inputs, labels, batch_size=batch, epochs=epochs, verbose=0).history["loss"][-1]

    return Contender(train, built, model.count_params(), f"legacy Keras{_one_width(network, built)}")


def deepctr_torch(network: Network, x: Features, y: Labels, batch: int) -> Contender:
    """Build DeepCTR-Torch's PLE, on the CPU."""
    import torch

    with mock.patch("threading.Thread.start"):
        from deepctr_torch.inputs import DenseFeat
        from deepctr_torch.models import PLE

    built = network.of_one_width(shared=network.own)
    model = PLE([DenseFeat("x", network.features)], l2_reg_linear=0, device="cpu", **_deepctr_sizes(built, y))
    model.compile(torch.optim.Adam(model.parameters(), lr=1e-3), loss=["binary_crossentropy"] * network.tasks)
    inputs, labels = {"x": x}, np.hstack(list(y.values()))

    def train(epochs):
        return model.fit(inputs, labels, batch_size=batch, epochs=epochs, verbose=0).history["loss"][-1]

    note = f"{built.shared} shared experts, since it builds as many as task experts{_one_width(network, built)}"
    note += f"; threads: {_threads(torch, train)}"
    return Contender(train, built, _torch_parameters(model), note)


def torch_rechub(network: Network, x: Features, y: Labels, batch: int) -> Contender:
    """Build a PLE from torch-rechub's CGC layers; its own PLE would look up each feature in an embedding first."""
    import torch
    from torch_rechub.basic.layers import MLP
    from torch_rechub.models.multi_task.ple import CGC

    class PLE(torch.nn.Module):
        def __init__(self):
            super().__init__()
            widths, ends = [network.features, *network.levels], len(network.levels)
            # `CGC` number 1 of 2 has a shared gate, number 1 of 1 has none; both take inputs of any width.
            self.levels = torch.nn.ModuleList(
                CGC(
                    1,
                    2 if n < ends else 1,
                    network.tasks,
                    network.own,
                    network.shared,
                    widths[n - 1],
                    {"dims": [widths[n]]},
                )
                for n in range(1, ends + 1)
            )
            self.towers = torch.nn.ModuleList(MLP(widths[-1], dims=list(network.towers)) for _ in range(network.tasks))

        def forward(self, x):
            streams = [x] * (network.tasks + 1)
            for level in self.levels:
                streams = level(streams)
            return [torch.sigmoid(tower(stream)) for tower, stream in zip(self.towers, streams, strict=True)]

    model = PLE()
    adam, loss_of = torch.optim.Adam(model.parameters(), lr=1e-3), torch.nn.BCELoss()
    features, labels = torch.from_numpy(x), [torch.from_numpy(values) for values in y.values()]

    def train(epochs):
        model.train()
        for _ in range(epochs):
            total = torch.zeros(())
            for rows in torch.randperm(len(x)).split(batch):
                adam.zero_grad()
                outputs = model(features[rows])
                loss = sum(loss_of(p, truth[rows]) for p, truth in zip(outputs, labels, strict=True))
                loss.backward()
                adam.step()
                total += loss.detach() * len(rows)
        return float(total) / len(x)

    note = "its layers in a plain loop, without the embedding layer; it has batch normalisation in experts, gates and towers"
    note += f"; threads: {_threads(torch, train)}"
    return Contender(train, network, _torch_parameters(model), note)


def _legacy_keras():
    """Return legacy Keras; a later import of ``tensorflow.keras`` gives it, too."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tf_keras

    return tf_keras


def _deepctr_sizes(built, y):
    """Return the arguments that the PLE of both packages have in common."""
    return {
        "shared_expert_num": built.shared,
        "specific_expert_num": built.own,
        "num_levels": len(built.levels),
        "expert_dnn_hidden_units": built.levels[:1],
        "gate_dnn_hidden_units": (),
        "tower_dnn_hidden_units": built.towers,
        "l2_reg_embedding": 0,
        "task_types": ["binary"] * built.tasks,
        "task_names": list(y),
    }


def _one_width(network, built):
    same = network.levels == built.levels
    return "" if same else f"; both levels {built.levels[0]} wide, since all its levels are equally wide"


def _threads(torch, train):
    """Set PyTorch to one thread if that is faster than its default; return the number of threads.

    On small steps, threads mostly wait for each other. Each setting trains three epochs, in turn; the first is a warm-up.
    """
    counts, seconds = (torch.get_num_threads(), 1), {}
    for threads in counts * 3:
        torch.set_num_threads(threads)
        start = time.perf_counter()
        train(1)
        seconds.setdefault(threads, []).append(time.perf_counter() - start)
    fastest = min(seconds, key=lambda threads: min(seconds[threads][1:]))
    torch.set_num_threads(fastest)
    return fastest


def _torch_parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())
