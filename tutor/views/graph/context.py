"""Where a picture too large for its pane is looked at first: where the step stands among as many others as fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF

_MOST = 60
"""So many items near the step are tried as borders of the view."""


def fullest(room: QSizeF, focus: QRectF, items: Sequence[QRectF]) -> QPointF:
    """The middle of a view of this size that holds the focus and, whole, as many items as it can; else the focus's own."""
    near = _near(room, focus, items)
    if focus.width() > room.width() or focus.height() > room.height() or not len(near):
        return focus.center()
    lefts = _starts(near[:, 0], near[:, 2], room.width(), (focus.left(), focus.right()))
    tops = _starts(near[:, 1], near[:, 3], room.height(), (focus.top(), focus.bottom()))
    across = _held(near[:, 0], near[:, 2], lefts, room.width())
    along = _held(near[:, 1], near[:, 3], tops, room.height())
    counts = across.astype(int) @ along.astype(int).T
    middle = focus.center()
    off_x = np.abs(lefts + room.width() / 2 - middle.x())
    off_y = np.abs(tops + room.height() / 2 - middle.y())
    off = (off_x[:, None] / room.width() + off_y[None, :] / room.height()) / 2
    best_x, best_y = np.unravel_index(np.argmax(counts - 0.9 * off), counts.shape)
    return QPointF(lefts[best_x] + room.width() / 2, tops[best_y] + room.height() / 2)


def _near(room: QSizeF, focus: QRectF, items: Sequence[QRectF]) -> NDArray[np.float64]:
    """Left, top, right and bottom of the items that could be in sight together with the focus, the nearest first."""
    middle = focus.center()
    reach = QRectF(focus).adjusted(-room.width(), -room.height(), room.width(), room.height())
    found = [rect for rect in items if reach.contains(rect)]
    found.sort(key=lambda rect: (rect.center() - middle).manhattanLength())
    return np.array([(r.left(), r.top(), r.right(), r.bottom()) for r in found[:_MOST]]).reshape(-1, 4)


def _starts(
    low: NDArray[np.float64], high: NDArray[np.float64], length: float, focus: tuple[float, float]
) -> NDArray[np.float64]:
    """Where the view may begin: with an item at one of its borders, or with the focus in its middle."""
    first, last = focus[1] - length, focus[0]
    tried = np.concatenate((low, high - length, [(first + last) / 2]))
    return np.asarray(np.unique(tried[(tried >= first) & (tried <= last)]))


def _held(
    low: NDArray[np.float64], high: NDArray[np.float64], starts: NDArray[np.float64], length: float
) -> NDArray[np.bool_]:
    """For each beginning of the view, which items lie whole between it and its end."""
    return np.asarray((low >= starts[:, None] - 0.5) & (high <= starts[:, None] + length + 0.5))
