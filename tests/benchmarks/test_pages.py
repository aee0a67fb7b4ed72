"""The tables of docs/speed.md: each is there once, as it is stored; and the code of docs/training.md runs."""

import re

import numpy as np
import pandas as pd
import pytest

from benchmarks import pages
from benchmarks.compare import ROOT
from ple_tutorial import figures
from ple_tutorial.tables import write_table

FOLDER = ROOT / "figures"


def complaints(page):
    """Return what is wrong with the tables of a page: each of ``TABLES`` must be there exactly once, as it is stored."""
    found = [] if pages.filled(page) == page else ["run: python -m benchmarks.pages"]
    for name, table in pages.TABLES.items():
        text = pages.markdown(table(FOLDER))
        counts = {page.count(f"<!-- bench {name} -->"), page.count(text)}
        found += [] if counts == {1} else [f"{name} is there {sorted(counts)} times"]
    return found


def test_each_table_is_in_the_page_once():
    assert complaints(pages.PAGE.read_text(encoding="utf-8")) == []


def test_a_table_that_is_there_twice_or_changed_or_missing_is_found():
    page = pages.PAGE.read_text(encoding="utf-8")
    trial = re.search("<!-- bench trial -->.*?<!-- /bench -->", page, re.DOTALL)[0]
    assert complaints(page + trial) == ["trial is there [2] times"]
    assert complaints(page + trial.split("-->", 1)[1]) == ["trial is there [1, 2] times"]  # a copy without its marker
    assert complaints(page.replace(trial, "")) == ["trial is there [0] times"]
    assert complaints(page.replace("717,170", "717,171"))[0] == "run: python -m benchmarks.pages"


def test_a_marker_that_names_no_table_is_refused():
    with pytest.raises(ValueError, match=r"bench: expected one of listing, .*, got 'trail'; did you mean 'trial'"):
        pages.filled("<!-- bench trail -->\n<!-- /bench -->")


def test_a_table_is_written_between_its_markers(tmp_path):
    numbers = {"processes": [1, 2], "trials": [3, 3], "seconds": [64.8, 40.2], "programs": [5.0, None]}
    write_table(pd.DataFrame(numbers), tmp_path / "bench_grid.csv")
    assert pages.filled("a\n<!-- bench grid -->\nold\n<!-- /bench -->\nb", tmp_path) == (
        "a\n<!-- bench grid -->\n"
        "| processes | trainings | seconds | programs compiled |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| 1 | 3 | 65 | 5 |\n"
        "| 2 | 3 | 40 | not counted |\n"
        "<!-- /bench -->\nb"
    )


def test_the_figures_of_the_docs_have_the_alt_text_of_their_recipe():
    pages_of_docs = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")]
    found = re.findall(r"!\[(.*?)\]\(\.\./figures/(\w+)\.png\)", "\n".join(pages_of_docs))
    assert {"speed", "speed_growth"} <= {name for _, name in found}
    assert [name for alt, name in found if figures.recipe(name).alt not in ("", alt)] == []


def test_the_code_of_the_page_on_training_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).standard_normal((600, 2)).astype(np.float32)
    clicks = (rows[:, 0] > 0).astype(np.float32)
    np.save("x.npy", rows)
    np.save("click.npy", clicks)
    (tmp_path / "rows").mkdir()
    table = pd.DataFrame({"age": rows[:, 0], "watched": rows[:, 1], "click": clicks})
    table.to_parquet("rows/part.parquet", row_group_size=200)
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    for block in blocks:
        exec(block, names)
    assert len(blocks) >= 4
    assert names["history"]["loss"].iloc[-1] < names["history"]["loss"].iloc[0]
    assert names["served"].serve(names["x"])["click"].shape == (1, 1)
