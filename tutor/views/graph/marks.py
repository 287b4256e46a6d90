"""Marks on a tensor's box: the sheets of its versions, and the hatch of a write that autograd has not seen."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPainter

from tutor.views.graph.paint import Inks, pen

_SHEETS = 2
_OFFSET = 4.0


def version_sheets(painter: QPainter, body: QRectF, version: int, radius: float, inks: Inks) -> None:
    """What was written in place stands on its earlier versions, as a small stack."""
    painter.setPen(pen(inks.faint, 1.2))
    painter.setBrush(inks.panel)
    for sheet in range(min(version, _SHEETS), 0, -1):
        painter.drawRoundedRect(body.translated(_OFFSET * sheet, -_OFFSET * sheet), radius, radius)


def hatch_behind(painter: QPainter, value: QRectF, inks: Inks) -> None:
    """Over the row of a value that was written behind autograd's back."""
    row = value.adjusted(-6, 1, 6, -1)
    painter.setPen(pen(inks.faded("error", 0.55), 1.0, Qt.PenStyle.DashLine))
    painter.setBrush(QBrush(inks.faded("error", 0.30), Qt.BrushStyle.DiagCrossPattern))
    painter.drawRoundedRect(row, 4, 4)
