"""Programs that nobody wrote: torch's own graph, walked here, is the recorded one; values and gradients are torch's."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.both_ways import assert_faithful, recorded
from tutor.kernel.nodes import Mark
from tutor.trace.trace import Trace

LEAVES = ("a", "b", "c")
NAMES = (*LEAVES, "d", "e", "f")

names = st.sampled_from(NAMES)
unary = st.sampled_from(
    ["{x} * {x}", "torch.sin({x})", "{x}.exp().clamp(max=9)", "2 - {x}", "{x}.t()", "{x}.clone()"]
)
binary = st.sampled_from(
    ["{x} + {y}", "{x} * {y}", "{x} @ {y}", "{x} - 0.5 * {y}", "torch.where({x} > 0, {x}, {y})"]
)
in_place = st.sampled_from(
    ["{x}.mul_(2)", "{x}.add_({y})", "{x}[0] = {y}[1]", "{x} += {y}", "{x}.view(-1)[0] = 3"]
)


@st.composite
def statements(draw: st.DrawFn) -> list[str]:
    """One statement of a program over 2×2 tensors, as lines."""
    target, x, y = draw(st.sampled_from(NAMES[3:])), draw(names), draw(names)
    kind = draw(st.sampled_from(["unary", "binary", "in place", "backward", "no_grad", "detach", "split"]))
    match kind:
        case "unary":
            return [f"{target} = " + draw(unary).format(x=x)]
        case "binary":
            return [f"{target} = " + draw(binary).format(x=x, y=y)]
        case "in place":
            return [f"{target} = {x} * 1", draw(in_place).format(x=target, y=y)]
        case "backward":
            return [f"if {x}.requires_grad:", f"    {x}.sum().backward(retain_graph={draw(st.booleans())})"]
        case "no_grad":
            return ["with torch.no_grad():", f"    {target} = " + draw(binary).format(x=x, y=y)]
        case "detach":
            return [f"{target} = {x}.detach() * {y}"]
        case _:
            return [f"_first, _second = {x}.unbind()", f"{target} = torch.stack([_second, _first * 2])"]


@st.composite
def programs(draw: st.DrawFn) -> str:
    lines = ["import torch", "torch.manual_seed(1)"]
    for name in LEAVES:
        lines.append(f"{name} = torch.randn(2, 2, requires_grad={draw(st.booleans())})")
    lines += ["d, e, f = a * 1, b + 0, c * b"]
    for block in draw(st.lists(statements(), min_size=1, max_size=12)):
        lines += block
    return "\n".join(lines) + "\n"


def live_nodes(namespace: dict[str, Any]) -> list[Any]:
    """Every node of torch's graph that the program's variables still reach."""
    tensors = [value for value in namespace.values() if isinstance(value, torch.Tensor)]
    stack = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    found: dict[Any, None] = {}
    while stack:
        node = stack.pop()
        if node not in found:
            found[node] = None
            stack += [following for following, _ in node.next_functions if following is not None]
    return list(found)


def id_of(node: Any) -> int:
    """The id that the recording has given to a node of torch's."""
    (mark,) = (mark for mark in node.metadata.values() if isinstance(mark, Mark))
    return mark.id


def assert_same_graph(namespace: dict[str, Any], trace: Trace) -> None:
    edges: dict[int, list[tuple[int, int, int]]] = {}
    for edge in trace.edges:
        edges.setdefault(edge.from_, []).append((edge.output, edge.to, edge.input))
    for node in live_nodes(namespace):
        recorded_node = trace.nodes[id_of(node)]
        assert recorded_node.name == node.name().rpartition("::")[2]
        assert sorted(edges.get(recorded_node.id, [])) == [
            (output, id_of(following), slot)
            for output, (following, slot) in enumerate(node.next_functions)
            if following is not None
        ]


def assert_gradients_land(namespace: dict[str, Any], trace: Trace) -> None:
    """The last accumulation told of a leaf is what its `.grad` is."""
    last = {a.tensor: a.after for backward in trace.backwards for a in backward.accumulations}
    ids = {named.name: named.tensor for named in trace.names}
    for name in LEAVES:
        grad = namespace[name].grad
        assert last.get(ids[name]) == (None if grad is None else grad.tolist())


def assert_gradients_add_up(trace: Trace) -> None:
    """What comes in at a node is the sum of what was sent along the edges to it."""
    for backward in trace.backwards:
        sent: dict[tuple[int, int], torch.Tensor] = {}
        for run in backward.steps:
            for slot, gradient in enumerate(run.grad_outputs):
                incoming = sent.get((run.node, slot))
                if incoming is not None and run.node not in backward.roots:
                    torch.testing.assert_close(torch.tensor(gradient), incoming, equal_nan=True)
            for edge in trace.edges:
                if edge.from_ == run.node and run.grad_inputs[edge.output] is not None:
                    gradient = torch.tensor(run.grad_inputs[edge.output])
                    key = edge.to, edge.input
                    sent[key] = sent[key] + gradient if key in sent else gradient


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs())
def test_random_programs_are_recorded_as_torch_runs_them(text: str) -> None:
    assert_faithful(text)
    outcome, trace = recorded(text)

    assert_same_graph(outcome.namespace, trace)
    assert_gradients_land(outcome.namespace, trace)
    assert_gradients_add_up(trace)
    assert [step for step in trace.steps if step.kind == "node"] != [] or not trace.backwards


MODELS = {
    "linear": ("torch.nn.Linear(3, 2)", (4, 3)),
    "convolution": ("torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))", (2, 1, 6, 6)),
    "recurrent": ("torch.nn.LSTM(3, 4, num_layers=2)", (5, 2, 3)),
    "transformer": ("torch.nn.TransformerEncoderLayer(8, 2, 16)", (3, 2, 8)),
}


def test_the_graphs_of_models_are_torchs_own() -> None:
    for module, shape in MODELS.values():
        text = f"import torch\nmodel = {module}\nout = model(torch.randn{shape})\n"
        outcome, trace = recorded(text + "loss = (out[0] if isinstance(out, tuple) else out).sum()\n")

        assert_same_graph(outcome.namespace, trace)
        assert len(live_nodes(outcome.namespace)) > 2
