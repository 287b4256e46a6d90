"""Look-ups over one growing trace: what belongs to a tensor, a node, a name; brought up to date as events are appended.

Everything that is shown goes through it, so that a step costs what it changes and not what the trace is long.
"""

from __future__ import annotations

import weakref
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tutor.protocol import (
    BackwardId,
    Change,
    Data,
    Edge,
    Node,
    NodeId,
    NodeRun,
    Operation,
    OperationId,
    SourceId,
    Span,
    Stats,
    Tensor,
    TensorId,
    TensorNamed,
    Value,
)
from tutor.trace.lines import lines_of
from tutor.trace.trace import Trace
from tutor.trace.views import is_viewing, written_node

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GradEvent:
    """A tensor's `.grad` from `step` on; `span` is the statement that changed it, `backward` the one that added to it."""

    step: int
    value: Data
    backward: BackwardId | None
    span: Span | None
    stats: Stats | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    step: int
    tensor: TensorId
    name: str


@dataclass(frozen=True, slots=True)
class RunOf:
    """A node's run: in which backward, and the how-manieth of its steps."""

    step: int
    backward: BackwardId
    position: int
    run: NodeRun


@dataclass
class Index:
    """The look-up tables of one trace. Lists under a key are in the order of their steps."""

    tensors: dict[TensorId, Tensor] = field(default_factory=dict)
    nodes: dict[NodeId, Node] = field(default_factory=dict)
    operations: dict[OperationId, Operation] = field(default_factory=dict)
    sources: dict[SourceId, list[str]] = field(default_factory=dict)
    names: defaultdict[str, list[Naming]] = field(default_factory=lambda: defaultdict(list))
    namings: defaultdict[TensorId, list[Naming]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[TensorId, dict[str, list[Naming]]] = field(default_factory=dict)
    owners: defaultdict[str, set[TensorId]] = field(default_factory=lambda: defaultdict(set))
    """All tensors that ever had a name."""
    forgotten: defaultdict[tuple[str, TensorId], list[int]] = field(default_factory=lambda: defaultdict(list))
    """The steps from which on a name was no longer a tensor's, without being another one's."""
    values: defaultdict[TensorId, list[Value]] = field(default_factory=lambda: defaultdict(list))
    changes: defaultdict[TensorId, list[Change]] = field(default_factory=lambda: defaultdict(list))
    flags: defaultdict[tuple[TensorId, str], list[Change]] = field(default_factory=lambda: defaultdict(list))
    grads: defaultdict[TensorId, list[GradEvent]] = field(default_factory=lambda: defaultdict(list))
    runs: defaultdict[NodeId, list[RunOf]] = field(default_factory=lambda: defaultdict(list))
    edges: list[Edge] = field(default_factory=list)
    edges_from: defaultdict[NodeId, list[int]] = field(default_factory=lambda: defaultdict(list))
    edges_to: defaultdict[NodeId, list[int]] = field(default_factory=lambda: defaultdict(list))
    accumulators: defaultdict[TensorId, list[NodeId]] = field(default_factory=lambda: defaultdict(list))
    """A leaf's AccumulateGrad nodes: torch makes a new one when the graph that held the last is gone."""
    made_by: dict[TensorId, OperationId] = field(default_factory=dict)
    left: defaultdict[OperationId, list[TensorId]] = field(default_factory=lambda: defaultdict(list))
    """What vmap returned of an operation's outputs: tensors of their own, with the operation's node."""
    by_grad_fn: defaultdict[NodeId, list[TensorId]] = field(default_factory=lambda: defaultdict(list))
    created: defaultdict[BackwardId, list[NodeId]] = field(default_factory=lambda: defaultdict(list))
    """The nodes that a backward made: of the graph of its gradients, and of operations called within it."""
    writes: defaultdict[TensorId, list[Operation]] = field(default_factory=lambda: defaultdict(list))
    """In-place operations on a tensor or on a view of it."""
    operation_at: dict[int, OperationId] = field(default_factory=dict)
    node_steps: dict[int, RunOf] = field(default_factory=dict)
    derived: dict[str, object] = field(default_factory=dict)
    """What other modules computed from this trace and keep with it."""
    stamp: tuple[int, ...] = ()
    _taken: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def _new(self, key: str, rows: Sequence[T]) -> Sequence[T]:
        start = self._taken[key]
        self._taken[key] = len(rows)
        return rows[start:] if start < len(rows) else ()

    def catch_up(self, trace: Trace) -> None:
        """Takes in what was appended to the trace since the last time."""
        stamp = _stamp(trace)
        if stamp == self.stamp:
            return
        self.stamp = stamp
        for source in self._new("sources", trace.sources):
            self.sources[source.id] = lines_of(source.text)
        for tensor in self._new("tensors", trace.tensors):
            self.tensors[tensor.id] = tensor
            if tensor.grad_fn is not None:
                self.by_grad_fn[tensor.grad_fn].append(tensor.id)
            if tensor.name:
                self._named(TensorNamed(tensor=tensor.id, name=tensor.name, step=tensor.step))
        for named in self._new("names", trace.names):
            self._named(named)
        for gone in self._new("forgotten", trace.forgotten):
            self.forgotten[gone.name, gone.tensor].append(gone.step)
        for value in self._new("values", trace.values):
            self.values[value.tensor].append(value)
        for node in self._new("nodes", trace.nodes):
            self.nodes[node.id] = node
            if node.tensor is not None:
                self.accumulators[node.tensor].append(node.id)
            if node.created_by is not None:
                self.created[node.created_by.backward].append(node.id)
        for operation in self._new("operations", trace.operations):
            self._ran(operation)
        for tensor in self._new("returned", trace.tensors):
            self._returned(tensor)
        for edge in self._new("edges", trace.edges):
            self.edges_from[edge.from_].append(len(self.edges))
            self.edges_to[edge.to].append(len(self.edges))
            self.edges.append(edge)
        for change in self._new("changes", trace.changes):
            self._changed(change)
        for backward in trace.backwards[self._taken["settled"] :]:
            self._backward(trace, backward.id)

    def _named(self, named: TensorNamed) -> None:
        naming = Naming(named.step, named.tensor, named.name)
        _insert(self.names[named.name], naming)
        _insert(self.namings[named.tensor], naming)
        _insert(self.by_name.setdefault(named.tensor, {}).setdefault(named.name, []), naming)
        owners = self.owners[named.name]
        if named.tensor not in owners:
            owners.add(named.tensor)
            if len(owners) == 2 and any(len(self.by_name[tensor]) > 1 for tensor in owners):
                # No name of its own any more: what was drawn long ago may be called by another one now.
                self.derived.pop("structures", None)

    def _ran(self, operation: Operation) -> None:
        self.operations[operation.id] = operation
        self.operation_at[operation.step] = operation.id
        if operation.backward is not None and operation.nodes:
            self.created[operation.backward].extend(operation.nodes)
        for tensor in operation.outputs:
            # A made-up operation (see gradient_graph) has a negative id: its tensor is not written, it is made.
            if tensor in operation.inputs or self.made_by.get(tensor, -1) >= 0:
                for written in dict.fromkeys((tensor, self.base_of(tensor))):
                    self.writes[written].append(operation)
            else:
                self.made_by[tensor] = operation.id

    def _returned(self, tensor: Tensor) -> None:
        node = None if tensor.grad_fn is None else self.nodes.get(tensor.grad_fn)
        maker = None if node is None or node.operation is None else self.operations.get(node.operation)
        later = maker is not None and tensor.step > maker.step and tensor.id not in self.made_by
        if maker is not None and maker.transform and later:
            self.made_by[tensor.id] = maker.id
            self.left[maker.id].append(tensor.id)

    def _changed(self, change: Change) -> None:
        self.changes[change.tensor].append(change)
        self.flags[change.tensor, change.what].append(change)
        if change.what == "grad":
            _insert(self.grads[change.tensor], GradEvent(change.step, change.after, None, change.span))

    def _backward(self, trace: Trace, key: BackwardId) -> None:
        backward = trace.backwards[key]
        for run in self._new(f"steps {key}", backward.steps):
            found = RunOf(run.step, key, len(self.runs[run.node]), run)
            self.runs[run.node].append(found)
            self.node_steps[run.step] = found
        for sum_ in self._new(f"accumulations {key}", backward.accumulations):
            _insert(self.grads[sum_.tensor], GradEvent(sum_.step, sum_.after, key, backward.span))
        if backward.end_step is not None and self._taken["settled"] == key:
            self._taken["settled"] = key + 1

    # ------------------------------------------------------------- what is true after a step

    def name_at(self, tensor: TensorId, step: int) -> str:
        """The name that this tensor has and no other took since; "" without one."""
        naming = self._telling(n for n in self._until(tensor, step) if self._has(n, step))
        return naming.name if naming else ""

    def is_forgotten(self, naming: Naming, step: int) -> bool:
        """Whether the name went out of use after this naming, by `step`."""
        gone = self.forgotten.get((naming.name, naming.tensor), ())
        return any(naming.step <= at <= step for at in gone)

    def last_name(self, tensor: TensorId, step: int | None = None) -> str:
        """The last name it had, until `step` or ever; "" when it never had one."""
        naming = self._telling(self._until(tensor, step))
        return naming.name if naming else ""

    def rebound_at(self, tensor: TensorId, step: int) -> Naming | None:
        """Which naming took this tensor's last name away."""
        naming = self._telling(self._until(tensor, step))
        if naming is None or self.name_at(tensor, step):
            return None
        later = self.next_owner(naming)
        return later if later and later.step <= step else None

    def _until(self, tensor: TensorId, step: int | None) -> Iterator[Naming]:
        """For each of its names the last time it got it (a loop gives the same name again and again)."""
        for namings in self.by_name.get(tensor, {}).values():
            naming = namings[-1] if step is None else last(namings, step)
            if naming is not None:
                yield naming

    def _has(self, naming: Naming, step: int) -> bool:
        owner = last(self.names[naming.name], step)
        return owner is not None and owner.tensor == naming.tensor

    def _telling(self, namings: Iterable[Naming]) -> Naming | None:
        """The one that tells most: a parameter's path before a name of its own, that before the `p` of a loop over many."""
        return max(namings, key=self._tells, default=None)

    def _tells(self, naming: Naming) -> tuple[int, int]:
        if naming.name.endswith(".grad"):
            return -1, naming.step
        own = len(self.owners[naming.name]) == 1
        return (2 if "." in naming.name or "[" in naming.name else int(own)), naming.step

    def next_owner(self, naming: Naming) -> Naming | None:
        """The naming that gave the name to another tensor next."""
        rows = self.names[naming.name]
        at = bisect_right(rows, naming.step, key=_step)
        return next((rows[i] for i in range(at, len(rows)) if rows[i].tensor != naming.tensor), None)

    def previous_owner(self, naming: Naming) -> Naming | None:
        """The naming by which another tensor had the name just before."""
        rows = self.names[naming.name]
        at = bisect_right(rows, naming.step, key=_step)
        return next((rows[i] for i in range(at - 1, -1, -1) if rows[i].tensor != naming.tensor), None)

    def shape_of(self, tensor: TensorId) -> list[int]:
        """The shape of its values: under vmap the batch stands before the tensor's own."""
        row = self.tensors[tensor]
        return [*row.batch, *row.shape] if row.batch else row.shape

    def value_at(self, tensor: TensorId, step: int) -> Value | None:
        """The version that is true after `step`; the first one for a tensor seen only later."""
        values = self.values.get(tensor, ())
        return last(values, step) or (values[0] if values else None)

    def grad_at(self, tensor: TensorId, step: int) -> GradEvent | None:
        return last(self.grads.get(tensor, ()), step)

    def grad_fn_at(self, tensor: TensorId, step: int) -> NodeId | None:
        """Its node after `step`: what is written into a tensor in place makes a node of that operation its grad_fn."""
        writes = self.writes.get(tensor, ())
        for operation in reversed(writes[: bisect_right(writes, step, key=_step)]):
            if operation.function.endswith(".detach_"):
                return None
            node = self.written_node(operation, tensor)
            if node is not None:
                return node
        return self.tensors[tensor].grad_fn

    def written_node(self, operation: Operation, tensor: TensorId) -> NodeId | None:
        """The grad_fn that an in-place operation gives to this tensor."""
        nodes = [self.nodes[n] for n in operation.nodes if n in self.nodes]
        found = written_node(operation, nodes, tensor)
        return None if found is None else found.id

    def base_of(self, tensor: TensorId) -> TensorId:
        """What it is a view of; itself where it is no view. Where the trace does not tell, its operations do."""
        row = self.tensors.get(tensor)
        if row is not None and row.base in self.tensors:
            return row.base
        made = self.made_by.get(tensor)
        while made is not None and is_viewing(self.operations[made]):
            tensor = self.operations[made].inputs[0]
            made = self.made_by.get(tensor)
        return tensor

    def mapped(self, tensor: TensorId) -> TensorId | None:
        """The tensor that vmap was given, of the one that it lends to its function."""
        row = self.tensors.get(tensor)
        lent = row is not None and row.batch and tensor not in self.made_by
        return row.base if lent and row is not None and row.base in self.tensors else None

    def is_leaf_at(self, tensor: TensorId, step: int) -> bool:
        node = self.grad_fn_at(tensor, step)
        return self.tensors[tensor].is_leaf if node == self.tensors[tensor].grad_fn else node is None

    def flag_at(self, tensor: TensorId, step: int) -> bool:
        """`requires_grad` after `step`."""
        return self._flag(tensor, step, "requires_grad", self.tensors[tensor].requires_grad)

    def retains_at(self, tensor: TensorId, step: int) -> bool:
        return self._flag(tensor, step, "retains_grad", False)

    def _flag(self, tensor: TensorId, step: int, what: str, first: bool) -> bool:
        changes = self.flags.get((tensor, what), ())
        if not changes:
            return first
        change = last(changes, step)
        return bool(change.after if change else changes[0].before)

    def text(self, span: Span | None) -> str:
        """The piece of the learner's source, or "" where there is none."""
        if span is None or span.source not in self.sources:
            return ""
        lines = self.sources[span.source][span.line - 1 : span.end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: span.end_col]
        lines[0] = lines[0][span.col :]
        if lines[0].startswith("for ") and len(lines) > 1:
            return lines[0].rstrip().removesuffix(":")
        return " ".join(line.strip().removesuffix("\\").rstrip() for line in lines)

    def lines(self, span: Span | None) -> str:
        """The whole lines that the span touches."""
        if span is None:
            return ""
        return " ".join(self.sources.get(span.source, [])[span.line - 1 : span.end_line])


_indexes: dict[int, tuple[weakref.ref[Trace], Index]] = {}


def index_of(trace: Trace) -> Index:
    """The trace's index, up to date."""
    key = id(trace)
    entry = _indexes.get(key)
    if entry is None or entry[0]() is not trace:
        entry = (weakref.ref(trace, lambda _gone: _indexes.pop(key, None)), Index())
        _indexes[key] = entry
    entry[1].catch_up(trace)
    return entry[1]


def last(rows: Sequence[T], step: int) -> T | None:
    """The last row whose step is not after `step`."""
    at = bisect_right(rows, step, key=_step)
    return rows[at - 1] if at else None


def _step(row: object) -> int:
    return row.step  # type: ignore[attr-defined, no-any-return]


def _insert(rows: list[T], row: T) -> None:
    """Appends, or puts it in its place where it comes late."""
    if not rows or _step(rows[-1]) <= _step(row):
        rows.append(row)
    else:
        rows.insert(bisect_right(rows, _step(row), key=_step), row)


def _stamp(trace: Trace) -> tuple[int, ...]:
    tail = trace.backwards[-1] if trace.backwards else None
    return (
        len(trace.steps),
        len(trace.tensors),
        len(trace.names),
        len(trace.forgotten),
        len(trace.values),
        len(trace.operations),
        len(trace.nodes),
        len(trace.edges),
        len(trace.changes),
        len(trace.outputs),
        len(trace.backwards),
        sum(len(b.steps) + len(b.accumulations) + (b.end_step is not None) for b in trace.backwards[-8:]),
        -1 if tail is None or tail.end_step is None else tail.end_step,
        0 if trace.error is None else 1,
        len(trace.hooks),
        len(trace.optimizer_steps),
    )
