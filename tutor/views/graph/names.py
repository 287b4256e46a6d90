"""A Python name as a tag on its way: from the box that had it to the one that gets it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from tutor.views.graph.fonts import text_width
from tutor.views.graph.items import GraphItem
from tutor.views.graph.paint import CENTRE, Inks, pen, write
from tutor.views.graph.sizes import HEADER, PAD, name_role

_HEIGHT = 26.0
_ARC = 12.0


class NameItem(GraphItem):
    """One name in flight."""

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks)
        self.setZValue(10)
        self.hide()

    def show_at(self, name: str, place: QPointF) -> None:
        """`place` is where the name's text begins, in the middle of its line."""
        if name != self.name:
            self.name = name
            width = text_width(name_role(name), name) + 16
            self.set_room(QRectF(-9, -_HEIGHT / 2 - 1, width + 2, _HEIGHT + 2))
            self.update()
        self.setPos(place)
        self.show()

    def draw(self, painter: QPainter, detail: float) -> None:
        tag = self.boundingRect().adjusted(1, 1, -1, -1)
        painter.setPen(pen(self.inks.ink, 1.6))
        painter.setBrush(self.inks.panel)
        painter.drawRoundedRect(tag, 6, 6)
        write(painter, tag, self.name, role=name_role(self.name), colour=self.inks.ink, align=CENTRE)


def flight_place(old: QRectF, new: QRectF, at: float) -> QPointF:
    """On an arc between the names' places in the two boxes."""
    start, end = _seat(old), _seat(new)
    straight = start + (end - start) * at
    return straight - QPointF(0, 4 * _ARC * at * (1 - at))


def _seat(body: QRectF) -> QPointF:
    return QPointF(body.left() + PAD, body.top() + 3 + (HEADER - 4) / 2)
