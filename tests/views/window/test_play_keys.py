"""The keys that play, and where they step aside for someone who types."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QTextBrowser,
)
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.views.window.opened import Opened
from tutor.app import begin
from tutor.protocol import Output, Step
from tutor.views.lesson.answer_inputs import NumberBoxes
from tutor.views.window.play_keys import playing_keys


def test_keys_that_play_step_aside_where_one_types(qapp: QApplication) -> None:
    arrows = {Qt.Key.Key_Left, Qt.Key.Key_Home}
    assert not playing_keys(QLineEdit())
    assert not playing_keys(QPlainTextEdit())
    assert playing_keys(QTextBrowser()) >= {Qt.Key.Key_Space, Qt.Key.Key_PageDown, *arrows}
    assert Qt.Key.Key_Space not in playing_keys(QPushButton())
    assert playing_keys(QTableView()) >= arrows
    assert playing_keys(None) >= arrows


def test_keys_play_the_trace_and_type_in_the_editor(opened: Opened, kernel: FakeKernel, qtbot: QtBot) -> None:
    window, session = opened
    session.new_sandbox()
    session.run_all()
    kernel.begin()
    for place in range(3):
        kernel.send(Output(stream="stdout", text="x", step=place), Step(kind="output", id=place))
    kernel.end()
    window.show()
    window.activateWindow()
    window.workspace.graph.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Home)
    assert session.player.step == -1
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    assert session.player.step == 0
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_BracketRight)
    assert session.player.speed == 2.0
    editor = window.workspace.code.findChild(QPlainTextEdit)
    editor.setFocus()
    qtbot.keyClick(editor, Qt.Key.Key_BracketLeft)
    qtbot.keyClick(editor, Qt.Key.Key_Home)
    assert session.player.step == 0
    assert "[" in session.document.cells[0].text


def test_after_the_next_part_is_clicked_space_plays(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    session.open_lesson("02-q")
    window.activateWindow()
    window.workspace.graph.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    qtbot.mouseClick(window.workspace.lesson.next_button, Qt.MouseButton.LeftButton)
    assert session.part == 1
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert session.part == 1
    assert session.player.playing
    session.player.pause()


def test_in_the_sandbox_one_types_at_once(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    window.activateWindow()
    session.new_sandbox()
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QPlainTextEdit))
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_X)
    assert session.document.cells[0].text.endswith("x")


def test_after_the_right_answer_space_plays(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    session.open_lesson("02-q")
    session.go_to_part(4)
    window.activateWindow()
    boxes = window.workspace.lesson.question.inputs
    assert isinstance(boxes, NumberBoxes)
    boxes.fill(["9", "36"])
    boxes.boxes[1].setFocus()
    qtbot.waitUntil(boxes.boxes[1].hasFocus)
    qtbot.keyClick(boxes.boxes[1], Qt.Key.Key_Return)
    assert session.player.playing
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert not session.player.playing
