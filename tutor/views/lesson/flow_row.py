"""Widgets in a row that goes on below where the room ends; what is hidden takes no room."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

_GAP = 8


class FlowRow(QLayout):
    """Lays out left to right, then top to bottom, each widget as large as it asks to be."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        for widget in widgets:
            self.addWidget(widget)

    def _arrange(self, room: QRect, *, move: bool) -> int:
        """The height that it takes in this width; moves the widgets there if wanted."""
        place, row = QPoint(room.topLeft()), 0
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint().boundedTo(QSize(max(room.width(), 1), item.sizeHint().height()))
            if place.x() > room.left() and place.x() + size.width() > room.left() + room.width():
                place = QPoint(room.left(), place.y() + row + _GAP)
                row = 0
            if move:
                item.setGeometry(QRect(place, size))
            place.setX(place.x() + size.width() + _GAP)
            row = max(row, size.height())
        return place.y() + row - room.top()

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def isEmpty(self) -> bool:
        return all(item.isEmpty() for item in self._items)

    def minimumSize(self) -> QSize:
        shown = [item.minimumSize() for item in self._items if not item.isEmpty()]
        return QSize(
            max((size.width() for size in shown), default=0), max((s.height() for s in shown), default=0)
        )

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def setGeometry(self, room: QRect) -> None:
        super().setGeometry(room)
        self._arrange(room, move=True)
