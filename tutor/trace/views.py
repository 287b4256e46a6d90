"""Views: what is written into one is written into the tensor that it is a view of, and makes both a new grad_fn."""

from __future__ import annotations

from collections.abc import Sequence

from tutor.protocol import Node, Operation, TensorId

_VIEWING = frozenset({
    "__getitem__", "view", "view_as", "reshape", "select", "narrow", "t", "T", "mT", "transpose", "permute",
    "movedim", "swapaxes", "swapdims", "squeeze", "unsqueeze", "expand", "expand_as", "flatten", "ravel", "unflatten",
    "unbind", "split", "chunk", "tensor_split", "diagonal", "unfold", "as_strided", "real", "imag", "view_as_real",
    "view_as_complex", "__iter__",
})  # fmt: skip
_COPY = "CopySlices"


def is_viewing(operation: Operation) -> bool:
    """Whether its outputs are views of its first input (where torch made them so)."""
    name = operation.function.removesuffix(".__get__").rpartition(".")[2]
    return bool(operation.inputs) and name in _VIEWING


def written_node(operation: Operation, nodes: Sequence[Node], tensor: TensorId) -> Node | None:
    """The grad_fn that writing in place gives this tensor: CopySlices goes to the viewed one, the other to the view."""
    copies = [n for n in nodes if n.name == _COPY]
    own = [n for n in nodes if n.name != _COPY and n.tensor is None]
    written = operation.outputs or operation.inputs[:1]
    is_viewed = tensor not in written
    if is_viewed or (operation.function.endswith(".__setitem__") and tensor == operation.inputs[0]):
        own = copies or ([] if is_viewed else own)
    return max(own or ([] if is_viewed else copies), key=lambda n: n.sequence or 0, default=None)
