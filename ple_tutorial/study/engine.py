"""The engine of studies: a grid of independent trials, run by several processes or machines, becomes one table.

A trial is one model on one data set with one random seed. The seed decides the data (sines, directions, features, noise), the
initial weights and the order of the batches, so that two architectures with the same seed are a pair.
"""

import contextlib
import copy
import functools
import itertools
import json
import os
import socket
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from ple_tutorial import checks
from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World
from ple_tutorial.gates import gate_weights, summarise
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.progress import bar
from ple_tutorial.study.fingerprint import made_with
from ple_tutorial.training import fit, predict

RECORDS = ("scores", "gates", "gate samples")
PATIENCE = 10  # seconds to wait for an answer of a scheduler
PAUSE = 1  # seconds between two looks of a worker at whether the process that started it is still there


@dataclass(frozen=True)
class Study:
    """A grid: every model on every point with every seed.

    Attributes:
        question: what the study is to answer.
        models: ``{name: arguments of build_model other than features, tasks and seed}``; a further one, ``fit``, has arguments of
            ``fit`` for this model alone. Or a function of the point that returns such a dict, with the same names on each point.
        make_data: ``make_data(seed, **point)`` -> ``(train, valid or None, test)``, all ``TaskData``; the test part may be a
            ``World``, and is then scored against its truth, too.
        seeds: whole numbers.
        points: the grid, a list of dicts; their keys become columns of the table.
        fit_settings: further arguments of ``fit``; or a function of the point that returns them.
        others: learners that are compared with the models: ``{name: function}``. ``function(train, valid, test, seed, **point)``
            returns the rest of the row as a dict. Only where ``record`` is ``scores``.
        record: what a trial leaves in the table: its ``scores``; its ``gates``, summarised over the test data; or
            ``gate samples``, the gate weights on the first 200 test samples.
        together: how many trials of one model a process takes at a time. It compiles the model for all of them once, and they are
            stored when the last has ended.

    Example:
        >>> from ple_tutorial.study import dial_data
        >>> models = {"hard": {"architecture": "hard-sharing", "expert_units": (8,)}}
        >>> study = Study("does it learn?", models, dial_data, seeds=(0, 1), points=({"correlation": 0.5},))
        >>> [(trial.architecture, trial.point, trial.seed) for trial in study.trials()]
        [('hard', {'correlation': 0.5}, 0), ('hard', {'correlation': 0.5}, 1)]
    """

    question: str
    models: dict[str, dict] | Callable[..., dict[str, dict]]
    make_data: Callable[..., tuple[TaskData, TaskData | None, TaskData]]
    seeds: Sequence[int]
    points: Sequence[dict] = ({},)
    fit_settings: dict | Callable[..., dict] = field(default_factory=dict)
    others: dict[str, Callable[..., dict]] = field(default_factory=dict)
    record: str = "scores"
    together: int = 1

    def __post_init__(self):
        for name, kind in (("models", dict), ("others", dict), ("seeds", (tuple, list)), ("points", (tuple, list))):
            if name == "models" and callable(self.models):
                continue
            if not isinstance(getattr(self, name), kind):
                expected = "a dict" if kind is dict else "a tuple"
                checks.refuse(name, expected, repr(getattr(self, name)), TypeError)
        if not callable(self.make_data):
            checks.refuse("make_data", "a function of a seed and a point", repr(self.make_data), TypeError)
        checks.choice("record", self.record, RECORDS)
        checks.count("together", self.together)

    def models_at(self, point: dict) -> dict[str, dict]:
        """Return the models at a point of the grid."""
        return self.models(**point) if callable(self.models) else self.models

    def settings_at(self, point: dict) -> dict:
        """Return the further arguments of ``fit`` at a point of the grid."""
        return self.fit_settings(**point) if callable(self.fit_settings) else self.fit_settings

    def trials(self) -> list["Trial"]:
        """Return all trials in the order of the table: by model (then learner), point and seed.

        Raises:
            ValueError: a study without a model or learner, without a point, or without a seed; other models on one point than on
                another.
        """
        seeds = [checks.count("seeds", seed, 0) for seed in self.seeds]
        at = [(point, self.models_at(point) | self.others, self.settings_at(point)) for point in self.points]
        names = list(at[0][1]) if at else []
        if not (names and seeds):
            checks.refuse("study", "at least one model, point and seed", "none")
        for point, models, _ in at:
            if taken := {"architecture", "seed", "parameters", "epochs"} & set(point):
                checks.refuse("points", "other names than those of the table's own columns", sorted(taken))
            if set(models) != set(names):
                checks.refuse("models", f"the models {names} on each point", f"{list(models)} at {point}")
        return [
            Trial(name, models[name], point, seed, self.make_data, {} if name in self.others else settings, self.record)
            for name in names
            for point, models, settings in at
            for seed in seeds
        ]


@dataclass(frozen=True)
class Trial:
    """One model, or one other learner, on one data set with one random seed; the attributes are those of ``Study``.

    Attributes:
        architecture: the name of the model or learner in the table.
        how: the arguments of ``build_model``; or the learner, a function.
    """

    architecture: str
    how: dict | Callable[..., dict]
    point: dict
    seed: int
    make_data: Callable
    fit_settings: dict
    record: str

    def run(self) -> list[dict]:
        """Train and test; return the rows for the table, each a dict without the model's name, the point and the seed."""
        train, valid, test = self.make_data(self.seed, **self.point)
        if callable(self.how):
            return [self.how(train, valid, test, self.seed, **self.point)]
        arguments = {name: value for name, value in self.how.items() if name != "fit"}
        model = build_model(**arguments, features=train.spec, tasks=train.kinds, seed=self.seed)
        settings = self.fit_settings | self.how.get("fit", {})
        settings |= {"callbacks": [copy.copy(one) for one in settings.get("callbacks", ())]}  # they keep the model
        history = fit(model, train, valid, seed=self.seed, show_progress=False, **settings)
        rows = test.data if isinstance(test, World) else test
        if self.record == "scores":
            row = {"parameters": model.count_params(), "epochs": len(history)}
            return [row | scores(test, predict(model, rows))]
        return _gate_table(model, rows, self.record).to_dict("records")


class TrialStore(Protocol):
    """Where ``trials`` looks for finished trials and stores each one as it ends; ``store.StoredTrials`` is one."""

    def load(self, trial: Trial) -> dict | None: ...

    def save(self, trial: Trial, outcome: dict): ...


def trials(
    study: Study,
    workers: int = 1,
    show_progress: bool = True,
    *,
    scheduler: str | None = None,
    stored: TrialStore | None = None,
) -> pd.DataFrame:
    """Run all trials of a study and return its table, which does not depend on the number of workers.

    Args:
        study: the grid.
        workers: processes on this machine. Each compiles a model once for all its seeds, and has its share of the cores unless
            the environment sets ``TF_NUM_INTRAOP_THREADS``.
        show_progress: whether to show a bar that counts the trials and estimates the time left.
        scheduler: the address of a Dask scheduler, ``"tcp://HOST:8786"``; its workers then run the trials.
        stored: where to look for the trials that an earlier run has finished and to store each one as it ends, a
            ``store.StoredTrials``; nothing is stored without it.

    Returns:
        One row for each trial: ``architecture``, the point, ``seed``, ``parameters``, ``epochs`` (as trained) and
        ``{task}/{metric}`` on the test data. For ``gates`` one row for each gate and expert, as in ``gates.summarise``; for
        ``gate samples`` one for each sample as well; both with the same first columns. A trial that failed is a row
        with the column ``error``; a warning says how many did.

    Raises:
        ValueError: a study without a model (or other learner), a point or a seed; a study of which every trial failed; no
            scheduler at the address.
        RuntimeError: a worker with other versions of the packages or other code than this process.

    Example:
        >>> from ple_tutorial.study import dial_data
        >>> models = {"hard": {"architecture": "hard-sharing", "expert_units": (8,)}}
        >>> points = ({"correlation": 0.5, "rows": 256},)
        >>> table = trials(Study("does it learn?", models, dial_data, (0, 1), points, {"epochs": 1}))
        >>> list(table.columns)
        ['architecture', 'correlation', 'rows', 'seed', 'parameters', 'epochs', 'a/mse', 'b/mse']
    """
    workers = checks.count("workers", workers)
    if not isinstance(study, Study):
        checks.refuse("study", "a Study", repr(study), TypeError)
    grid = study.trials()
    outcomes = [stored.load(trial) if stored else None for trial in grid]
    missing = [number for number, outcome in enumerate(outcomes) if outcome is None]
    label = "trials" if len(missing) == len(grid) else f"trials ({len(grid) - len(missing)} were stored)"
    if missing:
        with _processes(workers, scheduler) as parallel:
            results = parallel(
                delayed(_outcomes)([(number, grid[number]) for number in group], made_with(), os.getpid())
                for group in _groups(grid, missing, study.together)
            )
            results = itertools.chain.from_iterable(results)
            for number, outcome in bar(results, total=len(missing), label=label, show=show_progress):
                outcomes[number] = outcome
                if stored:
                    stored.save(grid[number], outcome)
    return _table(grid, outcomes)


def _groups(grid, missing, together):
    """Yield lists of at most ``together`` of the missing numbers, each of trials of one model."""
    for _, numbers in itertools.groupby(missing, key=lambda number: grid[number].architecture):
        numbers = list(numbers)
        yield from (numbers[first : first + together] for first in range(0, len(numbers), together))


def _outcomes(trials, expected, parent):
    """Run trials in a worker: the number of each, and its rows or its error as JSON would give them back."""
    _end_with(parent)
    if made_with() != expected:
        raise RuntimeError(f"the worker on {socket.gethostname()} has {made_with()}, expected {expected} as here")
    return [(number, _outcome(trial)) for number, trial in trials]


def _outcome(trial):
    try:
        return {"rows": json.loads(json.dumps(trial.run(), default=lambda number: number.item())), "error": None}
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return {"rows": [{}], "error": text, "traceback": traceback.format_exc()}


@functools.cache
def _end_with(parent):
    """End this process soon after the one that started it, if that is ``parent``, has ended, even if it was killed."""

    def watch():
        while os.getppid() == parent:
            time.sleep(PAUSE)
        os._exit(1)

    if os.getppid() == parent:
        threading.Thread(target=watch, daemon=True).start()


def _table(grid, outcomes):
    failed = [outcome["error"] for outcome in outcomes if outcome["error"]]
    if len(failed) == len(grid):
        checks.refuse(
            "study", "at least one trial that does not fail", f"{len(failed)} that fail, the first with {failed[0]}"
        )
    if failed:
        warnings.warn(f"{len(failed)} of {len(grid)} trials failed, the first with {failed[0]}", stacklevel=3)
    rows = [
        {"architecture": trial.architecture, **trial.point, "seed": trial.seed, **row}
        | ({"error": outcome["error"]} if outcome["error"] else {})
        for trial, outcome in zip(grid, outcomes, strict=True)
        for row in outcome["rows"]
    ]
    table = pd.DataFrame(rows)
    return table[[name for name in table.columns if name != "error"] + ["error"] * bool(failed)]


@contextlib.contextmanager
def _processes(workers, scheduler):
    """Lend a joblib ``Parallel`` that returns each result as soon as it is there."""
    settings = {"batch_size": 1, "return_as": "generator_unordered"}
    if scheduler is None:
        with _threads(max(1, (os.cpu_count() or 1) // workers)):
            yield Parallel(n_jobs=workers, **settings)
        return
    with client(scheduler) as connected, parallel_config("dask", client=connected, wait_for_workers_timeout=60):
        yield Parallel(pre_dispatch="all", **settings)


def client(scheduler: str):
    """Return a Dask client that is connected to the scheduler at this address.

    Raises:
        ValueError: nobody answers at that address, or the package ``distributed`` is not installed.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "scheduler: a cluster needs Dask; install it with: pip install distributed"
        ) from error
    try:
        return distributed.Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        expected = "the address of a Dask scheduler that is running, such as tcp://127.0.0.1:8786"
        checks.refuse("scheduler", expected, f"{scheduler!r} ({error})")


@contextlib.contextmanager
def _threads(count):
    """Set the number of TensorFlow's threads for processes that start inside the block; this process is not changed."""
    before = dict(os.environ)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(count))
    try:
        yield
    finally:
        for name in os.environ.keys() - before:
            del os.environ[name]


def scores(test: TaskData | World, predictions: dict[str, np.ndarray]) -> dict[str, float]:
    """Return ``{"task/metric": value}`` on the test data, as the columns of a table; of a ``World`` also the excess error."""
    data, expected = (test.data, test.expected) if isinstance(test, World) else (test, None)
    return {f"{task}/{metric}": value for (task, metric), value in evaluate(data, predictions, expected).items()}


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
