"""A thin line above what is shown of an earlier text: the code was edited and has not run since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from tutor.i18n import _
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session


class StaleBanner(QLabel):
    """Shows itself while what is seen is not of the text as it stands."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self.setWordWrap(True)
        self.setContentsMargins(14, 3, 8, 3)
        session.trace_changed.connect(self._on_session_trace_changed)
        self.retranslate()
        self._on_session_trace_changed()

    def retranslate(self) -> None:
        self.setText(_("Not of this text: the code was edited and has not run since."))

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.setStyleSheet(f"color: {palette.special_text};")
        self.update()

    def _on_session_trace_changed(self) -> None:
        self.setVisible(self._session.stale)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._palette.zone))
        bar = QRectF(0, 0, 7, self.height())
        painter.fillRect(bar, QBrush(QColor(self._palette.special), Qt.BrushStyle.Dense3Pattern))
        painter.end()
        super().paintEvent(event)
