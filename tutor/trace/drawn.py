"""Which operations of a trace are drawn as circles, and what they do to their tensors."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from tutor.protocol import NodeId, Operation, TensorId
from tutor.trace.gradient_graph import made_in
from tutor.trace.index import Index, last

Zoned = Literal["none", "no_grad", "inference"]

_BOOKKEEPING = frozenset({
    "requires_grad_", "retain_grad", "backward", "grad", "register_hook",
    "register_post_accumulate_grad_hook", "item", "tolist", "numpy", "__repr__", "__str__",
    "__format__", "__len__", "__bool__", "__float__", "__int__", "__index__", "__contains__",
    "__hash__", "__array__", "__iter__", "__deepcopy__", "__reduce_ex__", "size", "dim", "ndim",
    "numel", "shape", "dtype", "device", "is_floating_point", "is_complex", "is_contiguous", "stride",
    "data_ptr", "element_size", "is_leaf", "grad_fn", "requires_grad", "allclose", "equal", "is_tensor",
    "is_nonzero", "is_same_size", "get_device", "nelement", "storage", "untyped_storage",
    "share_memory_", "pin_memory", "broadcast_shapes", "result_type", "clip_grad_norm_",
    "clip_grad_value_", "set_", "__set__",
})  # fmt: skip
_IN_PLACE_DUNDERS = frozenset({
    "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__", "__imod__", "__ipow__",
    "__imatmul__", "__iand__", "__ior__", "__setitem__",
})  # fmt: skip

_OWNER = re.compile(r"([A-Za-z_][\w.\[\]]*)\.grad\b")


@cache
def function_name(function: str) -> str:
    """`torch.Tensor.__mul__` → `__mul__`; `torch.Tensor.T.__get__` → `T`."""
    parts = function.split(".")
    if parts[-1] == "__get__" and len(parts) > 1:
        return parts[-2]
    return parts[-1]


def in_place(operation: Operation) -> bool:
    """Whether it wrote into one of its inputs (and did not merely hand it back, as `x.float()` on a float)."""
    return _writes(operation.function) and any(
        t in operation.inputs for t in operation.outputs or operation.inputs
    )


@cache
def _writes(function: str) -> bool:
    name = function_name(function)
    return name in _IN_PLACE_DUNDERS or (name.endswith("_") and not name.endswith("__"))


def _fills(operation: Operation) -> bool:
    """It writes into a tensor without reading another one: `nn.init`, `zero_()`, `mul_(0.9)`."""
    return len(set(operation.inputs)) == 1


def hands_back(operation: Operation) -> bool:
    """Its outputs are its inputs, untouched."""
    return not in_place(operation) and all(t in operation.inputs for t in operation.outputs)


def is_drawn(operation: Operation, index: Index) -> bool:
    """A circle: it computed tensors from tensors, in the forward pass, and is no bookkeeping."""
    if operation.backward is not None:
        return made_in(index, operation.id) is not None
    if not operation.inputs:
        return False
    if function_name(operation.function) in _BOOKKEEPING:
        return False
    if is_detach(operation) and "state_dict" in index.text(operation.span):
        return False
    if in_place(operation):
        return is_tracked(operation) or not (_fills(operation) or is_gradient(operation.inputs[0], index))
    return bool(operation.outputs) and not hands_back(operation)


def is_gradient(tensor: TensorId, index: Index) -> bool:
    """Whether the tensor is some tensor's `.grad`: it is called so, or appeared nameless in a statement that says so."""
    found = index.tensors.get(tensor)
    if found is None or tensor in index.made_by:
        return False
    if index.namings.get(tensor):
        return index.last_name(tensor).endswith(".grad")
    first = index.operation_at.get(found.step)
    return (
        not found.requires_grad and first is not None and ".grad" in index.lines(index.operations[first].span)
    )


def gradient_owner(tensor: TensorId, index: Index) -> TensorId | None:
    """Whose `.grad` it is: the tensor named before `.grad` in the statement, or the one whose gradient it equals."""
    if not is_gradient(tensor, index):
        return None
    step = index.tensors[tensor].step
    for name in _owner_names(tensor, step, index):
        naming = last(index.names.get(name, ()), step - 1)
        if naming is not None and _could_own(naming.tensor, tensor, step, index):
            return naming.tensor
    return _equal(tensor, step, index)


def drawn_as(tensor: TensorId, index: Index) -> TensorId | None:
    """In whose box a tensor is drawn that has none of its own: a gradient, or what vmap lends to its function."""
    lent = index.mapped(tensor)
    return gradient_owner(tensor, index) if lent is None else lent


def _owner_names(tensor: TensorId, step: int, index: Index) -> list[str]:
    name = index.last_name(tensor)
    if name.endswith(".grad"):
        return [name.removesuffix(".grad")]
    operation = index.operations[index.operation_at[step]]
    return _OWNER.findall(index.lines(operation.span))


def _could_own(owner: TensorId, tensor: TensorId, step: int, index: Index) -> bool:
    grad = index.grad_at(owner, step)
    return grad is not None and index.tensors[owner].shape == index.tensors[tensor].shape


def _equal(tensor: TensorId, step: int, index: Index) -> TensorId | None:
    value = index.value_at(tensor, step)
    if value is None or value.value is None:
        return None
    for owner in index.accumulators:
        grad = index.grad_at(owner, step)
        if grad is not None and grad.value == value.value and _could_own(owner, tensor, step, index):
            return owner
    return None


def zone_of(operation: Operation) -> Zoned:
    if operation.mode != "grad":
        return operation.mode
    return "none" if operation.grad_enabled else "no_grad"


def is_tracked(operation: Operation) -> bool:
    return bool(operation.nodes)


def is_detach(operation: Operation) -> bool:
    return function_name(operation.function) in ("detach", "detach_", "data")


def ordered_nodes(operation: Operation, index: Index) -> tuple[NodeId, ...]:
    """The operation's nodes in the order in which the engine will run them: the last made runs first."""
    nodes = [index.nodes[n] for n in operation.nodes if n in index.nodes]
    nodes = [n for n in nodes if n.tensor is None]
    if len(nodes) < 2:
        return (nodes[0].id,) if nodes else ()
    return tuple(n.id for n in sorted(nodes, key=lambda n: (-(n.sequence or 0), n.id)))
