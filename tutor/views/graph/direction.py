"""Which way a picture runs: as the person wishes; by itself down only where a narrow pane then shows it whole."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, QSizeF

from tutor.session.settings import GraphDirection
from tutor.views.graph.canvas import MIN_FIT

_NARROW = 560
_BETTER = 1.15
"""A picture that fits neither way turns only where that shows clearly more of it."""
FEW = 40
"""Larger pictures fit no narrow pane either way, and trying costs time."""


def runs_down(
    wanted: GraphDirection, pane: QSize, rightwards: Callable[[], QSizeF], downwards: Callable[[], QSizeF]
) -> bool:
    """`rightwards` and `downwards` give the room of the picture, and are asked only when it matters."""
    if wanted != "auto":
        return wanted == "down"
    if pane.isEmpty():
        return False
    across = _share(rightwards(), pane)
    if across >= 1.0:
        return False
    down = _share(downwards(), pane)
    return down >= 1.0 or (_is_narrow(pane) and down > across * _BETTER)


def _share(room: QSizeF, pane: QSize) -> float:
    """How much of the picture is in sight at the smallest readable zoom."""
    wide, high = pane.width() / (room.width() * MIN_FIT), pane.height() / (room.height() * MIN_FIT)
    return min(wide, 1.0) * min(high, 1.0)


def _is_narrow(pane: QSize) -> bool:
    return pane.width() <= _NARROW or pane.width() < pane.height()
