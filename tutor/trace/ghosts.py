"""Ghosts of shared leaves: in a large graph a leaf that is used far away stands there again, dashed, as no second tensor.

A pure function of the structure, folded or not. Lanes of far uses begin at a ghost; whose gradients still meet at the leaf.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tutor.trace.columns import columns
from tutor.trace.picture import Box, Group, ItemId, Lane, LaneId, Structure

ROOM = 60
"""In a graph of no more items there are no ghosts: several lanes lead from one box."""
SEVERAL = 12
"""Unless a leaf has more lanes than these."""
FAR = 5
"""So many columns from the leaf a use is far."""
NEAR = 2
"""Uses within so many columns share a ghost."""


def with_ghosts(structure: Structure) -> Structure:
    """The same object where there is nothing to be done."""
    if not _is_large(structure) and not _crowded(structure):
        return structure
    return _haunted(structure)


def homes(structure: Structure) -> dict[ItemId, ItemId]:
    """Ghost → the leaf for which it stands."""
    return {box.id: box.ghost_of for box in structure.boxes if box.ghost_of is not None}


def with_kin(structure: Structure, items: Iterable[ItemId]) -> frozenset[ItemId]:
    """The items with the ghosts of each leaf and the leaf of each ghost."""
    wanted = set(items)
    of = homes(structure)
    leaves = {of.get(item, item) for item in wanted}
    return frozenset(wanted | leaves | {ghost for ghost, leaf in of.items() if leaf in leaves})


def _is_large(structure: Structure) -> bool:
    return len(structure.boxes) + len(structure.circles) + len(structure.blocks) > ROOM


def _crowded(structure: Structure) -> frozenset[ItemId]:
    """Where more lanes begin than can be told apart, as in a long row of folded turns."""
    counts = Counter(lane.source for lane in structure.lanes)
    return frozenset(item for item, count in counts.items() if count > SEVERAL)


# ------------------------------------------------------------------ how they are made


def _haunted(structure: Structure) -> Structure:
    place = _places(structure)
    sources: dict[LaneId, ItemId] = {}
    ghosts: list[Box] = []
    large, crowded = _is_large(structure), _crowded(structure)
    for leaf, used in _shared(structure):
        if not large and leaf.id not in crowded:
            continue
        for uses in _far(leaf, used, place):
            ghost = replace(leaf, id=_ghost_id(leaf, uses[0]), ghost_of=leaf.id, shares_memory_with=None)
            ghosts.append(ghost)
            sources |= {lane.id: ghost.id for lane in uses}
    if not ghosts:
        return structure
    lanes = tuple(
        replace(lane, source=sources[lane.id]) if lane.id in sources else lane for lane in structure.lanes
    )
    return replace(
        structure,
        boxes=(*structure.boxes, *ghosts),
        lanes=lanes,
        frames=tuple(_framed(frame, lanes, sources) for frame in structure.frames),
        keys={**structure.keys, **_keys(structure.keys, ghosts)},
        signature=f"{structure.signature}~{len(ghosts)}",
        parts={
            name: tuple(replace(part, source=sources[name]) for part in found) if name in sources else found
            for name, found in structure.parts.items()
        },
    )


def _places(structure: Structure) -> dict[ItemId, int]:
    """The column of each item, as the layout counts them."""
    names = [box.id for box in structure.boxes]
    names += [circle.id for circle in structure.circles] + [block.id for block in structure.blocks]
    number = {item: at for at, item in enumerate(names)}
    edges = [(number[lane.source], number[lane.target]) for lane in structure.lanes]
    return dict(zip(names, columns(len(names), edges, ()), strict=True))


def _shared(structure: Structure) -> Iterator[tuple[Box, list[Lane]]]:
    """Boxes that nothing here leads to, with the lanes to what uses them, where these are several."""
    made = {lane.target for lane in structure.lanes}
    used: defaultdict[ItemId, list[Lane]] = defaultdict(list)
    for lane in structure.lanes:
        used[lane.source].append(lane)
    for box in structure.boxes:
        lanes = used.get(box.id, [])
        if box.is_leaf and box.id not in made and len({lane.target for lane in lanes}) > 1:
            yield box, lanes


def _far(leaf: Box, lanes: Sequence[Lane], place: Mapping[ItemId, int]) -> Iterator[list[Lane]]:
    """The lanes of far uses, those of one neighbourhood together."""
    group: list[Lane] = []
    for lane in sorted(lanes, key=lambda lane: place[lane.target]):
        if place[lane.target] - place[leaf.id] <= FAR:
            continue
        if group and place[lane.target] - place[group[0].target] > NEAR:
            yield group
            group = []
        group.append(lane)
    if group:
        yield group


def _ghost_id(leaf: Box, use: Lane) -> ItemId:
    """By the first use, so that a graph that grows keeps its ghosts."""
    return ItemId(f"{leaf.id}~{use.target}")


def _keys(keys: Mapping[ItemId, str], ghosts: Sequence[Box]) -> dict[ItemId, str]:
    """Ghosts are told apart by the place of their use."""
    return {ghost.id: f"{_key(keys, ghost.ghost_of)}~{_key(keys, _use(ghost))}" for ghost in ghosts}


def _key(keys: Mapping[ItemId, str], item: ItemId | None) -> str:
    return "" if item is None else keys.get(item, item)


def _use(ghost: Box) -> ItemId:
    return ItemId(ghost.id.partition("~")[2])


def _framed(frame: Group, lanes: Sequence[Lane], sources: Mapping[LaneId, ItemId]) -> Group:
    """A ghost stands within the frame in which all its uses stand."""
    inside = set(frame.items)
    targets: defaultdict[ItemId, set[ItemId]] = defaultdict(set)
    for lane in lanes:
        if lane.id in sources:
            targets[lane.source].add(lane.target)
    added = tuple(ghost for ghost, uses in targets.items() if uses <= inside)
    return replace(frame, items=(*frame.items, *added)) if added else frame
