"""The legend's small pictures of pins, locks, hatched values, tags and ghosts."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from tutor.views.graph.block import outline
from tutor.views.graph.ghost_paint import ARROW
from tutor.views.graph.items import rounded
from tutor.views.graph.marks import hatch_behind
from tutor.views.graph.paint import CENTRE, Inks, dashed, pen, pin, write
from tutor.views.graph.pins import lock_badge
from tutor.views.graph.python_tag import tag_path


def pin_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    pin(painter, rect.center() - QPointF(6, 2), inks.gradient)
    pin(painter, rect.center() + QPointF(6, -2), inks.error)


def lock_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    lock_badge(painter, rect.center(), inks)


def behind_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    middle = QRectF(rect.center().x() - 7, rect.center().y() - 6, 14, 12)
    hatch_behind(painter, middle, inks)


def python_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.muted, 1.4))
    painter.setBrush(inks.panel)
    painter.drawPath(tag_path(QRectF(rect.center().x() - 14, rect.center().y() - 7, 28, 14)))


def ghost_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    body = QRectF(rect.center().x() - 14, rect.center().y() - 7, 28, 14)
    painter.setPen(dashed(inks.leaf, 1.6))
    painter.setBrush(inks.panel)
    painter.drawPath(rounded(body, 5))
    write(painter, body, ARROW, role="small", colour=inks.leaf_text, align=CENTRE)


def block_sign(painter: QPainter, rect: QRectF, inks: Inks) -> None:
    painter.setPen(pen(inks.muted, 1.3))
    for off, fill in ((3, inks.zone), (0, inks.panel)):
        painter.setBrush(fill)
        body = QRectF(rect.center().x() - 15 + off, rect.center().y() - 6 - off, 28, 14)
        painter.drawPath(outline(body, cut=4.0))
