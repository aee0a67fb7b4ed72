"""One step of training, and the epoch of steps that is compiled as one program."""

from ple_tutorial.backend import keras, tf
from ple_tutorial.losses import task_loss


def train_step(model, optimizer, kinds, x, y, mask, weights):
    """Update the model's weights once, on one batch, and return the loss of each task.

    Args:
        model: a Keras model from ``x`` to ``{task: (batch, 1)}``.
        optimizer: a Keras optimizer, built for the model.
        kinds: ``{task: "binary" or "regression"}``.
        x: the features of the batch, as the model takes them.
        y, mask: ``{task: (batch,)}``, labels and which samples count (0, 1 or the sample's weight).
        weights: ``(tasks,)``, the weight of each task in the joint loss.

    Source: PLE paper, Eqs. 8 and 9.
    """
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        losses = tf.stack([task_loss(kind, y[t], outputs[t], mask[t]) for t, kind in kinds.items()])
        joint = optimizer.scale_loss(tf.reduce_sum(losses * weights) + sum(model.losses))
    gradients = tape.gradient(joint, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return losses


def epoch_function(model, optimizer, kinds):
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
            losses = train_step(model, optimizer, kinds, x, y, inside, weights)
            counts = tf.stack([tf.reduce_sum(inside[task]) for task in kinds])
            totals, samples = totals + losses * counts, samples + counts
        return totals, samples

    return epoch
