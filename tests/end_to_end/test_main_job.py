"""The main job with the real window and the real kernel: open a lesson, run, play, edit, lose the kernel, go on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tutor.app import begin, build
from tutor.session.files import NobodyThere
from tutor.session.kernel_client import KernelClient
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.views.window.main_window import MainWindow

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(300)]

PATIENCE_MS = 90_000
BACKWARD_PART = 2


class Desk:
    """The person at the window: what they do, and what they can read."""

    def __init__(self, window: MainWindow, session: Session, kernel: KernelClient, qtbot: QtBot) -> None:
        self.window = window
        self.session = session
        self.kernel = kernel
        self._qtbot = qtbot

    def run(self) -> None:
        self.window.actions_["run"].trigger()
        self.wait_for_the_run()

    def wait_for_the_run(self) -> None:
        self._qtbot.waitUntil(lambda: self.session.run.outcome is not None, timeout=PATIENCE_MS)
        assert self.session.run.outcome == "ok"

    def play_to_the_end(self) -> None:
        player = self.session.player
        player.first()
        player.set_speed(200.0)
        while player.step < player.count - 1:
            player.play()
            self._qtbot.waitUntil(lambda: not player.playing, timeout=PATIENCE_MS)

    def panel(self, name: str, column: str) -> str:
        """What the tensor panel shows of a tensor."""
        model = self.window.workspace.tensors.model
        for row in range(model.rowCount()):
            if str(model.index(row, 0).data()) == name:
                return str(model.index(row, self._column(column)).data())
        raise AssertionError(f"{name} is not in the panel")

    def _column(self, title: str) -> int:
        model = self.window.workspace.tensors.model
        titles = [model.headerData(place, Qt.Orientation.Horizontal) for place in range(model.columnCount())]
        return titles.index(title)

    def kill_the_kernel(self) -> None:
        pid = self.kernel.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self._qtbot.waitUntil(
            lambda: self.kernel.phase == "ready" and self.kernel.pid != pid, timeout=PATIENCE_MS
        )

    @property
    def code(self) -> str:
        return "\n".join(cell.text for cell in self.session.visible_cells)


@pytest.fixture
def desk(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    settings = Settings(store, tmp_path / "data")
    settings.language = "en"
    settings.mark_started()
    kernel = KernelClient(qapp)
    window, session = build(qapp, settings, kernel)
    session.asker = NobodyThere()
    qtbot.addWidget(window)
    begin(session, window, None)
    yield Desk(window, session, kernel, qtbot)
    session.keep()
    kernel.shutdown()
    kernel.setParent(None)
    qapp.setStyleSheet("")


def test_open_a_lesson_run_play_edit_and_lose_the_kernel(desk: Desk) -> None:
    assert desk.window.home.isVisible()
    desk.session.open_lesson("02-q")
    desk.session.go_to_part(BACKWARD_PART)
    assert desk.session.from_recording
    assert desk.panel("a", ".grad").startswith("None")

    desk.run()
    assert not desk.session.from_recording
    desk.play_to_the_end()
    assert desk.panel("a", ".grad") == "[36, 81]"
    assert desk.panel("b", ".grad") == "[−12, −8]"

    desk.session.player.first()
    a = next(box.tensor for box in desk.session.structure.boxes if box.name == "a")  # type: ignore[union-attr]
    desk.session.set_value(a, [2.0, 4.0])
    assert "a = torch.tensor([2.0, 4.0], requires_grad=True)" in desk.code
    desk.wait_for_the_run()
    desk.play_to_the_end()
    assert desk.panel("a", ".grad") == "[36, 144]"

    text = desk.code
    desk.kill_the_kernel()
    assert "killed from outside" in desk.window.message_bar.text
    assert "your text is intact" in desk.window.message_bar.text
    assert desk.code == text

    desk.run()
    desk.play_to_the_end()
    assert desk.panel("a", ".grad") == "[36, 144]"


def test_backward_from_the_toolbar_writes_its_line_and_undo_takes_it_back(desk: Desk) -> None:
    session = desk.session
    session.new_sandbox()
    cell = session.document.cells[0].id
    program = "import torch\nx = torch.tensor(3.0, requires_grad=True)\ny = x**2\n"
    session.set_cell_text(cell, program)
    desk.run()
    assert desk.panel("x", ".grad").startswith("None")
    session.select_tensor(next(row.tensor for row in session.rows if row.name == "y"))
    desk.window.actions_["backward"].trigger()
    assert desk.code == program.rstrip() + "\ny.backward()\n"
    desk.wait_for_the_run()
    assert desk.panel("x", ".grad") == "6"
    desk.window.actions_["undo"].trigger()
    assert desk.code == program
    desk.wait_for_the_run()
    assert desk.panel("x", ".grad").startswith("None")
