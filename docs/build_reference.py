"""Write ``docs/reference.md`` from the docstrings: ``make reference``.

griffe reads the package without running it, griffe2md turns what it found into Markdown. The test
``tests/test_reference_page.py`` asks that the stored page is the one that this script would write.
"""

import copy
import logging
import re
import subprocess
import sys
from pathlib import Path

import griffe
from griffe2md import default_config, render_object_docs

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference.md"
GOOGLE = {"returns_multiple_items": False, "returns_named_value": False, "warn_missing_types": False}
OPTIONS = {
    "heading_level": 3,
    "show_signature_annotations": True,
    "show_bases": False,
    "inherited_members": False,
    "members_order": "source",
    "filters": ["!^_"],
    "show_if_no_docstring": False,
    "summary": False,
}
SECTIONS = {  # in the order in which a reader needs them
    "Data": """data.TaskData data.FeatureSpec data.MemmapChunks data.ParquetChunks data.synthetic.make_synthetic
        data.synthetic.Sines data.synthetic.task_directions data.worlds.World data.worlds.make_parts
        data.worlds.make_sign data.worlds.make_routing data.worlds.make_neighbours data.funnel.make_funnel data.census.available
        data.census.load data.census.splits
        data.census.amounts_as_codes data.census.for_trees""",
    "Architectures": "routing.routing routing.Routing routing.Level routing.Mixer budget.equal_budget budget.cost",
    "Models and layers": """models.build_model models.load_weights layers.Experts layers.Gate layers.Mix
        layers.Stitch""",
    "Training and scores": """training.fit training.predict losses.task_loss losses.WeightSchedule metrics.evaluate
        metrics.mtl_gain metrics.gain_table""",
    "Balancing": "balancing.Balance balancing.Uncertainty balancing.GradNorm balancing.PCGrad balancing.CAGrad",
    "Gates and gradients": "gates.gate_weights gates.summarise diagnostics.reach diagnostics.reach_by_table "
    "diagnostics.gradient_cosines diagnostics.affinities diagnostics.Conflicts",
    "Studies and figures": """study.Study study.trials study.run study.dial_data study.gate_data study.seesaw_data
        study.seesaw_fit figures.stored figures.numbers figures.show figures.with_mean_mse figures.seed_gains
        figures.seesaw_points figures.family figures.family_runs study.verdicts.verdicts
        study.scarce.full_and_scarce study.scarce.with_own_stops study.balancing.tries study.balancing.choices
        study.balancing.by_method study.balancing.against_weights study.worlds.world_data study.worlds.choice
        study.protocol.attempts study.protocol.with_mean_excess study.regimes.regimes study.regimes.map_runs
        study.claims.against_ple study.verdicts.holm study.duel.duel study.conflicts.foretold study.conflicts.agreement
        study.replication.papers_claims plots.ladder.Step plots.ladder.ladder
        plots.figure plots.look plots.show plots.draw_routing plots.gain_over_dial plots.gain_panels
        plots.gate_bars plots.gradient_arrows plots.label_spaces plots.rank_sweep plots.sample_spaces plots.stop_curves
        tables.write_table tables.read_table""",
    "Ranking and serving": "ranking.fused_score serving.export",
    "Exercises": "exercises.check exercises.verdict",
}
HEAD = """# Reference

Everything that the notebooks import, and a little more, from the docstrings; `make reference` writes this page.
Shapes are named `batch`, `features`, `experts`, `units`, `tasks`.
"""


def names():
    """Every object of the page by its path below ``ple_tutorial``."""
    return [name for listed in SECTIONS.values() for name in listed.split()]


def page():
    """The text of ``docs/reference.md``."""
    logging.getLogger("griffe").setLevel(logging.ERROR)
    paths, options = [str(ROOT)], copy.deepcopy(default_config) | OPTIONS
    package = griffe.load("ple_tutorial", search_paths=paths, docstring_parser="google", docstring_options=GOOGLE)
    parts = [HEAD]
    for title, listed in SECTIONS.items():
        links = " · ".join(f"[`{name}`](#ple_tutorial{name.lower().replace('.', '')})" for name in listed.split())
        parts += [f"## {title}\n", f"{links}\n"]
        for name in listed.split():
            text = render_object_docs(package[name], options)
            text = re.sub(r"^### .*", f"### `ple_tutorial.{name}`", text, count=1)  # the path to import it from
            if package[name].is_class:  # of whose __init__ griffe prints what it returns
                text = re.sub(r"\A(### .*\n\n```python\n.*\)) -> None$", r"\1", text, count=1, flags=re.MULTILINE)
            parts.append(_tidied(text))
    lines = "\n".join(parts).splitlines()
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip() + "\n"
    ruff = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(PAGE), "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _tidied(text):
    """The Markdown of one object as GitHub shows it best: examples as code, no links to anchors that the page lacks."""
    text = re.sub(r"<code>(.*?)</code>", lambda found: f"`{_plain(found[1])}`", text)
    text = re.sub(r"\[(\*\*[^\]]*\*\*)\]\(#[^)]*\)", r"\1", text)
    text = re.sub(r"(?<!`)``(?!`)", "`", text).replace("-  – ", "- ")
    # What a function returns is a sentence, whose first colon griffe takes for the end of a type.
    text = re.sub(r"^- `((?:A|One|The) .*?)` – ", r"- \1: ", text, flags=re.MULTILINE)
    example = r"<details class=\"example\".*?</summary>\n\n(.*?)\n\n</details>"
    return re.sub(example, lambda found: f"**Example:**\n\n```pycon\n{found[1]}\n```", text, flags=re.DOTALL)


def _plain(text):
    """A type without the links to anchors that the page does not have."""
    return re.sub(r"\[([^\]]*)\]\(#[^)]*\)", r"\1", text).replace("\\", "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {len(names())} objects")
