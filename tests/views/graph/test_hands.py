"""What hands do in the graph: click, point, drag, press keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from pytestqt.qtbot import QtBot

from tests.views.graph.pane import box, click, item_id, point_at, shown
from tests.views.graph_session import GraphSession


def test_ctrl_click_covers_a_tensor_and_uncovers_it(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    click(qtbot, view, "a", Qt.KeyboardModifier.ControlModifier)
    assert session.covered == {"a", "a.grad"}
    click(qtbot, view, "a", Qt.KeyboardModifier.ControlModifier)
    assert session.covered == frozenset()


def test_a_click_selects_the_tensor_and_draws_the_line_to_its_grad_fn(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    click(qtbot, view, "d")
    assert session.selection.item == item_id(view, "d") and session.selection.tensor is not None
    assert view.scene.grad_fn.isVisible()
    click(qtbot, view, "a")
    assert not view.scene.grad_fn.isVisible()


def test_pointing_tells_the_session_and_the_session_lights_the_item(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    point_at(view, "b")
    assert session.hovered_item == item_id(view, "b")
    assert box(view, "b").look.hovered
    circle = next(iter(view.scene.pool.circles.values()))
    session.hovered_item, session.hovered_span = None, circle.circle.span
    session.selection_changed.emit()
    assert circle.look.hovered and not box(view, "b").look.hovered


@pytest.mark.parametrize(
    "key", [Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End]
)
def test_the_players_keys_pass_through_the_canvas(key: Qt.Key, qtbot: QtBot) -> None:
    view = shown(qtbot, GraphSession("slope"))
    event = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
    view.canvas.keyPressEvent(event)
    assert not event.isAccepted()


def test_ctrl_and_an_arrow_go_to_the_neighbour(qtbot: QtBot) -> None:
    session = GraphSession("slope")
    view = shown(qtbot, session)
    session.player.last()
    click(qtbot, view, "x")
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert session.selection.item in view.scene.pool.circles


def test_dragging_moves_the_picture_and_selects_nothing(qtbot: QtBot) -> None:
    session = GraphSession("slope")
    view = shown(qtbot, session)
    port = view.canvas.viewport()
    before = view.canvas.seen().center()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    qtbot.mouseMove(port, QPoint(340, 230))
    qtbot.mouseMove(port, QPoint(380, 260))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=QPoint(380, 260))
    moved = before - view.canvas.seen().center()
    assert moved.x() * view.canvas.zoom == pytest.approx(80, abs=2)
    assert session.selection.item is None
