"""The lanes of a graph: which value goes into which circle, and which edges bring its gradient back."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from tutor.protocol import Edge, NodeId, Operation, OperationId, TensorId
from tutor.trace.drawn import drawn_as, in_place, is_detach, ordered_nodes, zone_of
from tutor.trace.index import Index
from tutor.trace.picture import ItemId, Lane, LaneId

Cut = Literal["none", "detach", "zone"]


def box_id(tensor: TensorId) -> ItemId:
    return ItemId(f"t{tensor}")


def circle_id(operation: OperationId) -> ItemId:
    return ItemId(f"o{operation}")


def operation_of(tensor: TensorId, index: Index) -> OperationId | None:
    return index.made_by.get(tensor)


class LaneMaker:
    """Adds the operations in the order in which they ran, and knows from where each tensor's value now comes."""

    def __init__(self, index: Index, boxed: set[TensorId]) -> None:
        self.index, self.boxed = index, boxed
        self.lanes: list[Lane] = []
        self._from: dict[TensorId, ItemId] = {}
        self._head: dict[TensorId, tuple[NodeId, int]] = {}
        self._circles: set[ItemId] = set()

    def add(self, operation: Operation) -> None:
        nodes = ordered_nodes(operation, self.index)
        self._lanes_in(operation, nodes)
        self._lanes_out(operation, nodes)

    def _lanes_in(self, operation: Operation, nodes: tuple[NodeId, ...]) -> None:
        circle = circle_id(operation.id)
        inputs = (*operation.inputs, *self._written_through(operation, nodes))
        repeats, seen = Counter(inputs), Counter[TensorId]()
        for slot, tensor in enumerate(inputs):
            source = self._source(tensor)
            if source is None:
                continue
            edges = self._edges(nodes, tensor)
            if repeats[tensor] > 1:
                is_last = seen[tensor] == repeats[tensor] - 1
                edges = edges[seen[tensor] : None if is_last else seen[tensor] + 1]
                seen[tensor] += 1
            self.lanes.append(
                Lane(
                    id=LaneId(f"{source}>{circle}:{slot}"),
                    source=source,
                    target=circle,
                    tensor=tensor,
                    slot=slot,
                    returns=bool(edges),
                    edges=edges,
                    named=tensor in self.boxed,
                    cut=self._cut(operation, tensor, edges),
                )
            )

    def _written_through(self, operation: Operation, nodes: tuple[NodeId, ...]) -> tuple[TensorId, ...]:
        """The tensor that is written into through a view of it: its gradient passes through the writing too."""
        if not nodes or not in_place(operation):
            return ()
        base = self.index.base_of(operation.inputs[0])
        known = base not in operation.inputs and self._source(base) is not None
        return (base,) if known and self.index.written_node(operation, base) is not None else ()

    def _lanes_out(self, operation: Operation, nodes: tuple[NodeId, ...]) -> None:
        circle, written = circle_id(operation.id), in_place(operation)
        self._circles.add(circle)
        heads = self._heads(operation, nodes)
        for base in self._written_through(operation, nodes):
            self._from[base] = circle
            self._head[base] = heads[base]
        outputs = operation.outputs or (operation.inputs[:1] if written else [])
        for slot, tensor in enumerate((*outputs, *self.index.left.get(operation.id, ()))):
            if tensor in heads:
                self._head[tensor] = heads[tensor]
            if written:
                if nodes or tensor not in self.boxed:
                    self._from[tensor] = circle
            elif tensor in self.boxed and operation_of(tensor, self.index) == operation.id:
                self._from[tensor] = box_id(tensor)
                self.lanes.append(
                    Lane(
                        id=LaneId(f"{circle}>{box_id(tensor)}:{slot}"),
                        source=circle,
                        target=box_id(tensor),
                        tensor=tensor,
                        slot=slot,
                        returns=tensor in heads,
                    )
                )
            elif tensor not in self._from:
                self._from[tensor] = circle

    def _source(self, tensor: TensorId) -> ItemId | None:
        if tensor in self._from:
            return self._from[tensor]
        if tensor in self.boxed:
            return box_id(tensor)
        if tensor < 0:
            return self._maker(tensor)
        owner = drawn_as(tensor, self.index)
        if owner is None:
            return None
        return self._from.get(owner) or (box_id(owner) if owner in self.boxed else None)

    def _maker(self, tensor: TensorId) -> ItemId | None:
        """Of what an operation computed on its way (no output of it) and a gradient's graph takes up."""
        made = self.index.made_by.get(tensor)
        circle = None if made is None else circle_id(made)
        return circle if circle in self._circles else None

    def _heads(self, operation: Operation, nodes: tuple[NodeId, ...]) -> dict[TensorId, tuple[NodeId, int]]:
        """For each output: the node that its gradient goes to, and which of that node's grad_outputs it is."""
        if in_place(operation):
            return self._written_heads(operation, nodes)
        heads: dict[TensorId, tuple[NodeId, int]] = {}
        counts = Counter[NodeId]()
        for tensor in operation.outputs or operation.inputs[:1]:
            if not nodes:
                continue
            known = self.index.tensors[tensor].grad_fn
            if known is None and not self.index.tensors[tensor].requires_grad:
                continue
            node = known if known is not None else nodes[0]
            heads[tensor] = (node, counts[node])
            counts[node] += 1
        for tensor in self.index.left.get(operation.id, ()):
            returned = self.index.tensors[tensor].grad_fn
            if returned is not None:
                heads[tensor] = (returned, 0)
        return heads

    def _written_heads(
        self, operation: Operation, nodes: tuple[NodeId, ...]
    ) -> dict[TensorId, tuple[NodeId, int]]:
        written = (*(operation.outputs or operation.inputs[:1]), *self._written_through(operation, nodes))
        found = ((t, self.index.written_node(operation, t)) for t in written)
        return {t: (node, 0) for t, node in found if node is not None}

    def _edges(self, nodes: tuple[NodeId, ...], tensor: TensorId) -> tuple[int, ...]:
        """The edges from this operation's nodes to where the tensor's gradient goes, in the order of the arguments."""
        own = set(nodes)
        found: list[int] = []
        for node in nodes:
            outgoing = self.index.edges_from.get(node, ())
            for number in sorted(outgoing, key=lambda e: self.index.edges[e].output):
                edge = self.index.edges[number]
                if edge.to not in own and self._leads_to(edge, tensor):
                    found.append(number)
        return tuple(found)

    def _leads_to(self, edge: Edge, tensor: TensorId) -> bool:
        """Whether the tensor's gradient travels on this edge."""
        tensor = lent if (lent := self.index.mapped(tensor)) is not None else tensor
        if tensor in self._head:
            return (edge.to, edge.input) == self._head[tensor]
        grad_fn = self.index.tensors[tensor].grad_fn
        if grad_fn is not None:
            return edge.to == grad_fn
        node = self.index.nodes.get(edge.to)
        return node is not None and node.tensor == tensor

    def _cut(self, operation: Operation, tensor: TensorId, edges: tuple[int, ...]) -> Cut:
        if edges or not self.index.flag_at(tensor, operation.step):
            return "none"
        if is_detach(operation):
            return "detach"
        return "zone" if zone_of(operation) != "none" else "none"
