"""Which matrix of a tensor with three or more dimensions is shown: [0, 2, :, :], with arrows to the others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from tutor.i18n import _
from tutor.views.fonts import mono
from tutor.views.graph.faces import page_name
from tutor.views.theme import Palette


class PageChooser(QWidget):
    """Hidden where there is only one page."""

    turned = Signal(int)
    """The page that the person wants to see."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape: tuple[int, ...] = ()
        self._page, self._count = 0, 1
        self.before, self.after = QToolButton(self), QToolButton(self)
        self._label = QLabel(self)
        self._label.setFont(mono(12))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self.before, self._label, self.after):
            row.addWidget(part)
        row.addStretch(1)
        self.before.setArrowType(Qt.ArrowType.LeftArrow)
        self.after.setArrowType(Qt.ArrowType.RightArrow)
        for button in (self.before, self.after):
            button.setAutoRaise(True)
            button.setAutoRepeat(True)
        self.before.clicked.connect(self._on_before_clicked)
        self.after.clicked.connect(self._on_after_clicked)
        self.retranslate()
        self.hide()

    @property
    def text(self) -> str:
        return self._label.text()

    def show_pages(self, shape: Sequence[int], page: int, count: int) -> None:
        """`count` pages of a tensor of this shape; nothing to choose where there is one."""
        self._shape, self._page, self._count = tuple(shape), page, count
        self.setVisible(count > 1)
        if count > 1:
            self._label.setText(f"{page_name(shape, page)} · {page + 1}/{count}")

    def retranslate(self) -> None:
        for button, words in ((self.before, _("Previous page")), (self.after, _("Next page"))):
            button.setToolTip(words)
            button.setAccessibleName(words)

    def apply_theme(self, palette: Palette) -> None:
        colours = self._label.palette()
        colours.setColor(QPalette.ColorRole.WindowText, QColor(palette.muted))
        self._label.setPalette(colours)

    def _turn(self, step: int) -> None:
        page = (self._page + step) % self._count
        self.show_pages(self._shape, page, self._count)
        self.turned.emit(page)

    def _on_before_clicked(self) -> None:
        self._turn(-1)

    def _on_after_clicked(self) -> None:
        self._turn(1)
