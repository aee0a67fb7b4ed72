"""The family: the ten architectures of the PLE paper, with layers of equal width and with equal numbers of parameters."""

from ple_tutorial.budget import equal_budget
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import PAIR
from ple_tutorial.routing import ONE_LEVEL, Level, Mixer, Routing
from ple_tutorial.study.dial import dial_data, with_constant_feature
from ple_tutorial.study.engine import Study


def family_model(architecture: str, widths: tuple[int, int, int] = (32, 16, 8)) -> dict:
    """Return the arguments of ``build_model`` for an architecture in the structure of the PLE paper.

    That structure has three layers; here they are an eighth as wide as the paper's 256, 128 and 64. Architectures with two levels
    have experts on both and a tower of one layer; those with one level have a tower of two layers. Each task's gate sees three
    experts. A sluice network's columns have two sub-spaces each, and are as wide on the second level as on the first, since its
    towers read both.

    Args:
        architecture: its name.
        widths: units of the three layers.

    Source: PLE paper, section 5.1.2; its Figure 1 shows which layer is an expert and which a tower.

    Example:
        >>> family_model("ple")["expert_units"], family_model("mmoe")["expert_units"]
        (((32,), (16,)), ((32,),))
    """
    first, second, third = widths
    units, tower = (((first,),), (second, third)) if architecture in ONE_LEVEL else (((first,), (second,)), (third,))
    if architecture == "sluice":
        units = ((first // 2,), (first // 2,))
    settings = {"architecture": architecture, "levels": len(units), "expert_units": units, "tower_units": tower}
    counts = {"shared_experts": 3} if architecture in ("mmoe", "ml-mmoe") else {"shared_experts": 1, "task_experts": 2}
    return settings | counts | {"activation": "swish"}


def family_data(seed: int, correlation: float, rows: int = 4096) -> tuple[TaskData, TaskData, TaskData]:
    """Return the data of ``dial_data`` with a validation part of 4,096 rows for early stopping.

    Example:
        >>> [len(part) for part in family_data(seed=0, correlation=0.5, rows=256)]
        [256, 4096, 8192]
    """
    both, _, test = dial_data(seed, correlation, rows + 4096)
    return both.take(slice(0, rows)), both.take(slice(rows, None)), test


def scored_on(seed: int, correlation: float, scored: str) -> tuple[TaskData, TaskData, TaskData]:
    """Return the data of ``family_data`` with the training part (``scored="train"``) or the test part as the test part."""
    train, valid, test = family_data(seed, correlation)
    return train, valid, {"train": train, "test": test}[scored]


def with_constant(seed: int, correlation: float) -> tuple[TaskData, TaskData, TaskData]:
    """Return the data of ``family_data`` with one more feature, a constant 1, which gives a gate what a bias would."""
    return tuple(with_constant_feature(part) for part in family_data(seed, correlation))


# Named one by one, so that an architecture that joins the package later changes no study that is stored.
TEN = (
    "single-task", "hard-sharing", "asymmetric", "customized", "cross-stitch", "sluice", "mmoe", "ml-mmoe", "cgc", "ple",
)  # fmt: skip
FAMILY = {name: family_model(name) for name in TEN}
FAMILY_POINTS = ({"correlation": 0.0}, {"correlation": 0.5}, {"correlation": 1.0})
# Of the learning rates of the study family_rates, the one with the lower mean error over all models.
FAMILY_FIT = {"epochs": 60, "patience": 5, "batch_size": 128, "learning_rate": 3e-3}
FAMILY_BUDGET = 3458  # parameters of the single-task model of that structure, with 32 features and two tasks


def at_budget(settings: dict, parameters: int = FAMILY_BUDGET) -> dict:
    """Return the same arguments of ``build_model`` with widths that give the model this number of parameters, within 1 %."""
    found = equal_budget(
        parameters=parameters, features=32, tasks=PAIR, **{k: v for k, v in settings.items() if k != "activation"}
    )
    return settings | {"expert_units": found.expert_units, "tower_units": found.tower_units}


GATES_AND_HARD = ("hard-sharing", "mmoe", "ml-mmoe", "cgc", "ple")
FAMILY_AT_BUDGET = {name: at_budget(settings) for name, settings in FAMILY.items()}
# Controls: single-task models as small as hard sharing is at equal structure; a sluice network without its penalty, and one
# whose columns never meet, which has everything but the sharing.
NARROW = {"single-task-narrow": at_budget(FAMILY["single-task"], 1874)}
APART = Level({"a": 2, "b": 2}, {task: Mixer("stitch", (task,)) for task in ("a", "b")})
SLUICE_CONTROLS = {
    "sluice-free": FAMILY_AT_BUDGET["sluice"] | {"orthogonality": 0.0},
    "sluice-apart": FAMILY_AT_BUDGET["sluice"]
    | {"architecture": Routing("sluice-apart", ("a", "b"), (APART, APART), towers="all")},
}

STUDIES = {
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
}
