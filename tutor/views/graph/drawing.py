"""What a callout draws below its words: sheets of numbers that stretch, fold back or multiply, as the step goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import assert_never

from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter

from tutor.trace.picture import Drawing, Sheet
from tutor.views.graph.face_paint import draw_sheet, sheet_image
from tutor.views.graph.faces import page_count, page_shape
from tutor.views.graph.fonts import text_width
from tutor.views.graph.lit import Side, side_colour
from tutor.views.graph.motion import beat
from tutor.views.graph.paint import CENTRE, Inks, dashed, dotted, pen, write
from tutor.views.graph.values import sides_text

_UNIT = (5.0, 20.0)
"""Pixels of a row or column: equal sides are equally long in one drawing."""
_ROOM = (250.0, 92.0)
_LEAST = 7.0
_TOP = 8.0
"""For the lines along the sides of a product."""
_LABEL = 19.0
_MOST_SEAMS = 24
_PAGE = 4.0
_MOST_PAGES = 4
_GAP, _INSET = 26.0, 6.0


@dataclass(frozen=True, slots=True)
class _Laid:
    """A drawing with the place of each of its sheets, from its own upper left corner."""

    places: tuple[QRectF, ...]
    size: QSizeF


def drawings_size(drawings: Sequence[Drawing]) -> QSizeF:
    """How much room they take, one under the other, whatever the progress."""
    sizes = [_laid(drawing).size for drawing in drawings]
    return QSizeF(
        max((size.width() for size in sizes), default=0.0), sum(size.height() + 6 for size in sizes)
    )


def fitting(drawings: Sequence[Drawing], room: QSizeF) -> tuple[Drawing, ...]:
    """As many of them as there is room for, the first ones first."""
    for count in range(len(drawings), 0, -1):
        size = drawings_size(drawings[:count])
        if size.width() <= room.width() and size.height() <= room.height():
            return tuple(drawings[:count])
    return ()


def draw_drawings(
    painter: QPainter, at: QPointF, drawings: Sequence[Drawing], progress: float, inks: Inks
) -> None:
    """With the upper left corner at `at`, as they stand at this progress of the step."""
    top = at.y() + 2
    for drawing in drawings:
        laid = _laid(drawing)
        painter.save()
        painter.translate(at.x(), top)
        _draw(painter, drawing, laid, progress, inks)
        painter.restore()
        top += laid.size.height() + 6


def _draw(painter: QPainter, drawing: Drawing, laid: _Laid, progress: float, inks: Inks) -> None:
    match drawing.kind:
        case "fold":
            _draw_fold(painter, drawing, laid, beat(progress, 2), inks)
        case "stretch":
            _draw_stretch(painter, drawing, laid, beat(progress, 2), inks)
        case "product":
            _draw_product(painter, drawing, laid, beat(progress, 1), inks)
        case _:
            assert_never(drawing.kind)


# ------------------------------------------------------------------ places


def _laid(drawing: Drawing) -> _Laid:
    """Sheets in a row, each over its label, all at one scale."""
    shapes = [_drawn_shape(sheet) for sheet in drawing.sheets]
    columns, rows = sum(c for _r, c in shapes), max(r for r, _c in shapes)
    unit = min(max(min(_ROOM[0] / columns, _ROOM[1] / rows), _UNIT[0]), _UNIT[1])
    unit = min(unit, _ROOM[0] / columns, _ROOM[1] / rows)
    sizes = [QSizeF(max(c * unit, _LEAST), max(r * unit, _LEAST)) for r, c in shapes]
    tallest = max(size.height() for size in sizes)
    behind = max(_pages(sheet) for sheet in drawing.sheets) * _PAGE
    places, x = [], _INSET
    for sheet, size in zip(drawing.sheets, sizes, strict=True):
        pages = _pages(sheet) * _PAGE
        width = max(size.width() + pages, text_width("small", _label(sheet)))
        left = x + (width - size.width() - pages) / 2
        places.append(QRectF(QPointF(left, _TOP + behind + (tallest - size.height()) / 2), size))
        x += width + _GAP
    height = tallest + behind + _TOP + _LABEL
    return _Laid(tuple(places), QSizeF(x - _GAP, height))


def _drawn_shape(sheet: Sheet) -> tuple[int, int]:
    rows, columns = page_shape(sheet.shown.shape)
    return max(rows, 1), max(columns, 1)


def _pages(sheet: Sheet) -> int:
    """So many further pages are seen behind the first."""
    return min(page_count(sheet.shown.shape), _MOST_PAGES) - 1 if prod(sheet.shown.shape) else 0


def _label(sheet: Sheet) -> str:
    return f"{sheet.text} [{sides_text(sheet.shown.shape)}]"


# ------------------------------------------------------------------ products


def _draw_product(painter: QPainter, drawing: Drawing, laid: _Laid, t: float, inks: Inks) -> None:
    """Row by row and column by column the product fills; equal sides are lit alike: dots, one line, two lines."""
    left, right, made = laid.places
    rows, columns = _drawn_shape(drawing.sheets[2])
    for sheet, place in zip(drawing.sheets[:2], laid.places, strict=False):
        _whole(painter, place, sheet, inks)
        _label_below(painter, place, sheet, laid, inks)
    done = rows * columns if t >= 1.0 else int(t * rows * columns)
    _filled(painter, made, drawing.sheets[2], done, inks)
    _label_below(painter, made, drawing.sheets[2], laid, inks)
    if 0.0 < t < 1.0:
        row, column = divmod(done, columns)
        tall, wide = made.height() / rows, made.width() / columns
        for place in (
            QRectF(left.left(), left.top() + row * left.height() / rows, left.width(), left.height() / rows),
            QRectF(
                right.left() + column * right.width() / columns,
                right.top(),
                right.width() / columns,
                right.height(),
            ),
            QRectF(made.left() + column * wide, made.top() + row * tall, wide, tall),
        ):
            painter.setPen(pen(inks.ink, 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place)
    _sign(painter, left, right, "·", laid, inks)
    _sign(painter, right, made, "=", laid, inks)
    _lit_sides(painter, left, right, made, inks)


def _filled(painter: QPainter, place: QRectF, sheet: Sheet, done: int, inks: Inks) -> None:
    """The first so many elements of a sheet, in reading order, over its empty outline."""
    rows, columns = _drawn_shape(sheet)
    if done >= rows * columns:
        _whole(painter, place, sheet, inks)
        return
    full, rest = divmod(done, columns)
    tall, wide = place.height() / rows, place.width() / columns
    for part in (
        QRectF(place.left(), place.top(), place.width(), full * tall),
        QRectF(place.left(), place.top() + full * tall, rest * wide, tall),
    ):
        if not part.isEmpty():
            painter.save()
            painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
            _whole(painter, place, sheet, inks)
            painter.restore()
    _outline(painter, place, sheet, inks)


def _lit_sides(painter: QPainter, left: QRectF, right: QRectF, made: QRectF, inks: Inks) -> None:
    """Rows of the left factor are the product's rows, columns of the right its columns; the sides between them meet."""
    edges: dict[Side, tuple[QLineF, QLineF]] = {
        "rows": (_left_edge(left), _left_edge(made)),
        "inner": (_top_edge(left), _left_edge(right)),
        "columns": (_top_edge(right), _top_edge(made)),
    }
    for side, pair in edges.items():
        for edge in pair:
            _side_line(painter, edge, side, side_colour(side, inks))


def _side_line(painter: QPainter, edge: QLineF, side: Side, colour: QColor) -> None:
    """Alike in grey too: two lines for rows, dots for the inner side, one thick line for columns."""
    match side:
        case "inner":
            painter.setPen(dotted(colour, 3.2))
            painter.drawLine(edge)
        case "rows":
            across = QPointF(1.6, 0.0) if edge.dx() == 0 else QPointF(0.0, 1.6)
            painter.setPen(pen(colour, 1.3))
            painter.drawLine(edge.translated(across))
            painter.drawLine(edge.translated(-across))
        case "columns":
            painter.setPen(pen(colour, 2.8))
            painter.drawLine(edge)
        case _:
            assert_never(side)


def _left_edge(rect: QRectF) -> QLineF:
    return QLineF(rect.left() - 4, rect.top(), rect.left() - 4, rect.bottom())


def _top_edge(rect: QRectF) -> QLineF:
    return QLineF(rect.left(), rect.top() - 4, rect.right(), rect.top() - 4)


def _sign(painter: QPainter, before: QRectF, after: QRectF, sign: str, laid: _Laid, inks: Inks) -> None:
    """Between two sheets."""
    middle = (before.right() + after.left()) / 2
    tall = laid.size.height() - _LABEL - _TOP
    place = QRectF(middle - 10, _TOP + tall / 2 - 11, 20, 22)
    write(painter, place, sign, role="number_strong", colour=inks.ink, align=CENTRE)


# ------------------------------------------------------------------ stretching and folding


def _draw_fold(painter: QPainter, drawing: Drawing, laid: _Laid, t: float, inks: Inks) -> None:
    """The large sheet arrives; its rows (or columns, or pages) slide onto the first and are one sum."""
    large, small = drawing.sheets
    place, end = laid.places
    ghost = _outline if t < 1.0 else _ghost
    ghost(painter, place, large, inks)
    if t < 1.0:
        _copies(painter, place, large, drawing.dims, 1.0 - t, inks)
    _label_below(painter, place, large, laid, inks)
    _arrow(painter, place, end, laid, inks)
    if t >= 1.0:
        _whole(painter, end, small, inks)
    else:
        _ghost(painter, end, small, inks)
    _label_below(painter, end, small, laid, inks)


def _draw_stretch(painter: QPainter, drawing: Drawing, laid: _Laid, t: float, inks: Inks) -> None:
    """Dashed copies slide out of the small sheet until it has the other's shape."""
    small, large = drawing.sheets
    place, end = laid.places
    _whole(painter, place, small, inks)
    _label_below(painter, place, small, laid, inks)
    _arrow(painter, place, end, laid, inks)
    _ghost(painter, end, large, inks)
    if t >= 1.0:
        _whole(painter, end, large, inks)
        _seams(painter, end, large, drawing.dims, inks)
    elif t > 0.0:
        _copies(painter, end, large, drawing.dims, t, inks)
    _label_below(painter, end, large, laid, inks)


def _copies(
    painter: QPainter, place: QRectF, sheet: Sheet, dims: Sequence[int], spread: float, inks: Inks
) -> None:
    """The sheet's rows, columns or pages along the dims, `spread` (0 to 1) apart: at 0 all lie on the first."""
    rows, columns = _drawn_shape(sheet)
    down, across = _along(sheet, dims)
    high, wide = (rows if down else 1), (columns if across else 1)
    tall, broad = place.height() / high, place.width() / wide
    painter.save()
    painter.setOpacity(painter.opacity() * 0.9)
    for page in reversed(range(_pages(sheet) + 1)):
        off = page * _PAGE * (spread if _over_pages(sheet, dims) else 1.0)
        for row in reversed(range(high)):
            for column in reversed(range(wide)):
                source = QRectF(column / wide, row / high, 1 / wide, 1 / high)
                target = QRectF(
                    place.left() + off + column * broad * spread,
                    place.top() - off + row * tall * spread,
                    broad,
                    tall,
                )
                _piece(painter, target, source, sheet, inks)
    painter.restore()


def _piece(painter: QPainter, target: QRectF, source: QRectF, sheet: Sheet, inks: Inks) -> None:
    """A part of the sheet (`source` in shares of it), dashed since it is one copy of many."""
    image = None if sheet.shown.covered else sheet_image(sheet.shown, 0, inks.palette, sheet.about)
    _blank(painter, target, inks)
    if image is not None:
        cut = QRectF(
            source.x() * image.width(),
            source.y() * image.height(),
            source.width() * image.width(),
            source.height() * image.height(),
        )
        painter.drawImage(target, image, cut)
    else:
        painter.setBrush(inks.faded(sheet.about, 0.10))
        painter.drawRect(target)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(dashed(_ink(sheet, inks), 1.0))
    painter.drawRect(target)


def _seams(painter: QPainter, place: QRectF, sheet: Sheet, dims: Sequence[int], inks: Inks) -> None:
    """Between the copies, once they lie side by side."""
    rows, columns = _drawn_shape(sheet)
    down, across = _along(sheet, dims)
    painter.setPen(dashed(inks.panel, 1.4))
    for row in range(1, rows if down and rows <= _MOST_SEAMS else 1):
        y = place.top() + row * place.height() / rows
        painter.drawLine(QPointF(place.left(), y), QPointF(place.right(), y))
    for column in range(1, columns if across and columns <= _MOST_SEAMS else 1):
        x = place.left() + column * place.width() / columns
        painter.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))


def _along(sheet: Sheet, dims: Sequence[int]) -> tuple[bool, bool]:
    """Whether the dims run down the rows, and whether across the columns, of one page."""
    count = len(sheet.shown.shape)
    return count >= 2 and count - 2 in dims, count - 1 in dims


def _over_pages(sheet: Sheet, dims: Sequence[int]) -> bool:
    return any(dim < len(sheet.shown.shape) - 2 for dim in dims)


# ------------------------------------------------------------------ parts


def _ink(sheet: Sheet, inks: Inks) -> QColor:
    return inks.gradient if sheet.about == "gradient" else inks.value


def _whole(painter: QPainter, place: QRectF, sheet: Sheet, inks: Inks) -> None:
    """The sheet as it stands, further pages behind it."""
    for page in reversed(range(1, _pages(sheet) + 1)):
        behind = place.translated(page * _PAGE, -page * _PAGE)
        _blank(painter, behind, inks)
        _outline(painter, behind, sheet, inks)
    _blank(painter, place, inks)
    draw_sheet(painter, place, sheet.shown, inks, gradient=sheet.about == "gradient")


def _blank(painter: QPainter, place: QRectF, inks: Inks) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(inks.panel)
    painter.drawRect(place)


def _outline(painter: QPainter, place: QRectF, sheet: Sheet, inks: Inks) -> None:
    painter.setPen(pen(_ink(sheet, inks), 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(place)


def _ghost(painter: QPainter, place: QRectF, sheet: Sheet, inks: Inks) -> None:
    """Where a sheet was, or will be."""
    painter.setPen(dashed(_ink(sheet, inks), 1.2))
    painter.setBrush(inks.faded(sheet.about, 0.05))
    painter.drawRect(place)


def _arrow(painter: QPainter, before: QRectF, after: QRectF, laid: _Laid, inks: Inks) -> None:
    _sign(painter, before, after, "→", laid, inks)


def _label_below(painter: QPainter, place: QRectF, sheet: Sheet, laid: _Laid, inks: Inks) -> None:
    """What the sheet is called, and its shape."""
    text = _label(sheet)
    width = text_width("small", text)
    room = QRectF(place.center().x() - width / 2 - 1, laid.size.height() - _LABEL, width + 2, _LABEL)
    ink = inks.gradient_text if sheet.about == "gradient" else inks.value_text
    write(painter, room, text, role="small", colour=ink, align=CENTRE)
