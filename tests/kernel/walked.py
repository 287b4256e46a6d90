"""torch's graph and the recorded one, each walked for itself in the same order, so that they can be compared as a whole.

A node's number is its place in a walk from the root, depth first, along the outputs in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

from tutor.protocol import Edge, NodeId
from tutor.trace.trace import Backward, Trace

N = TypeVar("N", bound=Hashable)
Followers = list[tuple[int, N, int]]
"""Of one node: an output, the node that it leads to, the input there."""


@dataclass
class Walked:
    """A graph by numbers."""

    names: list[str] = field(default_factory=list)
    leaves: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """The shapes of the leaves, by the number of their AccumulateGrad."""
    edges: list[tuple[int, int, int, int]] = field(default_factory=list)


def _numbered(roots: list[N], following: Callable[[N], Followers[N]]) -> dict[N, int]:
    numbers: dict[N, int] = {}
    stack = roots[::-1]
    while stack:
        node = stack.pop()
        if node not in numbers:
            numbers[node] = len(numbers)
            stack += [next_node for _, next_node, _ in reversed(following(node))]
    return numbers


def _edges(numbers: dict[N, int], following: Callable[[N], Followers[N]]) -> list[tuple[int, int, int, int]]:
    return [
        (number, output, numbers[next_node], slot)
        for node, number in numbers.items()
        for output, next_node, slot in following(node)
    ]


# torch's own


def following(node: Any) -> Followers[Any]:
    return [
        (place, after, slot) for place, (after, slot) in enumerate(node.next_functions) if after is not None
    ]


def numbered(*tensors: torch.Tensor) -> dict[Any, int]:
    return _numbered([_root(tensor) for tensor in tensors], following)


def _root(tensor: torch.Tensor) -> Any:
    return tensor.grad_fn or torch.autograd.graph.get_gradient_edge(tensor).node


def walked(*tensors: torch.Tensor) -> Walked:
    """The graph behind the tensors, as torch has it now."""
    numbers = numbered(*tensors)
    leaves = {
        number: tuple(node.variable.shape) for node, number in numbers.items() if hasattr(node, "variable")
    }
    return Walked([name_of(node) for node in numbers], leaves, _edges(numbers, following))


def name_of(node: Any) -> str:
    return str(node.name()).rpartition("::")[2]


# as it was recorded


def _recorded_following(trace: Trace) -> Callable[[NodeId], Followers[NodeId]]:
    outgoing: dict[NodeId, list[Edge]] = defaultdict(list)
    for edge in trace.edges:
        outgoing[edge.from_].append(edge)
    return lambda node: [
        (edge.output, edge.to, edge.input) for edge in sorted(outgoing[node], key=lambda edge: edge.output)
    ]


def recorded_numbers(trace: Trace, backward: Backward) -> dict[NodeId, int]:
    return _numbered(list(backward.roots), _recorded_following(trace))


def recorded_walk(trace: Trace, backward: Backward) -> Walked:
    """The graph behind a backward's roots, as the trace tells it."""
    numbers = recorded_numbers(trace, backward)
    leaves = {
        number: tuple(trace.tensors[tensor].shape)
        for node, number in numbers.items()
        if (tensor := trace.nodes[node].tensor) is not None
    }
    names = [trace.nodes[node].name for node in numbers]
    return Walked(names, leaves, _edges(numbers, _recorded_following(trace)))


def recorded_order(trace: Trace, backward: Backward) -> list[int]:
    """The nodes as the engine ran them."""
    numbers = recorded_numbers(trace, backward)
    return [numbers[run.node] for run in backward.steps]


# what the engine does, observed without the recorder


@dataclass
class Observed:
    """One backward of a program that is not recorded."""

    graph: Walked
    order: list[int] = field(default_factory=list)


@contextmanager
def observed() -> Iterator[list[Observed]]:
    """Watches each `Tensor.backward` with hooks of its own on every node that it may run."""
    found: list[Observed] = []
    original = torch.Tensor.backward

    def backward(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        watched = Observed(walked(tensor))
        found.append(watched)
        handles = [
            node.register_hook(lambda sent, received, number=number: watched.order.append(number))
            for node, number in numbered(tensor).items()
        ]
        try:
            original(tensor, *args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()

    torch.Tensor.backward = backward  # type: ignore[method-assign, assignment]
    try:
        yield found
    finally:
        torch.Tensor.backward = original  # type: ignore[method-assign]
