"""The checks of chapter 02: Negative transfer."""

import numpy as np

from ple_tutorial.exercises.answers import array_wrong
from ple_tutorial.exercises.register import exercise


@exercise("02.1")
def _smallest_cosine(answer):
    """The smallest cos(b, c) that exists with cos(a, b) = cos(a, c) = 0.6."""
    if wrong := array_wrong(answer, (), "the answer"):
        return wrong
    right, p = 2 * 0.6**2 - 1, float(answer)  # b and c on opposite sides of a, both 53 degrees from it
    if abs(p - right) < 0.005:
        return None
    if not -1 <= p <= 1:
        return f"a cosine lies between -1 and 1, but {p:g} does not"
    if p < right:
        lowest = np.linalg.eigvalsh([[1, 0.6, 0.6], [0.6, 1, p], [0.6, p, 1]])[0]
        return f"no three vectors have these cosines: the matrix has the negative eigenvalue {lowest:.3f}"
    return f"such vectors exist with {p:g}, but b and c can stand further apart"


@exercise("02.2")
def _gains(answer):
    """A function gains(metric, multi_task, single_task) -> one gain for each pair."""
    single, multi = np.array([0.5, 0.7, 0.6]), np.array([0.4, 0.8, 0.6])
    for metric, sign in (("auc", 1), ("mse", -1)):
        came = np.asarray(answer(metric, multi, single), float)
        if came.shape != (3,):
            return f"three pairs should give three gains, but the shape is {came.shape}; the mean comes later"
        if np.allclose(came, -sign * (multi - single)):
            return f"the sign is turned for {metric}: a {'lower' if sign < 0 else 'higher'} {metric} is better"
        if np.allclose(came, sign * (multi - single) / single):
            return "this is the relative gain; Eq. 11 takes the plain difference"
        if not np.allclose(came, sign * (multi - single)):
            return f"for {metric} the gains are not the differences within the pairs"
    return None


@exercise("02.3")
def _interval(answer):
    """A function interval(gains) -> (low, high), the 95 % percentile bootstrap of the mean."""
    gains = np.random.default_rng(5).normal(0.01, 0.02, 40)
    low, high = (float(end) for end in answer(gains))
    means = np.random.default_rng(0).choice(gains, (40_000, 40)).mean(axis=1)
    right_low, right_high = np.quantile(means, (0.025, 0.975))
    if low > high:
        return "the lower end is above the upper end"
    width, right = high - low, right_high - right_low
    if width < 0.02 * right:
        return "the interval has no width: resample with replacement, or every resample has the same mean"
    if width > 3 * right:
        return "the interval is far too wide: take the quantiles of the resampled means, not of the gains"
    if max(abs(low - right_low), abs(high - right_high)) > 0.06 * right:
        return f"its ends should be near {right_low:.4f} and {right_high:.4f}, but are {low:.4f} and {high:.4f}"
    return None
