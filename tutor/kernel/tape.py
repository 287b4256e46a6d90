"""The state of one recording, written to by the forward and the backward half: the step, the tensors, names and sources."""

from __future__ import annotations

import sys
import threading
from typing import Literal

import torch

from tutor.kernel.bare import bare
from tutor.kernel.budget import Emit, Limits, Outlet, size
from tutor.kernel.capture import grad_of
from tutor.kernel.gradients import Gradients, is_unread
from tutor.kernel.graph import Graph
from tutor.kernel.identity import Known, Tensors
from tutor.kernel.modules import Modules
from tutor.kernel.naming import Naming
from tutor.kernel.spans import Sources
from tutor.protocol import BackwardId, Change, Data, NodeId, OperationId, Span, StepKind, TensorId

What = Literal["grad", "value", "requires_grad", "retains_grad"]


class Tape:
    """One recording's counters and tables; `token` marks its nodes."""

    def __init__(self, emit: Emit, limits: Limits) -> None:
        self.outlet = Outlet(emit, limits)
        self.put = self.outlet.put
        self.limits = limits
        self.token = object()
        self.thread = threading.get_ident()
        self.backwards = 0
        self._looked_in: BackwardId | None = None
        """The backward whose nodes' steps found every function that has names still entered."""
        self.running: list[BackwardId] = []
        self.sources = Sources()
        self.tensors = Tensors(self.outlet, self.token)
        self.naming = Naming(self.outlet, self.tensors)
        self.outlet.names = lambda: self.naming.holders
        self.modules = Modules(self.sources, self.outlet)
        self.graph = Graph(self.outlet, self.tensors, self.token)
        reader = Gradients(self.outlet, self.tensors.looked)
        self.read_gradient = reader.read
        """A gradient's values. One that goes from node to node is looked through once."""

        self.reread_gradient = reader.reread
        self._glance = reader.glance
        self.keep_gradient = reader.keep

        self.gradients: dict[int, Data] = {}
        """The last `.grad` seen of each tensor that has had one, by tensor id."""

        self.retained: dict[TensorId, Known] = {}
        """The tensors with `retain_grad()`."""
        self.tensors.met = self._tell_gradient

    @property
    def step(self) -> int:
        """The index that the next step will have."""
        return self.outlet.step

    @property
    def backward(self) -> BackwardId | None:
        """The backward in progress, the innermost when they are nested."""
        return self.running[-1] if self.running else None

    def end_step(self, kind: StepKind, id: int, span: Span | None, frame: int = 0) -> None:
        """`frame`: the id of the learner's frame in which it was, where that is known."""
        frames = self.naming.frames
        if frames and not (len(frames) == 1 and frame in frames) and threading.get_ident() == self.thread:
            self._leave_frames()
        if self.tensors.dead:
            self.naming.bury(self.outlet.step)
        if self.tensors.lent:
            self.tensors.distrust()
        self.outlet.end_step(kind, id, self.running[-1] if self.running else None, span)

    def end_node(self, node: NodeId, backward: BackwardId, span: Span | None) -> None:
        """A node's step: names are looked after only where a tensor died, or a function may have been left."""
        naming = self.naming
        if naming.frames and (naming.stirred or self._looked_in != backward):
            # Between two nodes of a run nothing is left but what was called, and gave names, in between.
            naming.stirred, self._looked_in = False, backward
            self.end_step("node", node, span)
            return
        if self.tensors.dead:
            naming.bury(self.outlet.step)
        self.outlet.end_step("node", node, backward, span)

    def _tell_gradient(self, known: Known, tensor: torch.Tensor) -> None:
        """A tensor that is met late may have a `.grad` already."""
        grad = grad_of(tensor) if bare(tensor).is_leaf or bare(tensor).retains_grad else None
        if grad is not None:
            after = self.gradients[known.id] = self.standing_gradient(known, grad)
            step = max(self.step - 1, 0)
            self.put(Change(tensor=known.id, what="grad", before=None, after=after, span=None, step=step))

    def standing_gradient(self, known: Known | None, grad: torch.Tensor | None) -> Data:
        """The `.grad` that the tensor has, without a look through a large one from before the recording."""
        if grad is None:
            return None
        before = None if known is None else self.gradients.get(known.id)
        return self._glance(grad) if before is None or is_unread(before) else self.read_gradient(grad)

    def _leave_frames(self) -> None:
        left = self.sources.left(self.naming.frames, sys._getframe(1))
        if left:
            self.naming.leave(left, self.outlet.step)

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
