"""Our hooks on the nodes that a backward may run: put on before the engine is entered, taken off behind it.

They lie behind the learner's own, so that they see what those leave. The dict of a node's hooks is torch's; C asks
`Function._register_hook` to fill it each time, and while that call is ours it takes the short way (see `register`).
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.accumulation import Accumulations
from tutor.kernel.budget import size
from tutor.kernel.created import register_created
from tutor.kernel.engine_run import Leaf, Run, put_first
from tutor.kernel.guard import Guard
from tutor.kernel.learner_hooks import LearnerHooks
from tutor.kernel.nodes import Mark, leaf_of
from tutor.kernel.tape import Tape
from tutor.protocol import Data, NodeId, NodeRan, NodeRun, Span

Gradients = Sequence[torch.Tensor | None]
Hook = Callable[..., None]
Register = Callable[[dict[Any, Any] | None, Any], tuple[dict[Any, Any], Any]]


class NodeHooks:
    """Hooks a run's nodes and tells, as each one has run, what came in and what went out."""

    def __init__(
        self, tape: Tape, guard: Guard, accumulations: Accumulations, learner_hooks: LearnerHooks
    ) -> None:
        self._tape = tape
        self._guard = guard
        self._accumulations = accumulations
        self._learner_hooks = learner_hooks
        self._ours: Hook | None = None
        self._run: Run | None = None

    # ------------------------------------------------------------ on and off

    def attach(self, run: Run, nodes: Sequence[AutogradNode], marks: Sequence[Mark]) -> None:
        self._learner_hooks.arm()
        ran = self._ran(run)
        self._run = run
        for node, mark in zip(nodes, marks, strict=True):
            if mark.leaf is not None:
                self._attach_leaf(run, node, mark.id)
            else:
                self._ours = ran(mark.id, mark.span or run.span)
                self._keep(run, node.register_hook(self._ours))
        self._ours = self._run = None

    def _attach_leaf(self, run: Run, node: AutogradNode, id: NodeId) -> None:
        tensor = leaf_of(node)
        leaf = Leaf(tensor, self._tape.tensors.see(tensor, self._tape.step), id)
        self._learner_hooks.arm_leaf(tensor, leaf.known)
        arrives, accumulated, lands = self._accumulations.hooks(run, leaf)
        self._ours = arrives
        self._keep(run, node.register_prehook(arrives))
        self._ours = accumulated
        self._keep(run, node.register_hook(accumulated))
        hooks: dict[Any, Any] | None = getattr(tensor, "_post_accumulate_grad_hooks", None)
        if hooks:
            # Ours goes before the learner's: what theirs then changes is a step of its own.
            hooks[run.key] = lands
            put_first(hooks, run.key)
            run.hooked.append(hooks)

    def _keep(self, run: Run, handle: Any) -> None:
        if handle is not None:
            run.handles.append(handle)

    def detach(self, run: Run) -> None:
        key = run.key
        for hooks in run.hooked:
            hooks.pop(key, None)
        for handle in run.handles:
            handle.remove()
        run.hooked.clear()
        run.handles.clear()

    def register(self, theirs: Register) -> Register:
        """`Function._register_hook`, which for our hooks makes no handle: they are taken out of the dict itself."""

        def _register_hook(backward_hooks: dict[Any, Any] | None, hook: Any) -> tuple[dict[Any, Any], Any]:
            run = self._run
            if hook is not self._ours or run is None:
                return self._register_theirs(theirs, backward_hooks, hook, sys._getframe(1))
            hooks = OrderedDict() if backward_hooks is None else backward_hooks
            hooks[run.key] = hook
            run.hooked.append(hooks)
            return hooks, None

        return _register_hook

    def _register_theirs(
        self, theirs: Register, backward_hooks: dict[Any, Any] | None, hook: Any, frame: FrameType
    ) -> tuple[dict[Any, Any], Any]:
        hooks, handle = theirs(backward_hooks, hook)
        if handle is None:
            return hooks, handle  # Another recording's own.
        with self._guard, torch._C.DisableTorchFunction():
            if self._tape.outlet.open and threading.get_ident() == self._tape.thread:
                self._learner_hooks.on_node(hooks, handle, self._tape.sources.current(frame))
        return hooks, handle

    # ------------------------------------------------------------ as a node has run

    def _ran(self, run: Run) -> Callable[[NodeId, Span | None], Hook]:
        """Makes the hook of one node after the other: what all of them use is looked up once."""
        tape, guard = self._tape, self._guard
        read, put, undispatched = tape.read_gradient, tape.put, torch._C.DisableTorchFunction
        backward, done, retained = run.id, run.done, run.retained

        def hook_of(node: NodeId, span: Span | None) -> Hook:
            def ran(sent: Gradients, received: Gradients) -> None:
                if not run.is_current() or guard.fault is not None:
                    return
                try:
                    with undispatched():
                        if run.create_graph:
                            register_created(tape, run, [*received, *sent], step=tape.step)
                        came, went = [*map(read, received)], [*map(read, sent)]
                        done.add(node)
                        what = NodeRun(node=node, grad_outputs=came, grad_inputs=went, step=tape.step)
                        put(NodeRan(backward=backward, run=what), elements=_numbers(came) + _numbers(went))
                        if node in retained:
                            self._accumulations.retained(run, node, came)
                        if run.hooks_ran:
                            run.tell(tape.put, tape.step)
                        tape.end_step("node", node, span)
                except Exception as fault:
                    guard.keep(fault)

            return ran

        return hook_of


def _numbers(data: list[Data]) -> int:
    """How many numbers lie in the gradients of one node."""
    if len(data) == 1:
        return 1 if type(data[0]) is float else size(data[0])
    return sum(map(size, data))
