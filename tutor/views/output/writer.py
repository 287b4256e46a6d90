"""Writes what a run printed into a text document: streams, displays, warnings, and the learner's error with its lines."""

from __future__ import annotations

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
)

from tutor.i18n import _, ngettext
from tutor.insight.frames import caused_text, folded, more_text
from tutor.insight.numbers_text import count_text
from tutor.protocol import Cause, Failure, Frame, Output, SourceId, Span, Warned
from tutor.views.fonts import SANS, SYMBOLS
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.insight.errors import Explanation

MOST_LINES = 4000
"""Above this many lines the oldest leave the view (not the trace)."""

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
_RETURN = re.compile(r"\r(?!\n)")
_SLACK = 400
_LARGEST_IMAGE = 640


@dataclass(frozen=True, slots=True)
class _Piece:
    """Where an output begins in the document, and the step in which it came."""

    position: int
    step: int


class OutputWriter:
    """Appends outputs at the end and knows which of them a step has reached; what is behind them is the tail."""

    def __init__(self, document: QTextDocument) -> None:
        self._document = document
        self._palette = LIGHT
        self._pieces: list[_Piece] = []
        self._end = 0
        self._images = 0
        self.hidden_lines = 0

    def clear(self) -> None:
        self._document.clear()
        self._pieces.clear()
        self._end = self.hidden_lines = 0

    def use(self, palette: Palette) -> None:
        """The colours from now on; what is written keeps its own."""
        self._palette = palette

    # outputs

    def add(self, output: Output, text: str) -> None:
        """One output behind those before; `text` is its text with what is covered covered."""
        cursor = self._cursor(self._end)
        if output.cut:
            self._note_cut(cursor, output.cut)
        self._pieces.append(_Piece(cursor.position(), output.step))
        self._type(cursor, text, self._format(output.stream))
        if output.png is not None:
            self._draw(cursor, output.png)
        self._end = cursor.position()

    @contextmanager
    def in_one_go(self) -> Iterator[None]:
        """What is added inside is laid out once, at the end."""
        cursor = self._cursor(None)
        cursor.beginEditBlock()
        try:
            yield
        finally:
            cursor.endEditBlock()

    def place(self, outputs: Sequence[Output]) -> None:
        """All that was added, with the steps that it has by now: an output may be told before its iteration is."""
        here = outputs[len(outputs) - len(self._pieces) :]
        self._pieces = [
            _Piece(piece.position, output.step) for piece, output in zip(self._pieces, here, strict=True)
        ]

    def unreached(self, step: int) -> QTextCursor:
        """A selection of what came after the step; empty when there is none."""
        first = bisect_right(self._pieces, step, key=lambda piece: piece.step)
        cursor = self._cursor(self._pieces[first].position if first < len(self._pieces) else self._end)
        cursor.setPosition(self._end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def trim(self) -> None:
        """Drops the oldest lines of a long output."""
        surplus = self._document.blockCount() - MOST_LINES
        if surplus < _SLACK:
            return
        position = min(self._document.findBlockByNumber(surplus).position(), self._end)
        cursor = self._cursor(0)
        cursor.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        gone = max(bisect_left(self._pieces, position, key=lambda piece: piece.position) - 1, 0)
        kept = self._pieces[gone:]
        self._pieces = [_Piece(max(one.position - position, 0), one.step) for one in kept]
        self._end -= position
        self.hidden_lines += surplus

    # the tail

    def cut_tail(self) -> None:
        cursor = self._cursor(self._end)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()

    def add_warning(self, warned: Warned) -> None:
        cursor = self._at_line_start()
        if warned.span is not None:
            self._link(cursor, _("line {line}").format(line=warned.span.line), warned.span)
            cursor.insertText(" · ", self._plain(self._palette.muted))
        text = f"{warned.category}: {warned.message.strip()}\n"
        cursor.insertText(text, self._plain(self._palette.gradient_text))

    def add_explanation(self, explanation: Explanation) -> None:
        self._explain(self._at_line_start(), explanation)

    def add_failure(self, failure: Failure, explanation: Explanation | None) -> None:
        """What led to the exception first, as Python tells it."""
        cursor = self._at_line_start()
        for cause in reversed(failure.causes):
            self._add_exception(cursor, cause)
            cursor.insertText(f"\n{caused_text(cause)}\n", self._plain(self._palette.muted))
        self._add_exception(cursor, failure)
        if explanation is not None:
            self._explain(cursor, explanation)

    def _add_exception(self, cursor: QTextCursor, raised: Failure | Cause) -> None:
        if raised.frames:
            cursor.insertText("Traceback (most recent call last):\n", self._plain(self._palette.muted))
        for frame in folded(raised.frames):
            if isinstance(frame, int):
                cursor.insertText(f"  {more_text(frame)}\n", self._plain(self._palette.muted))
            else:
                self._add_frame(cursor, frame)
        error = self._plain(self._palette.error)
        cursor.insertText(raised.type, _bold(error))
        cursor.insertText(f": {raised.message.strip()}" if raised.message.strip() else "", error)

    def _add_frame(self, cursor: QTextCursor, frame: Frame) -> None:
        cursor.insertText("  ", self._plain(self._palette.muted))
        place = _("{file}, line {line}").format(
            file=frame.path.rpartition("/")[2].strip("<>"), line=frame.line
        )
        self._link(cursor, place, frame.span)
        where = "" if frame.function == "<module>" else f", in {frame.function}"
        cursor.insertText(f"{where}\n", self._plain(self._palette.muted))
        if frame.text.strip():
            cursor.insertText(f"    {frame.text.strip()}\n", self._plain(self._palette.ink))

    def _explain(self, cursor: QTextCursor, explanation: Explanation) -> None:
        """Beside the message of the machine, in a frame of its own: what it means and what helps."""
        frame = QTextFrameFormat()
        frame.setBackground(QColor(self._palette.window))
        frame.setBorder(1)
        frame.setBorderBrush(QColor(self._palette.faint))
        frame.setPadding(7)
        frame.setTopMargin(7)
        inner = QTextCursor(cursor.insertFrame(frame).firstCursorPosition())
        said = self._plain(self._palette.ink, mono=False)
        inner.insertText(explanation.title, _bold(said))
        inner.insertBlock(QTextBlockFormat(), said)
        inner.insertText(explanation.cause, said)
        inner.insertBlock(QTextBlockFormat(), said)
        inner.insertText(_("What helps:") + " ", _bold(self._plain(self._palette.leaf_text, mono=False)))
        inner.insertText(explanation.fix, said)

    def _at_line_start(self) -> QTextCursor:
        cursor = self._cursor(None)
        if cursor.positionInBlock() > 0:
            cursor.insertText("\n")
        return cursor

    # letters

    def _type(self, cursor: QTextCursor, text: str, style: QTextCharFormat) -> None:
        """Text as a terminal shows it: a carriage return begins its line anew, colours of the terminal are left out."""
        lines = _RETURN.split(_ANSI.sub("", text).replace("\r\n", "\n"))
        for place, line in enumerate(lines):
            if place:
                self._begin_line_anew(cursor)
            cursor.insertText(line, style)

    def _begin_line_anew(self, cursor: QTextCursor) -> None:
        cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        start = cursor.position()
        self._pieces = [_Piece(min(one.position, start), one.step) for one in self._pieces]

    def _draw(self, cursor: QTextCursor, png: str) -> None:
        image = QImage.fromData(base64.b64decode(png))
        if image.isNull():
            return
        self._images += 1
        if image.width() > _LARGEST_IMAGE:
            image = image.scaledToWidth(_LARGEST_IMAGE, Qt.TransformationMode.SmoothTransformation)
        if cursor.positionInBlock() > 0:
            cursor.insertText("\n")
        cursor.insertImage(image, f"output-image:{self._images}")
        cursor.insertText("\n")

    def _note_cut(self, cursor: QTextCursor, characters: int) -> None:
        text = ngettext(
            "… output was cut here: {count} character left out …",
            "… output was cut here: {count} characters left out …",
            characters,
        ).format(count=count_text(characters))
        if cursor.positionInBlock() > 0:
            cursor.insertText("\n")
        style = self._plain(self._palette.muted, mono=False)
        style.setFontItalic(True)
        cursor.insertText(f"{text}\n", style)

    def _link(self, cursor: QTextCursor, text: str, span: Span | None) -> None:
        style = self._plain(self._palette.value_text if span else self._palette.muted)
        if span is not None:
            style.setAnchor(True)
            style.setAnchorHref(link_to(span))
            style.setFontUnderline(True)
        cursor.insertText(text, style)

    def _format(self, stream: str) -> QTextCharFormat:
        style = self._plain(self._palette.ink)
        if stream == "stderr":
            style.setBackground(QColor(self._palette.zone))
        return style

    def _plain(self, colour: str, *, mono: bool = True) -> QTextCharFormat:
        style = QTextCharFormat()
        style.setForeground(QColor(colour))
        if not mono:
            style.setFontFamilies([SANS, SYMBOLS])
        return style

    def _cursor(self, position: int | None) -> QTextCursor:
        cursor = QTextCursor(self._document)
        if position is None:
            cursor.movePosition(QTextCursor.MoveOperation.End)
        else:
            cursor.setPosition(position)
        return cursor


def link_to(span: Span) -> str:
    """The address of a place in the code, for a link in the output."""
    return f"code:{span.source}:{span.line}:{span.end_line}:{span.col}:{span.end_col}"


def linked_span(address: str) -> Span | None:
    """The place that `link_to` made the address of."""
    match address.split(":"):
        case ["code", *numbers] if len(numbers) == 5 and all(re.fullmatch(r"-?\d+", one) for one in numbers):
            source, line, end_line, col, end_col = map(int, numbers)
            return Span(SourceId(source), line, end_line, col, end_col)
        case _:
            return None


def _bold(style: QTextCharFormat) -> QTextCharFormat:
    heavy = QTextCharFormat(style)
    heavy.setFontWeight(QFont.Weight.DemiBold)
    return heavy
