"""Arrays, lists and tables with nullable columns as float32, int32 and bool arrays.

Every refusal names the argument, the column, the row and the value, and says what to do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd

from ple_tutorial import checks

EXACT = 2**24  # float32 holds all whole numbers up to this one
LARGEST_CODE = 2**31 - 1
FILL = "fill it or leave the row out (and add a column of 0 and 1 that says where it was missing)"
SCALE = "count from the first one and divide, or standardise: (x - x.mean()) / x.std()"
TEXT = "number the values (pandas.factorize) and hand them in as features['codes']"
DIGITS = "make numbers of them: pandas.to_numeric(x), or x.astype(float) of decimals"
TAGS = "a list of tags needs a column of 0 and 1 for each frequent tag (Series.str.join('|').str.get_dummies())"
DATES = "count the time from a start: (x - x.min()) / pandas.Timedelta('1D')"
CLASSES = "for several classes make a binary task of each, or of 'at least k'; for counts a regression of log1p(y)"
OUTSIDE = "if the sample lies outside of the task's sample space, say so with mask={{{task!r}: y.notna()}}"
OF_KIND = {"b": np.bool_, "i": np.int64, "u": np.uint64, "f": np.float64}


@dataclass(frozen=True)
class Places:
    """How a refusal names columns and rows: a column by its name if ``names`` has one, else by its number, from 0."""

    names: Sequence = ()
    row: Callable = "row {} (counted from 0)".format

    def found(self, values, wrong, column=None):
        """Describe the first of the ``wrong`` entries of ``values``, both ``(rows,)`` or ``(rows, columns)``."""
        row, *at = (int(i) for i in np.argwhere(wrong)[0])
        value = values[(row, *at)]
        value = value.item() if isinstance(value, np.generic) else value
        if column is None and (at or self.names):
            column = self.names[at[0] if at else 0] if self.names else at[0]
        place = f"{value!r} in {'' if column is None else f'column {column!r}, '}{self.row(row)}"
        return place + (f" and {wrong.sum() - 1} more" if wrong.sum() > 1 else "")


def numbers(argument, value, places=None):
    """Return a matrix of features as float32 ``(rows, columns)``, and the names of its columns (empty if it has none).

    Raises:
        ValueError: no matrix with rows; a number that is missing or infinite; whole numbers that float32 does not hold.
        TypeError: a column of something other than real numbers.
    """
    table = array(argument, value)
    if table.ndim != 2 or not len(table):
        shape = f"shape {tuple(table.shape)}"
        checks.refuse(argument, "an array of shape (batch, features)", shape)
    if isinstance(table, pd.DataFrame):
        names = tuple(table.columns)
        places, matrix = places or Places(names), np.empty(table.shape, np.float32)
        for i, name in enumerate(names):
            matrix[:, i] = float32(argument, _reals(argument, table.iloc[:, i], places, name), places, name)
        return matrix, names
    places = places or Places()
    if table.dtype.kind not in "biuf":
        columns = [_reals(argument, column, places, i) for i, column in enumerate(table.T)]
        table = np.stack(columns, axis=1) if columns else np.empty(table.shape)
    return float32(argument, table, places), tuple(places.names)


def codes(argument, value, cardinalities, rows, places=None):
    """Return codes as int32 ``(rows, columns)``, each from 0 to its column's cardinality - 1; and the columns' names.

    Raises:
        ValueError: another shape; no whole numbers; a code out of range or missing.
    """
    table = array(argument, value)
    shape, names = (rows, len(cardinalities)), tuple(places.names) if places else ()
    if isinstance(table, pd.DataFrame):
        names = tuple(table.columns)
        places = places or Places(names)
        if table.shape == shape:
            columns = [_reals(argument, table.iloc[:, i], places, name) for i, name in enumerate(names)]
            columns = [whole(argument, column, places, name) for name, column in zip(names, columns, strict=True)]
            table = np.stack(columns, axis=1)
    places = places or Places()
    if table.shape != shape or table.dtype.kind not in "biu":
        got = f"{getattr(table, 'dtype', 'a table')} of shape {tuple(table.shape)}"
        advice = "number the values first (pandas.factorize), from 0" if table.shape == shape else ""
        checks.refuse(argument, f"whole numbers of shape {shape}", got, advice=advice)
    table = whole(argument, table, places)
    if (wrong := (table < 0) | (table >= np.asarray(cardinalities))).any():
        column = int(np.argwhere(wrong)[0, 1])
        expected = f"codes from 0 to cardinality - 1, here {cardinalities[column] - 1}"
        advice = "give unknown and missing values a code of their own"
        checks.refuse(argument, expected, places.found(table, wrong), advice=advice)
    return table.astype(np.int32, copy=False), names


def whole(argument, values, places, name=None):
    """Return codes, ``(rows,)`` or ``(rows, columns)``, as they are, but none as uint64.

    Raises:
        ValueError: a code that is missing, or larger than int32 can hold.
    """
    if values.dtype.kind == "f":
        if (wrong := np.isnan(values)).any():
            missing = places.found(values, wrong, name)
            checks.refuse(argument, "a code in every row", missing, advice="give it a code of its own")
        return values
    # Compared before a cast, which would make 7 of 2**32 + 7 and -1 of 2**64 - 1.
    if (wrong := values > LARGEST_CODE).any():
        advice = "number the values that occur (pandas.factorize), or hash them into fewer"
        checks.refuse(argument, "codes below 2,147,483,648", places.found(values, wrong, name), advice=advice)
    return values.astype(np.int64) if values.dtype == np.uint64 else values  # of both types NumPy would make floats


def labels(argument, value, rows, task, kind, mask, places=None):
    """Return the labels of a task as float32 ``(rows,)``, 0 where ``mask`` is False, whatever was there.

    Raises:
        ValueError: another length; inside the mask a label that is missing, infinite or, for a binary task, not 0 or 1.
        TypeError: no real numbers.
    """
    places = places or Places()
    column = _vector(argument, value, rows, places)
    # Outside the sample space a label means nothing; zero keeps it out of every sum, NaN would not.
    inside = np.where(mask, column, column.dtype.type(0))
    if kind == "binary" and np.isfinite(inside).all() and (wrong := (inside != 0) & (inside != 1)).any():
        checks.refuse(argument, "0 or 1 for a binary task", places.found(inside, wrong), advice=CLASSES)
    return float32(argument, inside, places, fill=OUTSIDE.format(task=task))


def truths(argument, value, rows, places=None):
    """Return a mask as bool ``(rows,)``, from booleans or from 0 and 1.

    Raises:
        ValueError: another length, a missing value or another number.
        TypeError: no numbers.
    """
    places = places or Places()
    column = _vector(argument, value, rows, places)
    if column.dtype != bool and (wrong := (column != 0) & (column != 1)).any():
        advice = "give how much a sample counts as weights"
        checks.refuse(argument, "booleans, or 0 and 1", places.found(column, wrong), advice=advice)
    return column.astype(bool, copy=False)


def weights(argument, value, rows, mask, places=None):
    """Return the weights of a task's samples as float32 ``(rows,)``, 0 where ``mask`` is False.

    Raises:
        ValueError: another length; inside the mask a weight that is missing, infinite or negative.
        TypeError: no real numbers.
    """
    places = places or Places()
    column = _vector(argument, value, rows, places)
    with np.errstate(over="ignore"):
        weights = column.astype(np.float32, copy=False)
    if (wrong := ~(np.isfinite(weights) & (weights >= 0)) & mask).any():
        checks.refuse(argument, "finite numbers of 0 or more", places.found(column, wrong))
    return np.where(mask, weights, np.float32(0))


def array(argument, value):
    """Return a DataFrame or a Series as it is, anything else as an array.

    Raises:
        ValueError: rows of unequal length.
        TypeError: a masked array, whose mask NumPy would lose; a sparse matrix.
    """
    if np.ma.isMaskedArray(value):
        advice = "fill it (.filled), and give the mask separately"
        checks.refuse(argument, "an array", "a masked array", TypeError, advice)
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return value
    if hasattr(value, "toarray"):  # of SciPy, which NumPy would take for one object
        checks.refuse(argument, "an array", f"a sparse {type(value).__name__}", TypeError, "hand in .toarray()")
    if isinstance(value, (pd.Index, pd.api.extensions.ExtensionArray)):
        return pd.Series(value)
    try:
        return np.asarray(value)
    except ValueError:
        checks.refuse(argument, "an array", "rows of unequal length", advice=TAGS)


def check_index(argument, column, features):
    """Refuse a column whose pandas index holds the same rows as that of the features, in another order."""
    one, other = getattr(features, "index", None), getattr(column, "index", None)
    if not (isinstance(one, pd.Index) and isinstance(other, pd.Index)) or len(one) != len(other) or one.equals(other):
        return
    if one.is_unique and other.is_unique and other.isin(one).all():
        row = int(np.argmax(np.asarray(one != other)))
        advice = "bring both into one order (.loc[features.index]), or hand in .to_numpy() to pair them by position"
        got = f"the same index in another order, {other[row]} for {one[row]} in row {row} (counted from 0)"
        checks.refuse(argument, "rows in the order of the features", got, advice=advice)


def _vector(argument, value, rows, places):
    column = array(argument, value)
    if column.shape != (rows,):
        several = column.ndim == 2 and column.shape[1] > 1 and argument.startswith("labels")
        shape = f"shape {tuple(column.shape)}"
        checks.refuse(argument, f"shape ({rows},)", shape, advice=CLASSES if several else "")
    return _reals(argument, column, places)


def _reals(argument, column, places, name=None):
    """One column as a NumPy array of truths or numbers, NaN where a value is missing."""
    kind = getattr(column.dtype, "kind", "O")
    if kind in "biuf":
        if isinstance(column, np.ndarray) or isinstance(column.dtype, np.dtype):
            return np.asarray(column)
        if column.isna().any():
            return column.to_numpy(np.float64, na_value=np.nan)
        return column.to_numpy(OF_KIND[kind])
    dates = kind in "mM"
    values = np.asarray(column.astype(str) if dates else column, object)  # NumPy would make whole numbers of dates
    missing = pd.isna(values)
    wrong = np.array([not isinstance(value, (Real, np.bool_)) for value in values], bool) & ~missing
    if not wrong.any():
        try:
            return np.array([np.nan if gap else value for gap, value in zip(missing, values, strict=True)], np.float64)
        except OverflowError:
            wrong = np.array([not abs(value) < 1e308 for value in values]) & ~missing
    first = values[np.flatnonzero(wrong)[0]]
    if isinstance(first, (list, tuple, set, np.ndarray)):
        advice = TAGS
    elif dates or hasattr(first, "isoformat"):
        advice = DATES
    elif isinstance(first, Decimal) or _reads_as_number(first):
        advice = DIGITS
    else:
        advice = TEXT if argument.startswith("features") else "map the two values to 0 and 1, as in y == 'yes'"
    where = places.found(values, wrong, name)
    checks.refuse(argument, "real numbers", f"{column.dtype}: {where}", TypeError, advice)


def _reads_as_number(value):
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def float32(argument, values, places, name=None, fill=FILL):
    """Return numbers of any type, ``(rows,)`` or ``(rows, columns)``, as float32; ``fill`` is the advice on missing ones.

    Raises:
        ValueError: a number that is missing or infinite, or a column of whole numbers that float32 does not hold.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found = values.astype(np.float32, copy=False)
        low, high = found.min(axis=0, initial=0), found.max(axis=0, initial=0)  # NaN and infinity show in them
    if not np.isfinite(low + high).all():
        wrong = ~np.isfinite(found)
        advice = fill if np.isnan(found[wrong]).any() else ""
        checks.refuse(argument, "finite numbers", places.found(values, wrong, name), advice=advice)
    if values.dtype != np.float32 and (large := np.maximum(-low, high) >= EXACT).any():
        wrong = large & ((found != values) | (np.abs(found) > 2.0**53))
        if values.dtype.kind == "f":  # a clock's seconds, whole or not; large amounts may be rounded
            with np.errstate(over="ignore", invalid="ignore"):
                lost, span = np.abs(found - values).max(axis=0, initial=0), np.ptp(values, axis=0)
            wrong &= (values == np.floor(values)).all(axis=0) | ((span > 0) & (lost > 3e-4 * span))
        if wrong.any():
            expected = f"numbers that float32 tells apart (whole numbers up to {EXACT:,})"
            checks.refuse(argument, expected, places.found(values, wrong, name), advice=SCALE)
    return found
