"""A box with the number of the iteration (or of the backward) that the step lies in; another number goes there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QSpinBox, QWidget

from tutor.trace.timeline import Turn, same_place, turn_at


class TurnBox(QSpinBox):
    """Counts as the program did. A number that was left out leads to the nearest one that is here."""

    step_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._turns: tuple[Turn, ...] = ()
        self._step = -1
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.valueChanged.connect(self._on_value_changed)
        self.editingFinished.connect(self.clearFocus)

    def show_turns(self, turns: Sequence[Turn]) -> None:
        self._turns = tuple(turns)
        self.setVisible(len(turns) > 1)
        if turns:
            blocked = self.blockSignals(True)
            self.setRange(turns[0].number, turns[-1].number)
            self.setSuffix(f" / {turns[-1].number}")
            self.blockSignals(blocked)
            self.show_step(self._step)

    def show_step(self, step: int) -> None:
        """The number of the turn in which this step lies."""
        self._step = step
        here = turn_at(self._turns, step)
        if here is not None and here.number != self.value():
            blocked = self.blockSignals(True)
            self.setValue(here.number)
            self.blockSignals(blocked)

    def _on_value_changed(self, number: int) -> None:
        here = turn_at(self._turns, self._step)
        there = self._nearest(number)
        if here is not None and there is not None:
            self.step_asked.emit(same_place(here, there, self._step))
            self.show_step(self._step)

    def _nearest(self, number: int) -> Turn | None:
        return min(self._turns, key=lambda turn: abs(turn.number - number), default=None)

    # Qt's own

    def stepBy(self, steps: int) -> None:
        """To the neighbours that are here."""
        here = turn_at(self._turns, self._step)
        if here is None:
            return
        numbers = [turn.number for turn in self._turns]
        place = bisect_left(numbers, here.number) + steps
        self.setValue(numbers[max(0, min(place, len(numbers) - 1))])
