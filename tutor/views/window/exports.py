"""Taking away: the dialog *Export…*, and the picture on the clipboard; what became of it is told in the message bar."""

from __future__ import annotations

from copy import copy
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QMimeData, QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from tutor.i18n import _
from tutor.session.message import Message
from tutor.session.session import Session
from tutor.views.export.choices import choices_from
from tutor.views.export.dialog import ExportDialog
from tutor.views.export.exporting import copying
from tutor.views.export.job import ExportJob
from tutor.views.export.request import Format, Look, Request, Stretch, Subject
from tutor.views.graph.view import GraphView
from tutor.views.theme import Palette

_COPY_SCALE = 2.0
_CHOICES = "export"


class Exports(QObject):
    """What File ▸ Export… and Edit ▸ Copy the picture do, in the window's colours."""

    def __init__(self, session: Session, graph: GraphView, palette: Palette, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._graph, self._window = session, graph, window
        self._palette = palette
        self._folder = Path.home()
        self._copying = ExportJob(self)
        self.dialog: ExportDialog | None = None
        self._copying.done.connect(self._on_copying_done)
        self._copying.failed.connect(self._on_copying_failed)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette

    @property
    def possible(self) -> bool:
        """Whether there is a picture that does not grow just now."""
        return self._session.structure is not None and not self._session.run.running

    def open(self) -> None:
        """The dialog, on the run that is looked at; the window goes on beside it."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        preferences = self._session.preferences
        self.dialog = ExportDialog(
            self._subject(),
            choices_from(preferences.choices(_CHOICES)),
            self._palette,
            step=self._session.player.step,
            ask_path=self.ask_path,
            parent=self._window,
        )
        self.dialog.exported.connect(self._on_dialog_exported)
        self.dialog.finished.connect(self._on_dialog_finished)
        self.dialog.show()

    def close(self) -> None:
        """Breaks off what is under way, so that nothing half is left when the program ends."""
        self._copying.cancel()
        if self.dialog is not None:
            self.dialog.reject()

    def copy(self) -> None:
        """The whole picture of the step, twice as large, and as SVG for those who take it."""
        step = self._session.player.step
        look = Look(self._palette, scale=_COPY_SCALE)
        request = Request(self._subject(), Stretch(step, step), "png", Path(_("picture")), look)
        self._copying.start(copying(request))

    def _subject(self) -> Subject:
        """What is looked at, as it stands: what is folded, covered or opened later does not change an export."""
        session = self._session
        folds = copy(session.folds)
        return Subject(
            session.trace,
            session.covered,
            unrolled=session.show_all,
            folds=(folds, folds),
            drawn=self._graph.arrangement,
        )

    def ask_path(self, form: Format) -> Path | None:
        """Where it shall lie."""
        name = self._name()
        if form == "frames":
            chosen = QFileDialog.getExistingDirectory(
                self._window, _("A folder for the pictures"), str(self._folder)
            )
            path = Path(chosen) if chosen else None
        else:
            proposed = self._folder / f"{name}.{form}"
            filters = f"{form.upper()} (*.{form})"
            chosen, _filter = QFileDialog.getSaveFileName(self._window, _("Export"), str(proposed), filters)
            path = Path(chosen) if chosen else None
            if path is not None and path.suffix.lower() != f".{form}":
                path = path.with_name(f"{path.name}.{form}")
        if path is not None:
            self._folder = path.parent
        return path

    def _name(self) -> str:
        session = self._session
        if session.lesson is not None:
            return session.lesson.id
        path = session.recording_path or session.path
        return path.stem.removesuffix(".trace") if path is not None else _("picture")

    def _on_dialog_exported(self, path: Path) -> None:
        shown = (_("Show"), partial(_show, path))
        self._session.message.emit(Message("info", _("Exported to {path}.").format(path=path), shown))

    def _on_dialog_finished(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            self._session.preferences.set_choices(_CHOICES, dialog.choices.text())
            dialog.deleteLater()

    def _on_copying_done(self, data: QMimeData) -> None:
        QGuiApplication.clipboard().setMimeData(data)
        self._session.message.emit(Message("info", _("The picture is on the clipboard.")))

    def _on_copying_failed(self, why: str) -> None:
        self._session.message.emit(Message("warning", why))


def _show(path: Path) -> None:
    """With whatever the system opens it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
