"""Programs that nobody wrote, with gradients of gradients: whatever runs has a circle, and every lane two ends."""

from __future__ import annotations

import random

import pytest

from tests.traces.recording import record_text
from tutor.insight.scene import scene
from tutor.protocol import NodeId
from tutor.trace.iterations import iterations
from tutor.trace.picture import Picture, Structure
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

EXPRESSIONS = (
    "{a} * {b}", "{a} + {b}", "torch.sin({a})", "{a}**2", "{a}.exp()", "({a} * {b}).sum() * {a}", "torch.sigmoid({a})",
    "{a} / ({b} * {b} + 1)", "torch.where({a} > 0, {a}, {b})", "{a}.detach() * {b}", "torch.stack([{a}, {b}]).mean(0)",
)  # fmt: skip


def program(seed: int) -> str:
    """A few operations, then one to two gradients with a graph, each of which the next value is made from."""
    wild = random.Random(seed)
    lines = [
        "import torch",
        "x0 = torch.tensor([0.5, 1.5], requires_grad=True)",
        "x1 = torch.tensor([2.0, -1.0], requires_grad=True)",
    ]
    count = 2
    for _ in range(wild.randrange(2, 7)):
        a, b = (f"x{wild.randrange(count)}" for _ in range(2))
        lines.append(f"x{count} = {wild.choice(EXPRESSIONS).format(a=a, b=b)}")
        count += 1
    for order in range(wild.randrange(1, 3)):
        last = f"x{count - 1}.sum()"
        lines.append(
            f"g{order} = torch.autograd.grad({last}, [x0, x1], create_graph=True, allow_unused=True)"
            if wild.random() < 0.8
            else f"{last}.backward(create_graph=True); g{order} = [x0.grad, x1.grad]"
        )
        lines.append(f"tracked = [g for g in g{order} if g is not None and g.requires_grad]")
        lines.append(f"x{count} = sum((g * g for g in tracked), x{wild.randrange(count)} * 1)")
        count += 1
    lines.append(f"if x{count - 1}.requires_grad:\n    x{count - 1}.sum().backward()")
    return "\n".join(lines) + "\n"


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("seed", range(12))
def test_whatever_runs_has_a_circle_and_every_lane_two_ends(seed: int) -> None:
    trace = record_text(program(seed))
    assert trace.error is None or trace.error.backward is not None
    whole = structure(trace, None)

    assert _ran(trace) <= {tab.node for circle in whole.circles for tab in circle.tabs}
    for drawn in (whole, *(structure(trace, turn.index) for turn in iterations(trace))):
        for step in range(-1, len(trace.steps)):
            _two_ends(drawn, scene(trace, drawn, step))


def _ran(trace: Trace) -> set[NodeId]:
    nodes = {NodeId(step.id) for step in trace.steps if step.kind == "node"}
    return {node for node in nodes if trace.nodes[node].tensor is None}


def _two_ends(drawn: Structure, seen: Picture) -> None:
    """Both are drawn, and there as soon as the lane is."""
    there = {item for item, box in seen.boxes.items() if box.present}
    there |= {item for item, circle in seen.circles.items() if circle.present}
    assert {item for zone in drawn.zones for item in zone.items} <= {*seen.boxes, *seen.circles}
    for lane in drawn.lanes:
        if seen.lanes[lane.id].present:
            assert {lane.source, lane.target} <= there
