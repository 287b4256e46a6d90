"""Items as their lanes see them: along the way of the values and across it, so that both directions share one geometry.

In lane coordinates values always run towards larger x: for a picture from top to bottom x and y change places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from PySide6.QtCore import QPointF, QRectF

from tutor.trace.picture import ItemId
from tutor.views.graph.paths import XY, Curve
from tutor.views.graph.sizes import Anatomy, BoxAnatomy, CircleAnatomy, Sizes, lane_exit

_BOX_PORTS = 30.0
_CIRCLE_PORTS = 21.0
_STRAIGHT = 12.0
"""Lanes of a picture from top to bottom arrive at a circle beside its tabs: straight, for so long."""


@dataclass(frozen=True, eq=False)
class Spot:
    """One item in lane coordinates."""

    anatomy: Anatomy
    at: XY
    """Where its (0, 0) stands."""
    body: QRectF
    foot: QRectF
    exit: float
    """How far beyond (0, 0) a box's lanes leave: below its tray, in a picture from top to bottom."""

    def leave(self, y: float) -> float:
        """The abscissa at which a lane leaves at this height."""
        if isinstance(self.anatomy, BoxAnatomy):
            return self.at[0] + self.exit
        return self.at[0] + self._reach(y)

    def arrive(self, y: float) -> float:
        return self.at[0] - self._reach(y)

    def _reach(self, y: float) -> float:
        """How far from the middle the outline is at this height."""
        along, across = self.body.width() / 2, self.body.height() / 2
        if not isinstance(self.anatomy, CircleAnatomy):
            return along
        radius = min(along, across)
        past = max(abs(y - self.at[1]) - (across - radius), 0.0)
        return along - radius + sqrt(max(radius * radius - past * past, 0.0))

    def spacing(self, count: int) -> float:
        """Between the ports of so many lanes on one side."""
        wanted = _CIRCLE_PORTS if isinstance(self.anatomy, CircleAnatomy) else _BOX_PORTS
        return min(wanted, (self.body.height() - 20) / max(count - 1, 1))

    def tab_edge(self, *, left: bool) -> float | None:
        """How far the tabs reach; None where lanes do not meet them."""
        if not isinstance(self.anatomy, CircleAnatomy) or not self.anatomy.tabs:
            return None
        tabs = [turned_rect(tab, self.anatomy.down) for tab in self.anatomy.tabs]
        edges = [tab.left() - 3 if left else tab.right() + 3 for tab in tabs]
        if self.anatomy.down:
            edges.append(self.body.left() - _STRAIGHT if left else self.body.right() + _STRAIGHT)
        return self.at[0] + (min(edges) if left else max(edges))


def spots(sizes: Sizes, items: Mapping[ItemId, QPointF]) -> dict[ItemId, Spot]:
    return {item: spot_of(sizes, item, place) for item, place in items.items()}


def spot_of(sizes: Sizes, item: ItemId, place: QPointF) -> Spot:
    anatomy, down = sizes.anatomies[item], sizes.down
    foot = anatomy.footprint.translated(place)
    at = turned_point((place.x(), place.y()), down)
    return Spot(anatomy, at, turned_rect(anatomy.body, down), turned_rect(foot, down), lane_exit(anatomy))


def turned_point(point: XY, down: bool) -> XY:
    """From scene to lane coordinates, and back."""
    return (point[1], point[0]) if down else point


def turned_rect(rect: QRectF, down: bool) -> QRectF:
    return QRectF(rect.y(), rect.x(), rect.height(), rect.width()) if down else rect


def turned_curve(curve: Curve, down: bool) -> Curve:
    return Curve(curve.points[:, ::-1]) if down else curve
