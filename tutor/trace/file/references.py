"""Checks that the rows of a trace name only rows that are there: what is shown looks them up without asking.

What a field may name follows from its type: a `TensorId` is a place in `tensors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache
from itertools import chain
from operator import attrgetter
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from tutor.protocol import (
    BackwardId,
    ModuleCallId,
    Node,
    NodeId,
    OperationId,
    SourceId,
    StepKind,
    TensorId,
)
from tutor.trace.trace import Trace

_SECTIONS: dict[object, str] = {
    SourceId: "sources",
    TensorId: "tensors",
    OperationId: "operations",
    NodeId: "nodes",
    BackwardId: "backwards",
    ModuleCallId: "module_calls",
}
_STEP_SECTIONS: dict[StepKind, str] = {
    "operation": "operations",
    "node": "nodes",
    "grad_changed": "tensors",
    "value_changed": "tensors",
    "flag_changed": "tensors",
    "output": "outputs",
    "gap": "gaps",
}
_STEP_FIELDS = frozenset({"step", "first_step", "end_step"})
_PLACE_FIELDS = frozenset({"line", "end_line", "col", "end_col", "input", "output"})
_LARGEST = 2**31
"""No line or column is as large."""
_SLOTS = 4096
"""So many slots a node may have that nothing in the trace stands for."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that names what is not there: its section and place, the field, what it names, and what there is."""

    section: str
    index: int
    field: str
    named: int
    target: str
    count: int


@dataclass(frozen=True, slots=True)
class _Link:
    """A field, reached through others, that names rows of `target`. `lists`: which of the fields on the way are lists."""

    fields: tuple[str, ...]
    lists: tuple[bool, ...]
    target: str
    lowest: int = 0

    def named(self, rows: Sequence[object]) -> list[int]:
        found: list[Any] = list(rows)
        for field, is_list in zip(self.fields, self.lists, strict=True):
            found = list(map(attrgetter(field), found))
            if is_list:
                found = list(chain.from_iterable(found))
            if None in found:
                found = [part for part in found if part is not None]
        return found


def first_fault(trace: Trace) -> Fault | None:
    """The first row that names what is not there; None in a sound trace."""
    return next(_faults(trace), None)


def _faults(trace: Trace) -> Iterator[Fault]:
    counts = {name: len(getattr(trace, name)) for name in (*_SECTIONS.values(), "outputs", "gaps")}
    counts |= {"steps": len(trace.steps) + 1, "": _LARGEST}
    for section, kind in _row_types().items():
        rows = getattr(trace, section)
        yield from _misplaced(section, rows)
        for link in _links(kind):
            yield from _dangling(section, rows, link, counts)
    yield from _steps_dangling(trace, counts)
    yield from _saved_dangling(trace)
    yield from _slots_beyond(trace)
    yield from _sizes_below(trace)
    yield from _groups_dangling(trace)


def _misplaced(section: str, rows: Sequence[Any]) -> Iterator[Fault]:
    """An id is the row's place."""
    if section not in _SECTIONS.values():
        return
    ids = [row.id for row in rows]
    if ids != list(range(len(ids))):
        index = next(index for index, key in enumerate(ids) if index != key)
        yield Fault(section, index, "id", ids[index], section, index)


def _dangling(section: str, rows: Sequence[object], link: _Link, counts: dict[str, int]) -> Iterator[Fault]:
    named, count = link.named(rows), counts[link.target]
    if not named or (link.lowest <= min(named) and max(named) < count):
        return
    for index, row in enumerate(rows):
        for key in link.named([row]):
            if not link.lowest <= key < count:
                yield Fault(section, index, ".".join(link.fields), key, link.target, count)


def _steps_dangling(trace: Trace, counts: dict[str, int]) -> Iterator[Fault]:
    """What a step's id names follows from its kind."""
    limits = {kind: counts[section] for kind, section in _STEP_SECTIONS.items()}
    for index, step in enumerate(trace.steps):
        if step.kind != "error" and not 0 <= step.id < limits[step.kind]:
            yield Fault("steps", index, "id", step.id, _STEP_SECTIONS[step.kind], limits[step.kind])


def _saved_dangling(trace: Trace) -> Iterator[Fault]:
    """The tensors that nodes saved, which stand among plain values."""
    count = len(trace.tensors)
    for index, node in enumerate(trace.nodes):
        for name, key in _saved_tensors(node):
            if not 0 <= key < count:
                yield Fault("nodes", index, f"saved.{name}", key, "tensors", count)


def _saved_tensors(node: Node) -> Iterator[tuple[str, int]]:
    for name, value in node.saved.items():
        key = value.get("tensor") if isinstance(value, dict) else None
        if isinstance(key, int):
            yield name, key


def _slots_beyond(trace: Trace) -> Iterator[Fault]:
    """Each slot of a node takes an edge, a tensor or one of a call's arguments: it cannot have many more than those."""
    count = len(trace.edges) + len(trace.tensors) + _SLOTS
    for index, edge in enumerate(trace.edges):
        for field, slot in (("output", edge.output), ("input", edge.input)):
            if slot >= count:
                yield Fault("edges", index, field, slot, "", count)


def _sizes_below(trace: Trace) -> Iterator[Fault]:
    """Shapes: a size of -1 is one that varies from part to part of a nested tensor."""
    for index, tensor in enumerate(trace.tensors):
        for field, sizes in (("shape", tensor.shape), ("batch", tensor.batch)):
            if sizes and min(sizes) < -1:
                yield Fault("tensors", index, field, min(sizes), "", _LARGEST)


def _groups_dangling(trace: Trace) -> Iterator[Fault]:
    """The parameter group of each parameter, where they are told."""
    for index, update in enumerate(trace.optimizer_steps):
        for group in update.groups:
            if not 0 <= group < max(1, len(update.options)):
                yield Fault("optimizer_steps", index, "groups", group, "", len(update.options))


# ---------------------------------------------------------------- which fields name what, read from their types


@cache
def _row_types() -> dict[str, Any]:
    """The sections that are lists, with the type of their rows."""
    hints = get_type_hints(Trace)
    return {name: get_args(hint)[0] for name, hint in hints.items() if get_origin(hint) is list}


@cache
def _links(kind: Any) -> tuple[_Link, ...]:
    return tuple(_links_in(kind, (), ()))


def _links_in(kind: Any, fields: tuple[str, ...], lists: tuple[bool, ...]) -> Iterator[_Link]:
    for name, hint in get_type_hints(kind).items():
        inner, is_list = _taken_apart(hint)
        path, along = (*fields, name), (*lists, is_list)
        if inner in _SECTIONS and (fields or name != "id"):
            yield _Link(path, along, _SECTIONS[inner], lowest=-1 if inner is SourceId else 0)
        elif inner is int and name in _STEP_FIELDS:
            yield _Link(path, along, "steps", lowest=-1)
        elif inner is int and name in _PLACE_FIELDS:
            yield _Link(path, along, "")
        elif _is_record(inner):
            yield from _links_in(inner, path, along)


def _taken_apart(hint: Any) -> tuple[Any, bool]:
    """`list[X | None]` as X and that it is a list."""
    if get_origin(hint) in (Union, UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is list:
        return _taken_apart(get_args(hint)[0])[0], True
    return hint, False


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, msgspec.Struct) or is_dataclass(kind))
