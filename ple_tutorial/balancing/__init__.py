"""Balancing: what happens between the losses of the tasks and the optimizer.

Give one of these to ``fit(..., balance=...)``: ``Balance`` (the weighted sum, which is the default), ``Uncertainty`` and
``GradNorm`` (weights that change while the model trains), ``PCGrad`` and ``CAGrad`` (gradients that are changed where tasks
share a variable). A method of your own is derived from ``Balance``, see ``interface.py``.
"""

from ple_tutorial.balancing.interface import Balance, Step, check_balance, made_gradients, made_joint, made_state
from ple_tutorial.balancing.surgery import CAGrad, PCGrad
from ple_tutorial.balancing.weighting import GradNorm, Uncertainty

__all__ = [
    "Balance",
    "CAGrad",
    "GradNorm",
    "PCGrad",
    "Step",
    "Uncertainty",
    "check_balance",
    "made_gradients",
    "made_joint",
    "made_state",
]
