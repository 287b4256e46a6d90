"""An answer is judged as a kind teacher would: what is right is right however it is written, a mistake is recognised."""

from __future__ import annotations

import pytest

from tutor.course.question import (
    ChoiceAnswer,
    ChoiceQuestion,
    NumbersAnswer,
    NumbersQuestion,
    Option,
    ShowMe,
    Wrong,
    fits,
    judge,
    settles,
)

NUMBERS = NumbersQuestion(
    id="q",
    prompt="What is `a.grad`?",
    subject="a.grad",
    numbers=(9.0, 36.0),
    shape=(2,),
    wrong=(
        Wrong((3.0, 12.0), "forgets-the-factor", "Mind the 3."),
        Wrong((9.0, -36.0), "sign-survives", "A square has no sign."),
    ),
    tolerance=1e-3,
    hint="Derive first.",
    why="Because of 9a².",
    check="a.grad",
    covers=frozenset({"a.grad"}),
    line=1,
)
CHOICE = ChoiceQuestion(
    id="leaf",
    prompt="Is d a leaf?",
    options=(Option("yes", True, None, ""), Option("no", False, "S18", "Look at grad_fn.")),
    hint="",
    why="It has no grad_fn.",
    check="",
    covers=frozenset(),
    line=1,
)


def test_the_right_numbers_are_right() -> None:
    verdict = judge(NUMBERS, NumbersAnswer((9.0, 36.00001)))
    assert verdict.right
    assert verdict.misconception is None
    assert verdict.hint == ""
    assert verdict.agrees == (True, True)


def test_a_known_mistake_gets_its_own_hint_and_shows_where_the_ways_part() -> None:
    verdict = judge(NUMBERS, NumbersAnswer((9.0, -36.0)))
    assert not verdict.right
    assert verdict.misconception == "sign-survives"
    assert verdict.hint == "A square has no sign."
    assert verdict.expected == ("9", "36")
    assert verdict.agrees == (True, False)


def test_an_unknown_mistake_gets_the_general_hint() -> None:
    verdict = judge(NUMBERS, NumbersAnswer((1.0, 2.0)))
    assert (verdict.misconception, verdict.hint) == (None, "Derive first.")


def test_show_me_is_neither_right_nor_a_mistake() -> None:
    verdict = judge(NUMBERS, ShowMe())
    assert verdict.shown
    assert not verdict.right
    assert verdict.misconception is None
    assert verdict.expected == ("9", "36")
    assert verdict.why == "Because of 9a²."


def test_an_option_is_judged_by_its_misconception() -> None:
    assert judge(CHOICE, ChoiceAnswer(0)).right
    wrong = judge(CHOICE, ChoiceAnswer(1))
    assert (wrong.right, wrong.misconception, wrong.hint) == (False, "S18", "Look at grad_fn.")
    assert wrong.expected == ("yes",)


@pytest.mark.parametrize("answer", [ChoiceAnswer(0), NumbersAnswer((1.0,))])
def test_an_answer_of_another_kind_is_refused(answer: ChoiceAnswer | NumbersAnswer) -> None:
    with pytest.raises(ValueError, match="'q'"):
        judge(NUMBERS, answer)


def test_the_right_answer_and_being_shown_settle_a_question() -> None:
    assert settles(NUMBERS, NumbersAnswer((9.0, 36.0)))
    assert settles(NUMBERS, ShowMe())
    assert not settles(NUMBERS, NumbersAnswer((9.0, -36.0)))
    assert not settles(NUMBERS, None)


def test_a_kept_answer_to_what_was_another_question_counts_for_nothing() -> None:
    assert not fits(NUMBERS, NumbersAnswer((9.0,)))
    assert not fits(CHOICE, ChoiceAnswer(2))
    assert not settles(CHOICE, NumbersAnswer((1.0,)))
