"""The panel of the ready queue: opened by a key or the menu, it follows the step, and its rows lead into the picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QPushButton
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import FakeKernel
from tests.trace.grouped import recorded
from tests.traces import golden
from tests.views.window.opened import Opened, resized
from tutor.app import begin
from tutor.i18n import use_language
from tutor.trace.index import index_of
from tutor.views.graph.queue_panel import QueuePanel


@pytest.fixture
def panel(opened: Opened, tmp_path: Path, kernel: FakeKernel) -> QueuePanel:
    window, session = opened
    golden("two_paths").save(tmp_path / "run.json")
    begin(session, window, tmp_path / "run.json")
    resized(window, 1300, 900)
    session.player.seek(session.trace.backwards[0].steps[1].step)
    return window.workspace.queue


def test_q_opens_and_closes_it_and_it_follows_the_step(
    panel: QueuePanel, opened: Opened, qtbot: QtBot
) -> None:
    session, canvas = opened[1], opened[0].workspace.graph.canvas
    assert not panel.isVisible()
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Q)
    assert panel.isVisible()
    assert panel.texts[0] == "Why MulBackward0 of a * b now?"
    assert canvas.viewport().rect().contains(panel.geometry())
    session.player.previous()
    assert panel.texts[0] == "Why AddBackward0 of a * b + a now?"
    session.player.first()
    assert panel.texts[0] == "No backward is under way at this step."
    qtbot.keyClick(canvas, Qt.Key.Key_Q)
    assert not panel.isVisible()


def test_a_row_selects_its_node(panel: QueuePanel, opened: Opened) -> None:
    session = opened[1]
    panel.open()
    names = {button.text(): button for button in panel.findChildren(QPushButton)}
    names["AccumulateGrad → a.grad"].click()
    assert session.selection.tensor is not None
    assert index_of(session.trace).last_name(session.selection.tensor) == "a"
    session.player.previous()
    names = {button.text(): button for button in panel.findChildren(QPushButton) if not button.isHidden()}
    names["AddBackward0 of a * b + a"].click()
    circle = next(c for c in session.structure.circles if c.id == session.selection.item)  # type: ignore[union-attr]
    assert circle.expression == "a * b + a"


def test_the_menu_offers_it_while_a_backward_is_under_way(panel: QueuePanel, opened: Opened) -> None:
    session, graph = opened[1], opened[0].workspace.graph
    circle = next(c for c in session.structure.circles if c.expression == "a * b + a")  # type: ignore[union-attr]
    item = graph.scene.item(circle.id)
    menu = QMenu(panel)
    panel.add_to_menu(menu, item, graph.canvas.mapToScene(0, 0))
    offered = next(action for action in menu.actions() if action.text() == "Why this node now?")
    offered.trigger()
    assert panel.isVisible()
    assert "AddBackward0 of a * b + a has run already." in panel.texts
    session.player.first()
    again = QMenu(panel)
    panel.add_to_menu(again, item, graph.canvas.mapToScene(0, 0))
    assert all(action.text() != "Why this node now?" for action in again.actions())


def test_it_speaks_the_windows_language(panel: QueuePanel) -> None:
    panel.open()
    use_language("es")
    panel.retranslate()
    assert panel.texts[0] == "¿Por qué MulBackward0 de a * b ahora?"


def test_a_leaf_that_is_asked_for_is_shown_whatever_is_closed(
    opened: Opened, tmp_path: Path, kernel: FakeKernel
) -> None:
    window, session = opened
    recorded("blocks").save(tmp_path / "run.json")
    begin(session, window, tmp_path / "run.json")
    panel = window.workspace.queue
    trace = session.trace
    run = next(run for run in trace.backwards[0].steps if trace.nodes[run.node].tensor is not None)
    session.player.seek(run.step)
    session.fold_all()
    panel.open()
    row = next(row for row in panel.rows if row.node == run.node)
    buttons = {button.text(): button for button in panel.findChildren(QPushButton) if not button.isHidden()}
    buttons[row.name].click()

    assert session.selection.tensor == trace.nodes[run.node].tensor
    assert session.structure is not None
    assert session.selection.item in {box.id for box in session.structure.boxes}
