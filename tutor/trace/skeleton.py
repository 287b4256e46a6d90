"""What a layout needs to know of a structure: names, lanes and open groups, without all that is drawn in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tutor.trace.picture import Group, ItemId, LaneId, Structure, whole_of


class Bone(NamedTuple):
    """A lane."""

    id: LaneId
    source: ItemId
    target: ItemId
    origin: int
    """What it comes from in the unfolded structure, by age; 0 where there are no frames."""
    returns: bool


class Open(NamedTuple):
    """A group with a frame around its items, and the one around it."""

    id: ItemId
    parent: ItemId | None
    depth: int
    items: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Everything named in the order in which it was made, which opening and closing groups does not change."""

    order: tuple[ItemId, ...] = ()
    """Items and open groups: boxes before circles; a group is as old as its first circle."""
    frames: tuple[Open, ...] = ()
    lanes: tuple[Bone, ...] = ()
    banded: frozenset[ItemId] = frozenset()
    """Items on a band."""
    held: tuple[tuple[ItemId, int], ...] = ()
    """How many items each closed group stands for."""


def skeleton(structure: Structure) -> Skeleton:
    return Skeleton(
        order=order_of(structure),
        frames=frames_of(structure),
        lanes=tuple(bones_of(structure)),
        banded=banded_in(structure),
        held=held_in(structure),
    )


def order_of(structure: Structure) -> tuple[ItemId, ...]:
    boxes, circles = (tuple(item.id for item in found) for found in (structure.boxes, structure.circles))
    if not (structure.blocks or structure.frames):
        return boxes + circles
    whole = whole_of(structure)
    born = {box.id: at for at, box in enumerate(whole.boxes)}
    made = {circle.id: at for at, circle in enumerate(whole.circles)}
    ages = {circle: made.get(circle, len(made)) for circle in circles}
    groups = {group.id: group for group in whole.groups}
    for group in (*structure.blocks, *structure.frames):
        inside = groups.get(group.id, group).items
        ages[group.id] = next((made[item] for item in inside if item in made), len(made))
    boxes = tuple(sorted(boxes, key=lambda box: born.get(box, len(born))))
    return boxes + tuple(sorted(ages, key=ages.__getitem__))


def frames_of(structure: Structure) -> tuple[Open, ...]:
    """Each with the nearest group around it that is open too."""
    groups = {group.id: group for group in (*structure.frames, *structure.groups)}
    known = {frame.id for frame in structure.frames}

    def parent(group: Group) -> ItemId | None:
        above = group.parent
        while above is not None and above not in known:
            above = groups[above].parent if above in groups else None
        return above

    return tuple(Open(g.id, parent(g), g.depth, g.items) for g in structure.frames)


def bones_of(structure: Structure) -> Iterator[Bone]:
    """The lanes that go from one item to another."""
    origins = _origins(structure) if structure.frames else {}
    for lane in structure.lanes:
        if lane.source != lane.target:
            yield Bone(lane.id, lane.source, lane.target, origins.get(lane.id, 0), lane.returns)


def _origins(structure: Structure) -> dict[LaneId, int]:
    whole = whole_of(structure)
    ages = {item: at for at, item in enumerate(_items(whole))}
    found: dict[LaneId, int] = {}
    for lane in structure.lanes:
        first = structure.parts.get(lane.id, (lane,))[0]
        found[lane.id] = ages.get(first.source, len(ages))
    return found


def _items(structure: Structure) -> Iterator[ItemId]:
    yield from (box.id for box in structure.boxes)
    yield from (circle.id for circle in structure.circles)


def banded_in(structure: Structure) -> frozenset[ItemId]:
    return frozenset(item for zone in structure.zones for item in zone.items)


def held_in(structure: Structure) -> tuple[tuple[ItemId, int], ...]:
    return tuple((block.id, len(block.items)) for block in structure.blocks)


def around(frames: Sequence[Open]) -> Mapping[ItemId, ItemId]:
    """The innermost open group of each item."""
    found: dict[ItemId, ItemId] = {}
    for frame in sorted(frames, key=lambda frame: frame.depth):
        found.update(dict.fromkeys(frame.items, frame.id))
    return found
