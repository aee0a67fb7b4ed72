"""The check of exercise 11.4: a place where hard sharing has less error than PLE."""

import functools
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ple_tutorial.exercises.answers import kind
from ple_tutorial.exercises.register import exercise
from ple_tutorial.study import worlds
from ple_tutorial.study.duel import CHANGES, REGION, ROWS, duel

PLACE = ("region", "rows", "budget", "labels", "strength", "own")  # and "shuffled", where the context is hidden
MODELS = ("hard-sharing", "ple")
SEEDS = (0, 1, 2)
NEAR = 0.05  # the share by which the error of a trial that is run again may differ


@exercise("11.4")
def _a_place_of_your_own(answer):
    """The table of a duel of one setting, in which hard sharing has less error than PLE on each of three seeds."""
    if wrong := _form_mistake(answer):
        return wrong
    scored = [f"{task}/excess" for task in worlds.REGIONS[answer["region"].iloc[0]].scored]
    errors = answer[answer["architecture"].isin(MODELS) & answer["seed"].isin(SEEDS)]
    values = errors[[*scored, "mean/excess"]].to_numpy(float)
    if not (np.isfinite(values) & (values > 0)).all():
        return "an error is missing or not above 0: hand in the table as `duel` returns it"
    means = np.exp(np.log(values[:, :-1]).mean(axis=1))
    if not np.allclose(means, values[:, -1], rtol=0.01):
        return "'mean/excess' is not the geometric mean of the tasks' errors: hand in the table as `duel` returns it"
    hard, ple = (errors.set_index(["architecture", "seed"])["mean/excess"][name] for name in MODELS)
    if ahead := [seed for seed in SEEDS if ple[seed] <= hard[seed]]:
        said = ", and ".join(
            f"on seed {seed} PLE's error is {ple[seed]:.4f} and hard sharing's {hard[seed]:.4f} "
            f"({100 - 100 * ple[seed] / hard[seed]:.0f} % less for PLE)"
            for seed in ahead
        )
        return f"hard sharing is not ahead on each seed: {said}"
    again = _error_again(*_setting(answer))
    if abs(hard[0] / again - 1) > NEAR:
        return (
            f"hard sharing on seed 0, run again on this place, has an error of {again:.4f}, but the table says {hard[0]:.4f}: "
            "hand in the table as `duel` returns it"
        )
    return None


def _form_mistake(answer):
    """Return why an answer is not the table of a duel of one setting with both models on each seed, or None."""
    wanted = "hand in the table that `duel` returns"
    if callable(getattr(answer, "savefig", None) or getattr(answer, "get_figure", None)):
        return f"that is a drawing; {wanted}, before it is drawn"
    if isinstance(answer, Mapping):
        settings = all(isinstance(value, Mapping) for value in answer.values())
        return f"{'those are the settings' if settings else 'this is a dict'}; {wanted} for one setting"
    if not isinstance(answer, pd.DataFrame):
        return f"{wanted}; this is {kind(answer)}"
    columns = ("architecture", "setting", "seed", *PLACE, "mean/excess")
    if missing := [name for name in columns if name not in answer]:
        return f"{wanted} as it is, one row a trial; yours has no column {missing[0]!r}"
    settings = list(answer["setting"].unique())
    if len(settings) != 1:
        return f"one setting, please; the table has {len(settings)}: {', '.join(map(str, settings)) or 'no rows'}"
    if mixed := [name for name in (*PLACE, "shuffled") if name in answer and answer[name].nunique(dropna=False) > 1]:
        values = ", ".join(map(str, answer[mixed[0]].unique()))
        return f"all trials should be of one place, but {mixed[0]!r} differs among them: {values}"
    if answer["region"].iloc[0] not in (REGION, "crowded") or answer["rows"].iloc[0] != ROWS:
        return f"a duel is run on {ROWS} rows of the world with a routing table; {wanted} as it is"
    for name in MODELS:
        seeds = list(answer.loc[answer["architecture"] == name, "seed"])
        if not seeds:
            found = ", ".join(map(str, answer["architecture"].unique()))
            return f"the table has no trial of {name!r}, only of {found}: compare both models"
        if missing := [seed for seed in SEEDS if seed not in seeds]:
            return f"the table has no trial of {name!r} on seed {missing[0]}: run seeds 0, 1 and 2"
        if len(set(seeds)) < len(seeds):
            return f"a seed is there twice for {name!r}: {wanted} of one run"
    tasks = worlds.REGIONS[answer["region"].iloc[0]].scored
    lost = [f"{task}/excess" for task in tasks if f"{task}/excess" not in answer]
    return f"{wanted} as it is, one row a trial; yours has no column {lost[0]!r}" if lost else None


def _setting(runs):
    """Return the budget and the changes, as pairs, of the one place of a table."""
    first = runs.iloc[0]
    changes = {name: first[name] for name in CHANGES if name in runs}
    changes = {name: value.item() if hasattr(value, "item") else value for name, value in changes.items()}
    return int(first["budget"]), (*changes.items(), ("loud", first["region"] == "crowded"))


@functools.cache
def _error_again(budget, changes):
    """Return the error of hard sharing on seed 0, trained again on this place."""
    runs = duel({"again": dict(changes)}, models=MODELS[:1], seeds=SEEDS[:1], budget=budget)
    return float(runs["mean/excess"].iloc[0])
