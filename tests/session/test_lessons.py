"""A lesson in the session: its parts, what is covered, the learner's own text, the two languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from tests.session.fake_kernel import FakeKernel
from tutor.course.catalogue import lesson_path
from tutor.course.question import NumbersAnswer, NumbersQuestion, ShowMe
from tutor.course.reader import read_lesson
from tutor.i18n import language, use_language
from tutor.protocol import Step
from tutor.session.message import Message
from tutor.session.session import Session
from tutor.session.settings import Settings

LESSON = "00-slope"


def made(kernel: FakeKernel, folder: Path) -> Session:
    store = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    return Session(kernel, Settings(store, folder / "data"))


@pytest.fixture
def session(kernel: FakeKernel, tmp_path: Path) -> Iterator[Session]:
    before = language()
    use_language("en")
    session = made(kernel, tmp_path)
    session.open_lesson(LESSON)
    yield session
    session.deleteLater()
    use_language(before)


def question(session: Session) -> NumbersQuestion:
    assert session.lesson is not None
    asked = session.lesson.questions[0]
    assert isinstance(asked, NumbersQuestion)
    return asked


def go_to_question(session: Session) -> None:
    assert session.lesson is not None
    session.go_to_part(session.lesson.part_of(question(session).id))


def test_a_part_shows_the_code_of_the_parts_up_to_it(session: Session) -> None:
    assert session.lesson is not None
    assert [cell.id for cell in session.visible_cells] == list(session.lesson.cells_up_to(0))
    session.go_to_part(1)
    assert [cell.id for cell in session.visible_cells] == list(session.lesson.cells_up_to(1))


def test_a_question_covers_until_it_is_answered_right(session: Session) -> None:
    go_to_question(session)
    asked = question(session)
    assert session.covered >= asked.covers
    assert not session.answer(asked.id, NumbersAnswer((9.0,))).right
    assert session.covered >= asked.covers
    assert session.answer(asked.id, NumbersAnswer(asked.numbers)).right
    assert not session.covered & asked.covers
    session.reset_exercise(asked.id)
    assert session.covered >= asked.covers


def test_after_the_answer_the_backward_that_brings_it_is_played(session: Session) -> None:
    go_to_question(session)
    asked, player = question(session), session.player
    before = player.step
    session.answer(asked.id, NumbersAnswer((9.0,)))
    assert not player.playing
    session.answer(asked.id, NumbersAnswer(asked.numbers))
    assert player.playing
    assert player.step == before + 1
    session.answer(asked.id, NumbersAnswer(asked.numbers))
    assert player.step == before + 1


def test_at_the_end_the_answer_is_played_from_the_beginning_of_its_backward(session: Session) -> None:
    go_to_question(session)
    session.player.last()
    session.answer(question(session).id, ShowMe())
    assert session.player.playing
    assert session.player.step == session.trace.backwards[-1].first_step


def test_a_lesson_is_done_when_its_end_was_seen_and_no_question_is_open(session: Session) -> None:
    assert session.lesson is not None
    session.go_to_part(len(session.lesson.parts) - 1)
    assert not session.progress.lesson(LESSON).finished
    go_to_question(session)
    session.answer(question(session).id, ShowMe())
    assert session.progress.lesson(LESSON).finished


def test_to_be_shown_uncovers_too(session: Session) -> None:
    go_to_question(session)
    session.answer(question(session).id, ShowMe())
    assert not session.covered & question(session).covers


def test_what_a_question_covers_cannot_be_uncovered_by_hand(session: Session) -> None:
    go_to_question(session)
    session.set_covered(frozenset({"y"}))
    assert session.covered == question(session).covers | {"y"}
    session.set_covered(frozenset())
    assert session.covered == question(session).covers


def test_the_learners_own_text_and_part_survive_closing(
    session: Session, kernel: FakeKernel, tmp_path: Path
) -> None:
    session.go_to_part(1)
    cell = session.visible_cells[0]
    session.set_cell_text(cell.id, cell.text + "\nz = 1")
    assert not session.dirty
    assert session.may_leave()
    again = made(FakeKernel(), tmp_path)
    again.open_lesson(LESSON)
    assert again.part == 1
    assert again.visible_cells[0].text.endswith("z = 1")
    again.deleteLater()


def test_a_reset_lesson_has_its_own_text_again(session: Session) -> None:
    session.go_to_part(1)
    cell = session.visible_cells[0]
    session.set_cell_text(cell.id, "broken(")
    session.keep()
    session.reset_lesson()
    assert session.part == 0
    assert session.visible_cells[0].text == cell.text


def test_a_reset_can_be_taken_back(session: Session) -> None:
    told: list[Message] = []
    session.message.connect(told.append)
    session.go_to_part(1)
    cell = session.visible_cells[0]
    session.set_cell_text(cell.id, "x = 7")
    session.reset_lesson()
    assert session.visible_cells[0].text == cell.text
    assert told[-1].action is not None
    told[-1].action[1]()
    assert session.part == 1
    assert session.visible_cells[0].text == "x = 7"


def test_an_open_question_is_about_the_lessons_own_numbers(session: Session, kernel: FakeKernel) -> None:
    told: list[Message] = []
    session.message.connect(told.append)
    cell = session.visible_cells[0]
    session.set_cell_text(cell.id, cell.text.replace("3.0", "4.0"))
    go_to_question(session)
    assert session.visible_cells[0].text == cell.text
    assert session.from_recording
    assert "Undo" in told[-1].text
    session.undo()
    assert "4.0" in session.visible_cells[0].text


def test_code_that_was_changed_is_run_on_the_next_part(session: Session, kernel: FakeKernel) -> None:
    go_to_question(session)
    session.answer(question(session).id, ShowMe())
    session.go_to_part(0)
    cell = session.visible_cells[0]
    session.set_cell_text(cell.id, cell.text.replace("3.0", "4.0"))
    runs = len(kernel.ran)
    session.go_to_part(1)
    assert len(kernel.ran) == runs + 1
    assert "4.0" in kernel.ran[-1].cells[0].text
    assert len(kernel.ran[-1].cells) == len(session.visible_cells)


def test_the_other_language_shows_the_same_part_with_the_own_text(session: Session) -> None:
    session.go_to_part(1)
    cell = session.visible_cells[0]
    session.set_cell_text(cell.id, cell.text.replace("3.0", "5.0"))
    use_language("es")
    session.language_changed()
    assert session.lesson == read_lesson(lesson_path(LESSON, "es"))
    assert session.part == 1
    assert "5.0" in session.visible_cells[0].text


def test_a_change_of_language_keeps_the_step_of_a_recording(session: Session) -> None:
    session.player.seek(0)
    use_language("es")
    session.language_changed()
    assert session.from_recording
    assert not session.stale
    assert session.player.step == 0


def test_a_change_of_language_lets_a_run_go_on(session: Session, kernel: FakeKernel) -> None:
    session.run_all()
    use_language("es")
    session.language_changed()
    assert kernel.stops == 0
    kernel.begin()
    kernel.send(Step(kind="error", id=-1))
    kernel.end("error")
    assert not session.from_recording
    assert len(session.trace.steps) == 1
