"""Runs a program's text without and with the recorder and compares everything that its author could notice."""

from __future__ import annotations

import contextlib
import io
import linecache
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
    grad_enabled: bool
    warnings: list[tuple[str, str, str, int]]


def run(text: str, recorder: Recorder | None = None) -> Outcome:
    torch.manual_seed(0)
    random.seed(0)
    torch.set_grad_enabled(True)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    code = compile(text, FILENAME, "exec")
    linecache.cache[FILENAME] = (len(text), None, text.splitlines(keepends=True), FILENAME)
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
    enabled = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    return Outcome(namespace, written.getvalue(), error, torch.get_rng_state(), enabled, told)


def recorded(text: str) -> tuple[Outcome, Trace]:
    trace = Trace()
    recorder = Recorder(trace.extend)
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
    assert_same(plain, outcome)
    return trace


def assert_same(plain: Outcome, outcome: Outcome) -> None:
    assert outcome.error == plain.error
    assert outcome.output == plain.output
    assert outcome.warnings == plain.warnings
    assert outcome.grad_enabled == plain.grad_enabled
    assert torch.equal(outcome.random_state, plain.random_state)
    names = [name for name in plain.namespace if not name.startswith("__")]
    assert names == [name for name in outcome.namespace if not name.startswith("__")]
    for name in names:
        value = plain.namespace[name]
        assert same(value, outcome.namespace[name]), name


def same(one: object, other: object) -> bool:
    """Bit for bit the same, gradients and flags included; the program's own objects by what they hold."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return _same_tensor(one, other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, torch.nn.Module) and isinstance(other, torch.nn.Module):
        return same(list(one.state_dict().values()), list(other.state_dict().values()))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if type(one) in _PLAIN:
        return type(one) is type(other) and one == other
    if type(one).__module__ == "__main__" and not isinstance(one, type):
        return type(one).__name__ == type(other).__name__ and same(_held(one), _held(other))
    return type(one).__name__ == type(other).__name__


_PLAIN = (bool, int, complex, str, bytes, type(None), set, frozenset, torch.Size, torch.dtype, torch.device)


def _held(value: object) -> dict[str, object]:
    return dict(getattr(value, "__dict__", {}))


def _same_tensor(one: torch.Tensor, other: torch.Tensor) -> bool:
    if type(one).__name__ != type(other).__name__:
        return False
    if one.is_nested or other.is_nested:
        return one.is_nested and other.is_nested and same(list(one.unbind()), list(other.unbind()))
    with torch._C.DisableTorchFunction():
        if _flags(one) != _flags(other):
            return False
        if one.is_leaf and (one.grad is not None or other.grad is not None):
            return same(one.grad, other.grad) and same_bits(one, other)
        return same_bits(one, other)


def _flags(tensor: torch.Tensor) -> tuple[object, ...]:
    plain = tensor if type(tensor) is torch.Tensor else tensor.as_subclass(torch.Tensor)
    node = None if tensor.grad_fn is None else tensor.grad_fn.name()
    version = None if plain.is_inference() else plain._version
    return plain.dtype, plain.shape, plain.requires_grad, plain.is_leaf, node, version


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.is_meta or other.is_meta:
        return one.is_meta and other.is_meta
    if type(one) is not torch.Tensor and type(one) is not torch.nn.Parameter:
        one, other = (tensor.as_subclass(torch.Tensor) for tensor in (one, other))
    if one.is_nested:
        return all(map(same_bits, one.unbind(), other.unbind()))
    if one.is_quantized:
        one, other = one.int_repr(), other.int_repr()
    if one.layout != torch.strided:
        one, other = one.to_dense(), other.to_dense()
    return torch.equal(_bits(one), _bits(other))


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach().contiguous()
    if tensor.element_size() == 1:
        return tensor.view(torch.uint8)
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    if not tensor.is_floating_point():
        return tensor
    return tensor.view({8: torch.int64, 4: torch.int32, 2: torch.int16, 1: torch.int8}[tensor.element_size()])
