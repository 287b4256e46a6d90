"""What happened in one run, as append-only lists: the rows of the trace file, in the order in which they came.

Fed event by event (live, or from a file); everything that is shown is computed from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Literal, TypeAlias, assert_never, cast

from msgspec import structs

from tutor.protocol import (
    Accumulation,
    BackwardBegan,
    BackwardEnded,
    BackwardId,
    Change,
    Data,
    Edge,
    Environment,
    Failure,
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
    OptimizerStepped,
    Output,
    Source,
    Span,
    Step,
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


@dataclass(slots=True)
class Backward:
    """One entry into the engine and all that it did, in the engine's order."""

    id: BackwardId
    entry: Literal["Tensor.backward", "autograd.backward", "autograd.grad"]
    parent: BackwardId | None
    roots: list[NodeId]
    root_tensors: list[TensorId]
    gradients: list[Data]
    inputs: list[TensorId]
    retain_graph: bool
    create_graph: bool
    span: Span | None
    first_step: int
    end_step: int | None = None
    """The index of the first step after it; None while it runs."""
    steps: list[NodeRun] = field(default_factory=list)
    accumulations: list[Accumulation] = field(default_factory=list)
    results: list[Data] = field(default_factory=list)
    result_tensors: list[TensorId | None] = field(default_factory=list)
    error: Failure | None = None


@dataclass(slots=True)
class ModuleCall:
    """One call of an nn.Module, from step `step` up to `end_step` (None while it runs)."""

    id: ModuleCallId
    path: str
    kind: str
    parent: ModuleCallId | None
    training: bool
    step: int
    end_step: int | None = None


@dataclass(slots=True, weakref_slot=True)
class Trace:
    """The lists of one run. Ids are the index in their list; a step is an index into `steps`."""

    environment: Environment | None = None
    sources: list[Source] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    error: Failure | None = None
    tensors: list[Tensor] = field(default_factory=list)
    names: list[TensorNamed] = field(default_factory=list)
    forgotten: list[NameForgotten] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    backwards: list[Backward] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    module_calls: list[ModuleCall] = field(default_factory=list)
    hooks: list[HookRan] = field(default_factory=list)
    optimizer_steps: list[OptimizerStepped] = field(default_factory=list)
    tangents: list[Tangent] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)
    truncated: Truncation | None = None

    @property
    def output(self) -> str:
        """What the program wrote to stdout and what its cells displayed, in order."""
        return "".join(piece.text for piece in self.outputs if piece.stream != "stderr")

    @property
    def stderr(self) -> str:
        return "".join(piece.text for piece in self.outputs if piece.stream == "stderr")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the trace file, which the window opens. Raises OSError; an older file is then left as it was."""
        from tutor.trace.file import write_trace

        write_trace(self, Path(path))

    def extend(self, events: Iterable[TraceEvent]) -> None:
        """Takes in events. One that names a backward or module call not begun raises IndexError."""
        for event in events:
            rows = ROWS.get(type(event))
            if rows is None:
                self._take(cast("Deed", event))
            else:
                rows(self).append(event)

    def append(self, event: TraceEvent) -> None:
        self.extend((event,))

    def _take(self, event: Deed) -> None:
        match event:
            # The frequent ones first: each case that does not fit is a question more.
            case Step():
                self._step(event)
            case NodeRan():
                self.backwards[event.backward].steps.append(event.run)
            case GradientAccumulated():
                self.backwards[event.backward].accumulations.append(event.accumulation)
            case ModuleEntered():
                self.module_calls.append(_entered(event))
            case ModuleLeft():
                self.module_calls[event.id].end_step = event.step
            case BackwardBegan():
                self.backwards.append(_begun(event))
            case BackwardEnded():
                self._end_backward(event)
            case Gap():
                self.gaps.append(event)
                # The recording has gone on: what a limit had ended lies in the gap.
                self.truncated = None
            case Failure():
                self.error = event
            case Truncation():
                self.truncated = event
            case _:
                assert_never(event)

    def _step(self, step: Step) -> None:
        """An output that was told before its iteration gets its place with its step."""
        number = len(self.steps)
        self.steps.append(step)
        told = self.outputs[step.id : step.id + 1] if step.kind == "output" else ()
        if told and told[0].step != number:
            self.outputs[step.id] = structs.replace(told[0], step=number)

    def _end_backward(self, event: BackwardEnded) -> None:
        backward = self.backwards[event.id]
        backward.end_step = event.step
        backward.results = event.results
        backward.result_tensors = event.result_tensors
        backward.error = event.error


ROWS: dict[type[TraceEvent], Callable[[Trace], list[TraceEvent]]] = {
    Source: attrgetter("sources"),
    Output: attrgetter("outputs"),
    Warned: attrgetter("warnings"),
    Tensor: attrgetter("tensors"),
    TensorNamed: attrgetter("names"),
    NameForgotten: attrgetter("forgotten"),
    Value: attrgetter("values"),
    Operation: attrgetter("operations"),
    Node: attrgetter("nodes"),
    Edge: attrgetter("edges"),
    Change: attrgetter("changes"),
    HookRan: attrgetter("hooks"),
    OptimizerStepped: attrgetter("optimizer_steps"),
    Tangent: attrgetter("tangents"),
    Unseen: attrgetter("unseen"),
}
"""The list of each record that nothing but its list need know of."""

Deed: TypeAlias = (
    Step
    | NodeRan
    | GradientAccumulated
    | ModuleEntered
    | ModuleLeft
    | BackwardBegan
    | BackwardEnded
    | Gap
    | Failure
    | Truncation
)
"""The other events."""


def _entered(event: ModuleEntered) -> ModuleCall:
    return ModuleCall(
        id=event.id,
        path=event.path,
        kind=event.kind,
        parent=event.parent,
        training=event.training,
        step=event.step,
    )


def _begun(event: BackwardBegan) -> Backward:
    return Backward(
        id=event.id,
        entry=event.entry,
        parent=event.parent,
        roots=event.roots,
        root_tensors=event.root_tensors,
        gradients=event.gradients,
        inputs=event.inputs,
        retain_graph=event.retain_graph,
        create_graph=event.create_graph,
        span=event.span,
        first_step=event.step,
    )
