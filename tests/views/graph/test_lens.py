"""The vᵀJ lens: J worked out here, v as sliders, and the one row that leaves, torch's own or marked as not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.traces.recording import record_text
from tests.views.graph.pane import box, shown
from tests.views.graph_session import GraphSession
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.closer import copies
from tutor.views.graph.handle import handle_rect
from tutor.views.graph.items import GraphItem
from tutor.views.graph.view import GraphView
from tutor.views.theme import DARK, LIGHT, apply

PROGRAM = """
import torch
A = torch.tensor([[1., 2.], [3., 4.], [5., 6.]])
x = torch.tensor([1., -1.], requires_grad=True)
y = A @ x
z = y * 2
z.backward(torch.tensor([1., 0., 0.5]))
"""
LARGE = """
import torch
w = torch.arange(200.).reshape(10, 20).requires_grad_()
s = (w * 2).sum()
s.backward()
"""


@pytest.fixture
def letters(qapp: QApplication) -> Iterator[Callable[[int], None]]:
    """Sets the letters of the whole program, in per cent."""
    yield partial(apply, qapp, LIGHT)
    apply(qapp, LIGHT, 100)
    qapp.setStyleSheet("")


def opened(qtbot: QtBot, text: str = PROGRAM, node: str = "MvBackward0") -> tuple[GraphSession, GraphView]:
    session = GraphSession(record_text(text))
    view = shown(qtbot, session, (1100, 640))
    session.at(session.step_of(node))
    return session, view


def circle(view: GraphView, symbol: str) -> CircleItem:
    return next(item for item in view.scene.pool.circles.values() if item.circle.symbol == symbol)


def mouse(view: GraphView, item: GraphItem, place: QPointF, kind: QMouseEvent.Type) -> None:
    at = QPointF(view.canvas.mapFromScene(item.mapToScene(place)))
    pressed = kind != QMouseEvent.Type.MouseMove
    button = Qt.MouseButton.LeftButton if pressed else Qt.MouseButton.NoButton
    event = QMouseEvent(kind, at, at, button, button, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view.canvas.viewport(), event)


def click_handle(view: GraphView, item: CircleItem) -> None:
    place = handle_rect(item.anatomy.body).center()
    for kind in (QMouseEvent.Type.MouseButtonPress, QMouseEvent.Type.MouseButtonRelease):
        mouse(view, item, place, kind)


def test_the_handle_opens_the_lens_at_its_operation_and_closes_it(qtbot: QtBot) -> None:
    session, view = opened(qtbot)
    product = circle(view, "@")
    assert product.handle == "there" and view.closer.lens.isHidden()
    click_handle(view, product)
    assert session.selection.item == product.circle.id
    lens = view.closer.lens
    assert lens.isVisible() and product.handle == "open"
    assert lens.v == [2.0, 0.0, 1.0] and lens.grid.rows == ["7 10"] and lens.grid.is_torchs
    assert "torch's" in lens.note
    click_handle(view, product)
    assert lens.isHidden() and product.handle == "there"


def test_the_key_opens_the_lens_and_escape_closes_it(qtbot: QtBot) -> None:
    session, view = opened(qtbot)
    session.select_item(circle(view, "@").circle.id)
    with qtbot.waitActive(view):
        view.activateWindow()
    view.canvas.setFocus()
    qtbot.keyClick(view.canvas, Qt.Key.Key_J)
    assert view.closer.lens.isVisible()
    qtbot.keyClick(view.closer.lens, Qt.Key.Key_Escape)
    assert view.closer.lens.isHidden() and not view.closer.open


def test_the_lens_follows_the_selection(qtbot: QtBot) -> None:
    session, view = opened(qtbot)
    lens = view.closer.lens
    session.select_item(circle(view, "@").circle.id)
    view.closer.toggle()
    session.select_item(box(view, "y").box.id)
    assert lens.isHidden(), "a tensor has no J"
    session.select_item(circle(view, "×").circle.id)
    assert lens.isVisible() and lens.jacobian is not None and lens.jacobian.name == "MulBackward0"


def test_a_slider_gives_a_row_that_torch_has_not_computed_and_says_so(qtbot: QtBot) -> None:
    session, view = opened(qtbot)
    lens = view.closer.lens
    session.select_item(circle(view, "@").circle.id)
    view.closer.toggle()
    lens.sliders.sliders[0].setValue(10)
    lens.sliders.sliders[2].setValue(0)
    assert lens.v == [1.0, 0.0, 0.0]
    assert lens.grid.rows == ["1 2"] and not lens.grid.is_torchs
    assert "nothing has run" in lens.note
    assert not lens.torchs.isHidden()
    lens.torchs.click()
    assert lens.grid.rows == ["7 10"] and lens.grid.is_torchs
    lens.ones.click()
    assert lens.v == [1.0, 1.0, 1.0] and lens.grid.rows == ["9 12"] and not lens.grid.is_torchs


def test_before_its_turn_v_is_all_ones_and_no_number_is_torchs(qtbot: QtBot) -> None:
    session, view = opened(qtbot)
    session.at(session.step_of("MvBackward0") - 1)
    session.select_item(circle(view, "@").circle.id)
    view.closer.toggle()
    lens = view.closer.lens
    assert lens.v == [1.0, 1.0, 1.0] and not lens.grid.is_torchs


def test_the_rows_slide_with_the_step_and_end_in_place(qtbot: QtBot) -> None:
    session, view = opened(qtbot)
    session.select_item(circle(view, "@").circle.id)
    view.closer.toggle()
    step = session.step_of("MvBackward0")
    grabbed = []
    for progress in (0.2, 0.5, 0.75, 0.9, 1.0):
        session.at(step, progress)
        grabbed.append(view.closer.lens.grid.grab().toImage())
    assert all(one != other for one, other in pairwise(grabbed))
    session.player.animated = False
    session.at(step, 0.5)
    assert view.closer.lens.grid.grab().toImage() == grabbed[-1], "without motion the end state"


def test_where_there_is_no_lens_the_reason_is_under_the_pointer(qtbot: QtBot) -> None:
    session, view = opened(qtbot, LARGE, "MulBackward0")
    times = circle(view, "×")
    assert times.handle == "hidden", "nobody has asked"
    session.hover_item(times.circle.id)
    assert times.handle == "missing"
    tip = view.canvas.tip_of(times, handle_rect(times.anatomy.body).center())
    assert "200" in tip and "up to 8" in tip
    click_handle(view, times)
    assert view.closer.lens.isHidden()
    reason = view.canvas.tip_of(times, QPointF(0, 0))
    assert "No lens" not in reason, "only at the handle"


def test_the_exact_numbers_of_the_lens_are_under_the_pointer_and_can_be_copied(qtbot: QtBot) -> None:
    text = PROGRAM.replace("[1., 2.]", "[0.1, 2.]")
    session, view = opened(qtbot, text)
    session.select_item(circle(view, "@").circle.id)
    view.closer.toggle()
    grid = view.closer.lens.grid
    rect = grid._block_rects()[0]
    tip = grid.tip_at(QPointF(rect.left() + 5, rect.top() + 5))
    assert "∂y[0]/∂x[0] = 0.1" in tip and "never builds J" in tip
    assert grid.tip_at(grid._leaving_rect(rect).center() + QPointF(5, 0)).startswith("x[1]: 10.0")
    view.closer.lens.setFocus()
    qtbot.keyClick(view.closer.lens, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().splitlines()[1] == "3.0\t4.0"


def test_the_answer_of_a_question_is_nowhere_in_the_lens(qtbot: QtBot) -> None:
    session, view = opened(qtbot)
    session.select_item(circle(view, "@").circle.id)
    view.closer.toggle()
    session.set_covered(frozenset({"x.grad"}))
    lens = view.closer.lens
    assert lens.grid.rows == ["? ?"]
    lens.ones.click()
    assert lens.grid.rows == ["? ?"] and lens.grid.copied() == "?"
    rect = lens.grid._block_rects()[0]
    assert lens.grid.tip_at(lens.grid._leaving_rect(rect).center()).endswith("?")


def test_the_lens_stays_off_its_operation_in_every_window(qtbot: QtBot) -> None:
    for size in ((1100, 640), (760, 520)):
        session = GraphSession(record_text(PROGRAM))
        view = shown(qtbot, session, size)
        session.at(session.step_of("MvBackward0"))
        product = circle(view, "@")
        session.select_item(product.circle.id)
        view.closer.toggle()
        rect = view.closer._in_view(view.scene.item_rect(product.circle.id))
        assert view.closer.lens.isVisible() and not view.closer.lens.geometry().intersects(rect)
        assert view.canvas.viewport().rect().contains(view.closer.lens.geometry())
        view.apply_theme(DARK)
        view.grab()


def test_over_small_blocks_the_magnifier_shows_exact_numbers_with_their_indices(qtbot: QtBot) -> None:
    session, view = opened(qtbot, LARGE, "MulBackward0")
    item = box(view, "w")
    found = item.sheet_at(item.anatomy.value.center())
    assert found is not None
    sheet = found[2]
    mouse(view, item, sheet.topLeft() + QPointF(2, 2), QMouseEvent.Type.MouseMove)
    glass = view.closer.magnifier
    assert glass.isVisible() and glass.rows == range(5) and glass.columns == range(5)
    assert glass.texts[0] == ("0", "1.0", "2.0", "3.0", "4.0")
    mouse(view, item, sheet.bottomRight() - QPointF(2, 2), QMouseEvent.Type.MouseMove)
    assert glass.rows == range(5, 10) and glass.columns == range(15, 20) and glass.texts[-1][-1] == "199.0"
    assert view.canvas.viewport().rect().contains(glass.geometry())
    glass.grab()
    session.set_covered(frozenset({"w"}))
    mouse(view, item, sheet.center(), QMouseEvent.Type.MouseMove)
    assert glass.isHidden(), "what is covered is not magnified"
    mouse(view, item, QPointF(0, item.anatomy.body.top() + 5), QMouseEvent.Type.MouseMove)
    assert glass.isHidden()


def test_the_numbers_of_a_box_or_chip_are_copied_exact_and_the_covered_ones_are_not(qtbot: QtBot) -> None:
    session, view = opened(qtbot, PROGRAM.replace("[1., -1.]", "[0.1, -1.]"))
    session.player.last()
    item = box(view, "x")
    assert copies(item) == [("Copy the value", "[0.1, -1.0]"), ("Copy the gradient", "[7.0, 10.0]")]
    chip = next(chip for chip in view.scene.pool.gradient_chips.values() if chip.isVisible())
    assert copies(chip)[0][0] == "Copy the gradient" and copies(chip)[0][1].startswith("[")
    session.set_covered(frozenset({"x.grad"}))
    assert copies(item) == [("Copy the value", "[0.1, -1.0]")]
    assert copies(circle(view, "@")) == [] and copies(None) == []


@pytest.mark.parametrize("size", [100, 160, 200])
def test_rows_and_sliders_stand_in_line_at_every_size_of_letters(
    size: int, letters: Callable[[int], None], qtbot: QtBot
) -> None:
    session, view = opened(qtbot)
    session.select_item(circle(view, "@").circle.id)
    view.closer.toggle()
    lens = view.closer.lens
    lens.sliders.sliders[1].setValue(7)
    letters(size)
    view.grab()
    assert lens.v[1] == 0.7, "the numbers stay"
    scale = lens.grid._scale
    rect = lens.grid._block_rects()[0]
    for row, slider in enumerate(lens.sliders.sliders):
        middle = lens.grid._row_rect(rect, row).center().y() * scale
        seen = slider.mapTo(lens.grid.parentWidget(), slider.rect().center()).y() - lens.grid.y()
        assert abs(seen - middle) <= 3 * scale


def test_after_another_run_the_lens_stands_at_the_same_operation(qtbot: QtBot) -> None:
    session, view = opened(qtbot)
    session.select_item(circle(view, "@").circle.id)
    view.closer.toggle()
    assert view.closer.lens.grid.rows == ["7 10"]
    session.rerun(record_text(PROGRAM.replace("[1., 0., 0.5]", "[0., 1., 0.]")))
    session.at(session.step_of("MvBackward0"))
    assert view.closer.lens.isVisible() and view.closer.lens.grid.rows == ["6 8"]
