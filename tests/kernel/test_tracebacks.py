"""What a program sees of its own exceptions, frame by frame, is what it would see without the recorder."""

from __future__ import annotations

import pytest

from tests.kernel.both_ways import recorded, run

HEAD = """\
import sys
import traceback
import torch
from torch import nn
x = torch.ones(2, requires_grad=True)
class Own(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.work = work
    def forward(self, t):
        return self.work(t)
class Breaks(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        return t * 2 if t.sum() > 0 else t @ torch.ones(7)
    @staticmethod
    def backward(ctx, g):
        raise ValueError("backwards")
def fails(g):
    raise ValueError("hook")
def frames():
    error, found = sys.exc_info()[1], []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_qualname, trace.tb_lineno, trace.tb_lasti))
        trace = trace.tb_next
    return found, traceback.format_exc(), repr(error.__context__)
"""
TAIL = "    told = None\nexcept Exception:\n    told = frames()\n"
FAILING = {
    "an operator": "x @ torch.ones(7)",
    "a method": "x.reshape(7)",
    "torch's layer": "nn.Sequential(nn.Linear(3, 2))(x)",
    "one's own layer": "nn.Sequential(Own(fails))(x)",
    "a function in Python inside a layer": "Own(lambda t: nn.functional.softmax(t, 7))(x)",
    "functions within functions": "Own(lambda t: nn.functional.mse_loss(t, torch.ones(3)))(x)",
    "a second backward inside a layer": "Own(lambda t: (t * 2).backward())(x)",
    "a Function's forward": "Breaks.apply(-x)",
    "a Function's backward inside a layer": "Own(lambda t: Breaks.apply(t).sum().backward())(x)",
}


@pytest.mark.parametrize("text", FAILING.values(), ids=FAILING)
def test_a_traceback_is_as_without_the_recorder(text: str) -> None:
    program = f"{HEAD}try:\n    {text}\n{TAIL}"
    run(program)
    plain, (outcome, _trace) = run(program), recorded(program)

    assert plain.namespace["told"] is not None
    assert outcome.namespace["told"] == plain.namespace["told"]


def test_a_function_in_python_called_by_the_program_itself_is_seen_twice() -> None:
    """torch goes to the mode from the function's own frame, which no frame of ours encloses: that one stays."""
    program = f"{HEAD}try:\n    nn.functional.softmax(x, 7)\n{TAIL}"
    run(program)
    plain, (outcome, _trace) = run(program), recorded(program)

    names = [[name for name, _, _ in seen.namespace["told"][0]] for seen in (plain, outcome)]
    assert names == [["<module>", "softmax"], ["<module>", "softmax", "handle_torch_function", "softmax"]]
