"""The ladder of questions: every question, every answer and the end are drawn and said."""

import pytest

from ple_tutorial.plots.ladder import Step, ladder

STEPS = [
    Step("Is it dark?", "yes", "make light", "measured: 3 of 4"),
    Step("Is it cold?", "no", "open the window", "measured: 1 of 4"),
]


def test_every_part_is_drawn_and_said():
    fig = ladder(STEPS, "sit down")
    texts = [" ".join(text.get_text().split()) for text in fig.axes[0].texts if text.get_text()]
    assert texts == [
        "yes", "no", "Is it dark?", "make light measured: 3 of 4",
        "no", "yes", "Is it cold?", "open the window measured: 1 of 4",
        "sit down",
    ]  # fmt: skip
    assert fig.get_label() == (
        "A ladder of questions. Is it dark? If yes: make light (measured: 3 of 4). Is it cold? If no: open the window "
        "(measured: 1 of 4). In the end: sit down."
    )


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "steps: expected at least one Step"),
        (["Is it dark?"], "steps: expected at least one Step"),
        ([Step("Is it dark?", "maybe", "wait", "")], "answer: expected one of yes, no, got 'maybe'"),
    ],
)
def test_a_ladder_without_steps_or_answers_is_refused(steps, said):
    with pytest.raises(ValueError, match=said):
        ladder(steps, "sit down")
