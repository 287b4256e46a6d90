"""A thin line above what is shown of an earlier text: the code was edited and has not run since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from tutor.i18n import _
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session


_PATIENCE_MS = 300
"""An edit that runs at once, and a number that is being dragged, shall not make the picture jump."""


class StaleBanner(QLabel):
    """Shows itself while what is seen is not of the text as it stands, and no run of it is on its way."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self.setWordWrap(True)
        self.setContentsMargins(14, 3, 8, 3)
        self._soon = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._soon.timeout.connect(self.show)
        session.trace_changed.connect(self._refresh)
        session.run_changed.connect(self._refresh)
        self.retranslate()
        self.setVisible(self._is_wanted())

    def retranslate(self) -> None:
        self.setText(_("Not of this text: the code was edited and has not run since."))

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.setStyleSheet(f"color: {palette.special_text};")
        self.update()

    def _is_wanted(self) -> bool:
        run = self._session.run
        return self._session.stale and not run.running and not run.queued

    def _refresh(self) -> None:
        if not self._is_wanted():
            self._soon.stop()
            self.hide()
        elif self.isHidden() and not self._soon.isActive():
            self._soon.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._palette.zone))
        bar = QRectF(0, 0, 7, self.height())
        painter.fillRect(bar, QBrush(QColor(self._palette.special), Qt.BrushStyle.Dense3Pattern))
        painter.end()
        super().paintEvent(event)
