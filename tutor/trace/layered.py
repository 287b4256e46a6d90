"""A layered layout of one level: a straight main path, branches and long lanes beside it, few crossings.

After Sugiyama, Tagawa and Toda (1981): columns, order, heights; all of it in nearly linear time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tutor.trace.columns import columns
from tutor.trace.heights import Crowd, Link, heights
from tutor.trace.ordering import Ordering
from tutor.trace.routes import Column, Port, Stand, beside

XY = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Node:
    """Its size, and where lanes meet it. A gate, in the border of a frame, has no size."""

    width: float
    height: float
    port: Port
    gate: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """From left to right; at each end so far below the node's port."""

    source: int
    target: int
    out: float = 0.0
    into: float = 0.0


@dataclass(frozen=True, slots=True)
class Gaps:
    """Between columns, between nodes and between lanes."""

    column: float
    node: float
    lane: float


@dataclass(frozen=True, slots=True)
class Level:
    """What is laid out at once. Gates that nothing leads to stand before the first column, the others behind the last.

    `losses` are the nodes that the columns are counted from; none: whatever leads nowhere.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    losses: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Laid:
    """The nodes' centres; for each edge the points between its ends; the room that all of it takes."""

    centres: tuple[XY, ...]
    ways: tuple[tuple[XY, ...], ...]
    top: float
    bottom: float
    width: float
    path: float
    """How high its longest path runs."""


def lay_out(level: Level, gaps: Gaps) -> Laid:
    """Centres and points are measured from the left of the first column (of nodes that are no gates)."""
    work = _Work(level, gaps)
    return work.laid()


@dataclass(slots=True)
class _Way:
    """The dummies an edge goes through, or none and its rail, in the order of the columns."""

    dummies: list[int] = field(default_factory=list)
    far: bool = False


class _Work:
    """One level while it is laid out; `y` is where lanes meet the nodes."""

    def __init__(self, level: Level, gaps: Gaps) -> None:
        self.level, self.gaps = level, gaps
        self.column = _columns(level)
        gates = {at for at, node in enumerate(level.nodes) if node.gate}
        self.ordering = Ordering(self.column, [(e.source, e.target) for e in level.edges], gates)
        self.ways: list[_Way] = []
        crowd = self._crowd()
        self.y = heights(crowd, self.ordering)
        self.stands = self._stands()
        self.x = self._abscissae()

    def _crowd(self) -> Crowd:
        """The nodes, and for each dummy as many as lanes pass there from different heights."""
        gap = self.gaps.node / 2
        nodes = self.level.nodes
        above = [self._half(n) + gap + n.port.height for n in nodes]
        below = [self._half(n) + gap - n.port.height for n in nodes]
        passing: dict[tuple[int, float], int] = {}
        of: dict[int, list[tuple[float, int]]] = {}
        links: dict[Link, None] = {}
        ahead = list(self.ordering.runs[1])
        for edge in self.level.edges:
            way = self._way(edge)
            for dummy in self.ordering.chains.get((edge.source, edge.target), ()):
                known = passing.get((dummy, edge.out))
                if known is None:
                    known = passing[dummy, edge.out] = len(above)
                    of.setdefault(dummy, []).append((edge.out, known))
                    above.append(self.gaps.lane / 2)
                    below.append(self.gaps.lane / 2)
                    ahead.append(0)
                ahead[known] = max(ahead[known], ahead[edge.target])
                way.dummies.append(known)
            self.ways.append(way)
            if not way.far:
                links.update(dict.fromkeys(_links(edge, way.dummies)))
        layers = [
            [
                at
                for node in layer
                for at in ([node] if node < len(nodes) else [d for _, d in sorted(of[node])])
            ]
            for layer in self.ordering.layers
        ]
        return Crowd(layers, above, below, ahead, list(links))

    def _way(self, edge: Edge) -> _Way:
        return _Way(far=(edge.source, edge.target) in self.ordering.rails)

    def _half(self, node: Node) -> float:
        return (self.gaps.lane - self.gaps.node) / 2 if node.gate else node.height / 2

    def _stands(self) -> list[Column]:
        """The columns, each as wide as its widest node."""
        count = max(self.column, default=0) + 1
        widths, blocked = [0.0] * count, [list[tuple[float, float]]() for _ in range(count)]
        for at, (node, column) in enumerate(zip(self.level.nodes, self.column, strict=True)):
            if not node.gate:
                widths[column] = max(widths[column], node.width)
                middle = self._middle(at)
                blocked[column].append((middle - node.height / 2, middle + node.height / 2))
        stands, left = [], 0.0
        for width, spans in zip(widths, blocked, strict=True):
            stands.append(Column(left, left + width, sorted(spans)))
            left += width + (self.gaps.column if spans else 0.0)
        return stands

    def _middle(self, node: int) -> float:
        return self.y[node] - self.level.nodes[node].port.height

    def _abscissae(self) -> list[float]:
        places = zip(self.level.nodes, self.column, strict=True)
        found = [Stand(n.width, n.port, self._middle(at), c) for at, (n, c) in enumerate(places)]
        return beside([(e.source, e.target) for e in self.level.edges], found, self.stands)

    def laid(self) -> Laid:
        nodes = self.level.nodes
        rails = self._rails()
        ways = tuple(
            self._rail_points(edge, rails) if way.far else tuple(self._points(way.dummies, edge))
            for edge, way in zip(self.level.edges, self.ways, strict=True)
        )
        centres = tuple((x, self._middle(at)) for at, x in enumerate(self.x))
        half = self.gaps.lane / 2
        tops = [y - n.height / 2 for (_, y), n in zip(centres, nodes, strict=True) if not n.gate]
        bottoms = [y + n.height / 2 for (_, y), n in zip(centres, nodes, strict=True) if not n.gate]
        lanes = [
            *self.y[len(nodes) :],
            *(self.y[at] for at, n in enumerate(nodes) if n.gate),
            *rails.values(),
        ]
        return Laid(
            centres,
            ways,
            min([*tops, *(y - half for y in lanes)], default=0.0),
            max([*bottoms, *(y + half for y in lanes)], default=0.0),
            max((stand.right for stand in self.stands if stand.blocked), default=0.0),
            self._path(),
        )

    def _path(self) -> float:
        back, ahead = self.ordering.runs
        lengths = {at: back[at] + ahead[at] for at, n in enumerate(self.level.nodes) if not n.gate}
        longest = max(lengths.values(), default=0)
        found = Counter(round(self.y[at], 3) for at, length in lengths.items() if length == longest)
        return max(found, key=found.__getitem__, default=0.0)

    def _points(self, dummies: Sequence[int], edge: Edge) -> list[XY]:
        """Two points a column, so that the lane is level while it passes."""
        points: list[XY] = []
        for column, dummy in enumerate(dummies, start=self.column[edge.source] + 1):
            stand, y = self.stands[column], self.y[dummy]
            points += [(stand.left, y), (stand.right, y)]
        return points

    # ------------------------------------------------------------- far edges

    def _rails(self) -> dict[int, float]:
        """A height above everything for the far edges of each node, which share it; nodes far apart share one too."""
        ends: dict[int, tuple[int, int]] = {}
        for source, target in self.ordering.rails:
            first, last = sorted((self.column[source], self.column[target]))
            known = ends.get(source, (first, last))
            ends[source] = (min(first, known[0]), max(last, known[1]))
        top = min(
            (y - a for y, a in zip(self.y, self._reaches(), strict=True)),
            default=0.0,
        )
        free: list[int] = []
        rails: dict[int, float] = {}
        for source, (first, last) in sorted(ends.items(), key=lambda found: (found[1], found[0])):
            at = next((rail for rail, until in enumerate(free) if until < first), len(free))
            free[at : at + 1] = [last]
            rails[source] = top - self.gaps.lane * (at + 0.5)
        return rails

    def _reaches(self) -> list[float]:
        own = [self._half(n) + n.port.height for n in self.level.nodes]
        return own + [self.gaps.lane / 2] * (len(self.y) - len(own))

    def _rail_points(self, edge: Edge, rails: dict[int, float]) -> tuple[XY, ...]:
        y = rails[edge.source]
        first, last = self.column[edge.source], self.column[edge.target]
        if last > first + 1:
            return (self.stands[first + 1].left, y), (self.stands[last - 1].right, y)
        return (self.stands[first].right, y), (self.stands[last].left, y)


def _links(edge: Edge, dummies: Sequence[int]) -> list[Link]:
    path = [edge.source, *dummies, edge.target]
    found = []
    for at in range(len(path) - 1):
        out = edge.out if at == 0 else 0.0
        into = edge.into if at == len(path) - 2 else 0.0
        found.append((path[at], path[at + 1], out, into))
    return found


def _columns(level: Level) -> list[int]:
    """Columns of the nodes between the gates; those of the gates around them."""
    led_to = {e.target for e in level.edges}
    first = {at for at, n in enumerate(level.nodes) if n.gate and at not in led_to}
    last = {at for at, n in enumerate(level.nodes) if n.gate and at in led_to}
    edges = [(e.source, e.target) for e in level.edges]
    inner = [(s, t) for s, t in edges if s not in first and t not in last]
    ends = {s for s, t in edges if t in last and s not in first} or level.losses
    found = columns(len(level.nodes), inner, ends)
    gates = first | last
    inside = [column for at, column in enumerate(found) if at not in gates]
    low, high = min(inside, default=0), max(inside, default=-1)
    shift = int(bool(first))
    place = {**dict.fromkeys(first, 0), **dict.fromkeys(last, high - low + 1 + shift)}
    return [place[at] if at in place else column - low + shift for at, column in enumerate(found)]
