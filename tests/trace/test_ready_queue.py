"""The ready queue, held against the order in which the real engine ran the nodes of programs that nobody wrote."""

from __future__ import annotations

import random

import pytest

from tests.trace.grouped import PROGRAMS as GROUPED
from tests.trace.grouped import recorded
from tests.trace.test_gradient_graph_programs import program as second_order
from tests.traces import golden
from tests.traces.recording import record_text
from tutor.protocol import NodeId
from tutor.trace.ready_queue import ready_queue, waiting_for
from tutor.trace.trace import Trace

EXPRESSIONS = (
    "{a} * {b}", "{a} + {b}", "{a} - {b}", "torch.sin({a})", "{a}**2", "{a} @ {a}.T @ {b}", "torch.stack([{a}, {b}]).sum(0)",
    "sum({a}.unbind(0)).expand(2, 2)", "torch.where({a} > 0, {a}, {b})", "torch.cat([{a}, {b}])[:2]", "{a}.detach() * {b}",
)  # fmt: skip


def program(seed: int) -> str:
    """Leaves that are used again and again, several roots or one, all that they depend on or only some."""
    wild = random.Random(seed)
    lines = ["import torch", *(f"x{n} = torch.rand(2, 2, requires_grad=True)" for n in range(3))]
    count = 3
    for _ in range(wild.randrange(3, 16)):
        a, b = (f"x{wild.randrange(count)}" for _ in range(2))
        lines.append(f"x{count} = {wild.choice(EXPRESSIONS).format(a=a, b=b)}")
        count += 1
    roots = ", ".join(f"x{wild.randrange(3, count)}.sum()" for _ in range(wild.randrange(1, 4)))
    call = wild.choice(
        (
            f"torch.autograd.backward([{roots}], retain_graph=True)",
            f"torch.autograd.backward([{roots}], retain_graph=True, inputs=[x{wild.randrange(3)}])",
            f"torch.autograd.grad([{roots}], [x0, x{wild.randrange(count)}], retain_graph=True, allow_unused=True)",
        )
    )
    # What asks for a gradient of nothing is refused by torch: then there is nothing to queue.
    return "\n".join([*lines, "try:", f"    {call}", "except RuntimeError:", "    pass"]) + "\n"


def follows_the_rule(trace: Trace) -> int:
    """How many nodes ran, each of them the first of its queue at that step."""
    count = 0
    for backward in trace.backwards:
        for run in backward.steps:
            queue = ready_queue(trace, run.step)
            assert queue is not None
            assert queue.backward == backward.id
            assert queue.running == run.node
            assert queue.by_rule, (backward.id, run, queue)
            assert queue.ready[0].waits_for == ()
            assert all(one.arrived < one.awaited for one in queue.waiting)
            assert all(one.waits_for for one in queue.waiting)
            left = len(queue.ready) + len(queue.waiting) + queue.unreached
            assert left >= len(backward.steps) - [r.node for r in backward.steps].index(run.node)
            count += 1
    return count


@pytest.mark.kernel
def test_the_engine_takes_the_first_of_the_queue_in_random_programs() -> None:
    ran = [follows_the_rule(record_text(program(seed))) for seed in range(60)]
    assert sum(ran) > 300


@pytest.mark.kernel
@pytest.mark.filterwarnings("ignore:Using backward")
def test_in_gradients_of_gradients_too() -> None:
    assert sum(follows_the_rule(record_text(second_order(seed))) for seed in range(12)) > 100


@pytest.mark.kernel
@pytest.mark.parametrize("name", sorted(GROUPED))
def test_and_in_networks_and_loops(name: str) -> None:
    assert follows_the_rule(recorded(name)) > 0


def node(trace: Trace, name: str) -> NodeId:
    return next(row.id for row in trace.nodes if row.name.endswith(name))


def test_a_node_with_two_gradients_waits_for_the_second() -> None:
    trace = golden("two_paths")
    backward = trace.backwards[0]
    first, second = backward.steps[0], backward.steps[1]
    queue = ready_queue(trace, first.step)
    assert queue is not None
    assert [one.node for one in queue.ready] == [first.node]
    assert queue.waiting == ()
    assert queue.unreached == 3
    queue = ready_queue(trace, second.step)
    assert queue is not None
    (waiting,) = queue.waiting
    assert (waiting.arrived, waiting.awaited) == (1, 2)
    assert waiting.waits_for == (second.node,)
    assert trace.nodes[second.node].name == "MulBackward0"


def test_any_node_can_be_asked_about_and_going_back_is_the_same() -> None:
    trace = golden("two_paths")
    steps = [run.step for run in trace.backwards[0].steps]
    there = [ready_queue(trace, step) for step in steps]
    assert [ready_queue(trace, step) for step in reversed(steps)] == there[::-1]
    leaf = trace.backwards[0].steps[-1].node
    asked = waiting_for(trace, steps[0], leaf)
    assert asked is not None
    assert asked.sequence is None
    assert asked.waits_for
    assert waiting_for(trace, steps[1], trace.backwards[0].steps[0].node) is None


def test_outside_of_a_backward_nothing_is_queued() -> None:
    trace = golden("slope")
    assert ready_queue(trace, -1) is None
    assert ready_queue(trace, 0) is None
    assert ready_queue(trace, 999) is None
    assert waiting_for(trace, 0, NodeId(0)) is None


def test_a_node_that_failed_was_the_first_of_its_queue_too() -> None:
    trace = golden("error")
    failed = trace.backwards[-1]
    assert failed.error is not None
    queue = ready_queue(trace, failed.first_step)
    assert queue is not None
    assert queue.running == failed.error.node == queue.ready[0].node
    assert queue.unreached == 2
