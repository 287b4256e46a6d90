"""Which saved tensors a backward freed: the trace must say what torch does when the node is asked, or runs again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from tests.kernel.reading import Read
from tests.traces import golden
from tests.traces.recording import record_text
from tutor.kernel.nodes import Mark
from tutor.protocol import NodeId
from tutor.trace.freed import freed_at

X = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
"""
PROGRAM = X + "h = torch.sin(x) * x + 3\nu = h[0] * 2\ny = (w @ h).exp().sum() + u\n"
BACKWARDS = {
    "plain": "y.backward()",
    "retained": "y.backward(retain_graph=True)",
    "create_graph": "y.sum().backward(create_graph=True)",
    "create_graph, not retained": "torch.autograd.backward(y, create_graph=True, retain_graph=False)",
    "one input": "torch.autograd.grad(y, w)",
    "an inner tensor": "y.backward(inputs=[h])",
    "another root": "(h * h).sum().backward()",
    "twice": "y.backward(retain_graph=True)\ny.backward()",
    "nothing yet": "",
}


def _nodes(root: torch.Tensor) -> Iterator[Any]:
    seen: set[Any] = set()
    todo: list[Any] = [root.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo.extend(following for following, _ in node.next_functions)
            yield node


def _id(node: Any) -> NodeId:
    (mark,) = (mark for mark in node.metadata.values() if isinstance(mark, Mark))
    return mark.id


def _is_gone(node: Any) -> bool:
    """Whether torch refuses to give what the node has saved."""
    for name in dir(type(node)):
        if name.startswith("_saved_") or name == "saved_tensors":
            try:
                getattr(node, name)
            except RuntimeError:
                return True
    return False


@pytest.mark.parametrize("backward", BACKWARDS.values(), ids=BACKWARDS.keys())
def test_gone_is_what_torch_refuses_to_give(backward: str) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    trace = record_text(PROGRAM + backward, namespace=namespace)
    asked = {_id(node): _is_gone(node) for node in _nodes(namespace["y"])}

    assert len(asked) > 8
    assert {node: freed_at(trace, node) is not None for node in asked} == asked


@pytest.mark.parametrize("backward", BACKWARDS.values(), ids=BACKWARDS.keys())
def test_a_second_backward_stops_at_the_first_freed_node(backward: str) -> None:
    read = Read(PROGRAM + backward + "\ntry:\n    y.backward()\nexcept RuntimeError:\n    pass\n")
    last = read.trace.backwards[-1]
    before = last.first_step
    freed = {
        node.id
        for node in read.trace.nodes
        if (step := freed_at(read.trace, node.id)) is not None and step < before
    }

    assert not freed & {run.node for run in last.steps}
    assert (last.error is None) or last.error.node in freed


def test_the_step_is_the_one_of_the_run_that_freed() -> None:
    trace = golden("error")
    steps = {run.step for run in trace.backwards[0].steps if trace.nodes[run.node].tensor is None}

    assert {freed_at(trace, node.id) for node in trace.nodes} - {None} == steps


def test_a_custom_function_and_a_write_into_a_view_let_go_too() -> None:
    read = Read(
        X
        + """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        return t * t
    @staticmethod
    def backward(ctx, g):
        return 2 * g * ctx.saved_tensors[0]
b = x * 1
b[0] = 5.0
y = Square.apply(b).sum()
y.backward()
"""
    )
    freed = {node.name for node in read.trace.nodes if freed_at(read.trace, node.id) is not None}

    assert {"SquareBackward", "CopySlices"} <= freed
    assert "SumBackward0" not in freed


def test_a_node_that_the_trace_does_not_know_was_never_freed() -> None:
    assert freed_at(golden("q"), NodeId(10_000)) is None
