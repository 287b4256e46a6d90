"""The whole wire between window and kernel: the records of a trace, the events of a run, the commands; encode and decode.

Records are appended and never edited; what becomes known later (a name, a backward's end) is an event of its own.
The field names of the records are those of the trace file (see ARCHITECTURE.md).
"""

from __future__ import annotations

from typing import Any, Literal, NewType

import msgspec

SourceId = NewType("SourceId", int)
TensorId = NewType("TensorId", int)
OperationId = NewType("OperationId", int)
NodeId = NewType("NodeId", int)
BackwardId = NewType("BackwardId", int)
RunId = NewType("RunId", int)

MIME = "application/vnd.autograd-tutor.events"
"""MIME type of the `display_data` messages whose one binary buffer is an encoded `Batch`."""

Data = Any
"""A tensor's values as plain data: nested lists, a bare number for 0-d; true/false; complex as [re, im]; "nan", "inf",
"-inf" as strings; None where not kept. A sparse tensor is {"indices", "values", "shape"}; a gradient too large to keep
whole is {"shape", "stats"} (a `Value` has `stats` beside it instead). (`Any`, since JSON is recursive; nothing else is
ever put in it.)"""


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=False):
    """Base of everything that goes over the wire: frozen, told apart by its class name."""


class Span(msgspec.Struct, frozen=True):
    """A piece of a source text: lines from 1, columns from 0 in characters, the end exclusive."""

    source: SourceId
    line: int
    end_line: int
    col: int
    end_col: int


class Stats(msgspec.Struct, frozen=True, kw_only=True):
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


class CreatedBy(msgspec.Struct, frozen=True):
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


class NodeRun(msgspec.Struct, frozen=True, kw_only=True):
    """One node's run in the engine: what came in, what went out (None where no gradient was defined)."""

    node: NodeId
    grad_outputs: list[Data]
    grad_inputs: list[Data]
    step: int


class Accumulation(msgspec.Struct, frozen=True, kw_only=True):
    """before + incoming = after in a tensor's `.grad`; `before` None when there was none."""

    tensor: TensorId
    node: NodeId | None
    before: Data
    incoming: Data
    after: Data
    step: int


class Frame(msgspec.Struct, frozen=True):
    """One line of a learner's traceback. `span.source` is -1 for a file that is not part of the run."""

    path: str
    function: str
    line: int
    text: str
    span: Span | None


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
    """Which limit was reached and what was left out."""

    limit: str
    what: str


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
)


# ------------------------------------------------------------------ events of a run, not kept in the trace


class Environment(Record, frozen=True, kw_only=True, tag=True):
    """Where a run took place."""

    torch: str
    python: str
    device: str
    seed: int


class RunBegan(Record, frozen=True, kw_only=True, tag=True):
    """The kernel took up a run."""

    run: RunId
    environment: Environment


class RunEnded(Record, frozen=True, kw_only=True, tag=True):
    """The kernel finished a run. `status` is sys.exit's when `outcome` is "exit"."""

    run: RunId
    outcome: Literal["ok", "error", "exit", "interrupted"]
    status: str | int | None = None
    recorder_fault: str | None = None


class KernelReady(Record, frozen=True, kw_only=True, tag=True):
    """torch is loaded; what this kernel has. Devices as torch names them: "cpu", "cuda:0", "mps"."""

    torch: str
    python: str
    devices: list[str]
    pid: int


RunEvent = RunBegan | RunEnded | KernelReady
Event = TraceEvent | RunEvent


class Batch(msgspec.Struct, frozen=True):
    """What one message carries: the events of one run, in order."""

    run: RunId
    events: list[Event]


# ------------------------------------------------------------------ commands


class CellText(msgspec.Struct, frozen=True):
    """A code cell to run: its stable id (None for a whole script) and its text.

    With `may_raise` (Jupyter's tag `raises-exception`) an exception ends this cell only, and the run goes on.
    """

    id: str | None
    text: str
    may_raise: bool = False


class RunSettings(msgspec.Struct, frozen=True):
    """The settings of a run, shown as the locked first line of the code."""

    device: str = "cpu"
    seed: int = 0


class RunCells(Record, frozen=True, kw_only=True, tag=True):
    """Run these cells in order in a fresh namespace. `path` is the document's file (None for an unsaved one)."""

    run: RunId
    cells: list[CellText]
    path: str | None
    directory: str
    settings: RunSettings
    arguments: list[str] = []


def code_name(path: str | None, cell: str | None) -> str:
    """The name a text goes by in tracebacks: its cell's in pointed brackets, or its file's."""
    if cell is not None:
        return f"<{cell}>"
    return path or "<script>"


class Evaluate(Record, frozen=True, kw_only=True, tag=True):
    """Evaluate an expression over the finished run's namespace, unrecorded (exercise checks)."""

    expression: str


class Evaluated(Record, frozen=True, kw_only=True, tag=True):
    """What an expression came to: its value as plain data where it has such a form, its repr, or the error."""

    value: Data
    text: str
    error: str | None = None


Command = RunCells | Evaluate

_batch_encoder = msgspec.msgpack.Encoder()
_batch_decoder = msgspec.msgpack.Decoder(Batch)
_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


def encode_batch(batch: Batch) -> bytes:
    """The binary buffer of one message."""
    return _batch_encoder.encode(batch)


def decode_batch(data: bytes | memoryview) -> Batch:
    """Raises msgspec.ValidationError when the buffer is no batch."""
    return _batch_decoder.decode(data)


def encode_command(command: Command) -> str:
    """A command as JSON text, to be put into an execute request."""
    return msgspec.json.encode(command).decode()


def decode_command(text: str) -> Command:
    """Raises msgspec.ValidationError when the text is no command."""
    return _command_decoder.decode(text)
