"""The benchmark: what it counts, how contenders take turns, and that one that fails is a row. It needs no peer."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import compare, engine, parts, worker
from benchmarks.networks import NETWORKS, Network
from ple_tutorial import budget
from ple_tutorial.routing import routing
from ple_tutorial.study import results
from ple_tutorial.tables import read_table

TINY = Network(features=5, levels=(24, 16), towers=(2,))
CASE = compare.Case("trial", 10, 100, 2)

# ---------------------------------------------------------------- the number of operations


def mixing(network):
    """Operations of the weighted sums of experts, which the benchmark leaves out and ``budget.cost`` counts."""
    total = 0
    for number, width in enumerate(network.levels, 1):
        seen = network.tasks * (network.shared + network.own)
        seen += (network.shared + network.tasks * network.own) * (number < len(network.levels))
        total += 2 * seen * width
    return total


@pytest.mark.parametrize("network", [*NETWORKS.values(), TINY], ids=[*NETWORKS, "tiny"])
def test_products_are_those_of_the_budget(network):
    tasks = [f"task{i}" for i in range(network.tasks)]
    counts = {"shared_experts": network.shared, "task_experts": network.own, "levels": len(network.levels)}
    units = [(width,) for width in network.levels]
    wanted = budget.cost(
        routing("ple", tasks, **counts), features=network.features, expert_units=units, tower_units=network.towers
    )
    assert network.products()[0] == wanted.flops - mixing(network)


def test_the_trial_networks_operations():
    """By hand: 7 experts of 16 and 17 gate outputs over 100 features; 7 of 16 and 10 over 16; two towers 16, 8, 1."""
    first = 2 * 100 * (7 * 16 + 17)
    assert NETWORKS["trial"].products() == (first + 2 * 16 * (7 * 16 + 10) + 2 * 2 * (16 * 8 + 8), first)
    assert NETWORKS["trial"].training() == (90_744, 90_744 - 25_800)


def test_a_network_of_one_width_is_no_more_work():
    assert NETWORKS["trial"].of_one_width() == NETWORKS["trial"]
    paper = NETWORKS["paper"]
    for changes in ({}, {"shared": 2}):
        built = paper.of_one_width(**changes)
        wider = Network(**(vars(built) | {"levels": (built.levels[0] + 8,) * 2}))
        assert len(set(built.levels)) == 1
        assert built.products()[0] <= paper.products()[0] < wider.products()[0]


# ---------------------------------------------------------------- the numbers of the table


def answers_of(network, seconds, **more):
    """Return the answers of a worker whose rounds take these seconds."""
    about = {"network": vars(network), "parameters": 7, "note": "", "seconds": 3.0, "megabytes": 1.0, "loss": 1.4}
    return [about | more, *({"seconds": s, "megabytes": 2.0, "loss": 1.0} | more for s in seconds)]


def test_the_numbers_of_a_table():
    smaller = Network(**(vars(CASE.network) | {"shared": 2}))
    answers = {
        "fit": answers_of(CASE.network, [0.5, 0.1, 0.2]),
        "keras": answers_of(smaller, [2.0, 1.0, 4.0], note="of two shared experts"),
        "DeepCTR": "not installed: deepctr",
        compare.RATE: answers_of(CASE.network, [1, 1, 1])[:1]
        + [{"gflops": g, "megabytes": 3.0} for g in (1.0, 4.0, 2.0)],
    }
    fit, keras, gone, rate = compare.table(CASE, answers)
    assert (fit["samples_per_second"], fit["samples_per_second_min"], fit["samples_per_second_max"]) == pytest.approx(
        (200 / 0.2, 200 / 0.5, 200 / 0.1)
    )
    assert (fit["steps"], fit["times_fit"], keras["times_fit"]) == (20, 1.0, pytest.approx(10.0))
    assert fit["gflops"] == pytest.approx(1000 * 90_744 / 1e9)
    assert (fit["share"], fit["share_needed"]) == pytest.approx((fit["gflops"] / 2, fit["gflops_needed"] / 2))
    assert keras["gflops"] == pytest.approx(100 * smaller.training()[0] / 1e9)  # of what it built, not of the case
    assert (fit["compile_seconds"], fit["peak_mb"], fit["loss_first"], fit["loss_last"]) == (2.9, 2.0, 1.4, 1.0)
    assert gone == {"network": "trial", "batch": 10, "contender": "DeepCTR", "note": "not installed: deepctr"}
    assert (rate["gflops"], rate["gflops_min"], rate["gflops_max"], rate["share"]) == (2.0, 1.0, 4.0, 1.0)
    assert "samples_per_second" not in rate
    lines = compare.text([fit, keras, gone, rate]).splitlines()
    assert lines[1].split()[:5] == ["fit", "1,000", "400", "2,000", "1.0"]
    assert lines[2].endswith("of two shared experts")
    assert lines[3].split(maxsplit=1) == ["DeepCTR", "not installed: deepctr"]


def test_without_the_rate_or_fit_the_rest_is_there():
    (row,) = compare.table(CASE, {"keras": answers_of(CASE.network, [1.0])})
    assert not {"share", "share_needed", "times_fit"} & set(row)
    assert row["samples_per_second"] == 200


# ---------------------------------------------------------------- turns and workers


def script(text):
    """Return a worker that runs this text, which may call ``say``."""
    head = "import json, sys, time\ndef say(**a): print(json.dumps(a), flush=True)\n"
    return compare.Worker([sys.executable, "-c", head + text], patience=20)


def test_turns_alternate_and_a_contender_that_fails_is_reported(tmp_path):
    log = tmp_path / "log"
    turn = f"for n, _ in enumerate(sys.stdin):\n    open({str(log)!r}, 'a').write(NAME)\n"
    texts = {
        "A": f"NAME = 'A'\nsay(ready=1)\n{turn}    say(n=n)",
        "dies": f"NAME = 'd'\nsay(ready=1)\n{turn}    if n == 1: sys.exit('out of luck in /some/where.py')\n    say(n=n)",
        "absent": "say(failed='not installed: absent')",
        "B": f"NAME = 'B'\nsay(ready=1)\n{turn}    say(n=n)",
    }
    started = {}
    answers = compare.turns(texts, CASE, 3, lambda name, case: started.setdefault(name, script(texts[name])))
    assert log.read_text() == "AdBAdBAB"
    whole = [{"ready": 1}, {"n": 0}, {"n": 1}, {"n": 2}]
    assert answers == {
        "A": whole,
        "dies": "died with status 1; out of luck in ...",
        "absent": "not installed: absent",
        "B": whole,
    }
    assert all(worker.process.returncode is not None for worker in started.values())


def test_a_worker_that_hangs_is_ended():
    hanging = script("time.sleep(60)")
    hanging.patience = 0.2
    with pytest.raises(compare.WorkerFailed, match=r"no answer within 0\.2 s"):
        hanging.answer()
    assert hanging.process.returncode is not None


def test_an_interrupt_ends_the_workers():
    started = []

    def start(name, case):
        if started:
            raise KeyboardInterrupt
        started.append(script("say(ready=1)\nsys.stdin.read()"))
        return started[0]

    with pytest.raises(KeyboardInterrupt):
        compare.turns(["A", "B"], CASE, 1, start)
    assert started[0].process.returncode is not None


def ask(name, case, rounds):
    """Return the answers of a real worker."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.worker", name, json.dumps(case)],
        input="go\n" * rounds,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


TINY_CASE = {"network": vars(TINY), "rows": 640, "batch": 32, "epochs": 5}


@pytest.mark.parametrize("name", [name for name in worker.WHERE if name not in ("keras jit", compare.RATE)])
def test_a_contender_builds_the_network_and_learns(name):
    first, *rounds = ask(name, TINY_CASE, 2)
    if "failed" in first:
        assert first["failed"].startswith("not installed: ")
        assert name not in ("fit", "keras")
        pytest.skip(first["failed"])
    assert rounds[-1]["loss"] < rounds[0]["loss"] < first["loss"]
    assert min(answer["seconds"] for answer in rounds) > 0
    assert 100 < first["megabytes"] <= rounds[-1]["megabytes"]
    assert first["parameters"] == parameters(name, Network(**first["network"]))
    assert (first["network"] == json.loads(json.dumps(vars(TINY)))) == (name not in ("DeepCTR", "DeepCTR-Torch"))


def parameters(name, network):
    """Return how many parameters a contender should have: ours, and what each peer has more."""
    experts, gates = network.shared + network.tasks * network.own, network.tasks * (network.shared + network.own)
    heads = [*network.towers, 1]
    shared_gates = experts * (len(network.levels) - 1)
    biases = experts * sum(network.levels) + network.tasks * sum(heads)
    ours = network.products()[0] // 2 + biases
    return ours + {
        "listing": gates * len(network.levels) + shared_gates,  # its gates have biases
        "DeepCTR-Torch": network.levels[-1] * experts,  # a shared gate on the last level as well, without a use
        "torch-rechub": 3 * (gates * len(network.levels) + shared_gates)  # biases, and batch normalisation everywhere
        + 2 * (experts * sum(network.levels) + network.tasks * sum(network.towers)),
    }.get(name.removesuffix(", accuracy"), 0)


def test_a_failure_is_reported_in_one_line_without_a_path():
    assert worker.reason(ModuleNotFoundError("No module named 'x'", name="x")) == "not installed: x"
    assert worker.reason(OSError("no /usr/lib/x.so: gone\nmore")) == "OSError: no ... gone"
    assert worker.reason(ValueError()) == "ValueError: "
    assert ask("nobody", TINY_CASE, 1) == [{"failed": "KeyError: 'nobody'"}]


def test_labels_can_be_learned_and_are_reproducible():
    (x, y), (x2, y2) = (worker.data(1000, 5, 2) for _ in range(2))
    assert (x.dtype, y["task1"].dtype, y["task2"].shape) == (np.float32, np.float32, (1000, 1))
    np.testing.assert_array_equal(np.hstack([x, *y.values()]), np.hstack([x2, *y2.values()]))
    side = x @ np.linalg.lstsq(x, y["task1"] - 0.5, rcond=None)[0] > 0
    assert (side == y["task1"]).mean() > 0.75


# ---------------------------------------------------------------- the command


def test_every_case_is_of_whole_batches():
    for case in [*compare.CASES, *compare.QUICK]:
        assert case.rows % case.batch == 0, "a last smaller batch would be another program for some"
    assert {(case.name, case.batch) for case in compare.CASES} == {(n, b) for n in NETWORKS for b in (32, 256, 1024)}


def test_the_command_writes_all_and_prints_a_table(monkeypatch, tmp_path, capsys):
    asked = []

    def turns(names, case, rounds, start):
        asked.append((names, case, rounds))
        return dict.fromkeys(names, "not installed: x") | {"fit": answers_of(case.network, [1.0] * rounds)}

    monkeypatch.setattr(compare, "turns", turns)
    monkeypatch.setattr(parts, "QUICK_PARTS", ["trial"])
    file = tmp_path / "bench.json"
    file.write_text("old")
    assert command.main(["--quick", "--json", str(file)]) == 0
    assert asked == [([*worker.WHERE], compare.QUICK[0], 2)]
    stored = json.loads(file.read_text())
    assert set(stored) == {"cores", "processor", "versions", "quick", "parts"}
    assert stored["versions"]["keras"] and len(stored["parts"]["trial"]) == len(worker.WHERE)
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]
    out = capsys.readouterr().out
    assert "trial, batch 256" in out
    assert "x fit       how many times" in out
    assert command.main(["--only", "paper", "--out", str(tmp_path / "tables")]) == 0
    lines = (tmp_path / "tables" / "bench_paper.csv").read_text().splitlines()
    assert lines[0] == "# made by: python -m benchmarks --only paper --out tables"
    assert lines[1].startswith("# machine: ") and lines[2].startswith("# versions: python ")
    stored = read_table(tmp_path / "tables" / "bench_paper.csv")
    assert stored["contender"].tolist() == [*worker.WHERE] * 3
    assert [(case.name, case.batch, rounds) for _, case, rounds in asked[1:]] == [
        ("paper", b, 5) for b in (32, 256, 1024)
    ]


def test_a_table_that_is_not_there_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "STORED", tmp_path)
    with pytest.raises(FileNotFoundError, match="make it with: python -m benchmarks --only grid --out figures"):
        results.stored("bench_grid")


def test_a_fit_that_does_not_run_is_a_failure(monkeypatch):
    monkeypatch.setattr(compare, "turns", lambda names, *rest: dict.fromkeys(names, "died"))
    assert parts.run(["trial"], None, True, lambda text: None) == 1


OWN = "quality, scaling, grid, memory, serving"
LINUX = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write to")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--only", "tril"],
            f"--only: expected one of listing, trial, paper, {OWN}, got 'tril'; did you mean 'trial'?",
        ),
        (["--quick", "--only", "paper"], f"--only: expected one of trial, {OWN}, got 'paper'"),
        (["--json", "{}/none/x.json"], "--json: expected a file in a folder that exists, got"),
        (["--json", "{}"], "--json: expected a file, got"),
        (["--json", "/dev/null"], "--json: expected a file, got"),
        pytest.param(
            ["--json", "/proc/x.json"], "--json: expected a file in a folder that can be written to, got", marks=LINUX
        ),
        pytest.param(["--out", "/proc/x"], "--out: expected a folder that can be written to, got", marks=LINUX),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(capsys, tmp_path, arguments, line):
    assert command.main([argument.format(tmp_path) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == 1
    assert not Path(tmp_path, "none").exists()


# This package's own parts


def test_own_parts_are_measured(tmp_path, capsys):
    (row,) = engine.quality(True, print)
    assert row["difference"] < 1e-4
    assert row["difference_jit"] < 1e-6
    (row,) = engine.scaling(True, print)
    assert 0 < row["low"] <= row["samples_per_second"] <= row["high"]
    assert row["flops"] == 90_744
    assert "quality" in capsys.readouterr().out


def test_the_same_rows_from_memory_and_from_both_files(tmp_path):
    engine.write_files(tmp_path, 3000, 2048)
    found = {way: engine.one_way(way, tmp_path, 2048) for way in ("in memory", "parquet")}
    assert found["in memory"]["loss"] == pytest.approx(found["parquet"]["loss"], rel=0.05)
    more = engine.one_way("memmap", tmp_path, 3000)
    assert more["samples_per_second"] * more["seconds"] == pytest.approx(3000)
    assert more["peak_mb"] >= more["imports_mb"] > 100
    assert not list(tmp_path.glob("*.part"))
