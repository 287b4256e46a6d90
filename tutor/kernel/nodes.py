"""torch's own graph nodes: what they are called, their order, what follows them, and the mark that a recording leaves."""

from __future__ import annotations

import msgspec
import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.bare import bare
from tutor.protocol import NodeId, Span, TensorId

NO_SEQUENCE = 2**63
"""From here on a sequence number is none: an AccumulateGrad always runs first."""


class Epoch:
    """A stretch of a recording, as long as what was marked in it counts: `token` tells recordings apart."""

    __slots__ = ("token",)

    def __init__(self, token: object) -> None:
        self.token: object | None = token


class Mark(msgspec.Struct, frozen=True, gc=False):
    """What is written into a node's metadata, under the token: recordings that meet the same graph keep to their own."""

    epoch: Epoch
    id: NodeId
    span: Span | None
    leaf: TensorId | None


def mark_of(node: AutogradNode, token: object) -> Mark | None:
    mark: Mark | None = node.metadata.get(token)  # type: ignore[attr-defined]
    return mark if mark is not None and mark.epoch.token is token else None


def put_mark(node: AutogradNode, mark: Mark) -> None:
    # The stubs call it a method; it is an attribute, shared with anomaly mode: only our key is ours.
    node.metadata[mark.epoch.token] = mark  # type: ignore[index]


def known_node(node: AutogradNode, token: object) -> NodeId | None:
    mark = mark_of(node, token)
    return None if mark is None else mark.id


def leaf_of(node: AutogradNode) -> torch.Tensor:
    """The leaf into which an AccumulateGrad adds."""
    variable: torch.Tensor = node.variable  # type: ignore[attr-defined]
    return variable


def is_accumulate(node: AutogradNode) -> bool:
    return type(node).__name__ == "AccumulateGrad" and hasattr(node, "variable")


def node_name(node: AutogradNode) -> str:
    """Without its namespace in C++."""
    name = node.name()
    return name if "::" not in name else name.rpartition("::")[2]


def sequence(node: AutogradNode) -> int:
    number: int = node._sequence_nr()
    return number


def root_node(tensor: torch.Tensor) -> AutogradNode | None:
    """The node where a backward from this tensor begins: its grad_fn, or a leaf's AccumulateGrad."""
    plain = bare(tensor)
    if plain.grad_fn is not None:
        return plain.grad_fn
    if not plain.requires_grad:
        return None
    return torch.autograd.graph.get_gradient_edge(tensor).node
