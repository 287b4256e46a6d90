"""Lanes and chips of a large picture: found when they are asked for, and the same in whatever order they are."""

from __future__ import annotations

from functools import cache

import pytest
from pytestqt.qtbot import QtBot

from tests.trace import graphs
from tutor.trace.layout import layout
from tutor.trace.picture import Structure
from tutor.trace.trace import Trace
from tutor.views.graph.places import chip_rect
from tutor.views.graph.routes import MANY, PlaceMaker, Places, places
from tutor.views.graph.sizes import Sizes, measure


@cache
def large() -> Structure:
    """A recurrent net of more lanes than are found at once."""
    return graphs.graph(*graphs.unrolled(MANY // 4))


def placed(*, down: bool = False) -> tuple[Sizes, Places]:
    sizes = measure(large(), Trace(), down=down)
    return sizes, places(large(), sizes, layout(large(), sizes.order()))


@pytest.mark.parametrize("down", [False, True])
def test_lanes_begin_and_end_at_their_items(down: bool, qtbot: QtBot) -> None:
    sizes, found = placed(down=down)
    assert len(found.lanes) == len(large().lanes) >= MANY
    for lane in large().lanes:
        points = found.lanes[lane.id].value.points
        for (x, y), item in ((points[0], lane.source), (points[-1], lane.target)):
            foot = sizes.anatomies[item].footprint.translated(found.items[item]).adjusted(-8, -8, 8, 8)
            assert foot.contains(x, y)


def test_lanes_are_the_same_in_whatever_order_they_are_asked_for(qtbot: QtBot) -> None:
    (_, one), (_, other) = placed(), placed()
    names = [lane.id for lane in large().lanes]
    forwards = {name: one.lanes[name].centre.points.tolist() for name in names}
    backwards = {name: other.lanes[name].centre.points.tolist() for name in reversed(names)}
    assert forwards == backwards
    assert {n: one.gradient_chips[n] for n in names} == {n: other.gradient_chips[n] for n in reversed(names)}


@pytest.mark.parametrize("down", [False, True])
def test_where_a_lane_may_be_is_known_before_its_curve(down: bool, qtbot: QtBot) -> None:
    _, found = placed(down=down)
    for lane in large().lanes:
        reach = found.lanes.reach(lane.id)
        curves = found.lanes[lane.id]
        for curve in (curves.centre, curves.value, curves.gradient):
            assert all(reach.contains(x, y) for x, y in curve.points.tolist())


def test_every_lane_that_returns_has_a_place_for_its_chip(qtbot: QtBot) -> None:
    sizes, found = placed()
    returning = [lane for lane in large().lanes if lane.returns]
    assert list(found.gradient_chips) == [lane.id for lane in returning]
    for lane in returning:
        chip = chip_rect(found.gradient_chips[lane.id], sizes.chips[lane.id])
        for item in (lane.source, lane.target):
            body = sizes.anatomies[item].body.translated(found.items[item])
            shared = chip.intersected(body)
            assert shared.width() * shared.height() < 0.3 * chip.width() * chip.height()


def test_a_large_picture_is_placed_in_small_turns(qtbot: QtBot) -> None:
    sizes = measure(large(), Trace())
    maker = PlaceMaker(large(), sizes, layout(large(), sizes.order()))
    assert sum(1 for _ in maker.run()) >= len(sizes.anatomies)
