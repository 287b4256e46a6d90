"""Where in its column each item stands: in the middle, or at an edge where its lanes are shorter or run into nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_NEAR = 12.0
_WIDE = 60.0
"""In a column so much wider than an item on either side it may stand at the edge."""
_CROWDED = 64
_SAMPLES = 12


@dataclass(slots=True)
class Column:
    """One column, and what stands in it: top and bottom of each item, from above."""

    left: float
    right: float
    blocked: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Port:
    """Where lanes arrive at an item and leave it, measured from the middle of its footprint; both at one height."""

    arrive: float
    leave: float
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class Stand:
    """One item: how wide it is, its port, at which height its middle stands, and in which column."""

    width: float
    port: Port
    y: float
    column: int


def beside(
    edges: Sequence[tuple[int, int]], stands: Sequence[Stand], columns: Sequence[Column]
) -> list[float]:
    """Each item's x: the middle of its column, or its edge where a bent lane would run into a wider neighbour.

    In a much wider column a leaf stands at the right, beside its use, and what leads nowhere at the left.
    """
    x = _first_places(edges, stands, columns)
    lanes: dict[int, list[tuple[int, int]]] = {}
    for edge in dict.fromkeys(edges):
        lanes.setdefault(edge[0], []).append(edge)
        lanes.setdefault(edge[1], []).append(edge)
    for item, stand in enumerate(stands):
        place = columns[stand.column]
        slack = (place.right - place.left - stand.width) / 2
        others = [b for b in place.blocked[: _CROWDED + 2] if not b[0] <= stand.y <= b[1]]
        own = lanes.get(item, [])
        if slack < 4 or not others or len(others) > _CROWDED or len(own) > _CROWDED:
            continue
        room = [(top - _NEAR, bottom + _NEAR) for top, bottom in others]
        tries = (x[item], place.right - stand.width / 2, place.left + stand.width / 2)
        x[item] = _Sight(item, own, stands, x, place, room).best(tries)
    return x


def _first_places(
    edges: Sequence[tuple[int, int]], stands: Sequence[Stand], columns: Sequence[Column]
) -> list[float]:
    used, made = {source for source, _ in edges}, {target for _, target in edges}
    places = []
    for item, stand in enumerate(stands):
        column = columns[stand.column]
        slack = (column.right - column.left - stand.width) / 2
        side = 0.0 if slack < _WIDE else float(item not in made) - float(item not in used)
        places.append((column.left + column.right) / 2 + side * slack)
    return places


class _Sight(NamedTuple):
    """What an item's lanes may run into: `room` is what stands beside it in its column."""

    item: int
    lanes: Sequence[tuple[int, int]]
    stands: Sequence[Stand]
    x: Sequence[float]
    place: Column
    room: Sequence[tuple[float, float]]

    def best(self, tries: Sequence[float]) -> float:
        """The first abscissa where they run into least; no more are tried than it takes."""
        best, least = tries[0], self.hits(tries[0])
        for at in tries[1:]:
            if not least:
                break
            found = self.hits(at)
            if found < least:
                best, least = at, found
        return best

    def hits(self, at: float) -> int:
        """How many points of the lanes, bent like an S, lie on the neighbours when the item stands at this abscissa."""
        found = 0
        for source, target in self.lanes:
            one, other = self.stands[source], self.stands[target]
            top, bottom = one.y + one.port.height, other.y + other.port.height
            low, high = min(top, bottom), max(top, bottom)
            near = [(above, below) for above, below in self.room if above < high and below > low]
            if near:
                start = (at if source == self.item else self.x[source]) + one.port.leave
                end = (at if target == self.item else self.x[target]) + other.port.arrive
                found += self._inside((start, top), (end, bottom), near)
        return found

    def _inside(
        self, start: tuple[float, float], end: tuple[float, float], near: Sequence[tuple[float, float]]
    ) -> int:
        found = 0
        width, drop = end[0] - start[0], end[1] - start[1]
        for forward, sideways in _CURVE:
            if self.place.left <= start[0] + width * forward <= self.place.right:
                height = start[1] + drop * sideways
                found += any(above < height < below for above, below in near)
        return found


def _forward(share: float) -> float:
    """How far along x the S-shaped curve is: a cubic whose handles reach half way."""
    back = 1 - share
    return 1.5 * back * back * share + 1.5 * back * share * share + share**3


_CURVE = tuple(
    (_forward(step / _SAMPLES), (step / _SAMPLES) ** 2 * (3 - 2 * step / _SAMPLES))
    for step in range(1, _SAMPLES)
)
