"""The vᵀJ lens over an operation: sliders for v beside J, and the one row that leaves."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tutor.i18n import _
from tutor.insight.jacobian import Jacobian, NoJacobian
from tutor.insight.local import Floats
from tutor.insight.numbers_text import count_text
from tutor.insight.uses import array
from tutor.views.graph.lens_grid import HEAD, LensGrid, index_text
from tutor.views.graph.letters import FONT_CHANGES, text_pixels
from tutor.views.graph.sliders import VSliders
from tutor.views.theme import LIGHT, TEXT_PIXELS, Palette

_OFF_EDGES = QSize(10, 10)


class Lens(QFrame):
    """Shows one node's Jacobian. v is the node's own until a slider is moved; then the row is worked out here."""

    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._jacobian: Jacobian | None = None
        self._own: list[float] | None = None
        """What the sliders were moved to; None while v is torch's, or all ones."""
        self._progress = 1.0
        self._dragged: QPoint | None = None
        self._palette = LIGHT
        self._title, self._note, self._engine = QLabel(self), QLabel(self), QLabel(self)
        self._close = QToolButton(self)
        self.sliders = VSliders((), self)
        self.grid = LensGrid(self)
        self.ones, self.torchs = QPushButton(self), QPushButton(self)
        self._room = QScrollArea(self)
        self._lay_out()
        self._close.clicked.connect(self.closed)
        self.ones.clicked.connect(self._on_ones_clicked)
        self.torchs.clicked.connect(self._on_torchs_clicked)
        self.retranslate()
        self.hide()

    def _lay_out(self) -> None:
        self.setObjectName("lens")
        self._close.setText("✕")
        self._close.setAutoRaise(True)
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for words in (self._note, self._engine):
            words.setWordWrap(True)
        inner = QWidget(self)
        self._body = QGridLayout(inner)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setHorizontalSpacing(6)
        self._body.addWidget(self.grid, 0, 1, 2, 1, Qt.AlignmentFlag.AlignTop)
        self._body.setRowStretch(1, 1)
        self._room.setWidget(inner)
        self._room.setWidgetResizable(True)
        self._room.setFrameShape(QFrame.Shape.NoFrame)
        self._room.setStyleSheet("QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; }")
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._title)
        head.addStretch(1)
        for button in (self.torchs, self.ones, self._close):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 8, 10)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._room, 1)
        column.addWidget(self._engine)
        column.addWidget(self._note)

    # what is pushed in

    @property
    def jacobian(self) -> Jacobian | None:
        return self._jacobian

    @property
    def note(self) -> str:
        """Whose numbers these are."""
        return self._note.text()

    @property
    def v(self) -> list[float]:
        """What each output element counts; ones where a field holds no number yet."""
        try:
            return self.sliders.values
        except ValueError:
            return self._begin()

    def show_jacobian(self, found: Jacobian, progress: float) -> None:
        """The same node keeps the v that was chosen by hand."""
        same = self._jacobian is not None and self._jacobian.node == found.node
        if not same or self._jacobian is None or self._jacobian.shape != found.shape:
            self._own = None
            self._jacobian = found
            self._rebuild(found)
        anew = not same or self._own is None
        self._jacobian, self._progress = found, progress
        if anew:
            self.sliders.set_values(self._begin())
        self._refresh()

    def set_progress(self, progress: float) -> None:
        if progress != self._progress:
            self._progress = progress
            self._refresh()

    def _rebuild(self, found: Jacobian) -> None:
        """Sliders for another output."""
        self._body.removeWidget(self.sliders)
        self.sliders.hide()
        self.sliders.deleteLater()
        names = [f"{found.text}{index_text(found.shape, row)}" for row in range(found.outputs)]
        scale = text_pixels(self) / TEXT_PIXELS
        self.sliders = VSliders(names, self, scale=scale)
        self.sliders.setContentsMargins(0, round(HEAD * scale), 0, 0)
        self.sliders.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._body.addWidget(self.sliders, 0, 0, Qt.AlignmentFlag.AlignTop)
        self.sliders.show()
        self.sliders.changed.connect(self._on_sliders_changed)

    def _begin(self) -> list[float]:
        """v as torch had it, where it may be shown; else all ones."""
        torchs = self._torchs_v()
        if torchs is not None:
            return [float(n) for n in torchs.reshape(-1)]
        return [1.0] * (self._jacobian.outputs if self._jacobian is not None else 0)

    def _torchs_v(self) -> Floats | None:
        found = self._jacobian
        if found is None or found.v is None or found.v.covered:
            return None
        v = array(found.v.data)
        return v if v is not None and v.size == found.outputs else None

    def _refresh(self) -> None:
        found = self._jacobian
        if found is None:
            return
        torchs = self._own is None and self._torchs_v() is not None
        covered = self._own is None and found.v is not None and found.v.covered
        self._title.setText(f"<b>vᵀJ</b> · {found.name}")
        self.torchs.setVisible(self._own is not None and self._torchs_v() is not None)
        self._note.setText(_covered_words() if covered else _whose(found, torchs=torchs))
        progress = self._progress if self._own is None else 1.0
        self.grid.show_jacobian(found, self.v, torchs=torchs or covered, progress=progress)
        self._suit()

    def _suit(self) -> None:
        """As large as its numbers, within the canvas; what has no room scrolls."""
        inner = self._room.widget()
        wanted = inner.sizeHint() if inner is not None else self._room.sizeHint()
        parent = self.parentWidget()
        most = parent.size() - _OFF_EDGES if parent is not None else wanted
        width = min(max(wanted.width() + 26, self._head_width()), most.width())
        around = self.ones.sizeHint().height() + 36
        around += sum(label.heightForWidth(width - 24) for label in (self._engine, self._note))
        height = wanted.height() + around
        if height > most.height():
            width = min(width + self._room.verticalScrollBar().sizeHint().width(), most.width())
        self.resize(width, min(height, most.height()))

    def _head_width(self) -> int:
        """Of the title and both buttons, whether they are there or not."""
        parts = (self._title, self.ones, self.torchs, self._close)
        return sum(part.sizeHint().width() + 6 for part in parts) + 26

    # for the window

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.grid.apply_theme(palette)
        self.setStyleSheet(
            f"#lens {{ background: {palette.panel}; border: 1px solid {palette.gradient}; border-radius: 10px; }}"
            f"#lens QLabel {{ color: {palette.ink}; background: transparent; }}"
        )
        self._note.setStyleSheet(f"color: {palette.muted};")

    def retranslate(self) -> None:
        self.setAccessibleName(_("vᵀJ: how much each element of the output counts"))
        self.ones.setText(_("All the same: 1"))
        self.torchs.setText(_("As in this run"))
        self._close.setToolTip(_("Close"))
        self._close.setAccessibleName(_("Close"))
        self._engine.setText(_("The engine never builds J: it computes only this row."))
        self._refresh()

    # what the hands do

    def _on_sliders_changed(self) -> None:
        self._own = self.v
        self._refresh()

    def _on_ones_clicked(self) -> None:
        self._choose([1.0] * len(self.sliders.fields))

    def _on_torchs_clicked(self) -> None:
        self._own = None
        self.sliders.set_values(self._begin())
        self._refresh()

    def _choose(self, v: Sequence[float]) -> None:
        self._own = list(v)
        self.sliders.set_values(v)
        self._refresh()

    # Qt

    def changeEvent(self, event: QEvent) -> None:
        """Letters of another size: other sliders, with the numbers that stand there."""
        super().changeEvent(event)
        if event.type() in FONT_CHANGES and self._jacobian is not None:
            v = self.v
            self._rebuild(self._jacobian)
            self.sliders.set_values(v)
            self._refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.grid.copy()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """By its free places it is dragged aside."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.move(self.mapToParent(event.position().toPoint()) - self._dragged)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None


def _whose(found: Jacobian, *, torchs: bool) -> str:
    """What is torch's, and what was worked out here."""
    if torchs:
        return _(
            "v and the row are torch's. J was worked out here from what was recorded; vᵀJ agrees with torch."
        )
    if found.checked:
        return _(
            "With this v nothing has run: J and the row are worked out here. With torch's own v they agree."
        )
    return _("Nothing has run here yet: J and the row are worked out here from what was recorded.")


def _covered_words() -> str:
    return _("Covered until the question is answered")


def no_lens_text(none: NoJacobian) -> str:
    """Why there is no lens."""
    match none.why:
        case "not_recorded":
            return _("No J: autograd did not record this operation.")
        case "outputs":
            return _("No lens: the output has {count} elements, a lens shows up to 8.").format(
                count=count_text(none.count)
            )
        case "inputs":
            text = _("No lens: {name} has {count} elements, too many columns.")
            return text.format(name=none.name, count=count_text(none.count))
        case "empty":
            return _("No lens: {name} has no elements.").format(name=none.name)
        case "several":
            return _("No lens: {name} has several outputs.").format(name=none.name)
        case "no_rule":
            return _("No lens: the derivative of {name} is not among the known rules.").format(name=none.name)
        case "not_kept":
            return _("No lens: what {name} needs was not kept.").format(name=none.name)
        case "differs":
            return _("No lens: torch computed {name} in another way than the known rule.").format(
                name=none.name
            )
        case "unchecked":
            return _("No lens yet: no backward has passed {name}, against which J could be checked.").format(
                name=none.name
            )
