"""What falls and flies within a step: the pins of the node that works, the names that change hands, a write's red pins."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from tests.traces import golden
from tests.traces.recording import record_text
from tutor.insight.scene import scene
from tutor.trace.picture import CircleState, ItemId, Picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace
from tutor.views.graph.frames import Frame
from tutor.views.graph.motion import frame
from tutor.views.graph.names import flight_place

REBIND = """\
import torch
W = torch.tensor(0.5, requires_grad=True)
loss = (W * 3 - 6) ** 2
loss.backward()
W = W - 0.1 * W.grad
"""
WRITE = "import torch\na = torch.ones(2, requires_grad=True)\nb = a * 2\nc = b * b\nb.add_(1)\n"


def seen(trace: Trace, step: int, progress: float) -> tuple[Frame, Picture]:
    drawn = structure(trace, None)
    before, after = (scene(trace, drawn, at) for at in (step - 1, step))
    return frame(before, after, progress), after


def step_of(trace: Trace, node: str) -> int:
    rows = enumerate(trace.steps)
    return next(step for step, row in rows if row.kind == "node" and trace.nodes[row.id].name == node)


def working(trace: Trace, step: int, progress: float) -> CircleState:
    now, after = seen(trace, step, progress)
    assert after.motion.item is not None
    return now.circles[after.motion.item]


def test_pins_hold_until_they_have_been_used_and_fall_as_the_products_leave() -> None:
    trace = golden("two_paths")
    step = step_of(trace, "MulBackward0")
    tabs = {progress: working(trace, step, progress).tabs[0] for progress in (0.1, 0.6, 0.8, 0.9, 1.0)}

    assert tabs[0.1].pins == tabs[0.6].pins == ("held", "held")
    assert tabs[0.8].pins == tabs[1.0].pins == ("dropped", "dropped")
    assert 0.0 < tabs[0.8].fallen < tabs[0.9].fallen < tabs[1.0].fallen == 1.0


def test_locked_pins_do_not_fall() -> None:
    trace = golden("retain")
    step = next(run.step for run in trace.backwards[0].steps if trace.nodes[run.node].saved)
    for progress in (0.1, 0.8, 1.0):
        states = [tab for tab in working(trace, step, progress).tabs if tab.pins]
        assert all(set(tab.pins) == {"locked"} for tab in states)


def test_a_name_is_at_neither_box_while_it_flies() -> None:
    trace = record_text(REBIND)
    step = len(trace.steps) - 1
    early, after = seen(trace, step, 0.5)
    (name,) = after.motion.renames
    flying, _ = seen(trace, step, 0.85)
    landed, _ = seen(trace, step, 1.0)

    assert (early.boxes[name.old].name, early.flights) == ("W", ())
    assert [flight.name for flight in flying.flights] == ["W"]
    assert flying.boxes[name.new].name == flying.boxes[name.old].name == ""
    assert (landed.boxes[name.new].name, landed.boxes[name.old].was, landed.flights) == ("W", "W", ())
    assert {name.old, name.new} <= (landed.focus or frozenset())


def test_a_flight_leads_from_the_one_name_to_the_other() -> None:
    old, new = QRectF(0, 0, 100, 80), QRectF(400, 50, 100, 80)
    start, middle, end = (flight_place(old, new, share) for share in (0.0, 0.5, 1.0))

    assert old.contains(start)
    assert new.contains(end)
    assert middle.y() < (start.y() + end.y()) / 2


def test_a_pin_turns_red_when_the_write_happens_and_is_not_faded() -> None:
    trace = record_text(WRITE)
    step = len(trace.steps) - 1
    early, after = seen(trace, step, 0.4)
    late, _ = seen(trace, step, 0.9)
    (broken,) = after.motion.breaks

    assert pins(early, broken) == ("held",)
    assert pins(late, broken) == ("changed",)
    assert broken in (late.focus or frozenset())
    assert after.callout is not None
    assert after.callout.about == "error"


def pins(now: Frame, circle: ItemId) -> tuple[str, ...]:
    return now.circles[circle].tabs[0].pins
