"""A funnel: three tasks of a video feed whose sample spaces lie one within the other, with a known truth."""

from dataclasses import replace

import numpy as np

from ple_tutorial import checks
from ple_tutorial.data.taskdata import TaskData
from ple_tutorial.data.worlds import World, make_parts

KINDS = {"play": "binary", "watch": "regression", "like": "binary"}
MISSING = ("nested", "at random", "nothing")
MINUTES = 3.0  # the mean of ``watch``, and after how many the app asks for a like


def make_funnel(rows: int, missing: str = "nested", *, silent: int = 4, seed: int = 0) -> World:
    """Return impressions of a made-up video feed with three tasks, of which only the first has a label on every sample.

    - ``play``, binary: does the user play the video? Its sample space are all impressions.
    - ``watch``, regression: how many minutes are watched, 3 in the mean. Its sample space are the plays.
    - ``like``, binary: does the user like it? The app asks after three minutes, so its sample space lies within the plays.

    The three share half of what there is to learn (``make_parts``). Whether a sample lies in a task's sample space depends on
    the features, but the label to be expected does not depend on whether it does: ``expected`` holds on all samples.

    Args:
        rows: number of impressions.
        missing: which labels are missing: ``nested``, as above; ``at random``, the same numbers of labels, on samples
            drawn at random (a control); ``nothing``, all tasks have all labels.
        silent: number of features that say nothing.
        seed: of all random draws.

    Raises:
        ValueError, TypeError: an argument that does not fit, named.

    Source: the nested sample spaces of the PLE paper, section 4.3, Figure 6.

    Example:
        >>> world = make_funnel(1000)
        >>> mask = world.data.mask
        >>> int(mask["play"].sum()), bool((mask["like"] <= mask["watch"]).all())
        (1000, True)
    """
    rows, seed = checks.count("rows", rows), checks.count("seed", seed, 0)
    checks.choice("missing", missing, MISSING)
    chances = {"play": 0.4, "watch": 0.5, "like": 0.3}
    world = make_parts(rows, 0.5, tasks=KINDS, silent=silent, positive_rate=chances, seed=seed)
    labels = world.data.labels | {"watch": MINUTES + world.data.labels["watch"]}
    play = labels["play"] == 1
    mask = {"play": np.ones(rows, bool), "watch": play, "like": play & (labels["watch"] > MINUTES)}
    if missing == "nothing":
        mask = {}
    elif missing == "at random":
        order = np.random.default_rng([seed, 11]).permutation(rows)
        mask = {task: order < space.sum() for task, space in mask.items()}
    data = TaskData(world.data.features, labels, KINDS, mask)
    return replace(world, data=data, expected=world.expected | {"watch": MINUTES + world.expected["watch"]})
