"""The state of one recording, written to by the forward and the backward half: the step, the tensors, names and sources."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable
from typing import Literal

import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.budget import Limits, Outlet, size
from tutor.kernel.capture import gradient
from tutor.kernel.graph import Graph
from tutor.kernel.identity import Known, Tensors, version
from tutor.kernel.modules import Modules
from tutor.kernel.naming import Naming
from tutor.kernel.spans import Sources
from tutor.protocol import BackwardId, Change, Data, NodeId, OperationId, Span, StepKind, TraceEvent

What = Literal["grad", "value", "requires_grad", "retains_grad"]

_READ_KEPT = 256
"""How many gradients are remembered with what was read of them."""


class Tape:
    """One recording's counters and tables; `token` marks its nodes."""

    def __init__(self, emit: Callable[[TraceEvent], None], limits: Limits) -> None:
        self.outlet = Outlet(emit, limits)
        self.put = self.outlet.put
        self.limits = limits
        self.token = object()
        self.thread = threading.get_ident()
        self.operations = 0
        self.backwards = 0
        self.running: list[BackwardId] = []
        self.sources = Sources()
        self.tensors = Tensors(self.outlet, self.token)
        self.naming = Naming(self.outlet, self.tensors)
        self.modules = Modules(self.sources, self.outlet)
        self.graph = Graph(self.outlet, self.tensors, self.token)
        self._read: dict[int, tuple[weakref.ref[torch.Tensor], int, Data]] = {}
        self.gradients: dict[int, Data] = {}
        """The last `.grad` seen of each tensor that has had one, by tensor id."""

        self.retained: dict[NodeId, list[Known]] = {}
        """The tensors with `retain_grad()`, by the node that made them."""

    def retain(self, node: AutogradNode, known: Known) -> None:
        self.graph.claim([node])
        self.retained.setdefault(self.graph.id_of(node), []).append(known)

    @property
    def step(self) -> int:
        """The index that the next step will have."""
        return self.outlet.step

    @property
    def backward(self) -> BackwardId | None:
        """The backward in progress, the innermost when they are nested."""
        return self.running[-1] if self.running else None

    def end_step(self, kind: StepKind, id: int, span: Span | None) -> None:
        if self.naming.has_locals and threading.get_ident() == self.thread:
            self.naming.leave(self.sources.entered(sys._getframe(1)), self.step)
        self.naming.bury(self.step)
        self.outlet.end_step(kind, id, self.running[-1] if self.running else None, span)

    def read_gradient(self, tensor: torch.Tensor | None) -> Data:
        """A gradient's values. One that goes from node to node is looked through once."""
        if tensor is None:
            return None
        seen = self._read.get(id(tensor))
        if seen is not None and seen[0]() is tensor and seen[1] == version(tensor):
            return seen[2]
        if len(self._read) >= _READ_KEPT:
            self._read.clear()
        data = gradient(tensor, self.limits)
        self._read[id(tensor)] = (weakref.ref(tensor), version(tensor), data)
        return data

    def put_change(
        self,
        known: Known,
        what: What,
        span: Span | None,
        *,
        before: Data = None,
        after: Data = None,
        operation: OperationId | None = None,
    ) -> None:
        """A tensor's `.grad`, values or flag are other ones from this step on."""
        change = Change(
            tensor=known.id,
            what=what,
            before=before,
            after=after,
            operation=operation,
            span=span,
            step=self.step,
        )
        self.put(change, elements=size(before) + size(after))

    def grad_changed(
        self, known: Known, before: Data, after: Data, span: Span | None, operation: OperationId | None = None
    ) -> None:
        """A `.grad` was set, cleared or written in place: a step of its own."""
        self.gradients[known.id] = after
        self.put_change(known, "grad", span, before=before, after=after, operation=operation)
        self.end_step("grad_changed", known.id, span)

    def value_changed(
        self, known: Known, tensor: torch.Tensor, span: Span | None, operation: OperationId | None = None
    ) -> None:
        """A tensor's values were written in place; whoever shares its memory sees them too."""
        self.tensors.write_value(known, tensor, self.step)
        self.put_change(known, "value", span, operation=operation)
