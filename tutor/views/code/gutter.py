"""The strip left of a cell's code: line numbers, the step's arrow, the error's mark and the band of no_grad lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, assert_never

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QPlainTextEdit, QToolTip, QWidget

from tutor.i18n import _
from tutor.source.untracked import Mode, Untracked
from tutor.views.theme import LIGHT, Palette

Direction = Literal["forward", "backward"]
_ARROW, _BAND = 11, 7


@dataclass(frozen=True, slots=True)
class LineMarks:
    """What the gutter shows beside lines (from 1)."""

    step: int | None = None
    direction: Direction = "forward"
    error: int | None = None
    untracked: Sequence[Untracked] = field(default=())


class Gutter(QWidget):
    """Paints the marks of one editor's lines; a click on a number sets the cursor into that line."""

    def __init__(self, editor: QPlainTextEdit) -> None:
        super().__init__(editor)
        self._editor = editor
        self._palette = LIGHT
        self._marks = LineMarks()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def marks(self) -> LineMarks:
        return self._marks

    def set_marks(self, marks: LineMarks) -> None:
        if marks != self._marks:
            self._marks = marks
            self.update()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.update()

    def width_needed(self) -> int:
        digits = max(2, len(str(self._editor.blockCount())))
        return _ARROW + digits * self._editor.fontMetrics().horizontalAdvance("9") + _BAND + 9

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), QColor(self._palette.panel))
        for line, area in self._lines_in(event.rect()):
            self._paint_line(painter, line, area)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.help_at(event.y()), self)
            return True
        return super().event(event)

    def help_at(self, height: int) -> str:
        """What the marks of the line at this height mean."""
        line = next((line for line, area in self._lines_in(self.rect()) if area.bottom() > height), 0)
        found = [_mode_help(one.mode) for one in self._marks.untracked if one.first <= line <= one.last]
        if line == self._marks.error:
            found.append(_("The program stopped here."))
        elif line == self._marks.step:
            back = self._marks.direction == "backward"
            found.append(_("The step goes backward through this.") if back else _("The step is here."))
        return "\n".join(found)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cursor = self._editor.cursorForPosition(event.position().toPoint())
        cursor.movePosition(cursor.MoveOperation.StartOfBlock)
        self._editor.setTextCursor(cursor)
        self._editor.setFocus(Qt.FocusReason.MouseFocusReason)

    def _lines_in(self, area: QRect) -> list[tuple[int, QRectF]]:
        block = self._editor.firstVisibleBlock()
        found: list[tuple[int, QRectF]] = []
        while block.isValid():
            place = self._editor.blockBoundingGeometry(block).translated(self._editor.contentOffset())
            if place.top() > area.bottom():
                break
            if place.bottom() >= area.top():
                found.append((block.blockNumber() + 1, place))
            block = block.next()
        return found

    def _paint_line(self, painter: QPainter, line: int, place: QRectF) -> None:
        self._paint_band(painter, line, place)
        is_error, is_step = line == self._marks.error, line == self._marks.step
        colour = self._palette.error if is_error else self._palette.ink if is_step else self._palette.muted
        painter.setPen(QColor(colour))
        painter.setFont(self._editor.font())
        height = self._editor.fontMetrics().lineSpacing()
        numbers = QRectF(_ARROW, place.top(), self.width() - _ARROW - _BAND - 6, height)
        painter.drawText(numbers, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(line))
        if is_error:
            self._paint_cross(painter, QPointF(6, place.top() + height / 2))
        elif is_step:
            self._paint_arrow(painter, QPointF(6, place.top() + height / 2))

    def _paint_band(self, painter: QPainter, line: int, place: QRectF) -> None:
        """The hatched grey band that the canvas draws behind what ran untracked."""
        if not any(one.first <= line <= one.last for one in self._marks.untracked):
            return
        band = QRectF(self.width() - _BAND - 2, place.top(), _BAND, place.height())
        painter.fillRect(band, QColor(self._palette.zone))
        painter.fillRect(band, QBrush(QColor(self._palette.muted), Qt.BrushStyle.BDiagPattern))

    def _paint_arrow(self, painter: QPainter, centre: QPointF) -> None:
        """Right and blue while values go forward, left and vermilion while gradients come back."""
        back = self._marks.direction == "backward"
        side = -1 if back else 1
        corners = [
            centre + QPointF(-3.5 * side, -4.5),
            centre + QPointF(4 * side, 0),
            centre + QPointF(-3.5 * side, 4.5),
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.gradient if back else self._palette.value))
        painter.drawPolygon(QPolygonF(corners))

    def _paint_cross(self, painter: QPainter, centre: QPointF) -> None:
        painter.setPen(QPen(QColor(self._palette.error), 2))
        painter.drawLine(centre + QPointF(-3.5, -3.5), centre + QPointF(3.5, 3.5))
        painter.drawLine(centre + QPointF(-3.5, 3.5), centre + QPointF(3.5, -3.5))


def _mode_help(mode: Mode) -> str:
    match mode:
        case "no_grad":
            return _("no_grad: what runs here is not tracked.")
        case "inference":
            return _("inference_mode: what runs here is not tracked, and never can be.")
        case _:
            assert_never(mode)
