"""What this program is made of: *About*, and the report that a person pastes into a message when something goes wrong."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import PySide6
from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tutor import __version__
from tutor.i18n import _
from tutor.log import log_path, log_tail
from tutor.session.session import Session
from tutor.views.fonts import Weight, mono, sans
from tutor.views.theme import app_icon

_REPORTED = ("PySide6-Essentials", "ipykernel", "jupyter_client", "pyzmq", "numpy", "msgspec")


def versions(session: Session) -> dict[str, str]:
    """What to ask for first when something goes wrong; torch's is known once the kernel has loaded it."""
    return {
        "Autograd Tutor": __version__,
        "torch": session.run.torch or _("not loaded yet"),
        "Python": platform.python_version(),
        "Qt": f"{qVersion()} (PySide6 {PySide6.__version__})",
        _("System"): platform.platform(),
    }


def report(session: Session, *, log: Path | None = None) -> str:
    """Versions, the ends of the window's and the kernel's logs; nothing of the learner's program but what they hold."""
    rows = versions(session) | {name: _version(name) for name in _REPORTED}
    rows["screen"] = f"{QGuiApplication.platformName()}, {session.run.phase}"
    lines = [f"{name}: {value}" for name, value in rows.items()]
    for title, text in (("window", log_tail(log)), ("kernel", _end(session.kernel.log()))):
        lines += ["", f"--- log of the {title} ---", text.strip() or "(empty)"]
    return _without_home("\n".join(lines))


def copy_report(session: Session) -> str:
    """Puts the report on the clipboard."""
    text = report(session)
    QGuiApplication.clipboard().setText(text)
    return text


class AboutDialog(QDialog):
    """The program's name, what it is, and the versions, to be copied."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(_("About Autograd Tutor"))
        self.copy_button = self._lay_out()

    def _lay_out(self) -> QPushButton:
        column = QVBoxLayout(self)
        column.setContentsMargins(26, 24, 26, 18)
        column.setSpacing(16)
        column.addLayout(self._header())
        column.addWidget(self._versions())
        column.addWidget(self._small_print())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton(_("Copy report"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self._on_copy_clicked)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        return copy

    def _header(self) -> QHBoxLayout:
        picture = QLabel(self)
        picture.setPixmap(app_icon().pixmap(64, 64))
        pixels = max(self.font().pixelSize(), 13)
        name = QLabel("Autograd Tutor", self)
        name.setFont(sans(pixels * 1.6, Weight.Bold))
        what = QLabel(_("See how PyTorch's autograd works: real torch, played back step by step."), self)
        what.setWordWrap(True)
        what.setMinimumWidth(340)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(name)
        words.addWidget(what)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(picture, alignment=Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, stretch=1)
        return row

    def _versions(self) -> QWidget:
        table = QWidget(self)
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18)
        pixels = max(self.font().pixelSize(), 13)
        for row, (name, value) in enumerate(versions(self._session).items()):
            label, shown = QLabel(name, table), QLabel(value, table)
            label.setProperty("role", "muted")
            shown.setFont(mono(pixels - 1))
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(label, row, 0)
            grid.addWidget(shown, row, 1)
        grid.setColumnStretch(1, 1)
        return table

    def _small_print(self) -> QLabel:
        text = _("Free software under the MIT licence. The log is in {path}.").format(path=log_path())
        label = QLabel(text, self)
        label.setWordWrap(True)
        label.setProperty("role", "muted")
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _on_copy_clicked(self) -> None:
        copy_report(self._session)
        self.copy_button.setText(_("Copied"))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _end(text: str, lines: int = 40) -> str:
    return "\n".join(text.splitlines()[-lines:])


def _without_home(text: str) -> str:
    """A report goes to strangers: the person's folder is none of their business."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text
