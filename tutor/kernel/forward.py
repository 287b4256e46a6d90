"""The forward half: a torch function mode that turns every outermost torch call into an operation or a change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tutor.kernel.call import Call
from tutor.kernel.calls import (
    Function,
    Kind,
    argument_texts,
    is_reflected,
    kind_of,
    plain_name,
    qualified_name,
)
from tutor.kernel.changes import Changes
from tutor.kernel.guard import Guard
from tutor.kernel.identity import Known, flat_tensors, version
from tutor.kernel.iterations import Iterations
from tutor.kernel.operands import Operands
from tutor.kernel.spans import Place
from tutor.kernel.tape import Tape
from tutor.protocol import NodeId, Operation, OperationId, Span


class RecordingMode(TorchFunctionMode):
    """Stands on torch's mode stack while learner's code runs; off it while a torch function works."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self._forward = forward

    def __exit__(self, *error: object) -> None:
        """Leaves the stack from wherever it stands in it: blocks are not always left in the order of their beginning."""
        above = []
        while torch._C._len_torch_function_stack():
            mode = torch._C._pop_torch_function_stack()
            if mode is self:
                break
            above.append(mode)
        for mode in reversed(above):
            torch._C._push_on_torch_function_stack(mode)

    def __torch_function__(
        self, func: Function, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        keywords = kwargs or {}
        forward = self._forward
        if not forward.listens() and not forward.wakes():
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
        self.entered = False
        """Whether the recording goes on: its mode may be left standing in another thread."""
        self.inside = False
        """True while a custom Function's forward runs: its operations are inside one that is recorded as a whole."""
        self._lasts: Callable[[FrameType | None], bool] | None = None
        self._kinds: dict[Function, Kind] = {}
        self._names: dict[Function, str] = {}
        self.operands = Operands(tape)
        self.changes = Changes(tape, self.operands)
        self.iterations = Iterations(tape, self.changes.flush)
        self.on_hook: Callable[[Known, Any, Span | None], None] = lambda tensor, handle, span: None
        """Told of each hook that a tensor is given."""

    def listens(self) -> bool:
        return self.entered and self.tape.outlet.open and not self.inside and self.guard.fault is None

    def rest(self, lasts: Callable[[FrameType | None], bool]) -> None:
        """Hears nothing until `wake`; or until `lasts` says that what it rested for was left by an exception."""
        self.inside, self._lasts = True, lasts

    def wake(self) -> None:
        self.inside, self._lasts = False, None

    def wakes(self) -> bool:
        """Whether it rests for something that is over."""
        if self._lasts is None or self._lasts(sys._getframe(1)):
            return False
        self.wake()
        return self.listens()

    # ------------------------------------------------------------ before and after the call

    def before(
        self,
        function: Function,
        arguments: tuple[object, ...],
        keywords: Mapping[str, object],
        frame: FrameType,
    ) -> Call | None:
        try:
            kind = self._kind(function)
            if kind in (Kind.NOTHING, Kind.GETTER):
                return None
            with torch._C.DisableTorchFunction():
                if self.tape.outlet.has_room():
                    return self._before(Call(function, kind, arguments, keywords, frame))
        except Exception as fault:
            self.guard.keep(fault)
        return None

    def take_whole(self, function: Function) -> None:
        """A compiled function is one operation, whatever it does."""
        self._kinds[function] = Kind.OPERATION
        self._names[function] = f"torch.compile({plain_name(function)})"

    def _before(self, call: Call) -> Call:
        match call.kind:
            case Kind.OPERATION | Kind.PLAIN_NUMBER:
                self.tape.naming.catch_up()
                if self.tape.outlet.over and self.iterations.begins_with(call):
                    self.iterations.next()
                self.operands.see_inputs(call)
            case Kind.REQUIRES_GRAD | Kind.RETAIN_GRAD | Kind.GRAD_SETTER | Kind.DATA_SETTER:
                self.changes.see(call)
            case Kind.BACKWARD | Kind.AUTOGRAD_BACKWARD | Kind.AUTOGRAD_GRAD:
                self.changes.flush()
                self.operands.see_roots(call)
            case _:
                pass
        return call

    def after(self, call: Call, result: object) -> None:
        try:
            with torch._C.DisableTorchFunction():
                self._after(call, result)
        except Exception as fault:
            self.guard.keep(fault)

    def _after(self, call: Call, result: object) -> None:
        match call.kind:
            case Kind.OPERATION | Kind.PLAIN_NUMBER:
                self._operation(call, result)
            case Kind.GRAD_GETTER:
                self.changes.gradient_read(call, result)
            case Kind.REQUIRES_GRAD:
                self.changes.flag_changed(call, "requires_grad")
            case Kind.RETAIN_GRAD:
                self.changes.flag_changed(call, "retains_grad")
            case Kind.GRAD_SETTER:
                self.changes.gradient_set(call)
            case Kind.DATA_SETTER:
                self.changes.data_set(call)
            case Kind.AUTOGRAD_GRAD:
                self._gradients_returned(call, result)
            case Kind.HOOK:
                self._hook_registered(call, result)
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

    def _name(self, function: Function) -> str:
        name = self._names.get(function)
        if name is None:
            name = self._names[function] = qualified_name(function)
        return name

    # ------------------------------------------------------------ operations

    def _operation(self, call: Call, result: object) -> None:
        place = call.place(self.tape.sources)
        written = [(known, tensor) for known, tensor in call.pairs if version(tensor) != known.version]
        outputs = flat_tensors(result)
        if place.quiet:
            if not _is_in_graph(outputs):
                self.changes.note_dirty(written, call)
                return
            call.pairs = [(self.operands.meet(tensor, place), tensor) for tensor in call.inputs]
        if not self._concerns(call, outputs, written, place):
            return
        self.changes.flush()
        if not self.changes.wrote_gradients_only(call, written):
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
        roots = [node for node in (tensor.grad_fn for tensor in outputs) if node is not None]
        fresh = tape.graph.claim(roots, span=place.span)
        self._bear_outputs(call, outputs)
        nodes = tape.graph.describe(fresh, operation=operation, operands=[*call.inputs, *outputs])
        tape.put(self._described(call, operation, outputs, nodes, place))
        for known, tensor in written:
            self.changes.written(known, tensor, place.span, operation)
        self._name_all(call, outputs, place)
        if written and not nodes:
            tape.end_step("value_changed", self.changes.written_id(written[0][0]), place.span)
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
            inputs=[known.id for known, _ in call.pairs],
            outputs=self.operands.ids(outputs),
            arguments=argument_texts(call.arguments, call.keywords, self.operands.id_of),
            nodes=nodes,
            backward=self.tape.backward,
            call=self.tape.modules.call,
            step=self.tape.step,
        )

    def _name_all(self, call: Call, outputs: list[torch.Tensor], place: Place) -> None:
        naming, step = self.tape.naming, self.tape.step
        naming.operands(place, call.arguments, reflected=is_reflected(call.function), step=step)
        naming.results(
            place, outputs[0] if len(outputs) == 1 else outputs, step, function=plain_name(call.function)
        )

    def _hook_registered(self, call: Call, handle: object) -> None:
        tensor = call.arguments[0]
        if isinstance(tensor, torch.Tensor):
            place = call.place(self.tape.sources)
            self.on_hook(self.operands.meet(tensor, place), handle, place.span)

    def _gradients_returned(self, call: Call, result: object) -> None:
        self.tape.naming.results(
            call.place(self.tape.sources), result, max(self.tape.step - 1, 0), function="grad"
        )


def _is_in_graph(outputs: list[torch.Tensor]) -> bool:
    """Whether it made a node: a GradScaler's product with its scale is part of what is differentiated."""
    return torch.is_grad_enabled() and any(tensor.grad_fn is not None for tensor in outputs)


_SHARING = frozenset({"torch.Tensor.detach", "torch.Tensor.data", "torch.detach", "torch.Tensor.detach_"})
