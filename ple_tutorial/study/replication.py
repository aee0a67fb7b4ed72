"""The papers' claims, one by one, each held against a stored study: replicated, not replicated, or not to be tested here."""

from dataclasses import dataclass

import pandas as pd

from ple_tutorial.metrics import Gain, mtl_gain
from ple_tutorial.study import scarce
from ple_tutorial.study.balancing import against_weights
from ple_tutorial.study.claims import against_ple
from ple_tutorial.study.results import family_gains, stored

VERDICTS = {True: "replicated", False: "not replicated", None: "cannot be tested here"}


@dataclass(frozen=True)
class Claim:
    """A claim of a paper and what became of it.

    Attributes:
        says: the claim.
        source: the paper and its table or figure.
        setting: of the study here, with its seeds.
        found: in words and numbers.
        study: the study whose table it was computed from; none if the claim cannot be tested here.
        holds: whether it held; None if it cannot be tested here.
    """

    says: str
    source: str
    setting: str = ""
    found: str = ""
    study: str = ""
    holds: bool | None = None


def papers_claims() -> pd.DataFrame:
    """Return the table of the papers' claims, computed from the stored tables.

    Returns:
        One row for each claim: ``claim``, ``source``, ``our setting``, ``what we found`` (with 95 % intervals), ``study`` (its
        command is ``python -m ple_tutorial study NAME``) and ``verdict``, of ``VERDICTS``.

    Example:
        >>> papers_claims()["verdict"].value_counts().index.isin(VERDICTS.values()).all()
        np.True_
    """
    table = against_ple("routing")
    claims = [_seesaw(), *_ple_over_rivals(table), _levels(table), _every_correlation(), _balancing()]
    claims.append(Claim("more views and more watch time in an A/B test", "PLE, Table 3"))
    columns = ["claim", "source", "our setting", "what we found", "study"]
    rows = [(one.says, one.source, one.setting, one.found, one.study, VERDICTS[one.holds]) for one in claims]
    return pd.DataFrame(rows, columns=[*columns, "verdict"])


def _seesaw():
    runs = scarce.with_own_stops(stored("scarce"))
    runs = runs[runs["weight"] == 1]
    gains = []
    for task in "ab":
        errors = runs.pivot(index="seed", columns="architecture", values=f"{task}/excess")
        gains.append(mtl_gain("mse", errors["hard-sharing"], errors["single-task"]))
    return Claim(
        "sharing makes one task gain and another lose: the seesaw",
        "PLE, Table 1",
        "b has 1,024 labels, equal weights, 32 seeds",
        f"gains of hard sharing: {_range(gains[0])} and {_range(gains[1])}",
        "scarce",
        gains[0].high < 0 < gains[1].low,
    )


def _ple_over_rivals(table):
    best = "two own functions"
    rivals = ["hard-sharing", "mmoe"]
    yield Claim(
        "PLE as printed has less error than hard sharing and MMoE",
        "PLE, Tables 1, 2",
        f"routing table, {best}, 32 seeds",
        f"over the other PLE's: {_ratios(table, best, ['ple-printed'])}; rivals: next row",
        "routing_printed",
        bool(table.loc[(best, "ple-printed"), "ratio_high"] < table.loc[best].loc[rivals, "ratio_low"].min()),
    )
    places = {
        "PLE whose gates read the context alone has": best,
        "the same, at the centre": "centre",
        "the same, when it is small": "few parameters",
    }
    for says, place in places.items():
        words = "2,000 parameters" if place == "few parameters" else place
        yield Claim(
            says,
            "the same, changed",
            f"routing table, {words}, 32 seeds",
            f"over PLE's: {_ratios(table, place, rivals)}",
            "routing_claims",
            bool((table.loc[place].loc[rivals, "verdict"] == "worse").all()),
        )


def _levels(table):
    return Claim(
        "several levels are better than one: PLE than CGC",
        "PLE, Tables 1, 2, 4",
        "routing table, centre, 32 seeds, gates on the context",
        f"over PLE's: {_ratios(table, 'centre', ['cgc'])}",
        "routing_claims",
        table.loc[("centre", "cgc"), "verdict"] == "worse",
    )


def _every_correlation():
    gains = family_gains().query("size == 'budget' and architecture == 'ple'").sort_values("correlation")
    return Claim(
        "PLE gains at every correlation of synthetic tasks",
        "PLE, Figure 7",
        "dial, equal budget, 32 seeds",
        f"gain at 0, 0.5, 1: {', '.join(f'{value:+.3f}' for value in gains['mean'])}",
        "family_budget",
        bool((gains["low"] > 0).all()),
    )


def _balancing():
    table = against_weights(stored("balancing"))
    better = int((table["verdict"] == "better").sum())
    return Claim(
        "a method of balancing beats weights of one's own",
        "several",
        "two settings, 32 seeds, 12 tries each",
        f"for both tasks, better in {better} of {len(table)} comparisons",
        "balancing",
        better > 0,
    )


def _range(gain: Gain) -> str:
    return f"{gain.low:+.3f} to {gain.high:+.3f}"


def _ratios(table, place, names):
    rows = {name: table.loc[(place, name)] for name in names}
    return ", ".join(
        f"{name} {row['ratio']:.2f} ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})" for name, row in rows.items()
    )
