"""Where the bands behind what is not tracked lie, with their labels, and the lines between boxes that share memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPainterPathStroker

from tutor.i18n import _
from tutor.trace.picture import ItemId, Structure, Zone
from tutor.views.graph.fonts import text_width
from tutor.views.graph.paint import polyline
from tutor.views.graph.paths import Curve
from tutor.views.graph.places import Crowd

_BAND = 12.0
_BAND_TOP = 30.0
_TAG = 20.0
_LOCK = 22.0
_SAG = 46.0


@dataclass(frozen=True, eq=False)
class Band:
    """One zone's outline and the place of its label."""

    zone: Zone
    path: QPainterPath
    tag: QRectF


@dataclass(frozen=True, eq=False)
class Twins:
    """The line between two boxes of one memory."""

    one: ItemId
    other: ItemId
    path: QPainterPath


def band_of(
    zone: Zone, rects: Mapping[ItemId, QRectF], ways: Mapping[tuple[ItemId, ItemId], Curve], crowd: Crowd
) -> Band:
    """`rects` are all items, `ways` the values' lines between items. The label takes its room in the crowd."""
    members = [rects[item] for item in zone.items]
    inside = set(zone.items)
    others = [rect for item, rect in rects.items() if item not in inside]
    inner = [curve for ends, curve in ways.items() if inside.issuperset(ends)]
    path = _outline(members, [polyline(curve.points.tolist()) for curve in inner], others)
    tag = min(_tags(zone, members, path), key=lambda place: crowd.cost(place.adjusted(-2, -2, 2, 2)))
    for _weight in range(3):
        crowd.add(tag.adjusted(-2, -2, 2, 2))
    return Band(zone, path, tag)


def twins_of(structure: Structure, rects: Mapping[ItemId, QRectF], *, down: bool) -> tuple[Twins, ...]:
    """`rects` are the boxes with what stands under them."""
    pairs = [(box.shares_memory_with, box.id) for box in structure.boxes]
    return tuple(
        Twins(one, other, _beside(rects[one], rects[other]) if down else _below(rects[one], rects[other]))
        for one, other in pairs
        if one is not None and one in rects
    )


def _outline(
    members: Sequence[QRectF], ways: Sequence[QPainterPath], others: Sequence[QRectF]
) -> QPainterPath:
    """One rectangle around the members; where others stand in it, an outline that keeps to the members and their lanes."""
    whole = _whole(members)
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    if not any(whole.intersects(rect) for rect in others):
        path.addRoundedRect(whole, 12, 12)
        return path
    stroker = QPainterPathStroker()
    stroker.setWidth(2 * _BAND + 14)
    for rect in members:
        path.addRoundedRect(rect.adjusted(-_BAND, -_BAND, _BAND, _BAND), 12, 12)
    for way in ways:
        path.addPath(stroker.createStroke(way))
    first = members[0].adjusted(-_BAND, -_BAND_TOP, _BAND, 0)
    path.addRoundedRect(first, 12, 12)
    return path.simplified()


def _whole(members: Sequence[QRectF]) -> QRectF:
    whole = QRectF()
    for rect in members:
        whole = whole.united(rect)
    return whole.adjusted(-_BAND, -_BAND_TOP, _BAND, _BAND)


def _tags(zone: Zone, members: Sequence[QRectF], path: QPainterPath) -> Iterator[QRectF]:
    """Places for the label, the better ones first: in the band's upper edge, over a member, outside of the band."""
    width = text_width("tab", zone_label(zone)) + 16 + (_LOCK if zone.kind == "inference" else 0.0)
    whole = path.boundingRect()
    for x in _along(whole.adjusted(8, 0, -8, 0), width):
        place = QRectF(x, whole.top() + 5, width, _TAG)
        if path.contains(place):
            yield place
    for rect in members:
        for y in (rect.top() - 25, rect.bottom() + 5):
            yield from (QRectF(x, y, width, _TAG) for x in _along(rect.adjusted(-4, 0, 4, 0), width))
        for x in (rect.right() + 6, rect.left() - 6 - width):
            yield QRectF(x, rect.center().y() - _TAG / 2, width, _TAG)
    for y in (whole.top() - _TAG - 2, whole.bottom() + 2, whole.top() - 44, whole.bottom() + 26):
        yield from (QRectF(x, y, width, _TAG) for x in _along(whole, width))


def _along(rect: QRectF, width: float) -> list[float]:
    """Left edges for something so wide, over the whole width: left first."""
    free = rect.width() - width
    return [rect.left() + free * share for share in (0.0, 1.0, 0.5, 0.25, 0.75)]


def zone_label(zone: Zone) -> str:
    word = "inference_mode" if zone.kind == "inference" else zone.kind
    if zone.lines is None:
        return word
    first, last = zone.lines
    if first == last:
        return _("{word} · line {line}").format(word=word, line=first)
    return _("{word} · lines {first}–{last}").format(word=word, first=first, last=last)


def _below(start: QRectF, end: QRectF) -> QPainterPath:
    """From lower edge to lower edge, sagging between them."""
    left = QPointF(start.center().x() + 20, start.bottom())
    right = QPointF(end.center().x() - 20, end.bottom())
    sag = max(left.y(), right.y()) + _SAG
    path = QPainterPath(left)
    path.cubicTo(QPointF(left.x(), sag), QPointF(right.x(), sag), right)
    return path


def _beside(start: QRectF, end: QRectF) -> QPainterPath:
    """From left edge to left edge."""
    top, bottom = QPointF(start.left(), start.center().y()), QPointF(end.left(), end.center().y())
    out = min(top.x(), bottom.x()) - _SAG
    path = QPainterPath(top)
    path.cubicTo(QPointF(out, top.y()), QPointF(out, bottom.y()), bottom)
    return path
