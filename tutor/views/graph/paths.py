"""The geometry of lanes, without Qt: a smooth centre line through the layout's points, and its two parallels.

A lane's parameter runs from 0 at the source to 1 at the target, by length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
XY = tuple[float, float]

HALF_GAP = 5.0
"""Each lane lies this far from the centre line, along the normal."""
_SAMPLES = 28
_MOST_SAMPLES = 600
_REACH = 0.45


@dataclass(frozen=True, eq=False)
class Curve:
    """A polyline fine enough to look smooth."""

    points: Floats

    @cached_property
    def lengths(self) -> Floats:
        steps = np.hypot(*np.diff(self.points, axis=0).T)
        return np.concatenate(([0.0], np.cumsum(steps)))

    @cached_property
    def length(self) -> float:
        return float(self.lengths[-1])

    def at(self, t: float) -> XY:
        """The point at this share of the length."""
        x, y = self._at(np.array([t]))[0].tolist()
        return x, y

    def part(self, start: float, end: float) -> Floats:
        """The points between two shares of the length, both ends included; empty when nothing lies between."""
        if end <= start:
            return np.empty((0, 2))
        low, high = start * self.length, end * self.length
        inside = self.points[(self.lengths > low) & (self.lengths < high)]
        return np.vstack([self.at(start), inside, self.at(end)])

    def spread(self, distance: float, shares: tuple[float, float] = (0.0, 1.0)) -> Floats:
        """Points that lie about so far apart, between two shares of the length."""
        start, end = shares
        return self._at(np.linspace(start, end, max(2, int(self.length * (end - start) / distance))))

    def stations(self, shares: Sequence[float]) -> tuple[Floats, Floats]:
        """The points at these shares of the length, and the unit normals there: down on a lane from left to right."""
        wanted = np.asarray(shares)
        ahead, behind = self._at(np.minimum(wanted + 0.02, 1.0)), self._at(np.maximum(wanted - 0.02, 0.0))
        tangent = ahead - behind
        length = np.hypot(tangent[:, 0], tangent[:, 1])[:, None]
        tangent = tangent / np.where(length == 0, 1.0, length)
        return self._at(wanted), np.column_stack([-tangent[:, 1], tangent[:, 0]])

    def _at(self, shares: Floats) -> Floats:
        places = shares * self.length
        x = np.interp(places, self.lengths, self.points[:, 0])
        return np.column_stack([x, np.interp(places, self.lengths, self.points[:, 1])])


def smooth(points: Sequence[XY]) -> Curve:
    """A curve through the points that leaves and arrives horizontally, like a railway, and never swings past a point."""
    samples = min(max(_MOST_SAMPLES // len(points), 3), _SAMPLES)
    u = np.linspace(0.0, 1.0, samples)[:, None]
    slopes = _slopes(points)
    pieces = []
    for (start, end), (first, last) in zip(pairwise(points), pairwise(slopes), strict=True):
        if start[1] == end[1] and first == last == 0.0:
            pieces.append(np.array([start, end]))
            continue
        p, q = np.array(start), np.array(end)
        reach = (q[0] - p[0]) * _REACH
        pieces.append(_bezier(u, p, p + reach * np.array([1.0, first]), q - reach * np.array([1.0, last]), q))
    return Curve(_without_repeats(np.vstack(pieces)))


def _slopes(points: Sequence[XY]) -> list[float]:
    """Level at both ends and at every turn; in between the harmonic mean (Fritsch and Carlson, monotone cubics)."""
    steps = [(q[1] - p[1]) / ((q[0] - p[0]) or 1.0) for p, q in pairwise(points)]
    inner = [0.0 if a * b <= 0 else 2 * a * b / (a + b) for a, b in pairwise(steps)]
    return [0.0, *inner, 0.0]


def parallel(curve: Curve, distance: float) -> Curve:
    """The curve that keeps this distance along the normal: negative is above on a lane from left to right."""
    tangent = np.gradient(curve.points, axis=0)
    length = np.hypot(tangent[:, 0], tangent[:, 1])[:, None]
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]]) / np.where(length == 0, 1.0, length)
    normal[0], normal[-1] = (0.0, 1.0), (0.0, 1.0)
    return Curve(curve.points + normal * distance)


def ending(curve: Curve, start_x: float, end_x: float) -> Curve:
    """The same curve cut or prolonged so that it begins and ends at these abscissae."""
    points = curve.points
    inside = points[(points[:, 0] > start_x) & (points[:, 0] < end_x)] if end_x > start_x else points[1:-1]
    first, last = (start_x, float(points[0, 1])), (end_x, float(points[-1, 1]))
    return Curve(_without_repeats(np.vstack([first, inside, last])))


def _bezier(u: Floats, a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    v = 1.0 - u
    return np.asarray(v**3 * a + 3 * v * v * u * b + 3 * v * u * u * c + u**3 * d)


def _without_repeats(points: Floats) -> Floats:
    keep = np.concatenate(([True], np.any(np.abs(np.diff(points, axis=0)) > 1e-9, axis=1)))
    return np.asarray(points[keep])
