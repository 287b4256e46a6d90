"""How large each pane of the workspace is, as shares of the whole: they suit a window of any size."""

from __future__ import annotations

from PySide6.QtCore import QSize, QSizeF

NARROW = 1200
"""Below this width the side panes have a larger share."""

_FIRST = {
    "lesson": QSizeF(0.23, 1.0),
    "tensors": QSizeF(0.26, 1.0),
    "code": QSizeF(0.4, 0.31),
    "output": QSizeF(0.2, 0.31),
}
_FIRST_NARROW = {
    "lesson": QSizeF(0.27, 1.0),
    "tensors": QSizeF(0.28, 1.0),
    "code": QSizeF(0.4, 0.34),
    "output": QSizeF(0.2, 0.34),
}
_ROUNDING = 3
"""So many pixels are no wish of the person's."""


class PaneSizes:
    """The shares that the person gave to the panes; for the others those of a first start."""

    def __init__(self) -> None:
        self.shares: dict[str, QSizeF] = {}

    def clear(self) -> None:
        self.shares.clear()

    def size(self, pane: str, room: QSize) -> QSize:
        """The pane's size in a workspace as large as `room`."""
        first = _FIRST_NARROW if room.width() < NARROW else _FIRST
        share = self.shares.get(pane, first[pane])
        return QSize(round(share.width() * room.width()), round(share.height() * room.height()))

    def remember(self, pane: str, size: QSize, room: QSize) -> None:
        """The pane was seen so large. What only rounding made different is nothing new."""
        if room.isEmpty():
            return
        known = self.size(pane, room)
        if max(abs(known.width() - size.width()), abs(known.height() - size.height())) > _ROUNDING:
            self.shares[pane] = QSizeF(size.width() / room.width(), size.height() / room.height())
