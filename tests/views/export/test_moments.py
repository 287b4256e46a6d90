"""An animation goes at the player's pace: three beats a step, its end held."""

from __future__ import annotations

from itertools import groupby

import pytest

from tutor.views.export.moments import ENDING, HELD, OPENING, frame_count, moments, seconds
from tutor.views.export.request import Stretch


def test_each_step_runs_from_its_beginning_to_its_end_which_is_held() -> None:
    shown = list(moments(Stretch(2, 4, fps=20)))
    for step, own in groupby(shown, key=lambda moment: moment.step):
        progress = [moment.progress for moment in own]
        assert progress == sorted(progress)
        assert progress[-1] == 1.0, step
    held = [moment.frames for moment in shown if moment.progress == 1.0]
    assert held == [round(HELD * 20), round(HELD * 20), round(ENDING * 20)]


def test_at_speed_one_a_step_takes_the_players_three_beats_of_half_a_second() -> None:
    length = seconds(Stretch(0, 3))
    assert length == pytest.approx(OPENING + 4 * 1.5 + 3 * HELD + ENDING, abs=0.25)
    assert seconds(Stretch(0, 3, speed=2.0)) < length


@pytest.mark.parametrize("speed", [0.25, 1.0, 3.0, 40.0, 100.0])
@pytest.mark.parametrize("fps", [1, 10, 25, 60])
def test_the_count_of_frames_is_known_beforehand(speed: float, fps: int) -> None:
    for stretch in (Stretch(0, 0, speed, fps), Stretch(3, 9, speed, fps)):
        assert sum(moment.frames for moment in moments(stretch)) == frame_count(stretch)
        assert {moment.step for moment in moments(stretch)} == set(range(stretch.first, stretch.last + 1))
