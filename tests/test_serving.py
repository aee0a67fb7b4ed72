"""A model that leaves the package: loaded by TensorFlow alone, it predicts and weighs its experts as it did at home."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.serving import latency
from ple_tutorial.backend import keras, tf
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.gates import gate_weights
from ple_tutorial.losses import for_compile
from ple_tutorial.models import build_model
from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL
from ple_tutorial.serving import export
from ple_tutorial.training import fit, predict

KINDS = {"z": "regression", "a": "binary"}
ROWS = 500
DATA = make_synthetic(ROWS, 0.4, features=4, tasks=KINDS)
CODES = np.random.default_rng(0).integers(0, (3, 2), (ROWS, 2))
TABULAR = TaskData({"numeric": DATA.features, "codes": CODES}, DATA.labels, KINDS, cardinalities=(3, 2))
CODES_ALONE = TaskData({"numeric": np.ones((ROWS, 0)), "codes": CODES}, DATA.labels, KINDS, cardinalities=(3, 2))
OPTIONS = {"own_residual": True, "detach_others": True, "normalise_experts": True, "gate_temperature": 2.0,
           "tower_columns": [0]}  # fmt: skip
CASES = {architecture: (architecture, DATA, {}) for architecture in ARCHITECTURES} | {
    "all options": ("ple", TABULAR, OPTIONS | {"gate_dropout": 0.5, "gate_bias": True, "gate_columns": [1, 3]}),
    "codes alone": ("mmoe", CODES_ALONE, {}),
    "trained": ("mmoe", DATA, {"tower_units": []}),
}
PLAIN = ("all options", "codes alone", "trained")  # the cases that Keras's own ``model.export`` writes, too

SERVER = """
import os, sys
import numpy as np
sys.modules["ple_tutorial"] = None  # any import of it fails
import tensorflow as tf
input()  # the files are there
for case in sorted(os.listdir(".")):
    x = dict(np.load(f"{case}/x.npz"))
    x, found = x.get("x", x), {}
    own = tf.saved_model.load(f"{case}/own")
    ends = {"serve": own.serve} | ({"gates": own.gates} if hasattr(own, "gates") else {})
    if os.path.exists(f"{case}/plain"):
        plain = tf.saved_model.load(f"{case}/plain")
        ends["plain"] = plain.serve
    for rows in (1, 500):
        some = {name: part[:rows] for name, part in x.items()} if isinstance(x, dict) else x[:rows]
        for end, call in ends.items():
            found |= {f"{end}/{rows}/{name}": y.numpy() for name, y in call(some).items()}
    if "gates" in ends:
        found |= {f"experts/{gate}": names.numpy().astype(str) for gate, names in own.experts().items()}
    np.savez(f"{case}/found.npz", **found)
"""


def built(case):
    """A model of ``CASES``: trained by ours and Keras's, or with random weights, so that nothing is right by being zero."""
    architecture, data, options = CASES[case]
    sizes = {"levels": 1 if architecture in ONE_LEVEL else 2, "expert_units": [5], "tower_units": [3]}
    model = build_model(architecture, features=data.spec, tasks=KINDS, **sizes | options)
    if case == "trained":
        fit(model, data, epochs=1, batch_size=ROWS, show_progress=False)
        model.compile("adam", for_compile(KINDS), run_eagerly=True)
        model.fit(data.features, data.labels, ROWS, verbose=0)
    else:
        rng = np.random.default_rng(1)
        for v in model.weights:
            v.assign(rng.random(v.shape) + 0.5 if v.name == "moving_variance" else rng.normal(0, 0.7, v.shape))
    return model


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """{case: (its model, what a process without the package has made of its files)}"""
    folder = tmp_path_factory.mktemp("served")
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    server = subprocess.Popen([sys.executable, "-c", SERVER], cwd=folder, text=True, **pipes)  # imports meanwhile
    models = {case: built(case) for case in CASES}
    for case, model in models.items():
        if case in PLAIN:
            model.export(folder / case / "plain", verbose=False)
        export(model, folder / case / "own")
        x = CASES[case][1].features
        np.savez(folder / case / "x.npz", **x if isinstance(x, dict) else {"x": x})
    _, errors = server.communicate("\n", timeout=240)
    assert server.returncode == 0, errors
    return {case: (model, dict(np.load(folder / case / "found.npz"))) for case, model in models.items()}


@pytest.mark.parametrize("case", CASES)
def test_predictions(served, case):
    """Of our export, and in some cases of Keras's own ``model.export``, on one row and on 500."""
    model, found = served[case]
    expected = predict(model, CASES[case][1])
    assert np.ptp(expected["z"]) > 0.01
    for end in ("plain", "serve") if case in PLAIN else ("serve",):
        assert {name.split("/")[2] for name in found if name.startswith(f"{end}/")} == set(KINDS)
        for rows in (1, ROWS):
            for task, y in expected.items():
                came = found[f"{end}/{rows}/{task}"]
                assert came.dtype == np.float32 and came.shape == (rows, 1)
                np.testing.assert_allclose(came[:, 0], y[:rows], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_gate_weights_and_names_of_experts(served, case):
    model, found = served[case]
    came = {name for name in found if name.startswith(("gates/", "experts/"))}
    if CASES[case][0] not in ("mmoe", "ml-mmoe", "cgc", "ple"):
        assert not came
        return
    for reading in gate_weights(model, CASES[case][1]):
        gate = f"level{reading.level}_{reading.gate}_gate"
        assert tuple(found[f"experts/{gate}"]) == reading.experts
        for rows in (1, ROWS):
            weights = found[f"gates/{rows}/{gate}"]
            assert weights.shape == (rows, len(reading.experts))
            np.testing.assert_allclose(weights, reading.weights[:rows], rtol=1e-6, atol=1e-6)
            came -= {f"gates/{rows}/{gate}", f"experts/{gate}"}
    assert not came


def test_it_is_quiet_and_leaves_the_model_as_it_was(tmp_path, capfd):
    model = built("ple")
    before, layers = model.get_weights(), [layer.name for layer in model.layers]
    model.export(tmp_path / "plain", verbose=False)
    export(model, tmp_path / "own")
    assert capfd.readouterr() == ("", "")
    assert [layer.name for layer in model.layers] == layers
    assert all(np.array_equal(one, other) for one, other in zip(model.get_weights(), before, strict=True))


def test_any_functional_model_to_a_dict_has_its_predictions_served(tmp_path):
    x = keras.Input((4,))
    model = keras.Model(x, {"z": keras.layers.Dense(1)(x)})
    export(model, tmp_path / "x")
    served = tf.saved_model.load(tmp_path / "x")
    np.testing.assert_allclose(served.serve(DATA.features)["z"], model(DATA.features)["z"], rtol=1e-6, atol=1e-6)
    assert not hasattr(served, "gates")


# Where it writes


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_new_folder_an_empty_one_and_a_link_to_one(tmp_path, monkeypatch):
    model = built("hard-sharing")
    (tmp_path / "empty").mkdir()
    (tmp_path / "linked").mkdir()
    os.symlink(tmp_path / "linked", tmp_path / "link")
    monkeypatch.chdir(tmp_path)
    for path in ("new/ple/1", tmp_path / "empty", tmp_path / "link"):
        export(model, path)
        assert (tmp_path / path / "saved_model.pb").exists()
    assert (tmp_path / "linked" / "saved_model.pb").exists()
    assert sorted(os.listdir()) == ["empty", "link", "linked", "new"]
    assert os.listdir("new/ple") == ["1"]


def test_what_is_there_stays(tmp_path):
    model, full = built("hard-sharing"), tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("precious")
    for path in (full, full / "file", full / "file" / "below", tmp_path):
        with pytest.raises(FileExistsError, match=r"path: expected a folder that is empty or not there yet, got '/"):
            export(model, path)
    assert everything_in(tmp_path) == ["full", "full/file"]
    assert (full / "file").read_text() == "precious"


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    seen = []

    def half(what, folder, **options):
        os.makedirs(folder)
        with open(os.path.join(folder, "saved_model.pb"), "w") as file:
            file.write("half")
        seen.append(everything_in(tmp_path))
        raise OSError("no space left")

    monkeypatch.setattr(tf.saved_model, "save", half)
    with pytest.raises(OSError, match="no space left"):
        export(built("hard-sharing"), tmp_path / "model")
    (during,) = seen
    assert any(path.endswith("saved_model.pb") for path in during) and "model" not in during
    assert everything_in(tmp_path) == []


# How long an answer takes


def test_latency(tmp_path, monkeypatch):
    model = built("mmoe")
    export(model, tmp_path / "model")
    table = latency(model, DATA, tmp_path / "model", batches=[2], rounds=3)
    assert list(table.columns) == ["way", "batch", "low", "median", "high"]
    ways = ["model(x)", "model.predict(x)", "predict(model, data)", "served.serve(x)", "served.gates(x)"]
    assert list(table.way) == ways and set(table.batch) == {2}
    assert (table.low > 10).all() and (table.low <= table["median"]).all() and (table["median"] <= table.high).all()
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="the server's process failed: "):
        latency(model, DATA, tmp_path / "model", batches=[], rounds=1)


@pytest.mark.skipif(not hasattr(tf, "lite"), reason="this TensorFlow has no TFLite")
@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")
def test_a_model_with_codes_becomes_tflite(tmp_path):
    """The converter takes the offsets of the codes for a bias where Keras adds them, and has none of whole numbers."""
    model = build_model("ple", features=TABULAR.spec, tasks=KINDS, levels=2)
    export(model, tmp_path / "saved")
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"), signature_keys=["serve"])
    plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    lite = tf.lite.Interpreter(model_content=converter.convert(), experimental_op_resolver_type=plain)
    some = TABULAR.take(slice(0, 5))
    found = lite.get_signature_runner("serve")(**some.features)
    for task, expected in predict(model, some).items():
        np.testing.assert_allclose(found[task][:, 0], expected, rtol=1e-5, atol=1e-6)
