"""Where in its column each item stands: in the middle, or at an edge where its lanes are shorter or run into nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
        x[item] = min(tries, key=lambda at: _hits(own, {item: at}, stands, x, place, room))
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


_NEAR = 12.0
_WIDE = 60.0
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
