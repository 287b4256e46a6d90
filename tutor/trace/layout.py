"""Where everything stands: columns from left to right, as late as possible, lanes around what is in their way.

Connected parts stand under one another, open groups keep together. Pure and deterministic: the same structure and sizes
give the same layout, and what a group holds lies in it the same way whatever else is opened or closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tutor.trace.layered import Gaps, Laid, Level
from tutor.trace.nesting import Nested, Nesting, Part, Rect, Room
from tutor.trace.picture import ItemId, LaneId, Structure
from tutor.trace.routes import Port
from tutor.trace.skeleton import Bone, Skeleton, skeleton

COLUMN_GAP = 84.0
ROW_GAP = 62.0
"""Between the rows of a picture from top to bottom: chips are wider than tall."""
NODE_GAP = 34.0
LANE_GAP = 30.0
PART_GAP = 56.0
BAND_ROOM = 16.0

Direction = Literal["right", "down"]


class Point(NamedTuple):
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
    return layout_of(skeleton(structure), order)


def layout_of(bones: Skeleton, order: Order) -> Layout:
    """Raises KeyError where an item has no size."""
    drawn = _Drawn(bones, order)
    for part in _parts(bones):
        drawn.add(part)
    return drawn.layout()


class _Drawn:
    """What is laid out so far, from left to right; it is turned at the end."""

    def __init__(self, bones: Skeleton, order: Order) -> None:
        self._down = order.direction == "down"
        self._room = Room(
            _sizes(bones, order),
            order.ports,
            order.titles,
            Gaps(ROW_GAP if self._down else COLUMN_GAP, NODE_GAP, LANE_GAP),
            self._down,
        )
        self._kept: dict[Level, Laid] = {}
        self._positions: dict[ItemId, Point] = {}
        self._routes: dict[LaneId, tuple[Point, ...]] = {}
        self._frames: dict[ItemId, Rect] = {}
        self._width = self._height = 0.0

    def add(self, part: Part) -> None:
        """One more connected part, beneath the others."""
        found = Nesting(part, self._room, self._kept).run()
        if self._positions:
            self._height += PART_GAP
        self._take(found, part.lanes)
        self._width = max(self._width, found.right - found.left)
        self._height += found.bottom - found.top

    def _take(self, found: Nested, lanes: Iterable[Bone]) -> None:
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
        at, port = self._positions[item], self._room.ports.get(item)
        half = self._room.sizes[item][0] / 2
        along = (half if leaving else -half) if port is None else port.leave if leaving else port.arrive
        across = 0.0 if port is None else port.height
        return Point(at.x + across, at.y + along) if self._down else Point(at.x + along, at.y + across)

    def layout(self) -> Layout:
        width, height = (self._height, self._width) if self._down else (self._width, self._height)
        return Layout(self._positions, self._routes, width, height, self._frames)


def _sizes(bones: Skeleton, order: Order) -> dict[ItemId, tuple[float, float]]:
    """Along the lanes and across. Items on a grey band are taken to be taller, so that the band has room."""
    down = order.direction == "down"
    sizes: dict[ItemId, tuple[float, float]] = {}
    for item, (width, height) in order.sizes.items():
        along, across = (height, width) if down else (width, height)
        sizes[item] = along, across + 2 * BAND_ROOM if item in bones.banded else across
    return sizes


def _parts(bones: Skeleton) -> list[Part]:
    """The connected parts, the largest first; an open group is in one part. Closed groups count what they hold."""
    leader = {node: node for node in bones.order}

    def find(node: ItemId) -> ItemId:
        while leader[node] != node:
            leader[node] = node = leader[leader[node]]
        return node

    for lane in bones.lanes:
        leader[find(lane.source)] = find(lane.target)
    for frame in bones.frames:
        for item in frame.items:
            leader[find(item)] = find(frame.id)
    parts: defaultdict[ItemId, Part] = defaultdict(lambda: Part([], [], []))
    for node in bones.order:
        parts[find(node)].nodes.append(node)
    for lane in bones.lanes:
        parts[find(lane.source)].lanes.append(lane)
    for frame in bones.frames:
        parts[find(frame.id)].frames.append(frame)
    weights = {**dict(bones.held), **dict.fromkeys((frame.id for frame in bones.frames), 0)}
    return sorted(parts.values(), key=lambda part: -sum(weights.get(node, 1) for node in part.nodes))
