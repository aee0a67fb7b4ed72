"""The store of studies: each trial as it ends, and the finished table with a head that says how it was made."""

import functools
import json
from pathlib import Path

from ple_tutorial import checks
from ple_tutorial.study.engine import Study, Trial, trials
from ple_tutorial.study.fingerprint import digest_at, study_fingerprint, trial_key, versions
from ple_tutorial.tables import read_head, remove_unfinished, replacing, rounded, write_table

TRIALS = Path("build/studies")


class StoredTrials:
    """A folder with one JSON file for each finished trial, named by the ``trial_key``.

    A file is written by an atomic write when its trial has ended, so a study that is killed goes on where it was. A trial
    that failed is stored as well, with its traceback, but the next run tries it again.

    joblib.Memory also stores results under a key, but a key made of the pickled arguments and of the source of one function: it
    does not notice a change in the data or in a function that this one calls, and it stores no trial that failed.

    Args:
        folder: made if it does not exist.
        study: the study whose trials are stored; the data on each point are made once for the keys.
    """

    def __init__(self, folder: str | Path, study: Study):
        self.folder = Path(checks.path("folder", folder))
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(self.folder)
        self.study = study

    @functools.cached_property
    def _digests(self):
        return [(point, digest_at(self.study, point)) for point in self.study.points]

    def _path(self, trial):
        digest = next(digest for point, digest in self._digests if point == trial.point)
        return self.folder / f"{trial_key(trial, digest)}.json"

    def load(self, trial: Trial) -> dict | None:
        """Return the outcome of a trial, ``{"rows": [...], "error": None}``; ``None`` if it has not ended or has failed."""
        try:
            outcome = json.loads(self._path(trial).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return outcome if outcome["error"] is None else None

    def save(self, trial: Trial, outcome: dict):
        """Store the outcome of a trial, with words that say which trial it is."""
        which = {"architecture": trial.architecture, "point": trial.point, "seed": trial.seed}
        with replacing(self._path(trial)) as unfinished:
            unfinished.write_text(json.dumps(which | outcome, default=str), encoding="utf-8")


def run(
    name: str,
    study: Study,
    out: str | Path,
    workers: int = 1,
    scheduler: str | None = None,
    folder: str | Path = TRIALS,
) -> Path:
    """Run a study and store its table as ``out/NAME.csv``; return the path.

    The trials are stored in ``folder/NAME`` as they end. The same call goes on with a study that was killed, and runs again only
    those trials that failed or that a change has made another trial.

    Args:
        name: of the study and of its table.
        study: what to run.
        out: the folder for the table.
        workers, scheduler: as in ``trials``.
        folder: for the trials; delete it to run all of them again.

    Raises:
        ValueError: as in ``trials``; then no table is written.
    """
    checks.path("out", out)
    table = trials(study, workers, scheduler=scheduler, stored=StoredTrials(Path(folder) / name, study))
    return write_table(rounded(table), Path(out) / f"{name}.csv", head(name, study))


def head(name: str, study: Study) -> list[str]:
    """Return the lines above a study's table: the command, the question, the seeds, the versions and the fingerprint."""
    seeds = f"{min(study.seeds)} to {max(study.seeds)}" if len(study.seeds) > 1 else study.seeds[0]
    return [
        f"made by: python -m ple_tutorial study {name}",
        f"question: {study.question}",
        f"seeds: {seeds} ({len(study.seeds)})",
        f"versions: {', '.join(f'{package} {version}' for package, version in versions().items())}",
        f"fingerprint: {_line(study_fingerprint(study))}",
    ]


def changed(study: Study, path: str | Path, data: bool = True) -> list[str]:
    """Return which attributes of a study are not as they were when the table at ``path`` was made.

    An empty list says that the table is that of the study as it is now.

    Args:
        study: the study as it is now.
        path: the stored table.
        data: whether to make the data and compare them; without, the data function is not compared.
    """
    now = study_fingerprint(study, data)
    before = dict(part.split() for part in read_head(path).get("fingerprint", "").split(", ") if part)
    return [name for name, mark in now.items() if before.get(name) != mark]


def _line(fingerprint):
    return ", ".join(f"{name} {mark}" for name, mark in fingerprint.items())
