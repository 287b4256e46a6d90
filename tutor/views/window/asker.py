"""Asks the person what only they can say: what becomes of unsaved changes, which file to open, where to save."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from tutor.i18n import _
from tutor.session.files import Leave
from tutor.source.document import Document

_SUFFIX = {"script": ".py", "notebook": ".ipynb", "lesson": ".md", "sandbox": ".py"}


class WindowAsker(QObject):
    """Asks in modal dialogs over one window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._folder = Path.home()

    def leave(self, document: Document) -> Leave:
        box = leave_box(document, self._window)
        box.exec()
        role = box.buttonRole(box.clickedButton()) if box.clickedButton() is not None else None
        box.deleteLater()
        match role:
            case QMessageBox.ButtonRole.AcceptRole:
                return "save"
            case QMessageBox.ButtonRole.DestructiveRole:
                return "discard"
            case _:
                return "cancel"

    def save_path(self, document: Document) -> Path | None:
        suffix = _SUFFIX[document.kind]
        proposed = self._folder / (document.path.name if document.path else _("untitled") + suffix)
        name, _filter = QFileDialog.getSaveFileName(
            self._window, _("Save as"), str(proposed), _save_filters(document)
        )
        if not name:
            return None
        path = Path(name)
        path = path if path.suffix else path.with_suffix(suffix)
        self._folder = path.parent
        return path

    def open_path(self) -> Path | None:
        """The file to open; None when they think better of it."""
        filters = ";;".join(
            [
                _("All that can be opened") + " (*.py *.ipynb *.md *.json)",
                _("Scripts") + " (*.py)",
                _("Notebooks") + " (*.ipynb)",
                _("Lessons") + " (*.md)",
                _("Recorded runs") + " (*.json)",
            ]
        )
        name, _filter = QFileDialog.getOpenFileName(self._window, _("Open"), str(self._folder), filters)
        if not name:
            return None
        self._folder = Path(name).parent
        return Path(name)


def leave_box(document: Document, window: QWidget) -> QMessageBox:
    """Save, discard or stay."""
    name = document.path.name if document.path is not None else _("untitled")
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_("Unsaved changes"))
    box.setText(_("{name} has changes that are not saved.").format(name=name))
    save = box.addButton(_("Save"), QMessageBox.ButtonRole.AcceptRole)
    box.addButton(_("Discard"), QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(save)
    box.setEscapeButton(cancel)
    return box


def _save_filters(document: Document) -> str:
    filters = {
        "script": _("Script") + " (*.py)",
        "notebook": _("Notebook") + " (*.ipynb)",
        "lesson": _("Notebook in Markdown") + " (*.md)",
    }
    kind = "script" if document.kind == "sandbox" and len(document.cells) == 1 else document.kind
    kind = "notebook" if kind == "sandbox" else kind
    first = filters.pop(kind)
    return ";;".join([first, *filters.values()])
