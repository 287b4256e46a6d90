"""How the picture fits its pane: its size, its direction, and texts that can be read at every zoom."""

from __future__ import annotations

from typing import get_args

import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from tests.views.graph.pane import box, shown
from tests.views.graph_session import GraphSession
from tutor.shipped import shipped
from tutor.trace.file import read_trace
from tutor.views.graph.canvas import MIN_FIT, READABLE
from tutor.views.graph.fonts import SMALL, SMALLEST, Role, font
from tutor.views.graph.paint import write


def test_the_picture_fits_when_it_appears_and_again_on_0(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session, size=(1000, 680))
    session.player.last()
    seen = view.canvas.seen()
    assert all(seen.contains(item.sceneBoundingRect().center()) for item in view.scene.pool.boxes.values())
    view.canvas.zoom_by(2.5)
    assert not view.canvas.seen().contains(view.scene.sceneRect())
    qtbot.keyClick(view.canvas, Qt.Key.Key_0)
    assert view.canvas.seen().adjusted(-1, -1, 1, 1).contains(view.scene.sceneRect())
    assert view.canvas.zoom <= 1.6


def test_a_picture_too_large_to_read_follows_the_step(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session, size=(420, 360))
    assert view.canvas.zoom == READABLE
    for step in range(session.player.count):
        session.at(step)
        item = session.picture.motion.item if session.picture else None
        if item is not None:
            assert view.canvas.seen().contains(view.scene.item_rect(item).center())


def test_an_equal_picture_with_longer_words_is_fitted_anew(qtbot: QtBot) -> None:
    session = GraphSession(read_trace(shipped("lessons") / "02-q" / "en.trace.json"))
    view = shown(qtbot, session, size=(1150, 700))
    session.at(session.trace.backwards[0].first_step)
    narrow = view.scene.sceneRect().width()
    session.at(session.player.count - 1)
    assert view.scene.sceneRect().width() > narrow
    assert view.canvas.seen().adjusted(-1, -1, 1, 1).contains(view.scene.sceneRect())


def test_texts_have_eleven_pixels_wherever_a_picture_is_fitted(qtbot: QtBot) -> None:
    sizes = [font(role).pixelSize() for role in get_args(Role)]
    assert min(sizes) * MIN_FIT >= SMALLEST == 11
    for size in ((300, 330), (480, 420), (720, 420), (1100, 640)):
        assert shown(qtbot, GraphSession("q"), size).canvas.zoom >= MIN_FIT


def test_text_that_would_be_too_small_is_written_larger_or_not_at_all(qtbot: QtBot) -> None:
    image = QImage(200, 60, QImage.Format.Format_RGB32)

    def inked(width: float, zoom: float) -> int:
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        painter.scale(zoom, zoom)
        write(painter, QRectF(0, 0, width, 40), "None", role="small", colour=QColor("black"))
        painter.end()
        rows = [y for y in range(60) if any(image.pixelColor(x, y).value() < 128 for x in range(200))]
        return len(rows)

    assert inked(200, 0.5) == inked(200, SMALLEST / SMALL)
    assert inked(12, 0.5) == 0


def test_a_callout_can_be_read_at_every_zoom(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.at(session.step_of("MulBackward0"))
    for _turn in range(4):
        view.canvas.zoom_by(0.7)
        assert view.scene.callout.magnified * view.canvas.zoom >= 0.99


def test_a_narrow_pane_shows_the_picture_from_top_to_bottom(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    wide = shown(qtbot, session, size=(1100, 640))
    assert box(wide, "a").x() < box(wide, "d").x() - 300
    narrow = shown(qtbot, session, size=(430, 860))
    assert box(narrow, "a").y() < box(narrow, "d").y() - 300 and narrow.canvas.whole


def test_the_person_chooses_the_direction_and_it_is_remembered(qtbot: QtBot) -> None:
    session = GraphSession("slope")
    view = shown(qtbot, session)
    actions = {action.text(): action for action in view.buttons.direction.menu().actions()}
    actions["Top to bottom"].trigger()
    assert session.preferences.graph_direction == "down"
    assert box(view, "x").y() < box(view, "y").y()
    again = shown(qtbot, session)
    assert box(again, "x").y() < box(again, "y").y()
    actions["Left to right"].trigger()
    assert box(view, "x").x() < box(view, "y").x()


def test_another_shape_of_the_pane_turns_the_picture_but_not_while_it_plays(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session, size=(1100, 640))
    with qtbot.waitSignal(view.scene.built):
        view.resize(430, 860)
    assert box(view, "a").y() < box(view, "d").y() - 300
    session.player.playing = True
    view.resize(1100, 640)
    qtbot.waitUntil(lambda: not view.turning)
    assert box(view, "a").y() < box(view, "d").y() - 300


def test_a_followed_picture_is_left_alone_once_dragged_and_0_follows_again(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session, size=(420, 360))
    session.player.last()
    port = view.canvas.viewport()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    for x in (180, 120):
        qtbot.mouseMove(port, QPoint(x, 80))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=QPoint(120, 80))
    seen = view.canvas.seen()
    for step in range(session.player.count):
        session.at(step)
    assert view.canvas.seen() == seen
    qtbot.keyClick(view.canvas, Qt.Key.Key_0)
    assert view.canvas.zoom == READABLE
    step = session.step_of("MulBackward0")
    session.at(step)
    item = session.picture.motion.item if session.picture else None
    assert item is not None and view.canvas.seen().contains(view.scene.item_rect(item).center())
    qtbot.keyClick(view.canvas, Qt.Key.Key_0)
    pixel = 1 / view.canvas.zoom
    assert view.canvas.seen().adjusted(-pixel, -pixel, pixel, pixel).contains(view.scene.sceneRect())


@pytest.mark.parametrize("size", [(430, 760), (720, 420)])
def test_a_callout_never_covers_the_sign_that_works_and_stays_in_sight(
    size: tuple[int, int], qtbot: QtBot
) -> None:
    for name in ("two_paths", "loop", "by_hand"):
        session = GraphSession(name)
        view = shown(qtbot, session, size)
        for step in range(session.player.count):
            session.at(step)
            callout, ground = view.scene.callout, view.scene.ground
            if callout.isVisible() and callout.callout is not None and ground is not None:
                sign = ground.body(callout.callout.item).adjusted(15, 15, -15, -15)
                assert not callout.rect.intersects(sign)
                assert view.canvas.seen().contains(callout.rect.center())
