"""Runs a program's text without and with the recorder and compares everything that its author could notice."""

from __future__ import annotations

import contextlib
import io
import math
import random
import warnings
from dataclasses import dataclass
from typing import Any

import torch

from tutor.kernel.record import Recorder
from tutor.trace.trace import Trace

FILENAME = "program.py"


@dataclass
class Outcome:
    """What a run leaves behind."""

    namespace: dict[str, Any]
    output: str
    error: tuple[str, str] | None
    random_state: torch.Tensor
    warnings: list[tuple[str, str, str, int]]


def run(text: str, recorder: Recorder | None = None) -> Outcome:
    torch.manual_seed(0)
    random.seed(0)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    code = compile(text, FILENAME, "exec")
    error = None
    written = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(written):
        warnings.resetwarnings()
        warnings.simplefilter("default")
        try:
            with recorder or contextlib.nullcontext():
                exec(code, namespace)
        except Exception as raised:
            error = (type(raised).__name__, str(raised))
    told = [(w.category.__name__, str(w.message), w.filename, w.lineno) for w in caught]
    return Outcome(namespace, written.getvalue(), error, torch.get_rng_state(), told)


def recorded(text: str) -> tuple[Outcome, Trace]:
    trace = Trace()
    recorder = Recorder(trace.append)
    recorder.add_source(text, path=None, cell=None, filename=FILENAME)
    outcome = run(text, recorder)
    recorder.cell_ended(outcome.namespace)
    assert recorder.fault is None, recorder.fault
    return outcome, trace


def assert_faithful(text: str) -> Trace:
    """Fails where the recorded program differs from the unrecorded one in anything that its author could notice."""
    run(text)  # Some of torch's warnings come once in a process.
    plain = run(text)
    outcome, trace = recorded(text)
    assert outcome.error == plain.error
    assert outcome.output == plain.output
    assert outcome.warnings == plain.warnings
    assert torch.equal(outcome.random_state, plain.random_state)
    names = [name for name in plain.namespace if not name.startswith("__")]
    assert names == [name for name in outcome.namespace if not name.startswith("__")]
    for name in names:
        value = plain.namespace[name]
        assert same(value, outcome.namespace[name]), name
    return trace


def same(one: object, other: object) -> bool:
    """Bit for bit the same, gradients and flags included."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return _same_tensor(one, other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, torch.nn.Module) and isinstance(other, torch.nn.Module):
        return same(list(one.state_dict().values()), list(other.state_dict().values()))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other)


def _same_tensor(one: torch.Tensor, other: torch.Tensor) -> bool:
    if (one.dtype, one.shape, one.requires_grad, one.is_leaf) != (
        other.dtype,
        other.shape,
        other.requires_grad,
        other.is_leaf,
    ):
        return False
    if (one.grad_fn is None) != (other.grad_fn is None):
        return False
    if one.is_leaf and one.grad is not None:
        return other.grad is not None and same_bits(one.grad, other.grad) and same_bits(one, other)
    return same_bits(one, other)


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.is_meta or other.is_meta:
        return one.is_meta and other.is_meta
    if type(one) is not torch.Tensor and type(one) is not torch.nn.Parameter:
        one, other = (tensor.as_subclass(torch.Tensor) for tensor in (one, other))
    if one.layout != torch.strided:
        one, other = one.to_dense(), other.to_dense()
    return torch.equal(_bits(one), _bits(other))


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach().contiguous()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    if not tensor.is_floating_point():
        return tensor
    return tensor.view({8: torch.int64, 4: torch.int32, 2: torch.int16, 1: torch.int8}[tensor.element_size()])
