"""Who may import whom (design: data flows one way). By reading the code, so lazy imports count as well."""

import ast
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "ple_tutorial"
ANYONE = {"checks", "backend", "progress", "tables"}  # the floor: everyone may import it
SHAPES = {"TaskData", "FeatureSpec"}  # what the ground floor may take from data
GROUND = {"data", "layers", "routing", "losses", "metrics", "plots", "ranking"}
MAY_IMPORT = {
    **{room: set() for room in ANYONE | GROUND},
    "plots": {"routing"},
    "loading": {"layers"},
    "models": {"layers", "loading", "routing"},
    "balancing": set(),
    "training": {"balancing", "losses", "metrics", "loading"},
    "gates": {"layers", "loading"},
    "serving": {"gates"},
    "study": {"balancing", "data", "models", "training", "metrics", "gates", "routing", "budget", "diagnostics"},
    "figures": {"study", "plots", "data", "metrics", "routing", "budget", "diagnostics"},
    "budget": {"models", "routing"},
    "diagnostics": {"layers", "loading", "losses", "routing"},
    "exercises": GROUND | {"models", "training", "gates", "diagnostics", "budget", "study"},
    "course": {"data.census", "exercises"},
    "__main__": {"course", "figures", "study"},
}
ENGINE = {"tensorflow", "keras", "tf_keras"}


def modules(package=PACKAGE):
    """Return {"data.census": its syntax tree} of the package; the package itself is "", data is "data"."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / package).with_suffix("").parts)
        found[name.removesuffix("__init__").rstrip(".")] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree, known, package=PACKAGE):
    """Return the set of (module of the package, name taken from it or None) that ``tree`` imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == package]
            found |= {(name.removeprefix(package).lstrip("."), None) for name in names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add(("." * node.level + (node.module or ""), None))  # no rule allows it: full names are plainer
        elif isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == package:
            source = node.module.removeprefix(package).lstrip(".")
            for alias in node.names:
                inside = f"{source}.{alias.name}".lstrip(".")
                found.add((inside, None) if not source or inside in known else (source, alias.name))
    return found


def broken_rules(trees):
    """Return a complaint for each import that MAY_IMPORT does not allow."""
    complaints = []
    for module, tree in trees.items():
        room = module.split(".")[0]
        if room and room not in MAY_IMPORT:
            complaints.append(f"{module} has no rule: add it to MAY_IMPORT")
            continue
        for source, name in sorted(imported(tree, trees), key=str):
            allowed = ANYONE | MAY_IMPORT.get(room, set()) | {room}
            shape = source.split(".")[0] == "data" and name in SHAPES and room not in ANYONE
            if not shape and source not in allowed and source.split(".")[0] not in allowed:
                complaints.append(f"{module or '__init__'} imports {source}{f' ({name})' if name else ''}")
    return complaints


def circles(trees, package=PACKAGE):
    """Return each circle of imports once, as "a -> b -> a"."""
    arrows = {
        module: sorted({source for source, _ in imported(tree, trees, package)}) for module, tree in trees.items()
    }
    found = set()

    def walk(path):
        for target in arrows.get(path[-1], []):
            if target in path:
                circle = path[path.index(target) :]
                first = circle.index(min(circle))
                found.add(" -> ".join([*circle[first:], *circle[:first], circle[first]]))
            else:
                walk([*path, target])

    for module in arrows:
        walk([module])
    return sorted(found)


def engine_imports(tree):
    """Return the names of TensorFlow and Keras modules that ``tree`` imports by itself."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module)
    return [name for name in names if name.split(".")[0] in ENGINE]


def notebook_trees():
    """Return {notebook: syntax tree of all its code}."""
    trees = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        trees[path.name] = ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    return trees


def test_imports_go_one_way():
    assert broken_rules(modules()) == []


def test_no_circle():
    assert circles(modules()) == []


def test_one_place_imports_the_engine():
    trees = {**modules(), **notebook_trees()}
    found = {name: sorted(set(engine_imports(tree))) for name, tree in trees.items() if engine_imports(tree)}
    assert found == {"backend": ["keras", "tensorflow"]}


def test_nothing_of_the_package_imports_the_benchmarks():
    trees = {**modules(), **notebook_trees()}
    assert [name for name, tree in trees.items() if imported(tree, {}, "benchmarks")] == []
    assert imported(ast.parse("def f():\n    from benchmarks import parts"), {}, "benchmarks") == {("parts", None)}


def test_the_benchmarks_peers_import_neither_the_package_nor_its_keras():
    """Some of them need legacy Keras, which ``backend`` excludes; so only a worker's own process loads them, by name."""
    found = modules("benchmarks")
    assert {name: engine_imports(tree) for name, tree in found.items() if engine_imports(tree)} == {
        "peers": ["tensorflow", "tf_keras"]
    }
    assert imported(found["peers"], found) == set()
    assert {source for source, _ in imported(found["peers"], found, "benchmarks")} == {"contenders", "networks"}
    top = [node for node in found["contenders"].body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imported(ast.Module(top, []), found) == set()
    assert imported(ast.Module(top, []), found, "benchmarks") == {("networks", "Network")}
    assert [name for name, tree in found.items() if ("peers", None) in imported(tree, found, "benchmarks")] == []
    assert circles(found, "benchmarks") == []


def plant(**code):
    return {name.replace("__", "."): ast.parse(text) for name, text in {"": "", "data": "", **code}.items()}


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (
            {"layers": "from ple_tutorial.models import build_model", "models": ""},
            "layers imports models (build_model)",
        ),
        ({"layers": "def f():\n    import ple_tutorial.models", "models": ""}, "layers imports models"),
        ({"plots": "from . import metrics", "metrics": ""}, "plots imports ."),
        ({"plots": "from .metrics import auc", "metrics": ""}, "plots imports .metrics"),
        (
            {"metrics": "from ple_tutorial.data import synthetic", "data__synthetic": ""},
            "metrics imports data.synthetic",
        ),
        ({"metrics": "from ple_tutorial.data import split"}, "metrics imports data (split)"),
        ({"training": "from ple_tutorial import study", "study": ""}, "training imports study"),
        (
            {"course__notebooks": "from ple_tutorial.data import synthetic", "data__synthetic": ""},
            "course.notebooks imports data.synthetic",
        ),
        ({"data__census": "from ple_tutorial.plots import bars", "plots": ""}, "data.census imports plots (bars)"),
        ({"checks": "from ple_tutorial.data import TaskData"}, "checks imports data (TaskData)"),
        ({"attic": ""}, "attic has no rule: add it to MAY_IMPORT"),
        ({"": "from ple_tutorial import models", "models": ""}, "__init__ imports models"),
    ],
)
def test_a_broken_rule_is_found(code, complaint):
    assert broken_rules(plant(**code)) == [complaint]


@pytest.mark.parametrize(
    "code",
    [
        {"layers": "from ple_tutorial.data import TaskData\nfrom ple_tutorial import checks", "checks": ""},
        {"gates": "from ple_tutorial.data.taskdata import TaskData", "data__taskdata": ""},
        {"data__census": "from ple_tutorial.data.taskdata import TaskData, Kinds", "data__taskdata": ""},
        {"course__notebooks": "from ple_tutorial.data import census", "data__census": ""},
        {"models": "import numpy\nfrom ple_tutorial.routing import routing", "routing": ""},
    ],
)
def test_an_allowed_import_passes(code):
    assert broken_rules(plant(**code)) == []


def test_a_circle_is_found():
    trees = plant(
        a="from ple_tutorial import b", b="def f():\n    from ple_tutorial.c import g", c="import ple_tutorial.a"
    )
    assert circles(trees) == ["a -> b -> c -> a"]
    trees = plant(data="from ple_tutorial.data.x import y", data__x="from ple_tutorial.data import z")
    assert circles(trees) == ["data -> data.x -> data"]


@pytest.mark.parametrize(
    "code", ["import keras", "from tensorflow.keras import layers", "def f():\n    import tf_keras.x"]
)
def test_an_engine_import_is_found(code):
    assert len(engine_imports(ast.parse(code))) == 1
    assert engine_imports(ast.parse("from ple_tutorial.backend import keras, tf")) == []
