"""The forward half: a torch function mode that turns every outermost torch call into an operation or a change."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal

import torch
from torch.overrides import TorchFunctionMode

from tutor.kernel.calls import (
    Function,
    Kind,
    argument_texts,
    is_reflected,
    kind_of,
    may_write,
    qualified_name,
)
from tutor.kernel.capture import grad_of
from tutor.kernel.guard import Guard
from tutor.kernel.identity import Known, flat_tensors, version
from tutor.kernel.spans import Place
from tutor.kernel.tape import Tape
from tutor.protocol import Change, Data, NodeId, Operation, OperationId, Span, TensorId


@dataclass(slots=True)
class Written:
    """A gradient, as it was before a call that may write to it."""

    tensor: torch.Tensor
    owner: Known
    version: int
    before: Data

    @property
    def changed(self) -> bool:
        return version(self.tensor) != self.version


@dataclass(slots=True)
class Call:
    """A call in progress: what it was given, as it was before it ran."""

    function: Function
    kind: Kind
    arguments: tuple[object, ...]
    keywords: Mapping[str, object]
    frame: FrameType
    inputs: list[torch.Tensor] = field(default_factory=list)
    pairs: list[tuple[Known, torch.Tensor]] = field(default_factory=list)
    """The inputs that are known, with what was known of them."""
    gradients: list[Written] = field(default_factory=list)
    """The gradients that it may write to."""
    before: Data = None
    grad_before: torch.Tensor | None = None
    place: Place | None = None


class RecordingMode(TorchFunctionMode):
    """Stands on torch's mode stack while learner's code runs; off it while a torch function works."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self._forward = forward

    def __torch_function__(
        self, func: Function, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        keywords = kwargs or {}
        forward = self._forward
        if not forward.listens():
            return func(*args, **keywords)
        call = forward.before(func, args, keywords, sys._getframe(1))
        entered = forward.outermost
        forward.outermost = call
        try:
            result = func(*args, **keywords)
        finally:
            forward.outermost = entered
        if call is not None:
            forward.after(call, result)
        return result


class Forward:
    """Records calls. `outermost` is the call in progress: while it is set, torch works and the mode is off."""

    def __init__(self, tape: Tape, guard: Guard) -> None:
        self.tape = tape
        self.guard = guard
        self.outermost: Call | None = None
        self.inside = False
        """True while a custom Function's forward runs: its operations are inside one that is recorded as a whole."""
        self._kinds: dict[Function, Kind] = {}
        self._names: dict[Function, str] = {}
        self._writers: dict[Function, bool] = {}
        self._dirty: dict[TensorId, tuple[Known, Span | None]] = {}
        """Tensors that library code has written since the last step, with the learner's span."""
        self._dirty_gradients: dict[TensorId, tuple[Written, Span | None]] = {}

    def listens(self) -> bool:
        return self.guard.sound and not self.inside and self.tape.outlet.open

    # ------------------------------------------------------------ before and after the call

    def before(
        self,
        function: Function,
        arguments: tuple[object, ...],
        keywords: Mapping[str, object],
        frame: FrameType,
    ) -> Call | None:
        kind = self._kind(function)
        if kind in (Kind.NOTHING, Kind.GETTER):
            return None
        with self.guard, torch._C.DisableTorchFunction():
            if not self.tape.outlet.has_room():
                return None
            return self._before(Call(function, kind, arguments, keywords, frame))
        return None

    def _before(self, call: Call) -> Call:
        match call.kind:
            case Kind.OPERATION | Kind.PLAIN_NUMBER:
                self.tape.naming.catch_up()
                self._see_inputs(call)
            case Kind.REQUIRES_GRAD | Kind.RETAIN_GRAD | Kind.GRAD_SETTER | Kind.DATA_SETTER:
                self._see_changed(call)
            case Kind.BACKWARD | Kind.AUTOGRAD_BACKWARD | Kind.AUTOGRAD_GRAD:
                self._see_roots(call)
            case _:
                pass
        return call

    def after(self, call: Call, result: object) -> None:
        with self.guard, torch._C.DisableTorchFunction():
            match call.kind:
                case Kind.OPERATION | Kind.PLAIN_NUMBER:
                    self._operation(call, result)
                case Kind.GRAD_GETTER:
                    self._gradient_read(call, result)
                case Kind.REQUIRES_GRAD:
                    self._flag_changed(call, "requires_grad")
                case Kind.RETAIN_GRAD:
                    self._flag_changed(call, "retains_grad")
                case Kind.GRAD_SETTER:
                    self._gradient_set(call)
                case Kind.DATA_SETTER:
                    self._data_set(call)
                case Kind.AUTOGRAD_GRAD:
                    self._gradients_returned(call, result)
                case _:
                    pass

    def apply(
        self, cls: type, original: Function, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
    ) -> Any:
        """Carries out a custom Function's `apply`, which no mode sees, as one operation."""
        call = self.before(cls, args, kwargs, frame)
        entered, self.inside = self.inside, True
        try:
            result = original(cls, *args, **kwargs)
        finally:
            self.inside = entered
        if call is not None:
            self.after(call, result)
        return result

    def _kind(self, function: Function) -> Kind:
        kind = self._kinds.get(function)
        if kind is None:
            kind = self._kinds[function] = kind_of(function)
        return kind

    def _writes(self, function: Function) -> bool:
        writes = self._writers.get(function)
        if writes is None:
            writes = self._writers[function] = may_write(function)
        return writes

    def _place(self, call: Call) -> Place:
        if call.place is None:
            call.place = self.tape.sources.place(call.frame)
        return call.place

    def _name(self, function: Function) -> str:
        name = self._names.get(function)
        if name is None:
            name = self._names[function] = qualified_name(function)
        return name

    # ------------------------------------------------------------ operands

    def _see_inputs(self, call: Call) -> None:
        tensors = self.tape.tensors
        call.inputs = flat_tensors(call.arguments)
        if call.keywords:
            flat_tensors(dict(call.keywords), call.inputs)
        for tensor in call.inputs:
            known = tensors.find(tensor)
            if (known is None or version(tensor) != known.version) and not self._place(call).quiet:
                known = self.meet(tensor, self._place(call))
            if known is not None:
                call.pairs.append((known, tensor))
        if self._writes(call.function):
            self._see_gradients(call)

    def _see_gradients(self, call: Call) -> None:
        for tensor in flat_tensors(call.arguments[:1]):
            owner = self.tape.tensors.owner(tensor)
            if owner is not None:
                before = self.tape.read_gradient(tensor)
                call.gradients.append(Written(tensor, owner[0], version(tensor), before))

    def meet(self, tensor: torch.Tensor, place: Place) -> Known:
        """An operand that is new, or was changed where nobody looked."""
        tape = self.tape
        known = tape.tensors.see(tensor, tape.step)
        if tape.naming.name_of(known.id) is None:
            self.christen(known, tensor, place.namespace)
        return known

    def christen(self, known: Known, tensor: torch.Tensor, namespace: Mapping[str, object] | None) -> None:
        """Names that come from elsewhere than a variable: a module's parameter, another tensor's `.grad`."""
        tape = self.tape
        path = tape.modules.parameter_path(tensor)
        if path is None and namespace is not None and isinstance(tensor, torch.nn.Parameter):
            tape.modules.adopt_all(namespace)
            path = tape.modules.parameter_path(tensor)
        owner = tape.tensors.owner(tensor)
        if path is None and owner is not None:
            name = tape.naming.name_of(owner[0].id)
            path = None if name is None else f"{name}.grad"
        if path is not None:
            tape.naming.give(known.id, path, max(tape.step - 1, 0))

    def _see_roots(self, call: Call) -> None:
        tape = self.tape
        tape.naming.catch_up()
        self.flush()
        place = self._place(call)
        for tensor in flat_tensors(call.arguments[:1]):
            self.meet(tensor, place)
            tape.naming.operands(place, [tensor], reflected=False, step=max(tape.step - 1, 0))

    # ------------------------------------------------------------ operations

    def _operation(self, call: Call, result: object) -> None:
        place = self._place(call)
        written = [(known, tensor) for known, tensor in call.pairs if version(tensor) != known.version]
        if place.quiet:
            self._note_dirty(written, call)
            return
        outputs = flat_tensors(result)
        if not self._concerns(call, outputs, written, place):
            return
        self.flush()
        if not self._wrote_gradients_only(call, written):
            self._record(call, outputs or [tensor for _, tensor in written], written, place)

    def _concerns(
        self, call: Call, outputs: list[torch.Tensor], written: list[tuple[Known, torch.Tensor]], place: Place
    ) -> bool:
        """Tensors that a library makes out of nothing are born where they are used; so is a number it reads."""
        if call.kind is Kind.PLAIN_NUMBER:
            return place.direct
        return bool(outputs or written) and (bool(call.inputs) or place.direct)

    def _record(
        self, call: Call, outputs: list[torch.Tensor], written: list[tuple[Known, torch.Tensor]], place: Place
    ) -> None:
        """Emits one operation with its nodes, outputs and changes: one step."""
        tape = self.tape
        operation = OperationId(tape.operations)
        tape.operations += 1
        roots = [tensor.grad_fn for tensor in outputs if tensor.requires_grad and tensor.grad_fn is not None]
        fresh = tape.graph.claim(roots, span=place.span)
        self._bear_outputs(call, outputs)
        nodes = tape.graph.describe(fresh, operation=operation, operands=[*call.inputs, *outputs])
        tape.put(self._described(call, operation, outputs, nodes, place))
        for known, tensor in written:
            self._written(known, tensor, place.span, operation)
        self._name_all(call, outputs, place)
        if written and not nodes:
            tape.end_step("value_changed", self._written_id(written[0][0]), place.span)
        else:
            tape.end_step("operation", operation, place.span)

    def _bear_outputs(self, call: Call, outputs: list[torch.Tensor]) -> None:
        tape = self.tape
        shares = None
        if call.pairs and self._name(call.function) in _SHARING:
            shares = call.pairs[0][0].id
        for tensor in outputs:
            if tape.tensors.find(tensor) is None:
                known = tape.tensors.bear(tensor, tape.step, shares=shares)
                tape.tensors.write_value(known, tensor, tape.step)

    def _described(
        self,
        call: Call,
        operation: OperationId,
        outputs: list[torch.Tensor],
        nodes: list[NodeId],
        place: Place,
    ) -> Operation:
        inference = torch.is_inference_mode_enabled()
        enabled = torch.is_grad_enabled()
        return Operation(
            id=operation,
            function=self._name(call.function),
            span=place.span,
            grad_enabled=enabled,
            mode="inference" if inference else "grad" if enabled else "no_grad",
            module=self.tape.modules.current,
            inputs=self._ids(call.inputs),
            outputs=self._ids(outputs),
            arguments=argument_texts(call.arguments, call.keywords, self._id),
            nodes=nodes,
            backward=self.tape.backward,
            step=self.tape.step,
        )

    def _id(self, tensor: torch.Tensor) -> TensorId | None:
        known = self.tape.tensors.find(tensor)
        return None if known is None else known.id

    def _ids(self, tensors: list[torch.Tensor]) -> list[TensorId]:
        return [found for found in map(self._id, tensors) if found is not None]

    def _written(
        self, known: Known, tensor: torch.Tensor, span: Span | None, operation: OperationId | None
    ) -> None:
        tape = self.tape
        tape.value_changed(known, tensor, span, operation)
        if tensor.requires_grad != known.tracked:
            self._put_flag(known, "requires_grad", known.tracked, tensor.requires_grad, span, operation)
            known.tracked = tensor.requires_grad
        for other, alias in tape.tensors.aliases(known):
            owner = tape.tensors.owner(alias)
            if owner is None:
                tape.value_changed(other, alias, span, operation)

    def _written_id(self, known: Known) -> TensorId:
        """Whose values changed, as the learner knows it: a write through `w.data` is one to w."""
        naming = self.tape.naming
        if naming.name_of(known.id) is not None:
            return known.id
        named = (
            other.id for other, _ in self.tape.tensors.aliases(known) if naming.name_of(other.id) is not None
        )
        return next(named, known.id)

    def _name_all(self, call: Call, outputs: list[torch.Tensor], place: Place) -> None:
        naming, step = self.tape.naming, self.tape.step
        naming.operands(place, call.arguments, reflected=is_reflected(call.function), step=step)
        naming.results(place, outputs[0] if len(outputs) == 1 else outputs, step)

    # ------------------------------------------------------------ changes

    def _wrote_gradients_only(self, call: Call, written: list[tuple[Known, torch.Tensor]]) -> bool:
        """`w.grad.zero_()`: shown as the change of w's gradient that it is."""
        gradients = [gradient for gradient in call.gradients if gradient.changed]
        if not gradients or len(gradients) != len(written):
            return False
        for known, tensor in written:
            self.tape.tensors.write_value(known, tensor, self.tape.step)
        for gradient in gradients:
            after = self.tape.read_gradient(gradient.tensor)
            self.tape.grad_changed(gradient.owner, gradient.before, after, self._place(call).span)
        return True

    def _note_dirty(self, written: list[tuple[Known, torch.Tensor]], call: Call) -> None:
        span = self._place(call).span
        for gradient in call.gradients:
            if gradient.changed:
                self._dirty_gradients.setdefault(gradient.owner.id, (gradient, span))
        for known, tensor in written:
            if self.tape.tensors.owner(tensor) is None:
                self._dirty.setdefault(known.id, (known, span))

    def flush(self) -> None:
        """Shows what library code (an optimizer's step) has written: each tensor's change is one step."""
        if not self._dirty and not self._dirty_gradients:
            return
        tape = self.tape
        dirty, self._dirty = list(self._dirty.values()), {}
        gradients, self._dirty_gradients = list(self._dirty_gradients.values()), {}
        for gradient, span in gradients:
            after = tape.read_gradient(gradient.tensor)
            tape.grad_changed(gradient.owner, gradient.before, after, span)
        for known, span in dirty:
            tensor = known()
            if tensor is not None:
                self._written(known, tensor, span, None)
                tape.end_step("value_changed", known.id, span)

    def _see_changed(self, call: Call) -> None:
        tensor = call.arguments[0]
        assert isinstance(tensor, torch.Tensor)
        self.tape.naming.catch_up()
        self.flush()
        match call.kind:
            case Kind.REQUIRES_GRAD:
                call.before = tensor.requires_grad
            case Kind.RETAIN_GRAD:
                call.before = tensor.retains_grad
            case Kind.GRAD_SETTER:
                call.grad_before = grad_of(tensor)
                call.before = self.tape.read_gradient(call.grad_before)
            case _:
                self._place(call)
        call.inputs = [tensor]

    def _flag_changed(self, call: Call, what: Literal["requires_grad", "retains_grad"]) -> None:
        tensor = call.inputs[0]
        after = tensor.requires_grad if what == "requires_grad" else tensor.retains_grad
        if after == call.before:
            return
        place = self._place(call)
        known = self.tape.tensors.find(tensor) or self._meet_as_before(tensor, place, what, call)
        self.tape.naming.operands(place, [tensor], reflected=False, step=self.tape.step)
        self._put_flag(known, what, bool(call.before), after, place.span, None)
        known.tracked = tensor.requires_grad
        if what == "retains_grad" and tensor.grad_fn is not None:
            self.tape.retain(tensor.grad_fn, known)
        self.tape.naming.results(place, tensor, self.tape.step)
        self.tape.end_step("flag_changed", known.id, place.span)

    def _meet_as_before(
        self, tensor: torch.Tensor, place: Place, what: Literal["requires_grad", "retains_grad"], call: Call
    ) -> Known:
        """A tensor first seen when its flag is flipped is born with the flag that it had."""
        known = self.tape.tensors.see(
            tensor, self.tape.step, requires_grad=bool(call.before) if what == "requires_grad" else None
        )
        self.christen(known, tensor, place.namespace)
        return known

    def _put_flag(
        self,
        known: Known,
        what: Literal["requires_grad", "retains_grad"],
        before: bool,
        after: bool,
        span: Span | None,
        operation: OperationId | None,
    ) -> None:
        self.tape.put(
            Change(
                tensor=known.id,
                what=what,
                before=before,
                after=after,
                operation=operation,
                span=span,
                step=self.tape.step,
            )
        )

    def _gradient_read(self, call: Call, result: object) -> None:
        tensor = call.arguments[0]
        if isinstance(tensor, torch.Tensor) and isinstance(result, torch.Tensor):
            known = self.tape.tensors.find(tensor)
            if known is not None:
                self.tape.tensors.own_gradient(known, result)

    def _gradient_set(self, call: Call) -> None:
        tensor = call.inputs[0]
        if grad_of(tensor) is call.grad_before:
            # `w.grad *= 2` has written in place, and then sets what is there.
            return
        after = self.tape.read_gradient(grad_of(tensor))
        place = self._place(call)
        known = self.meet(tensor, place)
        self.tape.naming.operands(place, [tensor], reflected=False, step=self.tape.step)
        self.tape.grad_changed(known, call.before, after, place.span)

    def _data_set(self, call: Call) -> None:
        tensor = call.inputs[0]
        known = self.tape.tensors.find(tensor)
        if known is not None:
            span = self._place(call).span
            self.tape.tensors.moved(known, tensor)
            self.tape.value_changed(known, tensor, span)
            self.tape.end_step("value_changed", known.id, span)

    def _gradients_returned(self, call: Call, result: object) -> None:
        self.tape.naming.results(self._place(call), result, max(self.tape.step - 1, 0))


_SHARING = ("torch.Tensor.detach", "torch.Tensor.data", "torch.detach", "torch.Tensor.detach_")
