"""Which line is whose: a stroke as it is drawn, the tensor's name, and what it was at the step that is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tutor.views.fonts import mono, sans
from tutor.views.plots.lines import Line, value_text
from tutor.views.theme import LIGHT, Palette

_STROKE = 26
_GAP = 8
_NARROW = 250
"""A column is at least so wide."""


class CurveLegend(QWidget):
    """In as many columns as there is room for. Pointing at an entry tells which line is meant."""

    pointed = Signal(object)
    """The line's place, or None."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._palette = LIGHT
        self._pixels = 12
        self._lines: tuple[Line, ...] = ()
        self._texts: tuple[str, ...] = ()
        self._under: int | None = None
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def texts(self) -> tuple[str, ...]:
        """Each entry as it is read."""
        pairs = zip(self._lines, self._texts, strict=True)
        return tuple(f"{line.curve.name} {text}".strip() for line, text in pairs)

    def show_lines(self, lines: Sequence[Line], number: float) -> None:
        """With what each was at this place of the axis."""
        texts = tuple(value_text(line, number) for line in lines)
        if len(lines) != len(self._lines):
            self.updateGeometry()
        self._lines, self._texts = tuple(lines), texts
        self.setAccessibleDescription(", ".join(self.texts))
        self.update()

    def apply_theme(self, palette: Palette, pixels: int) -> None:
        self._palette, self._pixels = palette, pixels
        self.updateGeometry()
        self.update()

    @property
    def _row(self) -> int:
        return self._pixels + 8

    def _columns(self, width: int) -> int:
        return max(1, min(width // _NARROW, len(self._lines)))

    def _entry_at(self, place: QPointF) -> int | None:
        columns = self._columns(self.width())
        column = min(int(place.x() * columns / max(self.width(), 1)), columns - 1)
        found = int(place.y()) // self._row * columns + column
        return found if 0 <= found < len(self._lines) else None

    def _draw_entry(self, painter: QPainter, at: int, box: QRectF) -> None:
        line, text = self._lines[at], self._texts[at]
        middle = box.center().y()
        painter.setPen(QPen(QColor(line.color), 2.2, line.dash))
        painter.drawLine(QPointF(box.left(), middle), QPointF(box.left() + _STROKE, middle))
        font = mono(self._pixels)
        painter.setFont(font)
        painter.setPen(QColor(self._palette.ink))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        taken = QFontMetricsF(font).horizontalAdvance(text)
        name = box.adjusted(_STROKE + _GAP, 0, -taken - _GAP, 0)
        painter.setFont(sans(self._pixels))
        painter.setPen(QColor(self._palette.ink if at == self._under else self._palette.muted))
        shown = QFontMetricsF(painter.font()).elidedText(
            line.curve.name, Qt.TextElideMode.ElideMiddle, name.width()
        )
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    # Qt's own

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        columns = self._columns(self.width())
        width = self.width() / columns
        for at in range(len(self._lines)):
            left, top = at % columns * width, at // columns * self._row
            self._draw_entry(painter, at, QRectF(left + 10, top, width - 20, self._row))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._entry_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def _point(self, entry: int | None) -> None:
        if entry != self._under:
            self._under = entry
            self.setToolTip("" if entry is None else self.texts[entry])
            self.pointed.emit(None if entry is None else self._lines[entry].place)
            self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return -(-len(self._lines) // self._columns(width)) * self._row

    def sizeHint(self) -> QSize:
        return QSize(_NARROW, self.heightForWidth(max(self.width(), _NARROW)))

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()
