"""Loops that hypothesis writes, recorded with little room: what is kept of them is what the whole recording tells."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.long_programs import HEAD
from tests.kernel.thinned import assert_thinned
from tutor.kernel.budget import Limits

LINES = (
    "y = (w * x).sum()\n    y.backward()",
    "(y0 := w * 2).sum().backward()",
    "z = torch.tanh(h * w)\n    z.sum().backward(retain_graph=True)\n    h = z",
    "h = h.detach()",
    "w.grad = None",
    "w.grad = torch.ones(2)",
    "with torch.no_grad():\n        w -= 0.1 * (w if w.grad is None else w.grad)",
    "with torch.no_grad():\n        seen = (w * x).sum()",
    "v = (v * 0.5).detach().requires_grad_()",
    "(v * w).sum().backward()",
    "keep = w * 3\n    keep.retain_grad()",
    "if keep is not None:\n        keep.sum().backward(retain_graph=True)",
    "x = torch.full((2,), float(turn))",
    "buffer.add_(1)",
    "gv, = torch.autograd.grad((v ** 2).sum(), v, create_graph=True)\n    gv.sum().backward()",
    "w.requires_grad_(False)\n    w.requires_grad_(True)",
    "print(turn, w.sum().item())",
    "try:\n        (w * w).backward()\n    except RuntimeError:\n        pass",
    "a = w[0] * buffer[1]\n    a.backward()",
    "out = net(x)\n    out.sum().backward()",
    "opt.step()",
    "opt.zero_grad()",
)


LOOPS = {
    "lines": st.lists(st.sampled_from(LINES), min_size=2, max_size=7),
    "turns": st.integers(10, 40),
    "events": st.integers(200, 1500),
}


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(**LOOPS)
def test_of_any_loop_what_is_kept_is_what_the_whole_recording_tells(
    lines: list[str], turns: int, events: int
) -> None:
    assert_thinned(_loop(lines, turns), Limits(events=events))


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(**LOOPS)
def test_of_any_of_many_loops_what_is_kept_is_what_the_whole_recording_tells(
    lines: list[str], turns: int, events: int
) -> None:
    assert_thinned(_loop(lines, turns), Limits(events=events))


def _loop(lines: list[str], turns: int) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return (
        f"{HEAD}w = torch.ones(2, requires_grad=True)\nv = torch.ones(2, requires_grad=True)\n"
        "x, h, buffer, keep = torch.ones(2), torch.ones(2), torch.zeros(2), None\n"
        "net = torch.nn.Linear(2, 1)\nopt = torch.optim.SGD([*net.parameters(), w], lr=0.01)\n"
        f"for turn in range({turns}):\n{body}"
    )
