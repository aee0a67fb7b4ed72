"""Numbers in, a ``Figure`` out: one function a picture. Colours are safe for colour-blind readers (Okabe and Ito)."""

from ple_tutorial.plots.architecture import MAP_PARTS, draw_family, draw_routing
from ple_tutorial.plots.family import cost_dots, reach_matrices
from ple_tutorial.plots.gains import (
    gain_over_dial,
    gain_over_dials,
    gain_panels,
    gain_plane,
    gain_rows,
    seesaw,
    sorted_gains,
)
from ple_tutorial.plots.gates import gate_bars, gate_violins
from ple_tutorial.plots.ranking import rank_sweep, sample_spaces
from ple_tutorial.plots.regimes import ratio_rows, ratios_over_noise, regime_map, standing_rows
from ple_tutorial.plots.scores import label_correlations, score_strip
from ple_tutorial.plots.speed import speed_growth, speed_rows
from ple_tutorial.plots.style import (
    ARCHITECTURES,
    GREY,
    SHARED_COLOUR,
    TASK_COLOURS,
    figure,
    look,
    picture,
    show,
    to_png,
    to_svg,
)
from ple_tutorial.plots.training import gradient_arrows, label_spaces, method_rows, stop_curves

# fmt: off
__all__ = [
    "ARCHITECTURES", "GREY", "MAP_PARTS", "SHARED_COLOUR", "TASK_COLOURS", "cost_dots", "draw_family", "draw_routing", "figure",
    "gain_over_dial", "gain_over_dials", "gain_panels", "gain_plane", "gain_rows", "gate_bars", "gate_violins", "gradient_arrows",
    "label_correlations", "label_spaces", "look", "method_rows", "picture", "rank_sweep", "ratio_rows", "ratios_over_noise",
    "reach_matrices", "regime_map", "sample_spaces", "score_strip", "seesaw", "show", "sorted_gains", "speed_growth",
    "speed_rows", "standing_rows", "stop_curves", "to_png", "to_svg",
]
# fmt: on
