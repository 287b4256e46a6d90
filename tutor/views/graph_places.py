"""Where chips and the callout go, without Qt's scene: the place that covers least, always the same for the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from PySide6.QtCore import QPointF, QRectF

from tutor.views.graph_paths import Curve

CHIP_HEIGHT = 22.0
CHIP_RISE = 24.0
"""From the centre line of a lane to the middle of its chip."""
_TRIES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)
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


def chip_place(curve: Curve, width: float, crowd: Crowd, *, below: bool) -> QPointF:
    """The middle of a chip beside the lane: values above it, gradients below; takes its room in the crowd."""
    best: tuple[float, QPointF] | None = None
    for rank, t in enumerate(_TRIES):
        centre = _beside(curve, t, width, below=below)
        cost = crowd.cost(chip_rect(centre, width).adjusted(-3, -2, 3, 2)) + rank * 4
        if best is None or cost < best[0]:
            best = (cost, centre)
    assert best is not None
    crowd.add(chip_rect(best[1], width))
    return best[1]


def chip_rect(centre: QPointF, width: float) -> QRectF:
    return QRectF(centre.x() - width / 2, centre.y() - CHIP_HEIGHT / 2, width, CHIP_HEIGHT)


def _beside(curve: Curve, t: float, width: float, *, below: bool) -> QPointF:
    x, y = curve.at(t)
    normal_x, normal_y = curve.normal(t)
    side = 1.0 if below else -1.0
    # On a steep lane the chip's width counts, on a flat one its height.
    reach = CHIP_RISE + abs(normal_x) * max(width / 2 - CHIP_HEIGHT / 2, 0.0)
    return QPointF(x + side * normal_x * reach, y + side * normal_y * reach)


def callout_place(size: tuple[float, float], anchor: QRectF, crowd: Crowd, view: QRectF) -> QRectF:
    """Beside or below the anchor (circle and tabs), inside the view where it can be, where it covers least."""
    best: tuple[float, QRectF] | None = None
    for rank, rect in enumerate(_around(size, anchor)):
        outside = rect.width() * rect.height() - _area(rect.intersected(view))
        cost = crowd.cost(rect, point_cost=40.0) + 3.0 * outside + rank * 60
        if best is None or cost < best[0]:
            best = (cost, rect)
    assert best is not None
    return best[1]


def _around(size: tuple[float, float], anchor: QRectF) -> Iterator[QRectF]:
    width, height = size
    gap = 18.0
    middle = anchor.center()
    rows: Sequence[float] = (
        anchor.bottom() - height * 0.5 - 18,
        anchor.bottom() - height,
        anchor.top(),
        anchor.bottom() - 24,
    )
    for y in rows:
        yield QRectF(anchor.right() + gap, y, width, height)
    for y in rows:
        yield QRectF(anchor.left() - gap - width, y, width, height)
    for share in (0.5, 0.2, 0.8, 0.0, 1.0):
        yield QRectF(middle.x() - width * share, anchor.bottom() + gap, width, height)
    for share in (0.5, 0.2, 0.8, 0.0, 1.0):
        yield QRectF(middle.x() - width * share, anchor.top() - gap - height, width, height)


def _area(rect: QRectF) -> float:
    return max(rect.width(), 0.0) * max(rect.height(), 0.0)


def _square(x: float, y: float) -> tuple[int, int]:
    return int(x // _CELL), int(y // _CELL)


def _squares(rect: QRectF) -> Iterable[tuple[int, int]]:
    left, top = _square(rect.left(), rect.top())
    right, bottom = _square(rect.right(), rect.bottom())
    return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
