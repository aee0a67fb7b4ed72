"""Census-Income (KDD): 99,762 people of the 1994 and 1995 US census surveys, and two tasks on them.

The tasks are those of the MMoE paper (section 6, group 1) and of the PLE paper (section 5.3, Table 5): ``income``,
more than 50,000 dollars a year, and ``never_married``. Source: Terran Lane and Ronny Kohavi, UCI Machine Learning
Repository, data set 117, whose train and test file together (299,285 people) serve both papers. Here the test file is
enough; ``full=True`` takes both.

The file has 42 columns. ``income`` and ``marital_stat`` become the labels and ``instance_weight`` (how many people a
row stands for) is no feature, which leaves 39: 7 numbers and 32 codes. The papers count 40, with ``marital_stat``.
Some codes all but tell the second label: a value of ``detailed_household_and_family_stat`` is "Child <18 never marr
not in subfamily". They stay in; the papers' AUCs above 0.99 tell that they stayed in there as well.
"""

import functools
import gzip
import io
import os
import shutil
import tempfile
import warnings
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import requests
import urllib3
from sklearn.preprocessing import StandardScaler
from tqdm.utils import CallbackIOWrapper

from ple_tutorial import checks, progress
from ple_tutorial.data.taskdata import TaskData

with warnings.catch_warnings():  # in a notebook without ipywidgets, pooch's import of tqdm.auto complains on stderr
    warnings.simplefilter("ignore")
    import pooch

FILE, UNPACKED = "census-income.test.gz", "census-income.test"
SOUND = {  # bytes and sha256; the second is the first, unpacked
    FILE: (3_261_416, "5ac4cacd3ca9f1ecb10de1a0a41e4ac68fdc419e3fec190f5c0c6cc03b2ea659"),
    UNPACKED: (51_918_813, "98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c"),
}
SOURCES = {  # address: what comes of it. The zip holds a census.tar.gz, and that the unpacked file
    "https://archive.ics.uci.edu/ml/machine-learning-databases/census-income-mld/census-income.test.gz": FILE,
    "https://archive.ics.uci.edu/static/public/117/census+income+kdd.zip": UNPACKED,
}
PAGE = "https://archive.ics.uci.edu/dataset/117/census+income+kdd"
TIMEOUT = (10, 30)  # seconds to connect, seconds without a byte
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


class CensusNotFound(FileNotFoundError):
    """No sound copy of a Census-Income file; the message says where it was looked for and what to do."""


def folders():
    """The folders in which files are looked for, in order; the last is the cache that downloads go to."""
    own = os.environ.get("PLE_TUTORIAL_DATA")
    parents = [Path(own).expanduser()] if own else []
    return [parent / "census-income" for parent in (*parents, Path(pooch.os_cache("ple_tutorial")))]


def find():
    """Path of ``census-income.test.gz`` (or of its unpacked twin), downloaded to the user's cache folder if need be.

    Looks in ``$PLE_TUTORIAL_DATA/census-income``, in the cache folder and then at the UCI repository, and takes only
    a file of the known sha256. A damaged file in the cache is replaced; one in ``$PLE_TUTORIAL_DATA`` is left alone.
    The download draws a ``progress.bar``, which is gone at its end.

    Raises:
        CensusNotFound: nowhere a sound copy.
    """
    seen = [] if os.environ.get("PLE_TUTORIAL_DATA") else ["$PLE_TUTORIAL_DATA: not set"]
    *_, cache = folders()
    for folder in folders():
        present = [name for name in SOUND if os.path.exists(folder / name)]
        for name in present:
            fault = _fault(folder / name)
            if not fault:
                return folder / name
            if folder != cache:
                raise CensusNotFound(
                    f"{folder / name} is not the file of the UCI repository: {fault}\nWhat to do: put a fresh copy in "
                    "its place; or move it away, or unset PLE_TUTORIAL_DATA, and a copy will be downloaded."
                )
            seen.append(f"{folder / name}: {fault}")
        seen += [] if present else [f"{folder}: no {FILE}"]
    pooch.get_logger().setLevel("WARNING")  # else it prints the address and the path
    for url, name in SOURCES.items():
        try:
            return Path(pooch.retrieve(url, SOUND[name][1], fname=name, path=cache, downloader=_download))
        except Exception as error:  # a bad network or archive fails in a dozen ways; the next source has its turn
            seen.append(f"{url}: {_reason(error)}")
    raise CensusNotFound(
        "\n  ".join([f"{FILE} (Census-Income) was found nowhere and could not be downloaded.\nLooked in", *seen])
        + f"\nWhat to do: try again with a network; or put {FILE} ({SOUND[FILE][0]:,} bytes, sha256 {SOUND[FILE][1]}) "
        f"or {UNPACKED} from {PAGE} into {cache}, or into a folder census-income, with PLE_TUTORIAL_DATA set to the "
        "folder around it."
    )


def _fault(path):
    """What is wrong with the file at ``path``, or None."""
    size, sha256 = SOUND[path.name]
    try:
        found = pooch.file_hash(path)
        if found != sha256:
            return f"{path.stat().st_size:,} bytes of sha256 {found} instead of {size:,} bytes of sha256 {sha256}"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _download(url, file, _):
    """Write to ``file`` what ``url`` serves; of a zip, the ``census-income.test`` in it. Called by pooch."""
    with requests.get(url, stream=True, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        size = int(answer.headers.get("Content-Length", 0)) or None
        with progress.bar(total=size, label="Census-Income, bytes") as bar, open(file, "wb") as copy:
            # The raw stream: a server that takes .gz for an encoding would have requests unpack it.
            shutil.copyfileobj(CallbackIOWrapper(bar.update, answer.raw, "read"), copy)
    if zipfile.is_zipfile(file):
        Path(file).write_bytes(_unpacked(file))


def _unpacked(archive):
    """The bytes of ``census-income.test``, anywhere in a zip or in a tar.gz within it, gzipped or not."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(archive, folder, "zip")
        for inner in sorted(Path(folder).rglob("*.tar.gz")):
            shutil.unpack_archive(inner, folder, filter="data")
        for path in (path for name in SOUND for path in Path(folder).rglob(name)):
            return _read(path)
    raise ValueError(f"the zip holds no {FILE}")


def _reason(error):
    """In a few words, why a download failed."""
    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, urllib3.exceptions.HTTPError):
        return "the download broke off"
    return str(error)


@functools.cache
def available():
    """``(True, "")`` if the data are at hand, else ``(False, reason)``; looks, and tries a download, once a process."""
    try:
        find()
    except CensusNotFound as error:
        return False, str(error).splitlines()[0]
    return True, ""


def load(full=False):
    """The file as a DataFrame: one row a person, 42 columns named as in ``COLUMNS``.

    The columns of ``NUMERIC`` are integers (years, cents an hour for ``wage_per_hour``, dollars a year for the rest of
    ``MONEY``, a size class from 0 to 6 for ``num_persons_worked_for_employer``, weeks), ``instance_weight`` is a
    float, all others are categories, sorted, with blanks at the ends and the full stop of the label removed. "?"
    (unknown) is a category like any other.

    Args:
        full: take the 199,523 rows of the train file, ``census-income.data.gz``, as well, before the 99,762 of the
            test file. It must lie in one of ``folders()``: the project knows no checksum of it and so does not
            download it; its number of rows is checked.

    Raises:
        CensusNotFound: a file is missing or damaged.
    """
    text = (_train_text() if checks.flag("full", full) else b"") + _read(find())
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
    paths = [folder / name for folder in folders() for name in TRAIN_FILES if os.path.isfile(folder / name)]
    if not paths:
        places = "\n  ".join(map(str, folders()))
        raise CensusNotFound(
            f"{TRAIN_FILES[0]} was found nowhere. Looked in\n  {places}\n"
            f"What to do: put it into one of these; it comes from {PAGE} and this package does not download it."
        )
    try:
        text = _read(paths[0])
        rows = text.count(b"\n")
        fault = "" if rows == TRAIN_ROWS else f"{rows:,} rows instead of {TRAIN_ROWS:,}"
    except (OSError, EOFError, zlib.error) as error:
        fault = str(error)
    if fault:
        raise CensusNotFound(f"{paths[0]} is damaged: {fault}\nWhat to do: put a copy from {PAGE} in its place.")
    return text


def _read(path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        return file.read()


def splits(seed=0, full=False):
    """Train, validation and test ``TaskData``: a random 60, 20 and 20 per cent of the rows of ``load(full)``.

    ``features["numeric"]`` is float32 ``(batch, 7)`` in the order of ``NUMERIC``: log(1 + x) of the columns of
    ``MONEY``, whose few large values lie orders of magnitude above the many zeros, then all standardised by mean and
    deviation of the train part. ``features["codes"]`` is int32 ``(batch, 32)`` in the order of ``CODES``: the place
    of the value among the sorted values of its column in the whole file. So no part has an unseen code, and no label
    has a say in it.

    Nearly a quarter of the test rows have a row of equal features in the train part.

    Args:
        seed: of the split.
        full: as in ``load``.

    Raises:
        CensusNotFound: a file is missing or damaged.
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


def amounts_as_codes(parts, least=20):
    """The parts of ``splits`` with three columns more in ``features["codes"]``: those of ``AMOUNTS``, read as codes.

    An amount that ``least`` people of the train part have in common gets a code of its own; whatever lies between
    two such amounts shares one. The numbers stay beside. Chapter 08 tells what this is good for.

    Args:
        parts: train, validation and test ``TaskData``; the first decides which amounts are common.
        least: number of people.

    Raises:
        ValueError, TypeError: parts that are not of ``splits``, or a number below one.
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


def for_trees(data):
    """What scikit-learn's ``HistGradientBoostingClassifier`` takes: features, and the mask of the categorical ones.

    Returns:
        float64 ``(batch, 39)``, the numbers and then the codes; bool ``(39,)`` for ``categorical_features``. Logarithm
        and standardisation keep the order of the values, which is all that a tree looks at.
    """
    _check_census("data", data)
    numeric, codes = data.features["numeric"], data.features["codes"]
    return np.hstack([numeric, codes]), np.arange(numeric.shape[1] + codes.shape[1]) >= numeric.shape[1]
