"""Saved tensors as pins: which ones a tab has, and how each stands after a step (SavedVariable's checks, foreseen)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tutor.protocol import Data, NodeId, TensorId, Value
from tutor.trace.freed import freed_at
from tutor.trace.index import Index, index_of, last
from tutor.trace.picture import Tab
from tutor.trace.pin import Pin, PinPhase
from tutor.trace.told import told_of
from tutor.trace.trace import Trace


def pins_of(named: Iterable[tuple[str, Data]]) -> tuple[Pin, ...]:
    """Out of what each saved tensor is called and what the trace says of it; what has no name is left out."""
    return tuple(dict.fromkeys(_pin(name, kept) for name, kept in named if name))


def _pin(name: str, kept: Data) -> Pin:
    """What a pack hook took in has no version: torch does not watch it."""
    if not isinstance(kept, dict) or "of" in kept or kept.get("tensor") is None:
        return Pin(name)
    return Pin(name, TensorId(kept["tensor"]), kept.get("version"))


def pin_phases(
    trace: Trace, index: Index, tab: Tab, step: int, *, locked: bool, failed: bool
) -> tuple[PinPhase, ...]:
    """`locked`: the last backward that came through was told to retain the graph; `failed`: one stopped here."""
    if not tab.pins:
        return ()
    freed = freed_at(trace, tab.node)
    if freed is not None and freed <= step:
        return (("missing" if failed else "dropped"),) * len(tab.pins)
    return tuple(_standing(index, tab.node, pin, step, locked=locked) for pin in tab.pins)


def _standing(index: Index, node: NodeId, pin: Pin, step: int, *, locked: bool) -> PinPhase:
    if overtaken_by(index, pin, step) is not None:
        return "changed"
    if written_behind(index, node, pin, step) is not None:
        return "behind"
    return "locked" if locked else "held"


def overtaken_by(index: Index, pin: Pin, step: int) -> Value | None:
    """The first write after the version that was saved: backward will refuse the pin."""
    if pin.tensor is None or pin.version is None:
        return None
    later = (v for v in _versions(index, pin.tensor) if v.step <= step and v.version > pin.version)
    return min(later, key=lambda v: v.step, default=None)


def written_behind(index: Index, node: NodeId, pin: Pin, step: int) -> Value | None:
    """The last write since it was saved that did not raise its version: backward will take the pin as it is now."""
    row = index.nodes[node]
    operation = index.operations.get(row.operation) if row.operation is not None else None
    if pin.tensor is None or operation is None:
        return None
    found = last(index.values.get(pin.tensor, ()), step)
    return found if found and found.step > operation.step and is_behind(index, found) else None


def is_behind(index: Index, value: Value) -> bool:
    """Whether a value was written while the version stayed: autograd has not noticed."""
    before = last(index.values[value.tensor], value.step - 1)
    if before is None or before.version != value.version:
        return False
    return (before.value, before.stats) != (value.value, value.stats)


def is_unseen(trace: Trace, index: Index, value: Value) -> bool:
    """A write behind autograd's back, as by `.data`; fused optimizers also write without a version, and are none."""
    return is_behind(index, value) and told_of(trace, index).update_at(value.tensor, value.step) is None


def written_version(index: Index, value: Value | None) -> int:
    """Its version once it was written in place; 0 while it is as it was first seen (a parameter is born at 1)."""
    if value is None or value.version <= index.values[value.tensor][0].version:
        return 0
    return value.version


def has_behind(trace: Trace) -> bool:
    """Whether any value of the run was written so."""
    index = index_of(trace)
    changed = {change.tensor for change in trace.changes if change.what == "value"}
    values = (value for tensor in changed for value in index.values.get(tensor, ()))
    return any(is_unseen(trace, index, value) for value in values)


def changes_pins(index: Index, tab: Tab) -> Iterator[int]:
    """The steps in which a pin's tensor is written."""
    for pin in tab.pins:
        if pin.tensor is not None:
            yield from (v.step for v in _versions(index, pin.tensor))


def _versions(index: Index, tensor: TensorId) -> list[Value]:
    """Of the tensor and of the one that it is a view of: they count their versions together."""
    base = index.base_of(tensor)
    own = index.values.get(tensor, [])
    return own if base == tensor else [*own, *index.values.get(base, [])]
