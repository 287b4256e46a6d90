"""From a layout to what is drawn: where each item stands, at which ports its lanes arrive, and where chips rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

from PySide6.QtCore import QPointF, QRectF

from tutor.trace.layout import Layout
from tutor.trace.picture import ItemId, Lane, LaneId, Structure
from tutor.views.graph_lanes import LaneCurves
from tutor.views.graph_paths import HALF_GAP, XY, ending, parallel, smooth
from tutor.views.graph_places import Crowd, chip_place, chip_rect
from tutor.views.graph_sizes import BoxAnatomy, CircleAnatomy, Sizes

_BOX_PORTS = 30.0
_CIRCLE_PORTS = 21.0
_WAVE = 9.0
_MOST_POINTS = 20_000
_MANY = 200
_STEEP = 16.0
_TURN = 30.0
"""A lane needs so much width to turn before a tab."""


@dataclass(frozen=True, eq=False)
class Places:
    """The still geometry of one structure, in scene coordinates."""

    items: Mapping[ItemId, QPointF]
    lanes: Mapping[LaneId, LaneCurves]
    value_chips: Mapping[LaneId, QPointF]
    gradient_chips: Mapping[LaneId, QPointF]
    crowd: Crowd
    bounds: QRectF

    def rect(self, item: ItemId, local: QRectF) -> QRectF:
        return local.translated(self.items[item])


class PlaceMaker:
    """Finds the places of a structure, one lane a turn, so that a large one is done in slices."""

    def __init__(self, structure: Structure, sizes: Sizes, layout: Layout) -> None:
        self._structure, self._sizes, self._layout = structure, sizes, layout
        self._items = {
            item: QPointF(*sizes.origin(item, point.x, point.y)) for item, point in layout.positions.items()
        }
        self._lanes: dict[LaneId, LaneCurves] = {}
        self._chips: tuple[dict[LaneId, QPointF], dict[LaneId, QPointF]] = {}, {}
        self._crowd = Crowd()

    def run(self) -> Iterator[None]:
        """`result` holds after the last turn."""
        yield from self._make_curves()
        self._crowd = _crowd(self._sizes, self._items, self._lanes)
        for zone in self._structure.zones:
            self._crowd.add(zone_tag(self._standing(zone.items[0])))
        yield
        yield from self._place_chips()

    @property
    def result(self) -> Places:
        values, gradients = self._chips
        return Places(self._items, self._lanes, values, gradients, self._crowd, self._bounds())

    def _make_curves(self) -> Iterator[None]:
        structure, sizes, items = self._structure, self._sizes, self._items
        waypoints = {lane.id: _waypoints(lane, sizes, self._layout, items) for lane in structure.lanes}
        leaving = _ports(structure, sizes, items, waypoints, leaving=True)
        arriving = _ports(structure, sizes, items, waypoints, leaving=False)
        for lane in structure.lanes:
            points = [leaving[lane.id], *waypoints[lane.id], arriving[lane.id]]
            self._lanes[lane.id] = _lane_curves(lane, self._over_tabs(lane, points), sizes, items)
            yield

    def _over_tabs(self, lane: Lane, points: list[XY]) -> list[XY]:
        """Lanes from and to below pass over the tabs of their own circles, not behind them."""
        start, end = points[0], points[-1]
        right = self._tab_edge(lane.source, left=False)
        left = self._tab_edge(lane.target, left=True)
        room = points[-2][0] if len(points) > 2 else start[0]
        if left is not None and points[-2][1] > end[1] + _STEEP and left - room > _TURN:
            points = [*points[:-1], (left, end[1]), end]
        room = points[1][0]
        if right is not None and points[1][1] > start[1] + _STEEP and room - right > _TURN:
            points = [start, (right, start[1]), *points[1:]]
        return points

    def _tab_edge(self, item: ItemId, *, left: bool) -> float | None:
        anatomy = self._sizes.anatomies[item]
        if not isinstance(anatomy, CircleAnatomy) or not anatomy.tabs:
            return None
        here = self._items[item].x()
        edges = [tab.left() - 3 if left else tab.right() + 3 for tab in anatomy.tabs]
        return here + (min(edges) if left else max(edges))

    def _place_chips(self) -> Iterator[None]:
        values, gradients = self._chips
        tries = 29 if len(self._structure.lanes) < _MANY else 5
        for lane in self._structure.lanes:
            curve, size = self._lanes[lane.id].centre, self._sizes.chips[lane.id]
            if not lane.named:
                values[lane.id] = chip_place(curve, size, self._crowd, below=False, tries=tries)
            if lane.returns:
                gradients[lane.id] = chip_place(curve, size, self._crowd, below=True, tries=tries)
            yield

    def _standing(self, item: ItemId) -> QRectF:
        return self._sizes.anatomies[item].footprint.translated(self._items[item])

    def _bounds(self) -> QRectF:
        bounds = QRectF()
        for item, place in self._items.items():
            bounds = bounds.united(self._sizes.anatomies[item].footprint.translated(place))
        for chips in self._chips:
            for lane, centre in chips.items():
                bounds = bounds.united(chip_rect(centre, self._sizes.chips[lane]))
        return bounds


def zone_tag(first: QRectF) -> QRectF:
    """Where a band's label stands: over its first item."""
    return QRectF(first.left() - 4, first.top() - 25, 118, 20)


def places(structure: Structure, sizes: Sizes, layout: Layout) -> Places:
    """Everything that stands still while the structure plays."""
    maker = PlaceMaker(structure, sizes, layout)
    for _ in maker.run():
        pass
    return maker.result


def _lane_curves(lane: Lane, points: list[XY], sizes: Sizes, items: Mapping[ItemId, QPointF]) -> LaneCurves:
    centre = smooth(points)
    start, end = points[0][1], points[-1][1]
    value, gradient = parallel(centre, -HALF_GAP), parallel(centre, HALF_GAP)
    return LaneCurves(
        centre,
        ending(value, *_ends(lane, sizes, items, (start - HALF_GAP, end - HALF_GAP), tip=1.0)),
        ending(gradient, *_ends(lane, sizes, items, (start + HALF_GAP, end + HALF_GAP), tip=0.0)),
    )


def _waypoints(lane: Lane, sizes: Sizes, layout: Layout, items: Mapping[ItemId, QPointF]) -> list[XY]:
    """The layout's points strictly between both items: where a long lane passes the columns."""
    left = items[lane.source].x() + sizes.anatomies[lane.source].footprint.right() + 6
    right = items[lane.target].x() + sizes.anatomies[lane.target].footprint.left() - 6
    found = [(point.x, point.y) for point in layout.routes.get(lane.id, ())[1:-1]]
    return _straightened([(x, y) for x, y in found if left < x < right])


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


def _ports(
    structure: Structure,
    sizes: Sizes,
    items: Mapping[ItemId, QPointF],
    waypoints: Mapping[LaneId, list[XY]],
    *,
    leaving: bool,
) -> dict[LaneId, XY]:
    """A place on the border for each lane, ordered by where it goes to or comes from, so that none cross there."""
    sides: dict[ItemId, list[Lane]] = {}
    for lane in structure.lanes:
        sides.setdefault(lane.source if leaving else lane.target, []).append(lane)
    ports: dict[LaneId, XY] = {}
    for item, lanes in sides.items():
        lanes.sort(key=lambda lane: (_other_y(lane, items, waypoints, leaving=leaving), lane.slot, lane.id))
        spacing = _spacing(sizes, item, len(lanes))
        origin = items[item]
        for row, lane in enumerate(lanes):
            y = (row - (len(lanes) - 1) / 2) * spacing
            x = border(sizes.anatomies[item], y)
            ports[lane.id] = (origin.x() + (x if leaving else -x), origin.y() + y)
    return ports


def _other_y(
    lane: Lane, items: Mapping[ItemId, QPointF], waypoints: Mapping[LaneId, list[XY]], *, leaving: bool
) -> float:
    points = waypoints[lane.id]
    if points:
        return points[0 if leaving else -1][1]
    return items[lane.target if leaving else lane.source].y()


def _spacing(sizes: Sizes, item: ItemId, count: int) -> float:
    body = sizes.anatomies[item].body
    wanted = _BOX_PORTS if isinstance(sizes.anatomies[item], BoxAnatomy) else _CIRCLE_PORTS
    return min(wanted, (body.height() - 20) / max(count - 1, 1))


def border(anatomy: BoxAnatomy | CircleAnatomy, y: float) -> float:
    """How far right of the middle the outline is at this height."""
    half_width, half_height = anatomy.body.width() / 2, anatomy.body.height() / 2
    if isinstance(anatomy, BoxAnatomy):
        return half_width
    inside = max(half_height * half_height - y * y, 0.0)
    return half_width - half_height + sqrt(inside)


def _ends(
    lane: Lane, sizes: Sizes, items: Mapping[ItemId, QPointF], ys: tuple[float, float], *, tip: float
) -> tuple[float, float]:
    """The abscissae where this line touches both outlines; an arrowhead keeps a hair's breadth."""
    source, target = items[lane.source], items[lane.target]
    start = source.x() + border(sizes.anatomies[lane.source], ys[0] - source.y())
    end = target.x() - border(sizes.anatomies[lane.target], ys[1] - target.y())
    return start + 2.5 * (1.0 - tip) + 1, end - 2.5 * tip - 1


def _crowd(sizes: Sizes, items: Mapping[ItemId, QPointF], lanes: Mapping[LaneId, LaneCurves]) -> Crowd:
    crowd = Crowd()
    for item, place in items.items():
        anatomy = sizes.anatomies[item]
        # A round outline leaves the corners of its square free.
        grow = -5 if isinstance(anatomy, CircleAnatomy) else 4
        crowd.add(anatomy.body.translated(place).adjusted(-grow, -grow, grow, grow))
        parts = anatomy.tabs if isinstance(anatomy, CircleAnatomy) else (anatomy.tray,)
        for part in (*parts, anatomy.funnel and anatomy.funnel.adjusted(-4, -18, 4, 8)):
            if part:
                crowd.add(part.translated(place))
    total = sum(curves.centre.length for curves in lanes.values())
    every = max(12.0, total / _MOST_POINTS)
    for curves in lanes.values():
        crowd.add_curve(curves.value, every=every)
        crowd.add_curve(curves.gradient, every=every)
    return crowd
