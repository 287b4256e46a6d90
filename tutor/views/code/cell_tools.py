"""The small row of buttons over the corner of the cell in hand: run to here, add, split, move, delete."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from tutor.i18n import _
from tutor.views.theme import LIGHT, Palette, icon

_ICON = QSize(15, 15)


class CellTools(QWidget):
    """Buttons alone: what they do is the cell's business."""

    run_requested = Signal()
    add_requested = Signal()
    split_requested = Signal()
    move_requested = Signal(int)
    delete_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = LIGHT
        self.run = self._button("play")
        self.add = self._button("plus")
        self.split = self._button("content-cut")
        self.up = self._button("arrow-up")
        self.down = self._button("arrow-down")
        self.delete = self._button("delete-outline")
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 1, 2, 1)
        self.setStyleSheet("QToolButton { padding: 2px 3px; }")
        row.setSpacing(0)
        for button in self._buttons:
            row.addWidget(button)
        self.run.clicked.connect(self.run_requested)
        self.add.clicked.connect(self.add_requested)
        self.split.clicked.connect(self.split_requested)
        self.up.clicked.connect(self._on_up_clicked)
        self.down.clicked.connect(self._on_down_clicked)
        self.delete.clicked.connect(self.delete_requested)
        self.retranslate()

    @property
    def _buttons(self) -> tuple[QToolButton, ...]:
        return (self.run, self.add, self.split, self.up, self.down, self.delete)

    def set_divisible(self, divisible: bool) -> None:
        """A script is one text: only running is left."""
        for button in self._buttons[1:]:
            button.setVisible(divisible)

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        for button in self._buttons:
            colour = palette.leaf_text if button is self.run else palette.muted
            button.setIcon(icon(str(button.property("icon_name")), palette, color=colour))
        self.update()

    def retranslate(self) -> None:
        for button, text in zip(self._buttons, _texts(), strict=True):
            button.setToolTip(text)
            button.setAccessibleName(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(self._palette.faint))
        painter.setBrush(QColor(self._palette.window))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)

    def _button(self, icon_name: str) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("icon_name", icon_name)
        button.setAutoRaise(True)
        button.setIconSize(_ICON)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return button

    def _on_up_clicked(self) -> None:
        self.move_requested.emit(-1)

    def _on_down_clicked(self) -> None:
        self.move_requested.emit(1)


def _texts() -> tuple[str, ...]:
    return (
        _("Run to here (Ctrl+Enter)"),
        _("Add a cell below (Esc, Insert)"),
        _("Split at the cursor (Ctrl+Shift+-)"),
        _("Move up (Alt+↑)"),
        _("Move down (Alt+↓)"),
        _("Delete this cell (Esc, Delete)"),
    )
