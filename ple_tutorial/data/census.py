"""Census-Income (KDD): 99,762 people of the 1994 and 1995 US census surveys, and two tasks on them.

The tasks are those of the MMoE paper (section 6, group 1) and of the PLE paper (section 5.3, Table 5): ``income``,
more than 50,000 dollars a year, and ``never_married``. Source: Terran Lane and Ronny Kohavi, UCI Machine Learning
Repository, data set 117, whose train and test file together (299,285 people) serve both papers. Here the test file is
enough; ``full=True`` takes both.

The file has 42 columns. ``income`` and ``marital_stat`` become the labels and ``instance_weight`` (how many people a
row stands for) is no feature, which leaves 39: 7 numbers and 32 codes. The papers count 40, with ``marital_stat``.
Some codes nearly give the second label away: a value of ``detailed_household_and_family_stat`` is "Child <18 never marr
not in subfamily". They stay in; the papers' AUCs above 0.99 show that they stayed in there, too.
"""

import functools
import io
import os
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from ple_tutorial import checks
from ple_tutorial.data import download
from ple_tutorial.data.taskdata import TaskData

FOLDER = "census-income"
FILE, UNPACKED = "census-income.test.gz", "census-income.test"
SOUND = {  # bytes and sha256; the second is the first, unpacked
    FILE: (3_261_416, "5ac4cacd3ca9f1ecb10de1a0a41e4ac68fdc419e3fec190f5c0c6cc03b2ea659"),
    UNPACKED: (51_918_813, "98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c"),
}
SOURCES = {  # address: which file it yields. The zip holds a census.tar.gz, and that holds the unpacked file
    "https://archive.ics.uci.edu/ml/machine-learning-databases/census-income-mld/census-income.test.gz": FILE,
    "https://archive.ics.uci.edu/static/public/117/census+income+kdd.zip": UNPACKED,
}
PAGE = "https://archive.ics.uci.edu/dataset/117/census+income+kdd"
TRAIN_FILES, TRAIN_ROWS = ("census-income.data.gz", "census-income.data"), 199_523

COLUMNS = """
    age class_of_worker detailed_industry_recode detailed_occupation_recode education wage_per_hour
    enroll_in_edu_inst_last_wk marital_stat major_industry_code major_occupation_code race hispanic_origin sex
    member_of_a_labor_union reason_for_unemployment full_or_part_time_employment_stat capital_gains capital_losses
    dividends_from_stocks tax_filer_stat region_of_previous_residence state_of_previous_residence
    detailed_household_and_family_stat detailed_household_summary_in_household instance_weight
    migration_code_change_in_msa migration_code_change_in_reg migration_code_move_within_reg
    live_in_this_house_1_year_ago migration_prev_res_in_sunbelt num_persons_worked_for_employer
    family_members_under_18 country_of_birth_father country_of_birth_mother country_of_birth_self citizenship
    own_business_or_self_employed fill_inc_questionnaire_for_veterans_admin veterans_benefits weeks_worked_in_year
    year income
""".split()
MONEY = ["wage_per_hour", "capital_gains", "capital_losses", "dividends_from_stocks"]
NUMERIC = ["age", *MONEY, "num_persons_worked_for_employer", "weeks_worked_in_year"]
AMOUNTS = ["capital_gains", "capital_losses", "dividends_from_stocks"]
CODES = [name for name in COLUMNS if name not in {*NUMERIC, "marital_stat", "instance_weight", "income"}]


CensusNotFound = download.DataNotFound


def find() -> Path:
    """Return the path of ``census-income.test.gz`` (or of the same file unpacked), downloaded if need be; see ``download``.

    Raises:
        CensusNotFound: no sound copy anywhere.
    """
    return download.find(download.DataSet("Census-Income", FOLDER, SOUND, SOURCES, PAGE))


@functools.cache
def available() -> tuple[bool, str]:
    """Return ``(True, "")`` if there is a sound copy, else ``(False, reason)``; looks, and tries a download, once a process.

    Example:
        >>> available()  # doctest: +SKIP
        (True, '')
    """
    try:
        find()
    except CensusNotFound as error:
        return False, str(error).splitlines()[0]
    return True, ""


def load(full: bool = False) -> pd.DataFrame:
    """Return the file as a DataFrame: one row a person, 42 columns named as in ``COLUMNS``.

    The columns of ``NUMERIC`` are integers (years, cents an hour for ``wage_per_hour``, dollars a year for the rest of
    ``MONEY``, a size class from 0 to 6 for ``num_persons_worked_for_employer``, weeks), ``instance_weight`` is a
    float, all others are categories, sorted, with blanks at the ends and the full stop of the label removed. "?"
    (unknown) is a category like any other.

    Args:
        full: take the 199,523 rows of the train file, ``census-income.data.gz``, as well, before the 99,762 of the
            test file. It must be in one of ``download.folders``: the project knows no checksum of it and so does not
            download it; its number of rows is checked.

    Raises:
        CensusNotFound: a file is missing or damaged.

    Example:
        >>> load().shape  # doctest: +SKIP
        (99762, 42)
    """
    text = (_train_text() if checks.flag("full", full) else b"") + download.read(find())
    words = [name for name in COLUMNS if name not in {*NUMERIC, "instance_weight"}]
    frame = pd.read_csv(
        io.BytesIO(text),
        names=COLUMNS,
        dtype=dict.fromkeys(NUMERIC, "int64") | dict.fromkeys(words, "str") | {"instance_weight": "float64"},
        skipinitialspace=True,
        keep_default_na=False,  # "NA" is a Hispanic origin
    )
    for name in words:
        frame[name] = frame[name].str.strip(" .").astype("category")
    return frame


def _train_text():
    """The bytes of the train file, unpacked."""
    paths = [
        folder / name for folder in download.folders(FOLDER) for name in TRAIN_FILES if os.path.isfile(folder / name)
    ]
    if not paths:
        places = "\n  ".join(map(str, download.folders(FOLDER)))
        raise CensusNotFound(
            f"{TRAIN_FILES[0]} was found nowhere. Looked in\n  {places}\n"
            f"What to do: put it into one of these; it comes from {PAGE} and this package does not download it."
        )
    try:
        text = download.read(paths[0])
        rows = text.count(b"\n")
        fault = "" if rows == TRAIN_ROWS else f"{rows:,} rows instead of {TRAIN_ROWS:,}"
    except (OSError, EOFError, zlib.error) as error:
        fault = str(error)
    if fault:
        raise CensusNotFound(f"{paths[0]} is damaged: {fault}\nWhat to do: put a copy from {PAGE} in its place.")
    return text


def splits(seed: int = 0, full: bool = False) -> list[TaskData]:
    """Return train, validation and test ``TaskData``: a random 60, 20 and 20 per cent of the rows of ``load(full)``.

    ``features["numeric"]`` is float32 ``(batch, 7)`` in the order of ``NUMERIC``: log(1 + x) of the columns of
    ``MONEY``, whose few large values lie orders of magnitude above the many zeros, then all standardised by mean and
    deviation of the train part. ``features["codes"]`` is int32 ``(batch, 32)`` in the order of ``CODES``: the place
    of the value among the sorted values of its column in the whole file. So no part has an unseen code, and no label
    takes part in it.

    Nearly a quarter of the test rows have a row of equal features in the train part.

    Args:
        seed: random seed of the split.
        full: as in ``load``.

    Raises:
        CensusNotFound: a file is missing or damaged.

    Example:
        >>> [len(part) for part in splits()]  # doctest: +SKIP
        [59857, 19952, 19953]
    """
    checks.count("seed", seed, 0)
    frame = load(full)
    codes = [frame[name].cat for name in CODES]
    data = TaskData(
        features={
            "numeric": frame[NUMERIC].astype("float64").assign(**np.log1p(frame[MONEY])).to_numpy(),
            "codes": np.column_stack([column.codes for column in codes]).astype(np.int32),
        },
        labels={"income": frame["income"] == "50000+", "never_married": frame["marital_stat"] == "Never married"},
        kinds={"income": "binary", "never_married": "binary"},
        cardinalities=tuple(len(column.categories) for column in codes),
    )
    parts = data.split((0.6, 0.2, 0.2), seed)
    scaler = StandardScaler().fit(parts[0].features["numeric"])
    scaled = [scaler.transform(part.features["numeric"]) for part in parts]
    return [replace(part, features={**part.features, "numeric": x}) for part, x in zip(parts, scaled, strict=True)]


def amounts_as_codes(parts: Sequence[TaskData], least: int = 20) -> list[TaskData]:
    """Return the parts of ``splits`` with three more columns in ``features["codes"]``: those of ``AMOUNTS``, read as codes.

    An amount that ``least`` people of the train part have in common gets a code of its own; whatever lies between
    two such amounts shares one. The numbers stay. Chapter 08 says what this is good for.

    Args:
        parts: train, validation and test ``TaskData``; the first decides which amounts are common.
        least: number of people.

    Raises:
        ValueError, TypeError: parts that are not of ``splits``, or a number below one.

    Example:
        >>> features = {"numeric": np.zeros((30, 7)), "codes": np.zeros((30, 1), int)}
        >>> part = TaskData(features, {}, {"income": "binary"}, cardinalities=(2,))
        >>> amounts_as_codes([part])[0].cardinalities
        (2, 3, 3, 3)
    """
    least = checks.count("least", least)
    _check_census("parts", *checks.row("parts", parts, "a list of TaskData, as from splits"))
    if not parts or any(part.spec != parts[0].spec or part.spec.numeric != len(NUMERIC) for part in parts):
        checks.refuse("parts", f"parts of one split, each with {len(NUMERIC)} numbers", [part.spec for part in parts])
    columns, cardinalities = [[part.features["codes"]] for part in parts], list(parts[0].cardinalities)
    for position in map(NUMERIC.index, AMOUNTS):
        values, counts = np.unique(parts[0].features["numeric"][:, position], return_counts=True)
        common = values[counts >= least]
        for part, found in zip(parts, columns, strict=True):
            x = part.features["numeric"][:, position]
            # 2i + 1 for the i-th common amount (from 0), 2i for all between it and the one before
            found.append(np.searchsorted(common, x) + np.searchsorted(common, x, side="right"))
        cardinalities.append(2 * len(common) + 1)
    return [
        replace(part, features={**part.features, "codes": np.column_stack(found)}, cardinalities=tuple(cardinalities))
        for part, found in zip(parts, columns, strict=True)
    ]


def _check_census(argument, *parts):
    for part in parts:
        if not isinstance(part, TaskData) or not isinstance(part.features, dict):
            checks.refuse(argument, "TaskData of numbers and codes, as from splits", type(part).__name__, TypeError)


def for_trees(data: TaskData) -> tuple[np.ndarray, np.ndarray]:
    """Return what scikit-learn's ``HistGradientBoostingClassifier`` takes: features, and the mask of the categorical ones.

    Returns:
        float64 ``(batch, 39)``, the numbers and then the codes; bool ``(39,)`` for ``categorical_features``. Logarithm
        and standardisation keep the order of the values, and a tree uses nothing else of them.

    Example:
        >>> features = {"numeric": [[0.5, 0.25]], "codes": [[3]]}
        >>> for_trees(TaskData(features, {}, {"income": "binary"}, cardinalities=(5,)))
        (array([[0.5 , 0.25, 3.  ]]), array([False, False,  True]))
    """
    _check_census("data", data)
    numeric, codes = data.features["numeric"], data.features["codes"]
    return np.hstack([numeric, codes]), np.arange(numeric.shape[1] + codes.shape[1]) >= numeric.shape[1]
