"""Which stands above which in each column: long lanes over what was computed, leaves under it, and few crossings.

After Sugiyama, Tagawa and Toda (1981), with sweeps only where lanes still cross, so that the rest keeps its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import pairwise

SWEEPS = 8
FAR = 24
"""An edge that passes more columns than this gets no places of its own in them: it goes above everything."""
_BUS = 4
"""So many long edges of one node run together until they part."""
_PASSES = 4
_NEAR = 2
_COMPARED = 12
_PATIENCE = 2
"""Sweeps that save nothing before they end."""

Pair = tuple[int, int]


class Ordering:
    """The nodes 0 … count-1 and, where edges pass a column, dummies in it; `layers` has each column from above."""

    def __init__(self, columns: Sequence[int], edges: Sequence[Pair], gates: Set[int] = frozenset()) -> None:
        """`gates` stand for what is computed elsewhere: they are no leaves."""
        self.count = len(columns)
        self.column = list(columns)
        self.left: list[list[int]] = [[] for _ in columns]
        self.right: list[list[int]] = [[] for _ in columns]
        self.chains: dict[Pair, list[int]] = {}
        """The dummies of each edge, from the left; none where it is short, or far and in `rails`."""
        self.rails: set[Pair] = set()
        self._link(edges)
        self.runs = self._runs(gates)
        self.layers: list[list[int]] = [[] for _ in range(max(self.column, default=0) + 1)]
        self._first_order()
        self.place = [0] * len(self.column)
        for layer in self.layers:
            self._number(layer)
        self._reduce()

    # ------------------------------------------------------------- the graph

    def _link(self, edges: Sequence[Pair]) -> None:
        targets: dict[int, list[int]] = {}
        for source, target in dict.fromkeys(edges):
            targets.setdefault(source, []).append(target)
        for source, found in targets.items():
            self._link_node(source, found)

    def _link_node(self, source: int, targets: list[int]) -> None:
        start = self.column[source]
        spans = {target: self.column[target] - start for target in targets}
        far = max(spans.values()) > FAR
        trunk: list[int] | None = [] if sum(span > 1 for span in spans.values()) >= _BUS else None
        for target, span in sorted(spans.items(), key=lambda found: -found[1]):
            if span < 1 or (far and span > 1):
                self.rails.add((source, target))
                continue
            chain = self._chain(source, span) if trunk is None else self._shared(trunk, source, span)
            self.chains[source, target] = chain
            self._join([source, *chain, target], known=0 if trunk is None else len(chain))

    def _chain(self, source: int, span: int) -> list[int]:
        return [self._dummy(self.column[source] + step) for step in range(1, span)]

    def _shared(self, trunk: list[int], source: int, span: int) -> list[int]:
        """The first dummies of the longest edge of this node, which comes first."""
        if not trunk and span > 1:
            trunk += self._chain(source, span)
            self._join([source, *trunk], known=0)
        return trunk[: span - 1]

    def _join(self, path: list[int], *, known: int) -> None:
        """Links neighbours of the path, of which the first ones may be linked already."""
        for here, there in pairwise(path[known:]):
            self.right[here].append(there)
            self.left[there].append(here)

    def _dummy(self, column: int) -> int:
        self.column.append(column)
        self.left.append([])
        self.right.append([])
        return len(self.column) - 1

    def _runs(self, gates: Set[int]) -> tuple[list[int], list[int]]:
        """How many nodes lie on the longest path of short edges to each node from the left, and from the right."""
        count = self.count
        by_column = sorted(range(count), key=self.column.__getitem__)
        back, ahead = [1] * count, [1] * count
        for node in by_column:
            back[node] = 1 + max((back[n] for n in self.left[node] if n < count), default=int(node in gates))
        for node in reversed(by_column):
            ahead[node] = 1 + max((ahead[n] for n in self.right[node] if n < count), default=0)
        return back, ahead

    # ------------------------------------------------------------- the first order

    def _first_order(self) -> None:
        """Depth first from the ends, long lanes before what was computed, leaves after it."""
        back = self.runs[0]
        seen = [False] * len(self.column)
        ends = [node for node in range(len(self.column)) if not self.right[node]]
        ends.sort(key=lambda node: -back[node] if node < self.count else 0)
        for end in (*ends, *range(len(self.column))):
            stack = [end]
            while stack:
                node = stack.pop()
                if seen[node]:
                    continue
                seen[node] = True
                self.layers[self.column[node]].append(node)
                near = self.left[node]
                stack += sorted(near, key=self._rank)[::-1] if len(near) > 1 else near

    def _rank(self, node: int) -> int:
        """Long lanes first, leaves last; else in the order in which they were made."""
        if node >= self.count:
            return 0
        return 1 if self.left[node] else 2

    def _number(self, layer: list[int]) -> None:
        for at, node in enumerate(layer):
            self.place[node] = at

    # ------------------------------------------------------------- fewer crossings

    def _reduce(self) -> None:
        found = [self._crossings_right_of(layer) for layer in self.layers]
        for _ in range(_PASSES):
            changed = self._transpose([at for at in range(len(found)) if _near(found, at, 1)])
            for at in {gap for layer in changed for gap in (layer - 1, layer) if gap >= 0}:
                found[at] = self._crossings_right_of(self.layers[at])
            if not changed:
                break
        for first, last in _stretches(found):
            self._improve(first, last)

    def _improve(self, first: int, last: int) -> None:
        """Sweeps to and fro through these columns, and keeps the best order."""
        layers = range(first, last + 1)
        gaps = range(max(first - 1, 0), last + 1)
        best, fewest = self._copy(layers), self._crossings(gaps)
        patience = _PATIENCE
        for sweep in range(SWEEPS):
            if not fewest or not patience:
                break
            self._sweep(layers, rightwards=bool(sweep % 2))
            self._transpose(layers)
            crossings = self._crossings(gaps)
            patience -= 1
            if crossings < fewest:
                best, fewest, patience = self._copy(layers), crossings, _PATIENCE
        for at, layer in zip(layers, best, strict=True):
            self.layers[at] = layer
            self._number(layer)

    def _copy(self, layers: range) -> list[list[int]]:
        return [list(self.layers[at]) for at in layers]

    def _crossings(self, gaps: range) -> int:
        return sum(self._crossings_right_of(self.layers[at]) for at in gaps)

    def _sweep(self, layers: range, *, rightwards: bool) -> None:
        near = self.left if rightwards else self.right
        for at in layers if rightwards else reversed(layers):
            layer = self.layers[at]
            if len(layer) > 1:
                keys = {node: self._mean_place(node, near) for node in layer}
                layer.sort(key=keys.__getitem__)
                self._number(layer)

    def _mean_place(self, node: int, near: list[list[int]]) -> float:
        found = near[node]
        return sum([self.place[n] for n in found]) / len(found) if found else float(self.place[node])

    def _transpose(self, layers: Sequence[int]) -> list[int]:
        """Swaps neighbours wherever that saves a crossing; which columns it changed."""
        changed: list[int] = []
        for number in layers:
            layer = self.layers[number]
            before = len(changed)
            for at in range(len(layer) - 1):
                upper, lower = layer[at], layer[at + 1]
                if self._saves(upper, lower):
                    layer[at], layer[at + 1] = lower, upper
                    self.place[upper], self.place[lower] = at + 1, at
                    del changed[before:]
                    changed.append(number)
        return changed

    def _saves(self, upper: int, lower: int) -> bool:
        """Whether two neighbours cross less the other way round (looking at the first few edges of each)."""
        place, balance = self.place, 0
        for near in (self.left, self.right):
            ups, lows = near[upper], near[lower]
            if not ups or not lows:
                continue
            above = [place[u] for u in ups[:_COMPARED]]
            for low in lows[:_COMPARED]:
                at = place[low]
                for u in above:
                    balance += (u > at) - (u < at)
        return balance > 0

    def _crossings_right_of(self, layer: list[int]) -> int:
        """Inversions among the targets; counted with a Fenwick tree where they are many."""
        place, right = self.place, self.right
        targets = [t for node in layer for t in sorted([place[r] for r in right[node]])]
        if all(a <= b for a, b in pairwise(targets)):
            return 0
        return _inversions(targets)


def _inversions(targets: list[int]) -> int:
    size = max(targets) + 1
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


def _near(crossings: list[int], layer: int, reach: int) -> bool:
    return any(crossings[max(layer - reach, 0) : layer + reach])


def _stretches(crossings: list[int]) -> Iterator[tuple[int, int]]:
    """First and last column of each stretch that lies near a crossing."""
    first = None
    for layer in range(len(crossings) + 1):
        near = layer < len(crossings) and _near(crossings, layer, _NEAR)
        if near and first is None:
            first = layer
        elif not near and first is not None:
            yield first, layer - 1
            first = None
