"""The learner's hooks as the trace tells them: in firing order, what each saw and what it made of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read, landed
from tests.traces.recording import record_text
from tutor.protocol import Data

X = "import torch\nx = torch.tensor(3.0, requires_grad=True)\n"


class Ran(NamedTuple):
    kind: str
    function: str
    before: Data = None
    after: Data = None


def ran(read: Read) -> list[Ran]:
    return [Ran(hook.kind, hook.function, hook.before, hook.after) for hook in read.trace.hooks]


EVERY_KIND = (
    X
    + """
order = []
y = x * 2
z = y * y
def double(g):
    order.append('double')
    return g * 2
def look(g):
    order.append('look')
def before(grads):
    order.append('before')
    return tuple(g + 1 for g in grads)
def behind(sent, received):
    order.append('behind')
    return tuple(None if g is None else g * 10 for g in sent)
def halve(t):
    order.append('halve')
    t.grad = t.grad / 2
y.register_hook(look)
y.register_hook(double)
y.grad_fn.register_prehook(before)
y.grad_fn.register_hook(behind)
x.register_hook(look)
x.register_post_accumulate_grad_hook(halve)
z.backward()
"""
)


def test_every_kind_is_told_in_firing_order() -> None:
    read = Read(EVERY_KIND)

    assert ran(read) == [
        Ran("tensor", "look", 12.0),
        Ran("tensor", "double", 12.0, 24.0),
        Ran("prehook", "before", [24.0], [25.0]),
        Ran("posthook", "behind", [50.0, None], [500.0, None]),
        Ran("tensor", "look", 500.0),
        Ran("post_accumulate", "halve"),
    ]
    assert landed(read)[0].after == 500.0


def test_hooks_change_nothing_for_who_is_recorded() -> None:
    assert_faithful(
        EVERY_KIND + "left = [len(x._backward_hooks), len(y._backward_hooks)]\nprint(order, left)\n"
    )


def test_a_row_names_its_step_node_tensor_and_the_line_that_registered_it() -> None:
    read = Read(EVERY_KIND)
    rows = read.trace.hooks
    steps = {run.node: run.step for run in read.trace.backwards[0].steps}

    assert [read.node(row.node) for row in rows if row.node is not None] == [
        *["MulBackward0"] * 4,
        *["AccumulateGrad of x"] * 2,
    ]
    assert [row.step for row in rows] == [steps[row.node] for row in rows if row.node is not None]
    assert [None if row.tensor is None else read.name(row.tensor) for row in rows] == [
        *("y", "y", None, None, "x", "x")
    ]
    assert [read.code(row.span) for row in rows[:4]] == [
        "y.register_hook(look)",
        "y.register_hook(double)",
        "y.grad_fn.register_prehook(before)",
        "y.grad_fn.register_hook(behind)",
    ]
    assert {row.backward for row in rows} == {0}


def test_a_removed_hook_is_told_until_it_is_gone() -> None:
    read = Read(
        X
        + "y = x * x\nh = y.register_hook(lambda g: g * 2)\ny.register_hook(lambda g: None)\n"
        + "y.backward(retain_graph=True)\nh.remove()\ny.backward()\n"
    )

    assert [row.backward for row in read.trace.hooks] == [0, 0, 1]
    assert [row.after for row in read.trace.hooks] == [2.0, None, None]


def test_a_hook_that_is_removed_while_torch_calls_them_still_runs() -> None:
    read = Read(
        X
        + "y = x * x\ndef first(g):\n    h.remove()\ny.register_hook(first)\n"
        + "h = y.register_hook(lambda g: g + 1)\ny.backward(retain_graph=True)\ny.backward()\n"
    )

    assert [(row.function, row.backward, row.after) for row in read.trace.hooks] == [
        ("first", 0, None),
        ("<lambda>", 0, 2.0),
        ("first", 1, None),
    ]


def test_a_hook_that_is_registered_in_a_hook_is_told() -> None:
    read = Read(
        X
        + "y = x * x\nz = y * 2\ndef late(sent, received):\n    return tuple(g * 3 for g in sent)\n"
        + "def register(g):\n    y.register_hook(lambda g: g + 1)\n    y.grad_fn.register_hook(late)\n"
        + "z.register_hook(register)\nz.backward()\n"
    )

    assert [(row.function, row.after) for row in read.trace.hooks] == [
        ("register", None),
        ("<lambda>", 3.0),
        ("late", [27.0, 27.0]),
    ]
    assert landed(read)[0].incoming == 54.0
    assert [27.0, 27.0] in [run.grad_inputs for run in read.trace.backwards[0].steps]


def test_a_hook_that_raises_is_told_and_names_its_node() -> None:
    read = Read(
        X
        + "y = x * x\nz = y + 1\ny.register_hook(lambda g: None)\ndef no(g):\n    raise ValueError('no')\n"
        + "y.register_hook(no)\ny.register_hook(lambda g: g)\nz.backward()\n"
    )
    error = read.trace.error

    assert [row.function for row in read.trace.hooks] == ["<lambda>", "no"]
    assert error is not None and error.node is not None
    assert read.node(error.node) == "MulBackward0"
    assert read.trace.hooks[-1].step == error.step


def test_the_error_of_a_wrong_return_names_the_learners_hook() -> None:
    assert_faithful(
        X
        + "y = x * x\ndef shapeless(g):\n    return torch.ones(7)\ny.register_hook(shapeless)\n"
        + "try:\n    y.backward()\nexcept RuntimeError as error:\n    print(error)\n"
    )


def test_a_hook_sees_the_frames_that_torch_calls_it_from() -> None:
    assert_faithful(
        X
        + "import sys, warnings\ny = x * x\ndef hook(g):\n"
        + "    print(sys._getframe(1).f_code.co_name)\n    warnings.warn('from a hook', stacklevel=1)\n"
        + "y.register_hook(hook)\ny.backward()\n"
    )


def test_torchs_dict_of_hooks_is_the_learners_again() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    record_text(EVERY_KIND, namespace=namespace)

    for tensor in (namespace["x"], namespace["y"]):
        assert all(type(key) is int for key in tensor._backward_hooks)


def test_a_hook_on_several_gradients_is_told_when_it_is_called() -> None:
    read = Read(
        X
        + "a = x * 2\nb = x * 5\ndef both(grads):\n    pass\ndef either(grad):\n    pass\n"
        + "torch.autograd.graph.register_multi_grad_hook((a, b), both)\n"
        + "torch.autograd.graph.register_multi_grad_hook((a, b), either, mode='any')\n"
        + "(a * b).backward()\n"
    )

    assert sorted(row.function for row in read.trace.hooks) == ["both", "either"]


def test_a_modules_hooks_are_told_by_the_learners_functions() -> None:
    read = Read(
        "import torch\nnet = torch.nn.Linear(2, 1)\ndef forwards(module, grad_output):\n    pass\n"
        + "def backwards(module, grad_input, grad_output):\n    pass\n"
        + "net.register_full_backward_pre_hook(forwards)\nnet.register_full_backward_hook(backwards)\n"
        + "net(torch.ones(3, 2, requires_grad=True)).sum().backward()\n"
    )

    assert [row.function for row in read.trace.hooks] == ["forwards", "backwards"]


def test_a_hook_of_an_input_of_autograd_grad_runs_without_its_node() -> None:
    read = Read(X + "y = x * x\nx.register_hook(lambda g: g * 2)\n(g,) = torch.autograd.grad(y, x)\n")

    assert ran(read) == [Ran("tensor", "<lambda>", 6.0, 12.0)]
    assert read.trace.backwards[0].results == [12.0]


@pytest.mark.parametrize("registered", ["x.register_hook(h)", "x.register_post_accumulate_grad_hook(h)"])
def test_a_leafs_hook_is_told_even_when_it_is_older_than_the_recording(registered: str) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(X + "def h(g):\n    pass\n" + registered, namespace)

    trace = record_text("(x * 2).backward()\n", namespace=namespace)

    assert [row.function for row in trace.hooks] == ["h"]


def test_in_a_nested_backward_the_rows_are_the_nested_ones() -> None:
    read = Read(
        X
        + "y = x * x\nw = torch.tensor(2.0, requires_grad=True)\nv = w * w\nv.register_hook(lambda g: g * 3)\n"
        + "def nested(g):\n    v.backward()\n    return g\ny.register_hook(nested)\n"
        + "y.register_hook(lambda g: g + 1)\ny.backward()\n"
    )

    assert [(row.function, row.backward) for row in read.trace.hooks] == [
        ("<lambda>", 1),
        ("nested", 0),
        ("<lambda>", 0),
    ]
    assert read.trace.backwards[1].parent == 0


def test_a_program_without_hooks_has_no_rows() -> None:
    assert Read(X + "(x * 2).backward()\n").trace.hooks == []
