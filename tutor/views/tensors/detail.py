"""The selected tensor: its values beside its gradients, number by number; what can be changed is changed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QVBoxLayout, QWidget

from tutor.i18n import _, ngettext
from tutor.insight.numbers_text import count_text
from tutor.insight.tensor_text import tensor_lines
from tutor.protocol import Data, Stats
from tutor.session.refusals import refused
from tutor.source.rewrite import LiteralInfo
from tutor.trace import values
from tutor.trace.picture import Shown
from tutor.trace.tensors import TensorRow
from tutor.views.fonts import mono
from tutor.views.reasons import reason_sentence
from tutor.views.tensors.live_value import LiveValue
from tutor.views.tensors.numbers_model import Edit, with_element
from tutor.views.tensors.numbers_view import NumbersView
from tutor.views.tensors.page_chooser import PageChooser
from tutor.views.theme import LIGHT, Palette

if TYPE_CHECKING:
    from tutor.session.session import Session


class NumbersPane(QWidget):
    """A caption over a grid of numbers, or over the words that stand in its place."""

    def __init__(self, *, hue: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hue = hue
        self._caption = QLabel(self)
        self._words = QLabel(self)
        self.grid = NumbersView(hue=hue, parent=self)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (self._caption, self.grid, self._words):
            column.addWidget(part)
        column.addStretch(1)

    @property
    def words(self) -> str:
        return self._words.text() if not self._words.isHidden() else ""

    @property
    def caption(self) -> str:
        return self._caption.text()

    def set_caption(self, text: str) -> None:
        self._caption.setText(text)
        self.grid.setAccessibleName(text)

    def show_numbers(
        self, shown: Shown | None, shape: Sequence[int], dtype: str, *, words: str, edit: Edit | None = None
    ) -> None:
        """The grid; where there is none, the statistics, or these words."""
        self.grid.numbers.show_numbers(shown, shape, dtype, edit=edit)
        has_grid = self.grid.numbers.rowCount() > 0
        if shown is not None and shown.stats is not None and not shown.covered:
            words = stats_words(shown.stats)
        elif shown is not None and not has_grid:
            words = _why_no_numbers(shown, shape)
        self.grid.setVisible(has_grid)
        self._words.setText(words)
        self._words.setVisible(bool(words) and not (has_grid and shown is not None and shown.stats is None))

    def apply_theme(self, palette: Palette) -> None:
        colour = palette.gradient_text if self._hue == "gradient" else palette.value_text
        for label, ink in ((self._caption, colour), (self._words, palette.muted)):
            colours = label.palette()
            colours.setColor(QPalette.ColorRole.WindowText, QColor(ink))
            label.setPalette(colours)
        self.grid.apply_theme(palette)


class TensorDetail(QWidget):
    """Shows one row of the tensor panel in full."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._palette = LIGHT
        self._row: TensorRow | None = None
        self._literal: LiteralInfo | None = None
        self._drawn: Data = None
        self._live = LiveValue(session, self)
        self._title = QLabel(self)
        self._facts = QLabel(self)
        self.value = NumbersPane(hue="value", parent=self)
        self.gradient = NumbersPane(hue="gradient", parent=self)
        self.pages = PageChooser(self)
        self._note = QLabel(self)
        self._lay_out()
        self._connect()
        self.set_number_font(mono(13))
        self.retranslate()

    def _lay_out(self) -> None:
        self._title.setTextFormat(Qt.TextFormat.RichText)
        for words in (self._facts, self._note):
            words.setWordWrap(True)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._panes = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._panes.setSpacing(14)
        self._panes.addWidget(self.value)
        self._panes.addWidget(self.gradient, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(10, 6, 10, 8)
        whole.setSpacing(5)
        whole.addWidget(self._title)
        whole.addWidget(self._facts)
        whole.addWidget(self.pages)
        whole.addLayout(self._panes)
        whole.addWidget(self._note)
        whole.addStretch(1)

    def _connect(self) -> None:
        value, gradient = self.value.grid, self.gradient.grid
        value.dragged.connect(self._on_value_dragged)
        value.cover_toggled.connect(self._on_value_cover_toggled)
        gradient.cover_toggled.connect(self._on_gradient_cover_toggled)
        self.pages.turned.connect(self._on_page_turned)
        self._live.settled.connect(self._on_live_settled)
        for one, other in ((value, gradient), (gradient, value)):
            one.horizontalScrollBar().valueChanged.connect(other.horizontalScrollBar().setValue)
            one.verticalScrollBar().valueChanged.connect(other.verticalScrollBar().setValue)

    # what is pushed in

    @property
    def row(self) -> TensorRow | None:
        return self._row

    @property
    def note(self) -> str:
        """Whether, and if not why not, the numbers can be changed."""
        return self._note.text()

    @property
    def facts(self) -> str:
        """What else is known of the tensor: its base, its tangent, hooks that ran, what an optimizer keeps for it."""
        return self._facts.text()

    def show_row(self, row: TensorRow | None) -> None:
        self._row = row
        self.setVisible(row is not None)
        if row is None:
            return
        self._find_literal(row)
        self._title.setText(self._title_of(row))
        session = self._session
        lines = tensor_lines(session.trace, row.tensor, session.player.step, session.covered)
        self._facts.setText("\n".join(lines))
        self._facts.setVisible(bool(lines))
        edit = self._on_number_typed if self._literal is not None else None
        covered = row.value is not None and row.value.covered
        words = "" if row.value is not None else _("The values were not kept.")
        shape = row.value.shape if row.value is not None else row.shape
        self.value.show_numbers(row.value, shape, row.dtype, words=words, edit=None if covered else edit)
        self.gradient.show_numbers(row.grad.value, shape, row.dtype, words=_why_none(row))
        self.pages.show_pages(shape, self.value.grid.numbers.page, self._page_count())
        self._fit()

    def _page_count(self) -> int:
        """Value and gradient have one shape, and are turned over together."""
        return max(pane.grid.numbers.pages for pane in (self.value, self.gradient))

    def _find_literal(self, row: TensorRow) -> None:
        """The numbers in the text that the shown ones stand for; the note says why there are none."""
        found = self._session.literal_for(row.tensor)
        self._literal = None
        if not isinstance(found, LiteralInfo):
            self._note.setText(refused(found, row.name))
        elif _shape(found.data) != tuple(row.shape):
            self._note.setText(
                _("{name} is computed from its numbers; change the code itself").format(name=row.name)
            )
        elif row.version > 0:
            text = _("The program has changed these numbers since. The text says {text}.")
            self._note.setText(text.format(text=values.short(found.data)))
        elif self._session.read_only:
            self._note.setText("")
        else:
            self._literal = found
            self._note.setText(
                _("Drag a number sideways, or double click to type. The code changes with it.")
            )

    def _title_of(self, row: TensorRow) -> str:
        parts = [values.shape_text(row.shape), row.dtype.removeprefix("torch."), row.device]
        parts.append(_("leaf") if row.is_leaf else _("not a leaf"))
        if row.retains_grad and not row.is_leaf:
            parts.append("retain_grad()")
        described = " · ".join(parts)
        return (
            f'<span style="color:{self._palette.ink}"><b>{_escaped(row.name)}</b></span>'
            f'&nbsp;&nbsp;<span style="color:{self._palette.muted}">{_escaped(described)}</span>'
        )

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.pages.apply_theme(palette)
        self.value.apply_theme(palette)
        self.gradient.apply_theme(palette)
        for words, ink in ((self._note, palette.muted), (self._facts, palette.ink)):
            colours = words.palette()
            colours.setColor(QPalette.ColorRole.WindowText, QColor(ink))
            words.setPalette(colours)
        self.show_row(self._row)

    def set_number_font(self, font: QFont) -> None:
        for pane in (self.value, self.gradient):
            pane.grid.set_number_font(font)
        self._fit()

    def retranslate(self) -> None:
        self.value.set_caption(_("value"))
        self.pages.retranslate()
        self.gradient.set_caption(_("gradient (.grad)"))
        self.show_row(self._row)

    def _fit(self) -> None:
        """Equal columns in both grids, so that a number and its gradient stand in line."""
        grids = (self.value.grid, self.gradient.grid)
        width = max(grid.column_width_needed() for grid in grids)
        for grid in grids:
            grid.fit(width)
        self._turn()

    def _turn(self) -> None:
        """Beside each other where there is room for both, else one above the other."""
        wanted = self.value.grid.maximumWidth() + max(self.gradient.grid.maximumWidth(), 130) + 40
        is_narrow = self.width() < wanted
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._panes.setDirection(down if is_narrow else across)

    # what the hands do

    def _on_number_typed(self, place: int, number: float) -> bool:
        self._ask(place, number)
        return True

    def _on_value_dragged(self, place: int, number: float) -> None:
        self._ask(place, number)

    def _ask(self, place: int, number: float) -> None:
        """A number of the literal becomes another; those drawn before and not yet run stay drawn."""
        if self._literal is None or self._row is None:
            return
        before = self._drawn if self._live.waiting else self._literal.data
        self._drawn = with_element(before, place, number)
        self.value.grid.numbers.hold(place, number)
        self._live.ask(self._row.name, self._drawn)

    def _on_value_cover_toggled(self) -> None:
        if self._row is not None:
            self._session.set_covered(self._session.covered ^ {self._row.name})

    def _on_gradient_cover_toggled(self) -> None:
        if self._row is not None:
            self._session.set_covered(self._session.covered ^ {f"{self._row.name}.grad"})

    def _on_page_turned(self, page: int) -> None:
        for pane in (self.value, self.gradient):
            pane.grid.numbers.set_page(page)

    def _on_live_settled(self) -> None:
        self.value.grid.numbers.release()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()


def stats_words(stats: Stats) -> str:
    """What is said of values that were too many to keep."""
    count = ngettext("{count} element", "{count} elements", stats.count).format(count=count_text(stats.count))
    named = [
        (_("min"), stats.min),
        (_("max"), stats.max),
        (_("mean"), stats.mean),
        (_("norm"), stats.norm),
    ]
    lines = [count, *(f"{name} {values.cell(number)}" for name, number in named if number is not None)]
    if stats.nonfinite:
        lines.append(
            ngettext("{count} is nan or infinite", "{count} are nan or infinite", stats.nonfinite).format(
                count=count_text(stats.nonfinite)
            )
        )
    if stats.sampled:
        lines.append(_("from a sample"))
    return " · ".join(lines)


def _why_no_numbers(shown: Shown, shape: Sequence[int]) -> str:
    if shown.unread:
        return _("Made while nothing was recorded, and not looked at.")
    return _("No elements.") if 0 in shape else _("The values were not kept.")


def _why_none(row: TensorRow) -> str:
    if row.grad.value is not None:
        return ""
    return "None" if row.grad.reason is None else f"None. {reason_sentence(row.grad.reason, row.grad.line)}"


def _shape(data: Data) -> tuple[int, ...]:
    return (len(data), *(_shape(data[0]) if data else ())) if isinstance(data, list) else ()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
