"""Folding: a block stands for its items, its border's lanes for those that cross it, and nothing else changes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.trace.graphs import graph
from tests.trace.grouped import PROGRAMS, folded, grouped, recorded
from tutor.trace.folding import all_closed, first_folds, fold, to_depth
from tutor.trace.iterations import iterations
from tutor.trace.picture import ItemId, Structure
from tutor.trace.structure import structure

Folded = tuple[Structure, frozenset[ItemId]]


def items_of(drawn: Structure) -> list[ItemId]:
    boxes, circles, blocks = drawn.boxes, drawn.circles, drawn.blocks
    return [*(b.id for b in boxes), *(c.id for c in circles), *(b.id for b in blocks)]


def reached(drawn: Structure) -> dict[ItemId, set[ItemId]]:
    """Of each item all to which lanes lead from it."""
    following: defaultdict[ItemId, set[ItemId]] = defaultdict(set)
    for lane in drawn.lanes:
        following[lane.source].add(lane.target)
    found: dict[ItemId, set[ItemId]] = {}
    for item in items_of(drawn):
        todo, seen = [item], set[ItemId]()
        while todo:
            new = following[todo.pop()] - seen
            seen |= new
            todo.extend(new)
        found[item] = seen
    return found


@given(folded())
@settings(max_examples=60, deadline=None)
def test_what_leads_from_one_item_to_another_still_does(case: Folded) -> None:
    whole, closed = case
    drawn = fold(whole, closed)
    before, after = reached(whole), reached(drawn)
    for item, others in before.items():
        own = drawn.block_of.get(item, item)
        for other in others:
            to = drawn.block_of.get(other, other)
            assert to == own or to in after[own]
    assert all(item not in others for item, others in after.items()), "folding makes no circle"


@given(folded())
@settings(max_examples=60, deadline=None)
def test_each_lane_stands_for_those_that_cross_there_and_for_no_other(case: Folded) -> None:
    whole, closed = case
    drawn = fold(whole, closed)
    stands = {lane.id: drawn.parts.get(lane.id, (lane,)) for lane in drawn.lanes}
    for lane in drawn.lanes:
        ends = {
            (drawn.block_of.get(p.source, p.source), drawn.block_of.get(p.target, p.target))
            for p in stands[lane.id]
        }
        assert ends == {(lane.source, lane.target)} and lane.count == len(stands[lane.id])
        assert set(lane.edges) == {edge for part in stands[lane.id] for edge in part.edges}
    crossing = [
        lane.id
        for lane in whole.lanes
        if drawn.block_of.get(lane.source, lane.source) != drawn.block_of.get(lane.target, lane.target)
    ]
    assert sorted(part.id for parts in stands.values() for part in parts) == sorted(crossing)


@given(folded())
@settings(max_examples=60, deadline=None)
def test_every_item_is_drawn_or_lies_in_one_block(case: Folded) -> None:
    whole, closed = case
    drawn = fold(whole, closed)
    assert sorted(drawn.keys) == sorted(items_of(drawn))
    assert len(set(drawn.keys.values())) == len(drawn.keys)
    for item in items_of(whole):
        assert (item in drawn.keys) != (item in drawn.block_of)
    for frame in drawn.frames:
        assert frame.id not in closed and set(frame.items) <= set(items_of(drawn))


@given(folded())
@settings(max_examples=30, deadline=None)
def test_a_fold_can_be_folded_anew_and_opened_again(case: Folded) -> None:
    whole, closed = case
    drawn = fold(whole, closed)
    assert fold(drawn, closed) == drawn
    again = fold(fold(drawn, all_closed(whole)), ())
    assert (again.boxes, again.circles, again.lanes, again.keys) == (
        whole.boxes, whole.circles, whole.lanes, whole.keys
    )  # fmt: skip


def test_two_lanes_of_a_tensor_become_one_and_several_tensors_stay_apart() -> None:
    whole = grouped(
        graph([(0, 3), (1, 3), (0, 4), (3, 4), (2, 5), (4, 5), (3, 6), (5, 6)], 7), [(0, 1), (2, 3)]
    )
    drawn = fold(whole, {ItemId("m0")})
    assert [(b.id, b.operations) for b in drawn.blocks] == [("m0", 2)]
    lanes = {(ln.source, ln.target, int(ln.tensor)): ln.count for ln in drawn.lanes}
    assert lanes == {("m0", "o5", 4): 1, ("m0", "o6", 3): 1, ("t2", "o5", 2): 1, ("o5", "o6", 5): 1}
    both = fold(whole, {ItemId("m0"), ItemId("m1")})
    assert {(ln.source, ln.target, int(ln.tensor)) for ln in both.lanes} == {("m0", "m1", 3), ("m0", "m1", 4)}
    assert not any(ln.mixed for ln in both.lanes)


def test_many_tensors_between_two_blocks_share_a_lane() -> None:
    edges = [(0, n) for n in range(1, 6)] + [(n, n + 5) for n in range(1, 6)]
    drawn = fold(grouped(graph(edges, 11), [(0, 4), (5, 9)]), {ItemId("m0"), ItemId("m1")})
    (lane,) = (ln for ln in drawn.lanes if ln.source == "m0")
    assert (lane.target, lane.count, lane.mixed, lane.named) == ("m1", 5, True, True)


@pytest.mark.kernel
def test_a_band_goes_around_a_block_that_is_untracked_and_is_gone_where_only_a_part_of_one_was() -> None:
    whole = structure(recorded("untracked and written"), 0)
    untracked, tracked = (group for group in whole.groups if group.kind == "repeat")
    (zone,) = whole.zones
    (kept,) = fold(whole, {untracked.id, tracked.id}).zones
    assert untracked.id in kept.items and tracked.id not in kept.items
    assert len(kept.items) < len(zone.items)
    inner = replace(zone, items=tuple(i for i in zone.items if i in untracked.items)[:3])
    assert fold(replace(whole, zones=(inner,)), {untracked.id}).zones == ()


@pytest.mark.kernel
def test_equal_turns_fold_to_equal_signatures() -> None:
    trace = recorded("blocks")
    first, second = (structure(trace, turn.index) for turn in iterations(trace))
    assert first.signature == second.signature
    assert [group.id for group in first.groups] == [group.id for group in second.groups]
    for closed in (first_folds(first, 12), all_closed(first), frozenset[ItemId]()):
        assert fold(first, closed).signature == fold(second, closed).signature
    assert len({fold(first, to_depth(first, depth)).signature for depth in range(4)}) == 4


@pytest.mark.kernel
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_small_graph_begins_open(name: str) -> None:
    drawn = structure(recorded(name), 0)
    assert len(items_of(drawn)) > 60 or first_folds(drawn) == frozenset()


@pytest.mark.kernel
def test_of_a_large_graph_so_much_is_open_as_there_is_room_for_and_like_blocks_open_together() -> None:
    whole = structure(recorded("blocks"), 0)
    rows = {g.id: [k.id for k in whole.groups if k.parent == g.id] for g in whole.groups if g.count > 1}
    assert rows
    for room in (3, 8, 12, 20, 30, 45):
        closed = first_folds(whole, room)
        drawn = fold(whole, closed)
        least = len(items_of(fold(whole, all_closed(whole))))
        assert len(items_of(drawn)) <= max(room, least)
        for row, blocks in rows.items():
            assert row in closed or len({block in closed for block in blocks}) == 1


@pytest.mark.kernel
def test_to_a_depth_opens_the_outer_levels() -> None:
    whole = structure(recorded("blocks"), 0)
    deepest = max(group.depth for group in whole.groups)
    assert to_depth(whole, 0) == all_closed(whole)
    assert to_depth(whole, deepest + 1) == frozenset()
    assert {g.depth for g in fold(whole, to_depth(whole, 1)).blocks} <= {1}
