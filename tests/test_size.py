"""How much code there is to read: the core that the chapters teach, and the longest files.

``python tests/test_size.py`` prints a table of the lines of code in each room of the package, before and after the package was
divided; ``python tests/test_size.py OLD NEW`` compares two other commits.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = """
    layers routing models losses metrics gates training/step training/loop data/taskdata data/synthetic
""".split()
CORE_LINES = 2000
FILE_LINES = 250
BEFORE = "b267c3d"  # the last commit before the package was divided
NOW = {"bench": "benchmarks", "feed": "training", "watch": "training", "checkpoint": "training", "notebooks": "course"}
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(text):
    """Return the number of lines that are neither blank nor only a comment nor part of a docstring."""
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def sizes():
    """Return ``{"data/census": lines of code}`` for each file of the package."""
    folder = ROOT / "ple_tutorial"
    return {
        path.relative_to(folder).with_suffix("").as_posix(): code_lines(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.py"))
    }


def test_the_core_that_the_chapters_teach_is_small():
    found = sizes()
    core = {name: found[name] for name in CORE}  # a KeyError: the file has moved, so change CORE
    assert sum(core.values()) <= CORE_LINES, core


def test_readme_names_the_core():
    """The files, and the most that they may have together."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sentence = readme.partition("small enough to read in an evening:")[2].partition("\n\n")[0]
    assert [name.removesuffix(".py") for name in re.findall(r"`([a-z/]+\.py)`", sentence)] == CORE
    assert f"at most {CORE_LINES:,} lines of code" in sentence and f"more than {FILE_LINES} lines" in sentence


def test_no_file_is_long():
    assert {name: lines for name, lines in sizes().items() if lines > FILE_LINES} == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ('"""Of the\n\nmodule."""\n', 0),
        ("# only a comment\n\nx = 1  # and one behind code\n", 1),
        ('def f():\n    """Of the function."""\n    return 1\n', 2),
        ('class A:\n    """Of the class."""\n\n    x = """a text\n\n    of three lines"""\n', 4),
        ("async def f():\n    'single quotes'\n    return (\n        1,\n    )\n", 4),
        ('x = 1\n"""A text that is no docstring."""\n', 2),
    ],
)
def test_lines_of_code_are_counted(text, count):
    assert code_lines(text) == count


# ---------------------------------------------------------------- the table of two commits


def rooms(commit):
    """Return a Counter of the lines of code by room (a module or a folder of the package), as of a commit."""
    found = Counter()
    for name in git("ls-tree", "-r", "--name-only", commit, "ple_tutorial", "benchmarks").splitlines():
        if name.endswith(".py"):
            place = Path(name).with_suffix("").parts
            room = place[0] if place[0] == "benchmarks" else place[1]
            found[NOW.get(room, room)] += code_lines(git("show", f"{commit}:{name}"))
    return found


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def table(before, after):
    """Return the lines of a Markdown table of lines of code by room, as of two commits."""
    old, new = rooms(before), rooms(after)
    outside = {"benchmarks"}  # not part of the package, or not any more
    lines = ["| room | before | after |", "|---|---:|---:|"]
    lines += [f"| `{room}` | {old[room] or ''} | {new[room] or ''} |" for room in sorted({*old, *new} - outside)]
    package = {"before": old.total(), "after": new.total() - new["benchmarks"]}
    lines += [f"| the package | {package['before'] - old['benchmarks']} | {package['after']} |"]
    lines += [f"| `benchmarks` (before: a room of the package) | {old['benchmarks']} | {new['benchmarks']} |"]
    return lines


if __name__ == "__main__":
    print("\n".join(table(*(sys.argv[1:] or [BEFORE, "HEAD"]))))
