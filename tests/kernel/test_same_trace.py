"""Same text, same settings, same trace, byte for byte: in any process, at any time in it, whatever the hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

RECORD_ALL = """
import hashlib, json, sys
from tests.traces.programs import PROGRAMS
from tests.traces.recording import record_text
from tests.kernel.test_same_trace import MORE
from tutor.trace.file import encode_trace

programs = {**PROGRAMS, **MORE}
order = sorted(programs, reverse=sys.argv[1] == "backwards")
json.dump({name: hashlib.sha256(encode_trace(record_text(programs[name]))).hexdigest() for name in order}, sys.stdout)
"""

MORE = {
    "training": """
import torch
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
for turn in range(3):
    optimizer.zero_grad()
    loss = net(torch.randn(5, 3)).pow(2).mean()
    loss.backward()
    optimizer.step()
    print(turn, loss.item())
""",
    "higher orders, hooks and a Function": """
import torch

class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g

x = torch.tensor([1.0, 2.0], requires_grad=True)
x.register_hook(lambda g: g * 2)
y = Cube.apply(x).sum()
(first,) = torch.autograd.grad(y, x, create_graph=True)
first.sum().backward()
jacobian = torch.autograd.functional.jacobian(lambda t: t**2, x)
""",
    "many names and an error": """
import torch
parts = {name: torch.ones(2, requires_grad=True) for name in "abcdefgh"}
total = sum(part * k for k, part in enumerate(parts.values()))
views = [total[0], total[1:], total.view(2, 1)]
with torch.no_grad():
    for part in parts.values():
        part.add_(1)
total.sum().backward()
total.sum().backward()
""",
}


def recorded(order: str, hash_seed: str) -> dict[str, str]:
    """The hash of each program's trace, recorded one after the other in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", RECORD_ALL, order],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    hashes: dict[str, str] = json.loads(done.stdout)
    return hashes


@pytest.mark.kernel
def test_every_process_records_the_same_bytes() -> None:
    first = recorded("forwards", "0")

    assert recorded("backwards", "1") == first
