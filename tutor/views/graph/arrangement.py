"""Which sizes and layout a structure is drawn with: equal structures of a run share them, so that nothing moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tutor.trace.layout import Layout, layout
from tutor.trace.picture import ItemId, LaneId, Structure
from tutor.views.graph.sizes import Anatomy, Sizes, room_for

_KEPT = 32


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A structure's sizes, and its layout once there is one."""

    structure: Structure
    sizes: Sizes
    layout: Layout


class Arrangements:
    """The newest arrangement of each signature in each direction."""

    def __init__(self) -> None:
        self._by_signature: dict[tuple[bool, str], Arrangement] = {}

    def forget(self) -> None:
        self._by_signature.clear()

    def keep(self, arrangement: Arrangement) -> None:
        signature = _signature(arrangement.structure, arrangement.sizes)
        self._by_signature.pop(signature, None)
        self._by_signature[signature] = arrangement
        while len(self._by_signature) > _KEPT:
            del self._by_signature[next(iter(self._by_signature))]

    def reuse(self, structure: Structure, sizes: Sizes) -> Arrangement | None:
        """The kept arrangement under this structure's names; None when there is none, or a text needs more room."""
        kept = self._by_signature.get(_signature(structure, sizes))
        if kept is None or not _fits(structure, sizes, kept):
            return None
        return renamed(kept, structure)

    def made(self, structure: Structure, sizes: Sizes) -> Arrangement:
        """The kept arrangement, else one that is laid out at once."""
        found = self.reuse(structure, sizes)
        if found is None:
            sizes = self.grown(structure, sizes)
            found = Arrangement(structure, sizes, layout(structure, sizes.order()))
            self.keep(found)
        return found

    def grown(self, structure: Structure, sizes: Sizes) -> Sizes:
        """The sizes, no item smaller than in the kept arrangement."""
        kept = self._by_signature.get(_signature(structure, sizes))
        if kept is None:
            return sizes
        old = renamed(kept, structure).sizes
        anatomies = {item: _larger(anatomy, old.anatomies[item]) for item, anatomy in sizes.anatomies.items()}
        chips = {lane: _both(size, old.chips[lane]) for lane, size in sizes.chips.items()}
        pads = {item: max(sizes.pads.get(item, 0.0), old.pads.get(item, 0.0)) for item in anatomies}
        return replace(sizes, anatomies=anatomies, chips=chips, pads=pads)


def renamed(kept: Arrangement, structure: Structure) -> Arrangement:
    """The same places and sizes under the names of an equal structure."""
    if kept.structure is structure:
        return kept
    items = _item_names(kept.structure, structure)
    lanes = _lane_names(kept.structure, structure)
    sizes = Sizes(
        {items[item]: anatomy for item, anatomy in kept.sizes.anatomies.items()},
        {lanes[lane]: size for lane, size in kept.sizes.chips.items()},
        {items[item]: pad for item, pad in kept.sizes.pads.items()},
        kept.sizes.down,
        {
            after.id: kept.sizes.titles.get(before.id, 0.0)
            for before, after in zip(kept.structure.frames, structure.frames, strict=True)
        },
    )
    layout = Layout(
        positions={items[item]: point for item, point in kept.layout.positions.items()},
        routes={lanes[lane]: route for lane, route in kept.layout.routes.items() if lane in lanes},
        width=kept.layout.width,
        height=kept.layout.height,
        frames={
            after.id: kept.layout.frames[before.id]
            for before, after in zip(kept.structure.frames, structure.frames, strict=True)
        },
    )
    return Arrangement(structure, sizes, layout)


def _signature(structure: Structure, sizes: Sizes) -> tuple[bool, str]:
    return sizes.down, structure.signature or "\n".join(
        [
            *(box.id for box in structure.boxes),
            *(circle.id for circle in structure.circles),
            *(group.id for group in (*structure.blocks, *structure.frames)),
            *(lane.id for lane in structure.lanes),
        ]
    )


def _item_names(old: Structure, new: Structure) -> dict[ItemId, ItemId]:
    by_place = {new.keys.get(item, item): item for item in _items(new)}
    return {item: by_place[old.keys.get(item, item)] for item in _items(old)}


def _lane_names(old: Structure, new: Structure) -> dict[LaneId, LaneId]:
    """Equal structures list their lanes in the same order."""
    return {before.id: after.id for before, after in zip(old.lanes, new.lanes, strict=True)}


def _items(structure: Structure) -> list[ItemId]:
    boxes, circles, blocks = structure.boxes, structure.circles, structure.blocks
    return [*(box.id for box in boxes), *(circle.id for circle in circles), *(block.id for block in blocks)]


def _fits(structure: Structure, sizes: Sizes, kept: Arrangement) -> bool:
    old = renamed(kept, structure).sizes
    return all(
        _inside(anatomy, old.anatomies[item]) and sizes.pads.get(item, 0.0) <= old.pads.get(item, 0.0)
        for item, anatomy in sizes.anatomies.items()
    )


def _inside(small: Anatomy, large: Anatomy) -> bool:
    a, b = room_for(small), room_for(large)
    return a.width() <= b.width() + 0.5 and a.height() <= b.height() + 0.5


def _both(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return max(one[0], other[0]), max(one[1], other[1])


def _larger(one: Anatomy, other: Anatomy) -> Anatomy:
    return one if _inside(other, one) else other
