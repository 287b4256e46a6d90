"""The canvas's items for a tensor and an operation: each draws its anatomy in its state, and changes by difference."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from tutor.views.graph.paint import Inks

FADED = 0.4
"""The opacity of what is not in the step."""
DETAIL = 0.6
"""Below this zoom boxes and circles are drawn without their small texts."""


@dataclass(frozen=True, slots=True)
class Look:
    """How an item stands in the step: apart from its state."""

    opacity: float = 1.0
    working: bool = False
    outline: float = 1.0
    glowing: bool = False
    selected: bool = False
    hovered: bool = False


class GraphItem(QGraphicsItem):
    """An item of the canvas: knows what a screen reader says of it and what is exact under the pointer."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self.inks = inks
        self.look = Look()
        self.name = ""
        self._room = QRectF()

    def set_inks(self, inks: Inks) -> None:
        self.inks = inks
        self.update()

    def set_look(self, look: Look) -> None:
        if look == self.look:
            return
        self.setOpacity(look.opacity)
        self.look = look
        self.update()

    def rest(self) -> None:
        """Stands for nothing until it is bound again."""
        self.look = Look()
        self.setOpacity(1.0)
        self.hide()

    def set_room(self, room: QRectF) -> None:
        if room != self._room:
            self.prepareGeometryChange()
            self._room = room

    def tip_at(self, place: QPointF) -> str:
        """The exact values at this place, in local coordinates."""
        return self.name

    def click_at(self, place: QPointF) -> bool:
        """Whether a part of its own at this place takes a click."""
        return False

    # Qt

    def boundingRect(self) -> QRectF:
        return self._room

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """A fault of ours is told as any other; let out of here, into Qt's C++, it would end the window."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        try:
            self.draw(painter, option.levelOfDetailFromTransform(painter.worldTransform()))
        except Exception:
            sys.excepthook(*sys.exc_info())
        painter.restore()

    def draw(self, painter: QPainter, detail: float) -> None:
        """Draws in local coordinates; `detail` is the zoom."""
        raise NotImplementedError


def rounded(rect: QRectF, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(rect, radius, radius)
    return path


def halo(painter: QPainter, path: QPainterPath, inks: Inks, look: Look) -> None:
    """A soft band around what is selected, pointed at, or used now."""
    colour = None
    if look.glowing:
        colour = inks.faded("gradient", 0.28)
    elif look.selected:
        colour = inks.faded("value", 0.30)
    elif look.hovered:
        colour = inks.faded("muted", 0.25)
    if colour is not None:
        made = painter.pen()
        made.setColor(colour)
        made.setWidthF(9.0)
        made.setStyle(Qt.PenStyle.SolidLine)
        made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(made)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
