"""The editions for students and teachers: toy notebooks with every slip that an author makes, then all chapters."""

import ast
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ple_tutorial import __main__ as command
from ple_tutorial.course import editions, notebooks
from ple_tutorial.exercises import exercises_of, verdict

CHAPTERS = notebooks.chapters()


def solution(source, **metadata):
    return new_code_cell(source, metadata={"tags": ["solution"], **metadata})


def toy(*cells):
    """Return a chapter with one exercise and its solution, as the chapters have them, and then the cells ``cells``."""
    return new_notebook(
        cells=[
            new_markdown_cell("# 04 Toy\n\n<details><summary>Your guess first.</summary>Part of the lesson.</details>"),
            new_code_cell("import numpy as np\nx = 1"),
            new_markdown_cell("## Exercises\n\nAdd 1 and 2.\n\n<details><summary>Hint</summary>Use +.</details>"),
            new_code_cell("answer = None  # your answer here\ncheck('04.1', answer)"),
            new_markdown_cell("<details><summary>Worked solution: unfold the cell below</summary>Three.</details>"),
            solution("def add(a, b):\n    return a + b\n\n\nsolution = add(1, 2)\ncheck('04.1', solution)"),
            *cells,
        ]
    )


def sources(nb):
    return [cell.source for cell in nb.cells]


def test_the_solutions_are_gone_and_the_rest_stays():
    nb = toy(new_markdown_cell("## References\n\n<details><summary>More</summary>Books.</details>"))
    before = nbformat.writes(nb)
    student = editions.student_edition(nb)
    assert sources(student) == [sources(nb)[n] for n in (0, 1, 2, 3, 6)]
    assert nbformat.writes(nb) == before
    nbformat.validate(student)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("*Worked solution: unfold the cell below.*", None),
        ("<details>\n<summary>Worked solution</summary>\n\nLong,\n\nlonger.\n</details>", None),
        ("<details><summary>The answer</summary>Three.</details>", None),  # folded, and not called a hint
        ("Think.\n\n<details><summary>Answer</summary>Three.</details>\n\nGo on.", "Think.\n\n\n\nGo on."),
        ("Call check.<!-- solution --> It is\nthree.<!-- /solution --> Go on.", "Call check. Go on."),
        ("   \n", None),  # an empty leftover cell
    ],
)
def test_texts_with_solutions(text, left):
    student = editions.student_edition(toy(new_markdown_cell(text)))
    assert sources(student)[4:] == ([] if left is None else [left])


def test_empty_code_cells_go_and_the_executions_are_counted_anew():
    nb = toy(new_code_cell(""), new_code_cell("x + 1"), new_code_cell(" \n"))
    counted = [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]
    for number, cell in enumerate(counted, start=1):
        cell.execution_count = number
    counted[-1].outputs = [new_output("execute_result", data={"text/plain": "2"}, execution_count=4)]
    student = editions.student_edition(nb)
    code = [cell for cell in student.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert code[-1].source == "x + 1"
    assert code[-1].outputs[0].execution_count == 3


@pytest.mark.parametrize(
    ("cell", "sign"),
    [
        (new_code_cell("solution = 3"), "the name 'solution'"),
        (new_code_cell("def solution():\n    return 3"), "the name 'solution'"),
        (new_code_cell("add = 3\ncheck('04.1', add)"), "check('04.1', add), an answer that is filled in"),
        (new_code_cell("check('04.1', answer=3)"), "check('04.1', answer=3), an answer that is filled in"),
        (new_code_cell("answer = None\nanswer = 3\nexercises.check('4.1', answer)"), "an answer that is filled in"),
        (new_code_cell("answer = {'a': None, 'b': 2}\ncheck('04.1', answer)"), "an answer that is filled in"),
        (new_code_cell("go()", outputs=[new_output("stream", text="04.1 right.\n")]), "the output '04.1 right.'"),
    ],
)
def test_a_solution_without_its_tag_is_refused(cell, sign):
    with pytest.raises(ValueError, match=re.escape("code cell 4: expected the tag 'solution'")) as refused:
        editions.student_edition(toy(cell))
    assert sign in str(refused.value)


@pytest.mark.parametrize(
    "text", ["See the worked solution.", "<!-- solution --> never closed", "closed <!-- /solution -->"]
)
def test_a_text_that_speaks_of_a_solution_is_refused(text):
    with pytest.raises(ValueError, match="text cell 'c9': expected a solution between"):
        editions.student_edition(toy(new_markdown_cell(text, id="c9")))


@pytest.mark.parametrize(
    "source",
    [
        "print(add(3, 4))",
        "def later():\n    return add(1, 1)",
        "add += 1",
        "for add in [add]:\n    pass",
        "if x:\n    y = add(1, 2)",
        "[add(n, n) for n in range(3)]",
    ],
)
def test_a_solution_that_a_later_cell_needs_is_refused(source):
    needed = "code cell 4: expected a cell that needs no solution .* got the name 'add' as the solution in code cell 3"
    with pytest.raises(ValueError, match=needed):
        editions.student_edition(toy(new_code_cell(source)))


def test_a_solution_that_binds_anew_what_a_later_cell_reads_is_refused():
    """Without the solution that cell would run as well, and show something else."""
    with pytest.raises(ValueError, match="got the name 'x' as the solution in code cell 4 leaves it"):
        editions.student_edition(toy(solution("x = 2"), new_code_cell("print(x)")))


@pytest.mark.parametrize(
    "source",
    [
        "add = 3\nprint(add)",
        "for add in range(3):\n    print(add)",
        "with open('x') as add:\n    print(add)",
        "try:\n    1 / 0\nexcept ZeroDivisionError as add:\n    print(add)",
        "def add(a, b):\n    return add",
        "print([add for add in range(3)])",
        "import operator as add\nprint(add)",
        "print(lambda add: add)",
        "print(x, np.pi)",
    ],
)
def test_a_cell_with_names_of_its_own_needs_no_solution(source):
    assert sources(editions.student_edition(toy(new_code_cell(source), new_code_cell("x"))))[-2] == source


def test_a_solution_may_need_another_one():
    assert len(editions.student_edition(toy(solution("twice = add(2, 2)"))).cells) == 4


def test_an_exercise_without_a_stub_and_a_cell_that_is_not_python_are_refused():
    with pytest.raises(ValueError, match=r"the notebook: expected a cell for the answer to exercise 04\.2"):
        editions.student_edition(toy(solution("check(4.2, 1)")))
    with pytest.raises(ValueError, match="code cell 4: expected plain Python, got invalid syntax in line 1"):
        editions.student_edition(toy(new_code_cell("!ls")))


def test_links_work_from_the_editions_and_a_notebook_that_cannot_be_divided_is_named(tmp_path):
    folder, out = tmp_path / "notebooks", tmp_path / "build"
    folder.mkdir()
    (tmp_path / "README.md").write_text("x")
    text = '[1](05_b.ipynb#x) [2](../README.md#y) [3](https://a.org/../b) [4](#z) <img src="../README.md">'
    nbformat.write(toy(new_markdown_cell(text)), folder / "04_a.ipynb")
    editions.write_editions([folder / "04_a.ipynb"], out)
    for edition, size in (("student", 5), ("solutions", 7)):
        written = notebooks.read(out / edition / "04_a.ipynb")
        assert len(written.cells) == size
        there = '[1](05_b.ipynb#x) [2](../../README.md#y) [3](https://a.org/../b) [4](#z) <img src="../../README.md">'
        assert written.cells[-1].source == there
    nbformat.write(toy(new_code_cell("solution = 1")), folder / "05_b.ipynb")
    with pytest.raises(ValueError, match=r"^05_b\.ipynb: code cell 4: "):
        editions.write_editions([folder / "05_b.ipynb"], out)
    assert not (out / "student" / "05_b.ipynb").exists()


def test_the_command_says_what_it_wrote_or_which_cell_to_mend(tmp_path, monkeypatch, capsys):
    folder, out = tmp_path / "notebooks", tmp_path / "build"
    folder.mkdir()
    nbformat.write(toy(), folder / "04_a.ipynb")
    monkeypatch.setattr(notebooks.chapters, "__defaults__", ((), folder))
    assert command.main(["student", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"1 chapters, without solutions in {out}/student, with them in {out}/solutions.\n"
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.ipynb")) == [
        "solutions/04_a.ipynb",
        "student/04_a.ipynb",
    ]
    nbformat.write(toy(new_code_cell("solution = 1")), folder / "04_a.ipynb")
    assert command.main(["student", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("04_a.ipynb: code cell 4: expected the tag 'solution'")
    assert said.count("\n") == 1


# ---------------------------------------------------------------- all chapters


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("editions")
    editions.write_editions(CHAPTERS, out)
    return out


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_for_students(path, written):
    full, student = notebooks.read(path), notebooks.read(written / "student" / path.name)
    text = nbformat.writes(student)
    assert not re.search(
        r"worked solution|\d\d\.\d right\.|\bsolution =|def solution|<!-- /?solution", text, re.IGNORECASE
    )
    for cell in full.cells:
        if "solution" in cell.metadata.get("tags", []):
            assert cell not in student.cells
            assert cell.source.splitlines()[0] not in "\n".join(sources(student)).splitlines()
    assert text.count('"text/html"') + text.count('"image/png"') > 0  # the other outputs are still there


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_for_students_asks_every_exercise_and_answers_none(path, written):
    asked = {}
    for cell in notebooks.read(written / "student" / path.name).cells:
        if cell.cell_type == "code" and "check(" in cell.source:
            scope = {"check": lambda name, answer: asked.update({name: verdict(name, answer)[1]})}
            calls = [node for node in ast.parse(cell.source).body if isinstance(node, ast.Assign | ast.Expr)]
            exec(compile(ast.Module(calls, []), path.name, "exec"), scope)
    assert asked == dict.fromkeys(exercises_of(path.stem[:2]), "no answer yet.")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_with_solutions_is_the_chapter(path, written):
    assert sources(notebooks.read(written / "solutions" / path.name)) == sources(notebooks.read(path))


def test_the_links_of_the_editions_lead_somewhere(written):
    found = 0
    for path in sorted(written.rglob("*.ipynb")):
        for cell in notebooks.read(path).cells:
            for target in re.findall(r"\]\(([^)\s]+)\)", cell.source if cell.cell_type == "markdown" else ""):
                if not re.match("[a-z]+:|#", target):
                    found += 1
                    assert (path.parent / target.partition("#")[0]).resolve().is_file(), (path.name, target)
    assert found >= 2 * len(CHAPTERS)
