"""Ids and steps of a trace with gaps: counted as if nothing else had been."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor import protocol
from tutor.kernel.numbers import Numbers, Steps
from tutor.kernel.renumbering import Renumbering
from tutor.protocol import (
    BackwardId,
    ModuleCallId,
    Node,
    NodeId,
    Operation,
    OperationId,
    Step,
    Tensor,
    TensorId,
    TraceEvent,
)

IDS = (TensorId, OperationId, NodeId, BackwardId, ModuleCallId)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=6))
def test_what_is_kept_is_counted_without_holes(stretches: list[tuple[int, int]]) -> None:
    numbers, kept, gone, at = Numbers(), [], [], 0
    for stay, go in stretches:
        kept.extend(range(at, at + stay))
        gone.extend(range(at + stay, at + stay + go))
        for number in range(at + stay, at + stay + go):
            numbers.leave_out(number)
        at += stay + go
    kept.extend(range(at, at + 3))

    assert [numbers.of(number) for number in kept] == list(range(len(kept)))
    assert {numbers.of(number) for number in gone} <= {None}


def test_ids_that_come_out_of_order_are_left_out_together() -> None:
    numbers = Numbers()
    for number in (4, 3, 5):
        numbers.leave_out(number)
    assert [numbers.of(number) for number in range(8)] == [0, 1, 2, None, None, None, 3, 4]


def test_a_step_that_was_left_out_is_the_gaps() -> None:
    steps = Steps()
    steps.resume(10, 6)
    steps.resume(30, 13)
    assert [steps.of(step) for step in (-1, 0, 4, 5, 9, 10, 15, 16, 29, 30, 31)] == [
        *(-1, 0, 4, 5, 5, 6),
        *(11, 12, 12, 13, 14),
    ]


def test_before_a_stretch_lies_its_gap_though_no_step_was_counted_in_it() -> None:
    steps = Steps()
    steps.resume(10, 11)
    assert [steps.of(step) for step in (8, 9, 10)] == [8, 10, 11]


def test_tensors_in_arguments_and_saved_values_are_told_by_their_new_ids() -> None:
    numbering = Renumbering()
    for number in (1, 2):
        numbering.tensors.leave_out(number)
    operation = _operation(arguments=["#3", "(#0, '#3', #4)", "'#3'", "x=#2"], inputs=[3, 2])
    node = Node(
        id=NodeId(0),
        name="MulBackward0",
        operation=None,
        tensor=None,
        saved={"self": {"tensor": 4, "version": 0}, "other": [{"tensor": 3, "version": 1}], "dim": 3},
        step=0,
    )
    told, told_node = numbering.told(operation), numbering.told(node)

    assert isinstance(told, Operation) and isinstance(told_node, Node)
    assert told.arguments == ["#1", "(#0, '#3', #2)", "'#3'", "x=?"]
    assert told.inputs == [1]
    assert told_node.saved["self"] == {"tensor": 2, "version": 0}
    assert told_node.saved["other"] == [{"tensor": 1, "version": 1}]


def test_a_step_names_what_its_kind_says() -> None:
    numbering = Renumbering()
    numbering.operations.leave_out(0)
    told = numbering.told(Step(kind="operation", id=1)), numbering.told(Step(kind="output", id=1))
    assert [step.id for step in told if isinstance(step, Step)] == [0, 1]


def _operation(*, arguments: list[str], inputs: list[int]) -> Operation:
    return Operation(
        id=OperationId(0),
        function="torch.mul",
        span=None,
        grad_enabled=True,
        module=None,
        inputs=[TensorId(number) for number in inputs],
        outputs=[],
        arguments=arguments,
        nodes=[],
        backward=None,
        step=0,
    )


# ------------------------------------------------------------ no field is forgotten


def _fields(kind: type[msgspec.Struct], path: str = "") -> Iterator[str]:
    """The fields of a record, and of the records in it, that name ids or steps."""
    hints = typing.get_type_hints(kind, vars(protocol))
    for name, hint in hints.items():
        parts = list(_parts(hint))
        if any(part in IDS for part in parts) or name in ("step", "first_step"):
            yield path or name
        for part in parts:
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from _fields(part, path or name)


def _parts(hint: Any) -> Iterator[Any]:
    inner = typing.get_args(hint)
    if not inner:
        yield hint
    for part in inner:
        yield from _parts(part)


TOLD_AT_ONCE = {"Output", "Warned", "Source", "Gap", "Truncation"}
"""These never go through the renumbering: their steps are the trace's own."""


@pytest.mark.parametrize("kind", typing.get_args(TraceEvent), ids=lambda kind: kind.__name__)
def test_every_field_that_names_an_id_or_a_step_has_its_rule(kind: type[msgspec.Struct]) -> None:
    if kind.__name__ in TOLD_AT_ONCE:
        return
    rules = {field for field, _ in Renumbering()._rules.get(kind, ())}
    # A step's id has its rule in its kind.
    assert set(_fields(kind)) <= rules


def test_a_row_without_what_it_is_about_is_not_told() -> None:
    numbering = Renumbering()
    numbering.tensors.leave_out(7)
    assert numbering.told(protocol.TensorNamed(tensor=TensorId(7), name="w", step=0)) is None
    assert numbering.told(_tensor(8)) == _tensor(7)


def _tensor(number: int) -> Tensor:
    return Tensor(
        id=TensorId(number),
        name=None,
        shape=[],
        dtype="float32",
        device="cpu",
        requires_grad=False,
        is_leaf=True,
        step=0,
    )
