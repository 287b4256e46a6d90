"""The judgement of an answer: the learner's outlined chips above torch's, element by element, then the hint and the why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from tutor.course.question import Verdict
from tutor.i18n import _
from tutor.views.fonts import mono
from tutor.views.prose import Prose
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
        self.title = QLabel(self)
        self.hint = Prose(self, scale=1.04)
        self.why = Prose(self, scale=1.04)
        self._grid_holder = QWidget(self)
        self._chips: list[QLabel] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 4, 0, 0)
        self._layout.setSpacing(8)
        for widget in (self.title, self._grid_holder, self.hint, self.why):
            self._layout.addWidget(widget)

    @property
    def chip_texts(self) -> list[str]:
        return [chip.text() for chip in self._chips]

    def show_verdict(self, verdict: Verdict, *, given: tuple[str, ...], settled: bool) -> None:
        """`given` are the learner's own numbers, also where they asked to be shown after a try."""
        self._verdict, self._given, self._settled = verdict, given, settled
        self._refresh()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
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
        self._show_chips(verdict)
        self.hint.set_markdown(verdict.hint)
        self.hint.setVisible(bool(verdict.hint))
        self.why.set_markdown(verdict.why)
        self.why.setVisible(self._settled and bool(verdict.why))

    def _show_chips(self, verdict: Verdict) -> None:
        """Both rows on the same columns, so that one sees at which element they part."""
        old = self._grid_holder
        self._grid_holder = QWidget(self)
        self._layout.replaceWidget(old, self._grid_holder)
        old.deleteLater()
        old.hide()
        self._chips = []
        grid = QGridLayout(self._grid_holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        parts = [apart != torch for apart, torch in zip(self._given, verdict.expected, strict=False)]
        if verdict.agrees and not verdict.shown:
            parts = [not agrees for agrees in verdict.agrees]
        mine = ["apart" if part else "mine" for part in parts]
        torch = verdict.expected if self._settled else (HIDDEN,) * len(verdict.expected)
        if self._given:
            self._add_row(grid, 0, _("you:"), self._given, mine)
        self._add_row(grid, 1, "torch:", torch, ["torch" if self._settled else "hidden"] * len(torch))
        grid.setColumnStretch(grid.columnCount(), 1)
        self._grid_holder.show()

    def _add_row(
        self, grid: QGridLayout, row: int, name: str, texts: Sequence[str], kinds: Sequence[str]
    ) -> None:
        pixels = max(self.font().pixelSize(), SMALLEST_PIXELS)
        label = QLabel(name, self._grid_holder)
        label.setStyleSheet(f"color: {self._palette.muted};")
        grid.addWidget(label, row, 0)
        for column, (text, kind) in enumerate(zip(texts, kinds, strict=True), start=1):
            chip = Chip(text, kind, self._grid_holder)
            chip.set_look(self._palette, pixels)
            grid.addWidget(chip, row, column)
            self._chips.append(chip)


def _title(verdict: Verdict) -> str:
    if verdict.right:
        return _("✓ Right!")
    if verdict.shown:
        return _("This is what torch found")
    return _("Not yet")
