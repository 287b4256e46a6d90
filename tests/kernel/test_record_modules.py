"""Calls of nn.Modules: who called whom, under which path, in which mode; and which operations ran in them."""

from __future__ import annotations

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read
from tests.traces.recording import record_text
from tutor.kernel.budget import Limits
from tutor.protocol import TensorId

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
BLOCK = (
    HEAD
    + "class Block(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    + "        self.lin = nn.Linear(2, 2)\n        self.act = nn.ReLU()\n"
    + "    def forward(self, x):\n        return self.act(self.lin(x)) + x\n"
)


def calls(read: Read) -> list[str]:
    """Every call as `caller > path: class`, in the order of entry."""
    rows = read.trace.module_calls
    return [
        f"{'' if row.parent is None else rows[row.parent].path + ' > '}{row.path}: {row.kind}" for row in rows
    ]


def within(read: Read) -> list[tuple[str, str]]:
    """Each operation's function with the path of the innermost call it ran in."""
    rows = read.trace.module_calls
    return [
        (operation.function.rpartition(".")[2], "" if operation.call is None else rows[operation.call].path)
        for operation in read.trace.operations
    ]


def names(read: Read) -> list[str]:
    return [read.name(TensorId(tensor.id)) for tensor in read.trace.tensors]


# ------------------------------------------------------------------ who called whom


def test_a_call_knows_its_caller_and_its_operations() -> None:
    read = Read(BLOCK + "net = nn.Sequential(Block(), nn.Linear(2, 1))\nout = net(torch.ones(1, 2))\n")

    assert calls(read) == [
        "net: Sequential",
        "net > net.0: Block",
        "net.0 > net.0.lin: Linear",
        "net.0 > net.0.act: ReLU",
        "net > net.1: Linear",
    ]
    assert within(read)[1:] == [
        ("linear", "net.0.lin"),
        ("relu", "net.0.act"),
        ("add", "net.0"),
        ("linear", "net.1"),
    ]


def test_a_call_spans_the_steps_of_its_operations() -> None:
    read = Read(
        BLOCK
        + "block = Block()\nx = torch.ones(1, 2)\nout = block(x)\ny = out * 2\nidle = nn.Identity()(y)\n"
    )
    spans = {row.path: (row.step, row.end_step) for row in read.trace.module_calls}

    assert spans == {"block": (1, 4), "block.lin": (1, 2), "block.act": (2, 3), "Identity": (5, 5)}


def test_the_training_flag_is_the_one_of_the_call() -> None:
    read = Read(
        HEAD + "net = nn.Sequential(nn.Dropout(), nn.Linear(1, 1))\nx = torch.ones(1)\nnet(x)\n"
        "net.eval()\nnet(x)\nnet[0].train()\nnet(x)\n"
    )

    flags = [(row.path, row.training) for row in read.trace.module_calls if row.path != "net.1"]
    assert flags == [
        *(("net", True), ("net.0", True)),
        *(("net", False), ("net.0", False)),
        *(("net", False), ("net.0", True)),
    ]


def test_a_shared_module_is_called_twice_under_one_path() -> None:
    read = Read(
        HEAD + "lin = nn.Linear(2, 2)\nnet = nn.Sequential(lin, nn.Tanh(), lin)\nnet(torch.ones(2))\n"
    )

    assert calls(read) == ["net: Sequential", "net > lin: Linear", "net > net.1: Tanh", "net > lin: Linear"]
    assert {name for name in names(read) if "weight" in name} == {"lin.weight"}


def test_lists_and_dicts_of_modules_lead_to_their_parts() -> None:
    read = Read(
        HEAD
        + "class Heads(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        + "        self.steps = nn.ModuleList([nn.Linear(1, 1) for _ in range(2)])\n"
        + "        self.heads = nn.ModuleDict({'mean': nn.Linear(1, 1)})\n"
        + "    def forward(self, x):\n        for step in self.steps:\n            x = step(x)\n"
        + "        return self.heads['mean'](x)\n"
        + "model = Heads()\nmodel(torch.ones(1))\n"
    )

    assert [row.path for row in read.trace.module_calls] == [
        "model",
        "model.steps.0",
        "model.steps.1",
        "model.heads.mean",
    ]


def test_a_module_that_raises_is_left() -> None:
    read = Read(
        BLOCK
        + "class Breaks(nn.Module):\n    def forward(self, x):\n        raise ValueError('no')\n"
        + "net = nn.Sequential(Block(), Breaks())\nx = torch.ones(1, 2)\n"
        + "try:\n    net(x)\nexcept ValueError:\n    pass\ny = x * 2\n"
    )

    assert all(row.end_step is not None for row in read.trace.module_calls)
    assert within(read)[-1] == ("mul", "")


def test_an_unhandled_error_leaves_every_module() -> None:
    read = Read(BLOCK + "net = nn.Sequential(Block(), nn.Linear(3, 1))\nnet(torch.ones(1, 2))\n")

    assert read.trace.error is not None
    assert [row.end_step for row in read.trace.module_calls] == [4, 4, 2, 3, 4]


def test_recursion_nests() -> None:
    read = Read(
        HEAD
        + "class Down(nn.Module):\n    def forward(self, x, n):\n        return x if n == 0 else self(x * 2, n - 1)\n"
        + "down = Down()\ndown(torch.ones(1), 2)\n"
    )

    assert [(row.path, row.parent) for row in read.trace.module_calls] == [
        ("down", None),
        ("down", 0),
        ("down", 1),
    ]


# ------------------------------------------------------------------ paths


@pytest.mark.parametrize(
    ("program", "paths"),
    [
        ("layers = [nn.Linear(1, 1), nn.Linear(1, 1)]\nfor l in layers: l(x)\n", ["layers[0]", "layers[1]"]),
        ("d = {'enc': nn.Linear(1, 1)}\nd['enc'](x)\n", ['d["enc"]']),
        ("nn.Linear(1, 1)(x)\n", ["Linear"]),
        ("net = nn.Linear(1, 1)\nnet = nn.Linear(1, 1)\nnet(x)\n", ["net"]),
        (
            "def train(model):\n    return model(x)\nnet = nn.Linear(1, 1)\ntrain(net)\ntrain(net)\n",
            ["net", "net"],
        ),
        ("def main():\n    model = nn.Linear(1, 1)\n    return model(x)\nmain()\n", ["model"]),
        (
            "class T:\n    def __init__(self):\n        self.net = nn.Linear(1, 1)\n"
            "    def fit(self):\n        self.net(x)\nt = T()\nt.fit()\n",
            ["t.net"],
        ),
        (
            "class Odd(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            "        self.plain = [nn.Linear(1, 1)]\n"
            "    def forward(self, x):\n        return self.plain[0](x)\nodd = Odd()\nodd(x)\n",
            ["odd", "odd.plain[0]"],
        ),
        (
            "class Called(nn.Linear):\n    def __call__(self, x):\n        return super().__call__(x)\n"
            "c = Called(1, 1)\nc(x)\n",
            ["c"],
        ),
    ],
)
def test_a_module_goes_by_the_path_from_a_variable(program: str, paths: list[str]) -> None:
    read = Read(HEAD + "x = torch.ones(1)\n" + program)

    assert [row.path for row in read.trace.module_calls] == paths
    assert [name for name in names(read) if "weight" in name] == [
        f"{path}.weight" for path in dict.fromkeys(paths) if path != "odd"
    ]


def test_a_makeshift_name_gives_way_to_a_variable() -> None:
    read = Read(
        HEAD
        + "def make():\n    made = [nn.Linear(1, 1)]\n    for one in made[:]:\n        (lambda: made[0])()(torch.ones(1))\n"
        "    return made[0]\nnet = make()\nnet(torch.ones(1))\n"
    )

    assert [row.path for row in read.trace.module_calls] == ["Linear", "net"]


def test_paths_do_not_outlive_their_modules() -> None:
    program = HEAD + "x = torch.ones(1)\nfor _ in range(300):\n    x = nn.Linear(1, 1)(x).detach()\n"

    assert {row.path for row in Read(program).trace.module_calls} == {"Linear"}


# ------------------------------------------------------------------ torch's own ways around a plain call

ODD = {
    "hooks": BLOCK
    + "net = Block()\nseen = []\n"
    + "net.lin.register_forward_pre_hook(lambda m, a: (seen.append('pre'), (a[0] * 2,))[1])\n"
    + "net.lin.register_forward_hook(lambda m, a, out: (seen.append('post'), out + 1)[1])\n"
    + "net.register_full_backward_pre_hook(lambda m, g: seen.append('backward pre'))\n"
    + "net.lin.register_full_backward_hook(lambda m, gi, go: seen.append(len(gi)))\n"
    + "x = torch.ones(1, 2, requires_grad=True)\nnet(x).sum().backward()\nprint(seen)\ngrad = x.grad\n",
    "global_hook": BLOCK
    + "seen = []\nh = nn.modules.module.register_module_forward_hook(lambda m, a, o: seen.append(type(m).__name__))\n"
    + "net = Block()\nnet(torch.ones(1, 2)).sum().backward()\nh.remove()\nprint(seen)\n",
    "lazy": HEAD
    + "net = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(1))\n"
    + "print(net[0].weight)\nout = net(torch.ones(2, 4))\nout.sum().backward()\nprint(net)\n"
    + "w = net[0].weight\n",
    "lazy_conv": HEAD + "net = nn.LazyConv2d(3, 1)\nout = net(torch.ones(1, 1, 4, 4))\nprint(net)\n",
    "parametrized": HEAD
    + "class Sym(nn.Module):\n    def forward(self, w):\n        return w.triu() + w.triu(1).T\n"
    + "net = nn.Linear(3, 3)\nnn.utils.parametrize.register_parametrization(net, 'weight', Sym())\n"
    + "out = net(torch.ones(3))\nout.sum().backward()\nw = net.weight\ng = net.parametrizations.weight.original.grad\n",
    "weight_norm": HEAD
    + "net = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))\nout = net(torch.ones(3))\nout.sum().backward()\n",
    "spectral_norm": HEAD
    + "net = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2))\nout = net(torch.ones(3))\nout.sum().backward()\n",
    "functional_call": HEAD
    + "net = nn.Sequential(nn.Linear(1, 1), nn.Tanh())\n"
    + "new = {k: torch.zeros_like(v, requires_grad=True) for k, v in net.named_parameters()}\n"
    + "out = torch.func.functional_call(net, new, torch.ones(1))\nout.sum().backward()\ng = new['0.weight'].grad\n",
    "checkpoint": BLOCK
    + "from torch.utils.checkpoint import checkpoint\nnet = Block()\nx = torch.ones(1, 2, requires_grad=True)\n"
    + "checkpoint(net, x, use_reentrant=False).sum().backward()\ng = x.grad\n",
    "attention": HEAD
    + "net = nn.MultiheadAttention(4, 2, batch_first=True)\nx = torch.randn(1, 3, 4)\nout, w = net(x, x, x)\n"
    + "out.sum().backward()\nnet.eval()\nwith torch.no_grad():\n    fast, _ = net(x, x, x)\n",
    "encoder": HEAD
    + "net = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2)\nx = torch.randn(1, 3, 4)\n"
    + "out = net(x)\nout.sum().backward()\nnet.eval()\nwith torch.no_grad():\n    fast = net(x)\n",
    "rnn": HEAD
    + "net = nn.LSTM(2, 3)\ncell = nn.LSTMCell(2, 3)\nx = torch.randn(4, 1, 2)\nout, (h, c) = net(x)\n"
    + "state = None\nfor t in x:\n    state = cell(t, state)\n(out.sum() + state[0].sum()).backward()\n",
    "overridden": HEAD
    + "class Shy(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    + "        self.w = nn.Parameter(torch.ones(1))\n"
    + "    def named_parameters(self, *a, **k):\n        print('asked')\n        return super().named_parameters(*a, **k)\n"
    + "    def named_modules(self, *a, **k):\n        print('asked too')\n        return super().named_modules(*a, **k)\n"
    + "    def __getattribute__(self, name):\n        if name == 'training':\n            print('training?')\n"
    + "        return super().__getattribute__(name)\n"
    + "    def forward(self, x):\n        return x * self.w\n"
    + "shy = Shy()\nout = shy(torch.ones(1))\nout.backward()\n",
    "script": HEAD
    + "net = torch.jit.script(nn.Linear(1, 1))\nout = net(torch.ones(1))\nnet.eval()\nout = net(torch.ones(1))\n",
    "property": HEAD
    + "class Asked(nn.Module):\n    @property\n    def training(self):\n        print('asked')\n        return True\n"
    + "    @training.setter\n    def training(self, on):\n        pass\n"
    + "    def forward(self, x):\n        return x * 2\nasked = Asked()\nout = asked(torch.ones(1))\n",
    "equal": HEAD
    + "class Same(nn.Module):\n    def __eq__(self, other):\n        print('compared')\n        return True\n"
    + "    __hash__ = nn.Module.__hash__\n"
    + "    def forward(self, x):\n        return x * 2\na, b = Same(), Same()\nout = b(a(torch.ones(1)))\n",
}


@pytest.mark.parametrize("name", ODD)
def test_it_runs_as_it_would_alone(name: str) -> None:
    trace = assert_faithful(ODD[name])

    assert trace.module_calls
    assert all(row.end_step is not None for row in trace.module_calls)


def test_the_learners_hooks_run_inside_the_call() -> None:
    read = Read(ODD["hooks"])

    assert ("mul", "net.lin") in within(read)
    assert ("add", "net.lin") in within(read)


def test_attention_shows_its_inner_modules() -> None:
    read = Read(ODD["encoder"])

    assert [row.path for row in read.trace.module_calls][:5] == [
        "net",
        "net.layers.0",
        "net.layers.0.self_attn",
        "net.layers.0.dropout1",
        "net.layers.0.norm1",
    ]


def test_a_parametrized_weight_is_computed_in_its_own_module() -> None:
    read = Read(ODD["parametrized"])

    assert ("triu", "net.parametrizations.weight.0") in within(read)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_scripted_module_knows_its_mode() -> None:
    assert [row.training for row in Read(ODD["script"]).trace.module_calls] == [True, False]


def test_calls_end_when_the_trace_is_full() -> None:
    program = HEAD + "net = nn.Identity()\nx = torch.ones(1)\nfor _ in range(500):\n    net(x)\n"
    trace = record_text(program, limits=Limits(events=200))

    assert trace.truncated is not None
    assert len(trace.module_calls) < 120
