"""What figures and chapters compute from stored runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ple_tutorial.study import results

ROOT = Path(__file__).resolve().parents[2]
RUNS = pd.DataFrame(
    {
        "architecture": ["single-task", "single-task", "ple", "ple"] * 2,
        "weight": [0.5] * 4 + [0.9] * 4,
        "seed": [0, 1] * 4,
        "a/mse": [0.3, 0.5, 0.2, 0.6, 0.7, 0.9, 0.25, 0.5],
        "b/mse": [0.4, 0.6, 0.4, 0.5, 0.8, 0.7, 0.5, 0.9],
    }
)


def test_mean_mse_and_gains_seed_by_seed():
    runs = results.with_mean_mse(RUNS[RUNS["weight"] == 0.5])
    assert runs["mean/mse"].tolist() == pytest.approx([0.35, 0.55, 0.3, 0.55])
    gains = results.seed_gains(runs, "mean/mse")
    assert gains["architecture"].tolist() == ["ple", "ple"]
    assert gains["gain"].tolist() == pytest.approx([0.05, 0.0])  # less error is a gain


def test_the_seesaw_is_against_the_single_task_model_of_equal_weights():
    points = results.seesaw_points(RUNS).set_index(["architecture", "weight"])
    assert points.loc[("ple", 0.9), ["x", "y"]].tolist() == pytest.approx([(0.05 + 0.0) / 2, (-0.1 - 0.3) / 2])
    assert points.loc[("single-task", 0.9), ["x", "y"]].tolist() == pytest.approx([-0.4, -0.25])
    assert points.loc[("single-task", 0.5), ["x", "y"]].tolist() == [0, 0]


def test_the_path_may_be_of_another_error_and_of_other_weights():
    runs = RUNS.rename(columns={"a/mse": "a/excess", "b/mse": "b/excess"})
    points = results.seesaw_points(runs, "excess", equal=0.9).set_index(["architecture", "weight"])
    assert points.loc[("single-task", 0.9), ["x", "y"]].tolist() == [0, 0]
    assert points.loc[("ple", 0.5), "x"] == pytest.approx((0.5 + 0.3) / 2)
    with pytest.raises(ValueError, match=r"equal: expected one of the weights \[0.5, 0.9\], got 1.0"):
        results.seesaw_points(RUNS, equal=1.0)


def test_a_table_that_is_not_stored_says_what_to_do(monkeypatch):
    """In a clone, a command makes it; an installed package holds the tables of its studies, and others come from a clone."""
    advice = r"no stored table dail\.csv .* make it with: python -m ple_tutorial study dail"
    with pytest.raises(FileNotFoundError, match=f"{advice}$"):
        results.stored("dail")
    monkeypatch.setattr(results, "CLONED", False)
    with pytest.raises(FileNotFoundError, match=f"{advice} in a clone of the project's repository"):
        results.stored("dail")


def test_an_installed_package_has_all_stored_tables(tmp_path):
    """A wheel is made as by pip from a copy of the project, unpacked elsewhere, and asked for a table and a figure's numbers."""
    pytest.importorskip("pip", reason="this environment was made without pip")
    copy, site = tmp_path / "copy", tmp_path / "site"
    for name in ("ple_tutorial", "figures"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.png", "*.svg"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", site, copy], check=True)
    code = "from ple_tutorial import figures; print(figures.STORED, len(figures.numbers('dial')))"
    environment = os.environ | {"PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == [str(site / "ple_tutorial/stored"), "960"], done.stderr
    wanted = {path.name for path in (ROOT / "figures").glob("*.csv")}
    assert {path.name for path in (site / "ple_tutorial/stored").iterdir()} == wanted
