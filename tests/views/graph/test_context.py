"""The first look at a picture that is too large for its pane."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSizeF
from pytestqt.qtbot import QtBot

from tests.trace.made import loop
from tests.views.graph.pane import shown
from tests.views.graph_session import GraphSession
from tutor.trace.trace import Trace
from tutor.views.graph.canvas import READABLE
from tutor.views.graph.context import fullest


def view_at(focus: QRectF, items: list[QRectF]) -> QRectF:
    room = QSizeF(400, 300)
    view = QRectF(0, 0, room.width(), room.height())
    view.moveCenter(fullest(room, focus, items))
    return view


def test_the_view_turns_to_the_side_where_its_neighbours_are() -> None:
    focus = QRectF(0, 0, 100, 60)
    neighbours = [QRectF(150, 0, 100, 60), QRectF(290, 40, 100, 60), QRectF(0, 200, 90, 60)]
    view = view_at(focus, [focus, *neighbours, QRectF(-290, 0, 100, 60)])
    assert all(view.contains(item) for item in (focus, *neighbours))


def test_what_stands_alone_stands_in_the_middle() -> None:
    focus = QRectF(0, 0, 100, 60)
    assert view_at(focus, [focus]).center() == focus.center()
    assert view_at(focus, []).center() == focus.center()


def test_what_is_larger_than_the_view_is_seen_from_its_middle() -> None:
    focus = QRectF(0, 0, 1000, 60)
    assert view_at(focus, [focus]).center() == focus.center()


def test_a_large_picture_opens_at_the_step_with_what_is_around_it(qtbot: QtBot) -> None:
    trace = Trace()
    for event in loop(1, 30):
        trace.append(event)
    session = GraphSession(trace)
    session.player.seek(16)
    view = shown(qtbot, session, (700, 400))
    picture = session.picture
    assert picture is not None and view.canvas.zoom == READABLE
    seen = view.canvas.seen()
    whole = [rect for rect in view.scene.present_rects(picture) if seen.contains(rect)]
    assert picture.motion.item is not None and view.scene.item_rect(picture.motion.item) in whole
    assert len(whole) >= 3
