"""Files are written whole, and a table comes back as it was written."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ple_tutorial.tables import read_head, read_table, replacing, write_table

LETTERS = st.characters(exclude_characters="\r\0", exclude_categories=["Cs"])
ROWS = st.lists(
    st.tuples(
        st.floats(),
        st.integers(-(2**62), 2**62),
        st.booleans(),
        st.one_of(st.none(), st.text(LETTERS, min_size=1), st.sampled_from(["NA", "#", "1", '"', "a,b", "x\ny", " "])),
    )
)
NAMES = st.lists(st.text(LETTERS, min_size=1), min_size=4, max_size=4, unique=True)


@settings(max_examples=100, deadline=None)
@given(ROWS, NAMES)
def test_what_is_written_is_read_back(tmp_path_factory, rows, names):
    columns = zip(*rows, strict=True) if rows else [[]] * 4
    series = [pd.Series(list(c), dtype=t) for c, t in zip(columns, ("float64", "int64", "bool", "str"), strict=True)]
    table = pd.DataFrame(dict(zip(names, series, strict=True)))
    path = write_table(
        table, tmp_path_factory.mktemp("tables") / "x.csv", ["made by: # hand", "question: which types: are these"]
    )
    pd.testing.assert_frame_equal(read_table(path), table, check_exact=True)
    assert read_head(path)["made by"] == "# hand"


def test_a_hash_sign_in_a_cell_cuts_nothing(tmp_path):
    table = pd.DataFrame({"name": ["a # b", "#c"], "x": [1.5, 2.5], "#y": [3, 4]})
    assert read_table(write_table(table, tmp_path / "x.csv")).equals(table)


def test_numbers_have_six_digits_where_they_say_all(tmp_path):
    path = write_table(pd.DataFrame({"x": [0.25, 0.0, 1e-5, 0.1 + 0.2]}), tmp_path / "x.csv")
    assert path.read_text().splitlines()[2:] == ["0.25", "0", "1e-05", "0.30000000000000004"]


def test_a_table_from_elsewhere_is_read_as_pandas_would(tmp_path):
    (tmp_path / "x.csv").write_text("# a head\n# another\na,b\n1,x\n2,\n")
    assert read_table(tmp_path / "x.csv").equals(pd.DataFrame({"a": [1, 2], "b": ["x", None]}))


@pytest.mark.parametrize(
    ("table", "head", "error", "message"),
    [
        ([1], (), TypeError, "table: expected a DataFrame"),
        (pd.DataFrame({"x": [1]}, index=["a"]), (), ValueError, "use reset_index"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), (), ValueError, "distinct names"),
        (pd.DataFrame({"x": [[1]]}), (), TypeError, r"table\['x'\]: expected booleans, numbers or texts"),
        (pd.DataFrame({"x": [True, None]}), (), TypeError, r"table\['x'\]"),
        (pd.DataFrame({"x": pd.Categorical(["a"])}), (), TypeError, r"table\['x'\]"),
        (pd.DataFrame({"x": pd.array([1, None], dtype="Int64")}), (), TypeError, r"table\['x'\]"),
        (pd.DataFrame({"x": pd.to_datetime(["2020-01-01"])}), (), TypeError, r"table\['x'\]"),
        (pd.DataFrame({"x": ["a", ""]}), (), ValueError, "texts that are not empty"),
        (pd.DataFrame({"x": [1]}), ["two\nlines"], ValueError, "head: expected single lines"),
        (pd.DataFrame({"x": [1]}), ["types: {}"], ValueError, "head: expected single lines"),
    ],
)
def test_a_table_that_would_not_come_back_is_refused(tmp_path, table, head, error, message):
    with pytest.raises(error, match=message):
        write_table(table, tmp_path / "x.csv", head)
    assert list(tmp_path.iterdir()) == []


def test_types_of_other_columns_are_refused(tmp_path):
    path = write_table(pd.DataFrame({"x": [1], "y": [2]}), tmp_path / "x.csv")
    path.write_text(path.read_text().replace("x,y", "y,x"))
    with pytest.raises(ValueError, match="the columns"):
        read_table(path)


def test_a_block_that_raises_leaves_the_old_file(tmp_path):
    (tmp_path / "x").write_text("old")
    with pytest.raises(KeyError), replacing(tmp_path / "x") as beside:
        beside.write_text("half")
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "old"


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path):
    (tmp_path / "x").write_text("old")
    with replacing(tmp_path / "x") as beside:
        beside.write_text("new")
        assert (tmp_path / "x").read_text() == "old"
    assert (tmp_path / "x").read_text() == "new"


def test_a_folder_takes_the_place_of_an_empty_one_only(tmp_path):
    for name in ("empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "y").write_text("kept")
    for name in ("new", "empty"):
        with replacing(tmp_path / name) as beside:
            beside.mkdir()
            (beside / "x").write_text("1")
        assert (tmp_path / name / "x").read_text() == "1"
    with pytest.raises(OSError), replacing(tmp_path / "full") as beside:
        beside.mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full", "new"]
    assert (tmp_path / "full" / "y").read_text() == "kept"


def test_tables_need_no_tensorflow():
    code = "import sys, ple_tutorial.tables; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_whole_numbers_and_numbers_stay_what_they_were(tmp_path):
    table = pd.DataFrame({"correlation": [0.0, 1.0], "seed": np.array([0, 1], np.int64)})
    back = read_table(write_table(table, tmp_path / "x.csv"))
    assert [str(kind) for kind in back.dtypes] == ["float64", "int64"]
