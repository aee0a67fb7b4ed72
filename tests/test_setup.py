"""What sets a clone up: the Makefile, the lists of packages, and what is committed."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ple_tutorial.course import notebooks

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
DIRECT = [
    Requirement(text)
    for texts in (PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values())
    for text in texts
]

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


@pytest.mark.parametrize("target", ["tutorial", "test", "notebooks", "student", "lab", "figures", "lint"])
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


def files_of_tests():
    """Return the files of the tests, without those of the peers, which have packages of their own."""
    return [path for path in (ROOT / "tests").rglob("*.py") if path.parent.name != "peers"]


def test_each_package_is_used_and_each_used_is_asked_for():
    package = [*(ROOT / "ple_tutorial").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    files = [*package, *files_of_tests(), *(ROOT / "docs").glob("*.py"), ROOT / "conftest.py"]
    used = set().union(*map(imports, [*files, *notebooks.chapters()]))
    own = {"ple_tutorial", "benchmarks"} | {name for path in files_of_tests() for name in (path.stem, path.parent.name)}
    module = {"scikit-learn": "sklearn", "ipython": "IPython", "griffelib": "griffe"}
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
    used = imports(ROOT / "benchmarks" / "peers.py")
    asked = {wanted.name for wanted in DIRECT}
    assert used - asked - set(sys.stdlib_module_names) - {"ple_tutorial", "benchmarks"} == {
        module_of(pin) for pin in bench_pins()
    }


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
