"""The backward half: every entry into the engine, from what it was asked for to what it gave back, or raised."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import FrameType
from typing import Any, Literal

import torch
from torch.autograd.graph import GradientEdge
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel import copies
from tutor.kernel.accumulation import Accumulations
from tutor.kernel.anomaly import clean
from tutor.kernel.budget import size
from tutor.kernel.created import register_created
from tutor.kernel.engine_run import (
    EngineRun,
    Fingerprint,
    Run,
    ends_of,
    fingerprint,
    first_ready,
    leading_to,
    reach,
    root,
)
from tutor.kernel.forward import Forward, RecordingMode
from tutor.kernel.learner_hooks import LearnerHooks
from tutor.kernel.node_hooks import NodeHooks
from tutor.kernel.nodes import Mark, is_accumulate, leaf_of
from tutor.kernel.saved_hooks import SavedTensorHooks
from tutor.kernel.tape import Tape
from tutor.kernel.transforms import is_batch
from tutor.protocol import BackwardBegan, BackwardEnded, BackwardId, Failure, NodeId, Span, TensorId

Entry = Literal["Tensor.backward", "autograd.backward", "autograd.grad"]
FailureOf = Callable[[BaseException], Failure]


class Engine:
    """Stands around torch's own entry into the engine."""

    def __init__(self, tape: Tape, forward: Forward, mode: RecordingMode, failure_of: FailureOf) -> None:
        self._tape = tape
        self._forward = forward
        self._mode = mode
        self._guard = forward.guard
        self._failure_of = failure_of
        self._runs: list[Run] = []
        self._learner_hooks = LearnerHooks(tape, forward.guard, self._runs)
        self._accumulations = Accumulations(tape, forward.guard)
        self.hooks = NodeHooks(tape, forward.guard, self._accumulations, self._learner_hooks)
        self.saved_hooks = SavedTensorHooks(tape, forward.guard, self._runs)
        forward.on_hook = self._learner_hooks.on_tensor
        self._last_failure: tuple[Fingerprint, BackwardId, NodeId | None] | None = None
        self._stopped_at_step = -1
        self._missing = 0

    def run(self, original: EngineRun, outputs: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        """Carries out the engine call and records it."""
        run = self._begin(outputs, args, kwargs)
        if run is None:
            return self.miss(original, outputs, *args, **kwargs)
        outermost, self._forward.outermost = self._forward.outermost, None
        # Inside Tensor.backward the mode is off: pushed again, it sees hooks, custom backwards and recomputation.
        pushed = self._mode if outermost is not None else nullcontext()
        try:
            with pushed:
                result = original(outputs, *args, **kwargs)
        except BaseException as error:
            self._fail(run, error)
            self._iterate(create_graph=run.create_graph, failed=True)
            raise
        finally:
            self._forward.outermost = outermost
            self._let_go(run)
        self._end(run, result)
        self._iterate(create_graph=run.create_graph)
        return result

    def miss(self, original: EngineRun, outputs: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        """Carries out an engine call while the recording has stopped. As it ends, the recording may go on."""
        outlet, left_out = self._tape.outlet, False
        with self._guard:
            left_out = outlet.full
        if not left_out:
            return original(outputs, *args, **kwargs)
        outlet.backwards_left_out += 1
        self._missing += 1
        try:
            return original(outputs, *args, **kwargs)
        finally:
            self._missing -= 1
            if not self._missing:
                self._iterate()

    def _iterate(self, *, create_graph: bool = False, failed: bool = False) -> None:
        if self._forward.inside:
            # What a custom Function computes within itself is part of the iteration that it belongs to.
            return
        with self._guard, torch._C.DisableTorchFunction():
            self._forward.iterations.backward_ended(create_graph=create_graph, failed=failed)

    def works_here(self) -> bool:
        """Whether this thread is one in which the engine carries out a recorded run."""
        return any(run.is_current() for run in self._runs)

    # ------------------------------------------------------------ begin

    def _begin(self, outputs: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run | None:
        with self._guard, torch._C.DisableTorchFunction():
            # A run that is nested in another one tells its number before it has one of its own.
            parent = next((run for run in reversed(self._runs) if run.is_current()), None)
            self._forward.changes.flush()
            if not self._tape.outlet.has_room():
                return None
            self._forward.iterations.backward_began()
            return self._begun(outputs, args, kwargs, parent)
        return None

    def _begun(
        self, outputs: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any], parent: Run | None
    ) -> Run:
        tape = self._tape
        gradients, retain_graph, create_graph, inputs = args[:4]
        roots = [node for node in map(root, outputs) if node is not None]
        nodes, marks = self._known_nodes(roots)
        if torch.is_anomaly_enabled():
            clean(nodes)
        accumulates = bool(kwargs.get("accumulate_grad", True))
        run = self._new_run(roots, inputs or (), create_graph=bool(create_graph), accumulates=accumulates)
        began = BackwardBegan(
            id=run.id,
            entry=self._entry(run, sys._getframe(1)),
            parent=None if parent is None else parent.id,
            roots=[tape.graph.id_of(node) for node in roots],
            root_tensors=self._ids(outputs),
            gradients=[tape.read_gradient(gradient) for gradient in gradients],
            inputs=self._ids(inputs or ()),
            retain_graph=bool(retain_graph),
            create_graph=run.create_graph,
            span=run.span,
            step=tape.step,
        )
        if any(map(copies.is_away, outputs)):
            run.copies = copies.Copies(tape.limits, tape.read_gradient)
        self._accumulations.expect(run)
        tape.put(began, elements=sum(map(size, began.gradients)))
        self.hooks.attach(run, nodes, marks)
        tape.running.append(run.id)
        self._runs.append(run)
        return run

    def _new_run(
        self, roots: list[AutogradNode], inputs: Sequence[Any], *, create_graph: bool, accumulates: bool
    ) -> Run:
        inner = [t for t in inputs if isinstance(t, torch.Tensor) and not t.is_leaf] if accumulates else []
        run = Run(
            id=BackwardId(self._tape.backwards),
            create_graph=create_graph,
            span=self._span(),
            accumulates=accumulates,
            roots=roots,
            inputs=inner,
            retaining=[tensor.retains_grad for tensor in inner],
            asked=list(inputs),
        )
        self._tape.backwards += 1
        return run

    def _known_nodes(self, roots: list[AutogradNode]) -> tuple[list[AutogradNode], list[Mark]]:
        graph, token = self._tape.graph, self._tape.token
        nodes, marks, unknown = reach(roots, token)
        if unknown:
            graph.describe(graph.claim(unknown), operands=[])
            nodes, marks, _ = reach(roots, token)
        return nodes, marks

    def _ids(self, given: Sequence[Any]) -> list[TensorId]:
        """The tensors that were given, or whose edges were."""
        tape = self._tape
        tensors = [self._at_edge(one) if isinstance(one, GradientEdge) else one for one in given]
        return [tape.tensors.see(t, tape.step).id for t in tensors if isinstance(t, torch.Tensor)]

    def _at_edge(self, edge: GradientEdge) -> torch.Tensor | None:
        """The living tensor that the edge was taken from."""
        for known in list(self._tape.tensors.by_address.values()):
            tensor = known()
            if tensor is None or not tensor.requires_grad:
                continue
            node = leaf_of(edge.node) if is_accumulate(edge.node) else tensor.grad_fn
            if node is tensor or (node is edge.node and tensor.output_nr == edge.output_nr):
                return tensor
        return None

    def _entry(self, run: Run, frame: FrameType | None) -> Entry:
        if not run.accumulates:
            return "autograd.grad"
        while frame is not None and frame.f_code is not torch.autograd.backward.__code__:
            frame = frame.f_back
        caller = None if frame is None else frame.f_back
        called_by = None if caller is None else caller.f_code
        return "Tensor.backward" if called_by is torch.Tensor.backward.__code__ else "autograd.backward"

    def _span(self) -> Span | None:
        call = self._forward.outermost
        if call is not None:
            return self._tape.sources.place(call.frame).span
        return self._tape.sources.here()

    # ------------------------------------------------------------ end

    def _let_go(self, run: Run) -> None:
        with self._guard:
            self.hooks.detach(run)
            if not self._runs or self._runs[0] is run:
                self._learner_hooks.disarm()

    def _leave(self, run: Run) -> None:
        """The engine is done with this run, and with any nested one that an exception tore down with it."""
        while self._runs and run in self._runs:
            self._runs.pop()
            self._tape.running.pop()

    def _end(self, run: Run, result: Any) -> None:
        with self._guard, torch._C.DisableTorchFunction():
            tape = self._tape
            run.tell(tape.put, self._last_step())
            self._accumulations.arrive(run)
            self._accumulations.settle(run)
            self._leave(run)
            results = list(result) if not run.accumulates and result is not None else []
            if run.create_graph:
                register_created(tape, run, results, step=self._last_step())
            ids = [self._result(tensor) for tensor in results]
            data = [tape.read_gradient(tensor) for tensor in results]
            tape.put(
                BackwardEnded(id=run.id, results=data, result_tensors=ids, error=None, step=tape.step),
                elements=sum(map(size, data)),
            )

    def _result(self, tensor: torch.Tensor | None) -> TensorId | None:
        if tensor is None or is_batch(tensor):
            return None
        return self._tape.tensors.see(tensor, self._last_step()).id

    def _last_step(self) -> int:
        return max(self._tape.step - 1, 0)

    # ------------------------------------------------------------ errors

    def failed(self, error: BaseException) -> tuple[BackwardId, NodeId | None] | None:
        """The backward that raised this exception, and the node that it stopped at."""
        if self._last_failure is None or self._last_failure[0] != fingerprint(error):
            return None
        return self._last_failure[1:]

    def has_just_told(self, error: BaseException) -> bool:
        """Whether the last step is already this exception's, at the end of its backward."""
        return self.failed(error) is not None and self._stopped_at_step == self._tape.step - 1

    def _fail(self, run: Run, error: BaseException) -> None:
        with self._guard, torch._C.DisableTorchFunction():
            tape = self._tape
            raised = self._learner_hooks.raised(run)
            stopped = raised if raised is not None else self._anomaly(run, error)
            stopped = self._stopped_at(run) if stopped is None else stopped
            run.tell(tape.put, tape.step)
            self._accumulations.arrive(run)
            self._accumulations.settle(run)
            self._leave(run)
            if self.failed(error) is None:
                self._last_failure = (fingerprint(error), run.id, stopped)
            failure = self._failure_of(error)
            self._stopped_at_step = tape.step
            tape.outlet.end_step("error", -1, run.id, run.span)
            tape.put(BackwardEnded(id=run.id, results=[], error=failure, step=tape.step))

    def _anomaly(self, run: Run, error: BaseException) -> NodeId | None:
        """The node whose result detect_anomaly refused: it had run, and its hooks too."""
        refused = isinstance(error, RuntimeError) and "returned nan values in its" in str(error)
        return next(reversed(run.done), None) if refused and torch.is_anomaly_enabled() else None

    def _stopped_at(self, run: Run) -> NodeId | None:
        """The node that the engine had taken up: where a hook raised its own, otherwise the newest one that was ready."""
        graph = self._tape.graph
        nodes, _, _ = reach(run.roots, self._tape.token)
        needed = set(nodes)
        if run.asked:
            ends = ends_of(run.asked, nodes)
            needed = leading_to(ends, nodes).union(ends if run.accumulates else ())
        waiting = [node for node in nodes if node in needed and graph.id_of(node) not in run.done]
        node = first_ready(waiting)
        return None if node is None else graph.id_of(node)
