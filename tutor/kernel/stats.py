"""Statistics of a tensor that is too large to keep whole, at the price of one pass over it.

The one full pass is a sum: it is finite only if every element is, and it gives the mean. Smallest, largest and norm are
taken from all elements, or from an evenly spaced sample of them in a very large tensor.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from functools import lru_cache

import torch

from tutor.kernel.looked import Looked, Region
from tutor.protocol import Stats

SAMPLE = 4_096
"""How many elements of a very large tensor are looked at, at most."""

_SIMPLE = (torch.float32, torch.float64)
_CHUNK = 1 << 20
"""How many elements are converted at a time."""

_LARGEST = sys.float_info.max
_SQUARED_EXACTLY = (1e-12, 1e15)
"""Between these magnitudes a float32's square neither overflows nor is lost beside the others."""


def statistics(tensor: torch.Tensor, *, sample: int, looked: Looked | None = None) -> Stats:
    """What is kept of a strided tensor with at least one element; above `sample` elements it is marked as sampled.

    Count, mean and the number of non-finite elements are those of all elements, the others those of the finite ones that
    were looked at (the norm scaled up to all). Of a complex tensor: those of its absolute values. Call it below autograd.
    """
    if looked is None:
        return _usual(tensor, sample) or _statistics(tensor, _distinct(tensor), sample)
    region = _region(tensor)
    stats = looked.find(tensor, region)
    if stats is None:
        stats = _usual(tensor, sample) or _statistics(tensor, _distinct(tensor), sample)
        looked.keep(tensor, region, stats)
    return stats


def _region(tensor: torch.Tensor) -> Region:
    """The same for all tensors of the same elements."""
    count = tensor.numel()
    if tensor.is_contiguous():
        return tensor.data_ptr(), (count,), (1,), tensor.dtype, count, tensor.is_neg()
    flat = _distinct(tensor)
    return flat.data_ptr(), flat.shape, flat.stride(), flat.dtype, count, tensor.is_neg()


def _usual(tensor: torch.Tensor, sample: int) -> Stats | None:
    """As `_statistics`, in as few calls as there can be: of finite floats without a gap in the processor's memory."""
    if tensor.dtype not in _SIMPLE or not tensor.is_contiguous() or not tensor.is_cpu:
        return None
    count = tensor.numel()
    flat = tensor.as_strided((count,), (1,))
    total = flat.sum().item()
    if not math.isfinite(total):
        return None
    seen, numbers = count, flat
    if count > sample:
        every = _distance(count)
        seen = -(-count // every)
        numbers = flat.as_strided((seen,), (every,)).contiguous()
    low, high = numbers.aminmax()
    least, most = low.item(), high.item()
    norm = _root(numbers.dot(numbers).item(), numbers, max(-least, most))
    return Stats(
        count=count,
        min=least,
        max=most,
        mean=total / count,
        norm=min(norm * math.sqrt(count / seen), _LARGEST),
        nonfinite=0,
        sampled=count > sample,
    )


def _statistics(tensor: torch.Tensor, flat: torch.Tensor, sample: int) -> Stats:
    sampled = flat.numel() > sample
    # A sum that goes first brings into the cache what a sample then takes from all over.
    first = _total(flat) if sampled else None
    looked = _sampled(flat) if sampled else flat
    numbers = _real(looked)
    low, high = numbers.aminmax()
    whole = _total(flat) if first is None else first
    total, least, most, squares = _numbers(whole, low, high, numbers.dot(numbers))
    if not math.isfinite(total):
        return _of_finite(tensor, flat, looked)
    norm = _root(squares, numbers, max(-least, most))
    return Stats(
        count=tensor.numel(),
        min=least,
        max=most,
        mean=total / flat.numel(),
        norm=min(norm * math.sqrt(tensor.numel() / numbers.numel()), _LARGEST),
        nonfinite=0,
        sampled=sampled,
    )


def _numbers(*scalars: torch.Tensor) -> list[float]:
    """From a device all at once: each reading waits for it."""
    if scalars[0].is_cpu:
        return [scalar.item() for scalar in scalars]
    return torch.stack([scalar.to(scalars[1].dtype) for scalar in scalars]).tolist()


# ---------------------------------------------------------------- which elements


def _distinct(tensor: torch.Tensor) -> torch.Tensor:
    """The elements in the order of memory, in as few dimensions as there are; an expanded one's only once.

    torch refuses where the memory is not as large as that: it may have been given back.
    """
    if tensor.is_contiguous():
        return tensor.as_strided((tensor.numel(),), (1,))
    merged: list[tuple[int, int]] = []
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True), reverse=True):
        if not stride or size == 1:
            continue
        if merged and merged[-1][0] == stride * size:
            size *= merged.pop()[1]
        merged.append((stride, size))
    merged = merged or [(1, 1)]
    return tensor.as_strided([size for _, size in merged], [stride for stride, _ in merged])


def _sampled(flat: torch.Tensor) -> torch.Tensor:
    """Evenly spaced elements."""
    every = _distance(flat.numel())
    if flat.dim() == 1:
        return flat.as_strided((-(-flat.numel() // every),), (every * flat.stride(0),)).contiguous()
    offsets = _offsets(flat.shape, flat.stride(), every, flat.device)
    span = 1 + sum((size - 1) * stride for size, stride in zip(flat.shape, flat.stride(), strict=True))
    return flat.as_strided((span,), (1,)).index_select(0, offsets)


def _distance(count: int) -> int:
    """Between two elements of a sample. It is odd: a power of two would meet the same few columns in every row."""
    return -(-count // SAMPLE) | 1


@lru_cache(maxsize=64)
def _offsets(
    shape: tuple[int, ...], strides: tuple[int, ...], every: int, device: torch.device
) -> torch.Tensor:
    """Where every so many-th element lies, counted from the first; 32 kB each."""
    places = torch.arange(0, math.prod(shape), every, device=device)
    offsets = torch.zeros_like(places)
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        offsets += places % size * stride
        places = places // size
    return offsets


def _real(numbers: torch.Tensor) -> torch.Tensor:
    """In one dimension, as floats that a product can be taken of."""
    if numbers.dtype in _SIMPLE:
        return numbers.reshape(-1)
    if numbers.is_complex():
        return numbers.reshape(-1).abs()
    single = numbers.is_floating_point() or numbers.device.type == "mps"
    return numbers.reshape(-1).to(torch.float32 if single else torch.float64)


# ---------------------------------------------------------------- what is told of them


def _total(flat: torch.Tensor) -> torch.Tensor:
    """A sum that is finite only if every element is."""
    if flat.dtype in _SIMPLE:
        return flat.sum()
    return torch.stack([_real(chunk).sum() for chunk in _chunks(flat)]).sum()


def _chunks(flat: torch.Tensor) -> Sequence[torch.Tensor]:
    return flat.chunk(-(-flat.numel() // _CHUNK))


def _root(squares: float, numbers: torch.Tensor, top: float) -> float:
    """The norm: exact also where squares are too large or too small for the tensor's own dtype."""
    low, high = _SQUARED_EXACTLY
    if low < top < high or top == 0.0:
        return math.sqrt(squares)
    return top * math.sqrt((_double(numbers) / top).square().sum().item())


def _double(numbers: torch.Tensor) -> torch.Tensor:
    """Not every device has doubles."""
    return (numbers.cpu() if numbers.device.type == "mps" else numbers).double()


def _of_finite(tensor: torch.Tensor, flat: torch.Tensor, looked: torch.Tensor) -> Stats:
    """The careful way, chunk by chunk, for tensors with non-finite elements or a sum that overflows."""
    chunks = _chunks(flat)
    finite = sum(int(chunk.isfinite().sum().item()) for chunk in chunks)
    repeated = tensor.numel() // flat.numel()
    numbers = _finite_of(looked)
    if not numbers.numel():
        # The sample has missed them all.
        looked, numbers = flat, _finite_of(flat)
    low, high, norm = _extent(numbers)
    return Stats(
        count=tensor.numel(),
        min=low,
        max=high,
        mean=sum((_zeroed(chunk) / finite).sum().item() for chunk in chunks) if finite else None,
        norm=None if norm is None else min(norm * math.sqrt(finite * repeated / numbers.numel()), _LARGEST),
        nonfinite=tensor.numel() - finite * repeated,
        sampled=looked is not flat,
    )


def _extent(numbers: torch.Tensor) -> tuple[float, float, float] | tuple[None, None, None]:
    if not numbers.numel():
        return None, None, None
    low, high = _numbers(*numbers.aminmax())
    top = max(-low, high)
    norm = 0.0 if top == 0.0 else top * math.sqrt((numbers / top).square().sum().item())
    return low, high, norm


def _finite_of(numbers: torch.Tensor) -> torch.Tensor:
    return _clipped(numbers[numbers.isfinite()])


def _zeroed(numbers: torch.Tensor) -> torch.Tensor:
    """Zero for what is not finite."""
    return _clipped(numbers.masked_fill(~numbers.isfinite(), 0))


def _clipped(finite: torch.Tensor) -> torch.Tensor:
    """As doubles; the absolute value of a finite complex number can be too large for one."""
    numbers = finite.to(torch.complex128).abs() if finite.is_complex() else _double(finite)
    return numbers.nan_to_num(posinf=_LARGEST)
