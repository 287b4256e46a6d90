"""Near Python's limit of calls: the recorder has room, the learner's code has no more than it would have, none is lost."""

from __future__ import annotations

import sys

import pytest

from tests.kernel.both_ways import Outcome, recorded, run
from tests.kernel.functions import TWICE
from tests.kernel.soundness import assert_sound
from tutor.kernel import room
from tutor.trace.trace import Trace

FEW = 12
"""Calls that the entries of the recorder itself take, where there are no more to be had."""

HEAD = """\
import sys
import torch
depth, told = 0, []
x = torch.ones(1, requires_grad=True)
def deep(t):
    global depth
    depth += 1
    return deep(t * 2)
"""
ENDLESS = {
    "a function": "def begin(): deep(x)\n",
    "a module that calls itself": """\
class Down(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(1, 1)
    def forward(self, t):
        global depth
        depth += 1
        return self(self.inner(t))
down = Down()
def begin(): down(x)
""",
    "a hook": "y = x * 3\nhandle = y.register_hook(deep)\ndef begin(): y.backward()\n",
    "a backward of one's own": """\
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        return t * 2
    @staticmethod
    def backward(ctx, g):
        return deep(g)
def begin(): Twice.apply(x).backward()
""",
    "a Function within itself": """\
class Within(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        global depth
        depth += 1
        return Within.apply(t * 2)
    @staticmethod
    def backward(ctx, g):
        return g
def begin(): Within.apply(x)
""",
    "a backward at each depth": """\
def downwards(t):
    global depth
    depth += 1
    (t * 2).sum().backward()
    return downwards(t)
def begin(): downwards(x)
""",
}
TAIL = """\
try:
    begin()
except RecursionError as error:
    told = [type(error).__name__, error.__context__, error.__cause__]
limit = sys.getrecursionlimit()
x.grad = None
z = x * 3
z.sum().backward()
after = x.grad
"""

WORK = f"""\
{TWICE}
def work():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Linear(2, 1)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    h = model(torch.ones(3, 2))
    h.register_hook(lambda g: g * 2)
    (Twice.apply(h) ** 2).mean().backward()
    optimizer.step()
    a = torch.ones(2, requires_grad=True)
    b = a * 1
    b[0] = 5
    torch.nn.functional.softmax(b, 0).sum().backward()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        (a * a).sum().backward()
    told.append("all")
def at(n):
    return work() if n == 0 else at(n - 1)
def begin(): at(%d)
work()
"""
"""Much of what there is to record, under so many calls."""


def _told(text: str) -> tuple[Outcome, Outcome, Trace]:
    run(text)
    plain = run(text)
    outcome, trace = recorded(text)
    assert_sound(trace)
    return plain, outcome, trace


@pytest.mark.parametrize("program", ENDLESS.values(), ids=ENDLESS)
def test_a_recursion_without_end_ends_as_it_would_and_is_recorded(program: str) -> None:
    limit = sys.getrecursionlimit()
    plain, outcome, trace = _told(HEAD + program + TAIL)

    names = plain.namespace, outcome.namespace
    assert [space["told"] for space in names] == [["RecursionError", None, None]] * 2
    assert 0 <= names[0]["depth"] - names[1]["depth"] <= FEW
    assert [space["limit"] for space in names] == [limit, limit] and sys.getrecursionlimit() == limit
    assert [space["after"].tolist() for space in names] == [[3.0], [3.0]]
    if "Within" not in program:  # of a Function, what its forward does is no operation
        assert len(trace.operations) >= names[1]["depth"]
    assert [run.grad_outputs for run in trace.backwards[-1].steps][-1] == [[3.0]]


@pytest.mark.parametrize("above", range(FEW, 60, 6))
def test_all_is_recorded_however_little_room_there_is(above: int) -> None:
    depth = _deepest() - above
    plain, outcome, trace = _told(HEAD + WORK % depth + TAIL)

    assert plain.namespace["told"] == outcome.namespace["told"] == ["all", "all"]
    functions = [operation.function for operation in trace.operations[1:-2]]
    assert functions[: len(functions) // 2] == functions[len(functions) // 2 :]


def _deepest() -> int:
    """Under how many calls the work is done without the recorder: whoever runs the tests has calls of their own."""
    limit = sys.getrecursionlimit()
    return next(n for n in range(limit, 0, -4) if run(HEAD + WORK % n + TAIL).namespace["told"][-1] == "all")


def test_a_limit_that_the_learner_sets_meanwhile_stays() -> None:
    before = sys.getrecursionlimit()
    opened = room.Room()
    try:
        opened.lent(lambda: sys.setrecursionlimit(before + 7))()
        opened.close()
        assert sys.getrecursionlimit() == before + 7
    finally:
        sys.setrecursionlimit(before)


def test_what_is_lent_is_the_frames_of_the_recorder_alone() -> None:
    before = sys.getrecursionlimit()
    seen: list[int] = []

    def nested(times: int) -> None:
        seen.append(sys.getrecursionlimit())
        if times:
            opened = room.Room()
            opened.lent(nested)(times - 1)
            opened.close()

    nested(3)
    assert seen == [before, before + 1, before + 2, before + 3]
    assert sys.getrecursionlimit() == before
