"""What is lit in a cell's code, and in which order."""

from __future__ import annotations

from PySide6.QtGui import QTextDocument, QTextFormat

from tutor.protocol import SourceId, Span
from tutor.views.code.lights import Lit, lights
from tutor.views.theme import DARK, LIGHT

TEXT = "a = 1\nb = (a\n     + 2)\nc = 3\n"


def span(line: int, end_line: int, col: int, end_col: int) -> Span:
    return Span(SourceId(0), line, end_line, col, end_col)


def lit_lines(lit: Lit) -> list[int]:
    """The lines that are lit over their full width, from 1."""
    document = QTextDocument(TEXT)
    found = lights(document, TEXT, lit, LIGHT)
    wide = [one for one in found if one.format.property(QTextFormat.Property.FullWidthSelection)]
    return [one.cursor.blockNumber() + 1 for one in wide]


def test_the_lines_of_a_group_are_lit_each_once(qapp: object) -> None:
    inside = (span(1, 1, 4, 5), span(2, 3, 4, 9), span(2, 2, 5, 6))
    assert lit_lines(Lit(group=inside)) == [1, 2, 3]
    assert lit_lines(Lit()) == []


def test_the_step_is_lit_over_the_group_around_it(qapp: object) -> None:
    lit = Lit(step=span(4, 4, 4, 5), group=(span(3, 4, 0, 5),))
    assert lit_lines(lit) == [3, 4, 4]
    document = QTextDocument(TEXT)
    for palette in (LIGHT, DARK):
        found = lights(document, TEXT, lit, palette)
        line, step = found[2], found[3]
        assert line.format.background().color().name() == palette.code_line
        assert step.cursor.selectedText() == "3"
        assert step.format.fontUnderline()
