"""What a structure's items and lanes are called, in tables that are made once and kept for the last few structures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from tutor.protocol import NodeId, TensorId
from tutor.trace.ghosts import homes
from tutor.trace.picture import Box, Circle, Group, ItemId, Lane, LaneId, Structure, whole_of

_KEPT = 4


@dataclass(frozen=True, eq=False)
class Lookup:
    """One structure's tables."""

    structure: Structure

    @cached_property
    def boxes(self) -> dict[ItemId, Box]:
        return {box.id: box for box in self.structure.boxes}

    @cached_property
    def circles(self) -> dict[ItemId, Circle]:
        return {circle.id: circle for circle in self.structure.circles}

    @cached_property
    def blocks(self) -> dict[ItemId, Group]:
        """The closed groups."""
        return {block.id: block for block in self.structure.blocks}

    @cached_property
    def frames(self) -> dict[ItemId, Group]:
        """The open groups."""
        return {frame.id: frame for frame in self.structure.frames}

    @cached_property
    def groups(self) -> dict[ItemId, Group]:
        """All groups of the unfolded structure, as they are there."""
        return {group.id: group for group in whole_of(self.structure).groups}

    @cached_property
    def frames_around(self) -> dict[ItemId, list[ItemId]]:
        """The open groups in which an item lies, the outermost first."""
        found: defaultdict[ItemId, list[ItemId]] = defaultdict(list)
        for frame in self.structure.frames:
            for item in frame.items:
                found[item].append(frame.id)
        return dict(found)

    @cached_property
    def lanes(self) -> dict[LaneId, Lane]:
        return {lane.id: lane for lane in self.structure.lanes}

    @cached_property
    def homes(self) -> dict[ItemId, ItemId]:
        """The leaf of each ghost."""
        return homes(self.structure)

    @cached_property
    def boxes_of(self) -> dict[TensorId, list[ItemId]]:
        """A tensor's box and its ghosts."""
        found: defaultdict[TensorId, list[ItemId]] = defaultdict(list)
        for box in self.structure.boxes:
            found[box.tensor].append(box.id)
        return dict(found)

    @cached_property
    def circle_of(self) -> dict[NodeId, ItemId]:
        """On whose tab a node stands."""
        return {tab.node: circle.id for circle in self.structure.circles for tab in circle.tabs}


_kept: list[Lookup] = []


def lookup(structure: Structure) -> Lookup:
    """The tables of this structure."""
    for found in _kept:
        if found.structure is structure:
            return found
    found = Lookup(structure)
    _kept.insert(0, found)
    del _kept[_KEPT:]
    return found
