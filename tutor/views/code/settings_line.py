"""The locked first line above the cells: the run's settings as the code that they amount to."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from tutor.i18n import _
from tutor.protocol import RunSettings
from tutor.views.theme import LIGHT, Palette, icon


def settings_code(settings: RunSettings) -> str:
    """What a run does before the first line. The CPU sets nothing."""
    seed = f"torch.manual_seed({settings.seed})"
    return seed if settings.device == "cpu" else f'torch.set_default_device("{settings.device}"); {seed}'


class SettingsLine(QWidget):
    """Greyed, with a lock: it is changed in the toolbar and not here."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = LIGHT
        self._settings = RunSettings()
        self._lock = QLabel(self)
        self._code = QLabel(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(9, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._lock)
        row.addWidget(self._code, 1)
        self.retranslate()

    @property
    def text(self) -> str:
        return self._code.text()

    def show_settings(self, settings: RunSettings) -> None:
        self._settings = settings
        self._code.setText(settings_code(settings))

    def set_code_font(self, font: QFont) -> None:
        self._code.setFont(font)

    def apply_theme(self, palette: Palette) -> None:
        self._palette = palette
        self._code.setStyleSheet(f"color: {palette.muted};")
        self._lock.setPixmap(icon("lock-outline", palette, color=palette.muted).pixmap(QSize(14, 14)))

    def retranslate(self) -> None:
        text = _("The settings of the run: every run begins so. Change device and seed in the toolbar.")
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self.show_settings(self._settings)
