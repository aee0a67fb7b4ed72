"""Store: the table of a study as a CSV file, with a head that says how it was made."""

from pathlib import Path

import numpy as np
import sklearn

from ple_tutorial import checks
from ple_tutorial.backend import keras, tf
from ple_tutorial.study.engine import trials
from ple_tutorial.tables import rounded, write_table


def run(name, study, out, jobs=1):
    """Run ``study`` and store its table as ``out/NAME.csv``; the path is returned."""
    checks.path("out", out)
    table = trials(study, jobs)
    seeds = f"{min(study.seeds)} to {max(study.seeds)}" if len(study.seeds) > 1 else study.seeds[0]
    head = [
        f"made by: python -m ple_tutorial study {name}",
        f"question: {study.question}",
        f"seeds: {seeds} ({len(study.seeds)})",
        f"versions: tensorflow {tf.__version__}, keras {keras.__version__}, numpy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}",
    ]
    return write_table(rounded(table), Path(out) / f"{name}.csv", head)
