"""Where chips and the callout go, without Qt's scene: the place that covers least, always the same for the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from PySide6.QtCore import QPointF, QRectF

from tutor.views.graph_paths import Curve

Size = tuple[float, float]
_CLEAR = 10.5
"""From the centre line of a lane to the nearest side of its chip."""
_TRIES = tuple(0.5 + side * step * 0.03 for step in range(15) for side in (1, -1) if step or side > 0)
_CELL = 48.0
_RING = 20
"""Places at one distance around a callout's anchor."""
_WELL = 600.0
"""A callout that covers less is not moved further away."""
_GOOD = 40.0
"""A place that costs less is taken without looking further away."""


class Crowd:
    """What is already there, in a grid of squares so that thousands of things are asked quickly; on top of a base."""

    def __init__(self, base: Crowd | None = None) -> None:
        self._base = base
        self._rects: dict[tuple[int, int], list[QRectF]] = defaultdict(list)
        self._points: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)

    def add(self, rect: QRectF) -> None:
        for square in _squares(rect):
            self._rects[square].append(rect)

    def add_curve(
        self, curve: Curve, *, every: float = 12.0, shares: tuple[float, float] = (0.0, 1.0)
    ) -> None:
        """A point `every` so many pixels of what lies between two shares of its length."""
        for x, y in curve.spread(every, shares).tolist():
            self._points[_square(x, y)].append((x, y))

    def cost(self, rect: QRectF, *, point_cost: float = 60.0, area_cost: float = 1.0) -> float:
        """What the rectangle would cover: `area_cost` a square pixel, `point_cost` a point of a lane."""
        below = (
            0.0 if self._base is None else self._base.cost(rect, point_cost=point_cost, area_cost=area_cost)
        )
        area = 0.0
        points = 0
        seen: set[int] = set()
        for square in _squares(rect):
            for other in self._rects.get(square, ()):
                if id(other) not in seen:
                    seen.add(id(other))
                    shared = rect.intersected(other)
                    area += max(shared.width(), 0.0) * max(shared.height(), 0.0)
            points += sum(rect.contains(x, y) for x, y in self._points.get(square, ()))
        return below + area_cost * area + point_cost * points


def chip_place(curve: Curve, size: Size, crowd: Crowd, *, below: bool, tries: int = len(_TRIES)) -> QPointF:
    """The middle of a chip beside the lane: values above it, gradients below; takes its room in the crowd."""
    points, normals = curve.stations(_TRIES[:tries])
    best: tuple[float, QPointF] | None = None
    for further in (0.0, 9.0, 20.0, 34.0, 50.0):
        for rank, (point, normal) in enumerate(zip(points.tolist(), normals.tolist(), strict=True)):
            centre = _beside(point, normal, size, below=below, further=further)
            covered = crowd.cost(chip_rect(centre, size).adjusted(-3, -2, 3, 2), area_cost=4.0)
            cost = covered + rank * 3 + further * 12
            if best is None or cost < best[0]:
                best = (cost, centre)
            if covered == 0.0:
                break
        if best is not None and best[0] < _GOOD:
            break
    assert best is not None
    crowd.add(chip_rect(best[1], size))
    return best[1]


def chip_rect(centre: QPointF, size: Size) -> QRectF:
    return QRectF(centre.x() - size[0] / 2, centre.y() - size[1] / 2, *size)


def _beside(point: list[float], normal: list[float], size: Size, *, below: bool, further: float) -> QPointF:
    """Clear of both lines by a little: on a steep lane the chip's width counts, on a flat one its height."""
    side = 1.0 if below else -1.0
    reach = _CLEAR + further + abs(normal[1]) * size[1] / 2 + abs(normal[0]) * size[0] / 2
    return QPointF(point[0] + side * normal[0] * reach, point[1] + side * normal[1] * reach)


def callout_place(size: Size, anchor: QRectF, crowd: Crowd, view: QRectF) -> QRectF:
    """Beside or below the anchor (circle and tabs), inside the view where it can be, where it covers least."""
    best: tuple[float, QRectF] | None = None
    for rank, place in enumerate(_around(size, anchor)):
        rect = _moved_into(place, view)
        outside = rect.width() * rect.height() - _area(rect.intersected(view))
        covered = crowd.cost(rect, point_cost=50.0) + 3.0 * outside
        if best is None or covered + rank * 8 < best[0]:
            best = (covered + rank * 8, rect)
        if covered == 0.0 or (rank % _RING == _RING - 1 and best[0] < _WELL):
            break
    assert best is not None
    return best[1]


def _around(size: Size, anchor: QRectF) -> Iterator[QRectF]:
    """Places around the anchor, the better ones first."""
    width, height = size
    middle = anchor.center()
    rows = (
        anchor.bottom() - height,
        anchor.bottom() - 30,
        anchor.top() - height * 0.4,
        anchor.top(),
        anchor.top() - height + 12,
    )
    for gap in (16.0, 44.0, 80.0, 120.0, 165.0):
        for y in rows:
            yield QRectF(anchor.right() + gap, y, width, height)
        for share in (0.5, 0.2, 0.8, 0.05, 0.95):
            yield QRectF(middle.x() - width * share, anchor.bottom() + gap, width, height)
        for share in (0.5, 0.2, 0.8, 0.05, 0.95):
            yield QRectF(middle.x() - width * share, anchor.top() - gap - height, width, height)
        for y in rows:
            yield QRectF(anchor.left() - gap - width, y, width, height)


def _moved_into(rect: QRectF, view: QRectF) -> QRectF:
    """The rectangle, shifted into the view as far as it fits there."""
    x = min(max(rect.left(), view.left()), max(view.right() - rect.width(), view.left()))
    y = min(max(rect.top(), view.top()), max(view.bottom() - rect.height(), view.top()))
    return QRectF(x, y, rect.width(), rect.height())


def _area(rect: QRectF) -> float:
    return max(rect.width(), 0.0) * max(rect.height(), 0.0)


def _square(x: float, y: float) -> tuple[int, int]:
    return int(x // _CELL), int(y // _CELL)


def _squares(rect: QRectF) -> Iterable[tuple[int, int]]:
    left, top = _square(rect.left(), rect.top())
    right, bottom = _square(rect.right(), rect.bottom())
    return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
