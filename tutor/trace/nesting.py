"""Open groups within one another: each is laid out by itself, and stands in the one around it like a single item.

So a group's inside looks the same wherever it stands, and opening or closing one only makes room among its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tutor.trace.layered import XY, Edge, Gaps, Laid, Level, Node, lay_out
from tutor.trace.picture import ItemId, LaneId
from tutor.trace.routes import Port
from tutor.trace.skeleton import Bone, Open, around

MARGIN = 26.0
TITLE = 34.0
"""The row above a frame's items in which its name stands."""
_WHOLE = ItemId("")
"""The outermost level, which has no frame."""


class Rect(NamedTuple):
    """In the scene: left, top, width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Nested:
    """Centres of the items, points between the ends of each lane, and the frames; all from left to right."""

    centres: Mapping[ItemId, XY]
    ways: Mapping[LaneId, list[XY]]
    frames: Mapping[ItemId, Rect]
    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """Nodes (items and open groups, the older ones first), the lanes between the items, and the groups."""

    nodes: list[ItemId]
    lanes: list[Bone]
    frames: list[Open]


@dataclass(frozen=True, slots=True)
class Room:
    """What everything needs: along the lanes and across."""

    sizes: Mapping[ItemId, tuple[float, float]]
    ports: Mapping[ItemId, Port]
    titles: Mapping[ItemId, float]
    gaps: Gaps
    down: bool


class _Gate(NamedTuple):
    """Where lanes of one origin pass a frame's border."""

    origin: int
    inwards: bool


_Key = ItemId | _Gate
_Step = tuple[_Key, _Key, int]


@dataclass(slots=True)
class _Frame:
    """One level while it is put together: its nodes in their order, and its edges with what they come from."""

    id: ItemId
    parent: ItemId | None
    nodes: list[ItemId] = field(default_factory=list)
    gates: dict[_Gate, None] = field(default_factory=dict)
    edges: dict[_Step, None] = field(default_factory=dict)
    lossy: set[ItemId] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A frame laid out: its rectangle around its own level, and where its gates are."""

    laid: Laid
    places: dict[_Key, int]
    ways: dict[_Step, int]
    rect: Rect

    @property
    def port(self) -> Port:
        """In the middle of its sides, at the height of its longest path."""
        half = self.rect.width / 2
        return Port(-half, half, self.laid.path - self.rect.y - self.rect.height / 2)

    def below_path(self, gate: _Gate) -> float:
        return self.laid.centres[self.places[gate]][1] - self.laid.path


class Nesting:
    """Lays out one connected part of a skeleton, frame by frame from the innermost."""

    def __init__(self, part: Part, room: Room, kept: dict[Level, Laid]) -> None:
        """`kept` are levels that are laid out already."""
        self._room, self._kept = room, kept
        self._around = around(part.frames)
        self._frames = {_WHOLE: _Frame(_WHOLE, None)}
        for frame in part.frames:
            self._frames[frame.id] = _Frame(frame.id, frame.parent or _WHOLE)
        for node in part.nodes:
            own = self._frames.get(node)
            name = self._around.get(node, _WHOLE) if own is None else own.parent
            self._frames[name or _WHOLE].nodes.append(node)
        self._steps = {lane.id: self._steps_of(lane) for lane in part.lanes}
        self._placed: dict[ItemId, _Placed] = {}

    # ------------------------------------------------------------- lanes through the frames

    def _steps_of(self, lane: Bone) -> list[tuple[ItemId, _Step]]:
        """The edges that the lane is, level by level, from its source to its target."""
        out, into = self._path(lane.source), self._path(lane.target)
        common = 0
        while common < min(len(out), len(into)) and out[common] == into[common]:
            common += 1
        steps: list[tuple[ItemId, _Step]] = []
        here: _Key = lane.source
        for frame in reversed(out[common:]):
            steps.append((frame, (here, _Gate(lane.origin, inwards=False), lane.origin)))
            here = frame
        there: _Key = into[common] if common < len(into) else lane.target
        level = out[common - 1] if common else _WHOLE
        steps.append((level, (here, there, lane.origin)))
        for at, frame in enumerate(into[common:], start=common):
            inner: _Key = into[at + 1] if at + 1 < len(into) else lane.target
            steps.append((frame, (_Gate(lane.origin, inwards=True), inner, lane.origin)))
        for frame, edge in steps:
            self._note(frame, edge, lane)
        return steps

    def _note(self, frame: ItemId, edge: _Step, lane: Bone) -> None:
        found = self._frames[frame]
        found.edges[edge] = None
        for end in edge[:2]:
            if isinstance(end, _Gate):
                found.gates[end] = None
        if lane.returns and not isinstance(edge[1], _Gate):
            found.lossy.add(edge[1])

    def _path(self, item: ItemId) -> list[ItemId]:
        """The frames around an item, the outermost first."""
        path: list[ItemId] = []
        frame: ItemId | None = self._around.get(item)
        while frame is not None and frame != _WHOLE:
            path.append(frame)
            frame = self._frames[frame].parent
        return path[::-1]

    # ------------------------------------------------------------- laying out

    def run(self) -> Nested:
        for frame in self._inside_out(_WHOLE):
            self._placed[frame] = self._place(self._frames[frame])
        centres: dict[ItemId, XY] = {}
        origins: dict[ItemId, XY] = {_WHOLE: (0.0, 0.0)}
        frames: dict[ItemId, Rect] = {}
        for name in self._outside_in():
            placed, (x, y) = self._placed[name], origins[name]
            for node in self._frames[name].nodes:
                at = placed.laid.centres[placed.places[node]]
                centre = (at[0] + x, at[1] + y)
                inner = self._placed.get(node)
                if inner is None:
                    centres[node] = centre
                    continue
                left, top = centre[0] - inner.rect.width / 2, centre[1] - inner.rect.height / 2
                frames[node] = Rect(left, top, inner.rect.width, inner.rect.height)
                origins[node] = (left - inner.rect.x, top - inner.rect.y)
        ways = {lane: self._way(steps, origins, frames) for lane, steps in self._steps.items()}
        laid = self._placed[_WHOLE].laid
        return Nested(centres, ways, frames, laid.top, laid.bottom, 0.0, laid.width)

    def _inside_out(self, root: ItemId) -> Iterator[ItemId]:
        return reversed(list(self._outside_in(root)))

    def _outside_in(self, root: ItemId = _WHOLE) -> Iterator[ItemId]:
        todo = [root]
        for name in todo:
            todo += [node for node in self._frames[name].nodes if node in self._frames]
            yield name

    def _place(self, frame: _Frame) -> _Placed:
        gates = sorted(frame.gates, key=lambda gate: (not gate.inwards, gate.origin))
        keys: list[_Key] = [*frame.nodes, *gates]
        places = {key: at for at, key in enumerate(keys)}
        edges = sorted(
            (places[s], places[t], self._out(s, i), self._into(t, i), i) for s, t, i in frame.edges
        )
        numbers = {(keys[s], keys[t], i): at for at, (s, t, _, _, i) in enumerate(edges)}
        used = {s for s, *_ in edges}
        losses = frozenset(at for node in frame.lossy if (at := places[node]) not in used)
        level = Level(
            tuple(self._node(key) for key in keys),
            tuple(Edge(s, t, out, into) for s, t, out, into, _ in edges),
            losses,
        )
        laid = self._kept.get(level)
        if laid is None:
            laid = self._kept[level] = lay_out(level, self._room.gaps)
        return _Placed(laid, places, numbers, self._rect(frame.id, laid))

    def _rect(self, frame: ItemId, laid: Laid) -> Rect:
        """The frame around what is laid out, with a row for its title: above, when it is turned if need be."""
        title = self._room.titles.get(frame, 0.0)
        width, height = laid.width + 2 * MARGIN, laid.bottom - laid.top + 2 * MARGIN
        x, y = -MARGIN, laid.top - MARGIN
        if self._room.down:
            grown = max(title - height, 0.0)
            return Rect(x - TITLE, y - grown / 2, width + TITLE, height + grown)
        return Rect(x, y - TITLE, max(width, title), height + TITLE)

    def _node(self, key: _Key) -> Node:
        if isinstance(key, _Gate):
            return Node(0.0, 0.0, Port(0.0, 0.0), gate=True)
        inner = self._placed.get(key)
        if inner is not None:
            return Node(inner.rect.width, inner.rect.height, inner.port)
        width, height = self._room.sizes[key]
        return Node(width, height, self._room.ports.get(key) or Port(-width / 2, width / 2))

    def _out(self, key: _Key, origin: int) -> float:
        inner = None if isinstance(key, _Gate) else self._placed.get(key)
        return 0.0 if inner is None else inner.below_path(_Gate(origin, inwards=False))

    def _into(self, key: _Key, origin: int) -> float:
        inner = None if isinstance(key, _Gate) else self._placed.get(key)
        return 0.0 if inner is None else inner.below_path(_Gate(origin, inwards=True))

    def _way(
        self,
        steps: list[tuple[ItemId, _Step]],
        origins: Mapping[ItemId, XY],
        frames: Mapping[ItemId, Rect],
    ) -> list[XY]:
        """The points of each level, and where the lane passes borders between them."""
        points: list[XY] = []
        for number, (frame, edge) in enumerate(steps):
            placed, (x, y) = self._placed[frame], origins[frame]
            if number and isinstance(edge[0], _Gate):
                points.append((frames[frame].x, placed.laid.centres[placed.places[edge[0]]][1] + y))
            points += [(px + x, py + y) for px, py in placed.laid.ways[placed.ways[edge]]]
            if isinstance(edge[1], _Gate):
                border = frames[frame].x + frames[frame].width
                points.append((border, placed.laid.centres[placed.places[edge[1]]][1] + y))
        return points
