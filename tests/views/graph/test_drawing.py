"""What a callout draws: copies that spread, rows that slide into one, a product that fills; its size never changes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSizeF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from tests.traces.recording import record_text
from tests.views.graph.pane import shown
from tests.views.graph_session import GraphSession
from tutor.trace.picture import Drawing, Sheet, Shown
from tutor.views.graph.drawing import draw_drawings, drawings_size, fitting
from tutor.views.graph.paint import Inks
from tutor.views.theme import DARK, LIGHT, Palette


def sheet(*shape: int, covered: bool = False, kept: bool = True) -> Sheet:
    count = int(np.prod(shape, dtype=int))
    data = (np.arange(count) - 1.0).reshape(shape).tolist() if kept else None
    return Sheet("G", Shown(data, shape, covered=covered), "gradient")


FOLD = Drawing("fold", (sheet(4, 2), sheet(2)), (0,))
STRETCH = Drawing("stretch", (sheet(4, 1), sheet(4, 6)), (1,))
PRODUCT = Drawing("product", (sheet(3, 4), sheet(4, 2), sheet(3, 2)))
ALL = [
    FOLD,
    STRETCH,
    PRODUCT,
    Drawing("fold", (sheet(3, 4, 2), sheet(4, 2)), (0,)),
    Drawing("fold", (sheet(4, 2), sheet()), (0, 1)),
    Drawing("stretch", (sheet(), sheet(500, 300, kept=False)), (0, 1)),
    Drawing("product", (sheet(1, 784, kept=False), sheet(784, 10, kept=False), sheet(1, 10))),
    Drawing("fold", (sheet(4, 2, covered=True), sheet(2, covered=True)), (0,)),
]


def painted(drawing: Drawing, progress: float, palette: Palette = LIGHT) -> QImage:
    size = drawings_size([drawing])
    image = QImage(round(size.width()) + 20, round(size.height()) + 20, QImage.Format.Format_RGB32)
    image.fill(QColor(palette.panel))
    painter = QPainter(image)
    draw_drawings(painter, QPointF(6, 4), [drawing], progress, Inks(palette))
    painter.end()
    return image


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("drawing", ALL)
def test_a_drawing_has_room_for_all_that_it_ever_shows(drawing: Drawing) -> None:
    size = drawings_size([drawing])
    assert 40 < size.width() < 420 and 20 < size.height() < 190
    for palette in (LIGHT, DARK):
        for progress in (0.0, 0.4, 0.7, 0.9, 1.0):
            image = painted(drawing, progress, palette)
            edges = [
                image.pixelColor(x, y).name() for x in (0, image.width() - 1) for y in range(image.height())
            ]
            edges += [image.pixelColor(x, image.height() - 1).name() for x in range(image.width())]
            assert set(edges) == {palette.panel}


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("drawing", [FOLD, STRETCH, PRODUCT])
def test_it_moves_with_the_step_and_ends_in_one_state(drawing: Drawing) -> None:
    moments = (0.35, 0.45, 0.6) if drawing.kind == "product" else (0.7, 0.8, 0.9)
    frames = [painted(drawing, progress) for progress in (*moments, 1.0)]
    assert all(one != other for one, other in pairwise(frames))
    assert painted(drawing, 1.0) == frames[-1]


@pytest.mark.usefixtures("qapp")
def test_what_lacks_room_is_left_out_from_the_end() -> None:
    one, both = drawings_size([FOLD]), drawings_size([FOLD, PRODUCT])
    assert fitting((FOLD, PRODUCT), both) == (FOLD, PRODUCT)
    assert fitting((FOLD, PRODUCT), QSizeF(both.width(), both.height() - 1)) == (FOLD,)
    assert fitting((FOLD, PRODUCT), QSizeF(one.width() - 1, 900)) == ()


BIAS = """
import torch
X = torch.ones(4, 3)
W = torch.ones(3, 2, requires_grad=True)
b = torch.zeros(2, requires_grad=True)
Y = X @ W + b
Y.sum().backward()
"""


def test_the_callout_keeps_its_place_while_its_drawing_moves(qtbot: QtBot) -> None:
    session = GraphSession(record_text(BIAS))
    view = shown(qtbot, session, (1200, 700))
    for step in range(session.player.count):
        rooms = set()
        for progress in (0.4, 0.6, 0.8, 1.0):
            session.at(step, progress)
            callout = view.scene.callout
            if callout.isVisible() and callout.drawings:
                rooms.add((callout.rect.topLeft().toTuple(), callout.rect.size().toTuple()))
        assert len(rooms) <= 1


def test_without_motion_the_drawing_is_at_its_end(qtbot: QtBot) -> None:
    session = GraphSession(record_text(BIAS))
    view = shown(qtbot, session, (1200, 700))
    step = session.step_of("AddBackward0")
    session.at(step, 0.75)
    assert view.scene.callout.drawings and view.scene.callout.progress == 0.75
    session.player.animated = False
    session.at(step, 0.75)
    assert view.scene.callout.progress == 1.0
