"""Our hooks on the nodes that a backward may run: put on before the engine is entered, taken off behind it.

They lie behind the learner's own, so that they see what those leave. The dict of a node's hooks is torch's; C asks
`Function._register_hook` to fill it each time, and while that call is ours it takes the short way (see `register`).
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.accumulation import Accumulations
from tutor.kernel.created import register_created
from tutor.kernel.engine_run import Leaf, Run, current_task, put_first
from tutor.kernel.gradients import numbers
from tutor.kernel.guard import Guard
from tutor.kernel.learner_hooks import LearnerHooks
from tutor.kernel.nodes import Mark, leaf_of
from tutor.kernel.tape import Tape
from tutor.protocol import NodeId, NodeRan, NodeRun

Gradients = Sequence[torch.Tensor | None]
Hook = Callable[..., None]
_undispatched = torch._C.DisableTorchFunction
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
        """The hook that is being registered, under this key; the dicts into which it went."""

        self._key: object = None
        self._hooked: list[dict[Any, Any]] = []

    # ------------------------------------------------------------ on and off

    def attach(self, run: Run, nodes: Sequence[AutogradNode], marks: Sequence[Mark]) -> None:
        self._learner_hooks.arm()
        self._key, self._hooked = run.key, run.hooked
        ran = self._ran(run)
        self._ours = ran
        for node, mark in zip(nodes, marks, strict=True):
            if mark.leaf is not None:
                self._attach_leaf(run, node, mark.id)
                self._ours = ran
            else:
                handle = node.register_hook(ran)
                if handle is not None:
                    run.handles.append(handle)
        self._ours = None
        self._hooked = []

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
            if hook is not self._ours:
                return self._register_theirs(theirs, backward_hooks, hook, sys._getframe(1))
            hooks = OrderedDict() if backward_hooks is None else backward_hooks
            hooks[self._key] = hook
            self._hooked.append(hooks)
            return hooks, None

        return _register_hook

    def _register_theirs(
        self, theirs: Register, backward_hooks: dict[Any, Any] | None, hook: Any, frame: FrameType
    ) -> tuple[dict[Any, Any], Any]:
        hooks, handle = theirs(backward_hooks, hook)
        if handle is None:
            return hooks, handle  # Another recording's own.
        with self._guard, torch._C.DisableTorchFunction():
            if self._tape.outlet.open and self._learner_hooks.hear_here():
                self._learner_hooks.on_node(hooks, handle, self._tape.sources.current(frame))
        return hooks, handle

    # ------------------------------------------------------------ as a node has run

    def _ran(self, run: Run) -> Hook:
        """The hook of all nodes of a run, which asks the engine for the node: one for each would be much to make."""
        tape, guard, outlet, token = self._tape, self._guard, self._tape.outlet, self._tape.token
        read, undispatched = run.reader(tape.read_gradient), _undispatched
        backward, span, done = run.id, run.span, run.done
        current_node: Callable[[], Any] = torch._C._current_autograd_node

        def ran(sent: Gradients, received: Gradients) -> None:
            if current_task() != run.task and not run.is_current():
                return
            try:
                with undispatched():
                    mark: Mark | None = current_node().metadata.get(token)
                    if mark is None or guard.fault is not None:
                        return
                    node = mark.id
                    if run.create_graph:
                        register_created(tape, run, [*received, *sent], step=tape.step)
                    came, went = [], []
                    for gradient in received:
                        came.append(None if gradient is None else read(gradient))
                    for gradient in sent:
                        went.append(None if gradient is None else read(gradient))
                    done[node] = None
                    what = NodeRun(node=node, grad_outputs=came, grad_inputs=went, step=outlet.step)
                    if run.copies is None:
                        outlet.gathered = [NodeRan(backward=backward, run=what)]
                        outlet.numbers = numbers(came, went)
                    else:
                        run.late.append(NodeRan(backward=backward, run=what))
                    if run.retained or run.hooks_ran:
                        self._accumulations.retained(run, node, came)
                        run.tell(outlet.put, outlet.step)
                    tape.end_node(node, backward, mark.span or span)
            except Exception as fault:
                guard.keep(fault)
            finally:
                outlet.gathered = None

        return ran
