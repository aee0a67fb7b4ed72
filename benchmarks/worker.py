"""One contender in a process of its own: ``python -m benchmarks.worker NAME CASE``.

It builds its model, trains one epoch and reports it. Then, for each line of input, it trains one round and reports the time.
Each report is one line of JSON. The process ends when its input ends.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

WHERE = {  # contender: its module and function
    "fit": ("contenders", "fit"),
    "keras": ("contenders", "keras"),
    "keras jit": ("contenders", "keras_jit"),
    "listing": ("peers", "listing"),
    "listing, accuracy": ("peers", "listing_accuracy"),
    "DeepCTR": ("peers", "deepctr"),
    "DeepCTR-Torch": ("peers", "deepctr_torch"),
    "torch-rechub": ("peers", "torch_rechub"),
    "matrix product": ("contenders", "matrix_product"),
}


def data(rows: int, features: int, tasks: int, seed: int = 0) -> tuple:
    """Return features ``(rows, features)``, and labels ``{task: (rows, 1)}`` that depend on them, with noise."""
    import numpy as np

    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, features), np.float32)
    truth = x @ rng.standard_normal((features, tasks), np.float32) / np.float32(features**0.5)
    y = (truth + rng.standard_normal((rows, tasks), np.float32) / 2 > 0).astype(np.float32)
    return x, {f"task{i + 1}": y[:, i : i + 1] for i in range(tasks)}


def peak_megabytes() -> float:
    """Return the peak memory of this process; on Linux not ``ru_maxrss``, which starts with the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def timed(contender, epochs: int) -> dict:
    """Train; return ``{"seconds": for all epochs, "megabytes": peak memory, "loss": over the last epoch}``."""
    start = time.perf_counter()
    got = contender.train(epochs)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "megabytes": peak_megabytes()} | (
        got if isinstance(got, dict) else {"loss": float(got)}
    )


def reason(error: Exception) -> str:
    """Return in one line why a contender does not run, without a path of this machine."""
    if isinstance(error, ModuleNotFoundError):
        return f"not installed: {error.name}"
    words = str(error).strip().splitlines() or [""]
    return re.sub(r"(?<!\w)/\S+", "...", f"{type(error).__name__}: {words[0]}")[:200]


def main(name: str, case: dict) -> None:
    """Run the contender ``name``; ``case`` has the network's sizes, rows, batch and epochs."""
    import importlib

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the packages print goes to stderr, not between the answers

    def say(**answer):
        print(json.dumps(answer), file=answers, flush=True)

    try:
        from benchmarks.networks import Network

        network = Network(**case["network"])
        module, function = WHERE[name]
        build = getattr(importlib.import_module(f"benchmarks.{module}"), function)
        contender = build(network, *data(case["rows"], network.features, network.tasks), case["batch"])
        about = {"network": vars(contender.network), "parameters": contender.parameters, "note": contender.note}
        say(**about, **timed(contender, 1))
        for _ in sys.stdin:
            say(**timed(contender, case["epochs"]))
    except Exception as error:
        say(failed=reason(error))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
