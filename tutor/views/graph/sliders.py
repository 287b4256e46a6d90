"""Sliders for v, one for each element of an output: how much does each element count?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSlider, QWidget

from tutor.i18n import _
from tutor.trace.values import cell, exact
from tutor.views.fonts import mono

ROW = 32
"""Pixels of a row, for what stands beside the sliders."""
_STEPS = 10
"""Slider steps a unit."""
_REACH = 2.0
"""Sliders run from −2 to 2; further where a number that was typed is larger."""


class VSliders(QWidget):
    """A slider and a field for each element; all ones to begin with."""

    changed = Signal()
    """Another number, or a text that is none."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None, *, scale: float = 1.0) -> None:
        """`scale`: how much larger than usual its letters are."""
        super().__init__(parent)
        self._scale = scale
        self.sliders: list[QSlider] = []
        self.fields: list[QLineEdit] = []
        self._exact: list[float] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        for row, name in enumerate(names):
            self._add_row(grid, row, name)
        grid.setColumnStretch(1, 1)

    def _add_row(self, grid: QGridLayout, row: int, name: str) -> None:
        label, slider, field = QLabel(name, self), _Slider(self), _Field("1", self)
        label.setFont(mono(12 * self._scale))
        field.setFont(mono(12 * self._scale))
        field.setFixedSize(round(74 * self._scale), round((ROW - 4) * self._scale))
        slider.setMinimumWidth(round(90 * self._scale))
        words = _("How much {element} counts").format(element=name)
        widgets: tuple[QWidget, ...] = (slider, field)
        for part in widgets:
            part.setAccessibleName(words)
            part.setToolTip(words)
        for column, placed in enumerate((label, *widgets)):
            grid.addWidget(placed, row, column)
        grid.setRowMinimumHeight(row, round(ROW * self._scale))
        self.sliders.append(slider)
        self.fields.append(field)
        self._exact.append(1.0)
        slider.valueChanged.connect(self._on_slider_moved)
        field.textEdited.connect(self._on_field_edited)

    @property
    def values(self) -> list[float]:
        """Raises ValueError where a field holds no number."""
        return [typed(field.text(), known) for field, known in zip(self.fields, self._exact, strict=True)]

    def set_values(self, values: Sequence[float]) -> None:
        """Without telling anyone."""
        self._exact = list(values)
        for row, value in enumerate(values):
            self.fields[row].setText(_written(value))
            self.fields[row].setCursorPosition(0)
            self.fields[row].setToolTip(exact(value, "float64"))
            self._put(row, value)

    def _put(self, row: int, value: float) -> None:
        slider = self.sliders[row]
        was = slider.blockSignals(True)
        reach = (
            round(max(_REACH, math.ceil(abs(value))) * _STEPS) if abs(value) <= 1_000 else slider.maximum()
        )
        slider.setRange(-reach, reach)
        slider.setValue(round(min(max(value * _STEPS, -reach), reach)))
        slider.blockSignals(was)

    def _on_slider_moved(self, place: int) -> None:
        slider = self.sender()
        row = next(row for row, found in enumerate(self.sliders) if found is slider)
        self._exact[row] = place / _STEPS
        self.fields[row].setToolTip("")
        self.fields[row].setText(_written(place / _STEPS))
        self.changed.emit()

    def _on_field_edited(self, text: str) -> None:
        field = self.sender()
        row = next(row for row, found in enumerate(self.fields) if found is field)
        if _is_number(text):
            self._exact[row] = typed(text)
            self._put(row, self._exact[row])
        self.changed.emit()


class _Slider(QSlider):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(-round(_REACH * _STEPS), round(_REACH * _STEPS))
        self.setValue(_STEPS)
        self.setPageStep(_STEPS // 2)


class _Field(QLineEdit):
    """Its whole number is chosen when it gets the focus, so that typing replaces it."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()


def typed(text: str, known: float | None = None) -> float:
    """A number as one types it, with a point or a comma; `known` itself where that is what stands there, rounded.

    Raises ValueError.
    """
    if known is not None and text == _written(known):
        return known
    value = float(text.strip().replace("−", "-").replace(",", "."))
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _is_number(text: str) -> bool:
    try:
        typed(text)
    except ValueError:
        return False
    return True


def _written(value: float) -> str:
    return cell(value)
