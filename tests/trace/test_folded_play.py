"""Playing a folded graph: the same run as unfolded, seen from outside of the blocks."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.random_programs import programs
from tests.trace.grouped import PROGRAMS, grouped, recorded
from tutor.insight.scene import scene
from tutor.trace.folding import all_closed, fold
from tutor.trace.iterations import iterations
from tutor.trace.picture import BlockState, Group, ItemId, Motion, Picture, Structure
from tutor.trace.state import picture
from tutor.trace.structure import structure
from tutor.trace.trace import Trace

pytestmark = pytest.mark.kernel

Graph = tuple[Trace, Structure, Structure]


@cache
def graphs_of(name: str) -> list[Graph]:
    """The first iteration and the whole, each folded as a whole and in an arbitrary way."""
    trace = recorded(name)
    found: list[Graph] = []
    for iteration in (None, 0) if len(iterations(trace)) > 1 else (0,):
        whole = structure(trace, iteration)
        names = [group.id for group in whole.groups]
        some = frozenset(random.Random(len(names)).sample(names, max(1, len(names) // 3)))
        found += [(trace, whole, fold(whole, closed)) for closed in (all_closed(whole), some)]
    return found


def seen(drawn: Structure, item: ItemId | None) -> ItemId | None:
    return None if item is None else drawn.block_of.get(item, item)


def assert_the_same_outside(trace: Trace, whole: Structure, drawn: Structure) -> None:
    untouched = {lane.id for lane in drawn.lanes} & {lane.id for lane in whole.lanes}
    for step in range(-1, len(trace.steps)):
        plain, shown = picture(trace, whole, step), picture(trace, drawn, step)
        for box in drawn.boxes:
            one, other = plain.boxes[box.id], shown.boxes[box.id]
            assert (one.present, one.value, one.grad, one.tray) == (
                other.present, other.value, other.grad, other.tray
            )  # fmt: skip
        for circle in drawn.circles:
            ours, theirs = plain.circles[circle.id], shown.circles[circle.id]
            assert (ours.present, ours.tabs, ours.result) == (theirs.present, theirs.tabs, theirs.result)
        for lane in untouched:
            assert plain.lanes[lane] == shown.lanes[lane]
        assert {seen(drawn, item) for item, _ in plain.seeds} == {item for item, _ in shown.seeds}


@pytest.mark.parametrize("name", PROGRAMS)
def test_whatever_lies_outside_of_the_blocks_stands_as_unfolded(name: str) -> None:
    for graph in graphs_of(name):
        assert_the_same_outside(*graph)


def assert_counted(trace: Trace, whole: Structure, drawn: Structure) -> None:
    for step in range(-1, len(trace.steps)):
        plain, shown = picture(trace, whole, step), picture(trace, drawn, step)
        assert set(shown.blocks) == {block.id for block in drawn.blocks}
        for block in drawn.blocks:
            _assert_counted(trace, block, plain, shown.blocks[block.id])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_block_counts_what_is_done_in_it(name: str) -> None:
    for graph in graphs_of(name):
        assert_counted(*graph)


def _assert_counted(trace: Trace, block: Group, plain: Picture, state: BlockState) -> None:
    states = [plain.circles[item] for item in block.items if item in plain.circles]
    tabs = [tab for circle in states for tab in circle.tabs]
    assert state.made == sum(circle.present for circle in states) and state.present == (state.made > 0)
    if plain.backward is not None:
        steps = trace.backwards[plain.backward].steps
        nodes = {t.node for c in plain.structure.circles if c.id in block.items for t in c.tabs}
        assert state.ran == sum(run.node in nodes and run.step <= plain.step for run in steps)
        assert state.ran <= state.nodes <= len(nodes)
    if any(tab.phase == "running" for tab in tabs):
        assert state.phase == "running"
    if any(tab.phase == "failed" for tab in tabs):
        assert state.phase == "failed"
    elif any(tab.phase == "used" for tab in tabs):
        assert state.phase in ("used", "running")
    if any(tab.phase == "waiting" for tab in tabs):
        assert state.phase in ("waiting", "running", "used", "failed")


def _gradients(numbers: object) -> list[float]:
    if isinstance(numbers, list):
        return [n for part in numbers for n in _gradients(part)]
    return [float(str(numbers))]


def assert_norms(trace: Trace, whole: Structure, drawn: Structure) -> None:
    for step in range(-1, len(trace.steps)):
        plain, shown = picture(trace, whole, step), picture(trace, drawn, step)
        for block in drawn.blocks:
            rows = [plain.boxes[leaf].grad.value for leaf in block.leaves]
            numbers = [n for row in rows if row is not None for n in _gradients(row.data)]
            norm = shown.blocks[block.id].norm
            assert (norm is None) == all(row is None for row in rows)
            assert norm is None or math.isclose(norm, math.hypot(*numbers), rel_tol=1e-9)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_block_tells_the_norm_of_its_parameters_gradients(name: str) -> None:
    for graph in graphs_of(name):
        assert_norms(*graph)


def assert_moved(trace: Trace, whole: Structure, drawn: Structure) -> None:
    stands = {part.id: name for name, parts in drawn.parts.items() for part in parts}
    stands |= {lane.id: lane.id for lane in drawn.lanes if lane.id not in drawn.parts}
    # Where the box of a result lies in its block, the gradient comes to the block on the lane behind it.
    from_boxes = {
        name
        for name, parts in drawn.parts.items()
        if parts[0].source[0] == "t" and parts[0].source in drawn.block_of
    }
    for step in range(len(trace.steps)):
        plain, shown = picture(trace, whole, step).motion, picture(trace, drawn, step).motion
        assert shown.kind == plain.kind
        if plain.item is not None:
            assert shown.item == seen(drawn, plain.item)
        for ours, theirs in (
            (plain.receives, shown.receives), (plain.passes, shown.passes), (plain.lays, shown.lays),
        ):  # fmt: skip
            crossing = {stands[lane] for lane in ours if lane in stands}
            assert crossing <= set(theirs) <= crossing | from_boxes
        assert set(shown.boxes) == {box for box in plain.boxes if box not in drawn.block_of}
        assert set(shown.makes) == {seen(drawn, item) for item in plain.makes}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_step_moves_outside_of_the_blocks_what_it_moves_unfolded(name: str) -> None:
    for graph in graphs_of(name):
        assert_moved(*graph)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_picture_does_not_depend_on_the_way_to_it(name: str) -> None:
    for trace, _whole, drawn in graphs_of(name):
        steps = len(trace.steps)
        walk = [*range(-1, steps), *range(steps - 1, -2, -1), *random.Random(0).choices(range(steps), k=30)]
        fresh = {step: picture(trace, replace(drawn), step) for step in range(-1, steps, 3)}
        for step in walk:
            found = picture(trace, drawn, step)
            if step not in fresh:
                continue
            assert (found.boxes, found.circles, found.lanes, found.blocks, found.motion) == (
                fresh[step].boxes, fresh[step].circles, fresh[step].lanes, fresh[step].blocks,
                fresh[step].motion,
            )  # fmt: skip


def assert_said_beside_the_block(trace: Trace, whole: Structure, drawn: Structure) -> None:
    for step in range(-1, len(trace.steps)):
        plain, shown = scene(trace, whole, step).callout, scene(trace, drawn, step).callout
        assert (plain is None) == (shown is None)
        if plain is not None and shown is not None:
            assert shown.item == seen(drawn, plain.item)
            assert (shown.title, shown.lines) == (plain.title, plain.lines)
            assert all(item not in drawn.block_of for item in shown.glows)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_callout_about_what_happens_within_stands_beside_the_block(name: str) -> None:
    for graph in graphs_of(name):
        assert_said_beside_the_block(*graph)


def test_a_covered_gradient_covers_the_norm_of_its_block() -> None:
    trace = recorded("cells by hand")
    drawn = fold(structure(trace, 0), all_closed(structure(trace, 0)))
    (block,) = drawn.blocks
    assert picture(trace, drawn, 0, frozenset({"W.grad"})).blocks[block.id].covered
    assert not picture(trace, drawn, 0, frozenset({"x"})).blocks[block.id].covered


def test_nothing_crosses_the_border_of_a_block_that_holds_everything() -> None:
    trace = recorded("cells by hand")
    whole = structure(trace, 0)
    drawn = fold(whole, all_closed(whole))
    (block,) = drawn.blocks
    inner = [
        motion
        for step in range(len(trace.steps))
        if (motion := picture(trace, drawn, step).motion).item == block.id
    ]
    assert {motion.kind for motion in inner} == {"forward", "backward", "accumulate"}
    assert Motion("accumulate", item=block.id) in inner
    silent = [m for m in inner if m.kind == "backward" and not m.receives and not m.passes]
    assert len(silent) > len(inner) // 4


@given(programs(), st.data())
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_any_groups_of_any_program_play_so(text: str, data: st.DataObject) -> None:
    from tests.kernel.both_ways import recorded as recording

    trace = recording(text)[1]
    for iteration in (None, 0):
        plain = structure(trace, iteration)
        if len(plain.circles) < 2:
            continue
        at = st.integers(0, len(plain.circles) - 1)
        ends = st.tuples(at, at).map(lambda pair: (min(pair), max(pair)))
        whole = grouped(plain, data.draw(st.lists(ends, min_size=1, max_size=5)))
        graph = (trace, whole, fold(whole, all_closed(whole)))
        assert_the_same_outside(*graph)
        assert_counted(*graph)
        assert_moved(*graph)
        assert_said_beside_the_block(*graph)
