"""The figures by name: how the numbers of each are made, and which plot draws them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ple_tutorial import checks, plots
from ple_tutorial.budget import cost
from ple_tutorial.data.synthetic import Sines, label_correlation
from ple_tutorial.diagnostics import reach_by_table
from ple_tutorial.metrics import gain_table
from ple_tutorial.routing import ONE_LEVEL, routing
from ple_tutorial.study import FAMILY, STUDIES
from ple_tutorial.study.results import STORED, family_runs, seed_gains, seesaw_points, stored, with_mean_mse
from ple_tutorial.tables import replacing, rounded, write_table


@dataclass(frozen=True)
class Recipe:
    """How a figure is made: ``numbers()`` -> a DataFrame, ``plot(numbers)`` -> a Figure; ``alt`` says what it shows."""

    numbers: callable
    plot: callable
    alt: str


def numbers(name):
    """The numbers of the figure ``name``."""
    return FIGURES[checks.choice("figure", name, tuple(FIGURES))].numbers()


def show(name):
    """Draw the figure ``name`` and display it in a notebook with its alt text."""
    recipe = FIGURES[checks.choice("figure", name, tuple(FIGURES))]
    plots.show(recipe.plot(recipe.numbers()), recipe.alt)


def draw(names=None, out=STORED):
    """Write NAME.png, NAME.svg and NAME.csv of the named figures (all if none is named) into the folder ``out``.

    Returns:
        The paths written.

    Raises:
        ValueError: an unknown figure; the known ones and the nearest match are named.
    """
    names = checks.row("names", list(FIGURES) if names is None else names, "a list of figures")
    names = [checks.choice("figure", name, tuple(FIGURES)) for name in names]
    out = Path(checks.path("out", out))
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in names:
        table = FIGURES[name].numbers()
        fig = FIGURES[name].plot(table)
        for ending, data in ((".png", plots.to_png(fig)), (".svg", plots.to_svg(fig))):
            paths.append(out / (name + ending))
            with replacing(paths[-1]) as beside:
                beside.write_bytes(data)
        paths.append(out / f"{name}.csv")
        if name not in STUDIES:
            write_table(
                rounded(table.reset_index(drop=True)),
                paths[-1],
                [f"made by: python -m ple_tutorial figures --only {name}"],
            )
        elif out.resolve() != STORED:
            shutil.copyfile(STORED / f"{name}.csv", paths[-1])
    return paths


# ---- numbers ---------------------------------------------------------------------------------------------------


def _mixers(table):
    """One row for each mixer of a routing table: what it sees, and how it mixes."""
    rows = []
    for number, level in enumerate(table.levels, 1):
        for stream, mixer in level.mixers.items():
            seen = " ".join(table.expert_names(number, stream))
            rows.append({"level": number, "stream": stream, "mixer": mixer.how, "experts": seen, "reads": mixer.reads})
    return pd.DataFrame(rows)


def family(tasks=("a", "b"), levels=2):
    """The ten routing tables, ``{architecture: Routing}``: with ``levels`` where it may have several, otherwise with one."""
    counts = {"mmoe": {"shared_experts": 3}, "ml-mmoe": {"shared_experts": 3}}
    return {
        name: routing(name, tasks, levels=1 if name in ONE_LEVEL else levels, **counts.get(name, {"shared_experts": 1}))
        for name in FAMILY
    }


def _family_numbers():
    tables = [_mixers(table).assign(architecture=name) for name, table in family().items()]
    return pd.concat(tables)[["architecture", "level", "stream", "mixer", "experts", "reads"]]


def _reach_numbers():
    """Whose loss reaches which group of experts, read off the ten tables; ML-MMoE's upper experts stand as one group."""
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


def _cost_numbers():
    """Parameters and FLOPs of the models of the studies ``family_structure`` and ``family_budget``."""
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


def _family_gains():
    gains = gain_table(with_mean_mse(family_runs()), "mean/mse", by=["correlation", "size"])
    return gains.reset_index().round(6)


def _label_correlation_numbers():
    draws = {draw: Sines.draw(10, draw) for draw in range(40)}
    dial = np.round(np.linspace(-1, 1, 41), 2)
    rows = [(p, draw, label_correlation(s, s, p, noise=0.1)) for draw, s in draws.items() for p in dial]
    return pd.DataFrame(rows, columns=["correlation", "draw", "pearson"])


def _plot_dial(runs):
    runs = with_mean_mse(runs)
    gains = gain_table(runs, "mean/mse", by=["correlation"])
    return plots.gain_over_dial(gains, seed_gains(runs, "mean/mse", by=["correlation"]))


def _plot_utilisation(summary):
    """Means over seeds, but for MMoE one seed: its experts have no identity, and averaged over seeds they are all alike."""
    keys = ["architecture", "correlation", "level", "gate", "expert"]
    summary = summary[(summary["architecture"] != "mmoe") | (summary["seed"] == 0)]
    means = summary.groupby(keys, sort=False)[["mean", "std"]].mean().reset_index()
    label = means["architecture"].map(
        lambda name: plots.ARCHITECTURES[name][0] + (" (one seed)" if name == "mmoe" else "")
    )
    row = means["correlation"].map(lambda p: f"correlation {p:g}")
    return plots.gate_bars(means.assign(row=row, column=label))


def _plot_violins(samples):
    levels = samples["gate"] + " " + samples["level"].astype(str)
    return plots.gate_violins(samples.assign(gate=samples["gate"].where(samples["architecture"] != "ple", levels)))


def _plot_census(runs):
    metrics = {"income/auc": "AUC of income", "never_married/auc": "AUC of never_married"}
    strips = {"numbers": "amounts as numbers", "codes": "amounts as codes, too"}
    return plots.score_strip(runs, metrics, "amounts", strips)


FIGURES = {
    "map": Recipe(
        lambda: _mixers(routing("ple", ["a", "b"], levels=2)),
        lambda table: plots.draw_routing(
            routing("ple", ["a", "b"], levels=2), title="PLE with two tasks and two levels"
        ),
        "The map of PLE with two tasks and two levels: features at the bottom, experts of task a, shared experts and experts "
        "of task b on each level, a gate for each task on both levels and a shared gate on the first, a tower for each task.",
    ),
    "label_correlation": Recipe(
        _label_correlation_numbers,
        plots.label_correlations,
        "Pearson correlation of the labels against the dial, for forty draws of the sines: zero at zero, close to one at one, "
        "between them mostly below the diagonal, and at minus one anywhere from minus one to above a half.",
    ),
    "dial": Recipe(
        lambda: stored("dial"),
        _plot_dial,
        "MTL gain of five models over the dial, means with 95 % intervals and a faint point for every seed. Hard sharing lies "
        "below zero at the dial's middle and above at one; the wide shared bottom near zero in the middle and above at one; "
        "the gated models near or below zero, at one below the wide bottom.",
    ),
    "dial_constant": Recipe(
        lambda: stored("dial_constant"),
        _plot_dial,
        "MTL gain of five models at the two ends of the dial, with a constant feature among the inputs: means with 95 % "
        "intervals and a faint point for every seed.",
    ),
    "seesaw": Recipe(
        lambda: stored("seesaw"),
        lambda runs: plots.seesaw(seesaw_points(runs)),
        "Gain of task a against gain of the scarce task b, a path over the loss weight for each model. The single-task networks "
        "stay at the origin; hard sharing runs from far left, where task a has a small weight, to far down, where it has "
        "a large one.",
    ),
    "family": Recipe(
        _family_numbers,
        lambda table: plots.draw_family(list(family().values())),
        "Ten architectures for two tasks, in two rows of five. Single-task: two columns that never "
        "meet. Hard sharing: one column, two towers. Asymmetric sharing: the first task's expert feeds both towers. Customized "
        "sharing: a shared expert beside each own. Cross-stitch and sluice: columns joined by learned numbers. MMoE "
        "and ML-MMoE: shared experts behind gates, on one level and on two. CGC and PLE: own and shared experts behind gates.",
    ),
    "family_reach": Recipe(
        _reach_numbers,
        plots.reach_matrices,
        "Whose loss reaches whose experts, a small matrix for each of ten architectures. Single-task: each loss its own experts "
        "alone. Hard sharing, MMoE and ML-MMoE: both losses all experts. Asymmetric: loss b also reaches the experts of a. "
        "Customized and CGC: own and shared. Cross-stitch and sluice: everything, on both levels. PLE: everything on "
        "level 1, own and shared on level 2.",
    ),
    "family_cost": Recipe(
        _cost_numbers,
        plots.cost_dots,
        "Parameters and operations a sample of ten architectures. With layers of equal width they spread from hard sharing, with "
        "about half of the single-task model's, to PLE, with more than twice as many. With widths for an equal budget "
        "the parameters are equal, and the operations lie within a seventh of one another.",
    ),
    "family_gain": Recipe(
        _family_gains,
        plots.gain_rows,
        "MTL gain of nine architectures and three controls over the single-task model, at correlation 0, 0.5 and 1, with layers "
        "of equal width and at an equal budget: means, 95 % intervals. Hard sharing lies right of zero at 1, and with equal "
        "widths everywhere; cross-stitch a little at 1. MMoE, ML-MMoE, CGC and PLE lie left of zero everywhere, less so at "
        "1, and customized sharing does, too, nearer to zero.",
    ),
    "census": Recipe(
        lambda: stored("census"),
        _plot_census,
        "AUC on the test part, eight seeds a model. Income: with amounts as numbers the networks lie close together and the "
        "gradient-boosted trees far to their right; with amounts as codes the networks catch up with the trees' old place, "
        "and the trees stay a little ahead. Never married: all lie within a fraction of a thousandth, the trees ahead.",
    ),
    "gate_violins": Recipe(
        lambda: stored("gate_violins"),
        _plot_violins,
        "Violins of the gate weights over 200 samples for MMoE, CGC and PLE, at correlation 0 in the upper row and 1 in the "
        "lower; in each panel a violin for every expert that a gate sees.",
    ),
    "gate_utilisation": Recipe(
        lambda: stored("gate_utilisation"),
        _plot_utilisation,
        "Mean gate weights of MMoE, CGC and PLE at correlation 0 (upper row) and 1 (lower row) as bars, with the spread over "
        "samples as a line: the layout of the PLE paper's Figure 8. In CGC and on PLE's second level the bars of the own experts "
        "are longer at correlation 0 than at 1.",
    ),
    "speed": Recipe(
        lambda: pd.concat([stored(f"bench_{network}") for network in ("listing", "trial", "paper")])[
            ["network", "batch", "contender", *(f"samples_per_second{end}" for end in ("", "_min", "_max"))]
        ].dropna(),
        plots.speed_rows,
        "Thousand samples a second of eight ways to train the same network with batches of 256, for "
        "three networks. The package's fit is furthest to the right in every panel.",
    ),
    "speed_growth": Recipe(
        lambda: stored("bench_scaling"),
        plots.speed_growth,
        "Thousand samples a second of fit as features, experts, tasks, levels or rows grow, one panel each; with more features, "
        "experts, tasks and levels they fall, with more rows they rise up to some 16,000 rows and then no more.",
    ),
}
