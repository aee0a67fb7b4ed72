"""Files that are written whole, and tables as CSV: what one function writes, the other reads back unchanged.

This module imports neither TensorFlow nor anything that does.
"""

import contextlib
import csv
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from ple_tutorial import checks

TYPES = "types: "  # the last line of the head: {column: type} as JSON
READ_AS = {"bool": "bool", "int": "int64", "text": "str"}


@contextlib.contextmanager
def replacing(path):
    """A free path beside ``path`` to write a file or a folder to, which then takes the place of ``path`` in one step.

    The parent folder is made if it is not there. Whoever reads ``path`` meanwhile finds the old content or all of the
    new one, never a part (an atomic write), and so does whoever comes after a loss of power. If the block raises, or if the
    process is killed inside it, ``path`` stays as it was.

    Args:
        path: of the file or folder to be. A folder can only take the place of an empty one.

    Yields:
        The ``Path`` to write to, in a new hidden folder of the same parent folder, with the name of ``path``.

    Raises:
        TypeError: no path.
        OSError: the folder cannot be written to.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "numbers.txt"
        >>> with replacing(path) as beside:
        ...     _ = beside.write_text("1 2 3")
        >>> path.read_text()
        '1 2 3'
    """
    path = Path(checks.path("path", path))
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.part", dir=path.parent))
    try:
        beside = folder / path.name
        yield beside
        if beside.is_file():
            with open(beside, "rb+") as file:
                os.fsync(file.fileno())
        elif path.is_dir():
            path.rmdir()  # not every system renames onto a folder, even an empty one
        os.replace(beside, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_table(table, path, head=()):
    """Write a DataFrame as CSV with ``#`` lines at its head, in one step; ``read_table`` gives the same table back.

    Numbers are written with six significant digits where these say all, otherwise with as many as it takes. The last line of the
    head holds the types of the columns. The index must be the plain 0, 1, 2, ...: it is not written.

    Args:
        table: columns of truths, whole numbers, floating-point numbers or texts (``None`` for a missing one).
        path: of the CSV file; its folder is made if it is not there.
        head: lines to stand above the table, without their ``#``.

    Returns:
        The path.

    Raises:
        TypeError: no DataFrame, or a column of another type.
        ValueError: an index of its own, a name of a column that is not a text or stands twice, an empty text (which nobody
            could tell from a missing one), a head of several lines in one.
    """
    checks.columns("table", table)
    if not table.index.equals(pd.RangeIndex(len(table))):
        checks.refuse("table", "the index 0, 1, 2, ... (use reset_index)", f"one from {table.index[0]!r} on")
    if table.columns.duplicated().any() or not all(isinstance(name, str) and name for name in table.columns):
        checks.refuse("table", "distinct names of columns", list(table.columns))
    for line in head:
        if re.search(r"[\r\n]", line) or line.startswith(TYPES):
            checks.refuse("head", f"single lines, none of which begins with {TYPES!r}", repr(line))
    types = {name: _type(name, table[name]) for name in table.columns}
    lines = [*head, TYPES + json.dumps(types, ensure_ascii=False)]
    # Texts in quotes only where CSV asks for them; so "1" in a column of texts is told by the types alone.
    text = table.to_csv(index=False, float_format=_digits, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    with replacing(path) as beside:
        beside.write_text("".join(f"# {line}\n" for line in lines) + text, encoding="utf-8", newline="")
    return Path(path)


def rounded(table, digits=6):
    """The same table with its floating-point numbers rounded to so many significant ``digits``.

    Example:
        >>> rounded(pd.DataFrame({"mse": [0.123456789, 1234567.8]}))["mse"].tolist()
        [0.123457, 1234570.0]
    """
    floats = [name for name in table.columns if table[name].dtype.kind == "f"]
    return table.assign(**{name: [float(f"{x:.{digits}g}") for x in table[name]] for name in floats})


def _digits(number):
    short = f"{number:.6g}"
    return short if float(short) == number else repr(float(number))


def _type(name, column):
    kind = {"b": "bool", "i": "int", "u": "int", "f": "float"}.get(getattr(column.dtype, "kind", "O"))
    if kind and isinstance(column.dtype, np.dtype):
        return kind
    texts = column.dropna()
    if isinstance(column.dtype, pd.CategoricalDtype) or not all(isinstance(text, str) for text in texts):
        checks.refuse(f"table[{name!r}]", "truths, numbers or texts", f"the type {column.dtype}", TypeError)
    for text in texts:
        if not text or "\r" in text or "\0" in text:
            checks.refuse(f"table[{name!r}]", "texts that are not empty, without a carriage return", repr(text))
    return "text"


def read_head(path):
    """The lines at the head of a table, without their ``#``: ``{"made by": "python -m ...", ...}``, split at the first colon.

    Raises:
        FileNotFoundError: no such file.
    """
    lines = [line.removeprefix("#").strip() for line in _head(Path(checks.path("path", path)))]
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def read_table(path):
    """Read what ``write_table`` wrote; of a CSV from elsewhere, pandas guesses the types.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a head whose types do not fit the columns below it.
    """
    path = Path(checks.path("path", path))
    head = _head(path)
    stored = [line.removeprefix("#").strip().removeprefix(TYPES) for line in head if TYPES in line]
    if not stored:
        return pd.read_csv(path, skiprows=len(head))
    types = json.loads(stored[-1])
    dtypes = {name: READ_AS[kind] for name, kind in types.items() if kind != "float"}
    exact = {name: lambda text: float(text or "nan") for name, kind in types.items() if kind == "float"}
    missing = {name: [""] for name in dtypes}  # "NA" is a text
    table = pd.read_csv(
        path, skiprows=len(head), dtype=dtypes, converters=exact, na_values=missing, keep_default_na=False
    )
    if list(table.columns) != list(types):
        checks.refuse("path", f"the columns {list(types)} that the head of {path.name} names", list(table.columns))
    return table.astype(dict.fromkeys(exact, "float64"))


def _head(path):
    """The lines at the top that begin with ``#``, up to the one with the types (a column's name may begin so, too)."""
    lines = []
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            if not line.startswith("#"):
                break
            lines.append(line)
            if line.removeprefix("#").strip().startswith(TYPES):
                break
    return lines
