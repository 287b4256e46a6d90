"""Keeps lanes off the neighbours of their own ends: a lane that would cut one's corner stays level until it is past it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QRectF

from tutor.trace.picture import ItemId
from tutor.views.graph.paths import XY, smooth
from tutor.views.graph.sizes import Sizes, solid_parts
from tutor.views.graph.spots import Spot, turned_rect

_NEAR = 9.0
_PAST = 13.0


class Standing:
    """The solid parts of all items, in lane coordinates."""

    def __init__(self, sizes: Sizes, spots: Mapping[ItemId, Spot]) -> None:
        rects: list[QRectF] = []
        owners: list[int] = []
        self._number = {item: at for at, item in enumerate(spots)}
        for item, spot in spots.items():
            for part in solid_parts(sizes.anatomies[item]):
                rects.append(turned_rect(part, sizes.down).translated(*spot.at))
                owners.append(self._number[item])
        grown = [(r.left() - _NEAR, r.top() - _NEAR, r.right() + _NEAR, r.bottom() + _NEAR) for r in rects]
        self._rects = np.array(grown).reshape(-1, 4)
        self._owners = np.array(owners)

    def around(self, points: list[XY], ends: tuple[ItemId, ItemId], spots: Mapping[ItemId, Spot]) -> list[XY]:
        """The points, with one more at each end where the lane would meet a neighbour of that end."""
        source, target = (spots[end] for end in ends)
        for _try in range(3):
            hit = self._hit(points, ends)
            if hit is None:
                return points
            left, _top, right, _bottom = hit
            if left < source.foot.right() and points[0][0] < right + _PAST - _NEAR < points[1][0]:
                points = [points[0], (right + _PAST - _NEAR, points[0][1]), *points[1:]]
            elif right > target.foot.left() and points[-2][0] < left - _PAST + _NEAR < points[-1][0]:
                points = [*points[:-1], (left - _PAST + _NEAR, points[-1][1]), points[-1]]
            else:
                return points
        return points

    def _hit(self, points: Sequence[XY], ends: tuple[ItemId, ItemId]) -> tuple[float, ...] | None:
        """The first part of another item that the curve through the points meets."""
        x, y = smooth(points).points.T
        source, target = (self._number[end] for end in ends)
        rects = self._rects[(self._owners != source) & (self._owners != target)]
        inside = (x > rects[:, :1]) & (x < rects[:, 2:3]) & (y > rects[:, 1:2]) & (y < rects[:, 3:4])
        met = np.flatnonzero(inside.any(axis=1))
        return tuple(rects[met[0]].tolist()) if len(met) else None
