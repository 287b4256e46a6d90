"""The judgement of an answer: the learner's outlined chips above torch's, element by element, then the hint and the why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from tutor.course.question import Verdict
from tutor.i18n import _
from tutor.views.fonts import mono
from tutor.views.prose.view import Prose
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette

HIDDEN = "?"


class Chip(QLabel):
    """A number in a rounded frame: outlined the learner's, filled torch's, grey while it is covered."""

    def __init__(self, text: str, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._kind = kind
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def set_look(self, palette: Palette, pixels: int) -> None:
        grounds = {
            "mine": "transparent",
            "apart": "transparent",
            "torch": palette.gradient,
            "hidden": palette.zone,
        }
        edges = {
            "mine": palette.muted,
            "apart": palette.error,
            "torch": palette.gradient,
            "hidden": palette.faint,
        }
        inks = {
            "mine": palette.ink,
            "apart": palette.error,
            "torch": palette.chip_ink,
            "hidden": palette.muted,
        }
        self.setFont(mono(round(pixels * 1.05)))
        style = "dashed" if self._kind == "hidden" else "solid"
        self.setStyleSheet(
            f"background: {grounds[self._kind]}; color: {inks[self._kind]}; font-weight: 600;"
            f"border: 2px {style} {edges[self._kind]}; border-radius: {round(pixels * 0.95)}px;"
            f"padding: 2px {round(pixels * 0.7)}px;"
        )


class VerdictView(QFrame):
    """Shows one verdict. While it is not `settled` torch's numbers stay covered: the learner may try again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = LIGHT
        self._verdict: Verdict | None = None
        self._given: tuple[str, ...] = ()
        self._settled = False
        self._columns = 1
        self.title = QLabel(self)
        self.words = Prose(self, scale=1.04)
        self.hint = Prose(self, scale=1.04)
        self.why = Prose(self, scale=1.04)
        self._grid_holder = QWidget(self)
        self._chips: list[QLabel] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 4, 0, 0)
        self._layout.setSpacing(8)
        for widget in (self.title, self._grid_holder, self.words, self.hint, self.why):
            self._layout.addWidget(widget)

    @property
    def chip_texts(self) -> list[str]:
        return [chip.text() for chip in self._chips]

    def show_verdict(self, verdict: Verdict, *, given: tuple[str, ...], settled: bool, columns: int) -> None:
        """`given` is the learner's own answer, also where they asked to be shown after a try.

        Numbers are chips, so many `columns` a row; the options of a choice (0 columns) are words.
        """
        self._verdict, self._given, self._settled, self._columns = verdict, given, settled, columns
        self._refresh()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self.words.apply_theme(palette)
        self.hint.apply_theme(palette)
        self.why.apply_theme(palette)
        self._refresh()

    def retranslate(self) -> None:
        self._refresh()

    def _refresh(self) -> None:
        verdict = self._verdict
        if verdict is None:
            return
        self.title.setText(_title(verdict))
        colour = self._palette.leaf_text if verdict.right else self._palette.ink
        self.title.setStyleSheet(f"font-weight: 600; color: {colour};")
        self._show_words(verdict)
        self._show_chips(verdict)
        self.hint.set_markdown(verdict.hint)
        self.hint.setVisible(bool(verdict.hint))
        self.why.set_markdown(verdict.why)
        self.why.setVisible(self._settled and bool(verdict.why))

    def _show_words(self, verdict: Verdict) -> None:
        """What was chosen, and what torch says where that is another option."""
        said = [f"{_('you:')} {text}" for text in self._given]
        if self._settled and verdict.expected != self._given:
            said += [f"torch: {text}" for text in verdict.expected]
        self.words.set_markdown("\n\n".join(said) if self._columns == 0 else "")
        self.words.setVisible(bool(self.words.markdown))

    def _show_chips(self, verdict: Verdict) -> None:
        """Both on the same columns, so that one sees at which element they part."""
        old = self._grid_holder
        self._grid_holder = QWidget(self)
        self._layout.replaceWidget(old, self._grid_holder)
        old.deleteLater()
        old.hide()
        self._chips = []
        self._grid_holder.setVisible(self._columns > 0)
        if self._columns == 0:
            return
        grid = QGridLayout(self._grid_holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        apart = [mine != torchs for mine, torchs in zip(self._given, verdict.expected, strict=False)]
        if verdict.agrees and not verdict.shown:
            apart = [not agrees for agrees in verdict.agrees]
        self._add_chips(grid, _("you:"), self._given, ["apart" if one else "mine" for one in apart])
        torch = verdict.expected if self._settled else (HIDDEN,) * len(verdict.expected)
        self._add_chips(grid, "torch:", torch, ["torch" if self._settled else "hidden"] * len(torch))
        grid.setColumnStretch(grid.columnCount(), 1)

    def _add_chips(self, grid: QGridLayout, name: str, texts: Sequence[str], kinds: Sequence[str]) -> None:
        if not texts:
            return
        pixels = max(self.font().pixelSize(), SMALLEST_PIXELS)
        first = grid.rowCount()
        label = QLabel(name, self._grid_holder)
        label.setStyleSheet(f"color: {self._palette.muted};")
        grid.addWidget(label, first, 0)
        for place, (text, kind) in enumerate(zip(texts, kinds, strict=True)):
            chip = Chip(text, kind, self._grid_holder)
            chip.set_look(self._palette, pixels)
            grid.addWidget(chip, first + place // self._columns, 1 + place % self._columns)
            self._chips.append(chip)


def _title(verdict: Verdict) -> str:
    if verdict.right:
        return _("✓ Right!")
    if verdict.shown:
        return _("This is what torch found")
    return _("Not yet")
