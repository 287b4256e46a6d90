"""Where an answer is given: one box an element, or one of several options. Used by the question's card."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from tutor.course.question import ChoiceQuestion, NumbersQuestion
from tutor.i18n import _
from tutor.views.fonts import mono
from tutor.views.prose.view import Prose
from tutor.views.theme import Palette

_BOX_WIDTH = 5.4
_NARROWEST_BOX = 3.4
"""Of a box, in the height of its letters."""


class NumberBoxes(QWidget):
    """One box an element, laid out as the tensor is, between its brackets."""

    submitted = Signal()
    edited = Signal()

    def __init__(self, question: NumbersQuestion, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes = [QLineEdit(self) for __ in question.numbers]
        self._brackets: list[QLabel] = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._lay_out(layout, question)
        layout.addStretch(0)
        self.setFocusProxy(self.boxes[0])
        for box in self.boxes:
            box.returnPressed.connect(self.submitted)
            box.textEdited.connect(self.edited)
        self.retranslate()

    def _lay_out(self, layout: QHBoxLayout, question: NumbersQuestion) -> None:
        columns = question.shape[-1] if question.shape else 1
        grid = QGridLayout()
        grid.setSpacing(6)
        for place, box in enumerate(self.boxes):
            grid.addWidget(box, place // columns, place % columns)
        if question.shape:
            self._brackets = [QLabel("[", self), QLabel("]", self)]
            layout.addWidget(self._brackets[0])
            layout.addLayout(grid)
            layout.addWidget(self._brackets[1])
        else:
            layout.addLayout(grid)

    @property
    def texts(self) -> list[str]:
        return [box.text() for box in self.boxes]

    def fill(self, texts: Sequence[str]) -> None:
        for box, text in zip(self.boxes, texts, strict=True):
            box.setText(text)

    def mark(self, wrong: Sequence[bool]) -> None:
        """Which boxes hold what is not right."""
        for box, is_wrong in zip(self.boxes, wrong, strict=True):
            box.setProperty("wrong", is_wrong)
            box.style().polish(box)

    def set_pixels(self, pixels: int) -> None:
        font = mono(round(pixels * 1.1))
        for box in self.boxes:
            box.setFont(font)
            box.setMinimumWidth(round(pixels * _NARROWEST_BOX))
            box.setMaximumWidth(round(pixels * _BOX_WIDTH))
        for bracket in self._brackets:
            bracket.setFont(mono(round(pixels * 1.5)))

    def apply_theme(self, palette: Palette) -> None:
        for bracket in self._brackets:
            bracket.setStyleSheet(f"color: {palette.muted};")

    def retranslate(self) -> None:
        for place, box in enumerate(self.boxes, start=1):
            box.setAccessibleName(_("Element {number}").format(number=place))


class Options(QWidget):
    """One row an option; its text may hold code and formulas."""

    edited = Signal()
    submitted = Signal()

    def __init__(self, question: ChoiceQuestion, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._labels: list[Prose] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for place, option in enumerate(question.options):
            layout.addLayout(self._row(place, option.text))
        self.setFocusProxy(self._group.button(0))
        self._group.idClicked.connect(self._on_group_id_clicked)

    def _row(self, place: int, text: str) -> QHBoxLayout:
        button = QRadioButton(self)
        button.setAccessibleName(text)
        button.installEventFilter(self)
        self._group.addButton(button, place)
        label = Prose(self)
        label.set_markdown(text)
        label.viewport().installEventFilter(self)
        label.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        self._labels.append(label)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label, 1)
        return row

    @property
    def chosen(self) -> int | None:
        place = self._group.checkedId()
        return place if place >= 0 else None

    def choose(self, place: int) -> None:
        self._group.button(place).setChecked(True)

    def set_pixels(self, pixels: int) -> None:
        """The labels follow the font that they inherit."""

    def apply_theme(self, palette: Palette) -> None:
        for label in self._labels:
            label.apply_theme(palette)

    def retranslate(self) -> None:
        """The options are the lesson's own text."""

    def _on_group_id_clicked(self, _place: int) -> None:
        self.edited.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease:
            for place, label in enumerate(self._labels):
                if watched is label.viewport():
                    self._group.button(place).click()
        return super().eventFilter(watched, event)
