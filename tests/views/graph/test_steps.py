"""What the graph shows at a step: what is there, what is faded, what each box, tray, lane and band says."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from tests.views.graph.pane import box, item_id, shown
from tests.views.graph_session import GraphSession
from tutor.views.graph.box import tray_parts
from tutor.views.graph.items import FADED
from tutor.views.graph.view import GraphView


def test_a_return_lane_is_laid_in_the_step_that_records_the_node(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    multiply = next(s for s, row in enumerate(session.trace.steps) if row.kind == "operation" and s > 1)
    session.at(multiply - 1)
    assert not any(lane.isVisible() for lane in view.scene.pool.lanes.values())
    session.at(multiply)
    laid = [lane for lane in view.scene.pool.lanes.values() if lane.isVisible()]
    assert len(laid) == 2
    assert all(lane.state is not None and lane.state.laid for lane in laid)


def test_under_no_grad_there_is_no_return_lane_no_tab_and_a_band(qtbot: QtBot) -> None:
    session = GraphSession("no_grad")
    view = shown(qtbot, session)
    session.player.last()
    outside = {circle.circle.zone for circle in view.scene.pool.circles.values()}
    assert outside == {"none", "no_grad"}
    for circle in view.scene.pool.circles.values():
        if circle.circle.zone == "no_grad":
            assert circle.circle.tabs == ()
            into = [lane for lane in view.scene.pool.lanes.values() if lane.lane.target == circle.circle.id]
            assert into and not any(lane.lane.returns for lane in into)
            assert "No return lane" in into[0].tip_at(into[0].boundingRect().center())
    bands = [item.name for item in view.scene.pool.items() if item.name.startswith("no_grad")]
    assert len(bands) == 1 and "line" in bands[0]


def test_the_tray_says_before_plus_incoming_only_after_it_landed(qtbot: QtBot) -> None:
    session = GraphSession("accumulate")
    view = shown(qtbot, session)
    steps = [s for s, row in enumerate(session.trace.steps) if row.kind == "node" and s > 0]
    texts = []
    for step in (
        step for step in steps if session.trace.nodes[session.trace.steps[step].id].name == "AccumulateGrad"
    ):
        for progress in (0.2, 0.4):
            session.at(step, progress)
            state = box(view, "w").state
            assert state is not None
            texts.append(" ".join(tray_parts(state.tray, state.grad)))
    assert texts[0].endswith("? ?") and texts[1] == "None 4 4"
    assert texts[2].endswith("? ?") and texts[3] == "4 12 16"


def test_scrubbing_back_shows_exactly_what_was_true(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session)
    there = []
    for step in range(session.player.count):
        session.at(step)
        there.append(everything(view))
    for step in reversed(range(session.player.count)):
        session.at(step)
        assert everything(view) == there[step]


def everything(view: GraphView) -> list[tuple[str, float, str]]:
    seen = ((name, item) for name, item in view.scene.pool.named() if item.isVisible())
    return sorted((name, item.opacity(), item.name) for name, item in seen)


def test_what_is_not_in_the_step_fades_and_the_end_of_the_run_does_not(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.at(session.step_of("MulBackward0"))
    assert box(view, "d").opacity() == FADED and box(view, "a").opacity() == 1.0
    session.player.last()
    assert box(view, "d").opacity() == 1.0


def test_covered_numbers_stay_question_marks_in_box_chip_tray_and_tip(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    session.set_covered(frozenset(("a.grad",)))
    item = box(view, "a")
    assert item.state is not None and item.anatomy.tray is not None
    assert tray_parts(item.state.tray, item.state.grad)[1:] == ("?", "?")
    tips = [item.tip_at(item.anatomy.grad.center()), item.tip_at(item.anatomy.tray.center())]
    assert not any("4" in tip for tip in tips)
    leaving = [lane for lane, row in view.scene.pool.lanes.items() if row.lane.source == item.box.id]
    assert {view.scene.pool.gradient_chips[lane].text for lane in leaving} == {"?"}


def test_a_band_appears_with_its_first_operation_and_same_memory_with_the_second_box(qtbot: QtBot) -> None:
    for name in ("no_grad", "detach"):
        session = GraphSession(name)
        view = shown(qtbot, session)
        seen = []
        for step in range(-1, session.player.count):
            session.at(step)
            for band in view.scene.pool.bands:
                there = [view.scene.item(item) for item in band.band.zone.items]
                assert band.isVisible() == any(item is not None and item.isVisible() for item in there)
                seen.append(band.isVisible())
            for line in view.scene.pool.twins:
                ends = [view.scene.item(item) for item in (line.twins.one, line.twins.other)]
                assert line.isVisible() == all(item is not None and item.isVisible() for item in ends)
                seen.append(line.isVisible())
        assert {True, False} == set(seen)


def test_v_is_shown_at_each_root_and_inside_the_picture(qtbot: QtBot) -> None:
    session = GraphSession("two_roots")
    for size in ((1000, 680), (300, 600)):
        view = shown(qtbot, session, size)
        session.at(session.trace.backwards[0].first_step)
        assert [seed.name for seed in view.scene.seeds.items if seed.isVisible()] == [
            "v = [1, 1]",
            "v = [0.5, 0]",
        ]
        for seed in view.scene.seeds.items:
            assert view.scene.sceneRect().contains(seed.sceneBoundingRect())
        session.player.first()
        assert not any(seed.isVisible() for seed in view.scene.seeds.items)


def test_a_frozen_parameter_says_so_and_lets_others_pass(qtbot: QtBot) -> None:
    session = GraphSession("frozen")
    view = shown(qtbot, session)
    session.player.last()
    item = box(view, "last.weight")
    assert (
        item.tip_at(QPointF(0, item.anatomy.body.top() + 5)).splitlines()[1].startswith("Frozen in line 10")
    )
    assert "Frozen" in item.tip_at(item.anatomy.grad.center())
    lanes = {lane.lane.source: lane for lane in view.scene.pool.lanes.values()}
    assert not lanes[item.box.id].lane.returns and lanes[item_id(view, "last.bias")].lane.returns
    assert "Frozen" not in box(view, "x").tip_at(QPointF(0, 0))


def test_the_same_items_play_every_turn_of_a_loop(qtbot: QtBot) -> None:
    session = GraphSession("loop")
    view = shown(qtbot, session)
    places: dict[str, set[tuple[float, float, int]]] = {}
    for step in range(session.player.count // 3, session.player.count):
        session.at(step)
        for name, item in view.scene.pool.named():
            if name.startswith(("b ", "c ")):
                places.setdefault(name, set()).add((item.x(), item.y(), id(item)))
    assert all(len(found) == 1 for found in places.values())


def test_with_reduced_motion_a_step_shows_its_end_state_at_once(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    session.player.animated = False
    view = shown(qtbot, session)
    session.at(session.step_of("AccumulateGrad"), 0.0)
    assert not any(mover.isVisible() for mover in view.scene.movers.items())
    state = box(view, "a").state
    assert state is not None and state.tray is not None and state.tray.landed
