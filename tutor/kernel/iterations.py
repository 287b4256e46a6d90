"""Where one iteration of the program ends and the next begins, and what the recorder forgets of one that is not told."""

from __future__ import annotations

from collections.abc import Callable

import torch

from tutor.kernel.bare import bare
from tutor.kernel.call import Call
from tutor.kernel.calls import Kind
from tutor.kernel.capture import grad_of
from tutor.kernel.flat import flat_tensors
from tutor.kernel.gradients import is_unread
from tutor.kernel.identity import Known, version
from tutor.kernel.tape import Tape

_ONLY_READ = frozenset({
    "detach", "detach_", "item", "tolist", "numpy", "argmax", "argmin", "argsort", "sign", "eq", "ne", "lt", "le",
    "gt", "ge", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "equal", "allclose", "isclose", "isnan",
    "isinf", "isfinite", "size", "dim", "numel", "__repr__", "__format__", "__len__", "__bool__", "requires_grad_",
})  # fmt: skip
"""What is asked of a result behind its backward: nothing that a gradient could go through."""


class Iterations:
    """Tells the outlet of the program's iterations; forgets the tensors and nodes of those that it does not tell.

    `flush` puts what library code has written until now, which belongs to the iteration that ends.
    """

    def __init__(self, tape: Tape, flush: Callable[[], None]) -> None:
        self._tape = tape
        self._flush = flush

    def begins_with(self, call: Call) -> bool:
        """Whether a call behind a backward is the first of the next iteration: the first that makes a graph."""
        if call.kind is not Kind.OPERATION or self._tape.running or not torch.is_grad_enabled():
            return False
        if call.traits.plain in _ONLY_READ or call.traits.writes:
            return False
        operands = flat_tensors((call.arguments, dict(call.keywords)))
        return any(bare(tensor).requires_grad for tensor in operands)

    def next(self) -> None:
        """Whatever comes now belongs to the next iteration."""
        tape = self._tape
        self._flush()
        told = tape.outlet.next_iteration()
        tape.graph.next_epoch(forget=not told)
        if not told and tape.outlet.first_untold is not None:
            tape.tensors.forget_from(tape.outlet.first_untold)
        self._forget_dead_gradients()

    def backward_began(self) -> None:
        """One backward after the other without anything between them: they are iterations when there are many."""
        outlet = self._tape.outlet
        if outlet.over and outlet.is_long and not self._tape.running:
            self.next()

    def backward_ended(self, *, create_graph: bool, failed: bool) -> None:
        """An outermost backward is over, whether it was recorded or not: a recording that had stopped goes on."""
        if self._tape.running or not self._tape.outlet.backward_ended(goes_on=create_graph, failed=failed):
            return
        self._tape.outlet.reopen()
        self._look_around()
        self.next()

    def settle(self) -> None:
        """A cell or the run is over: all that was held back is told."""
        outlet = self._tape.outlet
        if outlet.is_behind:
            self._look_around()
        outlet.settle()

    def catch_up(self) -> None:
        """At a cell's or the run's end: where the recording had stopped for a gap, that is told, and it goes on."""
        if self._tape.outlet.is_behind:
            self.settle()

    # ------------------------------------------------------------ what nobody has seen

    def _look_around(self) -> None:
        """Takes up what has changed in the known tensors while nothing was recorded."""
        for known, tensor in self._tape.tensors.living():
            self._look_at(known, tensor)
        self._tape.naming.bury(self._tape.step)
        self._tape.naming.check_globals(self._tape.step)

    def _look_at(self, known: Known, tensor: torch.Tensor) -> None:
        tape = self._tape
        # A buffer may have been written by what counts no version: batch_norm's running means.
        if version(tensor) != known.version or self._is_buffer(tensor):
            tape.tensors.write_value(known, tensor, tape.step)
        plain = bare(tensor)
        if plain.requires_grad != known.tracked:
            tape.put_change(known, "requires_grad", None, before=known.tracked, after=plain.requires_grad)
            known.tracked = plain.requires_grad
        keeps = plain.is_leaf or plain.retains_grad
        before = tape.gradients.get(known.id)
        grad = grad_of(tensor) if keeps else None
        now = before if grad is not None and is_unread(before) else tape.read_gradient(grad)
        if now != before:
            tape.gradients[known.id] = now
            tape.put_change(known, "grad", None, before=before, after=now)

    def _is_buffer(self, tensor: torch.Tensor) -> bool:
        return not bare(tensor).requires_grad and self._tape.modules.parameter_path(tensor) is not None

    def _forget_dead_gradients(self) -> None:
        """Leaves that are made anew in each turn leave nothing behind."""
        kept = self._tape.gradients
        if len(kept) > 100:
            alive = {known.id for known, _ in self._tape.tensors.living()}
            if len(kept) > 2 * len(alive):
                for gone in kept.keys() - alive:
                    del kept[gone]
