"""The records of a trace, in the order in which they come over the wire: what was computed, and what came back.

Records are appended and never edited; what becomes known later (a name, a backward's end) is an event of its own.
The field names of the records are those of the trace file (see ARCHITECTURE.md). `protocol` hands them on.
"""

from __future__ import annotations

from typing import Any, Literal, NewType

import msgspec

SourceId = NewType("SourceId", int)
TensorId = NewType("TensorId", int)
OperationId = NewType("OperationId", int)
NodeId = NewType("NodeId", int)
BackwardId = NewType("BackwardId", int)

Data = Any
"""A tensor's values as plain data: nested lists, a bare number for 0-d; true/false; complex as [re, im]; "nan", "inf",
"-inf" as strings; None where not kept. A sparse tensor is {"indices", "values", "shape"}; a gradient too large to keep
whole is {"shape", "stats"} (a `Value` has `stats` beside it instead). (`Any`, since JSON is recursive; nothing else is
ever put in it.)"""


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=False, gc=False):
    """Base of everything that goes over the wire: frozen, told apart by its class name.

    Records are trees: the garbage collector need not look through the hundreds of thousands that a run leaves.
    """


class Span(msgspec.Struct, frozen=True, gc=False):
    """A piece of a source text: lines from 1, columns from 0 in characters, the end exclusive."""

    source: SourceId
    line: int
    end_line: int
    col: int
    end_col: int


class Stats(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is kept of a tensor that is too large to keep whole. None where there are no finite elements."""

    count: int
    min: float | None
    max: float | None
    mean: float | None
    norm: float | None
    nonfinite: int
    sampled: bool = False


# ------------------------------------------------------------------ records: rows of the trace file's lists


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
    step: int


class Value(Record, frozen=True, kw_only=True, tag=True):
    """One version of a tensor's values, first true after `step` has happened."""

    tensor: TensorId
    step: int
    version: int
    value: Data
    stats: Stats | None = None


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


class NodeRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One node's run in the engine: what came in, what went out (None where no gradient was defined)."""

    node: NodeId
    grad_outputs: list[Data]
    grad_inputs: list[Data]
    step: int


class Accumulation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """before + incoming = after in a tensor's `.grad`; `before` None when there was none."""

    tensor: TensorId
    node: NodeId | None
    before: Data
    incoming: Data
    after: Data
    step: int


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One line of a learner's traceback. `span.source` is -1 for a file that is not part of the run."""

    path: str
    function: str
    line: int
    text: str
    span: Span | None


class Cause(msgspec.Struct, frozen=True, gc=False):
    """An exception behind another one: named by `raise … from` (`direct`), or being handled when that one was raised."""

    type: str
    message: str
    direct: bool
    frames: list[Frame] = []


class Failure(Record, frozen=True, kw_only=True, tag=True):
    """The exception that ended the program (or a backward), with the learner's own frames only, outermost first."""

    type: str
    message: str
    span: Span | None
    explanation: str | None = None
    frames: list[Frame] = []
    backward: BackwardId | None = None
    node: NodeId | None = None
    """The node that raised inside a backward."""
    causes: list[Cause] = []
    """What led to it, the nearest first."""
    step: int


class Warned(Record, frozen=True, kw_only=True, tag=True):
    """A warning, attributed to the learner's line."""

    category: str
    message: str
    span: Span | None


class Output(Record, frozen=True, kw_only=True, tag=True):
    """A piece of what the program printed or displayed. `html`/`png` (base64) where a display had one."""

    stream: Literal["stdout", "stderr", "display"]
    text: str
    html: str | None = None
    png: str | None = None
    span: Span | None = None
    cut: int = 0
    """How many characters were left out just before this piece, because the run had printed too much."""
    step: int


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


StepKind = Literal["operation", "node", "grad_changed", "value_changed", "flag_changed", "output", "error"]


class Step(Record, frozen=True, kw_only=True, tag=True):
    """One step of the timeline; its index in the trace is the slider's step.

    `id` is the operation's, the node's, the changed tensor's, the output's index, or -1 for an error.
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


# ------------------------------------------------------------------ events that complete earlier records


class BackwardBegan(Record, frozen=True, kw_only=True, tag=True):
    """One entry into the engine. `gradients` are the v given or implied for each root (1 for a scalar)."""

    id: BackwardId
    entry: Literal["Tensor.backward", "autograd.backward", "autograd.grad"]
    parent: BackwardId | None
    roots: list[NodeId]
    root_tensors: list[TensorId] = []
    gradients: list[Data] = []
    inputs: list[TensorId]
    retain_graph: bool
    create_graph: bool
    span: Span | None
    step: int


class NodeRan(Record, frozen=True, kw_only=True, tag=True):
    """Appends one `NodeRun` to a backward."""

    backward: BackwardId
    run: NodeRun


class GradientAccumulated(Record, frozen=True, kw_only=True, tag=True):
    """Appends one `Accumulation` to a backward."""

    backward: BackwardId
    accumulation: Accumulation


class BackwardEnded(Record, frozen=True, kw_only=True, tag=True):
    """A backward is over: what `autograd.grad` returned, or the error that it raised; `step` is the next step's index."""

    id: BackwardId
    results: list[Data]
    result_tensors: list[TensorId | None] = []
    """The tensors that `autograd.grad` returned, beside their values in `results`."""
    error: Failure | None
    step: int


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


TraceEvent = (
    Source
    | Tensor
    | Value
    | Operation
    | Node
    | Edge
    | Failure
    | Warned
    | Output
    | Change
    | Step
    | Truncation
    | BackwardBegan
    | NodeRan
    | GradientAccumulated
    | BackwardEnded
    | TensorNamed
    | NameForgotten
)
