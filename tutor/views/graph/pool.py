"""The canvas's items, pooled: they exist for what is near, and stand for another thing when their own goes out of sight.

Equal structures of two iterations use the same items for equal places, and nothing moves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import TypeVar

from PySide6.QtWidgets import QGraphicsScene

from tutor.trace.picture import Box, Circle, Group, ItemId, Lane, LaneId, Structure
from tutor.views.graph.block import BlockItem
from tutor.views.graph.blocks import BlockAnatomy
from tutor.views.graph.box import BoxItem
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.group_frame import FrameItem
from tutor.views.graph.items import GraphItem
from tutor.views.graph.lanes import ChipItem, LaneItem
from tutor.views.graph.lookup import lookup
from tutor.views.graph.notes import SameMemoryItem, ZoneItem
from tutor.views.graph.paint import Inks
from tutor.views.graph.routes import Places
from tutor.views.graph.sizes import BoxAnatomy, CircleAnatomy, Sizes

_MOST_SPARE = 300
"""Of each kind so many items wait to stand for something again."""

_Item = TypeVar("_Item", bound=GraphItem)


class ItemPool:
    """Owns the scene's items. After `take` of a structure nothing stands for anything until it is added."""

    def __init__(self, scene: QGraphicsScene, inks: Inks) -> None:
        self.inks = inks
        self.boxes: dict[ItemId, BoxItem] = {}
        self.circles: dict[ItemId, CircleItem] = {}
        self.blocks: dict[ItemId, BlockItem] = {}
        self.frames: dict[ItemId, FrameItem] = {}
        self.lanes: dict[LaneId, LaneItem] = {}
        self.value_chips: dict[LaneId, ChipItem] = {}
        self.gradient_chips: dict[LaneId, ChipItem] = {}
        self.results: dict[ItemId, ChipItem] = {}
        """What an operation has computed, until a lane or a box shows it."""
        self.bands: list[ZoneItem] = []
        self.twins: list[SameMemoryItem] = []
        self._scene = scene
        self._stock: dict[str, GraphItem] = {}
        self._before: dict[str, GraphItem] = {}
        """What stood at these places in the structure before."""
        self._spare: defaultdict[str, list[GraphItem]] = defaultdict(list)
        """Hidden ones, by kind: the first letter of the names of their places."""
        self._structure: Structure | None = None
        self._sizes: Sizes | None = None
        self._places: Places | None = None
        self._lane_names: dict[LaneId, str] = {}

    def items(self) -> Iterator[GraphItem]:
        yield from self._stock.values()
        yield from (item for spare in self._spare.values() for item in spare)
        yield from self.bands
        yield from self.twins

    def named(self) -> Iterator[tuple[str, GraphItem]]:
        """Nodes, lanes and chips with the names of their places."""
        yield from self._stock.items()

    def set_inks(self, inks: Inks) -> None:
        self.inks = inks
        for item in self.items():
            item.set_inks(inks)

    def clear(self) -> None:
        self._forget()
        self._structure = self._sizes = self._places = None
        for item in (*self._before.values(), *(item for spare in self._spare.values() for item in spare)):
            self._scene.removeItem(item)
        self._before.clear()
        self._spare.clear()
        self._drop_bands()

    # another structure

    def take(self, structure: Structure, sizes: Sizes, places: Places, names: dict[LaneId, str]) -> None:
        """What stands at a place that is in the new structure too will stand there again. `names`: `lane_places`."""
        self._forget()
        self._structure, self._sizes, self._places, self._lane_names = structure, sizes, places, names
        self._drop_bands()
        self._add_bands(places)

    def settle(self) -> None:
        """All that is wanted was added: what else stood in the structure before is spare."""
        before, self._before = self._before, {}
        for name, item in before.items():
            self._put_aside(name, item)

    def _forget(self) -> None:
        self.settle()
        self._before, self._stock = self._stock, {}
        for known in (self.boxes, self.circles, self.blocks, self.frames, self.results):
            known.clear()
        for known_lanes in (self.lanes, self.value_chips, self.gradient_chips):
            known_lanes.clear()

    # what stands for what

    def node(self, item: ItemId) -> GraphItem | None:
        """What stands for a box, a circle or a group."""
        found = self.boxes.get(item) or self.circles.get(item) or self.blocks.get(item)
        return found or self.frames.get(item)

    def has_item(self, item: ItemId) -> bool:
        return item in self.boxes or item in self.circles or item in self.blocks or item in self.frames

    def add_item(self, item: ItemId) -> None:
        """The box, circle, block or frame stands where it belongs, in no state yet."""
        if self._structure is None:
            return
        tables = lookup(self._structure)
        if item in tables.boxes:
            self._add_box(tables.boxes[item])
        elif item in tables.circles:
            self._add_circle(tables.circles[item])
        elif item in tables.blocks:
            self._add_block(tables.blocks[item])
        elif item in tables.frames:
            self._add_frame(tables.frames[item])

    def drop_item(self, item: ItemId) -> None:
        if self._structure is None:
            return
        place = _place(self._structure, item)
        for known in (self.boxes, self.circles, self.blocks, self.frames, self.results):
            known.pop(item, None)
        for kind in "bcrkf":
            self._drop(f"{kind} {place}")

    def add_lane(self, lane: LaneId) -> None:
        """The lane lies where it belongs with its chips, in no state yet."""
        if self._structure is None or self._places is None:
            return
        name, places = self._lane_names[lane], self._places
        item = self._take(f"l {name}", LaneItem, LaneItem)
        item.bind(lookup(self._structure).lanes[lane], places.lanes[lane])
        self.lanes[lane] = item
        if lane in places.value_chips:
            chip = self._take(f"v {name}", ChipItem, _value_chip)
            chip.setPos(places.value_chips[lane])
            self.value_chips[lane] = chip
        if lane in places.gradient_chips:
            chip = self._take(f"g {name}", ChipItem, _gradient_chip)
            chip.setPos(places.gradient_chips[lane])
            self.gradient_chips[lane] = chip

    def drop_lane(self, lane: LaneId) -> None:
        for known in (self.lanes, self.value_chips, self.gradient_chips):
            known.pop(lane, None)
        for kind in "lvg":
            self._drop(f"{kind} {self._lane_names[lane]}")

    def _add_box(self, box: Box) -> None:
        assert self._structure is not None and self._sizes is not None and self._places is not None
        anatomy = self._sizes.anatomies[box.id]
        assert isinstance(anatomy, BoxAnatomy)
        item = self._take(f"b {_place(self._structure, box.id)}", BoxItem, BoxItem)
        item.bind(box, anatomy)
        item.setPos(self._places.items[box.id])
        self.boxes[box.id] = item

    def _add_circle(self, circle: Circle) -> None:
        assert self._structure is not None and self._sizes is not None and self._places is not None
        anatomy = self._sizes.anatomies[circle.id]
        assert isinstance(anatomy, CircleAnatomy)
        place = _place(self._structure, circle.id)
        item = self._take(f"c {place}", CircleItem, CircleItem)
        item.bind(circle, anatomy)
        item.setPos(self._places.items[circle.id])
        self.circles[circle.id] = item
        self.results[circle.id] = self._take(f"r {place}", ChipItem, _value_chip)

    def _add_block(self, block: Group) -> None:
        assert self._structure is not None and self._sizes is not None and self._places is not None
        anatomy = self._sizes.anatomies[block.id]
        assert isinstance(anatomy, BlockAnatomy)
        item = self._take(f"k {_place(self._structure, block.id)}", BlockItem, BlockItem)
        item.bind(block, anatomy)
        item.setPos(self._places.items[block.id])
        self.blocks[block.id] = item

    def _add_frame(self, frame: Group) -> None:
        assert self._places is not None
        item = self._take(f"f {frame.id}", FrameItem, FrameItem)
        item.bind(frame, self._places.frames[frame.id])
        self.frames[frame.id] = item

    def _take(self, name: str, kind: type[_Item], make: Callable[[Inks], _Item]) -> _Item:
        """The one that stood there, a spare one, or a new one."""
        found = self._before.pop(name, None)
        if found is None and self._spare[name[0]]:
            found = self._spare[name[0]].pop()
        if not isinstance(found, kind):
            found = make(self.inks)
            found.hide()
            self._scene.addItem(found)
        self._stock[name] = found
        return found

    def _drop(self, name: str) -> None:
        item = self._stock.pop(name, None)
        if item is not None:
            self._put_aside(name, item)

    def _put_aside(self, name: str, item: GraphItem) -> None:
        spare = self._spare[name[0]]
        if len(spare) >= _MOST_SPARE:
            self._scene.removeItem(item)
            return
        item.rest()
        spare.append(item)

    # bands

    def _drop_bands(self) -> None:
        for item in (*self.bands, *self.twins):
            self._scene.removeItem(item)
        self.bands.clear()
        self.twins.clear()

    def _add_bands(self, places: Places) -> None:
        self.bands += [ZoneItem(self.inks, band) for band in places.bands]
        self.twins += [SameMemoryItem(self.inks, twins) for twins in places.twins]
        for item in (*self.bands, *self.twins):
            self._scene.addItem(item)


def _value_chip(inks: Inks) -> ChipItem:
    return ChipItem(inks, gradient=False)


def _gradient_chip(inks: Inks) -> ChipItem:
    return ChipItem(inks, gradient=True)


def _place(structure: Structure, item: ItemId) -> str:
    return structure.keys.get(item, item)


def lane_places(structure: Structure, names: dict[LaneId, str]) -> Iterator[None]:
    """Adds names of lanes by the places that they join, one a turn; several between the same two are numbered."""
    seen: Counter[str] = Counter()
    for lane in structure.lanes:
        name = _lane_name(structure, lane)
        names[lane.id] = f"{name} {seen[name]}"
        seen[name] += 1
        yield


def _lane_name(structure: Structure, lane: Lane) -> str:
    return f"{_place(structure, lane.source)} > {_place(structure, lane.target)} : {lane.slot}"
