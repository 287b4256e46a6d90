"""Functions that torch carries out as a whole: compiled ones and those of torch.jit. Each call is one operation.

What torch.jit.trace and torch.export run on examples is left alone.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Literal

import torch

from tutor.kernel.calls import Function
from tutor.kernel.forward import Forward, RecordingMode

How = Literal["compile", "script"]


class Whole:
    """`mine`: whether this call is one to record. `install` and `uninstall` put the recorder's doors up and down."""

    def __init__(
        self,
        forward: Forward,
        mode: RecordingMode,
        mine: Callable[[], bool],
        install: Callable[[], None],
        uninstall: Callable[[], None],
    ) -> None:
        self._forward = forward
        self._mode = mode
        self._mine = mine
        self._install = install
        self._uninstall = uninstall
        self._labels: dict[tuple[How, str], Function] = {}

    # ------------------------------------------------------------ what stands in place of torch's own

    def compile(self, original: Any) -> Any:
        """`torch.compile`: what it makes of a function is called as a whole (of a module: see `module`)."""

        @functools.wraps(original)
        def compile(model: Any = None, **kwargs: Any) -> Any:
            compiled = original(model, **kwargs)
            if isinstance(compiled, torch.nn.Module):
                return compiled
            if model is None:
                return lambda function: self._compiled(compiled(function))
            return self._compiled(compiled)

        return compile

    def _compiled(self, function: Any) -> Any:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            label = self._label("compile", getattr(function, "__name__", "function"))
            return self._run_compiled(label, function, args, kwargs, sys._getframe(1))

        return call

    def script_call(self, original: Any) -> Any:
        """`ScriptFunction.__call__`: functions of torch.jit.script and torch.jit.trace."""

        @functools.wraps(original)
        def call(function: Any, *args: Any, **kwargs: Any) -> Any:
            scripted = functools.partial(original, function)
            return self._run_scripted(str(function.name), scripted, args, kwargs, sys._getframe(1))

        return call

    def tracer(self, original: Any) -> Any:
        """torch.jit.trace and torch.export: what they run on examples goes into a graph, which no reader may enter."""

        @functools.wraps(original)
        def trace(*args: Any, **kwargs: Any) -> Any:
            if not self._mine() or self._forward.outermost is not None or not self._is_on_top():
                return original(*args, **kwargs)
            return self._out_of_the_way(original, args, kwargs)

        return trace

    def module(self, module: torch.nn.Module) -> How | None:
        """How a module's call is carried out, where that is as a whole."""
        if module._compiled_call_impl is not None or type(module).__name__ == "OptimizedModule":
            return "compile"
        return "script" if isinstance(module, torch.jit.ScriptModule) else None

    def call_module(
        self,
        how: How,
        module: Any,
        call: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        frame: FrameType,
    ) -> Any:
        match how:
            case "compile":
                inner = vars(module).get("_modules", {}).get("_orig_mod", module)
                label = self._label("compile", type(inner).__name__)
                return self._run_compiled(label, call, args, kwargs, frame)
            case "script":
                name = str(getattr(module, "original_name", type(module).__name__))
                return self._run_scripted(name, call, args, kwargs, frame)

    # ------------------------------------------------------------ the call

    def _run_compiled(
        self, label: Function, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
    ) -> Any:
        if not self._mine() or self._forward.outermost is not None or not self._is_on_top():
            return function(*args, **kwargs)
        call = self._forward.before(label, args, kwargs, frame)
        result = self._out_of_the_way(function, args, kwargs)
        if call is not None:
            self._forward.after(call, result)
        return result

    def _out_of_the_way(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Nothing of the recorder's stands: compilers and tracers look at modes, patched functions and frames."""
        self._uninstall()
        self._mode.__exit__(None, None, None)
        try:
            return function(*args, **kwargs)
        finally:
            self._mode.__enter__()  # type: ignore[no-untyped-call]
            self._install()

    def _run_scripted(
        self, name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
    ) -> Any:
        if not self._mine() or self._forward.outermost is not None:
            return function(*args, **kwargs)
        call = self._forward.before(self._label("script", name), args, kwargs, frame)
        entered, self._forward.inside = self._forward.inside, True
        try:
            result = function(*args, **kwargs)
        finally:
            self._forward.inside = entered
        if call is not None:
            self._forward.after(call, result)
        return result

    def _label(self, how: How, name: str) -> Function:
        """Stands for all calls that are told under this name."""
        label = self._labels.get((how, name))
        if label is None:
            label = self._labels[how, name] = _Label()
            module = "torch.jit" if how == "script" else "torch"
            self._forward.take_whole(label, how, f"{module}.{how}({name})")
        return label

    def _is_on_top(self) -> bool:
        count = torch._C._len_torch_function_stack()
        return count > 0 and torch._C._get_function_stack_at(count - 1) is self._mode


class _Label:
    """Takes the place of a function in the recorder's tables, so that none of the learner's is kept alive."""

    def __call__(self) -> None:
        raise NotImplementedError
