"""A lane that stands for several: drawn a little thicker, with how many tensors it carries."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from tutor.i18n import ngettext
from tutor.trace.picture import Lane
from tutor.views.graph.fonts import text_width
from tutor.views.graph.paint import CENTRE, Inks, pen, write
from tutor.views.graph.paths import Curve

THICKER = 1.5
"""Against the width of a lane's line."""
_PLACE = 0.22
_HEIGHT = 16.0


def thickness(lane: Lane) -> float:
    """By how much its lines are thicker."""
    return THICKER if lane.mixed else 1.0


def draw_count(painter: QPainter, curve: Curve, lane: Lane, inks: Inks) -> None:
    """ "×3" on the lane, near its source."""
    if not lane.mixed:
        return
    text = f"×{lane.count}"
    x, y = curve.at(_PLACE)
    width = text_width("small", text) + 10
    place = QRectF(x - width / 2, y - _HEIGHT / 2, width, _HEIGHT)
    painter.setPen(pen(inks.value, 1.0))
    painter.setBrush(inks.panel)
    painter.drawRoundedRect(place, _HEIGHT / 2, _HEIGHT / 2)
    write(painter, place, text, role="small", colour=inks.value_text, align=CENTRE)


def count_lines(lane: Lane) -> list[str]:
    """For the tooltip of a lane that ends at a closed group."""
    if lane.count < 2:
        return []
    if lane.mixed:
        words = ngettext("{count} lane in one", "{count} lanes in one", lane.count)
    else:
        words = ngettext("used {count} time there", "used {count} times there", lane.count)
    return [words.format(count=lane.count)]
