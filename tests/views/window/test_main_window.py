"""The window as a whole, with a kernel that the test plays: pages, panes, keys, words, messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QTextBrowser,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from tests.session.fake_kernel import Died, FakeKernel
from tutor.app import begin, build
from tutor.i18n import language, use_language
from tutor.protocol import Output, Step
from tutor.session.files import Leave, NobodyThere
from tutor.session.message import Message
from tutor.session.session import Session
from tutor.session.settings import Settings
from tutor.source.document import Document
from tutor.views.lesson.answer_inputs import NumberBoxes
from tutor.views.theme import DARK, LIGHT
from tutor.views.window.actions import SPECS
from tutor.views.window.backward_dialog import BackwardDialog
from tutor.views.window.main_window import MainWindow
from tutor.views.window.play_keys import playing_keys

Opened = tuple[MainWindow, Session]


@pytest.fixture
def kernel(qapp: QApplication) -> FakeKernel:
    return FakeKernel()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    settings = Settings(store, tmp_path / "data")
    settings.language, settings.theme = "en", "light"
    return settings


@pytest.fixture
def opened(qapp: QApplication, qtbot: QtBot, settings: Settings, kernel: FakeKernel) -> Iterator[Opened]:
    before = language()
    window, session = build(qapp, settings, kernel)
    session.asker = NobodyThere()
    kernel.be_ready()
    window.resize(1024, 640)
    qtbot.addWidget(window)
    yield window, session
    session.keep()
    qapp.setStyleSheet("")
    use_language(before)


def page(window: MainWindow) -> str:
    return "home" if window.home.isVisible() else "workspace"


def panes(window: MainWindow) -> set[str]:
    return {name for name, dock in window.workspace.docks.items() if not dock.isHidden()}


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


def below_the_graph(window: MainWindow) -> tuple[int, set[str]]:
    """How many of the panes under the graph stand side by side, and which are seen."""
    QApplication.processEvents()
    docks = {name: window.workspace.docks[name] for name in ("code", "tensors", "output")}
    seen = {name for name, dock in docks.items() if not dock.visibleRegion().isEmpty()}
    return len(seen), seen


def resized(window: MainWindow, width: int, height: int) -> None:
    window.setWindowState(Qt.WindowState.WindowNoState)
    window.resize(width, height)
    QApplication.processEvents()


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


def test_keys_that_play_step_aside_where_one_types(qapp: QApplication) -> None:
    arrows = {Qt.Key.Key_Left, Qt.Key.Key_Home}
    assert not playing_keys(QLineEdit())
    assert not playing_keys(QPlainTextEdit())
    assert playing_keys(QTextBrowser()) >= {Qt.Key.Key_Space, Qt.Key.Key_PageDown, *arrows}
    assert Qt.Key.Key_Space not in playing_keys(QPushButton())
    assert playing_keys(QTableView()) >= arrows
    assert playing_keys(None) >= arrows


def test_keys_play_the_trace_and_type_in_the_editor(opened: Opened, kernel: FakeKernel, qtbot: QtBot) -> None:
    window, session = opened
    session.new_sandbox()
    session.run_all()
    kernel.begin()
    for place in range(3):
        kernel.send(Output(stream="stdout", text="x", step=place), Step(kind="output", id=place))
    kernel.end()
    window.show()
    window.activateWindow()
    window.workspace.graph.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Home)
    assert session.player.step == -1
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    assert session.player.step == 0
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_BracketRight)
    assert session.player.speed == 2.0
    editor = window.workspace.code.findChild(QPlainTextEdit)
    editor.setFocus()
    qtbot.keyClick(editor, Qt.Key.Key_BracketLeft)
    qtbot.keyClick(editor, Qt.Key.Key_Home)
    assert session.player.step == 0
    assert "[" in session.document.cells[0].text


def test_after_the_next_part_is_clicked_space_plays(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    session.open_lesson("02-q")
    window.activateWindow()
    window.workspace.graph.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    qtbot.mouseClick(window.workspace.lesson.next_button, Qt.MouseButton.LeftButton)
    assert session.part == 1
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert session.part == 1
    assert session.player.playing
    session.player.pause()


def test_in_the_sandbox_one_types_at_once(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    window.activateWindow()
    session.new_sandbox()
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QPlainTextEdit))
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_X)
    assert session.document.cells[0].text.endswith("x")


def test_after_the_right_answer_space_plays(opened: Opened, qtbot: QtBot) -> None:
    window, session = opened
    begin(session, window, None)
    session.open_lesson("02-q")
    session.go_to_part(4)
    window.activateWindow()
    boxes = window.workspace.lesson.question.inputs
    assert isinstance(boxes, NumberBoxes)
    boxes.fill(["9", "36"])
    boxes.boxes[1].setFocus()
    qtbot.waitUntil(boxes.boxes[1].hasFocus)
    qtbot.keyClick(boxes.boxes[1], Qt.Key.Key_Return)
    assert session.player.playing
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert not session.player.playing


def test_backward_dialog_starts_with_ones_of_the_tensors_shape(qtbot: QtBot) -> None:
    dialog = BackwardDialog("Q", [2, 2])
    qtbot.addWidget(dialog)
    assert dialog.v == [[1.0, 1.0], [1.0, 1.0]]
    dialog.table.item(0, 1).setText("0,5")
    assert dialog.v == [[1.0, 0.5], [1.0, 1.0]]
    ok = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    dialog.table.item(1, 1).setText("one")
    assert not ok.isEnabled()
    dialog.table.item(1, 1).setText("1")
    assert ok.isEnabled()


def test_a_vector_too_long_to_ask_for_is_all_ones(qtbot: QtBot) -> None:
    dialog = BackwardDialog("Q", [1000])
    qtbot.addWidget(dialog)
    assert dialog.table.isHidden()
    assert dialog.v == [1.0] * 1000
