"""What stands still while a structure plays: its sizes and places, asked for in scene coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PySide6.QtCore import QRectF, QSizeF

from tutor.trace.picture import ItemId, LaneId, Picture, Structure
from tutor.views.graph.arrangement import Arrangement
from tutor.views.graph.lanes import LaneCurves
from tutor.views.graph.motion import Frame
from tutor.views.graph.paths import Floats
from tutor.views.graph.places import Obstacles, chip_rect, obstacles
from tutor.views.graph.routes import Places
from tutor.views.graph.sizes import FUNNEL_NOTE, CircleAnatomy, Sizes

_MARGIN = 16.0
_SEED_ROOM = 34.0
_SHORT = 46.0
_WORKING = 12.0
"""A callout covers rather anything else than the item that works."""


def room_of(arrangement: Arrangement) -> QSizeF:
    """About how much room the picture takes, with v at its end."""
    drawn = arrangement.layout
    seed = (0.0, _SEED_ROOM) if arrangement.sizes.down else (2 * _SEED_ROOM, 0.0)
    return QSizeF(drawn.width + 2 * _MARGIN + seed[0], drawn.height + 2 * _MARGIN + seed[1])


@dataclass(frozen=True, eq=False)
class Ground:
    """One structure, laid out."""

    structure: Structure
    sizes: Sizes
    places: Places

    def has(self, item: ItemId) -> bool:
        return item in self.places.items or item in self.places.frames

    def body(self, item: ItemId) -> QRectF:
        """The box or circle itself."""
        return self.places.rect(item, self.sizes.anatomies[item].body)

    def outline(self, item: ItemId) -> QRectF:
        """The box, circle or block itself; all of an open group."""
        return self.places.frames[item] if item in self.places.frames else self.body(item)

    def lower_parts(self, item: ItemId) -> list[QRectF]:
        """A circle's tabs, a leaf's tray."""
        anatomy = self.sizes.anatomies[item]
        parts = anatomy.tabs if isinstance(anatomy, CircleAnatomy) else (anatomy.tray,)
        return [self.places.rect(item, part) for part in parts if part is not None]

    def anchor(self, item: ItemId) -> QRectF:
        """The item with its lower parts; all of an open group."""
        if item in self.places.frames:
            return self.places.frames[item]
        rect = self.body(item)
        for part in self.lower_parts(item):
            rect = rect.united(part)
        return rect

    def room(self) -> QRectF:
        """All items, and v beside what may be a backward's root: a tracked result that nothing uses."""
        used = {lane.source for lane in self.structure.lanes}
        room = self.places.bounds
        for lane in self.structure.lanes:
            if lane.returns and lane.target not in used:
                room = room.united(self.body(lane.target).adjusted(0, 0, self._seed_room(lane.id), 30))
        return room.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)

    def _seed_room(self, lane: LaneId) -> float:
        """Right of a box; a long v stands below it."""
        if self.sizes.down:
            return 0.0
        width = self.sizes.chips[lane][0]
        return _SEED_ROOM + width if width <= _SHORT else 0.0

    @cached_property
    def standing(self) -> Obstacles:
        """All that stands, and its lanes."""
        return self.places.crowd.obstacles()

    def crowd(self, picture: Picture, seen: Frame, near: QRectF) -> Obstacles:
        """What a callout must not cover: all that stands, more so what is in the step, and the ways of its chips.

        Of all this, what is `near`.
        """
        rects = [pair for item in seen.focus or () if self.has(item) for pair in self._item(item)]
        if picture.callout is not None and self.has(picture.callout.item):
            working = picture.callout.item
            rects += [(self.anchor(working), _WORKING), (self.body(working), 50 * _WORKING)]
        points: list[Floats] = []
        for lane in seen.focus_lanes:
            if lane in self.places.lanes:
                rects += self._chips(lane)
                points += self._lines(self.places.lanes[lane], near)
        rects += [(rect, 1.0) for lane in picture.motion.passes for rect in self._way(lane)]
        still, moving = self.standing.near(near), obstacles(rects, points).near(near)
        return Obstacles(
            np.vstack([still.rects, moving.rects]),
            np.concatenate([still.weights, moving.weights]),
            np.vstack([still.points, moving.points]),
        )

    def _item(self, item: ItemId) -> Iterator[tuple[QRectF, float]]:
        funnel = self.sizes.anatomies[item].funnel
        yield self.anchor(item), 3.0
        if funnel is not None:
            yield self.places.rect(item, funnel.adjusted(0, -FUNNEL_NOTE, 0, 8)), 3.0

    def _chips(self, lane: LaneId) -> Iterator[tuple[QRectF, float]]:
        """A number hidden is worse than a piece of a line."""
        for chips in (self.places.value_chips, self.places.gradient_chips):
            if lane in chips:
                yield chip_rect(chips[lane], self.sizes.chips[lane]).adjusted(-3, -3, 3, 3), 4.0

    def _lines(self, curves: LaneCurves, near: QRectF) -> Iterator[Floats]:
        shares = curves.shares(near)
        if shares[1] > shares[0]:
            yield from (curve.spread(12.0, shares) for curve in (curves.gradient, curves.value))

    def _way(self, lane: LaneId) -> Iterator[QRectF]:
        """Where a gradient's chip will come past."""
        if lane in self.places.lanes:
            for share in (0.1, 0.3, 0.5, 0.7, 0.9):
                x, y = self.places.lanes[lane].gradient.at(share)
                yield QRectF(x - 20, y - 14, 40, 28)
