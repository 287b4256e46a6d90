"""Lanes as they are painted: of a very long one only the part in sight, and that whole."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView
from pytestqt.qtbot import QtBot

from tutor.protocol import TensorId
from tutor.trace.picture import ItemId, Lane, LaneId, LaneState, Shown
from tutor.views.graph.lanes import LaneCurves, LaneItem
from tutor.views.graph.motion import STILL
from tutor.views.graph.paint import Inks
from tutor.views.graph.paths import Curve
from tutor.views.theme import LIGHT

LENGTH = 6_000.0


def _straight(y: float) -> Curve:
    return Curve(np.array([(0.0, y), (LENGTH, y)]))


def _seen_at(qtbot: QtBot, x: float, state: LaneState) -> QImage:
    """100 × 40 pixels of a straight lane of 6,000."""
    item = LaneItem(Inks(LIGHT))
    item.bind(
        Lane(LaneId("l"), ItemId("t0"), ItemId("o0"), TensorId(0), 0, returns=True),
        LaneCurves(_straight(0.0), _straight(-5.0), _straight(5.0)),
    )
    item.set_state(state, STILL)
    scene = QGraphicsScene()
    scene.addItem(item)
    view = QGraphicsView(scene)
    qtbot.addWidget(view)
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setBackgroundBrush(QColor("white"))
    view.resize(100, 40)
    view.setSceneRect(QRectF(x, -20, 100, 40))
    return view.grab().toImage()


def _coloured(image: QImage, y: int) -> int:
    return sum(image.pixelColor(x, y) != QColor("white") for x in range(image.width()))


def test_a_long_lane_is_drawn_wherever_one_looks(qtbot: QtBot) -> None:
    state = LaneState(present=True, laid=True, gradient=Shown(1.0, ()))
    for x in (200.0, 3_000.0, 5_700.0):
        image = _seen_at(qtbot, x, state)
        assert _coloured(image, 15) == 100
        assert _coloured(image, 25) == 100


def test_a_long_return_lane_on_which_nothing_came_stays_dotted(qtbot: QtBot) -> None:
    image = _seen_at(qtbot, 3_000.0, LaneState(present=True, laid=True))
    assert _coloured(image, 15) == 100
    assert 20 < _coloured(image, 25) < 100
