"""The few doors of torch that no mode sees: the engine's entry, Function.apply, calls of modules, one fast-path check."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

import torch
from torch.autograd.function import _HookMixin

from tutor.kernel.backward import Engine
from tutor.kernel.doors import Doors
from tutor.kernel.elsewhere import Elsewhere
from tutor.kernel.forward import Forward, RecordingMode
from tutor.kernel.optimizers import Optimizers
from tutor.kernel.room import SPARE, Room, is_short
from tutor.kernel.swaps import Swaps
from tutor.kernel.tape import Tape
from tutor.kernel.tracebacks import hide
from tutor.kernel.whole import How, Whole
from tutor.protocol import ModuleCallId


class Patches:
    """Puts the recorder's doors in place of torch's own, and takes them out again."""

    def __init__(self, tape: Tape, forward: Forward, engine: Engine, mode: RecordingMode) -> None:
        self._tape = tape
        self._forward = forward
        self._engine = engine
        self._whole = Whole(forward, mode, self._mine, self.install, self.uninstall)
        self._doors = Doors()
        self.elsewhere = Elsewhere(tape, engine.works_here)
        self._optimizers = Optimizers(tape, forward, self._mine)
        self._swaps = Swaps(tape, forward, self._mine)

    def install(self) -> None:
        run_backward = self._engine_entry(torch.autograd.graph._engine_run_backward)
        self._doors.put(torch.autograd, "_engine_run_backward", run_backward)
        self._doors.put(torch.autograd.graph, "_engine_run_backward", run_backward)
        self._doors.put(torch.autograd.Function, "apply", self._function_apply())
        register = self._engine.hooks.register(_HookMixin._register_hook)
        self._doors.put(_HookMixin, "_register_hook", staticmethod(register))
        self._engine.saved_hooks.begin()
        autograd, name = torch._C._autograd, "_push_saved_tensors_default_hooks"
        self._doors.put(autograd, name, self._engine.saved_hooks.push(vars(autograd)[name]))
        self._doors.put(torch.nn.Module, "__call__", self._module_call(torch.nn.Module.__call__))
        self._doors.put(torch, "compile", self._whole.compile(torch.compile))
        for owner, name in self._tracers():
            self._doors.put(owner, name, self._whole.tracer(vars(owner)[name]))
        scripted = torch._C.ScriptFunction
        self._doors.put(scripted, "__call__", self._whole.script_call(vars(scripted)["__call__"]))
        self._doors.put(torch.overrides, "has_torch_function", self._has_torch_function())
        self._optimizers.install()
        self._swaps.install(self._doors)

    def _tracers(self) -> Iterator[tuple[Any, str]]:
        yield torch.jit._trace, "_trace_impl"
        yield torch.jit._trace, "trace_module"
        yield torch.jit, "trace_module"
        if "torch.export" in sys.modules:
            yield sys.modules["torch.export"], "export"

    def uninstall(self) -> None:
        self._optimizers.uninstall()
        self._doors.take_out()

    def _mine(self) -> bool:
        return self._is_followed() and (self._forward.listens() or self._forward.wakes())

    def _is_followed(self) -> bool:
        try:
            if self.elsewhere.is_followed():
                self.elsewhere.tell()
                return True
            if self._forward.entered and self._tape.outlet.open:
                self.elsewhere.note("thread")
        except Exception as fault:
            self._forward.guard.keep(fault)
        return False

    def _engine_entry(self, original: Any) -> Any:
        @functools.wraps(original)
        def _engine_run_backward(t_outputs: Any, *args: Any, **kwargs: Any) -> Any:
            if is_short():
                return self._run_in_little_room(original, t_outputs, args, kwargs)
            try:
                if not self._is_followed():
                    return original(t_outputs, *args, **kwargs)
                if self._forward.hears_engine():
                    return self._engine.run(original, t_outputs, *args, **kwargs)
                return self._engine.miss(original, t_outputs, *args, **kwargs)
            except BaseException as error:
                hide(error)
                raise

        return _engine_run_backward

    def _run_in_little_room(
        self, original: Any, t_outputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """The same where the learner's stack is nearly full."""
        room = Room()
        lent = room.lent(original, spare=SPARE)
        try:
            return self._engine_entry(lent)(t_outputs, *args, **kwargs)
        finally:
            room.close()

    def _function_apply(self) -> Any:
        original = vars(torch.autograd.Function)["apply"].__func__

        @functools.wraps(original)
        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            room = Room() if is_short() else None
            carried = original if room is None else room.lent(original)
            try:
                if not self._mine() or self._forward.outermost is not None:
                    return carried(cls, *args, **kwargs)
                return self._forward.apply(cls, carried, args, kwargs, sys._getframe(1))
            except BaseException as error:
                hide(error)
                raise
            finally:
                if room is not None:
                    room.close()

        return classmethod(apply)

    def _module_call(self, original: Any) -> Any:
        @functools.wraps(original)
        def call(module: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
            room = Room() if is_short() else None
            carried, entered = original if room is None else room.lent(original), None
            try:
                if not self._mine():
                    return carried(module, *args, **kwargs)
                how = self._carried_out(module)
                entered = self._enter(module, sys._getframe(1))
                if how is None:
                    return carried(module, *args, **kwargs)
                called = functools.partial(carried, module)
                return self._whole.call_module(how, module, called, args, kwargs, sys._getframe(1))
            except BaseException as error:
                hide(error)
                raise
            finally:
                if entered is not None:
                    self._leave(entered)
                if room is not None:
                    room.close()

        return call

    def _carried_out(self, module: torch.nn.Module) -> How | None:
        try:
            return self._whole.module(module)
        except Exception as fault:
            self._forward.guard.keep(fault)
            return None

    def _enter(self, module: torch.nn.Module, frame: FrameType) -> ModuleCallId | None:
        try:
            if self._tape.outlet.has_room():
                self._forward.changes.settle()
                return self._tape.modules.enter(module, frame)
        except Exception as fault:
            self._forward.guard.keep(fault)
        return None

    def _leave(self, call: ModuleCallId) -> None:
        try:
            if self._forward.listens():
                self._forward.changes.settle()
            self._tape.modules.leave(call)
        except Exception as fault:
            self._forward.guard.keep(fault)

    def _has_torch_function(self) -> Any:
        """MultiheadAttention and TransformerEncoderLayer leave their fast path when any mode is on; ours is no reason to."""
        original = torch.overrides.has_torch_function

        def has_torch_function(relevant_args: Iterable[Any]) -> bool:
            arguments = tuple(relevant_args)
            if self._mine() and all(type(mode) is RecordingMode for mode in _modes()):
                return any(_overrides(argument) for argument in arguments)
            return bool(original(arguments))

        return has_torch_function


def _modes() -> list[Any]:
    return [torch._C._get_function_stack_at(place) for place in range(torch._C._len_torch_function_stack())]


def _overrides(argument: Any) -> bool:
    own = getattr(type(argument), "__torch_function__", None)
    return (
        own is not None
        and own is not torch._C._disabled_torch_function_impl
        and type(argument) is not torch.Tensor
    )
