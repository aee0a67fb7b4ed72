"""What a committed notebook must be: run in order, stored with stable outputs, complete, and by itself."""

import ast
import copy
import html
import re
from pathlib import Path

import nbformat
import pytest
from images import images
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ple_tutorial.course import measured, notebooks
from ple_tutorial.exercises import exercises_of

ROOT = Path(__file__).resolve().parents[1]
PATHS = notebooks.chapters()
IGNORE = "# NBVAL_IGNORE_OUTPUT"
CLOSING = ["You can now", "Pitfalls", "Exercises", "References"]  # of a chapter; an appendix has no exercises
SHOWS = {"print", "display", "show"}
MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"

UNSTABLE = {  # what an output must not hold
    "a memory address": r"\b0x[0-9a-fA-F]{4,}",
    "a path of a machine": r"(?<![\w.:/~-])/(home|root|tmp|work|Users|usr|opt|var|mnt|private|etc)/|\b[A-Za-z]:\\",
    "a date": rf"\b(19|20)\d\d-[01]\d-[0-3]\d\b|\b\d{{1,2}} {MONTH} (19|20)\d\d|\b{MONTH} \d{{1,2}},? (19|20)\d\d",
    "a time of day": r"\b\d{1,2}:[0-5]\d(:[0-5]\d)?\b",
    "a duration": r"\d ?(ms|µs|us|ns)\b|\d ?m?s/(it|step|epoch)|\bit/s\b|\b(took|elapsed|[Ww]all time|CPU times)\b",
    "a traceback": r"Traceback \(most recent call last\)",
}


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def texts(cell):
    """Return all text that the outputs of a cell hold, without the data of pictures."""
    found = []
    for output in cell.outputs:
        found += [output.get("text", "")]
        found += [str(value) for mime, value in output.get("data", {}).items() if not mime.startswith("image/")]
    return [re.sub(r"(data:image/png;base64),[A-Za-z0-9+/=]+", r"\1", text) for text in found]


def parse(cell):
    """Return the syntax tree of a code cell, or None where it is not plain Python."""
    try:
        return ast.parse(cell.source)
    except SyntaxError:
        return None


def numbered(nb):
    return enumerate(code_cells(nb), start=1)


def where(nb, test, complaint):
    """Return the complaint for each code cell that passes ``test``."""
    return [f"cell {number} {complaint}" for number, cell in numbered(nb) if test(cell)]


# ---------------------------------------------------------------- the checks: a notebook in, a list of complaints out


def check_format(nb):
    try:
        nbformat.validate(copy.deepcopy(nb))
    except nbformat.ValidationError as error:
        return [f"not a valid notebook: {error.message}"]
    return []


def check_size(nb):
    size = len(nbformat.writes(nb).encode())
    return [f"{size / 1e6:.1f} MB; at most 1"] if size >= 1e6 else []


def check_metadata(nb):
    """Only what `make notebooks` leaves: an editor's traces would change from save to save."""
    plain = copy.deepcopy(nb)
    notebooks.normalise(plain)
    complaints = []
    if (nb.metadata, [cell.metadata for cell in nb.cells]) != (plain.metadata, [cell.metadata for cell in plain.cells]):
        complaints.append("metadata that `make notebooks` would take out: run it")
    mine = nb.metadata.get("ple_tutorial", {})
    if not mine.get("question", "").endswith("?"):
        complaints.append("metadata.ple_tutorial.question is missing, or no question")
    complaints += [f"unknown need {need!r}" for need in mine.get("needs", []) if need not in notebooks.NEEDS]
    return complaints


def check_counts(nb):
    counts = [cell.execution_count for cell in code_cells(nb)]
    in_order = counts and counts == list(range(1, len(counts) + 1))
    return [] if in_order else [f"execution counts {counts}; run it in place"]


def check_python(nb):
    return where(nb, lambda cell: not (parse(cell) and parse(cell).body), "is empty or not plain Python")


def shows(cell):
    """Tell whether a cell is sure to show something: a top-level print or display, or a value on its last line."""
    tree = parse(cell)
    if not (tree and tree.body):
        return False
    last = tree.body[-1]
    hidden = cell.source.rstrip().endswith(";")
    if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Call) and not hidden:
        return True
    todo = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.If):
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) in SHOWS:
            return True
        todo += ast.iter_child_nodes(node)
    return False


def check_stored(nb):
    """A notebook without its outputs passes nbval whatever it prints."""
    return where(nb, lambda cell: shows(cell) and not cell.outputs, "shows something, but no output is stored")


def check_stderr(nb):
    return where(nb, lambda cell: any(output.get("name") == "stderr" for output in cell.outputs), "has stderr output")


def check_errors(nb):
    return where(nb, lambda cell: any(output.output_type == "error" for output in cell.outputs), "has an error")


def check_unstable(nb):
    complaints = []
    for n, cell in numbered(nb):
        for what, pattern in UNSTABLE.items():
            found = [match[0] for text in texts(cell) if (match := re.search(pattern, text))]
            complaints += [f"cell {n} shows {what}: {text}" for text in found]
    return complaints


def check_source_paths(nb):
    path = UNSTABLE["a path of a machine"]
    return [f"{cell.id}: a path of a machine" for cell in nb.cells if re.search(path, cell.source)]


def check_markers(nb):
    """nbval takes a marker in its exact spelling and passes over every other in silence."""
    complaints = []
    for n, cell in numbered(nb):
        rest = cell.source.removeprefix(f"{IGNORE}\n")
        if re.search("nbval", rest, re.IGNORECASE):
            complaints.append(f"cell {n}: '{IGNORE}', alone on its first line, is the only marker")
        if any(re.search("nbval|raises|skip", tag, re.IGNORECASE) for tag in cell.metadata.get("tags", [])):
            complaints.append(f"cell {n}: no tags for nbval or nbclient")
    return complaints


def ignored(cell):
    return cell.source.startswith(IGNORE)


def check_ignored(nb):
    cells = code_cells(nb)
    complaints = []
    for n, cell in numbered(nb):
        following = parse(cells[n]) if n < len(cells) else None
        if ignored(cell) and not (following and any(isinstance(node, ast.Assert) for node in ast.walk(following))):
            complaints.append(f"cell {n} is ignored, and the next code cell asserts nothing")
    share = sum(ignored(cell) for cell in cells)
    if share * 5 > len(cells):
        complaints.append(f"{share} of {len(cells)} code cells are ignored; at most one in five")
    return complaints


def check_pictures(nb):
    """A picture is an <img> with a PNG and an alt text: of an output of type image/png the alt text reaches nobody."""
    complaints = []
    for n, cell in numbered(nb):
        for output in cell.outputs:
            data = output.get("data", {})
            kinds = sorted(mime for mime in data if mime.startswith("image/"))
            if kinds:
                complaints.append(f"cell {n}: an output of type {', '.join(kinds)}; show pictures with plots.show")
            for image in images(data.get("text/html", "")):
                alt = image.get("alt") or ""
                if not (image.get("src") or "").startswith("data:image/png;base64,"):
                    complaints.append(f"cell {n}: a picture that is not a PNG within the notebook")
                if len(alt) < 20:
                    complaints.append(f"cell {n}: a picture without an alt text of 20 letters or more")
                if alt != data.get("text/plain"):
                    complaints.append(f"cell {n}: the plain text, which nbval compares, is not the alt text")
    return complaints


def check_alt_length(nb):
    """An alt text written in a cell has two lines at most: a longer one belongs to the figure's recipe or its plot."""
    complaints = []
    for n, cell in numbered(nb):
        for node in ast.walk(parse(cell) or ast.Module([], [])):
            named = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "alt"
            shown = isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "show"
            values = [node.value] if named else [*node.args, *(word.value for word in node.keywords)] if shown else []
            texts = [value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
            if any(text.end_lineno - text.lineno > 1 for text in texts):
                complaints.append(f"cell {n}: an alt text of more than two lines")
    return complaints


def check_links(nb):
    """Links in the text lead to files that are there, and pictures have an alt text."""
    complaints = []
    for cell in nb.cells:
        for mark, text, target in re.findall(
            r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", cell.source if cell.cell_type == "markdown" else ""
        ):
            if (
                not re.match("[a-z]+:|#", target)
                and not (notebooks.FOLDER / target.partition("#")[0]).resolve().exists()
            ):
                complaints.append(f"{cell.id}: a link to {target}, which is not there")
            if mark and len(text) < 20:
                complaints.append(f"{cell.id}: a picture {target} without an alt text of 20 letters or more")
    return complaints


def check_opening(nb):
    opening = []
    for cell in nb.cells:
        if cell.cell_type == "code":
            break
        opening.append(cell.source)
    complaints = []
    if not (opening and re.match(r"# \S", opening[0])):
        return ["the first cell does not begin with a heading '# ...'"]
    if not re.search(r"<!-- measured -->\S[^<]+ min to run, [^<]+<!-- /measured -->", opening[0]):
        complaints.append("the first cell has no '<!-- measured -->...<!-- /measured -->', or it is not filled in")
    items = 0
    for line in "\n".join(opening).partition("ou will be able to")[2].splitlines()[1:]:
        if re.match(r"([-*]|\d\.) ", line):
            items += 1
        elif items and line and not line.startswith(" "):
            break
    if items != 3:
        complaints.append(f"'you will be able to' lists {items} things before the first code cell; it must be three")
    return complaints


def check_closing(nb):
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    headings = [found for found in re.findall(r"^## (.+?) *$", text, re.MULTILINE) if found in CLOSING]
    appendix = re.match(r"# A\d", nb.cells[0].source)
    expected = [heading for heading in CLOSING if not (appendix and heading == "Exercises")]
    return [] if headings == expected else [f"closing headings {headings}; expected {expected}"]


def check_folded(nb):
    """A worked solution is folded, and so is its output, which may give the answer away."""
    folded = {"source_hidden": True, "outputs_hidden": True}
    return where(
        nb,
        lambda cell: "solution" in cell.metadata.get("tags", []) and cell.metadata.get("jupyter") != folded,
        f"is a solution that is not folded: its metadata need jupyter={folded}",
    )


CHECKS = [
    check_format,
    check_size,
    check_metadata,
    check_counts,
    check_python,
    check_stored,
    check_stderr,
    check_errors,
    check_unstable,
    check_source_paths,
    check_markers,
    check_ignored,
    check_pictures,
    check_alt_length,
    check_links,
    check_opening,
    check_closing,
    check_folded,
]


def exercises_missing(nb, chapter):
    """Return which of the chapter's registered exercises lack an unanswered stub or a right solution."""
    texts = "".join(output.text for cell in code_cells(nb) for output in cell.outputs if output.output_type == "stream")
    wanted = [f"{name} {said}" for name in exercises_of(chapter) for said in ("no answer yet.", "right.")]
    return [line for line in wanted if line not in texts.splitlines()]


def definitions(tree):
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def package_definitions():
    """Return {name: module} of the public functions and classes of the package."""
    found = {}
    for path in (ROOT / "ple_tutorial").rglob("*.py"):
        names = definitions(ast.parse(path.read_text(encoding="utf-8")))
        found |= {name: path.stem for name in names if not name.startswith("_")}
    return found


def twice_defined(nbs, package):
    """Return complaints about names that two of ``nbs`` ({name: notebook}), or one and the package, define.

    Only ``solution``, the worked answer of an exercise, may stand in several.
    """
    owners, complaints = {}, []
    for name, nb in nbs.items():
        # A worked solution is a reader's answer: nothing imports it, and each is called so.
        trees = [parse(cell) for cell in code_cells(nb) if "solution" not in cell.metadata.get("tags", [])]
        for defined in sorted(set().union(*(definitions(tree) for tree in trees if tree)) - {"solution"}):
            if defined in package:
                complaints.append(f"{name} defines {defined}, which ple_tutorial.{package[defined]} has")
            if defined in owners:
                complaints.append(f"{name} and {owners[defined]} both define {defined}: put it into the package")
            owners[defined] = name
    return complaints


# ---------------------------------------------------------------- the notebooks as they are


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notebook(path, check):
    assert check(notebooks.read(path)) == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_exercise_has_a_stub_and_a_solution(path):
    nb, chapter = notebooks.read(path), path.stem[:2]
    if chapter.startswith("A"):
        assert exercises_of(chapter) == []
        return
    assert len(exercises_of(chapter)) >= 3
    assert exercises_missing(nb, chapter) == []
    for cell in code_cells(nb):  # without the right answers to the third, one is missing
        if any(f"{chapter}.3 right." in output.get("text", "") for output in cell.outputs):
            cell.outputs = []
    assert exercises_missing(nb, chapter) == [f"{chapter}.3 right."]


def test_no_definition_twice():
    assert twice_defined({path.stem: notebooks.read(path) for path in PATHS}, package_definitions()) == []


def test_measured_minutes_are_told_alike():
    """Headers, measured.csv and the tables of chapters say the same; `make notebooks` writes them all."""
    rows = measured.read_measured(notebooks.FOLDER)
    assert list(rows) == [path.stem for path in PATHS]
    for path in PATHS:
        nb, row = notebooks.read(path), rows[path.stem]
        assert f"<!-- measured -->{measured.measured_line(row)}<!-- /measured -->" in nb.cells[0].source
        assert (row["title"], row["question"]) == (notebooks.title(nb), nb.metadata.ple_tutorial.question)
    if PATHS:
        table = measured.chapters_table(rows.values())
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        assert f"<!-- chapters -->\n{table}\n<!-- /chapters -->" in readme
        table = measured.contents_table(rows.values())
        first = [cell.source for cell in notebooks.read(PATHS[0]).cells if "<!-- chapters -->" in cell.source]
        assert [f"<!-- chapters -->\n{table}\n<!-- /chapters -->" in text for text in first] == [True]


# ---------------------------------------------------------------- every check can fail


def sound():
    """Return a small notebook that every check passes."""
    opening = (
        "# 04 Experts\n\nYou will be able to\n- see one,\n- see two, which is\n  longer, and\n- see three.\n\n"
        "<!-- measured -->about 0.4 min to run, 0.9 GB peak memory (2 cores)<!-- /measured -->"
    )
    alt = 'A curve, "flat", at x < 2'
    image = f'<img alt="{html.escape(alt)}" width="715" src="data:image/png;base64,aGVs/tmp/bG8=">'
    picture = new_output("display_data", data={"text/html": image, "text/plain": alt})
    sources = {
        "x = 1": [],
        "print(x, 'a/b', 'https://x.org/home/y')": [new_output("stream", name="stdout", text="1 a/b 2:1")],
        f"{IGNORE}\nx / 3": [new_output("execute_result", data={"text/plain": "0.333"}, execution_count=3)],
        "assert x / 3 > 0.3": [],
        "plots.show(fig, alt='...')": [picture],
    }
    cells = [
        new_code_cell(source, outputs=outputs, execution_count=number)
        for number, (source, outputs) in enumerate(sources.items(), start=1)
    ]
    links = "[one](https://x.org/a), [two](../README.md#x), ![a picture of something](../README.md), [a](#b)"
    closing = new_markdown_cell(links + "".join(f"\n## {heading}\n\ntext\n" for heading in CLOSING))
    nb = new_notebook(cells=[new_markdown_cell(opening), *cells, closing])
    nb.metadata["ple_tutorial"] = {"question": "Which one?", "needs": ["census"]}
    notebooks.normalise(nb)
    return nb


@pytest.mark.parametrize("check", CHECKS)
def test_a_sound_notebook_passes(check):
    assert check(sound()) == []


def code(nb, number):
    return code_cells(nb)[number - 1]


def say(text, name="stdout"):
    def fault(nb):
        code(nb, 2).outputs = [new_output("stream", name=name, text=text)]

    return fault


def source(number, text):
    def fault(nb):
        code(nb, number).source = text

    return fault


def show(number, mime, value):
    def fault(nb):
        code(nb, number).outputs = [new_output("display_data", data={mime: value})]

    return fault


def picture(old, new):
    def fault(nb):
        data = code(nb, 5).outputs[0].data
        assert old in data["text/html"]
        data["text/html"] = data["text/html"].replace(old, new)

    return fault


def opening(old, new):
    def fault(nb):
        assert old in nb.cells[0].source
        nb.cells[0].source = nb.cells[0].source.replace(old, new)

    return fault


def closing(old, new):
    def fault(nb):
        assert old in nb.cells[-1].source
        nb.cells[-1].source = nb.cells[-1].source.replace(old, new)

    return fault


def set_attribute(number, name, value):
    return lambda nb: code(nb, number).__setitem__(name, value)


FAULTS = [
    (check_format, set_attribute(1, "outputs", "none")),
    (check_size, show(5, "image/png", "A" * 1_000_000)),
    (check_metadata, lambda nb: nb.metadata.kernelspec.update(name="my-env")),
    (check_metadata, lambda nb: nb.metadata.language_info.update(version="3.12.1")),
    (check_metadata, lambda nb: nb.cells[1].metadata.update(execution={"iopub.execute_input": "x"})),
    (check_metadata, lambda nb: nb.metadata.ple_tutorial.pop("question")),
    (check_metadata, lambda nb: nb.metadata.ple_tutorial.needs.append("gpu")),
    (check_counts, set_attribute(2, "execution_count", None)),
    (check_counts, set_attribute(2, "execution_count", 7)),
    (check_python, source(1, "%matplotlib inline")),
    (check_python, source(1, "  \n")),
    (check_python, source(1, "# only a comment")),
    (check_stored, set_attribute(2, "outputs", [])),
    (check_stored, set_attribute(3, "outputs", [])),
    (check_stored, set_attribute(5, "outputs", [])),
    (check_stored, source(1, "for i in range(3):\n    print(i)")),
    (check_stored, source(1, "try:\n    f()\nexcept ValueError as error:\n    print(type(error))")),
    (check_stderr, say("warning", name="stderr")),
    (check_errors, lambda nb: code(nb, 1).outputs.append(new_output("error", ename="E", evalue="", traceback=[]))),
    (check_unstable, say("<object at 0x7f0c2a4b5d60>")),
    (check_unstable, say("wrote '/home/me/x.csv'")),
    (check_unstable, say("wrote C:\\Users\\me")),
    (check_unstable, say("on 2026-11-23")),
    (check_unstable, say("on Mon, 23 Nov 2026")),
    (check_unstable, say("on November 23, 2026")),
    (check_unstable, say("at 21:43:07")),
    (check_unstable, say("100/100 3ms/step")),
    (check_unstable, say("it took 3.2 s")),
    (check_unstable, say("12.5 µs per loop")),
    (check_unstable, say("Traceback (most recent call last):")),
    (check_unstable, show(2, "text/html", "<p>/tmp/x</p>")),
    (check_unstable, show(2, "text/plain", "/var/x")),
    (check_source_paths, source(1, "x = open('/tmp/x')")),
    (check_source_paths, closing("text", "see /home/me/paper.pdf")),
    (check_markers, source(3, f"{IGNORE} because it varies\nx")),
    (check_markers, source(3, f"{IGNORE}S\nx")),
    (check_markers, source(3, f"x  {IGNORE}")),
    (check_markers, source(3, f"y = x\n{IGNORE}\nx")),
    (check_markers, source(3, f" {IGNORE}\nx")),
    (check_markers, source(3, "# NBVAL_SKIP\nx")),
    (check_markers, source(3, "# NBVAL_RAISES_EXCEPTION\n1 / 0")),
    (check_markers, source(3, "# nbval_ignore_output\nx")),
    (check_markers, lambda nb: code(nb, 3).metadata.update(tags=["nbval-skip"])),
    (check_markers, lambda nb: code(nb, 3).metadata.update(tags=["raises-exception"])),
    (check_ignored, source(4, "x > 0.3")),
    (check_ignored, source(5, f"{IGNORE}\nx")),
    (check_ignored, lambda nb: nb.cells.pop(1)),
    (check_pictures, show(5, "image/svg+xml", "<svg/>")),
    (check_pictures, show(5, "image/png", "aGVsbG8=")),
    (check_pictures, picture("data:image/png", "data:image/gif")),
    (check_pictures, picture("data:image/png;base64,", "plot.png?")),
    (check_pictures, picture('alt="A curve', 'alt="Another curve')),
    (check_pictures, picture(' alt="', ' title="')),
    (check_alt_length, source(5, "plots.show(\n    fig,\n    alt='one '\n    'two '\n    'three',\n)")),
    (check_alt_length, source(5, "alt = (\n    'one '\n    'two '\n    'three'\n)\nplots.show(fig, alt)")),
    (check_links, closing("text", "[this](no_such_file.ipynb)")),
    (check_links, closing("text", "![A picture that was never drawn](../figures/no_such_file.png)")),
    (check_links, closing("text", "![map](../README.md)")),
    (check_opening, opening("# 04", "04")),
    (check_opening, opening("/measured", "measured")),
    (check_opening, opening("about 0.4 min to run, ", "")),
    (check_opening, opening("- see one,\n", "")),
    (check_opening, opening("- see one,\n", "- see one,\n- see none,\n")),
    (check_opening, opening("You will", "One will")),
    (check_closing, closing("## Pitfalls", "## Traps")),
    (check_closing, closing("## Exercises\n\ntext\n", "")),
    (check_closing, opening("# 04 Experts", "# A4 Experts")),
    (check_folded, lambda nb: code(nb, 1).metadata.update(tags=["solution"])),
    (check_folded, lambda nb: code(nb, 1).metadata.update(tags=["solution"], jupyter={"source_hidden": True})),
]


@pytest.mark.parametrize(("check", "fault"), FAULTS, ids=[check.__name__ for check, _ in FAULTS])
def test_a_planted_fault_is_found(check, fault):
    nb = sound()
    fault(nb)
    assert check(nb)


def test_every_check_has_a_planted_fault():
    assert {check for check, _ in FAULTS} == set(CHECKS)
    assert set(CHECKS) == {value for name, value in globals().items() if name.startswith("check_")}


def test_a_definition_in_two_places_is_found():
    one = new_notebook(cells=[new_code_cell("def gate(x):\n    return x\n\n\nclass Table:\n    pass")])
    one.cells.append(new_code_cell("def solution(x):\n    return x"))
    two = new_notebook(cells=[new_code_cell("x = 1"), new_code_cell("def gate(x):\n    return 2 * x"), one.cells[1]])
    assert twice_defined({"one": one}, {"fit": "training"}) == []
    assert twice_defined({"one": one}, {"Table": "plots"}) == ["one defines Table, which ple_tutorial.plots has"]
    assert twice_defined({"one": one, "two": two}, {}) == ["two and one both define gate: put it into the package"]
