"""A structure that grows while a run goes on: what is drawn stays, what is new stands to its right."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF

from tutor.trace.layout import COLUMN_GAP, NODE_GAP, ROW_GAP, Layout, Point
from tutor.trace.nesting import MARGIN, TITLE, Rect
from tutor.trace.picture import ItemId, LaneId, Structure
from tutor.views.graph.arrangement import Arrangement
from tutor.views.graph.sizes import CircleAnatomy, Sizes


def grown(old: Arrangement, structure: Structure, sizes: Sizes) -> Arrangement | None:
    """The old places, and new ones for the new items; None where an old item needs more room, or none is left."""
    names = [*(box.id for box in structure.boxes), *(circle.id for circle in structure.circles)]
    names += [block.id for block in structure.blocks]
    known = {item: point for item, point in old.layout.positions.items() if item in sizes.anatomies}
    if not known or not all(_fits(item, old.sizes, sizes) for item in known):
        return None
    anatomies = {**sizes.anatomies, **{item: old.sizes.anatomies[item] for item in known}}
    pads = {item: (old.sizes if item in known else sizes).pads.get(item, 0.0) for item in names}
    kept = Sizes(anatomies, dict(sizes.chips), pads, old.sizes.down, sizes.titles)
    places = _Places(kept, known)
    for item in _in_order(structure, set(names) - set(known)):
        places.add(item, structure)
    width = max((rect.right() for rect in places.rects.values()), default=0.0)
    height = max((rect.bottom() for rect in places.rects.values()), default=0.0)
    frames = _frames(structure, places.rects)
    layout = Layout(places.positions, _routes(old, structure), width, height, frames)
    return Arrangement(structure, kept, layout)


def _frames(structure: Structure, rects: Mapping[ItemId, QRectF]) -> dict[ItemId, Rect]:
    """Around what stands there so far; foreign items may stand within until all is laid out anew."""
    frames: dict[ItemId, Rect] = {}
    deepest = max((frame.depth for frame in structure.frames), default=0)
    for frame in structure.frames:
        room = QRectF()
        for item in frame.items:
            room = room.united(rects[item])
        wide = MARGIN * (1 + deepest - frame.depth)
        high = wide + TITLE * (1 + deepest - frame.depth)
        grown_by = room.adjusted(-wide, -high, wide, wide)
        frames[frame.id] = Rect(grown_by.x(), grown_by.y(), grown_by.width(), grown_by.height())
    return frames


def _routes(old: Arrangement, structure: Structure) -> dict[LaneId, tuple[Point, ...]]:
    """Those of lanes that still begin where they began, and not at a ghost since."""
    sources = {lane.id: lane.source for lane in structure.lanes}
    begun = {lane.id for lane in old.structure.lanes if sources.get(lane.id) == lane.source}
    return {lane: route for lane, route in old.layout.routes.items() if lane in begun}


class _Places:
    """Where items stand so far."""

    def __init__(self, sizes: Sizes, positions: dict[ItemId, Point]) -> None:
        self.sizes, self.positions = sizes, positions
        self.rects = {item: self._rect(item, point) for item, point in positions.items()}

    def add(self, item: ItemId, structure: Structure) -> None:
        """Beyond all that leads to it, beside what stands there already."""
        if self.sizes.down:
            self._add_below(item, structure)
            return
        room = self.sizes.room(item)
        sources = [
            self.rects[ln.source] for ln in structure.lanes if ln.target == item and ln.source in self.rects
        ]
        x = max((rect.right() for rect in sources), default=-COLUMN_GAP) + COLUMN_GAP + room.width() / 2
        y = sum(rect.center().y() for rect in sources) / len(sources) if sources else room.height() / 2
        rect = self._rect(item, Point(x, y))
        while (hit := self._hit(rect)) is not None:
            rect.moveTop(hit.bottom() + NODE_GAP)
        self._keep(item, rect)

    def _add_below(self, item: ItemId, structure: Structure) -> None:
        room = self.sizes.room(item)
        sources = [
            self.rects[ln.source] for ln in structure.lanes if ln.target == item and ln.source in self.rects
        ]
        y = max((rect.bottom() for rect in sources), default=-ROW_GAP) + ROW_GAP + room.height() / 2
        x = sum(rect.center().x() for rect in sources) / len(sources) if sources else room.width() / 2
        rect = self._rect(item, Point(x, y))
        while (hit := self._hit(rect)) is not None:
            rect.moveLeft(hit.right() + NODE_GAP)
        self._keep(item, rect)

    def _keep(self, item: ItemId, rect: QRectF) -> None:
        self.rects[item] = rect
        self.positions[item] = Point(rect.center().x(), rect.center().y())

    def _hit(self, rect: QRectF) -> QRectF | None:
        near = rect.adjusted(-NODE_GAP / 2, -NODE_GAP / 2, NODE_GAP / 2, NODE_GAP / 2)
        return next((other for other in self.rects.values() if other.intersects(near)), None)

    def _rect(self, item: ItemId, centre: Point) -> QRectF:
        room = self.sizes.room(item)
        return QRectF(centre.x - room.width() / 2, centre.y - room.height() / 2, room.width(), room.height())


def _in_order(structure: Structure, new: set[ItemId]) -> list[ItemId]:
    """Boxes that nothing leads to, then circles as they ran, each followed by the boxes of its results."""
    made = {lane.target for lane in structure.lanes}
    results: dict[ItemId, list[ItemId]] = {}
    boxes = {box.id for box in structure.boxes}
    for lane in structure.lanes:
        if lane.target in boxes:
            results.setdefault(lane.source, []).append(lane.target)
    order = [box.id for box in structure.boxes if box.id not in made]
    for circle in structure.circles:
        order += [circle.id, *results.get(circle.id, ())]
    order += [block.id for block in structure.blocks]
    return [item for item in dict.fromkeys(order) if item in new]


def _fits(item: ItemId, old: Sizes, new: Sizes) -> bool:
    """A tab that would say more waits with it until the run is over."""
    before, after = old.room(item), new.room(item)
    circles = old.anatomies[item], new.anatomies[item]
    if isinstance(circles[0], CircleAnatomy) and isinstance(circles[1], CircleAnatomy):
        same = circles[0].body.width() >= circles[1].body.width() - 1
        return same and after.height() <= before.height() + 1
    return after.width() <= before.width() + 1 and after.height() <= before.height() + 1
