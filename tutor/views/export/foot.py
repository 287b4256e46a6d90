"""What stands under the picture: the step's line of code with its sub-expression lit, and a caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from tutor.protocol import Span
from tutor.session.selection import step_span
from tutor.trace.trace import Trace
from tutor.views.code.highlighter import Stack, format_of, lexed, token_formats
from tutor.views.export.request import Look
from tutor.views.fonts import Weight, mono, sans

_PAD = 14.0
_GAP = 8.0
_LINE = 23.0
_MOST_LINES = 3
"""Of a longer statement the first lines are shown."""
_WIDEST = 900.0
"""A longer line does not make the picture wider: of it the part around what is lit is shown."""
_CAPTION_ALIGN = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the program."""

    number: int
    text: str
    lit: tuple[int, int]
    """The characters that are lit, from and to."""
    stack: Stack
    """The lexer's state at its beginning."""


class Foot:
    """Nothing, where neither code nor a caption is wanted. It has one height for all the steps."""

    def __init__(self, trace: Trace, look: Look, steps: Sequence[int]) -> None:
        self._trace, self._look = trace, look
        self._code, self._caption = mono(15), sans(15)
        self._lines: dict[Span, tuple[_Line, ...]] = {}
        self._stacks: dict[int, list[Stack]] = {}
        self.scale = 1.0
        """Its letters grow with the picture's."""
        self._rows = max((len(self._of(step)) for step in steps), default=0) if look.code else 0

    def height(self, width: float) -> float:
        """In a picture so wide, in units."""
        code = self._rows * _LINE + 2 * _GAP if self._rows else 0.0
        return (code + self._caption_height(width / self.scale)) * self.scale

    def least_width(self) -> float:
        """So wide the picture should be at least."""
        longest = max((self._width(line) for lines in self._lines.values() for line in lines), default=0.0)
        caption = QFontMetricsF(self._caption).horizontalAdvance(self._look.caption) + 2 * _PAD
        return min(max(longest, caption if self._look.caption else 0.0), _WIDEST) * self.scale

    def paint(self, painter: QPainter, rect: QRectF, step: int) -> None:
        """In the rectangle of this height at the foot of the picture."""
        painter.scale(self.scale, self.scale)
        rect = QRectF(rect.topLeft() / self.scale, rect.size() / self.scale)
        if self._rows:
            code = QRectF(rect.left(), rect.top(), rect.width(), self._rows * _LINE + 2 * _GAP)
            self._paint_code(painter, code, self._of(step))
        if self._look.caption:
            below = rect.adjusted(
                _PAD, rect.height() - self._caption_height(rect.width()) + _GAP, -_PAD, -_GAP
            )
            painter.setFont(self._caption)
            painter.setPen(QColor(self._look.palette.ink))
            painter.drawText(below, _CAPTION_ALIGN, self._look.caption)

    # the caption

    def _caption_height(self, width: float) -> float:
        if not self._look.caption:
            return 0.0
        room = QRectF(0, 0, max(width - 2 * _PAD, 1.0), 1e6)
        written = QFontMetricsF(self._caption).boundingRect(room, _CAPTION_ALIGN, self._look.caption)
        return written.height() + 2 * _GAP

    # the code

    def _of(self, step: int) -> tuple[_Line, ...]:
        span = step_span(self._trace, step)
        if span is None or not 0 <= span.source < len(self._trace.sources):
            return ()
        if span not in self._lines:
            rows = self._trace.sources[span.source].text.splitlines()
            if span.source not in self._stacks:
                self._stacks[span.source] = _stacks(rows)
            self._lines[span] = _lines(rows, span, self._stacks[span.source])
        return self._lines[span]

    def _width(self, line: _Line) -> float:
        return QFontMetricsF(self._code).horizontalAdvance(f"{line.number}  {line.text}") + 2 * _PAD

    def _paint_code(self, painter: QPainter, rect: QRectF, lines: Sequence[_Line]) -> None:
        palette = self._look.palette
        painter.fillRect(rect, QColor(palette.panel))
        painter.setPen(QPen(QColor(palette.faint), 1))
        painter.drawLine(rect.topLeft(), rect.topRight())
        for row, line in enumerate(lines):
            strip = QRectF(rect.left(), rect.top() + _GAP + row * _LINE, rect.width(), _LINE)
            painter.fillRect(strip, QColor(palette.code_line))
            self._paint_line(painter, strip.adjusted(_PAD, 0, -_PAD, 0), line, len(str(lines[-1].number)))

    def _paint_line(self, painter: QPainter, rect: QRectF, line: _Line, digits: int) -> None:
        letter = QFontMetricsF(self._code).horizontalAdvance("0")
        head = f"{line.number:>{digits}}  "
        first, last = _window(line, int(rect.width() / letter) - len(head))
        left = rect.left() + letter * (len(head) - first)
        self._light(painter, rect, left, letter, (max(line.lit[0], first), min(line.lit[1], last)))
        self._write(painter, QPointF(rect.left(), rect.top()), head, QColor(self._look.palette.muted))
        formats = token_formats(self._look.palette)
        for place, kind, piece in lexed(line.text, line.stack)[0]:
            start, end = max(place, first), min(place + len(piece), last)
            style = format_of(kind, formats)
            ink = QColor(self._look.palette.ink) if style is None else style.foreground().color()
            bold = style is not None and style.fontWeight() > Weight.Normal
            text = line.text[start:end]
            self._write(painter, QPointF(left + letter * start, rect.top()), text, ink, bold=bold)

    def _light(
        self, painter: QPainter, rect: QRectF, left: float, letter: float, lit: tuple[int, int]
    ) -> None:
        if lit[1] <= lit[0]:
            return
        place = QRectF(left + letter * lit[0], rect.top() + 1, letter * (lit[1] - lit[0]), _LINE - 2)
        painter.fillRect(place, QColor(self._look.palette.code_span))
        painter.setPen(QPen(QColor(self._look.palette.ink), 1.2))
        painter.drawLine(place.bottomLeft() - QPointF(0, 2), place.bottomRight() - QPointF(0, 2))

    def _write(self, painter: QPainter, at: QPointF, text: str, ink: QColor, *, bold: bool = False) -> None:
        if not text.strip():
            return
        font = mono(15, Weight.DemiBold) if bold else self._code
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(QPointF(at.x(), at.y() + _LINE * 0.7), text)


def _lines(rows: Sequence[str], span: Span, stacks: Sequence[Stack]) -> tuple[_Line, ...]:
    """The lines of the statement's sub-expression, without the indentation that they share."""
    numbers = range(span.line, min(span.end_line, span.line + _MOST_LINES - 1, len(rows)) + 1)
    filled = [rows[number - 1] for number in numbers if rows[number - 1].strip()]
    indent = min((_indent(row) for row in filled), default=0)
    found = []
    for number in numbers:
        row = rows[number - 1]
        start = span.col if number == span.line else _indent(row)
        end = span.end_col if number == span.end_line else len(row)
        lit = (max(start - indent, 0), max(end - indent, 0))
        found.append(_Line(number, row[indent:].rstrip(), lit, stacks[number - 1]))
    return tuple(found)


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip())


def _stacks(rows: Sequence[str]) -> list[Stack]:
    """The lexer's state at the beginning of each line: a string that began above goes on."""
    stacks: list[Stack] = [("root",)]
    for row in rows:
        stacks.append(lexed(row, stacks[-1])[1])
    return stacks


def _window(line: _Line, room: int) -> tuple[int, int]:
    """Which characters of a line are shown where only so many have room: those around what is lit."""
    if len(line.text) <= room:
        return 0, len(line.text)
    middle = (line.lit[0] + line.lit[1]) // 2
    first = min(max(middle - room // 2, 0), len(line.text) - room)
    return first, first + room
