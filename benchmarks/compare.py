"""The comparison: the same network, data, batch, optimizer and number of steps for all contenders, turn by turn."""

import contextlib
import json
import select
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.networks import NETWORKS, Network
from benchmarks.worker import WHERE, reason

RATE = "matrix product"
OWN = "fit"
ROOT = Path(__file__).resolve().parents[1]  # from where `-m benchmarks.worker` is found
PATIENCE = 600  # seconds that a worker may take for one answer


@dataclass(frozen=True)
class Case:
    """A network of ``NETWORKS``, a batch size, and how long a round is: rows, all of them in whole batches, and epochs."""

    name: str
    batch: int
    rows: int
    epochs: int

    @property
    def network(self):
        return NETWORKS[self.name]

    def message(self):
        """What a worker must know."""
        sizes = {"batch": self.batch, "rows": self.rows, "epochs": self.epochs}
        return json.dumps({"network": vars(self.network)} | sizes)


# Rounds of `fit` that last half a second or more on two cores, and in which copying the rows hardly counts.
CASES = [
    *(
        Case(name, *size)
        for name in ("listing", "trial")
        for size in ((32, 2**14, 4), (256, 2**16, 4), (1024, 2**17, 4))
    ),
    *(Case("paper", *size) for size in ((32, 2**13, 2), (256, 2**14, 2), (1024, 2**14, 2))),
]
QUICK = [Case("trial", 256, 2**14, 2)]


class Gone(Exception):
    """A worker that cannot go on, with the reason."""


class Worker:
    """A process that takes turns: each line that goes in brings one line of JSON out."""

    def __init__(self, command, patience=PATIENCE):
        self.patience = patience
        self.errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - close() closes it
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        self.process = subprocess.Popen(command, text=True, cwd=ROOT, **pipes)

    def answer(self):
        """Wait for the next line; Gone where none comes."""
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        if not ready:
            self.close()
            raise Gone(f"no answer within {self.patience} s")
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.errors.seek(0)
            last = self.errors.read().strip().splitlines()[-1:] or [""]
            raise Gone(reason(RuntimeError(f"died with status {status}; {last[0]}")).removeprefix("RuntimeError: "))
        answer = json.loads(line)
        if "failed" in answer:
            raise Gone(answer["failed"])
        return answer

    def go(self):
        """Let it train a round; return its answer."""
        with contextlib.suppress(BrokenPipeError):  # then the answer says why
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        return self.answer()

    def close(self):
        """End the process, whatever it is doing."""
        self.process.kill()
        with self.process, self.errors:
            pass


def start(name, case):
    """The worker of a contender."""
    return Worker([sys.executable, "-m", "benchmarks.worker", name, case.message()])


def turns(names, case, rounds, start=start):
    """Let the contenders train in turn, one at a time: A B C A B C ...

    Returns:
        ``{name: its answers}``, the first of them from building and one epoch, then one a round; or ``{name: why it is
        gone}``.
    """
    workers, answers = {}, {}

    def turn(name, ask):
        try:
            answers.setdefault(name, []).append(ask())
        except Gone as gone:
            answers[name] = str(gone)
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


def table(case, answers):
    """The rows of a case, one a contender, as flat dicts.

    ``gflops`` counts three times the products forward, ``gflops_needed`` leaves out the gradient of the features; both
    count the network that the contender really built. ``share`` and ``share_needed`` are the parts of the plain
    matrix-product rate of the same rounds. ``times_fit`` is how many times its rounds last as long as those of ``fit``.
    ``compile_seconds`` is what the first epoch took more than a later one.
    """
    rate = None
    if isinstance(answers.get(RATE), list):
        rate = statistics.median(answer["gflops"] for answer in answers[RATE][1:])
    rows = []
    for name, told in answers.items():
        row = {"network": case.name, "batch": case.batch, "contender": name}
        if isinstance(told, str):
            rows.append(row | {"note": told})
            continue
        first, *rounds = told
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


def measure(cases, rounds, tell, start=start):
    """Run the comparison; return its rows."""
    rows = []
    for case in cases:
        tell(f"\n{case.name}, batch {case.batch}: {case.rows} rows x {case.epochs} epochs a round, {rounds} rounds")
        rows += table(case, turns([*WHERE], case, rounds, start))
        tell(text(rows[-len(WHERE) :]))
    return rows


COLUMNS = {  # heading: the row's key, and how it is printed
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


def text(rows):
    """The rows as a table for the terminal."""
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
