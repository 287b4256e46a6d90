"""Which pins a step's write breaks: the nodes that saved what has just been changed."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.protocol import NodeId
from tutor.trace.item_states import Moment
from tutor.trace.picture import Circle, ItemId
from tutor.trace.pin import Pin, PinPhase
from tutor.trace.pins import pin_phases

BROKEN: frozenset[PinPhase] = frozenset(("changed", "behind"))


def broken_pins(at: Moment) -> Iterator[tuple[Circle, NodeId, Pin]]:
    """The pins that were sound before this step and are not after it."""
    for name in sorted(at.stage.touched.get(at.step, ())):
        circle = at.stage.circles.get(ItemId(name))
        if circle is None or at.index.operations[circle.operation].step >= at.step:
            continue
        for tab in circle.tabs:
            before, after = (
                pin_phases(at.trace, at.index, tab, step, locked=False, failed=False)
                for step in (at.step - 1, at.step)
            )
            for pin, was, now in zip(tab.pins, before, after, strict=True):
                if now in BROKEN and was not in BROKEN:
                    yield circle, tab.node, pin


def breaks(at: Moment) -> tuple[ItemId, ...]:
    """The circles with such pins, or the blocks in which they lie."""
    return tuple(dict.fromkeys(at.stage.seen(circle.id) for circle, _node, _pin in broken_pins(at)))
