"""Studies: a grid of independent trials -> one tidy table, stored beside the figure that it feeds.

A trial is one model on one data set with one seed. The seed draws the data (sines, directions, features, noise), the
initial weights and the order of the batches, so that two architectures with the same seed are a pair.
"""

import contextlib
import functools
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.budget import equal_budget
from ple_tutorial.data import census
from ple_tutorial.data.synthetic import PAIR, make_synthetic
from ple_tutorial.gates import gate_weights, summarise
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.progress import bar
from ple_tutorial.routing import ARCHITECTURES, ONE_LEVEL, Level, Mixer, Routing
from ple_tutorial.training import fit, predict

RECORDS = ("scores", "gates", "gate samples")


@dataclass(frozen=True)
class Study:
    """A grid: every model on every point with every seed.

    Attributes:
        question: what the study is to answer.
        models: ``{name: arguments of build_model other than features, tasks and seed}``.
        make_data: ``make_data(seed, **point)`` -> ``(train, valid or None, test)``, all ``TaskData``.
        seeds: whole numbers.
        points: the grid, a list of dicts; they stand in the table.
        fit_settings: further arguments of ``fit``; or a function of the point that returns them.
        others: learners beside the models: ``{name: function}``, with ``function(train, valid, test, seed, **point)`` ->
            what stands in a row of the table after the seed. Only where ``record`` is ``scores``.
        record: what a trial leaves in the table: its ``scores``; its ``gates``, summarised over the test data; or
            ``gate samples``, the gate weights on the first 200 test samples.
    """

    question: str
    models: dict
    make_data: callable
    seeds: tuple
    points: tuple = ({},)
    fit_settings: dict = field(default_factory=dict)
    others: dict = field(default_factory=dict)
    record: str = "scores"

    def __post_init__(self):
        for name, kind in (("models", dict), ("others", dict), ("seeds", (tuple, list)), ("points", (tuple, list))):
            if not isinstance(getattr(self, name), kind):
                expected = "a dict" if kind is dict else "a tuple"
                checks.refuse(name, expected, repr(getattr(self, name)), TypeError)
        if not callable(self.make_data):
            checks.refuse("make_data", "a function of a seed and a point", repr(self.make_data), TypeError)
        checks.choice("record", self.record, RECORDS)


def trials(study, jobs=1, show_progress=True):
    """Run a ``Study``.

    Args:
        study: the grid.
        jobs: processes side by side; each takes a share of the seeds, compiles a model once for all of them, and has its
            share of the cores, unless ``TF_NUM_INTRAOP_THREADS`` said otherwise when it started (joblib keeps it for later).
        show_progress: a bar while it runs.

    Returns:
        A DataFrame with one row a trial: ``architecture``, the point, ``seed``, ``parameters``, ``epochs`` (as trained) and
        ``{task}/{metric}`` on the test data. For ``gates`` one row for each gate and expert, as of ``gates.summarise``;
        for ``gate samples`` one for each sample beside; both with the same first columns.

    Raises:
        ValueError: a study without a model (or another learner), a point or a seed.
    """
    jobs = checks.count("jobs", jobs)
    if not isinstance(study, Study):
        checks.refuse("study", "a Study", repr(study), TypeError)
    seeds = [checks.count("seeds", seed, 0) for seed in study.seeds]
    if not ((study.models or study.others) and study.points and seeds):
        checks.refuse("study", "at least one model, point and seed", "none")
    shares = [[int(seed) for seed in share] for share in np.array_split(seeds, min(jobs, len(seeds)))]
    work = [(name, point_seeds) for name in (*study.models, *study.others) for point_seeds in shares]
    with _threads(max(1, (os.cpu_count() or 1) // jobs)):
        parts = Parallel(n_jobs=jobs, return_as="generator")(delayed(_one_model)(study, *part) for part in work)
        parts = list(bar(parts, total=len(work), label="models", show=show_progress))
    # By model, point and seed, whatever the number of processes.
    models, points, count = range(0, len(parts), len(shares)), range(len(study.points)), len(shares)
    return pd.concat((parts[m + s][p] for m in models for p in points for s in range(count)), ignore_index=True)


@contextlib.contextmanager
def _threads(count):
    """TensorFlow's threads in the processes that start meanwhile; this one has its own already."""
    before = dict(os.environ)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(count))
    try:
        yield
    finally:
        for name in os.environ.keys() - before:
            del os.environ[name]


def _one_model(study, name, seeds):
    """A table for each point."""
    tables = []
    for point in study.points:
        rows = []
        settings = study.fit_settings(**point) if callable(study.fit_settings) else study.fit_settings
        for seed in seeds:
            train, valid, test = study.make_data(seed, **point)
            key = {"architecture": name} | point | {"seed": seed}
            if name in study.others:
                rows.append(pd.DataFrame([key | study.others[name](train, valid, test, seed, **point)]))
                continue
            model = build_model(**study.models[name], features=train.spec, tasks=train.kinds, seed=seed)
            history = fit(model, train, valid, seed=seed, show_progress=False, **settings)
            if study.record == "scores":
                key |= {"parameters": model.count_params(), "epochs": len(history)}
                rows.append(pd.DataFrame([key | _scores(test, predict(model, test))]))
            else:
                table = _gate_table(model, test, study.record)
                rows.append(table.assign(**key)[[*key, *table.columns]])
        tables.append(pd.concat(rows, ignore_index=True))
    return tables


def _scores(test, predictions):
    return {f"{task}/{metric}": value for (task, metric), value in evaluate(test, predictions).items()}


def _gate_table(model, test, record):
    readings = gate_weights(model, test if record == "gates" else test.take(slice(0, 200)))
    if record == "gates":
        return summarise(readings)
    columns = ["level", "gate", "expert", "sample", "weight"]
    rows = [
        (reading.level, reading.gate, expert, sample, round(float(weight), 4))
        for reading in readings
        for expert, column in zip(reading.experts, reading.weights.T, strict=True)
        for sample, weight in enumerate(column)
    ]
    return pd.DataFrame(rows, columns=columns)


# ---- stored tables ---------------------------------------------------------------------------------------------


def run(name, out, jobs=1):
    """Run the study ``name`` of ``STUDIES`` and store its table as ``out/NAME.csv``; the path is returned.

    Raises:
        ValueError: an unknown study; the nearest match is named.
    """
    study = STUDIES[checks.choice("study", name, tuple(STUDIES))]
    checks.path("out", out)
    table = trials(study, jobs)
    seeds = f"{min(study.seeds)} to {max(study.seeds)}" if len(study.seeds) > 1 else study.seeds[0]
    head = [
        f"made by: python -m ple_tutorial study {name}",
        f"question: {study.question}",
        f"seeds: {seeds} ({len(study.seeds)})",
        f"versions: tensorflow {tf.__version__}, keras {keras.__version__}, numpy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}",
    ]
    return write_table(table, Path(out) / f"{name}.csv", head)


def write_table(table, path, head=()):
    """Write a DataFrame as CSV with ``#`` lines at its head: beside, then renamed."""
    checks.columns("table", table)
    path = Path(checks.path("path", path))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    text = "".join(f"# {line}\n" for line in head) + table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
    return path


def read_table(path):
    """Read what ``write_table`` wrote.

    Raises:
        FileNotFoundError: no such file; the message says which command makes it.
    """
    path = Path(checks.path("path", path))
    if not path.is_file():
        command = f"python -m ple_tutorial study {path.stem}"
        if path.stem.startswith("bench_"):
            command = f"python -m benchmarks --only {path.stem.removeprefix('bench_')} --out figures"
        raise FileNotFoundError(
            f"no stored table {path.name} in the folder {path.parent.name!r}; make it with: {command}"
        )
    return pd.read_csv(path, comment="#")


# ---- the studies -----------------------------------------------------------------------------------------------

BOTTOM = {"expert_units": (16, 4), "tower_units": (), "activation": "swish"}
HALF = {"expert_units": (8, 4), "tower_units": (), "activation": "swish"}
DIAL_MODELS = {
    "single-task": BOTTOM | {"architecture": "single-task"},
    "hard-sharing": BOTTOM | {"architecture": "hard-sharing"},
    "hard-sharing-wide": BOTTOM | {"architecture": "hard-sharing", "expert_units": (28, 8)},
    "mmoe": HALF | {"architecture": "mmoe", "shared_experts": 3},
    "cgc": HALF | {"architecture": "cgc", "shared_experts": 1, "task_experts": 1},
    "ple": HALF
    | {"architecture": "ple", "shared_experts": 1, "task_experts": 1, "levels": 2, "expert_units": ((8,), (4,))},
}
GATED = {name: DIAL_MODELS[name] for name in ("mmoe", "cgc", "ple")}
FIT = {"epochs": 20, "batch_size": 128, "learning_rate": 3e-3}


def dial_data(seed, correlation, rows=4096, **changes):
    """Two regressions on the dial: ``rows`` to train on, 8,192 to test on, four sines, noise of half the signal's spread."""
    checks.count("rows", rows)
    settings = {"features": 32, "sines": 4, "noise": 0.5} | changes
    data = make_synthetic(rows + 8192, correlation, seed=seed, **settings)
    return data.take(slice(0, rows)), None, data.take(slice(rows, None))


def gate_data(seed, correlation):
    """As ``dial_data`` with one feature more, a constant 1: without it a gate, having no bias, cannot prefer an expert."""
    return tuple(part and _with_constant(part) for part in dial_data(seed, correlation))


def _with_constant(data):
    return replace(data, features=np.column_stack([data.features, np.ones(len(data), np.float32)]))


SEESAW = tuple({"weight": weight} for weight in (0.1, 0.3, 0.5, 0.7, 0.9))


def seesaw_data(seed, weight=None, correlation=0.5, rows=8192):
    """As ``dial_data``, but task b has a label on a quarter of the training samples only; on the test samples both have."""
    data = dial_data(seed, correlation, rows)
    scarce = make_synthetic(
        rows + 8192, correlation, seed=seed, features=32, sines=4, noise=0.5, label_rate={"a": 1.0, "b": 0.25}
    )
    return scarce.take(slice(0, rows)), None, data[2]


def seesaw_fit(weight):
    """The settings of ``fit`` for a weight of task a; task b has the rest."""
    checks.number("weight", weight, 0, 1)
    return FIT | {"loss_weights": {"a": weight, "b": 1 - weight}}


def family_model(architecture, widths=(32, 16, 8)):
    """An architecture in the structure of the PLE paper: three layers, here an eighth as wide as its 256, 128, 64.

    With two levels, experts on both and a tower of one layer; with one level, a tower of two. Each task's gate sees three
    experts. A sluice network's columns are two sub-spaces each, and as
    wide on the second level as on the first, since its towers read both.

    Source: PLE paper, section 5.1.2; which layer is an expert and which a tower is read off its Figure 1.
    """
    first, second, third = widths
    units, tower = (((first,),), (second, third)) if architecture in ONE_LEVEL else (((first,), (second,)), (third,))
    if architecture == "sluice":
        units = ((first // 2,), (first // 2,))
    settings = {"architecture": architecture, "levels": len(units), "expert_units": units, "tower_units": tower}
    counts = {"shared_experts": 3} if architecture in ("mmoe", "ml-mmoe") else {"shared_experts": 1, "task_experts": 2}
    return settings | counts | {"activation": "swish"}


def family_data(seed, correlation, rows=4096):
    """As ``dial_data``, with 4,096 rows more to stop by, so that no model is trained for longer than is good for it."""
    both, _, test = dial_data(seed, correlation, rows + 4096)
    return both.take(slice(0, rows)), both.take(slice(rows, None)), test


def scored_on(seed, correlation, scored):
    """As ``family_data``, scored on the very rows of training (``train``), or as ever on new ones (``test``)."""
    train, valid, test = family_data(seed, correlation)
    return train, valid, {"train": train, "test": test}[scored]


def with_constant(seed, correlation):
    """As ``family_data`` with one feature more, a constant 1, which is to a gate what a bias would be."""
    return tuple(_with_constant(part) for part in family_data(seed, correlation))


FAMILY = {name: family_model(name) for name in ARCHITECTURES}
FAMILY_POINTS = ({"correlation": 0.0}, {"correlation": 0.5}, {"correlation": 1.0})
# The learning rate of the lower mean error of all models in the study family_rates.
FAMILY_FIT = {"epochs": 60, "patience": 5, "batch_size": 128, "learning_rate": 3e-3}
FAMILY_BUDGET = 3458  # parameters of the single-task model of that structure, with 32 features and two tasks


def at_budget(settings, parameters=FAMILY_BUDGET):
    """The same arguments of ``build_model``, with widths that bring the model to so many ``parameters``."""
    found = equal_budget(
        parameters=parameters, features=32, tasks=PAIR, **{k: v for k, v in settings.items() if k != "activation"}
    )
    return settings | {"expert_units": found.expert_units, "tower_units": found.tower_units}


GATES_AND_HARD = ("hard-sharing", "mmoe", "ml-mmoe", "cgc", "ple")
FAMILY_AT_BUDGET = {name: at_budget(settings) for name, settings in FAMILY.items()}
# Controls: single-task models as small as hard sharing is at equal structure; a sluice network without its penalty, and one
# whose columns never meet: all of it but the sharing.
NARROW = {"single-task-narrow": at_budget(FAMILY["single-task"], 1874)}
APART = Level({"a": 2, "b": 2}, {task: Mixer("stitch", (task,)) for task in ("a", "b")})
SLUICE_CONTROLS = {
    "sluice-free": FAMILY_AT_BUDGET["sluice"] | {"orthogonality": 0.0},
    "sluice-apart": FAMILY_AT_BUDGET["sluice"]
    | {"architecture": Routing("sluice-apart", ("a", "b"), (APART, APART), towers="all")},
}

# Chosen on the validation part with seeds from 100 on; chapter 08 lists what was tried.
CENSUS_SIZES = {"tower_units": (16,), "embedding": 4}
CENSUS_HALF = CENSUS_SIZES | {"expert_units": (48, 24)}
CENSUS_SINGLE = CENSUS_SIZES | {"architecture": "single-task", "expert_units": (64, 32)}
CENSUS_MODELS = {
    "hard-sharing": CENSUS_SIZES | {"architecture": "hard-sharing", "expert_units": (120, 60)},
    "mmoe": CENSUS_HALF | {"architecture": "mmoe", "shared_experts": 3},
    "cgc": CENSUS_HALF | {"architecture": "cgc", "shared_experts": 1, "task_experts": 1},
    "ple": CENSUS_HALF
    | {"architecture": "ple", "shared_experts": 1, "task_experts": 1, "levels": 2, "expert_units": ((48,), (24,))},
}
CENSUS_FIT = {"epochs": 30, "patience": 4, "batch_size": 256, "learning_rate": 1e-3}
CENSUS_SINGLE_FIT = CENSUS_FIT | {"learning_rate": 5e-4}
CENSUS_TREES = {
    "learning_rate": 0.05,
    "max_iter": 500,
    "max_leaf_nodes": 15,
    "max_features": 0.2,
    "l2_regularization": 10.0,
    "early_stopping": True,
    "n_iter_no_change": 20,
}


@functools.cache
def _census(amounts):
    parts = census.splits(seed=0)
    return parts if amounts == "numbers" else census.amounts_as_codes(parts)


def census_data(seed, amounts="numbers"):
    """The one split of the census, whatever the ``seed``; ``amounts``: ``numbers``, or ``codes`` for codes as well."""
    return _census(checks.choice("amounts", amounts, ("numbers", "codes")))


@functools.cache
def _census_network(spec, task):
    return build_model(**CENSUS_SINGLE, features=spec, tasks={task: "binary"})


RATES = tuple(
    {"amounts": amounts, "learning_rate": rate} for amounts in ("numbers", "codes") for rate in (5e-4, 1e-3, 2e-3)
)


def census_valid(seed, amounts, learning_rate):
    """As ``census_data``, but scored on the validation part: to choose by, not to report."""
    train, valid, _ = census_data(seed, amounts)
    return train, valid, valid


def census_single(train, valid, test, seed, amounts="numbers", learning_rate=CENSUS_SINGLE_FIT["learning_rate"]):
    """One network for each task: nothing is shared, not the vectors of the codes, not the epoch at which to stop."""
    row, settings = {"parameters": 0, "epochs": 0}, CENSUS_SINGLE_FIT | {"learning_rate": learning_rate}
    for task in train.kinds:
        own, own_valid, own_test = (part.only(task) for part in (train, valid, test))
        model = _census_network(own.spec, task)  # compiled once for all seeds
        model.set_weights(build_model(**CENSUS_SINGLE, features=own.spec, tasks=own.kinds, seed=seed).get_weights())
        history = fit(model, own, own_valid, seed=seed, show_progress=False, **settings)
        row |= {"parameters": row["parameters"] + model.count_params(), "epochs": max(row["epochs"], len(history))}
        row |= _scores(own_test, predict(model, own_test))
    return row


def census_trees(train, valid, test, seed, amounts="numbers"):
    """One ``HistGradientBoostingClassifier`` for each task, stopped by the same validation rows as the networks.

    ``epochs`` counts its trees.
    """
    row, predictions = {"epochs": 0}, {}
    features, codes = census.for_trees(train)
    valid_features, test_features = census.for_trees(valid)[0], census.for_trees(test)[0]
    for task in train.kinds:
        trees = HistGradientBoostingClassifier(**CENSUS_TREES, categorical_features=codes, random_state=seed)
        trees.fit(features, train.labels[task], X_val=valid_features, y_val=valid.labels[task])
        row["epochs"] = max(row["epochs"], trees.n_iter_)
        predictions[task] = trees.predict_proba(test_features)[:, 1]
    return row | _scores(test, predictions)


STUDIES = {
    "dial": Study(
        "MTL gain of hard sharing, MMoE, CGC and PLE over the correlation of two equal tasks",
        DIAL_MODELS,
        dial_data,
        seeds=tuple(range(32)),
        points=tuple({"correlation": p} for p in (-1.0, -0.5, 0.0, 0.5, 1.0)),
        fit_settings=FIT,
    ),
    "dial_constant": Study(
        "the two ends of the dial again, with a constant feature that lets a gate prefer an expert on all samples",
        DIAL_MODELS,
        gate_data,
        seeds=tuple(range(32)),
        points=({"correlation": 0.0}, {"correlation": 1.0}),
        fit_settings=FIT,
    ),
    "seesaw": Study(
        "MTL gain of a full and of a scarce task over the weights of their losses",
        {name: DIAL_MODELS[name] for name in ("single-task", "hard-sharing", "hard-sharing-wide", "mmoe", "ple")},
        seesaw_data,
        seeds=tuple(range(16)),
        points=SEESAW,
        fit_settings=seesaw_fit,
    ),
    "gate_utilisation": Study(
        "mean gate weights of MMoE, CGC and PLE at a low and at a high correlation",
        GATED,
        gate_data,
        seeds=tuple(range(32)),
        points=({"correlation": 0.0}, {"correlation": 1.0}),
        fit_settings=FIT,
        record="gates",
    ),
    "gate_violins": Study(
        "distribution of the gate weights over samples, one seed",
        GATED,
        gate_data,
        seeds=(0,),
        points=({"correlation": 0.0}, {"correlation": 1.0}),
        fit_settings=FIT,
        record="gate samples",
    ),
    "family_budget": Study(
        "MTL gain of the ten architectures at an equal number of parameters, at both ends of the dial and in its middle",
        FAMILY_AT_BUDGET | SLUICE_CONTROLS,
        family_data,
        seeds=tuple(range(200, 232)),
        points=FAMILY_POINTS,
        fit_settings=FAMILY_FIT,
    ),
    "family_structure": Study(
        "the same with layers of equal width, whatever that costs",
        FAMILY | NARROW,
        family_data,
        seeds=tuple(range(200, 232)),
        points=FAMILY_POINTS,
        fit_settings=FAMILY_FIT,
    ),
    "family_rows": Study(
        "the same at an equal number of parameters, with four times the rows to train on",
        FAMILY_AT_BUDGET,
        family_data,
        seeds=tuple(range(200, 232)),
        points=tuple(point | {"rows": 16384} for point in FAMILY_POINTS[::2]),
        fit_settings=FAMILY_FIT,
    ),
    "family_fit": Study(
        "at an equal number of parameters, how well six of them fit the rows that they are trained on, and new ones",
        {name: FAMILY_AT_BUDGET[name] for name in ("single-task", *GATES_AND_HARD)},
        scored_on,
        seeds=tuple(range(200, 232)),
        points=({"correlation": 0.5, "scored": "train"}, {"correlation": 0.5, "scored": "test"}),
        fit_settings=FAMILY_FIT,
    ),
    "family_constant": Study(
        "at an equal number of parameters, with a constant feature that lets a gate prefer an expert on all samples",
        {name: FAMILY_AT_BUDGET[name] for name in ("single-task", *GATES_AND_HARD)},
        with_constant,
        seeds=tuple(range(200, 232)),
        points=FAMILY_POINTS[::2],
        fit_settings=FAMILY_FIT,
    ),
    "family_rates": Study(
        "with seeds used for choosing only: which learning rate for the ten at an equal number of parameters",
        FAMILY_AT_BUDGET,
        lambda seed, correlation, learning_rate: family_data(seed, correlation),
        seeds=tuple(range(1000, 1006)),
        points=tuple(point | {"learning_rate": rate} for rate in (1e-3, 3e-3) for point in FAMILY_POINTS[::2]),
        fit_settings=lambda correlation, learning_rate: FAMILY_FIT | {"learning_rate": learning_rate},
    ),
    "census": Study(
        "networks of one and of two tasks and gradient-boosted trees on Census-Income, amounts as numbers or as codes, too",
        CENSUS_MODELS,
        census_data,
        seeds=tuple(range(8)),
        points=({"amounts": "numbers"}, {"amounts": "codes"}),
        fit_settings=CENSUS_FIT,
        others={"single-task": census_single, "gradient-boosted trees": census_trees},
    ),
    "census_rates": Study(
        "on the validation part of Census-Income, with seeds used for choosing only: does either reading want another rate",
        {"ple": CENSUS_MODELS["ple"]},
        census_valid,
        seeds=tuple(range(100, 104)),
        points=RATES,
        fit_settings=lambda amounts, learning_rate: CENSUS_FIT | {"learning_rate": learning_rate},
        others={"single-task": census_single},
    ),
}
