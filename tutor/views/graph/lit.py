"""Lights the sides that match in `Xᵀ[3×4] · G[4×2] → [3×2]`: each pair has one colour and one kind of line under it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, assert_never

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from tutor.views.graph.fonts import Role, text_width
from tutor.views.graph.paint import Inks, dotted, pen, write

Side = Literal["rows", "inner", "columns"]
Run = tuple[str, Side | None]

_MATRIX = r"\[(?:\d+×)*(\d+)×(\d+)\]"
_PRODUCT = re.compile(_MATRIX + r"\s+·\s+[^\[\]→]*?" + _MATRIX + r"\s+→\s+" + _MATRIX)
_SIDES: tuple[Side, ...] = ("rows", "inner", "inner", "columns", "rows", "columns")


def lit_runs(lines: Sequence[str]) -> list[list[Run]]:
    """Each line in runs; a product may go on in the next line. Sides are lit only where they do match."""
    text = "\n".join(lines)
    lit: dict[int, tuple[int, Side]] = {}
    for found in _PRODUCT.finditer(text):
        rows, inner, same, columns, made_rows, made_columns = found.groups()
        if (rows, inner, columns) == (made_rows, same, made_columns):
            for group, side in enumerate(_SIDES, 1):
                lit[found.start(group)] = (found.end(group), side)
    return _cut(lines, lit)


def _cut(lines: Sequence[str], lit: dict[int, tuple[int, Side]]) -> list[list[Run]]:
    found: list[list[Run]] = []
    begin = 0
    for line in lines:
        runs: list[Run] = []
        at = begin
        for start in sorted(place for place in lit if begin <= place < begin + len(line)):
            end, side = lit[start]
            runs += [(line[at - begin : start - begin], None), (line[start - begin : end - begin], side)]
            at = end
        runs.append((line[at - begin :], None))
        found.append([run for run in runs if run[0]])
        begin += len(line) + 1
    return found


def write_runs(
    painter: QPainter, rect: QRectF, runs: Sequence[Run], *, role: Role, colour: QColor, inks: Inks
) -> None:
    """One line of text, run after run."""
    x, before = rect.left(), ""
    for text, side in runs:
        x = rect.left() + text_width(role, before)
        width = text_width(role, before + text) - text_width(role, before)
        place = QRectF(x, rect.top(), rect.right() - x, rect.height())
        write(painter, place, text, role=role, colour=side_colour(side, inks) if side else colour)
        if side is not None:
            _under(painter, x, x + width, rect.center().y() + 8, side, inks)
        before += text


def side_colour(side: Side, inks: Inks) -> QColor:
    """Equal sides have one colour, on the drawing and in its text."""
    match side:
        case "rows":
            return inks.leaf_text
        case "inner":
            return inks.special_text
        case "columns":
            return inks.value_text
        case _:
            assert_never(side)


def _under(painter: QPainter, left: float, right: float, y: float, side: Side, inks: Inks) -> None:
    """Alike in grey too: two lines, dots, one thick line."""
    colour = side_colour(side, inks)
    match side:
        case "rows":
            painter.setPen(pen(colour, 1.0))
            painter.drawLine(QPointF(left, y - 1), QPointF(right, y - 1))
            painter.drawLine(QPointF(left, y + 1.5), QPointF(right, y + 1.5))
        case "inner":
            painter.setPen(dotted(colour, 1.8))
            painter.drawLine(QPointF(left, y), QPointF(right, y))
        case "columns":
            painter.setPen(pen(colour, 2.0))
            painter.drawLine(QPointF(left, y), QPointF(right, y))
        case _:
            assert_never(side)
