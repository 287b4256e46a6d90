"""What a callout draws below its words: sheets of numbers that stretch, fold back or multiply, as the step goes on."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSizeF
from PySide6.QtGui import QPainter

from tutor.trace.picture import Drawing
from tutor.views.graph.paint import Inks


def drawing_size(drawing: Drawing | None) -> QSizeF:
    """How much room it takes, whatever the progress; nothing where there is none."""
    return QSizeF(0.0, 0.0)


def draw_drawing(
    painter: QPainter, at: QPointF, drawing: Drawing | None, progress: float, inks: Inks
) -> None:
    """With its upper left corner at `at`, as it stands at this progress of the step."""
