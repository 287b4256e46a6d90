"""torch's own list of operators with torch's own samples: recorded, each gives bit for bit the same.

A sample of the list runs here; AUTOGRAD_TUTOR_ALL_OPERATORS=1 runs the whole.
"""

from __future__ import annotations

import os
import sys
import types
import unittest
import warnings
from collections.abc import Iterator
from typing import Any

import torch

from tests.kernel.both_ways import same_bits
from tutor.kernel.identity import flat_tensors
from tutor.kernel.record import Recorder
from tutor.trace.trace import Trace

EVERY = 1 if os.environ.get("AUTOGRAD_TUTOR_ALL_OPERATORS") else 20
SAMPLES = 2


def operators() -> list[Any]:
    """The differentiable operators; torch's list asks for a test package of which it needs one class here."""
    if "expecttest" not in sys.modules:
        stub = types.ModuleType("expecttest")
        stub.TestCase = unittest.TestCase  # type: ignore[attr-defined]
        sys.modules["expecttest"] = stub
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    found = [op for op in op_db if op.supports_autograd and torch.float64 in op.supported_dtypes("cpu")]
    return found[::EVERY]


def samples(op: Any) -> Iterator[Any]:
    torch.manual_seed(1)
    for count, sample in enumerate(op.sample_inputs("cpu", torch.float64, requires_grad=True)):
        if count == SAMPLES:
            return
        yield sample


def carried_out(op: Any, sample: Any) -> tuple[list[torch.Tensor], str]:
    """All outputs and gradients, and the error if there was one."""
    torch.manual_seed(2)
    leaves = [
        t for t in flat_tensors([sample.input, sample.args, sample.kwargs]) if t.requires_grad and t.is_leaf
    ]
    for leaf in leaves:
        leaf.grad = None
    outputs = []
    try:
        result = op(sample.input, *sample.args, **sample.kwargs)
        outputs = [t for t in flat_tensors(result) if isinstance(t, torch.Tensor)]
        tracked = [t for t in outputs if t.requires_grad]
        if tracked:
            torch.autograd.backward(tracked, [torch.ones_like(t) for t in tracked])
    except (RuntimeError, NotImplementedError, ValueError) as error:
        return outputs, str(error)
    return outputs + [leaf.grad for leaf in leaves if leaf.grad is not None], ""


def test_operators_are_the_same_with_and_without_the_recorder() -> None:
    different, faults = [], {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for op in operators():
            for sample in samples(op):
                plain, error = carried_out(op, sample)
                recorder = Recorder(Trace().append)
                with recorder:
                    recorded, recorded_error = carried_out(op, sample)
                if recorder.fault is not None:
                    faults[op.name] = recorder.fault
                if error != recorded_error or not all(map(same_bits, plain, recorded)):
                    different.append(op.name)

    assert not faults, next(iter(faults.values()))
    assert different == []
