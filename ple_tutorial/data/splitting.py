"""Row numbers of the parts of a split: at random, by group or by time."""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ple_tutorial import checks
from ple_tutorial.data import columns


def at_random(argument, count, fractions, seed, strata=None):
    """Return arrays of the numbers below ``count``, drawn at random, of as many parts as there are ``fractions``.

    Args:
        argument: what a refusal names where ``fractions`` leave a part without a number.
        strata: ``(count,)``, classes of which each part gets its share.

    Raises:
        ValueError: a part without a number, or without one of a stratum.
    """
    sizes = [round(fraction * count) for fraction in fractions[:-1]]
    if min(*sizes, count - sum(sizes), 1) < 1:
        what = "samples" if argument == "fractions" else argument
        checks.refuse(argument, f"parts of at least one of the {count} {what}", list(fractions))
    rest, parts = np.arange(count), []
    for i, size in enumerate(sizes):
        drawn = np.random.RandomState([seed, i])
        if strata is None:
            part, rest = train_test_split(rest, train_size=size, random_state=drawn)
        else:
            found, counts = np.unique(strata[rest], return_counts=True)
            wanted = len(sizes) + 1 - i  # parts that are still to come
            if counts.min() < wanted or min(size, len(rest) - size) < len(found):
                _refuse_strata(int(found[counts.argmin()]), i + 1)
            part, rest = train_test_split(rest, train_size=size, random_state=drawn, stratify=strata[rest])
        parts.append(part)
    parts.append(rest)
    for number, part in enumerate(parts, 1):
        lacking = [] if strata is None else np.setdiff1d(strata, strata[part])
        if len(lacking):
            _refuse_strata(int(lacking[0]), number)
    return parts


def _refuse_strata(stratum, number):
    name = ("samples of label 0", "samples of label 1", "samples outside of the sample space")[stratum]
    advice = "use fewer parts, or larger ones"
    checks.refuse(
        "stratify", f"enough {name} for every part", f"too few of them in or after part {number}", advice=advice
    )


def by_group(groups, fractions, seed, rows):
    """Return arrays of row numbers; all rows of a group are in one part, and ``fractions`` count groups.

    Raises:
        ValueError: another length, a row without a group, or fewer groups than parts.
    """
    groups = columns.array("groups", groups)
    if groups.shape != (rows,):
        checks.refuse("groups", f"shape ({rows},)", f"shape {tuple(groups.shape)}")
    member, names = pd.factorize(groups)
    if (member < 0).any():
        checks.refuse("groups", "a group in every row", f"none in row {int(np.argmax(member < 0))} (counted from 0)")
    return [np.flatnonzero(np.isin(member, part)) for part in at_random("groups", len(names), fractions, seed)]


def by_time(times, fractions, rows):
    """Return arrays of row numbers, the oldest rows first; rows of the same time are in the same part.

    Raises:
        ValueError: another length, a row without a time, or fewer times than parts.
        TypeError: times that are neither numbers nor dates.
    """
    times = np.asarray(columns.array("by_time", times))
    if times.shape != (rows,):
        checks.refuse("by_time", f"shape ({rows},)", f"shape {times.shape}")
    if times.dtype == object and all(hasattr(time, "isoformat") for time in times[~pd.isna(times)]):
        times = pd.DatetimeIndex(pd.to_datetime(times, utc=True)).tz_localize(None).to_numpy()
    if times.dtype.kind not in "iufmM":
        checks.refuse("by_time", "numbers or dates", times.dtype, TypeError, "use pandas.to_datetime")
    if (missing := pd.isna(times)).any():
        checks.refuse("by_time", "a time in every row", f"none in row {int(np.argmax(missing))} (counted from 0)")
    order = np.argsort(times, kind="stable")
    ends = np.round(np.cumsum(fractions)[:-1] * rows).astype(int).clip(1, rows)
    ends = np.searchsorted(times[order], times[order][ends - 1], side="right")  # past all rows of the same time
    parts = np.split(order, ends)
    if not all(map(len, parts)):
        got = f"{len(np.unique(times))} times that leave one empty"
        checks.refuse(
            "by_time", f"enough times for {len(fractions)} parts", got, advice="use fewer parts, or larger ones"
        )
    return parts
