"""Open groups: a frame holds its own items and nothing else, and folding leaves the others as they stand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trace import graphs
from tests.traces import golden, names
from tutor.trace.folding import fold
from tutor.trace.layout import Direction, Layout, Order, layout
from tutor.trace.nesting import MARGIN, TITLE, Rect
from tutor.trace.picture import Group, ItemId, Structure
from tutor.trace.structure import structure

BLOCK = (180.0, 90.0)


def grouped(graph: Structure, spans: list[tuple[int, int]]) -> Structure:
    """The graph with groups of neighbouring circles; nested and apart, as calls of modules are."""
    circles = [circle.id for circle in graph.circles]
    found: list[Group] = []
    for first, last in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        items = tuple(circles[first : last + 1])
        around = [g for g in found if set(items) < set(g.items)]
        if len(items) > 1 and all(
            set(items) <= set(g.items) or set(items).isdisjoint(g.items) for g in found
        ):
            parent = around[-1].id if around else None
            name = ItemId(f"m{len(found)}")
            found.append(Group(name, "module", name, "", 1, len(items), 0, items, parent, len(around)))
    keys = {item.id: str(item.id) for item in (*graph.boxes, *graph.circles)}
    return Structure(0, graph.boxes, graph.circles, graph.lanes, keys=keys, groups=tuple(found))


@st.composite
def grouped_graphs(draw: st.DrawFn) -> Structure:
    count = draw(st.integers(6, 30))
    graph = graphs.graph(graphs.random_edges(count, draw(st.integers(0, 500)), reach=6), count)
    last = max(len(graph.circles) - 1, 1)
    ends = st.tuples(st.integers(0, last), st.integers(0, last)).map(lambda pair: (min(pair), max(pair)))
    return grouped(graph, draw(st.lists(ends, min_size=1, max_size=6)))


def laid_out(
    drawn: Structure, whole: Structure, direction: Direction = "right"
) -> tuple[Layout, graphs.Sizes]:
    sizes = {**graphs.sizes_of(whole), **{block.id: BLOCK for block in drawn.blocks}}
    own = [*drawn.boxes, *drawn.circles, *drawn.blocks]
    sizes = {item.id: sizes[item.id] for item in own}
    return layout(drawn, Order(sizes, direction=direction)), sizes


def rect_of(drawn: Layout, item: ItemId, sizes: graphs.Sizes) -> Rect:
    at, (width, height) = drawn.positions[item], sizes[item]
    return Rect(at.x - width / 2, at.y - height / 2, width, height)


def within(inner: Rect, outer: Rect) -> bool:
    return (
        inner.x >= outer.x - 0.01
        and inner.y >= outer.y - 0.01
        and inner.x + inner.width <= outer.x + outer.width + 0.01
        and inner.y + inner.height <= outer.y + outer.height + 0.01
    )


def apart(one: Rect, other: Rect) -> bool:
    return (
        one.x + one.width <= other.x + 0.01
        or other.x + other.width <= one.x + 0.01
        or one.y + one.height <= other.y + 0.01
        or other.y + other.height <= one.y + 0.01
    )


def check_frames(graph: Structure, drawn: Layout, sizes: graphs.Sizes) -> None:
    assert set(drawn.frames) == {frame.id for frame in graph.frames}
    rects = {item: rect_of(drawn, item, sizes) for item in sizes}
    for frame in graph.frames:
        around = drawn.frames[frame.id]
        room = Rect(
            around.x + MARGIN,
            around.y + MARGIN + TITLE,
            around.width - 2 * MARGIN,
            around.height - 2 * MARGIN - TITLE,
        )
        for item, rect in rects.items():
            assert within(rect, room) if item in frame.items else apart(rect, around)
    for one, other in combinations(graph.frames, 2):
        if set(one.items).isdisjoint(other.items):
            assert apart(drawn.frames[one.id], drawn.frames[other.id])
        else:
            outer, inner = (one, other) if one.depth < other.depth else (other, one)
            assert within(drawn.frames[inner.id], drawn.frames[outer.id])


@settings(max_examples=80, deadline=None)
@given(grouped_graphs(), st.sampled_from(["right", "down"]), st.data())
def test_a_frame_holds_its_own_items_and_nothing_else(
    whole: Structure, direction: Literal["right", "down"], data: st.DataObject
) -> None:
    closed = data.draw(st.sets(st.sampled_from([g.id for g in whole.groups]))) if whole.groups else set()
    graph = fold(whole, closed)
    drawn, sizes = laid_out(graph, whole, direction)
    check_frames(graph, drawn, sizes)
    for one, other in combinations(sizes, 2):
        assert apart(rect_of(drawn, one, sizes), rect_of(drawn, other, sizes))
    for lane in graph.lanes:
        ends = drawn.routes[lane.id][0], drawn.routes[lane.id][-1]
        for end, item in zip(ends, (lane.source, lane.target), strict=True):
            assert within(Rect(end.x, end.y, 0.0, 0.0), rect_of(drawn, item, sizes))


@settings(max_examples=60, deadline=None)
@given(st.integers(8, 24), st.integers(0, 200), st.lists(st.integers(0, 3), min_size=24, max_size=24))
def test_groups_that_lanes_leave_and_enter_again_keep_together_too(
    count: int, seed: int, owners: list[int]
) -> None:
    graph = graphs.graph(graphs.random_edges(count, seed, reach=6), count)
    circles = [circle.id for circle in graph.circles]
    shares = [
        tuple(c for c, owner in zip(circles, owners, strict=False) if owner == group) for group in (1, 2, 3)
    ]
    groups = tuple(
        Group(ItemId(f"m{at}"), "module", f"m{at}", "", 1, len(items), 0, items, None, 0)
        for at, items in enumerate(shares)
        if len(items) > 1
    )
    keys = {item.id: str(item.id) for item in (*graph.boxes, *graph.circles)}
    opened = fold(replace(graph, groups=groups, keys=keys), ())
    drawn, sizes = laid_out(opened, opened)
    check_frames(opened, drawn, sizes)
    for one, other in combinations(sizes, 2):
        assert apart(rect_of(drawn, one, sizes), rect_of(drawn, other, sizes))


@settings(max_examples=80, deadline=None)
@given(grouped_graphs(), st.data())
def test_opening_a_group_leaves_the_others_in_their_order(whole: Structure, data: st.DataObject) -> None:
    """What stood left of another still does, and so does what stood above it in its column."""
    if not whole.groups:
        return
    closed = {g.id for g in whole.groups}
    opened = data.draw(st.sampled_from([g.id for g in whole.groups if g.parent is None]))
    before, _ = laid_out(fold(whole, closed), whole)
    after, _ = laid_out(fold(whole, closed - {opened}), whole)
    known = [item for item in before.positions if item in after.positions]
    for one, other in combinations(known, 2):
        p, q, r, s = (
            before.positions[one],
            before.positions[other],
            after.positions[one],
            after.positions[other],
        )
        if abs(p.x - q.x) < 1:
            assert (p.y < q.y) == (r.y < s.y)


@settings(max_examples=40, deadline=None)
@given(grouped_graphs())
def test_the_inside_of_a_group_looks_the_same_whatever_else_is_open(whole: Structure) -> None:
    all_open, _ = laid_out(fold(whole, ()), whole)
    for group in whole.groups:
        inside = {g.id for g in whole.groups if set(g.items) <= set(group.items)}
        above = {g.id for g in whole.groups if set(g.items) > set(group.items)}
        alone, _ = laid_out(fold(whole, {g.id for g in whole.groups} - inside - above), whole)
        shifts = {
            (
                round(all_open.positions[i].x - alone.positions[i].x, 3),
                round(all_open.positions[i].y - alone.positions[i].y, 3),
            )
            for i in group.items
        }
        assert len(shifts) == 1


@pytest.mark.parametrize("name", names())
def test_recorded_programs_have_their_groups_in_frames(name: str) -> None:
    whole = structure(golden(name), None)
    for closed in ((), {group.id for group in whole.groups if group.depth}):
        graph = fold(whole, closed)
        check_frames(graph, *laid_out(graph, whole))


def test_a_frame_is_as_wide_as_its_title() -> None:
    graph = fold(grouped(graphs.graph([(0, 1), (1, 2), (2, 3)], 4), [(0, 1)]), ())
    sizes = graphs.sizes_of(graph)
    name = graph.frames[0].id
    assert layout(graph, Order(sizes, titles={name: 2_000.0})).frames[name].width == 2_000.0
