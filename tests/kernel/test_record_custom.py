"""Custom autograd.Functions: one operation each, with their ctx; and every way of writing one."""

from __future__ import annotations

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read, landed
from tutor.protocol import Data, Node

HEAD = "import torch\nfrom torch.autograd import Function\nfrom torch.autograd.function import once_differentiable\n"
X = "x = torch.tensor([1.0, 2.0], requires_grad=True)\n"


def function(body: str, *, name: str = "Own") -> str:
    """The text of a Function; its methods stand a level in."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return f"class {name}(Function):\n{lines}"


def own(read: Read, name: str = "OwnBackward") -> Node:
    return next(node for node in read.trace.nodes if node.name == name)


SCALE = function("""
@staticmethod
def forward(ctx, x, k):
    ctx.k = k
    ctx.sizes = x.shape
    ctx.save_for_backward(x, x * 2)
    return x * k
@staticmethod
def backward(ctx, g):
    return g * ctx.k, None
""")


def test_its_node_keeps_what_stands_on_its_ctx() -> None:
    read = Read(HEAD + X + SCALE + "y = Own.apply(x, 3)\ny.sum().backward()\n")

    assert own(read).saved == {
        "saved_tensors[0]": {"tensor": read.ids["x"], "version": 0},
        "saved_tensors[1]": {"tensor": None, "version": None, "shape": [2], "value": [2.0, 4.0]},
        "ctx.k": 3,
        "ctx.sizes": [2],
        "ctx.needs_input_grad": [True, False],
    }
    assert [op.function for op in read.trace.operations if op.id == own(read).operation] == ["Own.apply"]


def test_which_inputs_need_a_gradient_is_told() -> None:
    text = function("""
@staticmethod
def forward(ctx, a, b, c):
    return a + b + c
@staticmethod
def backward(ctx, g):
    return tuple(g if needed else None for needed in ctx.needs_input_grad)
""")
    read = Read(
        HEAD + X + text + "b = torch.ones(2)\nc = torch.ones(2, requires_grad=True)\ny = Own.apply(x, b, c)\n"
    )

    assert own(read).saved["ctx.needs_input_grad"] == [True, False, True]


def test_a_tensor_put_on_ctx_is_told_by_its_id() -> None:
    text = function("""
@staticmethod
def forward(ctx, x):
    ctx.x = x
    ctx.pair = (x, 2)
    return x * 2
@staticmethod
def backward(ctx, g):
    return g * ctx.x
""")
    read = Read(HEAD + X + text + "y = Own.apply(x)\n")
    saved = {"tensor": read.ids["x"], "version": 0}

    assert own(read).saved["ctx.x"] == saved
    assert own(read).saved["ctx.pair"] == [saved, 2]


def test_the_learners_objects_on_ctx_are_told_by_their_type() -> None:
    text = (
        "class Loud:\n    def __repr__(self):\n        print('asked')\n        return 'loud'\n    __str__ = __repr__\n"
        + function("""
@staticmethod
def forward(ctx, x):
    ctx.thing = Loud()
    ctx.dtype = x.dtype
    ctx.call = len
    return x * 2
@staticmethod
def backward(ctx, g):
    return g
""")
    )
    read = Read(HEAD + X + text + "y = Own.apply(x)\n")

    assert own(read).saved["ctx.thing"] == "<Loud>"
    assert own(read).saved["ctx.dtype"] == "torch.float32"
    assert read.trace.output == ""


PROGRAMS = {
    "scale": SCALE + "y = Own.apply(x, 3)\ny.sum().backward()\n",
    "non_differentiable": function("""
@staticmethod
def forward(ctx, x):
    mask = x > 1
    ctx.mark_non_differentiable(mask)
    return x * 2, mask
@staticmethod
def backward(ctx, g, _):
    return g * 2
""")
    + "y, mask = Own.apply(x)\ny.sum().backward()\nflag = mask.requires_grad\n",
    "dirty": function("""
@staticmethod
def forward(ctx, x):
    x.mul_(2)
    ctx.mark_dirty(x)
    return x
@staticmethod
def backward(ctx, g):
    return g * 2
""")
    + "a = x * 1\nb = Own.apply(a)\nb.sum().backward()\nsame = a is b\n",
    "unmaterialized": function("""
@staticmethod
def forward(ctx, x):
    ctx.set_materialize_grads(False)
    return x * 2, x * 3
@staticmethod
def backward(ctx, a, b):
    print(a is None, b is None)
    return None if b is None else b * 3
""")
    + "a, b = Own.apply(x)\nb.sum().backward()\n",
    "once": function("""
@staticmethod
def forward(ctx, x):
    ctx.save_for_backward(x)
    return x * x
@staticmethod
@once_differentiable
def backward(ctx, g):
    (x,) = ctx.saved_tensors
    return 2 * x * g
""")
    + (
        "y = Own.apply(x)\n(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
        "try:\n    g.sum().backward()\nexcept RuntimeError as e:\n    print(e)\n"
    ),
    "twice": function("""
@staticmethod
def forward(ctx, x):
    ctx.save_for_backward(x)
    return x * x
@staticmethod
def backward(ctx, g):
    (x,) = ctx.saved_tensors
    return 2 * x * g
""")
    + "y = Own.apply(x)\n(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)\ng.sum().backward()\n",
    "setup_context": function("""
@staticmethod
def forward(x, k):
    return x * k
@staticmethod
def setup_context(ctx, inputs, output):
    ctx.k = inputs[1]
    ctx.save_for_backward(inputs[0], output)
@staticmethod
def backward(ctx, g):
    x, y = ctx.saved_tensors
    return g * ctx.k, None
""")
    + "y = Own.apply(x, 3)\ny.sum().backward()\n",
    "jvp": function("""
@staticmethod
def forward(ctx, x):
    ctx.save_for_backward(x)
    ctx.save_for_forward(x)
    return x * x
@staticmethod
def backward(ctx, g):
    return 2 * ctx.saved_tensors[0] * g
@staticmethod
def jvp(ctx, t):
    return 2 * ctx.saved_tensors[0] * t
""")
    + (
        "import torch.autograd.forward_ad as fwAD\nwith fwAD.dual_level():\n"
        "    d = fwAD.make_dual(x, torch.ones(2))\n    y = Own.apply(d)\n    t = fwAD.unpack_dual(y).tangent.clone()\n"
        "z = Own.apply(x)\nz.sum().backward()\n"
    ),
    "vmap": function("""
@staticmethod
def forward(x):
    return x * 2
@staticmethod
def setup_context(ctx, inputs, output):
    pass
@staticmethod
def backward(ctx, g):
    return g * 2
@staticmethod
def vmap(info, in_dims, x):
    return Own.apply(x), in_dims[0]
""")
    + "y = torch.vmap(Own.apply)(x)\ny.sum().backward()\n",
    "generated_vmap": function("""
generate_vmap_rule = True
@staticmethod
def forward(x):
    return x * 2
@staticmethod
def setup_context(ctx, inputs, output):
    pass
@staticmethod
def backward(ctx, g):
    return g * 2
""")
    + "y = torch.vmap(Own.apply)(x)\nj = torch.func.jacrev(Own.apply)(x.detach())\n",
    "inside": function(
        """
@staticmethod
def forward(ctx, x):
    return x * 2
@staticmethod
def backward(ctx, g):
    return g * 2
""",
        name="Inner",
    )
    + function("""
@staticmethod
def forward(ctx, x):
    with torch.enable_grad():
        ctx.x = x.detach().requires_grad_()
        ctx.y = Inner.apply(ctx.x) * 3
    return ctx.y.detach()
@staticmethod
def backward(ctx, g):
    ctx.y.backward(g)
    return ctx.x.grad
""")
    + "y = Own.apply(x)\ny.sum().backward()\n",
    "raises": function("""
@staticmethod
def forward(ctx, x):
    raise ValueError("no")
""")
    + "try:\n    Own.apply(x)\nexcept ValueError:\n    pass\ny = x * 2\ny.sum().backward()\n",
    "raises_behind": function("""
@staticmethod
def forward(ctx, x):
    return x * 2
@staticmethod
def backward(ctx, g):
    raise ValueError("no")
""")
    + "y = Own.apply(x)\ntry:\n    y.sum().backward()\nexcept ValueError:\n    pass\nz = x * 2\nz.sum().backward()\n",
    "wrong_count": function("""
@staticmethod
def forward(ctx, x):
    return x * 2
@staticmethod
def backward(ctx, g):
    return g, g
""")
    + "y = Own.apply(x)\ny.sum().backward()\n",
    "returns_its_input": function("""
@staticmethod
def forward(ctx, x):
    return x
@staticmethod
def backward(ctx, g):
    return g * 2
""")
    + "y = Own.apply(x)\ny.sum().backward()\nsame = y is x\n",
    "returns_a_view": function("""
@staticmethod
def forward(ctx, x):
    return x.view(2, 1)
@staticmethod
def backward(ctx, g):
    return g.view(2)
""")
    + "y = Own.apply(x)\ny.sum().backward()\n",
    "no_tensor": function("""
@staticmethod
def forward(ctx, k):
    return k * 2
@staticmethod
def backward(ctx, g):
    return None
""")
    + "y = Own.apply(3)\n",
    "loop": SCALE + "for k in range(3):\n    y = Own.apply(x, k)\n    y.sum().backward()\n",
    "grad_mode_inside": function("""
@staticmethod
def forward(ctx, x):
    print(torch.is_grad_enabled())
    return x * 2
@staticmethod
def backward(ctx, g):
    print(torch.is_grad_enabled())
    return g
""")
    + "y = Own.apply(x)\ny.sum().backward()\nwith torch.no_grad():\n    z = Own.apply(x)\n",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_way_of_writing_one_runs_as_it_would_alone(name: str) -> None:
    text = HEAD + X + PROGRAMS[name]
    trace = assert_faithful(text)

    assert trace.steps


def test_what_is_marked_as_not_differentiable_has_no_node() -> None:
    read = Read(HEAD + X + PROGRAMS["non_differentiable"])
    rows = {read.name(tensor.id): tensor for tensor in read.trace.tensors}

    assert (rows["mask"].requires_grad, rows["mask"].grad_fn) == (False, None)
    assert rows["y"].grad_fn == own(read).id


def test_what_is_marked_dirty_is_written_by_the_operation() -> None:
    read = Read(HEAD + X + PROGRAMS["dirty"])
    (written,) = (c for c in read.trace.changes if c.what == "value")

    assert read.trace.operations[written.operation or 0].function == "Own.apply"
    assert [v.version for v in read.trace.values if v.tensor == written.tensor] == [0, 2]
    assert landed(read)[-1].after == [2.0, 2.0]


def test_undefined_gradients_stay_undefined() -> None:
    read = Read(HEAD + X + PROGRAMS["unmaterialized"])
    (run,) = (run for run in read.trace.backwards[0].steps if run.node == own(read).id)

    assert run.grad_outputs == [None, [1.0, 1.0]]
    assert read.trace.output == "True False\n"


def test_setup_context_fills_the_same_ctx() -> None:
    saved: dict[str, Data] = own(Read(HEAD + X + PROGRAMS["setup_context"])).saved

    assert saved["ctx.k"] == 3
    assert saved["saved_tensors[0]"]["tensor"] is not None
    assert saved["saved_tensors[1]"]["tensor"] is not None


def test_a_backward_inside_its_backward_is_seen() -> None:
    read = Read(HEAD + X + PROGRAMS["inside"])

    assert [backward.parent for backward in read.trace.backwards] == [None, 0]
    assert "InnerBackward" in {node.name for node in read.trace.nodes}
    assert landed(read)[-1].after == [6.0, 6.0]


def test_a_forward_that_raises_leaves_no_operation_and_the_recorder_listening() -> None:
    read = Read(HEAD + X + PROGRAMS["raises"])

    assert [op.function.rpartition(".")[2] for op in read.trace.operations] == ["tensor", "mul", "sum"]


def test_a_backward_that_raises_is_told_at_its_node() -> None:
    read = Read(HEAD + X + PROGRAMS["raises_behind"])
    error = read.trace.backwards[0].error

    assert error is not None
    assert (error.type, error.node) == ("ValueError", own(read).id)


def test_a_second_derivative_runs_through_its_backward() -> None:
    read = Read(HEAD + X + PROGRAMS["twice"])

    assert landed(read, 1)[-1].after == [2.0, 2.0]


@pytest.mark.parametrize(
    "hooks", ["torch.autograd.graph.save_on_cpu()", "torch.autograd.graph.saved_tensors_hooks(pack, unpack)"]
)
def test_saved_tensors_under_hooks_are_not_unpacked_by_the_recorder(hooks: str) -> None:
    text = (
        "def pack(t):\n    print('pack')\n    return t\ndef unpack(t):\n    print('unpack')\n    return t\n"
        f"with {hooks}:\n    y = Own.apply(x, 3)\ny.sum().backward()\n"
    )

    assert_faithful(HEAD + X + SCALE + text)
