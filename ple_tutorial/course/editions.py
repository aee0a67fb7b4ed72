"""Two editions of the chapters: for students, without the solutions of the exercises, and for teachers, with them.

What is a solution is said in the notebook, in one of three ways: a code cell with the tag "solution"; a folded text
(``<details>``) of the section "Exercises" or a line that begins with "Worked solution"; in any other text, what is
between ``<!-- solution -->`` and ``<!-- /solution -->``. A cell that looks like a solution and is not marked as one is
refused, and so is a cell of the student edition that needs what a solution defines.
"""

import ast
import copy
import os
import re
import symtable
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode

from ple_tutorial import checks
from ple_tutorial.course import notebooks

SOLUTION = "solution"  # the tag, and the name that a worked solution may bind
MARKED = re.compile(r"<!-- solution -->.*?<!-- /solution -->", re.DOTALL)
WORKED = re.compile(
    r"<details>\s*<summary>Worked solution.*?</details>|^\*Worked solution.*?\*$", re.DOTALL | re.MULTILINE
)
FOLDED = re.compile(r"<details>(?!\s*<summary>\s*Hint).*?</details>", re.DOTALL)  # a hint is no solution
LINK = re.compile(r"(\]\(|(?:src|href)=\")(?![a-z]+:|#|/)([^)\"\s#]+)")


def student_edition(nb: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook without its solutions; all other cells keep their outputs.

    Args:
        nb: a chapter with its solutions.

    Raises:
        ValueError: a cell looks like a solution and is not marked as one, a cell needs what only a solution defines,
            or the notebook has an exercise without a cell for the answer. The message names the cell.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
        >>> folded = new_markdown_cell("<details><summary>Worked solution</summary>Add them.</details>")
        >>> solution = new_code_cell("solution = 3\\ncheck('04.1', solution)", metadata={"tags": ["solution"]})
        >>> answer = new_code_cell("answer = None\\ncheck('04.1', answer)")
        >>> [cell.source for cell in student_edition(new_notebook(cells=[answer, folded, solution])).cells]
        ["answer = None\\ncheck('04.1', answer)"]
    """
    _refuse_needed_solutions(nb)
    student = copy.deepcopy(nb)
    section = ""
    kept = []
    for number, cell in _numbered(student):
        if cell.cell_type == "markdown":
            headings = re.findall(r"^## (.+?)\s*$", cell.source, re.MULTILINE)
            section = headings[-1] if headings else section
            cell.source = _without_solutions(cell, section == "Exercises")
        elif cell.cell_type == "code" and not _is_solution(cell):
            _refuse_unmarked(cell, number)
        if cell.source.strip() and not _is_solution(cell):
            kept.append(cell)
    student.cells = kept
    if missing := sorted(_checked(nb.cells) - _checked(kept)):
        checks.refuse(
            "the notebook",
            f"a cell for the answer to exercise {missing[0]}, with check({missing[0]!r}, answer)",
            "none",
        )
    _renumber(student)
    return student


def write_editions(paths: Iterable[Path], out: Path) -> None:
    """Write the student edition of notebooks into the folder ``out``/student, and the full one into ``out``/solutions.

    Links between chapters work in both; links to other files of the repository are made to lead there from the new
    place.

    Raises:
        ValueError: a notebook cannot be divided (see ``student_edition``); the message names it, and nothing of it is
            written.
    """
    for path in paths:
        full = notebooks.read(path)
        try:
            student = student_edition(full)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
        for edition, nb in (("student", student), ("solutions", full)):
            nb = copy.deepcopy(nb)
            for cell in nb.cells:
                if cell.cell_type == "markdown":
                    cell.source = _relink(cell.source, path.parent, out / edition)
            notebooks.write(nb, out / edition / path.name)


def _relink(text, old, new):
    """Make the links to files outside of the folder ``old`` work from the folder ``new``."""

    def moved(found):
        target = found[2]
        outside = not (old / target).resolve().is_relative_to(old.resolve())
        return found[1] + (
            Path(os.path.relpath((old / target).resolve(), new.resolve())).as_posix() if outside else target
        )

    return LINK.sub(moved, text)


def _numbered(nb):
    """Pair each cell with the number that JupyterLab shows for it: code cells count from 1; None for a text."""
    number = 0
    for cell in nb.cells:
        number += cell.cell_type == "code"
        yield (number if cell.cell_type == "code" else None), cell


def _is_solution(cell):
    return SOLUTION in cell.metadata.get("tags", [])


def _without_solutions(cell, among_exercises):
    text = WORKED.sub("", MARKED.sub("", cell.source))
    text = FOLDED.sub("", text) if among_exercises else text
    if left := re.search(r".*worked solution.*|.*<!-- /?solution -->.*", text, re.IGNORECASE):
        checks.refuse(
            f"the text cell {cell.get('id', '')!r}",
            "a solution between <!-- solution --> and <!-- /solution -->, or in <details> beginning 'Worked solution'",
            repr(left[0].strip()),
        )
    return text.strip() if text != cell.source else text


def _refuse_unmarked(cell, number):
    """Refuse a code cell that gives an answer away: by a name, by what it hands to ``check``, or by its output."""
    tree = _parse(cell, number)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    printed = "".join(output.get("text", "") for output in cell.get("outputs", []))
    sign = None
    if SOLUTION in names:
        sign = f"the name {SOLUTION!r}"
    elif found := re.search(r"^\d\d\.\d right\.$", printed, re.MULTILINE):
        sign = f"the output {found[0]!r}"
    elif answered := [call for call in _checks_in(tree) if not _is_open(call, tree)]:
        sign = ast.unparse(answered[0]) + ", an answer that is filled in"
    if sign:
        checks.refuse(f"code cell {number}", f"the tag {SOLUTION!r} on a cell with a solution", f"none, but {sign}")


def _parse(cell, number):
    try:
        return ast.parse(cell.source)
    except SyntaxError as error:
        checks.refuse(f"code cell {number}", "plain Python", f"{error.msg} in line {error.lineno}")


def _checks_in(tree):
    """Return the calls ``check("04.1", ...)`` in a syntax tree."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) + len(node.keywords) == 2]
    return [
        call
        for call in calls
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == "check"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and re.fullmatch(r"\d?\d\.\d", str(call.args[0].value))
    ]


def _checked(cells):
    """Return the names of the exercises that code cells check."""
    trees = [_parse(cell, None) for cell in cells if cell.cell_type == "code"]
    return {f"{float(call.args[0].value):04.1f}" for tree in trees for call in _checks_in(tree)}


def _is_open(call, tree):
    """Tell whether a call of ``check`` is the stub for a reader's answer: it hands in None or a dict of None."""
    answer = call.args[1] if len(call.args) > 1 else call.keywords[0].value
    if isinstance(answer, ast.Name):
        bound = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == answer.id for target in node.targets)
        ]
        answer = bound[-1] if bound else answer
    values = answer.values if isinstance(answer, ast.Dict) and answer.values else [answer]
    return all(isinstance(value, ast.Constant) and value.value in (None, ...) for value in values)


def _refuse_needed_solutions(nb):
    """Refuse a cell outside of the solutions that reads a name as a solution left it."""
    owner = {}  # name -> number of the solution that bound it last
    for number, cell in _numbered(nb):
        if cell.cell_type != "code":
            continue
        read, bound = _names(_parse(cell, number))
        if _is_solution(cell):
            owner |= dict.fromkeys(bound, number)
            continue
        if needed := sorted(read & set(owner)):
            checks.refuse(
                f"code cell {number}",
                "a cell that needs no solution (bind what it needs outside of the solution)",
                f"the name {needed[0]!r} as the solution in code cell {owner[needed[0]]} leaves it",
            )
        owner = {name: by for name, by in owner.items() if name not in bound}


def _names(node):
    """Return the global names that code reads before it binds them, and those that it binds. Branches are taken."""
    if isinstance(
        node, ast.Module | ast.For | ast.While | ast.If | ast.With | ast.Try | ast.ExceptHandler | ast.withitem
    ):
        parts = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.For):
            parts[:2] = parts[1::-1]  # the values come before the names that they are bound to
    else:
        return _names_of_one(node)
    read, bound = set(), {node.name} if isinstance(node, ast.ExceptHandler) and node.name else set()
    for part in parts:
        now_read, now_bound = _names(part)
        read |= now_read - bound
        bound |= now_bound
    return read, bound


def _names_of_one(node):
    """``_names`` of one simple statement, definition or expression, as Python's own compiler sees it."""
    stored = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}
    if isinstance(node, ast.Name | ast.Tuple) and stored:  # the target of a loop or of a with
        return set(), stored
    read = {node.target.id} if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) else set()
    bound = set()
    scopes = [symtable.symtable(ast.unparse(node), "cell", "exec")]
    while scopes:
        scope = scopes.pop()
        scopes += scope.get_children()
        for symbol in scope.get_symbols():
            if scope.get_type() == "module" or symbol.is_global():
                read |= {symbol.get_name()} if symbol.is_referenced() else set()
                bound |= {symbol.get_name()} if symbol.is_assigned() or symbol.is_imported() else set()
    own = {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else set()  # a function that calls itself
    return read - own, bound


def _renumber(nb):
    """Count the executions anew from 1, as if the notebook had run without the cells that are gone."""
    count = 0
    for cell in nb.cells:
        if cell.cell_type == "code" and cell.execution_count is not None:
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
