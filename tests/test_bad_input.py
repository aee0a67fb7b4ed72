"""Wrong calls at the public door: each is refused by the package, in one sentence, and leaves everything as it was."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.serving import latency
from ple_tutorial import (
    budget,
    diagnostics,
    exercises,
    figures,
    gates,
    losses,
    metrics,
    plots,
    ranking,
    serving,
    study,
)
from ple_tutorial.backend import keras, tf
from ple_tutorial.data import FeatureSpec, MemmapChunks, ParquetChunks, TaskData, census
from ple_tutorial.data.funnel import make_funnel
from ple_tutorial.data.synthetic import Sines, label_correlation, make_synthetic, task_directions
from ple_tutorial.layers import Experts, Gate, Mix, Stitch, Tabular
from ple_tutorial.models import build_model
from ple_tutorial.routing import Level, Mixer, Routing, routing
from ple_tutorial.training import fit, predict

HERE = Path(__file__).parent
ROWS, NAN, INF = 10, float("nan"), float("inf")
KINDS = {"a": "regression", "b": "binary"}
X = np.random.default_rng(0).standard_normal((ROWS, 4)).astype(np.float32)
Y = {"a": X[:, 0], "b": (X[:, 1] > 0).astype(np.float32)}
P = {"a": np.zeros(ROWS), "b": np.full(ROWS, 0.5)}
CODES = np.zeros((ROWS, 1), int)
RUNS = pd.DataFrame({"architecture": ["x", "x", "y", "y"], "seed": [0, 1, 0, 1], "a/mse": [1.0, 2.0, 3.0, 4.5]})
TABLE = routing("cgc", KINDS)
SINES = Sines.draw(3)
ONE = Mixer("pass", ("a",))


def data(**change):
    return TaskData(**{"features": X, "labels": Y, "kinds": KINDS} | change)


def chunked(**change):
    return MemmapChunks(**{"features": X, "labels": Y, "kinds": KINDS} | change)


def tabular(codes, cardinalities=(2,)):
    return data(features={"numeric": X, "codes": codes}, cardinalities=cardinalities)


@functools.cache
def model(architecture="cgc"):
    return build_model(architecture, features=4, tasks=KINDS)


def built(**change):
    return build_model(**{"architecture": "ple", "features": 4, "tasks": KINDS} | change)


def fitted(**change):
    return fit(**{"model": model(), "train": data(), "epochs": 1, "show_progress": False} | change)


def labelled(**labels):
    return data(labels=Y | labels)


def studied(**change):
    grid = {"question": "q", "models": {}, "make_data": study.dial_data, "seeds": (0,)}
    return study.trials(study.Study(**grid | change))


# (call, error, argument that is named, a piece of what came, a piece of what was expected)
WRONG = [
    # routing tables
    (lambda: routing("mmeo", KINDS), ValueError, "architecture", "'mmeo'; did you mean 'mmoe'", "one of single-task"),
    (lambda: routing(None, KINDS), ValueError, "architecture", "None", "one of single-task"),
    (lambda: routing(["ple"], KINDS), ValueError, "architecture", "['ple']", "one of single-task"),
    (lambda: routing("ple", []), ValueError, "tasks", "none", "at least one task"),
    (lambda: routing("ple", None), TypeError, "tasks", "None", "a list of task names"),
    (lambda: routing("ple", 2), TypeError, "tasks", "2", "a list of task names"),
    (lambda: routing("ple", "ab"), TypeError, "tasks", "'ab'", "a list of task names"),
    (lambda: routing("ple", {"a"}), TypeError, "tasks", "{'a'}", "a list of task names"),
    (lambda: routing("ple", ["a", "a"]), ValueError, "tasks", "('a', 'a')", "distinct names"),
    (lambda: routing("ple", ["a b"]), ValueError, "tasks", "'a b'", "letters, digits"),
    (lambda: routing("ple", ["a", "../b"]), ValueError, "tasks", "'../b'", "letters, digits"),
    (lambda: routing("ple", ["shared"]), ValueError, "tasks", "'shared'", "none of shared"),
    (lambda: routing("mmoe", KINDS, shared_experts=-1), ValueError, "shared_experts", "-1", "at least 1"),
    (lambda: routing("mmoe", KINDS, shared_experts=1.5), TypeError, "shared_experts", "1.5 (float)", "a whole number"),
    (lambda: routing("mmoe", KINDS, shared_experts="2"), TypeError, "shared_experts", "'2' (str)", "a whole number"),
    (lambda: routing("mmoe", KINDS, shared_experts=True), TypeError, "shared_experts", "True", "a whole number"),
    (lambda: routing("cgc", KINDS, task_experts={"a": 1}), ValueError, "task_experts", "['a']", "a number for each"),
    (lambda: routing("cgc", KINDS, task_experts=[1, 1]), TypeError, "task_experts['a']", "[1, 1]", "a whole number"),
    (lambda: routing("ple", KINDS, levels=INF), TypeError, "levels", "inf", "a whole number"),
    (lambda: routing("mmoe", KINDS, levels=2), ValueError, "levels", "2", "1 for mmoe"),
    (lambda: routing("ple", KINDS, own_residual=1), TypeError, "own_residual", "1 (int)", "True or False"),
    (lambda: Mixer("sum", ("a",)), ValueError, "how", "'sum'", "one of gate"),
    (lambda: Mixer("gate", (["a"],)), ValueError, "sees", "(['a'],)", "a tuple of one or more groups"),
    (lambda: Mixer("gate", ("a",), detached=(["a"],)), ValueError, "detached", "(['a'],)", "groups among"),
    (lambda: Level(["a"], {"a": ONE}), TypeError, "experts", "['a']", "a dict {group"),
    (lambda: Level({"a": 1}, {"a": "pass"}), TypeError, "mixers", "{'a': 'pass'}", "a dict {stream: Mixer}"),
    (lambda: Routing("own", ("a",), (3,)), TypeError, "levels", "(3,)", "a tuple of Level"),
    (lambda: Routing("own", "a", (Level({"a": 1}, {"a": ONE}),)), TypeError, "tasks", "'a'", "a list of task names"),
    (lambda: Routing(3, ("a",), (Level({"a": 1}, {"a": ONE}),)), TypeError, "architecture", "3", "a name"),
    (lambda: TABLE.expert_names(0, "a"), ValueError, "level", "0", "a whole number of at least 1"),
    (lambda: TABLE.expert_names(2, "a"), ValueError, "level", "2", "one of 1"),
    (lambda: TABLE.expert_names(1, "c"), ValueError, "stream", "'c'", "one of a, b"),
    # models
    (lambda: built(features="4"), TypeError, "features", "'4' (str)", "a whole number"),
    (lambda: built(features=(4,)), TypeError, "features", "(4,)", "a whole number"),
    (lambda: built(tasks=["a", "b"]), TypeError, "tasks", "['a', 'b']", "a dict {task"),
    (lambda: built(tasks={}), ValueError, "tasks", "none", "at least one task"),
    (
        lambda: built(tasks={"a": "Binary"}),
        ValueError,
        "tasks['a']",
        "'Binary'; did you mean 'binary'",
        "one of binary",
    ),
    (lambda: built(tasks={"a": ["binary"]}), ValueError, "tasks['a']", "['binary']", "one of binary"),
    (lambda: built(expert_units=np.array(16)), TypeError, "expert_units", "array(16)", "a list of widths"),
    (lambda: built(expert_units=["8"]), TypeError, "expert_units", "'8'", "a list of widths"),
    (lambda: built(expert_units=[-3]), ValueError, "expert_units", "-3", "at least 1"),
    (lambda: built(tower_units=None), TypeError, "tower_units", "None", "a list of widths"),
    (lambda: built(tower_units=[NAN]), TypeError, "tower_units", "nan", "a whole number"),
    (lambda: built(activation="rleu"), ValueError, "activation", "'rleu'", "a Keras activation"),
    (lambda: built(activation=3), ValueError, "activation", "3", "a Keras activation"),
    (lambda: built(gate_temperature=1j), TypeError, "temperature", "1j (complex)", "a number from"),
    (lambda: built(gate_dropout=1), ValueError, "dropout", "1", "a number from 0 to 0.99"),
    (lambda: built(seed=-1), ValueError, "seed", "-1", "at least 0"),
    # layers
    (lambda: Experts(0, [4]), ValueError, "count", "0", "at least 1"),
    (lambda: Experts(2, 4), TypeError, "units", "4", "a list of whole numbers"),
    (lambda: Experts(2, [4], kernel_initializer="golrot"), ValueError, "kernel_initializer", "'golrot'", "initializer"),
    (lambda: Experts(2, [4], kernel_initializer=abs), ValueError, "kernel_initializer", "built-in", "initializer"),
    (lambda: Experts(2, [4], name="e")(X[None]), ValueError, "input of e", "(1, 10, 4)", "shape (batch, features)"),
    (lambda: Experts(2, [4], name="e")(keras.Input((3, 4))), ValueError, "input of e", "rank 3", "shape (batch, feat"),
    (
        lambda: Experts(2, [4], name="e")(keras.Input((None,))),
        ValueError,
        "input of e",
        "(None, None)",
        "but the batch",
    ),
    (lambda: Experts(2, [4], name="e")([X, X]), ValueError, "input of e", "[(10, 4), (10, 4)]", "shape (batch, feat"),
    (lambda: Experts(2, [4], name="e")(None), ValueError, "input of e", "None", "shape (batch, features)"),
    (lambda: Gate("ab"), TypeError, "experts", "'ab'", "a list of expert names"),
    (lambda: Gate(["a", "a"]), ValueError, "experts", "['a', 'a']", "each once"),
    (lambda: Gate(["a"], temperature="1"), TypeError, "temperature", "'1' (str)", "a number"),
    (lambda: Gate(["a", "b"], name="g")(keras.Input((2, 3))), ValueError, "input of g", "rank 3", "(batch, features)"),
    (lambda: Mix(name="m")([X]), ValueError, "input of m", "[(10, 4)]", "[weights, experts]"),
    (lambda: Mix(name="m")([X, X]), ValueError, "input of m", "rank 2", "(batch, experts, units)"),
    (lambda: Mix(name="m")([X, np.ones((9, 4, 2))]), ValueError, "input of m", "10", "weights for 9 samples"),
    (lambda: Stitch([[1, "x"]]), TypeError, "start", "'x'", "a number"),
    (lambda: Stitch([[1, 2], [1]]), ValueError, "start", "[[1, 2], [1]]", "rows of equal length"),
    (lambda: Stitch([[1, 1]], name="s")(np.ones((2, 3, 4))), ValueError, "input of s", "3", "2 experts"),
    (lambda: Tabular([2.5]), TypeError, "cardinalities", "2.5", "a whole number"),
    (lambda: Tabular([3], name="t")(X), ValueError, "input of t", "(10, 4)", "[numbers, codes]"),
    (lambda: Tabular([3], name="t")([X, X.astype(int)]), ValueError, "input of t", "4", "1 columns of codes"),
    # data
    (lambda: FeatureSpec(4.0), TypeError, "numeric", "4.0", "a whole number"),
    (lambda: FeatureSpec(4, np.array(3)), TypeError, "cardinalities", "array(3)", "a tuple of numbers of codes"),
    (lambda: data(features=None), ValueError, "features", "shape ()", "shape (batch, features)"),
    (lambda: data(features=[]), ValueError, "features", "shape (0,)", "shape (batch, features)"),
    (lambda: data(features=X[0]), ValueError, "features", "shape (4,)", "shape (batch, features)"),
    (
        lambda: data(features=np.where(X > 1, NAN, X)),
        ValueError,
        "features",
        "nan in column 2, row 1 ",
        "finite numbers",
    ),
    (
        lambda: data(features=np.where(X > 1, -INF, X)),
        ValueError,
        "features",
        "-inf in column 2, row 1 ",
        "finite numbers",
    ),
    (lambda: data(features=X * 1j), TypeError, "features", "complex", "real numbers"),
    (lambda: data(features=X.astype(str)), TypeError, "features", "<U", "real numbers"),
    (lambda: data(features=pd.DataFrame(X).assign(z="x")), TypeError, "features", "'x' in column 'z', row 0", "real"),
    (lambda: data(features=np.ma.masked_array(X, X > 0)), TypeError, "features", "a masked array", "an array"),
    (lambda: data(features=(row for row in X)), ValueError, "features", "shape ()", "shape (batch, features)"),
    (lambda: data(features=[[1, 2], [1]]), ValueError, "features", "unequal length", "an array"),
    (lambda: data(features={"numbers": X}, cardinalities=(2,)), ValueError, "features", "['numbers']", "'numeric' and"),
    (lambda: tabular(CODES + 2), ValueError, "features['codes']", "2 in column 0, row 0", "codes from 0"),
    (lambda: tabular(CODES - 1), ValueError, "features['codes']", "-1 in column 0, row 0", "codes from 0"),
    (lambda: tabular(CODES * 1.0), ValueError, "features['codes']", "float64", "whole numbers"),
    (lambda: tabular(CODES[:, 0]), ValueError, "features['codes']", "shape (10,)", "shape (10, 1)"),
    (lambda: data(labels=Y["a"]), TypeError, "labels", "ndarray", "a dict {task: array}"),
    (lambda: data(labels={"a": Y["a"]}), ValueError, "labels", "none for ['b']", "one array for each"),
    (lambda: labelled(b=Y["b"] * 2), ValueError, "labels['b']", "2.0", "0 or 1 for a binary task"),
    (lambda: labelled(b=Y["b"] - 0.5), ValueError, "labels['b']", "0.5", "0 or 1 for a binary task"),
    (lambda: labelled(b=Y["b"][:, None]), ValueError, "labels['b']", "shape (10, 1)", "shape (10,)"),
    (lambda: labelled(b=1), ValueError, "labels['b']", "shape ()", "shape (10,)"),
    (lambda: labelled(a=[NAN] * ROWS), ValueError, "labels['a']", "nan in row 0", "finite numbers"),
    (lambda: labelled(a=[10**400] * ROWS), TypeError, "labels['a']", "object", "real numbers"),
    (lambda: labelled(a=["1.5"] * ROWS), TypeError, "labels['a']", "<U3", "real numbers"),
    (lambda: labelled(a=np.array(["1.5"] * ROWS, object)), TypeError, "labels['a']", "object", "real numbers"),
    (lambda: labelled(c=Y["a"]), ValueError, "labels", "['c']", "only the tasks"),
    (lambda: data(kinds=[("a", "binary")]), TypeError, "kinds", "[('a', 'binary')]", "a dict"),
    (lambda: data(kinds={"a": "regresion"}), ValueError, "kinds['a']", "did you mean 'regression'", "one of binary"),
    (lambda: data(mask={"a": np.full(ROWS, 2)}), ValueError, "mask['a']", "2 in row 0", "booleans, or 0 and 1"),
    (lambda: data(mask={"a": [True]}), ValueError, "mask['a']", "shape (1,)", "shape (10,)"),
    (lambda: data(mask=None), TypeError, "mask", "NoneType", "a dict"),
    (lambda: data().take(slice("a", "b")), TypeError, "rows", "slice('a', 'b', None)", "a slice of whole numbers"),
    (lambda: data().take(slice(0, 5, 0)), TypeError, "rows", "slice(0, 5, 0)", "with a step other than 0"),
    (lambda: data().take([99]), ValueError, "rows", "99", "numbers of rows below 10"),
    (lambda: data().split(np.array(1.0)), TypeError, "fractions", "array(1.)", "a list of numbers"),
    (lambda: data().split((0.9, 0.9)), ValueError, "fractions", "[0.9, 0.9]", "sum to 1"),
    (lambda: data().split(seed=1.5), TypeError, "seed", "1.5", "a whole number"),
    (lambda: next(data().batches(2.5)), TypeError, "size", "2.5", "a whole number"),
    # the generator
    (lambda: Sines(("x",), (0,)), TypeError, "alpha", "<U1", "real numbers"),
    (lambda: Sines((1, [2]), (0, 0)), ValueError, "alpha", "unequal length", "an array"),
    (lambda: Sines((1,), (INF,)), ValueError, "beta", "[inf]", "finite numbers"),
    (lambda: SINES.signal("x"), TypeError, "z", "<U1", "real numbers"),
    (lambda: label_correlation(SINES, 3, 0.5), TypeError, "other", "3", "a Sines"),
    (lambda: label_correlation(SINES, SINES, 1.5), ValueError, "correlation", "1.5", "from -1 to 1"),
    (lambda: label_correlation(SINES, SINES, 0.5, noise=-1), ValueError, "noise", "-1", "a number from 0"),
    (lambda: label_correlation(SINES, SINES, 0.5, scale=INF), ValueError, "scale", "inf", "a number from"),
    (lambda: task_directions([["a", 1], [1, "a"]], 4), TypeError, "correlation", "<U", "real numbers"),
    (lambda: task_directions([[1, INF], [INF, 1]], 4), ValueError, "correlation", "inf", "symmetric matrix"),
    (lambda: task_directions([[1, 2], [2, 1]], 4), ValueError, "correlation", "eigenvalue -1", "semidefinite"),
    (lambda: make_synthetic(10, 1.01), ValueError, "correlation", "1.01", "from -1 to 1"),
    (lambda: make_synthetic(10, NAN), ValueError, "correlation", "nan", "from -1 to 1"),
    (lambda: make_synthetic(10, "0.5"), TypeError, "correlation", "'0.5'", "from -1 to 1"),
    (lambda: make_synthetic(0, 0.5), ValueError, "rows", "0", "at least 1"),
    (lambda: make_synthetic(10, 0.5, features=1), ValueError, "features", "1", "at least one for each of 2 tasks"),
    (lambda: make_synthetic(10, 0.5, noise={"a": 1}), ValueError, "noise", "['a']", "a number for each"),
    (lambda: make_synthetic(10, 0.5, label_rate=0), ValueError, "label_rate['a']", "0", "a number from"),
    (lambda: make_synthetic(10, 0.5, standardise="no"), TypeError, "standardise", "'no'", "True or False"),
    (lambda: make_synthetic(10, 0.5, common_sines=None), TypeError, "common_sines", "None", "True or False"),
    (lambda: make_synthetic(10, 0.5, sines=-1), ValueError, "sines", "-1", "at least 0"),
    # the census
    (lambda: census.load(full="no"), TypeError, "full", "'no'", "True or False"),
    (lambda: census.splits(seed="0"), TypeError, "seed", "'0'", "a whole number"),
    (lambda: census.amounts_as_codes(None), TypeError, "parts", "None", "a list of TaskData"),
    (lambda: census.amounts_as_codes([]), ValueError, "parts", "[]", "parts of one split"),
    (lambda: census.amounts_as_codes([data()]), TypeError, "parts", "TaskData", "numbers and codes"),
    (lambda: census.amounts_as_codes([tabular(CODES)]), ValueError, "parts", "numeric=4", "each with 7 numbers"),
    (lambda: census.for_trees(X), TypeError, "data", "ndarray", "TaskData"),
    # training and predicting
    (lambda: fitted(model="cgc"), TypeError, "model", "str", "a Keras model"),
    (lambda: fitted(model=keras.Sequential(name="q")), ValueError, "model", "'q', which has no outputs", "functional"),
    (lambda: fitted(train=X), TypeError, "train", "ndarray", "a TaskData"),
    (lambda: fitted(train=data().only("a")), ValueError, "train.kinds", "['a']", "tasks ['a', 'b']"),
    (lambda: fitted(train=data(features=X[:, :3])), ValueError, "train.features", "(3,)", "rows of shape (4,)"),
    (lambda: fitted(valid=data().only("a")), ValueError, "valid.kinds", "['a']", "the model's tasks"),
    (lambda: fitted(epochs=0), ValueError, "epochs", "0", "at least 1"),
    (lambda: fitted(epochs="3"), TypeError, "epochs", "'3' (str)", "a whole number"),
    (lambda: fitted(batch_size=2.5), TypeError, "batch_size", "2.5", "a whole number"),
    (lambda: fitted(learning_rate=NAN), ValueError, "learning_rate", "nan", "a number from 0"),
    (lambda: fitted(learning_rate="fast"), TypeError, "learning_rate", "'fast'", "a number from 0"),
    (lambda: fitted(optimizer="adam"), TypeError, "optimizer", "'adam'", "a Keras optimizer"),
    (lambda: fitted(optimizer=keras.optimizers.Adam), TypeError, "optimizer", "Adam", "a Keras optimizer"),
    (lambda: fitted(loss_weights=[1, 2]), TypeError, "loss_weights", "[1, 2]", "a dict"),
    (lambda: fitted(loss_weights={"A": 1}), ValueError, "loss_weights", "'A'; did you mean 'a'", "one of a, b"),
    (lambda: fitted(loss_weights={"a": -1}), ValueError, "loss_weights['a']", "-1", "a number from 0"),
    (lambda: fitted(loss_weights={"a": 0, "b": 0}), ValueError, "loss_weights", "0.0", "at least one weight above 0"),
    (lambda: fitted(patience=2), ValueError, "valid", "None", "a TaskData, since patience is given"),
    (lambda: fitted(shuffle="no"), TypeError, "shuffle", "'no'", "True or False"),
    (lambda: predict(model(), "x"), TypeError, "data", "str", "a TaskData, features, or chunks"),
    (lambda: predict(model(), []), TypeError, "data", "none", "chunks of TaskData"),
    (lambda: predict(model(), X[:, :3]), ValueError, "data.features", "(3,)", "rows of shape (4,)"),
    (lambda: predict(model(), data(), batch_size=0), ValueError, "batch_size", "0", "at least 1"),
    (lambda: losses.task_loss("binary", [1], [[1]], [1]), TypeError, "labels", "list", "an array of shape (batch,)"),
    (lambda: losses.task_loss("regression", Y["a"], X, Y["b"]), ValueError, "predictions", "(10, 4)", "(batch, 1)"),
    (lambda: losses.task_loss("regression", Y["a"], X[:3, :1], Y["b"]), ValueError, "predictions", "3", "10 samples"),
    (lambda: losses.task_loss("regression", Y["a"], X[:, :1], Y["b"][:3]), ValueError, "mask", "3", "10 samples"),
    (lambda: losses.loss_weights("ab"), TypeError, "kinds", "'ab'", "a list of task names"),
    (lambda: losses.for_compile({"a": "bin"}), ValueError, "kinds['a']", "'bin'", "one of binary"),
    # looking into a model
    (lambda: gates.gate_weights(model("single-task"), data()), ValueError, "model", "'single_task'", "with gates"),
    (lambda: gates.gate_weights(model(), None), TypeError, "data", "NoneType", "a TaskData, features, or chunks"),
    (
        lambda: gates.gate_weights(model(), data())[0].share_of("z"),
        ValueError,
        "group",
        "'z'",
        "one of ['a', 'shared']",
    ),
    (lambda: gates.summarise(model()), TypeError, "readings", "Functional", "a list of GateWeights"),
    # serving
    (lambda: serving.export("ple", "out"), TypeError, "model", "str", "a Keras model"),
    (lambda: serving.export(keras.Sequential(name="s"), "out"), ValueError, "model", "'s'", "a functional Keras model"),
    (lambda: serving.export(keras.Sequential([keras.Input((4,))]), "out"), ValueError, "model", "another", "to {task"),
    (lambda: serving.export(model(), None), TypeError, "path", "None", "a path"),
    (
        lambda: serving.export(model(), __file__),
        FileExistsError,
        "path",
        "test_bad_input.py'",
        "empty or not there yet",
    ),
    (lambda: serving.export(model(), HERE), FileExistsError, "path", "tests'", "empty or not there yet"),
    (lambda: latency(model(), X, "out"), TypeError, "data", "ndarray", "a TaskData"),
    (lambda: latency(model(), data(), HERE), ValueError, "data", "10", "at least 500 rows"),
    (
        lambda: latency(model(), data(), HERE, [1]),
        ValueError,
        "path",
        "tests'",
        "that export has written",
    ),
    (lambda: latency(model(), data(), HERE, 1), TypeError, "batches", "1", "a list of numbers of rows"),
    (lambda: latency(model(), data(), HERE, [0]), ValueError, "batches", "0", "at least 1"),
    (lambda: latency(model(), data(), HERE, [1], 0), ValueError, "rounds", "0", "at least 1"),
    # diagnostics
    (lambda: diagnostics.reach(None, data()), TypeError, "model", "NoneType", "a Keras model"),
    (lambda: diagnostics.reach(model(), Y), TypeError, "data", "dict", "a TaskData"),
    (lambda: diagnostics.reach_by_table("ple"), TypeError, "table", "str", "a Routing"),
    # data in chunks
    (lambda: chunked(features=(x for x in X)), TypeError, "features", "generator", "a memmap or an array"),
    (lambda: chunked(features=X[0]), ValueError, "features", "shape (4,)", "shape (rows, columns)"),
    (lambda: chunked(labels=labelled), TypeError, "labels", "function", "a dict"),
    (lambda: chunked(labels=Y | {"a": X[:3, 0]}), ValueError, "labels['a']", "3", "10 rows, as many as"),
    (lambda: chunked(block_rows=1e3), TypeError, "block_rows", "1000.0 (float)", "a whole number"),
    (lambda: chunked(chunk_rows=4), ValueError, "block_rows", "1024", "at most chunk_rows, 4"),
    (lambda: chunked().shuffled(0), TypeError, "rng", "int", "a NumPy Generator"),
    (lambda: ParquetChunks(None, ["x"], {"a": "y"}, {"a": "binary"}), TypeError, "path", "None", "a path"),
    (lambda: ParquetChunks("x", "x", {"a": "y"}, {"a": "binary"}), TypeError, "features", "'x'", "a list of columns"),
    # metrics
    (lambda: metrics.evaluate(X, P), TypeError, "data", "ndarray", "a TaskData"),
    (lambda: metrics.evaluate(data(), [0, 1]), TypeError, "predictions", "list", "a dict {task: array}"),
    (lambda: metrics.evaluate(data(), {"a": P["a"]}), ValueError, "predictions", "none for 'b'", "one array for each"),
    (
        lambda: metrics.evaluate(data(), P | {"a": P["a"] * 1j}),
        TypeError,
        "predictions['a']",
        "complex",
        "real numbers",
    ),
    (lambda: metrics.evaluate(data(), P | {"a": [[1], [1, 2]]}), ValueError, "predictions['a']", "unequal", "an array"),
    (
        lambda: metrics.evaluate(data(), P | {"b": P["b"] * 3}),
        ValueError,
        "predictions['b']",
        "1.5 in row 0",
        "probabilities",
    ),
    (lambda: metrics.mtl_gain("acu", [1, 2], [1, 2]), ValueError, "metric", "'acu'; did you mean 'auc'", "one of auc"),
    (lambda: metrics.mtl_gain("auc", ["x", "y"], [1, 2]), TypeError, "multi_task", "<U1", "real numbers"),
    (lambda: metrics.mtl_gain("auc", [1, 2], {"s": 1}), TypeError, "single_task", "object", "real numbers"),
    (lambda: metrics.gain_table([1], "mse"), TypeError, "runs", "list", "a DataFrame"),
    (lambda: metrics.gain_table(RUNS, "b/mse"), ValueError, "runs", "none of ['b/mse']", "the columns architecture"),
    (lambda: metrics.gain_table(RUNS, ["a/mse"]), TypeError, "metric", "['a/mse']", "the name of a column"),
    (lambda: metrics.gain_table(RUNS, "a/mse", by=3), TypeError, "by", "3", "names of columns"),
    (lambda: metrics.gain_table(RUNS, "a/mse", baseline="X"), ValueError, "baseline", "'X'; did you", "one of x, y"),
    (
        lambda: metrics.gain_table(RUNS.assign(p=NAN), "a/mse", by="p", baseline="x"),
        ValueError,
        "runs",
        "some missing",
        "a value of p in every row",
    ),
    (lambda: metrics.gain_table(RUNS.assign(mse="z"), "mse"), TypeError, "runs['mse']", "object", "real numbers"),
    # ranking
    (lambda: ranking.fused_score({"a": [0.5]}, {}, [1]), ValueError, "weights", "none", "at least one task"),
    (lambda: ranking.fused_score({"a": [0.5]}, {"a": NAN}, [1]), ValueError, "weights['a']", "nan", "a number from 0"),
    (
        lambda: ranking.fused_score({"a": [0.5j]}, {"a": 1}, [1]),
        TypeError,
        "predictions['a']",
        "complex",
        "real numbers",
    ),
    (lambda: ranking.fused_score({"a": [1.5]}, {"a": 1}, [1]), ValueError, "predictions['a']", "1.5", "from 0 to 1"),
    (lambda: ranking.fused_score({"a": [0.5]}, {"a": 1}, [[1], []]), ValueError, "video_len", "unequal", "an array"),
    (lambda: ranking.fused_score({"a": [0.5]}, {"a": 1}, [1], f="lgo"), ValueError, "f", "'lgo'", "one of log"),
    # budgets
    (lambda: budget.cost("ple", features=4), TypeError, "table", "str", "a Routing"),
    (lambda: budget.cost(TABLE, features=FeatureSpec(0)), ValueError, "features", "0", "at least 1"),
    (lambda: budget.cost(TABLE, features=4, embedding="x"), TypeError, "embedding", "'x'", "a whole number"),
    (lambda: budget.cost(TABLE, features=4, normalise_experts="no"), TypeError, "normalise_experts", "'no'", "True or"),
    (
        lambda: budget.equal_budget("ple", 3, features=4, tasks=KINDS),
        ValueError,
        "parameters",
        "the nearest",
        "can meet",
    ),
    (
        lambda: budget.equal_budget(TABLE, 900, features=4, tasks={"x": "binary"}),
        ValueError,
        "tasks",
        "['x']",
        "['a', 'b']",
    ),
    (
        lambda: budget.equal_budget(TABLE, 900, features=4, tasks=KINDS, levels=2),
        ValueError,
        "options",
        "levels",
        "no further arguments",
    ),
    (
        lambda: budget.equal_budget("sluice", 900, features=4, tasks=KINDS, levels=2, expert_units=[[4], [3]]),
        ValueError,
        "expert_units",
        "[[4], [3]]",
        "one last width",
    ),
    # studies, figures, exercises
    (lambda: study.trials("dial"), TypeError, "study", "'dial'", "a Study"),
    (studied, ValueError, "study", "none", "at least one model"),
    (lambda: studied(seeds=3), TypeError, "seeds", "3", "a tuple"),
    (lambda: studied(models=["ple"]), TypeError, "models", "['ple']", "a dict"),
    (lambda: studied(make_data=data()), TypeError, "make_data", "TaskData", "a function"),
    (lambda: studied(record="score"), ValueError, "record", "'score'; did you mean 'scores'", "one of scores"),
    (lambda: study.run("dail", "out"), ValueError, "study", "'dail'; did you mean 'dial'", "one of dial"),
    (lambda: study.run("dial", None), TypeError, "out", "None", "a path"),
    (lambda: study.dial_data(0, 0.5, rows="x"), TypeError, "rows", "'x'", "a whole number"),
    (lambda: study.seesaw_fit(1.5), ValueError, "weight", "1.5", "a number from 0 to 1"),
    (lambda: study.census_data(0, "coeds"), ValueError, "amounts", "'coeds'; did you mean 'codes'", "one of numbers"),
    (lambda: figures.numbers("mpa"), ValueError, "figure", "'mpa'; did you mean 'map'", "one of map"),
    (lambda: figures.draw("map"), TypeError, "names", "'map'", "a list of figures"),
    (lambda: figures.draw(["map"], out=None), TypeError, "out", "None", "a path"),
    (lambda: figures.seed_gains(RUNS, "b/mse"), ValueError, "runs", "none of ['b/mse']", "the columns"),
    (lambda: figures.seed_gains(RUNS, "a/mse"), ValueError, "baseline", "'single-task'", "one of x, y"),
    (lambda: figures.seesaw_points(RUNS), ValueError, "runs", "none of ['weight'", "the columns"),
    (lambda: plots.draw_routing("ple"), TypeError, "table", "'ple'", "a Routing"),
    (lambda: plots.draw_routing(TABLE, lit="gate"), ValueError, "lit", "did you mean 'gates'", "one of features"),
    (lambda: plots.draw_routing(TABLE, lit=3), TypeError, "lit", "3", "names of parts"),
    (lambda: plots.draw_family(TABLE), TypeError, "tables", "Routing", "a list of Routing"),
    (lambda: plots.draw_family([]), TypeError, "tables", "[]", "a Routing"),
    (lambda: plots.draw_family([TABLE], columns=0), ValueError, "columns", "0", "at least 1"),
    (lambda: plots.gain_over_dial(RUNS), ValueError, "gains", "'correlation'", "the columns"),
    (lambda: plots.gain_panels({"x": {"one": None}, "y": {}}), ValueError, "panels", "[['one'], []]", "the same rows"),
    (lambda: plots.label_spaces(data(), batch=0), ValueError, "batch", "0", "at least 1"),
    (
        lambda: plots.stop_curves(RUNS, {"a": "val_a_mse"}, {}),
        ValueError,
        "history",
        "none of ['val_a_mse']",
        "the columns",
    ),
    (lambda: make_funnel(10, "random"), ValueError, "missing", "'random'; did you mean 'at random'", "one of nested"),
    (lambda: plots.gate_bars(None), TypeError, "summary", "NoneType", "a DataFrame"),
    (lambda: exercises.check("4.9", 3), ValueError, "name", "'04.9'; did you mean '04.", "one of 00.1"),
    (lambda: exercises.check(None, 3), ValueError, "name", "None", "one of 00.1"),
]


def refused(error):
    """The sentence of a refusal, which must have been raised by the package itself."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    assert trace.tb_frame.f_globals["__name__"].split(".")[0] == "ple_tutorial"
    return str(error)


def same(weights, others):
    return all(np.array_equal(one, other) for one, other in zip(weights, others, strict=True))


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_wrong_call_is_refused(number):
    call, error, argument, came, expected = WRONG[number]
    before, x = model().get_weights(), X.copy()
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    named, _, sentence = refused(caught.value).partition(": expected ")
    wanted, _, got = sentence.partition(", got ")
    assert named == argument
    assert expected in wanted
    assert came in got
    assert same(before, model().get_weights())
    assert np.array_equal(X, x)


def test_there_are_many():
    assert len(WRONG) >= 200
    assert len({argument for _, _, argument, _, _ in WRONG}) >= 80


@pytest.mark.parametrize(
    "call",
    [
        lambda: built(
            features=np.int64(4), expert_units=np.array([8]), seed=np.int32(3), gate_temperature=np.float32(2)
        ),
        lambda: built(expert_units=pd.Series([8, 4], index=[3, 5])),
        lambda: routing("ple", np.array(["a", "b"])),
        lambda: data(features=pd.DataFrame(X), labels={task: pd.Series(y) for task, y in Y.items()}),
        lambda: data(features=X.tolist(), labels={task: y.tolist() for task, y in Y.items()}),
        lambda: data(features=np.asfortranarray(X)[::-1].astype(np.float64), labels=Y | {"b": -0.0 * Y["b"]}),
        lambda: data(features=tf.constant(X), mask={"a": pd.Series([True] * ROWS)}),
        lambda: make_synthetic(np.int64(10), np.float32(0.5), features=np.int16(4)),
        lambda: predict(model(), data(features=X[:, ::-1]), batch_size=np.int64(4)),
        lambda: data(features=X.astype(object), mask={"a": np.ones(ROWS, int)}),
        lambda: metrics.evaluate(data(), pd.DataFrame(P)),
        lambda: metrics.mtl_gain("auc", pd.Series([1, 2]), (1, 3)),
    ],
)
def test_what_is_meant_well_is_taken(call):
    assert call() is not None


def test_an_input_of_another_rank_after_the_first_does_not_reach_tensorflow():
    for layer, right, wrong in (
        (Experts(2, [4]), X, X[:, :3]),
        (Experts(2, [4]), X, X[None]),
        (Gate(["a", "b"]), X, X[None]),
        (Stitch([[1, 1]]), np.ones((2, 2, 3)), np.ones((2, 3, 3))),
    ):
        layer(right)
        with pytest.raises(ValueError, match=rf"['\"]{layer.name}['\"] is incompatible with the layer: expected"):
            layer(wrong)
