"""A study on a Dask cluster: a real scheduler and two workers on loopback, one of which is killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ple_tutorial import study
from ple_tutorial.study import engine, store

pytest.importorskip("distributed", reason="a cluster needs Dask: pip install distributed")


def grid():
    """A study of one slow learner, made here so that workers need no file of the tests (networks: test_study_engine)."""

    def slow(train, valid, test, seed, correlation, rows):
        import os
        import time

        time.sleep(0.1)
        return {"a/mse": float(test.labels["a"][seed]), "b/mse": seed + correlation, "process": os.getpid()}

    return study.Study(
        "does it survive?",
        {},
        study.dial_data,
        seeds=tuple(range(10)),
        points=({"correlation": 0.0, "rows": 128}, {"correlation": 1.0, "rows": 128}),
        others={"slow": slow},
    )


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler, and the processes of its two workers."""
    where, environment = tmp_path / "scheduler.json", os.environ | {"TF_NUM_INTRAOP_THREADS": "1"}

    def start(command, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.dask_{command}", *arguments, "--no-dashboard"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    local = ("--host", "127.0.0.1")
    scheduler = start("scheduler", *local, "--port", "0", "--scheduler-file", where)
    while not where.exists():
        time.sleep(0.1)
    address = json.loads(where.read_text())["address"]
    single = ("--nthreads", "1", "--no-nanny", "--local-directory", tmp_path)
    workers = [start("worker", address, *local, *single) for _ in range(2)]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def test_a_worker_is_killed_and_the_table_is_the_same(cluster, tmp_path):
    address, workers = cluster
    asked = grid()
    alone = study.trials(asked, show_progress=False)
    folder = store.StoredTrials(tmp_path / "trials", asked)
    with engine.client(address) as client:
        client.wait_for_workers(2, timeout=120)

    killed = []

    def kill_one():
        """The one that stored the first trial; the other may still be importing."""
        while len(paths := list(folder.folder.glob("*.json"))) < 5:  # of 20
            time.sleep(0.02)
        process = json.loads(paths[0].read_text())["rows"][0]["process"]
        killed.extend(worker for worker in workers if worker.pid == process)
        killed[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    together = study.trials(asked, show_progress=False, scheduler=address, stored=folder)
    killer.join(1)
    assert killed[0].wait(10) == -signal.SIGKILL and [worker.poll() for worker in workers].count(None) == 1
    processes = set(together["process"].dropna())
    assert len(processes) == 2 and os.getpid() not in processes
    assert together.drop(columns="process").equals(alone.drop(columns="process"))


def test_an_address_where_nobody_answers_is_refused(monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", 1)
    with pytest.raises(ValueError, match="scheduler: expected the address of a Dask scheduler that is running"):
        study.trials(grid(), scheduler="tcp://127.0.0.1:9")
