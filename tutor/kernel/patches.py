"""The few doors of torch that no mode sees: the engine's entry, Function.apply, calls of modules, one fast-path check."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterable
from typing import Any

import torch

from tutor.kernel.backward import Engine
from tutor.kernel.forward import Forward
from tutor.kernel.tape import Tape


class Patches:
    """Puts the recorder's doors in place of torch's own, and takes them out again."""

    def __init__(self, tape: Tape, forward: Forward, engine: Engine) -> None:
        self._tape = tape
        self._forward = forward
        self._engine = engine
        self._undo: list[tuple[Any, str, Any]] = []

    def install(self) -> None:
        run_backward = self._engine_entry(torch.autograd.graph._engine_run_backward)
        self._set(torch.autograd, "_engine_run_backward", run_backward)
        self._set(torch.autograd.graph, "_engine_run_backward", run_backward)
        self._set(torch.autograd.Function, "apply", self._function_apply())
        self._set(torch.nn.Module, "__call__", self._module_call(torch.nn.Module.__call__))
        self._set(torch.overrides, "has_torch_function", self._has_torch_function())

    def uninstall(self) -> None:
        while self._undo:
            owner, name, value = self._undo.pop()
            setattr(owner, name, value)

    def _set(self, owner: Any, name: str, value: Any) -> None:
        self._undo.append((owner, name, vars(owner)[name]))
        setattr(owner, name, value)

    def _mine(self) -> bool:
        return self._forward.listens() and threading.get_ident() == self._tape.thread

    def _engine_entry(self, original: Any) -> Any:
        @functools.wraps(original)
        def _engine_run_backward(t_outputs: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._mine():
                return original(t_outputs, *args, **kwargs)
            return self._engine.run(original, t_outputs, *args, **kwargs)

        return _engine_run_backward

    def _function_apply(self) -> Any:
        original = vars(torch.autograd.Function)["apply"].__func__

        @functools.wraps(original)
        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._mine() or self._forward.outermost is not None:
                return original(cls, *args, **kwargs)
            return self._forward.apply(cls, original, args, kwargs, sys._getframe(1))

        return classmethod(apply)

    def _module_call(self, original: Any) -> Any:
        @functools.wraps(original)
        def call(module: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
            if not self._mine():
                return original(module, *args, **kwargs)
            with self._forward.guard:
                self._tape.modules.enter(module, sys._getframe(1))
            try:
                return original(module, *args, **kwargs)
            finally:
                self._tape.modules.leave()

        return call

    def _has_torch_function(self) -> Any:
        """MultiheadAttention and TransformerEncoderLayer leave their fast path when any mode is on; ours is no reason to."""
        original = torch.overrides.has_torch_function

        def has_torch_function(relevant_args: Iterable[Any]) -> bool:
            arguments = tuple(relevant_args)
            if self._mine() and torch._C._len_torch_function_stack() == 1:
                return any(_overrides(argument) for argument in arguments)
            return bool(original(arguments))

        return has_torch_function


def _overrides(argument: Any) -> bool:
    own = getattr(type(argument), "__torch_function__", None)
    return (
        own is not None
        and own is not torch._C._disabled_torch_function_impl
        and type(argument) is not torch.Tensor
    )
