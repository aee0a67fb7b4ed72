"""Which variables several tasks share, and the gradients of each task there."""

from ple_tutorial.backend import tf


def task_gradients(step):
    """Return the gradients of each task's loss, one list a task: a dense tensor or None for each of ``step.variables``.

    As all gradients of a step, they are multiplied by the loss scale; they are not multiplied by the loss weights.
    """
    found = [step.gradient(loss, step.variables) for loss in step.losses.values()]
    return [[None if gradient is None else tf.convert_to_tensor(gradient) for gradient in task] for task in found]


def shared(by_task):
    """Return ``{place of the variable: tasks that have a gradient there}`` for the variables of two tasks or more.

    Example:
        >>> shared([[1.0, None, 2.0], [3.0, 4.0, None], [5.0, None, None]])
        {0: [0, 1, 2]}
    """
    owners = [[t for t, g in enumerate(several) if g is not None] for several in zip(*by_task, strict=True)]
    return {place: tasks for place, tasks in enumerate(owners) if len(tasks) > 1}


def last_shared_layer(by_task, variables):
    """Return the places of the variables of the last shared layer, and its tasks; two empty lists if nothing is shared.

    A layer is the variables whose path differs in the last part alone. The layer with the most tasks counts, and among
    several of these the last one in the order of ``variables``, which is that from the features to the predictions.
    """
    layers = {}
    for place, tasks in shared(by_task).items():
        layer = layers.setdefault(variables[place].path.rpartition("/")[0], ([], set()))
        layer[0].append(place)
        layer[1].update(tasks)
    if not layers:
        return [], []
    places, tasks = max(reversed(layers.values()), key=lambda layer: len(layer[1]))
    return places, sorted(tasks)
