"""The mode that each operation ran in: grad, no_grad, inference, in every way of entering them; and autocast."""

from __future__ import annotations

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read

X = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"


def modes(read: Read) -> list[tuple[str, str]]:
    """What each operation reads like, with the mode that it ran in."""
    return [(read.code(operation.span), operation.mode) for operation in read.trace.operations[1:]]


PROGRAMS = {
    "no_grad": ("with torch.no_grad():\n    a = x * 2\nb = x * 3\n", ["no_grad", "grad"]),
    "enable_grad": (
        "with torch.no_grad():\n    with torch.enable_grad():\n        a = x * 2\n    b = x * 3\nc = x * 4\n",
        ["grad", "no_grad", "grad"],
    ),
    "inference": (
        "with torch.inference_mode():\n    a = x * 2\n    with torch.inference_mode(False):\n        b = x * 3\n"
        "    with torch.enable_grad():\n        c = x * 4\nd = x * 5\n",
        ["inference", "grad", "inference", "grad"],
    ),
    "inside_inference_no_grad": (
        "with torch.inference_mode(), torch.no_grad():\n    a = x * 2\n",
        ["inference"],
    ),
    "set_as_context": (
        "with torch.set_grad_enabled(False):\n    a = x * 2\nwith torch.set_grad_enabled(True):\n    b = x * 3\n",
        ["no_grad", "grad"],
    ),
    "set_as_call": (
        "torch.set_grad_enabled(False)\na = x * 2\ntorch.set_grad_enabled(True)\nb = x * 3\n",
        ["no_grad", "grad"],
    ),
    "private_call": (
        "before = torch.is_grad_enabled()\ntorch._C._set_grad_enabled(False)\na = x * 2\n"
        "torch._C._set_grad_enabled(before)\nb = x * 3\n",
        ["no_grad", "grad"],
    ),
    "decorated": (
        "@torch.no_grad()\ndef f(x):\n    return x * 2\n@torch.enable_grad()\ndef g(x):\n    return x * 3\n"
        "@torch.inference_mode()\ndef h(x):\n    return x * 4\na = f(x)\nwith torch.no_grad():\n    b = g(x)\nc = h(x)\n",
        ["no_grad", "grad", "inference"],
    ),
    "decorated_plainly": (
        "@torch.no_grad\ndef f(x):\n    return x * 2\na = f(x)\nb = x * 3\n",
        ["no_grad", "grad"],
    ),
    "decorated_generator": (
        "@torch.no_grad()\ndef each(x):\n    yield x * 2\n    yield x * 3\nfor y in each(x):\n    z = x + y\n",
        ["no_grad", "grad", "no_grad", "grad"],
    ),
    "decorated_class": (
        "class Net(torch.nn.Module):\n    @torch.no_grad()\n    def forward(self, x):\n        return x * 2\n"
        "net = Net()\na = net(x)\nb = x * 3\n",
        ["no_grad", "grad"],
    ),
    "left_by_an_exception": (
        "try:\n    with torch.no_grad():\n        a = x * 2\n        raise ValueError\nexcept ValueError:\n    b = x * 3\n",
        ["no_grad", "grad"],
    ),
    "object_used_twice": (
        "off = torch.no_grad()\nwith off:\n    a = x * 2\nb = x * 3\nwith off:\n    c = x * 4\n",
        ["no_grad", "grad", "no_grad"],
    ),
    "set_multithreading": (
        "with torch.autograd.set_multithreading_enabled(False):\n    a = x * 2\n",
        ["grad"],
    ),
    "custom_function": (
        "class Own(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        return x * 2\n"
        "    @staticmethod\n    def backward(ctx, g):\n        return g * 2\n"
        "with torch.no_grad():\n    a = Own.apply(x)\nb = Own.apply(x)\n",
        ["no_grad", "grad"],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_operation_knows_its_mode(name: str) -> None:
    program, expected = PROGRAMS[name]
    read = Read(X + program)

    assert [mode for _, mode in modes(read)] == expected
    for operation, mode in zip(read.trace.operations[1:], expected, strict=True):
        assert mode == "inference" or operation.grad_enabled == (mode == "grad")


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_mode_is_changed(name: str) -> None:
    assert_faithful(
        X + PROGRAMS[name][0] + "on = torch.is_grad_enabled()\nprint(on, torch.is_inference_mode_enabled())\n"
    )


def test_a_gradients_own_operations_run_in_the_mode_of_the_backward() -> None:
    text = (
        "class Own(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        return x * 2\n"
        "    @staticmethod\n    def backward(ctx, g):\n        return g * 2\n"
        "Own.apply(x).sum().backward()\ntorch.autograd.grad(Own.apply(x).sum(), x, create_graph=True)\n"
    )
    inside = [op.mode for op in Read(X + text).trace.operations if op.backward is not None]

    assert inside == ["no_grad", "grad"]


# ------------------------------------------------------------------ autocast


def casts(read: Read) -> list[str | None]:
    return [operation.autocast for operation in read.trace.operations]


LINEAR = "import torch\nnet = torch.nn.Linear(2, 2)\nx = torch.ones(1, 2)\n"


@pytest.mark.parametrize(
    ("context", "dtype"),
    [
        ("torch.autocast('cpu')", "bfloat16"),
        ("torch.autocast('cpu', dtype=torch.float16)", "float16"),
        ("torch.amp.autocast('cpu', dtype=torch.bfloat16)", "bfloat16"),
        ("torch.autocast('cpu', enabled=False)", None),
        ("torch.no_grad()", None),
    ],
)
def test_an_operation_knows_what_autocast_casts_to(context: str, dtype: str | None) -> None:
    read = Read(f"{LINEAR}with {context}:\n    y = net(x)\nz = net(x)\n")
    outputs = [read.trace.tensors[operation.outputs[0]].dtype for operation in read.trace.operations]

    assert casts(read) == [None, dtype, None]
    assert outputs[1:] == [dtype or "float32", "float32"]


def test_autocast_switched_off_inside_is_off() -> None:
    read = Read(
        f"{LINEAR}with torch.autocast('cpu'):\n    y = net(x)\n    with torch.autocast('cpu', enabled=False):\n"
        "        z = net(x)\n    w = net(x)\n"
    )

    assert casts(read) == [None, "bfloat16", None, "bfloat16"]


def test_a_decorated_forward_runs_under_autocast() -> None:
    read = Read(LINEAR + "@torch.autocast('cpu')\ndef f(x):\n    return net(x)\ny = f(x)\n")

    assert casts(read) == [None, "bfloat16"]


def test_the_casts_belong_to_the_operation_that_needed_them_first() -> None:
    read = Read(
        f"{LINEAR}with torch.autocast('cpu'):\n    y = net(x)\n    z = net(x)\n(y + z).sum().backward()\n"
    )
    first, second = (op.id for op in read.trace.operations if op.function.endswith("linear"))
    casts_by = {node.operation for node in read.trace.nodes if node.name == "ToCopyBackward0"}

    # The cast weights are cached: the second call uses those of the first.
    assert casts_by == {first}
    assert "AddmmBackward0" in {node.name for node in read.trace.nodes if node.operation == second}
    assert {read.name(a.tensor) for a in read.trace.backwards[0].accumulations} == {"net.weight", "net.bias"}
    assert {read.trace.tensors[a.tensor].dtype for a in read.trace.backwards[0].accumulations} == {"float32"}


def test_autocast_is_computed_as_alone() -> None:
    assert_faithful(
        f"{LINEAR}opt = None\nscaler = torch.amp.GradScaler('cpu')\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for _ in range(3):\n    opt.zero_grad()\n    with torch.autocast('cpu'):\n        loss = net(x).square().mean()\n"
        "    scaler.scale(loss).backward()\n    scaler.step(opt)\n    scaler.update()\nscale = scaler.get_scale()\n"
    )
