"""A run that broke off anywhere leaves a trace that can be opened."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.traces import golden
from tutor.protocol import (
    Edge,
    Failure,
    Node,
    NodeId,
    Operation,
    OperationId,
    Output,
    Source,
    SourceId,
    Step,
    Tensor,
    TensorId,
    TraceEvent,
)
from tutor.trace.file.references import first_fault
from tutor.trace.salvage import whole_trace


def events() -> list[TraceEvent]:
    """A loop of ten squarings with a print each, as the recorder tells them: a tensor before its node."""
    told: list[TraceEvent] = [Source(id=SourceId(0), path=None, cell=None, text="…"), _tensor(0, None, 0)]
    for turn in range(10):
        step = 2 * turn
        told += [
            _tensor(turn + 1, turn, step),
            Node(id=NodeId(turn), name="PowBackward0", operation=OperationId(turn), tensor=None, step=step),
            *([Edge(from_=NodeId(turn), output=0, to=NodeId(turn - 1), input=0)] if turn else []),
            _operation(turn, step),
            Step(kind="operation", id=turn),
            Output(stream="stdout", text=f"{turn}\n", step=step + 1),
            Step(kind="output", id=turn),
        ]
    return told


def _tensor(key: int, node: int | None, step: int) -> Tensor:
    return Tensor(
        id=TensorId(key),
        name=None,
        shape=[],
        dtype="float32",
        device="cpu",
        requires_grad=True,
        is_leaf=node is None,
        grad_fn=None if node is None else NodeId(node),
        step=step,
    )


def _operation(key: int, step: int) -> Operation:
    return Operation(
        id=OperationId(key),
        function="torch.Tensor.__pow__",
        span=None,
        grad_enabled=True,
        module=None,
        inputs=[TensorId(key)],
        outputs=[TensorId(key + 1)],
        nodes=[NodeId(key)],
        backward=None,
        step=step,
    )


WHOLE = events()


def ended(told: list[TraceEvent]) -> list[TraceEvent]:
    """With the interrupt that came then."""
    step = sum(isinstance(event, Step) for event in told)
    failure = Failure(type="KeyboardInterrupt", message="", span=None, step=step)
    return [*told, failure, Step(kind="error", id=-1)]


def test_a_whole_run_is_left_as_it_is() -> None:
    trace = whole_trace(ended(WHOLE))

    assert first_fault(trace) is None
    assert len(trace.steps) == 21
    assert (len(trace.tensors), len(trace.edges)) == (11, 9)


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_cut_off_anywhere_it_is_sound_and_keeps_every_whole_step(length: int) -> None:
    trace = whole_trace(WHOLE[:length])

    assert first_fault(trace) is None
    assert len(trace.steps) == sum(isinstance(event, Step) for event in WHOLE[:length])


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_an_interrupt_inside_the_recorder_keeps_what_was_told_whole_and_the_error(length: int) -> None:
    trace = whole_trace(ended(WHOLE[:length]))

    assert first_fault(trace) is None
    assert trace.error is not None
    assert [step.kind for step in trace.steps][-1] == "error"
    assert trace.error.step == len(trace.steps) - 1


@settings(max_examples=60)
@given(st.integers(1, len(WHOLE) - 1))
def test_a_row_that_never_came_costs_what_comes_after_it_but_no_output(missing: int) -> None:
    told = [event for place, event in enumerate(WHOLE) if place != missing]
    trace = whole_trace(ended(told))

    assert first_fault(trace) is None
    assert trace.error is not None
    printed = [event.text for event in told if isinstance(event, Output)]
    if not isinstance(WHOLE[missing], (Output, Step)):
        assert [output.text for output in trace.outputs] == printed


def test_recorded_traces_are_sound() -> None:
    assert first_fault(golden("loop")) is None
