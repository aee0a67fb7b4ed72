"""The figures by name: how the numbers of each are made, which plot draws them, and its alt text.

A new figure takes two places: its plot in the file of ``plots`` for its subject, and its recipe in ``FIGURES`` below.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ple_tutorial import checks, plots
from ple_tutorial.budget import cost
from ple_tutorial.data.synthetic import Sines, label_correlation
from ple_tutorial.diagnostics import reach_by_table
from ple_tutorial.metrics import gain_table
from ple_tutorial.routing import ONE_LEVEL, Routing, routing
from ple_tutorial.study import FAMILY, STUDIES
from ple_tutorial.study.results import STORED, dial_gains, family_runs, seed_gains, seesaw_points, stored, with_mean_mse
from ple_tutorial.tables import replacing, rounded, write_table


@dataclass(frozen=True)
class Recipe:
    """How a figure is made.

    Attributes:
        numbers: makes the table that the figure shows; it is stored as the figure's CSV file.
        plot: draws the table.
        alt: what the figure shows, for readers who cannot see it; the label that the plot sets if empty.
    """

    numbers: Callable[[], pd.DataFrame]
    plot: Callable[[pd.DataFrame], Figure]
    alt: str = ""

    def figure(self, table: pd.DataFrame) -> Figure:
        """Return the drawn figure; its label is the alt text."""
        fig = self.plot(table)
        if self.alt:
            fig.set_label(self.alt)
        return fig


def recipe(name: str) -> Recipe:
    """Return the recipe of the figure ``name``.

    Raises:
        ValueError: an unknown figure; the message names the nearest match.

    >>> recipe("map").alt == ""  # the map's alt text is made from its routing table
    True
    """
    return FIGURES[checks.choice("figure", name, tuple(FIGURES))]


def numbers(name: str) -> pd.DataFrame:
    """Return the table that the figure ``name`` shows.

    Raises:
        ValueError: an unknown figure; the message names the nearest match.

    >>> numbers("map")[["level", "stream", "mixer"]].to_string(index=False).splitlines()[1].split()
    ['1', 'a', 'gate']
    """
    return recipe(name).numbers()


def show(name: str) -> None:
    """Draw the figure ``name`` and display it in a notebook together with its alt text.

    Raises:
        ValueError: an unknown figure; the message names the nearest match.

    >>> show("map")  # doctest: +ELLIPSIS
    {'text/html': '<img alt="PLE with two tasks and two levels. PLE for the tasks a and b, with 2 levels. Level 1: ...
    """
    found = recipe(name)
    plots.show(found.figure(found.numbers()))


def draw(names: Sequence[str] | None = None, out: str | Path = STORED) -> list[Path]:
    """Write the files NAME.png, NAME.svg and NAME.csv of figures.

    Args:
        names: of the figures; all of them if not given.
        out: the folder, which is made if it does not exist.

    Returns:
        The paths of the files.

    Raises:
        ValueError: an unknown figure; the message names the nearest match.
    """
    names = checks.row("names", list(FIGURES) if names is None else names, "a list of figures")
    recipes = {name: recipe(name) for name in names}
    out = Path(checks.path("out", out))
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, found in recipes.items():
        table = found.numbers()
        fig = found.figure(table)
        for ending, data in ((".png", plots.to_png(fig)), (".svg", plots.to_svg(fig))):
            paths.append(out / (name + ending))
            with replacing(paths[-1]) as temporary:
                temporary.write_bytes(data)
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


# ---- the numbers of figures that show no stored study ------------------------------------------------------------


def _mixers(table):
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


def _family_numbers():
    tables = [_mixers(table).assign(architecture=name) for name, table in family().items()]
    return pd.concat(tables)[["architecture", "level", "stream", "mixer", "experts", "reads"]]


def _reach_numbers():
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


def _cost_numbers():
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


def _family_gains():
    gains = gain_table(with_mean_mse(family_runs()), "mean/mse", by=["correlation", "size"])
    return gains.reset_index().round(6)


def _label_correlation_numbers():
    draws = {draw: Sines.draw(10, draw) for draw in range(40)}
    dial = np.round(np.linspace(-1, 1, 41), 2)
    # Rounded, since what is left of a zero differs from one processor to the next.
    rows = [(p, draw, round(label_correlation(s, s, p, noise=0.1), 9) + 0.0) for draw, s in draws.items() for p in dial]
    return pd.DataFrame(rows, columns=["correlation", "draw", "pearson"])


def _transfer_numbers():
    gains = seed_gains(with_mean_mse(stored("dial")), "mean/mse", by=["correlation"])
    return gains[(gains["architecture"] == "hard-sharing") & gains["correlation"].isin([0.0, 1.0])]


def _speed_numbers():
    networks = pd.concat([stored(f"bench_{network}") for network in ("listing", "trial", "paper")])
    ends = [f"samples_per_second{end}" for end in ("", "_min", "_max")]
    return networks[["network", "batch", "contender", *ends]].dropna()


# ---- from stored studies to what their plots take ----------------------------------------------------------------


def _plot_dial(runs):
    runs = with_mean_mse(runs)
    gains = gain_table(runs, "mean/mse", by=["correlation"])
    return plots.gains.gain_over_dial(gains, seed_gains(runs, "mean/mse", by=["correlation"]))


def _plot_utilisation(summary):
    """Plot means over seeds, but of one seed for MMoE: no expert is its own in all seeds, so that their means are alike."""
    keys = ["architecture", "correlation", "level", "gate", "expert"]
    summary = summary[(summary["architecture"] != "mmoe") | (summary["seed"] == 0)]
    means = summary.groupby(keys, sort=False)[["mean", "std"]].mean().reset_index()
    label = means["architecture"].map(
        lambda name: plots.ARCHITECTURES[name][0] + (" (one seed)" if name == "mmoe" else "")
    )
    row = means["correlation"].map(lambda p: f"correlation {p:g}")
    return plots.gates.gate_bars(means.assign(row=row, column=label))


def _plot_violins(samples):
    levels = samples["gate"] + " " + samples["level"].astype(str)
    return plots.gates.gate_violins(
        samples.assign(gate=samples["gate"].where(samples["architecture"] != "ple", levels))
    )


def _plot_census(runs):
    metrics = {"income/auc": "AUC of income", "never_married/auc": "AUC of never_married"}
    strips = {"numbers": "amounts as numbers", "codes": "amounts as codes, too"}
    return plots.scores.score_strip(runs, metrics, "amounts", strips)


FIGURES = {
    "map": Recipe(
        lambda: _mixers(routing("ple", ["a", "b"], levels=2)),
        lambda table: plots.draw_routing(
            routing("ple", ["a", "b"], levels=2), title="PLE with two tasks and two levels"
        ),
    ),
    "label_correlation": Recipe(
        _label_correlation_numbers,
        plots.scores.label_correlations,
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
    "transfer": Recipe(
        _transfer_numbers,
        lambda gains: plots.gains.sorted_gains(gains, {0.0: "two unrelated tasks", 1.0: "twice the same task"}),
        "By how much one network for two tasks has less error than two networks, a bar for each of 32 draws. "
        "Left, unrelated tasks: most bars point down, a few of them far. Right, the same task twice: most point up.",
    ),
    "dials": Recipe(
        dial_gains,
        plots.gains.gain_over_dials,
        "MTL gain of hard sharing over three further dials. Width: on unrelated tasks below zero with 2 and 4 units, near zero "
        "with 8, above with 16. Rows: on identical tasks above zero with 1,024, later near zero; on unrelated ones below zero "
        "from 4,096 on. Labels: the fewer task b has, the more it gains, and the more task a loses.",
    ),
    "dial_constant": Recipe(
        lambda: stored("dial_constant"),
        _plot_dial,
        "MTL gain of five models at the two ends of the dial, with a constant feature among the inputs: means with 95 % "
        "intervals and a faint point for every seed.",
    ),
    "seesaw": Recipe(
        lambda: stored("seesaw"),
        lambda runs: plots.gains.seesaw(seesaw_points(runs)),
        "Gain of task a against gain of the scarce task b, a path over the loss weight for each model. The single-task networks "
        "stay at the origin; hard sharing runs from far left, where task a has a small weight, to far down, where it has "
        "a large one.",
    ),
    "family": Recipe(
        _family_numbers,
        lambda table: plots.draw_family(list(family().values())),
        "Ten architectures for two tasks, in two rows of five. Single-task: two columns that never "
        "meet. Hard sharing: one column, two towers. Asymmetric sharing: the first task's expert feeds both towers. Customized "
        "sharing: each task's own expert and a shared one. Cross-stitch and sluice: columns joined by learned numbers. MMoE "
        "and ML-MMoE: shared experts behind gates, on one level and on two. CGC and PLE: own and shared experts behind gates.",
    ),
    "family_reach": Recipe(
        _reach_numbers,
        plots.family.reach_matrices,
        "Whose loss reaches whose experts, a small matrix for each of ten architectures. Single-task: each loss its own experts "
        "alone. Hard sharing, MMoE and ML-MMoE: both losses all experts. Asymmetric: loss b also reaches the experts of a. "
        "Customized and CGC: own and shared. Cross-stitch and sluice: all experts, on both levels. PLE: all on "
        "level 1, own and shared on level 2.",
    ),
    "family_cost": Recipe(
        _cost_numbers,
        plots.family.cost_dots,
        "Parameters and operations per sample of ten architectures. With layers of equal width they spread from hard sharing, "
        "with about half of the single-task model's, to PLE, with more than twice as many. With widths for an equal budget "
        "the parameters are equal, and the operations lie within a seventh of one another.",
    ),
    "family_gain": Recipe(
        _family_gains,
        plots.gains.gain_rows,
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
        _speed_numbers,
        plots.speed.speed_rows,
        "Thousand samples per second of eight ways to train the same network with batches of 256, for "
        "three networks. The package's fit is furthest to the right in every panel.",
    ),
    "speed_growth": Recipe(
        lambda: stored("bench_scaling"),
        plots.speed.speed_growth,
        "Thousand samples per second of fit as features, experts, tasks, levels or rows grow, one panel each; with more "
        "features, experts, tasks and levels they fall, with more rows they rise up to some 16,000 rows and then no more.",
    ),
}
