"""What of a large picture is in sight, and whether it is near enough to be drawn item by item."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from tutor.trace.picture import ItemId, LaneId
from tutor.views.graph.index import Index

ALL_LIVE = 150
"""Up to so many items a picture has all of them all the time, and up to four times as many lanes."""
MOST_LIVE = 110
"""So many items in sight are drawn one by one; more from afar, until they are clearly fewer again."""
_CLEARLY = 0.8
_LANES = 3.0
"""To each item in sight belong about so many lanes at most."""
_MARGIN = 0.35
"""Of the view's size: so far beyond its borders items are made ready."""


class Sight:
    """The part of one structure on the screen."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.rect = QRectF()
        self.zoom = 1.0
        self.near = True
        self.items: list[ItemId] = []
        """Of a near view what is in sight or almost; of a far one only what is in sight."""
        self.lanes: list[LaneId] = []
        self._around = QRectF()

    def look(self, rect: QRectF, zoom: float) -> bool:
        """Another part is in sight; says whether other items and lanes are now."""
        if rect == self.rect and zoom == self.zoom:
            return False
        zoomed, self.rect, self.zoom = zoom != self.zoom, rect, zoom
        was_near, self.near = self.near, self._is_near(rect)
        if self.near and was_near and not zoomed and self._around.contains(rect):
            return False
        self._find()
        return True

    def _is_near(self, rect: QRectF) -> bool:
        most = MOST_LIVE if self.near else MOST_LIVE * _CLEARLY
        return self.index.items.count(rect) <= most and self.index.lanes.count(rect) <= most * _LANES

    def _find(self) -> None:
        self._around = QRectF()
        if not self.near:
            self.items, self.lanes = self.index.items.meeting(self.rect), self.index.lanes.meeting(self.rect)
            return
        aside, along = self.rect.width() * _MARGIN, self.rect.height() * _MARGIN
        self._around = self.rect.adjusted(-aside, -along, aside, along)
        inside = self.index.items.meeting(self.rect), self.index.lanes.meeting(self.rect)
        self.items = [*inside[0], *self.index.items.meeting(self._around)]
        self.lanes = [*inside[1], *self.index.lanes.meeting(self._around)]
