"""What the engine does, as the trace tells it: order, gradients at every node, accumulation, errors, hooks."""

from __future__ import annotations

from tests.kernel.reading import Landed, Read, landed
from tests.traces import golden

X = "import torch\nx = torch.tensor(3.0, requires_grad=True)\n"


def test_the_engine_runs_from_the_result_to_the_leaves() -> None:
    read = Read("", golden("q"))

    assert read.steps()[7:13] == [
        "0: SubBackward0",
        "0: PowBackward0",
        "0: AccumulateGrad of b",
        "0: MulBackward0",
        "0: PowBackward0",
        "0: AccumulateGrad of a",
    ]


def test_gradients_accumulate_over_two_backwards() -> None:
    read = Read("", golden("q"))

    assert landed(read, 0) == [
        Landed("b", None, [-12.0, -8.0], [-12.0, -8.0]),
        Landed("a", None, [36.0, 81.0], [36.0, 81.0]),
    ]
    assert landed(read, 1) == [
        Landed("b", [-12.0, -8.0], [-12.0, -8.0], [-24.0, -16.0]),
        Landed("a", [36.0, 81.0], [36.0, 81.0], [72.0, 162.0]),
    ]


def test_a_backward_knows_its_entry_roots_and_v() -> None:
    backward = golden("q").backwards[0]

    assert (backward.entry, backward.gradients, backward.parent) == ("Tensor.backward", [[1.0, 1.0]], None)
    assert [golden("q").nodes[node].name for node in backward.roots] == ["SubBackward0"]
    assert golden("slope").backwards[0].gradients == [1.0]


def test_every_node_tells_what_came_and_what_went() -> None:
    read = Read("", golden("two_paths"))
    runs = {read.node(run.node): (run.grad_outputs, run.grad_inputs) for run in read.trace.backwards[0].steps}

    assert runs == {
        "AddBackward0": ([1.0], [1.0, 1.0]),
        "MulBackward0": ([1.0], [3.0, 2.0]),
        "AccumulateGrad of a": ([4.0], []),
        "AccumulateGrad of b": ([2.0], []),
    }


def test_a_leaf_used_twice_accumulates_once_a_backward() -> None:
    read = Read(X + "y = x*x + x\ny.backward(retain_graph=True)\ny.backward()\n")

    assert landed(read, 0) == [Landed("x", None, 7.0, 7.0)]
    assert landed(read, 1) == [Landed("x", 7.0, 7.0, 14.0)]


# ------------------------------------------------------------------ other entries


def test_autograd_grad_returns_its_results_and_fills_nothing() -> None:
    read = Read(X + "y = x**3\n(g,) = torch.autograd.grad(y, x)\nz = g * 2\n")
    backward = read.trace.backwards[0]

    assert (backward.entry, backward.results, backward.accumulations) == ("autograd.grad", [27.0], [])
    assert backward.inputs == [read.ids["x"]]
    assert backward.result_tensors == [read.ids["g"]]
    assert read.trace.operations[-1].inputs == [read.ids["g"]]


def test_an_unused_input_of_autograd_grad_gives_none() -> None:
    read = Read(
        X + "u = torch.ones(1, requires_grad=True)\ntorch.autograd.grad(x * x, [x, u], allow_unused=True)\n"
    )

    assert read.trace.backwards[0].results == [6.0, None]
    assert read.trace.backwards[0].result_tensors[1] is None


def test_autograd_backward_takes_several_roots() -> None:
    read = Read(X + "a = x * 2\nb = x * 5\ntorch.autograd.backward([a, b])\n")

    assert read.trace.backwards[0].entry == "autograd.backward"
    assert [read.name(tensor) for tensor in read.trace.backwards[0].root_tensors] == ["a", "b"]
    assert landed(read) == [Landed("x", None, 7.0, 7.0)]


def test_backward_with_inputs_fills_what_is_no_leaf() -> None:
    read = Read(X + "y = x * 2\nz = y * y\nz.backward(inputs=[y])\n")

    assert landed(read) == [Landed("y", None, 12.0, 12.0)]
    changes = [(c.what, c.before, c.after) for c in read.trace.changes]
    assert changes == [("retains_grad", False, True)]


def test_retained_gradients_accumulate_too() -> None:
    read = Read("", golden("retain"))

    assert Landed("y", None, 3.0, 3.0) in landed(read, 0)
    assert Landed("y", 3.0, 3.0, 6.0) in landed(read, 1)


def test_the_gradients_own_graph_is_recorded_with_create_graph() -> None:
    trace = golden("second_order")
    created = [node for node in trace.nodes if node.created_by is not None]

    assert created and all(node.created_by.backward == 0 for node in created if node.created_by)
    assert [a.after for a in trace.backwards[1].accumulations] == [18.0]


def test_a_gradient_summed_over_two_paths_knows_its_own_node() -> None:
    read = Read(
        "import torch\nx = torch.tensor(3.0, requires_grad=True)\n"
        "g, = torch.autograd.grad(x * x + x**3, x, create_graph=True)\n"
    )
    grad_fn = read.trace.tensors[read.ids["g"]].grad_fn

    assert grad_fn is not None and read.node(grad_fn) == "AddBackward0"
    assert read.trace.nodes[grad_fn].created_by is not None


def test_a_backward_inside_a_backward_names_its_parent() -> None:
    read = Read(
        "import torch\nfrom torch.utils.checkpoint import checkpoint\nx = torch.ones(2, requires_grad=True)\n"
        "y = checkpoint(lambda t: torch.sin(t) * t, x, use_reentrant=True).sum()\ny.backward()\n"
    )

    assert [backward.parent for backward in read.trace.backwards] == [None, 0]
    inner, outer = read.trace.backwards[1], read.trace.backwards[0]
    assert outer.first_step < inner.first_step <= (inner.end_step or 0) <= (outer.end_step or 0)


def test_recomputation_is_seen_inside_the_backward() -> None:
    read = Read(
        "import torch\nfrom torch.utils.checkpoint import checkpoint\nx = torch.ones(2, requires_grad=True)\n"
        "y = checkpoint(lambda t: torch.sin(t) * t, x, use_reentrant=False).sum()\ny.backward()\n"
    )

    assert [op.function for op in read.trace.operations if op.backward == 0] == ["torch.sin"]


# ------------------------------------------------------------------ hooks


def test_incoming_is_what_the_tensors_own_hooks_leave() -> None:
    read = Read(X + "x.register_hook(lambda g: g * 10)\n(x * 2).backward()\n")

    assert landed(read) == [Landed("x", None, 20.0, 20.0)]


def test_what_a_post_accumulate_hook_changes_is_a_step_of_its_own() -> None:
    read = Read(
        X
        + "def half(t):\n    t.grad *= 0.5\nx.register_post_accumulate_grad_hook(half)\n(x * 2).backward()\n"
    )

    assert landed(read) == [Landed("x", None, 2.0, 2.0)]
    assert read.steps()[-2:] == ["0: AccumulateGrad of x", "grad_changed x"]
    assert [(c.before, c.after) for c in read.trace.changes if c.what == "grad"] == [(2.0, 1.0)]


def test_a_hook_may_clear_the_gradient_at_once() -> None:
    read = Read(
        X
        + "def drop(t):\n    t.grad = None\nx.register_post_accumulate_grad_hook(drop)\n(x * 2).backward()\n"
    )

    assert [(c.before, c.after) for c in read.trace.changes if c.what == "grad"] == [(2.0, None)]


def test_operations_in_hooks_belong_to_the_backward() -> None:
    read = Read(X + "y = x * 2\ny.register_hook(lambda g: g + 1)\ny.backward()\n")

    assert [(read.code(op.span), op.backward) for op in read.trace.operations][-1] == ("g + 1", 0)


# ------------------------------------------------------------------ errors


def test_a_second_backward_stops_at_the_node_whose_tensors_are_gone() -> None:
    read = Read("", golden("error"))
    error = read.trace.backwards[1].error

    assert error is not None and error.node is not None
    assert read.node(error.node) == "MulBackward0"
    assert [read.node(run.node) for run in read.trace.backwards[1].steps] in ([], ["MulBackward0"])
    assert read.trace.error is not None
    assert (read.trace.error.type, read.trace.error.backward) == ("RuntimeError", 1)
    assert read.trace.error.span is not None and read.trace.error.span.line == 7
    assert len(read.trace.backwards[0].accumulations) == 1


def test_what_saved_nothing_can_run_twice() -> None:
    read = Read(X + "y = x + x\ny.backward()\ny.backward()\n")

    assert read.trace.error is None
    assert landed(read, 1) == [Landed("x", 2.0, 2.0, 4.0)]


def test_an_error_that_the_program_catches_stays_in_its_backward() -> None:
    read = Read(X + "try:\n    (x * torch.ones(2)).backward()\nexcept RuntimeError:\n    pass\ny = x * 2\n")

    assert read.trace.error is None
    assert read.steps()[-1] == "x * 2"


def test_an_error_that_ends_the_program_inside_a_backward_is_one_step() -> None:
    read = Read("", golden("error"))
    error = read.trace.error

    assert [step.kind for step in read.trace.steps].count("error") == 1
    assert error is not None and error.step == len(read.trace.steps) - 1


def test_an_error_that_is_raised_again_later_is_a_step_of_its_own() -> None:
    read = Read(
        X + "y = x * x\ny.backward()\ntry:\n    y.backward()\nexcept RuntimeError:\n    x * 2\n    raise\n"
    )

    assert read.steps()[-3:] == ["error", "x * 2", "error"]


def test_a_nested_error_ends_both_backwards() -> None:
    read = Read(
        X + "y = x * 2\ndef hook(g):\n    raise ValueError('no')\ny.register_hook(hook)\ny.backward()\n"
    )

    assert read.trace.error is not None and read.trace.error.type == "ValueError"
    assert [frame.function for frame in read.trace.error.frames] == ["<module>", "hook"]
    assert read.trace.backwards[0].error is not None


def test_large_gradients_are_told_by_statistics() -> None:
    read = Read("import torch\nx = torch.ones(2000, requires_grad=True)\n(x * 2).sum().backward()\n")
    after = read.trace.backwards[0].accumulations[0].after

    assert after["shape"] == [2000]
    assert (after["stats"]["min"], after["stats"]["max"], after["stats"]["count"]) == (2.0, 2.0, 2000)
