"""The question's card: what is typed, what comes back, and what stays covered until it is settled."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.views.lesson_session import LessonSession, shipped_session
from tutor.course.progress import ProgressStore
from tutor.course.question import ChoiceAnswer, NumbersAnswer, ShowMe
from tutor.course.reader import read_lesson
from tutor.views.lesson.answer_inputs import NumberBoxes, Options
from tutor.views.lesson.question import QuestionView
from tutor.views.lesson.view import LessonView
from tutor.views.theme import LIGHT

CHOICE = """\
---
tutor: {id: leaf, lang: en, number: 1, title: Leaves, minutes: 3}
---

## Ask

```{code-cell} ipython3
---
label: ask
tutor:
  question:
    id: leaf
    kind: choose
    prompt: Is `d` a leaf?
    hint: Look at its `grad_fn`.
    why: It was not computed by a tracked operation.
    options:
    - {text: "Yes, `grad_fn` is `None`", right: true}
    - {text: "No", misconception: S18, hint: "A leaf need not be typed by hand."}
---
d = c * 2
```
"""


@pytest.fixture
def session(tmp_path: Path) -> LessonSession:
    session = shipped_session(tmp_path, "02-q", "en")
    session.part = 4
    return session


def card(qtbot: QtBot, session: LessonSession) -> QuestionView:
    view = LessonView(session)  # type: ignore[arg-type]
    view.apply_theme(LIGHT)
    view.resize(400, 800)
    qtbot.addWidget(view)
    with qtbot.waitExposed(view):
        view.show()
    session.pane = view
    return view.question


def boxes(card: QuestionView) -> NumberBoxes:
    assert isinstance(card.inputs, NumberBoxes)
    return card.inputs


def answer(qtbot: QtBot, card: QuestionView, *texts: str) -> None:
    boxes(card).fill(texts)
    qtbot.mouseClick(card.check_button, Qt.MouseButton.LeftButton)


def test_it_asks_with_one_box_an_element(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    assert view.prompt.toPlainText() == "After backward, what does a.grad hold?"
    assert view.subject.toPlainText() == "a.grad"
    assert len(boxes(view).boxes) == 2
    assert not view.verdict.isVisible()


def test_the_right_answer_shows_both_chips_and_the_reason(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    answer(qtbot, view, "9", "36")
    assert view.verdict.title.text() == "✓ Right!"
    assert view.verdict.chip_texts == ["9", "36", "9", "36"]
    assert view.verdict.why.isVisible()
    assert not view.check_button.isVisible()


def test_a_mistake_gets_its_hint_and_torchs_number_stays_covered(
    qtbot: QtBot, session: LessonSession
) -> None:
    view = card(qtbot, session)
    answer(qtbot, view, "9", "-36")
    assert view.verdict.title.text() == "Not yet"
    assert view.verdict.chip_texts == ["9", "−36", "?", "?"]
    assert "squared" in view.verdict.hint.toPlainText()
    assert not view.verdict.why.isVisible()
    assert [box.property("wrong") for box in boxes(view).boxes] == [False, True]
    assert view.check_button.isVisible()


def test_after_a_mistake_the_solution_stands_beside_ones_own(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    answer(qtbot, view, "3", "12")
    qtbot.mouseClick(view.show_button, Qt.MouseButton.LeftButton)
    assert view.verdict.chip_texts == ["3", "12", "9", "36"]
    assert view.verdict.why.isVisible()
    record = session.progress.lesson("02-q").answers["a-grad"]
    assert record.first == NumbersAnswer((3.0, 12.0))
    assert record.latest == ShowMe()


def test_show_me_at_once_is_an_honest_answer(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    qtbot.mouseClick(view.show_button, Qt.MouseButton.LeftButton)
    assert view.verdict.title.text() == "This is what torch found"
    assert view.verdict.chip_texts == ["9", "36"]


def test_enter_checks(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    boxes(view).fill(["9", "36"])
    qtbot.keyClick(boxes(view).boxes[1], Qt.Key.Key_Return)
    assert session.progress.answer("02-q", "a-grad") == NumbersAnswer((9.0, 36.0))


def test_what_is_no_number_is_said_at_its_box_and_is_no_answer(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    answer(qtbot, view, "9", "")
    assert view.complaint.text() == "A number is missing here."
    answer(qtbot, view, "9", "many")
    assert view.complaint.text() == "“many” cannot be read as a number."
    assert session.progress.answer("02-q", "a-grad") is None
    qtbot.keyClicks(boxes(view).boxes[1], "1")
    assert not view.complaint.isVisible()


@pytest.mark.parametrize(("button", "sure"), [("sure_button", True), ("unsure_button", False)])
def test_one_may_say_how_sure_one_is(qtbot: QtBot, session: LessonSession, button: str, sure: bool) -> None:
    view = card(qtbot, session)
    qtbot.mouseClick(getattr(view, button), Qt.MouseButton.LeftButton)
    answer(qtbot, view, "9", "36")
    assert session.progress.answer("02-q", "a-grad") == NumbersAnswer((9.0, 36.0), sure)


def test_the_hint_can_be_asked_for(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    assert not view.hint.isVisible()
    qtbot.mouseClick(view.hint_button, Qt.MouseButton.LeftButton)
    assert view.hint.isVisible()


def test_the_question_can_be_answered_again(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    answer(qtbot, view, "9", "36")
    qtbot.mouseClick(view.again_button, Qt.MouseButton.LeftButton)
    assert boxes(view).texts == ["", ""]
    assert view.check_button.isVisible()
    assert not view.verdict.isVisible()


def test_an_answer_is_there_again_when_the_lesson_is_opened_again(
    qtbot: QtBot, session: LessonSession
) -> None:
    session.progress.answered(
        "02-q", "a-grad", NumbersAnswer((9.0, -36.0)), session.answer("a-grad", ShowMe())
    )
    view = card(qtbot, session)
    assert view.verdict.chip_texts == ["9", "−36", "?", "?"]
    assert boxes(view).texts == ["9", "−36"]


def test_an_option_is_chosen_and_judged(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "en.md").write_text(CHOICE, "utf-8")
    session = LessonSession(read_lesson(tmp_path / "en.md"), ProgressStore(tmp_path / "progress.json"))
    view = card(qtbot, session)
    qtbot.mouseClick(view.check_button, Qt.MouseButton.LeftButton)
    assert view.complaint.text() == "Choose one first."
    assert isinstance(view.inputs, Options)
    view.inputs.choose(1)
    qtbot.mouseClick(view.check_button, Qt.MouseButton.LeftButton)
    assert "typed by hand" in view.verdict.hint.toPlainText()
    assert view.verdict.words.toPlainText() == "you: No"
    assert view.verdict.chip_texts == []
    view.inputs.choose(0)
    qtbot.mouseClick(view.check_button, Qt.MouseButton.LeftButton)
    assert view.verdict.title.text() == "✓ Right!"


def test_a_wrong_choice_is_still_chosen_when_the_lesson_is_opened_again(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "en.md").write_text(CHOICE, "utf-8")
    session = LessonSession(read_lesson(tmp_path / "en.md"), ProgressStore(tmp_path / "progress.json"))
    session.answer("leaf", ChoiceAnswer(1))
    view = card(qtbot, session)
    assert isinstance(view.inputs, Options)
    assert view.inputs.chosen == 1
    qtbot.mouseClick(view.show_button, Qt.MouseButton.LeftButton)
    assert view.verdict.words.toPlainText().split("\n") == ["you: No", "torch: Yes, grad_fn is None"]


def test_the_card_fits_into_a_narrow_pane(qtbot: QtBot, session: LessonSession) -> None:
    view = card(qtbot, session)
    pane = view.window()
    pane.resize(260, 560)
    qtbot.waitUntil(lambda: view.width() < 260)
    shown = [view.check_button, view.sure_button, view.unsure_button, view.show_button, *boxes(view).boxes]
    assert all(widget.mapTo(pane, widget.rect().topRight()).x() < 260 for widget in shown)
