"""``docs/reference.md`` is what the docstrings say, and what notebooks import is on it, annotated, with an example."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

import nbformat
import pytest

import ple_tutorial

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))
build_reference = importlib.import_module("build_reference")
sys.path.pop(0)

NAMES = build_reference.names()


def found(name):
    """The object at a path below ``ple_tutorial``, such as ``training.fit``."""
    module, _, attribute = f"ple_tutorial.{name}".rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def imported_by_notebooks():
    """``{path below ple_tutorial: notebooks}`` of the functions and classes that notebooks take from the package."""
    users = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        tree = ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
        rooms = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "ple_tutorial":
                for alias in node.names:
                    name = f"{node.module}.{alias.name}".removeprefix("ple_tutorial.")
                    if name.startswith("backend."):
                        continue
                    if inspect.ismodule(found(name)):
                        rooms[alias.name] = name
                    else:
                        users.setdefault(name, set()).add(path.stem)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in rooms:
                users.setdefault(f"{rooms[node.value.id]}.{node.attr}", set()).add(path.stem)
    return {name: where for name, where in users.items() if callable(found(name))}


def test_the_page_is_what_the_docstrings_say():
    assert build_reference.PAGE.read_text(encoding="utf-8") == build_reference.page(), "run `make reference`"


def test_a_class_returns_no_none():
    text = build_reference.PAGE.read_text(encoding="utf-8")
    classes = [name for name in NAMES if inspect.isclass(found(name))]
    assert len(classes) > 10
    for name in classes:
        signature = text.partition(f"### `ple_tutorial.{name}`\n\n```python\n")[2].partition("\n```")[0]
        assert not signature.endswith("-> None"), name


def test_what_notebooks_import_is_on_the_page():
    on_page = {found(name) for name in build_reference.names()}
    absent = {name: where for name, where in imported_by_notebooks().items() if found(name) not in on_page}
    assert absent == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_annotations(name):
    """Every argument, and what a function returns; arguments that a layer hands on to Keras apart."""
    target = found(name)
    own = target if not inspect.isclass(target) else vars(target).get("__init__", lambda: None)
    signature = inspect.signature(own)
    bare = [
        p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "kwargs")
    ]
    assert bare == []
    assert inspect.isclass(target) or signature.return_annotation is not signature.empty


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_an_example(name):
    assert ">>> " in (inspect.getdoc(found(name)) or "")


def modules():
    walked = pkgutil.walk_packages(ple_tutorial.__path__, "ple_tutorial.")
    return sorted(module.name for module in walked if not module.name.endswith("__main__"))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # h5py under Keras
@pytest.mark.parametrize("name", modules())
def test_examples_run(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_examples_are_looked_for():
    """A doctest that is wrong is seen: of a function made here."""

    def wrong():
        """
        >>> 1 + 1
        3
        """

    wrong.__module__ = __name__
    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder().find(wrong, "wrong", module=sys.modules[__name__]):
        runner.run(test, out=lambda text: None)
    assert runner.failures == 1
