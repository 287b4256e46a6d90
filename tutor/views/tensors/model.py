"""The named tensors that are alive at the step, as a table model; a new state goes in by its difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QIcon

from tutor.i18n import _
from tutor.protocol import TensorId
from tutor.trace import values
from tutor.trace.picture import Shown
from tutor.trace.tensors import TensorRow
from tutor.views.fonts import mono
from tutor.views.graph.values import summary
from tutor.views.reasons import none_text, reason_sentence
from tutor.views.theme import LIGHT, Palette, icon

Index = QModelIndex | QPersistentModelIndex
SetFlag = Callable[[TensorId, bool], None]


class Column(IntEnum):
    NAME = 0
    SHAPE = 1
    DTYPE = 2
    REQUIRES_GRAD = 3
    LEAF = 4
    GRAD = 5
    GRAD_FN = 6
    DEVICE = 7


class TensorModel(QAbstractTableModel):
    """Rows in the order of birth. Ticking `requires_grad` asks for a change of the text; the tick follows the run."""

    def __init__(self, set_requires_grad: SetFlag, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._set_requires_grad = set_requires_grad
        self._rows: list[TensorRow] = []
        self._palette = LIGHT
        self._font = mono(12)
        self._leaf_icon = QIcon()
        self._read_only = False

    @property
    def rows(self) -> Sequence[TensorRow]:
        return self._rows

    def row_of(self, tensor: TensorId | None) -> int | None:
        return next((place for place, row in enumerate(self._rows) if row.tensor == tensor), None)

    def lengths(self) -> tuple[int, ...]:
        """The number of rows, and the length of each column's longest text: what a table's widths hang on."""
        texts = [
            [str(self.index(row, column).data() or "") for row in range(len(self._rows))] for column in Column
        ]
        return (len(self._rows), *(max(map(len, column), default=0) for column in texts))

    def set_read_only(self, read_only: bool) -> None:
        """A recording is looked at only."""
        self._read_only = read_only

    def show_rows(self, rows: Sequence[TensorRow]) -> None:
        """Tells only of the rows that came, went or changed."""
        wanted = {row.tensor for row in rows}
        for place in reversed(range(len(self._rows))):
            if self._rows[place].tensor not in wanted:
                self.beginRemoveRows(QModelIndex(), place, place)
                del self._rows[place]
                self.endRemoveRows()
        known = {row.tensor for row in self._rows}
        if [row.tensor for row in rows if row.tensor in known] != [row.tensor for row in self._rows]:
            self._reset(rows)
            return
        for place, row in enumerate(rows):
            self._put(place, row)

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self._leaf_icon = icon("leaf", palette, color=palette.leaf)
        self._all_changed()

    def set_font(self, font: QFont) -> None:
        self._font = font
        self._all_changed()

    def retranslate(self) -> None:
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)
        self._all_changed()

    def _put(self, place: int, row: TensorRow) -> None:
        if place >= len(self._rows) or self._rows[place].tensor != row.tensor:
            self.beginInsertRows(QModelIndex(), place, place)
            self._rows.insert(place, row)
            self.endInsertRows()
        elif self._rows[place] != row:
            self._rows[place] = row
            self.dataChanged.emit(self.index(place, 0), self.index(place, len(Column) - 1))

    def _reset(self, rows: Sequence[TensorRow]) -> None:
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def _all_changed(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(Column) - 1))

    # Qt's own

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(Column)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if not index.isValid() or index.column() != Column.REQUIRES_GRAD:
            return flags
        return flags | Qt.ItemFlag.ItemIsUserCheckable if self._can_tick(index.row()) else flags

    def _can_tick(self, line: int) -> bool:
        """The flag of what was computed follows from what it was computed from."""
        return self._rows[line].is_leaf and not self._read_only

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical or not 0 <= section < len(Column):
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _header(Column(section))
            case Qt.ItemDataRole.ToolTipRole:
                return _header_help(Column(section))
            case Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            case _:
                return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return _help(row, column)
            case Qt.ItemDataRole.CheckStateRole if column is Column.REQUIRES_GRAD:
                return Qt.CheckState.Checked if row.requires_grad else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.DecorationRole if column is Column.LEAF and row.is_leaf:
                return self._leaf_icon
            case Qt.ItemDataRole.FontRole:
                return self._bold() if column is Column.NAME else self._font
            case Qt.ItemDataRole.ForegroundRole:
                return QColor(self._colour(row, column))
            case Qt.ItemDataRole.AccessibleTextRole:
                return _spoken(row, column)
            case _:
                return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if (
            not index.isValid()
            or role != Qt.ItemDataRole.CheckStateRole
            or index.column() != Column.REQUIRES_GRAD
        ):
            return False
        if not self._can_tick(index.row()):
            return False
        row = self._rows[index.row()]
        on = Qt.CheckState(value) == Qt.CheckState.Checked
        if on != row.requires_grad:
            self._set_requires_grad(row.tensor, on)
        return True

    def _bold(self) -> QFont:
        font = QFont(self._font)
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _colour(self, row: TensorRow, column: Column) -> str:
        match column:
            case Column.NAME:
                return self._palette.ink
            case Column.GRAD if row.grad.value is not None:
                return self._palette.gradient_text
            case Column.LEAF if row.is_leaf:
                return self._palette.leaf_text
            case _:
                return self._palette.muted


def grad_text(row: TensorRow, *, limit: int = 28) -> str:
    """The gradient in short, or "None · " and why."""
    shown = row.grad.value
    return none_text(row.grad) if shown is None else shown_text(shown, limit=limit)


def short_dtype(dtype: str) -> str:
    """`f32` for float32, as the narrow column has it; what has no short form stays."""
    plain = dtype.removeprefix("torch.")
    for long, brief in (("bfloat", "bf"), ("float", "f"), ("uint", "u"), ("int", "i"), ("complex", "c")):
        if plain.startswith(long) and plain.removeprefix(long).isdigit():
            return brief + plain.removeprefix(long)
    return plain


def shown_text(shown: Shown, *, limit: int = 28) -> str:
    """Values in short; what is covered is "?"; of what was not kept, or has many dimensions, the range, or the shape."""
    if shown.covered:
        return "?"
    if shown.data is None and shown.stats is not None:
        return values.stats_text(shown.stats)
    if shown.data is None:
        return values.shape_text(shown.shape)
    return summary(shown) if len(shown.shape) > 2 else values.short(shown.data, limit=limit)


def _text(row: TensorRow, column: Column) -> str:
    match column:
        case Column.NAME:
            return row.name
        case Column.SHAPE:
            return values.shape_text(row.shape)
        case Column.DTYPE:
            return short_dtype(row.dtype)
        case Column.REQUIRES_GRAD:
            return ""
        case Column.LEAF:
            return "✓" if row.is_leaf else ""
        case Column.GRAD:
            return grad_text(row)
        case Column.GRAD_FN:
            return row.grad_fn or "None"
        case Column.DEVICE:
            return row.device


def _help(row: TensorRow, column: Column) -> str:
    match column:
        case Column.GRAD if row.grad.value is not None:
            return _exact(row.grad.value, row.dtype)
        case Column.GRAD if row.grad.reason is not None:
            return reason_sentence(row.grad.reason, row.grad.line)
        case Column.DTYPE:
            return row.dtype.removeprefix("torch.")
        case Column.NAME if row.value is not None:
            return "\n".join((f"{row.name} = {_exact(row.value, row.dtype)}", *_view(row)))
        case Column.REQUIRES_GRAD if row.is_leaf:
            return _("Ticking this changes the code and runs it again.")
        case Column.REQUIRES_GRAD:
            return _("Computed: it requires gradients when something that it was computed from does.")
        case Column.LEAF:
            return (
                _("A leaf: its grad_fn is None.") if row.is_leaf else _("Not a leaf: an operation made it.")
            )
        case _:
            return _text(row, column)


def _view(row: TensorRow) -> tuple[str, ...]:
    return () if row.view_of is None else (_("view of {name}").format(name=row.view_of),)


def _exact(shown: Shown, dtype: str) -> str:
    if shown.covered:
        return _("Covered until the question is answered.")
    if shown.data is None:
        return shown_text(shown)
    text = values.exact(shown.data, dtype)
    return text if len(text) <= 600 else values.short(shown.data, limit=600)


def _spoken(row: TensorRow, column: Column) -> str:
    """What a screen reader says of a cell."""
    if column is Column.REQUIRES_GRAD:
        return "requires_grad=True" if row.requires_grad else "requires_grad=False"
    if column is Column.LEAF:
        return _("leaf") if row.is_leaf else _("not a leaf")
    return _text(row, column)


def _header(column: Column) -> str:
    match column:
        case Column.NAME:
            return _("name")
        case Column.SHAPE:
            return "shape"
        case Column.DTYPE:
            return "dtype"
        case Column.REQUIRES_GRAD:
            return "req."
        case Column.LEAF:
            return _("leaf")
        case Column.GRAD:
            return ".grad"
        case Column.GRAD_FN:
            return "grad_fn"
        case Column.DEVICE:
            return "device"


def _header_help(column: Column) -> str:
    match column:
        case Column.REQUIRES_GRAD:
            return _("requires_grad: whether autograd tracks what is computed from it")
        case Column.LEAF:
            return _("A leaf is a tensor whose grad_fn is None.")
        case Column.GRAD:
            return _("The gradient accumulated so far, or why there is none")
        case Column.GRAD_FN:
            return _("The node of the graph that knows how this tensor was computed")
        case _:
            return _header(column)
