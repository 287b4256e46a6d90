"""Carries out a piece of torch code without and with the recorder: the difference, if any, and a look at the trace."""

from __future__ import annotations

import sys
import types
import unittest
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from tests.kernel.both_ways import same_bits
from tests.kernel.soundness import assert_sound, assert_value, last_values
from tutor.kernel.record import Recorder
from tutor.trace.trace import Trace

Tensors = list[torch.Tensor | None]

_TRIES = 40
CPU_AND_CUDA = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
    ),
]
"""torch's own lists ask for float64, which MPS does not have."""


@dataclass
class Outcome:
    """All that a piece of code leaves behind; it adds the tensors itself, so that those before an error count too."""

    tensors: Tensors = field(default_factory=list)
    outputs: list[torch.Tensor] = field(default_factory=list)
    error: tuple[str, str] | None = None
    warnings: list[tuple[str, str, str, int]] = field(default_factory=list)
    random_state: torch.Tensor = field(default_factory=torch.Tensor)


Action = Callable[[Outcome], None]


def carried_out(action: Action, recorder: AbstractContextManager[Any]) -> Outcome:
    outcome = Outcome()
    torch.manual_seed(2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with recorder:
                action(outcome)
        except Exception as error:
            outcome.error = (type(error).__name__, str(error))
    outcome.warnings = [(w.category.__name__, str(w.message), w.filename, w.lineno) for w in caught]
    outcome.random_state = _random_state()
    return outcome


def _random_state() -> torch.Tensor:
    of_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return torch.cat([torch.get_rng_state(), *of_gpus])


def difference(action: Action) -> str | None:
    """How the recorded run differs from the unrecorded one, or what is unsound in its trace."""
    plain = carried_out(action, nullcontext())
    trace = Trace()
    recorder = Recorder(trace.extend)
    recorded = carried_out(action, recorder)
    if recorder.fault is not None:
        return recorder.fault
    if plain.warnings != recorded.warnings:
        # Some of torch's come once in a process.
        plain = carried_out(action, nullcontext())
    told = _difference(plain, recorded)
    if told is not None and not _now_and_then(action, recorded):
        return told
    return _unsound(trace, recorder, recorded.outputs)


def _now_and_then(action: Action, recorded: Outcome) -> bool:
    """Whether the unrecorded code sometimes leaves this behind too: `linalg.lstsq` reads memory that nobody has filled."""
    moved = []
    for turn in range(_TRIES):
        moved.append(torch.empty(1 + 37 * turn))
        if _difference(carried_out(action, nullcontext()), recorded) is None:
            return True
    return False


def _difference(plain: Outcome, recorded: Outcome) -> str | None:
    if plain.error != recorded.error:
        return f"error: {plain.error} became {recorded.error}"
    if plain.warnings != recorded.warnings:
        return f"warnings: {plain.warnings} became {recorded.warnings}"
    if not torch.equal(plain.random_state, recorded.random_state):
        return "random state"
    if len(plain.tensors) != len(recorded.tensors):
        return "number of tensors"
    places = zip(plain.tensors, recorded.tensors, strict=True)
    different = [place for place, (one, other) in enumerate(places) if not same_tensors(one, other)]
    return f"values {different}" if different else None


def same_tensors(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    """Bit for bit, with dtype, shape, strides and flag."""
    if one is None or other is None:
        return one is other
    return (
        one.dtype == other.dtype
        and one.shape == other.shape
        and (one.layout is not torch.strided or one.stride() == other.stride())
        and one.requires_grad == other.requires_grad
        and same_bits(one, other)
    )


def _unsound(trace: Trace, recorder: Recorder, outputs: list[torch.Tensor]) -> str | None:
    try:
        assert_sound(trace)
        values = last_values(trace)
        for tensor in outputs:
            known = recorder._tape.tensors.find(tensor)
            # What a library makes out of nothing is met where it is used.
            assert known is not None or not trace.operations, "an output that was not seen"
            if known is not None:
                assert_value(values[known.id], tensor)
    except AssertionError as error:
        return f"trace: {error}"
    return None


def fresh(value: Any) -> Any:
    """A copy for one run; for torch's tree functions."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().clone().requires_grad_(value.requires_grad)


def add_up(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """Something to begin a backward from, for each tensor with a graph."""
    tracked = [t for t in tensors if t.requires_grad and (t.is_floating_point() or t.is_complex())]
    return [torch.view_as_real(t).sum() if t.is_complex() else t.sum() for t in tracked if not t.is_sparse]


def stand_in_for_expecttest() -> None:
    """torch's lists of operators and modules ask for a test package of which they need one class."""
    if "expecttest" not in sys.modules:
        stub = types.ModuleType("expecttest")
        stub.TestCase = unittest.TestCase  # type: ignore[attr-defined]
        sys.modules["expecttest"] = stub
