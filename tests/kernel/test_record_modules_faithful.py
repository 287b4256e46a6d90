"""torch's own list of modules with torch's own inputs, in train and eval: recorded, each gives bit for bit the same.

Every eighth module runs in `make test`, with those that leave a fast path when a mode is on; all in `make test-all`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any

import pytest
import torch
from torch.utils._pytree import tree_map

from tests.kernel.twice import CPU_AND_CUDA, Outcome, add_up, difference, fresh, stand_in_for_expecttest
from tutor.kernel.flat import flat_tensors

LEAST = 100
"""torch 2.13 lists 114 modules; fewer than this means that its list was read wrongly."""
CHUNKS = 6
FAST_PATHS = (
    "nn.TransformerEncoder",
    "nn.TransformerEncoderLayer",
    "nn.MultiheadAttention",
    "nn.Transformer",
)
MODES = {"train": True, "eval": False}


@cache
def modules() -> list[Any]:
    stand_in_for_expecttest()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_modules import module_db
    return list(module_db)


def inputs(info: Any, device: str, training: bool, count: int) -> Iterator[Any]:
    """At most `count` of the module's own inputs, spread evenly over its list."""
    torch.manual_seed(1)
    found = list(
        info.module_inputs_func(
            info, device=device, dtype=torch.float64, requires_grad=True, training=training
        )
    )
    stride = max(1, len(found) // count)
    yield from found[::stride][:count]


def run(info: Any, given: Any, device: str, training: bool, outcome: Outcome) -> None:
    """Makes the module, calls it twice and goes back; once more without grad, where a fast path may be taken."""
    made = given.constructor_input
    module = info.module_cls(*made.args, **made.kwargs).to(device, torch.float64).train(training)
    for _ in range(2):
        called = given.forward_input
        args, kwargs = tree_map(fresh, called.args), tree_map(fresh, called.kwargs)
        outcome.outputs = flat_tensors(module(*args, **kwargs))
        outcome.tensors += outcome.outputs
        sums = add_up(outcome.outputs)
        if sums:
            torch.autograd.backward(sums)
        outcome.tensors += [t.grad for t in flat_tensors([args, kwargs]) if t.is_leaf]
    with torch.no_grad():
        outcome.tensors += flat_tensors(module(*args, **kwargs))
    outcome.tensors += [parameter.grad for parameter in module.parameters()]
    outcome.tensors += flat_tensors(list(module.state_dict().values()))


def all_differences(infos: Sequence[Any], count: int, device: str) -> dict[str, str]:
    found = {}
    for info in infos:
        for mode, training in MODES.items():
            for number, given in enumerate(inputs(info, device, training, count)):
                told = difference(partial(run, info, given, device, training))
                if told is not None:
                    found[f"{info.name}, {mode}, input {number}"] = told
    return found


@pytest.mark.parametrize("device", CPU_AND_CUDA)
def test_every_eighth_module_is_the_same_with_and_without_the_recorder(device: str) -> None:
    fast = [info for info in modules() if info.name in FAST_PATHS]
    assert len(modules()) >= LEAST and len(fast) == len(FAST_PATHS)
    assert all_differences([*modules()[::8], *fast], 1, device) == {}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("device", CPU_AND_CUDA)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_modules_are_the_same_with_and_without_the_recorder(chunk: int, device: str) -> None:
    assert all_differences(modules()[chunk::CHUNKS], 12, device) == {}
