"""Offsets in a text: Python counts characters, Qt counts UTF-16 units; and a document's text as Python has it."""

from __future__ import annotations

from PySide6.QtGui import QTextBlock, QTextCursor, QTextDocument

from tutor.protocol import Span
from tutor.source.editing import difference


def to_units(text: str, characters: int) -> int:
    """How many UTF-16 units the first `characters` of the text are."""
    head = text[:characters]
    return len(head) if text.isascii() else len(head.encode("utf-16-le", "surrogatepass")) // 2


def to_characters(text: str, units: int) -> int:
    """How many characters the first `units` UTF-16 units of the text are."""
    if text.isascii():
        return min(units, len(text))
    head = text.encode("utf-16-le", "surrogatepass")[: 2 * units]
    return len(head.decode("utf-16-le", "replace"))


def plain_text(document: QTextDocument) -> str:
    """The text with "\\n" line ends, and every other character as it is (Qt's own plain text turns some into blanks)."""
    return document.toRawText().replace("\u2029", "\n")


def replace_text(document: QTextDocument, new: str) -> tuple[int, int]:
    """Makes the document's text `new` by its one difference, so that cursors outside it stay where they are.

    Answers where the new piece stands (offsets in characters).
    """
    old = plain_text(document)
    start, end, piece = difference(old, new)
    if old != new:
        range_cursor(document, old, start, end).insertText(piece)
    return start, start + len(piece)


def range_cursor(document: QTextDocument, text: str, start: int, end: int) -> QTextCursor:
    """A selection of text[start:end], where `text` is the document's."""
    cursor = QTextCursor(document)
    cursor.setPosition(to_units(text, start))
    cursor.setPosition(to_units(text, end), QTextCursor.MoveMode.KeepAnchor)
    return cursor


def span_cursor(document: QTextDocument, span: Span) -> QTextCursor:
    """A selection of the span, cut to what the document has; empty where it has no such lines."""
    cursor = QTextCursor(document)
    first, last = document.findBlockByNumber(span.line - 1), document.findBlockByNumber(span.end_line - 1)
    if first.isValid() and last.isValid():
        cursor.setPosition(_position(first, span.col))
        cursor.setPosition(_position(last, span.end_col), QTextCursor.MoveMode.KeepAnchor)
    return cursor


def _position(block: QTextBlock, column: int) -> int:
    text = block.text()
    return block.position() + to_units(text, min(column, len(text)))
