"""The papers' experiments on synthetic tasks, with paired seeds: the MMoE paper's section 3.2 and the PLE paper's Figure 7."""

import functools

import numpy as np
import pandas as pd
from scipy import stats

from ple_tutorial.data import TaskData
from ple_tutorial.data.worlds import World, make_neighbours
from ple_tutorial.study import protocol, worlds
from ple_tutorial.study.engine import Study
from ple_tutorial.study.family import family_model
from ple_tutorial.study.results import stored
from ple_tutorial.study.verdicts import verdicts

TEST = 8192
MMOE = {  # the MMoE paper: 8 experts of 16 units and towers of 8; the others have as many parameters, within 3 %
    "single-task": {"architecture": "single-task", "expert_units": (68,), "tower_units": (8,)},
    "hard-sharing": {"architecture": "hard-sharing", "expert_units": (126,), "tower_units": (8,)},
    "mmoe": {"architecture": "mmoe", "shared_experts": 8, "expert_units": (16,), "tower_units": (8,)},
    "cgc": {"architecture": "cgc", "shared_experts": 4, "task_experts": 2, "expert_units": (16,), "tower_units": (8,)},
}
PLE = {  # the PLE paper: layers of 256, 128 and 64 units, whatever that costs
    name: family_model(name, (256, 128, 64)) | {"activation": "relu"}
    for name in ("single-task", "hard-sharing", "mmoe", "ml-mmoe", "cgc", "ple")
}
PAPERS = {  # models, features, rows, epochs
    "mmoe": (MMOE, 100, 10_000, 20),
    "ple": (PLE, 512, 32_768, 6),
}
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


def paper_data(seed: int, *, paper: str, correlation: float, **_: object) -> tuple[TaskData, None, World]:
    """Return the training and test parts of a paper's data: two regressions with ten sines each, and hardly any noise.

    Args:
        seed: of everything.
        paper: ``mmoe`` (100 features) or ``ple`` (512).
        correlation: the cosine of the two tasks' directions.

    Source: MMoE paper, section 3.2; PLE paper, section 5.2.1. Neither states how the rows were split, the first not how many.

    Example:
        >>> [part and len(part) for part in paper_data(0, paper="mmoe", correlation=0.5)]
        [10000, None, 8192]
    """
    _, features, rows, _ = PAPERS[paper]
    train, test = make_neighbours(
        rows + TEST, correlation, neighbours={}, features=features, sines=10, noise=0.1, seed=seed
    ).split(rows)
    return train.data, None, test


def _with_rates(paper, rates):
    models, *_, epochs = PAPERS[paper]
    return {
        name: settings | {"fit": {"callbacks": [protocol.falling(rates[name], epochs)]}}
        for name, settings in models.items()
    }


def tried(*, paper: str, attempt: int, **_: object) -> dict[str, dict]:
    """Return the models of a paper with the learning rate of this attempt."""
    return _with_rates(paper, dict.fromkeys(PAPERS[paper][0], RATES[attempt]))


@functools.cache
def rates(paper: str) -> dict[str, float]:
    """Return the learning rate that was chosen for each model of a paper, from the stored table of its attempts."""
    best = protocol.best(stored(f"{paper}_paper_attempts"), "ab")["attempt"]
    return {name: RATES[number] for name, number in best.items()}


def chosen(*, paper: str, **_: object) -> dict[str, dict]:
    """Return the models of a paper with their chosen learning rates."""
    return _with_rates(paper, rates(paper))


def paper_runs(paper: str) -> pd.DataFrame:
    """Return the stored runs of a paper's experiment, with ``mean/excess`` over the two tasks."""
    return protocol.with_mean_excess(stored(f"{paper}_paper"), "ab")


def paper_verdicts(paper: str, baseline: str = "hard-sharing") -> pd.DataFrame:
    """Return ``verdicts.verdicts`` of every model against the baseline, by ``correlation``, from the stored table."""
    return verdicts(paper_runs(paper), "mean/excess", "correlation", baseline)


def paper_spread(paper: str, name: str = "hard-sharing", baseline: str = "mmoe") -> pd.DataFrame:
    """Return how much more a model varies from run to run than another one, at each correlation.

    Returns:
        By ``correlation``: ``ratio``, the standard deviation over runs of the logarithm of the model's error over that of the
        baseline's, and the ends ``low`` and ``high`` of its 95 % bootstrap interval (BCa, pairs drawn together).
    """
    rows = {}
    for correlation, runs in paper_runs(paper).groupby("correlation"):
        logs = np.log(runs.pivot(index="seed", columns="architecture", values="mean/excess"))

        def ratio(own, base, axis=-1):
            return own.std(axis=axis) / base.std(axis=axis)

        drawn = stats.bootstrap(
            (logs[name].to_numpy(), logs[baseline].to_numpy()), ratio, paired=True, vectorized=True, rng=0
        )
        low, high = drawn.confidence_interval
        rows[correlation] = {"ratio": ratio(logs[name].to_numpy(), logs[baseline].to_numpy()), "low": low, "high": high}
    return pd.DataFrame(rows).T.rename_axis("correlation")


def _studies(paper, correlations, seeds, batch):
    *_, epochs = PAPERS[paper]
    common = {
        "make_data": functools.partial(paper_data, paper=paper),
        "fit_settings": {"epochs": epochs, "batch_size": batch},
    }
    middle = correlations[1]
    return {
        f"{paper}_paper_attempts": Study(
            f"with seeds used for choosing only: which learning rate suits each model of the {paper.upper()} paper's experiment",
            functools.partial(tried, paper=paper),
            seeds=worlds.TRIED,
            points=tuple({"correlation": middle, "attempt": number} for number in range(len(RATES))),
            together=len(RATES) * len(worlds.TRIED),
            **common,
        ),
        f"{paper}_paper": Study(
            f"the {paper.upper()} paper's experiment on synthetic tasks, with paired seeds",
            functools.partial(chosen, paper=paper),
            seeds=seeds,
            points=tuple({"correlation": correlation} for correlation in correlations),
            together=100,
            **common,
        ),
    }


STUDIES = _studies("mmoe", (0.5, 0.9, 1.0), tuple(range(400, 600)), 128) | _studies(
    "ple", (0.2, 0.5, 1.0), tuple(range(600, 612)), 256
)
