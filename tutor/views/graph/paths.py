"""The geometry of lanes, without Qt: a smooth centre line through the layout's points, and its two parallels.

A lane's parameter runs from 0 at the source to 1 at the target, by length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
XY = tuple[float, float]

HALF_GAP = 5.0
"""Each lane lies this far from the centre line, along the normal."""
_SAMPLES = 28
_MOST_SAMPLES = 600
_REACH = 0.45
_FARTHEST = 0.85
_END = 6.0
_KINK = 2.0
"""So close to its end, along and across, a lane has no other point: it would show a kink where it is cut."""
_NARROW = 52.0
_BEND = 34.0
_ARC = 0.5523
"""The handle of a quarter circle."""
_ROUND = 14.0
"""Where a lane turns out of the level its radius is no less, if there is room."""


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
    points, upright = _with_upright(points)
    pieces = []
    slopes = _slopes(points)
    for (start, end), (first, last) in zip(pairwise(points), pairwise(slopes), strict=True):
        if (start, end) in upright:
            pieces.append(_upright(start, end, upright[start, end]))
            continue
        if start[1] == end[1] and first == last == 0.0:
            pieces.append(np.array([start, end]))
            continue
        p, q = np.array(start), np.array(end)
        leaving, arriving = (_reach(start, end, slope) for slope in (first, last))
        handles = p + leaving * np.array([1.0, first]), q - arriving * np.array([1.0, last])
        pieces.append(_bezier(u, p, *handles, q))
    return Curve(_without_repeats(np.vstack(pieces)))


def _with_upright(points: Sequence[XY]) -> tuple[list[XY], dict[tuple[XY, XY], float]]:
    """The points with wide turns where a lane climbs through a narrow gap, and at which x it climbs there."""
    found, gaps = list(points), {}
    for at in range(len(found) - 1):
        (x, y), (end_x, end_y) = found[at], found[at + 1]
        height = abs(end_y - y)
        if not 0.0 < end_x - x < _NARROW or height < 2 * (end_x - x):
            continue
        middle = (x + end_x) / 2
        before = found[at - 1] if at and found[at - 1][1] == y else (x, y)
        after = found[at + 2] if at + 2 < len(found) and found[at + 2][1] == end_y else (end_x, end_y)
        bend = min(_BEND, height / 2)
        found[at] = (min(x, max(middle - bend, (before[0] + x) / 2)), y)
        found[at + 1] = (max(end_x, min(middle + bend, (after[0] + end_x) / 2)), end_y)
        gaps[found[at], found[at + 1]] = middle
    return found, gaps


def _upright(start: XY, end: XY, x: float) -> Floats:
    """A quarter turn, a climb at this x, and a quarter turn back."""
    u = np.linspace(0.0, 1.0, _SAMPLES // 2)[:, None]
    climb = 1.0 if end[1] > start[1] else -1.0
    room = abs(end[1] - start[1]) / 2
    (low, up), (high, down) = ((x - start[0], min(x - start[0], room)), (end[0] - x, min(end[0] - x, room)))
    a, d = np.array(start), np.array(end)
    b, c = np.array((x, start[1] + climb * up)), np.array((x, end[1] - climb * down))
    ahead, on = _ARC * np.array((1.0, 0.0)), _ARC * np.array((0.0, climb))
    first = _bezier(u, a, a + low * ahead, b - up * on, b)
    last = _bezier(u, c, c + down * on, d - high * ahead, d)
    return np.vstack([first, last])


def _reach(start: XY, end: XY, slope: float) -> float:
    """How far a handle reaches: in a steep piece farther, so that the lane turns wide enough for both its lines."""
    width, height = end[0] - start[0], abs(end[1] - start[1])
    if slope != 0.0:
        return width * _REACH
    return max(width * _REACH, min(sqrt(_ROUND * height / 1.5), width * _FARTHEST))


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
    return Curve(_unhooked(curve.points + normal * distance, tangent))


def _unhooked(points: Floats, tangent: Floats) -> Floats:
    """Without the loops that the inner line of a narrow turn would make: no point runs against its lane."""
    kept = [0]
    for at in range(1, len(points) - 1):
        if (points[at] - points[kept[-1]]) @ tangent[at] > 0:
            kept.append(at)
    while len(kept) > 1 and (points[-1] - points[kept[-1]]) @ tangent[-1] <= 0:
        kept.pop()
    return points[[*kept, len(points) - 1]]


def ending(curve: Curve, start_x: float, end_x: float) -> Curve:
    """The same curve cut or prolonged so that it begins and ends at these abscissae."""
    points = curve.points
    inside = points[(points[:, 0] > start_x) & (points[:, 0] < end_x)] if end_x > start_x else points[1:-1]
    first, last = (start_x, float(points[0, 1])), (end_x, float(points[-1, 1]))
    clear = np.all([_off(inside, end) for end in (first, last)], axis=0)
    return Curve(_without_repeats(np.vstack([first, inside[clear], last])))


def _off(points: Floats, end: XY) -> NDArray[np.bool_]:
    """Which of them are no mere kink beside the end."""
    along, across = np.abs(points - end).T
    return np.asarray((along > _END) | (across > _KINK))


def _bezier(u: Floats, a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    v = 1.0 - u
    return np.asarray(v**3 * a + 3 * v * v * u * b + 3 * v * u * u * c + u**3 * d)


def _without_repeats(points: Floats) -> Floats:
    keep = np.concatenate(([True], np.any(np.abs(np.diff(points, axis=0)) > 1e-9, axis=1)))
    return np.asarray(points[keep])
