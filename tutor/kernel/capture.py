"""A tensor's values as plain data: whole when small, statistics when large, and never a change to the learner's run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from math import isfinite, isnan

import torch
from msgspec import structs

from tutor.kernel.budget import Limits
from tutor.kernel.looked import Looked
from tutor.kernel.shapes import shape_of
from tutor.kernel.stats import statistics
from tutor.kernel.transforms import are_active, unwrapped
from tutor.protocol import Data, Stats

_PLAIN = (torch.Tensor, torch.nn.Parameter)
_SIMPLE = (torch.float32, torch.float64)
_FEW, _FEW_IN_SHORT_ROWS = 512, 128
"""So many numbers are added up faster in Python than by a call of torch."""
_LONG = 12
"""From this length on a row is added up on its own."""

_below_autograd = torch._C._AutoDispatchBelowAutograd
_unseen = torch._C._DisableTorchDispatch
"""No mode of the learner's sees what is done under it."""

dispatch_modes: Callable[[], int] = torch._C._len_torch_dispatch_stack
"""How many of the learner's modes would see what is done without it."""

_TRANSFORMS = (
    torch._C.DispatchKeySet(torch._C.DispatchKey.FuncTorchDynamicLayerFrontMode)
    | torch._C.DispatchKeySet(torch._C.DispatchKey.FuncTorchDynamicLayerBackMode)
    | torch._C.DispatchKeySet(torch._C.DispatchKey.FuncTorchVmapMode)
)
"""torch.func's transforms wrap what is made of plain tensors too."""
_COMPRESSED = (torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc)


def capture(tensor: torch.Tensor, limits: Limits, looked: Looked | None = None) -> tuple[Data, Stats | None]:
    """(values, None) for a small tensor, (None, statistics) for a large one, (None, None) where there is nothing to read.

    `looked` spares a second look at the elements of a large view. Call it with torch functions disabled: no mode or
    subclass of the learner's may see what is done here.
    """
    try:
        if type(tensor) in _PLAIN and not dispatch_modes():
            if tensor.numel() <= limits.elements:
                return _spelled(tensor.tolist(), tensor), None
            if tensor.dtype in _SIMPLE and tensor.is_cpu and not are_active() and not _is_odd(tensor):
                with _below_autograd():
                    return None, statistics(tensor, sample=limits.sample, looked=looked)
    except (RuntimeError, NotImplementedError, TypeError):
        # What is no plain memory (sparse, under vmap) says so at once.
        pass
    try:
        with _unseen(), _below_autograd():
            if not are_active():
                return _capture(_unwrapped(tensor), limits, looked)
            tensor = _unwrapped(tensor)
            with torch._C._ExcludeDispatchKeyGuard(_TRANSFORMS):
                return _capture(tensor, limits, looked)
    except (RuntimeError, NotImplementedError, TypeError):
        # Kinds of tensors that cannot be read (meta, fake, nested, exotic dtypes) are shown by name and shape.
        return None, None


def lone(tensor: torch.Tensor) -> float | None:
    """The value of a plain tensor without dimensions, as most are that are small: None where it is no finite number."""
    try:
        value: object = tensor.tolist()
    except (RuntimeError, NotImplementedError, TypeError):
        return None
    return value if type(value) is float and isfinite(value) else None


def small(tensor: torch.Tensor, limits: Limits) -> Data:
    """The values of a tensor that is kept whole, None for another."""
    try:
        return capture(tensor, limits)[0] if tensor.numel() <= limits.elements else None
    except RuntimeError:
        # It has no one size.
        return None


def gradient(tensor: torch.Tensor | None, limits: Limits, looked: Looked | None = None) -> Data:
    """As `capture`, in one value: {"shape", "stats"} for a large tensor, None for no gradient."""
    if tensor is None:
        return None
    data, stats = capture(tensor, limits, looked)
    if data is not None:
        return data
    return {"shape": shape_of(tensor), "stats": None if stats is None else structs.asdict(stats)}


def grad_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """A tensor's `.grad`, without the warning that a non-leaf's gives (the relay drops warnings from this file)."""
    try:
        return tensor._grad
    except UserWarning:
        return None


def _is_odd(tensor: torch.Tensor) -> bool:
    return tensor.layout is not torch.strided or tensor.is_nested


def _unwrapped(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor that holds the numbers, without the wrappers of functorch and of a learner's subclass."""
    tensor = unwrapped(tensor)
    if type(tensor) in _PLAIN or _dispatches(tensor):
        return tensor
    return torch.Tensor.as_subclass(tensor, torch.Tensor)


def _dispatches(tensor: torch.Tensor) -> bool:
    return type(tensor).__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl


def _capture(tensor: torch.Tensor, limits: Limits, looked: Looked | None) -> tuple[Data, Stats | None]:
    if type(tensor) not in _PLAIN or tensor.is_quantized or tensor.is_meta:
        return None, None
    if tensor.layout is not torch.strided:
        return _sparse(tensor, limits), None
    if tensor.numel() <= limits.elements:
        return plain(tensor), None
    return None, statistics(tensor, sample=limits.sample, looked=looked)


def plain(tensor: torch.Tensor) -> Data:
    """A strided tensor's values as nested lists."""
    return _spelled(tensor.tolist(), tensor)


def _spelled(values: Data, tensor: torch.Tensor) -> Data:
    """Non-finite numbers as words, since JSON has none; finite lists are returned as they are."""
    kind = type(values)
    if kind is float:
        return values if isfinite(values) else number(values)
    if tensor.is_floating_point():
        return values if _all_finite(values, tensor) else _words(values)
    return _words(values) if tensor.is_complex() else values


def _all_finite(values: Data, tensor: torch.Tensor) -> bool:
    """A sum is finite only when every term is: one pass in C. It may overflow: then the answer is no."""
    count, dimensions = tensor.numel(), tensor.dim()
    if count <= _FEW and dimensions == 1:
        return isfinite(sum(values))
    if count <= _FEW and dimensions == 2 and count > _LONG * len(values):
        return isfinite(sum(map(sum, values)))
    if count > _FEW_IN_SHORT_ROWS and tensor.dtype in _SIMPLE and tensor.is_cpu:
        with _unseen(), _below_autograd():
            return isfinite(tensor.sum().item())
    for _ in range(dimensions - 1):
        values = chain.from_iterable(values)
    return isfinite(sum(values))


def _words(values: Data) -> Data:
    if isinstance(values, list):
        return [_words(value) for value in values]
    return [number(values.real), number(values.imag)] if isinstance(values, complex) else number(values)


def number(value: float) -> float | str:
    """A float, or "nan", "inf", "-inf"."""
    if isfinite(value):
        return value
    return "nan" if isnan(value) else "inf" if value > 0 else "-inf"


def _sparse(tensor: torch.Tensor, limits: Limits) -> Data:
    values = tensor.detach()
    if tensor.layout in _COMPRESSED and values.values().numel() <= limits.elements:
        values = values.to_sparse(layout=torch.sparse_coo)
    if values.layout is not torch.sparse_coo or values._values().numel() > limits.elements:
        return None
    return {
        "indices": values._indices().tolist(),
        "values": plain(values._values()),
        "shape": list(tensor.shape),
    }
