"""The box that leads from one iteration, or backward, to the same place of another."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.traces import golden
from tests.views.timeline.shown import timeline_of
from tutor.trace.iterations import iterations
from tutor.views.timeline.view import TimelineView


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
