"""What a run computed: sources, tensors and their values, operations, the nodes and edges of autograd's graph, steps."""

from __future__ import annotations

from typing import Literal

import msgspec

from tutor.records.base import (
    BackwardId,
    Data,
    ModuleCallId,
    NodeId,
    OperationId,
    Record,
    SourceId,
    Span,
    Stats,
    TensorId,
)


class Source(Record, frozen=True, kw_only=True, tag=True):
    """A text that ran: a whole script, or one cell of a document."""

    id: SourceId
    path: str | None
    cell: str | None
    text: str


class Tensor(Record, frozen=True, kw_only=True, tag=True):
    """A tensor as it was when first seen, just before `step`. Later names and flags are `TensorNamed` and `Change`."""

    id: TensorId
    name: str | None
    shape: list[int]
    dtype: str
    device: str
    requires_grad: bool
    is_leaf: bool
    grad_fn: NodeId | None = None
    shares_memory_with: TensorId | None = None
    base: TensorId | None = None
    """The tensor that this one is a view of."""
    batch: list[int] = []
    """Under `torch.func.vmap`: the sizes of the mapped dimensions, which stand before `shape` in the values."""
    step: int


class Value(Record, frozen=True, kw_only=True, tag=True):
    """One version of a tensor's values, first true after `step` has happened."""

    tensor: TensorId
    step: int
    version: int
    value: Data
    stats: Stats | None = None
    shape: list[int] | None = None
    """Where it is another one than the tensor was born with: after `resize_`, `set_`, `t_`, `.data = ...`."""
    dtype: str | None = None
    """Likewise: after `.data = ...`, as in `net.half()`."""


class TensorNamed(Record, frozen=True, kw_only=True, tag=True):
    """From `step` on the Python name `name` belongs to this tensor (and no longer to the one that had it)."""

    tensor: TensorId
    name: str
    step: int


class NameForgotten(Record, frozen=True, kw_only=True, tag=True):
    """From `step` on this name is no longer the tensor's: deleted, bound to something else, or its function is left."""

    tensor: TensorId
    name: str
    step: int


class Tangent(Record, frozen=True, kw_only=True, tag=True):
    """The tangent that a dual number of forward-mode differentiation carries, known after `step`."""

    tensor: TensorId
    value: Data
    step: int


class Operation(Record, frozen=True, kw_only=True, tag=True):
    """One forward call: the learner's outermost torch function, e.g. `torch.Tensor.__mul__`."""

    id: OperationId
    function: str
    span: Span | None
    grad_enabled: bool
    mode: Literal["grad", "no_grad", "inference"] = "grad"
    module: str | None
    inputs: list[TensorId]
    outputs: list[TensorId]
    arguments: list[str] = []
    """Every positional argument as read at the call: `#3` for tensor 3, otherwise its repr (shortened)."""
    nodes: list[NodeId]
    backward: BackwardId | None
    call: ModuleCallId | None = None
    """The innermost call of an nn.Module in which it ran."""
    autocast: str | None = None
    """The dtype that autocast casts to, where it is on for the operation's device."""
    transform: str | None = None
    """What torch carried it out under, where that is not plain autograd: "vmap", "grad", "jvp", "compile", "script"."""
    step: int


class CreatedBy(msgspec.Struct, frozen=True, gc=False):
    """The backward (and the step in it) whose create_graph made a node."""

    backward: BackwardId
    step: int


class Node(Record, frozen=True, kw_only=True, tag=True):
    """One node of torch's autograd graph, e.g. `MulBackward0` or `AccumulateGrad`."""

    id: NodeId
    name: str
    operation: OperationId | None
    tensor: TensorId | None
    saved: dict[str, Data] = {}
    """What the node saved: attribute name without `_saved_`, to `{"tensor": id, "version": n}` or a plain value."""
    sequence: int | None = None
    """The engine's sequence number, relative to the run; higher runs first. None for AccumulateGrad (always first)."""
    created_by: CreatedBy | None = None
    step: int


class Edge(Record, frozen=True, kw_only=True, tag=True, rename={"from_": "from"}):
    """Gradients flow `from_` → `to`: `output` indexes from_'s next_functions, `input` to's grad_outputs."""

    from_: NodeId
    output: int
    to: NodeId
    input: int


class Change(Record, frozen=True, kw_only=True, tag=True):
    """What an operation or a statement changed in a tensor: its `.grad`, its values or its requires_grad flag.

    `before` and `after`: for "grad" values or None; for "value" None (the values are `Value` records);
    for "requires_grad" booleans; for "retains_grad" booleans.
    """

    tensor: TensorId
    what: Literal["grad", "value", "requires_grad", "retains_grad"]
    before: Data
    after: Data
    operation: OperationId | None = None
    span: Span | None
    step: int


StepKind = Literal[
    "operation", "node", "grad_changed", "value_changed", "flag_changed", "output", "error", "gap"
]


class Step(Record, frozen=True, kw_only=True, tag=True):
    """One step of the timeline; its index in the trace is the slider's step.

    `id` is the operation's, the node's, the changed tensor's, the output's, the gap's index, or -1 for an error.
    """

    kind: StepKind
    id: int
    backward: BackwardId | None = None
    span: Span | None = None


class Truncation(Record, frozen=True, kw_only=True, tag=True):
    """Which limit was reached and what was left out: all that came from `step` on but output and warnings.

    Told when the limit is reached, and once more when the run is over, if backwards were left out: then with their number.
    """

    limit: str
    what: str
    step: int | None = None
    backwards: int = 0


class Gap(Record, frozen=True, kw_only=True, tag=True):
    """Whole iterations that were left out to stay within the limits: they lay where the step `step` (a "gap") stands."""

    iterations: int
    operations: int
    backwards: int
    step: int


class Unseen(Record, frozen=True, kw_only=True, tag=True):
    """Something computed where the recorder does not look, told once for each kind."""

    what: Literal["thread", "fork"]
    step: int
