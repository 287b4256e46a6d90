"""The toolbar: run and stop, edits of the program, the settings of a run, text size, theme and language."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QSpinBox, QToolBar, QToolButton, QWidget

from tutor.i18n import _
from tutor.session.session import LARGEST_SEED, Session
from tutor.views.window.actions import Actions

_STYLE = Qt.ToolButtonStyle
_WORDS = ("run", "stop", "backward")
"""These lose their words where there is no room."""
_STYLES = {
    **dict.fromkeys(_WORDS, _STYLE.ToolButtonTextBesideIcon),
    **dict.fromkeys(("zero_grad", "no_grad", "smaller", "larger", "language"), _STYLE.ToolButtonTextOnly),
}


class RunToolbar(QToolBar):
    """Shows the run's state and settings; each button is one of the window's actions."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._actions = actions
        self._needed = 0
        self.setObjectName("run")
        self.setMovable(False)
        self.setStyleSheet("QToolBar { spacing: 1px; padding: 4px; } QToolButton { padding: 4px 5px; }")
        self.device = QComboBox(self)
        self.seed = QSpinBox(self)
        self._lay_out()
        self._connect()
        self.retranslate()
        self._show_run()

    def _lay_out(self) -> None:
        self.seed.setRange(0, LARGEST_SEED)
        self.seed.setKeyboardTracking(False)
        self.seed.lineEdit().setTextMargins(6, 0, 0, 0)  # a style sheet's padding does not reach it
        self.device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for name in ("home", "run", "stop"):
            self.addAction(self._actions[name])
        self.addSeparator()
        for name in ("backward", "zero_grad", "no_grad"):
            self.addAction(self._actions[name])
        self.addSeparator()
        self.addWidget(self.device)
        self._seed_place = self.addWidget(self.seed)
        self.addAction(self._actions["random"])
        self.addWidget(self._stretch())
        for name in ("smaller", "larger", "theme", "language"):
            self.addAction(self._actions[name])
        for name, style in _STYLES.items():
            button = self.widgetForAction(self._actions[name])
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(style)

    def _stretch(self) -> QWidget:
        space = QWidget(self)
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        return space

    def _connect(self) -> None:
        self.device.activated.connect(self._on_device_activated)
        self.seed.valueChanged.connect(self._session.set_seed)
        self._session.run_changed.connect(self._show_run)
        self._session.document_changed.connect(self._show_run)

    def retranslate(self) -> None:
        self.setWindowTitle(_("Toolbar"))
        self.seed.setPrefix(_("seed") + " ")
        self.seed.setToolTip(_("Seed of the random numbers: the same seed, the same numbers"))
        self.seed.setAccessibleName(_("seed"))
        self._fit_text()
        self.device.setToolTip(_("Device on which new tensors are made"))
        self.device.setAccessibleName(_("device"))

    def _fit_text(self) -> None:
        """Icons as large as the letters; the seed as wide as its longest text, and no wider."""
        side = round(self.fontMetrics().height() * 1.15)
        self.setIconSize(QSize(side, side))
        longest = self.seed.fontMetrics().horizontalAdvance(f"{self.seed.prefix()}{LARGEST_SEED}")
        self.seed.setFixedWidth(longest + 46)
        self._measure()

    def _measure(self) -> None:
        """How much room there must be for the words."""
        self._set_words(True)
        self.updateGeometry()
        self._needed = self.sizeHint().width()
        self._suit_width()

    def _suit_width(self) -> None:
        """Words beside the icons where they fit; their tooltips have them in any case."""
        self._set_words(self.width() >= self._needed)

    def _set_words(self, on: bool) -> None:
        style = _STYLE.ToolButtonTextBesideIcon if on else _STYLE.ToolButtonIconOnly
        for name in _WORDS:
            button = self.widgetForAction(self._actions[name])
            if isinstance(button, QToolButton) and button.toolButtonStyle() != style:
                button.setToolButtonStyle(style)

    def _show_run(self) -> None:
        settings, run = self._session.settings, self._session.run
        with QSignalBlocker(self.seed), QSignalBlocker(self.device):
            self._seed_place.setVisible(settings.seed <= LARGEST_SEED)
            self.seed.setValue(min(settings.seed, LARGEST_SEED))
            self._show_devices(settings.device)
        for setting in (self.device, self.seed):
            setting.setEnabled(not self._session.read_only)
        self._actions.enable(stop=run.can_stop, run=not self._session.read_only)

    def _show_devices(self, chosen: str) -> None:
        """What the kernel really has; the chosen one also while it is not known yet."""
        names = list(dict.fromkeys([*self._session.devices, chosen]))
        shown = [self.device.itemData(place) for place in range(self.device.count())]
        if names != shown:
            self.device.clear()
            for name in names:
                self.device.addItem(_device_text(name), name)
            self._measure()
        self.device.setCurrentIndex(names.index(chosen))

    def _on_device_activated(self, place: int) -> None:
        self._session.set_device(str(self.device.itemData(place)))

    # Qt's own

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._measure()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._suit_width()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self._fit_text()


def _device_text(name: str) -> str:
    return name.upper() if name in ("cpu", "mps") else name.replace("cuda", "CUDA ").replace(":", "")
