"""torch.func, forward-mode numbers, compiled and scripted functions: what autograd runs is shown, the rest is said."""

from __future__ import annotations

import linecache

import pytest

from tests.kernel.both_ways import FILENAME, assert_faithful
from tests.kernel.reading import Read
from tutor.protocol import Data

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

X = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"


def under(read: Read) -> list[tuple[str, str | None]]:
    """The learner's expressions with the transform that each ran under."""
    return [(read.code(op.span), op.transform) for op in read.trace.operations]


def results(read: Read) -> list[Data]:
    return [backward.results for backward in read.trace.backwards]


# ------------------------------------------------------------------ torch.func


def test_grad_says_so_and_shows_the_engines_run() -> None:
    read = Read(X + "def f(t):\n    return (t * t).sum()\ng = torch.func.grad(f)(x)\n")

    assert under(read)[1:] == [("t * t", "grad"), ("(t * t).sum()", "grad")]
    assert [read.node(run.node) for run in read.trace.backwards[0].steps] == ["SumBackward0", "MulBackward0"]
    assert results(read) == [[[2.0, 4.0]]]


def test_vmap_says_its_batch_and_puts_it_first_in_the_values() -> None:
    read = Read(
        "import torch\nw = torch.arange(6.0).reshape(2, 3)\n"
        + "y = torch.func.vmap(lambda t: t * 2, in_dims=1, out_dims=1)(w)\n"
    )
    (doubled,) = (op for op in read.trace.operations if op.transform == "vmap")
    tensor = read.trace.tensors[doubled.outputs[0]]
    value = next(value.value for value in read.trace.values if value.tensor == tensor.id)

    assert (tensor.shape, tensor.batch) == ([2], [3])
    assert value == [[0.0, 6.0], [2.0, 8.0], [4.0, 10.0]]


def test_nested_transforms_are_told_from_the_outside_in() -> None:
    read = Read(
        "import torch\nw = torch.ones(3, 2)\ng = torch.func.vmap(torch.func.grad(lambda t: (t * t).sum()))(w)\n"
    )

    assert ("t * t", "vmap(grad)") in under(read)
    assert results(read) == [[[[2.0, 2.0]] * 3]]


def test_vmaps_nodes_are_those_of_the_operations_inside_it() -> None:
    read = Read(X + "y = torch.func.vmap(lambda t: t ** 3)(x)\nloss = y.sum()\nloss.backward()\n")
    (cubed,) = (op for op in read.trace.operations if op.transform == "vmap")
    (summed,) = (op for op in read.trace.operations if op.function == "torch.Tensor.sum")
    lent, y = read.trace.tensors[cubed.inputs[0]], read.trace.tensors[summed.inputs[0]]

    assert read.code(cubed.span) == "t ** 3"
    assert [read.trace.nodes[n].name for n in cubed.nodes] == ["AccumulateGrad", "PowBackward0"]
    assert lent.base == 0, "what the function is lent is a view of x"
    assert y.grad_fn == cubed.nodes[-1]


@pytest.mark.parametrize(
    "call",
    [
        "y = torch.func.vmap(lambda t: t.exp(), in_dims=1, out_dims=1)(a)",
        "y = torch.func.vmap(torch.func.vmap(lambda t: t.exp() * t))(a)",
        "y = torch.func.vmap(lambda t: t.mul(2).mul_(3))(a)",
        "y, z = torch.func.vmap(lambda t: t.split(2))(a)",
        "y = torch.func.vmap(lambda t: t)(a)",
        "y = torch.func.vmap(torch.dot, in_dims=(None, 0))(a[0], a)",
    ],
)
def test_what_comes_back_from_vmap_is_what_torch_gives(call: str) -> None:
    assert_faithful(f"import torch\na = torch.ones(3, 4, requires_grad=True)\n{call}\ny.sum().backward()\n")


TRANSFORMED = {
    "grad": "r = torch.func.grad(f)(x)",
    "grad and value": "r, v = torch.func.grad_and_value(f)(x)",
    "grad of grad": "r = torch.func.grad(lambda t: torch.func.grad(f)(t).sum())(x)",
    "vmap": "r = torch.func.vmap(f)(w)",
    "vmap of grad": "r = torch.func.vmap(torch.func.grad(f))(w)",
    "grad of vmap": "r = torch.func.grad(lambda t: torch.func.vmap(f)(t).sum())(w)",
    "vjp": "v, back = torch.func.vjp(f, x)\n(r,) = back(torch.ones(()))",
    "jvp": "v, r = torch.func.jvp(f, (x,), (torch.ones(2),))",
    "jacrev": "r = torch.func.jacrev(lambda t: t**3)(x)",
    "jacfwd": "r = torch.func.jacfwd(lambda t: t**3)(x)",
    "hessian": "r = torch.func.hessian(f)(x)",
    "linearize": "v, r = torch.func.linearize(f, x.detach())\nr = r(torch.ones(2))",
    "functional_call": "net = torch.nn.Linear(2, 1)\np = {k: v * 2 for k, v in net.state_dict().items()}\n"
    "r = torch.func.functional_call(net, p, (w,))",
    "per-sample gradients": "net = torch.nn.Linear(2, 1)\np = dict(net.named_parameters())\n"
    "def loss(p, t):\n    return torch.func.functional_call(net, p, (t,)).sum()\n"
    "r = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(p, w)",
    "random numbers": "r = torch.func.vmap(lambda t: t + torch.rand(2), randomness='different')(w)",
    "outer gradient": "r = torch.func.vmap(f)(w * x)\nr.sum().backward()",
    "functional.jacobian": "r = torch.autograd.functional.jacobian(lambda t: t**3, x)",
    "vectorized jacobian": "r = torch.autograd.functional.jacobian(lambda t: t**3, x, vectorize=True)",
    "forward-mode jacobian": "r = torch.autograd.functional.jacobian(\n"
    "    lambda t: t**3, x, vectorize=True, strategy='forward-mode')",
    "jacobian with a graph": "r = torch.autograd.functional.jacobian(lambda t: t**3, x, create_graph=True)\n"
    "r.sum().backward()",
    "functional.hessian": "r = torch.autograd.functional.hessian(f, x)",
    "functional.vjp": "r = torch.autograd.functional.vjp(f, x)",
    "functional.jvp": "r = torch.autograd.functional.jvp(f, x, torch.ones(2))",
    "functional.hvp": "r = torch.autograd.functional.hvp(f, x, torch.ones(2))",
    "functional.vhp": "r = torch.autograd.functional.vhp(f, x, torch.ones(2))",
    "batched gradients": "y = x * x\n(r,) = torch.autograd.grad(y, x, torch.eye(2), is_grads_batched=True)\nz = r * 2",
}


@pytest.mark.parametrize("call", TRANSFORMED.values(), ids=TRANSFORMED.keys())
def test_transformed_programs_are_recorded_faithfully(call: str) -> None:
    program = (
        X + "w = torch.arange(6.0).reshape(3, 2)\ndef f(t):\n    return (t.sin() * t).sum()\n" + call + "\n"
    )
    trace = assert_faithful(program)

    assert trace.operations and trace.error is None


@pytest.mark.parametrize("name", ["vjp", "jacrev", "hessian", "functional.hvp", "functional.jacobian"])
def test_every_run_of_the_engine_in_a_transform_is_shown(name: str) -> None:
    read = Read(X + "def f(t):\n    return (t.sin() * t).sum()\n" + TRANSFORMED[name] + "\n")

    assert read.trace.backwards
    assert all(backward.steps and backward.end_step for backward in read.trace.backwards)


def test_an_error_in_a_transform_is_torchs_own() -> None:
    trace = assert_faithful(X + "torch.func.grad(lambda t: t * t)(x)\n")

    assert trace.operations[-1].transform == "grad"


def test_batched_gradients_show_all_their_vectors() -> None:
    read = Read(X + TRANSFORMED["batched gradients"] + "\n")
    (backward,) = read.trace.backwards

    assert backward.gradients == [[[1.0, 0.0], [0.0, 1.0]]]
    assert [run.grad_inputs[0] for run in backward.steps] == [[[1.0, 0.0], [0.0, 2.0]]]
    assert backward.results == [[[2.0, 0.0], [0.0, 4.0]]]


# ------------------------------------------------------------------ forward mode

DUAL = (
    X
    + "import torch.autograd.forward_ad as fw\nwith fw.dual_level():\n    d = fw.make_dual(x, torch.ones(2))\n"
    + "    y = d * d\n    plain = x * 2\n    p, t = fw.unpack_dual(y)\nz = t * 2\n"
)


def test_dual_numbers_show_their_tangents() -> None:
    read = Read(DUAL)

    assert [(read.name(row.tensor), row.value) for row in read.trace.tangents] == [
        ("d", [1.0, 1.0]),
        ("y", [2.0, 4.0]),
    ]
    assert [op.function for op in read.trace.operations if "forward_ad" in op.function] == [
        "torch.autograd.forward_ad.make_dual",
        "torch.autograd.forward_ad.unpack_dual",
    ]


def test_dual_numbers_stay_what_they_are() -> None:
    assert_faithful(DUAL + "print(t, y._version, y.grad_fn.name())\n")


def test_a_jvp_shows_its_tangents() -> None:
    read = Read(X + "torch.func.jvp(lambda t: t * t, (x,), (torch.ones(2),))\n")

    assert [row.value for row in read.trace.tangents] == [[1.0, 1.0], [2.0, 4.0]]


# ------------------------------------------------------------------ compiled and scripted

WHOLE = {
    "compiled function": ("f = torch.compile(g, backend='eager')\ny = f(x)", "compile", "torch.compile(g)"),
    "decorated": (
        "@torch.compile(backend='eager')\ndef h(t):\n    return t * t + 1\ny = h(x)",
        "compile",
        "torch.compile(h)",
    ),
    "compiled module": (
        "m = torch.compile(torch.nn.Linear(2, 1), backend='eager')\ny = m(x)",
        "compile",
        "torch.compile(Linear)",
    ),
    "module that compiles itself": (
        "m = torch.nn.Linear(2, 1)\nm.compile(backend='eager')\ny = m(x)",
        "compile",
        "torch.compile(Linear)",
    ),
    "scripted function": ("f = torch.jit.script(g)\ny = f(x)", "script", "torch.jit.script(g)"),
    "traced function": (
        "f = torch.jit.trace(g, (x,))\ny = f(x)\nprint(f.graph)",
        "script",
        "torch.jit.script(g)",
    ),
    "scripted module": (
        "m = torch.jit.script(torch.nn.Linear(2, 1))\ny = m(x)",
        "script",
        "torch.jit.script(Linear)",
    ),
    "traced module": (
        "m = torch.jit.trace(torch.nn.Linear(2, 1), (x,))\ny = m(x)",
        "script",
        "torch.jit.script(Linear)",
    ),
}


@pytest.mark.parametrize(("made", "transform", "name"), WHOLE.values(), ids=WHOLE.keys())
def test_what_torch_carries_out_as_a_whole_is_one_operation(made: str, transform: str, name: str) -> None:
    program = X + f"def g(t):\n    return t * t + 1\n{made}\ny.sum().backward()\n"
    # torch.jit reads a function's source.
    linecache.cache[FILENAME] = (len(program), None, program.splitlines(keepends=True), FILENAME)
    trace = assert_faithful(program)
    wholes = [op for op in trace.operations if op.transform is not None]

    assert [(op.transform, op.function) for op in wholes] == [(transform, name)]
    assert {trace.nodes[run.node].operation for run in trace.backwards[0].steps} >= {wholes[0].id}
    assert trace.backwards[0].accumulations
