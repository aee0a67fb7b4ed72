"""The map's table and the claims: places, kinds, who is level, and controls in which there is nothing to be seen."""

import numpy as np
import pandas as pd
import pytest

from ple_tutorial import study
from ple_tutorial.models import build_model
from ple_tutorial.plots.regimes import KINDS
from ple_tutorial.study import claims, protocol, regimes, results, worlds
from ple_tutorial.study.verdicts import standing


def test_every_model_of_the_map_has_a_kind_and_every_kind_a_model():
    assert set(regimes.KIND) == set(protocol.MODELS)
    assert set(regimes.KIND.values()) == set(KINDS)
    assert {name for name, kind in regimes.KIND.items() if kind == "apart"} == {"single-task", "own-mixture"}
    assert {name for name, kind in regimes.KIND.items() if kind == "own gates"} == {"cgc", "ple"}
    assert set(regimes.NAMES) == set(worlds.MAPPED)


@pytest.mark.parametrize("region", worlds.MAPPED)
def test_each_place_of_a_world_is_one_tile(region):
    table = regimes.places_of(region)
    assert len(table) == len(worlds.cells(region))
    assert not table.duplicated(["dial", "value"]).any()
    moved = [(row["dial"], {key for key in worlds.cells(region)[0] if row[key] != table.iloc[0][key]})
             for row in table.to_dict("records")]  # fmt: skip
    assert moved[0] == ("centre", set())
    assert all(len(keys) == 1 for _, keys in moved[1:])
    assert all(regimes.DIALS[keys.pop()][0] == dial for dial, keys in moved[1:])


def test_the_best_of_a_tile_is_that_of_the_runs():
    table = regimes.regimes(("routing",))
    runs = regimes.map_runs("routing")
    for tile in table.to_dict("records"):
        here = runs[np.logical_and.reduce([runs[key] == tile[key] for key in (*worlds.CENTRE, "strength", "own")])]
        logs = np.log(here.set_index(["architecture", "seed"])["mean/excess"]).unstack("seed").mean(axis=1)
        assert tile["seeds"] == len(worlds.REPORTED) == here["seed"].nunique()
        assert tile["best"] == logs.idxmin() == tile["level"].split(",")[0]
        assert tile["ratio"] == pytest.approx(np.exp(logs.min() - logs["single-task"]))
        assert tile["ple"] == pytest.approx(np.exp(logs["ple"] - logs["single-task"]))
        assert {regimes.KIND[name] for name in tile["level"].split(",")} == set(tile["kinds"].split(","))


def test_a_tile_that_was_run_again_says_whether_it_held():
    table = regimes.regimes(("routing",)).set_index(["dial", "value"])
    again = protocol.with_mean_excess(results.stored("routing_claims"), "abcd")
    for place, key in (("centre", ("centre", "centre")), ("two own functions", ("own functions", "2"))):
        here = standing(again[again["place"] == place], "mean/excess")
        kinds = {regimes.KIND[name] for name in here.index[here["level"]]}
        assert table.loc[key, "held"] == ("yes" if kinds == set(table.loc[key, "kinds"].split(",")) else "no")
    assert table.loc[("rows", "65,536"), "held"] == "-"


def test_claims_are_tested_on_seeds_that_chose_nothing_and_drew_no_map():
    assert not {*claims.SEEDS} & {*worlds.TRIED, *worlds.REPORTED} and len(claims.SEEDS) >= 32
    for region, places in claims.PLACES.items():
        known = [dict(cell) for cell in worlds.cells(region)]
        points = claims.points(region)
        assert [point["place"] for point in points] == list(places)
        points += claims.points(region, claims.FURTHER[region])
        for point in points:
            assert {key: value for key, value in point.items() if key not in ("place", "shuffled")} in known
            assert set(claims.chosen(region=region, **point)) == set(claims.MODELS)


def test_a_shuffled_label_is_that_of_another_sample_and_the_test_is_as_it_was():
    place = claims.points("routing")[0] | {"rows": 64}
    plain, shuffled = (
        claims.claim_data(3, region="routing", **place | {"shuffled": what}) for what in ("nothing", "labels")
    )
    for before, after in zip(plain[:2], shuffled[:2], strict=True):
        assert np.array_equal(before.features, after.features)
        assert not np.array_equal(before.labels["a"], after.labels["a"])
        pairs = [sorted(zip(part.labels["a"], part.labels["d"], strict=True)) for part in (before, after)]
        assert pairs[0] == pairs[1]  # all labels of a sample go together
    assert np.array_equal(plain[2].expected["a"], shuffled[2].expected["a"])
    with pytest.raises(ValueError, match="shuffled: expected one of nothing, context, labels"):
        claims.claim_data(3, region="routing", **place | {"shuffled": "label"})


def test_a_claim_fails_where_the_models_are_shuffled(monkeypatch):
    rng = np.random.default_rng(0)
    rows = [
        {"place": "centre", "architecture": name, "seed": seed}
        | {f"{task}/excess": base * np.exp(0.1 * rng.normal()) for task in "abcd"}
        for name, base in (("single-task", 0.04), ("hard-sharing", 0.02), ("ple", 0.015))
        for seed in claims.SEEDS
    ]
    runs = pd.DataFrame(rows)
    printed = runs[runs["architecture"] == "single-task"].assign(architecture="ple-printed")
    controls = runs.assign(place="control")
    told = runs[runs["architecture"] == "single-task"].assign(architecture=protocol.TOLD)
    tables = {"routing_claims": runs, "routing_controls": controls, "routing_printed": printed, "routing_told": told}
    monkeypatch.setattr(claims, "stored", tables.__getitem__)
    names = ("hard-sharing", "hard-sharing-told", "ple-printed", "single-task")
    assert claims.against_ple("routing").loc["centre", "verdict"].to_dict() == dict.fromkeys(names, "worse")
    assert len(claims.against_ple("routing").loc["control"]) == 2
    tables["routing_claims"] = runs.assign(architecture=runs.groupby("seed")["architecture"].transform(rng.permutation))
    mixed = claims.against_ple("routing").loc["centre"].drop(["ple-printed", protocol.TOLD])
    assert mixed["verdict"].eq("no difference seen").all()


def test_ple_as_printed_reads_its_stream_and_is_otherwise_an_attempt():
    how = claims.printed("routing")
    assert how["architecture"] == "ple" and "gate_columns" not in how
    stored = results.stored("routing_attempts").query("architecture == 'ple'")
    errors = (
        protocol.with_mean_excess(stored, "abcd").groupby("attempt")["mean/excess"].apply(lambda e: np.log(e).mean())
    )
    tries = protocol.attempts("ple")
    best = min((number for number in errors.index if tries[number]["reads"] == "stream"), key=errors.get)
    assert how["fit"]["callbacks"][0].schedule(0, None) == tries[best]["rate"]


def test_the_towers_that_are_told_read_what_the_gates_read_at_the_same_budget():
    """The control of the claims: hard sharing, tuned by as many attempts, whose towers see the context."""
    tries = study.STUDIES["routing_told_attempts"]
    assert tries.seeds == worlds.TRIED and len(tries.points) == protocol.ATTEMPTS
    assert protocol.attempts(protocol.TOLD) == protocol.attempts("hard-sharing")
    centre = worlds.cells("routing")[0]
    (how,) = claims.told_tried(region="routing", attempt=3, **centre).values()
    plain = worlds.model_at("hard-sharing", protocol.attempts("hard-sharing")[3], "routing", 16_384, 4000)
    different = {key for key in how if how[key] != plain.get(key)} - {"fit"}
    assert different == {"tower_columns", "expert_units", "tower_units"}
    assert how["tower_columns"] == worlds.REGIONS["routing"].gates
    arguments = {key: value for key, value in how.items() if key != "fit"}
    built = build_model(**arguments, features=worlds.REGIONS["routing"].features, tasks=worlds.FOUR)
    assert abs(built.count_params() - 4000) <= 0.03 * 4000
