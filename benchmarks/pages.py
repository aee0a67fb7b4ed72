"""Write the tables of the docs from the stored measurements: ``python -m benchmarks.pages``.

A page holds each of its tables between two markers, ``<!-- bench NAME -->`` and ``<!-- /bench -->``. The lines between them are
written by this file, so that no measured number of a table is typed by hand.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks.compare import OWN, ROOT
from benchmarks.networks import NETWORKS
from ple_tutorial import checks
from ple_tutorial.tables import read_table, replacing

PAGE = ROOT / "docs" / "speed.md"
BETWEEN = re.compile(r"(<!-- bench (\S+) -->\n).*?(<!-- /bench -->)", re.DOTALL)
SERVED = {
    "served.serve(x)": "the exported model, predictions",
    "served.gates(x)": "the exported model, gate weights",
    "model(x)": "`model(x)`",
    "predict(model, data)": "`predict(model, data)`",
    "model.predict(x)": "`model.predict(x)`",
}


def filled(page: str, folder: Path = ROOT / "figures") -> str:
    """Return the text of a page with its tables written anew from the stored tables in ``folder``.

    Raises:
        ValueError: a marker that names no table of ``TABLES``.
        FileNotFoundError: a stored table that is missing.
    """

    def table(found):
        name = checks.choice("bench", found[2], TABLES)
        return f"{found[1]}{markdown(TABLES[name](folder))}\n{found[3]}"

    return BETWEEN.sub(table, page)


def markdown(table: pd.DataFrame) -> str:
    """Return a DataFrame of texts as a Markdown table; all columns but the first are aligned to the right."""
    lines = [table.columns, ["---", *["---:"] * (len(table.columns) - 1)], *table.to_numpy()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _comparison(folder: Path, network: str) -> pd.DataFrame:
    """Samples per second of each way, and how many times as fast ``fit`` is, by batch size."""
    rows = read_table(folder / f"bench_{network}.csv").dropna(subset="samples_per_second")
    rows["text"] = [
        f"{middle:,.0f} ({low:,.0f} to {high:,.0f})"
        for middle, low, high in rows.filter(like="samples_per_second").to_numpy()
    ]
    rows["times"] = ["" if row.contender == OWN else f"{row.times_fit:.1f}" for row in rows.itertuples()]
    columns = {"way": rows["contender"].unique()}
    for batch, part in rows.groupby("batch"):
        part = part.set_index("contender").loc[columns["way"]]
        columns |= {f"batch {batch}": part["text"].array, f"times, {batch}": part["times"].array}
    return pd.DataFrame(columns)


def _share(folder: Path) -> pd.DataFrame:
    """What ``fit`` uses of the processor, and what else it costs."""
    every = [read_table(folder / f"bench_{name}.csv") for name in NETWORKS]
    rows = pd.concat(every).query("contender == @OWN")
    return pd.DataFrame(
        {
            "network": rows["network"],
            "batch": rows["batch"].map(str),
            "share": rows["share"].map("{:.1%}".format),
            "share, needed only": rows["share_needed"].map("{:.1%}".format),
            "compilation, s": rows["compile_seconds"].map("{:.1f}".format),
            "peak memory, MB": rows["peak_mb"].map("{:,.0f}".format),
        }
    )


def _quality(folder: Path) -> pd.DataFrame:
    """The largest difference between the losses of ``fit`` and of ``model.fit`` over the architectures."""
    rows = read_table(folder / "bench_quality.csv").groupby("steps")[["difference", "difference_jit"]].max()
    return pd.DataFrame(
        {
            "steps": rows.index.map(str),
            "`model.fit`": rows["difference"].map("{:.1e}".format).array,
            "`model.fit`, compiled by XLA": rows["difference_jit"].map("{:.2g}".format).array,
        }
    )


def _grid(folder: Path) -> pd.DataFrame:
    rows = read_table(folder / "bench_grid.csv")
    return pd.DataFrame(
        {
            "processes": rows["processes"].map(str),
            "trainings": rows["trials"].map(str),
            "seconds": rows["seconds"].map("{:.0f}".format),
            "programs compiled": ["not counted" if pd.isna(n) else f"{n:.0f}" for n in rows["programs"]],
        }
    )


def _memory(folder: Path) -> pd.DataFrame:
    rows = read_table(folder / "bench_memory.csv")
    return pd.DataFrame(
        {
            "rows come from": rows["way"],
            "rows": rows["rows"].map("{:,}".format),
            "samples/s": rows["samples_per_second"].map("{:,.0f}".format),
            "peak memory, GB": (rows["peak_mb"] / 1000).map("{:.1f}".format),
            "after the imports, GB": (rows["imports_mb"] / 1000).map("{:.1f}".format),
        }
    )


def _serving(folder: Path) -> pd.DataFrame:
    """The median time of an answer, in milliseconds, by network and number of rows."""
    rows = read_table(folder / "bench_serving.csv").set_index(["network", "batch", "way"])["median"] / 1000
    columns = {"way": list(SERVED.values())}
    for network, batch in [("trial", 1), ("trial", 500), ("paper", 1), ("paper", 500)]:
        heading = f"{network}, {batch} {'row' if batch == 1 else 'rows'}"
        columns[heading] = [f"{rows[network, batch, way]:#.2g}".rstrip(".") for way in SERVED]
    return pd.DataFrame(columns)


TABLES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "listing": lambda folder: _comparison(folder, "listing"),
    "trial": lambda folder: _comparison(folder, "trial"),
    "paper": lambda folder: _comparison(folder, "paper"),
    "share": _share,
    "quality": _quality,
    "grid": _grid,
    "memory": _memory,
    "serving": _serving,
}

if __name__ == "__main__":
    text = filled(PAGE.read_text(encoding="utf-8"))
    with replacing(PAGE) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
