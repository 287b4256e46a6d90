"""`check` refuses a lesson that claims what torch does not say, that gives its answer away, or that misses a mistake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from tutor.course.lesson import Lesson, Part
from tutor.course.proof import text_faults, trace_faults, twin_faults
from tutor.course.question import ChoiceQuestion, NumbersQuestion, Option, Question
from tutor.course.reader import read_lesson
from tutor.course.words import slips
from tutor.protocol import Failure
from tutor.source.disk import DocumentError
from tutor.trace.file import read_trace
from tutor.trace.trace import Trace

LESSONS = Path(__file__).parents[2] / "lessons"
T = TypeVar("T")


@pytest.fixture
def lesson() -> Lesson:
    return read_lesson(LESSONS / "02-q" / "en.md")


@pytest.fixture
def trace(lesson: Lesson) -> Trace:
    return read_trace(lesson.trace_path)


def reasons(faults: Iterable[DocumentError]) -> list[str]:
    return [fault.reason for fault in faults]


def with_part(lesson: Lesson, place: int, part: Part) -> Lesson:
    return replace(lesson, parts=(*lesson.parts[:place], part, *lesson.parts[place + 1 :]))


def asking(lesson: Lesson, question: Question) -> Lesson:
    """The lesson with another question in its last part."""
    return with_part(lesson, 4, replace(lesson.parts[4], question=question, covers=question.covers))


def asked(lesson: Lesson) -> NumbersQuestion:
    question = lesson.parts[4].question
    assert isinstance(question, NumbersQuestion)
    return question


def test_a_good_lesson_has_no_fault(lesson: Lesson, trace: Trace) -> None:
    assert reasons(trace_faults(lesson, trace)) == []


def test_a_right_answer_that_torch_does_not_give_is_refused(lesson: Lesson, trace: Trace) -> None:
    told = list(trace_faults(asking(lesson, replace(asked(lesson), numbers=(9.0, 37.0))), trace))
    assert "torch says a.grad = [9.0, 36.0], and the right answer here is another one" in reasons(told)
    assert told[0].line == asked(lesson).line


def test_an_answer_of_another_shape_is_refused(lesson: Lesson, trace: Trace) -> None:
    question = replace(asked(lesson), check="a.grad[0]", numbers=(9.0, 36.0))
    assert any("torch says" in reason for reason in reasons(trace_faults(asking(lesson, question), trace)))


def test_a_check_that_cannot_be_read_is_refused(lesson: Lesson, trace: Trace) -> None:
    question = replace(asked(lesson), check="nothing.grad")
    assert "“check”: no tensor is called nothing" in reasons(trace_faults(asking(lesson, question), trace))


def test_an_answer_in_sight_is_refused_with_the_place_where_it_stands(lesson: Lesson, trace: Trace) -> None:
    """With the first numbers of this lesson the gradient of a collides with b² and 3a³, in the same picture."""
    question = replace(asked(lesson), numbers=(36.0, 81.0), wrong=())
    part = replace(lesson.parts[2], question=question, covers=frozenset({"a.grad"}))
    moved = with_part(with_part(lesson, 2, part), 4, replace(lesson.parts[4], question=None))
    assert reasons(trace_faults(moved, trace)) == [
        f"the right answer {number} is in sight: the value of an intermediate; cover it or ask with other numbers"
        for number in (36, 81)
    ]


def test_an_answer_that_is_not_covered_is_in_sight(lesson: Lesson, trace: Trace) -> None:
    part = replace(lesson.parts[4], covers=frozenset())
    told = reasons(trace_faults(with_part(lesson, 4, part), trace))
    assert "the right answer 9 is in sight: the gradient of a; cover it or ask with other numbers" in told


def test_an_answer_in_the_text_or_the_code_is_refused(lesson: Lesson, trace: Trace) -> None:
    part = replace(lesson.parts[4], markdown="It is 36, you know.")
    told = reasons(trace_faults(with_part(lesson, 4, part), trace))
    assert (
        "the right answer 36 is in sight: the text of this part; cover it or ask with other numbers" in told
    )


def test_a_mistake_that_counts_as_right_is_not_caught(lesson: Lesson, trace: Trace) -> None:
    question = replace(asked(lesson), tolerance=3.0)
    told = reasons(trace_faults(asking(lesson, question), trace))
    assert any("is not told apart from another" in reason for reason in told)


def test_a_mistake_without_a_hint_is_refused(lesson: Lesson, trace: Trace) -> None:
    first, *rest = asked(lesson).wrong
    question = replace(asked(lesson), wrong=(replace(first, hint=" "), *rest))
    told = reasons(trace_faults(asking(lesson, question), trace))
    assert "the mistake local-derivative-only has no hint" in told


@pytest.mark.parametrize(("value", "right"), [(True, True), (False, False), (None, False)])
def test_a_choice_is_held_against_torch_too(lesson: Lesson, trace: Trace, value: object, right: bool) -> None:
    options = (Option("yes", True, None, "", value), Option("no", False, "S18", "Look again."))
    question = ChoiceQuestion("leaf", "?", options, "Think.", "So.", "a.is_leaf", frozenset(), 1)
    told = reasons(trace_faults(asking(lesson, question), trace))
    assert any("torch says a.is_leaf = True" in reason for reason in told) is not right


def test_a_lesson_whose_code_fails_is_refused(lesson: Lesson, trace: Trace) -> None:
    trace.error = Failure(type="RuntimeError", message="no", span=None, step=0)
    assert "the lesson's code fails: RuntimeError: no" in reasons(trace_faults(lesson, trace))


def test_a_stop_that_is_never_reached_is_refused(lesson: Lesson, trace: Trace) -> None:
    stop = replace(lesson.parts[2].stops[0], name="nothing")
    part = replace(lesson.parts[2], stops=(stop,))
    told = reasons(trace_faults(with_part(lesson, 2, part), trace))
    assert any("a stop of “The gradients come back” is never reached" in reason for reason in told)


def test_a_formula_that_cannot_be_drawn_is_refused_at_its_line(lesson: Lesson, tmp_path: Path) -> None:
    text = lesson.path.read_text("utf-8")
    broken = tmp_path / "en.md"
    broken.write_text(text.replace("Q = 3a^3 - b^2\n$$", "Q = \\foo 3a^3\n$$"), "utf-8")
    told = list(text_faults(read_lesson(broken)))
    assert reasons(told) == ["the formula “Q = \\foo 3a^3” cannot be drawn: \\foo"]
    assert told[0].line == text.splitlines().index("Q = 3a^3 - b^2") + 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("los tensores de la antorcha", "antorcha"),
        ("las calificaciones de a", "calificaciones"),
        ("una graduación", "graduación"),
        ("la gradiente de Q", "la gradiente"),
        ("llamamos a hacia atrás", "llamamos a hacia atrás"),
        ("usa `hacia_atrás()`", "`hacia_atrás()`"),
        ("despegar el tensor", "despegar"),
        ("la Gráfica de Q", "Gráfica"),
        ("el gráfico de Q", "gráfico"),
        ("la learning rate de aprendizaje", "learning rate de aprendizaje"),
    ],
)
def test_a_word_that_the_course_does_not_say_is_found(text: str, word: str) -> None:
    assert [(slip.line, slip.word) for slip in slips(f"bien\n{text}")] == [(2, word)]


@pytest.mark.parametrize(
    "text",
    [
        "la propagación hacia atrás",
        "el gráfico computacional",
        "los gradientes vuelven",
        "`backward()` va hacia atrás",
        "el grafo",
    ],
)
def test_what_the_course_says_is_let_through(text: str) -> None:
    assert list(slips(text)) == []


def test_twins_must_teach_the_same(lesson: Lesson) -> None:
    spanish = read_lesson(LESSONS / "02-q" / "es.md")
    assert reasons(twin_faults(spanish, lesson)) == []
    shorter = replace(lesson, parts=lesson.parts[:4])
    assert reasons(twin_faults(spanish, shorter)) == [
        "another count of parts than in en.md; both languages teach one lesson"
    ]
    other = asking(lesson, replace(asked(lesson), numbers=(1.0, 2.0)))
    assert "another code, pane, stop or question in “Ahora tú”" in reasons(twin_faults(spanish, other))[0]
