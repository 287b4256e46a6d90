"""torch's autograd graph, walked from `grad_fn`: ids in each node's own metadata, edges, what each node saved.

No strong reference to a node is kept: a node that is held keeps its whole graph alive.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.capture import capture, number
from tutor.protocol import CreatedBy, Data, Edge, Node, NodeId, OperationId, Span, TensorId

if TYPE_CHECKING:
    from tutor.kernel.tape import Tape

_KEY = "autograd_tutor"
_NO_SEQUENCE = 2**63


class Mark(NamedTuple):
    """What is written into a node's metadata. `token` tells recordings apart that meet the same graph."""

    token: object
    id: NodeId
    span: Span | None
    leaf: TensorId | None


def mark_of(node: AutogradNode, token: object) -> Mark | None:
    mark = _metadata(node).get(_KEY)
    return mark if mark is not None and mark.token is token else None


def known_node(node: AutogradNode, token: object) -> NodeId | None:
    mark = mark_of(node, token)
    return None if mark is None else mark.id


def _metadata(node: AutogradNode) -> dict[str, Mark]:
    # The stubs call it a method; it is an attribute, shared with anomaly mode: only our key is ours.
    return node.metadata  # type: ignore[return-value]


def leaf_of(node: AutogradNode) -> torch.Tensor:
    """The leaf into which an AccumulateGrad adds."""
    variable: torch.Tensor = node.variable  # type: ignore[attr-defined]
    return variable


def is_accumulate(node: AutogradNode) -> bool:
    return hasattr(node, "variable") and type(node).__name__ == "AccumulateGrad"


def node_name(node: AutogradNode) -> str:
    return node.name().rpartition("::")[2]


def sequence(node: AutogradNode) -> int:
    return int(node._sequence_nr())


Claimed = tuple[AutogradNode, Mark]


class Graph:
    """Registers the nodes that an operation, or a backward with create_graph, has made."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._count = 0
        self._first_sequence: int | None = None

    def claim(self, roots: Iterable[AutogradNode], *, span: Span | None = None) -> list[Claimed]:
        """Gives ids to the new nodes reachable from `roots`, in the order in which the forward made them."""
        return [(node, self._mark(node, span)) for node in self._fresh(roots)]

    def describe(
        self,
        fresh: list[Claimed],
        *,
        operation: OperationId | None = None,
        operands: list[torch.Tensor],
        created_by: CreatedBy | None = None,
    ) -> list[NodeId]:
        """Emits claimed nodes with their edges; returns their ids."""
        if not fresh:
            return []
        saved = _Saved(self._tape, operands)
        for node, mark in fresh:
            self._emit(node, mark, saved, operation if mark.leaf is None else None, created_by)
        for node, mark in fresh:
            self._emit_edges(node, mark.id)
        return [mark.id for _, mark in fresh]

    def id_of(self, node: AutogradNode) -> NodeId:
        """The id of a node that was registered. Raises KeyError for another."""
        mark = mark_of(node, self._tape.token)
        if mark is None:
            raise KeyError(node_name(node))
        return mark.id

    def mark(self, node: AutogradNode) -> Mark | None:
        return mark_of(node, self._tape.token)

    def _fresh(self, roots: Iterable[AutogradNode]) -> list[AutogradNode]:
        """New nodes as the forward made them: by sequence number, each accumulation before the node that leads to it."""
        token = self._tape.token
        stack = [node for node in roots if mark_of(node, token) is None]
        if len(stack) == 1 and all(
            node is None or mark_of(node, token) is not None for node, _ in stack[0].next_functions
        ):
            return stack
        order: dict[AutogradNode, int] = {}
        while stack:
            node = stack.pop()
            if node in order:
                continue
            order[node] = sequence(node)
            following = [node for node, _ in node.next_functions if node is not None]
            stack.extend(node for node in following if mark_of(node, token) is None)
        ordered: list[AutogradNode] = []
        placed: set[AutogradNode] = set()
        for node in sorted((node for node in order if order[node] < _NO_SEQUENCE), key=order.__getitem__):
            for before, _ in node.next_functions:
                if before in order and before not in placed and order[before] >= _NO_SEQUENCE:
                    placed.add(before)
                    ordered.append(before)
            ordered.append(node)
        ordered.extend(node for node in order if order[node] >= _NO_SEQUENCE and node not in placed)
        return ordered

    def _mark(self, node: AutogradNode, span: Span | None) -> Mark:
        leaf = None
        if is_accumulate(node):
            leaf = self._tape.tensors.see(leaf_of(node), self._tape.step).id
        mark = Mark(self._tape.token, NodeId(self._count), span, leaf)
        _metadata(node)[_KEY] = mark
        self._count += 1
        return mark

    def _emit(
        self,
        node: AutogradNode,
        mark: Mark,
        saved: _Saved,
        operation: OperationId | None,
        created_by: CreatedBy | None,
    ) -> None:
        self._tape.put(
            Node(
                id=mark.id,
                name=node_name(node),
                operation=operation,
                tensor=mark.leaf,
                saved=saved.of(node),
                sequence=self._relative(node),
                created_by=created_by,
                step=self._tape.step,
            )
        )

    def _relative(self, node: AutogradNode) -> int | None:
        own = sequence(node)
        if own >= _NO_SEQUENCE:
            return None
        if self._first_sequence is None:
            self._first_sequence = own
        return own - self._first_sequence

    def _emit_edges(self, node: AutogradNode, source: NodeId) -> None:
        for output, (target, slot) in enumerate(node.next_functions):
            if target is not None:
                self._tape.put(Edge(from_=source, output=output, to=self.id_of(target), input=slot))


class _Saved:
    """Reads what a node saved, telling saved tensors by the memory that they share with the operation's operands."""

    def __init__(self, tape: Tape, operands: list[torch.Tensor]) -> None:
        self._tape = tape
        self._operands = operands
        # Reading `_saved_*` would call the learner's unpack hook, under checkpoint run the forward again.
        self._readable = torch._C._autograd._top_saved_tensors_default_hooks(True) is None

    def of(self, node: AutogradNode) -> dict[str, Data]:
        if not self._readable:
            return {}
        found: dict[str, Data] = {}
        for attribute in _saved_attributes(type(node)):
            try:
                value = getattr(node, attribute)
            except (RuntimeError, AttributeError):
                continue
            self._add(found, attribute.removeprefix("_saved_"), value)
        return found

    def _add(self, found: dict[str, Data], name: str, value: object) -> None:
        if name == "saved_tensors" and isinstance(value, tuple):
            for index, part in enumerate(value):
                found[f"saved_tensors[{index}]"] = self._data(part)
        else:
            found[name] = self._data(value)

    def _data(self, value: object) -> Data:
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, (tuple, list)):
            return [self._data(part) for part in value]
        if isinstance(value, float):
            return number(value)
        if value is None or isinstance(value, (bool, str)) or (isinstance(value, int) and abs(value) < 2**53):
            return value
        return str(value)

    def _tensor(self, saved: torch.Tensor) -> Data:
        operand = self._operand(saved)
        if operand is None:
            value, _ = capture(saved, self._tape.limits)
            return {"tensor": None, "version": None, "shape": list(saved.shape), "value": value}
        known = self._tape.tensors.find(operand)
        return {
            "tensor": None if known is None else known.id,
            "version": None if known is None else known.version,
        }

    def _operand(self, saved: torch.Tensor) -> torch.Tensor | None:
        for operand in self._operands:
            if operand is saved:
                return operand
        return next((operand for operand in self._operands if _same_place(operand, saved)), None)


def _same_place(one: torch.Tensor, other: torch.Tensor) -> bool:
    try:
        return (
            one.data_ptr() == other.data_ptr() and one.shape == other.shape and one.stride() == other.stride()
        )
    except (RuntimeError, NotImplementedError):
        return False


@lru_cache(maxsize=2048)
def _saved_attributes(kind: type) -> tuple[str, ...]:
    found = [name for name in dir(kind) if name.startswith("_saved_")]
    return (*found, "saved_tensors") if not found and hasattr(kind, "saved_tensors") else tuple(found)


def root_node(tensor: torch.Tensor) -> AutogradNode | None:
    """The node where a backward from this tensor begins: its grad_fn, or a leaf's AccumulateGrad."""
    if tensor.grad_fn is not None:
        return tensor.grad_fn
    if not tensor.requires_grad:
        return None
    return torch.autograd.graph.get_gradient_edge(tensor).node


def reachable(roots: Iterable[AutogradNode]) -> list[AutogradNode]:
    """Every node that a backward from `roots` may run."""
    seen: set[AutogradNode] = set()
    found: list[AutogradNode] = []
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            found.append(node)
            stack.extend(following for following, _ in node.next_functions if following is not None)
    return found
