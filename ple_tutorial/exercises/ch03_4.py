"""The check of exercise 03.4: loss weights for a loud task."""

from ple_tutorial.data.synthetic import PAIR, make_synthetic
from ple_tutorial.exercises.networks import as_model, gates_of, scores, trained_by
from ple_tutorial.exercises.register import exercise
from ple_tutorial.metrics import evaluate
from ple_tutorial.training import predict


@exercise("03.4")
def _a_loud_task(answer):
    """A trained hard-sharing model of two tasks whose labels have unlike units, scored on rows that are not in the notebook."""
    model = as_model(answer, PAIR, features=16)
    rows = make_synthetic(8_192, 0.5, features=16, sines=4, label_scale={"a": 10.0, "b": 1.0}, seed=2)
    new = rows.take(slice(4_096, None))
    trained = trained_by(model, new.take(slice(0, 256)))
    if gates_of(model):
        return "the model has gates; the exercise asks for hard sharing, one bottom for both tasks"
    if not any(tasks == {"a", "b"} for tasks in trained.values()):
        return "no part of the model is trained by both losses: the exercise asks for hard sharing"
    if own := [part for part, tasks in trained.items() if part.endswith("experts") and tasks != {"a", "b"}]:
        return f"{own[0]!r} serves one task alone; the exercise asks for hard sharing, one bottom for both tasks"
    share = {task: error / new.labels[task].var() for task, error in scores(model, new).items()}
    said = f"on new rows the error is {share['a']:.2f} of the variance for task a and {share['b']:.2f} for task b"
    if max(share.values()) <= 0.2:
        return None
    predicted = predict(model, new)
    in_hours = evaluate(new, predicted | {"a": 10 * predicted["a"]})["a", "mse"] / new.labels["a"].var()
    if in_hours < 0.2 < share["a"]:
        return "task a's predictions are ten times too small: keep its labels as they are, and change the weights"
    if min(share.values()) > 0.8:
        return f"{said}: it is hardly trained"
    if share["b"] > 0.2 and share["b"] > share["a"]:
        return f"{said}; both should be at most 0.2. Task a is still too loud: give it less weight"
    if share["a"] > 0.2 and share["a"] > share["b"]:
        return f"{said}; both should be at most 0.2. Now task b is too loud: give task a more weight"
    return f"{said}; both should be at most 0.2: train for longer, or with a higher learning rate"
