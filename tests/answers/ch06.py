"""Answers to the exercises of chapter 06: right ones in several forms, wrong ones with a phrase of their sentence."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ple_tutorial.routing import Level, Mixer, Routing, routing

TASKS = ["vtr", "vcr", "comment"]
SEEN = ["vtr_1", "vtr_2", "vcr_1", "comment_1", "shared_1", "shared_2"]
WEIGHTS = 2184
FEED = routing("ple", ["click", "click_long", "comment"], levels=2)


def feed(number, stream=None, mixer=None, **changes):
    """The right table with one mixer, or other things, of one level changed."""
    levels = list(FEED.levels)
    if mixer is not None:
        changes["mixers"] = levels[number - 1].mixers | {stream: mixer}
    levels[number - 1] = replace(levels[number - 1], **changes)
    return replace(FEED, levels=tuple(levels))


BROKEN = feed(2, "click", Mixer("gate", ("click", "click_long", "shared")))

RIGHT = {
    "06.1": [
        SEEN,
        tuple(SEEN),
        np.array(SEEN),
        pd.Index(SEEN),
        (name for name in SEEN),
        dict.fromkeys(SEEN).keys(),
        [name.upper() for name in SEEN],
    ],
    "06.2": [WEIGHTS, float(WEIGHTS), np.array(WEIGHTS), np.int64(WEIGHTS), 1056 + 150 + 816 + 144 + 18],
    "06.3": [
        FEED,
        feed(2, "click", Mixer("gate", ("shared", "click"))),  # another order of the weights is a PLE as well
        replace(FEED, architecture="repaired"),
        Routing("mine", FEED.tasks, tuple(Level(dict(level.experts), dict(level.mixers)) for level in FEED.levels)),
        routing("ple", ["click", "click_long", "comment"], levels=2, shared_experts=2),
    ],
}
WRONG = {
    "06.1": [
        ("vtr_1", "a list of names"),
        ([1, 2], "a list of names"),
        (6, "a list of names"),
        ([], "not the last level"),
        ([f"level2_{name}" for name in SEEN], "leave the level out"),
        ([f"vtr_{i}" for i in (0, 1)] + SEEN[2:], "start at 1"),
        (["shared_1", "shared_2"], "not the shared ones alone"),
        (SEEN[:4], "the shared experts as well"),
        (["vtr_1", "vcr_1", "comment_1", "shared_1"], "vtr has two experts"),
        ([f"{g}_{i}" for g in [*TASKS, "shared"] for i in (1, 2)], "vtr has two experts"),
        (SEEN[4:] + SEEN[:4], "another order"),
        (sorted(SEEN), "another order"),
        (set(SEEN), "no order"),
        ([*SEEN, "shared_3"], "no expert 'shared_3'"),
        (SEEN[:5], "two shared"),
        (SEEN[1:], "'vtr_1' is missing"),
        (SEEN + SEEN, "is there twice"),
        ([*TASKS, "shared"], "one by one"),
        (TASKS, "one by one"),
        ([name.replace("_", "") for name in SEEN], "an underscore"),
        (["vtr_1", "vtr_2", "shared_1", "shared_2"], "what the gate of vtr sees"),
        ([*SEEN[:3], "comment_1", "comment_2", *SEEN[4:]], "no expert 'comment_2'"),
    ],
    "06.2": [
        ("many", "without quotation marks"),
        (WEIGHTS + 24, "gates biases"),
        (WEIGHTS + 96, "a shared gate on level 2"),
        (WEIGHTS - 60, "the shared gate of level 1"),
        (2184 - 6 * 57, "not the 10 features"),
        (WEIGHTS - 54, "16 rows, not 10"),
        (WEIGHTS - 144, "the biases of the experts"),
        (WEIGHTS - 146, "all the biases"),
        (WEIGHTS - 18, "forgot the towers"),
        (WEIGHTS - 9, "two towers"),
        (WEIGHTS - 2, "the biases of the towers"),
        (WEIGHTS + 16, "not 16"),
        (WEIGHTS - 294, "forgot the gates"),
        (WEIGHTS + 78, "not all six"),
        (1056 + 150, None),
        (1056 + 150 + 18, "forgot level 2"),
        (816 + 144 + 18, "forgot level 1"),
        (WEIGHTS - 150, "gates of level 1"),
        (WEIGHTS - 144, "gates of level 2"),
        (WEIGHTS - 144 - 1, None),
        (1872, "gates and the towers"),
        (WEIGHTS + 1, "one too many"),
        (1, None),
    ],
    "06.3": [
        (BROKEN, "still in it"),
        (BROKEN.levels, "this is a tuple"),
        (BROKEN.levels[1], "this is a Level"),
        ("click", "this is text"),
        (Mixer("gate", ("click", "shared")), "this is a Mixer"),
        (routing, "this is a function"),
        (routing("ple", ["click", "comment"], levels=2), "keep the three tasks"),
        (routing("ple", FEED.tasks, levels=3), "the two levels"),
        (routing("ple", FEED.tasks, levels=2, shared_experts=3), "experts of level 1 were right"),
        (routing("cgc", FEED.tasks), "the two levels"),
        (feed(2, mixers=FEED.levels[0].mixers), "has no shared gate"),
        (feed(1, "shared", Mixer("gate", ("shared",))), "gate 'shared' of level 1 was right before"),
        (feed(2, "click", Mixer("gate", ("shared",))), "takes away too much"),
        (feed(2, "click", Mixer("gate", ("click",))), "takes away too much"),
        (feed(2, "click", Mixer("gate", ("click_long", "shared"))), "still in it"),
        (
            feed(2, "click", Mixer("gate", ("click", "click_long", "shared"), detached=("click_long",))),
            "gradient is stopped",
        ),
        (feed(2, "comment", Mixer("gate", ("comment", "shared"), "features")), "is not the paper's"),
        (feed(2, "click", Mixer("concat", ("click", "shared"))), "is not the paper's"),
        (feed(2, "click_long", Mixer("gate", ("click_long", "shared", "click"))), "should not see 'click'"),
        (replace(FEED, towers="all"), "the towers"),
    ],
}
