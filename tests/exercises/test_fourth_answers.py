"""The fourth exercise of each chapter: right answers pass, wrong ones are told their mistake, and models stay as they are."""

import numpy as np
import pytest
from answers import fourth

from ple_tutorial.course import notebooks
from ple_tutorial.exercises import exercises_of, verdict

CHAPTERS = [path.stem[:2] for path in notebooks.chapters() if path.stem[0] != "A"]  # an appendix has no exercises
pytestmark = pytest.mark.filterwarnings(  # in Keras's LearningRateScheduler
    "ignore:__array__ implementation:DeprecationWarning"
)


@pytest.mark.parametrize("name", sorted(fourth.RIGHT))
def test_right_answers_pass(name):
    said = {number: verdict(name, answer()) for number, answer in enumerate(fourth.RIGHT[name])}
    assert {number: pair for number, pair in said.items() if pair != (True, "right.")} == {}


@pytest.mark.parametrize("name", sorted(fourth.WRONG))
def test_wrong_answers_are_told_their_mistake(name):
    surprises = {}
    for number, (answer, phrase) in enumerate(fourth.WRONG[name]):
        right, sentence = verdict(name, answer())
        if right or not sentence.startswith("not yet: ") or phrase not in sentence:
            surprises[number, phrase] = sentence
    assert surprises == {}


def test_every_chapter_has_a_fourth_exercise_with_answers():
    assert sorted(fourth.RIGHT) == sorted(fourth.WRONG) == [f"{chapter}.4" for chapter in CHAPTERS]
    assert all(f"{chapter}.4" in exercises_of(chapter) for chapter in CHAPTERS)
    for name in fourth.RIGHT:
        assert len(fourth.RIGHT[name]) >= 2 and len(fourth.WRONG[name]) >= 4


@pytest.mark.parametrize("name", ["00.4", "03.4", "04.4", "05.4", "09.4", "10.4", "11.4"])
def test_no_answer_and_a_number_are_no_model(name):
    assert verdict(name, None) == (False, "no answer yet.")
    assert "this is a number" in verdict(name, 3)[1]


def test_an_answer_keeps_its_weights():
    answer = fourth.rises()
    before = answer["model"].get_weights()
    assert verdict("07.4", answer)[0]
    for weight, kept in zip(answer["model"].get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)
