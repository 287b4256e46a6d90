"""The graph's pane as a whole: what it says when there is nothing, what it is told, how it follows a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.traces import golden
from tests.views.graph.pane import box, item_id, shown
from tests.views.graph_session import GraphSession
from tutor.session.runs import RunStatus
from tutor.session.settings import GraphDirection
from tutor.trace.trace import Trace
from tutor.views.theme import DARK


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
