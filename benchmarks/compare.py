"""The comparison: all contenders train the same network on the same data, and take turns."""

import contextlib
import json
import select
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.networks import NETWORKS, Network
from benchmarks.worker import WHERE, reason

RATE = "matrix product"
OWN = "fit"
ROOT = Path(__file__).resolve().parents[1]  # the folder in which Python finds `benchmarks.worker`
PATIENCE = 600  # seconds to wait for one answer of a worker


@dataclass(frozen=True)
class Case:
    """A network of ``NETWORKS``, a batch size, and the length of a round: rows (whole batches) and epochs."""

    name: str
    batch: int
    rows: int
    epochs: int

    @property
    def network(self) -> Network:
        return NETWORKS[self.name]

    def message(self) -> str:
        """Return what a worker needs to know, as JSON."""
        sizes = {"batch": self.batch, "rows": self.rows, "epochs": self.epochs}
        return json.dumps({"network": vars(self.network)} | sizes)


# A round of `fit` takes half a second or more on two cores, so that copying the rows hardly counts.
CASES = [
    *(
        Case(name, *size)
        for name in ("listing", "trial")
        for size in ((32, 2**14, 4), (256, 2**16, 4), (1024, 2**17, 4))
    ),
    *(Case("paper", *size) for size in ((32, 2**13, 2), (256, 2**14, 2), (1024, 2**14, 2))),
]
QUICK = [Case("trial", 256, 2**14, 2)]


class WorkerFailed(Exception):
    """A worker cannot go on; the message says why."""


class Worker:
    """A process that waits for its turn: for each line of input it writes one line of JSON.

    Args:
        command: the program and its arguments.
        patience: seconds to wait for an answer.
    """

    def __init__(self, command: list[str], patience: float = PATIENCE):
        self.patience = patience
        self.errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - close() closes it
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        self.process = subprocess.Popen(command, text=True, cwd=ROOT, **pipes)

    def answer(self) -> dict:
        """Wait for the next line and return what it holds.

        Raises:
            WorkerFailed: no line within the patience, or the process died or reports a failure.
        """
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        if not ready:
            self.close()
            raise WorkerFailed(f"no answer within {self.patience} s")
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.errors.seek(0)
            last = self.errors.read().strip().splitlines()[-1:] or [""]
            raise WorkerFailed(
                reason(RuntimeError(f"died with status {status}; {last[0]}")).removeprefix("RuntimeError: ")
            )
        answer = json.loads(line)
        if "failed" in answer:
            raise WorkerFailed(answer["failed"])
        return answer

    def go(self) -> dict:
        """Let the worker train one round; return its answer."""
        with contextlib.suppress(BrokenPipeError):  # answer() finds out why
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        """Kill the process."""
        self.process.kill()
        with self.process, self.errors:
            pass


def start(name: str, case: Case) -> Worker:
    """Start the worker of a contender."""
    return Worker([sys.executable, "-m", "benchmarks.worker", name, case.message()])


def turns(
    names: Sequence[str], case: Case, rounds: int, start: Callable[[str, Case], Worker] = start
) -> dict[str, list[dict] | str]:
    """Let the contenders train in turn, one at a time: A B C A B C ...

    Returns:
        ``{name: answers}``: the first answer is about building and one epoch, then there is one for each round. For a
        contender that failed, ``{name: the reason}``.
    """
    workers, answers = {}, {}

    def turn(name, ask):
        try:
            answers.setdefault(name, []).append(ask())
        except WorkerFailed as failure:
            answers[name] = str(failure)
            workers.pop(name).close()

    try:
        for name in names:
            workers[name] = start(name, case)
            turn(name, workers[name].answer)
        for _ in range(rounds):
            for name in list(workers):
                turn(name, workers[name].go)
    finally:
        for worker in workers.values():
            worker.close()
    return answers


def table(case: Case, answers: dict[str, list[dict] | str]) -> list[dict]:
    """Return the rows of a case, one for each contender, as flat dicts.

    ``gflops`` counts three times the products of a forward pass, ``gflops_needed`` leaves out the gradient of the features.
    Both count the network that the contender really built. ``share`` and ``share_needed`` divide them by the rate of plain
    matrix products in the same rounds. ``times_fit`` is how many times as long a round takes as one of ``fit``.
    ``compile_seconds`` is how much longer the first epoch took than a later one.
    """
    rate = None
    if isinstance(answers.get(RATE), list):
        rate = statistics.median(answer["gflops"] for answer in answers[RATE][1:])
    rows = []
    for name, found in answers.items():
        row = {"network": case.name, "batch": case.batch, "contender": name}
        if isinstance(found, str):
            rows.append(row | {"note": found})
            continue
        first, *rounds = found
        row |= {"peak_mb": rounds[-1]["megabytes"], "note": first["note"]}
        if name == RATE:
            rates = [answer["gflops"] for answer in rounds]
            row |= {"gflops": rate, "gflops_min": min(rates), "gflops_max": max(rates), "share": 1.0}
        else:
            row |= _trained(case, first, rounds, rate)
        rows.append(row)
    own = next((row["seconds"] for row in rows if row["contender"] == OWN and "seconds" in row), None)
    for row in rows:
        if own and "seconds" in row:
            row["times_fit"] = row["seconds"] / own
    return rows


def _trained(case, first, rounds, rate):
    samples, seconds = case.rows * case.epochs, [answer["seconds"] for answer in rounds]
    middle = statistics.median(seconds)
    convention, needed = (samples * count / middle / 1e9 for count in Network(**first["network"]).training())
    row = {
        "samples_per_second": samples / middle,
        "samples_per_second_min": samples / max(seconds),
        "samples_per_second_max": samples / min(seconds),
        "seconds": middle,
        "steps": samples // case.batch,
        "gflops": convention,
        "gflops_needed": needed,
        "compile_seconds": max(0.0, first["seconds"] - middle / case.epochs),
        "parameters": first["parameters"],
        "loss_first": first["loss"],
        "loss_last": rounds[-1]["loss"],
    }
    return row | ({"share": convention / rate, "share_needed": needed / rate} if rate else {})


def measure(
    cases: Sequence[Case],
    rounds: int,
    tell: Callable[[str], None],
    start: Callable[[str, Case], Worker] = start,
) -> list[dict]:
    """Run the comparison and return its rows."""
    rows = []
    for case in cases:
        tell(f"\n{case.name}, batch {case.batch}: {case.rows} rows x {case.epochs} epochs per round, {rounds} rounds")
        rows += table(case, turns([*WHERE], case, rounds, start))
        tell(text(rows[-len(WHERE) :]))
    return rows


COLUMNS = {  # heading: the key of the row, and the format
    "samples/s": ("samples_per_second", ",.0f"),
    "min": ("samples_per_second_min", ",.0f"),
    "max": ("samples_per_second_max", ",.0f"),
    "x fit": ("times_fit", ".1f"),
    "GFLOP/s": ("gflops", ".1f"),
    "share": ("share", ".1%"),
    "needed": ("share_needed", ".1%"),
    "compile s": ("compile_seconds", ".1f"),
    "peak MB": ("peak_mb", ",.0f"),
    "parameters": ("parameters", ",d"),
}


def text(rows: list[dict]) -> str:
    """Return the rows as a table for the terminal."""
    lines = [["", *COLUMNS]]
    for row in rows:
        cells = [format(row[key], style) if key in row else "" for key, style in COLUMNS.values()]
        lines.append([row["contender"], *(cells if any(cells) else [])])
    widths = [max(len(line[i]) for line in lines if i < len(line)) for i in range(len(lines[0]))]
    out = []
    for line, row in zip(lines, [{}, *rows], strict=True):
        first, *cells = (cell.rjust(width) for cell, width in zip(line, widths, strict=False))
        note = row.get("note", "")
        out.append("  ".join([first.strip().ljust(widths[0]), *cells, note]).rstrip())
    return "\n".join(out)
