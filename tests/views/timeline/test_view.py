"""The timeline: its buttons, its words, its keys, and what it follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.views.fake_session import FakeSession
from tests.views.timeline.six_steps import six_steps
from tutor.protocol import Truncation
from tutor.trace.pace import Pace
from tutor.trace.trace import Trace
from tutor.views.timeline.view import TimelineView


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
    session.trace = six_steps()
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
