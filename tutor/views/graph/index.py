"""Which items and lanes of a laid out structure meet a rectangle: their rectangles in one array, asked all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF

from tutor.trace.picture import ItemId, LaneId
from tutor.views.graph.paths import Floats
from tutor.views.graph.routes import Places
from tutor.views.graph.sizes import Sizes

_AROUND_ITEM = 48.0
"""Badges, halos and pins that fall reach so far beyond an item's footprint."""
_AROUND_LANE = 24.0

K = TypeVar("K", ItemId, LaneId)


class Rects(Generic[K]):
    """Rectangles by name, in the order in which they were added."""

    def __init__(self) -> None:
        self.names: list[K] = []
        self.rows: dict[K, int] = {}
        self._edges: list[tuple[float, float, float, float]] = []
        self._array: Floats = np.empty((0, 4))

    def add(self, name: K, rect: QRectF, around: float = 0.0) -> None:
        left, top, right, bottom = (
            rect.left(),
            rect.top(),
            rect.left() + rect.width(),
            rect.top() + rect.height(),
        )
        self.rows[name] = len(self.names)
        self.names.append(name)
        self._edges.append((left - around, top - around, right + around, bottom + around))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def array(self) -> Floats:
        """Left, top, right and bottom of each, of shape (n, 4)."""
        if len(self._array) != len(self.names):
            self._array = np.vstack([self._array, np.array(self._edges).reshape(-1, 4)])
            self._edges.clear()
        return self._array

    def rect(self, name: K) -> QRectF:
        left, top, right, bottom = self.array[self.rows[name]].tolist()
        return QRectF(left, top, right - left, bottom - top)

    def meeting(self, rect: QRectF) -> list[K]:
        """The names of those that meet the rectangle."""
        return [self.names[row] for row in np.flatnonzero(self._meets(rect)).tolist()]

    def count(self, rect: QRectF) -> int:
        """How many meet the rectangle."""
        return int(np.count_nonzero(self._meets(rect)))

    def at(self, place: QPointF) -> list[K]:
        return self.meeting(QRectF(place.x(), place.y(), 0.0, 0.0))

    def _meets(self, rect: QRectF) -> NDArray[np.bool_]:
        array = self.array
        return np.asarray(
            (array[:, 0] <= rect.right())
            & (array[:, 2] >= rect.left())
            & (array[:, 1] <= rect.bottom())
            & (array[:, 3] >= rect.top())
        )


class Index:
    """Of one structure: the items with all that is drawn around them, and the lanes with their chips."""

    def __init__(self) -> None:
        self.items: Rects[ItemId] = Rects()
        self.lanes: Rects[LaneId] = Rects()

    def fill(self, sizes: Sizes, places: Places) -> Iterator[None]:
        """Yields after each, so that a large one is filled in slices."""
        for frame, rect in places.frames.items():
            self.items.add(frame, rect)
            yield
        for item, place in places.items.items():
            self.items.add(item, sizes.anatomies[item].footprint.translated(place), _AROUND_ITEM)
            yield
        for lane in places.lanes:
            chip = sizes.chips.get(lane, (0.0, 0.0))
            self.lanes.add(lane, places.lanes.reach(lane), _AROUND_LANE + max(chip))
            yield

    def room(self, items: Iterable[ItemId]) -> QRectF:
        """Around all these."""
        room = QRectF()
        for item in items:
            if item in self.items.rows:
                room = room.united(self.items.rect(item))
        return room
