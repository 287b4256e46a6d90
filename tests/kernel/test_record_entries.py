"""Every way into the engine, as the trace tells it: what was asked for, what ran, what landed, what came back."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch

from tests.kernel.both_ways import FILENAME, assert_faithful, recorded, run
from tests.kernel.reading import Landed, Read, landed
from tests.traces.recording import record_text

X = "import torch\nx = torch.tensor(3.0, requires_grad=True)\n"


# ------------------------------------------------------------------ what is asked for


def test_what_comes_to_a_tensor_that_is_no_leaf_is_what_truly_came() -> None:
    read = Read(
        X + "y = x * 2\nz = y * 1e-8\nz.backward(inputs=[y], retain_graph=True)\ny.grad += 1e8\n"
        "z.backward(inputs=[y, x])\n"
    )

    assert landed(read, 0) == [Landed("y", None, pytest.approx(1e-8), pytest.approx(1e-8))]
    assert landed(read, 1)[0] == Landed("y", 1e8, pytest.approx(1e-8), 1e8)
    assert landed(read, 1)[1].tensor == "x"


def test_a_backward_for_inputs_leaves_them_retaining_their_gradient() -> None:
    read = Read(X + "y = x * 2\nz = y * y\nz.backward(inputs=[y], retain_graph=True)\nz.backward()\n")
    changes = [(read.name(c.tensor), c.what, c.before, c.after) for c in read.trace.changes]

    assert changes == [("y", "retains_grad", False, True)]
    assert Landed("y", 12.0, 12.0, 24.0) in landed(read, 1)


def test_a_retained_tensor_that_was_written_in_place_is_followed_to_its_new_node() -> None:
    read = Read(X + "y = x * 2\ny.retain_grad()\ny.mul_(3)\n(y * 5).backward()\n")

    assert Landed("y", None, 5.0, 5.0) in landed(read)


def test_a_prehook_on_the_node_does_not_touch_what_the_tensor_retained() -> None:
    read = Read(
        X + "y = x * 2\ny.retain_grad()\ny.grad_fn.register_prehook(lambda g: (g[0] * 10,))\n"
        "y.backward(retain_graph=True)\ny.backward()\n"
    )

    assert [row for row in landed(read, 1) if row.tensor == "y"] == [Landed("y", 1.0, 1.0, 2.0)]


def test_edges_of_the_graph_are_roots_and_inputs() -> None:
    read = Read(
        X + "from torch.autograd.graph import get_gradient_edge\ny = x * x\nz = y * 5\n"
        "torch.autograd.backward(get_gradient_edge(y), torch.tensor(2.0), retain_graph=True)\n"
        "r = torch.autograd.grad(get_gradient_edge(z), [get_gradient_edge(y), get_gradient_edge(x)], torch.tensor(1.0))\n"
    )
    first, second = read.trace.backwards

    assert [read.name(t) for t in first.root_tensors] == ["y"]
    assert landed(read, 0) == [Landed("x", None, 12.0, 12.0)]
    assert [read.name(t) for t in second.inputs] == ["y", "x"]
    assert second.results == [5.0, 30.0]


def test_a_leaf_can_be_a_root() -> None:
    read = Read(X + "x.backward()\n")

    assert landed(read) == [Landed("x", None, 1.0, 1.0)]
    assert [read.node(node) for node in read.trace.backwards[0].roots] == ["AccumulateGrad of x"]


def test_a_dict_of_inputs_is_its_values() -> None:
    read = Read(X + "w = torch.tensor(2.0, requires_grad=True)\n(x * w).backward(inputs={'w': w})\n")

    assert [read.name(t) for t in read.trace.backwards[0].inputs] == ["w"]
    assert landed(read) == [Landed("w", None, 3.0, 3.0)]


def test_zeros_for_unused_inputs_are_torchs() -> None:
    trace = assert_faithful(
        X + "u = torch.ones(1, requires_grad=True)\n"
        "r = torch.autograd.grad(x * x, [x, u], materialize_grads=True)\nprint(r)\n"
    )

    assert trace.backwards[0].results[0] == 6.0


# ------------------------------------------------------------------ higher orders


def test_third_order() -> None:
    read = Read(
        X + "(g,) = torch.autograd.grad(x**4, x, create_graph=True)\n"
        "(h,) = torch.autograd.grad(g, x, create_graph=True)\nh.backward()\n"
    )
    made = [node.created_by.backward for node in read.trace.nodes if node.created_by is not None]

    assert [backward.results for backward in read.trace.backwards] == [[108.0], [108.0], []]
    assert landed(read, 2) == [Landed("x", None, 72.0, 72.0)]
    assert set(made) == {0, 1} and made == sorted(made)
    targets = {edge.to for edge in read.trace.edges}
    assert [n.name for n in read.trace.nodes if n.created_by is not None and n.id not in targets]


def test_the_nodes_of_a_gradient_name_the_step_that_made_them() -> None:
    read = Read(X + "y = x**3\n(g,) = torch.autograd.grad(y, x, create_graph=True)\n")
    (run,) = read.trace.backwards[0].steps

    assert {node.created_by.step for node in read.trace.nodes if node.created_by is not None} == {run.step}


# ------------------------------------------------------------------ re-entrant

IN_FORWARD = (
    X
    + """
class Slope(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        with torch.enable_grad():
            u = t.detach().requires_grad_()
            (u * u).backward()
        return t * u.grad
    @staticmethod
    def backward(ctx, g):
        (t,) = ctx.saved_tensors
        with torch.enable_grad():
            u = t.detach().requires_grad_()
            (k,) = torch.autograd.grad(u**3, u)
        return g * k
y = Slope.apply(x)
y.backward()
"""
)


def test_a_backward_inside_a_custom_functions_forward_is_shown() -> None:
    read = Read(IN_FORWARD)
    first, second, third = read.trace.backwards

    assert (first.parent, second.parent, third.parent) == (None, None, second.id)
    assert [row.after for row in first.accumulations] == [6.0]
    assert third.results == [27.0]
    assert landed(read, 1) == [Landed("x", None, 27.0, 27.0)]
    assert [read.trace.nodes[node].name for node in second.roots] == ["SlopeBackward"]


def test_a_custom_function_that_differentiates_stays_what_it_is() -> None:
    assert_faithful(IN_FORWARD + "print(x.grad, y)\n")


def test_a_backward_in_a_hook_has_its_parent_and_its_own_steps() -> None:
    read = Read(
        X + "w = torch.tensor(2.0, requires_grad=True)\nv = w * w\ny = x * x\n"
        "y.register_hook(lambda g: v.backward())\n(y * 2).backward()\n"
    )
    outer, inner = read.trace.backwards
    inside = [run.step for run in inner.steps]

    assert inner.parent == outer.id
    assert landed(read, 1) == [Landed("w", None, 4.0, 4.0)]
    assert outer.steps[0].step < min(inside) and max(inside) < outer.steps[-1].step


def test_a_backward_through_the_same_graph_from_within_is_kept_apart() -> None:
    read = Read(
        X + "y = x * x\nz = y + 1\nfirst = []\ndef again(g):\n    if not first:\n        first.append(1)\n"
        "        z.backward(retain_graph=True)\ny.register_hook(again)\nz.backward(retain_graph=True)\n"
    )
    outer, inner = read.trace.backwards

    assert [read.node(run.node) for run in inner.steps] == [
        *("AddBackward0", "MulBackward0", "AccumulateGrad of x")
    ]
    assert [read.node(run.node) for run in outer.steps] == [read.node(run.node) for run in inner.steps]
    assert landed(read, 0) == [Landed("x", 6.0, 6.0, 12.0)]


# ------------------------------------------------------------------ modes and errors


@pytest.mark.parametrize(
    "around",
    [
        "torch.autograd.detect_anomaly()",
        "torch.autograd.set_multithreading_enabled(False)",
        "torch.autograd.graph.allow_mutation_on_saved_tensors()",
        "torch.autograd.graph.save_on_cpu()",
        "torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t)",
        "torch.autograd.profiler.record_function('mine')",
    ],
)
def test_what_stands_around_a_backward_changes_nothing_of_it(around: str) -> None:
    trace = assert_faithful(
        X + f"with {around}:\n    a = x * 1\n    y = a.sin()\n    y.backward()\nprint(x.grad)\n"
    )

    names = [trace.nodes[run.node].name for run in trace.backwards[0].steps]
    assert names == ["SinBackward0", "MulBackward0", "AccumulateGrad"]


def test_an_anomaly_is_told_at_the_node_that_made_it() -> None:
    program = X + "with torch.autograd.detect_anomaly():\n    y = torch.sqrt(x * 0) * 0\n    y.backward()\n"
    run(program)  # Some of torch's warnings come once in a process.
    plain = run(program)
    outcome, trace = recorded(program)
    error = trace.backwards[0].error

    assert outcome.error == plain.error
    assert [*map(_from_the_program, outcome.warnings)] == [*map(_from_the_program, plain.warnings)]
    assert any("sqrt" in message for _, message, _, _ in outcome.warnings)
    assert error is not None and error.node is not None
    assert trace.nodes[error.node].name == "SqrtBackward0"


def _from_the_program(warning: tuple[str, str, str, int]) -> tuple[str, str, str, int]:
    """Without the frames that ran the program, which are the test's."""
    category, message, filename, line = warning
    return category, message[message.find(f'File "{FILENAME}"') :], filename, line


BROKEN = {
    "a custom backward raises": (
        "class F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, t):\n        return t * 1\n"
        "    @staticmethod\n    def backward(ctx, g):\n        raise ValueError('broken')\n"
        "y = F.apply(x * 2).exp()\ny.backward()\n",
        "FBackward",
    ),
    "a gradient of a wrong shape": (
        "class F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, t):\n        return t * 1\n"
        "    @staticmethod\n    def backward(ctx, g):\n        return torch.ones(3)\n"
        "y = F.apply(torch.stack([x, x])).exp().sum()\ny.backward()\n",
        "FBackward",
    ),
    "only a part is asked for": (
        "u = x * 1\na = u.exp()\nb = torch.sin(torch.sin(x))\na.backward()\ntorch.autograd.grad(a + b, u)\n",
        "ExpBackward0",
    ),
    "an unused input": ("torch.autograd.grad(x * x, torch.ones(1, requires_grad=True))\n", None),
    "a version that has moved on": ("a = x * 1\ny = a.exp()\ny.mul_(2)\ny.backward()\n", "ExpBackward0"),
}


@pytest.mark.parametrize(("body", "node"), BROKEN.values(), ids=BROKEN.keys())
def test_an_engine_error_keeps_the_steps_taken_and_names_the_node(body: str, node: str | None) -> None:
    assert_faithful(X + body)
    read = Read(X + body)
    last = read.trace.backwards[-1]

    assert last.error is not None and last.end_step is not None
    if node is not None:
        assert last.error.node is not None
        assert read.node(last.error.node) == node
        assert last.steps


# ------------------------------------------------------------------ threads


def test_what_another_thread_computes_is_said_once() -> None:
    read = Read(
        X + "import threading\ndef work():\n    w = torch.ones(2, requires_grad=True)\n"
        "    for _ in range(2):\n        (w * w).sum().backward()\n"
        "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\ny = x * x\ny.backward()\n"
    )

    assert [row.what for row in read.trace.unseen] == ["thread"]
    assert len(read.trace.backwards) == 1


def test_a_forked_child_is_said() -> None:
    read = Read(
        X + "import os\nchild = os.fork()\nif not child:\n    os._exit(0)\nos.waitpid(child, 0)\ny = x * x\n"
    )

    assert [row.what for row in read.trace.unseen] == ["fork"]


def test_a_program_of_one_thread_says_nothing() -> None:
    assert Read(X + "(x * x).backward()\n").trace.unseen == []


def test_a_foreign_thread_in_the_same_graph_leaves_no_steps() -> None:
    read = Read(
        X + "import threading\ny = x * x\nz = y + 1\ndef hook(g):\n"
        "    thread = threading.Thread(target=lambda: z.backward(retain_graph=True))\n"
        "    thread.start()\n    thread.join()\n"
        "handle = x.register_hook(lambda g: None)\nw = y * 3\nw.register_hook(hook)\nw.backward(retain_graph=True)\n"
    )

    assert len(read.trace.backwards) == 1
    assert [run.grad_outputs for run in read.trace.backwards[0].steps] == [[1.0], [3.0], [18.0]]
    assert [row.what for row in read.trace.unseen] == ["thread"]


def test_a_backward_from_one_of_the_engines_own_threads_belongs_to_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On the CPU the engine works in the caller's thread: here that one passes for a device thread."""
    here, original = threading.get_ident(), threading.get_ident
    namespace: dict[str, Any] = {
        "__name__": "__main__",
        "leave": lambda: monkeypatch.setattr(threading, "get_ident", lambda: here + 1),
        "come_back": lambda: monkeypatch.setattr(threading, "get_ident", original),
    }
    trace = record_text(
        X + "w = torch.tensor(2.0, requires_grad=True)\nv = w * w\ny = x * x\n"
        "def nested(g):\n    leave()\n    v.backward()\n    come_back()\n    return g\n"
        "y.register_hook(nested)\n(y * 2).backward()\n",
        namespace=namespace,
    )

    assert [backward.parent for backward in trace.backwards] == [None, 0]
    assert [row.after for row in trace.backwards[1].accumulations] == [4.0]
    assert trace.unseen == []


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


@needs_gpu
def test_on_a_gpu_hooks_and_nested_backwards_are_seen() -> None:
    read = Read(
        "import torch\nx = torch.tensor(3.0, device='cuda', requires_grad=True)\ny = x * x\n"
        "w = torch.tensor(2.0, device='cuda', requires_grad=True)\nv = w * w\n"
        "def hook(g):\n    v.backward()\n    return g * 2\ny.register_hook(hook)\ny.backward()\n"
    )

    assert [backward.parent for backward in read.trace.backwards] == [None, 0]
    assert landed(read, 0) == [Landed("x", None, 12.0, 12.0)]
    assert any(read.code(op.span) == "g * 2" and op.backward == 0 for op in read.trace.operations)
