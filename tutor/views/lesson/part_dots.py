"""A lesson's parts as a row of dots: done, open, still to come; a click goes there."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from tutor.views.theme import LIGHT, Palette

_DISTANCE = 18.0
_RADIUS = 4.5


class PartDots(QWidget):
    """Draws the dots; a part reached before is filled, the open one is larger with a ring."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = LIGHT
        self._titles: tuple[str, ...] = ()
        self._part = 0
        self._reached = 0
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_parts(self, titles: tuple[str, ...], *, part: int, reached: int) -> None:
        self._titles, self._part, self._reached = titles, part, max(part, reached)
        self.updateGeometry()
        self.update()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.update()

    def centre(self, part: int) -> QPointF:
        return QPointF(_DISTANCE * (part + 0.5), self.height() / 2)

    def sizeHint(self) -> QSize:
        return QSize(round(_DISTANCE * len(self._titles)), 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part in range(len(self._titles)):
            self._paint(painter, part)

    def _paint(self, painter: QPainter, part: int) -> None:
        line = QColor(self._palette.value if part <= self._reached else self._palette.faint)
        painter.setPen(QPen(line, 1.6))
        painter.setBrush(line if part <= self._reached else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(self.centre(part), _RADIUS - 1, _RADIUS - 1)
        if part == self._part:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.centre(part), _RADIUS + 2.5, _RADIUS + 2.5)

    def _part_at(self, place: QPointF) -> int | None:
        part = int(place.x() // _DISTANCE)
        inside = QRectF(self.rect()).contains(place) and 0 <= part < len(self._titles)
        return part if inside else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        part = self._part_at(event.position())
        if part is not None:
            self.chosen.emit(part)

    def event(self, event: QHelpEvent) -> bool:  # type: ignore[override]
        if event.type() != QHelpEvent.Type.ToolTip:
            return super().event(event)
        part = self._part_at(QPointF(event.pos()))
        if part is not None:
            QToolTip.showText(event.globalPos(), f"{part + 1}. {self._titles[part]}", self)
        return True
