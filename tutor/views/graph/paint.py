"""What the canvas's items share: inks of a palette, texts, chips, grids of numbers and the small signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPainterPath, QPen, QPolygonF

from tutor.views.graph.fonts import SMALLEST, Role, font, metrics, text_width
from tutor.views.graph.values import COVERED, Cells
from tutor.views.theme import Palette

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WORDS: frozenset[Role] = frozenset(("name", "label", "small", "tab", "title", "strong"))
_ENDLESS = 1e6
CENTRE = Qt.AlignmentFlag.AlignCenter


@dataclass(frozen=True)
class Inks:
    """A palette as QColors, made once."""

    palette: Palette

    def __getattr__(self, name: str) -> QColor:
        colour = QColor(getattr(self.palette, name))
        self.__dict__[name] = colour
        return colour

    def faded(self, name: str, alpha: float) -> QColor:
        colour = QColor(getattr(self.palette, name))
        colour.setAlphaF(alpha)
        return colour


def pen(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    made = QPen(colour, width, style)
    made.setCapStyle(Qt.PenCapStyle.RoundCap)
    made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return made


def dotted(colour: QColor, width: float) -> QPen:
    made = pen(colour, width)
    made.setDashPattern([0.1, 2.4])
    return made


def dashed(colour: QColor, width: float) -> QPen:
    made = pen(colour, width)
    made.setCapStyle(Qt.PenCapStyle.FlatCap)
    made.setDashPattern([4.0, 3.0])
    return made


def write(
    painter: QPainter,
    rect: QRectF,
    text: str,
    *,
    role: Role,
    colour: QColor,
    align: Qt.AlignmentFlag = LEFT,
) -> None:
    """One line of vector text, as large as must be to be read; where it has no room, words are cut, numbers left out."""
    painter.setPen(colour)
    if role in _WORDS:
        text = metrics(role).elidedText(text, Qt.TextElideMode.ElideRight, _room(painter, rect, role))
    write_readable(painter, rect, text, font(role), text_width(role, text), align)


def written_width(painter: QPainter, role: Role, text: str) -> float:
    """How wide `write` makes this text, enlarged as it must be to be read."""
    return text_width(role, text) * max(_enlarged(painter, font(role)), 1.0)


def _room(painter: QPainter, rect: QRectF, role: Role) -> float:
    """How wide a text in the rectangle may be, in pixels at zoom 1."""
    scale = _enlarged(painter, font(role))
    return rect.width() / scale + 2 if scale > 1.0 else _ENDLESS


def _enlarged(painter: QPainter, chosen: QFont) -> float:
    """By how much a text must be larger to be read at the painter's zoom."""
    return SMALLEST / (chosen.pixelSize() * painter.worldTransform().map(QLineF(0, 0, 0, 1)).length())


def write_readable(
    painter: QPainter, rect: QRectF, text: str, chosen: QFont, width: float, align: Qt.AlignmentFlag
) -> None:
    """`width` is the text's advance at zoom 1."""
    pixels = chosen.pixelSize()
    scale = _enlarged(painter, chosen)
    painter.setFont(chosen)
    if scale <= 1.0:
        painter.drawText(rect, align, text)
        return
    if width * scale > rect.width() + 2 or pixels * scale > rect.height() + 2:
        return
    painter.save()
    painter.translate(rect.topLeft())
    painter.scale(scale, scale)
    painter.drawText(QRectF(0, 0, rect.width() / scale, rect.height() / scale), align, text)
    painter.restore()


def chip(painter: QPainter, rect: QRectF, text: str, inks: Inks, *, gradient: bool, filled: bool) -> None:
    """A number on its way or waiting: a pill, outlined or filled with its lane's colour."""
    line = inks.gradient if gradient else inks.value
    painter.setPen(pen(line, 1.6))
    painter.setBrush(line if filled else inks.panel)
    radius = rect.height() / 2
    painter.drawRoundedRect(rect, radius, radius)
    ink = inks.chip_ink if filled else number_ink(text, inks, gradient=gradient)
    write(painter, rect, text, role="code" if filled else "cell", colour=ink, align=CENTRE)


def number_ink(text: str, inks: Inks, *, gradient: bool) -> QColor:
    """The colour of what the number means; red where it is none."""
    if text.strip("−") in ("nan", "∞"):
        return inks.error
    return inks.gradient_text if gradient else inks.value_text


def card(painter: QPainter, rect: QRectF, table: Cells, inks: Inks, *, gradient: bool, filled: bool) -> None:
    """A small matrix on its way or waiting, in its own shape."""
    line = inks.gradient if gradient else inks.value
    painter.setPen(pen(line, 3.0 if filled else 1.6))
    painter.setBrush(inks.panel)
    painter.drawRoundedRect(rect, 7, 7)
    grid(painter, rect.adjusted(4, 4, -4, -4), table, inks, gradient=gradient)


def chip_size(text: str) -> float:
    """The width of a chip for this text."""
    return max(30.0, text_width("code", text) + 18)


def grid(painter: QPainter, rect: QRectF, cells: Cells, inks: Inks, *, gradient: bool) -> None:
    """Numbers in cells: the hue of their meaning, stronger where larger; hatched where negative; a zero is a dot."""
    width, height = rect.width() / cells.columns, rect.height() / cells.rows
    for row in range(cells.rows):
        for column in range(cells.columns):
            place = QRectF(rect.left() + column * width, rect.top() + row * height, width, height)
            _cell(painter, place, cells, (row, column), inks, gradient=gradient)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen(inks.faint, 1.0))
    lines = [
        (QPointF(rect.left() + c * width, rect.top()), QPointF(rect.left() + c * width, rect.bottom()))
        for c in range(1, cells.columns)
    ]
    lines += [
        (QPointF(rect.left(), rect.top() + r * height), QPointF(rect.right(), rect.top() + r * height))
        for r in range(1, cells.rows)
    ]
    for start, end in lines:
        painter.drawLine(start, end)
    painter.drawRoundedRect(rect, 4, 4)


def _cell(
    painter: QPainter, place: QRectF, cells: Cells, at: tuple[int, int], inks: Inks, *, gradient: bool
) -> None:
    text, weight = cells.texts[at[0]][at[1]], cells.weights[at[0]][at[1]]
    hue = "gradient" if gradient else "value"
    ink = inks.gradient_text if gradient else inks.value_text
    if weight == 0.0 and text == "0":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawEllipse(place.center(), 2.2, 2.2)
        return
    if not isfinite(weight):
        painter.fillRect(place, inks.faded("error", 0.10))
        odd = "✕" if isnan(weight) else text
        write(painter, place, odd, role="code", colour=inks.error, align=CENTRE)
        return
    if text != COVERED:
        painter.fillRect(place, inks.faded(hue, 0.04 + 0.13 * abs(weight)))
    if weight < 0:
        painter.fillRect(place, QBrush(inks.faded(hue, 0.16), Qt.BrushStyle.BDiagPattern))
    write(painter, place, text, role="cell", colour=ink, align=CENTRE)


def arrowhead(
    painter: QPainter, tip: QPointF, direction: tuple[float, float], colour: QColor, *, size: float = 9.0
) -> None:
    """A filled triangle whose point is `tip`, looking along the unit vector."""
    x, y = direction
    base = QPointF(tip.x() - x * size, tip.y() - y * size)
    half = size * 0.46
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(
        QPolygonF(
            [
                tip,
                QPointF(base.x() - y * half, base.y() + x * half),
                QPointF(base.x() + y * half, base.y() - x * half),
            ]
        )
    )


def leaf(painter: QPainter, rect: QRectF, colour: QColor, *, filled: bool) -> None:
    """The sign of a leaf: a pointed blade with its vein."""
    path = QPainterPath(rect.bottomLeft())
    path.cubicTo(
        rect.left() - 1, rect.center().y() - 2, rect.center().x() - 1, rect.top(), rect.right(), rect.top()
    )
    path.cubicTo(
        rect.right(),
        rect.center().y() + 1,
        rect.center().x() + 2,
        rect.bottom() + 1,
        rect.left(),
        rect.bottom(),
    )
    painter.setPen(pen(colour, 1.3))
    painter.setBrush(colour if filled else Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.setPen(pen(colour.darker(160) if filled else colour, 1.0))
    painter.drawLine(rect.bottomLeft(), QPointF(rect.center().x() + 2, rect.center().y() - 2))


def pin(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """The sign that a gradient or a saved tensor is kept."""
    painter.setPen(pen(colour, 1.4))
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(centre.x(), centre.y() - 3), 3.2, 3.2)
    painter.drawLine(centre, QPointF(centre.x(), centre.y() + 6))


def scissors(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """Two rings and two blades, opening to the left."""
    painter.setPen(pen(colour, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for side in (-1.0, 1.0):
        painter.drawEllipse(QPointF(centre.x() + 6, centre.y() + side * 4.5), 3.0, 3.0)
        painter.drawLine(
            QPointF(centre.x() + 3.4, centre.y() + side * 3), QPointF(centre.x() - 9, centre.y() - side * 4)
        )


def hook(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """An eye, a shank, the bend and its barb: the learner's code ran here."""
    painter.setPen(pen(colour, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(centre.x() + 2.5, centre.y() - 4.6), 1.4, 1.4)
    path = QPainterPath(QPointF(centre.x() + 2.5, centre.y() - 3.2))
    path.lineTo(centre.x() + 2.5, centre.y() + 2)
    path.arcTo(QRectF(centre.x() - 3.5, centre.y() - 1, 6, 6), 0, -190)
    path.lineTo(centre.x() - 1.2, centre.y() + 1.6)
    painter.drawPath(path)


def hook_badge(painter: QPainter, centre: QPointF, inks: Inks) -> None:
    """On the edge of the node or leaf at which the hook ran."""
    painter.setPen(pen(inks.special, 1.3))
    painter.setBrush(inks.panel)
    painter.drawEllipse(centre, 8.5, 8.5)
    hook(painter, centre, inks.special_text)


def snowflake(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """Six arms with a pair of twigs each: a parameter that is frozen."""
    painter.setPen(pen(colour, 1.3))
    painter.save()
    painter.translate(centre)
    for _arm in range(6):
        painter.drawLine(QPointF(0, 0), QPointF(0, -6.5))
        painter.drawLine(QPointF(0, -3.8), QPointF(-2.1, -5.9))
        painter.drawLine(QPointF(0, -3.8), QPointF(2.1, -5.9))
        painter.rotate(60)
    painter.restore()


def lock(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """A closed padlock: what is inside can never be tracked."""
    painter.setPen(pen(colour, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(QRectF(centre.x() - 3.5, centre.y() - 7.5, 7, 9), 0, 180 * 16)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(centre.x() - 5, centre.y() - 2.5, 10, 8), 1.5, 1.5)


def tick(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    painter.setPen(pen(colour, 1.8))
    painter.drawPolyline([centre + QPointF(-4, 0), centre + QPointF(-1, 3), centre + QPointF(4, -4)])


def cross(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    painter.setPen(pen(colour, 1.8))
    painter.drawLine(centre + QPointF(-3.5, -3.5), centre + QPointF(3.5, 3.5))
    painter.drawLine(centre + QPointF(-3.5, 3.5), centre + QPointF(3.5, -3.5))


def polyline(points: Sequence[tuple[float, float]]) -> QPainterPath:
    """An open path through the points."""
    path = QPainterPath()
    if len(points):
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    return path
