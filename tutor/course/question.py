"""One question of a lesson and the judgement of an answer to it. Read from a lesson by `reader`, asked by the window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import assert_never


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong answer that reveals a misconception, and the hint that fits it (Markdown, like all texts of a question)."""

    numbers: tuple[float, ...]
    misconception: str
    hint: str


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. A wrong one carries its misconception; `value` is what `check` gives when this option is right."""

    text: str
    right: bool
    misconception: str | None
    hint: str
    value: object = None


@dataclass(frozen=True, slots=True)
class NumbersQuestion:
    """Asks for the elements of a tensor, one box an element, row by row."""

    id: str
    prompt: str
    subject: str
    """What stands before the boxes: `a.grad`."""
    numbers: tuple[float, ...]
    shape: tuple[int, ...]
    wrong: tuple[Wrong, ...]
    tolerance: float
    """Largest relative error that still counts as the same number."""
    hint: str
    why: str
    check: str
    """The expression on the state of torch that gives the right answer: `x.grad * 0.01`."""
    covers: frozenset[str]
    line: int


@dataclass(frozen=True, slots=True)
class ChoiceQuestion:
    """Asks for one option of several, exactly one of them right."""

    id: str
    prompt: str
    options: tuple[Option, ...]
    hint: str
    why: str
    check: str
    """As for numbers; empty where torch cannot tell."""
    covers: frozenset[str]
    line: int

    @property
    def right(self) -> Option:
        return next(option for option in self.options if option.right)


Question = NumbersQuestion | ChoiceQuestion


@dataclass(frozen=True, slots=True)
class NumbersAnswer:
    """What the learner typed, read. `sure` is None where they did not say."""

    numbers: tuple[float, ...]
    sure: bool | None = None


@dataclass(frozen=True, slots=True)
class ChoiceAnswer:
    """The chosen option's place from 0."""

    option: int
    sure: bool | None = None


@dataclass(frozen=True, slots=True)
class ShowMe:
    """ "I don't know, show me": an honest answer."""


Answer = NumbersAnswer | ChoiceAnswer | ShowMe


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one answer, with what is shown beside it.

    `expected` are torch's chips; `agrees` says element by element where the learner's part from them.
    """

    right: bool
    misconception: str | None = None
    hint: str = ""
    why: str = ""
    expected: tuple[str, ...] = ()
    agrees: tuple[bool, ...] = ()
    shown: bool = False
    """The learner asked to be shown."""


def judge(question: Question, answer: Answer) -> Verdict:
    """Raises ValueError for an answer of another kind than the question's (or of another count of numbers)."""
    match question, answer:
        case _, ShowMe():
            return Verdict(False, why=question.why, expected=_expected(question), shown=True)
        case NumbersQuestion(), NumbersAnswer() if len(answer.numbers) == len(question.numbers):
            return _judge_numbers(question, answer.numbers)
        case ChoiceQuestion(), ChoiceAnswer() if 0 <= answer.option < len(question.options):
            return _judge_choice(question, question.options[answer.option])
        case _:
            raise ValueError(f"{answer} is no answer to the question {question.id!r}")


def fits(question: Question, answer: Answer) -> bool:
    """Whether the answer is one to this question: an update of the lesson may have changed it since it was kept."""
    match answer:
        case ShowMe():
            return True
        case NumbersAnswer():
            return isinstance(question, NumbersQuestion) and len(answer.numbers) == len(question.numbers)
        case ChoiceAnswer():
            return isinstance(question, ChoiceQuestion) and 0 <= answer.option < len(question.options)
        case _:
            assert_never(answer)


def settles(question: Question, answer: Answer | None) -> bool:
    """Whether nothing need stay covered after this answer: it is right, or the learner was shown."""
    if answer is None or not fits(question, answer):
        return False
    return isinstance(answer, ShowMe) or judge(question, answer).right


def same_number(one: float, other: float, tolerance: float) -> bool:
    """Equal up to a relative error; NaN equals NaN, and nothing but itself equals infinity."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or math.isclose(one, other, rel_tol=tolerance, abs_tol=0.0)


def number_text(number: float) -> str:
    """As a chip shows it: 9, 0.06, −2.5, nan."""
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    return f"{number:.6g}".replace("-", "−")


def _judge_numbers(question: NumbersQuestion, given: tuple[float, ...]) -> Verdict:
    agrees = tuple(
        same_number(mine, torchs, question.tolerance)
        for mine, torchs in zip(given, question.numbers, strict=True)
    )
    right = all(agrees)
    mistake = None if right else _mistake(question, given)
    return Verdict(
        right,
        misconception=mistake.misconception if mistake else None,
        hint="" if right else (mistake.hint if mistake else question.hint),
        why=question.why,
        expected=_expected(question),
        agrees=agrees,
    )


def _mistake(question: NumbersQuestion, given: tuple[float, ...]) -> Wrong | None:
    for wrong in question.wrong:
        pairs = zip(given, wrong.numbers, strict=True)
        if all(same_number(mine, theirs, question.tolerance) for mine, theirs in pairs):
            return wrong
    return None


def _judge_choice(question: ChoiceQuestion, chosen: Option) -> Verdict:
    return Verdict(
        chosen.right,
        misconception=chosen.misconception,
        hint="" if chosen.right else (chosen.hint or question.hint),
        why=question.why,
        expected=_expected(question),
        agrees=(chosen.right,),
    )


def _expected(question: Question) -> tuple[str, ...]:
    match question:
        case NumbersQuestion():
            return tuple(map(number_text, question.numbers))
        case ChoiceQuestion():
            return (question.right.text,)
        case _:
            assert_never(question)
