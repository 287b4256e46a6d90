"""What must hold of every trace, whatever ran: ids lead somewhere, gradients add up, values are torch's, files keep all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from tutor.protocol import Data, NodeId, TensorId, Value
from tutor.trace.file import decode_trace, encode_trace
from tutor.trace.trace import Backward, Trace


def assert_sound(trace: Trace) -> None:
    assert decode_trace(encode_trace(trace), Path("trace.json")) == trace
    assert_ids_lead_somewhere(trace)
    for backward in trace.backwards:
        assert_nodes_wait_for_their_gradients(trace, backward)
        assert_gradients_add_up(trace, backward)
        assert_accumulations_add_up(backward)


def assert_ids_lead_somewhere(trace: Trace) -> None:
    for rows in (trace.tensors, trace.operations, trace.nodes, trace.backwards, trace.module_calls):
        assert [row.id for row in rows] == list(range(len(rows)))
    tensors, nodes, operations = (
        range(len(trace.tensors)),
        range(len(trace.nodes)),
        range(len(trace.operations)),
    )
    assert {e.from_ for e in trace.edges} | {e.to for e in trace.edges} <= set(nodes)
    assert len({(e.from_, e.output) for e in trace.edges}) == len(trace.edges), "an output with two edges"
    for operation in trace.operations:
        assert {*operation.inputs, *operation.outputs} <= set(tensors)
        assert set(operation.nodes) <= set(nodes)
        assert all(trace.nodes[node].operation in (operation.id, None) for node in operation.nodes)
    for node in trace.nodes:
        assert node.operation is None or node.operation in operations
        assert node.tensor is None or node.tensor in tensors
    for row in (*trace.values, *trace.names, *trace.forgotten, *trace.changes):
        assert row.tensor in tensors
    for index, step in enumerate(trace.steps):
        assert step.id in _rows_of(trace, step.kind), (index, step)
        assert step.backward is None or step.backward in range(len(trace.backwards))
    for recorded in trace.values:
        assert -1 <= recorded.step <= len(trace.steps)


def _rows_of(trace: Trace, kind: str) -> range:
    match kind:
        case "operation":
            return range(len(trace.operations))
        case "node":
            return range(len(trace.nodes))
        case "grad_changed" | "value_changed" | "flag_changed":
            return range(len(trace.tensors))
        case "output":
            return range(len(trace.outputs))
        case "gap":
            return range(len(trace.gaps))
    return range(-1, 0)


def assert_nodes_wait_for_their_gradients(trace: Trace, backward: Backward) -> None:
    """The engine runs a node once, and after every node that sends to it."""
    order = {run.node: place for place, run in enumerate(backward.steps)}
    assert len(order) == len(backward.steps), "a node that ran twice in one backward"
    for edge in trace.edges:
        if edge.from_ in order and edge.to in order:
            assert order[edge.from_] < order[edge.to], edge


def assert_gradients_add_up(trace: Trace, backward: Backward) -> None:
    """What comes in at a node is the sum of what was sent along the edges to it, and of what the backward began with."""
    if any(hook.backward == backward.id and hook.after is not None for hook in trace.hooks):
        return
    sent: dict[tuple[NodeId, int], list[Data]] = defaultdict(list)
    edges: dict[NodeId, list[Any]] = defaultdict(list)
    for edge in trace.edges:
        edges[edge.from_].append(edge)
    for run in backward.steps:
        if run.node not in backward.roots:
            for slot, gradient in enumerate(run.grad_outputs):
                assert_sum(gradient, [part for part in sent[run.node, slot] if part is not None])
        for edge in edges[run.node]:
            if edge.output < len(run.grad_inputs):
                sent[edge.to, edge.input].append(run.grad_inputs[edge.output])


def assert_accumulations_add_up(backward: Backward) -> None:
    for landed in backward.accumulations:
        if landed.incoming is not None and landed.node is not None:
            assert_sum(landed.after, [part for part in (landed.before, landed.incoming) if part is not None])


def assert_sum(whole: Data, parts: list[Data]) -> None:
    """Only plain values can be added here; of statistics and of what torch expands or sums in between nothing is said."""
    if not parts or not all(isinstance(part, (list, int, float, str)) for part in [whole, *parts]):
        return
    rows = [list(numbers(part)) for part in parts]
    total = list(numbers(whole))
    if any(len(row) != len(total) for row in rows):
        return
    for value, terms in zip(total, zip(*rows, strict=True), strict=True):
        expected = sum(terms)
        scale = max(map(abs, terms))
        assert math.isclose(value, expected, rel_tol=1e-5, abs_tol=1e-5 * scale) or (
            not math.isfinite(expected) and (math.isnan(value) or value == expected)
        ), (whole, parts)


def numbers(data: Data) -> Iterator[float]:
    if isinstance(data, list):
        for part in data:
            yield from numbers(part)
    else:
        assert isinstance(data, (int, float, str))
        yield float(data)


def last_values(trace: Trace) -> Mapping[TensorId, Value]:
    return {value.tensor: value for value in trace.values}


def assert_value(recorded: Value, tensor: torch.Tensor) -> None:
    """What was kept of a tensor is what torch has: every number of a small one, statistics of a large one."""
    if recorded.stats is not None:
        assert recorded.stats.count == tensor.numel()
        return
    if recorded.value is not None:
        assert recorded.value == as_data(tensor), (recorded, tensor)


def as_data(tensor: torch.Tensor) -> Data:
    """A tensor's numbers as a trace spells them."""
    plain = tensor.detach().resolve_conj().resolve_neg()
    if plain.layout not in (torch.strided, torch.sparse_coo):
        plain = plain.to_sparse_coo()
    if plain.layout is torch.sparse_coo:
        indices, values = plain._indices(), plain._values()
        return {"indices": indices.tolist(), "values": as_data(values), "shape": list(plain.shape)}
    if plain.is_complex():
        plain = torch.view_as_real(plain)
    return _spelled(plain.tolist())


def _spelled(data: Any) -> Data:
    if isinstance(data, list):
        return [_spelled(part) for part in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "nan" if math.isnan(data) else "inf" if data > 0 else "-inf"
    return data
