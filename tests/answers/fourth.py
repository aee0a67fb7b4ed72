"""Answers to the fourth exercise of each chapter, which asks to train, change or decide something.

With each wrong one comes a phrase of the sentence about it. An answer is a function without arguments, since a model is
trained only when a test asks for it.
"""

import functools
import io
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from ple_tutorial import plots
from ple_tutorial.budget import equal_budget
from ple_tutorial.data import TaskData
from ple_tutorial.data.funnel import make_funnel
from ple_tutorial.data.synthetic import PAIR, make_synthetic
from ple_tutorial.losses import WeightSchedule
from ple_tutorial.metrics import evaluate, gain_table
from ple_tutorial.models import build_model
from ple_tutorial.routing import Level, Mixer, Routing, routing
from ple_tutorial.study import DIAL_MODELS, FIT, gate_data
from ple_tutorial.study.duel import duel
from ple_tutorial.study.results import stored
from ple_tutorial.training import fit, predict

KINDS = {"watch": "regression", "share": "binary"}


def trained(model, data, seed=0, **settings):
    fit(model, data, seed=seed, show_progress=False, **settings)
    return model


# ---- 00.4: a PLE of your own


def ple(architecture="ple", tasks=KINDS, seed=0, **changes):
    settings = {"shared_experts": 3, "task_experts": 2, "levels": 2} | changes
    return build_model(architecture, features=16, tasks=tasks, seed=seed, **settings)


def tasted(epochs=10, seed=0):
    train, _, _ = make_synthetic(10_000, 0.5, features=16, tasks=KINDS, seed=0).split((0.6, 0.2, 0.2), seed=0)
    return trained(ple(seed=seed), train, seed, epochs=epochs, learning_rate=3e-3)


# ---- 01.4: a new model, the old feed

FEED = {"VTR": 0.5, "VCR": 1.0, "SHR": 0.2, "CMR": 0.1}


def feed(lost="VCR", factor=1.0, **changes):
    weights = {task: factor * weight for task, weight in (FEED | changes).items()}
    return lambda: {"no weight helps": lost, "weights": weights}


# ---- 02.4: a study of your own


def runs(rise, seeds=range(200, 208), **columns):
    """Runs in which hard sharing has an error that is higher by about ``rise``."""
    rng = np.random.default_rng(0)
    base = rng.uniform(0.28, 0.4, len(seeds))
    noise = rng.normal(0, 0.02, len(seeds))
    errors = {"single-task": base, "hard-sharing": base + rise + noise - noise.mean()}
    tables = [
        pd.DataFrame({"architecture": name, "correlation": 0.5, "seed": list(seeds), "a/mse": mse, "b/mse": mse})
        for name, mse in errors.items()
    ]
    return pd.concat(tables, ignore_index=True).assign(**columns)


def claim(said, *arguments, change=lambda table: table, **columns):
    return lambda: {"runs": change(runs(*arguments, **columns)), "claim": said}


# ---- 03.4: a loud task


def bottom(architecture="hard-sharing", units=(16, 8), seed=0):
    return build_model(architecture, features=16, tasks=PAIR, expert_units=units, seed=seed)


def loud(weight, seed=0, unit=1.0):
    data = make_synthetic(4096, 0.5, features=16, sines=4, label_scale={"a": 10.0, "b": 1.0}, seed=2)
    data = replace(data, labels=data.labels | {"a": unit * data.labels["a"]})
    how = {"epochs": 20, "batch_size": 128, "learning_rate": 1e-2, "loss_weights": {"a": weight, "b": 1.0}}
    return trained(bottom(seed=seed), data, seed, **how)


# ---- 04.4: gates that decide


def mmoe(temperature=0.1, architecture="mmoe", seed=0, **changes):
    settings = {"shared_experts": 4, "expert_units": [8], "gate_temperature": temperature} | changes
    return build_model(architecture, features=16, tasks=PAIR, seed=seed, **settings)


def sure(temperature=0.1, seed=0):
    train, _ = make_synthetic(8000, 0.0, features=16, sines=4, seed=0).split((0.5, 0.5), seed=0)
    return trained(mmoe(temperature, seed=seed), train, seed, epochs=20, batch_size=128, learning_rate=1e-2)


def one_gate_undecided():
    model = sure()
    gate = model.get_layer("level1_b_gate")
    gate.set_weights([0.1 * gate.get_weights()[0]])
    return model


# ---- 05.4: beside a noisy neighbour


def beside(architecture="cgc", seed=0, loudness=16.0, **changes):
    train, _ = make_synthetic(5500, 0.0, features=16, sines=4, seed=7).split((3 / 11, 8 / 11), seed=7)
    noise = np.random.default_rng(7).permutation(train.labels["b"])
    features = np.pad(train.features, ((0, 0), (0, 1)), constant_values=1.0)
    train = replace(train, labels=train.labels | {"b": noise}, features=features)
    how = {"epochs": 40, "batch_size": 128, "learning_rate": 1e-2, "loss_weights": {"b": loudness}}
    return trained(neighbour(architecture, seed, **changes), train, seed, **how)


def neighbour(architecture="cgc", seed=0, shared_experts=1, features=17):
    return build_model(architecture, features=features, tasks=PAIR, shared_experts=shared_experts, seed=seed)


# ---- 06.4: a one-way street

PLE = routing("ple", ["a", "b"], levels=2)


def gate(*sees, detached=()):
    return Mixer("gate", sees, detached=detached)


def street(lower=None, upper=None):
    """The PLE of two levels with some mixers changed."""
    changed = zip(PLE.levels, (lower, upper), strict=True)
    return replace(PLE, levels=tuple(replace(level, mixers=level.mixers | (new or {})) for level, new in changed))


ONE_WAY = {"shared": gate("b", "shared")}

# ---- 07.4: weight or need


@functools.cache
def cgc(seed):
    return trained(build_model(**DIAL_MODELS["cgc"], features=33, tasks=PAIR, seed=seed), gate_rows()[0], seed, **FIT)


@functools.cache
def gate_rows():
    return gate_data(101, correlation=0.0)


def error(model, task="a"):
    return evaluate(gate_rows()[2], predict(model, gate_rows()[2]))[task, "mse"]


@functools.cache
def rises(seed=101, task="a", kept=()):
    """The right answer; or the rises of another task, or with some weights (``"bias"``) left as they are."""
    found = {}
    for group in ("a", "shared"):
        copy = build_model(**DIAL_MODELS["cgc"], features=33, tasks=PAIR)
        copy.set_weights(cgc(seed).get_weights())
        for weight in copy.get_layer(f"level1_{group}_experts").weights:
            if not weight.name.startswith(kept or "-"):
                weight.assign(np.zeros(weight.shape))
        found[f"{group}_1"] = error(copy, task) - error(cgc(seed), task)
    return {"model": cgc(seed)} | found | {"needs": max(found, key=found.get)}


def changed(change, **entries):
    def answer():
        right = rises()
        return right | {name: change(right[name]) for name in ("a_1", "shared_1")} | entries

    return answer


def swapped():
    right = rises()
    return right | {"a_1": right["shared_1"], "shared_1": right["a_1"]}


def left_switched_off():
    model = build_model(**DIAL_MODELS["cgc"], features=33, tasks=PAIR)
    model.set_weights(cgc(101).get_weights())
    for weight in model.get_layer("level1_a_experts").weights:
        weight.assign(np.zeros(weight.shape))
    return rises() | {"model": model}


# ---- 08.4: what to ship

RIVALS = ("mmoe", "cgc", "ple")


def intervals(amounts="codes", task="income", baseline="hard-sharing"):
    table = stored("census").query("amounts == @amounts")
    table = gain_table(table, f"{task}/auc", baseline=baseline)
    return {name: (table.loc[name, "low"], table.loc[name, "high"]) for name in RIVALS}


def aucs():
    table = stored("census").query("amounts == 'codes'")
    return table.pivot(index="seed", columns="architecture", values="income/auc")


def by_t(values):
    return stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))


def unpaired(name):
    both = aucs()[[name, "hard-sharing"]]
    half = 1.96 * np.sqrt((both.var() / len(both)).sum())
    middle = both[name].mean() - both["hard-sharing"].mean()
    return middle - half, middle + half


def ship(name="hard-sharing", change=lambda low, high: (low, high), **settings):
    def answer():
        return {"ship": name, "because": {rival: change(*ends) for rival, ends in intervals(**settings).items()}}

    return answer


def ship_by(interval):
    return lambda: {"ship": "hard-sharing", "because": {name: interval(name) for name in RIVALS}}


# ---- 09.4: the control that PLE needs


def apart(count=3, levels=2):
    """A table with PLE's gates and no sharing."""
    level = Level({"a": count, "b": count}, {task: Mixer("gate", (task,)) for task in PAIR})
    return Routing("ple-apart", ("a", "b"), (level,) * levels)


def control(table=None, units=None, tower=(8,), budget=3458):
    table = table or apart()
    if units is None:
        start = {"expert_units": ((32,), (16,))[: len(table.levels)], "tower_units": tower}
        found = equal_budget(table, budget, features=32, tasks=PAIR, **start)
        units, tower = found.expert_units, found.tower_units
    return build_model(table, features=32, tasks=PAIR, expert_units=units, tower_units=tower)


def family(name, **settings):
    return lambda: build_model(name, features=32, tasks=PAIR, **settings)


# ---- 10.4: from an export to a model

FUNNEL = {"play": "binary", "watch": "regression", "like": "binary"}


def export(seed=0, zeros=(), architecture="ple", epochs=40, patience=10, fade=0.8, **changes):
    """A model trained on the export; the tasks in ``zeros`` without a mask."""
    data = make_funnel(8_192, seed=10).data
    y = {task: np.where(data.mask[task], label, 0) for task, label in data.labels.items()}
    masks = {"watch": y["play"] == 1, "like": y["watch"] > 3}
    masks = {task: mask for task, mask in masks.items() if task not in zeros}
    learn, hold = TaskData(data.features, y, FUNNEL, masks).split((0.75, 0.25), seed=0)
    how = {"patience": patience, "monitor": {"play": 1.5, "watch": 0.8, "like": 1.5}} if patience else {}
    how |= {"loss_weights": WeightSchedule(dict.fromkeys(FUNNEL, 1.0), {"like": fade}), "learning_rate": 1e-2}
    return trained(clicks(architecture, seed, **changes), learn, seed, valid=hold, epochs=epochs, **how)


def clicks(architecture="ple", seed=0, features=20, tasks=FUNNEL):
    units = {"levels": 2, "expert_units": ((16,), (16,)), "tower_units": (8,)}
    return build_model(architecture, features=features, tasks=tasks, seed=seed, **units)


# ---- 11.4: a place of your own

NOTHING = {"nothing to choose": {"strength": 0.0}}  # a task follows one function in all contexts


@functools.cache
def fought():
    """The one duel that is run; the answers are changes of its table."""
    return duel(NOTHING)


def table(change=lambda runs: runs):
    return lambda: change(fought().copy())


def scaled(factors, name="ple"):
    """Change the errors of a model on some seeds, all columns alike; the factors are ``{seed: factor}``."""

    def change(runs):
        for seed, factor in factors.items():
            rows = (runs["architecture"] == name) & (runs["seed"] == seed)
            runs.loc[rows, [column for column in runs if column.endswith("/excess")]] *= factor
        return runs

    return change


def with_another(runs, **columns):
    """The runs, and those of another model or place below them."""
    rows = runs[runs["architecture"] == "ple"]
    return pd.concat([runs, rows.assign(**columns)], ignore_index=True)


def through_a_file(runs):
    return pd.read_csv(io.StringIO(runs.to_csv()), index_col=0)


def drawing():
    return plots.figure(4.0, 2.0)[0]


RIGHT = {
    "00.4": [tasted, lambda: tasted(seed=1), lambda: tasted(epochs=6, seed=2)],
    "01.4": [feed(), feed("vcr"), feed(SHR=np.float64(0.2)), lambda: dict(reversed(feed()().items()))],
    "02.4": [claim("loss", 0.05), claim("open", 0.0), claim("gain", -0.05), claim("Gain", -0.05, range(300, 320))],
    "03.4": [lambda: loud(0.01), lambda: loud(0.01, seed=1), lambda: loud(0.02, seed=3)],
    "04.4": [sure, lambda: sure(seed=1)],
    "05.4": [beside, lambda: beside(seed=1)],
    "06.4": [
        lambda: street(ONE_WAY),
        lambda: street({"shared": gate("shared", "b")}),
        lambda: street({"shared": gate("a", "b", "shared", detached=("a",))}),
        lambda: street({"a": gate("a", "b", "shared"), "shared": gate("shared")}),
        lambda: street(ONE_WAY | {"b": gate("b")}),
    ],
    "07.4": [rises, lambda: rises(5), changed(lambda rise: round(rise, 2))],
    "08.4": [
        ship(),
        ship("Hard sharing", lambda low, high: [round(low, 5), round(high, 5)]),
        ship_by(lambda name: by_t(aucs()[name] - aucs()["hard-sharing"])),
    ],
    "09.4": [
        control,
        lambda: control(tower=(4,)),
        lambda: control(units=((12,), (9,)), tower=(5,)),
    ],
    "10.4": [export, lambda: export(1), lambda: export(2, fade=1.0), lambda: export(0, architecture="single-task")],
    "11.4": [
        fought,
        table(through_a_file),
        table(lambda runs: runs.sample(frac=1, random_state=0)),
        table(lambda runs: runs.round(4)),
        table(lambda runs: with_another(runs, architecture="mmoe")),
        table(lambda runs: with_another(runs, seed=[3, 4, 5])),
    ],
}
WRONG = {
    "00.4": [
        (lambda: pd.DataFrame({"loss": [0.1]}), "a table, such as the history"),
        (lambda: {"watch": np.zeros(3), "share": np.zeros(3)}, "such as `predict` returns"),
        (lambda: "ple", "this is text"),
        (lambda: routing("ple", list(KINDS), levels=2), "this is a Routing"),
        (ple, "hardly better than a guess"),
        (lambda: tasted(epochs=1), "more epochs"),
        (lambda: ple(levels=1), "the model has one level"),
        (lambda: ple(levels=3), "has 3 levels"),
        (lambda: ple(shared_experts=2, task_experts=1), "should weigh share_1, share_2, shared_1"),
        (lambda: ple("hard-sharing"), "no gates"),
        (lambda: ple("ml-mmoe"), "should not be there"),
        (lambda: ple(tasks=dict.fromkeys(KINDS, "regression")), "'share' is a yes or no"),
        (lambda: ple(tasks=dict.fromkeys(KINDS, "binary")), "'watch' is a number"),
        (lambda: ple(tasks=dict(reversed(KINDS.items()))), "in this order"),
        (
            lambda: build_model("ple", features=8, tasks=KINDS, shared_experts=3, task_experts=2, levels=2),
            "read 16 features",
        ),
    ],
    "01.4": [
        (lambda: FEED, "no entry 'VTR'"),
        (lambda: {"no weight helps": "VCR", "weights": {"VTR": 0.5}}, "nothing for 'VCR' yet"),
        (feed("CMR"), "moves no video"),
        (feed("VTR"), "a weight helps VTR"),
        (feed("SHR"), "a weight helps SHR"),
        (feed("none"), "name one of the tasks"),
        (feed(SHR=0.05), "takes more weight"),
        (feed(SHR=0.1), "takes more weight"),
        (feed(VTR=2.0), "half of its old weight"),
        (feed(VTR=1.0, SHR=0.1), "half of its old weight"),
        (feed(CMR=0.1 / 3), "a constant factor needs no other weight"),
        (feed(VCR=0.9), "keeps its weight"),
        (feed(factor=2.0), "all weights are 2 times"),
        (feed(SHR=-0.2), "cannot be negative"),
        (lambda: {"no weight helps": "VCR", "weights": FEED | {"SHR": "0.2"}}, "text"),
    ],
    "02.4": [
        (lambda: runs(0.05), "a dict with the keys 'runs', 'claim'"),
        (claim("gain", 0.05), "the sign is reversed"),
        (claim("loss", -0.05), "the sign is reversed"),
        (claim("open", 0.05), "that allows a claim"),
        (claim("gain", 0.0), "leave it open"),
        (claim("loss", 0.0), "leave it open"),
        (claim("loss", 0.05, range(200, 205)), "5 pairs"),
        (claim("loss", 0.05, range(8)), "seed 0 is below 200"),
        (claim("loss", 0.05, correlation=0.0), "should be at 0.5"),
        (claim("loss", 0.05, change=lambda table: table.iloc[:-1]), "different seeds"),
        (claim("loss", 0.05, change=lambda table: pd.concat([table, table])), "there twice"),
        (claim("loss", 0.05, change=lambda table: table[table["architecture"] == "hard-sharing"]), "compares"),
        (claim("loss", 0.05, change=lambda table: table.drop(columns="a/mse")), "no column 'a/mse'"),
        (claim("loss", 0.05, change=lambda table: table.to_dict()), "it is a dict"),
        (claim("loss", 0.05, change=lambda table: table.assign(**{"a/mse": 0.01})), "do not come from this study"),
        (claim("worse", 0.05), "the claim is one of"),
    ],
    "03.4": [
        (lambda: {"a": 0.01, "b": 1.0}, "should be the trained model itself"),
        (lambda: loud(1.0), "Task a is still too loud"),
        (lambda: loud(1e-4), "task b is too loud"),
        (lambda: loud(1.0, unit=0.1), "ten times too small"),
        (bottom, "hardly trained"),
        (lambda: bottom("single-task"), "no part of the model is trained by both"),
        (lambda: bottom("mmoe", (8,)), "has gates"),
        (lambda: bottom("customized", (8,)), "serves one task alone"),
    ],
    "04.4": [
        (lambda: sure(1.0), "what makes a gate sure"),
        (one_gate_undecided, "gate 'b' gives one expert more than 0.9"),
        (mmoe, "hardly trained"),
        (lambda: mmoe(shared_experts=1), "keep four"),
        (lambda: mmoe(shared_experts=8), "keep four"),
        (lambda: mmoe(architecture="cgc"), "in an MMoE all experts are shared"),
        (lambda: mmoe(architecture="ml-mmoe", levels=2), "more than one level"),
        (lambda: mmoe(architecture="hard-sharing"), "no gates"),
        (lambda: [mmoe()], "this is a list"),
    ],
    "05.4": [
        (lambda: beside("mmoe", shared_experts=3), "also trains every expert that task a uses"),
        (lambda: beside(loudness=0.0), "its loss had no say"),
        (neighbour, "hardly trained"),
        (lambda: neighbour("single-task"), "share nothing"),
        (lambda: neighbour(features=16), "read 17 features"),
        (lambda: neighbour().get_weights(), "this is a list"),
    ],
    "06.4": [
        (lambda: PLE, "follow it down"),
        (lambda: PLE.levels, "this is a tuple"),
        (lambda: "ple", "this is text"),
        (lambda: build_model(PLE, features=3, tasks=PAIR), "not the model"),
        (lambda: routing("cgc", ["a", "b"]), "keep the tasks a and b, the two levels"),
        (lambda: routing("ple", ["a", "b"], levels=3), "the two levels"),
        (lambda: routing("ple", ["b", "a"], levels=2), "keep the tasks"),
        (lambda: routing("ple", ["a", "b"], levels=2, shared_experts=1), "keep the experts of level 1"),
        (lambda: street({"shared": gate("a", "shared")}), "runs the other way"),
        (lambda: street({"shared": gate("shared")}), "no longer trains b's expert on level 1 either"),
        (lambda: street(ONE_WAY, {"b": gate("b", "shared", "a")}), "a's expert on level 2: look at gate b"),
        (lambda: street(ONE_WAY, {"a": gate("a", "shared", "b")}), "the last level separates the tasks"),
        (lambda: street(ONE_WAY, PLE.levels[0].mixers), "the last level has a shared gate"),
        (lambda: street(None, {"b": gate("b")}), "the shared experts of level 2"),
    ],
    "07.4": [
        (lambda: {"model": cgc(101)}, "there is nothing for 'a_1' yet"),
        (swapped, "swapped"),
        (changed(lambda rise: rise, needs="a_1"), "rises by less than without the other"),
        (changed(lambda rise: rise, needs="own"), "'needs' is 'a_1' or 'shared_1'"),
        (changed(lambda rise: -rise), "the sign is reversed"),
        (changed(lambda rise: rise + error(cgc(101))), "the error without the expert"),
        (changed(lambda rise: rise / error(cgc(101))), "as a share of the error"),
        (changed(lambda rise: 1 + rise / error(cgc(101))), "the ratio of the two errors"),
        (changed(lambda rise: 0.5), "rises by"),
        (lambda: rises(kept="bias"), "but not the bias"),
        (lambda: rises() | {name: rises(task="b")[name] for name in ("a_1", "shared_1")}, "task b's error"),
        (left_switched_off, "still zero"),
        (lambda: rises() | {"model": "cgc"}, "this is text"),
        (
            lambda: rises() | {"model": build_model(**DIAL_MODELS["cgc"], features=33, tasks=PAIR)},
            "train the model first",
        ),
        (lambda: rises() | {"model": build_model(**DIAL_MODELS["ple"], features=33, tasks=PAIR)}, "should be a CGC"),
        (lambda: rises() | {"model": build_model(**DIAL_MODELS["cgc"], features=32, tasks=PAIR)}, "read 33 features"),
    ],
    "08.4": [
        (ship("cgc"), "contains zero"),
        (ship("PLE"), "contains zero"),
        (ship("gradient-boosted trees"), "two models"),
        (ship("single-task"), "two models"),
        (ship("none"), "one of the four networks"),
        (ship("cgc", baseline="single-task"), "over the single-task networks"),
        (ship("ple", amounts="numbers"), "with the amounts as numbers"),
        (ship(task="never_married"), "never_married"),
        (ship(change=lambda low, high: (-high, -low)), "the sign is reversed"),
        (ship(change=lambda low, high: (high, low)), "lower end"),
        (ship(change=lambda low, high: (low + high) / 2), "shape (2,)"),
        (ship_by(lambda name: by_t(aucs()[name])), "these are AUCs"),
        (ship_by(unpaired), "as if they were not paired"),
        (lambda: {"ship": "hard-sharing", "because": {"cgc": intervals()["cgc"]}}, "nothing for 'mmoe' yet"),
        (lambda: {"ship": "hard-sharing", "because": "zero"}, "it is text"),
    ],
    "09.4": [
        (apart, "that is the table"),
        (lambda: equal_budget("ple", 3458, features=32, tasks=PAIR), "those are the widths"),
        (lambda: control(units=((32,), (16,))), "equal_budget finds the widths"),
        (lambda: control(units=((4,), (4,))), "room for wider layers"),
        (lambda: control(apart(count=2)), "weighs 2 expert(s)"),
        (lambda: control(apart(levels=1)), "on level 2 is missing"),
        (lambda: control(apart(levels=3), units=((8,), (8,), (8,))), "two levels"),
        (family("ple", levels=2, shared_experts=1, task_experts=2), "still sees 'shared_1'"),
        (family("single-task", levels=2), "no gates"),
        (family("cgc", shared_experts=0, detach_others=True), "still sees 'b_1'"),
        (family("customized"), "no gates"),
    ],
    "10.4": [
        (clicks, "hardly trained"),
        (lambda: export(zeros=("watch", "like")), "minutes per impression"),
        (lambda: export(zeros=("like",)), "who was not asked has none"),
        (lambda: export(patience=None, fade=1.0), "by heart, so stop earlier"),
        (lambda: export(fade=0.03), "more weight"),
        (lambda: clicks(features=16), "read 20 features"),
        (lambda: clicks(tasks=dict.fromkeys(FUNNEL, "regression")), "'play' is a yes or no"),
        (lambda: clicks().get_weights(), "this is a list"),
    ],
    "11.4": [
        (lambda: NOTHING, "those are the settings"),
        (lambda: {"nothing to choose": 1.23}, "this is a dict"),
        (lambda: duel, "this is a function"),
        (drawing, "that is a drawing"),
        (lambda: drawing().gca(), "that is a drawing"),
        (table(lambda runs: runs["mean/excess"]), "this is a Series"),
        (table(lambda runs: runs.pivot(index="seed", columns="architecture", values="mean/excess")), "no column"),
        (table(lambda runs: runs.drop(columns="mean/excess")), "no column 'mean/excess'"),
        (table(lambda runs: runs.drop(columns="c/excess")), "no column 'c/excess'"),
        (table(lambda runs: runs[:0]), "no rows"),
        (table(lambda runs: with_another(runs, setting="another")), "the table has 2: nothing to choose, another"),
        (table(lambda runs: runs.assign(budget=[4000] * 3 + [2000] * 3)), "'budget' differs among them: 4000, 2000"),
        (table(lambda runs: runs.assign(rows=16_384)), "a duel is run on 4096 rows"),
        (table(lambda runs: runs.assign(region="parts")), "the world with a routing table"),
        (table(lambda runs: runs[runs["architecture"] == "ple"]), "no trial of 'hard-sharing', only of ple"),
        (table(lambda runs: runs.replace("ple", "cgc")), "no trial of 'ple', only of hard-sharing, cgc"),
        (table(lambda runs: runs[:-1]), "no trial of 'ple' on seed 2"),
        (table(with_another), "a seed is there twice for 'ple'"),
        (
            table(scaled({1: 0.5})),
            "not ahead on each seed: on seed 1 PLE's error is",
        ),
        (table(scaled({0: 0.5, 2: 0.5})), ", and on seed 2 PLE's error"),
        (table(lambda runs: runs.replace({"ple": "hard-sharing", "hard-sharing": "ple"})), "for PLE), and on seed 1"),
        (table(scaled({0: np.nan})), "an error is missing"),
        (table(scaled({0: -1.0})), "not above 0"),
        (table(lambda runs: runs.assign(**{"mean/excess": [0.01] * 3 + [0.02] * 3})), "not the geometric mean"),
        (table(scaled({0: 0.9}, "hard-sharing")), "run again on this place"),
        (table(lambda runs: runs.assign(strength=0.5)), "run again on this place"),
    ],
}
