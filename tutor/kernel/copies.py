"""Gradients on an accelerator: copied without waiting for the device, read when the engine has returned.

Reading a value makes the program wait until the device has computed it; once for each node, that would undo the device's
work ahead. So a small gradient goes into pinned memory by a copy that is only ordered, of a large one its statistics are
computed on the device first; one wait at the end serves them all.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable

import torch
from msgspec import structs

from tutor.kernel.budget import Limits
from tutor.kernel.capture import gradient
from tutor.kernel.identity import version
from tutor.kernel.measure import size
from tutor.kernel.stats import SAMPLE
from tutor.protocol import Data, GradientAccumulated, NodeRan, Stats

_PINNED = frozenset({"cuda", "xpu"})
"""Devices that copy into pinned memory while they go on."""

_DEVICES = _PINNED | {"mps"}


def is_away(tensor: object) -> bool:
    """Whether its values lie on a device that works by itself."""
    return isinstance(tensor, torch.Tensor) and tensor.device.type in _DEVICES


class Pending:
    """A gradient that is on its way: `data` waits for it."""

    __slots__ = ("_copy", "_finish")

    def __init__(self, copy: torch.Tensor, finish: Callable[[torch.Tensor], Data]) -> None:
        self._copy = copy
        self._finish = finish

    @property
    def data(self) -> Data:
        return self._finish(self._copy)


class Copies:
    """The gradients of one run of the engine. Call it with torch functions disabled."""

    def __init__(self, limits: Limits, read: Callable[[torch.Tensor | None], Data]) -> None:
        self._limits = limits
        self._read = read
        self._taken: dict[int, tuple[weakref.ref[torch.Tensor], int, Pending]] = {}
        self._devices: set[torch.device] = set()

    def take(self, tensor: torch.Tensor | None) -> Data:
        """The gradient as a `Pending`; what lies here, or cannot be copied so, is read at once."""
        if tensor is None or type(tensor) is not torch.Tensor or not is_away(tensor):
            return self._read(tensor)
        taken = self._taken.get(id(tensor))
        if taken is not None and taken[0]() is tensor and taken[1] == version(tensor):
            return taken[2]
        try:
            with torch._C._DisableTorchDispatch(), torch._C._AutoDispatchBelowAutograd():
                pending = self._started(tensor)
        except (RuntimeError, NotImplementedError):
            # What is no plain memory: sparse, under vmap.
            return self._read(tensor)
        self._taken[id(tensor)] = (weakref.ref(tensor), version(tensor), pending)
        return pending

    def _started(self, tensor: torch.Tensor) -> Pending:
        self._devices.add(tensor.device)
        if tensor.numel() <= self._limits.elements:
            return Pending(_copied(tensor), lambda copy: gradient(copy, self._limits))
        shape, sampled = list(tensor.shape), tensor.numel() > self._limits.sample
        count = tensor.numel()
        return Pending(
            _copied(_measured(tensor, sampled=sampled)),
            lambda copy: {"shape": shape, "stats": structs.asdict(_stats(copy, count, sampled=sampled))},
        )

    def arrive(self) -> None:
        """Waits until the devices have done what was ordered of them."""
        for device in self._devices:
            if device.type in _DEVICES:
                getattr(torch, device.type).synchronize(*((device,) if device.type in _PINNED else ()))
        self._devices.clear()
        self._taken.clear()


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.device.type not in _PINNED:
        return tensor.clone()
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return host.copy_(tensor, non_blocking=True)


def _measured(tensor: torch.Tensor, *, sampled: bool) -> torch.Tensor:
    """Of the finite elements: their number, sum, smallest, largest, sum of squares; how many of them were looked at."""
    flat = tensor.reshape(-1)
    if flat.is_complex():
        flat = flat.abs()
    wide = torch.float32 if flat.device.type == "mps" else torch.float64
    finite = flat.isfinite()
    looked = flat[:: -(-flat.numel() // SAMPLE) | 1] if sampled else flat
    numbers = looked.to(wide)
    good = numbers.isfinite()
    squares = numbers.where(good, 0.0).square().sum()
    return torch.stack(
        [
            finite.sum().to(wide),
            flat.where(finite, 0).sum(dtype=wide),
            numbers.where(good, math.inf).amin(),
            numbers.where(good, -math.inf).amax(),
            squares,
            good.sum().to(wide),
        ]
    )


def _stats(measured: torch.Tensor, count: int, *, sampled: bool) -> Stats:
    finite, total, low, high, squares, looked = measured.tolist()
    some = finite > 0 and looked > 0
    return Stats(
        count=count,
        min=low if some else None,
        max=high if some else None,
        mean=total / finite if some else None,
        norm=math.sqrt(squares * finite / looked) if some else None,
        nonfinite=count - int(finite),
        sampled=sampled,
    )


def arrived(data: Data) -> Data:
    return data.data if isinstance(data, Pending) else data


def complete(event: NodeRan | GradientAccumulated) -> NodeRan | GradientAccumulated:
    """The event with the values that have arrived meanwhile."""
    match event:
        case NodeRan(run=run):
            run.grad_outputs[:] = map(arrived, run.grad_outputs)
            run.grad_inputs[:] = map(arrived, run.grad_inputs)
            return event
        case GradientAccumulated(accumulation=sum_):
            before, incoming, after = arrived(sum_.before), arrived(sum_.incoming), arrived(sum_.after)
            whole = structs.replace(sum_, before=before, incoming=incoming, after=after)
            return structs.replace(event, accumulation=whole)


def elements(event: NodeRan | GradientAccumulated) -> int:
    """How many numbers lie in it."""
    match event:
        case NodeRan(run=run):
            return sum(map(size, (*run.grad_outputs, *run.grad_inputs)))
        case GradientAccumulated(accumulation=sum_):
            return size(sum_.before) + size(sum_.incoming) + size(sum_.after)
