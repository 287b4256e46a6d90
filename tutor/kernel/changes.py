"""What changes a tensor without computing a new one: flags, `.grad`, `.data`, in-place writes, an optimizer's step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch

from tutor.kernel.bare import bare
from tutor.kernel.call import Call, Written
from tutor.kernel.calls import Kind
from tutor.kernel.capture import grad_of
from tutor.kernel.identity import Known, storage
from tutor.kernel.operands import Operands
from tutor.kernel.spans import Place
from tutor.kernel.tape import Tape
from tutor.protocol import OperationId, Span, TensorId

Pairs = list[tuple[Known, torch.Tensor]]

SILENT_WRITERS: Mapping[object, tuple[int, int, int]] = {
    torch.nn.functional.batch_norm: (1, 2, 5),
    torch.batch_norm: (3, 4, 5),
}
"""Functions that write the running mean and variance without giving them a new version: the places of these two
arguments, and of `training`."""


class Changes:
    """Emits changes; holds back what library code writes until it is done with a tensor."""

    def __init__(self, tape: Tape, operands: Operands) -> None:
        self.tape = tape
        self.operands = operands
        self._dirty: dict[TensorId, tuple[Known, Span | None]] = {}
        """Tensors that library code has written since the last step, with the learner's span."""
        self._dirty_gradients: dict[TensorId, tuple[Written, Span | None]] = {}
        self._dirty_span: Span | None = None
        """Where the last of them was written: what another line writes is another change."""

    def written(
        self, known: Known, tensor: torch.Tensor, span: Span | None, operation: OperationId | None
    ) -> None:
        tape = self.tape
        tape.value_changed(known, tensor, span, operation)
        now = bare(tensor).requires_grad
        if now != known.tracked:
            tape.put_change(
                known, "requires_grad", span, before=known.tracked, after=now, operation=operation
            )
            known.tracked = now
        for other, alias in tape.tensors.aliases(known):
            owner = tape.tensors.owner(alias)
            if owner is None:
                tape.value_changed(other, alias, span, operation)
            else:
                tape.tensors.write_value(other, alias, tape.step)
                self._gradient_written(owner[0], alias, span, operation)

    def _gradient_written(
        self, owner: Known, gradient: torch.Tensor, span: Span | None, operation: OperationId | None
    ) -> None:
        """`w.grad.data.zero_()` writes w's gradient through another tensor."""
        before, after = self.tape.gradients.get(owner.id), self.tape.reread_gradient(gradient)
        self.tape.gradients[owner.id] = after
        self.tape.put_change(owner, "grad", span, before=before, after=after, operation=operation)

    def silently_written(self, call: Call) -> Pairs:
        """The running statistics of a batch norm in training."""
        *places, flag = SILENT_WRITERS[call.traits.function]
        found: Pairs = []
        for place, name in zip(places, ("running_mean", "running_var"), strict=True):
            tensor = _argument(call, place, name)
            known = self.tape.tensors.find(tensor) if isinstance(tensor, torch.Tensor) else None
            if known is not None and isinstance(tensor, torch.Tensor):
                found.append((known, tensor))
        return found if _argument(call, flag, "training") else []

    def wrote_silently(self, call: Call, operation: OperationId, span: Span | None) -> None:
        for known, tensor in self.silently_written(call):
            self.written(known, tensor, span, operation)

    def written_id(self, known: Known) -> TensorId:
        """Whose values changed, as the learner knows it: a write through `w.data` is one to w."""
        naming = self.tape.naming
        if naming.name_of(known.id) is not None:
            return known.id
        named = (
            other.id for other, _ in self.tape.tensors.aliases(known) if naming.name_of(other.id) is not None
        )
        return next(named, known.id)

    def wrote_gradients_only(self, call: Call, written: list[tuple[Known, torch.Tensor]]) -> bool:
        """`w.grad.zero_()`: shown as the change of w's gradient that it is."""
        if not call.gradients or not written:
            return False
        gradients = [gradient for gradient in call.gradients if gradient.changed]
        if len(gradients) != len(written):
            return False
        for known, tensor in written:
            self.tape.tensors.write_value(known, tensor, self.tape.step)
        for gradient in gradients:
            after = self.tape.read_gradient(gradient.tensor)
            self.tape.grad_changed(gradient.owner, gradient.before, after, call.place(self.tape.sources).span)
        return True

    def note_dirty(self, written: list[tuple[Known, torch.Tensor]], call: Call) -> None:
        span = call.place(self.tape.sources).span
        if span != self._dirty_span:
            self.flush()
            self._dirty_span = span
        for gradient in call.gradients:
            if gradient.changed or self._written_silently(gradient, call):
                self._dirty_gradients.setdefault(gradient.owner.id, (gradient, span))
        for known, tensor in written:
            if self.tape.tensors.owner(tensor) is None:
                self._dirty.setdefault(known.id, (known, span))

    def _written_silently(self, gradient: Written, call: Call) -> bool:
        """A GradScaler's kernel writes without giving the tensor a new version."""
        if call.traits.function is not torch._amp_foreach_non_finite_check_and_unscale_:
            return False
        return bool(self.tape.reread_gradient(gradient.tensor) != gradient.before)

    def settle(self) -> None:
        """As `flush`, for those who are not under the guard of a call."""
        if self._dirty or self._dirty_gradients:
            with torch._C.DisableTorchFunction():
                self.flush()

    def flush(self) -> None:
        """Shows what library code (an optimizer's step) has written: each tensor's change is one step."""
        if not self._dirty and not self._dirty_gradients:
            return
        tape = self.tape
        dirty, self._dirty = list(self._dirty.values()), {}
        gradients, self._dirty_gradients = list(self._dirty_gradients.values()), {}
        if not tape.outlet.open:
            return
        for gradient, span in gradients:
            after = tape.read_gradient(gradient.tensor)
            tape.grad_changed(gradient.owner, gradient.before, after, span)
        for known, span in dirty:
            tensor = known()
            if tensor is not None:
                self.written(known, tensor, span, None)
                tape.end_step("value_changed", known.id, span)

    def see(self, call: Call) -> None:
        tensor = call.arguments[0]
        assert isinstance(tensor, torch.Tensor)
        self.tape.naming.catch_up()
        self.flush()
        match call.kind:
            case Kind.REQUIRES_GRAD:
                call.before = bare(tensor).requires_grad
            case Kind.RETAIN_GRAD:
                call.before = bare(tensor).retains_grad
            case Kind.GRAD_SETTER:
                call.grad_before = grad_of(tensor)
                known = self.tape.tensors.find(tensor)
                call.before = self.tape.standing_gradient(known, call.grad_before)
            case _:
                call.place(self.tape.sources)
        call.inputs = [tensor]

    def flag_changed(self, call: Call, what: Literal["requires_grad", "retains_grad"]) -> None:
        tensor = call.inputs[0]
        after = bare(tensor).requires_grad if what == "requires_grad" else bare(tensor).retains_grad
        if after == call.before:
            return
        place = call.place(self.tape.sources)
        known = self.tape.tensors.find(tensor) or self._meet_as_before(tensor, place, what, call)
        self.tape.naming.operands(place, [tensor], step=self.tape.step)
        self.tape.put_change(known, what, place.span, before=bool(call.before), after=after)
        known.tracked = bare(tensor).requires_grad
        if what == "retains_grad":
            self.tape.retained[known.id] = known
        self.tape.naming.results(place, tensor, self.tape.step, function="requires_grad_")
        self.tape.end_step("flag_changed", known.id, place.span)

    def _meet_as_before(
        self, tensor: torch.Tensor, place: Place, what: Literal["requires_grad", "retains_grad"], call: Call
    ) -> Known:
        """A tensor first seen when its flag is flipped is born with the flag that it had."""
        known = self.tape.tensors.see(
            tensor, self.tape.step, requires_grad=bool(call.before) if what == "requires_grad" else None
        )
        self.operands.christen(known, tensor, place.namespace)
        return known

    def gradient_read(self, call: Call, result: object) -> None:
        tensor = call.arguments[0]
        if isinstance(tensor, torch.Tensor) and isinstance(result, torch.Tensor):
            known = self.tape.tensors.find(tensor)
            if known is not None:
                self.tape.tensors.own_gradient(known, result)

    def gradient_set(self, call: Call) -> None:
        tensor = call.inputs[0]
        if grad_of(tensor) is call.grad_before:
            # `w.grad *= 2` has written in place, and then sets what is there.
            return
        after = self.tape.read_gradient(grad_of(tensor))
        place = call.place(self.tape.sources)
        known = self.operands.meet(tensor, place)
        self.tape.naming.operands(place, [tensor], step=self.tape.step)
        self.tape.grad_changed(known, call.before, after, place.span)

    def data_set(self, call: Call) -> None:
        tensor = call.inputs[0]
        known = self.tape.tensors.find(tensor)
        if known is not None and known.storage != storage(tensor):
            span = call.place(self.tape.sources).span
            self.tape.value_changed(known, tensor, span)
            self.tape.end_step("value_changed", known.id, span)


def _argument(call: Call, place: int, name: str) -> object:
    return call.arguments[place] if place < len(call.arguments) else call.keywords.get(name)
