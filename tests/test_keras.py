"""As a user of Keras expects it: what Keras does with any model, done with ours and checked by value.

``training.fit`` against ``model.fit`` is in test_training.py, the config of single layers in test_layers.py.
"""

import contextlib
import importlib.util
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ple_tutorial.backend import keras, tf
from ple_tutorial.budget import cost
from ple_tutorial.data import FeatureSpec, TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.diagnostics import reach
from ple_tutorial.gates import gate_weights
from ple_tutorial.layers import Gate
from ple_tutorial.losses import for_compile
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL, routing
from ple_tutorial.training import fit, predict

ROOT = Path(__file__).resolve().parents[1]
KINDS = {"z": "regression", "a": "binary"}
SIZES = {"features": 4, "tasks": KINDS, "expert_units": [5], "tower_units": [3], "activation": "tanh"}
ROWS = 70
DATA, VALID = (make_synthetic(rows, 0.4, features=4, tasks=KINDS, seed=rows) for rows in (ROWS, 50))
MASK = {"z": np.arange(ROWS) % 3 > 0, "a": np.arange(ROWS) % 5 < 2}
MASKED = TaskData(DATA.features, DATA.labels, KINDS, MASK)
AS_WEIGHTS = {task: mask.astype(np.float32) for task, mask in MASK.items()}
VARIANTS = {architecture: (architecture, {}) for architecture in ARCHITECTURES} | {
    "all options": (
        "ple",
        {"own_residual": True, "detach_others": True, "normalise_experts": True, "gate_temperature": 2.0}
        | {"gate_dropout": 0.3, "gate_bias": True, "gate_columns": (2, 0), "features": FeatureSpec(4, (3, 2))}
        | {"tower_units": {"z": [3], "a": []}, "tower_columns": (1,)},
    ),
    "penalty": ("sluice", {"orthogonality": 0.7}),
}
h5py_warns = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # h5py under Keras


def randomised(model, seed=1):
    """Random weights, biases too, so that nothing is right by being zero."""
    rng = np.random.default_rng(seed)
    for v in model.weights:
        v.assign(rng.random(v.shape) + 0.5 if v.name == "moving_variance" else rng.normal(0, 0.7, v.shape))
    return model


def levels(architecture):
    return 1 if architecture in ONE_LEVEL else 2


def built(architecture, **options):
    return build_model(architecture, **SIZES | {"levels": levels(architecture)} | options)


def variant(name):
    """(a model of ``VARIANTS``, what it reads)"""
    architecture, options = VARIANTS[name]
    codes = np.random.default_rng(0).integers(0, 2, (ROWS, 2)).astype(np.int32)
    x = {"numeric": DATA.features, "codes": codes} if "features" in options else DATA.features
    return randomised(built(architecture, **options)), x


def assert_same(one, other):
    assert list(one) == list(other)
    for task, y in one.items():
        assert np.array_equal(y, other[task]), task


def in_a_process(body, *arguments, **environment):
    """What ``body``, a function that imports for itself, returns in a Python of its own: ``{name: array}``."""
    (*arguments, target) = map(str, arguments)
    code = f"{inspect.getsource(body)}\nimport numpy, sys\nnumpy.savez(sys.argv[1], **{body.__name__}(*sys.argv[2:]))"
    strict = ["-W", "error:__array_wrap__:DeprecationWarning"]  # arithmetic of NumPy's arrays with torch's tensors
    command = [sys.executable, *strict, "-c", code, target, *arguments]
    run = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return dict(np.load(target))


# Looking at a model


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_summary(architecture):
    """It names the experts, gates and stitches of each level and the towers, and counts what the budget counts."""
    model, table = built(architecture), routing(architecture, KINDS, levels=levels(architecture))
    lines = []
    model.summary(print_fn=lines.append, line_length=150)
    text = "\n".join(map(str, lines))
    named = {f"{task}{part}" for task in KINDS for part in ("", "_tower_0")}
    for number, level in enumerate(table.levels, 1):
        named |= {f"level{number}_{group}_experts" for group in level.experts}
        mixed = {stream: mixer.how for stream, mixer in level.mixers.items()}
        named |= {f"level{number}_{stream}_{how}" for stream, how in mixed.items() if how in ("gate", "stitch")}
    assert {name for name in named if not re.search(rf"\b{name}\b", text)} == set()
    (total,) = re.findall(r"Total params: ([\d,]+)", text)
    sizes = {name: SIZES[name] for name in ("features", "expert_units", "tower_units")}
    assert int(total.replace(",", "")) == model.count_params() == cost(table, **sizes).parameters


@pytest.mark.skipif(not importlib.util.find_spec("pydot"), reason="pydot is not installed: pip install pydot")
@pytest.mark.parametrize("name", VARIANTS)
def test_plot_model(name, tmp_path):
    model, _ = variant(name)
    dot = keras.utils.model_to_dot(model, show_layer_names=True)
    labels = {node.get_name(): node.get_label() for node in dot.get_nodes() if node.get_label()}
    named = {re.search(r"<b>(\w+)</b>", label)[1]: node for node, label in labels.items()}
    assert set(named) == {layer.name for layer in model.operations}
    ends = {edge.get_destination() for edge in dot.get_edges()}
    assert {name for name, node in named.items() if node not in ends} == {
        x.name for x in keras.tree.flatten(model.input)
    }
    if shutil.which("dot"):  # not in right angles, Keras's choice, on which graphviz 2.43 breaks for some graphs
        keras.utils.plot_model(model, tmp_path / "model.png", show_shapes=True, splines="polyline")
        assert (tmp_path / "model.png").read_bytes().startswith(b"\x89PNG")


# compile and fit


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_compile_and_fit(architecture):
    """One step an epoch over all rows: the first losses are those of the model as it was, ours on each sample space."""
    model = built(architecture)
    before, penalty = evaluate(MASKED, predict(model, MASKED)), float(sum(model.losses))
    model.compile(
        keras.optimizers.Adam(0.02),
        loss=for_compile(KINDS),
        loss_weights={"z": 0.5, "a": 2.0},
        metrics={"z": ["mae"]},
        weighted_metrics={"z": ["mse"], "a": [keras.metrics.BinaryAccuracy(name="accuracy")]},
        run_eagerly=True,
    )
    valid = (VALID.features, VALID.labels)
    history = model.fit(
        MASKED.features, MASKED.labels, ROWS, 3, sample_weight=AS_WEIGHTS, validation_data=valid, verbose=0
    ).history
    names = ["loss", "z_loss", "a_loss", "z_mae", "z_mse", "a_accuracy"]
    assert set(history) == {*names, *(f"val_{name}" for name in names)}
    assert history["z_loss"][0] == pytest.approx(before["z", "mse"], rel=1e-5)
    assert history["a_loss"][0] == pytest.approx(before["a", "log_loss"], rel=1e-5)
    joint = 0.5 * before["z", "mse"] + 2 * before["a", "log_loss"] + penalty
    assert history["loss"][0] == pytest.approx(joint, rel=1e-5)
    assert history["loss"][0] > history["loss"][1] > history["loss"][2]
    predictions = predict(model, VALID)
    after = evaluate(VALID, predictions)
    assert history["val_z_mse"][-1] == pytest.approx(after["z", "mse"], rel=1e-5)
    assert history["val_a_loss"][-1] == pytest.approx(after["a", "log_loss"], rel=1e-5)
    right = (predictions["a"] > 0.5) == VALID.labels["a"]
    assert history["val_a_accuracy"][-1] == pytest.approx(right.mean(), rel=1e-5)


def test_what_keras_makes_of_masks_as_sample_weights():
    """A loss by name divides by the batch: it is ours times the share of the sample space.

    Over batches Keras takes the mean by their sizes, whatever the masks; a weighted metric is that of all samples.
    """
    model, batch = built("mmoe"), 32
    own = evaluate(MASKED, predict(model, MASKED))
    by_name = {"z": "mse", "a": "binary_crossentropy"}
    arguments = {"sample_weight": AS_WEIGHTS, "verbose": 0, "return_dict": True}
    model.compile("sgd", by_name, run_eagerly=True)
    scores = model.evaluate(MASKED.features, MASKED.labels, batch_size=ROWS, **arguments)
    for task, metric in (("z", "mse"), ("a", "log_loss")):
        assert scores[f"{task}_loss"] == pytest.approx(own[task, metric] * MASK[task].mean(), rel=1e-5)
    metrics = {"z": ["mse"], "a": [keras.metrics.AUC(4000, name="auc")]}
    model.compile("sgd", for_compile(KINDS), weighted_metrics=metrics, run_eagerly=True)
    scores = model.evaluate(MASKED.features, MASKED.labels, batch_size=batch, **arguments)
    parts = [evaluate(part, predict(model, part)) for part in MASKED.batches(batch)]
    per_batch = np.array([[part["z", "mse"], part["a", "log_loss"]] for part in parts])
    assert scores["loss"] == pytest.approx(np.average(per_batch.sum(axis=1), weights=[32, 32, 6]), rel=1e-5)
    assert abs(scores["loss"] - own["z", "mse"] - own["a", "log_loss"]) > 5e-3
    assert scores["z_mse"] == pytest.approx(own["z", "mse"], rel=1e-5)
    assert scores["a_auc"] == pytest.approx(own["a", "auc"], abs=2e-3)


@h5py_warns
def test_callbacks(tmp_path):
    """Labels turned round for validation, so that the best epoch is an early one."""
    model, weights = built("ple"), []
    model.compile(keras.optimizers.Adam(0.05), for_compile(KINDS), jit_compile=False)
    callbacks = [
        keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", save_best_only=True),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(model.get_weights())),
    ]
    contrary = (VALID.features, {"z": -VALID.labels["z"], "a": 1 - VALID.labels["a"]})
    history = model.fit(
        DATA.features, DATA.labels, 35, 30, verbose=0, validation_data=contrary, callbacks=callbacks, shuffle=False
    ).history
    best = int(np.argmin(history["val_loss"]))
    assert len(weights) == best + 3 < 30
    loaded = keras.models.load_model(tmp_path / "best.keras")
    for one, other, saved in zip(model.get_weights(), weights[best], loaded.get_weights(), strict=True):
        assert np.array_equal(one, other) and np.array_equal(one, saved)
    table = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True)
    assert set(table.dtype.names) == {"epoch", *history}
    for name, column in history.items():
        np.testing.assert_allclose(table[name], column, rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"loss_scale_factor": 8.0},
        {"use_ema": True, "ema_momentum": 0.8},
        {"gradient_accumulation_steps": 2},
    ],
)
def test_options_of_an_optimizer_mean_in_our_fit_what_they_mean_in_keras(options):
    data, models = DATA.only("z"), []
    for _ in range(2):
        x = keras.Input((4,))
        models.append(keras.Model(x, {"z": keras.layers.Dense(1, kernel_initializer="ones", name="z")(x)}))
    ours, theirs = models
    optimizer = keras.optimizers.SGD(0.05, **options)
    fit(ours, data, epochs=2, batch_size=32, optimizer=optimizer, shuffle=False, show_progress=False)
    theirs.compile(optimizer, for_compile(data.kinds), run_eagerly=True)
    theirs.fit(data.features, data.labels, 32, 2, shuffle=False, verbose=0)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


# Configs and files


@pytest.mark.parametrize("name", VARIANTS)
def test_config_and_clone(name):
    """The same layers and initial weights, and with the same weights the same outputs."""
    model, x = variant(name)
    architecture, options = VARIANTS[name]
    fresh = built(architecture, **options)
    configs = {layer.name: layer.get_config() for layer in model.layers}
    for twin in (
        keras.Model.from_config(model.get_config()),
        keras.models.model_from_json(model.to_json()),
        keras.models.clone_model(model),
    ):
        assert {layer.name: layer.get_config() for layer in twin.layers} == configs
        assert [v.path for v in twin.weights] == [v.path for v in model.weights]
        for one, other in zip(twin.get_weights(), fresh.get_weights(), strict=True):
            assert np.array_equal(one, other)
        twin.set_weights(model.get_weights())
        assert_same(twin(x), model(x))


def loaded_elsewhere(folder):
    """All models of a folder, with what their inputs are and the layers alone imported."""
    from pathlib import Path

    import numpy as np

    import ple_tutorial.layers  # noqa: F401
    from ple_tutorial.backend import keras

    outputs = {}
    for path in Path(folder).glob("*.keras"):
        x = dict(np.load(path.with_suffix(".npz")))
        outputs |= {f"{path.stem}/{task}": y for task, y in keras.models.load_model(path)(x.get("x", x)).items()}
    return outputs


@h5py_warns
def test_save_and_load(tmp_path):
    """Here and in a process that has imported the layers alone; with every option, and with what it does to gradients."""
    models = {name: variant(name) for name in VARIANTS}
    for name, (model, x) in models.items():
        model.save(tmp_path / f"{name}.keras")
        np.savez(tmp_path / f"{name}.npz", **x if isinstance(x, dict) else {"x": x})
    elsewhere = in_a_process(loaded_elsewhere, tmp_path, tmp_path / "elsewhere.npz")
    for name, (model, x) in models.items():
        loaded = keras.models.load_model(tmp_path / f"{name}.keras")
        one, other = (keras.tree.map_structure(lambda i: (i.name, i.shape, i.dtype), m.input) for m in (loaded, model))
        assert one == other
        assert [v.path for v in loaded.weights] == [v.path for v in model.weights]
        assert {layer.name: layer.get_config() for layer in loaded.layers} == {
            layer.name: layer.get_config() for layer in model.layers
        }
        outputs = model(x)
        assert_same(loaded(x), outputs)
        for task, y in outputs.items():
            np.testing.assert_allclose(elsewhere[f"{name}/{task}"], y, rtol=1e-6, atol=1e-7)
        assert [float(one) for one in loaded.losses] == [float(one) for one in model.losses]
    model, x = models["all options"]
    loaded = keras.models.load_model(tmp_path / "all options.keras")
    data = TaskData(x, DATA.labels, KINDS, cardinalities=(3, 2))
    assert reach(loaded, data).equals(reach(model, data))
    assert_same(loaded(x, training=True), model(x, training=True))  # the dropout's dice too


# Mixed precision

CLOSE = {"mixed_float16": 4e-3, "mixed_bfloat16": 3e-2}  # about four times their steps between numbers around 1


@pytest.fixture(params=CLOSE)
def policy(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


@contextlib.contextmanager
def full_precision(policy):
    keras.config.set_dtype_policy("float32")
    yield
    keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize("name", VARIANTS)
def test_mixed_precision(name, policy):
    """Outputs are float32 and near those of float32; gate weights sum to one; Keras trains it."""
    architecture, options = VARIANTS[name]
    mixed = built(architecture, **options)
    _, x = variant(name)
    with full_precision(policy):
        exact = built(architecture, **options)
    assert {v.dtype for v in mixed.trainable_variables} == {"float32"}
    assert {layer.compute_dtype for layer in mixed.layers if layer.name not in KINDS} >= {policy.removeprefix("mixed_")}
    for task, y in mixed(x).items():
        assert y.dtype == tf.float32
        np.testing.assert_allclose(y, exact(x)[task], atol=CLOSE[policy])
    for gate in (layer for layer in mixed.layers if isinstance(layer, Gate)):
        for training in (False, True):
            rows = keras.Model(mixed.input, gate.output)(x, training=training)
            np.testing.assert_allclose(np.sum(np.float64(rows), axis=1), 1, atol=CLOSE[policy])
    before = mixed.get_weights()[-1]
    mixed.compile(keras.optimizers.Adam(0.02), for_compile(KINDS), run_eagerly=True)
    assert isinstance(mixed.optimizer, keras.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
    for _ in range(8):  # a step whose scaled gradients are too large for float16 is passed over, and the scale halved
        losses = mixed.train_on_batch(x, DATA.labels, return_dict=True)
        assert np.isfinite(list(losses.values())).all()
        if not np.array_equal(mixed.get_weights()[-1], before):
            return
    pytest.fail("no weight has moved")


def test_our_fit_in_mixed_precision(policy):
    """As Keras's fit: the loss is scaled, without which gradients as small as here would be zero in float16."""
    small, large = dict.fromkeys(KINDS, 1e-6), keras.optimizers.SGD(0.05e6)
    ours, theirs, start = (built("mmoe", tower_units=[]) for _ in range(3))
    theirs.compile(large, for_compile(KINDS), loss_weights=small, run_eagerly=True)
    expected = theirs.fit(DATA.features, DATA.labels, 35, 3, shuffle=False, verbose=0).history["loss"]
    history = fit(
        ours, DATA, epochs=3, batch_size=35, shuffle=False, optimizer=large, loss_weights=small, show_progress=False
    )
    assert list(history["loss"]) == pytest.approx(expected, rel=CLOSE[policy])
    for before, one, other in zip(start.get_weights(), ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=CLOSE[policy])
        assert not np.array_equal(one, before)
    for reading in gate_weights(ours, DATA):
        np.testing.assert_allclose(reading.weights.sum(axis=1, dtype=np.float64), 1, atol=CLOSE[policy])


@h5py_warns
def test_a_model_keeps_its_precision_in_a_file(policy, tmp_path):
    model = randomised(built("cgc", normalise_experts=True, expert_units=[5, 4]))
    model.save(tmp_path / "model.keras")
    with full_precision(policy):
        assert_same(keras.models.load_model(tmp_path / "model.keras")(DATA.features), model(DATA.features))


# Two devices


def on_two_devices():
    """Weights after an epoch on one device and on two, and what our own fit says."""
    import contextlib

    import numpy as np
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

    from ple_tutorial.backend import keras
    from ple_tutorial.data.synthetic import make_synthetic
    from ple_tutorial.losses import for_compile
    from ple_tutorial.models import build_model
    from ple_tutorial.training import fit

    kinds = {"z": "regression", "a": "binary"}
    data = make_synthetic(64, 0.4, features=4, tasks=kinds)
    mask = {"z": (np.arange(64) % 3 > 0).astype(np.float32), "a": (np.arange(64) % 5 < 2).astype(np.float32)}
    ours, by_name = for_compile(kinds), {"z": "mse", "a": "binary_crossentropy"}
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    found = {"devices": two.num_replicas_in_sync}
    for case, architecture, levels, loss, weights in (
        ("single-task", "single-task", 1, ours, None),
        ("single-task masked", "single-task", 1, ours, mask),
        ("ple masked, losses by name", "ple", 2, by_name, mask),
    ):
        for devices, scope in (("one", contextlib.nullcontext()), ("two", two.scope())):
            with scope:
                model = build_model(architecture, features=4, tasks=kinds, levels=levels, tower_units=[])
                model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=False, run_eagerly=devices == "one")
            losses = model.fit(data.features, data.labels, 32, 1, sample_weight=weights, shuffle=False, verbose=0)
            found[f"{case}/{devices}/loss"] = losses.history["loss"]
            found[f"{case}/{devices}/weights"] = np.concatenate([np.ravel(w) for w in model.get_weights()])
    try:
        fit(model, data)
    except ValueError as error:
        found["refusal"] = str(error)
    return found


def test_mirrored_strategy(tmp_path):
    """Two devices give what one gives. With masks that holds for losses by name: ours take the mean on each device."""
    found = in_a_process(on_two_devices, tmp_path / "found.npz")
    assert found["devices"] == 2
    for case in ("single-task", "ple masked, losses by name"):
        np.testing.assert_allclose(found[f"{case}/two/loss"], found[f"{case}/one/loss"], rtol=1e-5)
        np.testing.assert_allclose(found[f"{case}/two/weights"], found[f"{case}/one/weights"], atol=1e-5)
    one, two = (found[f"single-task masked/{devices}/weights"] for devices in ("one", "two"))
    assert np.abs(two - one).max() > 1e-3
    assert found["refusal"] == (
        "model: expected one outside of the scope of a strategy, "
        "got one of a MirroredStrategy, which Keras's own model.fit trains"
    )


# Other backends


def on_this_backend():
    """Every layer with given weights, and all architectures before and after a step of SGD."""
    import keras
    import numpy as np

    from ple_tutorial.data import FeatureSpec, TaskData
    from ple_tutorial.layers import Experts, Gate, Mix, Stitch, Tabular
    from ple_tutorial.models import build_model
    from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL
    from ple_tutorial.training import fit

    def draw(*shape):
        return rng.normal(0, 0.7, shape).astype(np.float32)

    rng = np.random.default_rng(0)
    x, parts, codes = draw(5, 4), draw(5, 3, 2), np.array([[2, 0], [0, 1], [1, 1], [2, 1], [0, 0]], np.int32)
    found = {"backend": keras.backend.backend()}
    for name, layer, inputs in (
        ("experts", Experts(3, [6, 5], "tanh"), x),
        ("normalised experts", Experts(3, [6, 5], "swish", normalise=True), x),
        ("sub-spaces", Experts(3, [6, 5], orthogonality=0.1), x),
        ("gate", Gate(["a", "b", "c"], temperature=2.0), x),
        ("gate of one expert", Gate(["a"]), x),
        ("mix", Mix(), [draw(5, 3), parts]),
        ("stitch", Stitch([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]]), parts),
        ("tabular", Tabular([3, 2], 2), [x, codes]),
    ):
        layer(inputs)
        layer.set_weights([np.abs(draw(*v.shape)) for v in layer.weights])
        found[name] = keras.ops.convert_to_numpy(layer(inputs))
        found |= {f"{name}: penalty": keras.ops.convert_to_numpy(penalty) for penalty in layer.losses}
    dropped = keras.ops.convert_to_numpy(Gate(["a", "b", "c"], dropout=0.5)(x, training=True))
    found["gate with dropout"] = dropped.sum(axis=1)
    kinds, features = {"z": "regression", "a": "binary"}, {"numeric": x, "codes": codes}
    labels = {"z": x[:, 0], "a": (x[:, 1] > 0).astype(np.float32)}
    for architecture in ARCHITECTURES:
        model = build_model(
            architecture,
            features=FeatureSpec(4, (3, 2)),
            tasks=kinds,
            levels=1 if architecture in ONE_LEVEL else 2,
            activation="tanh",
        )
        model.set_weights([draw(*v.shape) for v in model.weights])
        outputs = model(features)
        found |= {f"{architecture}: {task}": keras.ops.convert_to_numpy(y) for task, y in outputs.items()}
        model.compile(keras.optimizers.SGD(0.1), {"z": "mse", "a": "binary_crossentropy"}, run_eagerly=True)
        model.train_on_batch(features, labels)
        paths = [v.path for v in model.weights]
        found |= {f"{architecture}: {p}": w for p, w in zip(paths, model.get_weights(), strict=True)}
    if keras.backend.backend() != "tensorflow":
        try:
            fit(model, TaskData(features, labels, kinds, cardinalities=(3, 2)))
        except RuntimeError as error:
            found["refusal"] = str(error)
    return found


OTHER_BACKEND = "keras backend: expected tensorflow (import ple_tutorial.backend before keras), got {}"


@pytest.fixture(scope="module")
def on_tensorflow():
    return on_this_backend()


def where_installed(package):
    reason = f"{package} is not installed: pip install {package}"
    return pytest.param(package, marks=pytest.mark.skipif(not importlib.util.find_spec(package), reason=reason))


@pytest.mark.parametrize("backend", [where_installed("jax"), where_installed("torch")])
def test_another_backend(backend, on_tensorflow, tmp_path):
    """The layers and models give the same numbers there, and ``fit`` says what it needs."""
    found = in_a_process(on_this_backend, tmp_path / "found.npz", KERAS_BACKEND=backend)
    assert found.pop("backend") == backend
    assert found.pop("refusal") == OTHER_BACKEND.format(backend)
    assert set(found) == set(on_tensorflow) - {"backend"}
    for name, value in found.items():
        np.testing.assert_allclose(value, on_tensorflow[name], rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("call", [fit, predict, gate_weights, reach])
def test_another_backend_is_refused_in_one_sentence(call, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=re.escape(OTHER_BACKEND.format("jax"))):
        call(built("cgc"), DATA)
