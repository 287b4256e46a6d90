"""How a lane passes the columns between its ends: through the gaps between what stands there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
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
