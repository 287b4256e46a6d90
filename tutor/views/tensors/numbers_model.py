"""The numbers of one tensor (or of its gradient) as a grid: the last dimension across, the one before it down.

Of a tensor with more dimensions it shows one page at a time: the matrix of its last two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from tutor.i18n import _
from tutor.protocol import Data
from tutor.trace import values
from tutor.trace.picture import Shown
from tutor.views.graph.faces import page_count, page_shape
from tutor.views.graph.values import exact_text

Index = QModelIndex | QPersistentModelIndex
NUMBER_ROLE = Qt.ItemDataRole.UserRole
"""The element as plain data; None where it is covered."""
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1
"""|x| as a share (0 to 1) of the largest finite one."""

Edit = Callable[[int, float], bool]
"""Given an element's place in reading order and its new number: whether that can be done."""


class NumbersModel(QAbstractTableModel):
    """Elements in reading order, rounded for the eye and exact on hover."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shape: tuple[int, ...] = ()
        self._page = 0
        self._elements: list[Data] = []
        self._dtype = "float32"
        self._covered = False
        self._largest = 0.0
        self._longest = 0
        self._edit: Edit | None = None
        self._held: tuple[int, float] | None = None

    @property
    def editable(self) -> bool:
        return self._edit is not None and not self._covered

    @property
    def page(self) -> int:
        return self._page

    @property
    def pages(self) -> int:
        """How many matrices there are to turn over."""
        return page_count(self._shape) if self._elements else 1

    def set_page(self, page: int) -> None:
        """Shows another matrix of the same tensor."""
        if page != self._page and 0 <= page < self.pages:
            self._page = page
            self._held = None
            self._all_changed()

    @property
    def whole(self) -> bool:
        """Whether there are only integers here."""
        return "int" in self._dtype

    def show_numbers(
        self, shown: Shown | None, shape: Sequence[int], dtype: str, *, edit: Edit | None = None
    ) -> None:
        """Other numbers, or none; a grid of the same shape tells only that its numbers changed."""
        known = shown is not None and shown.data is not None and not isinstance(shown.data, dict)
        elements = _elements(shown.data, len(shape)) if shown is not None and known else []
        covered = shown is not None and shown.covered
        if covered:
            elements = [None] * math.prod(shape)
        reshaped = tuple(shape) != self._shape or len(elements) != len(self._elements)
        if reshaped:
            self.beginResetModel()
        if tuple(shape) != self._shape:
            self._page = 0
        self._shape, self._elements, self._dtype = tuple(shape), elements, dtype
        self._covered, self._edit = covered, edit
        self._longest = max((len(values.cell(one)) for one in elements), default=0)
        self._largest = max((size for size in map(magnitude, elements) if size is not None), default=0.0)
        if reshaped:
            self._held = None
            self.endResetModel()
        else:
            self._all_changed()

    def hold(self, place: int, number: float) -> None:
        """Shows a number that was asked for and has not run yet."""
        self._held = (place, number)
        self._all_changed()

    def release(self) -> None:
        self._held = None
        self._all_changed()

    @property
    def held(self) -> tuple[int, float] | None:
        return self._held

    def longest(self) -> int:
        """The most characters that a number here takes."""
        return self._longest

    def place_of(self, index: Index) -> int:
        """An element's place in reading order."""
        columns = self.columnCount()
        return (self._page * self.rowCount() + index.row()) * columns + index.column()

    def number(self, index: Index) -> Data:
        place = self.place_of(index)
        if self._held is not None and self._held[0] == place:
            return self._held[1]
        return self._elements[place]

    def copied(self, indexes: Sequence[Index]) -> str:
        """The elements, exact, as tab-separated lines."""
        chosen = sorted(indexes, key=lambda index: (index.row(), index.column()))
        rows: dict[int, list[str]] = {}
        for index in chosen:
            rows.setdefault(index.row(), []).append(self._exact(index))
        return "\n".join("\t".join(row) for row in rows.values())

    def _all_changed(self) -> None:
        if self._elements:
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def _exact(self, index: Index) -> str:
        return "?" if self._covered else exact_text(self.number(index), 0, self._dtype)

    # Qt's own

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if parent.isValid() or not self._elements:
            return 0
        return page_shape(self._shape)[0]

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if parent.isValid() or not self._elements:
            return 0
        return self._shape[-1] if self._shape else 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.isValid() and self.editable else flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return str(section)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self.place_of(index) >= len(self._elements):
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return "?" if self._covered else values.cell(self.number(index))
            case Qt.ItemDataRole.EditRole:
                return self._exact(index)
            case Qt.ItemDataRole.ToolTipRole:
                return _("Covered until the question is answered.") if self._covered else self._exact(index)
            case Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case _ if role == NUMBER_ROLE:
                return None if self._covered else self.number(index)
            case _ if role == SHARE_ROLE:
                size = magnitude(self.number(index))
                return size / self._largest if size is not None and self._largest else 0.0
            case _:
                return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        number = typed_number(str(value))
        if role != Qt.ItemDataRole.EditRole or not index.isValid() or self._edit is None or number is None:
            return False
        return self._edit(self.place_of(index), number)


def typed_number(text: str) -> float | None:
    """A number as a person types it: 2.5, 2,5, −3, 1e-3, inf; None where it is none."""
    try:
        return float(text.strip().replace("−", "-").replace("∞", "inf").replace(",", "."))
    except ValueError:
        return None


def with_element(data: Data, place: int, number: float) -> Data:
    """Nested lists with the element at `place` (in reading order) replaced."""
    if not isinstance(data, list):
        return number
    size = len(values.elements(data[0])) if data else 1
    row, inner = divmod(place, size)
    return [with_element(part, inner, number) if at == row else part for at, part in enumerate(data)]


def _elements(data: Data, depth: int) -> list[Data]:
    """All elements of `depth` nested lists, row by row; a pair below them is a complex number."""
    if depth == 0 or not isinstance(data, list):
        return [data]
    return [element for part in data for element in _elements(part, depth - 1)]


def magnitude(number: Data) -> float | None:
    """|x| of a finite number, a complex one too."""
    if isinstance(number, list):
        parts = [finite(part) for part in number]
        return None if None in parts else math.hypot(*(part for part in parts if part is not None))
    known = finite(number)
    return None if known is None else abs(known)


def finite(number: object) -> float | None:
    """The number as a float, where it has a size: neither a bool, nor infinite, nor what is no number."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return float(number) if math.isfinite(number) else None
