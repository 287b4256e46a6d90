"""What stands around the canvas: the line with notes and buttons above it, the words of an empty state over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.session.settings import GRAPH_DIRECTIONS, GraphDirection
from tutor.views.graph.group_bar import GroupBar
from tutor.views.graph.letters import FONT_CHANGES, text_pixels
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, TEXT_PIXELS, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session

_TITLE = 1.3
"""A title against the text under it."""
_WIDEST = 420


class EmptyState(QFrame):
    """A title and a hint in the middle of the canvas."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._palette = LIGHT
        self._pixels = text_pixels(self)
        self._over = False
        self.title = QLabel(self)
        self.text = QLabel(self)
        self.cancel = QPushButton(self)
        self.title.setObjectName("title")
        self.text.setObjectName("text")
        column = QVBoxLayout(self)
        column.setSpacing(6)
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            column.addWidget(label)
        column.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.cancel.hide()
        canvas.installEventFilter(self)
        self.retranslate()
        self.hide()

    def retranslate(self) -> None:
        self.cancel.setText(_("Cancel"))

    def apply_theme(self, palette: Palette) -> None:
        """A ground of its own, for a picture may still stand under it."""
        self._palette = palette
        self._pixels = text_pixels(self)
        border = palette.faint if self._over else palette.ground
        self.setStyleSheet(
            f"EmptyState {{ background: {palette.ground}; border: 1px solid {border}; border-radius: 10px; }}"
            f"QLabel#title {{ color: {palette.ink}; font-size: {round(_TITLE * self._pixels)}px; font-weight: 600; }}"
            f"QLabel#text {{ color: {palette.muted}; font-size: {self._pixels}px; }}"
        )

    def show_words(self, words: tuple[str, str] | None, *, cancel: bool = False) -> None:
        """None hides it. What can be cancelled stands over an old picture, with a border."""
        self.setVisible(words is not None)
        if words is None:
            return
        self.title.setText(words[0])
        self.text.setText(words[1])
        self.text.setVisible(bool(words[1]))
        self.cancel.setVisible(cancel)
        if cancel != self._over:
            self._over = cancel
            self.apply_theme(self._palette)
        self._centre()

    def _centre(self) -> None:
        width = min(_WIDEST * self._pixels // TEXT_PIXELS, self._canvas.width() - 40)
        self.setFixedWidth(max(width, 80))
        self.adjustSize()
        self.move((self._canvas.width() - self.width()) // 2, (self._canvas.height() - self.height()) // 2)

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._centre()
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in FONT_CHANGES and text_pixels(self) != self._pixels:
            self.apply_theme(self._palette)
            self._centre()


class GraphBar(QWidget):
    """The line above the canvas: what is to be said of the picture, and at its right All, its direction, Fit and Legend."""

    direction_chosen = Signal(str)
    """GraphDirection"""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.groups = GroupBar(session, self)
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        self.all, self.fit, self.legend = QToolButton(self), QToolButton(self), QToolButton(self)
        self.direction = QToolButton(self)
        self._ways = QActionGroup(self)
        menu = QMenu(self.direction)
        for way in GRAPH_DIRECTIONS:
            action = QAction(self._ways, checkable=True)
            action.setData(way)
            menu.addAction(action)
        self.direction.setMenu(menu)
        self.direction.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._ways.triggered.connect(self._on_ways_triggered)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 4, 8, 4)
        row.setSpacing(4)
        row.addWidget(self.note, 1)
        row.addWidget(self.groups)
        for button in (self.all, self.direction, self.fit, self.legend):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        self.all.setCheckable(True)
        self.legend.setCheckable(True)
        self.legend.setChecked(True)
        self._palette = LIGHT
        self._pixels = text_pixels(self)
        self.retranslate()

    def retranslate(self) -> None:
        self.groups.retranslate()
        words = {"auto": _("Automatic"), "right": _("Left to right"), "down": _("Top to bottom")}
        for action in self._ways.actions():
            action.setText(words[action.data()])
        for button, text, tip in (
            (self.direction, "⇄", _("Which way the graph runs")),
            (self.all, _("All"), _("Show all iterations at once")),
            (self.fit, _("Fit"), _("Fit the picture to the window (0)")),
            (self.legend, _("Legend"), _("Show or hide what colours and shapes mean")),
        ):
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self._pixels = text_pixels(self)
        small = max(self._pixels - 1, SMALLEST_PIXELS)
        self.setStyleSheet(
            f"QLabel {{ color: {palette.muted}; background: transparent; font-size: {self._pixels}px; }}"
            f"QToolButton {{ color: {palette.muted}; background: {palette.panel}; border: 1px solid {palette.faint};"
            f" border-radius: 5px; padding: 2px 8px; font-size: {small}px; }}"
            "QToolButton::menu-indicator { image: none; width: 0; }"
            f"QToolButton:disabled {{ color: {palette.faint}; }}"
            f"QToolButton:hover {{ color: {palette.ink}; }}"
            f"QToolButton:checked {{ color: {palette.value_text}; border-color: {palette.value}; }}"
            f"QToolButton:focus {{ border-color: {palette.value}; }}"
        )

    def say(self, text: str | None) -> None:
        """What is written at the left; None: nothing."""
        self.note.setText(text or "")

    def set_direction(self, direction: GraphDirection) -> None:
        """Checks the way that was chosen."""
        for action in self._ways.actions():
            action.setChecked(action.data() == direction)

    def _on_ways_triggered(self, action: QAction) -> None:
        self.direction_chosen.emit(action.data())

    def set_all(self, on: bool) -> None:
        blocked = self.all.blockSignals(True)
        self.all.setChecked(on)
        self.all.blockSignals(blocked)

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._palette.ground))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in FONT_CHANGES and text_pixels(self) != self._pixels:
            self.apply_theme(self._palette)
