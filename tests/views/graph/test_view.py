"""The graph's pane as a person sees it: what is drawn at a step, what is said when there is nothing, what hands do."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.traces import golden
from tests.views.graph_session import GraphSession
from tutor.session.runs import RunStatus
from tutor.session.settings import GraphDirection
from tutor.shipped import shipped
from tutor.trace.file import read_trace
from tutor.trace.picture import ItemId
from tutor.trace.trace import Trace
from tutor.views.graph.box import BoxItem, tray_parts
from tutor.views.graph.canvas import MIN_FIT, READABLE
from tutor.views.graph.fonts import SMALL, SMALLEST, Role, font
from tutor.views.graph.items import FADED
from tutor.views.graph.paint import write
from tutor.views.graph.view import GraphView
from tutor.views.theme import DARK


def shown(qtbot: QtBot, session: GraphSession, size: tuple[int, int] = (1000, 560)) -> GraphView:
    view = GraphView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(*size)
    view.show()
    return view


def box(view: GraphView, name: str) -> BoxItem:
    return next(item for item in view.scene.pool.boxes.values() if item.box.name == name)


def item_id(view: GraphView, name: str) -> ItemId:
    return box(view, name).box.id


def test_every_step_of_every_kind_is_drawn_in_light_and_dark(qtbot: QtBot) -> None:
    for name in ("two_paths", "q", "no_grad", "detach", "error", "in_place", "matmul", "rebind", "frozen"):
        session = GraphSession(name)
        view = shown(qtbot, session)
        for step in range(-1, session.player.count):
            for progress in (0.0, 0.2, 0.5, 0.9, 1.0):
                session.at(step, progress)
        view.grab()
        view.apply_theme(DARK)
        view.grab()


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


def test_ctrl_click_covers_a_tensor_and_uncovers_it(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    click(qtbot, view, "a", Qt.KeyboardModifier.ControlModifier)
    assert session.covered == {"a", "a.grad"}
    click(qtbot, view, "a", Qt.KeyboardModifier.ControlModifier)
    assert session.covered == frozenset()


def click(
    qtbot: QtBot, view: GraphView, name: str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    place = view.canvas.mapFromScene(box(view, name).pos())
    qtbot.mouseClick(view.canvas.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def test_a_click_selects_the_tensor_and_draws_the_line_to_its_grad_fn(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    click(qtbot, view, "d")
    assert session.selection.item == item_id(view, "d") and session.selection.tensor is not None
    assert view.scene.grad_fn.isVisible()
    click(qtbot, view, "a")
    assert not view.scene.grad_fn.isVisible()


def point_at(view: GraphView, name: str) -> None:
    place = QPointF(view.canvas.mapFromScene(box(view, name).pos()))
    button, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QMouseEvent.Type.MouseMove, place, place, button, button, keys)
    QApplication.sendEvent(view.canvas.viewport(), move)


def test_pointing_tells_the_session_and_the_session_lights_the_item(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    point_at(view, "b")
    assert session.hovered_item == item_id(view, "b")
    assert box(view, "b").look.hovered
    circle = next(iter(view.scene.pool.circles.values()))
    session.hovered_item, session.hovered_span = None, circle.circle.span
    session.selection_changed.emit()
    assert circle.look.hovered and not box(view, "b").look.hovered


@pytest.mark.parametrize(
    "key", [Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End]
)
def test_the_players_keys_pass_through_the_canvas(key: Qt.Key, qtbot: QtBot) -> None:
    view = shown(qtbot, GraphSession("slope"))
    event = QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
    view.canvas.keyPressEvent(event)
    assert not event.isAccepted()


def test_ctrl_and_an_arrow_go_to_the_neighbour(qtbot: QtBot) -> None:
    session = GraphSession("slope")
    view = shown(qtbot, session)
    session.player.last()
    click(qtbot, view, "x")
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert session.selection.item in view.scene.pool.circles


def test_the_picture_fits_when_it_appears_and_again_on_0(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session, size=(1000, 680))
    session.player.last()
    seen = view.canvas.seen()
    assert all(seen.contains(item.sceneBoundingRect().center()) for item in view.scene.pool.boxes.values())
    view.canvas.zoom_by(2.5)
    assert not view.canvas.seen().contains(view.scene.sceneRect())
    qtbot.keyClick(view.canvas, Qt.Key.Key_0)
    assert view.canvas.seen().adjusted(-1, -1, 1, 1).contains(view.scene.sceneRect())
    assert view.canvas.zoom <= 1.6


def test_a_picture_too_large_to_read_follows_the_step(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session, size=(420, 360))
    assert view.canvas.zoom == READABLE
    for step in range(session.player.count):
        session.at(step)
        item = session.picture.motion.item if session.picture else None
        if item is not None:
            assert view.canvas.seen().contains(view.scene.item_rect(item).center())


def test_an_equal_picture_with_longer_words_is_fitted_anew(qtbot: QtBot) -> None:
    session = GraphSession(read_trace(shipped("lessons") / "02-q" / "en.trace.json"))
    view = shown(qtbot, session, size=(1150, 700))
    session.at(session.trace.backwards[0].first_step)
    narrow = view.scene.sceneRect().width()
    session.at(session.player.count - 1)
    assert view.scene.sceneRect().width() > narrow
    assert view.canvas.seen().adjusted(-1, -1, 1, 1).contains(view.scene.sceneRect())


def test_texts_have_eleven_pixels_wherever_a_picture_is_fitted(qtbot: QtBot) -> None:
    sizes = [font(role).pixelSize() for role in get_args(Role)]
    assert min(sizes) * MIN_FIT >= SMALLEST == 11
    for size in ((300, 330), (480, 420), (720, 420), (1100, 640)):
        assert shown(qtbot, GraphSession("q"), size).canvas.zoom >= MIN_FIT


def test_text_that_would_be_too_small_is_written_larger_or_not_at_all(qtbot: QtBot) -> None:
    image = QImage(200, 60, QImage.Format.Format_RGB32)

    def inked(width: float, zoom: float) -> int:
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        painter.scale(zoom, zoom)
        write(painter, QRectF(0, 0, width, 40), "None", role="small", colour=QColor("black"))
        painter.end()
        rows = [y for y in range(60) if any(image.pixelColor(x, y).value() < 128 for x in range(200))]
        return len(rows)

    assert inked(200, 0.5) == inked(200, SMALLEST / SMALL)
    assert inked(12, 0.5) == 0


def test_a_callout_can_be_read_at_every_zoom(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.at(session.step_of("MulBackward0"))
    for _turn in range(4):
        view.canvas.zoom_by(0.7)
        assert view.scene.callout.magnified * view.canvas.zoom >= 0.99


def test_a_narrow_pane_shows_the_picture_from_top_to_bottom(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    wide = shown(qtbot, session, size=(1100, 640))
    assert box(wide, "a").x() < box(wide, "d").x() - 300
    narrow = shown(qtbot, session, size=(430, 860))
    assert box(narrow, "a").y() < box(narrow, "d").y() - 300 and narrow.canvas.whole


def test_the_person_chooses_the_direction_and_it_is_remembered(qtbot: QtBot) -> None:
    session = GraphSession("slope")
    view = shown(qtbot, session)
    actions = {action.text(): action for action in view.buttons.direction.menu().actions()}
    actions["Top to bottom"].trigger()
    assert session.preferences.graph_direction == "down"
    assert box(view, "x").y() < box(view, "y").y()
    again = shown(qtbot, session)
    assert box(again, "x").y() < box(again, "y").y()
    actions["Left to right"].trigger()
    assert box(view, "x").x() < box(view, "y").x()


def test_another_shape_of_the_pane_turns_the_picture_but_not_while_it_plays(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session, size=(1100, 640))
    with qtbot.waitSignal(view.scene.built):
        view.resize(430, 860)
    assert box(view, "a").y() < box(view, "d").y() - 300
    session.player.playing = True
    view.resize(1100, 640)
    qtbot.waitUntil(lambda: not view.turning)
    assert box(view, "a").y() < box(view, "d").y() - 300


def test_a_followed_picture_is_left_alone_once_dragged_and_0_follows_again(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session, size=(420, 360))
    session.player.last()
    port = view.canvas.viewport()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    for x in (180, 120):
        qtbot.mouseMove(port, QPoint(x, 80))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=QPoint(120, 80))
    seen = view.canvas.seen()
    for step in range(session.player.count):
        session.at(step)
    assert view.canvas.seen() == seen
    qtbot.keyClick(view.canvas, Qt.Key.Key_0)
    assert view.canvas.zoom == READABLE
    step = session.step_of("MulBackward0")
    session.at(step)
    item = session.picture.motion.item if session.picture else None
    assert item is not None and view.canvas.seen().contains(view.scene.item_rect(item).center())
    qtbot.keyClick(view.canvas, Qt.Key.Key_0)
    pixel = 1 / view.canvas.zoom
    assert view.canvas.seen().adjusted(-pixel, -pixel, pixel, pixel).contains(view.scene.sceneRect())


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


@pytest.mark.parametrize("size", [(430, 760), (720, 420)])
def test_a_callout_never_covers_the_sign_that_works_and_stays_in_sight(
    size: tuple[int, int], qtbot: QtBot
) -> None:
    for name in ("two_paths", "loop", "by_hand"):
        session = GraphSession(name)
        view = shown(qtbot, session, size)
        for step in range(session.player.count):
            session.at(step)
            callout, ground = view.scene.callout, view.scene.ground
            if callout.isVisible() and callout.callout is not None and ground is not None:
                sign = ground.body(callout.callout.item).adjusted(15, 15, -15, -15)
                assert not callout.rect.intersects(sign)
                assert view.canvas.seen().contains(callout.rect.center())


def test_dragging_moves_the_picture_and_selects_nothing(qtbot: QtBot) -> None:
    session = GraphSession("slope")
    view = shown(qtbot, session)
    port = view.canvas.viewport()
    before = view.canvas.seen().center()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    qtbot.mouseMove(port, QPoint(340, 230))
    qtbot.mouseMove(port, QPoint(380, 260))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=QPoint(380, 260))
    moved = before - view.canvas.seen().center()
    assert moved.x() * view.canvas.zoom == pytest.approx(80, abs=2)
    assert session.selection.item is None


def test_empty_states_speak(qtbot: QtBot) -> None:
    view = shown(qtbot, GraphSession(Trace()))
    assert view.empty.isVisible() and view.empty.title.text() == "No code has run yet"
    session = GraphSession("untracked")
    view = shown(qtbot, session)
    session.player.last()
    assert not view.empty.isVisible()
    assert view.buttons.note.text().startswith("No tensor is tracked")
    session.player.first()
    assert view.empty.title.text() == "Before the first step"


def test_a_recorded_picture_and_one_of_another_text_say_so(qtbot: QtBot) -> None:
    session = GraphSession("slope")
    view = shown(qtbot, session)
    assert view.buttons.note.text() == "" and not view.banner.isVisible()
    session.from_recording = True
    session.trace_changed.emit()
    assert view.buttons.note.text() == "Recorded earlier: run it to see it live."
    session.recording_path = Path("/home/ana/net.json")
    session.trace_changed.emit()
    assert view.buttons.note.text() == "A recorded run: net.json"
    session.stale = True
    session.trace_changed.emit()
    assert view.buttons.note.text() == ""
    qtbot.waitUntil(view.banner.isVisible)
    session.run = RunStatus(phase="running")
    session.run_changed.emit()
    assert not view.banner.isVisible()


def test_all_iterations_can_be_seen_at_once(qtbot: QtBot) -> None:
    session = GraphSession("q")
    view = shown(qtbot, session)
    session.player.last()
    one = len(view.scene.pool.circles)
    assert view.buttons.all.isVisible()
    view.buttons.all.click()
    assert session.show_all and len(view.scene.pool.circles) > one


def test_a_hidden_view_waits_until_it_is_shown(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    view.hide()
    session.player.last()
    assert not box(view, "d").isVisible()
    view.show()
    state = box(view, "a").state
    assert state is not None and state.grad.value is not None and state.grad.value.data == 4.0


def test_a_screen_reader_hears_the_step_and_the_chosen_tensor(qtbot: QtBot) -> None:
    session = GraphSession("two_paths")
    view = shown(qtbot, session)
    session.player.last()
    assert view.canvas.accessibleDescription().startswith("Graph with 3 tensors and 2 operations.")
    session.at(session.step_of("AddBackward0"))
    session.select_item(item_id(view, "a"))
    assert box(view, "a").name == "leaf tensor a, value 2, gradient None · no backward yet"


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


@pytest.mark.parametrize(("way", "size"), [("right", (1000, 680)), ("down", (700, 1250))])
def test_while_a_run_goes_on_new_nodes_are_added_and_nothing_moves(
    way: GraphDirection, size: tuple[int, int], qtbot: QtBot
) -> None:
    whole = golden("q")
    session = GraphSession(Trace())
    session.preferences.graph_direction = way
    session.run = RunStatus(phase="running")
    view = shown(qtbot, session, size)
    before: dict[str, tuple[float, float]] = {}
    for step in range(whole.backwards[0].first_step):
        session.grow(whole, step)
        now = {name: (item.x(), item.y()) for name, item in view.scene.pool.named() if name[0] in "bc"}
        assert all(before[name] == place for name, place in now.items() if name in before)
        before = now
    assert len(before) == 7
    session.run = RunStatus(phase="ready")
    session.run_changed.emit()
    assert view.canvas.seen().adjusted(-1, -1, 1, 1).contains(view.scene.sceneRect())
