"""What figures and chapters compute from stored runs."""

import pandas as pd
import pytest

from ple_tutorial.study import results

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


def test_a_table_that_is_not_stored_says_what_to_do(monkeypatch, tmp_path):
    """In a clone, a command makes it; an installed package has no folder of tables, and a command would not make one."""
    with pytest.raises(
        FileNotFoundError, match=r"no stored table dail\.csv .* make it with: python -m ple_tutorial study"
    ):
        results.stored("dail")
    monkeypatch.setattr(results, "STORED", tmp_path / "figures")
    with pytest.raises(
        FileNotFoundError, match=r"dial\.csv .*; stored tables do not come .* clone the project's repository"
    ):
        results.stored("dial")
