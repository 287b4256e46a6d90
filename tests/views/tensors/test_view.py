"""The tensor panel over a session: it shows what is true at the step, and its edits change the text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.views import live
from tutor.protocol import BackwardId, Change, HookRan, Step, TensorId
from tutor.session.session import Session
from tutor.views.fonts import sans
from tutor.views.tensors.model import Column
from tutor.views.tensors.page_chooser import PageChooser
from tutor.views.tensors.view import TensorView

RECORDINGS = Path(__file__).parents[2] / "traces"


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> Iterator[TensorView]:
    made = TensorView(session)
    qtbot.addWidget(made)
    made.resize(460, 360)
    with qtbot.waitExposed(made):
        made.show()
    yield made


@pytest.fixture
def ran(view: TensorView, session: Session, kernel: FakeKernel) -> TensorView:
    live.run(session, kernel, live.square(session))
    return view


def column(view: TensorView, which: Column) -> list[str]:
    return [str(view.model.index(line, which).data()) for line in range(view.model.rowCount())]


def numbers(view: TensorView, pane: str) -> list[str]:
    model = (view.detail.value if pane == "value" else view.detail.gradient).grid.numbers
    return [str(model.index(0, place).data()) for place in range(model.columnCount())]


def text(session: Session) -> str:
    return session.document.cells[0].text


def test_before_a_run_it_says_what_will_be_here(view: TensorView) -> None:
    assert "Nothing has run yet" in view.empty_text


def test_the_rows_follow_the_step(ran: TensorView, session: Session) -> None:
    assert ran.empty_text == ""
    assert column(ran, Column.NAME) == ["x", "y"]
    assert column(ran, Column.GRAD) == ["[6, −4]", "None · passes, not kept"]
    session.player.seek(0)
    assert column(ran, Column.GRAD)[0] == "None · no backward yet"
    session.player.seek(-1)
    assert column(ran, Column.NAME) in ([], ["x"])


def test_selection_goes_both_ways(ran: TensorView, session: Session) -> None:
    ran.table.selectRow(1)
    assert session.selection.tensor == live.A_RESULT
    session.select_tensor(live.A_LEAF)
    assert [index.row() for index in ran.table.selectionModel().selectedRows()] == [0]
    session.select_tensor(None)
    assert ran.table.selectionModel().selectedRows() == []
    assert not ran.detail.isVisible()


def test_values_stand_beside_their_gradients(ran: TensorView, session: Session) -> None:
    session.select_tensor(live.A_LEAF)
    assert numbers(ran, "value") == ["3", "−2"]
    assert numbers(ran, "gradient") == ["6", "−4"]
    session.player.seek(0)
    assert numbers(ran, "gradient") == []
    assert ran.detail.gradient.words.startswith("None. backward() has not run")


def test_the_same_name_stays_selected_after_another_run(
    ran: TensorView, session: Session, kernel: FakeKernel
) -> None:
    session.select_tensor(live.A_RESULT)
    live.run(session, kernel, live.square(session, [5.0, 1.0]))
    assert session.selection.tensor == live.A_RESULT
    assert numbers(ran, "value") == ["25", "1"]


def test_the_box_rewrites_the_code_and_runs(ran: TensorView, session: Session, kernel: FakeKernel) -> None:
    runs = len(kernel.ran)
    box = ran.model.index(0, Column.REQUIRES_GRAD)
    place = ran.table.visualRect(box)
    ran.model.setData(box, Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert place.isValid()
    assert "requires_grad" not in text(session)
    assert len(kernel.ran) == runs + 1


def test_a_typed_number_changes_the_literal_and_undoes(
    ran: TensorView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    session.select_tensor(live.A_LEAF)
    model = ran.detail.value.grid.numbers
    with qtbot.waitSignal(session.document_changed):
        model.setData(model.index(0, 1), "4.5")
    assert "torch.tensor([3., 4.5], requires_grad=True)" in text(session)
    session.undo()
    assert text(session) == live.SQUARE


def test_a_drag_shows_its_number_at_once_and_asks_for_few_runs(
    ran: TensorView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    session.select_tensor(live.A_LEAF)
    grid = ran.detail.value.grid
    runs = len(kernel.ran)
    start = grid.visualRect(grid.numbers.index(0, 0)).center()
    viewport = grid.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for pixels in range(2, 42, 2):
        drag(viewport, start + QPoint(pixels, 0))
    assert numbers(ran, "value")[0] == "4"
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + QPoint(40, 0))
    qtbot.waitUntil(lambda: "tensor([4., -2.]" in text(session))
    assert len(kernel.ran) == runs + 1


def test_while_a_run_goes_on_a_drag_waits_for_it(
    ran: TensorView, session: Session, kernel: FakeKernel, qtbot: QtBot
) -> None:
    session.select_tensor(live.A_LEAF)
    grid = ran.detail.value.grid
    grid.dragged.emit(0, 3.5)
    qtbot.waitUntil(lambda: session.run.running)
    runs = len(kernel.ran)
    for tenth in range(6, 10):
        grid.dragged.emit(0, 3 + tenth / 10)
    assert len(kernel.ran) == runs
    kernel.begin()
    kernel.send(*live.square(session, [3.5, -2.0]))
    kernel.end()
    qtbot.waitUntil(lambda: "tensor([3.9, -2.]" in text(session))
    assert len(kernel.ran) == runs + 1
    session.undo()
    assert text(session) == live.SQUARE


def test_alt_arrows_nudge_the_number_in_hand(ran: TensorView, session: Session, qtbot: QtBot) -> None:
    session.select_tensor(live.A_LEAF)
    grid = ran.detail.value.grid
    grid.setCurrentIndex(grid.numbers.index(0, 1))
    QTest.keyClick(grid, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: "tensor([3., -1.9]" in text(session))


def test_what_cannot_be_edited_says_why(ran: TensorView, session: Session) -> None:
    session.select_tensor(live.A_RESULT)
    assert "y is computed from other tensors" in ran.detail.note
    model = ran.detail.value.grid.numbers
    assert not model.index(0, 0).flags() & Qt.ItemFlag.ItemIsEditable
    session.select_tensor(live.A_LEAF)
    assert "Drag" in ran.detail.note
    session.set_cell_text(session.document.cells[0].id, live.SQUARE.replace("[3., -2.]", "numbers"))
    assert "not written as plain numbers" in ran.detail.note


def test_covered_numbers_are_question_marks_everywhere(ran: TensorView, session: Session) -> None:
    session.select_tensor(live.A_LEAF)
    session.set_covered(frozenset({"x.grad"}))
    assert column(ran, Column.GRAD)[0] == "?"
    assert numbers(ran, "gradient") == ["?", "?"]
    assert numbers(ran, "value") == ["3", "−2"]
    session.set_covered(frozenset())
    assert numbers(ran, "gradient") == ["6", "−4"]


def test_larger_letters_make_larger_rows(ran: TensorView, session: Session) -> None:
    session.select_tensor(live.A_LEAF)
    row, grid = ran.table.rowHeight(0), ran.detail.value.grid.height()
    ran.setFont(sans(26))
    assert ran.table.rowHeight(0) > row
    assert ran.detail.value.grid.height() > grid


def test_the_box_of_a_computed_tensor_cannot_be_ticked(ran: TensorView, session: Session) -> None:
    box = ran.model.index(1, Column.REQUIRES_GRAD)
    assert not box.flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert not ran.model.setData(box, Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert text(session) == live.SQUARE


def test_ctrl_and_a_click_cover_by_hand_and_uncover(ran: TensorView, session: Session) -> None:
    session.select_tensor(live.A_LEAF)
    grid = ran.detail.gradient.grid
    place = grid.visualRect(grid.numbers.index(0, 0)).center()
    for shown in (["?", "?"], ["6", "−4"]):
        QTest.mouseClick(
            grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place
        )
        assert numbers(ran, "gradient") == shown


def test_an_edit_that_has_not_run_is_said(ran: TensorView, session: Session, qtbot: QtBot) -> None:
    banner = ran.banner
    assert not banner.isVisible()
    session.set_cell_text(session.document.cells[0].id, live.SQUARE + "z = 1")
    qtbot.waitUntil(banner.isVisible)
    session.undo()
    assert not banner.isVisible()


def test_torchs_own_figures_stand_in_the_table(view: TensorView, session: Session) -> None:
    """Q = 3a³ − b², recorded from torch: one backward gives 36 and 81, a second one on top of it their double."""
    session.open_path(RECORDINGS / "q.json")
    session.player.last()
    assert column(view, Column.NAME) == ["a", "b", "Q"]
    assert column(view, Column.GRAD)[:2] == ["[72, 162]", "[−24, −16]"]
    session.player.seek(session.trace.backwards[0].end_step - 1)  # type: ignore[operator]
    assert column(view, Column.GRAD) == ["[36, 81]", "[−12, −8]", "None · passes, not kept"]
    assert not view.model.index(0, Column.REQUIRES_GRAD).flags() & Qt.ItemFlag.ItemIsUserCheckable
    session.select_tensor(live.A_LEAF)
    assert not view.detail.value.grid.numbers.editable


def test_numbers_are_copied_exactly(ran: TensorView, session: Session) -> None:
    session.select_tensor(live.A_LEAF)
    ran.detail.gradient.grid.copy()
    assert QGuiApplication.clipboard().text() == "6.0\t-4.0"


def test_a_gradient_at_which_nobody_looked_is_there_without_numbers(
    view: TensorView, session: Session, kernel: FakeKernel
) -> None:
    unread = {"shape": [2_000], "stats": None, "unread": True}
    met = Change(tensor=live.A_LEAF, what="grad", before=None, after=unread, span=None, step=0)
    events = live.square(session, output=False)
    at = next(place for place, event in enumerate(events) if isinstance(event, Step))
    live.run(session, kernel, [*events[:at], met, events[at]])
    session.select_tensor(live.A_LEAF)

    assert column(view, Column.GRAD)[0] == "[2000]"
    assert view.detail.gradient.words == "Made while nothing was recorded, and not looked at."


def test_it_survives_a_tensor_that_is_gone(ran: TensorView, session: Session) -> None:
    session.select_tensor(TensorId(99))
    assert not ran.detail.isVisible()


def drag(viewport: object, place: QPoint) -> None:
    """A mouse move with the left button held, which QTest.mouseMove does not tell."""
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication, QWidget

    assert isinstance(viewport, QWidget)
    where, none = QPointF(place), Qt.KeyboardModifier.NoModifier
    left = Qt.MouseButton.LeftButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, where, viewport.mapToGlobal(where), Qt.MouseButton.NoButton, left, none
    )
    QApplication.sendEvent(viewport, event)


def test_in_a_low_pane_the_tensor_in_hand_stands_beside_the_table(
    ran: TensorView, session: Session, qtbot: QtBot
) -> None:
    session.select_tensor(live.A_LEAF)
    ran.resize(1000, 180)
    qtbot.waitUntil(lambda: ran.detail.mapTo(ran, QPoint(0, 0)).x() >= ran.table.width() > 400)
    ran.resize(420, 500)
    qtbot.waitUntil(lambda: ran.detail.mapTo(ran, QPoint(0, 0)).y() >= ran.table.height() > 40)


def test_what_else_is_known_of_a_tensor_stands_under_its_name(
    view: TensorView, session: Session, kernel: FakeKernel
) -> None:
    events = live.square(session)
    hook = HookRan(
        kind="tensor",
        function="clip",
        tensor=TensorId(0),
        node=None,
        backward=BackwardId(0),
        before=[6.0, -4.0],
        after=[1.0, -1.0],
        step=2,
    )
    live.run(session, kernel, [*events, hook])
    session.select_tensor(TensorId(0))

    assert view.detail.facts == "hook clip: [6, −4] → [1, −1]"
    session.player.seek(0)
    assert view.detail.facts == ""


def test_a_tensor_of_more_dimensions_is_turned_over_page_by_page(qtbot: QtBot) -> None:
    chooser = PageChooser()
    qtbot.addWidget(chooser)
    chooser.show_pages((2, 3, 4, 5), 0, 6)
    assert not chooser.isHidden() and chooser.text == "[0, 0, :, :] · 1/6"
    turned: list[int] = []
    chooser.turned.connect(turned.append)
    chooser.after.click()
    assert chooser.text == "[0, 1, :, :] · 2/6"
    chooser.before.click()
    chooser.before.click()
    assert chooser.text == "[1, 2, :, :] · 6/6" and turned == [1, 0, 5]
    chooser.show_pages((3, 4), 0, 1)
    assert chooser.isHidden()
