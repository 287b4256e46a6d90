"""Saved tensors that torch made itself: the turned or reshaped view of an operand that a matrix product saves.

They are no tensors of the program, but they count their versions together with the operand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from tutor.protocol import Data, Operation
from tutor.trace.drawn import function_name
from tutor.trace.index import Index

TURNED = "turned"
"""Set in a saved row where the view is the transpose."""
_PRODUCTS = frozenset({"linear", "matmul", "__matmul__"})
_SLOTS = {"self": 0, "mat1": 0, "batch1": 0, "other": 1, "mat2": 1, "batch2": 1}


def saved_rows(
    index: Index, operation: Operation | None, saved: Mapping[str, Data]
) -> Iterator[tuple[str, Data]]:
    """What a node saved, with the operand in the place of a view of it."""
    for key, kept in saved.items():
        if operation is None or not isinstance(kept, dict) or kept.get("tensor", 0) is not None:
            yield key, kept
        elif function_name(operation.function) in _PRODUCTS:
            yield key, _operand(index, operation, key, kept)
        else:
            yield key, _weight(index, operation, kept) if key == "mat2" else kept


def _weight(index: Index, operation: Operation, kept: dict[str, Data]) -> Data:
    """Within a larger function, as an RNN's cell, the one operand that is the saved matrix, turned."""
    saved = kept.get("value")
    if not isinstance(saved, list) or not saved:
        return kept
    values = {tensor: index.value_at(tensor, operation.step) for tensor in operation.inputs}
    turned = [list(row) for row in zip(*saved, strict=True)] if isinstance(saved[0], list) else None
    found = [(t, value) for t, value in values.items() if value is not None and value.value == turned]
    if turned is None or len(found) != 1:
        return kept
    tensor, value = found[0]
    return {"tensor": tensor, "version": value.version, TURNED: True}


def _operand(index: Index, operation: Operation, key: str, kept: dict[str, Data]) -> Data:
    slot = _SLOTS.get(key)
    shape = kept.get("shape")
    if slot is None or slot >= len(operation.inputs) or not isinstance(shape, list) or "of" in kept:
        return kept
    tensor = operation.inputs[slot]
    own = index.shape_of(tensor)
    value = index.value_at(tensor, operation.step)
    if prod(own) != prod(shape) or value is None:
        return kept
    turned = len(own) == 2 and shape == [own[1], own[0]] and (slot == 1 or own[0] != own[1])
    turned = turned and (function_name(operation.function) == "linear" or own[0] != own[1])
    return {"tensor": tensor, "version": value.version, TURNED: turned}
