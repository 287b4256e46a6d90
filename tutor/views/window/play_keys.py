"""The keys that play, as on a video player. They step aside while a widget that needs them itself has the focus."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from tutor.session.player import Player

_KEY = Qt.Key
_ARROWS = frozenset({_KEY.Key_Left, _KEY.Key_Right, _KEY.Key_Home, _KEY.Key_End})
_SPACE = frozenset({_KEY.Key_Space})
_ALL = _ARROWS | _SPACE | {_KEY.Key_PageUp, _KEY.Key_PageDown} | {_KEY.Key_BracketLeft, _KEY.Key_BracketRight}


class PlayKeys(QObject):
    """Space, arrows, Home and End, brackets (speed), PageUp and PageDown (marks), for one window."""

    def __init__(self, player: Player, window: QWidget) -> None:
        super().__init__(window)
        self._enabled = True
        slots = {
            _KEY.Key_Space: player.toggle,
            _KEY.Key_Left: player.previous,
            _KEY.Key_Right: player.next,
            _KEY.Key_Home: player.first,
            _KEY.Key_End: player.last,
            _KEY.Key_BracketLeft: player.slower,
            _KEY.Key_BracketRight: player.faster,
            _KEY.Key_PageUp: player.previous_mark,
            _KEY.Key_PageDown: player.next_mark,
        }
        self._shortcuts = {key: QShortcut(QKeySequence(key), window) for key in slots}
        for key, slot in slots.items():
            self._shortcuts[key].activated.connect(slot)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_application_focus_changed)

    def set_enabled(self, on: bool) -> None:
        """Off where nothing plays: on the start page."""
        self._enabled = on
        self._on_application_focus_changed(None, QApplication.focusWidget())

    def _on_application_focus_changed(self, _old: QWidget | None, focus: QWidget | None) -> None:
        playing = playing_keys(focus) if self._enabled else frozenset()
        for key, shortcut in self._shortcuts.items():
            shortcut.setEnabled(key in playing)


def playing_keys(focus: QWidget | None) -> frozenset[Qt.Key]:
    """The keys that play while this widget has the focus."""
    match focus:
        case QLineEdit() | QAbstractSpinBox() | QComboBox() | QAbstractSlider():
            return frozenset()
        case QTextEdit() | QPlainTextEdit():
            return _ALL if focus.isReadOnly() else frozenset()
        case QAbstractButton():
            return _ALL - _SPACE - (_ARROWS if focus.autoExclusive() else frozenset())
        case _:
            return _ALL
