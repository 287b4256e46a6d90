"""The whole wire between window and kernel: the records of a trace, the events of a run, the commands; encode and decode."""

from __future__ import annotations

from typing import Literal, NewType

import msgspec

from tutor.records import (
    Accumulation,
    BackwardBegan,
    BackwardEnded,
    BackwardId,
    Cause,
    Change,
    CreatedBy,
    Data,
    Edge,
    Failure,
    Frame,
    Gap,
    GradientAccumulated,
    HookRan,
    ModuleCallId,
    ModuleEntered,
    ModuleLeft,
    NameForgotten,
    Node,
    NodeId,
    NodeRan,
    NodeRun,
    Operation,
    OperationId,
    OptimizerState,
    OptimizerStepped,
    Output,
    Record,
    Source,
    SourceId,
    Span,
    Stats,
    Step,
    StepKind,
    Tangent,
    Tensor,
    TensorId,
    TensorNamed,
    TraceEvent,
    Truncation,
    Unseen,
    Value,
    Warned,
)

__all__ = [
    "MIME",
    "Accumulation",
    "BackwardBegan",
    "BackwardEnded",
    "BackwardId",
    "Batch",
    "Cause",
    "CellText",
    "Change",
    "Command",
    "CreatedBy",
    "Data",
    "Edge",
    "Environment",
    "Evaluate",
    "Evaluated",
    "Event",
    "Failure",
    "Frame",
    "Gap",
    "GradientAccumulated",
    "HookRan",
    "KernelReady",
    "ModuleCallId",
    "ModuleEntered",
    "ModuleLeft",
    "NameForgotten",
    "Node",
    "NodeId",
    "NodeRan",
    "NodeRun",
    "Operation",
    "OperationId",
    "OptimizerState",
    "OptimizerStepped",
    "Output",
    "Record",
    "RunBegan",
    "RunCells",
    "RunEnded",
    "RunEvent",
    "RunId",
    "RunSettings",
    "Source",
    "SourceId",
    "Span",
    "Stats",
    "Step",
    "StepKind",
    "Tangent",
    "Tensor",
    "TensorId",
    "TensorNamed",
    "TraceEvent",
    "Truncation",
    "Unseen",
    "Value",
    "Warned",
    "code_name",
    "decode_batch",
    "decode_command",
    "encode_batch",
    "encode_command",
]

RunId = NewType("RunId", int)

MIME = "application/vnd.autograd-tutor.events"
"""MIME type of the `display_data` messages whose one binary buffer is an encoded `Batch`."""

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
    arguments: list[str] = msgspec.field(default_factory=list)


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
