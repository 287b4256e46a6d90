"""The records of a trace, in the order in which they come over the wire: what was computed, and what came back.

Records are appended and never edited; what becomes known later (a name, a backward's end) is an event of its own.
The field names of the records are those of the trace file (see ARCHITECTURE.md). `protocol` hands them on.
"""

from __future__ import annotations

from tutor.records.backward import (
    Accumulation,
    BackwardBegan,
    BackwardEnded,
    GradientAccumulated,
    HookRan,
    NodeRan,
    NodeRun,
)
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
from tutor.records.graph import (
    Change,
    CreatedBy,
    Edge,
    Gap,
    NameForgotten,
    Node,
    Operation,
    Source,
    Step,
    StepKind,
    Tangent,
    Tensor,
    TensorNamed,
    Truncation,
    Unseen,
    Value,
)
from tutor.records.program import (
    Cause,
    Failure,
    Frame,
    ModuleEntered,
    ModuleLeft,
    OptimizerState,
    OptimizerStepped,
    Output,
    Warned,
)

__all__ = [
    "Accumulation",
    "BackwardBegan",
    "BackwardEnded",
    "BackwardId",
    "Cause",
    "Change",
    "CreatedBy",
    "Data",
    "Edge",
    "Failure",
    "Frame",
    "Gap",
    "GradientAccumulated",
    "HookRan",
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
]

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
    | ModuleEntered
    | ModuleLeft
    | HookRan
    | OptimizerStepped
    | Tangent
    | Gap
    | Unseen
)
