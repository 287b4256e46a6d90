"""One tensor over time: its flags, memory, shape, versions and views; what is written through another is seen in all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.reading import Read
from tests.kernel.test_record_kinds import assert_shown
from tutor.protocol import Tensor, Value
from tutor.trace.tensors import tensor_rows

X = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"


def rows(read: Read, name: str) -> list[Value]:
    return [value for value in read.trace.values if value.tensor == read.ids[name]]


def history(read: Read, name: str) -> list[tuple[int, Any]]:
    """Each version and value that was seen of it."""
    return [(value.version, value.value) for value in rows(read, name)]


def tensor(read: Read, name: str) -> Tensor:
    return read.trace.tensors[read.ids[name]]


def told(read: Read, what: str) -> list[tuple[str, Any, Any]]:
    return [(read.name(c.tensor), c.before, c.after) for c in read.trace.changes if c.what == what]


# ------------------------------------------------------------------ flags


@pytest.mark.parametrize(
    "flip",
    ["p.requires_grad_(False)", "p.requires_grad = False", "setattr(p, 'requires_grad', False)"],
)
def test_each_parameter_of_a_list_is_frozen_in_its_own_step(flip: str) -> None:
    read = Read(
        f"import torch\nnet = torch.nn.Linear(2, 1)\nfor p in list(net.parameters()):\n    {flip}\ndel p\n"
    )

    assert told(read, "requires_grad") == [("net.weight", True, False), ("net.bias", True, False)]
    assert read.steps() == ["flag_changed net.weight", "flag_changed net.bias"]


def test_a_frozen_module_is_thawed_in_part() -> None:
    read = Read(
        "import torch\nnet = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))\n"
        "net.requires_grad_(False)\nnet[1].requires_grad_(True)\nnet(torch.ones(1)).backward()\n"
    )

    assert [before for _, before, _ in told(read, "requires_grad")] == [True] * 4 + [False] * 2
    landed = {read.name(a.tensor) for a in read.trace.backwards[0].accumulations}
    assert landed == {"net.1.weight", "net.1.bias"}


def test_a_flag_may_flip_back_and_forth_between_operations() -> None:
    read = Read(
        "import torch\nx = torch.ones(2)\nx.requires_grad = True\ny = x * 2\nx.requires_grad = False\nz = x * 3\n"
    )

    assert told(read, "requires_grad") == [("x", False, True), ("x", True, False)]
    assert (tensor(read, "y").requires_grad, tensor(read, "z").requires_grad) == (True, False)


def test_a_tensor_detached_in_place_is_a_leaf_without_flag() -> None:
    read = Read(X + "y = x * 2\ny.detach_()\nz = y * 3\n")

    assert read.steps()[2] == "y.detach_()"
    assert tensor(read, "z").requires_grad is False


# ------------------------------------------------------------------ memory


def test_a_detached_tensor_shares_memory_both_ways() -> None:
    read = Read(X + "y = x.detach()\ny[0] = 5\nwith torch.no_grad():\n    x[1] = 7\n")

    assert tensor(read, "y").shares_memory_with == read.ids["x"]
    assert history(read, "x") == [(0, [1.0, 2.0]), (1, [5.0, 2.0]), (2, [5.0, 7.0])]
    assert history(read, "y") == [(0, [1.0, 2.0]), (1, [5.0, 2.0]), (2, [5.0, 7.0])]


def test_a_view_knows_its_base_and_a_views_view_the_same() -> None:
    read = Read("import torch\nx = torch.zeros(4)\nv = x.view(2, 2)\nr = v[0]\nc = x.clone()\n")

    assert [tensor(read, name).base for name in ("x", "v", "r", "c")] == [
        None,
        read.ids["x"],
        read.ids["x"],
        None,
    ]


def test_a_write_through_a_views_view_is_seen_in_all() -> None:
    read = Read("import torch\nx = torch.zeros(4)\nv = x.view(2, 2)\nr = v[0]\nr[1:].fill_(7)\n")

    assert read.last_value("x") == [0.0, 7.0, 0.0, 0.0]
    assert read.last_value("v") == [[0.0, 7.0], [0.0, 0.0]]
    assert read.last_value("r") == [0.0, 7.0]


def test_a_tracked_write_through_a_view_gives_the_base_its_new_version() -> None:
    read = Read(X + "y = x * 1\nv = y[:1]\nv.mul_(3)\ny.sum().backward()\n")

    assert history(read, "y") == [(0, [1.0, 2.0]), (1, [3.0, 2.0])]
    assert history(read, "v") == [(0, [1.0]), (1, [3.0])]
    assert "CopySlices" in {node.name for node in read.trace.nodes}
    assert read.trace.backwards[0].accumulations[0].after == [3.0, 1.0]


def test_a_tensor_set_to_anothers_memory_shares_it_from_then_on() -> None:
    read = Read("import torch\nx = torch.zeros(2)\ny = torch.ones(3)\nx.set_(y)\nx[0] = 5\nz = y * 2\n")

    assert read.last_value("y") == [5.0, 1.0, 1.0]
    assert rows(read, "x")[-1].shape == [3]


def test_a_gradient_written_through_data_is_the_tensors_new_gradient() -> None:
    read = Read(X + "(x * x).sum().backward()\nx.grad.data.zero_()\n")

    assert told(read, "grad") == [("x", [2.0, 4.0], [0.0, 0.0])]


def test_swapped_tensors_have_each_others_values() -> None:
    text = "import torch\nx = torch.ones(1)\ny = torch.zeros(2)\ntorch.utils.swap_tensors(x, y)\nz = x * 2\n"
    read = Read(text)
    assert_faithful(text)

    assert (read.last_value("x"), read.last_value("y"), read.last_value("z")) == (
        [0.0, 0.0],
        [1.0],
        [0.0, 0.0],
    )
    assert read.steps()[2:4] == ["value_changed x", "value_changed y"]


def test_the_learners_own_weak_reference_still_forbids_a_swap() -> None:
    assert_faithful(
        "import torch, weakref\nx = torch.ones(1)\ny = x * 2\nr = weakref.ref(x)\n"
        "try:\n    torch.utils.swap_tensors(x, y)\nexcept RuntimeError as e:\n    print(e)\n"
    )


def test_a_module_converted_by_swapping_works_as_alone() -> None:
    assert_faithful(
        "import torch\ntorch.__future__.set_swap_module_params_on_conversion(True)\nnet = torch.nn.Linear(2, 1)\n"
        "out = net(torch.ones(2)).sum().item()\nnet.double()\n"
        "y = net(torch.ones(2, dtype=torch.float64)).sum()\ny.backward()\n"
        "torch.__future__.set_swap_module_params_on_conversion(False)\n"
    )


# ------------------------------------------------------------------ shape and dtype


@pytest.mark.parametrize(
    ("change", "shape", "dtype"),
    [
        ("x.resize_(3)", [3], None),
        ("x.unsqueeze_(0)", [1, 2], None),
        ("x.t_() if x.dim() == 2 else x.unsqueeze_(1)", [2, 1], None),
        ("x.data = torch.zeros(3)", [3], None),
        ("x.data = torch.zeros(2, dtype=torch.float64)", None, "float64"),
        ("x.set_(torch.zeros(4))\nx.add_(1)", [4], None),
        ("x.fill_(3)", None, None),
    ],
)
def test_another_shape_or_dtype_is_told_with_the_values(
    change: str, shape: list[int] | None, dtype: str | None
) -> None:
    read = Read(f"import torch\nx = torch.ones(2)\ny = x * 2\n{change}\nz = x * 2\n")

    assert tensor(read, "x").shape == [2]
    assert (rows(read, "x")[-1].shape, rows(read, "x")[-1].dtype) == (shape, dtype)
    assert rows(read, "x")[0].shape is None
    assert_shown(read.trace)


def test_a_module_in_half_precision_has_the_same_parameters() -> None:
    read = Read("import torch\nnet = torch.nn.Linear(1, 1)\nnet(torch.ones(1))\nnet.half()\nnet.float()\n")

    assert [row.dtype for row in rows(read, "net.weight")] == [None, "float16", None]
    assert read.steps()[2:] == [f"value_changed net.{name}" for name in ("weight", "bias")] * 2


# ------------------------------------------------------------------ versions


def test_a_write_to_an_inference_tensor_has_no_version_and_is_seen() -> None:
    read = Read(
        "import torch\nwith torch.inference_mode():\n    a = torch.ones(2)\n    a.add_(1)\n    a[0] = 9\n    b = a * 2\n"
    )

    assert [value for _, value in history(read, "a")] == [[1.0, 1.0], [2.0, 2.0], [9.0, 2.0]]
    assert read.last_value("b") == [18.0, 4.0]


def test_a_running_mean_is_written_by_its_batch_norm() -> None:
    read = Read(
        "import torch\nbn = torch.nn.BatchNorm1d(1, momentum=0.5)\nx = torch.tensor([[1.0], [3.0]])\ny = bn(x)\n"
        "bn.eval()\nz = bn(x)\n"
    )
    change = next(c for c in read.trace.changes if read.name(c.tensor) == "bn.running_mean")

    assert read.code(read.trace.steps[change.step].span) == "bn(x)"
    assert read.trace.operations[change.operation or 0].function == "torch.nn.functional.batch_norm"
    assert [value for _, value in history(read, "bn.running_mean")] == [[0.0], [1.0]]


def test_making_a_batch_norm_is_no_step() -> None:
    assert Read("import torch\nbn = torch.nn.BatchNorm1d(2)\nrnn = torch.nn.LSTM(2, 2)\n").steps() == []


def test_parameters_loaded_in_place_of_others_have_their_names() -> None:
    read = Read(
        "import torch\nnet = torch.nn.Linear(2, 1)\nnew = {'weight': torch.zeros(1, 2), 'bias': torch.zeros(1)}\n"
        "y = net(torch.ones(2))\nnet.load_state_dict(new, assign=True)\nz = net(torch.ones(2))\n"
    )
    last = read.trace.operations[-1]

    assert [read.name(id) for id in last.inputs[1:]] == ["net.weight", "net.bias"]
    assert last.inputs[1:] != read.trace.operations[3].inputs[1:]


def test_retain_grad_is_told_and_its_gradient_lands() -> None:
    read = Read(X + "y = x * 2\ny.retain_grad()\ny.sum().backward()\n")

    assert told(read, "retains_grad") == [("y", False, True)]
    assert [read.name(a.tensor) for a in read.trace.backwards[0].accumulations] == ["y", "x"]


def test_the_panel_shows_the_shape_and_dtype_of_the_step() -> None:
    read = Read("import torch\nx = torch.ones(2, 3)\nx.t_()\nx.data = torch.ones(3, dtype=torch.float64)\n")
    rows_of = [tensor_rows(read.trace, step)[0] for step in (0, 1, len(read.trace.steps) - 1)]

    assert [(row.shape, row.dtype) for row in rows_of] == [
        ((2, 3), "float32"),
        ((3, 2), "float32"),
        ((3,), "float64"),
    ]
    assert [row.value.shape for row in rows_of if row.value] == [(2, 3), (3, 2), (3,)]


# ------------------------------------------------------------------ memory that others write


def test_what_numpy_writes_is_seen_at_the_next_use() -> None:
    text = (
        "import torch, numpy\nn = numpy.ones(2)\nx = torch.from_numpy(n)\ny = x * 2\nn[0] = 5\n"
        "z = x * 2\nw = x * 3\nn[1] = 7\n"
    )
    read = Read(text)
    assert_faithful(text)

    assert [value for _, value in history(read, "x")] == [[1.0, 1.0], [5.0, 1.0], [5.0, 7.0]]
    assert [row.step for row in rows(read, "x")][1] == 0
    assert not [c for c in read.trace.changes if c.what == "value"]


def test_a_tensor_lent_to_numpy_is_looked_at_anew() -> None:
    text = (
        "import torch\nx = torch.zeros(2, 2)\nv = x[0]\nn = v.numpy()\nn[:] = 3\ny = x * 2\nx.add_(1)\n"
        "z = v * 1\nn[1] = 9\n"
    )
    read = Read(text)
    assert_faithful(text)

    assert read.last_value("x") == [[4.0, 9.0], [1.0, 1.0]]
    assert read.last_value("v") == [4.0, 9.0]
    assert [read.steps()[c.step] for c in read.trace.changes if c.what == "value"] == ["value_changed x"] * 2


def test_what_is_lent_and_not_written_has_one_value() -> None:
    read = Read(
        "import torch, numpy\nx = torch.from_numpy(numpy.ones(2))\nfor _ in range(5):\n    y = x * 2\n"
    )

    assert len(rows(read, "x")) == 1
