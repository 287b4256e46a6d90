"""Where everything stands: columns from left to right, as late as possible, lanes around what is in their way.

Connected parts stand under one another, open groups keep together. Pure and deterministic: the same structure and sizes
give the same layout, and what a group holds lies in it the same way whatever else is opened or closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tutor.trace.layered import Gaps, Laid, Level
from tutor.trace.nesting import Nested, Nesting, Rect
from tutor.trace.picture import ItemId, Lane, LaneId, Structure
from tutor.trace.routes import Port

COLUMN_GAP = 84.0
ROW_GAP = 62.0
"""Between the rows of a picture from top to bottom: chips are wider than tall."""
NODE_GAP = 34.0
LANE_GAP = 30.0
PART_GAP = 56.0
BAND_ROOM = 16.0

Direction = Literal["right", "down"]


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of the items and, for each lane, the points from its source's border to its target's."""

    positions: Mapping[ItemId, Point] = field(default_factory=dict)
    routes: Mapping[LaneId, tuple[Point, ...]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0
    frames: Mapping[ItemId, Rect] = field(default_factory=dict)
    """Around the items of each open group, with a row for its title above them: only nested ones overlap."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be laid out how. A port lies along the direction: from above, if that is "down"."""

    sizes: Mapping[ItemId, tuple[float, float]]
    ports: Mapping[ItemId, Port] = field(default_factory=dict)
    direction: Direction = "right"
    titles: Mapping[ItemId, float] = field(default_factory=dict)
    """How wide each open group is at least."""


def layout(structure: Structure, order: Order) -> Layout:
    """Raises KeyError where an item has no size."""
    drawn = _Drawn(structure, order)
    items = [*(box.id for box in structure.boxes), *(circle.id for circle in structure.circles)]
    items += [block.id for block in structure.blocks]
    lanes = [lane for lane in structure.lanes if lane.source != lane.target]
    held = {group.id: len(group.items) for group in structure.blocks}
    parts = _parts(items, lanes, [frame.items for frame in structure.frames])
    for part in sorted(parts, key=lambda part: -sum(held.get(item, 1) for item in part[0])):
        drawn.add(*part)
    return drawn.layout()


class _Drawn:
    """What is laid out so far, from left to right; it is turned at the end."""

    def __init__(self, structure: Structure, order: Order) -> None:
        self._structure, self._order = structure, order
        self._down = order.direction == "down"
        self._sizes = _sizes(structure, order)
        self._gaps = Gaps(ROW_GAP if self._down else COLUMN_GAP, NODE_GAP, LANE_GAP)
        self._kept: dict[Level, Laid] = {}
        self._positions: dict[ItemId, Point] = {}
        self._routes: dict[LaneId, tuple[Point, ...]] = {}
        self._frames: dict[ItemId, Rect] = {}
        self._width = self._height = 0.0

    def add(self, items: list[ItemId], lanes: list[Lane]) -> None:
        """One more connected part, beneath the others."""
        found = Nesting(
            self._structure,
            items,
            lanes,
            self._sizes,
            self._order.ports,
            gaps=self._gaps,
            down=self._down,
            titles=self._order.titles,
            kept=self._kept,
        ).run()
        if self._positions:
            self._height += PART_GAP
        self._take(found, lanes)
        self._width = max(self._width, found.right - found.left)
        self._height += found.bottom - found.top

    def _take(self, found: Nested, lanes: Iterable[Lane]) -> None:
        dx, dy = -found.left, self._height - found.top
        for item, (x, y) in found.centres.items():
            self._positions[item] = self._point(x + dx, y + dy)
        for name, (x, y, width, height) in found.frames.items():
            turned = (y + dy, x + dx, height, width) if self._down else (x + dx, y + dy, width, height)
            self._frames[name] = Rect(*turned)
        for lane in lanes:
            middle = [self._point(x + dx, y + dy) for x, y in found.ways[lane.id]]
            leaves, arrives = self._end(lane.source, leaving=True), self._end(lane.target, leaving=False)
            self._routes[lane.id] = (leaves, *middle, arrives)

    def _point(self, x: float, y: float) -> Point:
        return Point(y, x) if self._down else Point(x, y)

    def _end(self, item: ItemId, *, leaving: bool) -> Point:
        """Where the item's lanes meet it."""
        at, port = self._positions[item], self._order.ports.get(item)
        half = self._sizes[item][0] / 2
        along = (half if leaving else -half) if port is None else port.leave if leaving else port.arrive
        across = 0.0 if port is None else port.height
        return Point(at.x + across, at.y + along) if self._down else Point(at.x + along, at.y + across)

    def layout(self) -> Layout:
        width, height = (self._height, self._width) if self._down else (self._width, self._height)
        return Layout(self._positions, self._routes, width, height, self._frames)


def _sizes(structure: Structure, order: Order) -> dict[ItemId, tuple[float, float]]:
    """Along the lanes and across. Items on a grey band are taken to be taller, so that the band has room."""
    banded = {item for zone in structure.zones for item in zone.items}
    down = order.direction == "down"
    sizes: dict[ItemId, tuple[float, float]] = {}
    for item, (width, height) in order.sizes.items():
        along, across = (height, width) if down else (width, height)
        sizes[item] = along, across + 2 * BAND_ROOM if item in banded else across
    return sizes


def _parts(
    items: list[ItemId], lanes: list[Lane], frames: Iterable[tuple[ItemId, ...]]
) -> list[tuple[list[ItemId], list[Lane]]]:
    """The connected parts with their lanes, in the order of their first items; an open group is in one part."""
    leader = {item: item for item in items}

    def find(item: ItemId) -> ItemId:
        while leader[item] != item:
            leader[item] = item = leader[leader[item]]
        return item

    for lane in lanes:
        leader[find(lane.source)] = find(lane.target)
    for inside in frames:
        for item in inside[1:]:
            leader[find(item)] = find(inside[0])
    parts: defaultdict[ItemId, tuple[list[ItemId], list[Lane]]] = defaultdict(lambda: ([], []))
    for item in items:
        parts[find(item)][0].append(item)
    for lane in lanes:
        parts[find(lane.source)][1].append(lane)
    return list(parts.values())
