"""Why this node now, in words."""

from __future__ import annotations

from msgspec import structs

from tests.traces import golden
from tutor.insight.queue_text import queue_text
from tutor.protocol import NodeId
from tutor.trace.trace import Trace


def step_of(trace: Trace, name: str, which: int = 0) -> int:
    steps = [run.step for run in trace.backwards[0].steps if trace.nodes[run.node].name.endswith(name)]
    return steps[which]


def node_of(trace: Trace, name: str) -> NodeId:
    return next(row.id for row in trace.nodes if row.name.endswith(name))


def test_it_names_the_node_that_runs_and_what_waits() -> None:
    trace = golden("two_paths")
    said = queue_text(trace, step_of(trace, "MulBackward0"))
    assert said.title == "Why MulBackward0 of a * b now?"
    assert said.why == "No other node is ready."
    assert [(row.stands, row.name, row.note) for row in said.rows] == [
        ("runs", "MulBackward0 of a * b", ""),
        ("waits", "AccumulateGrad → a.grad", "1 of 2 arrived; waits for MulBackward0 of a * b"),
    ]
    assert said.more == "1 has received nothing yet"
    assert "AccumulateGrad first" in said.rule


def test_the_highest_number_and_accumulate_grad_have_their_reasons() -> None:
    trace = golden("q")
    reasons = [queue_text(trace, run.step).why for run in trace.backwards[0].steps]
    assert reasons == [
        "No other node is ready.",
        "Of the 2 that are ready it has the highest number.",
        "It is AccumulateGrad, which goes before all others.",
        "No other node is ready.",
        "No other node is ready.",
        "No other node is ready.",
    ]


def test_a_node_that_was_asked_for_is_answered() -> None:
    trace = golden("two_paths")
    first, multiplied = step_of(trace, "AddBackward0"), step_of(trace, "MulBackward0")
    assert queue_text(trace, first, node_of(trace, "MulBackward0")).asked == (
        "MulBackward0 of a * b: 0 of 1 arrived; waits for AddBackward0 of a * b + a."
    )
    assert queue_text(trace, multiplied, node_of(trace, "AddBackward0")).asked == (
        "AddBackward0 of a * b + a has run already."
    )
    assert queue_text(trace, multiplied, node_of(trace, "MulBackward0")).asked == ""
    other = structs.replace(trace.nodes[node_of(trace, "MulBackward0")], id=NodeId(len(trace.nodes)))
    trace.nodes.append(other)
    assert "does not take part" in queue_text(trace, multiplied, other.id).asked


def test_outside_of_a_backward_it_says_so() -> None:
    said = queue_text(golden("slope"), 0)
    assert said.title == "No backward is under way at this step."
    assert said.rows == ()
    assert said.why == ""
