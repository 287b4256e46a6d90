"""The items of a structure, pooled by place: equal structures of two iterations use the same items, and nothing moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

from PySide6.QtWidgets import QGraphicsScene

from tutor.trace.picture import ItemId, Lane, LaneId, Structure
from tutor.views.graph.box import BoxItem
from tutor.views.graph.circle import CircleItem
from tutor.views.graph.items import GraphItem
from tutor.views.graph.lanes import ChipItem, LaneItem
from tutor.views.graph.notes import SameMemoryItem, ZoneItem
from tutor.views.graph.paint import Inks
from tutor.views.graph.routes import Places
from tutor.views.graph.sizes import BoxAnatomy, CircleAnatomy, Sizes

_Item = TypeVar("_Item", bound=GraphItem)


class ItemPool:
    """Owns the scene's items; `build` makes those that lack, one a turn, and removes what is left over."""

    def __init__(self, scene: QGraphicsScene, inks: Inks) -> None:
        self.inks = inks
        self.boxes: dict[ItemId, BoxItem] = {}
        self.circles: dict[ItemId, CircleItem] = {}
        self.lanes: dict[LaneId, LaneItem] = {}
        self.value_chips: dict[LaneId, ChipItem] = {}
        self.gradient_chips: dict[LaneId, ChipItem] = {}
        self.results: dict[ItemId, ChipItem] = {}
        """What an operation has computed, until a lane or a box shows it."""
        self.bands: list[ZoneItem] = []
        self.twins: list[SameMemoryItem] = []
        self._scene = scene
        self._stock: dict[str, GraphItem] = {}

    def items(self) -> Iterator[GraphItem]:
        yield from self._stock.values()
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
        self._keep({})
        self._drop_bands()

    def build(self, structure: Structure, sizes: Sizes, places: Places) -> Iterator[None]:
        """Yields after each item, so that a large structure is made in slices."""
        self._forget()
        kept: dict[str, GraphItem] = {}
        for step in (self._build_nodes, self._build_lanes):
            yield from step(structure, sizes, places, kept)
        self._keep(kept)
        self._drop_bands()
        self._add_bands(places)

    def _build_nodes(
        self, structure: Structure, sizes: Sizes, places: Places, kept: dict[str, GraphItem]
    ) -> Iterator[None]:
        for box in structure.boxes:
            anatomy = sizes.anatomies[box.id]
            assert isinstance(anatomy, BoxAnatomy)
            item = self._take(f"b {_place(structure, box.id)}", BoxItem, BoxItem, kept)
            item.bind(box, anatomy)
            item.setPos(places.items[box.id])
            self.boxes[box.id] = item
            yield
        for circle in structure.circles:
            rooms = sizes.anatomies[circle.id]
            assert isinstance(rooms, CircleAnatomy)
            ring = self._take(f"c {_place(structure, circle.id)}", CircleItem, CircleItem, kept)
            ring.bind(circle, rooms)
            ring.setPos(places.items[circle.id])
            self.circles[circle.id] = ring
            self.results[circle.id] = self._take(
                f"r {_place(structure, circle.id)}", ChipItem, _value_chip, kept
            )
            yield

    def _build_lanes(
        self, structure: Structure, sizes: Sizes, places: Places, kept: dict[str, GraphItem]
    ) -> Iterator[None]:
        names = _lane_places(structure)
        for lane in structure.lanes:
            name = names[lane.id]
            item = self._take(f"l {name}", LaneItem, LaneItem, kept)
            item.bind(lane, places.lanes[lane.id])
            self.lanes[lane.id] = item
            if lane.id in places.value_chips:
                chip = self._take(f"v {name}", ChipItem, _value_chip, kept)
                chip.setPos(places.value_chips[lane.id])
                self.value_chips[lane.id] = chip
            if lane.id in places.gradient_chips:
                chip = self._take(f"g {name}", ChipItem, _gradient_chip, kept)
                chip.setPos(places.gradient_chips[lane.id])
                self.gradient_chips[lane.id] = chip
            yield

    def _take(
        self, name: str, kind: type[_Item], make: Callable[[Inks], _Item], kept: dict[str, GraphItem]
    ) -> _Item:
        found = self._stock.get(name)
        if not isinstance(found, kind):
            found = make(self.inks)
            found.hide()
            self._scene.addItem(found)
            self._stock[name] = found
        kept[name] = found
        return found

    def _forget(self) -> None:
        for known in (
            self.boxes,
            self.circles,
            self.lanes,
            self.value_chips,
            self.gradient_chips,
            self.results,
        ):
            known.clear()

    def _keep(self, kept: dict[str, GraphItem]) -> None:
        for name, item in self._stock.items():
            if name not in kept:
                self._scene.removeItem(item)
        self._stock = kept

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


def _lane_places(structure: Structure) -> dict[LaneId, str]:
    """Names of lanes by the places that they join; several between the same two are numbered."""
    seen: Counter[str] = Counter()
    names = {}
    for lane in structure.lanes:
        name = _lane_name(structure, lane)
        names[lane.id] = f"{name} {seen[name]}"
        seen[name] += 1
    return names


def _lane_name(structure: Structure, lane: Lane) -> str:
    return f"{_place(structure, lane.source)} > {_place(structure, lane.target)} : {lane.slot}"
