"""The first line of a tab: the node's name, and of which expression where another node has the same name."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from tutor.i18n import _
from tutor.trace.picture import Tab
from tutor.views.graph.fonts import text_width
from tutor.views.graph.paint import CENTRE, LEFT, Inks, write

_GAP = 5.0


def title_width(tab: Tab) -> float:
    name = text_width("tab", tab.name)
    return name + _GAP + text_width("small", _of(tab)) if tab.of else name


def draw_title(painter: QPainter, row: QRectF, tab: Tab, colour: QColor, inks: Inks, *, near: bool) -> None:
    """From further away (not `near`), or where there is no room for more, the name alone."""
    if not (tab.of and near) or title_width(tab) > row.width() + 2:
        write(painter, row, tab.name, role="tab", colour=colour, align=CENTRE)
        return
    left = row.center().x() - title_width(tab) / 2
    name = QRectF(left, row.top(), text_width("tab", tab.name) + 2, row.height())
    write(painter, name, tab.name, role="tab", colour=colour, align=LEFT)
    words = _of(tab)
    of = QRectF(name.right() + _GAP - 2, row.top(), text_width("small", words) + 2, row.height())
    write(painter, of, words, role="small", colour=inks.muted, align=LEFT)


def _of(tab: Tab) -> str:
    return _("of {expression}").format(expression=tab.of)
