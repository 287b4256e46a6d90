"""What each key means in a code editor, apart from those that Qt's own meaning fits."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent


class Wish(Enum):
    """What the person asks of the editor, or through it of the window."""

    RUN = auto()
    RUN_AND_MOVE_ON = auto()
    UNDO = auto()
    REDO = auto()
    LEAVE = auto()
    SPLIT = auto()
    MOVE_UP = auto()
    MOVE_DOWN = auto()
    COMPLETE = auto()
    COMMENT = auto()
    INDENT = auto()
    DEDENT = auto()
    BREAK_LINE = auto()
    BACKSPACE = auto()
    HOME = auto()
    LINE_UP = auto()
    LINE_DOWN = auto()


_CTRL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_ALT = Qt.KeyboardModifier.AltModifier
_NONE = Qt.KeyboardModifier.NoModifier
_Key = Qt.Key

_WISHES: dict[tuple[Qt.KeyboardModifier, int], Wish] = {
    (_CTRL, _Key.Key_Return): Wish.RUN,
    (_CTRL, _Key.Key_Enter): Wish.RUN,
    (_SHIFT, _Key.Key_Return): Wish.RUN_AND_MOVE_ON,
    (_SHIFT, _Key.Key_Enter): Wish.RUN_AND_MOVE_ON,
    (_CTRL, _Key.Key_Z): Wish.UNDO,
    (_CTRL, _Key.Key_Y): Wish.REDO,
    (_CTRL | _SHIFT, _Key.Key_Z): Wish.REDO,
    (_CTRL, _Key.Key_Slash): Wish.COMMENT,
    # "/" is Shift+7 on a Spanish keyboard.
    (_CTRL | _SHIFT, _Key.Key_Slash): Wish.COMMENT,
    (_CTRL, _Key.Key_Space): Wish.COMPLETE,
    (_CTRL | _SHIFT, _Key.Key_Minus): Wish.SPLIT,
    (_CTRL | _SHIFT, _Key.Key_Underscore): Wish.SPLIT,
    (_ALT, _Key.Key_Up): Wish.MOVE_UP,
    (_ALT, _Key.Key_Down): Wish.MOVE_DOWN,
    (_NONE, _Key.Key_Tab): Wish.INDENT,
    (_SHIFT, _Key.Key_Tab): Wish.DEDENT,
    (_SHIFT, _Key.Key_Backtab): Wish.DEDENT,
    (_NONE, _Key.Key_Return): Wish.BREAK_LINE,
    (_NONE, _Key.Key_Enter): Wish.BREAK_LINE,
    (_NONE, _Key.Key_Escape): Wish.LEAVE,
    (_NONE, _Key.Key_Backspace): Wish.BACKSPACE,
    (_NONE, _Key.Key_Home): Wish.HOME,
    (_NONE, _Key.Key_Up): Wish.LINE_UP,
    (_NONE, _Key.Key_Down): Wish.LINE_DOWN,
}


def wish_of(event: QKeyEvent) -> Wish | None:
    """What the key asks for; None where it is Qt's own business."""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return _WISHES.get((held, event.key()))
