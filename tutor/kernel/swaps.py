"""`torch.utils.swap_tensors` refuses tensors that are referenced weakly: the recorder's own references are no reason to.

`nn.Module.to` and `load_state_dict` use it where torch is set to swap parameters.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable
from typing import Any

import torch

from tutor.kernel.doors import Doors
from tutor.kernel.forward import Forward
from tutor.kernel.tape import Tape


class Swaps:
    """Lets tensors be swapped, and tells what each holds then."""

    def __init__(self, tape: Tape, forward: Forward, mine: Callable[[], bool]) -> None:
        self._tape = tape
        self._forward = forward
        self._mine = mine

    def install(self, doors: Doors) -> None:
        doors.put(torch.utils, "weakref", _Weakrefs())
        doors.put(torch.utils, "swap_tensors", self._swap_tensors(torch.utils.swap_tensors))

    def _swap_tensors(self, original: Any) -> Any:
        @functools.wraps(original)
        def swap_tensors(t1: torch.Tensor, t2: torch.Tensor) -> None:
            original(t1, t2)
            if self._mine():
                with self._forward.guard, torch._C.DisableTorchFunction():
                    self._tell(t1, t2)

        return swap_tensors

    def _tell(self, *tensors: torch.Tensor) -> None:
        self._forward.changes.flush()
        span = self._tape.sources.current(sys._getframe(2))
        found = ((self._tape.tensors.find(tensor), tensor) for tensor in tensors)
        swapped = [(known, tensor) for known, tensor in found if known is not None]
        for known, tensor in swapped:
            self._tape.tensors.moved(known, tensor)
        for known, tensor in swapped:
            self._forward.changes.written(known, tensor, span, None)
            self._tape.end_step("value_changed", known.id, span)


class _Weakrefs:
    """Stands in for the module `weakref` where torch asks who refers to a tensor."""

    @staticmethod
    def getweakrefs(thing: Any) -> list[Any]:
        return [
            one for one in weakref.getweakrefs(thing) if not type(one).__module__.startswith("tutor.kernel.")
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(weakref, name)
