"""Duels: small studies on the map's world with a routing table, one thing changed at a time."""

import pandas as pd
import pytest

from ple_tutorial.study import duel, worlds
from ple_tutorial.study.fingerprint import describe


def test_each_setting_is_the_centre_but_for_what_it_changes(monkeypatch):
    seen = []

    def run(study, show_progress):
        seen.append(study)
        rows = [{"architecture": trial.architecture, "setting": trial.point["setting"]} for trial in study.trials()]
        return pd.DataFrame(rows).assign(**{f"{task}/excess": 0.01 for task in "abcd"})

    monkeypatch.setattr(duel, "trials", run)
    settings = {"seen": {}, "hidden": {"shuffled": True}, "loud": {"loud": True, "weight": 0.1}}
    runs = duel.duel(settings, seeds=(4, 5))
    (study,) = seen
    centre = {"setting": "seen", "region": "routing"} | worlds.cells("routing")[0] | {"rows": 4096}
    assert study.points == (
        centre,
        centre | {"setting": "hidden", "shuffled": True},
        centre | {"setting": "loud", "region": "crowded", "weight": 0.1},
    )
    on_the_map = worlds.chosen(region="routing", rows=4096, budget=4000, labels=1.0)
    for name, how in study.models_at(study.points[0]).items():
        assert describe(how) == describe(on_the_map[name])
    assert len(runs) == 2 * 3 * 2 and runs["mean/excess"].round(6).eq(0.01).all()
    assert [study.settings_at(point).get("loss_weights") for point in study.points] == [None, None, {"d": 0.1}]
    for point in study.points:
        assert study.settings_at(point)["epochs"] == worlds.epochs_of(4096)


def test_a_loud_task_is_noise_and_is_not_scored():
    loud, quiet = (duel._data(0, **{"setting": "one", "region": region} | worlds.cells("routing")[0] | {"rows": 64})
                   for region in ("crowded", "routing"))  # fmt: skip
    assert loud[0].labels["d"].std() > 3 > quiet[0].labels["d"].std()
    assert loud[0].labels["a"].std() == pytest.approx(quiet[0].labels["a"].std())
    assert worlds.REGIONS["crowded"].scored == ("a", "b", "c")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: duel.duel({}), "settings: expected at least one setting"),
        (lambda: duel.duel({"few": {"row": 3}}), "change: expected one of labels, strength"),
        (lambda: duel.duel({"one": {}}, models=["pel"]), "model: expected one of .*did you mean 'ple'"),
        (lambda: duel.duel({"one": {}}, budget=0), "budget: expected"),
    ],
)
def test_a_slip_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
