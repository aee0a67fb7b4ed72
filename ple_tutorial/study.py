"""Studies: a grid of independent trials -> one tidy table, stored beside the figure that it feeds.

A trial is one model on one data set with one seed. The seed draws the data (sines, directions, features, noise), the
initial weights and the order of the batches, so that two architectures with the same seed are a pair.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.gates import gate_weights, summarise
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.progress import bar
from ple_tutorial.training import fit, predict


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
        gates: record a summary of the gates on the test data in place of the scores.
    """

    question: str
    models: dict
    make_data: callable
    seeds: tuple
    points: tuple = ({},)
    fit_settings: dict = field(default_factory=dict)
    gates: bool = False


def trials(study, jobs=1, show_progress=True):
    """Run a ``Study``.

    Args:
        study: the grid.
        jobs: processes side by side; each takes a share of the seeds, and compiles a model once for all of them.
        show_progress: a bar while it runs.

    Returns:
        A DataFrame with one row a trial: ``architecture``, the point, ``seed``, ``parameters``, ``epochs`` (as trained) and
        ``{task}/{metric}`` on the test data. For a study of gates one row for each gate and expert, as of
        ``gates.summarise``, with the same first columns.

    Raises:
        ValueError: a study without a model, a point or a seed.
    """
    jobs = checks.count("jobs", jobs)
    seeds = [checks.count("seeds", seed, 0) for seed in study.seeds]
    if not (study.models and study.points and seeds):
        checks.refuse("study", "at least one model, point and seed", "none")
    shares = [[int(seed) for seed in share] for share in np.array_split(seeds, min(jobs, len(seeds)))]
    work = [(name, point_seeds) for name in study.models for point_seeds in shares]
    tables = Parallel(n_jobs=jobs, return_as="generator")(delayed(_one_model)(study, *part) for part in work)
    return pd.concat(bar(tables, total=len(work), label="models", show=show_progress), ignore_index=True)


def _one_model(study, name, seeds):
    rows, kept = [], {}
    for point in study.points:
        settings = study.fit_settings(**point) if callable(study.fit_settings) else study.fit_settings
        for seed in seeds:
            train, valid, test = study.make_data(seed, **point)
            model = build_model(**study.models[name], features=train.spec, tasks=train.kinds, seed=seed)
            # One model, and so one compiled program, for all seeds: it takes on the fresh one's weights.
            same = kept.setdefault((train.spec, tuple(train.kinds.items())), model)
            same.set_weights(model.get_weights())
            history = fit(same, train, valid, seed=seed, show_progress=False, **settings)
            key = {"architecture": name} | point | {"seed": seed}
            if study.gates:
                rows.append(summarise(gate_weights(same, test)).assign(**key)[[*key, *_GATE_COLUMNS]])
                continue
            scores = {f"{task}/{metric}": v for (task, metric), v in evaluate(test, predict(same, test)).items()}
            key |= {"parameters": same.count_params(), "epochs": len(history)}
            rows.append(pd.DataFrame([key | scores]))
    return pd.concat(rows, ignore_index=True)


_GATE_COLUMNS = ["level", "gate", "expert", "mean", "std", "entropy"]


# ---- stored tables ---------------------------------------------------------------------------------------------


def run(name, out, jobs=1):
    """Run the study ``name`` of ``STUDIES`` and store its table as ``out/NAME.csv``; the path is returned.

    Raises:
        ValueError: an unknown study; the nearest match is named.
    """
    study = STUDIES[checks.choice("study", name, tuple(STUDIES))]
    table = trials(study, jobs)
    seeds = f"{min(study.seeds)} to {max(study.seeds)}" if len(study.seeds) > 1 else study.seeds[0]
    head = [
        f"made by: python -m ple_tutorial study {name}",
        f"question: {study.question}",
        f"seeds: {seeds} ({len(study.seeds)})",
        f"versions: tensorflow {tf.__version__}, keras {keras.__version__}, numpy {np.__version__}",
    ]
    return write_table(table, Path(out) / f"{name}.csv", head)


def write_table(table, path, head=()):
    """Write a DataFrame as CSV with ``#`` lines at its head: beside, then renamed."""
    path = Path(path)
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
    path = Path(path)
    if not path.is_file():
        command = f"python -m ple_tutorial study {path.stem}"
        raise FileNotFoundError(f"no stored table {path.name} in the folder {path.parent.name!r}; make it with: {command}")
    return pd.read_csv(path, comment="#")


# ---- the studies -----------------------------------------------------------------------------------------------

STUDIES = {}
