"""The still graph: which tensors are boxes, which operations circles, which lanes lead back."""

from __future__ import annotations

import pytest

from tests.trace.programs import Shown
from tests.traces import golden, names
from tutor.trace.iterations import iterations
from tutor.trace.structure import structure


def test_named_tensors_and_leaves_are_boxes_and_the_rest_are_lanes_with_a_chip() -> None:
    q = Shown("q")
    assert [b.name for b in q.structure.boxes] == ["a", "b", "Q"]
    assert [(c.symbol, c.expression) for c in q.structure.circles] == [
        ("x³", "a**3"), ("×", "3 * a**3"), ("x²", "b**2"), ("−", "3 * a**3 - b**2"),
    ]  # fmt: skip
    assert [ln.named for ln in q.structure.lanes] == [True, False, True, False, False, True]


def test_a_tab_names_the_node_and_what_it_saves() -> None:
    tabs = {c.expression: c.tabs[0] for c in Shown("two_paths").structure.circles}
    assert (tabs["a * b"].name, set(tabs["a * b"].saves)) == ("MulBackward0", {"a", "b"})
    assert (tabs["a * b + a"].name, tabs["a * b + a"].saves) == ("AddBackward0", ())


def test_a_tensor_used_twice_by_one_operation_has_two_lanes_with_an_edge_each() -> None:
    prints = Shown("prints")
    both = [ln for ln in prints.structure.lanes if ln.target == prints.circle("x * x").id]
    assert [len(ln.edges) for ln in both] == [1, 1]
    assert both[0].edges != both[1].edges


def test_printing_and_reading_a_number_draw_nothing() -> None:
    assert len(Shown("prints").structure.circles) == 2


def test_under_no_grad_there_is_no_tab_no_return_lane_and_a_band() -> None:
    shown = Shown("no_grad")
    untracked = shown.circle("2 * x")
    assert untracked.tabs == () and untracked.zone == "no_grad"
    into = shown.lane("x", "2 * x")
    assert not into.returns and into.cut == "zone"
    assert shown.lane("x", "y * x").returns and not shown.lane("y", "y * x").returns
    (zone,) = shown.structure.zones
    assert zone.items == (untracked.id, shown.box("y").id) and zone.lines == (5, 5)


def test_detach_cuts_the_way_back_and_shares_the_memory() -> None:
    shown = Shown("detach")
    assert shown.circle("u.detach()").cut == "detach"
    assert shown.lane("u", "u.detach()").cut == "detach"
    assert shown.box("c").shares_memory_with == shown.box("u").id
    assert shown.lane("u", "u * c").returns and not shown.lane("c", "u * c").returns


def test_a_linear_layer_has_stacked_tabs_and_its_inner_edge_is_no_lane() -> None:
    shown = Shown("loop", 1)
    layer = shown.circle("model(X)")
    assert [t.name for t in layer.tabs] == ["AddmmBackward0", "TBackward0"]
    assert shown.lane("model.weight", "model(X)").returns
    assert all(ln.source != ln.target for ln in shown.structure.lanes)


def test_a_frozen_parameter_lacks_its_return_lane_and_the_others_pass() -> None:
    shown = Shown("frozen")
    frozen = next(ln for ln in shown.structure.lanes if ln.source == shown.box("last.weight").id)
    assert not frozen.returns and not shown.box("last.weight").tracked
    others = [ln for ln in shown.structure.lanes if ln.target == frozen.target and ln.id != frozen.id]
    assert all(ln.returns for ln in others)


def test_an_in_place_operation_takes_the_value_on_from_the_box() -> None:
    shown = Shown("in_place")
    written = shown.circle("s += 1")
    assert shown.lane("s", "s += 1").returns
    assert {ln.source for ln in shown.structure.lanes if ln.target == shown.circle("s.sum()").id} == {
        written.id
    }


def test_an_update_by_hand_begins_at_the_box_of_its_gradient() -> None:
    shown = Shown("by_hand")
    assert shown.lane("W", "0.1 * W.grad").source == shown.box("W").id
    assert all(not b.name.endswith(".grad") for b in shown.structure.boxes)


def test_a_rebound_name_makes_a_second_box() -> None:
    old, new = (Shown("rebind").box("W", which) for which in (0, 1))
    assert old.tracked and not new.tracked and new.zone == "no_grad"


def test_the_turns_of_a_training_loop_are_of_one_structure() -> None:
    trace = golden("loop")
    signatures = {structure(trace, i.index).signature for i in iterations(trace)}
    assert len(iterations(trace)) > 3 and len(signatures) == 1


def test_equal_structures_name_their_places_alike() -> None:
    first, second = Shown("q", 0).structure, Shown("q", 1).structure
    assert list(first.keys.values()) == list(second.keys.values())
    assert first.keys != second.keys


def test_a_gradient_reaches_into_the_graph_of_an_earlier_turn() -> None:
    shown = Shown("second_order")
    assert {b.name for b in shown.structure.boxes} >= {"x", "y"}


@pytest.mark.parametrize("name", names())
def test_every_lane_has_both_its_ends_and_every_edge_at_most_one_lane(name: str) -> None:
    drawn = structure(golden(name), None)
    items = {b.id for b in drawn.boxes} | {c.id for c in drawn.circles}
    assert all(ln.source in items and ln.target in items for ln in drawn.lanes)
    edges = [e for ln in drawn.lanes for e in ln.edges]
    assert len(edges) == len(set(edges))
    assert len({ln.id for ln in drawn.lanes}) == len(drawn.lanes)
    assert set(drawn.keys) == items and len(set(drawn.keys.values())) == len(items)


@pytest.mark.parametrize("name", names())
def test_a_structure_is_the_same_object_until_something_is_added(name: str) -> None:
    trace = golden(name)
    assert structure(trace, 0) is structure(trace, 0)
