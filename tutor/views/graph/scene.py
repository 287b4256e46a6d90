"""The scene: brought up to date by difference from a Picture, the one before it, and the progress between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

from PySide6.QtCore import QObject, QRectF, QTimer, Signal
from PySide6.QtWidgets import QGraphicsScene

from tutor.protocol import NodeId, TensorId
from tutor.trace.ghosts import with_kin
from tutor.trace.layout import Layout
from tutor.trace.picture import Callout, CircleState, ItemId, LaneState, Picture, Structure
from tutor.views.graph.box import BoxItem
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.ground import Ground
from tutor.views.graph.items import FADED, GraphItem, Look
from tutor.views.graph.motion import STILL, Frame, frame
from tutor.views.graph.movers import Movers
from tutor.views.graph.notes import CalloutItem, GradFnItem
from tutor.views.graph.paint import Inks
from tutor.views.graph.places import callout_place
from tutor.views.graph.pool import ItemPool
from tutor.views.graph.routes import PlaceMaker
from tutor.views.graph.seeds import Seeds
from tutor.views.graph.sizes import Sizes
from tutor.views.theme import Palette

SLICE_SECONDS = 0.010
"""Items are made for so long before the event loop gets its turn."""
_AT_ONCE = 60
_GONE = LaneState(present=False, laid=False)
_NO_CIRCLE = CircleState(present=False)


@dataclass(frozen=True)
class _View:
    """What the window shows of the scene."""

    rect: QRectF = field(default_factory=QRectF)
    zoom: float = 1.0


class GraphScene(QGraphicsScene):
    """Draws one structure; a picture only changes what differs from the last."""

    built = Signal()
    """All items of the structure are there."""

    def __init__(self, palette: Palette, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.inks = Inks(palette)
        self.pool = ItemPool(self, self.inks)
        self.ground: Ground | None = None
        self.movers = Movers(self, self.inks)
        self.callout, self.grad_fn = CalloutItem(self.inks), GradFnItem(self.inks)
        self.seeds = Seeds(self, self.inks)
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
        """Another structure; its items are made in slices when they are many. Equal places are kept."""
        self._shown = self.ground = None
        self._work = self._build(structure, sizes, layout)
        if len(sizes.anatomies) <= _AT_ONCE:
            self._finish()
        else:
            self._later.start()

    def _build(self, structure: Structure, sizes: Sizes, layout: Layout) -> Iterator[None]:
        maker = PlaceMaker(structure, sizes, layout)
        yield from maker.run()
        ground = Ground(structure, sizes, maker.result)
        yield from self.pool.build(structure, sizes, ground.places)
        self.ground = ground
        self.setSceneRect(ground.room())

    def clear_structure(self) -> None:
        """Nothing to draw."""
        self._later.stop()
        self.pool.clear()
        self.ground = self._shown = self._work = None
        self.movers.hide()
        for item in (self.callout, self.grad_fn, *self.seeds.items):
            item.hide()

    @property
    def structure(self) -> Structure | None:
        """What is drawn; None while it is being built."""
        return self.ground.structure if self.ground is not None else None

    def set_view(self, rect: QRectF, zoom: float) -> None:
        """Which part is in sight, and how large."""
        self._view = _View(rect, zoom)

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
        end = perf_counter() + SLICE_SECONDS
        for _ in self._work or ():
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
        if self.ground is None or self.building:
            return
        self._shown = (before, picture, progress)
        self._resting = resting
        seen = frame(before, picture, progress)
        self._show_nodes(seen, self.ground)
        self._show_lanes(picture.structure, seen)
        self.movers.show(seen, self.ground)
        self._show_looks(seen, resting=resting)
        self.callout.set_progress(progress)
        self._show_notes(picture, seen, self.ground)

    def _show_nodes(self, seen: Frame, ground: Ground) -> None:
        for item, box in self.pool.boxes.items():
            if item in seen.boxes:
                box.set_state(seen.boxes[item])
        for item, circle in self.pool.circles.items():
            state = seen.circles.get(item, _NO_CIRCLE)
            circle.set_state(state)
            self._show_result(item, state, ground)
        self._show_bands(seen)

    def _show_bands(self, seen: Frame) -> None:
        """A band appears with the first of its items, the line of a shared memory with the second box."""
        there = {item for item, box in self.pool.boxes.items() if box.isVisible()}
        there |= {item for item, circle in self.pool.circles.items() if circle.isVisible()}
        for band in self.pool.bands:
            inside = [seen.appearing.get(item, 1.0) for item in band.band.zone.items if item in there]
            band.setVisible(bool(inside))
            band.setOpacity(max(inside, default=1.0))
        for line in self.pool.twins:
            ends = {line.twins.one, line.twins.other}
            line.setVisible(ends <= there)
            line.setOpacity(min(seen.appearing.get(item, 1.0) for item in ends))

    def _show_result(self, item: ItemId, state: CircleState, ground: Ground) -> None:
        chip = self.pool.results[item]
        chip.set_shown(state.result if state.present else None)
        if state.result is not None:
            body = ground.body(item)
            room = chip.boundingRect()
            if ground.sizes.down:
                chip.setPos(body.center().x(), body.bottom() + 8 + room.height() / 2)
            else:
                chip.setPos(body.right() + 10 + room.width() / 2, body.center().y())

    def _show_lanes(self, structure: Structure, seen: Frame) -> None:
        for lane in structure.lanes:
            state = seen.lane_states.get(lane.id, _GONE)
            moving = seen.lanes.get(lane.id, STILL)
            self.pool.lanes[lane.id].set_state(state, moving)
            if lane.id in self.pool.value_chips:
                shown = state.value if state.present and moving.value_chip else None
                self.pool.value_chips[lane.id].set_shown(shown)
            if lane.id in self.pool.gradient_chips:
                back = state.gradient if state.present and moving.gradient_chip else None
                self.pool.gradient_chips[lane.id].set_shown(back)

    def _show_looks(self, seen: Frame, *, resting: bool) -> None:
        """Fades what is not in the step, and marks what works, is selected, or pointed at."""
        fade = seen.focus is not None and not resting
        tensor, chosen = self._selected
        for item, box in self.pool.boxes.items():
            picked = item == chosen or (tensor is not None and box.box.tensor == tensor)
            box.set_look(self._look(item, seen, picked=picked, fade=fade))
        for item, circle in self.pool.circles.items():
            circle.set_look(self._look(item, seen, picked=item == chosen, fade=fade))
        for lane, line in self.pool.lanes.items():
            look = Look(opacity=FADED if fade and lane not in seen.focus_lanes else 1.0)
            for shown in (line, self.pool.value_chips.get(lane), self.pool.gradient_chips.get(lane)):
                if shown is not None:
                    shown.set_look(look)

    def _look(self, item: ItemId, seen: Frame, *, picked: bool, fade: bool) -> Look:
        hovered = item in self._hovered
        inside = seen.focus is None or item in seen.focus
        opacity = FADED if fade and not (inside or hovered or picked) else 1.0
        return Look(
            opacity=opacity * seen.appearing.get(item, 1.0),
            working=item == seen.working,
            outline=seen.outline,
            glowing=item in seen.glowing,
            selected=picked,
            hovered=hovered,
        )

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
        if callout.item in self.pool.circles:
            self.callout.show_at(callout, rect, body, _working(picture.circles[callout.item], parts))
        else:
            self.callout.show_at(callout, rect, None, [body, *parts])

    def _show_grad_fn(self, ground: Ground) -> None:
        """The dotted line of the selected tensor, when the node that made it is in sight."""
        tensor, _item = self._selected
        found = self._maker(tensor) if tensor is not None else None
        if found is None:
            self.grad_fn.hide()
            return
        box, ring, node = found
        tab = ring.tab_of(node).translated(ring.pos())
        self.grad_fn.join(ground.body(box), tab, down=ground.sizes.down)

    def _maker(self, tensor: TensorId) -> tuple[ItemId, CircleItem, NodeId] | None:
        """The tensor's box, and its grad_fn as it is in this step: a write in place makes another one of it."""
        for item, box in self.pool.boxes.items():
            node = box.state.grad_fn if box.state is not None and box.state.present else None
            if node is None or box.box.tensor != tensor:
                continue
            for ring in self.pool.circles.values():
                if ring.isVisible() and any(tab.node == node for tab in ring.circle.tabs):
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
        """The name of a box or circle; of a lane none."""
        if isinstance(item, BoxItem):
            return item.box.ghost_of or item.box.id
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
        """Where the items stand that are there in this step."""
        boxes = [item for item, box in picture.boxes.items() if box.present]
        circles = [item for item, circle in picture.circles.items() if circle.present]
        return [self.item_rect(item) for item in (*boxes, *circles)]

    def item(self, item: ItemId) -> GraphItem | None:
        """The box or circle of this name."""
        return self.pool.boxes.get(item) or self.pool.circles.get(item)

    def item_rect(self, item: ItemId) -> QRectF:
        return self.ground.anchor(item) if self.ground is not None and self.ground.has(item) else QRectF()

    def covering(self, item: ItemId | None) -> frozenset[str]:
        """What covering the box by hand covers: its value and its gradient."""
        box = self.pool.boxes.get(item) if item is not None else None
        return (
            frozenset((box.box.name, f"{box.box.name}.grad"))
            if box is not None and box.box.name
            else frozenset()
        )

    def neighbour(self, item: ItemId | None, dx: int, dy: int) -> ItemId | None:
        """The nearest visible item in this direction; the first one when none is chosen."""
        if self.ground is None:
            return None
        places = self.ground.places.items
        seen = {name: at for name, at in places.items() if (found := self.item(name)) and found.isVisible()}
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
