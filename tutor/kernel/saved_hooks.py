"""The learner's hooks for saved tensors: each call of a pack or unpack hook, with what went in and what came out.

The two hooks are wrapped, since torch holds nothing else than the pair, beside which an observer could stand.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any, Literal

import torch

from tutor.kernel.engine_run import Run
from tutor.kernel.guard import Guard
from tutor.kernel.hook_names import function_name
from tutor.kernel.measure import size
from tutor.kernel.packed import plain
from tutor.kernel.saved import is_readable
from tutor.kernel.tape import Tape
from tutor.protocol import Data, HookRan, Span, TensorId

Kind = Literal["pack", "unpack"]


class SavedTensorHooks:
    """Tells the calls, and that there are such hooks."""

    def __init__(self, tape: Tape, guard: Guard, runs: list[Run]) -> None:
        self._tape = tape
        self._guard = guard
        self._runs = runs

    def begin(self) -> None:
        """The recording begins, perhaps under hooks."""
        self._tape.graph.packs = self._tape.graph.packs or not is_readable()

    def push(self, original: Any) -> Any:
        """Torch's function that `saved_tensors_hooks` calls where it is entered."""

        @functools.wraps(original)
        def push(pack: Any, unpack: Any) -> None:
            tape = self._tape
            if not tape.outlet.open or self._guard.fault is not None:
                original(pack, unpack)
                return
            tape.graph.packs = True
            told = pack, unpack
            with self._guard:
                span = tape.sources.here()
                told = self._wrapped("pack", pack, span), self._wrapped("unpack", unpack, span)
            original(*told)

        return push

    def _wrapped(self, kind: Kind, hook: Callable[[Any], Any], span: Span | None) -> Callable[[Any], Any]:
        def call(value: Any) -> Any:
            result = hook(value)
            with self._guard, torch._C.DisableTorchFunction():
                if self._tape.outlet.open and self._guard.fault is None:
                    self._tell(kind, hook, value, result, span)
            return result

        return functools.wraps(hook)(call) if type(hook) is FunctionType else call

    def _tell(self, kind: Kind, hook: object, value: Any, result: Any, span: Span | None) -> None:
        tape = self._tape
        run = next((run for run in reversed(self._runs) if run.is_current()), None)
        row = HookRan(
            kind=kind,
            function=function_name(hook),
            tensor=self._known(value if kind == "pack" else result),
            node=None if run is None or kind == "pack" else self._tape.graph.running(),
            backward=None if run is None else run.id,
            before=self._data(value),
            after=self._data(result),
            span=span,
            step=tape.outlet.step,
        )
        if run is not None and kind == "unpack":
            run.hooks_ran.append(row)
        else:
            tape.put(row, elements=size(row.before) + size(row.after))

    def _known(self, value: object) -> TensorId | None:
        known = self._tape.tensors.find(value) if isinstance(value, torch.Tensor) else None
        return None if known is None else known.id

    def _data(self, value: object) -> Data:
        return plain(value, self._tape.read_gradient)
