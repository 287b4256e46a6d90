"""Asks how much each element of a tensor counts in its backward: the vector v of vᵀJ, all ones to begin with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.insight.jacobian import MOST_OUTPUTS
from tutor.protocol import Data
from tutor.session.edits import MOST_SPELLED, ones
from tutor.views.fonts import mono
from tutor.views.graph.lens_grid import index_text
from tutor.views.graph.sliders import VSliders, typed

_BUTTON = 56
"""Pixels beside a button's text, which the style writes in bold."""


class BackwardDialog(QDialog):
    """Sliders for a few elements, a table of the output's shape for more. `v` is what was entered, as nested lists."""

    def __init__(self, name: str, shape: Sequence[int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._shape = tuple(shape)
        self._question = QLabel(self)
        self.sliders = VSliders(self._names(), self)
        self.ones = QPushButton(self)
        self.table = QTableWidget(self)
        self._fault = QLabel(self)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._lay_out()
        self._fill()
        self.table.itemChanged.connect(self._on_numbers_changed)
        self.sliders.changed.connect(self._on_numbers_changed)
        self.ones.clicked.connect(self._on_ones_clicked)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._say()

    @property
    def few(self) -> bool:
        """Whether each element has a slider, as in the lens."""
        return 0 < math.prod(self._shape) <= MOST_OUTPUTS

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
        for widget in (self._question, self.sliders, self.table, self._fault):
            column.addWidget(widget)
        column.addWidget(self.ones, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.buttons)
        self.sliders.setVisible(self.few)
        self.setMinimumWidth(400)

    def _names(self) -> list[str]:
        """Q[0, 1]: each element as it is called in a program."""
        if not self.few:
            return []
        return [f"{self._name}{index_text(self._shape, at)}" for at in range(math.prod(self._shape))]

    def _fill(self) -> None:
        self.table.setVisible(self.small and not self.few)
        self.ones.setVisible(self.small)
        if self.table.isHidden():
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
        ok.setMinimumWidth(ok.fontMetrics().horizontalAdvance(ok.text()) + _BUTTON)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(_("Cancel"))
        self.ones.setText(_("All the same: 1"))
        self._fault.hide()

    def _numbers(self) -> list[float]:
        """Raises ValueError where a text is no number."""
        return self.sliders.values if self.few else [typed(text) for text in self._texts()]

    def _texts(self) -> list[str]:
        items = [
            self.table.item(row, place)
            for row in range(self.table.rowCount())
            for place in range(self.table.columnCount())
        ]
        return [item.text() if item is not None else "" for item in items]

    def _nested(self, numbers: Sequence[float], shape: Sequence[int]) -> Data:
        if not shape:
            return numbers[0]
        width = len(numbers) // shape[0] if shape[0] else 0
        return [
            self._nested(numbers[place * width : (place + 1) * width], shape[1:]) for place in range(shape[0])
        ]

    def _fault_in(self) -> str | None:
        """The first text that is no number; None where all are."""
        for text in (field.text() for field in self.sliders.fields) if self.few else self._texts():
            try:
                typed(text)
            except ValueError:
                return text
        return None

    def _on_numbers_changed(self) -> None:
        wrong = self._fault_in()
        self._fault.setText("" if wrong is None else _("“{text}” is not a number.").format(text=wrong))
        self._fault.setVisible(wrong is not None)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(wrong is None)

    def _on_ones_clicked(self) -> None:
        self.sliders.set_values([1.0] * len(self.sliders.fields))
        cells = product(range(self.table.rowCount()), range(self.table.columnCount()))
        for item in (self.table.item(row, place) for row, place in cells):
            if item is not None:
                item.setText("1")
        self._on_numbers_changed()
