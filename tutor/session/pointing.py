"""Code and picture are one thing: which pieces of the code a drawn thing stands for, and which thing stands for a piece."""

from __future__ import annotations

from tutor.protocol import Span, TensorId
from tutor.trace.index import Index, index_of
from tutor.trace.picture import ItemId, Structure, whole_of
from tutor.trace.trace import Trace


def spans_of(trace: Trace, structure: Structure, item: ItemId) -> tuple[Span, ...]:
    """Of an operation its expression, of a tensor that of the call which made it, of a group those of all that is in it."""
    whole = whole_of(structure)
    group = next((one for one in whole.groups if one.id == item), None)
    if group is not None:
        inside = set(group.items)
        spans = (circle.span for circle in whole.circles if circle.id in inside)
        return tuple(dict.fromkeys(span for span in spans if span is not None))
    found = _span_of(trace, structure, item)
    return () if found is None else (found,)


def _span_of(trace: Trace, structure: Structure, item: ItemId) -> Span | None:
    whole = whole_of(structure)
    for circle in whole.circles:
        if circle.id == item:
            return circle.span
    box = next((one for one in (*structure.boxes, *whole.boxes) if one.id == item), None)
    return None if box is None else _made_at(index_of(trace), box.tensor)


def item_of(trace: Trace, structure: Structure, span: Span) -> ItemId | None:
    """The operation that this piece of the code ran as; else the tensor that it made."""
    whole = whole_of(structure)
    circle = next((one.id for one in whole.circles if one.span == span), None)
    if circle is not None:
        return circle
    index = index_of(trace)
    return next((box.id for box in whole.boxes if _made_at(index, box.tensor) == span), None)


def _made_at(index: Index, tensor: TensorId) -> Span | None:
    made = index.made_by.get(tensor)
    return index.operations[made].span if made is not None else None
