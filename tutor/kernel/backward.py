"""The backward half: every entry of the engine, its nodes hooked before and unhooked after, gradients as they pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, Literal, cast

import torch
from torch.autograd.graph import Node as AutogradNode

from tutor.kernel.budget import size
from tutor.kernel.calls import Kind
from tutor.kernel.capture import grad_of
from tutor.kernel.engine_run import Fingerprint, Leaf, Run, difference, fingerprint, put_first, root
from tutor.kernel.forward import Forward, RecordingMode
from tutor.kernel.identity import Known
from tutor.kernel.nodes import is_accumulate, leaf_of, reachable, sequence
from tutor.kernel.tape import Tape
from tutor.protocol import (
    Accumulation,
    BackwardBegan,
    BackwardEnded,
    BackwardId,
    CreatedBy,
    Data,
    Failure,
    GradientAccumulated,
    NodeId,
    NodeRan,
    NodeRun,
    Span,
)

Entry = Literal["Tensor.backward", "autograd.backward", "autograd.grad"]
EngineRun = Callable[..., tuple[torch.Tensor, ...]]
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
        self._last_failure: tuple[Fingerprint, BackwardId, NodeId | None] | None = None
        self._stopped_at_step = -1

    def run(
        self, original: EngineRun, outputs: Sequence[Any], *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, ...]:
        """Carries out the engine call and records it."""
        run = self._begin(outputs, args, kwargs) if self._forward.listens() else None
        if run is None:
            return original(outputs, *args, **kwargs)
        outermost, self._forward.outermost = self._forward.outermost, None
        # Inside Tensor.backward the mode is off: pushed again, it sees hooks, custom backwards and recomputation.
        pushed = self._mode if outermost is not None else nullcontext()
        try:
            with pushed:
                result = original(outputs, *args, **kwargs)
        except BaseException as error:
            self._fail(run, error)
            raise
        finally:
            self._forward.outermost = outermost
            self._unhook(run)
        self._end(run, result)
        return result

    # ------------------------------------------------------------ begin and end

    def _begin(self, outputs: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run | None:
        with self._guard, torch._C.DisableTorchFunction():
            self._forward.changes.flush()
            if not self._tape.outlet.has_room():
                self._tape.outlet.backwards_left_out += 1
                return None
            return self._begun(outputs, args, kwargs)
        return None

    def _begun(self, outputs: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
        tape = self._tape
        gradients, retain_graph, create_graph, inputs = args[:4]
        roots = [node for node in map(root, outputs) if node is not None]
        nodes = reachable(roots)
        fresh = tape.graph.claim(nodes)
        tape.graph.describe(fresh, operands=[])
        input_tensors = [tensor for tensor in inputs or () if isinstance(tensor, torch.Tensor)]
        run = Run(
            BackwardId(tape.backwards),
            bool(create_graph),
            self._span(),
            nodes=nodes,
            inputs=input_tensors,
            accumulates=bool(kwargs.get("accumulate_grad", True)),
        )
        tape.backwards += 1
        root_tensors = [tensor for tensor in outputs if isinstance(tensor, torch.Tensor)]
        began = BackwardBegan(
            id=run.id,
            entry=self._entry(run),
            parent=tape.backward,
            roots=[tape.graph.id_of(node) for node in roots],
            root_tensors=[tape.tensors.see(tensor, tape.step).id for tensor in root_tensors],
            gradients=[tape.read_gradient(gradient) for gradient in gradients],
            inputs=[tape.tensors.see(tensor, tape.step).id for tensor in input_tensors],
            retain_graph=bool(retain_graph),
            create_graph=bool(create_graph),
            span=run.span,
            step=tape.step,
        )
        run.inputs_before = [self._grad_of(tensor) for tensor in input_tensors]
        tape.put(began, elements=sum(map(size, began.gradients)))
        self._hook(run)
        tape.running.append(run.id)
        self._runs.append(run)
        return run

    def _entry(self, run: Run) -> Entry:
        if not run.accumulates:
            return "autograd.grad"
        call = self._forward.outermost
        return "Tensor.backward" if call is not None and call.kind is Kind.BACKWARD else "autograd.backward"

    def _span(self) -> Span | None:
        call = self._forward.outermost
        if call is not None:
            return self._tape.sources.place(call.frame).span
        return self._tape.sources.here()

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
            stopped = self._stopped_at(run)
            self._leave(run)
            if self.failed(error) is None:
                self._last_failure = (fingerprint(error), run.id, stopped)
            failure = self._failure_of(error)
            tape = self._tape
            self._stopped_at_step = tape.step
            tape.outlet.end_step("error", -1, run.id, run.span)
            tape.put(BackwardEnded(id=run.id, results=[], error=failure, step=tape.step))

    def _stopped_at(self, run: Run) -> NodeId | None:
        """The ready node that the engine had taken up: the highest sequence number among those whose gradients had come."""
        awaited: set[AutogradNode] = set()
        waiting = [node for node in run.nodes if self._id_of(node) not in run.done]
        for node in waiting:
            awaited.update(following for following, _ in node.next_functions if following is not None)
        ready = [node for node in waiting if node not in awaited]
        return None if not ready else self._id_of(max(ready, key=sequence))

    def _id_of(self, node: AutogradNode) -> NodeId:
        return self._tape.graph.id_of(node)

    def _leave(self, run: Run) -> None:
        """The engine is done with this run, and with any nested one that an exception tore down with it."""
        while self._runs and run in self._runs:
            self._runs.pop()
            self._tape.running.pop()

    def _end(self, run: Run, result: Any) -> None:
        with self._guard, torch._C.DisableTorchFunction():
            self._leave(run)
            tape = self._tape
            results = list(result) if not run.accumulates and result is not None else []
            if run.create_graph:
                self._register_created(run, results, step=self._last_step())
            ids = [self._result(tensor) for tensor in results]
            data = [tape.read_gradient(tensor) for tensor in results]
            if run.accumulates:
                self._filled_inputs(run)
            tape.put(
                BackwardEnded(id=run.id, results=data, result_tensors=ids, error=None, step=tape.step),
                elements=sum(map(size, data)),
            )

    def _result(self, tensor: torch.Tensor | None) -> Any:
        return None if tensor is None else self._tape.tensors.see(tensor, self._last_step()).id

    def _last_step(self) -> int:
        return max(self._tape.step - 1, 0)

    def _filled_inputs(self, run: Run) -> None:
        """`backward(inputs=[y])` fills a non-leaf's `.grad` without any AccumulateGrad."""
        tape = self._tape
        for tensor, before in zip(run.inputs, run.inputs_before, strict=True):
            if tensor.is_leaf:
                continue
            after = self._grad_of(tensor)
            known = tape.tensors.see(tensor, tape.step)
            incoming = after if before is None else difference(after, before)
            self._put_accumulation(run, known, None, before, incoming, after)
            tape.running.append(run.id)
            tape.grad_changed(known, before, after, run.span)
            tape.running.pop()

    # ------------------------------------------------------------ hooks

    def _hook(self, run: Run) -> None:
        retained = self._tape.retained
        for node in run.nodes:
            mark = self._tape.graph.mark(node)
            if mark is None:
                continue
            if is_accumulate(node):
                self._hook_leaf(run, node, mark.id)
            else:
                handle = node.register_hook(
                    partial(self._ran, run, mark.id, mark.span or run.span, retained.get(mark.id))
                )
                run.handles.append(handle)

    def _hook_leaf(self, run: Run, node: AutogradNode, id: NodeId) -> None:
        tensor = leaf_of(node)
        leaf = Leaf(tensor, self._tape.tensors.see(tensor, self._tape.step), id)
        run.handles.append(node.register_prehook(partial(self._arrives, run, leaf)))
        run.handles.append(node.register_hook(partial(self._accumulated, run, leaf)))
        if getattr(tensor, "_post_accumulate_grad_hooks", None):
            # Ours goes before the learner's: what theirs then changes is a step of its own.
            handle = tensor.register_post_accumulate_grad_hook(  # type: ignore[no-untyped-call]
                partial(self._lands, run, leaf)
            )
            put_first(cast("dict[int, object]", tensor._post_accumulate_grad_hooks), handle.id)
            run.handles.append(handle)

    def _unhook(self, run: Run) -> None:
        with self._guard:
            for handle in run.handles:
                handle.remove()
        run.handles.clear()
        run.nodes.clear()

    def _listens(self, run: Run) -> bool:
        runs = self._runs
        return self._guard.fault is None and len(runs) > 0 and runs[-1] is run

    def _ran(
        self,
        run: Run,
        node: NodeId,
        span: Span | None,
        retained: list[Known] | None,
        sent: Sequence[torch.Tensor | None],
        received: Sequence[torch.Tensor | None],
    ) -> None:
        if not self._listens(run):
            return
        try:
            with torch._C.DisableTorchFunction():
                if run.create_graph:
                    self._register_created(run, [*received, *sent])
                read = self._tape.read_gradient
                self._put_run(run, node, [*map(read, received)], [*map(read, sent)])
                for known in retained or ():
                    self._retain(run, node, known, received)
                self._tape.end_step("node", node, span)
        except Exception as fault:
            self._guard.keep(fault)

    def _put_run(self, run: Run, node: NodeId, received: list[Data], sent: list[Data]) -> None:
        run.done.add(node)
        what = NodeRun(node=node, grad_outputs=received, grad_inputs=sent, step=self._tape.step)
        self._tape.put(NodeRan(backward=run.id, run=what), elements=size(received) + size(sent))

    def _register_created(
        self, run: Run, gradients: Sequence[torch.Tensor | None], *, step: int | None = None
    ) -> None:
        """With create_graph the gradients have a graph of their own; made in this step, or in `step`."""
        graph = self._tape.graph
        made_in = self._tape.step if step is None else step
        made = [gradient for gradient in gradients if gradient is not None and gradient.grad_fn is not None]
        fresh = graph.claim(
            [gradient.grad_fn for gradient in made if gradient.grad_fn is not None], span=run.span
        )
        graph.describe(fresh, operands=made, created_by=CreatedBy(backward=run.id, step=made_in))

    def _retain(self, run: Run, node: NodeId, known: Known, received: Sequence[torch.Tensor | None]) -> None:
        """A tensor with `retain_grad()` gets its gradient just before its node runs."""
        tensor = known()
        if tensor is None:
            return
        after = self._grad_of(tensor)
        before = self._tape.gradients.get(known.id)
        slot = tensor.output_nr
        incoming = self._tape.read_gradient(received[slot]) if slot < len(received) else None
        self._tape.gradients[known.id] = after
        self._put_accumulation(run, known, node, before, incoming, after)

    # ------------------------------------------------------------ accumulation

    def _arrives(self, run: Run, leaf: Leaf, received: Sequence[torch.Tensor | None]) -> None:
        """What remains of the gradient after the tensor's own hooks, and `.grad` as it still is."""
        if not self._listens(run):
            return
        with self._guard, torch._C.DisableTorchFunction():
            leaf.before = self._grad_of(leaf.tensor)
            leaf.incoming = self._tape.read_gradient(received[0])
            leaf.landed = False

    def _lands(self, run: Run, leaf: Leaf, tensor: torch.Tensor) -> None:
        if not self._listens(run):
            return
        with self._guard, torch._C.DisableTorchFunction():
            self._land(run, leaf)

    def _accumulated(
        self,
        run: Run,
        leaf: Leaf,
        sent: Sequence[torch.Tensor | None],
        received: Sequence[torch.Tensor | None],
    ) -> None:
        if not self._listens(run):
            return
        with self._guard, torch._C.DisableTorchFunction():
            if not leaf.landed:
                self._land(run, leaf)
                return
            before, now = self._tape.gradients.get(leaf.known.id), self._grad_of(leaf.tensor)
            if now != before:
                self._tape.grad_changed(leaf.known, before, now, run.span)

    def _land(self, run: Run, leaf: Leaf) -> None:
        tape = self._tape
        leaf.landed = True
        grad = grad_of(leaf.tensor)
        if run.create_graph:
            self._register_created(run, [grad])
        # The first gradient to arrive is what `.grad` becomes: it need not be read again.
        after = leaf.incoming if leaf.before is None and grad is not None else tape.read_gradient(grad)
        if grad is not None:
            tape.tensors.own_gradient(leaf.known, grad)
        tape.gradients[leaf.known.id] = after
        self._put_run(run, leaf.node, [leaf.incoming], [])
        self._put_accumulation(run, leaf.known, leaf.node, leaf.before, leaf.incoming, after)
        tape.end_step("node", leaf.node, run.span)

    def _put_accumulation(
        self, run: Run, known: Known, node: NodeId | None, before: Data, incoming: Data, after: Data
    ) -> None:
        self._tape.put(
            GradientAccumulated(
                backward=run.id,
                accumulation=Accumulation(
                    tensor=known.id,
                    node=node,
                    before=before,
                    incoming=incoming,
                    after=after,
                    step=self._tape.step,
                ),
            ),
            elements=size(before) + size(incoming) + size(after),
        )

    def _grad_of(self, tensor: torch.Tensor) -> Data:
        return self._tape.read_gradient(grad_of(tensor))
