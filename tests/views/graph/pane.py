"""The graph's pane on a session, as tests open it, find a tensor in it, click and point."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.views.graph_session import GraphSession
from tutor.trace.picture import ItemId
from tutor.views.graph.box import BoxItem
from tutor.views.graph.view import GraphView


def shown(qtbot: QtBot, session: GraphSession, size: tuple[int, int] = (1000, 560)) -> GraphView:
    view = GraphView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(*size)
    view.show()
    return view


def box(view: GraphView, name: str) -> BoxItem:
    return next(item for item in view.scene.pool.boxes.values() if item.box.name == name)


def item_id(view: GraphView, name: str) -> ItemId:
    return box(view, name).box.id


def click(
    qtbot: QtBot, view: GraphView, name: str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    place = view.canvas.mapFromScene(box(view, name).pos())
    qtbot.mouseClick(view.canvas.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def point_at(view: GraphView, name: str) -> None:
    place = QPointF(view.canvas.mapFromScene(box(view, name).pos()))
    button, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QMouseEvent.Type.MouseMove, place, place, button, button, keys)
    QApplication.sendEvent(view.canvas.viewport(), move)
