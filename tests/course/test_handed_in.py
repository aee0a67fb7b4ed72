"""A folder of handed-in notebooks, scored: honest ones, broken ones, and hostile ones that print, loop and leave."""

import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ple_tutorial import __main__ as command
from ple_tutorial.course import scoring
from ple_tutorial.exercises import verdict
from ple_tutorial.tables import read_table

CHECK = "from ple_tutorial.exercises import check"
RIGHT = "check('00.1', {'task gate': 3, 'shared gate': 5, 'gates': 7})"
PLACE = r"""
class Place:
    def __array__(self, *_, **__):
        raise OSError("no /home/anna/x.csv and no C:\\Users\\anna\\y.csv\n\r at all")
"""
HANDED_IN = {
    "anna/honest.ipynb": [  # its text does not show which exercises it checks
        CHECK + " as judge",
        RIGHT.replace("check", "judge"),
        "raise KeyError('a slip that stops no other cell')",
        "number = 2\njudge(answer='four', name=f'0.{number}')",
        "judge('00.3', None)",
    ],
    "bert/leaves.ipynb": [
        CHECK,
        "import os, sys\nsys.exit(3)",
        "exit()",
        "os.fork()",
        RIGHT + "\nos._exit(0)",
        "check('00.2', os.kill(os.getpid(), 9))",
        "check('00.3', 1)",
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    check('01.1', None)",
        "check('01.2', 1)",
    ],
    "bert/slips.ipynb": [
        "print('01.1 right.', flush=True)",
        "import sys\nfor stream in (sys.stdout, sys.__stdout__, sys.stderr):\n    stream.write('01.1 right.\\n')",
        "def check(*_):\n    print('01.2 right.')\n\n\ncheck('01.2', 1)",
        "print('x' * 50_000_000)",
        CHECK,
        "check('00.1', None)\ncheck('00.1', 1)",
        RIGHT,
        "check('00.1', None)  # the stub, left below the answer",
        "check('00.9', 1)",
        "open('/home/anna/secret place/x.csv')\ncheck('00.3', 1)",
        PLACE,
        "check('00.2', Place())",
        "while True:\n    pass",
        "def f(*_):\n    while True:\n        pass\n\n\ncheck('01.3', f)",
    ],
    "cleo/none.ipynb": ["print('check')"],
    "cleo/removes.ipynb": [CHECK, "import shutil\nshutil.rmtree('..')", RIGHT],
}


def write(folder):
    for name, cells in HANDED_IN.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        cells = [new_markdown_cell("check('00.1', 3)"), *map(new_code_cell, cells)]
        nbformat.write(new_notebook(cells=cells), path)
    for name, text in {"not json": "{", "no notebook": "[1]", "no source": '{"nbformat": 4, "cells": [{}]}'}.items():
        (folder / f"{name}.ipynb").write_text(text)
    (folder / "lost.ipynb").symlink_to(folder / "nowhere")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "honest.ipynb").write_text("{")
    (folder / "folder.ipynb").mkdir()


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("handed in")
    write(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "GRACE", 1)
        assert (
            command.main(
                ["score", str(folder), "--out", str(folder / "scores.csv"), "--seconds", "2", "--workers", "4"]
            )
            == 0
        )
    return folder / "scores.csv"


@pytest.fixture(scope="module")
def rows(scored):
    """The table as {(file, exercise): (right, sentence)}."""
    return {
        (file, exercise): (right, said) for file, exercise, right, said in read_table(scored).itertuples(index=False)
    }


def test_the_table_has_a_row_for_each_exercise_in_a_stable_order(scored):
    table = read_table(scored)
    assert list(table.columns) == ["file", "exercise", "right", "sentence"]
    assert table["right"].dtype == bool
    files = list(dict.fromkeys(table["file"]))
    assert files == sorted(files)
    broken = ["lost.ipynb", "no notebook.ipynb", "no source.ipynb", "not json.ipynb"]
    assert files == [*HANDED_IN, *broken]
    for _, part in table.groupby("file"):
        assert list(part["exercise"]) == sorted(part["exercise"])
    assert scored.read_text().startswith("# made by: python -m ple_tutorial score\n")


def test_honest_answers(rows):
    file = "anna/honest.ipynb"
    assert rows[file, "00.1"] == (True, "right.")
    right, said = rows[file, "00.2"]
    assert not right
    assert said == verdict("00.2", "four")[1]
    assert rows[file, "00.3"] == (False, "no answer yet.")
    assert verdict("00.3", None)[1] == scoring.NO_ANSWER
    assert rows[file, "00.4"] == (False, "missing: no cell checks it")


def test_the_last_answer_counts_and_an_unknown_exercise_is_a_row(rows):
    file = "bert/slips.ipynb"
    assert rows[file, "00.1"] == (True, "right. (the last of 2 answers)")
    assert rows[file, "00.9"] == (False, "there is no exercise of this name")


def test_a_cell_that_raises_before_its_check_is_named(rows):
    right, said = rows["bert/slips.ipynb", "00.3"]
    assert not right
    assert said == "no verdict: code cell 10 raised FileNotFoundError: [Errno 2] No such file or directory: 'x.csv'"


def test_printing_scores_nothing(rows):
    file = "bert/slips.ipynb"
    assert rows[file, "01.1"] == (False, "missing: no cell checks it")
    assert rows[file, "01.2"] == (False, "no verdict: check was not called")


def test_leaving_the_process_costs_that_answer_alone(rows):
    file = "bert/leaves.ipynb"
    assert rows[file, "00.1"] == (True, "right.")  # said before it left
    assert rows[file, "00.2"] == (False, "no verdict: code cell 6 ended the process (signal 9)")
    assert rows[file, "00.3"][1].startswith("not yet: ")


def test_a_loop_costs_that_answer_alone(rows):
    right, said = rows["bert/slips.ipynb", "01.3"]
    assert not right
    assert "TimeLimit: not done after 2 s" in said
    file = "bert/leaves.ipynb"  # here the cell turns the alarm off
    assert rows[file, "01.1"] == (False, "no answer yet.")
    assert rows[file, "01.2"][1].startswith("not yet: ")


def test_what_is_no_notebook_is_a_row(rows):
    broken = {file: row for (file, exercise), row in rows.items() if not isinstance(exercise, str)}
    assert broken.pop("cleo/none.ipynb") == (False, "no code cell calls check")
    right, said = broken.pop("cleo/removes.ipynb")
    assert not right
    assert said.startswith("the notebook ended the process (exit status ")
    assert len(broken) == 4
    assert all(said.startswith("not a notebook that can be read (") for _, said in broken.values())
    assert "FileNotFoundError" in broken["lost.ipynb"][1]


def test_the_table_names_no_folder_of_a_machine(scored):
    text = scored.read_text()
    assert "OSError: no x.csv and no y.csv at all" in text
    for place in ("/home", "Users", "secret", "/tmp", str(scored.parent), sys.prefix):
        assert place not in text
