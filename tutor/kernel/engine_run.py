"""One run of the engine while it works: what is hooked, what was seen; and small questions about gradients and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch.autograd.graph import GradientEdge
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.identity import Known
from tutor.kernel.nodes import root_node
from tutor.protocol import BackwardId, Data, NodeId, Span

Fingerprint = tuple[int, str, str]


@dataclass(slots=True)
class Leaf:
    """A tensor whose AccumulateGrad is hooked, and what was seen of its `.grad` while its node runs."""

    tensor: torch.Tensor
    known: Known
    node: NodeId
    before: Data = None
    incoming: Data = None
    landed: bool = False


@dataclass(slots=True)
class Run:
    """One entry into the engine while it works. It holds nodes, and lets them go when the engine is done."""

    id: BackwardId
    create_graph: bool
    span: Span | None
    handles: list[Any] = field(default_factory=list)
    nodes: list[AutogradNode] = field(default_factory=list)
    done: set[NodeId] = field(default_factory=set)
    inputs: list[torch.Tensor] = field(default_factory=list)
    inputs_before: list[Data] = field(default_factory=list)
    accumulates: bool = True


def root(output: Any) -> AutogradNode | None:
    if isinstance(output, GradientEdge):
        return output.node
    return root_node(output) if isinstance(output, torch.Tensor) else None


def put_first(hooks: dict[int, object], key: int) -> None:
    """torch walks the dict as it was filled: an OrderedDict's own order does not count."""
    ours = hooks.pop(key)
    others = list(hooks.items())
    hooks.clear()
    hooks[key] = ours
    hooks.update(others)


def fingerprint(error: BaseException) -> Fingerprint:
    """Tells an exception without holding it: its traceback would keep the learner's tensors alive."""
    return id(error), type(error).__name__, str(error)


def difference(after: Data, before: Data) -> Data:
    if isinstance(after, list) and isinstance(before, list):
        return [difference(one, other) for one, other in zip(after, before, strict=True)]
    both_numbers = isinstance(after, (int, float)) and isinstance(before, (int, float))
    return after - before if both_numbers else None
