"""The player, with a clock that the test moves."""

from __future__ import annotations

import pytest

from tutor.session.player import SECONDS_A_STEP, SPEEDS, Player
from tutor.trace.pace import Pace


@pytest.fixture
def player(qapp: object) -> Player:
    player = Player()
    player.set_count(4)
    player.show(-1)
    return player


def test_play_runs_from_the_first_step_to_the_last_and_holds_it(player: Player) -> None:
    seen: list[int] = []
    player.step_changed.connect(seen.append)
    player.play()
    for _tick in range(4):
        player.advance(SECONDS_A_STEP)
    assert seen == [0, 1, 2, 3]
    assert not player.playing
    assert (player.step, player.progress) == (3, 1.0)


def test_progress_grows_inside_a_step(player: Player) -> None:
    player.play()
    player.advance(SECONDS_A_STEP / 3)
    assert player.step == 0
    assert player.progress == pytest.approx(1 / 3)


def test_twice_the_speed_takes_half_the_time(player: Player) -> None:
    player.set_speed(2.0)
    player.play()
    player.advance(SECONDS_A_STEP / 2)
    assert player.step == 1


def test_play_at_the_end_begins_anew(player: Player) -> None:
    player.seek(3)
    player.play()
    assert player.step == 0
    assert player.playing


def test_playing_stops_at_a_stop_and_goes_on_from_there(player: Player) -> None:
    player.set_stops(frozenset({1}))
    player.play()
    for _tick in range(3):
        player.advance(SECONDS_A_STEP)
    assert (player.step, player.playing) == (1, False)
    player.play()
    assert (player.step, player.playing) == (2, True)


def test_next_shows_the_step_moving_and_then_rests(player: Player) -> None:
    player.next()
    assert (player.step, player.progress, player.playing) == (0, 0.0, False)
    player.advance(SECONDS_A_STEP)
    assert (player.step, player.progress) == (0, 1.0)


def test_without_motion_each_step_shows_its_end_state_at_once(player: Player) -> None:
    player.set_animated(False)
    player.next()
    assert (player.step, player.progress) == (0, 1.0)
    player.play()
    assert (player.step, player.progress) == (1, 1.0)
    player.advance(SECONDS_A_STEP)
    assert (player.step, player.progress) == (2, 1.0)


def test_previous_and_seek_show_the_end_state_and_stop_playing(player: Player) -> None:
    player.play()
    player.seek(2)
    assert (player.step, player.progress, player.playing) == (2, 1.0, False)
    player.previous()
    assert (player.step, player.progress) == (1, 1.0)


def test_no_step_lies_outside(player: Player) -> None:
    player.seek(99)
    assert player.step == 3
    player.next()
    assert player.step == 3
    player.first()
    player.previous()
    assert player.step == -1


def test_marks_are_gone_to_in_order(player: Player) -> None:
    player.set_marks([2, 1])
    steps = []
    for move in (player.next_mark, player.next_mark, player.next_mark, player.previous_mark):
        move()
        steps.append(player.step)
    assert steps == [1, 2, 3, 2]
    player.previous_mark()
    player.previous_mark()
    assert player.step == -1


def test_a_shorter_trace_leaves_the_player_at_its_end(player: Player) -> None:
    player.seek(3)
    player.set_count(2)
    assert player.step == 1


def test_nothing_plays_where_there_is_nothing(qapp: object) -> None:
    player = Player()
    player.toggle()
    player.next()
    assert (player.step, player.playing) == (-1, False)


def test_only_what_the_person_does_counts_as_scrubbing(player: Player) -> None:
    scrubs: list[None] = []
    player.scrubbed.connect(lambda: scrubs.append(None))
    player.show(2)
    player.set_count(3)
    assert scrubs == []
    player.seek(1)
    assert scrubs == [None]


def test_faster_and_slower_go_through_the_speeds_and_stay_at_their_ends(player: Player) -> None:
    seen: list[float] = []
    player.speed_changed.connect(seen.append)
    for _press in range(5):
        player.faster()
    player.set_speed(0.3)
    for _press in range(3):
        player.slower()
    assert seen == [2.0, 4.0, 8.0, 0.3, 0.25]


def played(player: Player, *, frame: float = 0.016) -> float:
    """The seconds that it takes to play from the beginning to where it stops."""
    player.seek(-1)
    player.play()
    seconds = 0.0
    while player.playing:
        player.advance(frame)
        seconds += frame
    return seconds


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("frame", [0.016, 0.1])
def test_a_long_run_takes_the_time_that_its_pace_says(player: Player, speed: float, frame: float) -> None:
    player.set_count(20_000)
    player.set_pace(Pace(seconds_a_row=180 / 20_000, count=20_000))
    player.set_speed(speed)
    assert played(player, frame=frame) == pytest.approx(180 / speed, rel=0.01)
    assert player.step == 19_999


def test_steps_too_short_for_beats_show_their_end_states_and_none_is_missed_at_a_stop(player: Player) -> None:
    player.set_count(20_000)
    player.set_pace(Pace(seconds_a_row=0.009, count=20_000))
    player.set_stops(frozenset({777}))
    seen: list[float] = []
    player.progress_changed.connect(seen.append)
    played(player)
    assert (player.step, player.playing) == (777, False)
    assert set(seen) == {1.0}


def test_within_a_closed_group_steps_hurry_and_outside_they_take_their_time(player: Player) -> None:
    player.set_count(32)
    player.set_pace(Pace(first=0, rows=(1, *(30,) * 30, 1), count=32, usual=32 / 3))
    assert played(player) == pytest.approx(3 * SECONDS_A_STEP, rel=0.05)
    player.seek(-1)
    player.play()
    player.advance(SECONDS_A_STEP / 2)
    assert (player.step, player.progress) == (0, pytest.approx(0.5))
    player.advance(SECONDS_A_STEP / 2)
    player.advance(SECONDS_A_STEP / 2)
    assert (player.step, player.progress) == (16, 1.0)


def test_a_single_step_takes_its_time_in_a_long_run_too(player: Player) -> None:
    player.set_pace(Pace(seconds_a_row=0.009, count=20_000))
    player.next()
    player.advance(SECONDS_A_STEP / 3)
    assert player.progress == pytest.approx(1 / 3)


def test_a_computer_that_hangs_skips_no_step_of_a_short_run(player: Player) -> None:
    seen: list[int] = []
    player.step_changed.connect(seen.append)
    player.play()
    for _tick in range(4):
        player.advance(10.0)
    assert seen == [0, 1, 2, 3]
