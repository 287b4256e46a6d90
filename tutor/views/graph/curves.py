"""The curves of lanes, each found when it is asked for: from the layout's points, between ports on both items' borders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF

from tutor.trace.layout import Layout
from tutor.trace.picture import ItemId, Lane, LaneId
from tutor.views.graph.clear import Standing
from tutor.views.graph.lanes import LaneCurves
from tutor.views.graph.paths import HALF_GAP, XY, ending, parallel, smooth
from tutor.views.graph.places import Size, chip_rect
from tutor.views.graph.sizes import Sizes
from tutor.views.graph.spots import Spot, turned_curve, turned_point, turned_rect

_WAVE = 9.0
_STEEP = 16.0
_TURN = 30.0
"""A lane needs so much width to turn before a tab."""
_ASIDE = 12.0
_CHIP_SHARES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)
_CLEAR = 10.5
"""From the centre line of a lane to the nearest side of its chip."""


class Curves(Mapping[LaneId, LaneCurves]):
    """Every lane's three lines; asking for one finds it, and no other."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        spots: Mapping[ItemId, Spot],
        layout: Layout,
        standing: Standing | None,
        *,
        down: bool,
    ) -> None:
        self.by_id = {lane.id: lane for lane in lanes}
        self._spots, self._layout, self._standing, self._down = spots, layout, standing, down
        self._sides: dict[tuple[ItemId, bool], list[Lane]] = {}
        for lane in lanes:
            self._sides.setdefault((lane.source, True), []).append(lane)
            self._sides.setdefault((lane.target, False), []).append(lane)
        self._ports: dict[tuple[ItemId, bool], dict[LaneId, XY]] = {}
        self._found: dict[LaneId, LaneCurves] = {}

    def __getitem__(self, lane: LaneId) -> LaneCurves:
        found = self._found.get(lane)
        if found is None:
            found = self._found[lane] = self._curves(self.by_id[lane])
        return found

    def __iter__(self) -> Iterator[LaneId]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)

    def reach(self, lane: LaneId) -> QRectF:
        """A rectangle that holds the lane, known without its curve."""
        found = self.by_id[lane]
        points = [
            self._port(found, leaving=True),
            *self._waypoints(found),
            self._port(found, leaving=False),
        ]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left, top = min(xs) - _ASIDE, min(ys) - _ASIDE
        return turned_rect(QRectF(left, top, max(xs) + _ASIDE - left, max(ys) + _ASIDE - top), self._down)

    def _curves(self, lane: Lane) -> LaneCurves:
        source, target = self._spots[lane.source], self._spots[lane.target]
        start, end = self._port(lane, leaving=True), self._port(lane, leaving=False)
        points = _over_tabs(source, target, [start, *self._waypoints(lane), end])
        if self._standing is not None:
            points = self._standing.around(points, (lane.source, lane.target), self._spots)
        return _lane_curves(points, source, target, self._down)

    def _waypoints(self, lane: Lane) -> list[XY]:
        """The layout's points strictly between both items: where a long lane passes the columns."""
        route = self._layout.routes.get(lane.id, ())
        if len(route) < 3:
            return []
        left = self._spots[lane.source].foot.right() + 6
        right = self._spots[lane.target].foot.left() - 6
        points = [turned_point((p.x, p.y), self._down) for p in route[1:-1]]
        return _straightened([(x, y) for x, y in points if left < x < right])

    def _port(self, lane: Lane, *, leaving: bool) -> XY:
        side = (lane.source if leaving else lane.target, leaving)
        ports = self._ports.get(side)
        if ports is None:
            ports = self._ports[side] = self._ports_of(*side)
        return ports[lane.id]

    def _ports_of(self, item: ItemId, leaving: bool) -> dict[LaneId, XY]:
        """A place on the border for each lane, ordered by where it goes to or comes from, so that none cross there."""
        lanes, spot = self._sides[item, leaving], self._spots[item]
        mine = sorted(lanes, key=lambda lane: (self._other_y(lane, leaving=leaving), lane.slot, lane.id))
        spacing = spot.spacing(len(mine))
        ports: dict[LaneId, XY] = {}
        for row, lane in enumerate(mine):
            y = spot.at[1] + (row - (len(mine) - 1) / 2) * spacing
            ports[lane.id] = (spot.leave(y) if leaving else spot.arrive(y), y)
        return ports

    def _other_y(self, lane: Lane, *, leaving: bool) -> float:
        points = self._waypoints(lane)
        if points:
            return points[0 if leaving else -1][1]
        return self._spots[lane.target if leaving else lane.source].at[1]


class SparseChips(Mapping[LaneId, QPointF]):
    """Where the chips of a large structure rest: about the middle of their lanes, each found when it is asked for."""

    def __init__(
        self, curves: Curves, sizes: Sizes, solids: Callable[[ItemId], Iterable[QRectF]], *, values: bool
    ) -> None:
        """`solids` are the parts of an item that no chip of its lanes should cover."""
        self._curves, self._sizes, self._solids = curves, sizes, solids
        self._above = values != sizes.down
        lanes = curves.by_id.values()
        self._lanes = {lane.id for lane in lanes if (not lane.named if values else lane.returns)}
        self._found: dict[LaneId, QPointF] = {}

    def __getitem__(self, lane: LaneId) -> QPointF:
        if lane not in self._lanes:
            raise KeyError(lane)
        found = self._found.get(lane)
        if found is None:
            found = self._found[lane] = self._beside(lane)
        return found

    def __contains__(self, lane: object) -> bool:
        return lane in self._lanes

    def __iter__(self) -> Iterator[LaneId]:
        return (lane for lane in self._curves.by_id if lane in self._lanes)

    def __len__(self) -> int:
        return len(self._lanes)

    def _beside(self, lane: LaneId) -> QPointF:
        """At the place that covers least of what the lane joins, clear of both its lines."""
        found = self._curves.by_id[lane]
        near = [*self._solids(found.source), *self._solids(found.target)]
        size = self._sizes.chips[lane]
        points, normals = self._curves[lane].centre.stations(_CHIP_SHARES)
        places = [
            self._clear(point, normal, size)
            for point, normal in zip(points.tolist(), normals.tolist(), strict=True)
        ]
        costs = [_covered(chip_rect(place, size), near) + at for at, place in enumerate(places)]
        return places[costs.index(min(costs))]

    def _clear(self, point: list[float], normal: list[float], size: Size) -> QPointF:
        reach = _CLEAR + abs(normal[1]) * size[1] / 2 + abs(normal[0]) * size[0] / 2
        side = -reach if self._above else reach
        return QPointF(point[0] + side * normal[0], point[1] + side * normal[1])


def _covered(rect: QRectF, parts: Iterable[QRectF]) -> float:
    shared = (rect.intersected(part) for part in parts)
    return sum(part.width() * part.height() for part in shared)


def _over_tabs(source: Spot, target: Spot, points: list[XY]) -> list[XY]:
    """Lanes from and to below pass over the tabs of their own circles, not behind them."""
    start, end = points[0], points[-1]
    right, left = source.tab_edge(left=False), target.tab_edge(left=True)
    room = points[-2][0] if len(points) > 2 else start[0]
    if left is not None and points[-2][1] > end[1] + _STEEP and left - room > _TURN:
        points = [*points[:-1], (left, end[1]), end]
    room = points[1][0]
    if right is not None and points[1][1] > start[1] + _STEEP and room - right > _TURN:
        points = [start, (right, start[1]), *points[1:]]
    return points


def _lane_curves(points: list[XY], source: Spot, target: Spot, down: bool) -> LaneCurves:
    centre = smooth(points)
    start, end = points[0][1], points[-1][1]
    value, gradient = parallel(centre, -HALF_GAP), parallel(centre, HALF_GAP)
    value = ending(value, *_ends(source, target, (start - HALF_GAP, end - HALF_GAP), tip=1.0))
    gradient = ending(gradient, *_ends(source, target, (start + HALF_GAP, end + HALF_GAP), tip=0.0))
    turned = [turned_curve(curve, down) for curve in (centre, value, gradient)]
    return LaneCurves(turned[0], turned[1], turned[2], down)


def _straightened(points: list[XY]) -> list[XY]:
    """Neighbouring points at almost the same height get the same height: no waves where nothing is in the way."""
    groups: list[list[XY]] = []
    for point in points:
        if groups and abs(point[1] - groups[-1][-1][1]) <= _WAVE:
            groups[-1].append(point)
        else:
            groups.append([point])
    return [(x, _height(group)) for group in groups for x in dict.fromkeys((group[0][0], group[-1][0]))]


def _height(points: list[XY]) -> float:
    return sum(y for _x, y in points) / len(points)


def _ends(source: Spot, target: Spot, ys: tuple[float, float], *, tip: float) -> tuple[float, float]:
    """The abscissae where this line touches both outlines; an arrowhead keeps a hair's breadth."""
    return source.leave(ys[0]) + 2.5 * (1.0 - tip) + 1, target.arrive(ys[1]) - 2.5 * tip - 1
