"""A piece of a lesson's text, as tall as it is, with its formulas and foldable notes; used by the lesson's pane."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QDesktopServices,
    QFont,
    QResizeEvent,
    QTextCursor,
    QTextDocument,
    QTextImageFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QWidget

from tutor.views.fonts import mono
from tutor.views.prose.markdown import FOLD, Look, Page, to_page
from tutor.views.prose.maths import Formula
from tutor.views.theme import LIGHT, SMALLEST_PIXELS, Palette

_READING = 1.12
"""Prose is read, not glanced at: a little larger than the interface's letters."""


class Prose(QTextBrowser):
    """Shows Markdown and never scrolls: whoever holds it does."""

    part_asked = Signal(int)
    """A link "part:2" was followed: that part, counted from 0."""

    def __init__(self, parent: QWidget | None = None, *, scale: float = _READING) -> None:
        super().__init__(parent)
        self._scale = scale
        self._palette = LIGHT
        self._markdown = ""
        self._images: dict[str, Formula] = {}
        self._opened: set[int] = set()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        self.setStyleSheet("QTextBrowser { background: transparent; border: none; padding: 0; }")
        self.anchorClicked.connect(self._on_anchor_clicked)

    @property
    def markdown(self) -> str:
        return self._markdown

    def set_markdown(self, text: str) -> None:
        """Another text: its foldable notes begin closed."""
        if text == self._markdown:
            return
        self._markdown = text
        self.setAccessibleDescription(text)
        self._opened.clear()
        self._render()

    def fit_width(self) -> None:
        """As wide as its text on one line, to stand beside something else."""
        self.document().setTextWidth(-1)
        self.setFixedWidth(math.ceil(self.document().idealWidth()) + 2)
        self._fit()

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self._render()

    def look(self) -> Look:
        pixels = max(self.font().pixelSize(), SMALLEST_PIXELS) * self._scale
        font = QFont(self.font())
        font.setPixelSize(round(pixels))
        return Look(
            self._palette, font, mono(max(round(pixels * 0.92), SMALLEST_PIXELS)), self.devicePixelRatioF()
        )

    def _page(self) -> Page:
        return to_page(self._markdown, self.look(), self._opened)

    def _render(self) -> None:
        look = self.look()
        page = self._page()
        self._images = page.images
        self.document().setDefaultFont(look.font)
        self.setHtml(f'<body style="color:{self._palette.ink}">{page.html}</body>')
        self._trim()
        self._fit()

    def _trim(self) -> None:
        """No empty room below the last line."""
        last = self.document().lastBlock()
        shape = last.blockFormat()
        shape.setBottomMargin(0)
        QTextCursor(last).setBlockFormat(shape)

    def _fit(self) -> None:
        room = max(self.viewport().width(), 80)
        self._keep_formulas_within(room)
        self.document().setTextWidth(room)
        self.setFixedHeight(max(math.ceil(self.document().size().height()), 1))

    def _keep_formulas_within(self, room: int) -> None:
        """A formula wider than the pane is drawn smaller, never cut off."""
        cursor = QTextCursor(self.document())
        for start, end, shape in self._formula_places():
            formula = self._images[shape.name()]
            width = min(formula.width, room)
            if round(shape.width()) != width:
                shape.setWidth(width)
                shape.setHeight(round(formula.height * width / formula.width))
                cursor.setPosition(start)
                cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
                cursor.setCharFormat(shape)

    def _formula_places(self) -> list[tuple[int, int, QTextImageFormat]]:
        """Where the formulas stand in the document: from, to, and how each is shown."""
        found: list[tuple[int, int, QTextImageFormat]] = []
        block = self.document().begin()
        while block.isValid():
            piece = block.begin()
            while not piece.atEnd():
                fragment = piece.fragment()
                shape = fragment.charFormat().toImageFormat()
                if shape.isValid() and shape.name() in self._images:
                    found.append((fragment.position(), fragment.position() + fragment.length(), shape))
                piece += 1
            block = block.next()
        return found

    def _on_anchor_clicked(self, url: QUrl) -> None:
        target = url.toString()
        if target.startswith(FOLD):
            self._opened ^= {int(target.removeprefix(FOLD))}
            self._render()
        elif target.startswith("part:") and target.removeprefix("part:").isdecimal():
            self.part_asked.emit(max(int(target.removeprefix("part:")) - 1, 0))
        elif url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        key = name.toString() if isinstance(name, QUrl) else name
        if kind == QTextDocument.ResourceType.ImageResource.value and key in self._images:
            return self._images[key].image
        return super().loadResource(kind, name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.DevicePixelRatioChange):
            self._render()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 1)
