"""How a lane passes the columns between its ends: through the gaps between what stands there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CLEARANCE = 18.0
"""A lane keeps this distance from boxes, for its two lines and their arrowheads."""


@dataclass
class Column:
    """One column: what stands in it (top and bottom of each, from above), and the lanes that already pass."""

    left: float
    right: float
    blocked: list[tuple[float, float]] = field(default_factory=list)
    passing: list[float] = field(default_factory=list)

    def free_height(self, wanted: float) -> float:
        """The height nearest to `wanted` at which nothing stands; remembers that a lane passes there."""
        at = wanted
        for top, bottom in self._gaps():
            if bottom < top:
                continue
            nearest = min(max(wanted, top), bottom)
            if top <= wanted <= bottom:
                at = nearest
                break
            if at == wanted or abs(nearest - wanted) < abs(at - wanted):
                at = nearest
        at = self._beside_others(at)
        self.passing.append(at)
        return at

    def _gaps(self) -> list[tuple[float, float]]:
        edges = [(top - CLEARANCE, bottom + CLEARANCE) for top, bottom in self.blocked]
        tops = [float("-inf"), *(bottom for _, bottom in edges)]
        bottoms = [*(top for top, _ in edges), float("inf")]
        return list(zip(tops, bottoms, strict=True))

    def _beside_others(self, at: float) -> float:
        """A little further where another lane passes at that very height."""
        for _ in range(8):
            if not any(abs(at - other) < CLEARANCE for other in self.passing):
                break
            lower, upper = at + CLEARANCE, at - CLEARANCE
            at = lower if self._is_free(lower) else upper if self._is_free(upper) else at
        return at

    def _is_free(self, at: float) -> bool:
        place = bisect_right([top for top, _ in self.blocked], at)
        near = self.blocked[max(0, place - 1) : place + 1]
        return all(not (top - CLEARANCE < at < bottom + CLEARANCE) for top, bottom in near)


def through(columns: Sequence[Column], wanted: Sequence[float]) -> list[tuple[float, float]]:
    """Two points a column, so that the lane is level while it passes."""
    points: list[tuple[float, float]] = []
    for column, height in zip(columns, wanted, strict=True):
        at = column.free_height(height)
        points += [(column.left, at), (column.right, at)]
    return points


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
    """Each item's x: the middle of its column, or its edge where a bent lane would run into a wider neighbour."""
    x = [(columns[s.column].left + columns[s.column].right) / 2 for s in stands]
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
        x[item] = min(tries, key=lambda at: _hits(own, {item: at}, stands, x, place, room))
    return x


_NEAR = 12.0
_CROWDED = 64
_SAMPLES = 12


def _hits(
    lanes: Sequence[tuple[int, int]],
    moved: Mapping[int, float],
    stands: Sequence[Stand],
    x: Sequence[float],
    place: Column,
    room: Sequence[tuple[float, float]],
) -> int:
    """How many points of the item's lanes, bent like an S, lie on its neighbours in the column."""
    found = 0
    for source, target in lanes:
        start = moved.get(source, x[source]) + stands[source].port.leave
        end = moved.get(target, x[target]) + stands[target].port.arrive
        top, bottom = (stands[at].y + stands[at].port.height for at in (source, target))
        for step in range(1, _SAMPLES):
            share = step / _SAMPLES
            across = start + (end - start) * _forward(share)
            height = top + (bottom - top) * share * share * (3 - 2 * share)
            if place.left <= across <= place.right:
                found += any(above < height < below for above, below in room)
    return found


def _forward(share: float) -> float:
    """How far along x the S-shaped curve is: a cubic whose handles reach half way."""
    back = 1 - share
    return 1.5 * back * back * share + 1.5 * back * share * share + share**3
