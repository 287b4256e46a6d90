"""How high everything stands: rows that are straight, the longest path first, and the rest as near to it as it may be.

After Sander's linear segments (1996): nodes that are level with one another make a row, and rows move as wholes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tutor.trace.ordering import Ordering

_SETTLING = 3
_COMPUTED, _LONG, _BEND, _LEAF, _AWAY = range(5)
"""Links between computed nodes, between dummies, from one to the other, from leaves, from leaves to dummies.

They are levelled in this order.
"""

Link = tuple[int, int, float, float]
"""Two neighbours, and how far below their own heights they meet."""


@dataclass(slots=True)
class Crowd:
    """All that stands in the columns, `layers` from above; a node reaches so far above and below its height."""

    layers: list[list[int]]
    above: list[float]
    below: list[float]
    ahead: list[int]
    """How long the longest path is that goes on from it; from a dummy, from where its lane arrives."""
    links: list[Link] = field(default_factory=list)


class Rows:
    """Each node's row, and its height in it; a row runs through neighbouring columns."""

    def __init__(self, crowd: Crowd, ordering: Ordering) -> None:
        self._crowd = crowd
        self._count = ordering.count
        self._back = ordering.runs[0]
        nodes = len(crowd.above)
        self.place, self.column = [0] * nodes, [0] * nodes
        for number, layer in enumerate(crowd.layers):
            for at, node in enumerate(layer):
                self.place[node], self.column[node] = at, number
        self.row, self.offset = [-1] * nodes, [0.0] * nodes
        self.rows = 0
        self._number(self._partners())

    def _partners(self) -> dict[int, Link]:
        """For a node the link along which it is level with its left neighbour; no two of these cross."""
        taken: list[list[tuple[int, int]]] = [[] for _ in self._crowd.layers]
        partners: dict[int, Link] = {}
        leaving: set[int] = set()
        for link in self._by_weight():
            here, there = link[0], link[1]
            if here in leaving or there in partners:
                continue
            near, pair = taken[self.column[here]], (self.place[here], self.place[there])
            at = bisect_left(near, pair)
            if (at and near[at - 1][1] > pair[1]) or (at < len(near) and near[at][1] < pair[1]):
                continue
            insort(near, pair)
            leaving.add(here)
            partners[there] = link
        return partners

    def _by_weight(self) -> list[Link]:
        """What is computed before long lanes before leaves; the longest path first, of equal ones the middle one."""
        place = self.place
        arriving: dict[int, list[int]] = {}
        leaving: dict[int, list[int]] = {}
        for here, there, _out, _into in self._crowd.links:
            arriving.setdefault(there, []).append(place[here])
            leaving.setdefault(here, []).append(place[there])
        before, behind = _middles(arriving), _middles(leaving)

        def weight(link: Link) -> tuple[int, int, int]:
            here, there = link[0], link[1]
            rank, run = self._rank(here, there)
            if rank == _LEAF:
                return rank, run, place[here]
            return rank, run, abs(place[here] - before[there]) + abs(place[there] - behind[here])

        return sorted(self._crowd.links, key=weight)

    def _rank(self, here: int, there: int) -> tuple[int, int]:
        """What kind of link it is, and how short its path."""
        ahead = self._crowd.ahead[there]
        real, goal = here < self._count, there < self._count
        if real and goal:
            return _COMPUTED if self._back[here] > 1 else _LEAF, -self._back[here] - ahead
        if real and self._back[here] == 1:
            return _AWAY, -ahead
        return _BEND if real or goal else _LONG, -ahead

    def _number(self, partners: dict[int, Link]) -> None:
        for layer in self._crowd.layers:
            for node in layer:
                link = partners.get(node)
                if link is None:
                    self.row[node] = self.rows
                    self.rows += 1
                else:
                    self.row[node] = self.row[link[0]]
                    self.offset[node] = self.offset[link[0]] + self._step(link)

    def _step(self, link: Link) -> float:
        """How much lower the right one stands: nothing between nodes, which are level by their main paths."""
        here, there, out, into = link
        return 0.0 if here < self._count and there < self._count else out - into


def _middles(places: dict[int, list[int]]) -> dict[int, int]:
    return {node: sorted(found)[(len(found) - 1) // 2] for node, found in places.items()}


class _Settled:
    """Rows under one another, close to the longest, then moved towards what they are linked with."""

    def __init__(self, crowd: Crowd, rows: Rows) -> None:
        self._row, self._offset = rows.row, rows.offset
        self._uppers: list[dict[int, float]] = [{} for _ in range(rows.rows)]
        self._lowers: list[dict[int, float]] = [{} for _ in range(rows.rows)]
        self._wishes: list[list[tuple[int, float]]] = [[] for _ in range(rows.rows)]
        self._keep_apart(crowd)
        self._pull(crowd.links)
        self._order = self._topological()
        self.y = [0.0] * rows.rows
        for row in self._order:
            self.y[row] = max((self.y[r] + apart for r, apart in self._uppers[row].items()), default=0.0)
        self._sink(_lengths(rows))
        for _ in range(_SETTLING):
            for row in reversed(self._order):
                self._move(row)
            for row in self._order:
                self._move(row)

    def _keep_apart(self, crowd: Crowd) -> None:
        row, offset = self._row, self._offset
        for layer in crowd.layers:
            for upper, lower in pairwise(layer):
                one, other = row[upper], row[lower]
                apart = offset[upper] + crowd.below[upper] + crowd.above[lower] - offset[lower]
                if apart > self._uppers[other].get(one, float("-inf")):
                    self._uppers[other][one] = self._lowers[one][other] = apart

    def _pull(self, links: Sequence[Link]) -> None:
        row, offset = self._row, self._offset
        for here, there, out, into in links:
            one, other = row[here], row[there]
            if one != other:
                shift = offset[there] + into - offset[here] - out
                self._wishes[one].append((other, shift))
                self._wishes[other].append((one, -shift))

    def _topological(self) -> list[int]:
        waiting = [len(found) for found in self._uppers]
        order = [row for row, count in enumerate(waiting) if not count]
        for row in order:
            for lower in self._lowers[row]:
                waiting[lower] -= 1
                if not waiting[lower]:
                    order.append(lower)
        return order

    def _sink(self, lengths: list[int]) -> None:
        """What stands above a longer row than any above itself comes down to it."""
        over, under = list(lengths), list(lengths)
        for row in self._order:
            over[row] = max([lengths[row], *(over[upper] for upper in self._uppers[row])])
        for row in reversed(self._order):
            lowers = self._lowers[row]
            under[row] = max([lengths[row], *(under[lower] for lower in lowers)])
            if lowers and under[row] > over[row]:
                self.y[row] = min([self.y[lower] - apart for lower, apart in lowers.items()])

    def _move(self, row: int) -> None:
        """As near as it may come to the middle of what it is linked with."""
        wishes = self._wishes[row]
        if not wishes:
            return
        y = self.y
        wanted = sorted([y[other] + shift for other, shift in wishes])
        half = len(wanted) // 2
        goal = wanted[half] if len(wanted) % 2 else (wanted[half - 1] + wanted[half]) / 2
        for lower, apart in self._lowers[row].items():
            goal = min(goal, y[lower] - apart)
        for upper, apart in self._uppers[row].items():
            goal = max(goal, y[upper] + apart)
        y[row] = goal


def _lengths(rows: Rows) -> list[int]:
    """How many nodes and dummies are in each row."""
    lengths = [0] * rows.rows
    for row in rows.row:
        lengths[row] += 1
    return lengths


def heights(crowd: Crowd, ordering: Ordering) -> list[float]:
    """The height of each node."""
    rows = Rows(crowd, ordering)
    y = _Settled(crowd, rows).y
    return [y[row] + offset for row, offset in zip(rows.row, rows.offset, strict=True)]
