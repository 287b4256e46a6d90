"""How long a name is a tensor's, as the tensor panel's rows tell it."""

from __future__ import annotations

from tests.kernel.reading import Read
from tutor.trace.structure import structure
from tutor.trace.tensors import tensor_rows

X = "import torch\nx = torch.ones(2, requires_grad=True)\n"


def rows(read: Read, code: str) -> list[str]:
    """The rows after the last step that is so written."""
    step = max(index for index, written in enumerate(read.steps()) if written == code)
    return [row.name for row in tensor_rows(read.trace, step)]


def last_rows(read: Read) -> list[str]:
    return [row.name for row in tensor_rows(read.trace, len(read.trace.steps) - 1)]


def test_a_deleted_variable_has_no_row() -> None:
    read = Read(X + "y = x * 2\ndel y\nprint(1)\nz = x * 3\nw = x * 4\ndel z\n")

    assert rows(read, "x * 2") == ["x", "y"]
    assert rows(read, "output 1") == ["x"]
    assert rows(read, "x * 4") == ["x", "w"] == last_rows(read)


def test_a_variable_that_now_holds_something_else_has_no_row() -> None:
    read = Read(X + "y = x * 2\nkept = lambda y=y: y\ny = 3\nz = x * 3\n")

    assert last_rows(read) == ["x", "z"]


def test_the_locals_of_a_function_go_when_it_is_left() -> None:
    read = Read(
        X
        + "def f(t):\n    u = t * 2\n    return u + 1\ny = f(x * 3)\nq = (lambda v: v - 1)(y * 1)\nz = q * 5\n"
    )

    assert rows(read, "u + 1") == ["x", "t", "u", "y"]
    assert last_rows(read) == ["x", "y", "q", "z"]


def test_the_locals_of_an_inner_function_go_though_the_outer_one_goes_on() -> None:
    read = Read(
        X + "def f(t):\n    u = t * 2\n    return u + 1\ndef g(a):\n    b = f(a * 3)\n    return b - 1\n"
        "y = g(x * 4)\nz = y * 1\n"
    )

    assert rows(read, "b - 1") == ["x", "a", "b", "y"]


def test_the_locals_of_hooks_and_custom_backwards_go_before_the_next_node() -> None:
    read = Read(
        X + "class Square(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
        "        ctx.save_for_backward(x)\n        return x * x\n    @staticmethod\n    def backward(ctx, g):\n"
        "        (s,) = ctx.saved_tensors\n        t = 2 * s\n        return t * g\n"
        "y = Square.apply(x)\ny.register_hook(lambda h: h * 3)\ny.sum().backward()\n"
    )

    assert set(rows(read, "t * g")) == {"x", "y", "t", "g"}
    assert rows(read, "h * 3") == ["x", "y", "h"]
    assert last_rows(read) == ["x", "y"]


def test_a_program_that_is_all_in_a_function_shows_its_tensors_at_its_last_step() -> None:
    read = Read("import torch\ndef main():\n    w = torch.ones(2)\n    y = w * 2\n    print(1)\nmain()\n")

    assert last_rows(read) == ["w", "y"]


def test_a_name_holds_no_tensor_alive() -> None:
    read = Read("import torch, weakref\ny = torch.ones(2) * 2\nseen = weakref.ref(y)\ndel y\nprint(seen())\n")

    assert read.trace.output == "None\n"


# ------------------------------------------------------------------ what lies in something

OBJECT = (
    "import torch\nclass Model:\n    def __init__(self):\n"
    "        self.w = torch.ones(2, requires_grad=True)\n        self.b = torch.ones(2, requires_grad=True)\n"
    "    def __call__(self, x):\n        return (self.w * x + self.b).sum()\n"
    "model = Model()\nfor i in range(2):\n    model(torch.ones(2)).backward()\n    with torch.no_grad():\n"
    "        for p in (model.w, model.b):\n            p -= 0.1 * p.grad\n            p.grad = None\n"
)


def test_an_objects_tensors_are_named_by_their_path_and_not_by_a_loop() -> None:
    read = Read(OBJECT)
    names = {box.name for box in structure(read.trace, 0).boxes}

    assert {"model.w", "model.b"} <= names and "p" not in names
    assert {"model.w", "model.b"} <= {name for row in last_rows(read) for name in row.split(", ")}


def test_items_of_lists_and_dicts_are_named_by_their_place() -> None:
    read = Read(
        "import torch\nws = [torch.ones(2, requires_grad=True) for _ in range(2)]\n"
        'd = {"w": torch.ones(2, requires_grad=True)}\n(ws[0] * ws[1] * d["w"]).sum().backward()\n'
        "for p in ws:\n    p.grad = None\n"
    )

    assert {"ws[0]", "ws[1]", 'd["w"]'} <= {box.name for box in structure(read.trace, 0).boxes}


def test_a_loop_that_uses_each_first_names_each_by_its_place() -> None:
    read = Read(
        "import torch\nws = [torch.ones(2, requires_grad=True) for _ in range(2)]\n"
        "for t in ws:\n    (t * 2).sum().backward()\n"
    )

    assert {"ws[0]", "ws[1]"} <= set(read.ids)


def test_buffers_are_named_by_their_path() -> None:
    read = Read(
        "import torch\nnet = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))\n"
        "net(torch.ones(3, 2)).sum().backward()\n"
        "class Scaled(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.register_buffer('scale', torch.ones(2))\n"
        "    def forward(self, x):\n        return x * self.scale\n"
        "scaled = Scaled()\ny = scaled(torch.ones(2))\n"
    )

    assert {"net.1.running_mean", "net.1.running_var", "scaled.scale"} <= set(read.ids)


def test_looking_for_a_path_runs_nothing_of_the_programs() -> None:
    read = Read(
        "import torch\nclass Loud:\n    def __getattribute__(self, name):\n        print('asked')\n"
        "        return object.__getattribute__(self, name)\nloud = Loud()\n"
        "def f(t):\n    return t * 2\ny = f(torch.ones(2, requires_grad=True))\n"
    )

    assert read.trace.output == ""


def test_a_variable_keeps_its_own_name_though_a_list_holds_it_too() -> None:
    read = Read(X + "xs = [x]\nfor t in xs:\n    y = t * 2\nz = x * 3\n")

    assert next(named.name for named in read.trace.names if named.tensor == read.ids["x"]) == "x"
    assert "xs[0]" not in read.ids


# ------------------------------------------------------------------ what an operation made and a thing holds


def test_a_result_is_named_by_the_place_that_an_operand_is_written_with() -> None:
    read = Read(
        X + "outs = [x * 2, x * 3]\nd = {'h': x * 4}\nclass Box:\n    pass\nbox = Box()\nbox.h = x * 5\n"
        "for i in range(2):\n    y = outs[i] + 1\nz = d['h'] + box.h\n"
    )
    given = {named.name: read.trace.operations[named.tensor].span for named in read.trace.names}

    assert {name: read.code(given[name]) for name in ("outs[0]", "outs[1]", 'd["h"]', "box.h")} == {
        "outs[0]": "x * 2",
        "outs[1]": "x * 3",
        'd["h"]': "x * 4",
        "box.h": "x * 5",
    }


def test_what_lies_in_something_at_a_cells_end_is_named_by_its_place() -> None:
    read = Read(X + "outs = []\nfor i in range(3):\n    outs.append(x * i)\n")

    assert {"outs[0]", "outs[1]", "outs[2]"} <= set(last_rows(read))


def test_a_place_that_holds_another_result_names_that_one() -> None:
    read = Read(X + "h = [x * 2]\ny = h[0] + 1\nh[0] = x * 3\nz = h[0] + 2\n")

    assert [read.code(read.trace.operations[named.tensor].span) for named in read.trace.names][-2:] == [
        "x * 3",
        "h[0] + 2",
    ]


def test_naming_by_a_written_place_runs_nothing_of_the_programs() -> None:
    read = Read(
        X + "class Loud(list):\n    def __getitem__(self, at):\n        print('asked')\n"
        "        return list.__getitem__(self, at)\nloud = Loud([x * 2])\ny = loud[0] + 1\n"
    )

    assert read.trace.output == "asked\n"
