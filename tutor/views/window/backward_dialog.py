"""Asks how much each element of a tensor counts in its backward: the vector v of vᵀJ, all ones to begin with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.protocol import Data
from tutor.session.edits import MOST_SPELLED, ones
from tutor.views.fonts import mono


class BackwardDialog(QDialog):
    """A small table of the output's shape. `v` is what was entered, as nested lists."""

    def __init__(self, name: str, shape: Sequence[int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._shape = tuple(shape)
        self._question = QLabel(self)
        self.table = QTableWidget(self)
        self._fault = QLabel(self)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._lay_out()
        self._fill()
        self.table.itemChanged.connect(self._on_table_item_changed)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._say()

    @property
    def small(self) -> bool:
        """Whether each element has a cell; a larger tensor's v is all ones."""
        return math.prod(self._shape) <= MOST_SPELLED

    @property
    def v(self) -> Data:
        """Raises ValueError when a cell holds no number."""
        return self._nested(self._numbers(), self._shape) if self.small else ones(self._shape)

    def _lay_out(self) -> None:
        self._question.setWordWrap(True)
        self._fault.setProperty("role", "error")
        self.table.setFont(mono(self.font().pixelSize() if self.font().pixelSize() > 0 else 13))
        self.table.setStyleSheet("QLineEdit { background: palette(base); }")  # hides the number under it
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        for widget in (self._question, self.table, self._fault, self.buttons):
            column.addWidget(widget)
        self.setMinimumWidth(360)

    def _fill(self) -> None:
        self.table.setVisible(self.small)
        if not self.small:
            return
        columns = self._shape[-1]
        rows = math.prod(self._shape[:-1])
        self.table.setRowCount(rows)
        self.table.setColumnCount(columns)
        self.table.setHorizontalHeaderLabels([str(place) for place in range(columns)])
        self.table.setVerticalHeaderLabels([str(place) for place in range(rows)])
        self.table.verticalHeader().setVisible(len(self._shape) > 1)
        for row in range(rows):
            for place in range(columns):
                item = QTableWidgetItem("1")
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                self.table.setItem(row, place, item)
        height = self.table.horizontalHeader().sizeHint().height() + rows * self.table.rowHeight(0) + 4
        self.table.setFixedHeight(min(height, 320))

    def _say(self) -> None:
        self.setWindowTitle(_("Backward from {name}").format(name=self._name))
        if self.small:
            text = _(
                "{name} has {count} elements. How much does each one count? This is the vector v of vᵀJ: it has "
                "{name}'s shape, and the engine starts with it."
            )
        else:
            text = _(
                "{name} has {count} elements. Each one will count the same: v is all ones, of {name}'s shape. "
                "Change the written line for other numbers."
            )
        self._question.setText(text.format(name=self._name, count=math.prod(self._shape)))
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setText(_("Write the line and run"))
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(_("Cancel"))
        self._fault.hide()

    def _numbers(self) -> list[float]:
        items = [
            self.table.item(row, place)
            for row in range(self.table.rowCount())
            for place in range(self.table.columnCount())
        ]
        return [number(item.text() if item is not None else "") for item in items]

    def _nested(self, numbers: Sequence[float], shape: Sequence[int]) -> Data:
        if not shape:
            return numbers[0]
        width = len(numbers) // shape[0] if shape[0] else 0
        return [
            self._nested(numbers[place * width : (place + 1) * width], shape[1:]) for place in range(shape[0])
        ]

    def _on_table_item_changed(self, item: QTableWidgetItem) -> None:
        try:
            self._numbers()
            fault = ""
        except ValueError:
            fault = _("“{text}” is not a number.").format(text=item.text())
        self._fault.setText(fault)
        self._fault.setVisible(bool(fault))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not fault)


def number(text: str) -> float:
    """A number as one types it, with a point or a comma. Raises ValueError."""
    value = float(text.strip().replace("−", "-").replace(",", "."))
    if not math.isfinite(value):
        raise ValueError(text)
    return value
