"""The list of completions under the cursor: it narrows while one types, Tab or Enter takes one, Esc closes it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QStringListModel, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QCompleter, QListView, QPlainTextEdit

from tutor.source.editing import word_before
from tutor.views.code.text_positions import plain_text, to_characters
from tutor.views.theme import Palette

_ROWS = 8


class Completer(QObject):
    """Offers matches for the identifier before the cursor of one editor."""

    chosen = Signal(int, str)
    """The offset (in characters) from which the text up to the cursor is replaced, and by what."""

    def __init__(self, editor: QPlainTextEdit) -> None:
        super().__init__(editor)
        self._editor = editor
        self._matches = QStringListModel(self)
        self._completer = QCompleter(self._matches, self)
        self._popup = QListView(editor)
        self._completer.setPopup(self._popup)
        self._completer.setWidget(editor)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseSensitive)
        self._completer.setMaxVisibleItems(_ROWS)
        self._completer.activated.connect(self._on_activated)

    @property
    def is_open(self) -> bool:
        return self._popup.isVisible()

    @property
    def matches(self) -> list[str]:
        """What the open list shows now."""
        model = self._completer.completionModel()
        return [str(model.index(row, 0).data()) for row in range(model.rowCount())]

    @property
    def popup(self) -> QListView:
        return self._popup

    def offer(self, matches: Sequence[str]) -> None:
        """Shows those of the matches (whole identifiers) that the word before the cursor begins."""
        prefix = self._prefix()
        fitting = sorted({match for match in matches if match != prefix}, key=_public_first)
        self._matches.setStringList(fitting)
        self.narrow()

    def narrow(self) -> None:
        """Fits the list to the word as it is now; closes it when nothing is left."""
        self._completer.setCompletionPrefix(self._prefix())
        if self._completer.completionCount() == 0:
            self.close()
            return
        popup = self._popup
        popup.setCurrentIndex(self._completer.completionModel().index(0, 0))
        place = self._editor.cursorRect()
        place.translate(self._editor.viewport().pos())
        place.setWidth(popup.sizeHintForColumn(0) + popup.verticalScrollBar().sizeHint().width() + 12)
        self._completer.complete(place)

    def close(self) -> None:
        self._popup.hide()

    def apply_theme(self, palette: Palette) -> None:
        self._popup.setStyleSheet(f"QListView {{ border: 1px solid {palette.faint}; padding: 2px; }}")
        colours = self._popup.palette()
        colours.setColor(QPalette.ColorRole.Base, QColor(palette.panel))
        colours.setColor(QPalette.ColorRole.Text, QColor(palette.ink))
        self._popup.setPalette(colours)
        self._popup.setFont(self._editor.font())

    def _on_activated(self, match: str) -> None:
        self.chosen.emit(self._start(), match)

    def _prefix(self) -> str:
        text, position = self._text_and_position()
        return text[word_before(text, position) : position]

    def _start(self) -> int:
        return word_before(*self._text_and_position())

    def _text_and_position(self) -> tuple[str, int]:
        text = plain_text(self._editor.document())
        return text, to_characters(text, self._editor.textCursor().position())


def _public_first(name: str) -> tuple[int, str]:
    return len(name) - len(name.lstrip("_")), name
