"""One step of training, and the epoch of steps that is compiled as one program."""

from ple_tutorial.backend import keras, tf
from ple_tutorial.balancing import Step, made_gradients, made_joint
from ple_tutorial.losses import task_loss


def train_step(model, optimizer, balance, state, kinds, x, y, mask, weights):
    """Update the model's weights once, on one batch, and return the tasks' losses ``(tasks,)``.

    Args:
        model: a Keras model from ``x`` to ``{task: (batch, 1)}``.
        optimizer: a Keras optimizer, built for the trainable variables of the model and of ``state``.
        balance, state: a ``balancing.Balance`` and its own variables.
        kinds: ``{task: "binary" or "regression"}``.
        x: the features of the batch, as the model takes them.
        y, mask: ``{task: (batch,)}``, labels and which samples count (0, 1 or the sample's weight).
        weights: ``(tasks,)``, the weight of each task in the joint loss.

    Source: PLE paper, Eqs. 8 and 9.
    """
    with tf.GradientTape(persistent=True) as tape:
        outputs = model(x, training=True)
        losses = {t: task_loss(kind, y[t], outputs[t], mask[t]) for t, kind in kinds.items()}
        joint = made_joint(balance, losses, weights, state) + sum(model.losses)

    def gradient(loss, variables):
        return tape.gradient(loss, variables, output_gradients=optimizer.scale_loss(tf.ones_like(loss)))

    variables = trainable(model, state)
    scale = optimizer.scale_loss(tf.ones(()))
    gradients = made_gradients(balance, Step(losses, weights, joint, variables, state, gradient, scale))
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return tf.stack(list(losses.values()))


def trainable(model, state):
    """Return what the optimizer trains: the model's trainable variables, then those of the balance's ``state``."""
    return [*model.trainable_variables, *(variable for variable in state.values() if variable.trainable)]


def epoch_function(model, optimizer, balance, state, kinds):
    """Return a function of tensors that runs all steps of one epoch, for ``tf.function`` to compile.

    It returns two tensors ``(tasks,)``: the sum of each task's losses, and over how many samples.
    """

    def epoch(features, labels, mask, order, steps, weights):
        totals, samples = tf.zeros(len(kinds)), tf.zeros(len(kinds))
        for step in tf.range(steps):
            rows = order[step]
            filled, rows = tf.cast(rows >= 0, tf.float32), tf.where(rows >= 0, rows, -1 - rows)
            x = keras.tree.map_structure(lambda part: tf.gather(part, rows), features)  # noqa: B023
            y = {task: tf.gather(labels[task], rows) for task in kinds}
            inside = {task: tf.cast(tf.gather(mask[task], rows), tf.float32) * filled for task in kinds}
            losses = train_step(model, optimizer, balance, state, kinds, x, y, inside, weights)
            counts = tf.stack([tf.reduce_sum(inside[task]) for task in kinds])
            totals, samples = totals + losses * counts, samples + counts
        return totals, samples

    return epoch
