"""The lesson's pane as a learner uses it: read, drag, go on and back, follow a link, run a part."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from tests.views.lesson_session import LessonSession, shipped_session, trace_of_number
from tutor.i18n import use_language
from tutor.session.runs import RunStatus
from tutor.views import theme
from tutor.views.lesson.view import LessonView
from tutor.views.prose.view import Prose
from tutor.views.theme import DARK, LIGHT


@pytest.fixture
def session(tmp_path: Path) -> LessonSession:
    return shipped_session(tmp_path, "02-q", "en")


def shown(qtbot: QtBot, session: LessonSession) -> LessonView:
    view = LessonView(session)  # type: ignore[arg-type]
    view.apply_theme(LIGHT)
    view.resize(360, 560)
    qtbot.addWidget(view)
    with qtbot.waitExposed(view):
        view.show()
    return view


def test_it_says_where_one_is(qtbot: QtBot, session: LessonSession) -> None:
    view = shown(qtbot, session)
    assert view.title.text() == "Lesson 2 · Q = 3a³ − b²"
    assert view.heading.text() == "A calculation with two leaves"
    assert view.parts_button.text().startswith("Part 1 of 5")
    assert "leaves" in view.prose.toPlainText()


def test_next_and_previous_go_from_part_to_part(qtbot: QtBot, session: LessonSession) -> None:
    view = shown(qtbot, session)
    assert not view.previous_button.isEnabled()
    qtbot.mouseClick(view.next_button, Qt.MouseButton.LeftButton)
    assert (session.part, view.heading.text()) == (1, "No gradients yet")
    qtbot.mouseClick(view.previous_button, Qt.MouseButton.LeftButton)
    assert session.part == 0


def test_alt_and_an_arrow_go_from_part_to_part(qtbot: QtBot, session: LessonSession) -> None:
    view = shown(qtbot, session)
    with qtbot.waitActive(view):
        view.activateWindow()
    qtbot.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert session.part == 1
    qtbot.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert session.part == 0


def test_a_dot_and_the_list_of_parts_jump(qtbot: QtBot, session: LessonSession) -> None:
    view = shown(qtbot, session)
    qtbot.mouseClick(view.dots, Qt.MouseButton.LeftButton, pos=view.dots.centre(3).toPoint())
    assert session.part == 3
    actions = view.parts_menu.actions()
    assert [action.isChecked() for action in actions[:5]] == [False, False, False, True, False]
    actions[1].trigger()
    assert session.part == 1


def test_the_lesson_can_be_started_again(qtbot: QtBot, session: LessonSession) -> None:
    view = shown(qtbot, session)
    session.progress.keep_code("02-q", {"program": "x = 1"})
    session.go_to_part(2)
    view.parts_menu.actions()[-1].trigger()
    assert session.part == 0
    assert session.progress.lesson("02-q").code == {}


def test_a_foldable_note_opens_and_closes(qtbot: QtBot, session: LessonSession) -> None:
    session.part = 1
    view = shown(qtbot, session)
    assert "nobody has computed it" not in view.prose.toPlainText()
    before = view.prose.height()
    view.prose.anchorClicked.emit(QUrl("fold:0"))
    assert "nobody has computed it" in view.prose.toPlainText()
    assert view.prose.height() > before
    view.prose.anchorClicked.emit(QUrl("fold:0"))
    assert "nobody has computed it" not in view.prose.toPlainText()


def test_formulas_are_images_that_say_what_they_are(qtbot: QtBot, session: LessonSession) -> None:
    view = shown(qtbot, session)
    html = view.prose.toHtml()
    sources = [piece.split('"')[0] for piece in html.split('src="')[1:]]
    assert len(sources) == 2 and all(source.startswith("formula:") for source in sources)
    kind = QTextDocument.ResourceType.ImageResource.value
    assert all(not view.prose.loadResource(kind, QUrl(source)).isNull() for source in sources)


def test_a_wide_formula_shrinks_with_the_pane_and_grows_back(qtbot: QtBot) -> None:
    prose = Prose()
    qtbot.addWidget(prose)
    prose.set_markdown(
        r"$$ \frac{\partial Q}{\partial a} = 9a^2 \qquad \frac{\partial Q}{\partial b} = -2b $$"
    )
    widths: dict[int, list[float]] = {}
    for width in (600, 150, 600):
        prose.resize(width, 300)
        prose.show()
        widths.setdefault(width, []).append(prose.document().idealWidth())
    assert widths[150][0] <= 150
    assert widths[600][0] == widths[600][1] > 150


def test_the_text_is_as_tall_as_the_pane_needs(qtbot: QtBot, session: LessonSession) -> None:
    view = shown(qtbot, session)
    narrow = view.prose.height()
    view.resize(800, 560)
    qtbot.waitUntil(lambda: view.prose.height() < narrow)
    assert view.prose.document().size().height() <= view.prose.height()


def test_a_part_with_code_can_be_run_when_the_picture_is_not_of_it(
    qtbot: QtBot, session: LessonSession
) -> None:
    session.part = 3
    view = shown(qtbot, session)
    assert view.run_button.isVisible()
    qtbot.mouseClick(view.run_button, Qt.MouseButton.LeftButton)
    assert session.cells_run == ["again"]
    session.run = RunStatus(phase="running")
    session.run_changed.emit()
    assert not view.run_button.isEnabled()
    session.run, session.from_recording = RunStatus(phase="ready"), False
    session.trace_changed.emit()
    assert not view.run_button.isVisible()
    session.stale = True
    session.run_changed.emit()
    assert view.run_button.isVisible()


def test_dragging_the_number_changes_the_value_in_the_program(qtbot: QtBot, tmp_path: Path) -> None:
    session = shipped_session(tmp_path, "00-slope", "en")
    view = shown(qtbot, session)
    assert view.number.isVisible() and view.number.value == 3.0
    middle = view.number.rect().center()
    qtbot.mousePress(view.number, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(view.number, middle + QPoint(40, 0))
    qtbot.waitUntil(lambda: bool(session.values_set))
    qtbot.mouseRelease(view.number, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
    assert session.values_set[-1] == (0, 4.0)


def test_a_drag_waits_for_the_run_that_it_set_off(qtbot: QtBot, tmp_path: Path) -> None:
    session = shipped_session(tmp_path, "00-slope", "en")
    session.run = RunStatus(phase="running")
    view = shown(qtbot, session)
    view.number.setFocus()
    for __ in range(3):
        with qtbot.waitSignal(view.drag_timer.timeout):
            qtbot.keyClick(view.number, Qt.Key.Key_Up)
    assert session.values_set == []
    session.run = RunStatus(phase="ready")
    qtbot.waitUntil(lambda: session.values_set == [(0, 3.3)])


def test_the_number_shows_what_the_program_has(qtbot: QtBot, tmp_path: Path) -> None:
    session = shipped_session(tmp_path, "00-slope", "en")
    view = shown(qtbot, session)
    session.trace = trace_of_number("x", -1.5)
    session.trace_changed.emit()
    assert view.number.value == -1.5
    assert view.number.accessibleName() == "x = −1.5"


def test_the_number_moves_with_the_arrow_keys(qtbot: QtBot, tmp_path: Path) -> None:
    session = shipped_session(tmp_path, "00-slope", "en")
    view = shown(qtbot, session)
    view.number.setFocus()
    with qtbot.waitSignal(view.number.dragged) as moved:
        qtbot.keyClick(view.number, Qt.Key.Key_Up)
    assert moved.args == [3.1]
    qtbot.keyClick(view.number, Qt.Key.Key_PageDown)
    assert view.number.value == 2.1


def test_the_part_in_between_has_no_number_to_drag(qtbot: QtBot, tmp_path: Path) -> None:
    session = shipped_session(tmp_path, "00-slope", "en")
    session.part = 1
    assert not shown(qtbot, session).number.isVisible()


def test_the_first_lesson_ends_with_one_sentence_and_leads_to_the_next(qtbot: QtBot, tmp_path: Path) -> None:
    session = shipped_session(tmp_path, "00-slope", "en")
    session.part = 2
    view = shown(qtbot, session)
    assert view.closing.toPlainText().strip().startswith("For each number, backward() tells you")
    assert view.closing.y() > view.number.y()
    assert view.next_button.text() == "Next lesson"
    qtbot.mouseClick(view.next_button, Qt.MouseButton.LeftButton)
    assert session.opened == ["02-q"]


def test_another_language_and_theme_lose_nothing(qtbot: QtBot, session: LessonSession) -> None:
    session.part = 2
    view = shown(qtbot, session)
    try:
        use_language("es")
        view.retranslate()
        view.apply_theme(DARK)
        assert view.heading.text() == "The gradients come back"
        assert session.part == 2
    finally:
        use_language("en")
        view.retranslate()


@pytest.mark.parametrize("percent", [60, 100, 180])
def test_no_letter_is_smaller_than_one_can_read(qtbot: QtBot, session: LessonSession, percent: int) -> None:
    view = shown(qtbot, session)
    view.setFont(theme.sans(theme.text_pixels(percent)))
    look = view.prose.look()
    assert min(look.font.pixelSize(), look.code_font.pixelSize()) >= 11
    assert view.heading.font().pixelSize() > look.font.pixelSize()


def test_without_a_lesson_the_pane_is_idle(qtbot: QtBot, session: LessonSession) -> None:
    view = shown(qtbot, session)
    session.lesson = None
    session.lesson_changed.emit()
    assert not view.isEnabled()
