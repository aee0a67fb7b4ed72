"""What lies between the stored tables and the plots: numbers of figures that show no stored study, and what plots take."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ple_tutorial import plots
from ple_tutorial.budget import cost
from ple_tutorial.data.synthetic import Sines, label_correlation
from ple_tutorial.diagnostics import reach_by_table
from ple_tutorial.metrics import gain_table
from ple_tutorial.routing import ONE_LEVEL, Routing, routing
from ple_tutorial.study import FAMILY, STUDIES, worlds
from ple_tutorial.study.protocol import with_mean_excess
from ple_tutorial.study.regimes import NAMES
from ple_tutorial.study.results import seed_gains, stored, with_mean_mse
from ple_tutorial.study.verdicts import verdicts

# ---- the numbers of figures that show no stored study ------------------------------------------------------------


def mixers(table):
    """Return one row for each mixer of a routing table: what it sees, and how it mixes."""
    rows = []
    for number, level in enumerate(table.levels, 1):
        for stream, mixer in level.mixers.items():
            seen = " ".join(table.expert_names(number, stream))
            rows.append({"level": number, "stream": stream, "mixer": mixer.how, "experts": seen, "reads": mixer.reads})
    return pd.DataFrame(rows)


def family(tasks: Sequence[str] = ("a", "b"), levels: int = 2) -> dict[str, Routing]:
    """Return the routing tables of the ten architectures.

    Args:
        tasks: names of the tasks.
        levels: of each architecture that can have several; the others have one.

    >>> {name: len(table.levels) for name, table in family().items() if name in ("mmoe", "ple")}
    {'mmoe': 1, 'ple': 2}
    """
    counts = {"mmoe": {"shared_experts": 3}, "ml-mmoe": {"shared_experts": 3}}
    return {
        name: routing(name, tasks, levels=1 if name in ONE_LEVEL else levels, **counts.get(name, {"shared_experts": 1}))
        for name in FAMILY
    }


def family_numbers():
    """Return the mixers of the ten routing tables, one row each."""
    tables = [mixers(table).assign(architecture=name) for name, table in family().items()]
    return pd.concat(tables)[["architecture", "level", "stream", "mixer", "experts", "reads"]]


def reach_numbers():
    """Return whose loss reaches which group of experts, from the ten tables; ML-MMoE's upper experts count as one group."""
    rows = {}
    for name, table in family().items():
        reached = reach_by_table(table)
        for number, level in enumerate(table.levels, 1):
            for group in sorted(level.experts, key=lambda name: (name == "b", name != "a")):  # a, shared, b, as drawn
                for loss in table.tasks:
                    key = (name, loss, number, "shared" if group.startswith("shared") else group)
                    part = f"level{number} {group} experts"
                    rows[key] = rows.get(key, False) or bool(part in reached and reached.loc[loss, part])
    return pd.DataFrame([(*key, value) for key, value in rows.items()], columns=[*REACH_KEYS, "reached"])


REACH_KEYS = ("architecture", "loss", "level", "group")


def cost_numbers():
    """Return parameters and FLOPs of the models of the studies ``family_structure`` and ``family_budget``."""
    rows = []
    for size, study in (("structure", "family_structure"), ("budget", "family_budget")):
        for name in FAMILY:
            settings = STUDIES[study].models[name]
            widths = {key: settings[key] for key in ("expert_units", "tower_units")}
            counts = {k: v for k, v in settings.items() if k not in (*widths, "activation", "architecture")}
            spent = cost(routing(name, ["a", "b"], **counts), features=32, **widths)
            units = " | ".join(" ".join(map(str, level)) for level in widths["expert_units"])
            tower = " ".join(map(str, widths["tower_units"]))
            row = {"architecture": name, "size": size, "expert_units": units, "tower_units": tower}
            rows.append(row | {"parameters": spent.parameters, "flops": spent.flops})
    return pd.DataFrame(rows)


def label_correlation_numbers():
    """Return the correlation of two tasks' labels along the dial, for forty draws of the sines."""
    draws = {draw: Sines.draw(10, draw) for draw in range(40)}
    dial = np.round(np.linspace(-1, 1, 41), 2)
    # Rounded, since what is left of a zero differs from one processor to the next.
    rows = [(p, draw, round(label_correlation(s, s, p, noise=0.1), 9) + 0.0) for draw, s in draws.items() for p in dial]
    return pd.DataFrame(rows, columns=["correlation", "draw", "pearson"])


def transfer_numbers():
    """Return what hard sharing gains on each seed with unrelated and with identical tasks."""
    gains = seed_gains(with_mean_mse(stored("dial")), "mean/mse", by=["correlation"])
    return gains[(gains["architecture"] == "hard-sharing") & gains["correlation"].isin([0.0, 1.0])]


def speed_numbers():
    """Return the samples per second of all contenders for the three networks of the benchmark."""
    networks = pd.concat([stored(f"bench_{network}") for network in ("listing", "trial", "paper")])
    ends = [f"samples_per_second{end}" for end in ("", "_min", "_max")]
    return networks[["network", "batch", "contender", *ends]].dropna()


# ---- from stored studies to what their plots take ----------------------------------------------------------------


def plot_dial(runs):
    """Plot the runs of a study of the dial."""
    runs = with_mean_mse(runs)
    gains = gain_table(runs, "mean/mse", by=["correlation"])
    return plots.gains.gain_over_dial(gains, seed_gains(runs, "mean/mse", by=["correlation"]))


def plot_utilisation(summary):
    """Plot means over seeds, but of one seed for MMoE: no expert is its own in all seeds, so that their means are alike."""
    keys = ["architecture", "correlation", "level", "gate", "expert"]
    summary = summary[(summary["architecture"] != "mmoe") | (summary["seed"] == 0)]
    means = summary.groupby(keys, sort=False)[["mean", "std"]].mean().reset_index()
    label = means["architecture"].map(
        lambda name: plots.ARCHITECTURES[name][0] + (" (one seed)" if name == "mmoe" else "")
    )
    row = means["correlation"].map(lambda p: f"correlation {p:g}")
    return plots.gates.gate_bars(means.assign(row=row, column=label))


def plot_violins(samples):
    """Plot the gate weights of samples, with the level in the name of a gate of PLE."""
    levels = samples["gate"] + " " + samples["level"].astype(str)
    return plots.gates.gate_violins(
        samples.assign(gate=samples["gate"].where(samples["architecture"] != "ple", levels))
    )


def plot_census(runs):
    """Plot the runs of the census."""
    metrics = {"income/auc": "AUC of income", "never_married/auc": "AUC of never_married"}
    strips = {"numbers": "amounts as numbers", "codes": "amounts as codes, too"}
    return plots.scores.score_strip(runs, metrics, "amounts", strips)


def plot_causes(runs):
    """Plot how every variant of the gates stands to the single-task model in the study ``causes``."""
    ratios = verdicts(with_mean_excess(runs, tuple(worlds.FOUR)), "mean/excess", ["world", "silent"])
    return plots.ratios_over_noise(ratios, {world: NAMES[world] for world in runs["world"].unique()})
