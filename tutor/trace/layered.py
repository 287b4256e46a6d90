"""A layered layout in linear time: few crossings by sweeps, heights by averaging that keeps the order.

After Sugiyama, Tagawa and Toda (1981).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 8
_SETTLING = 12
MAX_DUMMIES = 24
"""An edge that passes more columns than this gets no places of its own in them: it goes above everything."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes 0 … n-1 with heights, edges towards the loss, and the column of each node counted from the left."""

    heights: Sequence[float]
    edges: Sequence[tuple[int, int]]
    columns: Sequence[int]
    ports: Sequence[float] = ()
    """How far below its middle each node's lanes meet it; empty: at its middle."""

    def port(self, node: int) -> float:
        return self.ports[node] if self.ports else 0.0


@dataclass(frozen=True, slots=True)
class Placed:
    """The height at which each node stands, and where each edge would like to pass each column between its ends."""

    y: list[float]
    passes: dict[tuple[int, int], list[float]]


def place(graph: Graph, gap: float, lane_gap: float) -> Placed:
    """Orders each column for few crossings, then finds the heights."""
    work = _Work(graph, gap, lane_gap)
    work.order()
    work.settle()
    return work.result()


class _Work:
    """The nodes and, for edges that pass columns, their dummies in each column; `y` is where lanes meet them."""

    def __init__(self, graph: Graph, gap: float, lane_gap: float) -> None:
        self.count = len(graph.heights)
        self.column = list(graph.columns)
        self.ports = [graph.port(node) for node in range(self.count)]
        self.above = [(h + gap) / 2 + p for h, p in zip(graph.heights, self.ports, strict=True)]
        self.below = [(h + gap) / 2 - p for h, p in zip(graph.heights, self.ports, strict=True)]
        self.left: list[list[int]] = [[] for _ in range(self.count)]
        self.right: list[list[int]] = [[] for _ in range(self.count)]
        self.chains: dict[tuple[int, int], list[int]] = {}
        for edge in dict.fromkeys(graph.edges):
            self._add_edge(edge, lane_gap)
        self.layers: list[list[int]] = [[] for _ in range(max(self.column, default=0) + 1)]
        self._first_order()
        self.place = [0] * len(self.column)
        for layer in self.layers:
            self._number(layer)
        self.y = [0.0] * len(self.column)

    def _add_edge(self, edge: tuple[int, int], lane_gap: float) -> None:
        source, target = edge
        span = self.column[target] - self.column[source]
        chain = []
        if 1 < span <= MAX_DUMMIES:
            for step in range(1, span):
                chain.append(len(self.column))
                self.column.append(self.column[source] + step)
                self.above.append(lane_gap / 2)
                self.below.append(lane_gap / 2)
                self.left.append([])
                self.right.append([])
        self.chains[edge] = chain
        if span > MAX_DUMMIES:
            return
        path = [source, *chain, target]
        for here, there in pairwise(path):
            self.right[here].append(there)
            self.left[there].append(here)

    def _first_order(self) -> None:
        """Depth first from the loss, so that what belongs together starts together."""
        seen = [False] * len(self.column)
        ends = [v for v in range(len(self.column)) if not self.right[v]]
        for end in (*ends, *range(len(self.column))):
            stack = [end]
            while stack:
                node = stack.pop()
                if seen[node]:
                    continue
                seen[node] = True
                self.layers[self.column[node]].append(node)
                stack.extend(reversed(self.left[node]))

    def _number(self, layer: list[int]) -> None:
        for at, node in enumerate(layer):
            self.place[node] = at

    # ------------------------------------------------------------- order

    def order(self) -> None:
        best, fewest = [list(layer) for layer in self.layers], self._crossings()
        for sweep in range(SWEEPS):
            if not fewest:
                break
            self._sweep(rightwards=bool(sweep % 2))
            self._transpose()
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(layer) for layer in self.layers], crossings
        self.layers = best
        for layer in self.layers:
            self._number(layer)

    def _sweep(self, *, rightwards: bool) -> None:
        near = self.left if rightwards else self.right
        for layer in self.layers if rightwards else reversed(self.layers):
            if len(layer) > 1:
                key = {node: self._mean_place(node, near) for node in layer}
                layer.sort(key=key.__getitem__)
                self._number(layer)

    def _mean_place(self, node: int, near: list[list[int]]) -> float:
        found = near[node]
        return sum(self.place[n] for n in found) / len(found) if found else float(self.place[node])

    def _transpose(self) -> None:
        """Swaps neighbours wherever that saves a crossing."""
        for layer in self.layers:
            for at in range(len(layer) - 1):
                upper, lower = layer[at], layer[at + 1]
                if self._pair(upper, lower) > self._pair(lower, upper):
                    layer[at], layer[at + 1] = lower, upper
                    self.place[upper], self.place[lower] = at + 1, at

    def _pair(self, upper: int, lower: int) -> int:
        """Crossings of the edges of two neighbours in this order (of the first few edges of each)."""
        found = 0
        for near in (self.left, self.right):
            for u in near[upper][:12]:
                for v in near[lower][:12]:
                    found += self.place[u] > self.place[v]
        return found

    def _crossings(self) -> int:
        return sum(self._crossings_right_of(layer) for layer in self.layers)

    def _crossings_right_of(self, layer: list[int]) -> int:
        """Inversions among the targets, counted with a Fenwick tree."""
        targets = [t for node in layer for t in sorted(self.place[r] for r in self.right[node])]
        size = max(targets, default=-1) + 1
        tree = [0] * (size + 1)
        found = 0
        for seen, target in enumerate(targets):
            at, below = target + 1, 0
            while at > 0:
                below += tree[at]
                at -= at & -at
            found += seen - below
            at = target + 1
            while at <= size:
                tree[at] += 1
                at += at & -at
        return found

    # ------------------------------------------------------------- heights

    def settle(self) -> None:
        for layer in self.layers:
            at = 0.0
            for node in layer:
                self.y[node] = at + self.above[node]
                at += self.above[node] + self.below[node]
            for node in layer:
                self.y[node] -= at / 2
        for sweep in range(_SETTLING):
            rightwards = bool(sweep % 2)
            near = self.left if rightwards else self.right
            for layer in self.layers if rightwards else reversed(self.layers):
                self._settle(layer, [self._wanted(node, near) for node in layer])

    def _wanted(self, node: int, near: list[list[int]]) -> float:
        found = near[node] or self.left[node] or self.right[node]
        return sum(self.y[n] for n in found) / len(found) if found else self.y[node]

    def _settle(self, layer: list[int], wanted: list[float]) -> None:
        """The heights nearest to what each node wants that keep order and distance (pool adjacent violators)."""
        offsets: list[float] = []
        blocks: list[tuple[float, float, int]] = []
        for at, node in enumerate(layer):
            offsets.append(offsets[-1] + self.below[layer[at - 1]] + self.above[node] if at else 0.0)
            weight = 4.0 if node >= self.count else 1.0
            blocks.append((wanted[at] - offsets[at], weight, 1))
            while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
                mean, heavy, many = blocks.pop()
                before, light, few = blocks.pop()
                total = heavy + light
                blocks.append(((mean * heavy + before * light) / total, total, many + few))
        at = 0
        for mean, _, many in blocks:
            for _ in range(many):
                self.y[layer[at]] = mean + offsets[at]
                at += 1

    def result(self) -> Placed:
        passes = {edge: [self.y[d] for d in chain] for edge, chain in self.chains.items()}
        y = [y - port for y, port in zip(self.y, self.ports, strict=False)]
        return Placed(y, passes)
