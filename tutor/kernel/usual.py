"""The path that nearly every call takes, written flat: it made one plain new tensor, and wrote to nothing.

A chain of tiny operations is nothing but overhead, and a call in Python costs as much as a question to torch. What
`operations`, `identity` and `graph` do in many small steps is done here in few; whatever is not usual is left to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter

import torch
from torch.autograd import forward_ad
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.call import Call
from tutor.kernel.capture import capture, lone
from tutor.kernel.graph import Following
from tutor.kernel.identity import Known, device_name, dtype_name
from tutor.kernel.measure import size
from tutor.kernel.nodes import Mark, node_name
from tutor.kernel.spans import Place
from tutor.kernel.tape import Tape
from tutor.kernel.transforms import are_active
from tutor.protocol import (
    Data,
    Edge,
    Node,
    NodeId,
    Operation,
    OperationId,
    Span,
    Stats,
    Tensor,
    TensorId,
    TraceEvent,
    Value,
)

_TENSOR = itemgetter(1)

Row = Callable[[Call, OperationId, Span | None, list[TensorId], list[NodeId]], Operation]


class Usual:
    """Tells the operations that are as nearly all are. `ids` gives theirs; `row` makes the row of one."""

    def __init__(self, tape: Tape, ids: Iterator[OperationId], row: Row) -> None:
        self._tape = tape
        self._outlet = tape.outlet
        self._tensors = tape.tensors
        self._by_address = tape.tensors.by_address
        self._graph = tape.graph
        self._token = tape.token
        self._limits = tape.limits
        self._naming = tape.naming
        self._ids = ids
        self._row = row

    def tells(self, call: Call, result: torch.Tensor, place: Place) -> bool:
        """Tells the operation as one step; False, with nothing done, where it is not a usual one."""
        graph, outlet, traits = self._graph, self._outlet, call.traits
        if id(result) in self._by_address or graph.packs or are_active() or forward_ad._current_level >= 0:
            return False
        node, span, step, following = result.grad_fn, place.span, outlet.step, None
        if node is not None:
            following = graph.following(node)
            if not following or self._token in node.metadata:  # type: ignore[operator]
                return False
        operation = next(self._ids)
        events: list[TraceEvent] = []
        outlet.gathered = events
        try:
            if node is None or following is None:
                shares = call.pairs[0][0].id if traits.shares and call.pairs else None
                known, nodes = self._bear(events, result, None, step, shares), []
            else:
                id_ = next(graph.ids)
                node.metadata[self._token] = Mark(graph.epoch, id_, span, None)  # type: ignore[index]
                known, nodes = self._bear(events, result, id_, step, None), [id_]
                self._add_node(events, call, result, operation, node, id_, following)
            events.append(self._row(call, operation, span, [known.id], nodes))
            self._naming.call(place, call, result, step)
            self._tape.end_step("operation", operation, span, place.frame)
        finally:
            # Nothing is told of a step that a fault or an interrupt has broken off.
            outlet.gathered = None
        return True

    def _bear(
        self,
        events: list[TraceEvent],
        tensor: torch.Tensor,
        node: NodeId | None,
        step: int,
        shares: TensorId | None,
    ) -> Known:
        """A new tensor with its values; `node` is its grad_fn's id."""
        tensors = self._tensors
        known = tensors.know(tensor, step, tracked=node is not None or tensor.requires_grad)
        events.append(
            Tensor(
                id=known.id,
                name=None,
                shape=known.shape,
                dtype=dtype_name(known.dtype),
                device="cpu" if tensor.is_cpu else device_name(tensor.device),
                requires_grad=known.tracked,
                is_leaf=node is None,
                grad_fn=node,
                shares_memory_with=shares,
                base=tensors.base_of(known, tensor) if tensor._is_view() else None,
                step=step,
            )
        )
        data: Data = None if known.shape else lone(tensor)
        stats: Stats | None = None
        if data is None:
            data, stats = capture(tensor, self._limits)
            self._outlet.numbers += size(data)
        else:
            self._outlet.numbers += 1
        events.append(Value(tensor=known.id, step=step, version=known.version, value=data, stats=stats))
        return known

    def _add_node(
        self,
        events: list[TraceEvent],
        call: Call,
        result: torch.Tensor,
        operation: OperationId,
        node: AutogradNode,
        id_: NodeId,
        following: list[Following],
    ) -> None:
        graph, saved, step = self._graph, self._graph.saved, self._outlet.step
        pairs = call.pairs
        operands = [pairs[0][1], result] if len(pairs) == 1 else [*map(_TENSOR, pairs), result]
        events.append(
            Node(
                id=id_,
                name=node_name(node),
                operation=operation,
                tensor=None,
                saved=saved.of(node, operands),
                sequence=graph.relative(node),
                created_by=None,
                step=step,
            )
        )
        self._outlet.numbers += saved.kept
        saved.kept = 0
        for output, target, slot in following:
            events.append(Edge(from_=id_, output=output, to=target, input=slot))
