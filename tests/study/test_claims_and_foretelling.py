"""The papers' claims, and whether gradients foretell what sharing does: by hand, and where there is nothing to find."""

import importlib

import numpy as np
import pandas as pd
import pytest

from ple_tutorial import study
from ple_tutorial.study import conflicts, papers, replication, worlds
from ple_tutorial.study.regimes import DRAWN
from ple_tutorial.study.results import stored

USES_STORED = ("replication", "claims", "results")


def test_every_claim_names_a_study_that_exists_and_the_verdict_that_its_table_gives():
    table = replication.papers_claims()
    tested = table[table["verdict"] != "cannot be tested here"]
    assert set(tested["study"]) <= set(study.STUDIES) and (table.drop(tested.index)["study"] == "").all()
    assert set(table["verdict"]) <= set(replication.VERDICTS.values())
    assert tested["our setting"].str.contains("seeds|the same").all()
    assert not table["claim"].duplicated().any()


def test_no_claim_is_replicated_where_the_names_of_the_models_are_shuffled(monkeypatch):
    """On tables whose architectures were drawn anew on each seed, nothing differs from anything."""
    tables = {}

    def shuffled(name):
        runs = stored(name)
        if name.endswith("_attempts"):
            return runs
        keys = [key for key in runs.columns if "/" not in key and key not in ("architecture", "parameters", "epochs")]
        rng = np.random.default_rng(5)
        if name not in tables:
            tables[name] = runs.assign(
                architecture=runs.groupby(keys)["architecture"].transform(lambda names: rng.permutation(names))
            )
        return tables[name]

    for module in USES_STORED:
        monkeypatch.setattr(importlib.import_module(f"ple_tutorial.study.{module}"), "stored", shuffled)
    table = replication.papers_claims()
    tested = table[table["study"] != "balancing"]  # whose methods are not architectures
    assert set(tested["verdict"]) == {"not replicated", "cannot be tested here"}


def made(tasks=3, places=9, order=1, noise=0.0):
    rng = np.random.default_rng(2)
    rows = []
    for place in range(places):
        for task in "abcd"[:tasks]:
            value = place + noise * rng.standard_normal()
            rows.append({"region": "parts", "place": place, "task": task, "ratio": np.exp(-order * place)}
                        | dict.fromkeys(conflicts.MEASURES, value))  # fmt: skip
    return pd.DataFrame(rows)


def test_a_measure_that_orders_the_gains_has_rank_correlation_one_and_its_opposite_minus_one():
    for order in (1, -1):
        table = conflicts.agreement(made(order=order))
        assert table["rho"].to_numpy() == pytest.approx(order) and table["low"].to_numpy() == pytest.approx(order)
    with pytest.raises(ValueError, match="ratio"):
        conflicts.agreement(made().drop(columns="ratio"))


def test_whole_places_are_drawn_so_that_tasks_that_are_copies_add_no_certainty():
    """Three tasks with the same numbers say no more than one; an interval that treated them as new would be narrower."""
    one = made(tasks=1, noise=4.0)
    three = pd.concat([one.assign(task=task) for task in "abc"], ignore_index=True)
    pd.testing.assert_frame_equal(conflicts.agreement(one), conflicts.agreement(three), atol=0.05, rtol=0)


def test_what_is_foretold_is_what_the_tables_say():
    table = conflicts.foretold(("parts",))
    said, done = stored("parts_conflicts"), stored("parts_map")
    assert len(table) == len(worlds.cells("parts")) * 4
    place = worlds.cells("parts")[2]
    seen, runs = (
        part[np.logical_and.reduce([part[key] == value for key, value in place.items()])] for part in (said, done)
    )
    row = table[(table["place"] == 2) & (table["task"] == "b")].iloc[0]
    assert row["cosine"] == pytest.approx(seen["b/cosine"].mean()) and len(seen) == 4
    by = runs.set_index(["architecture", "seed"])["b/excess"]
    assert row["ratio"] == pytest.approx(np.exp(np.log(by["hard-sharing"] / by["single-task"]).mean()))


def test_the_gradients_were_looked_at_in_the_network_of_the_map():
    """Same seeds, same settings: what the study of gradients trained has the map's errors."""
    for region in DRAWN:
        keys = ["seed", *worlds.cells(region)[0]]
        shared = stored(f"{region}_map").query("architecture == 'hard-sharing'")
        both = stored(f"{region}_conflicts").merge(shared, on=keys, suffixes=("", " of the map"), validate="one_to_one")
        assert len(both) == 4 * len(worlds.cells(region))
        ratios = both["a/excess"] / both["a/excess of the map"]
        assert ratios.median() == pytest.approx(1, abs=0.02) and ratios.between(0.7, 1.4).mean() > 0.9


def test_a_model_that_varies_twice_as_much_is_seen_to(monkeypatch):
    rng = np.random.default_rng(1)
    logs = rng.standard_normal(200)
    names = {"mmoe": 0.5 * logs, "hard-sharing": rng.standard_normal(200)}
    runs = pd.concat([pd.DataFrame({"architecture": name, "correlation": 1.0, "seed": range(200), "a/excess": np.exp(values),
                                    "b/excess": np.exp(values)}) for name, values in names.items()])  # fmt: skip
    monkeypatch.setattr(papers, "stored", lambda name: runs)
    row = papers.paper_spread("mmoe").loc[1.0]
    assert row["ratio"] == pytest.approx(2, rel=0.2) and row["low"] > 1.5 and row["low"] < row["ratio"] < row["high"]
