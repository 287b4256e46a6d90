"""Ghosts of shared leaves: only in large graphs, beside far uses, with every gradient still meeting at the leaf."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trace.graphs import graph, random_edges, unrolled
from tests.traces.recording import record_text
from tutor.trace.ghosts import ROOM, SEVERAL, homes, with_ghosts, with_kin
from tutor.trace.picture import ItemId, Structure
from tutor.trace.state import picture
from tutor.trace.structure import structure

TURNS = 30
PROGRAM = f"""\
import torch
w = torch.tensor(0.5, requires_grad=True)
h = torch.tensor(1.0)
for k in range({TURNS}):
    h = torch.tanh(w * h)
h.backward()
"""


def with_homes(structure: Structure) -> list[tuple[ItemId, ItemId, int]]:
    """The lanes as if each began at the leaf itself."""
    of = homes(structure)
    return [(of.get(lane.source, lane.source), lane.target, lane.slot) for lane in structure.lanes]


def test_a_small_graph_has_no_ghosts() -> None:
    edges, count = unrolled(SEVERAL)
    small = graph(edges, count)

    assert count <= ROOM
    assert with_ghosts(small) is small


def test_a_leaf_with_too_many_lanes_has_ghosts_even_in_a_small_graph() -> None:
    edges, count = unrolled(SEVERAL + 6)
    crowded = with_ghosts(graph(edges, count))

    assert count <= ROOM
    assert set(homes(crowded).values()) == {ItemId("t0"), ItemId("t1")}


def test_a_shared_leaf_stands_beside_its_far_uses() -> None:
    edges, count = unrolled(40)
    whole = graph(edges, count)
    seen = with_ghosts(whole)
    used = [lane.source for lane in seen.lanes]
    of = homes(seen)

    assert len(of) > 40
    assert set(of.values()) == {ItemId("t0"), ItemId("t1")}
    assert all(used.count(ghost) == 1 for ghost in of)
    assert used.count(ItemId("t0")) < 4


def test_the_same_structure_gives_the_same_ghosts() -> None:
    edges, count = unrolled(40)
    whole = graph(edges, count)

    assert with_ghosts(whole) == with_ghosts(whole)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(61, 240), reach=st.integers(2, 80))
def test_ghosts_lose_and_invent_no_lane(seed: int, count: int, reach: int) -> None:
    whole = graph(random_edges(count, seed, reach), count)
    seen = with_ghosts(whole)
    of = homes(seen)
    names = [box.id for box in seen.boxes]

    assert with_homes(seen) == with_homes(whole)
    assert len(set(names)) == len(names)
    assert {lane.source for lane in seen.lanes} >= set(of)
    assert len({seen.keys.get(box.id, box.id) for box in seen.boxes}) == len(names)


def test_pointing_at_one_means_all() -> None:
    edges, count = unrolled(40)
    seen = with_ghosts(graph(edges, count))
    ghosts = {ghost for ghost, leaf in homes(seen).items() if leaf == "t0"}

    assert with_kin(seen, [next(iter(ghosts))]) == ghosts | {ItemId("t0")}
    assert with_kin(seen, [ItemId("o3")]) == {ItemId("o3")}


def test_gradients_that_reach_ghosts_meet_at_the_leaf() -> None:
    trace = record_text(PROGRAM)
    seen = with_ghosts(structure(trace, None))
    last = picture(trace, seen, len(trace.steps) - 1)
    leaf = next(box for box in seen.boxes if box.name == "w" and box.ghost_of is None)
    ghosts = [ghost for ghost, home in homes(seen).items() if home == leaf.id]
    funnel = last.boxes[leaf.id].funnel

    assert funnel is not None
    assert (funnel.awaited, len(funnel.arrived)) == (TURNS, TURNS)
    assert last.boxes[leaf.id].tray is not None
    assert ghosts
    assert all(last.boxes[g].tray is None and last.boxes[g].funnel is None for g in ghosts)


def test_a_ghost_is_there_as_soon_as_it_is_used() -> None:
    trace = record_text(PROGRAM)
    seen = with_ghosts(structure(trace, None))
    begins = {circle.id: trace.operations[circle.operation].step for circle in seen.circles}
    for ghost in homes(seen):
        use = min(begins[lane.target] for lane in seen.lanes if lane.source == ghost)
        assert [picture(trace, seen, step).boxes[ghost].present for step in (use - 1, use)] == [False, True]


def test_scrubbing_back_over_a_ghost_takes_its_gradient_from_the_leaf() -> None:
    trace = record_text(PROGRAM)
    seen = with_ghosts(structure(trace, None))
    steps = range(len(trace.steps) - 12, len(trace.steps))
    forward = [picture(trace, seen, step) for step in steps]
    back = [picture(trace, seen, step) for step in reversed(steps)]

    assert [p.boxes for p in forward] == [p.boxes for p in reversed(back)]
    assert [p.lanes for p in forward] == [p.lanes for p in reversed(back)]
