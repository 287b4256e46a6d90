"""How many lanes touch each item, and how many gradients come back to it: what its sides and its funnel must hold."""

from __future__ import annotations

from tutor.trace.ghosts import homes
from tutor.trace.picture import ItemId, Structure


def returning(structure: Structure) -> dict[ItemId, int]:
    """The gradients that meet at each item; those of its ghosts meet at the leaf."""
    counts: dict[ItemId, int] = {}
    leaf_of = homes(structure)
    for lane in structure.lanes:
        if lane.returns:
            source = leaf_of.get(lane.source, lane.source)
            counts[source] = counts.get(source, 0) + 1
    return counts


def degrees(structure: Structure) -> dict[ItemId, int]:
    """The most lanes on one side."""
    sides: dict[tuple[ItemId, bool], int] = {}
    for lane in structure.lanes:
        for side in ((lane.source, True), (lane.target, False)):
            sides[side] = sides.get(side, 0) + 1
    items = {item for item, _side in sides}
    return {item: max(sides.get((item, True), 0), sides.get((item, False), 0)) for item in items}
