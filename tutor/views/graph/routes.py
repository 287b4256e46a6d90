"""From a layout to what is drawn: where each item stands, at which ports its lanes arrive, and where chips rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from tutor.trace.layout import Layout
from tutor.trace.picture import ItemId, Lane, LaneId, Structure
from tutor.views.graph.bands import Band, Twins, band_of, twins_of
from tutor.views.graph.clear import Standing
from tutor.views.graph.lanes import LaneCurves
from tutor.views.graph.paths import HALF_GAP, XY, ending, parallel, smooth
from tutor.views.graph.places import Crowd, chip_place, chip_rect
from tutor.views.graph.sizes import Anatomy, BoxAnatomy, CircleAnatomy, Sizes
from tutor.views.graph.spots import Spot, spots, turned_curve, turned_point

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
    bands: tuple[Band, ...] = ()
    twins: tuple[Twins, ...] = ()

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
        self._bands: tuple[Band, ...] = ()
        self._twins: tuple[Twins, ...] = ()

    def run(self) -> Iterator[None]:
        """`result` holds after the last turn."""
        yield from self._make_curves()
        yield from self._fill_crowd()
        self._add_bands()
        yield from self._place_chips()

    @property
    def result(self) -> Places:
        values, gradients = self._chips
        return Places(
            self._items, self._lanes, values, gradients, self._crowd, self._bounds(), self._bands, self._twins
        )

    def _make_curves(self) -> Iterator[None]:
        lanes, down = self._structure.lanes, self._sizes.down
        found = spots(self._sizes, self._items)
        ways = {lane.id: _waypoints(lane, found, self._layout, down) for lane in lanes}
        leaving = _ports(lanes, found, ways, leaving=True)
        arriving = _ports(lanes, found, ways, leaving=False)
        standing = Standing(self._sizes, found) if len(lanes) < _MANY else None
        for lane in lanes:
            source, target = found[lane.source], found[lane.target]
            points = _over_tabs(source, target, [leaving[lane.id], *ways[lane.id], arriving[lane.id]])
            if standing is not None:
                points = standing.around(points, (lane.source, lane.target), found)
            self._lanes[lane.id] = _lane_curves(points, source, target, down)
            yield

    def _fill_crowd(self) -> Iterator[None]:
        for item, place in self._items.items():
            for part in _solid(self._sizes.anatomies[item]):
                self._crowd.add(part.translated(place))
            yield
        total = sum(curves.centre.length for curves in self._lanes.values())
        every = max(12.0, total / _MOST_POINTS)
        for curves in self._lanes.values():
            self._crowd.add_curve(curves.value, every=every)
            self._crowd.add_curve(curves.gradient, every=every)
            yield

    def _place_chips(self) -> Iterator[None]:
        values, gradients = self._chips
        down = self._sizes.down
        tries = 29 if len(self._structure.lanes) < _MANY else 5
        for lane in self._structure.lanes:
            curve, size = self._lanes[lane.id].centre, self._sizes.chips[lane.id]
            if not lane.named:
                values[lane.id] = chip_place(curve, size, self._crowd, below=down, tries=tries)
            if lane.returns:
                gradients[lane.id] = chip_place(curve, size, self._crowd, below=not down, tries=tries)
            yield

    def _add_bands(self) -> None:
        rects = {item: self._standing(item) for item in self._items}
        ways = {(lane.source, lane.target): self._lanes[lane.id].value for lane in self._structure.lanes}
        zones = [zone for zone in self._structure.zones if zone.items]
        self._bands = tuple(band_of(zone, rects, ways, self._crowd) for zone in zones)
        boxes = {box.id: _with_tray(self._sizes.anatomies[box.id]) for box in self._structure.boxes}
        lower = {item: rect.translated(self._items[item]) for item, rect in boxes.items()}
        self._twins = twins_of(self._structure, lower, down=self._sizes.down)

    def _standing(self, item: ItemId) -> QRectF:
        return self._sizes.anatomies[item].footprint.translated(self._items[item])

    def _bounds(self) -> QRectF:
        bounds = QRectF()
        for item, place in self._items.items():
            bounds = bounds.united(self._sizes.anatomies[item].footprint.translated(place))
        for chips in self._chips:
            for lane, centre in chips.items():
                bounds = bounds.united(chip_rect(centre, self._sizes.chips[lane]))
        for band in self._bands:
            bounds = bounds.united(band.path.boundingRect()).united(band.tag)
        for twins in self._twins:
            bounds = bounds.united(twins.path.boundingRect().adjusted(-40, 0, 40, 12))
        return bounds


def places(structure: Structure, sizes: Sizes, layout: Layout) -> Places:
    """Everything that stands still while the structure plays."""
    maker = PlaceMaker(structure, sizes, layout)
    for _ in maker.run():
        pass
    return maker.result


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


def _waypoints(lane: Lane, found: Mapping[ItemId, Spot], layout: Layout, down: bool) -> list[XY]:
    """The layout's points strictly between both items: where a long lane passes the columns."""
    left, right = found[lane.source].foot.right() + 6, found[lane.target].foot.left() - 6
    points = [turned_point((p.x, p.y), down) for p in layout.routes.get(lane.id, ())[1:-1]]
    return _straightened([(x, y) for x, y in points if left < x < right])


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
    lanes: Sequence[Lane], found: Mapping[ItemId, Spot], ways: Mapping[LaneId, list[XY]], *, leaving: bool
) -> dict[LaneId, XY]:
    """A place on the border for each lane, ordered by where it goes to or comes from, so that none cross there."""
    sides: dict[ItemId, list[Lane]] = {}
    for lane in lanes:
        sides.setdefault(lane.source if leaving else lane.target, []).append(lane)
    ports: dict[LaneId, XY] = {}
    for item, mine in sides.items():
        mine.sort(key=lambda lane: (_other_y(lane, found, ways, leaving=leaving), lane.slot, lane.id))
        spot = found[item]
        spacing = spot.spacing(len(mine))
        for row, lane in enumerate(mine):
            y = spot.at[1] + (row - (len(mine) - 1) / 2) * spacing
            ports[lane.id] = (spot.leave(y) if leaving else spot.arrive(y), y)
    return ports


def _other_y(
    lane: Lane, found: Mapping[ItemId, Spot], ways: Mapping[LaneId, list[XY]], *, leaving: bool
) -> float:
    points = ways[lane.id]
    if points:
        return points[0 if leaving else -1][1]
    return found[lane.target if leaving else lane.source].at[1]


def _ends(source: Spot, target: Spot, ys: tuple[float, float], *, tip: float) -> tuple[float, float]:
    """The abscissae where this line touches both outlines; an arrowhead keeps a hair's breadth."""
    return source.leave(ys[0]) + 2.5 * (1.0 - tip) + 1, target.arrive(ys[1]) - 2.5 * tip - 1


def _with_tray(anatomy: Anatomy) -> QRectF:
    tray = anatomy.tray if isinstance(anatomy, BoxAnatomy) else None
    return anatomy.body if tray is None else anatomy.body.united(tray)


def _solid(anatomy: Anatomy) -> list[QRectF]:
    """What a chip must not cover."""
    # A round outline leaves the corners of its square free.
    grow = -5 if isinstance(anatomy, CircleAnatomy) else 4
    parts = list(anatomy.tabs) if isinstance(anatomy, CircleAnatomy) else [anatomy.tray]
    funnel = anatomy.funnel and anatomy.funnel.adjusted(-4, -18, 4, 8)
    return [anatomy.body.adjusted(-grow, -grow, grow, grow), *(part for part in (*parts, funnel) if part)]
