"""A leaf that stands again beside a far use: a dashed tag with an arrow to itself."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from tutor.trace.picture import Box, BoxState
from tutor.views.graph.items import DETAIL, rounded
from tutor.views.graph.paint import LEFT, RIGHT, Inks, dashed, write
from tutor.views.graph.sizes import name_role

ARROW = "↗"
_RADIUS = 9.0


def draw_ghost(
    painter: QPainter, body: QRectF, box: Box, state: BoxState, inks: Inks, *, detail: float
) -> None:
    """The leaf's name with an arrow to itself; no rows, no tray."""
    tracked = state.requires_grad
    painter.setPen(dashed(inks.leaf if tracked else inks.muted, 2.0 if tracked else 1.4))
    painter.setBrush(inks.faded("panel", 0.75))
    painter.drawPath(rounded(body, _RADIUS))
    name = state.name or box.name
    row = body.adjusted(10, 0, -8, 0)
    write(painter, row, name, role=name_role(name), colour=inks.ink, align=LEFT)
    if detail >= DETAIL:
        colour = inks.leaf_text if tracked else inks.muted
        write(painter, row, ARROW, role="strong", colour=colour, align=RIGHT)
