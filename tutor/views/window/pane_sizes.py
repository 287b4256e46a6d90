"""How large each pane of the workspace is, as shares of the whole: they suit a window of any size."""

from __future__ import annotations

from PySide6.QtCore import QSize, QSizeF

NARROW = 1200
"""Below this width the panes under the graph stand behind each other, as tabs."""

_FIRST = {
    "lesson": QSizeF(0.21, 1.0),
    "tensors": QSizeF(0.19, 1.0),
    "code": QSizeF(0.4, 0.31),
    "output": QSizeF(0.2, 0.31),
    "plots": QSizeF(0.19, 0.55),
}
_FIRST_TABBED = {"lesson tabbed": QSizeF(0.27, 1.0), "tabs": QSizeF(0.73, 0.3)}
SHARED = (*_FIRST, *_FIRST_TABBED)
"""What has a share: each pane, and where some are tabs the lesson's pane and the tabs."""

_ROUNDING = 3
"""So many pixels are no wish of the person's."""


class PaneSizes:
    """The shares that the person gave to the panes; for the others those of a first start."""

    def __init__(self) -> None:
        self.shares: dict[str, QSizeF] = {}
        self.tabbed = False
        """Whether the panes under the graph are tabs, which have one size together."""

    def clear(self) -> None:
        self.shares.clear()

    def size(self, pane: str, room: QSize) -> QSize:
        """The pane's size in a workspace as large as `room`."""
        key = self._key(pane)
        share = self.shares.get(key, {**_FIRST, **_FIRST_TABBED}[key])
        return QSize(round(share.width() * room.width()), round(share.height() * room.height()))

    def remember(self, pane: str, placed: QSize, size: QSize, room: QSize) -> None:
        """The pane was placed in one size and is seen in another. What only rounding made different is nothing new."""
        wider, higher = size.width() - placed.width(), size.height() - placed.height()
        if room.isEmpty() or max(abs(wider), abs(higher)) <= _ROUNDING:
            return
        known = self.size(pane, room)
        width, height = (known.width() + wider) / room.width(), (known.height() + higher) / room.height()
        self.shares[self._key(pane)] = QSizeF(min(max(width, 0.01), 1.0), min(max(height, 0.01), 1.0))

    def _key(self, pane: str) -> str:
        if not self.tabbed:
            return pane
        return "lesson tabbed" if pane == "lesson" else "tabs"
