"""The check of exercise 02.4: a study of your own, and the claim that it allows."""

import pandas as pd

from ple_tutorial.exercises.answers import as_dict, kind, plain_word
from ple_tutorial.exercises.register import exercise
from ple_tutorial.metrics import mtl_gain


@exercise("02.4")
def _a_study_of_your_own(answer):
    """Paired runs of two models at one place of the dial, and the claim that their interval allows."""
    given = as_dict(answer, ("runs", "claim"))
    runs, claim = given["runs"], plain_word(given["claim"])
    if not isinstance(runs, pd.DataFrame):
        return f"'runs' should be the table that study.trials returns, but it is {kind(runs)}"
    if missing := [name for name in ("architecture", "correlation", "seed", "a/mse", "b/mse") if name not in runs]:
        return f"'runs' should be the table that study.trials returns, one row a trial; it has no column {missing[0]!r}"
    architectures = sorted(set(runs["architecture"]))
    if architectures != ["hard-sharing", "single-task"]:
        return f"the study compares hard-sharing with single-task, but the runs are of {', '.join(architectures)}"
    if set(runs["correlation"]) != {0.5}:
        return f"the dial should be at 0.5 in every run, but it is at {sorted(set(runs['correlation']))}"
    seeds = {name: sorted(rows["seed"]) for name, rows in runs.groupby("architecture")}
    if any(len(set(of_one)) < len(of_one) for of_one in seeds.values()):
        return "a seed is there twice for the same model: each pair counts once"
    if seeds["hard-sharing"] != seeds["single-task"]:
        return "the two models have different seeds, so the runs are not paired"
    if len(seeds["single-task"]) < 8:
        return f"there are {len(seeds['single-task'])} pairs; run at least 8"
    if min(seeds["single-task"]) < 200:
        return f"seed {min(seeds['single-task'])} is below 200: use seeds that this chapter has not used"
    mse = runs.assign(mean=(runs["a/mse"] + runs["b/mse"]) / 2).pivot(
        index="seed", columns="architecture", values="mean"
    )
    if not mse.stack().between(0.2, 1.6).all():
        return "errors below 0.2 (the noise has 0.25) or above 1.6 do not come from this study: hand in its runs as they are"
    gain = mtl_gain("mse", mse["hard-sharing"], mse["single-task"])
    if gain.low == gain.high:
        return "every pair has the same gain: two models that were trained on eight seeds do not do that"
    near = 0.05 * (gain.high - gain.low)  # another bootstrap may move the ends by this much
    allowed = {
        name
        for name, holds in {
            "gain": gain.low > -near,
            "loss": gain.high < near,
            "open": gain.low < near and gain.high > -near,
        }.items()
        if holds
    }
    if claim in allowed:
        return None
    interval = f"the interval of the gain in your runs is [{gain.low:+.4f}, {gain.high:+.4f}]"
    if claim not in ("gain", "loss", "open"):
        return f"the claim is one of 'gain', 'loss' and 'open', not {given['claim']!r}"
    if claim == "open":
        return f"{interval} and does not contain zero: that allows a claim"
    if allowed == {"open"}:
        side = "gain" if gain.mean > 0 else "loss"
        said = f"the mean is a {side}, but " if claim == side else ""
        return f"{said}{interval}, which contains zero: these runs leave it open"
    return f"{interval}: the sign is reversed (a lower error is a gain)"
