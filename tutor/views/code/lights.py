"""What is lit in the code of one cell: the step's line and sub-expression, what is pointed at, the error, brackets."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QColor, QTextCursor, QTextDocument, QTextFormat
from PySide6.QtWidgets import QTextEdit

from tutor.protocol import Span
from tutor.views.code.text_positions import range_cursor, span_cursor
from tutor.views.theme import Palette, mix

Light = QTextEdit.ExtraSelection


@dataclass(frozen=True, slots=True)
class Lit:
    """What should be lit. Lines from 1; brackets as offsets in characters."""

    step: Span | None = None
    hovered: Span | None = None
    error: int | None = None
    brackets: tuple[int, ...] = ()
    group: tuple[Span, ...] = ()
    """All that lies in a group that is pointed at."""
    changed: tuple[int, int] | None = None
    """What somebody else has just changed, as offsets in characters."""


def lights(document: QTextDocument, text: str, lit: Lit, palette: Palette) -> list[Light]:
    """From the widest to the narrowest: later ones are painted over earlier ones."""
    found: list[Light] = []
    inside = dict.fromkeys(line for span in lit.group for line in range(span.line, span.end_line + 1))
    found += [_line(document, line, mix(palette.panel, palette.code_span, 0.5)) for line in inside]
    if lit.step is not None:
        lines = range(lit.step.line, lit.step.end_line + 1)
        found += [_line(document, line, palette.code_line) for line in lines]
    if lit.error is not None:
        found.append(_line(document, lit.error, mix(palette.panel, palette.error, 0.2)))
    if lit.step is not None:
        found.append(_span(document, lit.step, palette, underlined=True))
    if lit.hovered is not None:
        found.append(_span(document, lit.hovered, palette, underlined=False))
    if lit.changed is not None:
        found.append(
            _light(range_cursor(document, text, *lit.changed), mix(palette.panel, palette.special, 0.45))
        )
    return [*found, *(_bracket(document, text, place, palette) for place in lit.brackets)]


def _line(document: QTextDocument, line: int, colour: str) -> Light:
    cursor = QTextCursor(document)
    block = document.findBlockByNumber(line - 1)
    if block.isValid():
        cursor.setPosition(block.position())
    light = _light(cursor, colour)
    light.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
    return light


def _span(document: QTextDocument, span: Span, palette: Palette, *, underlined: bool) -> Light:
    light = _light(span_cursor(document, span), palette.code_span)
    light.format.setFontUnderline(underlined)
    return light


def _bracket(document: QTextDocument, text: str, place: int, palette: Palette) -> Light:
    return _light(range_cursor(document, text, place, place + 1), palette.faint)


def _light(cursor: QTextCursor, colour: str) -> Light:
    light = Light()
    light.cursor = cursor
    light.format.setBackground(QColor(colour))
    return light
