"""Studies: a grid of independent trials -> one tidy table, stored beside the figure that it feeds.

A trial is one model on one data set with one seed. The seed draws the data (sines, directions, features, noise), the
initial weights and the order of the batches, so that two architectures with the same seed are a pair.
"""

import contextlib
import os
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from ple_tutorial import checks
from ple_tutorial.gates import gate_weights, summarise
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.progress import bar
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
                rows.append(pd.DataFrame([key | scores(test, predict(model, test))]))
            else:
                table = _gate_table(model, test, study.record)
                rows.append(table.assign(**key)[[*key, *table.columns]])
        tables.append(pd.concat(rows, ignore_index=True))
    return tables


def scores(test, predictions):
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
