"""The painted line: what it shows of the run, and how the hand scrubs it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from tests.trace.made import thinned_loop
from tests.views.fake_session import FakeSession
from tests.views.timeline.shown import timeline_of
from tutor.trace.trace import Trace
from tutor.views.theme import DARK, LIGHT
from tutor.views.timeline.bar import TimelineBar
from tutor.views.timeline.track import Stretch, Track
from tutor.views.timeline.track import thinned as thinned_turns
from tutor.views.timeline.view import TimelineView


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
