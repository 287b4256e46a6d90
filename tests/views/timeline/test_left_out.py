"""Iterations that were left out of the recording: the line is broken there, and the words say which they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from tests.trace.made import thinned_loop
from tests.views.timeline.shown import timeline_of
from tutor.trace.trace import Trace
from tutor.views.theme import DARK, LIGHT
from tutor.views.timeline.track import Break
from tutor.views.timeline.view import TimelineView

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
    view = timeline_of(trace, tmp_path, qtbot, width=400)
    bar = view.bar
    drawn = bar.breaks

    assert len(drawn) < 50 and sum(len(parts) for _, parts in drawn) == 299
    x, parts = drawn[3]
    qtbot.mouseMove(bar, QPoint(round(x), bar.height() - 12))
    said = f"{5 * len(parts)} iterations left out, in {len(parts)} places"
    qtbot.waitUntil(lambda: QToolTip.text() == said)


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
