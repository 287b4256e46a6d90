"""The window's small dialogs: the keys."""

from __future__ import annotations

from PySide6.QtGui import QFont, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.views.fonts import Weight, mono, sans


class KeyboardDialog(QDialog):
    """Every key, by what one does with it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Keyboard"))
        self._pixels = max(self.font().pixelSize(), 13)
        self._lay_out()

    def _lay_out(self) -> None:
        columns = QHBoxLayout()
        columns.setSpacing(40)
        groups = list(_keys().items())
        for half in (groups[:3], groups[3:]):
            column = QVBoxLayout()
            column.setSpacing(16)
            for title, rows in half:
                column.addLayout(self._group(title, rows))
            column.addStretch()
            columns.addLayout(column)
        note = QLabel(
            _("The keys that play type as usual while a text field has the focus; Esc leaves it."), self
        )
        note.setProperty("role", "muted")
        note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(26, 22, 26, 18)
        column.setSpacing(18)
        column.addLayout(columns)
        column.addWidget(note)
        column.addWidget(buttons)

    def _group(self, title: str, rows: tuple[tuple[str, str], ...]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        grid.addWidget(self._label(title, sans(self._pixels * 1.05, Weight.DemiBold)), 0, 0, 1, 2)
        for row, (keys, text) in enumerate(rows, start=1):
            shown = self._label(keys, mono(self._pixels - 1))
            shown.setProperty("role", "key")
            grid.addWidget(shown, row, 0)
            grid.addWidget(self._label(text, sans(self._pixels)), row, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(rows) + 1, 1)
        return grid

    def _label(self, text: str, font: QFont) -> QLabel:
        label = QLabel(text, self)
        label.setFont(font)
        return label


def _keys() -> dict[str, tuple[tuple[str, str], ...]]:
    return {
        _("Play"): (
            (_("Space"), _("Play, pause")),
            ("← →", _("Previous step, next step")),
            ("Home End", _("To the beginning, to the end")),
            ("PageUp PageDown", _("Previous mark, next mark")),
            ("[ ]", _("Slower, faster")),
        ),
        _("Run"): (
            ("F5", _("Run the whole program")),
            (_native("Ctrl+Return"), _("Run to this cell")),
            (_native("Shift+Return"), _("Run and move on")),
            (_native("Ctrl+."), _("Stop")),
            (_native("Ctrl+B"), _("Backward… on the selected tensor")),
        ),
        _("Cells"): (
            (_native("Ctrl+Shift+-"), _("Split at the cursor")),
            (_native("Alt+Up") + " " + _native("Alt+Down"), _("Move up, move down")),
            ("Esc, Insert", _("A new cell below")),
            ("Esc, Delete", _("Delete the cell")),
        ),
        _("Edit"): (
            (_native(QKeySequence.StandardKey.Undo), _("Take back the last change, wherever it was")),
            (_native("Ctrl+Shift+Z"), _("Make it again")),
            ("Esc", _("Leave the editor")),
            (_native("Ctrl+Space"), _("Complete the word")),
            (_native("Ctrl+/"), _("Comment lines out and in")),
            (_native("Ctrl+S"), _("Save")),
            (_native("Ctrl+Shift+C"), _("Copy the picture")),
            (_native("Ctrl+E"), _("Export…")),
        ),
        _("Window"): (
            ("0 + -", _("Fit the picture, nearer, farther")),
            ("F", _("Back to the step, and follow it")),
            ("Q", _("Why this node now? The engine's queue")),
            ("J", _("The vᵀJ lens at the selected operation")),
            (_native("Alt+Left") + " " + _native("Alt+Right"), _("Previous part, next part")),
            (_native("Ctrl+H"), _("Home")),
            (_native("Ctrl+O"), _("Open…")),
            (_native(QKeySequence.StandardKey.ZoomIn), _("Larger text")),
            (_native(QKeySequence.StandardKey.ZoomOut), _("Smaller text")),
        ),
    }


def _native(keys: str | QKeySequence.StandardKey) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
