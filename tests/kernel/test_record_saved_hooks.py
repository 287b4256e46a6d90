"""Saved tensors under hooks: what was packed is shown, each call is told, and nothing is unpacked for the recorder."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read
from tests.traces.recording import record_text
from tutor.protocol import Data, Node
from tutor.trace.freed import freed_at

X = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"
HOOKS = (
    X
    + """
calls = []
def pack(t):
    calls.append('pack')
    return ('kept', t.detach() * 2)
def unpack(packed):
    calls.append('unpack')
    return packed[1] / 2
with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
    y = x * x
z = y.exp().sum()
"""
)


def node(read: Read, name: str) -> Node:
    (found,) = (node for node in read.trace.nodes if node.name == name)
    return found


def test_what_was_packed_is_shown() -> None:
    saved = node(Read(HOOKS), "MulBackward0").saved

    assert [saved[key]["of"] for key in ("packed[0]", "packed[1]")] == ["other", "self"]
    assert saved["packed[0]"]["packed"] == [
        "kept",
        {"tensor": None, "version": None, "shape": [2], "value": [2.0, 4.0]},
    ]


def test_what_is_saved_outside_is_shown_as_ever() -> None:
    read = Read(HOOKS)
    result = node(read, "ExpBackward0").saved["result"]["tensor"]

    assert read.code(read.trace.operations[2].span) == "y.exp()"
    assert read.trace.operations[2].outputs == [result]


def test_every_call_is_told() -> None:
    read = Read(HOOKS + "z.backward()\n")
    run = next(run for run in read.trace.backwards[0].steps if read.node(run.node) == "MulBackward0")
    rows = read.trace.hooks

    assert [(row.kind, row.function) for row in rows] == [("pack", "pack")] * 2 + [("unpack", "unpack")] * 2
    assert [(row.before, row.after) for row in rows[1:3]] == [
        ([1.0, 2.0], ["kept", [2.0, 4.0]]),
        (["kept", [2.0, 4.0]], [1.0, 2.0]),
    ]
    assert [read.trace.steps[row.step].kind for row in rows[:2]] == ["operation"] * 2
    assert {(row.node, row.step, row.backward) for row in rows[2:]} == {(run.node, run.step, 0)}
    assert read.code(rows[0].span).startswith("with torch.autograd.graph.saved_tensors_hooks(pack, unpack):")


def test_nothing_is_unpacked_for_the_recorder() -> None:
    assert_faithful(HOOKS + "z.backward()\nprint(calls)\n")


def test_nodes_from_before_the_recording_are_not_unpacked_either() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(HOOKS, namespace)
    trace = record_text("z.backward()\n", namespace=namespace)
    (mul,) = (node for node in trace.nodes if node.name == "MulBackward0")

    assert namespace["calls"] == ["pack", "pack", "unpack", "unpack"]
    assert mul.saved["packed[0]"]["packed"][0] == "kept"


def test_a_recording_that_begins_under_hooks_shows_what_they_packed() -> None:
    calls = []

    def pack(tensor: torch.Tensor) -> str:
        calls.append("pack")
        return "on a disk"

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda text: torch.ones(2)):
        trace = record_text(X + "y = x * x\n")

    assert calls == ["pack", "pack"]
    assert [n.saved["packed[0]"]["packed"] for n in trace.nodes if n.name == "MulBackward0"] == ["on a disk"]


def test_a_custom_functions_saved_tensors_are_packed_too() -> None:
    read = Read(
        X
        + """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        ctx.times = 2
        return t * t
    @staticmethod
    def backward(ctx, g):
        return ctx.times * g * ctx.saved_tensors[0]
with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), lambda a: torch.from_numpy(a)):
    y = Square.apply(x)
y.sum().backward()
"""
    )
    saved = node(read, "SquareBackward").saved

    assert (saved["packed[0]"]["packed"], saved["packed[0]"]["of"]) == ("<ndarray>", "saved_tensors[0]")
    assert saved["ctx.times"] == 2
    assert [row.kind for row in read.trace.hooks] == ["pack", "unpack"]


def test_save_on_cpu_is_such_a_pair() -> None:
    read = Read(X + "with torch.autograd.graph.save_on_cpu():\n    y = x * x\ny.sum().backward()\n")

    assert [row.function for row in read.trace.hooks] == ["pack_to_cpu"] * 2 + ["unpack_from_cpu"] * 2


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints_recompute_as_without_the_recorder(reentrant: bool) -> None:
    trace = assert_faithful(
        X
        + "from torch.utils.checkpoint import checkpoint\ncalls = []\ndef f(t):\n    calls.append(1)\n"
        + "    return torch.sin(t) * t\ndef g(t):\n"
        + f"    return checkpoint(f, t, use_reentrant={reentrant}) * 2\n"
        + f"y = checkpoint(g, x, use_reentrant={reentrant}).sum()\ny.backward()\nprint(len(calls), x.grad)\n"
    )

    assert [op.function for op in trace.operations if op.backward is not None].count("torch.sin") >= 1


def test_packed_tensors_are_freed_like_others() -> None:
    read = Read(HOOKS + "z.backward()\n")

    assert freed_at(read.trace, node(read, "MulBackward0").id) is not None


def test_an_error_in_a_hook_is_the_learners() -> None:
    program = HOOKS.replace("return packed[1] / 2", "raise ValueError('lost')") + "z.backward()\n"
    trace = assert_faithful(program)

    assert trace.backwards[0].error is not None and trace.backwards[0].error.message == "lost"


def _saved(text: str) -> list[dict[str, Data]]:
    return [node.saved for node in record_text(text).nodes]


@pytest.mark.parametrize(
    "operation",
    [
        *(
            "x * x",
            "x.exp()",
            "torch.stack([x, x])",
            "x[0]",
            "x ** 3",
            "x.softmax(0)",
            "torch.cat([x, x]).std()",
        ),
        *(
            "torch.nn.functional.linear(x, torch.ones(3, 2))",
            "torch.nn.functional.dropout(x)",
            "x.to(torch.float64)",
        ),
    ],
)
def test_reading_carefully_finds_what_reading_plainly_finds(operation: str) -> None:
    on = "with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):\n    pass\n"

    assert _saved(X + on + f"y = {operation}\n") == _saved(X + f"\n\ny = {operation}\n")
