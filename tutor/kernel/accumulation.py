"""What lands in `.grad`: a leaf's by its AccumulateGrad, a retained tensor's just before its own node runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tutor.kernel.budget import size
from tutor.kernel.capture import grad_of
from tutor.kernel.copies import arrived
from tutor.kernel.created import register_created
from tutor.kernel.engine_run import Leaf, Retained, Run
from tutor.kernel.guard import Guard
from tutor.kernel.identity import Known
from tutor.kernel.tape import Tape
from tutor.protocol import Accumulation, Data, GradientAccumulated, NodeId, NodeRan, NodeRun

Gradients = Sequence[torch.Tensor | None]
Arrives = Callable[[Gradients], None]
Accumulated = Callable[[Gradients, Gradients], None]
Lands = Callable[[torch.Tensor], None]


class Accumulations:
    """Tells before + incoming = after of every `.grad` that a run fills."""

    def __init__(self, tape: Tape, guard: Guard) -> None:
        self._tape = tape
        self._guard = guard

    # ------------------------------------------------------------ leaves

    def hooks(self, run: Run, leaf: Leaf) -> tuple[Arrives, Accumulated, Lands]:
        """The hooks of a leaf's AccumulateGrad: before it, behind it, and between it and the learner's post hooks."""

        def arrives(received: Gradients) -> None:
            if run.is_current():
                with self._guard, torch._C.DisableTorchFunction():
                    self._arrived(run, leaf, received)

        def accumulated(sent: Gradients, received: Gradients) -> None:
            if run.is_current():
                with self._guard, torch._C.DisableTorchFunction():
                    self._accumulated(run, leaf)

        def lands(tensor: torch.Tensor) -> None:
            if run.is_current():
                with self._guard, torch._C.DisableTorchFunction():
                    self._land(run, leaf)
                    self._await(run, leaf)

        return arrives, accumulated, lands

    def _arrived(self, run: Run, leaf: Leaf, received: Gradients) -> None:
        """What remains of the gradient after the tensor's own hooks, and `.grad` as it still is."""
        read = run.reader(self._tape.read_gradient)
        leaf.before = read(grad_of(leaf.tensor))
        leaf.incoming = read(received[0])
        leaf.landed = False

    def _accumulated(self, run: Run, leaf: Leaf) -> None:
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
        if run.create_graph and grad is not None:
            register_created(tape, run, [grad], step=tape.step)
        # The first gradient to arrive is what `.grad` becomes: it need not be read again.
        first = leaf.before is None and grad is not None
        leaf.after = after = leaf.incoming if first else run.reader(tape.read_gradient)(grad)
        if grad is not None:
            tape.tensors.own_gradient(leaf.known, grad)
        if run.copies is None:
            tape.gradients[leaf.known.id] = after
            if grad is not None:
                tape.keep_gradient(grad, after)
        else:
            run.unread.add(leaf.known.id)
        run.done[leaf.node] = None
        what = NodeRun(node=leaf.node, grad_outputs=[leaf.incoming], grad_inputs=[], step=tape.step)
        run.teller(tape.put)(NodeRan(backward=run.id, run=what), elements=size(leaf.incoming))
        self._put(run, leaf.known, leaf.node, leaf.before, leaf.incoming, after)
        run.tell(tape.put, tape.step)
        run.landed_at = tape.step
        tape.end_step("node", leaf.node, run.span)

    def _await(self, run: Run, leaf: Leaf) -> None:
        """The learner's hook comes next: what it changes is compared with what is there now."""
        if run.copies is not None:
            run.copies.arrive()
            run.unread.discard(leaf.known.id)
            self._tape.gradients[leaf.known.id] = arrived(leaf.after)

    # ------------------------------------------------------------ what is no leaf

    def expect(self, run: Run) -> None:
        """Which tensors the run will fill: those with `retain_grad()`, and those that `inputs=` asks for."""
        tape = self._tape
        asked = [tape.tensors.see(tensor, tape.step) for tensor in run.inputs]
        for known in {known.id: known for known in (*tape.retained.values(), *asked)}.values():
            tensor = known()
            if tensor is None:
                tape.retained.pop(known.id, None)
            elif tensor.grad_fn is not None and (tensor.retains_grad or known in asked):
                mark = tape.graph.mark(tensor.grad_fn)
                if mark is not None:
                    current = tape.tensors.see(tensor, tape.step)
                    expected = Retained(current, tensor.output_nr, self._grad_of(tensor))
                    run.retained.setdefault(mark.id, []).append(expected)

    def retained(self, run: Run, node: NodeId, came: Sequence[Data]) -> None:
        """The node has run: the tensor that it made has its gradient, as it was before the node's own prehooks."""
        prehook = next((row for row in run.hooks_ran if row.node == node and row.kind == "prehook"), None)
        came = came if prehook is None else prehook.before
        for expected in run.retained.get(node, ()):
            tensor = expected.known()
            if tensor is not None and expected.slot < len(came):
                after = run.reader(self._tape.read_gradient)(grad_of(tensor))
                if run.copies is None:
                    self._tape.gradients[expected.known.id] = after
                else:
                    run.unread.add(expected.known.id)
                self._put(run, expected.known, node, expected.before, came[expected.slot], after)
                expected.before = after

    def arrive(self, run: Run) -> None:
        """The engine has returned: the gradients that were on their way are there."""
        for sum_ in run.arrive(self._tape.put):
            if sum_.tensor in run.unread:
                self._tape.gradients[sum_.tensor] = sum_.after

    def settle(self, run: Run) -> None:
        """`backward(inputs=[y])` leaves y with `retain_grad()`: torch's own way to fill it."""
        tape = self._tape
        for tensor, before in zip(run.inputs, run.retaining, strict=True):
            if tensor.retains_grad and not before:
                known = tape.tensors.see(tensor, tape.step)
                tape.retained[known.id] = known
                tape.put_change(known, "retains_grad", run.span, before=False, after=True)
                tape.end_step("flag_changed", known.id, run.span)

    def _put(
        self, run: Run, known: Known, node: NodeId | None, before: Data, incoming: Data, after: Data
    ) -> None:
        sum_ = Accumulation(
            tensor=known.id, node=node, before=before, incoming=incoming, after=after, step=self._tape.step
        )
        run.teller(self._tape.put)(
            GradientAccumulated(backward=run.id, accumulation=sum_),
            elements=size(before) + size(incoming) + size(after),
        )

    def _grad_of(self, tensor: torch.Tensor) -> Data:
        return self._tape.read_gradient(grad_of(tensor))
