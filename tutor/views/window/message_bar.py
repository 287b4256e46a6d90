"""The bar at the foot of the window that tells one thing in passing, with an action where one makes sense.

At the foot, so that nothing moves away from under the mouse when it comes.
"""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from tutor.i18n import _
from tutor.session.message import NOTHING, Level, Message
from tutor.views.theme import LIGHT, Palette, icon, mix

_SIGNS: dict[Level, str] = {
    "info": "information-outline",
    "warning": "alert-outline",
    "error": "alert-circle-outline",
}
_INFO_MS = 12_000


class MessageBar(QFrame):
    """Shows the newest message until it is closed or replaced; what only informs goes by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = LIGHT
        self._message = NOTHING
        self._sign = QLabel(self)
        self._text = QLabel(self)
        self.action = QPushButton(self)
        self.close_button = QToolButton(self)
        self._timer = QTimer(self, singleShot=True, interval=_INFO_MS)
        self._lay_out()
        self.action.clicked.connect(self._on_action_clicked)
        self.close_button.clicked.connect(self.clear)
        self._timer.timeout.connect(self.clear)
        self.retranslate()
        self.clear()

    def _lay_out(self) -> None:
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setObjectName("message")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 8, 5)
        row.setSpacing(9)
        row.addWidget(self._sign)
        row.addWidget(self._text, stretch=1)
        row.addWidget(self.action)
        row.addWidget(self.close_button)

    @property
    def text(self) -> str:
        """What is told now; empty when nothing is."""
        return self._message.text

    def tell(self, message: Message, *, stays: bool = False) -> None:
        """Shows a message in place of the one before; `stays`: also when it only informs."""
        self._message = message
        self.setVisible(bool(message.text))
        self._text.setText(message.text)
        self.action.setVisible(message.action is not None)
        if message.action is not None:
            self.action.setText(message.action[0])
        self._paint()
        if message.text and message.level == "info" and not stays:
            self._timer.start()
        else:
            self._timer.stop()

    def clear(self) -> None:
        self.tell(NOTHING)

    def retranslate(self) -> None:
        self.close_button.setToolTip(_("Close"))
        self.close_button.setAccessibleName(_("Close"))

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.close_button.setIcon(icon("close", palette))
        self._paint()

    def _paint(self) -> None:
        palette, level = self._palette, self._message.level
        color = {"info": palette.value, "warning": palette.gradient, "error": palette.error}[level]
        ground = mix(palette.panel, color, 0.13)
        self.setStyleSheet(f"#message {{ background: {ground}; border-left: 4px solid {color}; }}")
        self._sign.setPixmap(icon(_SIGNS[level], palette, color=color).pixmap(18, 18))

    def _on_action_clicked(self) -> None:
        action = self._message.action
        self.clear()
        if action is not None:
            action[1]()
