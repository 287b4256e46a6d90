"""The timeline: the painted line, the buttons, the words, the keys."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from tests.trace.made import thinned_loop
from tests.traces import golden
from tests.views.fake_session import FakeSession
from tutor.protocol import (
    BackwardBegan,
    BackwardEnded,
    BackwardId,
    Change,
    Node,
    NodeId,
    Operation,
    OperationId,
    Source,
    SourceId,
    Span,
    Step,
    Tensor,
    TensorId,
    TraceEvent,
    Truncation,
)
from tutor.trace.iterations import iterations
from tutor.trace.pace import Pace
from tutor.trace.trace import Trace
from tutor.views.theme import DARK, LIGHT
from tutor.views.timeline.bar import TimelineBar
from tutor.views.timeline.track import Break, Stretch, Track
from tutor.views.timeline.track import thinned as thinned_turns
from tutor.views.timeline.view import TimelineView

LINE = "y = x**2; z = 3*y"


def _operation(number: int, text: str) -> list[TraceEvent]:
    col = LINE.index(text)
    span = Span(SourceId(0), 1, 1, col, col + len(text))
    return [
        Operation(
            id=OperationId(number),
            function="torch.Tensor.__mul__",
            span=span,
            grad_enabled=True,
            module=None,
            inputs=[TensorId(0)],
            outputs=[TensorId(1)],
            nodes=[NodeId(number)],
            backward=None,
            step=number,
        ),
        Node(
            id=NodeId(number),
            name=("PowBackward0", "MulBackward0")[number],
            operation=OperationId(number),
            tensor=None,
            step=number,
        ),
        Step(kind="operation", id=number),
    ]


def _tensor(number: int, name: str) -> Tensor:
    return Tensor(
        id=TensorId(number),
        name=name,
        shape=[],
        dtype="float32",
        device="cpu",
        requires_grad=True,
        is_leaf=number == 0,
        grad_fn=None if number == 0 else NodeId(0),
        step=0,
    )


def _trace() -> Trace:
    """Two operations, a backward of three nodes, and the gradient cleared: six steps."""
    b = BackwardId(0)
    trace = Trace()
    trace.append(Source(id=SourceId(0), path=None, cell=None, text=LINE))
    trace.extend([_tensor(0, "x"), _tensor(1, "y")])
    for number, text in enumerate(("x**2", "3*y")):
        trace.extend(_operation(number, text))
    trace.append(Node(id=NodeId(2), name="AccumulateGrad", operation=None, tensor=TensorId(0), step=1))
    trace.append(
        BackwardBegan(
            id=b,
            entry="Tensor.backward",
            parent=None,
            roots=[NodeId(1)],
            inputs=[],
            retain_graph=False,
            create_graph=False,
            span=None,
            step=2,
        )
    )
    trace.extend(Step(kind="node", id=number, backward=b) for number in (1, 0, 2))
    trace.append(BackwardEnded(id=b, results=[], error=None, step=5))
    trace.append(Change(tensor=TensorId(0), what="grad", before=1.0, after=None, span=None, step=5))
    trace.append(Step(kind="grad_changed", id=0))
    return trace


@pytest.fixture
def session(tmp_path: Path, qapp: object) -> FakeSession:
    return FakeSession(tmp_path, _trace())


@pytest.fixture
def view(session: FakeSession, qtbot: QtBot) -> TimelineView:
    view = TimelineView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(640, 90)
    view.show()
    return view


def _click_step(qtbot: QtBot, bar: TimelineBar, step: int) -> None:
    place = QPoint(round(bar.x_of(step)), bar.height() - 12)
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=place)


def test_the_line_shows_forward_and_backward(view: TimelineView) -> None:
    kinds = [(one.first, one.end, one.kind, one.label) for one in view.bar.track.stretches]
    assert kinds[:2] == [(0, 2, "forward", "forward"), (2, 5, "backward", "backward")]
    assert view.bar.track.count == 6


def test_what_has_passed_is_in_full_colour_and_what_comes_is_pale(
    view: TimelineView, session: FakeSession
) -> None:
    session.player.seek(3)
    image = view.bar.grab().toImage()
    row = view.bar.height() - 12

    def color(step: float) -> QColor:
        return image.pixelColor(round(view.bar.x_of(step)), row)

    assert color(0).name() == LIGHT.value
    assert color(2).name() == LIGHT.gradient
    assert color(4.6).saturation() < color(2).saturation()


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (-1, "before the first of 6 steps"),
        (0, "step 1 of 6 · y = x**2"),
        (1, "step 2 of 6 · y = 3*y"),
        (2, "step 3 of 6 · MulBackward0 of 3*y"),
        (4, "step 5 of 6 · AccumulateGrad → x.grad"),
        (5, "step 6 of 6 · x.grad cleared"),
    ],
)
def test_it_says_what_the_step_is(view: TimelineView, session: FakeSession, step: int, text: str) -> None:
    session.player.seek(step)
    assert view.text.full_text == text
    assert view.bar.accessibleDescription() == text


def test_a_click_and_a_drag_scrub(view: TimelineView, session: FakeSession, qtbot: QtBot) -> None:
    for step in (4, 0, -1, 5):
        _click_step(qtbot, view.bar, step)
        assert session.player.step == step
    bar, row = view.bar, view.bar.height() - 12
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(round(bar.x_of(1)), row))
    qtbot.mouseMove(bar, QPoint(round(bar.x_of(3)), row))
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(round(bar.x_of(3)), row))
    assert session.player.step == 3


def test_a_click_beyond_the_ends_goes_to_the_ends(
    view: TimelineView, session: FakeSession, qtbot: QtBot
) -> None:
    qtbot.mouseClick(view.bar, Qt.MouseButton.LeftButton, pos=QPoint(view.bar.width() - 1, 5))
    assert session.player.step == 5
    qtbot.mouseClick(view.bar, Qt.MouseButton.LeftButton, pos=QPoint(0, 5))
    assert session.player.step == -1


def test_the_buttons_play_and_step(view: TimelineView, session: FakeSession) -> None:
    player = session.player
    view.forth.click()
    assert player.step == 0
    view.to_end.click()
    assert player.step == 5
    view.back.click()
    assert player.step == 4
    view.to_start.click()
    assert player.step == -1
    view.play.click()
    assert player.playing
    assert view.play.accessibleName() == "Pause (Space)"
    view.play.click()
    assert not player.playing
    assert view.play.accessibleName() == "Play (Space)"


def test_the_keys_move_when_the_line_has_the_focus(
    view: TimelineView, session: FakeSession, qtbot: QtBot
) -> None:
    player, key = session.player, Qt.Key
    player.set_marks((1, 4))
    seen = []
    keys = (
        key.Key_End,
        key.Key_Left,
        key.Key_Home,
        key.Key_Right,
        key.Key_PageDown,
        key.Key_PageDown,
        key.Key_PageUp,
    )
    for pressed in keys:
        qtbot.keyClick(view.bar, pressed)
        seen.append(player.step)
    assert seen == [5, 4, -1, 0, 1, 4, 1]
    qtbot.keyClick(view.bar, key.Key_BracketRight)
    assert player.speed == 2.0
    assert view.speed.text() == "2×"
    qtbot.keyClick(view.bar, key.Key_Space)
    assert player.playing
    player.pause()


def test_the_speed_is_chosen_from_a_menu(view: TimelineView, session: FakeSession) -> None:
    slow = next(action for action in view.speed.menu().actions() if action.text() == "0.5×")
    slow.trigger()
    assert session.player.speed == 0.5
    assert view.speed.text() == "0.5×"


def test_the_handle_moves_smoothly_inside_a_step(view: TimelineView, session: FakeSession) -> None:
    player = session.player
    player.seek(0)
    player.play()
    player.advance(0.75)
    assert player.step == 1
    before = view.bar.grab().toImage()
    player.advance(0.5)
    assert player.step == 1
    assert view.bar.grab().toImage() != before
    player.pause()


def test_a_moved_step_leaves_the_stretches_as_they_are(view: TimelineView, session: FakeSession) -> None:
    before = view.bar.track.stretches
    session.player.seek(2)
    session.picture_changed.emit()
    assert before
    assert view.bar.track.stretches is before


def test_the_handle_has_the_color_of_the_stretch_that_it_stands_on(qtbot: QtBot) -> None:
    bar = TimelineBar(str, str)
    qtbot.addWidget(bar)
    bar.resize(400, bar.sizeHint().height())
    bar.set_track(Track(9, (Stretch(0, 3, "forward"), Stretch(5, 8, "backward"))))
    middle = int(bar.height() - 7.5 - 5)
    colors = {}
    for step in range(-1, 9):
        bar.set_step(step, 1.0)
        colors[step] = bar.grab().toImage().pixelColor(round(bar.x_of(step)), middle - 7).name()
    assert {colors[0], colors[2]} == {colors[1]}
    assert {colors[5], colors[7]} == {colors[6]}
    assert {colors[-1], colors[3], colors[4]} == {colors[8]}
    assert len({colors[1], colors[6], colors[8]}) == 3


def test_the_authors_stop_has_a_flag_and_words(view: TimelineView, session: FakeSession) -> None:
    plain = view.bar.grab().toImage()
    session.player.set_stops(frozenset({3}))
    session.picture_changed.emit()
    assert view.bar.track.stops == frozenset({3})
    assert view.bar.grab().toImage() != plain
    session.player.seek(3)
    assert view.text.full_text.endswith("the lesson stops here")


def test_from_where_the_recording_is_full_it_says_so_and_what_is_missing(
    view: TimelineView, session: FakeSession
) -> None:
    session.trace.append(Truncation(limit="events", what="later_operations", step=4, backwards=12))
    session.player.seek(2)
    assert "full" not in view.text.full_text
    session.player.seek(3)
    assert view.text.full_text.endswith("the recording is full; 12 later backwards are not in it")
    session.player.seek(5)
    assert view.text.full_text.endswith("the recording is full; 12 later backwards are not in it")


def test_without_a_run_nothing_can_be_pressed(qtbot: QtBot, tmp_path: Path) -> None:
    session = FakeSession(tmp_path)
    view = TimelineView(session)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.show()
    assert not any(one.isEnabled() for one in (view.play, view.forth, view.bar))
    assert view.text.full_text == ""
    session.trace = _trace()
    session.player.set_count(6)
    session.trace_changed.emit()
    assert view.play.isEnabled()
    assert view.bar.track.count == 6


def test_a_hidden_timeline_catches_up_when_shown(view: TimelineView, session: FakeSession) -> None:
    view.hide()
    session.trace = Trace()
    session.player.set_count(0)
    session.trace_changed.emit()
    assert view.bar.track.count == 6
    view.show()
    assert view.bar.track.count == 0


def test_the_theme_reaches_the_line(view: TimelineView, session: FakeSession) -> None:
    session.player.seek(5)
    view.apply_theme(DARK)
    image = view.bar.grab().toImage()
    assert image.pixelColor(round(view.bar.x_of(0)), view.bar.height() - 12).name() == DARK.value


def test_a_long_run_is_drawn_once_and_scrubbed_from_what_was_drawn(qapp: object, qtbot: QtBot) -> None:
    bar = TimelineBar(str, str)
    qtbot.addWidget(bar)
    bar.resize(800, bar.sizeHint().height())
    stretches = tuple(
        Stretch(first, first + 4, "forward" if first % 8 == 0 else "backward", "forward 1")
        for first in range(0, 20_000, 4)
    )
    bar.set_track(Track(20_000, stretches, tuple(range(0, 20_000, 4)), frozenset()))
    bar.show()
    drawn: list[int] = []
    bar._draw_layers = _counted(drawn, bar._draw_layers)  # type: ignore[method-assign]
    for step in range(0, 20_000, 400):
        bar.set_step(step, 1.0)
        bar.grab()
    assert drawn == [1]


def _counted(calls: list[int], plain):  # type: ignore[no-untyped-def]
    def counted() -> None:
        calls.append(1)
        plain()

    return counted


# ------------------------------------------------------------ iterations that were left out


@pytest.fixture
def thinned(tmp_path: Path, qtbot: QtBot) -> TimelineView:
    """Turns 1 to 3, 9 and 10, and 111 of a loop, each of five steps."""
    trace = Trace()
    trace.extend(thinned_loop([3, 2, 1], [5, 100], 2))
    view = TimelineView(FakeSession(tmp_path, trace))  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(900, 90)
    view.show()
    return view


GAP = 16


def test_the_line_is_broken_where_iterations_were_left_out(thinned: TimelineView) -> None:
    assert thinned.bar.track.breaks == (Break(GAP, 5), Break(GAP + 11, 100))
    assert all(stretch.first != GAP for stretch in thinned.bar.track.stretches)
    for palette in (LIGHT, DARK):
        thinned.apply_theme(palette)
        image = thinned.bar.grab().toImage()
        x, row = round(thinned.bar.x_of(GAP - 0.5)), thinned.bar.height() - 12
        assert image.pixelColor(x, row).name() == palette.ground
        strokes = {image.pixelColor(x + by, row).name() for by in (-4, -3, 3, 4)}
        assert palette.ground not in strokes or len(strokes) > 1


def test_stretches_carry_the_number_that_the_program_counted(thinned: TimelineView) -> None:
    labels = [stretch.short for stretch in thinned.bar.track.stretches if stretch.kind == "forward"]
    assert labels == ["1", "2", "3", "9", "10", "111"]


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (GAP - 1, "step 16 of 33 · AccumulateGrad → w.grad · iteration 3 of 111"),
        (GAP, "step 17 of 33 · 5 iterations left out · iterations 4 to 8 of 111"),
        (GAP + 1, "step 18 of 33 · loss · iteration 9 of 111, 5 left out just before it"),
    ],
)
def test_a_gap_says_how_many_and_which_iterations_it_stands_for(
    thinned: TimelineView, step: int, text: str
) -> None:
    thinned._session.player.seek(step)
    shown = thinned.text.full_text.split(" · ")
    expected = text.split(" · ")
    assert (shown[0], shown[-1]) == (expected[0], expected[-1])


def test_keys_go_step_by_step_over_a_gap_and_marks_pass_it_by(thinned: TimelineView, qtbot: QtBot) -> None:
    player = thinned._session.player
    player.seek(GAP - 1)
    player.set_animated(False)
    for expected in (GAP, GAP + 1):
        qtbot.keyClick(thinned.bar, Qt.Key.Key_Right)
        assert player.step == expected
    player.set_marks(thinned.bar.track.marks)
    player.seek(GAP - 1)
    qtbot.keyClick(thinned.bar, Qt.Key.Key_PageDown)
    assert player.step == GAP + 2
    assert "5 left out just before it" in thinned.text.full_text


def test_a_click_on_a_break_goes_to_its_step(thinned: TimelineView, qtbot: QtBot) -> None:
    thinned.resize(200, 90)
    for step in (GAP, GAP + 11):
        place = QPoint(round(thinned.bar.x_of(step - 0.5)), thinned.bar.height() - 12)
        qtbot.mouseClick(thinned.bar, Qt.MouseButton.LeftButton, pos=place)
        assert thinned._session.player.step == step


def test_breaks_that_would_lie_on_each_other_are_one_and_say_so(tmp_path: Path, qtbot: QtBot) -> None:
    trace = Trace()
    trace.extend(thinned_loop([1] * 300, [5] * 299, 1))
    view = TimelineView(FakeSession(tmp_path, trace))  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(400, 90)
    view.show()
    bar = view.bar
    drawn = bar.breaks

    assert len(drawn) < 50 and sum(len(parts) for _, parts in drawn) == 299
    x, parts = drawn[3]
    qtbot.mouseMove(bar, QPoint(round(x), bar.height() - 12))
    said = f"{5 * len(parts)} iterations left out, in {len(parts)} places"
    qtbot.waitUntil(lambda: QToolTip.text() == said)


def test_a_long_run_says_how_fast_it_goes(view: TimelineView, session: FakeSession) -> None:
    assert not view.pace.isVisible()
    session.player.set_pace(Pace(seconds_a_row=0.15, count=1200))
    assert view.pace.isVisible()
    assert view.pace.text() == "≈ 6.7 steps/s"
    assert "about 3:00" in view.pace.toolTip()
    session.player.set_speed(0.5)
    assert view.pace.text() == "≈ 3.3 steps/s"
    assert "about 6:00" in view.pace.toolTip()
    session.player.set_pace(Pace(count=6, rows=(3, 3, 3, 1, 1, 1), usual=1.5))
    assert "closed group" in view.pace.toolTip()
    session.player.set_pace(Pace(count=6))
    assert not view.pace.isVisible()


# ------------------------------------------------------------ several iterations, several backwards


def timeline_of(trace: Trace, tmp_path: Path, qtbot: QtBot) -> TimelineView:
    view = TimelineView(FakeSession(tmp_path, trace))  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(900, 90)
    view.show()
    return view


def test_one_iteration_with_one_backward_has_no_box_to_jump(view: TimelineView) -> None:
    assert not view.turn.isVisible()


def test_the_box_leads_to_the_same_place_of_another_iteration(tmp_path: Path, qtbot: QtBot) -> None:
    view = timeline_of(golden("loop"), tmp_path, qtbot)
    player, found = view._session.player, iterations(view._session.trace)
    assert view.turn.isVisible()
    assert view.turn.text() == "1 / 5"
    player.seek(found[1].first_step + 4)
    assert view.turn.value() == 2
    view.turn.stepUp()
    assert (player.step, view.turn.value()) == (found[2].first_step + 4, 3)
    view.turn.setValue(5)
    assert player.step == found[4].first_step + 4
    view.turn.stepUp()
    assert view.turn.value() == 5


def test_the_box_passes_over_iterations_that_were_left_out(thinned: TimelineView) -> None:
    player, box = thinned._session.player, thinned.turn
    player.seek(0)
    numbers = []
    for _press in range(6):
        box.stepUp()
        numbers.append(box.value())
    assert numbers == [2, 3, 9, 10, 111, 111]
    box.setValue(80)
    assert box.value() == 111
    box.setValue(40)
    assert box.value() == 10


def test_several_backwards_of_one_iteration_are_counted_and_gone_to(tmp_path: Path, qtbot: QtBot) -> None:
    trace = golden("retain")
    view = timeline_of(trace, tmp_path, qtbot)
    labels = [one.label for one in view.bar.track.stretches if one.kind == "backward"]
    assert labels == ["backward 1", "backward 2"]
    assert len(iterations(trace)) == 1
    view._session.player.seek(trace.backwards[0].first_step + 1)
    assert view.turn.text() == "1 / 2"
    view.turn.stepUp()
    assert view._session.player.step == trace.backwards[1].first_step + 1


@pytest.mark.parametrize("count", [60, 700])
def test_many_iterations_have_round_numbers_far_enough_apart(
    count: int, tmp_path: Path, qtbot: QtBot
) -> None:
    trace = Trace()
    trace.extend(thinned_loop([count], [], 1))
    view = timeline_of(trace, tmp_path, qtbot)
    track = view.bar.track
    shown = [number for _first, number in thinned_turns(track.turns, view.bar.width(), 48.0)]
    assert shown[0] == 1
    distances = {b - a for a, b in pairwise(shown[1:])}
    assert len(distances) == 1
    (distance,) = distances
    pixels = view.bar.x_of(track.turns[distance][0]) - view.bar.x_of(track.turns[0][0])
    assert 44 < pixels < 150
    above = view.bar.grab().toImage().copy(0, 0, view.bar.width(), view.bar.height() - 22)
    paper = above.pixelColor(view.bar.width() - 1, 0)
    inked = {
        x for x in range(above.width()) for y in range(above.height()) if above.pixelColor(x, y) != paper
    }
    for first, _number in thinned_turns(track.turns, view.bar.width(), 48.0)[2:-1]:
        x = round(view.bar.x_of(first - 1))
        assert inked & set(range(x, x + 14))
