"""The runner of notebooks: copies and in place, what it measures and where it writes that."""

import re
import subprocess
import sys
import types
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ple_tutorial.course import measured, notebooks

ROOT = Path(__file__).resolve().parents[2]


def make_series(root, **cells):
    """Write a tiny series: {name: code cells}, each notebook with a header, and a README for its table."""
    folder = root / "notebooks"
    folder.mkdir()
    for name, sources in cells.items():
        header = f"# {name[1:3]} About {name[4:]}\n\n<!-- measured --><!-- /measured -->"
        header += "\n\n<!-- chapters --><!-- /chapters -->" if name.startswith("_00") else ""
        nb = new_notebook(cells=[new_markdown_cell(header), *map(new_code_cell, sources)])
        nb.metadata["ple_tutorial"] = {"question": f"What of {name[4:]}?"}
        nb.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "x"}
        nbformat.write(nb, folder / f"{name[1:]}.ipynb")
    (root / "README.md").write_text("# Series\n<!-- chapters -->old<!-- /chapters -->\nend\n")
    return notebooks.chapters(folder=folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run one series as copies and then in place: (root, outcomes of the copies, texts before, outcomes in place)."""
    root = tmp_path_factory.mktemp("series")
    paths = make_series(
        root,
        _00_fine=["import sys; print(sys.executable)", "import os; print(os.path.basename(os.getcwd()))"],
        _01_raises=["1 / 1", "print('a')\nraise KeyError('one\\ntwo')", "print('never')"],
        _02_stderr=["import warnings; warnings.warn('careful')"],
        _03_needy=["print('never')"],
    )
    stale = notebooks.read(paths[1])
    stale.cells[3].update(execution_count=9, outputs=[new_output("stream", name="stdout", text="stale")])
    nbformat.write(stale, paths[1])
    needy = notebooks.read(paths[3])
    needy.metadata["ple_tutorial"]["needs"] = ["census"]
    nbformat.write(needy, paths[3])
    kernel = (
        root / "share" / "kernels" / "python3" / "kernel.json"
    )  # a user's kernel of the usual name, that leads astray
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}')
    before = {path: path.read_text() for path in root.rglob("*.*") if path.is_file()}
    with pytest.MonkeyPatch.context() as patch:
        held = b"x" * 500_000_000
        patch.setitem(notebooks.NEEDS, "census", lambda: (False, "no such file"))
        patch.setenv("JUPYTER_PATH", str(root / "share"))
        told = []
        copies = notebooks.run(paths, root / "build", tell=told.append)
        after = {path: path.read_text() for path in before}
        in_place = notebooks.run(paths, tell=told.append)
        del held
    return types.SimpleNamespace(
        root=root, paths=paths, copies=copies, in_place=in_place, told=told, before=before, after=after
    )


def test_copies(ran):
    assert [outcome.status for outcome in ran.copies] == [
        "passed",
        "failed: cell 2: KeyError: 'one\\ntwo'",
        "passed",
        "skipped: no such file",
    ]
    assert ran.after == ran.before
    assert sorted(path.name for path in (ran.root / "build").iterdir()) == [path.name for path in ran.paths[:3]]
    copy = notebooks.read(ran.root / "build" / "00_fine.ipynb")
    assert [cell.execution_count for cell in copy.cells[1:]] == [1, 2]
    assert copy.cells[1].outputs[0].text == f"{sys.executable}\n"  # whatever kernel the notebook names
    assert copy.cells[2].outputs[0].text == "notebooks\n"
    failed = notebooks.read(ran.root / "build" / "01_raises.ipynb")
    assert [cell.execution_count for cell in failed.cells[1:]] == [1, 2, None]
    assert failed.cells[3].outputs == []


@pytest.mark.parametrize("text", ["[]", "{}", "{", "3", '{"nbformat": 4, "nbformat_minor": 5}'])
def test_a_file_that_is_no_notebook(text, tmp_path):
    path = tmp_path / "04_broken.ipynb"
    path.write_text(text)
    message = "notebook: expected a file that JupyterLab can open, got '04_broken.ipynb', which cannot be read as one"
    with pytest.raises(ValueError, match=message):
        notebooks.read(path)
    (outcome,) = notebooks.run([path], tell=str)
    assert outcome.status.startswith(f"failed: {message}")


def test_time_and_memory_are_measured(ran):
    """The peak is the kernel's own: `ran` holds 500 MB while the kernels start."""
    assert 0.2 < ran.copies[0].seconds < 60
    assert 30 < ran.copies[0].megabytes < 400
    assert (ran.copies[3].seconds, ran.copies[3].megabytes) == (None, None)


def test_one_line_each_and_a_table(ran):
    assert len(ran.told) == 8
    assert ran.told[3] == "03_needy: skipped: no such file"
    assert re.fullmatch(r"01_raises: failed: cell 2: KeyError: .* \(\d+ s\)", ran.told[1])
    rows = notebooks.table(ran.copies).splitlines()
    assert rows[0].split() == ["seconds", "peak", "MB"]
    assert re.fullmatch(r"00_fine +\d+ +\d+  passed", rows[1])
    assert re.fullmatch(r"03_needy +skipped: no such file", rows[4])


def test_in_place_stores_what_passed(ran):
    assert [outcome.status for outcome in ran.in_place] == [
        "passed",
        "failed: cell 2: KeyError: 'one\\ntwo'",
        "failed: cell 1: writes to stderr",
        "skipped: no such file",
    ]
    for path in ran.paths[1:]:
        assert path.read_text() == ran.before[path]
    nb = notebooks.read(ran.paths[0])
    assert nb.cells[1].outputs[0].text == f"{sys.executable}\n"
    assert nb.metadata.kernelspec.name == "python3"
    assert nb.metadata.language_info == {"name": "python"}
    assert nb.metadata.ple_tutorial.question == "What of fine?"
    assert [cell.id for cell in nb.cells] == [cell["id"] for cell in nbformat.reads(ran.before[ran.paths[0]], 4).cells]
    assert not list(ran.root.rglob("*.part"))


def test_in_place_writes_what_was_measured(ran):
    rows = measured.read_measured(ran.root / "notebooks")
    row = rows.pop("00_fine")
    assert rows == {}
    assert (row["title"], row["question"], row["machine"]) == ("About fine", "What of fine?", measured.machine())
    assert row["minutes"] == round(ran.in_place[0].seconds / 60, 1)
    assert row["peak_memory_gb"] == round(ran.in_place[0].megabytes / 1000, 1)
    line = measured.measured_line(row)
    assert f"<!-- measured -->{line}<!-- /measured -->" in notebooks.read(ran.paths[0]).cells[0].source
    readme = (ran.root / "README.md").read_text()
    assert "\n| [00 About fine](notebooks/00_fine.ipynb) | What of fine? | " in readme
    assert readme.startswith("# Series\n<!-- chapters -->\n| chapter |")
    assert readme.endswith(f"\nMeasured on {measured.machine()}.\n<!-- /chapters -->\nend\n")
    assert "old" not in readme
    header = notebooks.read(ran.paths[0]).cells[0].source
    assert (
        "<!-- chapters -->\n| chapter | the question it answers |\n|---|---|\n| [00 About fine](00_fine.ipynb) |"
        in header
    )


def test_the_first_chapter_lists_a_chapter_as_soon_as_it_is_recorded(tmp_path):
    paths = make_series(tmp_path, _00_start=["1"], _01_new=["2"])
    before = notebooks.read(paths[0])
    notebooks.record(notebooks.read(paths[1]), paths[1], notebooks.Outcome("01_new", "passed", 6.0, 100.0))
    start = notebooks.read(paths[0])
    assert "\n| [01 About new](01_new.ipynb) | What of new? |\n<!-- /chapters -->" in start.cells[0].source
    assert start.cells[1:] == before.cells[1:]
    assert start.metadata == before.metadata


def test_measured_numbers_are_coarse():
    row = {"minutes": 0.0, "peak_memory_gb": 0.1, "machine": "2 cores, x"}
    assert measured.measured_line(row) == "under 0.1 min to run, 0.1 GB peak memory (2 cores, x)"
    row |= {"minutes": 0.4, "peak_memory_gb": 1.2, "chapter": "04_gates", "title": "Gates", "question": "Which?"}
    assert measured.measured_line(row) == "about 0.4 min to run, 1.2 GB peak memory (2 cores, x)"
    table = measured.chapters_table([row, row | {"chapter": "05_cgc", "minutes": 0.0, "machine": "4 cores, y"}])
    assert table.splitlines()[2:] == [
        "| [04 Gates](notebooks/04_gates.ipynb) | Which? | 0.4 | 1.2 GB |",
        "| [05 Gates](notebooks/05_cgc.ipynb) | Which? | under 0.1 | 1.2 GB |",
        "",
        "Measured on 2 cores, x; 4 cores, y.",
    ]


def test_a_header_without_its_marker_is_not_stored(tmp_path):
    (path,) = make_series(tmp_path, _00_bare=["1"])
    text = path.read_text().replace("<!-- measured -->", "")
    path.write_text(text)
    outcome = notebooks.Outcome("00_bare", "passed", 1.0, 100.0)
    with pytest.raises(ValueError, match="measured -->: expected to be there once, got 0 times"):
        notebooks.record(notebooks.read(path), path, outcome)
    assert path.read_text() == text
    assert not (path.parent / "measured.csv").exists()


def test_rows_of_other_chapters_stay_and_of_gone_ones_go(tmp_path):
    paths = make_series(tmp_path, _00_one=["1"], _01_two=["2"], _02_three=["3"])
    for path, seconds in zip(paths, (60, 90, 7), strict=True):
        notebooks.record(notebooks.read(path), path, notebooks.Outcome(path.stem, "passed", seconds, 1234.0))
    paths[2].unlink()
    notebooks.record(notebooks.read(paths[0]), paths[0], notebooks.Outcome("00_one", "passed", 30, 1234.0))
    rows = measured.read_measured(tmp_path / "notebooks")
    assert [(row["chapter"], row["minutes"]) for row in rows.values()] == [("00_one", 0.5), ("01_two", 1.5)]
    header = notebooks.read(paths[0]).cells[0].source
    assert header.count("measured") == 2
    assert "about 0.5 min to run, 1.2 GB" in header


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("# 04 Experts and gates", "Experts and gates"),
        ("# 4. Experts", "Experts"),
        ("# Chapter 04: Experts", "Experts"),
        ("# 04 · Experts\ntext", "Experts"),
        ("# A1 · The listing", "The listing"),
        ("# All experts", "All experts"),
        ("# Experts", "Experts"),
    ],
)
def test_title(heading, title):
    assert notebooks.title(new_notebook(cells=[new_markdown_cell(heading)])) == title


def test_chapters_by_number_and_by_name(tmp_path):
    make_series(tmp_path, _00_start=[], _04_experts=[], _05_cgc=[])
    folder = tmp_path / "notebooks"
    names = [path.stem for path in notebooks.chapters(["05", "00_start.ipynb"], folder)]
    assert names == ["00_start", "05_cgc"]
    with pytest.raises(ValueError, match=r"00_start, 04_experts, 05_cgc, got '05_cg'; did you mean '05_cgc'\?"):
        notebooks.chapters(["05_cg"], folder)
    with pytest.raises(FileNotFoundError, match=r"no chapters: .* Clone it, and run this command in the clone"):
        notebooks.chapters(folder=tmp_path)


def test_appendices_come_last_and_are_listed_like_chapters(tmp_path):
    paths = make_series(tmp_path, _A2_more=["1"], _A1_back=["1"], _00_start=["1"], _10_late=["1"])
    assert [path.stem for path in paths] == ["00_start", "10_late", "A1_back", "A2_more"]
    assert notebooks.chapters(["A1"], tmp_path / "notebooks") == [paths[2]]
    for path in reversed(paths):
        notebooks.record(notebooks.read(path), path, notebooks.Outcome(path.stem, "passed", 6.0, 100.0))
    readme = (tmp_path / "README.md").read_text()
    assert re.findall(r"\[(\w+) About", readme) == ["00", "10", "A1", "A2"]
    assert "[A1 About back](A1_back.ipynb)" in notebooks.read(paths[0]).cells[0].source


def test_nbval_is_strict_but_for_stderr_and_html(tmp_path):
    """conftest.py at work: one notebook is skipped for what it needs; of the other the wrong cell alone fails.

    With plain ``-n 2``, each of its cells finds what the cells before it defined: they all run in one kernel.
    """
    counting = ["n = 1", *["n += 1"] * 5, "print(n)", "import sys; print('new', file=sys.stderr)", "print('not')"]
    make_series(tmp_path, _00_needy=["1 / 0"], _01_cells=counting)
    needy, cells = (notebooks.read(path) for path in notebooks.chapters(folder=tmp_path / "notebooks"))
    needy.metadata["ple_tutorial"]["needs"] = ["census"]
    for number, cell in enumerate(cells.cells[1:], start=1):
        stored = {7: ["6\n"], 9: ["as stored\n"]}.get(number, [])
        cell.update(execution_count=number, outputs=[new_output("stream", name="stdout", text=text) for text in stored])
    nbformat.write(needy, tmp_path / "notebooks" / "00_needy.ipynb")
    nbformat.write(cells, tmp_path / "notebooks" / "01_cells.ipynb")
    (tmp_path / "conftest.py").write_text(
        (ROOT / "conftest.py").read_text(encoding="utf-8")
        + "\nnotebooks.NEEDS['census'] = lambda: (False, 'no such file')\n"
    )
    command = "-m pytest --nbval --nbval-current-env -n 2 -rs -p no:cacheprovider notebooks"
    run = subprocess.run([sys.executable, *command.split()], cwd=tmp_path, capture_output=True, text=True)
    assert "1 failed, 8 passed, 1 skipped" in run.stdout
    assert "01_cells.ipynb::Cell 8" in run.stdout
    assert "no such file" in run.stdout
