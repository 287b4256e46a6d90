"""A window on a part of a large value: exact numbers, with their indices at the edges."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from tutor.protocol import Data
from tutor.trace.picture import Shown
from tutor.trace.values import cell, exact
from tutor.views.graph.faces import Floats, face_of, largest, numbers, page_name, page_rows, weights
from tutor.views.graph.fonts import text_width
from tutor.views.graph.paint import CENTRE, LEFT, RIGHT, Inks, grid, pen, write
from tutor.views.graph.values import Cells
from tutor.views.theme import LIGHT, Palette

_ROWS, _COLUMNS = 5, 5
"""So many are seen at once: the one under the pointer and its neighbours."""
_CELL = 22.0
_HEAD = 20.0
_PAD = 8.0
_OFF = 18
_WIDEST = 14


class Magnifier(QWidget):
    """Follows the pointer over a sheet whose numbers are drawn too small to be read."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._inks = Inks(LIGHT)
        self.texts: tuple[tuple[str, ...], ...] = ()
        """The exact numbers that are seen."""
        self.rows: range = range(0)
        self.columns: range = range(0)
        self._shares: Floats | None = None
        self._at = (0, 0)
        self._head = ""
        self._gradient = False
        self._of: tuple[object, ...] = ()
        self.hide()

    def apply_theme(self, palette: Palette) -> None:
        self._inks = Inks(palette)
        self.update()

    def show_at(
        self, shown: Shown, dtype: str, share: QPointF, pointer: QPoint, *, page: int, gradient: bool
    ) -> None:
        """`share` is the place on the sheet, from (0, 0) to (1, 1). Covered and unknown numbers are not magnified."""
        kind = face_of(shown.shape).kind
        table = page_rows(shown, page) if kind in ("blocks", "thumbnail") else None
        if not table or not table[0]:
            self.hide()
            return
        row = min(max(int(share.y() * len(table)), 0), len(table) - 1)
        column = min(max(int(share.x() * len(table[0])), 0), len(table[0]) - 1)
        self._gradient, self._at = gradient, (row, column)
        if (id(shown), page, row, column) != self._of:
            self._of = (id(shown), page, row, column)
            self._take(table, dtype, largest(shown))
        self._head = page_name(shown.shape, page) if len(shown.shape) > 2 else ""
        self._put(pointer)

    def _take(self, table: Sequence[Sequence[Data]], dtype: str, most: float) -> None:
        """The window around the place, inside the matrix."""
        self.rows = _window(self._at[0], len(table), _ROWS)
        self.columns = _window(self._at[1], len(table[0]), _COLUMNS)
        part = [list(table[row][self.columns.start : self.columns.stop]) for row in self.rows]
        self.texts = tuple(tuple(_exact(number, dtype) for number in row) for row in part)
        self._shares = weights(numbers(part), most)

    def _put(self, pointer: QPoint) -> None:
        """Beside the pointer, inside the canvas."""
        self.setFixedSize(self.sizeHint())
        parent = self.parentWidget()
        room = parent.rect() if parent is not None else self.rect()
        x, y = pointer.x() + _OFF, pointer.y() + _OFF
        if x + self.width() > room.right():
            x = pointer.x() - _OFF - self.width()
        if y + self.height() > room.bottom():
            y = pointer.y() - _OFF - self.height()
        self.move(max(x, 0), max(y, 0))
        self.show()
        self.raise_()
        self.update()

    def _cell_width(self) -> float:
        return max(
            max((text_width("cell", text) for row in self.texts for text in row), default=0.0) + 12, 34.0
        )

    def _side(self) -> float:
        return text_width("small", str(self.rows.stop)) + 8

    def sizeHint(self) -> QSize:
        width = self._side() + len(self.columns) * self._cell_width() + 2 * _PAD
        height = _HEAD * (2 if self._head else 1) + len(self.rows) * _CELL + 2 * _PAD
        return QSize(round(width), round(height))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw(painter)
        painter.end()

    def _draw(self, painter: QPainter) -> None:
        inks = self._inks
        painter.setPen(pen(inks.gradient if self._gradient else inks.value, 1.4))
        painter.setBrush(inks.panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        top = _PAD
        if self._head:
            place = QRectF(_PAD, top, self.width() - 2 * _PAD, _HEAD)
            write(painter, place, self._head, role="cell", colour=inks.muted, align=LEFT)
            top += _HEAD
        width, left = self._cell_width(), _PAD + self._side()
        for at, column in enumerate(self.columns):
            place = QRectF(left + at * width, top, width, _HEAD)
            write(painter, place, str(column), role="small", colour=inks.muted, align=CENTRE)
        top += _HEAD
        for at, row in enumerate(self.rows):
            place = QRectF(_PAD, top + at * _CELL, self._side() - 6, _CELL)
            write(painter, place, str(row), role="small", colour=inks.muted, align=RIGHT)
        whole = QRectF(left, top, width * len(self.columns), _CELL * len(self.rows))
        if self._shares is not None:
            cells = Cells(self.texts, tuple(map(tuple, self._shares.tolist())))
            grid(painter, whole, cells, inks, gradient=self._gradient)
        self._mark(painter, whole, width)

    def _mark(self, painter: QPainter, whole: QRectF, width: float) -> None:
        """The element under the pointer."""
        row, column = self._at[0] - self.rows.start, self._at[1] - self.columns.start
        painter.setPen(pen(self._inks.ink, 1.8))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(whole.left() + column * width, whole.top() + row * _CELL, width, _CELL))


def _window(at: int, count: int, size: int) -> range:
    """So many places around one, inside the count."""
    first = min(max(at - size // 2, 0), max(count - size, 0))
    return range(first, min(first + size, count))


def _exact(number: Data, dtype: str) -> str:
    """Every digit, unless there are too many for a cell."""
    if isinstance(number, list) or number == 0:
        return cell(number)
    text = exact(number, dtype).replace("-", "−")
    return text if len(text) <= _WIDEST else cell(number, digits=8)
