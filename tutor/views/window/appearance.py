"""Theme, text size and language of the whole program: applied at once, remembered, and told to who shows something."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, QTranslator, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from tutor.i18n import LANGUAGES, language, use_language
from tutor.session.settings import TEXT_SIZES, Settings, Theme
from tutor.views import theme
from tutor.views.theme import DARK


class Appearance(QObject):
    """How everything looks and in which language it speaks."""

    look_changed = Signal()
    """Colours or text size."""
    language_changed = Signal()

    def __init__(self, app: QApplication, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._settings = settings
        self._translator: QTranslator | None = None
        self.palette = theme.palette_for(settings.theme)
        self.apply_language()
        self._apply_look()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_color_scheme_changed)

    @property
    def dark(self) -> bool:
        return self.palette is DARK

    @property
    def text_pixels(self) -> int:
        return theme.text_pixels(self._settings.text_size)

    def set_theme(self, name: Theme) -> None:
        self._settings.theme = name
        self._apply_look()

    def toggle_theme(self) -> None:
        self.set_theme("light" if self.dark else "dark")

    def larger_text(self) -> None:
        self._set_text_size(
            next((size for size in TEXT_SIZES if size > self._settings.text_size), TEXT_SIZES[-1])
        )

    def smaller_text(self) -> None:
        smaller = [size for size in TEXT_SIZES if size < self._settings.text_size]
        self._set_text_size(smaller[-1] if smaller else TEXT_SIZES[0])

    def set_language(self, code: str) -> None:
        if code != language():
            self._settings.language = code
            self.apply_language()
            self.language_changed.emit()

    def toggle_language(self) -> None:
        codes = list(LANGUAGES)
        self.set_language(codes[(codes.index(language()) + 1) % len(codes)])

    def apply_language(self) -> None:
        """The program's own texts, and those of Qt's dialogs."""
        code = self._settings.language
        use_language(code)
        QLocale.setDefault(QLocale(code))
        if self._translator is not None:
            self._app.removeTranslator(self._translator)
        self._translator = QTranslator(self)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if self._translator.load(f"qtbase_{code}", folder):
            self._app.installTranslator(self._translator)

    def _set_text_size(self, size: int) -> None:
        if size != self._settings.text_size:
            self._settings.text_size = size
            self._apply_look()

    def _apply_look(self) -> None:
        self.palette = theme.palette_for(self._settings.theme)
        theme.apply(self._app, self.palette, self._settings.text_size)
        self.look_changed.emit()

    def _on_system_color_scheme_changed(self) -> None:
        if self._settings.theme == "system":
            self._apply_look()
