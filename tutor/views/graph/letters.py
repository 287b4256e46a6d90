"""How large the letters are that the person has chosen: what is drawn by hand grows with them."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from tutor.views.theme import SMALLEST_PIXELS, TEXT_PIXELS

FONT_CHANGES = (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange)


def text_pixels(widget: QWidget) -> int:
    """The size of the widget's letters, as the person has set it."""
    return max(widget.font().pixelSize(), SMALLEST_PIXELS) if widget.font().pixelSize() > 0 else TEXT_PIXELS
