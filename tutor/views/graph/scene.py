"""The scene: brought up to date by difference from a Picture, the one before it, and the progress between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from PySide6.QtCore import QObject, QPointF, QRectF, QTimer, Signal
from PySide6.QtWidgets import QGraphicsScene

from tutor.protocol import NodeId, TensorId
from tutor.trace.ghosts import with_kin
from tutor.trace.layout import Layout
from tutor.trace.picture import Callout, CircleState, ItemId, LaneId, Picture, Structure
from tutor.views.graph.block import BlockItem
from tutor.views.graph.box import BoxItem
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.ground import Ground
from tutor.views.graph.group_frame import FrameItem
from tutor.views.graph.index import Index
from tutor.views.graph.items import GraphItem
from tutor.views.graph.live import Live, Marks
from tutor.views.graph.lookup import lookup
from tutor.views.graph.motion import Frame, frame
from tutor.views.graph.movers import Movers
from tutor.views.graph.notes import CalloutItem, GradFnItem
from tutor.views.graph.paint import Inks
from tutor.views.graph.places import callout_place
from tutor.views.graph.pool import ItemPool, lane_places
from tutor.views.graph.routes import PlaceMaker
from tutor.views.graph.seeds import Seeds
from tutor.views.graph.sight import ALL_LIVE, Sight
from tutor.views.graph.sizes import Sizes
from tutor.views.theme import Palette

SLICE_SECONDS = 0.008
"""Places are found and items made for so long before the event loop gets its turn."""
_AT_ONCE = 60
_MOST_LANES = 150
"""Of so many lanes of one step each is drawn by itself, from afar too."""


@dataclass(frozen=True)
class _View:
    """What the window shows of the scene."""

    rect: QRectF = field(default_factory=QRectF)
    zoom: float = 1.0


class GraphScene(QGraphicsScene):
    """Draws one structure; a picture only changes what differs from the last."""

    built = Signal()
    """The structure's places are known and its items can be shown."""

    def __init__(self, palette: Palette, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.inks = Inks(palette)
        self.pool = ItemPool(self, self.inks)
        self.ground: Ground | None = None
        self.movers = Movers(self, self.inks)
        self.callout, self.grad_fn = CalloutItem(self.inks), GradFnItem(self.inks)
        self.seeds = Seeds(self, self.inks)
        self._live: Live | None = None
        self._sight: Sight | None = None
        """None of a small picture, of which all items are there all the time."""
        self._everything = False
        self._seen: Frame | None = None
        self._view = _View()
        self._callout_of: tuple[Callout, _View] | None = None
        self._selected: tuple[TensorId | None, ItemId | None] = (None, None)
        self._hovered: frozenset[ItemId] = frozenset()
        self._shown: tuple[Picture | None, Picture, float] | None = None
        self._resting = False
        self._work: Iterator[None] | None = None
        self._later = QTimer(self, interval=0)
        for item in (self.callout, self.grad_fn):
            self.addItem(item)
        self._later.timeout.connect(self._on_later_timeout)

    # structure

    def set_structure(self, structure: Structure, sizes: Sizes, layout: Layout) -> None:
        """Another structure; its places are found in slices when they are many. Equal places are kept."""
        self._shown = self.ground = self._live = self._sight = self._seen = None
        self._work = self._build(structure, sizes, layout)
        if len(sizes.anatomies) <= _AT_ONCE and len(structure.lanes) <= _AT_ONCE:
            self._finish()
        else:
            self._later.start()

    def show_all_items(self) -> None:
        """From the next structure on all items are there, at full detail however many they are: for export."""
        self._everything = True

    def _build(self, structure: Structure, sizes: Sizes, layout: Layout) -> Iterator[None]:
        maker = PlaceMaker(structure, sizes, layout)
        yield from maker.run()
        ground, names = Ground(structure, sizes, maker.result), dict[LaneId, str]()
        yield from lane_places(structure, names)
        self.pool.take(structure, sizes, ground.places, names)
        live = Live(self.pool, ground)
        few = len(ground.places.items) <= ALL_LIVE and len(structure.lanes) <= 4 * ALL_LIVE
        if few or self._everything:
            live.want((*ground.places.frames, *ground.places.items), names)
            while live.lacking:
                live.bring(0.0)
                yield
        else:
            index = Index()
            yield from index.fill(sizes, ground.places)
            self._sight = Sight(index)
        self.pool.settle()
        self.setSceneRect(ground.room())
        self.ground, self._live = ground, live

    def clear_structure(self) -> None:
        """Nothing to draw."""
        self._later.stop()
        self.pool.clear()
        self.ground = self._shown = self._work = self._live = self._sight = self._seen = None
        self.movers.hide()
        for item in (self.callout, self.grad_fn, *self.seeds.items):
            item.hide()

    @property
    def structure(self) -> Structure | None:
        """What is drawn; None while it is being built."""
        return self.ground.structure if self.ground is not None else None

    def set_view(self, rect: QRectF, zoom: float) -> None:
        """Which part will be in sight when the view has come to rest, and how large."""
        self._view = _View(rect, zoom)

    def look(self, rect: QRectF, zoom: float) -> None:
        """Which part is in sight now, and how large: of a large picture only its items are there."""
        if self._sight is not None and self._sight.look(rect, zoom):
            self._choose_items()

    @property
    def zoom(self) -> float:
        return self._view.zoom

    @property
    def building(self) -> bool:
        return self._work is not None

    def _finish(self) -> None:
        for _ in self._work or ():
            pass
        self._built()

    def _on_later_timeout(self) -> None:
        if self._work is None:
            self._bring()
            return
        end = perf_counter() + SLICE_SECONDS
        for _ in self._work:
            if perf_counter() > end:
                return
        self._built()

    def _built(self) -> None:
        self._later.stop()
        self._work = None
        self.built.emit()

    # picture

    def show_picture(
        self, before: Picture | None, picture: Picture, progress: float, *, resting: bool = False
    ) -> None:
        """The picture at this progress of its step; `resting` (the end of a run) fades nothing."""
        if self.ground is None or self._live is None or self.building:
            return
        self._shown = (before, picture, progress)
        self._resting = resting
        seen = self._seen = frame(before, picture, progress)
        self._choose_items()
        tensor, item = self._selected
        fade = seen.focus is not None and not resting
        self._live.show(seen, Marks(tensor, item, self._hovered, fade))
        self.movers.show(seen, self.ground)
        self.callout.set_progress(progress)
        self._show_notes(picture, seen, self.ground)

    def _choose_items(self) -> None:
        """Of a large picture: what is in sight, and what the step, the pointer and the choice are about."""
        if self._live is None or self._sight is None:
            return
        sight, seen = self._sight, self._seen
        items, lanes = list(self._pointed_items()), list[LaneId]()
        if seen is not None and self.ground is not None:
            items += [item for item in (*(seen.focus or ()), *seen.appearing) if self.ground.has(item)]
            lanes += [lane for lane in seen.focus_lanes if lane in sight.index.lanes.rows][:_MOST_LANES]
        self._live.want([*items, *sight.items], [*lanes, *sight.lanes])
        self._bring()

    def _pointed_items(self) -> Iterator[ItemId]:
        tensor, item = self._selected
        if self.ground is None:
            return
        tables = lookup(self.ground.structure)
        chosen = tables.boxes_of.get(tensor, []) if tensor is not None else []
        for found in (item, *chosen, *self._hovered):
            if found is not None and self.ground.has(found):
                yield found

    def _bring(self) -> None:
        """Some of the items that lack; the others in the next turns of the event loop."""
        if self._live is not None:
            self._live.bring(SLICE_SECONDS)
            self.pool.settle()
            if self._live.lacking:
                self._later.start()
                return
        self._later.stop()

    def _show_notes(self, picture: Picture, seen: Frame, ground: Ground) -> None:
        self.seeds.show(picture.seeds, ground)
        self._show_callout(picture, seen, ground)
        self._show_grad_fn(ground)

    def _show_callout(self, picture: Picture, seen: Frame, ground: Ground) -> None:
        callout = picture.callout
        if callout is None or not seen.callout or not ground.has(callout.item):
            self.callout.hide()
            return
        shown = (callout, self._view)
        if shown == self._callout_of and self.callout.isVisible():
            return
        self._callout_of = shown
        self.callout.magnified = max(1.0 / self._view.zoom, 1.0)
        view = self.sceneRect() if self._view.rect.isEmpty() else self._view.rect
        crowd = ground.crowd(picture, seen, view.united(ground.anchor(callout.item)))
        size = self.callout.size_for(callout, view.size())
        rect = callout_place(size, ground.anchor(callout.item), crowd, view.adjusted(6, 6, -6, -6))
        body, parts = ground.body(callout.item), ground.lower_parts(callout.item)
        if callout.item in picture.circles:
            self.callout.show_at(callout, rect, body, _working(picture.circles[callout.item], parts))
        else:
            self.callout.show_at(callout, rect, None, [body, *parts])

    def _show_grad_fn(self, ground: Ground) -> None:
        """The dotted line of the selected tensor, when the node that made it is in sight."""
        tensor, _item = self._selected
        found = self._maker(tensor, ground) if tensor is not None else None
        if found is None:
            self.grad_fn.hide()
            return
        box, ring, node = found
        tab = ring.tab_of(node).translated(ring.pos())
        self.grad_fn.join(ground.body(box), tab, down=ground.sizes.down)

    def _maker(self, tensor: TensorId, ground: Ground) -> tuple[ItemId, CircleItem, NodeId] | None:
        """The tensor's box, and its grad_fn as it is in this step: a write in place makes another one of it."""
        tables = lookup(ground.structure)
        for item in tables.boxes_of.get(tensor, ()):
            state = self._seen.boxes.get(item) if self._seen is not None else None
            node = state.grad_fn if state is not None and state.present else None
            circle = tables.circle_of.get(node) if node is not None else None
            ring = self.item(circle) if circle is not None else None
            if node is not None and isinstance(ring, CircleItem) and ring.isVisible():
                return item, ring, node
        return None

    # what is pointed at

    def select(self, tensor: TensorId | None, item: ItemId | None) -> None:
        if (tensor, item) != self._selected:
            self._selected = (tensor, item)
            self._again()

    def hover(self, items: frozenset[ItemId]) -> None:
        if self.structure is not None:
            items = with_kin(self.structure, items)
        if items != self._hovered:
            self._hovered = items
            self.movers.threads.light(items)
            self._again()

    def _again(self) -> None:
        if self._shown is not None:
            self.show_picture(*self._shown, resting=self._resting)

    # looks

    def apply_theme(self, palette: Palette) -> None:
        self.inks = Inks(palette)
        self.pool.set_inks(self.inks)
        self.movers.set_inks(self.inks)
        self.seeds.set_inks(self.inks)
        for item in (self.callout, self.grad_fn):
            item.set_inks(self.inks)
        self.setBackgroundBrush(self.inks.ground)

    def item_id(self, item: GraphItem | None) -> ItemId | None:
        """The name of a box, a circle or a group; of a lane none."""
        if isinstance(item, BoxItem):
            return item.box.ghost_of or item.box.id
        if isinstance(item, BlockItem):
            return item.block.id
        if isinstance(item, FrameItem):
            return item.frame.id
        return item.circle.id if isinstance(item, CircleItem) else None

    def focus_rects(self, picture: Picture) -> tuple[QRectF, QRectF]:
        """What the eye should see in this step: all of it, and at least the item that works."""
        if self.ground is None or self.building:
            return QRectF(), QRectF()
        rect = QRectF()
        seen = frame(None, picture, 1.0)
        for item in seen.focus or ():
            rect = rect.united(self.item_rect(item))
        return rect, self.item_rect(seen.working) if seen.working is not None else rect

    def present_rects(self, picture: Picture) -> list[QRectF]:
        """Where the items stand that are there in this step; of a large picture those about the step.

        Circles after boxes, the last one made as the last.
        """
        there = (
            item
            for found in (picture.boxes, picture.blocks, picture.circles)
            for item, state in found.items()
            if state.present
        )
        if self._sight is None:
            return [self.item_rect(item) for item in there]
        made = (circle.id for circle in reversed(picture.structure.circles))
        last = next(
            (item for item in made if item in picture.circles and picture.circles[item].present), None
        )
        centre = self.item_rect(picture.motion.item or last or next(there, ItemId(""))).center()
        size = self._view.rect.size() * 2
        about = QRectF(QPointF(), size)
        about.moveCenter(centre)
        near = [item for item in self._sight.index.items.meeting(about) if item != last]
        if last is not None:
            near.append(last)
        return [self.item_rect(item) for item in near if self._is_there(item, picture)]

    def _is_there(self, item: ItemId, picture: Picture) -> bool:
        state = picture.boxes.get(item) or picture.circles.get(item) or picture.blocks.get(item)
        return state is not None and state.present

    def item(self, item: ItemId) -> GraphItem | None:
        """The box, circle, block or frame of this name, which stands for it until the next picture at least."""
        if self._live is not None and self._sight is not None:
            self._live.need(item)
        return self.pool.node(item)

    def reveal(self, place: QPointF) -> None:
        """Of a picture seen from afar: what lies at this place becomes an item that can be pointed at."""
        if self._live is None or self._sight is None or self._sight.near:
            return
        found = [item for item in self._sight.index.items.at(place) if self.item_rect(item).contains(place)]
        for item in found:
            self._live.need(item)

    def item_rect(self, item: ItemId) -> QRectF:
        return self.ground.anchor(item) if self.ground is not None and self.ground.has(item) else QRectF()

    def covering(self, item: ItemId | None) -> frozenset[str]:
        """What covering the box by hand covers: its value and its gradient."""
        if item is None or self.ground is None:
            return frozenset()
        box = lookup(self.ground.structure).boxes.get(item)
        return frozenset((box.name, f"{box.name}.grad")) if box is not None and box.name else frozenset()

    def neighbour(self, item: ItemId | None, dx: int, dy: int) -> ItemId | None:
        """The nearest visible item in this direction; the first one when none is chosen."""
        if self.ground is None or self._shown is None:
            return None
        picture, places = self._shown[1], self.ground.places.items
        seen = {name: at for name, at in places.items() if self._is_there(name, picture)}
        if item not in seen:
            return min(seen, key=lambda name: (seen[name].x(), seen[name].y()), default=None)
        here = seen[item]
        ahead: dict[ItemId, float] = {}
        for name, at in seen.items():
            along = (at.x() - here.x()) * dx + (at.y() - here.y()) * dy
            aside = abs((at.x() - here.x()) * dy) + abs((at.y() - here.y()) * dx)
            if along > 1.0 and name != item:
                ahead[name] = along + 2 * aside
        return min(ahead, key=lambda name: ahead[name], default=None)


def _working(state: CircleState, tabs: list[QRectF]) -> list[QRectF]:
    """Of a circle's tabs those that run now; where none does, all."""
    running = [
        rect for tab, rect in zip(state.tabs, tabs, strict=False) if tab.phase in ("running", "failed")
    ]
    return running or tabs
