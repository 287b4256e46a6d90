"""Where chips and the callout go, without Qt's scene: the place that covers least, always the same for the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from PySide6.QtCore import QPointF, QRectF

from tutor.views.graph_paths import Curve

Size = tuple[float, float]
_CLEAR = 10.5
"""From the centre line of a lane to the nearest side of its chip."""
_TRIES = tuple(0.5 + side * step * 0.04 for step in range(10) for side in (1, -1) if step or side > 0)
_CELL = 48.0


class Crowd:
    """What is already there, in a grid of squares so that thousands of things are asked quickly."""

    def __init__(self) -> None:
        self._rects: dict[tuple[int, int], list[QRectF]] = defaultdict(list)
        self._points: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)

    def add(self, rect: QRectF) -> None:
        for square in _squares(rect):
            self._rects[square].append(rect)

    def extend(self, other: Crowd) -> None:
        for square, rects in other._rects.items():
            self._rects[square].extend(rects)
        for square, points in other._points.items():
            self._points[square].extend(points)

    def add_curve(self, curve: Curve) -> None:
        for x, y in curve.points[::2]:
            self._points[_square(x, y)].append((float(x), float(y)))

    def cost(self, rect: QRectF, *, point_cost: float = 60.0) -> float:
        """The area of what the rectangle would cover; each point of a lane counts as `point_cost`."""
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
        return area + point_cost * points


def chip_place(curve: Curve, size: Size, crowd: Crowd, *, below: bool) -> QPointF:
    """The middle of a chip beside the lane: values above it, gradients below; takes its room in the crowd."""
    best: tuple[float, QPointF] | None = None
    for rank, (t, further) in enumerate((t, further) for further in (0.0, 9.0) for t in _TRIES):
        centre = _beside(curve, t, size, below=below, further=further)
        covered = crowd.cost(chip_rect(centre, size).adjusted(-3, -2, 3, 2))
        if best is None or covered + rank * 3 < best[0]:
            best = (covered + rank * 3, centre)
        if covered == 0.0:
            break
    assert best is not None
    crowd.add(chip_rect(best[1], size))
    return best[1]


def chip_rect(centre: QPointF, size: Size) -> QRectF:
    return QRectF(centre.x() - size[0] / 2, centre.y() - size[1] / 2, *size)


def _beside(curve: Curve, t: float, size: Size, *, below: bool, further: float) -> QPointF:
    """Clear of both lines by a little: on a steep lane the chip's width counts, on a flat one its height."""
    x, y = curve.at(t)
    normal_x, normal_y = curve.normal(t)
    side = 1.0 if below else -1.0
    reach = _CLEAR + further + abs(normal_y) * size[1] / 2 + abs(normal_x) * size[0] / 2
    return QPointF(x + side * normal_x * reach, y + side * normal_y * reach)


def callout_place(size: Size, anchor: QRectF, crowd: Crowd, view: QRectF) -> QRectF:
    """Beside or below the anchor (circle and tabs), inside the view where it can be, where it covers least."""
    best: tuple[float, QRectF] | None = None
    for rank, rect in enumerate(_around(size, anchor)):
        outside = rect.width() * rect.height() - _area(rect.intersected(view))
        cost = crowd.cost(rect, point_cost=150.0) + 3.0 * outside + rank * 8
        if best is None or cost < best[0]:
            best = (cost, rect)
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
        anchor.top() - height + 12,
    )
    for gap in (16.0, 44.0, 80.0):
        for y in rows:
            yield QRectF(anchor.right() + gap, y, width, height)
        for share in (0.5, 0.2, 0.8, 0.05, 0.95):
            yield QRectF(middle.x() - width * share, anchor.bottom() + gap, width, height)
        for share in (0.5, 0.2, 0.8, 0.05, 0.95):
            yield QRectF(middle.x() - width * share, anchor.top() - gap - height, width, height)
        for y in rows:
            yield QRectF(anchor.left() - gap - width, y, width, height)


def _area(rect: QRectF) -> float:
    return max(rect.width(), 0.0) * max(rect.height(), 0.0)


def _square(x: float, y: float) -> tuple[int, int]:
    return int(x // _CELL), int(y // _CELL)


def _squares(rect: QRectF) -> Iterable[tuple[int, int]]:
    left, top = _square(rect.left(), rect.top())
    right, bottom = _square(rect.right(), rect.bottom())
    return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
