"""The forward half: a torch function mode that turns every outermost torch call into an operation or a change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tutor.kernel.call import Call
from tutor.kernel.calls import Function, Kind, Traits, traits_of
from tutor.kernel.changes import Changes
from tutor.kernel.guard import Guard
from tutor.kernel.identity import Known
from tutor.kernel.iterations import Iterations
from tutor.kernel.operands import Operands
from tutor.kernel.operations import Operations
from tutor.kernel.room import PROBE, Room
from tutor.kernel.tape import Tape
from tutor.kernel.tracebacks import hide
from tutor.protocol import Span

_frame = sys._getframe
_undispatched = torch._C.DisableTorchFunction


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
        try:
            isinstance(None, PROBE)
        except RecursionError:
            narrow = True
        else:
            narrow = False
        # Where the learner's stack is nearly full.
        room = Room() if narrow else None
        carried = func if room is None else room.lent(func)
        try:
            if not forward.listens() and not forward.wakes():
                return carried(*args, **keywords)
            call = forward.before(func, args, keywords, _frame(1))
            entered = forward.outermost
            forward.outermost = call
            try:
                result = carried(*args, **keywords)
            except BaseException as error:
                if call is not None:
                    forward.failed(call)
                hide(error)
                raise
            finally:
                forward.outermost = entered
            if call is not None:
                forward.after(call, result)
            return result
        finally:
            if room is not None:
                room.close()


class Forward:
    """Records calls. `outermost` is the call in progress: while it is set, torch works and the mode is off."""

    def __init__(self, tape: Tape, guard: Guard) -> None:
        self.tape = tape
        self._outlet = tape.outlet
        self._naming = tape.naming
        self.guard = guard
        self.outermost: Call | None = None
        self.entered = False
        """Whether the recording goes on: its mode may be left standing in another thread."""
        self.inside = False
        """True while a custom Function's forward runs: its operations are inside one that is recorded as a whole."""
        self._lasts: Callable[[FrameType | None], bool] | None = None
        self._traits: dict[Function, Traits] = {}
        self.operands = Operands(tape)
        self.changes = Changes(tape, self.operands)
        self.operations = Operations(tape, self.operands, self.changes)
        self.iterations = Iterations(tape, self.changes.flush)
        self.on_hook: Callable[[Known, Any, Span | None], None] = lambda tensor, handle, span: None
        """Told of each hook that a tensor is given."""

    def listens(self) -> bool:
        return self.entered and self._outlet.open and not self.inside and self.guard.fault is None

    def hears_engine(self) -> bool:
        """Whether backwards are recorded: inside a custom Function too, of which the operations are not."""
        if self.inside and self._lasts is not None:
            return self.wakes()
        return self.entered and self.tape.outlet.open and self.guard.fault is None

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
        """Looks at what a call is given; None where a call of this function leaves no trace."""
        try:
            traits = self._traits.get(function) or self._learn(function)
            if traits.silent:
                return None
            with _undispatched():
                if self._outlet.has_room():
                    call = Call(traits, arguments, keywords, frame)
                    if traits.computes:
                        self._naming.catch_up()
                        if self._outlet.over and self.iterations.begins_with(call):
                            self.iterations.next()
                        self.operands.see_inputs(call)
                    else:
                        self._before(call)
                    return call
        except Exception as fault:
            self.guard.keep(fault)
        return None

    def _learn(self, function: Function) -> Traits:
        traits = self._traits[function] = traits_of(function)
        return traits

    def take_whole(self, function: Function, whole: str, name: str) -> None:
        """A compiled function is one operation, whatever it does."""
        self._traits[function] = traits_of(function, kind=Kind.OPERATION, name=name, whole=whole)

    def _before(self, call: Call) -> None:
        match call.kind:
            case Kind.REQUIRES_GRAD | Kind.RETAIN_GRAD | Kind.GRAD_SETTER | Kind.DATA_SETTER:
                self.changes.see(call)
            case Kind.BACKWARD | Kind.AUTOGRAD_BACKWARD | Kind.AUTOGRAD_GRAD:
                self.changes.flush()
                self.operands.see_roots(call)
            case _:
                pass

    def failed(self, call: Call) -> None:
        """The call has raised."""
        with self.guard, torch._C.DisableTorchFunction():
            if call.traits.computes and self.tape.outlet.open:
                self.operations.failed(call)

    def after(self, call: Call, result: object) -> None:
        """Tells what the call has brought about."""
        try:
            with _undispatched():
                if call.traits.computes:
                    self.operations.ended(call, result)
                else:
                    self._after(call, result)
        except Exception as fault:
            self.guard.keep(fault)

    def _after(self, call: Call, result: object) -> None:
        match call.kind:
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

    def _gradients_returned(self, call: Call, result: object) -> None:
        place, step = call.place(self.tape.sources), max(self.tape.step - 1, 0)
        self.tape.naming.results(place, result, step, function="grad", count=len(call.arguments))

    def _hook_registered(self, call: Call, handle: object) -> None:
        tensor = call.arguments[0]
        if isinstance(tensor, torch.Tensor):
            place = call.place(self.tape.sources)
            self.on_hook(self.operands.meet(tensor, place), handle, place.span)

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
