"""A tensor's values as plain data: whole when small, statistics when large, and never a change to the learner's run."""

from __future__ import annotations

import math
from itertools import chain

import torch

from tutor.kernel.budget import Limits
from tutor.protocol import Data, Stats

_PLAIN = (torch.Tensor, torch.nn.Parameter)
_SIMPLE = (torch.float32, torch.float64)
_SAMPLE = 8_192
"""How many elements of a very large tensor are looked at."""
_STRIDED = torch.strided
_functorch = torch._C._functorch
_is_wrapped = _functorch.is_functorch_wrapped_tensor


def capture(tensor: torch.Tensor, limits: Limits) -> tuple[Data, Stats | None]:
    """(values, None) for a small tensor, (None, statistics) for a large one, (None, None) where there is nothing to read.

    Call it with torch functions disabled: no mode or subclass of the learner's may see what is done here.
    """
    try:
        if _is_simple(tensor) and tensor.numel() <= limits.elements:
            return _spelled(tensor.tolist(), tensor.dim()), None
        return _capture(_unwrapped(tensor), limits)
    except (RuntimeError, NotImplementedError, TypeError):
        # Kinds of tensors that cannot be read (meta, fake, nested, exotic dtypes) are shown by name and shape.
        return None, None


def _is_simple(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) in _PLAIN
        and tensor.dtype in _SIMPLE
        and tensor.layout is _STRIDED
        and not _is_wrapped(tensor)
    )


def gradient(tensor: torch.Tensor | None, limits: Limits) -> Data:
    """As `capture`, in one value: {"shape", "stats"} for a large tensor, None for no gradient."""
    if tensor is None:
        return None
    data, stats = capture(tensor, limits)
    if data is not None:
        return data
    return {"shape": list(tensor.shape), "stats": None if stats is None else _stats_fields(stats)}


def grad_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """A tensor's `.grad`, without the warning that a non-leaf's gives (the relay drops warnings from this file)."""
    try:
        return tensor._grad
    except UserWarning:
        return None


def _stats_fields(stats: Stats) -> dict[str, Data]:
    return {name: getattr(stats, name) for name in stats.__struct_fields__}


def _unwrapped(tensor: torch.Tensor) -> torch.Tensor:
    while _functorch.is_functorch_wrapped_tensor(tensor):
        tensor = _functorch.get_unwrapped(tensor)
    return tensor


def _capture(tensor: torch.Tensor, limits: Limits) -> tuple[Data, Stats | None]:
    if type(tensor) not in _PLAIN and hasattr(type(tensor), "__torch_dispatch__") and _dispatches(tensor):
        return None, None
    if tensor.layout is not torch.strided:
        return _sparse(tensor, limits), None
    if tensor.is_quantized or tensor.is_meta:
        return None, None
    if tensor.numel() <= limits.elements:
        return plain(tensor), None
    with torch.no_grad(), torch._C._DisableTorchDispatch():
        return None, _stats(tensor.detach(), limits)


def _dispatches(tensor: torch.Tensor) -> bool:
    return type(tensor).__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl


def plain(tensor: torch.Tensor) -> Data:
    """A strided tensor's values as nested lists."""
    if tensor.is_complex():
        return _spelled(torch.view_as_real(tensor.detach().resolve_conj()).tolist(), tensor.dim() + 1)
    values = tensor.tolist()
    return _spelled(values, tensor.dim()) if tensor.is_floating_point() else values


def _spelled(values: Data, dimensions: int) -> Data:
    """Non-finite numbers as words, since JSON has none; finite lists are returned as they are."""
    if dimensions == 0:
        return values if math.isfinite(values) else number(values)
    rows = [values] if dimensions == 1 else values
    for _ in range(dimensions - 2):
        rows = chain.from_iterable(rows)
    # A sum is finite only when every term is: one pass in C for the usual case.
    return values if math.isfinite(sum(map(sum, rows))) else _words(values)


def _words(values: Data) -> Data:
    return [_words(value) if isinstance(value, list) else number(value) for value in values]


def number(value: float) -> float | str:
    """A float, or "nan", "inf", "-inf"."""
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _sparse(tensor: torch.Tensor, limits: Limits) -> Data:
    if tensor.layout is not torch.sparse_coo or tensor._values().numel() > limits.elements:
        return None
    values = tensor.detach()
    return {
        "indices": values._indices().tolist(),
        "values": plain(values._values()),
        "shape": list(tensor.shape),
    }


def _stats(tensor: torch.Tensor, limits: Limits) -> Stats:
    count = tensor.numel()
    sampled = count > limits.sample
    numbers = _sample(tensor, -(-count // _SAMPLE)) if sampled else tensor.reshape(-1)
    numbers = numbers.abs() if numbers.is_complex() else numbers
    numbers = numbers if numbers.dtype in _SIMPLE else numbers.double()
    nonfinite = _nonfinite(tensor)
    if nonfinite:
        numbers = numbers[numbers.isfinite()]
    if not numbers.numel():
        return Stats(
            count=count, min=None, max=None, mean=None, norm=None, nonfinite=nonfinite, sampled=sampled
        )
    low, high = numbers.aminmax()
    scale = math.sqrt((count - nonfinite) / numbers.numel()) if sampled else 1.0
    return Stats(
        count=count,
        min=low.item(),
        max=high.item(),
        mean=numbers.mean().item(),
        norm=torch.linalg.vector_norm(numbers).item() * scale,
        nonfinite=nonfinite,
        sampled=sampled,
    )


def _sample(tensor: torch.Tensor, stride: int) -> torch.Tensor:
    if tensor.is_contiguous():
        return tensor.view(-1)[::stride]
    return tensor.reshape(-1)[::stride]


def _nonfinite(tensor: torch.Tensor) -> int:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return 0
    total = tensor.sum().item()
    if math.isfinite(abs(total)):
        return 0
    return int(tensor.numel() - tensor.isfinite().sum().item())
