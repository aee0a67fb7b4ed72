"""The engine of studies: every trial is what a trial made by hand is, whoever runs it."""

import os
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ple_tutorial import study
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.data.worlds import make_parts
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.study import engine
from ple_tutorial.training import compilations, fit, predict

SMALL = study.Study(
    "a small grid",
    {name: study.DIAL_MODELS[name] for name in ("hard-sharing", "cgc")},
    study.dial_data,
    seeds=(3, 4),
    points=({"correlation": 0.0, "rows": 256}, {"correlation": 1.0, "rows": 256}),
    fit_settings={"epochs": 2, "batch_size": 64, "learning_rate": 3e-3},
)


@pytest.fixture(scope="module")
def table():
    return study.trials(SMALL, show_progress=False)


def test_one_row_a_trial(table):
    assert len(table) == 2 * 2 * 2
    assert not table.duplicated(["architecture", "correlation", "seed"]).any()
    assert list(table.columns) == [
        "architecture", "correlation", "rows", "seed", "parameters", "epochs", "a/mse", "b/mse",
    ]  # fmt: skip


def test_a_trial_is_what_it_is_by_hand(table):
    """Reusing one compiled program over seeds and points changes nothing: the last trial equals a fresh one."""
    train, _, test = study.dial_data(4, 1.0, rows=256)
    model = build_model(**SMALL.models["cgc"], features=train.spec, tasks=train.kinds, seed=4)
    fit(model, train, seed=4, **SMALL.fit_settings)
    by_hand = evaluate(test, predict(model, test))
    row = table[(table["architecture"] == "cgc") & (table["correlation"] == 1.0) & (table["seed"] == 4)].iloc[0]
    np.testing.assert_allclose([row["a/mse"], row["b/mse"]], [by_hand["a", "mse"], by_hand["b", "mse"]], rtol=1e-5)
    assert row["parameters"] == model.count_params()


def test_two_processes_give_the_same_table(table, monkeypatch):
    """Each with its share of the cores, and nothing of this process's environment is changed."""

    def threads(train, valid, test, seed, **point):
        import os

        return {"epochs": 0, "threads": int(os.environ["TF_NUM_INTRAOP_THREADS"]), "process": os.getpid()}

    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    before = dict(os.environ)
    one = {"hard-sharing": SMALL.models["hard-sharing"]}
    both = study.trials(replace(SMALL, models=one, others={"threads": threads}), workers=2, show_progress=False)
    assert dict(os.environ) == before
    seen = both[both["architecture"] == "threads"]
    assert set(seen["threads"]) == {max(1, os.cpu_count() // 2)}
    assert os.getpid() not in set(seen["process"])
    trained = both[both["architecture"] != "threads"][table.columns]
    alone = table[table["architecture"] == "hard-sharing"]
    # In the same order. On some processors the number of threads decides the last bits.
    pd.testing.assert_frame_equal(trained, alone, check_dtype=False, rtol=1e-5)


def test_a_grid_of_100_trials_compiles_two_programs():
    """One for each architecture: seeds, correlations and data of one shape share it."""

    def data(seed, correlation):
        made = make_synthetic(96, correlation, features=4, seed=seed)
        return made.take(slice(0, 64)), None, made.take(slice(64, None))

    points = tuple({"correlation": correlation} for correlation in (-1.0, -0.5, 0.0, 0.5, 1.0))
    models = {name: {"architecture": name, "expert_units": (3,)} for name in ("hard-sharing", "mmoe")}
    settings = {"epochs": 1, "batch_size": 32}
    before = compilations()
    table = study.trials(study.Study("", models, data, tuple(range(10)), points, settings), show_progress=False)
    assert (len(table), compilations() - before) == (100, 2)
    assert table["a/mse"].nunique() == 100


def test_a_world_is_scored_against_its_truth_and_a_model_has_settings_of_its_own():
    def data(seed):
        train, test = make_parts(1000, seed=seed).split(256)
        return train.data, None, test

    small = {"architecture": "hard-sharing", "expert_units": (4,)}
    models = {"short": small, "long": small | {"fit": {"epochs": 3}}}
    table = study.trials(study.Study("", models, data, (0,), ({},), {"epochs": 1}), show_progress=False)
    assert table["epochs"].tolist() == [1, 3]
    train, _, test = data(0)
    model = build_model(**small, features=train.spec, tasks=train.kinds, seed=0)
    fit(model, train, seed=0, epochs=3)
    excess = ((predict(model, test.data)["b"] - test.expected["b"]) ** 2).mean()
    assert table["b/excess"][1] == pytest.approx(excess, rel=1e-5)
    assert table["b/mse"][1] - table["b/excess"][1] == pytest.approx(0.25, abs=0.1)  # the noise


def test_the_settings_of_fit_may_depend_on_the_point():
    points = ({"correlation": 0.0, "rows": 256, "weight": 0.0}, {"correlation": 0.0, "rows": 256, "weight": 1.0})
    swept = replace(
        SMALL,
        models={"single-task": study.DIAL_MODELS["single-task"]},
        seeds=(0,),
        points=points,
        make_data=lambda seed, weight, **point: study.dial_data(seed, **point),
        fit_settings=lambda weight, **_: {"epochs": 2, "loss_weights": {"a": weight, "b": 1.0}},
    )
    table = study.trials(swept, show_progress=False)
    assert table["a/mse"].nunique() == 2  # with weight 0 task a learns nothing
    assert table["b/mse"].nunique() == 1  # and task b, alone in its own network, does not notice


def test_the_models_may_depend_on_the_point():
    def models(units, **_):
        return {"hard": {"architecture": "hard-sharing", "expert_units": (units,)}}

    points = ({"units": 2}, {"units": 5})
    grid = replace(
        SMALL,
        models=models,
        seeds=(0,),
        points=points,
        make_data=lambda seed, units: study.dial_data(seed, 0.5, rows=64),
        fit_settings={"epochs": 1},
    )
    table = study.trials(grid, show_progress=False)
    assert table["parameters"].tolist() == [32 * n + n + 2 * (8 * n + 8 + 9) for n in (2, 5)]
    with pytest.raises(
        ValueError, match=r"models: expected the models \['m2'\] on each point, got \['m5'\] at {'units': 5}"
    ):
        replace(grid, models=lambda units: {f"m{units}": {}}).trials()


def test_a_point_takes_no_name_of_the_tables_own_columns():
    """A dial called ``parameters`` would be overwritten by each model's own count."""
    with pytest.raises(ValueError, match=r"points: expected other names .*, got \['parameters'\]"):
        replace(SMALL, points=({"correlation": 0.0, "parameters": 4000},)).trials()


@pytest.mark.parametrize(("together", "groups"), [(1, [1] * 8), (3, [3, 1, 3, 1]), (9, [4, 4])])
def test_trials_of_one_model_may_be_taken_together(table, together, groups):
    grid = SMALL.trials()
    found = list(engine._groups(grid, list(range(len(grid))), together))
    assert [len(numbers) for numbers in found] == groups and [n for numbers in found for n in numbers] == list(range(8))
    assert all(len({grid[number].architecture for number in numbers}) == 1 for numbers in found)
    if together == 3:
        again = study.trials(replace(SMALL, together=together), show_progress=False)
        pd.testing.assert_frame_equal(again, table, rtol=1e-5)


def test_gates_are_recorded():
    gated = replace(
        SMALL, models={"cgc": study.DIAL_MODELS["cgc"]}, points=SMALL.points[:1], seeds=(3,), record="gates"
    )
    table = study.trials(gated, show_progress=False)
    assert list(table["expert"]) == ["a_1", "shared_1", "b_1", "shared_1"]
    np.testing.assert_allclose(table.groupby("gate")["mean"].sum(), 1, atol=1e-5)
    samples = study.trials(replace(gated, record="gate samples"), show_progress=False)
    assert len(samples) == 4 * 200
    np.testing.assert_allclose(samples.groupby(["gate", "sample"])["weight"].sum(), 1, atol=2e-4)


def test_other_learners_stand_beside_the_models():
    def constant(train, valid, test, seed, correlation, rows):
        assert valid is None and len(train) == rows == 256 and correlation in (0, 1)
        return {"a/mse": float(seed), "b/mse": 1.0}

    table = study.trials(replace(SMALL, models={}, others={"constant": constant}), show_progress=False)
    assert table["a/mse"].tolist() == table["seed"].tolist() == [3, 4, 3, 4]
    assert list(table.columns) == ["architecture", "correlation", "rows", "seed", "a/mse", "b/mse"]


@pytest.mark.parametrize("part", ["models", "points", "seeds"])
def test_an_empty_grid_is_refused(part):
    with pytest.raises(ValueError, match="study: expected at least one model, point and seed"):
        study.trials(replace(SMALL, **{part: type(getattr(SMALL, part))()}))


def test_an_unknown_study_names_the_nearest(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'dial'"):
        study.run("dail", tmp_path)


# Trials that fail


def sometimes(train, valid, test, seed, correlation, rows):
    """A learner that fails for one seed on one point."""
    if seed == 4 and correlation == 0.0:
        raise OSError("no space\nleft")
    return {"a/mse": float(test.labels["a"][seed]), "b/mse": np.float32(correlation)}


def test_a_trial_that_fails_is_a_row_with_its_error():
    asked = replace(SMALL, models={}, others={"sometimes": sometimes})
    with pytest.warns(UserWarning, match="1 of 4 trials failed, the first with OSError: no space left"):
        table = study.trials(asked, show_progress=False)
    assert list(table.columns) == ["architecture", "correlation", "rows", "seed", "a/mse", "b/mse", "error"]
    assert table["seed"].tolist() == [3, 4, 3, 4]
    assert table["error"].dropna().to_dict() == {1: "OSError: no space left"}
    assert table["a/mse"].isna().tolist() == [False, True, False, False]


def test_a_study_of_which_every_trial_fails_is_refused():
    slip = replace(SMALL, models={"x": {"architecture": "hard-sharing", "expert_unitz": (3,)}})
    with pytest.raises(
        ValueError, match=r"study: expected at least one trial that does not fail, got 4 .*expert_unitz"
    ):
        study.trials(slip, show_progress=False)


def test_a_worker_ends_when_the_process_that_started_it_is_gone(monkeypatch):
    ended, parents = threading.Event(), iter([7, 7, 7, 1])
    monkeypatch.setattr(engine, "PAUSE", 0)
    monkeypatch.setattr(engine.os, "getppid", lambda: next(parents))
    monkeypatch.setattr(engine.os, "_exit", lambda status: ended.set())
    engine._end_with(8)  # it is the process that runs the study itself, or belongs to a cluster
    assert next(parents) == 7
    assert not ended.is_set()
    engine._end_with(7)
    assert ended.wait(5)


def test_the_bar_counts_trials(monkeypatch):
    bars = []
    monkeypatch.setattr(engine, "bar", lambda results, **settings: bars.append(settings) or results)
    study.trials(replace(SMALL, models={}, others={"constant": lambda *_, **__: {"a/mse": 1.0}}), show_progress=False)
    assert bars == [{"total": 4, "label": "trials", "show": False}]


def test_a_worker_with_other_versions_is_refused():
    with pytest.raises(RuntimeError, match=r"the worker on .* has .*tensorflow.*, expected other versions as here"):
        engine._outcomes([(0, SMALL.trials()[0])], "other versions", None)
