"""The recipes of the figures: how the numbers of each are made, which plot draws them, and its alt text.

A new figure takes two places: its plot in the file of ``plots`` for its subject, and its recipe in ``FIGURES`` below.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from ple_tutorial import plots
from ple_tutorial.figures import computed
from ple_tutorial.routing import routing
from ple_tutorial.study.balancing import against_weights
from ple_tutorial.study.claims import against_ple
from ple_tutorial.study.conflicts import foretold
from ple_tutorial.study.regimes import DRAWN, NAMES, regimes, standings
from ple_tutorial.study.results import dial_gains, family_gains, seesaw_points, stored
from ple_tutorial.study.scarce import with_own_stops

BALANCED = {"mean": "both tasks (geometric mean)", "a": "task a", "b": "task b"}
SCARCE_PANELS = {
    "sharing without gates": ("hard-sharing", "customized", "cross-stitch", "cgc-uniform", "ple-uniform"),
    "with gates": ("mmoe", "ml-mmoe", "cgc", "ple", "own-mixture"),
}
FORETELLING = {
    "early_cosine": "cosine after the first epoch",
    "cosine": "mean cosine over the training",
    "affinity": "mean affinity (in 10,000ths)",
}
CLAIMED = (
    "single-task", "hard-sharing", "hard-sharing-told", "customized", "mmoe", "ml-mmoe", "cgc", "ple-uniform", "ple-printed",
)  # fmt: skip
STANDING = ("single-task", "hard-sharing", "customized", "mmoe", "ml-mmoe", "cgc", "ple", "ple-uniform")


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


FIGURES = {
    "map": Recipe(
        lambda: computed.mixers(routing("ple", ["a", "b"], levels=2)),
        lambda table: plots.draw_routing(
            routing("ple", ["a", "b"], levels=2), title="PLE with two tasks and two levels"
        ),
    ),
    "label_correlation": Recipe(
        computed.label_correlation_numbers,
        plots.scores.label_correlations,
        "Pearson correlation of the labels against the dial, for forty draws of the sines: zero at zero, close to one at one, "
        "between them mostly below the diagonal, and at minus one anywhere from minus one to above a half.",
    ),
    "dial": Recipe(
        lambda: stored("dial"),
        computed.plot_dial,
        "MTL gain of five models over the dial, means with 95 % intervals and a faint point for every seed. Hard sharing lies "
        "below zero at the dial's middle and above at one; the wide shared bottom near zero in the middle and above at one; "
        "the gated models near or below zero, at one below the wide bottom.",
    ),
    "transfer": Recipe(
        computed.transfer_numbers,
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
        computed.plot_dial,
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
    "scarce": Recipe(
        lambda: stored("scarce"),
        lambda runs: plots.gain_plane(
            seesaw_points(with_own_stops(runs), "excess", 1.0), SCARCE_PANELS, unit="units of the signal's variance"
        ),
        "Gain of the full task a against gain of the scarce task b, a path over the weight of b's loss for each of ten models. "
        "Hard sharing starts far left and high up, at equal weights, and comes to the upright line, less high, at a tenth. PLE "
        "with uniform gates runs outside of it, close by; all models with learned gates far below.",
    ),
    "balancing": Recipe(
        lambda: stored("balancing"),
        lambda runs: plots.method_rows(
            {title: against_weights(runs, scored) for scored, title in BALANCED.items()},
            ["equal weights", "uncertainty", "GradNorm", "PCGrad", "CAGrad"],
            "excess error over that with tuned weights (right of 1: tuned weights are better)",
        ),
        "Excess error of equal weights and of four methods of balancing over that of tuned weights, in two settings, for hard "
        "sharing and PLE. Both tasks together: all marks right of 1, most of them filled; CAGrad nearest to it where the scales "
        "are unequal. Task a: all right of 1, up to 3. Task b: all left of 1 where the kinds are unequal; near 1, most of them "
        "left of it, where the scales are.",
    ),
    "family": Recipe(
        computed.family_numbers,
        lambda table: plots.draw_family(list(computed.family().values())),
        "Ten architectures for two tasks, in two rows of five. Single-task: two columns that never "
        "meet. Hard sharing: one column, two towers. Asymmetric sharing: the first task's expert feeds both towers. Customized "
        "sharing: each task's own expert and a shared one. Cross-stitch and sluice: columns joined by learned numbers. MMoE "
        "and ML-MMoE: shared experts behind gates, on one level and on two. CGC and PLE: own and shared experts behind gates.",
    ),
    "family_reach": Recipe(
        computed.reach_numbers,
        plots.family.reach_matrices,
        "Whose loss reaches whose experts, a small matrix for each of ten architectures. Single-task: each loss its own experts "
        "alone. Hard sharing, MMoE and ML-MMoE: both losses all experts. Asymmetric: loss b also reaches the experts of a. "
        "Customized and CGC: own and shared. Cross-stitch and sluice: all experts, on both levels. PLE: all on "
        "level 1, own and shared on level 2.",
    ),
    "family_cost": Recipe(
        computed.cost_numbers,
        plots.family.cost_dots,
        "Parameters and operations per sample of ten architectures. With layers of equal width they spread from hard sharing, "
        "with about half of the single-task model's, to PLE, with more than twice as many. With widths for an equal budget "
        "the parameters are equal, and the operations lie within a seventh of one another.",
    ),
    "family_gain": Recipe(
        family_gains,
        plots.gains.gain_rows,
        "MTL gain of nine architectures and three controls over the single-task model, at correlation 0, 0.5 and 1, with layers "
        "of equal width and at an equal budget: means, 95 % intervals. Hard sharing lies right of zero at 1, and with equal "
        "widths everywhere; cross-stitch a little at 1. MMoE, ML-MMoE, CGC and PLE lie left of zero everywhere, less so at "
        "1, and customized sharing does, too, nearer to zero.",
    ),
    "census": Recipe(
        lambda: stored("census"),
        computed.plot_census,
        "AUC on the test part, eight seeds a model. Income: with amounts as numbers the networks lie close together and the "
        "gradient-boosted trees far to their right; with amounts as codes the networks catch up with the trees' old place, "
        "and the trees stay a little ahead. Never married: all lie within a fraction of a thousandth, the trees ahead.",
    ),
    "gate_violins": Recipe(
        lambda: stored("gate_violins"),
        computed.plot_violins,
        "Violins of the gate weights over 200 samples for MMoE, CGC and PLE, at correlation 0 in the upper row and 1 in the "
        "lower; in each panel a violin for every expert that a gate sees.",
    ),
    "gate_utilisation": Recipe(
        lambda: stored("gate_utilisation"),
        computed.plot_utilisation,
        "Mean gate weights of MMoE, CGC and PLE at correlation 0 (upper row) and 1 (lower row) as bars, with the spread over "
        "samples as a line: the layout of the PLE paper's Figure 8. In CGC and on PLE's second level the bars of the own experts "
        "are longer at correlation 0 than at 1.",
    ),
    "regimes": Recipe(
        regimes,
        plots.regime_map,
        "The map of regimes: a row for each world, a tile for each place of its dials, coloured by the kind of model that wins "
        "alone. In the world with a routing table PLE wins alone at the centre, with two own functions, with fewer and with more "
        "rows, and with 12,000 parameters; hard sharing where the tasks agree nowhere and with 2,000 parameters. In the world of "
        "shared and private parts no tile is won by gates with own experts alone; sharing without gates wins most. On the dial "
        "beside a loud neighbour single-task networks lead on every tile, alone on four of nine.",
    ),
    "routing_standing": Recipe(
        lambda: standings("routing"),
        lambda table: plots.standing_rows(table, STANDING),
        "How far eight models are from the best one on each place of the world with a routing table. PLE is at 1 on most rows, "
        "hard sharing and ML-MMoE near it, MMoE, CGC and customized sharing behind, PLE with uniform gates at about 1.7, the "
        "single-task model between 1.2 and 4.",
    ),
    "routing_claims": Recipe(
        lambda: stored("routing_claims"),
        lambda runs: plots.ratio_rows(against_ple("routing"), CLAIMED, "excess error over PLE's (right: PLE has less)"),
        "Excess error of nine models over PLE's on six places of the world with a routing table and on five controls, with "
        "intervals. With two own functions and with more parameters all lie right of 1. At the "
        "centre hard sharing lies at 1; with few parameters and with nothing in common it lies left. With shuffled contexts all "
        "lie close to 1, with shuffled labels at 1. Hard sharing told the context lies right of 1 at the centre and with two own "
        "functions, as PLE with gates as printed does.",
    ),
    "causes": Recipe(
        lambda: stored("causes"),
        computed.plot_causes,
        "Error over single-task's of MMoE and PLE with 4,096 rows, as features are added that say nothing. In the world of "
        "parts gates as printed stay at nearly 2, gates that read one column or are uniform fall from about 1.1 and 1.5 to "
        "below 1. In the world with a routing table PLE that reads the context stays below a half to 16; as printed "
        "it rises from 0.75 to 1; with 64 all come to 1.",
    ),
    "foretold": Recipe(
        lambda: foretold(DRAWN),
        lambda table: plots.training.foretelling(
            table.replace({"region": NAMES}).assign(affinity=1e4 * table["affinity"]), FORETELLING
        ),
        "What sharing did to the error of every task on every place of three worlds, against three measurements of gradients, a "
        "panel each. After the first epoch nearly all cosines are above 0, and errors lie on both sides of 1. Over the "
        "whole training the world with a routing table lies lower at the right; within a world no order is seen.",
    ),
    "speed": Recipe(
        computed.speed_numbers,
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
