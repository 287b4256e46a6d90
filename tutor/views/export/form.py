"""The fields of the export dialog. Which of them are there depends on the format."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from tutor.i18n import _
from tutor.session.player import SPEEDS
from tutor.views.export.choices import Choices, ThemeChoice
from tutor.views.export.request import Format, Kind, Stretch, kind_of

_SIZES = ((1280, 720), (1920, 1080), (2560, 1440), (1080, 1080))
_SCALES = (0.5, 1.0, 2.0, 3.0, 4.0)
_FPS = (10, 15, 25, 30, 50, 60)
_LETTERS = 20
"""So many of a longer entry are seen without opening the list."""
_SHOWN: dict[str, tuple[Kind, ...]] = {
    "step": ("still", "graph"),
    "steps": ("animation",),
    "size": ("still", "animation"),
    "scale": ("still",),
    "film_scale": ("animation",),
    "theme": ("still", "animation"),
    "speed": ("animation",),
    "fps": ("animation",),
    "caption": ("still", "animation"),
    "code": ("still", "animation"),
    "transparent": ("still",),
    "whole": ("animation",),
}
"""Which rows there are for what is made."""


class ExportForm(QWidget):
    """Fills itself from choices, and gives them back."""

    changed = Signal()

    def __init__(self, choices: Choices, *, step: int, count: int, parent: QWidget | None = None) -> None:
        """`step` counts from 0, -1 before the first; the fields count from 1, as the timeline."""
        super().__init__(parent)
        self._choices = choices
        self.format, self.sizes = QComboBox(self), QComboBox(self)
        self.scale, self.film_scale = QComboBox(self), QComboBox(self)
        self.theme, self.speed, self.fps = QComboBox(self), QComboBox(self), QComboBox(self)
        self.step, self.first, self.last = (
            _steps(step + 1, 0, count, self),
            _steps(1, 1, count, self),
            _steps(count, 1, count, self),
        )
        self.caption = QLineEdit(self)
        self.code, self.transparent, self.whole = QCheckBox(self), QCheckBox(self), QCheckBox(self)
        self._rows = QFormLayout(self)
        self._places: dict[str, int] = {}
        self._fill()
        self._lay_out()
        self._connect()
        self._suit_format()

    def _fill(self) -> None:
        chosen = self._choices
        _fill(self.format, _formats(), chosen.format)
        sizes = [(None, _("As the picture needs")), *((size, f"{size[0]} × {size[1]}") for size in _SIZES)]
        _fill(self.sizes, sizes, chosen.size)
        for box, scale in ((self.scale, chosen.scale), (self.film_scale, chosen.film_scale)):
            _fill(box, [(times, f"{times:g}×") for times in _SCALES], scale)
        themes = [("window", _("As the window")), ("light", _("Light")), ("dark", _("Dark"))]
        _fill(self.theme, themes, chosen.theme)
        _fill(self.speed, [(speed, f"{speed:g}×") for speed in SPEEDS], chosen.speed)
        _fill(self.fps, [(fps, str(fps)) for fps in _FPS], chosen.fps)
        ticks = (self.code, self.transparent, self.whole)
        for tick, on in zip(ticks, (chosen.code, chosen.transparent, chosen.whole), strict=True):
            tick.setChecked(on)
        self.code.setText(_("The step's line of code"))
        self.transparent.setText(_("Without a background"))
        self.whole.setText(_("The whole graph, instead of following the step"))
        self.first.setAccessibleName(_("First step"))
        self.last.setAccessibleName(_("Last step"))
        self.caption.setPlaceholderText(_("A line under the picture"))

    def _lay_out(self) -> None:
        steps = QHBoxLayout()
        steps.setSpacing(8)
        for part in (self.first, QLabel("–", self), self.last):
            steps.addWidget(part)
        steps.addStretch()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setVerticalSpacing(9)
        self._rows.setHorizontalSpacing(14)
        self._add("format", _("Format"), self.format)
        self._add("step", _("Step"), self.step)
        self._add("steps", _("Steps"), steps)
        self._add("size", _("Size"), self.sizes)
        self._add("scale", _("Pixels"), self.scale)
        self._add("film_scale", _("Pixels"), self.film_scale)
        self._add("theme", _("Theme"), self.theme)
        self._add("speed", _("Speed"), self.speed)
        self._add("fps", _("Frames a second"), self.fps)
        self._add("caption", _("Caption"), self.caption)
        for name, box in (("code", self.code), ("transparent", self.transparent), ("whole", self.whole)):
            self._add(name, "", box)

    def _add(self, name: str, label: str, field: QWidget | QHBoxLayout) -> None:
        self._places[name] = self._rows.rowCount()
        if label:
            self._rows.addRow(label, field)
        else:
            self._rows.addRow(field)

    def _connect(self) -> None:
        self.format.currentIndexChanged.connect(self._suit_format)
        for box in (self.format, self.sizes, self.scale, self.film_scale, self.theme, self.speed, self.fps):
            box.currentIndexChanged.connect(self.changed)
        for number in (self.step, self.first, self.last):
            number.valueChanged.connect(self.changed)
        for tick in (self.code, self.transparent, self.whole):
            tick.toggled.connect(self.changed)
        self.first.valueChanged.connect(self.last.setMinimum)
        self.last.valueChanged.connect(self.first.setMaximum)
        self.caption.textChanged.connect(self.changed)

    def _suit_format(self) -> None:
        form: Format = self.format.currentData()
        for name, kinds in _SHOWN.items():
            vector = name == "scale" and form in ("svg", "pdf")
            self._rows.setRowVisible(self._places[name], kind_of(form) in kinds and not vector)

    # what is chosen

    @property
    def choices(self) -> Choices:
        theme: ThemeChoice = self.theme.currentData()
        return Choices(
            format=self.format.currentData(),
            size=self.sizes.currentData(),
            scale=self.scale.currentData(),
            film_scale=self.film_scale.currentData(),
            theme=theme,
            speed=self.speed.currentData(),
            fps=self.fps.currentData(),
            code=self.code.isChecked(),
            transparent=self.transparent.isChecked(),
            whole=self.whole.isChecked(),
        )

    @property
    def stretch(self) -> Stretch:
        """The steps, from 0 on."""
        chosen = self.choices
        if kind_of(chosen.format) != "animation":
            return Stretch(self.step.value() - 1, self.step.value() - 1)
        return Stretch(self.first.value() - 1, self.last.value() - 1, chosen.speed, chosen.fps)


def _steps(value: int, least: int, most: int, parent: QWidget) -> QSpinBox:
    box = QSpinBox(parent)
    box.setRange(least, most)
    box.setValue(value)
    box.setMinimumWidth(86)
    return box


def _formats() -> list[tuple[Format, str]]:
    return [
        ("png", _("Picture: PNG")),
        ("svg", _("Picture: SVG")),
        ("pdf", _("Picture: PDF")),
        ("gif", _("Animation: GIF")),
        ("mp4", _("Animation: MP4")),
        ("webm", _("Animation: WebM")),
        ("frames", _("Animation: PNG pictures")),
        ("dot", _("Graph: DOT, for Graphviz")),
        ("graphml", _("Graph: GraphML")),
    ]


def _fill(box: QComboBox, entries: Iterable[tuple[object, str]], chosen: object) -> None:
    """What was chosen once and is no entry any more falls back to the first."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LETTERS)
    for place, (value, text) in enumerate(entries):
        box.addItem(text, value)
        if value == chosen:
            box.setCurrentIndex(place)
