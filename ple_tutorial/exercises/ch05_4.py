"""The check of exercise 05.4: a model with a noisy neighbour."""

from dataclasses import replace

import numpy as np

from ple_tutorial.data.synthetic import PAIR, make_synthetic
from ple_tutorial.exercises.networks import as_model, scores, trained_by
from ple_tutorial.exercises.register import exercise


@exercise("05.4")
def _beside_a_noisy_neighbour(answer):
    """A trained model that shares an expert with a loud task of pure noise, and keeps task a's error low."""
    model = as_model(answer, PAIR, features=17)
    plain = make_synthetic(9_500, 0.0, features=16, sines=4, seed=7)
    rows = replace(plain, features=np.pad(plain.features, ((0, 0), (0, 1)), constant_values=1.0))
    train, _ = rows.take(slice(0, 5_500)).split((3 / 11, 8 / 11), seed=7)
    noise = np.random.default_rng(7).permutation(train.labels["b"])
    train, new = replace(train, labels=train.labels | {"b": noise}), rows.take(slice(5_500, None))
    trained = trained_by(model, new.take(slice(0, 256)))
    both = [part for part, tasks in trained.items() if tasks == {"a", "b"}]
    if not both:
        return "nothing in the model is trained by both losses, so the tasks share nothing: keep a shared expert"
    error, learnt = scores(model, new)["a"], scores(model, train)["b"] / train.labels["b"].var()
    if error > 0.7:
        return f"the error of task a on new rows is {error:.2f}: the model is hardly trained"
    if learnt > 0.9:
        return (
            f"task b's error on the training rows is {learnt:.2f} of the variance, so its loss had no say: train with "
            "loss_weights={'b': 16.0}, on the noisy labels"
        )
    said = f"the error of task a on new rows is {error:.3f}, and 0.035 is the most"
    if error <= 0.035:
        return None
    if not any(part.endswith("experts") for part, tasks in trained.items() if tasks == {"a"}):
        return (
            f"{said}: the noise also trains every expert that task a uses. Which architecture gives it one of its own?"
        )
    if polluted := [part for part in both if part.endswith(" a experts")]:
        return f"{said}: the noise also trains the {polluted[0]}, which were to be task a's own"
    return f"{said}: train as in `how`, for 40 epochs with a learning rate of 1e-2"
