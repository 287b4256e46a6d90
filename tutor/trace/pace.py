"""How long each step is shown while a run plays, at speed 1: a long run goes faster, and a closed group passes as one step.

A closed group's inside is not seen: its steps in a row share the time of one. And nobody watches for an hour: the whole
takes at most a few minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from tutor.protocol import NodeId
from tutor.trace.index import Index, index_of
from tutor.trace.picture import ItemId, Structure, whole_of
from tutor.trace.trace import Trace

SECONDS_A_STEP = 1.5
"""Three beats of half a second each."""

LONGEST = 180.0
"""Seconds that the whole takes at most."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`rows[i]`: with how many others, itself included, step `first + i` shares the time of one step."""

    seconds_a_row: float = SECONDS_A_STEP
    first: int = 0
    rows: tuple[int, ...] = ()
    count: int = 0
    usual: float = 1.0
    """How many steps share the time of one on the average, in what is drawn now."""

    def seconds(self, step: int) -> float:
        """How long this step is shown."""
        place = step - self.first
        return self.seconds_a_row / (self.rows[place] if 0 <= place < len(self.rows) else self.usual)

    @property
    def whole(self) -> float:
        """Seconds that all steps take together, those that are not drawn now as the others do."""
        return self.count * self.seconds_a_row / self.usual

    @property
    def is_quick(self) -> bool:
        """Whether steps are shown shorter than a single one by itself."""
        return self.count > 0 and self.whole < 0.99 * self.count * SECONDS_A_STEP

    @property
    def steps_a_second(self) -> float:
        """On the average."""
        return self.count / self.whole if self.whole else 1 / SECONDS_A_STEP


def pace_of(trace: Trace, structure: Structure | None) -> Pace:
    """Of the run, while this structure is drawn: a single iteration, or all of them."""
    count = len(trace.steps)
    if structure is None or not count:
        return _limited(Pace(count=count))
    first, end = structure.first_step, structure.last_step + 1
    rows = tuple(_rows(index_of(trace), structure, first, end)) if structure.block_of else ()
    usual = len(rows) / sum(1 / row for row in rows) if rows else 1.0
    return _limited(Pace(first=first, rows=rows, count=count, usual=usual))


def _limited(pace: Pace) -> Pace:
    share = min(LONGEST / pace.whole, 1.0) if pace.whole else 1.0
    return replace(pace, seconds_a_row=SECONDS_A_STEP * share)


def _rows(index: Index, structure: Structure, first: int, end: int) -> Iterator[int]:
    """Of each step the length of the row of steps in which one closed group alone is at work."""
    owners = _Owners(index, structure)
    for block, steps in groupby(range(first, end), owners.of):
        length = sum(1 for _step in steps)
        yield from [length if block is not None else 1] * length


class _Owners:
    """In which closed group a step happens, if in any."""

    def __init__(self, index: Index, structure: Structure) -> None:
        whole = whole_of(structure)
        blocks = structure.block_of
        self._index = index
        self._operations = {c.operation: blocks[c.id] for c in whole.circles if c.id in blocks}
        self._nodes = {t.node: blocks[c.id] for c in whole.circles if c.id in blocks for t in c.tabs}
        self._leaves = {b.tensor: blocks[b.id] for b in whole.boxes if b.id in blocks}

    def of(self, step: int) -> ItemId | None:
        """That of the node that runs; else that of the operation which is made, by a node or by the program."""
        ran = self._index.node_steps.get(step)
        owner = self._of_node(ran.run.node) if ran is not None else None
        operation = self._index.operation_at.get(step)
        if owner is None and operation is not None:
            return self._operations.get(operation)
        return owner

    def _of_node(self, key: NodeId) -> ItemId | None:
        node = self._index.nodes.get(key)
        if node is not None and node.tensor is not None:
            return self._leaves.get(node.tensor)
        return self._nodes.get(key)
