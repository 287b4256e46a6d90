"""The column of cells: what the session has is shown, what the hands do reaches the session."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.views import live
from tests.views.code.column import CTRL, code, first, order, settled
from tutor.i18n import use_language
from tutor.session.kernel_client import Completions
from tutor.session.session import Session
from tutor.views.code.markdown_cell import MarkdownCell
from tutor.views.code.view import CodeView
from tutor.views.theme import DARK

RECORDING = Path(__file__).parents[2] / "traces" / "q.json"


def test_typing_goes_into_the_document(view: CodeView, session: Session) -> None:
    editor = code(view, first(session)).editor
    editor.put_cursor(-1)
    QTest.keyClicks(editor, "z = 1")
    assert session.document.cells[0].text == live.SQUARE + "z = 1"


def test_a_cell_added_elsewhere_appears_in_its_place(view: CodeView, session: Session) -> None:
    kept = code(view, first(session))
    session.set_cell_text(first(session), "a")
    session.add_cell(None)
    session.set_cell_text(session.document.cells[0].id, "before")
    settled()
    assert order(view) == ["before", "a"]
    assert code(view, session.document.cells[1].id) is kept


def test_the_tools_add_and_delete(view: CodeView, session: Session) -> None:
    session.set_cell_text(first(session), "one")
    tools = code(view, first(session)).tools
    tools.add.click()
    settled()
    assert order(view) == ["one", ""]
    tools.delete.click()
    settled()
    assert order(view) == [""]


def test_tools_step_aside_where_they_would_cover_the_code(view: CodeView, session: Session) -> None:
    cell = first(session)
    session.set_current_cell(cell)
    session.set_cell_text(cell, "x = 1\n" + "y" * 200)
    assert code(view, cell).tools.isHidden()
    session.set_cell_text(cell, "x = 1\n")
    assert code(view, cell).tools.isVisible()


def test_a_script_has_no_tools_but_run(view: CodeView, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    session.open_path(path)
    tools = code(view, session.document.cells[0].id).tools
    assert not tools.run.isHidden()
    assert tools.add.isHidden() and tools.delete.isHidden()


def test_the_locked_line_is_the_runs_settings(view: CodeView, session: Session) -> None:
    assert view.settings_line.text == "torch.manual_seed(0)"
    session.set_seed(7)
    assert view.settings_line.text == "torch.manual_seed(7)"
    session.set_device("cuda:0")
    assert view.settings_line.text == 'torch.set_default_device("cuda:0"); torch.manual_seed(7)'


def test_completion_asks_the_kernel_and_adds_the_documents_words(
    view: CodeView, session: Session, kernel: FakeKernel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def complete(text: str, cursor: int, callback: object) -> None:
        asked.append((text, cursor))
        assert callable(callback)
        callback(Completions(("torch.tensor", "torch.tanh"), 0, cursor))

    monkeypatch.setattr(kernel, "complete", complete)
    session.set_cell_text(first(session), "tensors = 1\n")
    editor = code(view, first(session)).editor
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    editor.put_cursor(2)
    QTest.keyClicks(editor, "te")
    QTest.keyClick(editor, Qt.Key.Key_Space, CTRL)
    assert asked == [("tensors = 1\nte", 14)]
    assert editor.completer.matches == ["tensor", "tensors"]
    editor.completer.close()
    QTest.keyClicks(editor, ".")
    assert editor.completer.matches == ["tanh", "tensor"]
    editor.completer.close()


def test_markdown_reads_rendered_and_opens_on_a_double_click(
    view: CodeView, session: Session, qtbot: QtBot
) -> None:
    session.add_cell(None, "markdown")
    cell = session.document.cells[0].id
    session.set_cell_text(cell, "# Title")
    widget = view.cell_widget(cell)
    assert isinstance(widget, MarkdownCell)
    widget.close_text()
    QTest.mouseDClick(widget.reading.viewport(), Qt.MouseButton.LeftButton)
    assert widget.is_open
    qtbot.waitUntil(widget.writing.hasFocus)
    QTest.keyClicks(widget.writing, "My ")
    assert session.document.cells[0].text == "# TitleMy "
    QTest.keyClick(widget.writing, Qt.Key.Key_Z, CTRL)
    QTest.keyClick(widget.writing, Qt.Key.Key_Escape)
    assert not widget.is_open


def test_a_folded_cell_shows_its_code_when_asked(view: CodeView, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("```{code-cell} ipython3\n:tags: [hide-input]\n\nx = 1\n```\n")
    session.open_path(path)
    cell = code(view, session.document.code_cells[0].id)
    assert not cell.editor.isVisible()
    cell.unfold.click()
    assert cell.editor.isVisible()


def test_language_theme_and_size_change_at_once(view: CodeView, session: Session) -> None:
    before = code(view, first(session)).editor.height()
    view.apply_theme(DARK)
    view.set_text_size(26)
    assert code(view, first(session)).editor.height() > before
    tools = code(view, first(session)).tools
    use_language("es")
    try:
        view.retranslate()
        assert tools.run.toolTip()
    finally:
        use_language("en")


def test_another_document_begins_at_its_top(view: CodeView, session: Session) -> None:
    session.set_cell_text(first(session), "x = 1\n" * 60 + "y")
    settled()
    code(view, first(session)).editor.put_cursor(-1)
    session.new_sandbox()
    editor = code(view, first(session)).editor
    assert editor.extraSelections() == []
    assert editor.cursor_offset == 0


def test_the_wheel_over_a_cell_scrolls_the_column(view: CodeView, session: Session) -> None:
    session.set_cell_text(first(session), "x = 1\n" * 60)
    settled()
    editor = code(view, first(session)).editor
    before = editor.mapTo(view, editor.rect().topLeft()).y()
    QTest.wheelEvent(view.windowHandle(), QPointF(200, 150), QPoint(0, -240))
    settled()
    assert editor.mapTo(view, editor.rect().topLeft()).y() < before


def test_a_recording_is_looked_at_only(view: CodeView, session: Session, tmp_path: Path) -> None:
    session.open_path(RECORDING)
    cell = code(view, session.document.code_cells[0].id)
    text = cell.editor.text
    QTest.keyClicks(cell.editor, "x")
    QTest.keyClick(cell.editor, Qt.Key.Key_Tab)
    QTest.keyClick(cell.editor, Qt.Key.Key_Return)
    assert cell.editor.text == text
    assert cell.tools.isHidden()


def test_selected_lines_are_what_no_grad_would_wrap(view: CodeView, session: Session) -> None:
    editor = code(view, first(session)).editor
    session.set_current_cell(first(session))
    editor.put_cursor(2)
    assert view.selected_lines() == (first(session), 2, 2)
    cursor = editor.textCursor()
    cursor.movePosition(cursor.MoveOperation.Down, cursor.MoveMode.KeepAnchor, 2)
    editor.setTextCursor(cursor)
    assert view.selected_lines() == (first(session), 2, 3)
