"""What a forward call leaves in the trace: its sub-expression, tensors, names, mode, module."""

from __future__ import annotations

from tests.kernel.reading import Read
from tests.traces import golden
from tests.traces.recording import record_text


def test_each_operation_is_the_learners_exact_sub_expression() -> None:
    read = Read("import torch\na = torch.ones(2, requires_grad=True)\nQ = 3*a**3 - a\n")

    assert read.steps() == ["torch.ones(2, requires_grad=True)", "a**3", "3*a**3", "3*a**3 - a"]


def test_columns_count_characters_not_bytes() -> None:
    read = Read("import torch\nñandú = torch.ones(2); señal = ñandú * 2 + ñandú\n")

    assert read.steps() == ["torch.ones(2)", "ñandú * 2", "ñandú * 2 + ñandú"]
    assert set(read.ids) == {"ñandú", "señal"}


def test_an_expression_over_several_lines_is_found_whole() -> None:
    read = Read("import torch\na = torch.ones(2)\nb = (a\n     * 2)\n")

    assert read.steps()[-1] == "a\n     * 2"


def test_a_call_inside_a_library_is_the_line_that_led_there() -> None:
    read = Read(
        "import torch\nnet = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())\nnet(torch.ones(1, 2))\n"
    )

    assert read.steps() == ["torch.ones(1, 2)", "net(torch.ones(1, 2))", "net(torch.ones(1, 2))"]
    assert [operation.module for operation in read.trace.operations] == [None, "net.0", "net.1"]
    assert {"net.0.weight", "net.0.bias"} <= set(read.ids)


def test_an_operation_knows_its_function_arguments_and_saved_tensors() -> None:
    read = Read("import torch\na = torch.tensor(2.0, requires_grad=True)\nd = a * a\ne = a**3\n")
    product, power = read.trace.operations[1:]

    assert (product.function, product.arguments, product.inputs) == ("torch.Tensor.mul", ["#0", "#0"], [0, 0])
    assert (power.function, power.arguments) == ("torch.Tensor.__pow__", ["#0", "3"])
    nodes = {node.name: node for node in read.trace.nodes}
    assert nodes["MulBackward0"].saved["self"] == {"tensor": 0, "version": 0}
    assert nodes["PowBackward0"].saved["exponent"] == 3
    assert [edge.to for edge in read.trace.edges if edge.from_ == nodes["MulBackward0"].id] == [0, 0]


def test_a_saved_result_is_told_as_the_output() -> None:
    read = Read("import torch\nx = torch.ones(2, requires_grad=True)\ny = torch.sigmoid(x)\n")

    assert read.trace.nodes[1].saved["result"] == {"tensor": read.ids["y"], "version": 0}


def test_a_number_leaves_torch_without_an_output() -> None:
    read = Read("import torch\nx = torch.ones(2)\nn = x.sum().item()\n")

    assert [(op.function, len(op.outputs)) for op in read.trace.operations][-1] == ("torch.Tensor.item", 0)


def test_looking_at_a_tensor_is_no_operation() -> None:
    read = Read(
        "import torch\nx = torch.ones(2, requires_grad=True)\n"
        "x.shape, x.dtype, x.grad, x.grad_fn, x.is_leaf, x.requires_grad, len(x), x.size(), x.dim(), repr(x)\n"
    )

    assert read.steps() == ["torch.ones(2, requires_grad=True)"]


def test_a_form_feed_or_a_line_separator_ends_no_line() -> None:
    read = Read("import torch\na = 'one\u2028two\x0cthree'\n\x0cx = torch.ones(2)\ny = x * 2\n")
    lines = read.trace.sources[0].text.split("\n")

    assert [
        lines[op.span.line - 1][op.span.col : op.span.end_col] for op in read.trace.operations if op.span
    ] == [
        "torch.ones(2)",
        "x * 2",
    ]


def test_a_loop_over_a_tensor_is_what_it_goes_through() -> None:
    read = Read(
        "import torch\nX = torch.ones(2, 2)\nfor row in X:\n    y = row * 2\nz = [row + 1 for row in X * 3]\n"
    )

    assert read.steps() == [
        "torch.ones(2, 2)", "X", "row * 2", "row * 2", "X * 3", "X * 3", "row + 1", "row + 1",
    ]  # fmt: skip


def test_what_is_written_into_a_part_is_the_whole_assignment() -> None:
    read = Read("import torch\nh = torch.ones(2)\nh[0] = 5.0\nh[1] += 2\n")

    assert [read.code(step.span) for step in read.trace.steps[1:]] == [
        "h[0] = 5.0",
        "h[1]",
        "h[1] += 2",
        "h[1]",
    ]


# ------------------------------------------------------------------ modes


def test_every_operation_knows_the_mode_that_it_ran_in() -> None:
    read = Read(
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\n"
        "with torch.no_grad():\n    y = x * 3\n    with torch.enable_grad():\n        y = x * 4\n"
        "with torch.inference_mode():\n    y = x * 5\n"
        "@torch.no_grad()\ndef f():\n    return x * 6\ny = f()\n"
    )

    assert [op.mode for op in read.trace.operations[1:]] == [
        "grad",
        "no_grad",
        "grad",
        "inference",
        "no_grad",
    ]
    assert [bool(op.nodes) for op in read.trace.operations[1:]] == [True, False, True, False, False]


def test_detach_shares_memory() -> None:
    trace = golden("detach")
    detached = trace.operations[2]

    assert detached.function == "torch.Tensor.detach"
    assert trace.tensors[detached.outputs[0]].shares_memory_with == detached.inputs[0]
    assert detached.nodes == []


# ------------------------------------------------------------------ names


def test_rebinding_makes_a_new_tensor_with_the_same_name() -> None:
    read = Read("import torch\nx = torch.ones(2)\nx = x * 2\nx = x * 3\n")

    assert [(named.name, named.tensor) for named in read.trace.names] == [("x", 0), ("x", 1), ("x", 2)]


def test_tuple_targets_walrus_and_chains_name_their_tensors() -> None:
    read = Read(
        "import torch\na, b = torch.ones(4).split(2)\nc = d = a * b\nif (e := c.sum()) > 0:\n    f: torch.Tensor = e * 2\n"
    )

    assert {"a", "b", "e", "f"} <= set(read.ids)
    assert read.ids["a"] != read.ids["b"]


def test_what_a_builtin_adds_up_is_named_once_it_is_done() -> None:
    read = Read("import torch\nparts = list(torch.ones(3))\ns = sum(parts)\nt = s * 2\n")

    assert [named.name for named in read.trace.names][:2] == ["s", "t"]
    assert read.ids["s"] == read.trace.operations[-2].outputs[0]


def test_a_result_that_comes_through_a_function_is_named_by_its_assignment() -> None:
    read = Read(
        "import torch\ndef f(t):\n    u = t * 2\n    return u + 1\nx = torch.ones(2)\ny = f(x)\nz = y * 3\n"
    )
    last = read.trace.operations[2]

    assert read.ids["y"] == last.outputs[0]
    assert read.trace.operations[3].inputs == [read.ids["y"]]


def test_a_local_name_takes_nothing_from_the_variable_of_the_same_name() -> None:
    read = Read(
        "import torch\ndef f(x):\n    x = x * 2\n    return x\nx = torch.ones(2)\ny = f(x)\nz = x + y\n"
    )

    assert read.ids["x"] == read.trace.operations[0].outputs[0]
    assert read.ids["y"] == read.trace.operations[1].outputs[0]


def test_a_tensor_that_no_mode_saw_made_is_named_when_it_is_used() -> None:
    read = Read(
        "import torch, numpy\nv = torch.FloatTensor([1, 2])\nn = torch.from_numpy(numpy.ones(2))\nw = v * n\n"
    )

    assert [read.name(tensor) for tensor in read.trace.operations[-1].inputs] == ["v", "n"]


def test_a_tensor_that_is_never_used_is_there_at_the_end() -> None:
    read = Read("import torch\nv = torch.FloatTensor([1, 2])\nu = torch.ones(1)\n")

    assert read.last_value("v") == [1.0, 2.0]


def test_parameters_have_their_modules_path_even_inside_a_function() -> None:
    text = (
        "import torch\ndef train():\n    net = torch.nn.Sequential(torch.nn.Linear(1, 1))\n"
        "    net(torch.ones(1)).backward()\ntrain()\n"
    )

    assert {"net.0.weight", "net.0.bias"} <= set(Read(text).ids)


def test_a_gradient_used_in_an_expression_is_named_after_its_tensor() -> None:
    read = Read("import torch\nw = torch.ones(2, requires_grad=True)\nw.sum().backward()\ng = 0.1 * w.grad\n")

    assert "w.grad" in read.ids


# ------------------------------------------------------------------ kinds of calls


def test_a_custom_function_is_one_operation_with_its_saved_tensors() -> None:
    read = Read(
        "import torch\nclass Square(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
        "        ctx.save_for_backward(x)\n        return x * x\n    @staticmethod\n    def backward(ctx, g):\n"
        "        (x,) = ctx.saved_tensors\n        return 2 * x * g\n"
        "x = torch.tensor(3.0, requires_grad=True)\ny = Square.apply(x)\ny.backward()\n"
    )

    assert read.trace.operations[1].function == "Square.apply"
    assert read.trace.nodes[1].name == "SquareBackward"
    assert read.trace.nodes[1].saved == {
        "saved_tensors[0]": {"tensor": 0, "version": 0},
        "ctx.needs_input_grad": [True],
    }
    assert read.steps()[2:] == ["2 * x", "2 * x * g", "0: SquareBackward", "0: AccumulateGrad of x"]
    assert [op.backward for op in read.trace.operations[2:]] == [0, 0]


def test_a_compiled_function_is_one_operation_and_says_so() -> None:
    read = Read(
        "import torch\ndef f(t):\n    return (t * 2).sin()\nfast = torch.compile(f, backend='eager')\n"
        "x = torch.ones(2, requires_grad=True)\ny = fast(x)\n"
    )

    assert read.steps()[-1] == "fast(x)"
    assert read.trace.operations[-1].function == "torch.compile(f)"
    assert [read.trace.nodes[node].name for node in read.trace.operations[-1].nodes][1:] == [
        "MulBackward0",
        "SinBackward0",
    ]
    assert read.ids["y"] == read.trace.operations[-1].outputs[0]


def test_making_a_model_is_no_step() -> None:
    assert record_text("import torch\nmodel = torch.nn.Linear(3, 2)\n").steps == []


def test_a_data_loaders_own_work_is_no_step() -> None:
    read = Read(
        "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\n"
        "data = TensorDataset(torch.arange(6.0), torch.arange(6))\n"
        "for x, y in DataLoader(data, batch_size=3):\n    loss = (x - y).sum()\n"
    )

    assert read.steps() == [
        *("torch.arange(6.0)", "torch.arange(6)"),
        *("x - y", "(x - y).sum()"),
        *("x - y", "(x - y).sum()"),
    ]
    assert [read.name(tensor) for tensor in read.trace.operations[-2].inputs] == ["x", "y"]


def test_views_and_unbinding_have_all_their_outputs() -> None:
    read = Read("import torch\nx = torch.ones(3, 2, requires_grad=True)\nr = list(x)\nv = x.view(2, 3)\n")

    assert [len(op.outputs) for op in read.trace.operations[1:]] == [3, 1]


def test_a_node_under_saved_tensor_hooks_shows_what_was_packed_and_unpacks_nothing() -> None:
    read = Read(
        "import torch\nx = torch.ones(2, requires_grad=True)\ncalls = []\n"
        "with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: calls.append(1) or t):\n    y = x * x\n"
        "print(len(calls))\n"
    )

    assert read.trace.output == "0\n"
    packed = read.trace.nodes[1].saved
    assert sorted(packed) == ["packed[0]", "packed[1]"]
    assert {(one["of"], one["tensor"]) for one in packed.values()} == {("self", 0), ("other", 0)}
