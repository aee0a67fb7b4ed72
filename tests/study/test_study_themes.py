"""The themes of studies: their data, their models, and what no learner may look at."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ple_tutorial import routing, study
from ple_tutorial.data import TaskData
from ple_tutorial.data.synthetic import PAIR, make_synthetic
from ple_tutorial.diagnostics import reach
from ple_tutorial.metrics import evaluate
from ple_tutorial.models import build_model
from ple_tutorial.routing import ARCHITECTURES
from ple_tutorial.study import family
from ple_tutorial.study.fingerprint import study_fingerprint
from ple_tutorial.training import fit, predict


@pytest.fixture(scope="module")
def people():
    """Three parts of two easy tasks: a code decides on the one, a number on the other."""
    rng = np.random.default_rng(0)
    numeric, codes = rng.normal(size=(3000, 2)), rng.integers(0, 4, (3000, 3))
    labels = {"income": codes[:, 0] == 2, "never_married": numeric[:, 0] > 0}
    kinds = dict.fromkeys(labels, "binary")
    return TaskData({"numeric": numeric, "codes": codes}, labels, kinds, {}, (4, 4, 4)).split((0.6, 0.2, 0.2))


def test_single_task_networks_of_the_census_share_nothing(people):
    fast = study.CENSUS_SINGLE_FIT | {"epochs": 8, "learning_rate": 5e-3}
    row = study.census_single(*people, seed=0, learning_rate=5e-3, fit_settings=fast)
    assert row["income/auc"] > 0.99 and row["never_married/auc"] > 0.99
    alone = {}
    for task in people[0].kinds:  # each as if the other task were not there
        train, valid, test = (part.only(task) for part in people)
        model = build_model(**study.CENSUS_SINGLE, features=train.spec, tasks=train.kinds, seed=0)
        fit(model, train, valid, seed=0, **fast)
        alone[task] = evaluate(test, predict(model, test))[task, "log_loss"]
        assert row["parameters"] == 2 * model.count_params()
    np.testing.assert_allclose([row[f"{task}/log_loss"] for task in alone], list(alone.values()), rtol=1e-4)


def test_trees_of_the_census_take_codes_as_codes(people):
    few = study.CENSUS_TREES | {"max_iter": 60}
    row = study.census_trees(*people, seed=0, settings=few)
    assert row["income/auc"] > 0.99 and row["never_married/auc"] > 0.99
    assert 0 < row["epochs"] <= 60
    assert study.census_trees(*people, seed=0, settings=few) == row


def three_parts():
    """Small tabular parts with two binary tasks, and the same with the test labels turned round."""
    from sklearn.preprocessing import KBinsDiscretizer

    made = make_synthetic(900, 0.5, features=6, tasks={"income": "binary", "never_married": "binary"}, noise=1.0)
    codes = KBinsDiscretizer(4, encode="ordinal", strategy="uniform").fit_transform(made.features[:, :2]).astype(int)
    features = {"numeric": made.features[:, 2:], "codes": codes}
    data = TaskData(features, made.labels, made.kinds, cardinalities=(4, 4))
    train, valid, test = data.split((0.5, 0.25, 0.25), seed=1)
    return train, valid, test, replace(test, labels={task: 1 - y for task, y in test.labels.items()})


def assert_blind_to_test_labels(one, other):
    """With the test labels turned round the same predictions have the AUC 1 - AUC; training was not touched."""
    assert one["epochs"] == other["epochs"]
    for task in ("income", "never_married"):
        assert one[f"{task}/auc"] + other[f"{task}/auc"] == pytest.approx(1, abs=1e-6)
        assert abs(one[f"{task}/auc"] - 0.5) > 0.01


@pytest.mark.parametrize("learner", [study.census_single, study.census_trees])
def test_no_learner_of_the_census_study_looks_at_test_labels(learner):
    train, valid, test, turned = three_parts()
    short = {"fit_settings": study.CENSUS_SINGLE_FIT | {"epochs": 8}, "learning_rate": 5e-3}
    if learner is study.census_trees:
        short = {"settings": study.CENSUS_TREES | {"max_iter": 60}}
    assert_blind_to_test_labels(learner(train, valid, test, 3, **short), learner(train, valid, turned, 3, **short))


def test_no_trial_looks_at_test_labels():
    train, valid, test, turned = three_parts()
    small = study.Study(
        "does a trial look at test labels?",
        {"hard-sharing": {"architecture": "hard-sharing", "expert_units": (8,)}},
        make_data=lambda seed, poisoned: (train, valid, turned if poisoned else test),
        points=({"poisoned": False}, {"poisoned": True}),
        seeds=(0,),
        fit_settings={"epochs": 12, "patience": 1, "batch_size": 64, "learning_rate": 3e-2},
    )
    one, other = study.trials(small, show_progress=False).to_dict("records")
    assert one["epochs"] < 12  # it did stop early
    assert_blind_to_test_labels(one, other)


def test_train_and_test_of_the_dial_have_no_row_in_common():
    for make in (study.dial_data, study.gate_data, study.seesaw_data):
        settings = {"weight": 0.5} if make is study.seesaw_data else {"correlation": 0.5}
        train, valid, test = make(7, **settings)
        assert valid is None and len(test) == 8192
        rows = {row.tobytes() for row in train.features}
        assert len(rows) == len(train) and not any(row.tobytes() in rows for row in test.features)


def test_the_family_is_stopped_by_rows_of_its_own():
    parts = study.family_data(7, 0.5)
    assert [len(part) for part in parts] == [4096, 4096, 8192]
    rows = [{row.tobytes() for row in part.features} for part in parts]
    assert not (rows[0] & rows[1] or rows[0] & rows[2] or rows[1] & rows[2])
    assert study.STUDIES["family_budget"].fit_settings["patience"] == 5
    for scored, number in (("train", 0), ("test", 2)):
        same = study.scored_on(7, 0.5, scored)
        for i, part in enumerate(same):
            assert np.array_equal(part.features, parts[number if i == 2 else i].features)
    for one, other in zip(study.with_constant(7, 0.5), parts, strict=True):
        assert np.array_equal(one.features[:, :-1], other.features) and (one.features[:, -1] == 1).all()
        assert all(np.array_equal(one.labels[task], other.labels[task]) for task in "ab")


def test_the_seesaw_weighs_as_it_says():
    assert study.seesaw_fit(0.3)["loss_weights"] == {"a": 0.3, "b": 0.7}
    train, _, test = study.seesaw_data(7)
    assert {task: int(mask.sum()) for task, mask in train.mask.items()} == {
        "a": 8192,
        "b": pytest.approx(2048, abs=150),
    }
    assert all(mask.all() for mask in test.mask.values())


def test_the_family_at_equal_structure_and_at_an_equal_budget():
    """All ten in both; the budget is the single-task model's; within 1 %; a control differs in what it says alone."""
    structure, budget = (study.STUDIES[name].models for name in ("family_structure", "family_budget"))
    assert list(structure)[:10] == list(ARCHITECTURES) == list(budget)[:10]
    small = [build_model(**structure[name], features=32, tasks=PAIR) for name in ("single-task-narrow", "hard-sharing")]
    assert small[0].count_params() == pytest.approx(small[1].count_params(), rel=0.01)
    counts = {
        name: build_model(**settings, features=32, tasks=PAIR).count_params() for name, settings in budget.items()
    }
    single = build_model(**structure["single-task"], features=32, tasks=PAIR)
    assert single.count_params() == study.FAMILY_BUDGET == counts["single-task"]
    assert all(abs(counts[name] - study.FAMILY_BUDGET) <= 0.01 * study.FAMILY_BUDGET for name in ARCHITECTURES)
    assert counts["sluice-free"] == counts["sluice"]
    assert counts["sluice"] - counts["sluice-apart"] == 2 * 2 * 2 * 2  # levels, tasks, 2 x 2 numbers across

    test = study.family_data(0, 0.5, rows=64)[2].take(slice(0, 200))
    apart = build_model(**budget["sluice-apart"], features=32, tasks=PAIR)
    norms = reach(apart, test)
    assert len(apart.losses) == 4  # the penalty is there
    for level in (1, 2):
        assert norms.loc["a", f"level{level} b experts"] == 0 < norms.loc["b", f"level{level} b experts"]
    assert not build_model(**budget["sluice-free"], features=32, tasks=PAIR).losses


def test_an_eleventh_architecture_changes_no_stored_study(monkeypatch):
    """The studies of the family name their ten; an architecture that joins the package later is not among them."""
    eleven = (
        {**routing.ARCHITECTURES, "eleventh": None} if isinstance(ARCHITECTURES, dict) else (*ARCHITECTURES, "eleventh")
    )
    monkeypatch.setattr(routing, "ARCHITECTURES", eleven)
    again = runpy.run_path(family.__file__)["STUDIES"]
    for name in ("family_structure", "family_budget", "family_rows", "family_rates"):
        assert study_fingerprint(again[name], data=False) == study_fingerprint(study.STUDIES[name], data=False)
    assert list(study.FAMILY) == list(ARCHITECTURES)[:10]


def test_the_names_of_the_studies_are_those_of_the_theme_files():
    """A study is added in its theme file alone: no two of a name, and none is lost."""
    themes = [theme.STUDIES for theme in study.THEMES]
    assert len(study.STUDIES) == sum(map(len, themes)) >= 13
    files = {path.stem for path in Path(study.__file__).parent.glob("*.py") if "\nSTUDIES = " in path.read_text()}
    assert files == {theme.__name__.rpartition(".")[2] for theme in study.THEMES} | {"__init__"}
