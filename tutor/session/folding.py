"""Which groups of a graph are closed: at first what is too much to see, then what the person has opened and closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tutor.trace.folding import first_folds, to_depth
from tutor.trace.picture import Group, ItemId, Structure, whole_of

ALL = 1_000
"""Deeper than any graph."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How far the groups are to be open."""

    depth: int | None = None
    """So many levels are open; None: as many groups as there is room for."""
    chosen: Mapping[str, bool] = field(default_factory=dict)
    """Whether a group was closed by hand, or opened."""


class Folds:
    """A person's wishes, told apart by what the groups are called: they hold for every iteration and for later runs."""

    def __init__(self) -> None:
        self.wishes = Wishes()
        """Another object with every wish."""

    def closed(self, structure: Structure) -> frozenset[ItemId]:
        """What is closed in a structure, folded or not."""
        whole = whole_of(structure)
        if not whole.groups:
            return frozenset()
        depth, chosen = self.wishes.depth, self.wishes.chosen
        closed = first_folds(whole) if depth is None else to_depth(whole, depth)
        if not chosen:
            return closed
        keys = group_keys(whole.groups)
        return frozenset(group for group in keys if chosen.get(keys[group], group in closed))

    def reset(self) -> None:
        """Nothing was wished."""
        self.wishes = Wishes()

    def set_depth(self, depth: int) -> None:
        """Opens the outer levels and closes the rest, whatever was chosen before."""
        self.wishes = Wishes(depth)

    def choose(self, structure: Structure, groups: Iterable[ItemId], *, closed: bool) -> None:
        keys = group_keys(whole_of(structure).groups)
        chosen = dict.fromkeys((keys[group] for group in groups if group in keys), closed)
        self.wishes = Wishes(self.wishes.depth, {**self.wishes.chosen, **chosen})


def group_keys(groups: Sequence[Group]) -> dict[ItemId, str]:
    """What each group is called with all around it: the same in a later run, also where something was put before it."""
    keys: dict[ItemId, str] = {}
    seen: Counter[str] = Counter()
    for group in groups:
        above = "" if group.parent is None else keys[group.parent]
        key = f"{above}/{group.kind} {group.name} {group.type_name}"
        nth, seen[key] = seen[key], seen[key] + 1
        keys[group.id] = f"{key}#{nth}" if nth else key
    return keys


def around(structure: Structure, item: ItemId) -> Iterator[ItemId]:
    """The groups in which an item of the unfolded structure lies, or that lie around a group; the innermost first."""
    groups = {group.id: group for group in whole_of(structure).groups}
    at = groups[item].parent if item in groups else _innermost(groups.values(), item)
    while at is not None:
        yield at
        at = groups[at].parent


def _innermost(groups: Iterable[Group], item: ItemId) -> ItemId | None:
    holding = [group for group in groups if item in group.items]
    return max(holding, key=lambda group: group.depth).id if holding else None


def seen_as(structure: Structure, item: ItemId) -> ItemId | None:
    """What stands for an item or a group in a folded structure: itself, or the block that holds it; None: nothing."""
    drawn = {group.id for group in (*structure.blocks, *structure.frames)}
    if item in drawn:
        return item
    if item in structure.block_of:
        return structure.block_of[item]
    whole = whole_of(structure)
    if any(group.id == item for group in whole.groups):
        return next((group for group in around(whole, item) if group in drawn), None)
    boxes, circles = structure.boxes, structure.circles
    known = any(item == box.id for box in boxes) or any(item == circle.id for circle in circles)
    return item if known else None


def deepest(structure: Structure) -> int:
    """How many levels of groups there are."""
    return max((group.depth + 1 for group in whole_of(structure).groups), default=0)


def shown_depth(structure: Structure) -> int:
    """How many levels are open all over: the least depth of a block."""
    return min((block.depth for block in structure.blocks), default=deepest(structure))
