"""The protocol of the worlds' studies: equal budgets and depth, equally many attempts, a choice on seeds of its own."""

import numpy as np
import pandas as pd
import pytest

from ple_tutorial import study
from ple_tutorial.budget import cost
from ple_tutorial.gates import gate_weights
from ple_tutorial.models import build_model
from ple_tutorial.routing import routing
from ple_tutorial.study import causes, conflicts, groups, papers, protocol, scarce, worlds
from ple_tutorial.study.fingerprint import study_fingerprint
from ple_tutorial.study.store import head

FEATURES, GATES = 22, tuple(range(12))


def settings(name, attempt, parameters=4000):
    return protocol.model(
        name, attempt, parameters=parameters, features=FEATURES, tasks=worlds.FOUR, gates=GATES, epochs=20
    )


def parameters_of(how, features, tasks):
    """As ``cost`` computes them, which tests/test_budget.py holds against Keras's count."""
    counts = {key: how[key] for key in ("shared_experts", "task_experts", "levels") if key in how}
    widths = {key: how[key] for key in ("expert_units", "tower_units", "gate_columns", "gate_bias") if key in how}
    return cost(routing(how["architecture"], tasks, **counts), features=features, **widths).parameters


def built(name, attempt):
    how = {key: value for key, value in settings(name, attempt).items() if key != "fit"}
    return build_model(**how, features=FEATURES, tasks=worlds.FOUR)


@pytest.mark.parametrize("name", protocol.MODELS)
def test_every_model_has_as_many_attempts_and_the_same_budget(name):
    tries = protocol.attempts(name)
    assert len(tries) == protocol.ATTEMPTS == len({str(attempt) for attempt in tries})
    shapes = {str({key: value for key, value in attempt.items() if key != "rate"}): attempt for attempt in tries}
    for attempt in shapes.values():
        for parameters in (2000, 4000, 12_000):
            how = settings(name, attempt, parameters)
            assert parameters_of(how, FEATURES, worlds.FOUR) == pytest.approx(parameters, rel=0.03)


@pytest.mark.parametrize("name", protocol.MODELS)
def test_every_path_is_as_deep(name):
    """Two layers of experts, on one level or on two, and the tower's one."""
    how = settings(name, protocol.attempts(name)[-1])
    assert sum(len(units) for units in how["expert_units"]) == 2 and len(how["tower_units"]) == 1
    assert how.get("levels", 1) == len(how["expert_units"])


def test_gates_that_read_the_context_are_blind_to_all_else():
    x = np.random.default_rng(0).normal(size=(4, FEATURES)).astype("float32")
    changed = x.copy()
    changed[:, 12:] += 1
    for name in ("mmoe", "ple"):
        for reads, blind in (("context", True), ("stream", False)):
            attempt = next(one for one in protocol.attempts(name) if one["reads"] == reads)
            model = built(name, attempt)
            for one, other in zip(gate_weights(model, x), gate_weights(model, changed), strict=True):
                assert np.allclose(one.weights, other.weights) == blind


def test_gates_held_uniform_are():
    x = np.random.default_rng(0).normal(size=(50, FEATURES)).astype("float32") * 3
    for name in ("cgc-uniform", "ple-uniform"):
        for reading in gate_weights(built(name, protocol.attempts(name)[0]), x):
            assert np.abs(reading.weights - 1 / reading.weights.shape[1]).max() < 5e-3


def test_a_mixture_for_each_task_alone_shares_nothing():
    for experts in protocol.EXPERTS:
        assert protocol.counts("own-mixture", experts)["shared_experts"] == 0
    with pytest.raises(ValueError, match="experts: expected one of"):
        protocol.counts("ple", "some")


def test_the_rate_falls_to_zero_along_a_cosine():
    schedule = protocol.falling(0.02, 10).schedule
    rates = [schedule(epoch, None) for epoch in range(11)]
    assert rates[0] == 0.02 and rates[5] == pytest.approx(0.01) and rates[10] == pytest.approx(0)
    assert (np.diff(rates) < 0).all()


def test_the_best_attempt_has_the_least_mean_logarithm():
    """Attempt 1 has the lower arithmetic mean, attempt 0 the lower geometric one."""
    runs = pd.DataFrame(
        [("ple", 0, 0, 0.01), ("ple", 0, 1, 0.5), ("ple", 1, 0, 0.2), ("ple", 1, 1, 0.2)],
        columns=["architecture", "attempt", "seed", "a/excess"],
    )
    found = protocol.best(runs, ["a"])
    assert found["attempt"].to_dict() == {"ple": 0} and found["attempts"].to_dict() == {"ple": 2}
    assert found["excess"].item() == pytest.approx(np.sqrt(0.005))
    two = pd.concat([runs.assign(rows=1), runs.assign(rows=2, attempt=1 - runs["attempt"])])
    assert protocol.best(two, ["a"], ["rows"])["attempt"].to_dict() == {(1, "ple"): 0, (2, "ple"): 1}


def test_seeds_that_choose_are_not_reported():
    for theme in (worlds, causes, groups, papers, scarce):
        for name, one in theme.STUDIES.items():
            chooses = name.rpartition("_")[2] in ("attempts", "rates")
            assert (set(one.seeds) == set(worlds.TRIED)) == chooses, name
            assert chooses == one.question.startswith("with seeds used for choosing only")
            assert chooses or not set(one.seeds) & set(worlds.TRIED)


@pytest.mark.parametrize("region", worlds.REGIONS)
def test_the_places_of_a_world_are_what_they_say(region):
    place = worlds.REGIONS[region]
    for cell in worlds.cells(region):
        small = cell | {"rows": 2048}
        train, valid, test = worlds.world_data(3, region=region, **small)
        assert (len(train), len(valid), len(test)) == (2048, worlds.VALID, worlds.TEST)
        assert train.spec.numeric == place.features and tuple(train.tasks) == place.tasks
        shares = {task: train.mask[task].mean() for task in train.tasks}
        assert shares[place.scored[-1]] == pytest.approx(cell["labels"], abs=0.03)
        assert all(share == 1 for task, share in shares.items() if task != place.scored[-1])
        context = test.columns.get("context", test.columns["silent"])
        assert set(place.gates) <= set(range(context.start, context.stop))
        if "context" in test.columns:
            assert len(place.gates) == context.stop - context.start
        for task in place.tasks:
            assert (task in place.scored) == (task != "loud" and (region, task) != ("crowded", "d"))


def test_a_shuffled_context_is_a_control():
    cell = worlds.cells("routing")[0] | {"rows": 256}
    plain, other = (worlds.world_data(0, region="routing", **cell, shuffled=value)[2] for value in (False, True))
    shown = [world.data.features[:, :12].argmax(axis=1) == world.context for world in (plain, other)]
    assert shown[0].all() and shown[1].mean() < 0.2


@pytest.mark.parametrize("region", worlds.MAPPED)
def test_rates_are_tried_where_the_centre_does_not_decide(region):
    moved = study.STUDIES[f"{region}_rates"].points
    assert {point["strength"] for point in moved} == {worlds.REGIONS[region].strength[2]}
    places = {tuple(point[dial] for dial in worlds.CENTRE) for point in moved}
    assert len(places) == 6 and tuple(worlds.CENTRE.values()) not in places
    assert len(moved) == 4 * 3 + 2 * 4


def test_where_labels_are_scarce_loss_weights_are_tried_too():
    assert worlds.nearby(1.0) == [(1 / 3, False), (1.0, False), (3.0, False)]
    assert [weigh for _, weigh in worlds.nearby(0.2)] == [False, False, True, True]


def test_the_choice_of_a_place_is_that_of_its_tables(monkeypatch):
    """Invented tables: at the centre attempt 5 wins, where rows are few the third of its rate."""
    tries = pd.DataFrame(
        [(name, n, seed, 0.1 + abs(n - 5)) for name in protocol.MODELS for n in range(16) for seed in (0, 1)],
        columns=["architecture", "attempt", "seed", "a/excess"],
    )
    place = worlds.CENTRE | {"rows": 4096}
    rates = tries[tries["attempt"] < 3].assign(**place)
    rates["a/excess"] = rates["attempt"] + 0.1
    for table in (tries, rates):
        for task in "bcd":
            table[f"{task}/excess"] = table["a/excess"]
    monkeypatch.setattr(worlds, "stored", {"parts_attempts": tries, "parts_rates": rates}.__getitem__)
    for cached in (worlds.choice, worlds.choices):
        cached.cache_clear()
    try:
        centre = worlds.chosen(region="parts", **worlds.CENTRE)
        few = worlds.chosen(region="parts", **place)
    finally:
        for cached in (worlds.choice, worlds.choices):
            cached.cache_clear()
    rate = {name: protocol.attempts(name)[5]["rate"] for name in protocol.MODELS}
    for name in protocol.MODELS:
        assert centre[name]["fit"]["callbacks"][0].schedule.keywords == {"rate": rate[name], "epochs": 20}
        assert few[name]["fit"]["callbacks"][0].schedule.keywords == pytest.approx(
            {"rate": rate[name] / 3, "epochs": 40}
        )
    assert centre[protocol.NARROW]["expert_units"] == centre["single-task"]["expert_units"]
    assert centre[protocol.NARROW]["architecture"] == "hard-sharing"


def test_causes_change_the_gates_alone():
    plain, static, uniform = (causes._settings("ple", reads, "parts", 0.01) for reads in causes.READS)
    changed = {
        key for key in {**static, **uniform} if plain.get(key) != static.get(key, plain.get(key)) or key in uniform
    }
    assert changed - set(plain) <= {"gate_columns", "gate_bias", "gate_temperature"}
    assert plain["expert_units"] == static["expert_units"] == uniform["expert_units"]
    train, _, test = causes.causes_data(0, world="routing", silent=4)
    assert train.spec.numeric == 22 and len(test) == worlds.TEST
    fitted = causes.causes_data(0, world="routing", silent=4, scored="train")
    assert np.array_equal(fitted[2].data.features, train.features)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras's LearningRateScheduler
def test_a_fingerprint_notices_the_callback_and_the_point():
    small = study.Study(
        "",
        lambda rate: {
            "hard-sharing": {"architecture": "hard-sharing", "fit": {"callbacks": [protocol.falling(rate, 4)]}}
        },
        lambda seed, rate: study.dial_data(seed, 0.5, rows=64),
        seeds=(0,),
        points=({"rate": 0.01},),
        fit_settings={"epochs": 4},
    )
    other = study.Study(
        small.question, small.models, small.make_data, small.seeds, ({"rate": 0.02},), small.fit_settings
    )
    one, two = (study_fingerprint(each, data=False) for each in (small, other))
    assert one["models"] != two["models"]
    before = head("small", small)
    study.trials(small, show_progress=False)  # the callback of the study does not keep the model that it met
    assert head("small", small) == before


def test_the_papers_models_cost_alike_where_the_paper_says_so():
    counts = {}
    for name, settings in papers.MMOE.items():
        counts[name] = build_model(
            **settings, features=100, tasks={"a": "regression", "b": "regression"}
        ).count_params()
    for count in counts.values():
        assert count == pytest.approx(counts["mmoe"], rel=0.03)


def test_groups_are_related_within_and_not_across():
    for tasks in groups.GROUPS:
        _, _, test = groups.group_data(0, tasks=tasks)
        names = groups.names(tasks)
        assert tuple(test.data.tasks) == names
        signals = np.corrcoef([test.signals[task] for task in names])
        same = np.array([[one[0] == other[0] for other in names] for one in names])
        assert np.abs(signals[~same]).max() < 0.2
        assert signals[same].min() > 0.55
        for how in groups.tried(tasks=tasks, attempt=0).values():
            assert parameters_of(how, groups.FEATURES, names) == pytest.approx(groups.PARAMETERS * tasks, rel=0.03)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in Keras's LearningRateScheduler
def test_what_gradients_said_stands_beside_the_scores(monkeypatch):
    """At first, tasks that are one and the same pull the same way, more so than unrelated ones."""
    small = {"architecture": "hard-sharing", "expert_units": (16,), "tower_units": (), "activation": "swish"}
    fitted = {"fit": {"callbacks": [protocol.falling(0.02, 40)]}}
    monkeypatch.setattr(worlds, "chosen", lambda **_: {"hard-sharing": small | fitted})
    cosines = {}
    for strength in (0.0, 1.0):
        place = worlds.CENTRE | {"rows": 1024, "strength": strength}
        parts = worlds.world_data(0, region="parts", **place)
        row = conflicts.conflicts(*parts, 0, region="parts", **place)
        assert {f"{task}/{name}" for task in "abcd" for name in ("excess", "cosine", "early_affinity")} <= set(row)
        cosines[strength] = np.mean([row[f"{task}/early_cosine"] for task in "abcd"])
    assert cosines[1.0] > cosines[0.0] + 0.05, cosines
    assert conflicts.looked_at(3) == [1, 2, 3] and conflicts.looked_at(40) == [1, 10, 20, 30, 40]


def test_the_scarce_task_is_scarce_where_models_train_and_nowhere_else():
    train, valid, test = scarce.full_and_scarce(3)
    for part in (train, valid):
        assert part.mask["a"].all() and part.mask["b"].mean() == pytest.approx(scarce.LABELS, abs=0.01)
    assert np.corrcoef(test.expected["a"], test.expected["b"])[0, 1] == pytest.approx(scarce.SHARE, abs=0.04)
    assert len(test.expected["b"]) == worlds.TEST  # the truth of every row, also where the label is missing
    for name, how in scarce.tried(weight=0.1, attempt=1).items():
        assert (
            how["fit"]["loss_weights"] == {"b": 0.1} and how["fit"]["callbacks"][0].schedule.keywords["rate"] == 0.012
        )
        assert parameters_of(how, train.spec.numeric, ["a", "b"]) == pytest.approx(scarce.PARAMETERS, rel=0.03), name


def test_single_task_networks_of_the_scarce_study_stop_by_their_own_tasks():
    models = scarce.chosen(weight=1.0)
    assert {name: models[name]["fit"]["monitor"] for name in scarce.OWN_STOPS} == {
        "single-task-a": {"a": 1.0},
        "single-task-b": {"b": 1.0},
    }
    assert not any("monitor" in how["fit"] for name, how in models.items() if name not in scarce.OWN_STOPS)
    runs = pd.DataFrame(
        [
            {"architecture": name, "weight": 1.0, "seed": seed, "a/excess": value, "b/excess": 10 * value}
            for value, name in enumerate(("single-task", "single-task-a", "single-task-b", "ple"))
            for seed in (0, 1)
        ]
    )
    kept = scarce.with_own_stops(runs).groupby("architecture")[["a/excess", "b/excess"]].mean()
    assert kept.to_dict("index") == {
        "ple": {"a/excess": 3, "b/excess": 30},
        "single-task": {"a/excess": 1, "b/excess": 20},
    }
