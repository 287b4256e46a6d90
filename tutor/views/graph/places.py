"""Where chips and the callout go, without Qt's scene: the place that covers least, always the same for the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF

from tutor.views.graph.paths import Curve, Floats

Size = tuple[float, float]
_CLEAR = 10.5
"""From the centre line of a lane to the nearest side of its chip."""
_TRIES = tuple(0.5 + side * step * 0.03 for step in range(15) for side in (1, -1) if step or side > 0)
_CELL = 48.0
_RING = 22
"""Places at one distance around a callout's anchor."""
_WELL = 600.0
"""A callout that covers less is not moved further away."""
_POINT = 50.0
"""What a point of a lane under the callout counts."""
_GOOD = 40.0
"""A place that costs less is taken without looking further away."""


class Crowd:
    """What is already there, in a grid of squares so that thousands of things are asked quickly."""

    def __init__(self) -> None:
        self._rects: dict[tuple[int, int], list[QRectF]] = defaultdict(list)
        self._points: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)

    def add(self, rect: QRectF) -> None:
        for square in _squares(rect):
            self._rects[square].append(rect)

    def add_curve(
        self, curve: Curve, *, every: float = 12.0, shares: tuple[float, float] = (0.0, 1.0)
    ) -> None:
        """A point `every` so many pixels of what lies between two shares of its length."""
        points = curve.spread(every, shares)
        squares = (points // _CELL).astype(int).tolist()
        for (x, y), (column, row) in zip(points.tolist(), squares, strict=True):
            self._points[column, row].append((x, y))

    def obstacles(self) -> Obstacles:
        """All of it."""
        rects = {id(rect): (rect, 1.0) for found in self._rects.values() for rect in found}
        points = [np.array(found) for found in self._points.values() if found]
        return obstacles(rects.values(), points)

    def cost(self, rect: QRectF, *, point_cost: float = 60.0, area_cost: float = 1.0) -> float:
        """What the rectangle would cover: `area_cost` a square pixel, `point_cost` a point of a lane."""
        left, top, right, bottom = _edges(rect)
        area = 0.0
        points = 0
        seen: set[int] = set()
        for square in _squares(rect):
            for other in self._rects.get(square, ()):
                if id(other) not in seen:
                    seen.add(id(other))
                    shared = rect.intersected(other)
                    area += max(shared.width(), 0.0) * max(shared.height(), 0.0)
            for x, y in self._points.get(square, ()):
                points += left <= x <= right and top <= y <= bottom
        return area_cost * area + point_cost * points


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


@dataclass(frozen=True, eq=False)
class Obstacles:
    """What a callout should not cover, as arrays: rectangles (left, top, right, bottom) with weights, points of lanes."""

    rects: Floats
    weights: Floats
    points: Floats

    def near(self, rect: QRectF) -> Obstacles:
        """Those that meet the rectangle."""
        rects, points = self.rects, self.points
        left, top, right, bottom = _edges(rect)
        meets = (rects[:, 0] < right) & (rects[:, 2] > left) & (rects[:, 1] < bottom) & (rects[:, 3] > top)
        x, y = points[:, 0], points[:, 1]
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        return Obstacles(rects[meets], self.weights[meets], points[inside])

    def costs(self, places: Floats) -> Floats:
        """What each of the places (left, top, right, bottom) would cover."""
        wide, high = (
            np.minimum(places[:, None, at + 2], self.rects[None, :, at + 2])
            - np.maximum(places[:, None, at], self.rects[None, :, at])
            for at in (0, 1)
        )
        area = np.clip(wide, 0.0, None) * np.clip(high, 0.0, None) @ self.weights
        x, y = self.points[None, :, 0], self.points[None, :, 1]
        within = (x > places[:, :1]) & (x < places[:, 2:3]) & (y > places[:, 1:2]) & (y < places[:, 3:4])
        return np.asarray(area + _POINT * within.sum(axis=1))


def obstacles(weighted: Iterable[tuple[QRectF, float]], points: Sequence[Floats]) -> Obstacles:
    """Of rectangles with their weights and of pieces of lanes."""
    pairs = list(weighted)
    rects = np.array([_edges(rect) for rect, _ in pairs]).reshape(-1, 4)
    weights = np.array([weight for _, weight in pairs])
    return Obstacles(rects, weights, np.vstack([np.empty((0, 2)), *points]))


def callout_place(size: Size, anchor: QRectF, crowd: Obstacles, view: QRectF) -> QRectF:
    """Beside or below the anchor (circle and tabs), inside the view where it can be, where it covers least."""
    best: tuple[float, QRectF] | None = None
    for ring, found in enumerate(_rings(size, anchor)):
        rects = [_moved_into(rect, view) for rect in found]
        costs = crowd.costs(np.array([_edges(rect) for rect in rects]))
        for rank, (rect, cost) in enumerate(zip(rects, costs.tolist(), strict=True)):
            outside = size[0] * size[1] - area(rect.intersected(view))
            total = cost + 3.0 * outside + (ring * _RING + rank) * 8
            if best is None or total < best[0]:
                best = (total, rect)
        if best is not None and best[0] < _WELL:
            break
    assert best is not None
    return best[1]


def _rings(size: Size, anchor: QRectF) -> Iterator[list[QRectF]]:
    places = _around(size, anchor)
    while ring := list(islice(places, _RING)):
        yield ring


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
        anchor.bottom() + 14,
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


def _edges(rect: QRectF) -> tuple[float, float, float, float]:
    return rect.left(), rect.top(), rect.right(), rect.bottom()


def area(rect: QRect | QRectF) -> float:
    """0 where two rectangles do not meet."""
    return float(max(rect.width(), 0) * max(rect.height(), 0))


def _square(x: float, y: float) -> tuple[int, int]:
    return int(x // _CELL), int(y // _CELL)


def _squares(rect: QRectF) -> Iterable[tuple[int, int]]:
    left, top = _square(rect.left(), rect.top())
    right, bottom = _square(rect.right(), rect.bottom())
    return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
