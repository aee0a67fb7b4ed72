"""The check of exercise 01.4: weights for a new model that keep the order of the feed."""

import numpy as np

from ple_tutorial.exercises.answers import as_dict, as_number, plain_word
from ple_tutorial.exercises.register import exercise
from ple_tutorial.ranking import fused_score


@exercise("01.4")
def _a_new_model_the_old_feed(answer):
    """Weights that keep the feed's order when a new model predicts powers and multiples; and the task beyond help."""
    old = {"VTR": 1.0, "VCR": 1.0, "SHR": 0.1, "CMR": 0.1}
    given = as_dict(answer, ("weights", "no weight helps"))
    lost = plain_word(given["no weight helps"]).upper()
    if lost in ("VTR", "SHR"):
        return f"a power is a weight in disguise, so a weight helps {lost}"
    if lost == "CMR":
        return "CMR is multiplied by a constant: that moves no video, so the weight it has will do"
    if lost != "VCR":
        return (
            f"'no weight helps' should name one of the tasks {', '.join(old)}, but it is {given['no weight helps']!r}"
        )
    weights = as_dict(given["weights"], tuple(old), "'weights'")
    weights = {task: as_number(weight, f"the weight of {task}") for task, weight in weights.items()}
    if min(weights.values()) < 0:
        return "a weight cannot be negative"
    rng = np.random.default_rng(0)
    ranges = {"VTR": (0.05, 0.95), "VCR": (0.05, 0.95), "SHR": (0.001, 0.1), "CMR": (0.001, 0.2)}
    before = {task: np.exp(rng.uniform(*np.log(ends), 300)) for task, ends in ranges.items()}
    after = before | {"VTR": before["VTR"] ** 2, "SHR": before["SHR"] ** 0.5, "CMR": 3 * before["CMR"]}
    seconds = np.exp(rng.normal(4, 1, 300))

    def order(predictions, weights):
        return np.argsort(fused_score(predictions, weights, seconds))

    if np.array_equal(order(before, old), order(after, weights)):
        return None
    right = old | {"VTR": 0.5, "SHR": 0.2}
    factors = {weights[task] / right[task] for task in old}
    if max(factors) - min(factors) < 1e-6:
        return f"all weights are {max(factors):g} times what they should be, and f has no weight: its say has changed"
    hints = {
        "VTR": "VTR is squared now, so half of its old weight does what the whole did",
        "SHR": "SHR is the root of what it was, which pulls the predictions together: it takes more weight, not less",
        "CMR": "CMR is three times what it was for every video, and a constant factor needs no other weight",
        "VCR": "for the check VCR comes from the old model, so it keeps its weight",
    }
    wrong = [task for task in hints if abs(weights[task] - right[task]) > 1e-6]
    return f"the order of 300 videos is not the old one: {hints[wrong[0]]}"
