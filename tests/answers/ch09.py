"""Answers to the exercises of chapter 09: right ones in several forms, wrong ones with a phrase of their sentence."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ple_tutorial.routing import Level, Mixer, Routing, routing

FOUR = {"A": "mmoe", "B": "asymmetric", "C": "sluice", "D": "ple"}
TASKS = ("click", "like", "buy")
CGC = routing("cgc", TASKS, shared_experts=1)


def with_gate(task, *sees, how="gate", **changes):
    level = CGC.levels[0]
    mixers = level.mixers | {task: Mixer(how, sees, **changes)}
    return replace(CGC, levels=(replace(level, mixers=mixers),))


SHOP = with_gate("buy", "buy", "shared", "click", detached=("click",))
SHOP_GATES = SHOP.levels[0].mixers

RIGHT = {
    "09.1": [
        FOUR,
        {"A": "MMoE", "B": "Asymmetric", "C": "Sluice", "D": "PLE"},
        {"A": "MMOE", "B": "asymmetric sharing", "C": "sluice network", "D": "progressive layered extraction"},
        FOUR | {"B": "Asymmetric Sharing", "C": "the sluice network"},
        FOUR | {"A": "multi-gate mixture-of-experts"},
        {"A": "多门控混合专家", "B": "非对称共享", "C": "水闸网络", "D": "渐进式分层提取"},
        pd.Series(FOUR),
    ],
    "09.2": [
        SHOP,
        replace(SHOP, architecture="shop"),
        with_gate("buy", "click", "buy", "shared", detached=("click",)),
        Routing("mine", TASKS, (Level({"shared": 1, "click": 1, "like": 1, "buy": 1}, dict(SHOP_GATES)),)),
    ],
    "09.3": [69, 69.0, np.array(69), np.int64(69), np.float32(69), np.array([69]), (3458 - 34) // 49],
}
WRONG = {
    "09.1": [
        ("mmoe", "a dict with the keys"),
        (["mmoe", "asymmetric", "sluice", "ple"], "a dict with the keys"),
        (FOUR | {"A": "moe"}, "A: 'moe' is none of"),
        (FOUR | {"A": "ml-mmoe"}, "several levels"),
        (FOUR | {"A": "CGC"}, "a CGC has task experts"),
        (FOUR | {"A": "hard-sharing"}, "its only expert"),
        (FOUR | {"A": "customized"}, "puts them side by side"),
        (FOUR | {"B": "customized"}, "B: customized sharing lets no loss"),
        (FOUR | {"B": "cgc"}, "B: in a CGC neither loss"),
        (FOUR | {"B": "single-task"}, "B: there no loss"),
        (FOUR | {"C": "cross-stitch"}, "the last level only"),
        (FOUR | {"C": "mmoe"}, "the same on every sample"),
        (FOUR | {"D": "cgc"}, "a CGC has one level"),
        (FOUR | {"D": "ml-mmoe"}, "one level stops it"),
        (FOUR | {"D": "single-task"}, "no level lets loss a through"),
        (FOUR | {"B": 2}, "should be a word"),
        ({"A": "mmoe", "B": "asymmetric", "C": "sluice"}, "nothing for 'D'"),
        (FOUR | {"B": "ple", "D": "asymmetric"}, None),
    ],
    "09.2": [
        ("cgc", "this is text"),
        (SHOP.levels[0], "this is a Level"),
        (dict(SHOP_GATES), "this is a dict"),
        (Routing, "this is a type"),
        (routing("cgc", ["click", "like"]), "yours is for click, like"),
        (routing("ple", TASKS, levels=2), "yours has 2"),
        (routing("cgc", TASKS, shared_experts=2), "one is shared"),
        (CGC, "should see the expert of click"),
        (with_gate("buy", "buy", "shared", "click"), "still trains the expert of click"),
        (with_gate("buy", "shared", "click", detached=("click",)), "does not see buy"),
        (with_gate("buy", "buy", "click", detached=("click",)), "does not see shared"),
        (with_gate("buy", "buy", "shared", "click", "like", detached=("click",)), "like is too many"),
        (with_gate("buy", "buy", "shared", "click", detached=("click", "buy")), "train its own and the shared"),
        (with_gate("buy", "buy", "shared", "click", detached=("buy", "shared")), "still trains the expert of click"),
        (with_gate("like", "like", "shared", "click"), "should not see click"),
        (with_gate("like", "like", "shared", detached=("like", "shared")), "both trained"),
        (with_gate("click", "click", "shared", "buy", detached=("buy",)), "should not see buy"),
        (with_gate("click", "click", "shared", detached=("click",)), "not here"),
        (with_gate("buy", "buy", "shared", "click", how="concat"), "should be a gate"),
        (with_gate("like", "like", "shared", residual=("like",)), "without a residual"),
        (with_gate("shared", "shared"), "and no other; yours sends click, like, buy, shared"),
        (replace(SHOP, towers="all"), "the last level"),
        (replace(SHOP, tasks=("like", "click", "buy")), "in this order"),
        (routing("mmoe", TASKS), "one is shared"),
        (routing("customized", TASKS), "should be a gate"),
    ],
    "09.3": [
        ("69", "without quotation marks"),
        (69.88, "round down"),
        (70, "six too many"),
        (71, "a bias for each unit"),
        (83, "two towers"),
        (104, "forgot the towers"),
        (41, "there once"),
        (68, "largest width that still fits"),
        (3415, "number of parameters"),
        (3458, "the budget"),
        (12, None),
        (108, "forgot the towers"),
        ([69, 8], "one number"),
        (lambda: 69, "call it"),
        (True, None),
    ],
}
