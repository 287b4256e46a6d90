"""The picture after a step: what is there, what has travelled back, what each `.grad` row says."""

from __future__ import annotations

import random

import pytest

from tests.trace.programs import Shown, pictures
from tests.traces import golden, names
from tutor.trace.item_states import box_state, circle_state, lane_state
from tutor.trace.iterations import iterations
from tutor.trace.picture import GradRow
from tutor.trace.picture import Shown as Value
from tutor.trace.state import moment_of, picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace


def test_things_appear_in_the_step_that_makes_them() -> None:
    q = Shown("q")
    first = q.at(0)
    assert first.boxes[q.box("a").id].present and not first.boxes[q.box("b").id].present
    power = q.circle("a**3").id
    assert not q.at(1).circles[power].present and q.at(2).circles[power].present


def test_the_return_lane_is_laid_in_the_step_that_records_the_node() -> None:
    q = Shown("q")
    lane = q.lane("a", "a**3").id
    assert not q.at(1).lanes[lane].laid
    assert q.at(2).lanes[lane].laid and q.at(2).lanes[lane].gradient is None


def test_an_anonymous_result_stays_at_its_circle_until_its_lane_is_there() -> None:
    q = Shown("q")
    circle, lane = q.circle("a**3").id, q.lane("a**3", "3 * a**3").id
    assert q.at(2).circles[circle].result == Value([8.0, 27.0], (2,))
    assert q.at(3).circles[circle].result is None
    assert q.at(3).lanes[lane].value == Value([8.0, 27.0], (2,))


def test_a_gradient_travels_in_the_step_of_the_node_that_sends_it() -> None:
    q = Shown("q")
    lane = q.lane("a", "a**3").id
    assert q.at(10).lanes[lane].gradient is None
    assert q.at(11).lanes[lane].gradient == Value([36.0, 81.0], (2,))


def test_the_funnel_gathers_in_the_engines_order_and_the_tray_fills_last() -> None:
    shown = Shown("two_paths")
    one, both, landed = (shown.state("a", step) for step in (4, 5, 6))
    assert one.funnel is not None and both.funnel is not None and landed.tray is not None
    assert [s.data for _, s in one.funnel.arrived] == [1.0] and one.funnel.awaited == 2
    assert one.funnel.total is None
    assert [s.data for _, s in both.funnel.arrived] == [1.0, 3.0] and both.funnel.total == Value(4.0, ())
    assert both.tray is not None and not both.tray.landed and both.grad.value is None
    assert (landed.tray.before, landed.tray.incoming, landed.tray.after) == (
        None,
        Value(4.0, ()),
        Value(4.0, ()),
    )
    assert landed.grad == GradRow(Value(4.0, ()))


def test_one_gradient_needs_no_funnel() -> None:
    assert Shown("two_paths").state("b", 6).funnel is None


def test_a_second_backward_adds_to_what_the_first_left() -> None:
    q = Shown("q", 1)
    tray = q.state("a", q.structure.last_step).tray
    assert tray is not None
    assert [s and s.data for s in (tray.before, tray.incoming, tray.after)] == [
        [36.0, 81.0], [36.0, 81.0], [72.0, 162.0],
    ]  # fmt: skip


def test_the_seed_enters_at_the_root() -> None:
    q = Shown("q")
    seen = q.at(7)
    assert seen.seeds == ((q.box("Q").id, Value([1.0, 1.0], (2,))),)
    assert q.at(6).seeds == ()


@pytest.mark.parametrize(
    ("program", "box", "step", "reason"),
    [
        ("q", "a", 5, "no_backward_yet"),
        ("q", "Q", 5, "not_leaf"),
        ("q", "Q", 12, "passes"),
        ("no_grad", "y", 6, "no_requires_grad"),
        ("loop", "model.weight", 17, "cleared"),
    ],
)
def test_the_grad_row_says_why_it_is_none(program: str, box: str, step: int, reason: str) -> None:
    row = Shown(program).state(box, step).grad
    assert row.value is None and row.reason == reason


def test_a_cleared_gradient_names_its_line() -> None:
    shown = Shown("by_hand")
    row = shown.state("W", shown.structure.last_step).grad
    assert row.reason == "cleared"
    assert row.line is not None and "W.grad" in shown.trace.sources[0].text.splitlines()[row.line - 1]


def test_a_rebound_name_moves_and_the_old_box_keeps_its_gradient() -> None:
    shown = Shown("rebind")
    last = shown.last
    old, new = (last.boxes[shown.box("W", which).id] for which in (0, 1))
    assert (old.name, old.was) == ("", "W") and old.was_line == 7
    assert old.grad.value is not None
    assert new.name == "W" and new.grad.reason == "moved_on"


def test_a_tab_waits_runs_and_is_used_up() -> None:
    q = Shown("q")
    power = q.circle("a**3").id
    phases = [q.at(step).circles[power].tabs[0].phase for step in (6, 7, 11, 12, 13)]
    assert phases == ["laid", "waiting", "running", "done", "used"]


def test_a_tab_that_saved_nothing_is_not_used_up() -> None:
    q = Shown("q")
    assert q.at(13).circles[q.circle("3 * a**3 - b**2").id].tabs[0].phase == "done"


def test_with_retain_graph_a_node_runs_again() -> None:
    shown = Shown("retain")
    tabs = [t for c in shown.last.circles.values() for t in c.tabs]
    assert [t.runs for t in tabs] == [2] * len(tabs)


def test_the_node_that_fails_is_marked() -> None:
    shown = Shown("error")
    assert any(t.phase == "failed" for c in shown.last.circles.values() for t in c.tabs)
    assert shown.last.motion.kind == "error" and shown.last.motion.item is not None


def test_motion_says_what_moves() -> None:
    shown = Shown("two_paths")
    forward, backward, landing = (shown.at(step).motion for step in (2, 5, 6))
    assert (forward.kind, forward.item) == ("forward", shown.circle("a * b").id)
    assert set(forward.receives) == {shown.lane("a", "a * b").id, shown.lane("b", "a * b").id}
    assert backward.kind == "backward" and set(backward.passes) == set(forward.receives)
    assert (landing.kind, landing.item) == ("accumulate", shown.box("a").id)
    assert len(landing.receives) == 2


def test_what_is_covered_is_covered_wherever_the_number_stands() -> None:
    shown = Shown("two_paths", covered=frozenset({"a.grad"}))
    state = shown.state("a", 6)
    assert state.grad.value is not None and state.grad.value.covered
    assert state.tray is not None and state.tray.after is not None and state.tray.after.covered
    assert state.funnel is not None and state.funnel.total is not None and state.funnel.total.covered
    assert all(s.covered for _, s in state.funnel.arrived)
    gradient = shown.at(6).lanes[shown.lane("a", "a * b").id].gradient
    assert gradient is not None and gradient.covered
    other = shown.state("b", 7).grad.value
    assert other is not None and not other.covered


def test_a_covered_value_hides_its_row_only() -> None:
    shown = Shown("q", covered=frozenset({"Q"}))
    state = shown.state("Q", 5)
    assert state.value is not None and state.value.covered
    other = shown.state("a", 5).value
    assert other is not None and not other.covered


# ------------------------------------------------------------------ the same whichever way one came


def _fresh(trace: Trace, iteration: int, step: int) -> tuple[object, object, object]:
    """Every state worked out on its own."""
    drawn = structure(trace, iteration)
    at = moment_of(trace, drawn, step, frozenset())
    return (
        {b.id: box_state(at, b) for b in drawn.boxes},
        {c.id: circle_state(at, c) for c in drawn.circles},
        {ln.id: lane_state(at, ln) for ln in drawn.lanes},
    )


@pytest.mark.parametrize("name", names())
def test_scrubbing_shows_what_was_true_then(name: str) -> None:
    trace, wander = golden(name), random.Random(name)
    for iteration in iterations(trace)[:3]:
        drawn = structure(trace, iteration.index)
        steps = list(range(iteration.first_step - 1, iteration.end_step)) * 2
        wander.shuffle(steps)
        for step in steps:
            seen = picture(trace, drawn, step)
            assert (seen.boxes, seen.circles, seen.lanes) == _fresh(trace, iteration.index, step)


@pytest.mark.parametrize("name", names())
def test_every_step_has_its_picture(name: str) -> None:
    for seen in pictures(golden(name)):
        assert set(seen.boxes) == {b.id for b in seen.structure.boxes}
        moving = (*seen.motion.receives, *seen.motion.passes)
        assert all(seen.lanes[lane].present for lane in moving)


def test_states_that_did_not_change_are_the_same_objects() -> None:
    q = Shown("q")
    before, after = q.at(8), q.at(9)
    changed = [item for item in before.boxes if before.boxes[item] is not after.boxes[item]]
    assert changed == [q.box("b").id]


def test_a_lane_that_carries_the_covered_number_elsewhere_is_covered_too() -> None:
    shown = Shown("detach", covered=frozenset({"w.grad"}))
    gradients = {lane: state.gradient for lane, state in shown.last.lanes.items() if state.gradient}
    assert {g.data for g in gradients.values() if g.covered} == {18.0}
    assert {g.data for g in gradients.values() if not g.covered} == {1.0, 6.0}


def test_a_backward_of_two_roots_begins_with_a_v_at_each() -> None:
    shown = Shown("two_roots")
    seen = shown.at(shown.trace.backwards[0].first_step)
    assert seen.seeds == (
        (shown.box("y").id, Value([1.0, 1.0], (2,))),
        (shown.box("z").id, Value([0.5, 0.0], (2,))),
    )
    assert shown.at(2).seeds == ()


def test_a_leaf_whose_requires_grad_was_switched_off_is_frozen_from_then_on() -> None:
    shown = Shown("frozen")
    (flip,) = [change for change in shown.trace.changes if change.what == "requires_grad"]
    before, after = (shown.state("last.weight", step) for step in (flip.step - 1, flip.step))
    assert not before.frozen and after.frozen and after.frozen_line == 10
    assert not any(shown.state(name, flip.step).frozen for name in ("first.weight", "last.bias", "x"))


def test_no_tray_stands_where_the_shown_backward_brings_nothing() -> None:
    """autograd.grad hands its gradient over and fills no `.grad`; the backward after it does."""
    shown = Shown("second_order")
    ends = [b.end_step for b in shown.trace.backwards if b.parent is None]
    first, second = (end - 1 for end in ends if end is not None)
    assert shown.state("x", 1).awaits
    assert not shown.state("x", first).awaits and shown.state("x", first).tray is None
    last = shown.state("x", second)
    assert last.awaits and last.tray is not None and last.tray.landed
