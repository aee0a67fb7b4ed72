"""What pytest and nbval need to know of the notebooks."""

import functools
import os

import pytest

from ple_tutorial.course import notebooks

unmet_need = functools.lru_cache(maxsize=None)(lambda path: notebooks.unmet_need(notebooks.read(path)))


def pytest_collectstart(collector):
    """Do not compare what no reader reads: stderr (a hygiene test forbids it) and HTML twins of plain text."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "text/html")


def pytest_configure(config):
    """Give all cells of a notebook to one process (with plain `-n 2`, pytest-xdist deals them out to two kernels), and each
    process its share of the cores."""
    if config.getoption("dist", "no") in ("load", "worksteal"):
        config.option.dist = "loadscope"
    processes = config.getoption("numprocesses", None)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS") if processes else ():
        os.environ.setdefault(name, str(max(1, (os.cpu_count() or 1) // processes)))


def pytest_collection_modifyitems(items):
    """Skip the cells of a notebook that needs what this machine lacks, with the reason."""
    for item in items:
        if item.path.suffix == ".ipynb":
            reason = unmet_need(item.path)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))
