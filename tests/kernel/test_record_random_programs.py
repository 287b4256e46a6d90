"""Programs that nobody wrote: torch's own graph, walked here, is the recorded one; so are values, names, spans and order."""

from __future__ import annotations

import ast
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.both_ways import assert_same, recorded, run
from tests.kernel.random_programs import LEAVES, programs
from tests.kernel.reading import Read
from tests.kernel.soundness import as_data, assert_sound, last_values
from tests.kernel.walked import following, name_of, observed, recorded_order, recorded_walk
from tutor.kernel.nodes import Mark
from tutor.protocol import Operation, TensorId, TensorNamed
from tutor.trace.trace import Trace

MOST = settings().max_examples
many = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def live_nodes(namespace: dict[str, Any]) -> list[Any]:
    """Every node of torch's graph that the program's variables still reach."""
    tensors = [value for value in namespace.values() if isinstance(value, torch.Tensor)]
    stack = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    found: dict[Any, None] = {}
    while stack:
        node = stack.pop()
        if node not in found:
            found[node] = None
            stack += [after for _, after, _ in following(node)]
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
        told = trace.nodes[id_of(node)]
        assert told.name == name_of(node)
        assert sorted(edges.get(told.id, [])) == [
            (output, id_of(after), slot) for output, after, slot in following(node)
        ]


def assert_names_hold_their_values(read: Read, namespace: dict[str, Any]) -> None:
    """At the end each variable that holds a tensor is named in the trace, and what was last told of it is what it is."""
    held = {name: value for name, value in namespace.items() if isinstance(value, torch.Tensor)}
    last, said = last_values(read.trace), names_at_the_end(read.trace)
    for name, tensor in held.items():
        (known,) = {said[other] for other, value in held.items() if value is tensor and other in said}
        assert last[known].value == as_data(tensor), name


def names_at_the_end(trace: Trace) -> dict[str, TensorId]:
    """Who holds each name when all is over. A tensor that has lost a name may have lost it to another long ago."""
    holders: dict[str, TensorId] = {}
    for row in sorted((*trace.forgotten, *trace.names), key=lambda row: row.step):
        if isinstance(row, TensorNamed):
            holders[row.name] = row.tensor
        elif holders.get(row.name) == row.tensor:
            del holders[row.name]
    return holders


def assert_gradients_are_told(namespace: dict[str, Any], trace: Trace) -> None:
    """The last change told of a leaf's `.grad` is what it is."""
    told: dict[int, tuple[int, Any]] = {}
    for backward in trace.backwards:
        for landed in backward.accumulations:
            told[landed.tensor] = max(
                told.get(landed.tensor, (-1, None)), (landed.step, landed.after), key=_step
            )
    for change in trace.changes:
        if change.what == "grad":
            told[change.tensor] = max(
                told.get(change.tensor, (-1, None)), (change.step, change.after), key=_step
            )
    ids = {named.name: named.tensor for named in trace.names}
    for name in LEAVES:
        grad = namespace[name].grad if namespace[name].is_leaf else None
        if name in ids and namespace[name].is_leaf:
            assert told.get(ids[name], (0, None))[1] == (None if grad is None else as_data(grad)), name


def _step(entry: tuple[int, Any]) -> int:
    return entry[0]


def assert_spans_are_what_was_evaluated(read: Read) -> None:
    """Each operation's span is a whole sub-expression (or a write), and one that calls this very function."""
    for operation in read.trace.operations:
        code = read.code(operation.span)
        assert _written_as(code) >= {_plain(operation)}, (code, operation.function)


def _plain(operation: Operation) -> str:
    return operation.function.rpartition(".")[2].strip("_")


def _written_as(code: str) -> set[str]:
    """The names of the functions that the outermost expression (or statement) of `code` may call."""
    node: ast.AST = ast.parse(code).body[0]
    node = node.value if isinstance(node, ast.Expr) else node
    match node:
        case ast.BinOp(op=op):
            return _OPERATORS[type(op)]
        case ast.AugAssign(op=op):
            return {f"i{name}" for name in _OPERATORS[type(op)]} | _OPERATORS[type(op)]
        case ast.UnaryOp(op=ast.USub()):
            return {"neg"}
        case ast.Compare():
            return {"gt"}
        case ast.Subscript():
            return {"getitem"}
        case ast.Assign(targets=[ast.Subscript()]):
            return {"setitem"}
        case ast.Call(func=ast.Name(id="abs")):
            return {"abs"}
        case ast.Call(func=ast.Attribute(attr=name)):
            return {name.strip("_")}
    raise AssertionError(f"no operation is written as {code!r}")


_OPERATORS: dict[type[ast.operator], set[str]] = {
    ast.Add: {"add", "radd"},
    ast.Sub: {"sub", "rsub"},
    ast.Mult: {"mul", "rmul"},
    ast.Div: {"div", "truediv", "rdiv", "rtruediv", "reciprocal", "mul"},
    ast.Pow: {"pow"},
    ast.MatMult: {"matmul"},
}


@settings(many, max_examples=MOST // 2)
@given(programs())
def test_random_programs_are_recorded_as_torch_runs_them(text: str) -> None:
    with observed() as twins:
        plain = run(text)
    outcome, trace = recorded(text)
    read = Read(text, trace)

    assert_same(plain, outcome)
    assert_sound(trace)
    assert_same_graph(outcome.namespace, trace)
    assert_spans_are_what_was_evaluated(read)
    assert_names_hold_their_values(read, outcome.namespace)
    assert_gradients_are_told(outcome.namespace, trace)
    backwards = [backward for backward in trace.backwards if backward.entry == "Tensor.backward"]
    assert [recorded_order(trace, backward) for backward in backwards] == [twin.order for twin in twins]
    assert [recorded_walk(trace, backward).names for backward in backwards] == [
        twin.graph.names for twin in twins
    ]


@settings(many, max_examples=MOST // 10)
@given(st.lists(programs(), min_size=2, max_size=2))
def test_a_second_recording_is_not_touched_by_the_first(texts: list[str]) -> None:
    alone = recorded(texts[1])[1]
    recorded(texts[0])

    assert recorded(texts[1])[1] == alone
