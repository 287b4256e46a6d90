"""Values on their way to the eye: with their shape, and covered where a question hides them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tutor.protocol import Data, Stats, TensorId, Value
from tutor.trace.index import Index
from tutor.trace.picture import Shown
from tutor.trace.values import dense

Covered = frozenset[str]
"""Names of what is hidden: "a.grad" the gradient of a, "Q" the value of Q."""

NOTHING: Covered = frozenset()


def shown(data: Data, shape: Sequence[int], covered: bool = False) -> Shown:
    """A gradient, whole or (where it was too large to keep) as its statistics; a sparse one with its zeros."""
    if isinstance(data, dict):
        stats = data.get("stats")
        return Shown(
            data=dense(data) if "indices" in data else None,
            shape=tuple(data.get("shape", shape)),
            stats=None if stats is None else _stats(stats),
            covered=covered,
            unread=bool(data.get("unread")),
        )
    return Shown(data, tuple(shape), None, covered)


def shown_value(value: Value | None, shape: Sequence[int], covered: bool = False) -> Shown | None:
    """`shape` is the tensor's own; a value may have another (`resize_`, `t_`)."""
    if value is None:
        return None
    true = shape if value.shape is None else value.shape
    return Shown(dense(value.value), tuple(true), value.stats, covered)


def grad_covered(tensor: TensorId, index: Index, covered: Covered) -> bool:
    return bool(covered) and any(f"{n.name}.grad" in covered for n in index.namings.get(tensor, ()))


def value_covered(tensor: TensorId, index: Index, covered: Covered) -> bool:
    return bool(covered) and any(n.name in covered for n in index.namings.get(tensor, ()))


def _stats(stats: object) -> Stats:
    return stats if isinstance(stats, Stats) else msgspec.convert(stats, Stats)
