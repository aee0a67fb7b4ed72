"""The store of studies: what was finished is never run again, and a table says whether it is that of the study as it is now."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from pending import PENDING

from ple_tutorial import figures, study
from ple_tutorial.backend import keras
from ple_tutorial.data import census
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.study import fingerprint, results, store
from ple_tutorial.study.fingerprint import data_digest, describe, study_fingerprint, trial_key
from ple_tutorial.tables import read_table


def data(seed, correlation, noise=0.5):
    made = make_synthetic(64, correlation, features=4, noise=noise, seed=seed)
    return made.take(slice(0, 32)), None, made.take(slice(32, None))


def means(train, valid, test, seed, correlation, power=1):
    return {f"{task}/mse": float((labels**power).mean()) for task, labels in test.labels.items()}


TINY = study.Study(
    "what is stored",
    {},
    data,
    seeds=(5, 3, 4),
    points=({"correlation": 1.0}, {"correlation": 0.0}),
    others={"means": means, "squares": functools.partial(means, power=2)},
)


def run(grid, tmp_path, **settings):
    """Run a study with its trials below ``tmp_path``; return the bytes of its table."""
    return store.run("tiny", grid, tmp_path / "out", folder=tmp_path / "trials", **settings).read_bytes()


# A study that is stopped


def counted(learner, calls, stop_after=None):
    """The learner, which notes its calls in a list and is stopped as by Ctrl-C at a certain one."""

    def function(train, valid, test, seed, correlation):
        calls.append((seed, correlation))
        if len(calls) == stop_after:
            raise KeyboardInterrupt
        return learner(train, valid, test, seed, correlation)

    return function


def with_calls(monkeypatch, calls, stop_after=None):
    monkeypatch.setattr(store, "trial_key", lambda trial, digest: f"{trial.architecture}-{trial.seed}-{digest}")
    return replace(TINY, others={name: counted(learner, calls, stop_after) for name, learner in TINY.others.items()})


def test_a_stopped_study_goes_on_where_it_was(tmp_path, monkeypatch):
    whole = run(TINY, tmp_path / "whole").partition(b"# fingerprint")[0], read_table(tmp_path / "whole/out/tiny.csv")
    calls = []
    with pytest.raises(KeyboardInterrupt):
        run(with_calls(monkeypatch, calls, stop_after=6), tmp_path)
    assert len(calls) == 6 and not (tmp_path / "out").exists()
    again = run(with_calls(monkeypatch, calls), tmp_path).partition(b"# fingerprint")[0]
    assert len(calls) == 6 + (12 - 5)  # five were stored
    assert again == whole[0] and read_table(tmp_path / "out/tiny.csv").equals(whole[1])
    run(with_calls(monkeypatch, calls), tmp_path)
    assert len(calls) == 13  # nothing is left to run


def test_rows_have_the_order_of_the_study_whatever_was_stored_first(tmp_path):
    """Half of the trials are stored by a study with the same points and seeds in another order."""
    whole = run(TINY, tmp_path / "whole")
    turned = replace(
        TINY, seeds=TINY.seeds[::-1][:2], points=TINY.points[::-1], others={"squares": TINY.others["squares"]}
    )
    folder = store.StoredTrials(tmp_path / "trials/tiny", TINY)
    for trial in turned.trials():
        folder.save(trial, {"rows": trial.run(), "error": None})
    stored = list((tmp_path / "trials/tiny").iterdir())
    assert len(stored) == 4
    assert run(TINY, tmp_path) == whole
    assert len(list((tmp_path / "trials/tiny").iterdir())) == 12  # so the four were taken


def test_a_failed_trial_is_stored_with_its_traceback_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setenv("BROKEN", "1")

    def learner(train, valid, test, seed, correlation):
        if seed == 3 and "BROKEN" in os.environ:
            raise OSError("disk full")
        return {"a/mse": 1.0}

    asked = replace(TINY, others={"learner": learner})
    with pytest.warns(UserWarning, match="2 of 6 trials failed"):
        run(asked, tmp_path)
    table = read_table(tmp_path / "out/tiny.csv")
    assert table["error"].dropna().tolist() == ["OSError: disk full"] * 2 and table["a/mse"].sum() == 4
    errors = [json.loads(path.read_text()) for path in (tmp_path / "trials/tiny").glob("*.json")]
    assert sum("disk full" in stored.get("traceback", "") for stored in errors) == 2
    monkeypatch.delenv("BROKEN")
    run(asked, tmp_path)
    table = read_table(tmp_path / "out/tiny.csv")
    assert table["a/mse"].tolist() == [1.0] * 6 and "error" not in table


def test_no_table_is_written_where_every_trial_fails(tmp_path):
    def learner(*_, **__):
        raise OSError("disk full")

    with pytest.raises(ValueError, match="6 that fail, the first with OSError: disk full"):
        run(replace(TINY, others={"learner": learner}), tmp_path)
    assert not (tmp_path / "out").exists()


KILLED = """
import os, random, signal, sys, time, warnings
from pathlib import Path
from ple_tutorial.data.synthetic import make_synthetic
from ple_tutorial.study import Study, store

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
warnings.simplefilter("ignore")  # Python 3.12 warns of a fork with threads

def data(seed, correlation):
    made = make_synthetic(64, correlation, features=4, seed=seed)
    return made.take(slice(0, 32)), None, made.take(slice(32, None))

def means(train, valid, test, seed, correlation):
    time.sleep(0.008)  # so that 20 kills come before the end on a fast machine, too
    return {f"{task}/mse": float(labels.mean()) for task, labels in test.labels.items()}

points = ({"correlation": 0.0}, {"correlation": 1.0})
grid = Study("does it survive?", {}, data, tuple(range(100)), points, others={"means": means})
whole = store.run("tiny", grid, folder / "whole", folder=folder / "trials").read_bytes()
random.seed(0)
stored, done = set(), lambda: len(list((folder / "again").glob("tiny/*.json")))
for kill in range(kills):
    before = done()
    child = os.fork()
    if not child:
        store.run("tiny", grid, folder / "out", folder=folder / "again")
        os._exit(0)
    while done() == before and os.waitpid(child, os.WNOHANG)[0] == 0:
        time.sleep(0.001)
    time.sleep(random.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    stored.add(done())
assert not (folder / "out").exists(), "it was never killed in the middle"
again = store.run("tiny", grid, folder / "out", folder=folder / "again").read_bytes()
left = [path.name for path in (folder / "again" / "tiny").iterdir() if path.suffix != ".json"]
print(again == whole, len(stored), left)
"""


def test_killed_twenty_times_a_study_ends_with_the_same_bytes(tmp_path):
    """Killed (SIGKILL) at random moments, each time after at least one further trial was stored."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), "20"], capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\n")[-2:] == ["True 20 []", ""], done.stderr


NETWORKS = """
import sys
from ple_tutorial import study
from ple_tutorial.study import store

models = {name: study.DIAL_MODELS[name] for name in ("hard-sharing", "cgc")}
points = ({"correlation": 0.0, "rows": 256}, {"correlation": 1.0, "rows": 256})
grid = study.Study("does it survive?", models, study.dial_data, tuple(range(40)), points, {"epochs": 20})
store.run("tiny", grid, sys.argv[1], workers=2, folder=sys.argv[2])
"""


@pytest.mark.skipif("PLE_TUTORIAL_KILLS" not in os.environ, reason="takes ten minutes: PLE_TUTORIAL_KILLS=20 runs it")
def test_killed_often_networks_in_two_processes_end_with_the_same_bytes(tmp_path):
    def start(out, trials):
        return subprocess.Popen([sys.executable, "-c", NETWORKS, out, trials], start_new_session=True)

    def done():
        return len(list((tmp_path / "again").glob("tiny/*.json")))

    assert start(tmp_path / "whole", tmp_path / "trials").wait() == 0
    rng, stored = np.random.default_rng(0), [0]
    for _ in range(int(os.environ["PLE_TUTORIAL_KILLS"])):
        process = start(tmp_path / "out", tmp_path / "again")
        while done() == stored[-1] and process.poll() is None:  # at least one further trial
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        stored.append(done())
    print("stored at each kill:", stored[1:])
    assert stored[-2] < 160  # of 160 trials: the last kill was in the middle, too
    assert start(tmp_path / "out", tmp_path / "again").wait() == 0
    assert (tmp_path / "out/tiny.csv").read_bytes() == (tmp_path / "whole/tiny.csv").read_bytes()


# The key of a trial


TRIAL = replace(
    TINY, models={"cgc": {"architecture": "cgc", "expert_units": (4,)}}, fit_settings={"learning_rate": 1e-3}
).trials()[0]


def rounded(train, valid, test, seed, correlation):
    return {f"{task}/mse": round(float(labels.mean()), 3) for task, labels in test.labels.items()}


@pytest.mark.parametrize(
    "change",
    [
        {"how": TRIAL.how | {"expert_units": (5,)}},
        {"point": {"correlation": 0.5}},
        {"seed": 4},
        {"fit_settings": {"learning_rate": 2e-3}},
        {"fit_settings": {"learning_rate": 1e-3, "optimizer": keras.optimizers.SGD(0.1)}},
        {"fit_settings": {"learning_rate": 1e-3, "optimizer": keras.optimizers.SGD(0.2)}},
        {"record": "gates"},
        {"how": means},
        {"how": rounded},
        {"how": functools.partial(means, power=2)},
    ],
)
def test_the_key_of_a_trial_holds_what_decides_it(change):
    keys = {trial_key(trial, "data") for trial in (TRIAL, replace(TRIAL, **change))}
    assert len(keys) == 2
    assert keys == {trial_key(trial, "data") for trial in (TRIAL, replace(TRIAL, **change))}


def test_the_key_of_a_trial_holds_its_data_and_the_code(monkeypatch):
    assert trial_key(TRIAL, "data") != trial_key(TRIAL, "other data")
    before = trial_key(TRIAL, "data")
    monkeypatch.setattr(fingerprint, "made_with", lambda: "other versions")
    assert trial_key(TRIAL, "data") != before


def test_trials_of_other_data_are_not_taken(tmp_path):
    """The same study with another setting of its data function, in the same folder."""
    run(TINY, tmp_path)
    noisy = replace(TINY, make_data=functools.partial(data, noise=0.6))
    assert run(noisy, tmp_path) == run(noisy, tmp_path / "fresh")


def test_what_cannot_be_described_is_refused():
    with pytest.raises(TypeError, match=r"study: expected settings of numbers, texts.*, got <object object"):
        trial_key(replace(TRIAL, fit_settings={"loss_weights": object()}), "data")


def test_the_description_of_a_function_is_its_code_and_what_it_holds(tmp_path, monkeypatch):
    """Comments, layout and docstrings do not count; defaults and the variables of a function around it do."""
    (tmp_path / "one.py").write_text('def f(x, y=2):\n    """Sum."""\n    # a comment\n    return x+y\n')
    (tmp_path / "two.py").write_text("def f(x, y=2):\n    return (x +\n            y)\n")
    (tmp_path / "three.py").write_text("def f(x, y=3):\n    return x + y\n")
    monkeypatch.syspath_prepend(tmp_path)
    one, two, three = (__import__(name).f for name in ("one", "two", "three"))
    assert describe(one) == describe(two) != describe(three)

    def learner(rate):
        return lambda x: x * rate

    assert describe(learner(1)) == describe(learner(1)) != describe(learner(2))


# The fingerprint of a study


def test_the_studies_that_wait_are_listed():
    assert {name for name in study.STUDIES if not (results.STORED / f"{name}.csv").is_file()} == PENDING


@pytest.mark.parametrize("name", [name for name in study.STUDIES if name not in PENDING])
def test_every_study_is_stored_as_defined(name):
    """A changed study has to be run again: the fingerprint in the head of its table is that of the study as it is now."""
    with_data = not name.startswith("census") or census.available()[0]
    assert store.changed(study.STUDIES[name], results.STORED / f"{name}.csv", with_data) == []


def other_models(grid, **change):
    return replace(grid, models=grid.models | {"ple": grid.models["ple"] | change})


def noisier(seed, correlation):
    return study.dial_data(seed, correlation, noise=0.501)


def one_row_moved(seed, correlation):
    train, valid, test = study.dial_data(seed, correlation)
    rows = np.arange(len(train))
    rows[[7, 8]] = 8, 7
    return train.take(rows), valid, test


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda grid: replace(grid, fit_settings=grid.fit_settings | {"learning_rate": 2.9e-3}), "fit_settings"),
        (lambda grid: replace(grid, fit_settings=lambda correlation: study.FIT | {"patience": 3}), "fit_settings"),
        (lambda grid: other_models(grid, tower_units=(2,)), "models"),
        (lambda grid: other_models(grid, expert_units=((8,), (5,))), "models"),
        (lambda grid: replace(grid, make_data=functools.partial(study.dial_data, noise=0.501)), "make_data"),
        (lambda grid: replace(grid, make_data=noisier), "make_data"),
        (lambda grid: replace(grid, make_data=one_row_moved), "make_data"),
        (lambda grid: replace(grid, make_data=study.gate_data), "make_data"),
        (lambda grid: replace(grid, seeds=tuple(range(31))), "seeds"),
        (lambda grid: replace(grid, record="gates"), "record"),
        (lambda grid: replace(grid, others={"means": means}), "others"),
    ],
)
def test_a_changed_study_has_to_be_run_again(change, part):
    path = results.STORED / "dial.csv"
    assert store.changed(study.STUDIES["dial"], path) == []
    assert store.changed(change(study.STUDIES["dial"]), path) == [part]


def test_a_changed_point_or_learner_has_to_be_run_again():
    dial, census_study = study.STUDIES["dial"], study.STUDIES["census"]
    fewer = replace(dial, points=dial.points[1:])
    assert store.changed(fewer, results.STORED / "dial.csv", data=False) == ["points", "fit_settings"]
    trees = functools.partial(study.census_trees, settings=study.CENSUS_TREES | {"learning_rate": 0.06})
    other = replace(census_study, others=census_study.others | {"gradient-boosted trees": trees})
    assert store.changed(other, results.STORED / "census.csv", data=False) == ["others"]


def test_words_and_names_of_functions_change_no_fingerprint():
    def moved(seed, correlation):  # another function that makes the same data
        return study.dial_data(seed, correlation)

    dial = study.STUDIES["dial"]
    same = replace(dial, question="in other words", make_data=moved, fit_settings=lambda correlation: dict(study.FIT))
    assert study_fingerprint(same) == study_fingerprint(dial)


def test_the_digest_of_data_forgives_the_last_bit():
    made = make_synthetic(2000, 0.5)
    some = np.arange(2000) % 100 == 0
    labels = {task: np.where(some, np.nextafter(y, np.float32(9)), y) for task, y in made.labels.items()}
    last_bit = replace(made, labels=labels)
    assert data_digest([made]) == data_digest([last_bit])
    less = replace(made, mask={"a": np.arange(2000) != 3, "b": np.ones(2000, bool)})
    assert data_digest([made]) != data_digest([less])
    assert data_digest([made, None]) != data_digest([None, made])


def test_the_head_of_a_table(tmp_path):
    lines = run(TINY, tmp_path).decode().splitlines()
    assert lines[:3] == [
        "# made by: python -m ple_tutorial study tiny",
        "# question: what is stored",
        "# seeds: 3 to 5 (3)",
    ]
    assert lines[3].startswith("# versions: tensorflow ") and "scikit-learn" in lines[3]
    assert lines[4].startswith("# fingerprint: models ")
    assert store.changed(TINY, tmp_path / "out/tiny.csv") == []


def test_a_missing_table_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "STORED", tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m ple_tutorial study dial"):
        figures.stored("dial")
