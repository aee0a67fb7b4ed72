"""From the stored tables of the map to its pictures: who wins on each place, who is level with the winner, and what PLE pays."""

import numpy as np
import pandas as pd

from ple_tutorial.study import claims, worlds
from ple_tutorial.study.protocol import NARROW, with_mean_excess
from ple_tutorial.study.results import stored
from ple_tutorial.study.verdicts import standing

NAMES = {  # of the worlds, as readers know them
    "parts": "shared and private parts",
    "sign": "sign by context",
    "routing": "routing table",
    "neighbours": "dial, beside a loud neighbour",
}
DRAWN = ("routing", "parts", "neighbours")  # those whose map has been run
DIALS = {  # the dials in the order of the map: name, and how a value is written
    "strength": ("relation", "{:g}"),
    "own": ("own functions", "{:g}"),
    "labels": ("labels of one task", "{:.0%}"),
    "rows": ("rows", "{:,.0f}"),
    "budget": ("parameters", "{:,.0f}"),
}
KIND = {  # of each model: what it shares, and whether it has gates
    "single-task": "apart",
    "own-mixture": "apart",
    "hard-sharing": "no gates",
    "customized": "no gates",
    "cross-stitch": "no gates",
    "cgc-uniform": "no gates",
    "ple-uniform": "no gates",
    "mmoe": "shared gates",
    "ml-mmoe": "shared gates",
    "cgc": "own gates",
    "ple": "own gates",
}


def map_runs(region: str) -> pd.DataFrame:
    """Return the runs of a world's map without hard sharing of equal structure, with ``mean/excess`` over the tasks that count.

    Example:
        >>> runs = map_runs("routing")
        >>> sorted(set(runs["architecture"])) == sorted(KIND)
        True
    """
    runs = stored(f"{region}_map")
    return with_mean_excess(runs[runs["architecture"] != NARROW], worlds.REGIONS[region].scored)


def places_of(region: str) -> pd.DataFrame:
    """Return the places of a world on the map: the dial that is moved there (``centre`` for none), its value as a text (for none
    ``centre`` as well), and the point's own columns.

    Example:
        >>> places_of("parts")[["dial", "value"]].head(3).values.tolist()
        [['centre', 'centre'], ['relation', '0'], ['relation', '1']]
    """
    centre, *moved = worlds.cells(region)
    rows = [centre | {"dial": "centre", "value": "centre"}]
    for key, (dial, form) in DIALS.items():
        rows += [
            cell | {"dial": dial, "value": form.format(cell[key])} for cell in moved if cell.get(key) != centre.get(key)
        ]
    return pd.DataFrame(rows)


def standings(region: str) -> pd.DataFrame:
    """Return how every model stands to the best one on each place of a world's map.

    Returns:
        One row for each place and model: ``dial``, ``value``, the place's own columns, and those of ``verdicts.standing``.

    Example:
        >>> table = standings("routing")
        >>> bool((table["to_best"] >= 1).all())
        True
    """
    where = places_of(region)
    keys = [name for name in where.columns if name not in ("dial", "value")]
    table = standing(map_runs(region), "mean/excess", keys).reset_index()
    return where.merge(table, on=keys, how="left", validate="one_to_many")


def regimes(regions: tuple[str, ...] = DRAWN) -> pd.DataFrame:
    """Return the map, one row for each place of these worlds, from their stored tables.

    Returns:
        Columns ``region`` (its name in words), ``dial``, ``value``, the place's own columns, and

        - ``best``: the model with the least geometric mean of its excess errors over seeds and tasks;
        - ``ratio``: that mean over the single-task model's; ``seeds``;
        - ``level``: the best, and those that are not seen to differ from it (``verdicts.standing``), separated by commas;
        - ``kinds``: the kinds of those, of ``KIND``;
        - ``ple``, ``hard``: the mean of PLE and of hard sharing over that of the single-task model;
        - ``held``: whether the same kinds were level on the fresh seeds of the study of claims, ``yes`` or ``no``; else ``-``.

    Example:
        >>> map_of_one = regimes(("routing",))
        >>> map_of_one[["dial", "value"]].values.tolist()[:2]
        [['centre', 'centre'], ['relation', '0']]
    """
    rows = []
    for region in regions:
        again = _again(region)
        for place, (_, part) in zip(
            places_of(region).to_dict("records"),
            standings(region).groupby(["dial", "value"], sort=False),
            strict=True,
        ):
            here = part.set_index("architecture")
            level = here.index[here["level"]]
            best = here["to_best"].idxmin()
            fresh = again.get(_key(region, place))
            rows.append(
                {"region": NAMES[region]}
                | place
                | {
                    "best": best,
                    "ratio": here.loc[best, "ratio"],
                    "seeds": here["seeds"].iloc[0],
                    "level": ",".join([best, *level.drop(best)]),
                    "kinds": _kinds(level),
                    "ple": here.loc["ple", "ratio"],
                    "hard": here.loc["hard-sharing", "ratio"],
                    "held": "-" if fresh is None else "yes" if fresh == _kinds(level) else "no",
                }
            )
    columns = ["region", "dial", "value", "best", "ratio", "seeds", "level", "kinds", "ple", "hard", "held"]
    return pd.DataFrame(rows).assign(own=lambda table: table.get("own", np.nan))[
        [*columns, *worlds.CENTRE, "strength", "own"]
    ]


def _kinds(models):
    return ",".join(sorted({KIND[name] for name in models}, key=list(KIND.values()).index))


def _key(region, place):
    return tuple(place[name] for name in worlds.cells(region)[0])


def _again(region):
    """Return ``{place: kinds that are level there on the claims' fresh seeds}``; a control is no tile."""
    points = claims.points(region) if region in claims.PLACES else []
    kinds = {}
    for point in points:
        if point["shuffled"] == "nothing":
            runs = stored(f"{region}_claims")
            here = with_mean_excess(runs[runs["place"] == point["place"]], worlds.REGIONS[region].scored)
            table = standing(here, "mean/excess")
            kinds[_key(region, point)] = _kinds(table.index[table["level"]])
    return kinds
