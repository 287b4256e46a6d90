"""The shape of a trace file, as types: what is written, what is read, and what the JSON Schema says."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tutor.protocol import (
    Change,
    Edge,
    Environment,
    Failure,
    Gap,
    HookRan,
    NameForgotten,
    Node,
    Operation,
    OptimizerStepped,
    Output,
    Source,
    Step,
    Tangent,
    Tensor,
    TensorNamed,
    Truncation,
    Unseen,
    Value,
    Warned,
)
from tutor.trace.trace import Backward, ModuleCall, Trace

FORMAT: Final = "autograd-tutor-trace"


class TensorRow(Tensor, frozen=True, kw_only=True, tag="Tensor"):
    """A tensor as it was when first seen, just before `step`; `name` is the last name that it had.

    Every name, with the step from which it was the tensor's, is in `names`.
    """

    first_name: str | msgspec.UnsetType | None = msgspec.UNSET
    """The name that it was born with, where that is not the last one."""


class TraceFile(msgspec.Struct, kw_only=True):
    """A run of a PyTorch program: what autograd did, step by step.

    A row's `id` is its place in its list; wherever another row names it, it is by that number. A step is a place in
    `steps`. Readers ignore keys that they do not know.
    """

    format: Literal["autograd-tutor-trace"]
    version: int
    environment: Environment | None
    """Where the program ran."""
    sources: list[Source]
    """The texts that ran: the program, or its cells in the order in which they ran."""
    output: str
    """What the program wrote to stdout and what its cells displayed, in order."""
    stderr: str
    warnings: list[Warned]
    error: Failure | None
    """The exception, or the signal, that ended the program."""
    tensors: list[TensorRow]
    values: list[Value]
    """Each version of a tensor's values that was seen."""
    operations: list[Operation]
    nodes: list[Node]
    """The nodes of autograd's graph."""
    edges: list[Edge]
    backwards: list[Backward]
    """The entries into the engine, in the order entered; one that raised keeps the steps that it took."""
    steps: list[Step]
    """The order of the run; the place in this list is the slider's step."""
    truncated: Truncation | None
    names: list[TensorNamed] = []
    forgotten: list[NameForgotten] = []
    changes: list[Change] = []
    outputs: list[Output] = []
    """The pieces of `output` and `stderr`, each a step."""
    module_calls: list[ModuleCall] = []
    hooks: list[HookRan] = []
    optimizer_steps: list[OptimizerStepped] = []
    tangents: list[Tangent] = []
    gaps: list[Gap] = []
    unseen: list[Unseen] = []


def file_of(trace: Trace, *, version: int) -> TraceFile:
    """The file's rows of a trace."""
    last = {named.tensor: named.name for named in trace.names}
    return TraceFile(
        format=FORMAT,
        version=version,
        output=trace.output,
        stderr=trace.stderr,
        tensors=[_row_of(tensor, last.get(tensor.id, tensor.name)) for tensor in trace.tensors],
        **{name: getattr(trace, name) for name in _SHARED},
    )


def trace_of(file: TraceFile) -> Trace:
    """The trace that the file's rows are."""
    shared = {name: getattr(file, name) for name in _SHARED}
    return Trace(tensors=[_born(row) for row in file.tensors], **shared)


_OWN = frozenset({"format", "version", "output", "stderr", "tensors"})
_SHARED = tuple(name for name in TraceFile.__struct_fields__ if name not in _OWN)
"""What a trace and its file hold alike, under the same name."""
_BORN = Tensor.__struct_fields__


def _row_of(tensor: Tensor, last: str | None) -> TensorRow:
    fields = {name: getattr(tensor, name) for name in _BORN}
    if last == tensor.name:
        return TensorRow(**fields)
    return TensorRow(**{**fields, "name": last, "first_name": tensor.name})


def _born(row: TensorRow) -> Tensor:
    fields = {name: getattr(row, name) for name in _BORN}
    if not isinstance(row.first_name, msgspec.UnsetType):
        fields["name"] = row.first_name
    return Tensor(**fields)
