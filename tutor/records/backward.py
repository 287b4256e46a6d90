"""What the engine did: its entries, its nodes' runs, what landed in `.grad`, and the hooks that were called."""

from __future__ import annotations

from typing import Literal

import msgspec

from tutor.records.base import BackwardId, Data, NodeId, Record, Span, TensorId
from tutor.records.program import Failure


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


class HookRan(Record, frozen=True, kw_only=True, tag=True):
    """One of the learner's hooks was called, in firing order; `step` is the step during which it ran.

    `tensor` hooks and `prehook`s see a gradient on its way in, `posthook`s what a node sends out, `post_accumulate` hooks
    the tensor whose `.grad` has just been filled; `pack` and `unpack` are saved_tensors_hooks. `after` is what the hook
    returned in place of `before`; None where it returned nothing (or was no gradient's).
    """

    kind: Literal["tensor", "prehook", "posthook", "post_accumulate", "pack", "unpack"]
    function: str
    tensor: TensorId | None
    node: NodeId | None
    backward: BackwardId | None
    before: Data = None
    after: Data = None
    span: Span | None = None
    """Where the hook was registered."""
    step: int
