"""What of a large graph is drawn: all that is in sight, near by and from afar."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from tests.trace.made import loop
from tests.views.graph_session import GraphSession
from tutor.trace.trace import Trace
from tutor.views.graph.sight import MOST_LIVE
from tutor.views.graph.view import GraphView


def shown(qtbot: QtBot, length: int) -> GraphView:
    """A chain of so many operations, unfolded, after its last step."""
    trace = Trace()
    trace.extend(loop(1, length))
    session = GraphSession(trace)
    session.unfold_all()
    view = GraphView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(1000, 680)
    view.show()
    session.at(len(trace.steps) - 1)
    qtbot.waitUntil(lambda: view.scene.structure is not None and not view.scene.building)
    return view


def look_at(view: GraphView, rect: QRectF) -> QRectF:
    """Brings this part into sight; returns what is seen."""
    view.canvas.fitInView(rect)
    view.canvas.moved.emit()
    return view.canvas.seen()


def test_from_afar_all_that_is_in_sight_is_drawn(qtbot: QtBot) -> None:
    view = shown(qtbot, 200)
    structure = view.scene.structure
    assert structure is not None

    seen = look_at(view, view.scene.sceneRect())

    inside = [c.id for c in structure.circles if seen.contains(view.scene.item_rect(c.id).center())]
    assert len(inside) > MOST_LIVE
    drawn = {item for item, circle in view.scene.pool.circles.items() if circle.isVisible()}
    assert drawn.issuperset(inside)


def test_what_comes_into_sight_from_afar_is_drawn(qtbot: QtBot) -> None:
    view = shown(qtbot, 400)
    room = view.scene.sceneRect()
    half = QRectF(room.left(), room.top(), room.width() / 2, room.height())
    structure = view.scene.structure
    assert structure is not None

    look_at(view, half)
    seen = look_at(view, half.translated(half.width(), 0))

    inside = [c.id for c in structure.circles if seen.contains(view.scene.item_rect(c.id).center())]
    assert len(inside) > MOST_LIVE
    drawn = {item for item, circle in view.scene.pool.circles.items() if circle.isVisible()}
    assert drawn.issuperset(inside)
