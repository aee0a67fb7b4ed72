"""Files of weights: those of another model are refused, and leave the weights as they were."""

import numpy as np
import pytest

from ple_tutorial.backend import keras
from ple_tutorial.models import build_model, load_weights
from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL

X = np.random.default_rng(0).standard_normal((10, 4)).astype(np.float32)
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # h5py under Keras
SIZES = {"features": 4, "tasks": {"a": "regression", "b": "regression"}, "expert_units": [5], "tower_units": [3]}


def same(weights, others):
    return all(np.array_equal(one, other) for one, other in zip(weights, others, strict=True))


def raised_by(error):
    """Return the name of the package whose code raised the error."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return trace.tb_frame.f_globals["__name__"].split(".")[0]


def small(architecture, levels=None, seed=0, **change):
    levels = levels or (1 if architecture in ONE_LEVEL else 2)
    return build_model(architecture, **SIZES | {"levels": levels, "shared_experts": 1, "seed": seed} | change)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """{(architecture, levels): file of its weights}, levels as many as 2 and again 1."""
    folder, found = tmp_path_factory.mktemp("weights"), {}
    for name in ARCHITECTURES:
        for levels in (None, 1):
            found[name, levels] = folder / f"{name}_{levels}.weights.h5"
            small(name, levels).save_weights(found[name, levels])
    return found


ALIKE = {"cgc": "ple", "ple": "cgc", "mmoe": "ml-mmoe", "ml-mmoe": "mmoe"}  # on one level: the same layers


@pytest.mark.parametrize("levels", [None, 1])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_weights_of_another_architecture_are_refused(architecture, levels, files):
    own = small(architecture, levels, seed=7)
    before = own.get_weights()
    taken = {architecture, ALIKE.get(architecture, architecture)} if levels == 1 else {architecture}
    for name in ARCHITECTURES:
        if name in taken:
            load_weights(own, files[name, levels])
            assert same(small(name, levels).get_weights(), own.get_weights())
            assert not same(before, own.get_weights())
            own.set_weights(before)
            continue
        with pytest.raises(
            ValueError, match=f"path: expected the layers of '{own.name}': .*, got a file with"
        ) as caught:
            load_weights(own, files[name, levels])
        assert raised_by(caught.value) == "ple_tutorial"
        assert same(before, own.get_weights())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"expert_units": [6]},
            r"'a_tower_0' \[\(6, 3\), \(3,\)\], got a file with 'a_tower_0' \[\(5, 3\), \(3,\)\]",
        ),
        ({"tower_units": [3, 3]}, "got a file with"),
        ({"tower_units": []}, "no further layer, got|got a file with"),
        ({"tasks": {"a": "regression", "c": "regression"}}, "level1_c_.*, got a file with 'level1_b_"),
        ({"features": 5}, "got a file with"),
        ({"detach_others": True}, "got a file with"),
        ({"own_residual": True}, "got a file with"),
        ({"normalise_experts": True}, "got a file with"),
    ],
)
def test_weights_of_other_sizes_are_refused(change, said, files):
    own = small("ple", seed=7, **change)
    before = own.get_weights()
    with pytest.raises(ValueError, match=said):
        load_weights(own, files["ple", None])
    assert same(before, own.get_weights())


def test_files_that_are_no_weights(files, tmp_path):
    own = small("ple", seed=7)
    before, sound = own.get_weights(), files["ple", None].read_bytes()
    other = tmp_path / "other.weights.h5"
    with pytest.raises(
        FileNotFoundError, match=r"^path: expected a file of weights, got .*other.weights.h5', where there"
    ):
        load_weights(own, other)
    for content in (b"", b"not weights", sound[: len(sound) // 2], sound[:-1]):
        other.write_bytes(content)
        with pytest.raises(ValueError, match=r"path: expected a file of weights, as of .*, got another") as caught:
            load_weights(own, other)
        assert raised_by(caught.value) == "ple_tutorial"
    with pytest.raises(ValueError, match=r"path: expected a file whose name ends in .weights.h5, .*, got '.*x.keras'"):
        own.save(tmp_path / "x.keras")
        load_weights(own, tmp_path / "x.keras")
    for call, named in ((lambda: load_weights("ple", other), "model"), (lambda: load_weights(own, None), "path")):
        with pytest.raises(TypeError, match=f"{named}: expected a"):
            call()
    assert same(before, own.get_weights())


def test_a_load_that_fails_halfway_is_taken_back(files, monkeypatch):
    own = small("ple", seed=7)
    before, load = own.get_weights(), keras.Model.load_weights

    def half(layers, path):
        load(layers, path)
        if path == files["ple", None]:
            raise OSError("no more bytes")

    monkeypatch.setattr(keras.Model, "load_weights", half)
    with pytest.raises(ValueError, match=r"path: expected a whole file of weights, got one .* \(OSError\)"):
        load_weights(own, files["ple", None])
    assert same(before, own.get_weights())


def test_the_right_file_is_loaded_whatever_the_models_went_through(tmp_path):
    """Trained by Keras, with an optimizer in the file or not; read from a whole-model file; with dropout's state."""
    options, file = {"gate_dropout": 0.1, "normalise_experts": True}, tmp_path / "x.weights.h5"
    fresh, trained = small("cgc", **options), small("cgc", seed=1, **options)
    fresh.save(tmp_path / "x.keras")
    trained.compile("adam", loss={"a": "mse", "b": "mse"}, run_eagerly=True)
    trained.fit(X, {"a": X[:, 0], "b": X[:, 0]}, verbose=0)
    for one in (fresh, keras.models.load_model(tmp_path / "x.keras"), trained):
        one.save_weights(file)
        weights = one.get_weights()
        for other in (small("cgc", seed=7, **options), trained, fresh):
            load_weights(other, str(file))
            assert same(weights, other.get_weights())
