"""The parts of `make tutorial` and `make test`: the runner of notebooks, the command line, the Makefile, the lock."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ple_tutorial import __main__ as command
from ple_tutorial import notebooks

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
DIRECT = [
    Requirement(text)
    for text in [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["tools"]]
]

# ---------------------------------------------------------------- the runner


def make_series(root, **cells):
    """Write a tiny series: {name: code cells}, each notebook with a header, and a README for its table."""
    folder = root / "notebooks"
    folder.mkdir()
    for name, sources in cells.items():
        header = f"# {name[1:3]} About {name[4:]}\n\n<!-- measured --><!-- /measured -->"
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
    rows = notebooks.read_measured(ran.root / "notebooks")
    row = rows.pop("00_fine")
    assert rows == {}
    assert (row["title"], row["question"], row["machine"]) == ("About fine", "What of fine?", notebooks.machine())
    assert row["minutes"] == f"{ran.in_place[0].seconds / 60:.1f}"
    assert row["peak_memory_gb"] == f"{ran.in_place[0].megabytes / 1000:.1f}"
    line = notebooks.measured_line(row)
    assert f"<!-- measured -->{line}<!-- /measured -->" in notebooks.read(ran.paths[0]).cells[0].source
    readme = (ran.root / "README.md").read_text()
    assert "\n| [00 About fine](notebooks/00_fine.ipynb) | What of fine? | " in readme
    assert readme.startswith("# Series\n<!-- chapters -->\n| chapter |")
    assert readme.endswith(f"\nMeasured on {notebooks.machine()}.\n<!-- /chapters -->\nend\n")
    assert "old" not in readme


def test_measured_numbers_are_coarse():
    row = {"minutes": "0.0", "peak_memory_gb": "0.1", "machine": "2 cores, x"}
    assert notebooks.measured_line(row) == "under 0.1 min to run, 0.1 GB peak memory (2 cores, x)"
    row |= {"minutes": "0.4", "peak_memory_gb": "1.2", "chapter": "04_gates", "title": "Gates", "question": "Which?"}
    assert notebooks.measured_line(row) == "about 0.4 min to run, 1.2 GB peak memory (2 cores, x)"
    table = notebooks.chapters_table([row, row | {"chapter": "05_cgc", "minutes": "0.0", "machine": "4 cores, y"}])
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
    rows = notebooks.read_measured(tmp_path / "notebooks")
    assert [(row["chapter"], row["minutes"]) for row in rows.values()] == [("00_one", "0.5"), ("01_two", "1.5")]
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


def test_nbval_is_strict_but_for_stderr_and_html(tmp_path):
    """conftest.py at work: one notebook is skipped for what it needs, and of the other the wrong cell alone fails."""
    make_series(
        tmp_path,
        _00_needy=["1 / 0"],
        _01_cells=["print('as stored')", "import sys; print('new', file=sys.stderr)", "import random; print('not')"],
    )
    needy, cells = (notebooks.read(path) for path in notebooks.chapters(folder=tmp_path / "notebooks"))
    needy.metadata["ple_tutorial"]["needs"] = ["census"]
    cells.cells[1].update(execution_count=1, outputs=[new_output("stream", name="stdout", text="as stored\n")])
    cells.cells[2].update(execution_count=2)
    cells.cells[3].update(execution_count=3, outputs=[new_output("stream", name="stdout", text="as stored\n")])
    nbformat.write(needy, tmp_path / "notebooks" / "00_needy.ipynb")
    nbformat.write(cells, tmp_path / "notebooks" / "01_cells.ipynb")
    (tmp_path / "conftest.py").write_text(
        (ROOT / "conftest.py").read_text(encoding="utf-8")
        + "\nnotebooks.NEEDS['census'] = lambda: (False, 'no such file')\n"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--nbval",
            "--nbval-current-env",
            "-rs",
            "-p",
            "no:cacheprovider",
            "notebooks",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "1 failed, 2 passed, 1 skipped" in run.stdout
    assert "01_cells.ipynb::Cell 2" in run.stdout
    assert "no such file" in run.stdout


# ---------------------------------------------------------------- the command line


@pytest.fixture
def rooms(monkeypatch):
    """Put stand-ins for figures and study in place; return what was asked of them."""
    asked = []

    def draw(names, out):
        asked.append((names, out))
        if names == ["broken"]:
            raise OSError("disk full")

    figures = types.SimpleNamespace(FIGURES={"seesaw": 1, "broken": 2, "dial": 3}, draw=draw)
    study = types.SimpleNamespace(STUDIES={"dial": 1}, run=lambda *args: asked.append(args))
    for name, module in {"figures": figures, "study": study}.items():
        monkeypatch.setitem(sys.modules, f"ple_tutorial.{name}", module)
        monkeypatch.setattr(f"ple_tutorial.{name}", module, raising=False)
    return asked


def test_figures(rooms, capsys, tmp_path):
    assert command.main(["figures", "--only", "dial", "--out", str(tmp_path)]) == 0
    assert rooms == [(["dial"], tmp_path)]
    assert "Nothing failed." in capsys.readouterr().out
    assert command.main(["figures"]) == 1  # a broken one does not stop the others
    assert rooms[1:] == [([name], Path("figures")) for name in ("seesaw", "broken", "dial")]
    assert "figure broken: failed: OSError: disk full" in capsys.readouterr().out


def test_study(rooms):
    assert command.main(["study", "dial", "--jobs", "3"]) == 0
    assert rooms == [("dial", Path("figures"), 3)]


def test_tutorial(rooms, capsys, tmp_path, monkeypatch):
    outcomes = [notebooks.Outcome("00_start", "passed", 61.4, 812.0), notebooks.Outcome("08_x", "skipped: no file")]
    monkeypatch.setattr(notebooks, "run", lambda paths, out, tell: rooms.append(out) or list(outcomes))
    assert command.main(["tutorial", "--out", str(tmp_path)]) == 1
    assert rooms[0] == tmp_path / "notebooks"
    assert rooms[1:] == [([name], tmp_path / "figures") for name in ("seesaw", "broken", "dial")]
    out = capsys.readouterr().out
    assert re.search(r"00_start +61 +812  passed\n08_x +skipped: no file\nfigure seesaw +0 +drawn\n", out)
    assert out.endswith(f"1 of 5 failed. Look in {tmp_path}/notebooks and {tmp_path}/figures.\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["figures", "--only", "seasaw"], "expected one of seesaw, broken, dial, got 'seasaw'; did you mean 'seesaw'?"),
        (["study", "dail"], "expected one of dial, got 'dail'; did you mean 'dial'?"),
        (["study", "dial", "--jobs", "0"], "--jobs: expected a whole number of at least 1, got 0"),
        (["notebooks", "no_such"], "chapter: expected one of"),
    ],
)
def test_a_slip_is_told_in_one_line(rooms, capsys, arguments, line):
    assert command.main(arguments) == 2
    told = capsys.readouterr().err
    assert line in told
    assert told.count("\n") == 1
    assert rooms == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["figure"], "invalid choice"),
        ([], "required"),
        (["figures", "--out", f"{__file__}/x"], "is not a folder"),
        (["study", "dial", "--jobs", "many"], "invalid int value"),
    ],
)
def test_a_command_line_that_does_not_parse(capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        command.main(arguments)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


# ---------------------------------------------------------------- the Makefile


def make(folder, *arguments, **environment):
    path = environment.pop("PATH", os.environ["PATH"])
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env={**keep, "PATH": path, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def clone(tmp_path):
    """A folder, with a space in its name, that is set up but for the packages."""
    folder = tmp_path / "a clone"
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv" / "ready").write_text(f"{folder}\n")
    return folder


@pytest.mark.parametrize("target", ["tutorial", "test", "notebooks", "lab", "figures", "lint"])
def test_a_target_needs_the_setup_alone(clone, target):
    steps = make(clone, "-n", target).stdout
    assert "pip" not in steps
    assert re.match(r"\.venv/bin/python -m (ple_tutorial|pytest|jupyterlab|ruff) ", steps)
    (clone / ".venv" / "ready").unlink()
    assert "-m pip install" in make(clone, "-n", target).stdout


def test_setup_is_done_again_after_a_change_or_a_move(clone):
    assert make(clone, "setup").stdout == "make: Nothing to be done for 'setup'.\n"
    os.utime(clone / ".venv" / "ready", (1, 1))
    again = make(clone, "-n", "setup").stdout
    assert "pip install" in again
    moved = clone.rename(clone.parent / "another place")
    os.utime(moved / ".venv" / "ready")
    assert "pip install" in make(moved, "-n", "setup").stdout


def test_test_is_one_run_of_pytest(clone):
    steps = make(clone, "-n", "test", "ARGS=-k x").stdout
    assert steps == ".venv/bin/python -m pytest --nbval --numprocesses 2 --dist loadscope -k x\n"


def stand_in(folder, name, works):
    """Write a program called ``name`` that runs this Python, or that answers as a pyenv shim without a version."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n' if works else "#!/bin/sh\necho no >&2\nexit 127\n")
    path.chmod(0o755)
    return path


def tools(folder):
    """Return a folder of programs that holds what the Makefile needs and no Python."""
    folder.mkdir()
    for name in ("sh", "cat", "sed", "make"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def test_a_python_is_tried_before_it_is_taken(clone, tmp_path):
    programs = tools(tmp_path / "bin")
    for name in ("python3", "python3.13", "python"):
        stand_in(programs, name, works=False)
    none = make(clone, "setup", "which-python", PATH=str(programs))
    assert none.returncode == 2
    assert "No Python 3.11, 3.12 or 3.13 (with venv and ensurepip) found; install one" in none.stderr
    stand_in(programs, "python3.12", works=True)
    found = make(clone, "which-python", PATH=str(programs))
    assert (found.stdout, found.stderr) == (f"{sys.executable}\n", "")


def test_a_python_can_be_named(clone, tmp_path):
    named = stand_in(tmp_path, "my python", works=True)
    assert make(clone, "which-python", f"PYTHON={named}").stdout == f"{sys.executable}\n"
    refused = make(clone, "which-python", f"PYTHON={stand_in(tmp_path, 'old', works=False)}")
    assert f"found as {tmp_path}/old; install one" in refused.stderr


def test_help_names_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)[1].split()
    told = re.findall(r"^make (\w+): ", make(ROOT, "help").stdout, re.MULTILINE)
    assert [*told, "which-python"] == targets


# ---------------------------------------------------------------- the packages


def locked():
    """Return {name: Requirement} of the lock."""
    lines = [line for line in LOCK.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def test_the_lock_pins_and_names_no_place():
    assert LOCK.splitlines()[1] == "#    make lock"
    assert not re.search(r"://|--|@ |file:|^/|[\s=]/", LOCK)
    for requirement in locked().values():
        assert re.fullmatch(r"==[0-9][^,*]*", str(requirement.specifier)), requirement
    via = re.findall(r"^\S+==.*\n((?:    #.*\n?)*)", LOCK, re.MULTILINE)
    assert all(via), "a package that nothing requires"


def test_the_lock_holds_what_pyproject_asks_for():
    pins = locked()
    for wanted in [*DIRECT, *map(Requirement, PROJECT["build-system"]["requires"])]:
        pin = pins[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(str(pin.specifier).removeprefix("==")), pin
        assert pin.marker is None


def imports(path):
    """Return the top-level modules that a Python file or a notebook imports."""
    if path.suffix == ".ipynb":
        text = "\n".join(cell.source for cell in notebooks.read(path).cells if cell.cell_type == "code")
    else:
        text = path.read_text(encoding="utf-8")
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_each_package_is_used_and_each_used_is_asked_for():
    files = [*(ROOT / "ple_tutorial").rglob("*.py"), *(ROOT / "tests").glob("*.py"), ROOT / "conftest.py"]
    used = set().union(*map(imports, [*files, *notebooks.chapters()]))
    own = {"ple_tutorial", *(path.stem for path in (ROOT / "tests").glob("*.py"))}
    module = {"scikit-learn": "sklearn", "ipython": "IPython"}
    asked = {module.get(wanted.name, wanted.name.replace("-", "_")) for wanted in DIRECT}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    started = {"jupyterlab": "-m jupyterlab", "nbval": "--nbval ", "pytest_xdist": "--numprocesses", "ruff": "-m ruff"}
    started = {name for name, words in started.items() if words in makefile}
    kernel = {"ipykernel"} if "jupyter_client" in used else set()
    assert asked - used - started - kernel == set()
    assert used - asked - set(sys.stdlib_module_names) - own - {module_of(pin) for pin in bench_pins()} == {
        "packaging"  # pytest brings it
    }


def test_the_peers_are_pinned_and_each_is_used():
    """Their list beside the lock: `make peers` installs both, and nothing else needs it."""
    lines = (ROOT / "requirements-peers.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"==[0-9][^,*]*", str(pin.specifier)) for pin in pins)
    used = set().union(*map(imports, (ROOT / "tests" / "peers").glob("*.py")))
    asked = {wanted.name for wanted in DIRECT}
    assert used - asked - set(sys.stdlib_module_names) - {"ple_tutorial"} == {pin.name for pin in pins}


def bench_pins():
    """Return the requirements of the bench's peers."""
    lines = (ROOT / "requirements-bench.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def module_of(requirement):
    return requirement.name.replace("-", "_")


def test_the_peers_of_the_bench_are_pinned_and_each_is_used():
    """One line each, in an environment of its own; the lock holds what else they use."""
    assert all(re.fullmatch(r"==[0-9][^,*]*", str(pin.specifier)) for pin in bench_pins())
    used = imports(ROOT / "ple_tutorial" / "bench" / "peers.py")
    asked = {wanted.name for wanted in DIRECT}
    assert used - asked - set(sys.stdlib_module_names) - {"ple_tutorial"} == {module_of(pin) for pin in bench_pins()}


# ---------------------------------------------------------------- the commit


def test_no_committed_file_names_a_machine():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    places = re.compile("|".join(f"/{name}/" for name in ("root", "work", "opt", "tmp/scratch")) + "|pypi[.]org/simple")
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.exists() and path.suffix != ".png":
            found += [f"{name}: {match[0]}" for match in places.finditer(path.read_text(encoding="utf-8"))]
    assert found == []


def test_ci_runs_make_test():
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert text.splitlines()[-1] == "make test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
