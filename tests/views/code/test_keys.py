"""The keyboard in the column of cells: it runs, moves, splits, and goes from cell to cell."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.views import live
from tests.views.code.column import ALT, CTRL, SHIFT, code, first, order, settled
from tutor.session.session import Session
from tutor.views.code.view import CodeView


def test_undo_inside_the_editor_is_the_windows_undo(view: CodeView, session: Session) -> None:
    editor = code(view, first(session)).editor
    editor.put_cursor(-1)
    QTest.keyClicks(editor, "z")
    QTest.keyClick(editor, Qt.Key.Key_Z, CTRL)
    assert session.document.cells[0].text == editor.text == live.SQUARE
    QTest.keyClick(editor, Qt.Key.Key_Y, CTRL)
    assert editor.text == live.SQUARE + "z"


def test_ctrl_enter_runs_to_the_cell(view: CodeView, session: Session, kernel: FakeKernel) -> None:
    session.add_cell(first(session))
    session.set_cell_text(session.document.cells[1].id, "later")
    QTest.keyClick(code(view, first(session)).editor, Qt.Key.Key_Return, CTRL)
    assert [cell.text for cell in kernel.ran[-1].cells] == [live.SQUARE]


def test_shift_enter_runs_and_the_keyboard_moves_on(
    view: CodeView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    session.add_cell(first(session))
    top, below = (code(view, cell.id) for cell in session.document.cells)
    top.edit()
    qtbot.waitUntil(top.editor.hasFocus)
    QTest.keyClick(top.editor, Qt.Key.Key_Return, SHIFT)
    assert len(kernel.ran) == 1
    qtbot.waitUntil(below.editor.hasFocus)
    assert session.current_cell == below.cell.id


def test_alt_down_moves_the_cell_and_split_divides_it(view: CodeView, session: Session) -> None:
    session.set_cell_text(first(session), "one\ntwo")
    editor = code(view, first(session)).editor
    editor.put_cursor(2)
    QTest.keyClick(editor, Qt.Key.Key_Minus, CTRL | SHIFT)
    settled()
    assert order(view) == ["one", "two"]
    QTest.keyClick(editor, Qt.Key.Key_Down, ALT)
    settled()
    assert order(view) == ["two", "one"]


def test_escape_leaves_the_editor_and_enter_comes_back(
    view: CodeView, session: Session, qtbot: QtBot
) -> None:
    cell = code(view, first(session))
    cell.edit()
    qtbot.waitUntil(cell.editor.hasFocus)
    QTest.keyClick(cell.editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(cell.hasFocus)
    QTest.keyClick(cell, Qt.Key.Key_Return)
    qtbot.waitUntil(cell.editor.hasFocus)


def test_the_arrows_go_from_cell_to_cell(view: CodeView, session: Session, qtbot: QtBot) -> None:
    session.set_cell_text(first(session), "one\ntwo")
    session.add_cell(first(session))
    session.set_cell_text(session.document.cells[1].id, "three\nfour")
    top, below = (code(view, cell.id) for cell in session.document.cells)
    top.edit()
    qtbot.waitUntil(top.editor.hasFocus)
    top.editor.put_cursor(2)
    QTest.keyClick(top.editor, Qt.Key.Key_Down)
    qtbot.waitUntil(below.editor.hasFocus)
    assert below.editor.textCursor().blockNumber() == 0
    assert session.current_cell == below.cell.id
    QTest.keyClick(below.editor, Qt.Key.Key_Up)
    qtbot.waitUntil(top.editor.hasFocus)
    assert top.editor.textCursor().blockNumber() == 1


def test_on_the_cells_the_arrows_go_without_typing(view: CodeView, session: Session, qtbot: QtBot) -> None:
    session.add_cell(first(session), "markdown")
    session.add_cell(session.document.cells[1].id)
    top, text, below = (view.cell_widget(cell.id) for cell in session.document.cells)
    top.setFocus()
    qtbot.waitUntil(top.hasFocus)
    QTest.keyClick(top, Qt.Key.Key_Down)
    qtbot.waitUntil(text.hasFocus)
    assert session.current_cell == text.cell.id
    QTest.keyClick(text, Qt.Key.Key_Down)
    qtbot.waitUntil(below.hasFocus)
    QTest.keyClick(below, Qt.Key.Key_Delete)
    qtbot.waitUntil(text.hasFocus)
    assert len(session.document.cells) == 2


def test_tab_goes_from_cell_to_cell_as_they_stand(view: CodeView, session: Session, qtbot: QtBot) -> None:
    session.add_cell(None)
    upper, lower = (view.cell_widget(cell.id) for cell in session.document.cells)
    upper.setFocus()
    qtbot.waitUntil(upper.hasFocus)
    QTest.keyClick(upper, Qt.Key.Key_Tab)
    qtbot.waitUntil(lower.hasFocus)
