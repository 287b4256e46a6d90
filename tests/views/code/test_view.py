"""The column of cells: what the session has is shown, what the hands do reaches the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.views import live
from tutor.i18n import use_language
from tutor.session.kernel_client import Completions
from tutor.session.session import Session
from tutor.source.document import CellId
from tutor.views.code.cell import CodeCell
from tutor.views.code.markdown_cell import MarkdownCell
from tutor.views.code.view import CodeView
from tutor.views.theme import DARK

RECORDING = Path(__file__).parents[2] / "traces" / "q.json"
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> Iterator[CodeView]:
    made = CodeView(session)
    qtbot.addWidget(made)
    made.resize(560, 320)
    with qtbot.waitExposed(made):
        made.show()
    yield made


def first(session: Session) -> CellId:
    return session.document.cells[0].id


def code(view: CodeView, cell: CellId) -> CodeCell:
    widget = view.cell_widget(cell)
    assert isinstance(widget, CodeCell)
    return widget


def order(view: CodeView) -> list[str]:
    """The texts of the cells from top to bottom."""
    cells = sorted(view.findChildren(CodeCell), key=lambda cell: cell.y())
    return [cell.editor.text for cell in cells if cell.isVisible()]


def settled() -> None:
    for _turn in range(3):
        QApplication.processEvents()


def test_typing_goes_into_the_document(view: CodeView, session: Session) -> None:
    editor = code(view, first(session)).editor
    editor.put_cursor(-1)
    QTest.keyClicks(editor, "z = 1")
    assert session.document.cells[0].text == live.SQUARE + "z = 1"


def test_undo_inside_the_editor_is_the_windows_undo(view: CodeView, session: Session) -> None:
    editor = code(view, first(session)).editor
    editor.put_cursor(-1)
    QTest.keyClicks(editor, "z")
    QTest.keyClick(editor, Qt.Key.Key_Z, CTRL)
    assert session.document.cells[0].text == editor.text == live.SQUARE
    QTest.keyClick(editor, Qt.Key.Key_Y, CTRL)
    assert editor.text == live.SQUARE + "z"


def test_a_cell_added_elsewhere_appears_in_its_place(view: CodeView, session: Session) -> None:
    kept = code(view, first(session))
    session.set_cell_text(first(session), "a")
    session.add_cell(None)
    session.set_cell_text(session.document.cells[0].id, "before")
    settled()
    assert order(view) == ["before", "a"]
    assert code(view, session.document.cells[1].id) is kept


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


def test_the_steps_expression_is_lit_and_scrubbing_moves_the_light(
    view: CodeView, session: Session, kernel: FakeKernel
) -> None:
    live.run(session, kernel, live.square(session))
    editor = code(view, first(session)).editor
    session.player.seek(0)
    assert [light.cursor.selectedText() for light in editor.extraSelections()] == ["", "x**2"]
    assert (editor.marks.step, editor.marks.direction) == (3, "forward")
    session.player.seek(1)
    assert (editor.marks.step, editor.marks.direction) == (3, "backward")
    session.player.seek(-1)
    assert editor.extraSelections() == []


def test_pointing_at_code_lights_its_node_and_back(
    view: CodeView, session: Session, kernel: FakeKernel
) -> None:
    live.run(session, kernel, live.square(session))
    session.player.seek(-1)
    editor = code(view, first(session)).editor
    editor.pointed_at.emit(3, 5)
    assert session.hovered_span == live.span(3, 4, 8)
    assert session.hovered_item is not None
    assert [light.cursor.selectedText() for light in editor.extraSelections()] == ["x**2"]
    editor.pointed_away.emit()
    assert session.hovered_item is None
    assert editor.extraSelections() == []


def test_an_error_marks_its_line_with_its_message(
    view: CodeView, session: Session, kernel: FakeKernel
) -> None:
    failed = live.failed(session, line=4, message="no grad\nand more", step=4)
    live.run(session, kernel, [*live.square(session), *failed], outcome="error")
    cell = code(view, first(session))
    assert cell.editor.marks.error == 4
    assert cell.note == "RuntimeError: no grad"
    live.run(session, kernel, live.square(session))
    assert cell.editor.marks.error is None
    assert cell.note == ""


def test_an_edit_after_the_run_is_marked_until_it_runs(
    view: CodeView, session: Session, kernel: FakeKernel
) -> None:
    live.run(session, kernel, live.square(session))
    cell = code(view, first(session))
    assert not cell.stale
    session.set_cell_text(first(session), live.SQUARE + "# more")
    assert cell.stale
    assert cell.editor.lit.step is None
    session.undo()
    assert not cell.stale


def test_no_grad_lines_have_their_band_as_they_are_typed(view: CodeView, session: Session) -> None:
    session.set_cell_text(first(session), "with torch.no_grad():\n    y = x\nz = 1")
    marks = code(view, first(session)).editor.marks
    assert [(one.first, one.last) for one in marks.untracked] == [(1, 2)]


def test_the_locked_line_is_the_runs_settings(view: CodeView, session: Session) -> None:
    assert view.settings_line.text == "torch.manual_seed(0)"
    session.set_seed(7)
    assert view.settings_line.text == "torch.manual_seed(7)"
    session.set_device("cuda:0")
    assert view.settings_line.text == 'torch.set_default_device("cuda:0"); torch.manual_seed(7)'


def test_a_place_to_reveal_gets_the_cursor(
    view: CodeView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    live.run(session, kernel, live.square(session))
    session.reveal.emit(live.span(4, 2, 5))
    editor = code(view, first(session)).editor
    qtbot.waitUntil(editor.hasFocus)
    assert (editor.textCursor().blockNumber() + 1, editor.textCursor().positionInBlock()) == (4, 2)


def test_the_step_comes_into_view_when_it_changes(
    view: CodeView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    view.resize(560, 120)
    session.set_cell_text(first(session), "# top\n" * 40)
    session.add_cell(first(session))
    cell = session.document.cells[1].id
    session.set_cell_text(cell, live.SQUARE)
    settled()
    events = live.square(session)
    events[0] = live.source(session, 1)
    top = live.source(session, 0)
    shifted = [live.on_source(event, 1) for event in events[1:]]
    live.run(session, kernel, [top, events[0], *shifted])
    session.player.seek(0)
    settled()
    editor = code(view, cell).editor
    place = editor.mapTo(view, editor.line_rect(3).center())
    assert 0 < place.y() < view.height()


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


def test_a_change_by_another_hand_is_lit_and_comes_into_view(view: CodeView, session: Session) -> None:
    session.set_cell_text(first(session), "# line\n" * 60 + "a = 1")
    settled()
    session.undo()
    session.redo()
    session.set_cell_text(first(session), "# line\n" * 60 + "a = 25")
    settled()
    editor = code(view, first(session)).editor
    assert [light.cursor.selectedText() for light in editor.extraSelections()] == ["25"]
    assert 0 < editor.mapTo(view, editor.line_rect(61).center()).y() < view.height()


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
