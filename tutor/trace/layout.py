"""Where everything stands: columns from left to right, as late as possible, lanes around what is in their way.

graphlay places up to about a thousand items (the best pictures), `layered` larger graphs and whatever graphlay refuses.
Pure and deterministic: the same structure and sizes give the same layout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import graphlay

from tutor.trace.columns import columns
from tutor.trace.layered import MAX_DUMMIES, Graph, Placed, place
from tutor.trace.picture import ItemId, Lane, LaneId, Structure
from tutor.trace.routes import Column, Port, Stand, beside, through

MAX_GRAPHLAY = 1_000
"""Items, and places that lanes take in columns between: beyond this graphlay takes too long."""
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


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be laid out how. A port lies along the direction: from above, if that is "down"."""

    sizes: Mapping[ItemId, tuple[float, float]]
    ports: Mapping[ItemId, Port] = field(default_factory=dict)
    direction: Direction = "right"


def layout(structure: Structure, order: Order) -> Layout:
    """Raises KeyError where an item has no size."""
    sizes, direction = order.sizes, order.direction
    if direction == "down":
        sizes = {item: (height, width) for item, (width, height) in sizes.items()}
    sizes = _with_bands(structure, sizes)
    items = [*(b.id for b in structure.boxes), *(c.id for c in structure.circles)]
    lanes = [ln for ln in structure.lanes if ln.source != ln.target]
    drawn = Layout()
    for part in _parts(items, lanes):
        found = _Part(part, lanes, sizes, order.ports, direction).layout()
        drawn = _stacked(drawn, _turned(found) if direction == "down" else found)
    return drawn


def _with_bands(
    structure: Structure, sizes: Mapping[ItemId, tuple[float, float]]
) -> dict[ItemId, tuple[float, float]]:
    """Items on a grey band are taken to be taller, so that the band has room."""
    banded = {item for zone in structure.zones for item in zone.items}
    return {i: (w, h + 2 * BAND_ROOM if i in banded else h) for i, (w, h) in sizes.items()}


class _Part:
    """One connected part of the graph, laid out from left to right."""

    def __init__(
        self,
        items: list[ItemId],
        lanes: Iterable[Lane],
        sizes: Mapping[ItemId, tuple[float, float]],
        ports: Mapping[ItemId, Port],
        direction: Direction,
    ) -> None:
        self.items = items
        self.number = {item: at for at, item in enumerate(items)}
        self.lanes = [lane for lane in lanes if lane.source in self.number]
        self.sizes = [sizes[item] for item in items]
        self.ports = [ports.get(item) or Port(-sizes[item][0] / 2, sizes[item][0] / 2) for item in items]
        self.edges = [(self.number[lane.source], self.number[lane.target]) for lane in self.lanes]
        self.gap = COLUMN_GAP if direction == "right" else ROW_GAP
        self.upright = direction == "down"
        self._rails: dict[int, int] = {}
        self._top: float | None = None
        self.column = columns(len(items), self.edges, self._losses())

    def _losses(self) -> set[int]:
        """What a tracked computation ends in."""
        used = {source for source, _ in self.edges}
        returning = {self.number[lane.target] for lane in self.lanes if lane.returns}
        return {node for node in returning if node not in used}

    def layout(self) -> Layout:
        placed = self._placed()
        stands = self._columns(placed)
        rows = zip(self.sizes, self.ports, placed.y, self.column, strict=True)
        x = beside(self.edges, [Stand(size[0], port, y, c) for size, port, y, c in rows], stands)
        positions = {item: Point(x[at], placed.y[at]) for at, item in enumerate(self.items)}
        routes = {lane.id: self._route(lane, positions, stands, placed) for lane in self._long_last()}
        return _framed(
            Layout(positions, {lane.id: routes[lane.id] for lane in self.lanes}), self.sizes_by_item
        )

    @property
    def sizes_by_item(self) -> dict[ItemId, tuple[float, float]]:
        return dict(zip(self.items, self.sizes, strict=True))

    def _placed(self) -> Placed:
        heights = [h for _, h in self.sizes]
        graph = Graph(heights, self.edges, self.column, [port.height for port in self.ports])
        if not self.upright and len(self.items) > 2 and _effort(graph) <= MAX_GRAPHLAY:
            found = _by_graphlay(graph, [w for w, _ in self.sizes])
            if found is not None and not self._overlaps(found):
                return found
        return place(graph, NODE_GAP, LANE_GAP)

    def _overlaps(self, placed: Placed) -> bool:
        """Whether two items of one column stand closer than they should."""
        by_column: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
        for at, column in enumerate(self.column):
            height = self.sizes[at][1]
            by_column[column].append((placed.y[at] - height / 2, placed.y[at] + height / 2))
        spans = (sorted(found) for found in by_column.values())
        return any(upper[1] > lower[0] - 1 for found in spans for upper, lower in pairwise(found))

    def _columns(self, placed: Placed) -> list[Column]:
        count = max(self.column, default=0) + 1
        widths, stands = [0.0] * count, [list[tuple[float, float]]() for _ in range(count)]
        for at, column in enumerate(self.column):
            width, height = self.sizes[at]
            widths[column] = max(widths[column], width)
            stands[column].append((placed.y[at] - height / 2, placed.y[at] + height / 2))
        columns, left = [], 0.0
        for width, blocked in zip(widths, stands, strict=True):
            columns.append(Column(left, left + width, sorted(blocked)))
            left += width + self.gap
        return columns

    def _long_last(self) -> list[Lane]:
        """Short lanes first: they have no choice."""
        return sorted(self.lanes, key=lambda ln: self._span(ln))

    def _span(self, lane: Lane) -> int:
        return self.column[self.number[lane.target]] - self.column[self.number[lane.source]]

    def _rail(self, source: int, placed: Placed) -> float:
        """A height above everything for the very long lanes of one item, which share it."""
        if self._top is None:
            self._top = min(y - h / 2 for y, (_, h) in zip(placed.y, self.sizes, strict=True))
        rail = self._rails.setdefault(source, len(self._rails))
        return self._top - LANE_GAP * (rail + 1)

    def _route(
        self, lane: Lane, positions: Mapping[ItemId, Point], columns: list[Column], placed: Placed
    ) -> tuple[Point, ...]:
        source, target = self.number[lane.source], self.number[lane.target]
        start, end = positions[lane.source], positions[lane.target]
        first, last = self.column[source] + 1, self.column[target]
        leaves = Point(start.x + self.ports[source].leave, start.y + self.ports[source].height)
        arrives = Point(end.x + self.ports[target].arrive, end.y + self.ports[target].height)
        if last - first >= MAX_DUMMIES:
            rail = self._rail(source, placed)
            return (leaves, Point(columns[first].left, rail), Point(columns[last - 1].right, rail), arrives)
        wanted = placed.passes.get((source, target)) or []
        if len(wanted) != last - first:
            wanted = [
                leaves.y + (arrives.y - leaves.y) * (c - first + 1) / (last - first + 1)
                for c in range(first, last)
            ]
        middle = through(columns[first:last], wanted)
        return (leaves, *(Point(x, y) for x, y in middle), arrives)


def _effort(graph: Graph) -> int:
    spans = (graph.columns[target] - graph.columns[source] for source, target in dict.fromkeys(graph.edges))
    return len(graph.heights) + sum(span - 1 for span in spans if span <= MAX_DUMMIES)


def _by_graphlay(graph: Graph, widths: list[float]) -> Placed | None:
    """graphlay's heights for our columns; None where it refuses the graph."""
    wanted = graphlay.Graph()
    for at, height in enumerate(graph.heights):
        wanted.node(at, width=widths[at], height=height, rank={"fixed": graph.columns[at]})
    edges = [e for e in graph.edges if graph.columns[e[1]] - graph.columns[e[0]] <= MAX_DUMMIES]
    for source, target in edges:
        wanted.edge(source, target)
    options = {
        "direction": "leftright",
        "spacing": {"layer_gap": COLUMN_GAP, "node_gap": NODE_GAP, "dummy_gap": LANE_GAP},
        "routing": {"style": "orthogonal"},
    }
    try:
        drawing = graphlay.layout(wanted, options=options)
    except graphlay.GraphlayError:
        return None
    where = drawing.positions()
    y = [float(where[at][1]) for at in range(len(graph.heights))]
    centre = _column_centres(graph.columns, [float(where[at][0]) for at in range(len(y))])
    passes = {
        edge: _heights_at(
            found["points"], [centre[c] for c in range(graph.columns[edge[0]] + 1, graph.columns[edge[1]])]
        )
        for edge, found in zip(edges, drawing.edges, strict=True)
    }
    return Placed(y, passes)


def _column_centres(columns: Iterable[int], x: list[float]) -> dict[int, float]:
    found: defaultdict[int, list[float]] = defaultdict(list)
    for column, at in zip(columns, x, strict=True):
        found[column].append(at)
    return {column: sum(xs) / len(xs) for column, xs in found.items()}


def _heights_at(points: list[dict[str, float]], abscissae: list[float]) -> list[float]:
    """The polyline's height at each abscissa."""
    heights = []
    for x in abscissae:
        at = next((i for i, p in enumerate(points) if p["x"] >= x), len(points) - 1)
        before, after = points[max(0, at - 1)], points[at]
        width = after["x"] - before["x"]
        share = (x - before["x"]) / width if width else 0.0
        heights.append(before["y"] + (after["y"] - before["y"]) * min(max(share, 0.0), 1.0))
    return heights


# ------------------------------------------------------------------ parts


def _parts(items: list[ItemId], lanes: Iterable[Lane]) -> list[list[ItemId]]:
    """The connected parts, the largest first; items within in their own order."""
    parent = {item: item for item in items}

    def root(item: ItemId) -> ItemId:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for lane in lanes:
        parent[root(lane.source)] = root(lane.target)
    found: dict[ItemId, list[ItemId]] = {}
    for item in items:
        found.setdefault(root(item), []).append(item)
    return sorted(found.values(), key=lambda part: -len(part))


def _framed(drawn: Layout, sizes: Mapping[ItemId, tuple[float, float]]) -> Layout:
    """Moved so that its top left corner is the origin; with its width and height."""
    xs = [p.x + s * sizes[i][0] / 2 for i, p in drawn.positions.items() for s in (-1, 1)]
    ys = [p.y + s * sizes[i][1] / 2 for i, p in drawn.positions.items() for s in (-1, 1)]
    ys += [p.y for route in drawn.routes.values() for p in route]
    left, top = min(xs), min(ys)
    moved = _moved(drawn, -left, -top)
    return Layout(moved.positions, moved.routes, max(xs) - left, max(ys) - top)


def _moved(drawn: Layout, dx: float, dy: float) -> Layout:
    return Layout(
        {item: Point(p.x + dx, p.y + dy) for item, p in drawn.positions.items()},
        {lane: tuple(Point(p.x + dx, p.y + dy) for p in route) for lane, route in drawn.routes.items()},
        drawn.width,
        drawn.height,
    )


def _stacked(upper: Layout, lower: Layout) -> Layout:
    if not upper.positions:
        return lower
    moved = _moved(lower, 0.0, upper.height + PART_GAP)
    return Layout(
        {**upper.positions, **moved.positions},
        {**upper.routes, **moved.routes},
        max(upper.width, lower.width),
        upper.height + PART_GAP + lower.height,
    )


def _turned(drawn: Layout) -> Layout:
    return Layout(
        {item: Point(p.y, p.x) for item, p in drawn.positions.items()},
        {lane: tuple(Point(p.y, p.x) for p in route) for lane, route in drawn.routes.items()},
        drawn.height,
        drawn.width,
    )
