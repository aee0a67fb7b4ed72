"""One addition of each kind, made in a copy of the project in the very files that ``docs/extending.md`` names."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
MOST = {  # files touched by hand at most, for each addition
    "an architecture made of the known mixers": 5,
    "a study": 1,
    "a figure": 2,
    "an exercise": 2,
    "a chapter": 2,
    "an appendix": 1,
}

LEVEL = """def _beside(tasks, shared, own, place):
    return Level(dict.fromkeys(tasks, 1), {task: Mixer("concat", tasks) for task in tasks})


"""
LOOPS = """    def beside(self, x):
        columns = dict.fromkeys(self.names, x)
        for level in range(1, self.levels + 1):
            outputs = [self.expert(level, task, 0, columns[task]) for task in self.names]
            columns = dict.fromkeys(self.names, [unit for output in outputs for unit in output])
        return columns

"""
WRITTEN_OUT = """    ("beside", 2, [Level({"b": 1, "a": 1}, {"b": CONCAT("b", "a"), "a": CONCAT("b", "a")})] * 2),
"""
STUDY = """    "toy": Study("a toy", {"beside": BOTTOM | {"architecture": "beside"}}, dial_data, seeds=(0, 1),
        points=({"correlation": 0.5, "rows": 256},), fit_settings=FIT | {"epochs": 1}),
"""
PLOT = '''

def toy_plot(table):
    """Draw the toy study's errors by seed."""
    fig, ax = figure(3, 2)
    ax.plot(table["seed"], table["a/mse"])
    fig.set_label("A line of two points, the error of task a for two seeds.")
    return fig
'''
EXERCISE = '''

@exercise("{name}")
def _toy(answer):
    """The sum of two and two."""
    return None if answer == 4 else "count again"
'''


def cells(name):
    """The cells of an exercise: the task, the stub, the worked solution."""
    solution = new_code_cell(f'solution = 4\ncheck("{name}", solution)')
    solution.metadata = {"tags": ["solution"], "jupyter": {"source_hidden": True, "outputs_hidden": True}}
    stub = new_code_cell(f'answer = None  # your answer here\ncheck("{name}", answer)')
    return [new_markdown_cell(f"### {name} Two and two\n\nHand in the sum of 2 and 2."), stub, solution]


def put(path, anchor, text, after=False):
    """Write ``text`` before (or after) the only place in the file where ``anchor`` is; at the end without an anchor."""
    source = path.read_text(encoding="utf-8")
    if not anchor:
        path.write_text(source + text, encoding="utf-8")
        return
    assert source.count(anchor) == 1, (path.name, anchor)
    path.write_text(source.replace(anchor, anchor + text if after else text + anchor), encoding="utf-8")


def add_architecture(root):
    routing = root / "ple_tutorial/routing.py"
    put(routing, "@dataclass(frozen=True)\nclass _Place", LEVEL)
    put(routing, '    "ple": _Table(', '    "beside": _Table(_beside, many_levels=True),\n')
    put(root / "ple_tutorial/plots/style.py", '    "ple": ("PLE"', '    "beside": ("side by side", "#999999", "*"),\n')
    put(root / "tests/reference.py", "    def mmoe(self, x):\n", LOOPS)
    put(root / "tests/reference.py", '"sluice", "mmoe"', '"beside", ')
    put(root / "tests/test_routing.py", '    ("mmoe", 1, [', WRITTEN_OUT)
    put(root / "tests/test_routing.py", '"sluice", "ml-mmoe"):', '"beside", ')  # a mixer may see other tasks' experts


def add_study(root):
    put(root / "ple_tutorial/study/dial.py", '    "dial": Study(', STUDY)


def add_figure(root):
    put(root / "ple_tutorial/plots/gains.py", "", PLOT)
    recipe = '    "toy": Recipe(lambda: stored("toy"), plots.gains.toy_plot),\n'
    put(root / "ple_tutorial/figures/recipes.py", '    "map": Recipe(', recipe)


def add_exercise(root):
    put(root / "ple_tutorial/exercises/ch00.py", "", EXERCISE.format(name="00.9"))
    path = root / "notebooks/00_start_here.ipynb"
    nb = nbformat.read(path, as_version=4)
    nb.cells[-1:-1] = cells("00.9")
    nbformat.write(nb, path)


def write_notebook(root, heading, code, *closing):
    """Write a notebook that is named like its heading."""
    opening = (
        f"# {heading}\n\nYou will be able to\n- see one,\n- see two, and\n- see three.\n\n"
        "<!-- measured --><!-- /measured -->"
    )
    nb = new_notebook(cells=[new_markdown_cell(opening), new_code_cell(code), *closing])
    nb.metadata["ple_tutorial"] = {"question": "What is new?"}
    name = heading.replace(" A ", " a ").replace(" ", "_")
    nbformat.write(nb, root / f"notebooks/{name}.ipynb")


def add_chapter(root):
    closing = [new_markdown_cell(f"## {heading}") for heading in ("You can now", "Pitfalls", "Exercises")]
    closing += [*cells("12.1"), new_markdown_cell("## References")]
    write_notebook(root, "12 A new chapter", "from ple_tutorial.exercises import check", *closing)
    (root / "ple_tutorial/exercises/ch12.py").write_text(
        "from ple_tutorial.exercises.register import exercise\n" + EXERCISE.format(name="12.1"), encoding="utf-8"
    )


def add_appendix(root):
    write_notebook(
        root, "A9 A new appendix", "print(2)", new_markdown_cell("## You can now\n## Pitfalls\n## References")
    )


ADDITIONS = dict(
    zip(MOST, (add_architecture, add_study, add_figure, add_exercise, add_chapter, add_appendix), strict=True)
)

WORKS = """
import pytest
from ple_tutorial.__main__ import main
from ple_tutorial.course import notebooks
from ple_tutorial.exercises import verdict

fast = ["-q", "-x", "-p", "no:cacheprovider", "-k", "beside and table or beside and outputs or every_architecture"]
assert pytest.main([*fast, "tests/test_routing.py", "tests/test_reference.py"]) == 0
assert main(["study", "toy", "--workers", "1"]) == 0
assert main(["figures", "--only", "toy"]) == 0
assert verdict("00.9", 4)[0] and not verdict("00.9", 5)[0] and verdict("12.1", 4)[0]
assert main(["notebooks", "--in-place", "12", "A9"]) == 0
"""


def files(root):
    """``{path: bytes}`` of all files below ``root``, what programs leave behind apart."""
    left = {"__pycache__", ".pytest_cache", "build", ".hypothesis"}
    paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return {path: (root / path).read_bytes() for path in paths if not left & set(path.parts)}


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the project with all additions, and ``{addition: files touched}``."""
    root = tmp_path_factory.mktemp("extended") / "project"
    for name in ("ple_tutorial", "tests", "notebooks", "figures"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml", "conftest.py"):
        shutil.copyfile(ROOT / name, root / name)
    touched, before = {}, files(root)
    for addition, make in ADDITIONS.items():
        make(root)
        after = files(root)
        touched[addition] = sorted(str(path) for path in after if after[path] != before.get(path))
        before = after
    return root, touched


def test_the_table_names_the_files(extended):
    _, touched = extended
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- places -->\n(.*?)\n<!-- /places -->", text, re.DOTALL)[1].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert {row[0]: sorted(re.findall("`([^`]+)`", row[2])) for row in rows} == touched
    assert {row[0]: int(row[1]) for row in rows} == {addition: len(paths) for addition, paths in touched.items()}


def test_an_addition_touches_few_files(extended):
    _, touched = extended
    assert all(len(touched[addition]) <= most for addition, most in MOST.items())


def test_the_additions_work(extended):
    """Each is used by the commands that a reader would give, and the rest takes notice of it by itself."""
    root, _ = extended
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment["PYTHONPATH"] = str(root)
    done = subprocess.run([sys.executable, "-c", WORKS], cwd=root, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert all((root / "figures" / f"toy{ending}").exists() for ending in (".csv", ".png", ".svg"))
    for page in ("README.md", "notebooks/00_start_here.ipynb", "notebooks/measured.csv"):
        text = (root / page).read_text(encoding="utf-8")
        assert "A new chapter" in text and text.index("09_the_family") < text.index("12_a_new") < text.index("A9_a_new")
