"""The study of balancing: equal tries for every method, on seeds of their own, and a table that is read as it was made."""

import numpy as np
import pandas as pd
import pytest

from ple_tutorial.study import STUDIES, balancing, protocol
from ple_tutorial.study.verdicts import BETTER, UNSEEN, WORSE


def test_every_method_has_as_many_tries():
    for method in balancing.METHODS:
        tries = balancing.tries(method)
        assert len(tries) == balancing.TRIES == len({str(one) for one in tries})
        rates = [one["rate"] for one in tries]
        assert min(rates) <= 0.01 and max(rates) >= 0.06  # none is kept from a rate that another may have
    with pytest.raises(ValueError, match="method"):
        balancing.tries("MGDA")


def test_tries_and_reports_have_no_seed_in_common():
    tried, reported = STUDIES["balancing_attempts"], STUDIES["balancing"]
    assert not set(tried.seeds) & set(reported.seeds) and len(reported.seeds) == 32
    assert len(tried.points) == len(balancing.SETTINGS) * balancing.TRIES


def test_models_are_of_equal_size_and_differ_in_the_method_alone():
    models = balancing.tried(attempt=5)
    assert list(models) == [f"{sharing} {method}" for sharing, method in balancing.names()]
    for sharing in balancing.SHARING:
        bare = [{k: v for k, v in models[f"{sharing} {m}"].items() if k != "fit"} for m in balancing.METHODS]
        assert all(one == bare[0] for one in bare) and bare[0]["architecture"] == sharing
    assert models["ple GradNorm"]["fit"]["balance"] == balancing.GradNorm(alpha=0.5)
    assert models["hard-sharing tuned weights"]["fit"]["loss_weights"] == {"b": 1.0}
    assert set(models["ple equal weights"]["fit"]) == {"callbacks"}


def test_the_chosen_try_is_the_best_of_each_setting(monkeypatch):
    """Each model's best try is that of its place among the models, in the second setting the next one."""
    names = [f"{sharing} {method}" for sharing, method in balancing.names()]
    rows = [
        (name, setting, attempt, seed, 0.1 + abs(attempt - (place + turn) % balancing.TRIES), 0.1)
        for place, name in enumerate(names)
        for turn, setting in enumerate(balancing.SETTINGS)
        for attempt in range(balancing.TRIES)
        for seed in (0, 1)
    ]
    columns = ["architecture", "setting", "attempt", "seed", "a/excess", "b/excess"]
    monkeypatch.setattr(balancing, "stored", lambda name: pd.DataFrame(rows, columns=columns))
    balancing.choices.cache_clear()
    try:
        for turn, setting in enumerate(balancing.SETTINGS):
            models = balancing.chosen(setting=setting)
            for place, (_, method) in enumerate(balancing.names()):
                number = (place + turn) % balancing.TRIES
                wanted = balancing.tries(method)[number]
                (rate,) = models[names[place]]["fit"]["callbacks"]
                assert rate.schedule(0, None) == pytest.approx(wanted["rate"])
                assert {k: v for k, v in models[names[place]]["fit"].items() if k != "callbacks"} == {
                    k: v for k, v in wanted.items() if k != "rate"
                }
    finally:
        balancing.choices.cache_clear()


def test_the_settings_are_what_they_say():
    train, valid, test = balancing.balancing_data(3, setting="unequal scales")
    assert (len(train), len(valid), len(test)) == (8192, 4096, 8192)
    spread = {task: test.expected[task].std() for task in "ab"}
    assert spread["b"] / spread["a"] == pytest.approx(3, rel=0.1)
    assert train.features.shape[1] == balancing.FEATURES
    train, _, test = balancing.balancing_data(3, setting="unequal kinds")
    assert train.kinds == {"a": "regression", "b": "binary"}
    assert train.mask["b"].mean() == pytest.approx(0.1, abs=0.01) and train.mask["a"].all()
    assert 0.4 < test.expected["b"].mean() < 0.6


def test_methods_are_held_against_tuned_weights():
    rng = np.random.default_rng(0)
    factor = {"tuned weights": 1.0, "equal weights": 1.5, "GradNorm": 0.8, "PCGrad": 1.0}
    rows = []
    for setting in balancing.SETTINGS:
        for seed in range(32):
            base = 1 + rng.random()
            for sharing in ("single-task", *balancing.SHARING):
                for method, by in factor.items():
                    error = base * by * np.exp(0.05 * rng.standard_normal())
                    rows.append((f"{sharing} {method}", setting, seed, error, 4 * error))
    runs = pd.DataFrame(rows, columns=["architecture", "setting", "seed", "a/excess", "b/excess"])
    assert balancing.by_method(runs)["mean/excess"].to_numpy() == pytest.approx(2 * runs["a/excess"].to_numpy())
    table = balancing.against_weights(runs)
    assert table.index.get_level_values("sharing").unique().tolist() == list(balancing.SHARING)
    verdict = table["verdict"].groupby("architecture").unique()
    assert {name: set(found) for name, found in verdict.items()} == {
        "equal weights": {WORSE}, "GradNorm": {BETTER}, "PCGrad": {UNSEEN},
    }  # fmt: skip


def test_every_architecture_has_the_budget():
    from ple_tutorial.models import build_model

    models = balancing.tried(attempt=0)
    for name in ("single-task equal weights", "hard-sharing CAGrad", "ple uncertainty"):
        arguments = {key: value for key, value in models[name].items() if key != "fit"}
        model = build_model(**arguments, features=balancing.FEATURES, tasks={"a": "regression", "b": "binary"})
        assert model.count_params() == pytest.approx(balancing.PARAMETERS, rel=0.03)
    assert "ple" in protocol.GATED
