"""The check of exercise 10.4: from an export to a model."""

import numpy as np

from ple_tutorial.data.funnel import KINDS, make_funnel
from ple_tutorial.exercises.networks import as_model
from ple_tutorial.exercises.register import exercise
from ple_tutorial.training import predict

MOST = {
    "play": 0.75,
    "watch": 0.5,
    "like": 0.9,
}  # error on the task's own samples, as a share of the truth's variance there


@exercise("10.4")
def _from_an_export_to_a_model(answer):
    """A trained model for three tasks with nested sample spaces, scored against the truth in each of them, on new rows."""
    model = as_model(answer, KINDS, features=20)
    new = make_funnel(24_576, seed=10).take(slice(8_192, None))
    spaces, truth, found = new.data.mask, new.expected, predict(model, new.data)
    errors = {
        task: np.mean((found[task] - truth[task])[space] ** 2) / truth[task][space].var()
        for task, space in spaces.items()
    }
    if errors["play"] > 0.9 and errors["watch"] > 0.9:
        return f"on new rows the error of play is {errors['play']:.2f} of the variance: the model is hardly trained"
    if _nearer(found["watch"], truth["play"] * truth["watch"], truth["watch"]):
        return "watch predicts minutes per impression: the zeros of those who did not play were read as labels; give it a mask"
    likely = truth["like"][spaces["like"]].mean()
    if found["like"][spaces["like"]].mean() < 0.75 * likely:
        return (
            f"among those who were asked, like predicts {found['like'][spaces['like']].mean():.2f} in the mean, but it is "
            f"{likely:.2f}: its zeros were read as labels; who was not asked has none"
        )
    for task, most in MOST.items():
        if errors[task] > most:
            said = f"on new rows the error of {task} is {errors[task]:.2f} of the variance, and {most} is the most"
            if task != "like":
                return f"{said}: train for longer, or stop later"
            unsure = found[task][spaces[task]].std() < truth[task][spaces[task]].std()
            why = (
                "it has hardly learned yet: give it more weight, or more epochs"
                if unsure
                else "it has learned its noise by "
            )
            return f"{said}: {why}" + ("" if unsure else "heart, so stop earlier")
    return None


def _nearer(found, one, other):
    """Whether predictions lie nearer to one than to the other, by the mean squared difference."""
    return np.mean((found - one) ** 2) < np.mean((found - other) ** 2)
