"""What the code tells of a run: the step's expression, errors, edits since, and the place that is looked for."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.views import live
from tests.views.code.column import code, first, settled
from tutor.session.session import Session
from tutor.views.code.view import CodeView


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
