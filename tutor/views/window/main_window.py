"""The window: start page or workspace, menus, toolbar and messages; it hands what is wished to the session."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from tutor.i18n import _, language
from tutor.protocol import TensorId
from tutor.session.files import TRACE_SUFFIX
from tutor.session.message import Message
from tutor.session.selection import had_name
from tutor.session.session import Session
from tutor.session.settings import THEMES
from tutor.source.formats import SUFFIXES
from tutor.views.home.view import HomeView
from tutor.views.theme import app_icon
from tutor.views.window.about import AboutDialog, copy_report
from tutor.views.window.actions import Actions
from tutor.views.window.appearance import Appearance
from tutor.views.window.asker import WindowAsker
from tutor.views.window.backward_dialog import BackwardDialog
from tutor.views.window.dialogs import KeyboardDialog
from tutor.views.window.exports import Exports
from tutor.views.window.menus import Menus
from tutor.views.window.message_bar import MessageBar
from tutor.views.window.play_keys import PlayKeys
from tutor.views.window.toolbar import RunToolbar
from tutor.views.window.workspace import Workspace

_SMALLEST = 900, 560


class MainWindow(QMainWindow):
    """One window, one session."""

    def __init__(self, session: Session, appearance: Appearance) -> None:
        super().__init__()
        self._session = session
        self._appearance = appearance
        self._has_opened = False
        self.actions_ = Actions(self)
        self.toolbar = RunToolbar(session, self.actions_, self)
        self.message_bar = MessageBar(self)
        self.home = HomeView(session, self)
        self.workspace = Workspace(session, self)
        self.asker = WindowAsker(self)
        self.keys = PlayKeys(session.player, self)
        self.exports = Exports(session, self.workspace.graph, appearance.palette, self)
        self.back = QPushButton(self)
        self._stack = QStackedWidget(self)
        self._lay_out()
        self._menus = Menus(
            self.menuBar(),
            self.actions_,
            [dock.toggleViewAction() for dock in self.workspace.docks.values()],
            recent=self._recent,
            open_path=session.open_path,
        )
        self._connect()
        self.retranslate()
        self.apply_look()
        self.show_home()

    def _lay_out(self) -> None:
        self.back.setFlat(True)
        self._stack.addWidget(self.home)
        self._stack.addWidget(self.workspace)
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.back, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._stack, stretch=1)
        column.addWidget(self.message_bar)
        self.setCentralWidget(centre)
        self.addToolBar(self.toolbar)
        self.workspace.graph.canvas.addActions([self.actions_["copy_picture"], self.actions_["export"]])
        self.setWindowIcon(app_icon())
        self.setMinimumSize(*_SMALLEST)
        self.setAcceptDrops(True)

    def _connect(self) -> None:
        session, look = self._session, self._appearance
        session.asker = self.asker
        session.message.connect(self._on_session_message)
        session.vector_wanted.connect(self._on_session_vector_wanted)
        session.opened.connect(self.show_workspace)
        session.document_changed.connect(self._on_session_document_changed)
        session.run_changed.connect(self._refresh)
        session.selection_changed.connect(self._refresh)
        session.picture_changed.connect(self._refresh)
        look.look_changed.connect(self.apply_look)
        look.language_changed.connect(self._on_language_changed)
        self.home.open_wanted.connect(self._on_open)
        self.back.clicked.connect(self.show_workspace)
        self.actions_.themes.triggered.connect(self._on_theme_chosen)
        self.actions_.languages.triggered.connect(self._on_language_chosen)
        self._connect_actions()

    def _connect_actions(self) -> None:
        session, look = self._session, self._appearance
        self.actions_.connect(
            home=self.show_home,
            sandbox=session.new_sandbox,
            open=self._on_open,
            save=session.save,
            save_as=self._on_save_as,
            export=self.exports.open,
            copy_picture=self.exports.copy,
            quit=self.close,
            undo=session.undo,
            redo=session.redo,
            run=session.run_all,
            run_to=self._on_run_to,
            run_on=self._on_run_on,
            stop=session.stop,
            restart=session.restart_kernel,
            random=session.new_random_numbers,
            backward=self._on_backward,
            zero_grad=self._on_zero_grad,
            no_grad=self._on_no_grad,
            smaller=look.smaller_text,
            larger=look.larger_text,
            theme=look.toggle_theme,
            language=look.toggle_language,
            reduced_motion=self._on_reduced_motion,
            arrange=self.workspace.arrange,
            legend=self.workspace.graph.buttons.legend.click,
            why_now=self.workspace.queue.toggle,
            keyboard=self._on_keyboard,
            report=self._on_report,
            about=self._on_about,
        )

    def restore(self) -> bool:
        """Goes back to where window and panes were. False when there is nothing to go back to."""
        settings = self._session.preferences
        self.workspace.restore(settings)
        return self.restoreGeometry(settings.window("geometry"))

    # pages

    def show_home(self) -> None:
        """The start page; what was open stays open behind it, one click away."""
        self._show_page(self.home)

    def show_workspace(self) -> None:
        self._has_opened = True
        self._show_page(self.workspace)
        if self._session.document.kind == "sandbox":
            self.workspace.code.begin_typing()
        else:
            self.workspace.graph.setFocus()

    def _show_page(self, page: QWidget) -> None:
        working = page is self.workspace
        self._stack.setCurrentWidget(page)
        self.toolbar.setVisible(working)
        self.back.setVisible(not working and self._has_opened)
        self.keys.set_enabled(working)
        self._show_title()
        self._refresh()

    # what the session tells

    def _refresh(self) -> None:
        """Which actions make sense now."""
        session, working = self._session, self._stack.currentWidget() is self.workspace
        editable = working and not session.read_only
        has_cell = editable and session.current_cell is not None
        self.actions_.enable(
            undo=working and session.can_undo,
            redo=working and session.can_redo,
            run=editable,
            run_to=has_cell,
            run_on=has_cell,
            stop=working and session.run.can_stop,
            random=editable,
            backward=editable and session.selection.tensor is not None,
            zero_grad=editable and any(row.grad.value is not None for row in session.rows),
            no_grad=has_cell and self.workspace.docks["code"].isVisible(),
            save=working,
            save_as=working,
            export=working and self.exports.possible,
            copy_picture=working and self.exports.possible,
            arrange=working,
            legend=working,
        )

    def _on_session_document_changed(self) -> None:
        self._show_title()
        self._refresh()

    def _show_title(self) -> None:
        name = self._document_name()
        self.back.setText("← " + name)
        at_home = self._stack.currentWidget() is self.home
        self.setWindowTitle("Autograd Tutor[*]" if at_home else f"{name}[*] — Autograd Tutor")
        self.setWindowModified(self._session.dirty)

    def _document_name(self) -> str:
        session = self._session
        if session.lesson is not None:
            return session.lesson.title
        if session.recording_path is not None:
            return _("Recorded run") + f": {session.recording_path.name}"
        if session.path is not None:
            return session.path.name
        return _("Sandbox")

    def _on_session_message(self, message: Message) -> None:
        self.message_bar.tell(message, stays=self._session.run.queued)

    def _on_session_vector_wanted(self, tensor: TensorId) -> None:
        trace = self._session.trace
        dialog = BackwardDialog(had_name(trace, tensor) or "?", trace.tensors[tensor].shape, self)
        if dialog.exec():
            self._session.backward_on(tensor, dialog.v)
        dialog.deleteLater()

    # what the person wishes

    def _recent(self) -> tuple[Path, ...]:
        return self._session.recent

    def _on_open(self) -> None:
        path = self.asker.open_path()
        if path is not None:
            self._session.open_path(path)

    def _on_save_as(self) -> None:
        path = self.asker.save_path(self._session.document)
        if path is not None:
            self._session.save_as(path)

    def _on_run_to(self) -> None:
        if (cell := self._session.current_cell) is not None:
            self._session.run_to(cell)

    def _on_run_on(self) -> None:
        if (cell := self._session.current_cell) is not None:
            self._session.run_and_move_on(cell)

    def _on_backward(self) -> None:
        if (tensor := self._session.selection.tensor) is not None:
            self._session.backward_on(tensor)

    def _on_zero_grad(self) -> None:
        """The selected tensor's gradient; where it has none, all that there are."""
        filled = {row.tensor for row in self._session.rows if row.grad.value is not None}
        chosen = self._session.selection.tensor
        self._session.zero_grad(chosen if chosen in filled else None)

    def _on_no_grad(self) -> None:
        lines = self.workspace.code.selected_lines()
        if lines is not None:
            self._session.toggle_no_grad(*lines)

    def _on_reduced_motion(self) -> None:
        on = self.actions_["reduced_motion"].isChecked()
        self._session.preferences.reduced_motion = on
        self._session.player.set_animated(not on)

    def _on_keyboard(self) -> None:
        dialog = KeyboardDialog(self)
        dialog.exec()
        dialog.deleteLater()

    def _on_about(self) -> None:
        dialog = AboutDialog(self._session, self)
        dialog.exec()
        dialog.deleteLater()

    def _on_report(self) -> None:
        copy_report(self._session)
        self.message_bar.tell(Message("info", _("The report is on the clipboard.")))

    def _on_theme_chosen(self, action: QAction) -> None:
        self._appearance.set_theme(next(theme for theme in THEMES if theme == action.data()))

    def _on_language_chosen(self, action: QAction) -> None:
        self._appearance.set_language(str(action.data()))

    # looks and words

    def apply_look(self) -> None:
        """Colours and text size, in every view."""
        palette, pixels = self._appearance.palette, self._appearance.text_pixels
        for part in (self.actions_, self.message_bar, self.home, self.exports, *self.workspace.views):
            part.apply_theme(palette)
        for view in (self.workspace.code, self.workspace.output, self.workspace.tensors):
            view.set_text_size(pixels)
        self._check_choices()

    def _on_language_changed(self) -> None:
        self.retranslate()
        self._session.language_changed()
        self._check_choices()

    def retranslate(self) -> None:
        """Every text anew."""
        self.actions_.retranslate()
        self._menus.retranslate()
        for part in (self.toolbar, self.message_bar, self.home, self.workspace, *self.workspace.views):
            part.retranslate()
        self._show_title()

    def _check_choices(self) -> None:
        """The marks in the menus."""
        settings = self._session.preferences
        for action in self.actions_.themes.actions():
            action.setChecked(action.data() == settings.theme)
        for action in self.actions_.languages.actions():
            action.setChecked(action.data() == language())
        self.actions_["reduced_motion"].setChecked(settings.reduced_motion)

    # Qt's own

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A file that is dropped on the window is opened."""
        if (path := _dropped(event.mimeData())) is not None:
            event.acceptProposedAction()
            self._session.open_path(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._session.may_leave():
            event.ignore()
            return
        settings = self._session.preferences
        settings.set_window("geometry", self.saveGeometry())
        self.workspace.save(settings)
        settings.sync()
        super().closeEvent(event)


def _dropped(data: QMimeData) -> Path | None:
    """The one file that is carried, if it is one that can be opened."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    usable = len(paths) == 1 and paths[0].suffix.lower() in (*SUFFIXES, TRACE_SUFFIX)
    return paths[0] if usable else None
