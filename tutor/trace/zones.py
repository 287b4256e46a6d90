"""The grey bands behind what ran under no_grad or inference_mode: one for each connected piece, so that each is small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tutor.protocol import BackwardId, Operation, TensorId
from tutor.trace.drawn import zone_of
from tutor.trace.gradient_graph import made_in
from tutor.trace.index import Index
from tutor.trace.lanes import box_id, circle_id, operation_of
from tutor.trace.picture import ItemId, Lane, Zone, ZoneKind


def zones_of(
    index: Index, operations: Sequence[Operation], boxed: set[TensorId], lanes: Sequence[Lane]
) -> tuple[Zone, ...]:
    """Bands in the order of the program; neighbouring operations of one block that are joined by lanes share one."""
    pieces = (piece for group in _runs(operations) for piece in _pieces(index, group, boxed, lanes))
    return tuple(_zone(index, piece, boxed, _kind(piece)) for piece in pieces)


def gradient_zones(
    index: Index, operations: Sequence[Operation], boxed: set[TensorId], lanes: Sequence[Lane]
) -> tuple[Zone, ...]:
    """The bands behind the gradients' own graphs, each of one backward."""
    groups: dict[BackwardId, list[Operation]] = {}
    for operation in operations:
        backward = made_in(index, operation.id)
        if backward is not None:
            groups.setdefault(backward, []).append(operation)
    pieces = (piece for group in groups.values() for piece in _pieces(index, group, boxed, lanes))
    return tuple(_zone(index, piece, boxed, "create_graph") for piece in pieces)


def _runs(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Neighbouring operations of one mode, other than plain grad mode."""
    group: list[Operation] = []
    for operation in operations:
        if group and zone_of(group[-1]) != zone_of(operation):
            yield group
            group = []
        if zone_of(operation) != "none":
            group.append(operation)
    if group:
        yield group


def _pieces(
    index: Index, group: list[Operation], boxed: set[TensorId], lanes: Sequence[Lane]
) -> list[list[Operation]]:
    """The group's connected pieces."""
    owner = {item: at for at, operation in enumerate(group) for item in _items(index, operation, boxed)}
    parent = list(range(len(group)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for lane in lanes:
        if lane.source in owner and lane.target in owner:
            parent[root(owner[lane.target])] = root(owner[lane.source])
    pieces: dict[int, list[Operation]] = {}
    for at, operation in enumerate(group):
        pieces.setdefault(root(at), []).append(operation)
    return list(pieces.values())


def _items(index: Index, operation: Operation, boxed: set[TensorId]) -> list[ItemId]:
    """The circle and the boxes of what it made."""
    made = (t for t in operation.outputs if t in boxed and operation_of(t, index) == operation.id)
    return [circle_id(operation.id), *(box_id(t) for t in made)]


def _kind(piece: list[Operation]) -> Literal["no_grad", "inference"]:
    kind = zone_of(piece[0])
    assert kind != "none"
    return kind


def _zone(index: Index, piece: list[Operation], boxed: set[TensorId], kind: ZoneKind) -> Zone:
    items = dict.fromkeys(item for operation in piece for item in _items(index, operation, boxed))
    spans = [o.span for o in piece if o.span is not None]
    lines = (min(s.line for s in spans), max(s.end_line for s in spans)) if spans else None
    return Zone(kind, tuple(items), lines)
