"""One step in three beats: what is seen at which progress, on `d = a*b + a` with a = 2 and b = 3."""

from __future__ import annotations

from tests.traces import golden
from tutor.insight.scene import scene
from tutor.trace.iterations import iteration_at
from tutor.trace.picture import ItemId, LaneId, Picture
from tutor.trace.structure import structure
from tutor.views.graph.motion import Frame, frame


def seen(step: int, progress: float) -> tuple[Frame, Picture]:
    trace = golden("two_paths")
    still = structure(trace, iteration_at(trace, step).index)
    before, after = scene(trace, still, step - 1), scene(trace, still, step)
    return frame(before, after, progress), after


def step_of(node: str, tensor: str | None = None) -> int:
    trace = golden("two_paths")
    for step, row in enumerate(trace.steps):
        if row.kind == "node" and trace.nodes[row.id].name == node:
            leaf = trace.nodes[row.id].tensor
            name = next((named.name for named in trace.names if named.tensor == leaf), None)
            if tensor in (None, name) or (leaf is not None and trace.tensors[leaf].name == tensor):
                return step
    raise AssertionError(f"no step of {node}")


def box(picture: Picture, name: str) -> ItemId:
    return next(box.id for box in picture.structure.boxes if box.name == name)


def lanes_to(picture: Picture, lanes: tuple[LaneId, ...]) -> list[str]:
    names = {box.id: box.name for box in picture.structure.boxes}
    return sorted(names.get(lane.source, "") for lane in picture.structure.lanes if lane.id in lanes)


def test_gradients_that_leave_one_node_leave_together() -> None:
    halfway, after = seen(step_of("MulBackward0"), 0.83)
    leaving = [mover for mover in halfway.movers if mover.gradient]
    assert lanes_to(after, tuple(mover.lane for mover in leaving)) == ["a", "b"]
    assert len({mover.at for mover in leaving}) == 1
    assert sorted(mover.shown.data for mover in leaving) == [2.0, 3.0]


def test_a_lane_turns_solid_only_as_the_gradient_travels() -> None:
    step = step_of("MulBackward0")
    for progress, travelled in ((0.1, 0.0), (0.6, 0.0), (0.84, 0.5), (1.0, 1.0)):
        now, after = seen(step, progress)
        for lane in after.motion.passes:
            assert abs(now.lanes[lane].solid - travelled) < 0.1


def test_the_callout_comes_with_the_second_beat() -> None:
    step = step_of("MulBackward0")
    assert not seen(step, 0.2)[0].callout
    assert seen(step, 0.5)[0].callout
    assert seen(step, 1.0)[0].callout


def test_the_tray_fills_when_the_gradient_lands_never_before() -> None:
    step = step_of("AccumulateGrad", "a")
    for progress in (0.0, 0.1, 0.3):
        now, after = seen(step, progress)
        tray = now.boxes[box(after, "a")].tray
        assert tray is None or not tray.landed
    now, after = seen(step, 0.4)
    landed = now.boxes[box(after, "a")].tray
    assert landed is not None and landed.landed
    assert landed.after is not None and landed.after.data == 4.0


def test_the_grad_row_changes_after_the_tray() -> None:
    step = step_of("AccumulateGrad", "a")
    adding, after = seen(step, 0.5)
    assert adding.boxes[box(after, "a")].grad.value is None
    done, _after = seen(step, 0.7)
    value = done.boxes[box(after, "a")].grad.value
    assert value is not None and value.data == 4.0


def test_the_sum_drops_out_of_the_funnel_and_a_single_gradient_off_its_lane() -> None:
    summed, after = seen(step_of("AccumulateGrad", "a"), 0.2)
    assert summed.drop is not None and summed.drop.lane is None
    assert summed.drop.shown.data == 4.0 and summed.movers == ()
    single, after = seen(step_of("AccumulateGrad", "b"), 0.1)
    assert [mover.shown.data for mover in single.movers] == [2.0] and single.drop is None
    falling, after = seen(step_of("AccumulateGrad", "b"), 0.3)
    assert falling.drop is not None and falling.drop.lane in after.motion.receives


def test_at_the_end_a_step_shows_exactly_the_state_after_it() -> None:
    for step in range(len(golden("two_paths").steps)):
        held, after = seen(step, 1.0)
        assert (held.boxes, held.circles, held.lane_states) == (after.boxes, after.circles, after.lanes)
        assert held.movers == () and held.drop is None and held.appearing == {}


def test_a_value_runs_to_the_circle_and_its_result_fades_in() -> None:
    trace = golden("two_paths")
    add = max(step for step, row in enumerate(trace.steps) if row.kind == "operation")
    arriving, after = seen(add, 0.2)
    assert {mover.lane for mover in arriving.movers} == set(after.motion.receives)
    assert arriving.appearing[box(after, "d")] == 0.0
    leaving, after = seen(add, 0.85)
    assert {mover.lane for mover in leaving.movers} == set(after.motion.passes)
    assert 0.0 < leaving.appearing[box(after, "d")] < 1.0


def test_what_is_not_in_the_step_is_out_of_focus() -> None:
    now, after = seen(step_of("AccumulateGrad", "b"), 1.0)
    assert now.focus is not None
    assert box(after, "b") in now.focus and box(after, "d") not in now.focus
