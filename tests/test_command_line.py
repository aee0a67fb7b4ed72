"""`python -m ple_tutorial`: its commands, with stand-ins for what they start, and its slips."""

import os
import re
import sys
import types
from pathlib import Path

import pytest

from ple_tutorial import __main__ as command
from ple_tutorial.course import notebooks


@pytest.fixture
def rooms(monkeypatch):
    """Put stand-ins for figures and study in place; return what was asked of them."""
    asked = []

    def draw(names, out):
        asked.append((names, out))
        if names == ["broken"]:
            raise OSError("disk full")

    figures = types.SimpleNamespace(FIGURES={"seesaw": 1, "broken": 2, "dial": 3}, draw=draw)

    def run(name, out, *settings):
        asked.append((name, out, *settings))
        out.mkdir(exist_ok=True)
        (out / f"{name}.csv").write_text("seed,error\n1,disk full\n" if name == "broken" else "seed\n1\n")
        return out / f"{name}.csv"

    study = types.SimpleNamespace(STUDIES={"dial": 1, "broken": 2}, run=run)
    for name, module in {"figures": figures, "study": study}.items():
        monkeypatch.setitem(sys.modules, f"ple_tutorial.{name}", module)
        monkeypatch.setattr(f"ple_tutorial.{name}", module, raising=False)
    return asked


def test_figures(rooms, capsys, tmp_path):
    assert command.main(["figures", "--only", "dial", "--out", str(tmp_path)]) == 0
    assert rooms == [(["dial"], tmp_path)]
    assert "Nothing failed." in capsys.readouterr().out
    assert command.main(["figures"]) == 1  # a broken one does not stop the others
    assert rooms[1:] == [([name], Path("figures")) for name in ("seesaw", "broken", "dial")]
    assert "figure broken: failed: OSError: disk full" in capsys.readouterr().out


def test_study(rooms, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command.main(["study", "dial", "--workers", "3"]) == 0
    assert command.main(["study", "dial", "--jobs", "3", "--out", "new"]) == 0  # the flag's first name
    assert command.main(["study", "broken", "--out", str(tmp_path)]) == 1  # some trials failed
    assert rooms == [
        ("dial", Path("figures"), 3, None), ("dial", Path("new"), 3, None), ("broken", tmp_path, os.cpu_count(), None)
    ]  # fmt: skip


def test_tutorial(rooms, capsys, tmp_path, monkeypatch):
    outcomes = [notebooks.Outcome("00_start", "passed", 61.4, 812.0), notebooks.Outcome("08_x", "skipped: no file")]
    monkeypatch.setattr(notebooks, "run", lambda paths, out, tell: rooms.append(out) or list(outcomes))
    assert command.main(["tutorial", "--out", str(tmp_path)]) == 1
    assert rooms[0] == tmp_path / "notebooks"
    assert rooms[1:] == [([name], tmp_path / "figures") for name in ("seesaw", "broken", "dial")]
    out = capsys.readouterr().out
    assert re.search(r"00_start +61 +812  passed\n08_x +skipped: no file\nfigure seesaw +0 +drawn\n", out)
    assert out.endswith(f"1 of 5 failed. Look in {tmp_path}/notebooks and {tmp_path}/figures.\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["figures", "--only", "seasaw"], "expected one of seesaw, broken, dial, got 'seasaw'; did you mean 'seesaw'?"),
        (["study", "nosuch"], "expected one of dial, broken, got 'nosuch'\n"),
        (["study", "dail"], "expected one of dial, broken, got 'dail'; did you mean 'dial'?"),
        (["study", "dial", "--workers", "0"], "--workers: expected a whole number of at least 1, got 0"),
        (["notebooks", "no_such"], "chapter: expected one of"),
    ],
)
def test_a_slip_is_told_in_one_line(rooms, capsys, arguments, line):
    assert command.main(arguments) == 2
    told = capsys.readouterr().err
    assert line in told
    assert told.count("\n") == 1
    assert rooms == []


@pytest.mark.parametrize("name", ["notebooks", "tutorial"])
def test_an_installed_package_has_no_chapters_to_run(rooms, capsys, monkeypatch, tmp_path, name):
    """As after `pip install` without a clone: nothing ran, so it must not end with "Nothing failed."."""
    monkeypatch.setattr(notebooks.chapters, "__defaults__", ((), tmp_path))
    assert command.main([name, "--out", str(tmp_path / "build")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("no chapters: the notebooks do not come with the installed package")
    assert rooms == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["figure"], "invalid choice"),
        ([], "required"),
        (["figures", "--out", f"{__file__}/x"], "is not a folder"),
        (["score", "x", "--out", str(Path(__file__).parent)], "is a folder, not a file"),
        (["score", "x", "--out", f"{__file__}/x.csv"], "is not a folder"),
        (["study", "dial", "--workers", "many"], "invalid int value"),
    ],
)
def test_a_command_line_that_does_not_parse(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err
