"""The small ∂ at an operation's shoulder that opens its lens; struck through where there is none."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from tutor.views.graph.paint import CENTRE, Inks, pen, write

Handle = Literal["hidden", "there", "open", "missing"]
_RADIUS = 9.5


def handle_rect(body: QRectF) -> QRectF:
    """At the upper right of the circle."""
    reach = body.height() / 2 * 0.78
    centre = QPointF(body.right() - body.height() / 2 + reach, body.center().y() - reach)
    return QRectF(centre.x() - _RADIUS, centre.y() - _RADIUS, 2 * _RADIUS, 2 * _RADIUS)


def draw_handle(painter: QPainter, body: QRectF, handle: Handle, inks: Inks) -> None:
    if handle == "hidden":
        return
    place = handle_rect(body)
    missing = handle == "missing"
    line = inks.muted if missing else inks.gradient
    painter.setPen(pen(line, 1.5))
    painter.setBrush(inks.gradient if handle == "open" else inks.panel)
    painter.drawEllipse(place)
    ink = inks.chip_ink if handle == "open" else inks.muted if missing else inks.gradient_text
    write(painter, place.adjusted(0, -1, 0, -1), "∂", role="code", colour=ink, align=CENTRE)
    if missing:
        painter.setPen(pen(inks.muted, 1.5))
        painter.drawLine(place.topLeft() + QPointF(4, 4), place.bottomRight() - QPointF(4, 4))
