"""A graph with some of its groups closed: each is one block, and the lanes that cross its border end there."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import count

from tutor.trace.keys import signature_of
from tutor.trace.lanes import box_id
from tutor.trace.picture import Group, ItemId, Lane, LaneId, Structure, Zone, ZoneKind, whole_of

ROOM = 60
"""How many items are seen of a large graph at first."""
MAX_TENSORS = 3
"""More tensors than these from one item to one block share a lane."""


def fold(structure: Structure, closed: Collection[ItemId]) -> Structure:
    """The graph with the closed groups as blocks; what is closed within a closed one, or unknown, does not count."""
    whole = whole_of(structure)
    if not whole.groups:
        return whole
    blocks, frames = _parted(whole.groups, frozenset(closed))
    if not blocks:
        signature = _signed(whole.signature, blocks, frames)
        return replace(whole, frames=frames, whole=whole, signature=signature)
    block_of = {item: block.id for block in blocks for item in block.items}
    parts = _crossing(whole.lanes, block_of, {block.id for block in blocks})
    boxes = tuple(
        box if box.shares_memory_with not in block_of else replace(box, shares_memory_with=None)
        for box in whole.boxes
        if box.id not in block_of
    )
    circles = tuple(circle for circle in whole.circles if circle.id not in block_of)
    lanes = tuple(_lane(name, found, block_of) for name, found in parts.items())
    zones = tuple(_zones(whole.zones, blocks, block_of))
    frames = tuple(replace(frame, items=_seen(frame.items, block_of)) for frame in frames)
    keys = {name: whole.keys[name] for name in (*(b.id for b in boxes), *(c.id for c in circles))}
    keys |= {block.id: f"block:{block.id}" for block in blocks}
    return Structure(
        iteration=whole.iteration,
        boxes=boxes,
        circles=circles,
        lanes=lanes,
        zones=zones,
        first_step=whole.first_step,
        last_step=whole.last_step,
        keys=keys,
        signature=_signed(signature_of(boxes, circles, lanes, zones, keys), blocks, frames),
        groups=whole.groups,
        blocks=blocks,
        frames=frames,
        whole=whole,
        block_of=block_of,
        parts={name: found for name, found in parts.items() if _ends_at_block(found[0], block_of)},
    )


# ------------------------------------------------------------------ what is closed


def all_closed(structure: Structure) -> frozenset[ItemId]:
    return frozenset(group.id for group in structure.groups)


def to_depth(structure: Structure, depth: int) -> frozenset[ItemId]:
    """The outer `depth` levels are open."""
    return frozenset(group.id for group in structure.groups if group.depth >= depth)


def first_folds(structure: Structure, room: int = ROOM) -> frozenset[ItemId]:
    """What is closed at first: nothing in a small graph; in a large one the largest groups are open for which there is room.

    The blocks of a row open together or not at all.
    """
    whole = whole_of(structure)
    if len(whole.boxes) + len(whole.circles) <= room:
        return frozenset()
    within = _children(whole.groups)
    grouped = {item for group in within[None] for item in group.items}
    seen = len(whole.boxes) + len(whole.circles) - len(grouped) + len(within[None])
    closed = {group.id for group in whole.groups}
    places = count()
    waiting: list[tuple[int, int, list[Group]]] = []
    turns = any("iteration" in (group.kind, group.of) for group in within[None])
    _offer(waiting, places, within[None], together=turns)
    while waiting:
        *_order, bundle = heappop(waiting)
        more = sum(_opened(group, within[group.id]) for group in bundle)
        if seen + more > room:
            continue
        seen += more
        closed -= {group.id for group in bundle}
        for group in bundle:
            _offer(waiting, places, within[group.id], together=group.count > 1)
    return frozenset(closed)


def _children(groups: Sequence[Group]) -> defaultdict[ItemId | None, list[Group]]:
    within: defaultdict[ItemId | None, list[Group]] = defaultdict(list)
    for group in groups:
        within[group.parent].append(group)
    return within


def _offer(
    waiting: list[tuple[int, int, list[Group]]],
    places: Iterator[int],
    groups: list[Group],
    *,
    together: bool,
) -> None:
    """Adds what opens in one go to the queue, in which the largest comes first."""
    for bundle in ([groups] if groups else []) if together else [[group] for group in groups]:
        heappush(waiting, (-max(group.operations for group in bundle), next(places), bundle))


def _opened(group: Group, children: list[Group]) -> int:
    """How many items more are seen when the group opens."""
    return len(group.items) - sum(len(child.items) for child in children) + len(children) - 1


def _parted(
    groups: Sequence[Group], closed: frozenset[ItemId]
) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
    """The blocks, and the open groups around and beside them."""
    blocks: list[Group] = []
    frames: list[Group] = []
    hidden: set[ItemId | None] = set()
    for group in groups:
        if group.parent in hidden:
            hidden.add(group.id)
        elif group.id in closed:
            hidden.add(group.id)
            blocks.append(group)
        else:
            frames.append(group)
    return tuple(blocks), tuple(frames)


# ------------------------------------------------------------------ lanes


def _crossing(
    lanes: Sequence[Lane], block_of: Mapping[ItemId, ItemId], blocks: set[ItemId]
) -> dict[LaneId, tuple[Lane, ...]]:
    """The lanes that are drawn, each with those for which it stands."""
    found: dict[object, list[Lane]] = {}
    tensors: defaultdict[tuple[ItemId, ItemId], dict[int, None]] = defaultdict(dict)
    for lane in lanes:
        source, target = block_of.get(lane.source), block_of.get(lane.target)
        if source is None and target is None:
            found[lane.id] = [lane]
        elif source != target:
            ends = (source or lane.source, target or lane.target)
            key = (*ends, lane.tensor, lane.slot if target is None else -1)
            found.setdefault(key, []).append(lane)
            tensors[ends][lane.tensor] = None
    crowded = {ends for ends, own in tensors.items() if len(own) > MAX_TENSORS and ends[1] in blocks}
    return _named(found, crowded)


def _named(
    found: dict[object, list[Lane]], crowded: set[tuple[ItemId, ItemId]]
) -> dict[LaneId, tuple[Lane, ...]]:
    counts: Counter[tuple[ItemId, ItemId]] = Counter()
    named: dict[LaneId, list[Lane]] = {}
    for key, own in found.items():
        if not isinstance(key, tuple):
            named[own[0].id] = own
            continue
        ends = key[:2]
        number = 0 if ends in crowded else counts[ends]
        counts[ends] += 1
        named.setdefault(LaneId(f"{ends[0]}>{ends[1]}:{number}"), []).extend(own)
    return {name: tuple(own) for name, own in named.items()}


def _ends_at_block(lane: Lane, block_of: Mapping[ItemId, ItemId]) -> bool:
    return lane.source in block_of or lane.target in block_of


def _lane(name: LaneId, own: tuple[Lane, ...], block_of: Mapping[ItemId, ItemId]) -> Lane:
    first = own[0]
    if not _ends_at_block(first, block_of):
        return first
    target = block_of.get(first.target)
    mixed = any(lane.tensor != first.tensor for lane in own)
    returns = any(lane.returns for lane in own)
    cuts = {lane.cut for lane in own}
    return Lane(
        id=name,
        source=block_of.get(first.source, first.source),
        target=first.target if target is None else target,
        tensor=first.tensor,
        slot=first.slot if target is None else int(name.rpartition(":")[2]),
        returns=returns,
        edges=tuple(dict.fromkeys(edge for lane in own for edge in lane.edges)),
        named=mixed or (first.named and box_id(first.tensor) not in block_of),
        cut=cuts.pop() if len(cuts) == 1 and not returns else "none",
        count=len(own),
        mixed=mixed,
    )


# ------------------------------------------------------------------ zones, frames, signature


def _zones(
    zones: Sequence[Zone], blocks: Sequence[Group], block_of: Mapping[ItemId, ItemId]
) -> Iterator[Zone]:
    """A band goes on around a block all of whose circles lie in bands of its kind; one that is only in blocks is gone."""
    inside = Counter[tuple[ItemId, ZoneKind]](
        (block_of[item], zone.kind)
        for zone in zones
        for item in zone.items
        if item in block_of and item.startswith("o")
    )
    sizes = {block.id: block.operations for block in blocks}
    covered = {key for key, count in inside.items() if count == sizes[key[0]]}
    for zone in zones:
        own = {block_of[item] for item in zone.items if item in block_of}
        kept = {block for block in own if (block, zone.kind) in covered}
        covered -= {(block, zone.kind) for block in kept}
        items = (block_of.get(item, item) for item in zone.items)
        left = tuple(dict.fromkeys(item for item in items if item not in own or item in kept))
        if left:
            yield replace(zone, items=left)


def _seen(items: Sequence[ItemId], block_of: Mapping[ItemId, ItemId]) -> tuple[ItemId, ...]:
    return tuple(dict.fromkeys(block_of.get(item, item) for item in items))


def _signed(signature: str, blocks: Sequence[Group], frames: Sequence[Group]) -> str:
    parts = (
        signature,
        [(b.id, b.kind, b.name, b.type_name, b.count, b.operations, b.parameters) for b in blocks],
        [(f.id, f.kind, f.name, f.type_name, f.count, len(f.items)) for f in frames],
    )
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()
