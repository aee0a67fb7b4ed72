"""Scoring without running anything: which verdict counts, why one is missing, and what the table may not say."""

import pytest

from ple_tutorial import __main__ as command
from ple_tutorial.course import scoring


def said(cell, sentence, exercise="04.1"):
    return {"exercise": exercise, "right": sentence == "right.", "sentence": sentence, "cell": cell}


def rows_of_41(verdicts, happened):
    return [row for row in scoring._rows([], verdicts, happened) if row[0] == "04.1"]


def test_the_last_answer_counts_and_an_open_stub_is_none():
    three = [said(9, "no answer yet."), said(5, "not yet: x"), said(7, "right.")]
    assert rows_of_41(three, {}) == [("04.1", True, "right. (the last of 2 answers)")]
    assert rows_of_41([three[0], three[2]], {}) == [("04.1", True, "right.")]
    assert rows_of_41(three[:1], {}) == [("04.1", False, "no answer yet.")]
    assert rows_of_41([said(1, "right."), said(2, "not yet: x")], {}) == [
        ("04.1", False, "not yet: x (the last of 2 answers)")
    ]


def test_a_missing_verdict_is_explained_and_an_exercise_of_no_chapter_is_listed():
    checked = [[], ["04.1"], ["04.2", "04.3"]]
    rows = scoring._rows(checked, [said(3, "there is none", "04.9")], {3: "raised E: x"})
    assert rows == [
        ("04.1", False, "no verdict: check was not called"),
        ("04.2", False, "no verdict: code cell 3 raised E: x"),
        ("04.3", False, "no verdict: code cell 3 raised E: x"),
        ("04.4", False, "missing: no cell checks it"),
        ("04.9", False, "there is none"),
    ]
    assert scoring._rows([], [said(1, "none", "")], {}) == [("?", False, "none")]
    assert scoring._rows([], [], {2: "raised E: x"}) == [
        (None, False, "no code cell calls check; code cell 2 raised E: x")
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("it raised OSError: '/home/a b/x.csv' is gone", "it raised OSError: 'x.csv' is gone"),
        ("no ~/tasks/x.csv here", "no x.csv here"),
        (r"C:\Users\anna\x.csv and \\server\share\y.csv", "x.csv and y.csv"),
        ("in /home/anna/: nothing", "in : nothing"),
        ("see https://keras.io/api/layers, a/b, 1/2 and 'up/down'", None),
        ("two\n lines\r\nand\ta tab\x00", "two lines and a tab"),
        ("\udcff", "\\udcff"),
        ("x" * 400, "x" * 296 + " ..."),
    ],
)
def test_a_sentence_for_the_table(text, plain):
    assert scoring._sentence(text) == (text if plain is None else plain)


def test_a_record_that_is_cut_off(tmp_path):
    (tmp_path / "record").write_text('{"cell": 1}\n{"error": "x", "cell": 1}\n1\n{"exercise": "04.1"}\n{"cell": 2')
    lines = scoring._lines(tmp_path / "record")
    assert lines == [{"cell": 1}, {"error": "x", "cell": 1}]
    assert scoring._running(lines) == 1
    assert scoring._running([]) is None
    assert scoring._lines(tmp_path / "gone") == []


def test_a_notebook_that_takes_too_long_as_a_whole_is_given_up(tmp_path, monkeypatch):
    """With stand-ins for the worker: it says which cell it is in, and is never done."""
    ran = []

    def run(path, seconds, skipped, end):
        ran.append(set(skipped))
        lines = [{"checks": [["00.1"], ["00.2"], ["00.3"]]}, {"cell": 1}]
        verdict = {"exercise": "00.1", "right": True, "sentence": "right.", "cell": 1}
        return [*lines, verdict, {"cell": 2}], "was running when the notebook had taken 20 s"

    monkeypatch.setattr(scoring, "_run", run)
    monkeypatch.setattr(scoring, "STARTUP", -100)
    assert scoring.score_notebook(tmp_path / "x.ipynb", 2) == [
        ("00.1", True, "right."),
        ("00.2", False, "no verdict: code cell 2 was running when the notebook had taken 20 s"),
        ("00.3", False, "no verdict: code cell 3 was not reached"),
        ("00.4", False, "missing: no cell checks it"),
    ]
    assert ran == [set()]


def test_a_notebook_that_ends_its_process_again_and_again_is_given_up(tmp_path, monkeypatch):
    ran = []

    def run(path, seconds, skipped, end):
        ran.append(list(skipped))
        cell = len(skipped) + 1
        return [{"checks": [["00.1"]] * 7}, {"cell": cell}], f"ended the process (signal {cell})"

    monkeypatch.setattr(scoring, "_run", run)
    monkeypatch.setattr(scoring, "DEATHS", 3)
    first = scoring.score_notebook(tmp_path / "x.ipynb")[0]
    assert first == ("00.1", False, "no verdict: code cell 7 was not reached")
    assert ran == [[], [1], [1, 2]]


def test_a_process_that_starts_no_cell_is_one_row(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "_run", lambda *_: ([], "ended the process (signal 11)"))
    assert scoring.score_notebook(tmp_path / "x.ipynb") == [(None, False, "the notebook ended the process (signal 11)")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "{}"], "folder: expected one with notebooks (*.ipynb), got none in "),
        (["score", "{}", "--seconds", "0"], "--seconds: expected a whole number of at least 1, got 0"),
    ],
)
def test_a_slip_is_one_line(arguments, words, tmp_path, capsys):
    assert command.main([word.format(tmp_path) for word in arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
