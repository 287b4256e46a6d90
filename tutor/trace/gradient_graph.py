"""The gradient's own graph: what a backward with create_graph computed, as operations that are drawn like any other.

torch tells the nodes of such a graph, and no tensors between them: here each node (or, of many, each backward step)
becomes an operation with negative ids, put into the index beside those that the program called.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice, takewhile

from tutor.protocol import BackwardId, Data, NodeId, Operation, OperationId, Tensor, TensorId, Value
from tutor.trace.gradient_nodes import arguments_of, function_of, shape_of, value_of, written_text
from tutor.trace.index import Index
from tutor.trace.trace import Backward, Trace

MANY = 24
"""Of more nodes than these, those of one backward step share a circle."""


_RECENT = 24
"""So many of the last backwards' graphs are made anew when the trace grows; an older one when something new touches it."""
_SLOTS = 2**32
"""More than any node has."""


@dataclass(slots=True)
class GradientGraph:
    """Which operations belong to the gradients' own graphs, and where they are found."""

    used: set[NodeId] = field(default_factory=set)
    """Only ever grows with the trace."""
    made_in: dict[OperationId, BackwardId] = field(default_factory=dict)
    """The backward that carried the operation out: one made up here, or one of the learner's own backward."""
    at: defaultdict[int, list[OperationId]] = field(default_factory=lambda: defaultdict(list))
    texts: dict[TensorId, str] = field(default_factory=dict)
    """How the results are written: `3·x²`."""
    outputs: dict[tuple[NodeId, int], TensorId] = field(default_factory=dict)
    of_node: dict[NodeId, OperationId] = field(default_factory=dict)
    stamp: tuple[int, ...] = ()
    seen: Seen = field(default_factory=lambda: Seen())
    inner: dict[tuple[NodeId, int], BackwardId] = field(default_factory=dict)
    """What was made up for nodes of the program's operations, by the backward that asked for it first."""
    covered: dict[TensorId, OperationId] = field(default_factory=dict)
    """By which operation of the program a tensor was made that a made-up one makes here."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How many rows of each kind were looked through."""

    nodes: int = 0
    edges: int = 0
    operations: int = 0
    tensors: int = 0
    runs: int = 0


def gradient_graph(trace: Trace, index: Index) -> GradientGraph:
    """The graphs through which something passes again; a graph that nobody uses is left out."""
    kept = index.derived.setdefault("gradient graph", GradientGraph())
    assert isinstance(kept, GradientGraph)
    if index.created and kept.stamp != index.stamp:
        _catch_up(trace, index, kept)
    return kept


def made_in(index: Index, operation: OperationId) -> BackwardId | None:
    """The backward whose create_graph made this operation; None for those of the program."""
    kept = index.derived.get("gradient graph")
    return kept.made_in.get(operation) if isinstance(kept, GradientGraph) else None


def operations_at(index: Index) -> Mapping[int, list[OperationId]]:
    """By step the operations of the gradients' own graphs."""
    kept = index.derived.get("gradient graph")
    return kept.at if isinstance(kept, GradientGraph) else {}


def texts_of(index: Index) -> Mapping[TensorId, str]:
    """How the results of the gradients' own graphs are written."""
    kept = index.derived.get("gradient graph")
    return kept.texts if isinstance(kept, GradientGraph) else {}


def gradient_text(index: Index, tensor: TensorId) -> str:
    """How a tensor of such a graph is written; "" for any other."""
    return texts_of(index).get(tensor, "")


def _catch_up(trace: Trace, index: Index, kept: GradientGraph) -> None:
    """Makes the last backwards' graphs anew, and with an older one that something new touches all that followed it."""
    creating = [backward for backward in trace.backwards if backward.create_graph]
    touched = {b for b in _touched(trace, index, kept) if trace.backwards[b].create_graph}
    kept.stamp = index.stamp
    if not creating:
        return
    first = min(touched | {creating[-_RECENT:][0].id})
    _unsettle(trace, index, min(touched, default=None))
    _withdraw(index, kept, first)
    for backward in creating[bisect_left(creating, first, key=lambda b: b.id) :]:
        _Builder(index, kept, backward).build()


def _unsettle(trace: Trace, index: Index, first: BackwardId | None) -> None:
    """What was worked out for long past iterations is worked out anew where one of their backwards is touched."""
    last_one = index.derived.get("settled until")
    if first is not None and isinstance(last_one, int) and trace.backwards[first].first_step < last_one:
        for settled in ("structures", "iterations"):
            index.derived.pop(settled, None)


def _withdraw(index: Index, kept: GradientGraph, first: BackwardId) -> None:
    """Takes what was made up for this backward and later ones out of the index again."""
    gone = list(takewhile(lambda o: kept.made_in[o] >= first, reversed(kept.made_in)))
    for key in gone:
        del kept.made_in[key]
        operation = index.operations[key]
        kept.at.pop(operation.step, None)
        for node in operation.nodes:
            kept.of_node.pop(node, None)
        if key < 0:
            _forget(index, kept, index.operations.pop(key))
    for (node, slot), backward in list(kept.inner.items()):
        if backward >= first:
            del kept.inner[node, slot]
            _forget_tensor(index, kept, kept.outputs.pop((node, slot)))


def _forget(index: Index, kept: GradientGraph, operation: Operation) -> None:
    for node in operation.nodes:
        for slot in range(len(operation.outputs)):
            kept.outputs.pop((node, slot), None)
    for tensor in operation.outputs:
        _forget_tensor(index, kept, tensor)


def _forget_tensor(index: Index, kept: GradientGraph, tensor: TensorId) -> None:
    kept.texts.pop(tensor, None)
    if tensor < 0:
        index.made_by.pop(tensor, None)
        index.tensors.pop(tensor, None)
        index.values.pop(tensor, None)
    elif index.made_by.get(tensor, 0) < 0:
        del index.made_by[tensor]
        if tensor in kept.covered:
            index.made_by[tensor] = kept.covered.pop(tensor)


def _real(index: Index, node: NodeId) -> TensorId | None:
    return next((t for t in index.by_grad_fn.get(node, ()) if t >= 0), None)


# ------------------------------------------------------------------ what is used


def _touched(trace: Trace, index: Index, kept: GradientGraph) -> set[BackwardId]:
    """Takes in what is new of the graph; gives the backwards whose graph is another one by it."""
    seen = kept.seen
    kept.seen = Seen(
        len(trace.nodes), len(index.edges), len(trace.operations), len(trace.tensors), len(index.node_steps)
    )
    edges = index.edges[seen.edges :]
    ran = [run.run.node for run in islice(reversed(index.node_steps.values()), kept.seen.runs - seen.runs)]
    told = [t.grad_fn for t in trace.tensors[seen.tensors :] if t.grad_fn is not None]
    made = [node for operation in trace.operations[seen.operations :] for node in operation.nodes]
    asked = [index.edges[edge].to for node in made for edge in index.edges_from.get(node, ())]
    new = [node.id for node in trace.nodes[seen.nodes :]]
    added = _use(trace, index, kept.used, [*new, *(e.to for e in edges), *ran, *made, *asked])
    changed = {n for n in (*(e.to for e in edges), *(e.from_ for e in edges), *ran, *told) if n in kept.used}
    makers = (_creator(index, node) for node in (*added, *changed))
    waiting = {node: backward for (node, _slot), backward in kept.inner.items()}
    return {maker for maker in makers if maker is not None} | {waiting[n] for n in told if n in waiting}


def _use(trace: Trace, index: Index, used: set[NodeId], candidates: Iterable[NodeId]) -> list[NodeId]:
    """Adds those that ran, or through which a later operation's gradient would pass, and all behind them."""
    added: list[NodeId] = []
    todo = [n for n in candidates if n not in used and _is_asked(trace, index, n, used)]
    while todo:
        node = todo.pop()
        if node in used:
            continue
        used.add(node)
        added.append(node)
        following = (index.edges[e].to for e in index.edges_from.get(node, ()))
        todo.extend(n for n in following if _is_inner(index, n) and _creator(index, n) is not None)
    return added


def _is_asked(trace: Trace, index: Index, node: NodeId, used: set[NodeId]) -> bool:
    maker = _creator(index, node) if _is_inner(index, node) else None
    if maker is None:
        return False
    sources = [index.edges[edge].from_ for edge in index.edges_to.get(node, ())]
    if any(source in used for source in sources):
        return True
    created = trace.backwards[maker].create_graph
    return created and (bool(index.runs.get(node)) or any(_is_of_program(index, s) for s in sources))


def _is_of_program(index: Index, node: NodeId) -> bool:
    maker = index.nodes[node].operation if node in index.nodes else None
    return maker in index.operations and index.operations[maker].backward is None


def _is_inner(index: Index, node: NodeId) -> bool:
    return node in index.nodes and index.nodes[node].tensor is None


def _creator(index: Index, node: NodeId) -> BackwardId | None:
    """The backward that made a node."""
    found = index.nodes.get(node)
    if found is None:
        return None
    if found.created_by is not None:
        return found.created_by.backward
    return index.operations[found.operation].backward if found.operation in index.operations else None


# ------------------------------------------------------------------ operations made up


class _Builder:
    """Makes up the operations of one backward."""

    def __init__(self, index: Index, made: GradientGraph, backward: Backward) -> None:
        self.index, self.made, self.backward = index, made, backward
        self.slots: dict[NodeId, int] = {}
        """How many of each node's outputs are asked for."""

    def build(self) -> None:
        mine = sorted(
            (n for n in self.index.created.get(self.backward.id, ()) if n in self.made.used), key=self._order
        )
        own = [n for n in mine if self.index.nodes[n].operation is not None]
        for operation in dict.fromkeys(self.index.nodes[n].operation for n in own):
            if operation in self.index.operations:
                self._register(self.index.operations[operation])
        anonymous = [n for n in mine if self.index.nodes[n].operation is None]
        for group in self._groups(anonymous):
            self._outputs(group)
            self._register(self._operation(group))

    def _order(self, node: NodeId) -> int:
        return self.index.nodes[node].sequence or 0

    def _step(self, node: NodeId) -> int:
        found = self.index.nodes[node]
        return found.created_by.step if found.created_by is not None else found.step

    def _groups(self, nodes: list[NodeId]) -> Iterable[list[NodeId]]:
        """Nodes one by one, or by the step that made them, in the order in which they were made."""
        if len(nodes) <= MANY:
            return [[node] for node in nodes]
        by_step: dict[int, list[NodeId]] = {}
        for node in nodes:
            by_step.setdefault(self._step(node), []).append(node)
        return by_step.values()

    def _register(self, operation: Operation) -> None:
        self.made.made_in[operation.id] = self.backward.id
        self.made.at[operation.step].append(operation.id)
        self.made.of_node.update(dict.fromkeys(operation.nodes, operation.id))
        self.index.operations[operation.id] = operation
        if operation.id < 0:
            for tensor in operation.outputs:
                known = self.index.made_by.get(tensor)
                if known is not None and known >= 0:
                    self.made.covered[tensor] = known
                self.index.made_by[tensor] = operation.id

    def _operation(self, group: list[NodeId]) -> Operation:
        index, alone = self.index, len(group) == 1
        own = set(group)
        edges = [
            e
            for node in reversed(group)
            for e in sorted(index.edges_from.get(node, ()), key=lambda e: index.edges[e].output)
            if index.edges[e].to not in own
        ]
        inputs = {
            e: t for e in edges if (t := self._tensor(index.edges[e].to, index.edges[e].input)) is not None
        }
        node = index.nodes[group[-1]]
        by_output = {index.edges[e].output: t for e, t in inputs.items()}
        arguments = arguments_of(node, by_output) if alone else []
        operation = Operation(
            id=OperationId(-1 - group[0]),
            function=function_of(node) if alone else self._function(group),
            span=self.backward.span,
            grad_enabled=True,
            module=None,
            inputs=[*inputs.values()],
            outputs=[t for n in group for t in self._results(n)],
            arguments=arguments,
            nodes=group,
            backward=self.backward.id,
            step=self._step(group[-1]),
        )
        self._write(operation, alone=alone)
        return operation

    def _function(self, group: list[NodeId]) -> str:
        """Of a whole backward step: that of the operation whose node ran."""
        ran = self.index.node_steps.get(self._step(group[-1]))
        node = self.index.nodes.get(ran.run.node) if ran is not None else None
        if node is not None and node.operation in self.index.operations:
            return self.index.operations[node.operation].function
        return function_of(self.index.nodes[group[-1]] if node is None else node)

    def _write(self, operation: Operation, *, alone: bool) -> None:
        text = written_text(self.index, operation, self.made.texts) if alone else ""
        for tensor in operation.outputs:
            self.made.texts[tensor] = text or self.index.nodes[operation.nodes[-1]].name

    # ------------------------------------------------------------- tensors between them

    def _results(self, node: NodeId) -> list[TensorId]:
        return [self.made.outputs[node, slot] for slot in range(self.slots.get(node, 0))]

    def _outputs(self, group: list[NodeId]) -> None:
        """The tensors that others ask of these nodes: the program's own where it has them."""
        for node in group:
            asked = {
                self.index.edges[e].input for e in self.index.edges_to.get(node, ()) if self._asks(e, group)
            }
            real = _real(self.index, node)
            self.slots[node] = max(asked, default=0 if real is not None else -1) + 1
            for slot in range(self.slots[node]):
                tensor = real if slot == 0 and real is not None else self._made_up(node, slot)
                self.made.outputs[node, slot] = tensor

    def _asks(self, edge: int, group: list[NodeId]) -> bool:
        return self.index.edges[edge].from_ not in group

    def _made_up(self, node: NodeId, slot: int, *, step: int | None = None) -> TensorId:
        index, tensor = self.index, TensorId(-1 - node * _SLOTS - slot)
        step = self._step(node) if step is None else step
        data: Data = value_of(index, node, slot)
        index.tensors[tensor] = Tensor(
            id=tensor,
            name=None,
            shape=shape_of(index, node, slot, data),
            dtype="float32",
            device="cpu",
            requires_grad=True,
            is_leaf=False,
            grad_fn=node,
            step=step,
        )
        if data is not None:
            index.values[tensor] = [Value(tensor=tensor, step=step, version=0, value=data)]
        return tensor

    def _tensor(self, node: NodeId, slot: int) -> TensorId | None:
        """Whose gradient an edge brings to a node's slot."""
        index = self.index
        if (node, slot) in self.made.outputs:
            return self.made.outputs[node, slot]
        found = index.nodes.get(node)
        if found is None or found.tensor is not None:
            return None if found is None else found.tensor
        maker = index.operations.get(found.operation) if found.operation is not None else None
        made = [t for t in maker.outputs if index.tensors[t].grad_fn == node] if maker is not None else []
        known = made or index.by_grad_fn.get(node, [])
        if not known and maker is not None:
            return self._inner(node, slot, maker)
        return known[slot] if slot < len(known) else (known[0] if known else None)

    def _inner(self, node: NodeId, slot: int, maker: Operation) -> TensorId:
        """What an operation of the program computed on its way and gave nobody: a layer's turned weight."""
        tensor = self._made_up(node, slot, step=maker.step)
        self.made.outputs[node, slot] = tensor
        self.made.inner[node, slot] = self.backward.id
        self.made.texts[tensor] = function_of(self.index.nodes[node]).rpartition(".")[2]
        self.index.made_by[tensor] = maker.id
        return tensor
