"""A small run for the timeline: two operations, a backward of three nodes, and the gradient cleared."""

from __future__ import annotations

from tutor.protocol import (
    BackwardBegan,
    BackwardEnded,
    BackwardId,
    Change,
    Node,
    NodeId,
    Operation,
    OperationId,
    Source,
    SourceId,
    Span,
    Step,
    Tensor,
    TensorId,
    TraceEvent,
)
from tutor.trace.trace import Trace

LINE = "y = x**2; z = 3*y"


def _operation(number: int, text: str) -> list[TraceEvent]:
    col = LINE.index(text)
    span = Span(SourceId(0), 1, 1, col, col + len(text))
    return [
        Operation(
            id=OperationId(number),
            function="torch.Tensor.__mul__",
            span=span,
            grad_enabled=True,
            module=None,
            inputs=[TensorId(0)],
            outputs=[TensorId(1)],
            nodes=[NodeId(number)],
            backward=None,
            step=number,
        ),
        Node(
            id=NodeId(number),
            name=("PowBackward0", "MulBackward0")[number],
            operation=OperationId(number),
            tensor=None,
            step=number,
        ),
        Step(kind="operation", id=number),
    ]


def _tensor(number: int, name: str) -> Tensor:
    return Tensor(
        id=TensorId(number),
        name=name,
        shape=[],
        dtype="float32",
        device="cpu",
        requires_grad=True,
        is_leaf=number == 0,
        grad_fn=None if number == 0 else NodeId(0),
        step=0,
    )


def six_steps() -> Trace:
    b = BackwardId(0)
    trace = Trace()
    trace.append(Source(id=SourceId(0), path=None, cell=None, text=LINE))
    trace.extend([_tensor(0, "x"), _tensor(1, "y")])
    for number, text in enumerate(("x**2", "3*y")):
        trace.extend(_operation(number, text))
    trace.append(Node(id=NodeId(2), name="AccumulateGrad", operation=None, tensor=TensorId(0), step=1))
    trace.append(
        BackwardBegan(
            id=b,
            entry="Tensor.backward",
            parent=None,
            roots=[NodeId(1)],
            inputs=[],
            retain_graph=False,
            create_graph=False,
            span=None,
            step=2,
        )
    )
    trace.extend(Step(kind="node", id=number, backward=b) for number in (1, 0, 2))
    trace.append(BackwardEnded(id=b, results=[], error=None, step=5))
    trace.append(Change(tensor=TensorId(0), what="grad", before=1.0, after=None, span=None, step=5))
    trace.append(Step(kind="grad_changed", id=0))
    return trace
