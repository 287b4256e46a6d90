"""What is known of one node of a gradient's own graph: its function, its arguments, and the value that it computed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tutor.protocol import Data, Node, NodeId, Operation, TensorId
from tutor.trace.index import Index
from tutor.trace.values import cell

_SUFFIX = re.compile(r"Backwards?\d*$")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SLOTS: tuple[tuple[str, ...], ...] = (("self", "input"), ("other", "mat2", "exponent"))
"""What derivatives.yaml calls the first and the second argument."""
_OF_BACKWARD: tuple[tuple[str, ...], ...] = (("grad_output",), ("output", "result", "self"))
"""The same for the formula of another operation's gradient: `tanh_backward`."""
_BACKWARD = "_backward"
_TERM = re.compile(r"[\w.#\[\]⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|\w+\([^()]*\)")
_NUMBER = re.compile(r"−?[\d.]+(e−?\d+)?")
_POWERS = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")
_BINARY = frozenset(("add", "sub", "mul", "div", "pow"))
UNKNOWN = "…"
_SIGNS = {"add": " + ", "sub": " − ", "mul": "·", "div": "/"}


def function_of(node: Node) -> str:
    """`MulBackward0` → `torch.mul`."""
    return "torch." + _CAPITAL.sub("_", _SUFFIX.sub("", node.name)).lower()


def _slots(node: Node) -> tuple[tuple[str, ...], ...]:
    return _OF_BACKWARD if _BACKWARD in function_of(node) else _SLOTS


def arguments_of(node: Node, tensors: Mapping[int, TensorId]) -> list[str]:
    """As an operation's arguments: what its edges lead to, or what it saved in their place; "…" where neither tells."""
    count = max((slot + 1 for slot in tensors), default=0)
    name = function_of(node).rpartition(".")[2]
    if name in _BINARY or _BACKWARD in name:
        count = max(count, len(_SLOTS))
    return [f"#{tensors[slot]}" if slot in tensors else _saved_argument(node, slot) for slot in range(count)]


def _saved_argument(node: Node, slot: int) -> str:
    slots = _slots(node)
    for name in slots[slot] if slot < len(slots) else ():
        saved = node.saved.get(name)
        if isinstance(saved, dict):
            if saved.get("tensor") is not None:
                return f"#{saved['tensor']}"
            saved = saved.get("value")
        if isinstance(saved, int | float) and not isinstance(saved, bool):
            return repr(saved)
    return UNKNOWN


def argument_text(index: Index, operation: Operation, key: str, texts: Mapping[TensorId, str]) -> str:
    """How the argument is written that a node of a gradient's graph saved under this key; "" where it has none."""
    slots = _slots(index.nodes[operation.nodes[-1]])
    slot = next((at for at, names in enumerate(slots) if key in names), None)
    if operation.id >= 0 or slot is None or slot >= len(operation.arguments):
        return ""
    argument = operation.arguments[slot]
    return "" if argument == UNKNOWN else _argument_text(index, argument, texts)


def operand_of(index: Index, node: NodeId, key: str) -> TensorId | None:
    """The tensor among its operation's arguments that a node calls `self` or `other`."""
    row = index.nodes[node]
    operation = index.operations.get(row.operation) if row.operation is not None else None
    slot = next((at for at, names in enumerate(_slots(row)) if key in names), None)
    if operation is None or slot is None or slot >= len(operation.arguments):
        return None
    argument = operation.arguments[slot]
    return TensorId(int(argument[1:])) if re.fullmatch(r"#\d+", argument) else None


def written_text(index: Index, operation: Operation, texts: Mapping[TensorId, str]) -> str:
    """The operation as mathematics writes it, out of the texts of its arguments; "" where it is not known how."""
    name = operation.function.rpartition(".")[2]
    parts = [_argument_text(index, argument, texts) for argument in operation.arguments]
    if name == "pow" and len(parts) == 2:
        return parts[0] if parts[1] == "1" else _atom(parts[0]) + parts[1].translate(_POWERS)
    if name == "mul" and len(parts) == 2:
        first, second = reversed(parts) if _NUMBER.fullmatch(parts[1]) else parts
        return f"{_factor(first)}·{_factor(second)}"
    if name in _SIGNS and len(parts) == 2:
        bind = _atom if name == "div" else str
        return f"{bind(parts[0])}{_SIGNS[name]}{_atom(parts[1]) if name in ('div', 'sub') else parts[1]}"
    if name == "neg" and parts:
        return f"−{_atom(parts[0])}"
    if name == "copy" and parts:
        return parts[0]
    shown = f"{name.partition(_BACKWARD)[0]}′" if _BACKWARD in name else name
    return f"{shown}({', '.join(parts)})" if parts else ""


def _argument_text(index: Index, argument: str, texts: Mapping[TensorId, str]) -> str:
    if not argument.startswith("#"):
        return argument if argument == UNKNOWN else cell(float(argument))
    tensor = TensorId(int(argument[1:]))
    return index.last_name(tensor) or texts.get(tensor) or _source_text(index, tensor)


def _source_text(index: Index, tensor: TensorId) -> str:
    made = index.made_by.get(tensor)
    return (index.text(index.operations[made].span) if made in index.operations else "") or f"#{tensor}"


def _atom(text: str) -> str:
    return text if _TERM.fullmatch(text) else f"({text})"


def _factor(text: str) -> str:
    """A product needs no brackets in a product."""
    return text if all(_TERM.fullmatch(part) for part in text.split("·")) else f"({text})"


# ------------------------------------------------------------------ values


def value_of(index: Index, node: NodeId, slot: int) -> Data:
    """What a node computed, as torch told it: what the backward step sent on, or what a later node saved of it."""
    row = index.nodes[node]
    saved = None if _BACKWARD in function_of(row) else row.saved.get("result")
    if isinstance(saved, dict) and saved.get("value") is not None:
        return saved["value"]
    for edge in index.edges_to.get(node, ()):
        if index.edges[edge].input == slot:
            data = _saved_by(index, edge)
            if data is None:
                data = _sent_over(index, node, index.edges[edge].from_)
            if data is not None:
                return data
    return None


def _saved_by(index: Index, edge: int) -> Data:
    """What the node behind the edge saved of the argument that the edge stands for."""
    row = index.edges[edge]
    slots = _slots(index.nodes[row.from_])
    names = slots[row.output] if row.output < len(slots) else ()
    kept = (index.nodes[row.from_].saved.get(name) for name in names)
    return next((k["value"] for k in kept if isinstance(k, dict) and k.get("value") is not None), None)


def _sent_over(index: Index, node: NodeId, asking: NodeId) -> Data:
    """The gradient that the step which made `node` sent to the step which made `asking`."""
    made, asked = index.nodes[node].created_by, index.nodes[asking].created_by
    if made is None or asked is None or made.step == asked.step or made.backward != asked.backward:
        return None
    first, second = index.node_steps.get(made.step), index.node_steps.get(asked.step)
    if first is None or second is None:
        return None
    found = [
        first.run.grad_inputs[index.edges[e].output]
        for e in index.edges_from.get(first.run.node, ())
        if index.edges[e].to == second.run.node and index.edges[e].output < len(first.run.grad_inputs)
    ]
    return found[0] if found and all(data == found[0] for data in found) else None


def shape_of(index: Index, node: NodeId, slot: int, data: Data) -> list[int]:
    """Of what the node computed: as its value or the gradient that came to it."""
    if data is None:
        runs = index.runs.get(node, ())
        data = next((r.run.grad_outputs[slot] for r in runs if slot < len(r.run.grad_outputs)), None)
    shape: list[int] = []
    if isinstance(data, dict):
        return [int(side) for side in data.get("shape", ())]
    while isinstance(data, list):
        shape.append(len(data))
        data = data[0] if data else None
    return shape
