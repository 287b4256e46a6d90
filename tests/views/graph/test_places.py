"""Where things stand: nothing covers anything, on every recorded trace; equal iterations stand at the same places."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from pytestqt.qtbot import QtBot

from tests.trace.graphs import graph
from tests.traces import golden, names
from tutor.trace.iterations import iterations
from tutor.trace.layout import layout
from tutor.trace.picture import Structure
from tutor.trace.structure import structure
from tutor.trace.trace import Trace
from tutor.views.graph.arrangement import Arrangement, Arrangements
from tutor.views.graph.extents import CHIP_HEIGHT
from tutor.views.graph.ground import Ground
from tutor.views.graph.paths import smooth
from tutor.views.graph.places import chip_rect
from tutor.views.graph.routes import Places, places
from tutor.views.graph.sizes import CircleAnatomy, Sizes, measure

FEW = 12
"""Square pixels that rounded corners may share."""
GENTLE = 0.6
"""Radians between two pieces of a lane."""


BOTH = pytest.mark.parametrize("down", [False, True], ids=["right", "down"])


def drawn(trace: Trace, number: int, *, down: bool = False) -> tuple[Structure, Sizes, Places]:
    still = structure(trace, number)
    sizes = measure(still, trace, down=down)
    return still, sizes, places(still, sizes, layout(still, sizes.order()))


def solid(sizes: Sizes, found: Places) -> list[QRectF]:
    """Boxes, circles, tabs and trays: what must stay readable."""
    rects = []
    for item, anatomy in sizes.anatomies.items():
        body = anatomy.body
        if isinstance(anatomy, CircleAnatomy):
            # A round outline leaves the corners of its square free.
            body = body.adjusted(6, 6, -6, -6)
        parts = (
            (*anatomy.tabs, anatomy.funnel)
            if isinstance(anatomy, CircleAnatomy)
            else (anatomy.tray, anatomy.funnel)
        )
        if anatomy.funnel is not None:
            # Its sides slope inwards.
            parts = (*parts[:-1], anatomy.funnel.adjusted(8, 0, -8, 0))
        rects += [found.rect(item, part) for part in (body, *parts) if part is not None]
    return rects


def chips(sizes: Sizes, found: Places) -> list[QRectF]:
    resting = [*found.value_chips.items(), *found.gradient_chips.items()]
    return [chip_rect(centre, sizes.chips[lane]) for lane, centre in resting]


def shared(one: QRectF, other: QRectF) -> float:
    both = one.intersected(other)
    return max(both.width(), 0.0) * max(both.height(), 0.0)


@BOTH
@pytest.mark.parametrize("name", names())
def test_boxes_circles_and_tabs_cover_nothing(name: str, down: bool, qtbot: QtBot) -> None:
    trace = golden(name)
    for iteration in iterations(trace):
        _still, sizes, found = drawn(trace, iteration.index, down=down)
        for one, other in combinations(solid(sizes, found), 2):
            assert shared(one, other) < 1.0


@BOTH
@pytest.mark.parametrize("name", names())
def test_chips_cover_neither_each_other_nor_a_box(name: str, down: bool, qtbot: QtBot) -> None:
    trace = golden(name)
    for iteration in iterations(trace):
        check_chips(*drawn(trace, iteration.index, down=down)[1:])


def check_chips(sizes: Sizes, found: Places) -> None:
    resting = chips(sizes, found)
    for one, other in combinations(resting, 2):
        assert shared(one, other) < FEW
    for chip in resting:
        # The card of a matrix has its outline, not its numbers, at the edge.
        room = FEW if chip.height() <= CHIP_HEIGHT else 0.06 * chip.width() * chip.height()
        assert all(shared(chip, rect) < room for rect in solid(sizes, found))


def test_lanes_end_at_the_outlines_and_gradients_run_below_values(qtbot: QtBot) -> None:
    still, sizes, found = drawn(golden("two_paths"), 0)
    for lane in still.lanes:
        curves = found.lanes[lane.id]
        source = found.rect(lane.source, sizes.anatomies[lane.source].body)
        target = found.rect(lane.target, sizes.anatomies[lane.target].body)
        for curve in (curves.value, curves.gradient):
            start, end = curve.at(0.0), curve.at(1.0)
            assert source.adjusted(-1, -1, 6, 1).contains(*start) and start[0] > source.center().x()
            assert target.adjusted(-6, -1, 1, 1).contains(*end) and end[0] < target.center().x()
        assert curves.value.at(0.5)[1] < curves.gradient.at(0.5)[1]


def test_from_top_to_bottom_lanes_end_at_the_outlines_and_gradients_run_right_of_values(qtbot: QtBot) -> None:
    still, sizes, found = drawn(golden("two_paths"), 0, down=True)
    for lane in still.lanes:
        curves = found.lanes[lane.id]
        source = found.rect(lane.source, sizes.anatomies[lane.source].footprint)
        target = found.rect(lane.target, sizes.anatomies[lane.target].body)
        for curve in (curves.value, curves.gradient):
            start, end = curve.at(0.0), curve.at(1.0)
            assert source.adjusted(-1, -1, 1, 6).contains(*start) and start[1] > source.center().y()
            assert target.adjusted(-1, -6, 1, 1).contains(*end) and end[1] < target.center().y()
        assert curves.value.at(0.5)[0] < curves.gradient.at(0.5)[0]


@BOTH
@pytest.mark.parametrize("name", ["no_grad", "rebind", "loop", "by_hand", "detach"])
def test_bands_and_their_labels_are_clear_and_inside_the_picture(name: str, down: bool, qtbot: QtBot) -> None:
    trace = golden(name)
    for iteration in iterations(trace):
        still, sizes, found = drawn(trace, iteration.index, down=down)
        assert len(found.bands) == len(still.zones)
        room = Ground(still, sizes, found).room()
        for band in found.bands:
            assert room.contains(band.path.boundingRect()) and room.contains(band.tag)
            assert all(shared(band.tag, chip) == 0 for chip in chips(sizes, found))
            assert not any(
                band.tag.contains(x, y)
                for curves in found.lanes.values()
                for curve in (curves.value, curves.gradient)
                for x, y in curve.spread(4.0).tolist()
            )
        assert all(room.contains(twins.path.boundingRect()) for twins in found.twins)


@BOTH
@pytest.mark.parametrize("name", names())
def test_no_lane_cuts_a_box_that_it_does_not_join(name: str, down: bool, qtbot: QtBot) -> None:
    trace = golden(name)
    for iteration in iterations(trace):
        still, sizes, found = drawn(trace, iteration.index, down=down)
        bodies = {box.id: found.rect(box.id, sizes.anatomies[box.id].body) for box in still.boxes}
        for lane in still.lanes:
            curves = found.lanes[lane.id]
            for x, y in [*curves.value.spread(4.0).tolist(), *curves.gradient.spread(4.0).tolist()]:
                cut = [box for box, body in bodies.items() if body.contains(x, y)]
                assert not set(cut) - {lane.source, lane.target}


def test_a_lane_never_swings_past_the_points_it_passes() -> None:
    curve = smooth([(0, 0), (100, 40), (200, 40), (300, -20)])
    ys = curve.points[:, 1]
    assert ys.max() <= 40.001 and ys.min() >= -20.001


def test_a_training_loop_stands_at_one_place(qtbot: QtBot) -> None:
    trace = golden("loop")
    kept = Arrangements()
    turns = [structure(trace, iteration.index) for iteration in iterations(trace)]
    alike = [turn for turn in turns if turn.signature == turns[1].signature]
    assert len(alike) > 1
    sizes = measure(alike[0], trace)
    kept.keep(Arrangement(alike[0], sizes, layout(alike[0], sizes.order())))
    for turn in alike[1:]:
        again = kept.reuse(turn, measure(turn, trace))
        assert again is not None
        first = kept.reuse(alike[0], sizes)
        assert first is not None
        by_place = {turn.keys[item]: point for item, point in again.layout.positions.items()}
        assert by_place == {alike[0].keys[item]: point for item, point in first.layout.positions.items()}


def test_longer_numbers_make_the_box_wider_before_it_plays(qtbot: QtBot) -> None:
    trace = golden("q")
    still = structure(trace, 0)
    sizes = measure(still, trace)
    box = next(box for box in still.boxes if box.name == "a")
    anatomy = sizes.anatomies[box.id]
    assert not isinstance(anatomy, CircleAnatomy)
    assert anatomy.face_size[0] < anatomy.value.width()
    assert anatomy.tray is not None and anatomy.tray.width() <= anatomy.body.width()


def test_of_a_long_lane_only_what_is_near_counts_and_a_much_used_leaf_stays_small(qtbot: QtBot) -> None:
    edges = [(0, n) for n in range(2, 302)] + [(n, n + 1) for n in range(1, 301)]
    still = graph(edges, 302)
    sizes = measure(still, Trace())
    found = places(still, sizes, layout(still, sizes.order()))
    assert sizes.anatomies[still.boxes[0].id].body.height() <= 400
    longest = max(found.lanes.values(), key=lambda curves: curves.centre.length)
    middle = QPointF(*longest.centre.at(0.5))
    first, last = longest.shares(QRectF(middle.x() - 300, middle.y() - 200, 600, 400))
    assert 0.4 < first < 0.5 < last < 0.6
    assert longest.shares(QRectF(-5000, 0, 600, 400)) == (0.0, 0.0)


@BOTH
@pytest.mark.parametrize("name", names())
def test_lanes_turn_gently_and_without_hooks(name: str, down: bool, qtbot: QtBot) -> None:
    trace = golden(name)
    for iteration in iterations(trace):
        for curves in drawn(trace, iteration.index, down=down)[2].lanes.values():
            for curve in (curves.value, curves.gradient):
                steps = np.diff(curve.points, axis=0)
                assert (steps[:, 1 if down else 0] > -0.5).all(), "runs backwards"
                angles = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
                assert np.abs(np.diff(angles)).max(initial=0.0) < GENTLE
