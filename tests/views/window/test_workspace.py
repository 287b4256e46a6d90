"""The panes around the graph: which are seen, where they stand, and what they do as the room changes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.traces import golden
from tests.views.window.opened import Opened, panes, resized
from tutor.app import begin, build
from tutor.protocol import Output, Step
from tutor.session.settings import Settings
from tutor.views.window.main_window import MainWindow


def below_the_graph(window: MainWindow) -> tuple[int, set[str]]:
    """How many of the panes under the graph stand side by side, and which are seen."""
    QApplication.processEvents()
    docks = {name: window.workspace.docks[name] for name in ("code", "tensors", "output")}
    seen = {name for name, dock in docks.items() if not dock.visibleRegion().isEmpty()}
    return len(seen), seen


def test_a_pane_keeps_the_share_that_it_was_given(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    resized(window, 1400, 800)
    session.new_sandbox()
    for _turn in ("sizes", "what became of them"):
        QApplication.processEvents()
    workspace = window.workspace
    tensors = workspace.docks["tensors"]
    workspace.resizeDocks([tensors], [300], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: tensors.width() == 300)
    window.show_home()
    session.open_lesson("00-slope")
    assert tensors.isHidden()
    session.new_sandbox()
    qtbot.waitUntil(lambda: tensors.width() == 300)
    window.resize(1200, 800)
    qtbot.waitUntil(lambda: abs(tensors.width() - 300 * 1200 / 1400) < 2)


def test_in_a_narrow_window_the_panes_under_the_graph_are_tabs(opened: Opened) -> None:
    window, session = opened
    begin(session, window, None)
    session.new_sandbox()
    resized(window, 1024, 640)
    assert below_the_graph(window) == (1, {"code"})
    assert window.workspace.graph.width() > 1000
    resized(window, 1500, 900)
    assert below_the_graph(window)[0] == 3
    resized(window, 1024, 640)
    assert below_the_graph(window) == (1, {"code"})


def test_panes_that_were_moved_by_hand_stay_where_they_are(
    opened: Opened, qapp: QApplication, qtbot: QtBot, settings: Settings, kernel: FakeKernel
) -> None:
    window, session = opened
    begin(session, window, None)
    session.new_sandbox()
    resized(window, 1500, 900)
    workspace = window.workspace
    workspace.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, workspace.docks["tensors"])
    resized(window, 1024, 640)
    assert below_the_graph(window)[0] == 3
    workspace.arrange()
    assert below_the_graph(window) == (1, {"code"})


def test_a_tab_comes_to_the_front_when_it_is_needed(opened: Opened, kernel: FakeKernel) -> None:
    window, session = opened
    begin(session, window, None)
    resized(window, 1024, 640)
    session.new_sandbox()
    session.set_cell_text(session.document.cells[0].id, "1 / 0")
    session.run_all()
    kernel.begin()
    kernel.send(Output(stream="stdout", text="x", step=0), Step(kind="output", id=0))
    kernel.end()
    assert below_the_graph(window)[1] == {"code"}
    assert "•" in window.workspace.docks["output"].windowTitle()
    session.player.first()
    session.player.play()
    session.player.advance(2.0)
    assert below_the_graph(window)[1] == {"output"}
    assert "•" not in window.workspace.docks["output"].windowTitle()
    session.player.play()
    assert below_the_graph(window)[1] == {"code"}
    session.player.pause()


def test_a_pane_behind_another_is_brought_up_to_date_when_it_is_shown(
    opened: Opened, kernel: FakeKernel
) -> None:
    window, session = opened
    begin(session, window, None)
    resized(window, 1024, 640)
    session.new_sandbox()
    session.run_all()
    kernel.begin()
    for place in range(3):
        kernel.send(
            Output(stream="stdout", text=f"line {place}\n", step=place), Step(kind="output", id=place)
        )
    kernel.end()
    output = window.workspace.output
    session.player.first()
    output.refresh()
    assert output.faded == ""
    window.workspace.docks["output"].raise_()
    QApplication.processEvents()
    assert "line 2" in output.faded


def test_a_part_begins_with_its_own_code_in_view(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    resized(window, 1024, 640)
    session.open_lesson("02-q")
    session.go_to_part(4)
    own = window.workspace.code.cell_widget(session.visible_cells[-1].id)
    qtbot.waitUntil(lambda: own.visibleRegion().boundingRect().height() > 60)
    session.player.next()
    qtbot.waitUntil(lambda: own.visibleRegion().boundingRect().height() > 20)


def test_panes_that_were_hidden_by_hand_stay_hidden_in_this_document(opened: Opened) -> None:
    window, session = opened
    begin(session, window, None)
    window.workspace.docks["lesson"].toggleViewAction().trigger()
    session.go_to_part(1)
    assert "lesson" not in panes(window)
    window.workspace.arrange()
    assert "lesson" in panes(window)


def test_docks_come_back_where_they_were(
    opened: Opened, qapp: QApplication, qtbot: QtBot, settings: Settings, kernel: FakeKernel
) -> None:
    window, session = opened
    begin(session, window, None)
    session.new_sandbox()
    workspace = window.workspace
    workspace.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, workspace.docks["tensors"])
    window.close()
    other, _session = build(qapp, settings, kernel)
    qtbot.addWidget(other)
    assert other.restore()
    area = other.workspace.dockWidgetArea(other.workspace.docks["tensors"])
    assert area == Qt.DockWidgetArea.LeftDockWidgetArea


def test_plots_are_shown_where_a_run_has_several_backwards_unless_the_person_says_otherwise(
    opened: Opened, tmp_path: Path
) -> None:
    window, session = opened
    for name in ("slope", "loop"):
        golden(name).save(tmp_path / f"{name}.json")
    begin(session, window, tmp_path / "slope.json")
    resized(window, 1500, 900)
    assert "plots" not in panes(window)
    session.open_path(tmp_path / "loop.json")
    assert "plots" in panes(window)
    dock = window.workspace.docks["plots"]
    QApplication.processEvents()
    assert dock.x() == window.workspace.docks["tensors"].x()
    assert len(window.workspace.plots.charts) == 2
    dock.toggleViewAction().trigger()
    session.trace_changed.emit()
    assert "plots" not in panes(window)
    session.open_path(tmp_path / "slope.json")
    assert "plots" not in panes(window)
