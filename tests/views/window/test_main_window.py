"""The window as a whole, with a kernel that the test plays: pages, words, looks, messages."""

from __future__ import annotations

import signal
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import Died, FakeKernel
from tests.views.window.opened import Opened, page, panes, resized
from tutor.app import begin, close_on_signals
from tutor.i18n import language
from tutor.session.files import Leave, NobodyThere
from tutor.session.message import Message
from tutor.session.settings import Settings
from tutor.source.document import Document
from tutor.views.theme import DARK, LIGHT
from tutor.views.window.actions import SPECS


def test_the_first_start_opens_the_first_lesson_and_later_ones_the_start_page(
    opened: Opened, settings: Settings
) -> None:
    window, session = opened
    begin(session, window, None)
    assert page(window) == "workspace"
    assert session.lesson is not None
    assert session.lesson.number == 0
    assert panes(window) == {"lesson"}
    window.show_home()
    begin(session, window, None)
    assert page(window) == "home"


def test_from_the_start_page_one_click_leads_back_to_what_is_open(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    window.show()
    assert window.back.isHidden()
    session.open_lesson("00-slope")
    window.actions_["home"].trigger()
    assert page(window) == "home"
    assert not window.toolbar.isVisible()
    qtbot.mouseClick(window.back, Qt.MouseButton.LeftButton)
    assert page(window) == "workspace"


def test_buttons_lose_their_words_only_where_there_is_no_room(opened: Opened) -> None:
    window, session = opened
    begin(session, window, None)
    session.new_sandbox()
    button = window.toolbar.widgetForAction(window.actions_["run"])
    assert isinstance(button, QToolButton)
    resized(window, 1400, 800)
    assert button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    resized(window, 900, 640)
    assert button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
    assert window.toolbar.sizeHint().width() <= 900


def test_a_file_named_on_the_command_line_is_opened(opened: Opened, tmp_path: Path) -> None:
    window, session = opened
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    begin(session, window, path)
    assert window.windowTitle() == "a.py[*] — Autograd Tutor"
    assert panes(window) == {"code", "tensors", "output"}
    assert not window.isWindowModified()
    session.set_cell_text(session.document.cells[0].id, "x = 2\n")
    assert window.isWindowModified()


def test_a_file_dropped_on_the_window_is_opened(opened: Opened, tmp_path: Path) -> None:
    window, session = opened
    begin(session, window, None)
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    carried = QMimeData()
    carried.setUrls([QUrl.fromLocalFile(str(path))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, carried, left, none))
    assert session.path == path


def test_closing_asks_about_unsaved_changes(opened: Opened, tmp_path: Path) -> None:
    class Stays(NobodyThere):
        def leave(self, document: Document) -> Leave:
            return "cancel"

    window, session = opened
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    begin(session, window, path)
    session.set_cell_text(session.document.cells[0].id, "x = 2\n")
    session.asker = Stays()
    assert not window.close()
    assert window.isVisible()
    session.undo()
    assert window.close()


def test_ctrl_c_in_the_terminal_closes_the_window_as_soon_as_it_can(
    opened: Opened, qapp: QApplication, qtbot: QtBot
) -> None:
    window, session = opened
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        close_on_signals(qapp, session, window)
        signal.raise_signal(signal.SIGINT)
        begin(session, window, None)
        assert window.isVisible()
        qtbot.waitUntil(window.isHidden)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_message_moves_nothing_that_the_hand_may_hold(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    resized(window, 1200, 800)
    QApplication.processEvents()
    number = window.workspace.lesson.number
    assert number.isVisible()
    before = number.mapTo(window, QPoint(0, 0))
    session.message.emit(Message("info", "torch is loading."))
    QApplication.processEvents()
    assert window.message_bar.isVisible()
    assert number.mapTo(window, QPoint(0, 0)) == before


def test_language_switches_at_once_and_loses_nothing(opened: Opened) -> None:
    window, session = opened
    begin(session, window, None)
    session.new_sandbox()
    session.set_cell_text(session.document.cells[0].id, "x = 5")
    window.actions_["language"].trigger()
    assert language() == "es"
    assert session.preferences.language == "es"
    assert session.document.cells[0].text == "x = 5"
    session.open_lesson("00-slope")
    assert session.lesson is not None
    assert session.lesson.language == "es"


def test_theme_and_text_size_switch_at_once(opened: Opened, qapp: QApplication) -> None:
    window, session = opened
    begin(session, window, None)
    assert qapp.palette().window().color().name() == LIGHT.window
    window.actions_["theme"].trigger()
    assert qapp.palette().window().color().name() == DARK.window
    before = window.font().pixelSize()
    window.actions_["larger"].trigger()
    assert window.font().pixelSize() > before
    assert session.preferences.text_size == 110


def test_every_action_says_what_it_does_in_both_languages(opened: Opened) -> None:
    window, _session = opened
    english = {name: window.actions_[name].text() for name in SPECS}
    window.actions_["language"].trigger()
    spanish = {name: window.actions_[name].text() for name in SPECS}
    same = {name for name in SPECS if english[name] == spanish[name]}
    assert all(english.values())
    assert same <= {"zero_grad", "no_grad", "language"}


def test_the_legend_is_shown_and_hidden_from_the_menu(opened: Opened) -> None:
    window, session = opened
    begin(session, window, None)
    shown = window.workspace.graph.legend.isVisible()
    window.actions_["legend"].trigger()
    assert window.workspace.graph.legend.isVisible() != shown


def test_one_undo_for_the_whole_window(opened: Opened) -> None:
    window, session = opened
    session.new_sandbox()
    cell = session.document.cells[0]
    assert not window.actions_["undo"].isEnabled()
    session.set_cell_text(cell.id, "x = 5")
    session.add_cell(cell.id)
    window.actions_["undo"].trigger()
    window.actions_["undo"].trigger()
    assert session.document.cells == (cell,)


def test_the_toolbar_shows_the_runs_settings_and_the_kernels_devices(
    opened: Opened, kernel: FakeKernel, qtbot: QtBot
) -> None:
    window, session = opened
    session.new_sandbox()
    kernel.be_ready(["cpu", "cuda:0"])
    toolbar = window.toolbar
    assert [toolbar.device.itemText(place) for place in range(toolbar.device.count())] == ["CPU", "CUDA 0"]
    toolbar.seed.setValue(12)
    assert session.settings.seed == 12
    session.undo()
    assert toolbar.seed.value() == 0


def test_a_recorded_run_has_no_settings_to_change(opened: Opened) -> None:
    window, session = opened
    session.open_path(Path(__file__).parents[2] / "traces" / "q.json")
    assert not window.toolbar.seed.isEnabled() and not window.toolbar.device.isEnabled()
    assert "q.json" in window.windowTitle()
    session.new_sandbox()
    assert window.toolbar.seed.isEnabled() and window.toolbar.device.isEnabled()


def test_stop_is_offered_while_something_runs(opened: Opened, kernel: FakeKernel) -> None:
    window, session = opened
    session.new_sandbox()
    assert not window.actions_["stop"].isEnabled()
    window.actions_["run"].trigger()
    assert window.actions_["stop"].isEnabled()
    kernel.end()
    assert not window.actions_["stop"].isEnabled()


def test_the_kernels_death_is_told_in_the_bar_and_the_text_stays(opened: Opened, kernel: FakeKernel) -> None:
    window, session = opened
    session.new_sandbox()
    window.show()
    session.set_cell_text(session.document.cells[0].id, "x = 5")
    kernel.go("restarting")
    kernel.died.emit(Died("killed"))
    assert window.message_bar.isVisible()
    assert "killed from outside" in window.message_bar.text
    assert session.document.cells[0].text == "x = 5"


def test_a_message_carries_its_action(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    done: list[str] = []
    session.message.emit(Message("error", "No.", ("Mend it", lambda: done.append("mended"))))
    assert window.message_bar.action.text() == "Mend it"
    qtbot.mouseClick(window.message_bar.action, Qt.MouseButton.LeftButton)
    assert done == ["mended"]
    assert window.message_bar.text == ""
