"""Census-Income: networks of one and of two tasks, and gradient-boosted trees."""

import functools

from sklearn.ensemble import HistGradientBoostingClassifier

from ple_tutorial import checks
from ple_tutorial.data import TaskData, census
from ple_tutorial.models import build_model
from ple_tutorial.study.engine import Study, scores
from ple_tutorial.training import fit, predict

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


def census_data(seed: int, amounts: str = "numbers") -> tuple[TaskData, TaskData, TaskData]:
    """Return the three parts of the census, the same for every ``seed``.

    Args:
        seed: not used; a study asks for it.
        amounts: ``"numbers"``, or ``"codes"`` for amounts as numbers and as codes.
    """
    return _census(checks.choice("amounts", amounts, ("numbers", "codes")))


RATES = tuple(
    {"amounts": amounts, "learning_rate": rate} for amounts in ("numbers", "codes") for rate in (5e-4, 1e-3, 2e-3)
)


def census_valid(seed: int, amounts: str, learning_rate: float) -> tuple[TaskData, TaskData, TaskData]:
    """Return the data of ``census_data`` with the validation part as the test part: to choose by, not to report."""
    train, valid, _ = census_data(seed, amounts)
    return train, valid, valid


def census_single(
    train: TaskData,
    valid: TaskData,
    test: TaskData,
    seed: int,
    amounts: str = "numbers",
    learning_rate: float = CENSUS_SINGLE_FIT["learning_rate"],
    model_settings: dict = CENSUS_SINGLE,
    fit_settings: dict = CENSUS_SINGLE_FIT,
) -> dict[str, float]:
    """Train one network for each task, with nothing shared: not the embeddings, not the epoch at which training stops."""
    row = {"parameters": 0, "epochs": 0}
    for task in train.kinds:
        own, own_valid, own_test = (part.only(task) for part in (train, valid, test))
        model = build_model(**model_settings, features=own.spec, tasks=own.kinds, seed=seed)
        settings = fit_settings | {"learning_rate": learning_rate}
        history = fit(model, own, own_valid, seed=seed, show_progress=False, **settings)
        row |= {"parameters": row["parameters"] + model.count_params(), "epochs": max(row["epochs"], len(history))}
        row |= scores(own_test, predict(model, own_test))
    return row


def census_trees(
    train: TaskData, valid: TaskData, test: TaskData, seed: int, amounts: str = "numbers", settings: dict = CENSUS_TREES
) -> dict[str, float]:
    """Train one ``HistGradientBoostingClassifier`` for each task, stopped by the same validation rows as the networks.

    The column ``epochs`` holds its number of trees.
    """
    row, predictions = {"epochs": 0}, {}
    features, codes = census.for_trees(train)
    valid_features, test_features = census.for_trees(valid)[0], census.for_trees(test)[0]
    for task in train.kinds:
        trees = HistGradientBoostingClassifier(**settings, categorical_features=codes, random_state=seed)
        trees.fit(features, train.labels[task], X_val=valid_features, y_val=valid.labels[task])
        row["epochs"] = max(row["epochs"], trees.n_iter_)
        predictions[task] = trees.predict_proba(test_features)[:, 1]
    return row | scores(test, predictions)


STUDIES = {
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
