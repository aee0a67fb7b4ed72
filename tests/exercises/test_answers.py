"""Every answer of tests/answers is judged: right ones pass, wrong ones do not, and most sentences name the mistake."""

import copy
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ple_tutorial import exercises
from ple_tutorial.exercises import exercises_of, functions, register, verdict
from ple_tutorial.exercises.answers import number_mistake
from ple_tutorial.exercises.functions import function_mistake

RIGHT, WRONG = {}, {}
for path in sorted((Path(__file__).parents[1] / "answers").glob("ch*.py")):
    answers = importlib.import_module(f"answers.{path.stem}")
    RIGHT |= answers.RIGHT
    WRONG |= answers.WRONG
NAMES = sorted(RIGHT)
FUNCTIONS = [name for name in NAMES if callable(RIGHT[name][0])]


@pytest.mark.parametrize("name", NAMES)
def test_right_answers_pass(name):
    said = {number: verdict(name, answer) for number, answer in enumerate(RIGHT[name])}
    assert {number: pair for number, pair in said.items() if pair != (True, "right.")} == {}


@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_do_not_pass_and_their_mistake_is_named(name):
    surprises = {}
    for number, (answer, phrase) in enumerate(WRONG[name]):
        right, sentence = verdict(name, answer)
        if right or not sentence.startswith("not yet: ") or (phrase and phrase not in sentence):
            surprises[number, phrase] = sentence
    assert surprises == {}


def test_the_lists_are_long_and_three_quarters_of_the_mistakes_are_named():
    right, wrong = (sum(map(len, answers.values())) for answers in (RIGHT, WRONG))
    named = sum(phrase is not None for answers in WRONG.values() for _, phrase in answers)
    print(f"{right} right answers, {wrong} wrong ones; the sentence names the mistake of {named} ({named / wrong:.0%})")
    assert set(RIGHT) == set(WRONG) and wrong >= 300 and right >= 120 and named >= 0.75 * wrong
    assert all(len(RIGHT[name]) >= 3 and len(WRONG[name]) >= 10 for name in NAMES)


def test_every_exercise_has_answers():
    """The fourth exercise of a chapter asks to train, change or decide something, and has tests of its own."""
    for chapter in sorted({name[:2] for name in NAMES}):
        listed = [name for name in NAMES if name.startswith(chapter)]
        assert [name for name in exercises_of(chapter) if not name.endswith(".4")] == listed


# ---- what is common to all exercises


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_is_no_mistake(name):
    for answer in (None, ..., {"A": ..., "B": None}):
        assert verdict(name, answer) == (False, "no answer yet.")


def forgets_return(function):
    def forgotten(*arguments):
        function(*arguments)

    return forgotten


def prints(function):
    return lambda *arguments: print(function(*arguments))


def exits(function):
    return lambda *arguments: sys.exit()


def returns_itself(function):
    return lambda *arguments: function


def returns_text(function):
    return lambda *arguments: str(function(*arguments))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (forgets_return, "it returned nothing: end the function with a `return`"),
        (prints, "it prints its result and returns nothing"),
        (exits, "an answer must not call exit"),
        (returns_itself, "it is a function"),
        (returns_text, "text"),
        (lambda function: lambda: function, "the function should take "),
        (lambda function: 3, "hand in the function itself, not what it returns; this is a number"),
        (lambda function: np.zeros(3), "this is an array of shape (3,)"),
        (lambda function: "function", "hand in the function itself, not what it returns; this is text"),
        (lambda function: (function,), "look for a comma"),
    ],
)
def test_what_is_no_function_of_the_arguments(name, change, phrase):
    right, sentence = verdict(name, change(RIGHT[name][0]))
    assert not right and phrase in sentence


def wrecking(function, seen):
    """Return ``function``, made to destroy its arguments after it has used them; ``seen`` gets what it was called with."""

    def wrecked(*arguments):
        seen.append(repr(arguments))
        result = function(*copy.deepcopy(arguments))
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument[...] = 0
            elif isinstance(argument, (list, dict)):
                argument.clear()
        return result

    return wrecked


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_get_copies_of_several_inputs(name):
    seen = []
    assert verdict(name, wrecking(RIGHT[name][0], seen)) == (True, "right.")
    assert len(set(seen)) >= 2


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FUNCTIONS])
def test_a_function_is_no_number_table_or_dict(name):
    right, sentence = verdict(name, lambda: RIGHT[name][0])
    assert not right and "function" in sentence


def test_every_known_mistake_has_its_own_sentence(monkeypatch):
    """No two mistakes of an exercise are the same, and none is right: otherwise a sentence could never be shown."""
    calls = []

    def spy(judge):
        def recorded(*arguments, **named):
            calls.append((judge, arguments, named))
            return judge(*arguments, **named)

        return recorded

    for chapter in {name[:2] for name in NAMES}:
        module = importlib.import_module(f"ple_tutorial.exercises.ch{chapter}")
        for judge in (number_mistake, function_mistake):
            if hasattr(module, judge.__name__):
                monkeypatch.setattr(module, judge.__name__, spy(judge))
    for name in NAMES:
        assert verdict(name, RIGHT[name][0])[0]
    assert len(calls) > 20
    surprises = {}
    for judge, (_, *rest), named in calls:
        mistakes = rest[1] if judge is number_mistake else rest[3]
        for sentence, mistake in mistakes.items():
            if (said := judge(mistake, *rest, **named)) != sentence:
                surprises[sentence] = said
    assert not surprises, "\n".join(f"{sentence!r} is hidden by {said!r}" for sentence, said in surprises.items())


# ---- verdict and check


@pytest.mark.parametrize("name", ["4.2", 4.2, " 04.2 ", "04.2"])
def test_names_may_lack_the_zero(name, capsys):
    exercises.check(name, 14_818)
    assert capsys.readouterr().out == "04.2 right.\n"


@pytest.mark.parametrize("name", ["11.3", 11.3, " 11.3 "])
def test_names_may_be_numbers_of_two_digits(name):
    assert verdict(name, 2) == (True, "right.")


@pytest.mark.parametrize("name", ["04.9", "4", 4, None, print])
def test_an_unknown_exercise_is_refused(name):
    with pytest.raises(ValueError, match=r"name: expected one of 00\.1"):
        exercises.check(name, 3)


def test_a_keyboard_interrupt_is_not_swallowed():
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict("04.1", interrupted)


class Trap:
    """An answer that exits as soon as it is looked at."""

    def __array__(self, *_, **__):
        raise SystemExit(3)

    def __getattr__(self, name):
        raise SystemExit(3)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_exits_does_not_end_the_run(name):
    right, sentence = verdict(name, Trap())
    assert not right and sentence.startswith("not yet: ")


def test_what_a_function_prints_is_shown(capsys):
    verdict("07.3", lambda weights, limit: print("looking") or (weights.max(axis=1) > limit).mean())
    assert "looking\n" in capsys.readouterr().out


def test_a_check_needs_tensorflow_only_if_its_answer_is_a_model():
    code = (
        "import sys; from ple_tutorial.exercises import check; check('04.2', 14818); print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "04.2 right.\nFalse\n"


@pytest.mark.parametrize("module", [register, functions])
def test_examples(module):
    assert doctest.testmod(module).failed == 0
