"""Records as a trace with gaps tells them: each id and step in them put into the trace's own count."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import structs

from tutor.kernel.numbers import Numbers, Steps
from tutor.protocol import (
    BackwardBegan,
    BackwardEnded,
    Change,
    Data,
    Edge,
    Failure,
    GradientAccumulated,
    HookRan,
    ModuleEntered,
    ModuleLeft,
    NameForgotten,
    Node,
    NodeRan,
    Operation,
    OptimizerStepped,
    Step,
    Tangent,
    Tensor,
    TensorNamed,
    TraceEvent,
    Unseen,
    Value,
)

Rule = Callable[[Any], Any]
Rules = dict[type[TraceEvent], tuple[tuple[str, Rule], ...]]

_TENSOR_IN_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|#(\d+)")
"""A tensor among an operation's arguments; or a text, in which `#3` is no tensor."""


class Renumbering:
    """What was left out of each kind, and the records that remain."""

    def __init__(self) -> None:
        self.tensors = Numbers()
        self.operations = Numbers()
        self.nodes = Numbers()
        self.backwards = Numbers()
        self.calls = Numbers()
        self.steps = Steps()
        self._rules = self._rules_of_the_graph() | self._rules_of_backwards() | self._rules_of_the_program()
        self._own: dict[type[TraceEvent], Numbers] = {
            Tensor: self.tensors,
            Operation: self.operations,
            Node: self.nodes,
            BackwardBegan: self.backwards,
            ModuleEntered: self.calls,
        }

    def leave_out(self, event: TraceEvent) -> None:
        """The record is not told: what it gave an id to has none."""
        own = self._own.get(type(event))
        if own is not None:
            own.leave_out(event.id)  # type: ignore[union-attr]

    def told(self, event: TraceEvent) -> TraceEvent | None:
        """The record as the trace tells it; None for one about something that was left out."""
        changes: dict[str, Any] = {}
        for field, rule in self._rules.get(type(event), ()):
            value = getattr(event, field)
            if value is None:
                continue
            new = rule(value)
            if new is None and (type(event), field) in _ESSENTIAL:
                return None
            if new != value:
                changes[field] = new
        if isinstance(event, Step):
            changes["id"] = self._step_id(event)
        return structs.replace(event, **changes) if changes else event

    def _step_id(self, step: Step) -> int:
        match step.kind:
            case "operation":
                own = self.operations
            case "node":
                own = self.nodes
            case "grad_changed" | "value_changed" | "flag_changed":
                own = self.tensors
            case _:
                return step.id
        told = own.of(step.id)
        return -1 if told is None else told

    # ------------------------------------------------------------ a rule for each field

    def _rules_of_the_graph(self) -> Rules:
        tensor, operation, node = self.tensors.of, self.operations.of, self.nodes.of
        backward, call, step = self.backwards.of, self.calls.of, self.steps.of
        tensors, nodes = _each(tensor), _each(node)
        named = (("tensor", tensor), ("step", step))
        return {
            Tensor: (
                ("id", tensor),
                ("grad_fn", node),
                ("shares_memory_with", tensor),
                ("base", tensor),
                ("step", step),
            ),
            Value: named,
            TensorNamed: named,
            NameForgotten: named,
            Tangent: named,
            Operation: (
                ("id", operation),
                ("inputs", tensors),
                ("outputs", tensors),
                ("arguments", self._texts),
                ("nodes", nodes),
                ("backward", backward),
                ("call", call),
                ("step", step),
            ),
            Node: (
                ("id", node),
                ("operation", operation),
                ("tensor", tensor),
                ("saved", self._saved),
                ("created_by", _within(("backward", backward), ("step", step), needs="backward")),
                ("step", step),
            ),
            Edge: (("from_", node), ("to", node)),
            Change: (("tensor", tensor), ("operation", operation), ("step", step)),
            Step: (("backward", backward),),
        }

    def _rules_of_backwards(self) -> Rules:
        tensor, node, backward, step = self.tensors.of, self.nodes.of, self.backwards.of, self.steps.of
        tensors, nodes = _each(tensor), _each(node)
        return {
            Failure: (("backward", backward), ("node", node), ("step", step)),
            BackwardBegan: (
                ("id", backward),
                ("parent", backward),
                ("roots", nodes),
                ("root_tensors", tensors),
                ("inputs", tensors),
                ("step", step),
            ),
            NodeRan: (("backward", backward), ("run", _within(("node", node), ("step", step), needs="node"))),
            GradientAccumulated: (
                ("backward", backward),
                (
                    "accumulation",
                    _within(("tensor", tensor), ("node", node), ("step", step), needs="tensor"),
                ),
            ),
            BackwardEnded: (
                ("id", backward),
                ("result_tensors", _each_or_none(tensor)),
                ("error", _within(("backward", backward), ("node", node), ("step", step))),
                ("step", step),
            ),
            HookRan: (("tensor", tensor), ("node", node), ("backward", backward), ("step", step)),
        }

    def _rules_of_the_program(self) -> Rules:
        tensor, call, step = self.tensors.of, self.calls.of, self.steps.of
        tensors = _each(tensor)
        return {
            ModuleEntered: (("id", call), ("parent", call), ("step", step)),
            ModuleLeft: (("id", call), ("step", step)),
            Unseen: (("step", step),),
            OptimizerStepped: (
                ("parameters", tensors),
                ("state", _each(_within(("tensor", tensor), needs="tensor"))),
                ("first_step", step),
                ("step", step),
            ),
        }

    def _texts(self, texts: list[str]) -> list[str]:
        return [_TENSOR_IN_TEXT.sub(self._text, text) if "#" in text else text for text in texts]

    def _text(self, found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        told = self.tensors.of(int(found[1]))
        return "?" if told is None else f"#{told}"

    def _saved(self, saved: dict[str, Data]) -> dict[str, Data]:
        return {name: self._saved_data(data) for name, data in saved.items()}

    def _saved_data(self, data: Data) -> Data:
        if isinstance(data, list):
            return [self._saved_data(part) for part in data]
        if isinstance(data, dict) and data.get("tensor") is not None:
            return {**data, "tensor": self.tensors.of(data["tensor"])}
        return data


_ESSENTIAL = frozenset({
    *((kind, "tensor") for kind in (Value, TensorNamed, NameForgotten, Tangent, Change)),
    *((Edge, field) for field in ("from_", "to")),
    *((NodeRan, field) for field in ("backward", "run")),
    *((GradientAccumulated, field) for field in ("backward", "accumulation")),
    *((kind, "id") for kind in (BackwardEnded, ModuleLeft)),
})  # fmt: skip
"""Without these a record is about nothing that the trace knows."""


def _each(rule: Rule) -> Rule:
    def told(values: list[Any]) -> list[Any]:
        return [new for new in map(rule, values) if new is not None]

    return told


def _each_or_none(rule: Rule) -> Rule:
    def told(values: list[Any]) -> list[Any]:
        return [None if value is None else rule(value) for value in values]

    return told


def _within(*rules: tuple[str, Rule], needs: str = "") -> Rule:
    """For a record inside a record: None where what it `needs` was left out."""

    def told(part: Any) -> Any:
        values = {field: getattr(part, field) for field, _ in rules}
        new = {field: None if values[field] is None else rule(values[field]) for field, rule in rules}
        return None if needs and new[needs] is None else structs.replace(part, **new)

    return told
