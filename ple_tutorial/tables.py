"""Atomic writes, and tables as CSV files: ``read_table`` returns exactly what ``write_table`` was given.

This module imports neither TensorFlow nor anything that does.
"""

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ple_tutorial import checks

TYPES = "types: "  # the last line of the head: {column: type} as JSON
READ_AS = {"bool": "bool", "int": "int64", "text": "str"}


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give the block a temporary path to write a file or a folder to, then move it to ``path`` in one step (an atomic write).

    The parent folder is made if it does not exist. Whoever reads ``path`` finds the old content or the whole new one, never a
    part of it. If the block raises an error or the process is killed, ``path`` keeps its old content.

    Args:
        path: of the file or folder. A folder can only replace an empty one.

    Yields:
        The temporary ``Path``, with the same name, in a hidden folder next to ``path``.

    Raises:
        TypeError: no path.
        OSError: the folder cannot be written to.

    Example:
        >>> path = Path(tempfile.mkdtemp()) / "numbers.txt"
        >>> with replacing(path) as temporary:
        ...     _ = temporary.write_text("1 2 3")
        >>> path.read_text()
        '1 2 3'
    """
    path = Path(checks.path("path", path))
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.part", dir=path.parent))
    try:
        temporary = folder / path.name
        yield temporary
        if temporary.is_file():
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
        elif path.is_dir():
            path.rmdir()  # not every system renames onto a folder, even an empty one
        os.replace(temporary, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_unfinished(folder: str | os.PathLike, name: str = "*") -> None:
    """Remove what ``replacing`` left in ``folder``, for files of this ``name``, when the process was killed in its block."""
    for left in Path(folder).glob(f".{name}.part*"):
        shutil.rmtree(left, ignore_errors=True)


def write_table(table: pd.DataFrame, path: str | os.PathLike, head: Sequence[str] = ()) -> Path:
    """Write a DataFrame as a CSV file with comment lines at its head; ``read_table`` returns the same table.

    Numbers have six significant digits if that is exact, otherwise as many as they need. The last line of the head holds
    the types of the columns. The index is not written, so it must be 0, 1, 2, ... The write is atomic.

    Args:
        table: columns of booleans, whole numbers, floating-point numbers or texts (``None`` where a text is missing).
        path: of the CSV file; its folder is made if it does not exist.
        head: lines for the head, without ``#``.

    Returns:
        The path.

    Raises:
        TypeError: no DataFrame, or a column of another type.
        ValueError: another index; names of columns that are not texts, or not distinct; an empty text (which could not be
            distinguished from a missing one); a line of the head that contains a line break.

    Example:
        >>> path = Path(tempfile.mkdtemp()) / "x.csv"
        >>> _ = write_table(pd.DataFrame({"seed": [0, 1], "mse": [0.5, 0.25]}), path, ["made by: hand"])
        >>> print(path.read_text().rstrip())
        # made by: hand
        # types: {"seed": "int", "mse": "float"}
        seed,mse
        0,0.5
        1,0.25
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
    text = table.to_csv(index=False, float_format=_digits, lineterminator="\n")
    with replacing(path) as temporary:
        temporary.write_text("".join(f"# {line}\n" for line in lines) + text, encoding="utf-8", newline="")
    return Path(path)


def rounded(table: pd.DataFrame, digits: int = 6) -> pd.DataFrame:
    """Return the table with its floating-point numbers rounded to so many significant ``digits``.

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
        checks.refuse(f"table[{name!r}]", "booleans, numbers or texts", f"the type {column.dtype}", TypeError)
    for text in texts:
        if not text or "\r" in text or "\0" in text:
            checks.refuse(f"table[{name!r}]", "texts that are not empty, without a carriage return", repr(text))
    return "text"


def read_head(path: str | os.PathLike) -> dict[str, str]:
    """Return the head of a stored table as ``{"made by": "python -m ...", ...}``: each line is split at its first colon.

    Raises:
        FileNotFoundError: no such file.
    """
    lines = [line.removeprefix("#").strip() for line in _head(Path(checks.path("path", path)))]
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def read_table(path: str | os.PathLike) -> pd.DataFrame:
    """Read a table that ``write_table`` wrote. For any other CSV file pandas guesses the types.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the types in the head are for other columns than those of the table.

    Example:
        >>> path = write_table(pd.DataFrame({"name": ["a # b"], "mse": [0.5]}), Path(tempfile.mkdtemp()) / "x.csv")
        >>> read_table(path).loc[0, "name"]
        'a # b'
    """
    path = Path(checks.path("path", path))
    head = _head(path)
    last = head[-1].removeprefix("#").strip() if head else ""
    if not last.startswith(TYPES):
        return pd.read_csv(path, skiprows=len(head))
    types = json.loads(last.removeprefix(TYPES))
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
    """Return the first lines that begin with ``#``, at most up to the one with the types (a column's name may begin with #)."""
    lines = []
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            if not line.startswith("#"):
                break
            lines.append(line)
            if line.removeprefix("#").strip().startswith(TYPES):
                break
    return lines
