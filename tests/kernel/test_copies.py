"""Gradients copied from an accelerator: the same trace as read at once. Here the CPU's own tensors pass for away ones."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.traces.programs import PROGRAMS
from tests.traces.recording import record_text
from tutor.kernel import copies
from tutor.kernel.budget import DEFAULT_LIMITS
from tutor.kernel.capture import gradient
from tutor.protocol import Data
from tutor.trace.trace import Trace

LARGE = [
    torch.linspace(-2, 3, 2_000),
    torch.linspace(-2, 3, 90_000).reshape(300, 300),
    torch.full((2_000,), float("nan")),
    torch.tensor([float("inf"), *[1.0] * 2_000, float("nan")]),
    torch.full((2_000,), 1e30),
    torch.complex(torch.full((2_000,), 3.0), torch.full((2_000,), 4.0)),
]


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "is_away", lambda tensor: isinstance(tensor, torch.Tensor))


def _read(tensor: torch.Tensor | None) -> Data:
    return gradient(tensor, DEFAULT_LIMITS)


def _records(trace: Trace) -> dict[str, Any]:
    return {
        "backwards": trace.backwards,
        "steps": trace.steps,
        "changes": trace.changes,
        "hooks": trace.hooks,
        "operations": trace.operations,
    }


HOOKED = """\
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.ones(2_000, requires_grad=True)
y = x * x
y.retain_grad()
y.register_hook(lambda g: g * 2)
x.register_post_accumulate_grad_hook(lambda t: t.grad.mul_(3))
for turn in range(2):
    (y.sum() * (w * w).sum()).backward(retain_graph=True)
    x.grad += 1
"""


@pytest.mark.usefixtures("away")
def test_a_value_is_read_when_it_has_arrived() -> None:
    taken = copies.Copies(DEFAULT_LIMITS, _read)
    tensor = torch.tensor([1.0, float("nan")])
    pending = taken.take(tensor)
    same = taken.take(tensor)
    tensor.mul_(5)
    later = taken.take(tensor)
    taken.arrive()

    assert same is pending
    assert (copies.arrived(pending), copies.arrived(later)) == ([1.0, "nan"], [5.0, "nan"])


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("tensor", LARGE, ids=["plain", "sampled", "nan", "mixed", "huge", "complex"])
def test_statistics_are_those_that_are_read_at_once(tensor: torch.Tensor) -> None:
    taken = copies.Copies(DEFAULT_LIMITS, _read).take(tensor)
    there, here = copies.arrived(taken), _read(tensor)

    assert isinstance(taken, copies.Pending)
    assert there["shape"] == here["shape"]
    for name, value in here["stats"].items():
        # Another sample may be looked at.
        assert there["stats"][name] == (value if value is None else pytest.approx(value, rel=0.02)), name


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("tensor", [torch.eye(3).to_sparse(), torch.ones(2, device="meta"), None])
def test_what_cannot_be_copied_is_read_at_once(tensor: torch.Tensor | None) -> None:
    assert copies.arrived(copies.Copies(DEFAULT_LIMITS, _read).take(tensor)) == _read(tensor)


@pytest.mark.parametrize("program", [*PROGRAMS.values(), HOOKED], ids=[*PROGRAMS, "hooked"])
def test_the_trace_is_the_same_as_without_copies(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = _records(record_text(program))
    monkeypatch.setattr(copies, "is_away", lambda tensor: isinstance(tensor, torch.Tensor))
    later = _records(record_text(program))

    for name, rows in at_once.items():
        assert repr(later[name]) == repr(rows), name


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_a_gpu_the_values_arrive() -> None:
    trace = record_text(HOOKED.replace("requires_grad", "device='cuda', requires_grad"))

    assert [row.after for row in trace.backwards[0].accumulations if row.tensor == 0] == [
        [4000.0 * 2, 8000.0 * 2]
    ]
