"""A node's pins in words: what retain_graph keeps, what was written since it was saved, and what that does to backward."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.i18n import _
from tutor.protocol import NodeId, TensorId, Value
from tutor.trace.breaks import broken_pins
from tutor.trace.freed import freed_at
from tutor.trace.index import Index, index_of, last
from tutor.trace.item_states import Moment
from tutor.trace.names import short_name, written
from tutor.trace.pin import Pin
from tutor.trace.pins import is_unseen, overtaken_by, pins_of, written_behind
from tutor.trace.saved_views import TURNED, saved_rows
from tutor.trace.trace import Trace

_MOST = 3
"""So many nodes are named that one write breaks."""


def pin_lines(trace: Trace, node: NodeId, step: int) -> list[str]:
    """What became of the node's saved tensors by `step`, while it still has them."""
    freed = freed_at(trace, node)
    if freed is not None and freed <= step:
        return []
    index = index_of(trace)
    return [*_kept_lines(trace, index, node, step), *dict.fromkeys(_written_lines(trace, index, node, step))]


def overtaken_lines(trace: Trace, node: NodeId, step: int) -> list[str]:
    """Which of them torch refuses, since their version has risen."""
    index = index_of(trace)
    found = ((pin, overtaken_by(index, pin, step)) for pin in _pins(index, node))
    return [_overtaken(trace, index, pin, first, step) for pin, first in found if first is not None]


def behind_lines(trace: Trace, tensor: TensorId, step: int) -> list[str]:
    """That the tensor's value was written without autograd noticing."""
    index = index_of(trace)
    value = last(index.values.get(tensor, ()), step)
    if value is None or not is_unseen(trace, index, value):
        return []
    line = _line(trace, value.step)
    if line is None:
        return [_("Changed behind autograd's back: its version did not rise.")]
    return [_("Changed behind autograd's back in line {line}: its version did not rise.").format(line=line)]


def broken_title(at: Moment) -> str:
    """Which version the step's write has made."""
    pin = next(pin for _circle, _node, pin in broken_pins(at))
    value = None if pin.tensor is None else at.index.value_at(pin.tensor, at.step)
    if value is None:
        return _("{name} has changed").format(name=pin.name)
    return _("{name} is now at version {now}").format(name=pin.name, now=value.version)


def broken_lines(at: Moment) -> tuple[str, ...]:
    """What the step's write means for the nodes that had saved the old value, a line each."""
    lines = []
    for circle, node, pin in broken_pins(at):
        overtaken = overtaken_by(at.index, pin, at.step) is not None
        text = (
            _("{node} of {expression} saved version {saved}: backward will stop there")
            if overtaken
            else _("{node} of {expression} saved {name}: backward will not notice")
        )
        expression = written(circle.expression) or circle.function
        name = at.index.nodes[node].name
        lines.append(text.format(node=name, expression=expression, saved=pin.version, name=pin.name))
    found = tuple(dict.fromkeys(lines))
    more = (_("and {count} more").format(count=len(found) - _MOST),) if len(found) > _MOST else ()
    return (*found[:_MOST], *more)


def _kept_lines(trace: Trace, index: Index, node: NodeId, step: int) -> list[str]:
    ran = [run.backward for run in index.runs.get(node, ()) if run.step <= step]
    if not ran or not _pins(index, node):
        return []
    return [_("kept by retain_graph=True: a further backward can use it")]


def _written_lines(trace: Trace, index: Index, node: NodeId, step: int) -> Iterator[str]:
    for pin in _pins(index, node):
        overtaken = overtaken_by(index, pin, step)
        behind = written_behind(index, node, pin, step)
        if overtaken is not None:
            yield _overtaken(trace, index, pin, overtaken, step)
        elif behind is not None:
            text = _("{name} was changed since, behind autograd's back: backward will not notice.")
            yield text.format(name=pin.name)


def _overtaken(trace: Trace, index: Index, pin: Pin, first: Value, step: int) -> str:
    line = _line(trace, first.step)
    value = last(index.values.get(first.tensor, ()), step)
    now = first.version if value is None else value.version
    if line is None:
        text = _("{name} is at version {now}, saved was version {saved}: backward will stop here.")
    else:
        text = _(
            "{name} is at version {now} since line {line}, saved was version {saved}: backward will stop here."
        )
    return text.format(name=pin.name, now=now, line=line, saved=pin.version)


def _pins(index: Index, node: NodeId) -> tuple[Pin, ...]:
    row = index.nodes[node]
    made_by = None if row.operation is None else index.operations.get(row.operation)
    rows = saved_rows(index, made_by, row.saved)
    tensors = ((key, kept) for key, kept in rows if isinstance(kept, dict) and not key.startswith("ctx."))
    return pins_of((_name(index, key, kept), kept) for key, kept in tensors)


def _name(index: Index, key: str, kept: dict[str, object]) -> str:
    tensor = kept.get("tensor")
    if not isinstance(tensor, int):
        return key
    found = TensorId(tensor)
    name = short_name(index, found, index.tensors[found].step)
    return f"{name}ᵀ" if kept.get(TURNED) else name


def _line(trace: Trace, step: int) -> int | None:
    span = trace.steps[step].span if 0 <= step < len(trace.steps) else None
    return span.line if span is not None else None
