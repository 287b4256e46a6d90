"""torch's own list of operators with torch's own samples: recorded, each gives bit for bit the same, and a sound trace.

Every twentieth operator runs in `make test`, all of them in `make test-all`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import pytest
import torch

from tests.kernel.twice import CPU_AND_CUDA, Outcome, add_up, difference, fresh, stand_in_for_expecttest
from tutor.kernel.flat import flat_tensors

LEAST = 500
"""torch 2.13 lists 540 operators with a derivative; fewer than this means that its list was read wrongly."""
CHUNKS = 20
SAMPLES = {torch.float64: 12, torch.complex128: 4}
SAMPLES_OF_A_FEW = {torch.float64: 2, torch.complex128: 1}

Variant = Callable[..., Any]


@cache
def operators() -> list[Any]:
    """The operators with a derivative."""
    stand_in_for_expecttest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return [op for op in op_db if op.supports_autograd and torch.float64 in op.supported_dtypes("cpu")]


def samples(op: Any, device: str, dtype: torch.dtype, count: int) -> Iterator[Any]:
    """At most `count` of the operator's own samples, spread evenly over its list."""
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(op.sample_inputs(device, dtype, requires_grad=True))
    stride = max(1, len(found) // count)
    yield from found[::stride][:count]


def refused(op: Any, device: str) -> list[Any]:
    """The operator's own list of what it answers with an exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (
            [] if op.error_inputs_func is None else [error.sample_input for error in op.error_inputs(device)]
        )


def variants(op: Any) -> list[tuple[str, Variant]]:
    found = [("function", op.op), ("method", op.method_variant), ("in place", op.inplace_variant)]
    return [(name, variant) for name, variant in found if variant is not None]


def run(op: Any, variant: Variant, sample: Any, outcome: Outcome) -> None:
    """One sample forward and backward, then the backward of its backward."""
    sample = sample.transform(fresh)
    leaves = [t for t in flat_tensors([sample.input, sample.args, sample.kwargs]) if t.requires_grad]
    start = _not_a_leaf(sample.input) if variant is op.inplace_variant else sample.input
    outcome.outputs = flat_tensors(variant(start, *sample.args, **sample.kwargs))
    outcome.tensors += outcome.outputs
    sums = add_up(outcome.outputs)
    if not sums:
        return
    torch.autograd.backward(sums, retain_graph=True)
    outcome.tensors += [leaf.grad for leaf in leaves]
    if op.supports_gradgrad and leaves:
        firsts = torch.autograd.grad(sums, leaves, create_graph=True, allow_unused=True)
        outcome.tensors += firsts
        again = [g.abs().sum() for g in firsts if g is not None and g.requires_grad]
        if again:
            torch.autograd.backward(again)
        outcome.tensors += [leaf.grad for leaf in leaves]


def _not_a_leaf(value: Any) -> Any:
    """What may be written to."""
    if isinstance(value, torch.Tensor):
        return value * 1 if value.requires_grad else value.clone()
    return [_not_a_leaf(part) for part in value] if isinstance(value, (list, tuple)) else value


def all_differences(ops: Sequence[Any], counts: dict[torch.dtype, int], device: str) -> dict[str, str]:
    found = {}
    for op in ops:
        for dtype, count in counts.items():
            if dtype not in op.supported_backward_dtypes(device):
                continue
            for number, sample in enumerate(samples(op, device, dtype, count)):
                for name, variant in variants(op):
                    told = difference(partial(run, op, variant, sample))
                    if told is not None:
                        found[f"{op.full_name}, {name}, {dtype}, sample {number}"] = told
        for number, sample in enumerate(refused(op, device)[: 10 * min(counts.values())]):
            told = difference(partial(run, op, op.op, sample))
            if told is not None:
                found[f"{op.full_name}, refused sample {number}"] = told
    return found


@pytest.mark.parametrize("device", CPU_AND_CUDA)
def test_every_twentieth_operator_is_the_same_with_and_without_the_recorder(device: str) -> None:
    assert len(operators()) >= LEAST
    assert all_differences(operators()[::20], SAMPLES_OF_A_FEW, device) == {}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("device", CPU_AND_CUDA)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_operators_are_the_same_with_and_without_the_recorder(chunk: int, device: str) -> None:
    assert all_differences(operators()[chunk::CHUNKS], SAMPLES, device) == {}
