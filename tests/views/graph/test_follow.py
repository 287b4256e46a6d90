"""A picture too large for its pane follows the step until the person drags it away; a button and a key lead back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.views.graph.pane import shown
from tests.views.graph_session import GraphSession
from tutor.views.graph.view import GraphView


def drag(qtbot: QtBot, view: GraphView, by: int = -80) -> None:
    port = view.canvas.viewport()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    for x in (200 + by // 4, 200 + by):
        qtbot.mouseMove(port, QPoint(x, 80))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=QPoint(200 + by, 80))


def at_work(session: GraphSession, view: GraphView) -> bool:
    """Whether what the step is about lies in sight."""
    item = session.picture.motion.item if session.picture else None
    assert item is not None
    return view.canvas.seen().contains(view.scene.item_rect(item).center())


def away(qtbot: QtBot) -> tuple[GraphSession, GraphView]:
    """At a step out of sight, from where the person has dragged the picture away."""
    session = GraphSession("q")
    view = shown(qtbot, session, size=(420, 360))
    session.player.set_animated(False)
    session.player.last()
    view.canvas.zoom_by(1.5)
    drag(qtbot, view)
    session.at(session.step_of("MulBackward0"))
    for _turn in range(3):
        drag(qtbot, view, by=190)
    assert not at_work(session, view)
    return session, view


def test_the_button_is_there_only_while_the_picture_is_dragged_away(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session, size=(420, 360))
    assert not view.follow.isVisible()
    drag(qtbot, view)
    assert view.follow.isVisible()
    corner = view.follow.geometry().bottomRight()
    assert view.canvas.viewport().rect().contains(corner)
    view.canvas.fit()
    assert not view.follow.isVisible()


@pytest.mark.parametrize("way", ["button", "key"])
def test_it_leads_back_to_the_step_at_the_persons_own_zoom(qtbot: QtBot, way: str) -> None:
    session, view = away(qtbot)
    zoom = view.canvas.zoom
    if way == "button":
        view.follow.click()
    else:
        qtbot.keyClick(view.canvas, Qt.Key.Key_F)
    assert at_work(session, view)
    assert view.canvas.zoom == zoom
    assert not view.follow.isVisible()
    session.at(session.step_of("SubBackward0"))
    assert at_work(session, view)


def test_with_motion_it_glides_there(qtbot: QtBot) -> None:
    session, view = away(qtbot)
    session.player.set_animated(True)
    before = view.canvas.seen().center()
    view.follow.click()
    assert view.canvas.seen().center() == before
    assert view.canvas.goal().center() != before
    qtbot.waitUntil(lambda: at_work(session, view))


def test_a_new_structure_is_followed_from_the_start(qtbot: QtBot) -> None:
    session = GraphSession("loop")
    view = shown(qtbot, session, size=(420, 360))
    drag(qtbot, view)
    session.show_all = True
    session.look()
    qtbot.waitUntil(lambda: view.canvas.following)
    assert not view.follow.isVisible()
