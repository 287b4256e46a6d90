"""The table of named tensors after a step: what each is, what it holds, and why its `.grad` is None where it is."""

from __future__ import annotations

from dataclasses import dataclass

from tutor.protocol import TensorId
from tutor.trace.grad_row import grad_row
from tutor.trace.index import Index, index_of, last
from tutor.trace.names import short_name
from tutor.trace.picture import GradRow, Shown
from tutor.trace.shown import Covered, shown_value, value_covered
from tutor.trace.trace import Trace


@dataclass(frozen=True, slots=True)
class TensorRow:
    """One named tensor. `value` None: its values were never seen."""

    tensor: TensorId
    name: str
    shape: tuple[int, ...]
    dtype: str
    device: str
    requires_grad: bool
    is_leaf: bool
    grad_fn: str | None
    value: Shown | None
    grad: GradRow
    retains_grad: bool
    version: int
    view_of: str | None = None
    """The name of the tensor that it is a view of."""


def tensor_rows(trace: Trace, step: int, covered: Covered = frozenset()) -> tuple[TensorRow, ...]:
    """The tensors that have a name after `step`, in the order of birth."""
    index = index_of(trace)
    owners: dict[TensorId, list[str]] = {}
    for name, namings in index.names.items():
        owner = last(namings, step)
        if owner is None or name.endswith(".grad") or index.is_forgotten(owner, step):
            continue
        if index.tensors[owner.tensor].step <= step:
            owners.setdefault(owner.tensor, []).append(name)
    return tuple(_row(trace, index, t, owners[t], step, covered) for t in sorted(owners))


def _row(
    trace: Trace, index: Index, tensor: TensorId, names: list[str], step: int, covered: Covered
) -> TensorRow:
    found = index.tensors[tensor]
    value = index.value_at(tensor, step)
    grad_fn = index.grad_fn_at(tensor, step)
    return TensorRow(
        tensor=tensor,
        name=", ".join(names),
        shape=tuple(found.shape if value is None or value.shape is None else value.shape),
        dtype=found.dtype if value is None or value.dtype is None else value.dtype,
        device=found.device,
        requires_grad=index.flag_at(tensor, step),
        is_leaf=index.is_leaf_at(tensor, step),
        grad_fn=index.nodes[grad_fn].name if grad_fn in index.nodes else None,
        value=shown_value(value, index.shape_of(tensor), value_covered(tensor, index, covered)),
        grad=grad_row(trace, index, tensor, step, covered),
        retains_grad=index.retains_at(tensor, step),
        version=value.version if value else 0,
        view_of=None if found.base is None else short_name(index, found.base, step),
    )
