"""The window's actions: one QAction for each thing that menus, toolbar and keys can do, with its words and its icon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from tutor.i18n import LANGUAGES, _
from tutor.session.settings import THEMES
from tutor.views.theme import Palette, icon


@dataclass(frozen=True, slots=True)
class Spec:
    """An action's icon (of the Material Design set) and keys."""

    icon: str | None = None
    keys: str | QKeySequence.StandardKey | None = None
    color: str | None = None
    """Which of the palette's colours the icon has."""


_SHORT = {"smaller": "A⁻", "larger": "A⁺", "language": "ES/EN"}
"""What stands in the toolbar, where the menu has words."""

_STANDARD = QKeySequence.StandardKey

SPECS: dict[str, Spec] = {
    "home": Spec("home-outline", "Ctrl+H"),
    "sandbox": Spec("flask-outline", _STANDARD.New),
    "open": Spec("folder-open-outline", _STANDARD.Open),
    "save": Spec("content-save-outline", _STANDARD.Save),
    "save_as": Spec(None, "Ctrl+Shift+S"),
    "export": Spec("export-variant", "Ctrl+E"),
    "quit": Spec(None, "Ctrl+Q"),
    "undo": Spec("undo", _STANDARD.Undo),
    "redo": Spec("redo", "Ctrl+Shift+Z"),
    "copy_picture": Spec("content-copy", "Ctrl+Shift+C"),
    "run": Spec("play", "F5", "leaf"),
    "run_to": Spec(None, "Ctrl+Return"),
    "run_on": Spec(None, "Shift+Return"),
    "stop": Spec("stop", "Ctrl+.", "error"),
    "restart": Spec("restart"),
    "random": Spec("dice-multiple-outline"),
    "backward": Spec("ray-end-arrow", "Ctrl+B", "gradient"),
    "zero_grad": Spec(),
    "no_grad": Spec(),
    "smaller": Spec(None, _STANDARD.ZoomOut),
    "larger": Spec(None, _STANDARD.ZoomIn),
    "theme": Spec("theme-light-dark"),
    "language": Spec(None),
    "reduced_motion": Spec(None),
    "arrange": Spec(None),
    "why_now": Spec("playlist-play", None, "gradient"),
    "legend": Spec(None),
    "keyboard": Spec(None),
    "report": Spec(None),
    "about": Spec(None),
}


class Actions:
    """Every action by its name. Checkable ones for themes and languages come in groups."""

    def __init__(self, window: QWidget) -> None:
        self._all = {name: QAction(window) for name in SPECS}
        self.themes = QActionGroup(window)
        self.languages = QActionGroup(window)
        for theme in THEMES:
            _choice(self.themes, theme)
        for code, name in LANGUAGES.items():
            _choice(self.languages, code).setText(name)
        self["reduced_motion"].setCheckable(True)
        for name, spec in SPECS.items():
            if spec.keys is not None:
                self[name].setShortcut(QKeySequence(spec.keys))
        window.addActions(list(self._all.values()))

    def __getitem__(self, name: str) -> QAction:
        return self._all[name]

    def connect(self, **slots: Callable[[], object]) -> None:
        """Each action to the slot of its name."""
        for name, slot in slots.items():
            self[name].triggered.connect(slot)

    def enable(self, **states: bool) -> None:
        for name, state in states.items():
            self[name].setEnabled(state)

    def apply_theme(self, palette: Palette) -> None:
        colors = {"leaf": palette.leaf, "error": palette.error, "gradient": palette.gradient}
        for name, spec in SPECS.items():
            if spec.icon is not None:
                self[name].setIcon(icon(spec.icon, palette, color=colors.get(spec.color or "")))

    def retranslate(self) -> None:
        for name, (text, tip) in _words().items():
            action = self[name]
            action.setText(text)
            action.setIconText(_SHORT.get(name, text.replace("&", "")))
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            plain = tip or text.replace("&", "").removesuffix("…")
            action.setToolTip(f"{plain} ({keys})" if keys else plain)
        themes = {"system": _("As the system"), "light": _("Light"), "dark": _("Dark")}
        for action in self.themes.actions():
            action.setText(themes[str(action.data())])


def _choice(group: QActionGroup, data: str) -> QAction:
    action = QAction(group)
    action.setCheckable(True)
    action.setData(data)
    return action


def _words() -> dict[str, tuple[str, str]]:
    """The text and the tooltip (empty: the text) of every action."""
    return {
        "home": (_("&Home"), _("Lessons, sandbox and files")),
        "sandbox": (_("&Sandbox"), _("The sandbox, as you left it")),
        "open": (_("&Open…"), _("Open a script, a notebook, a lesson or a recorded run")),
        "save": (_("&Save"), ""),
        "save_as": (_("Save &as…"), ""),
        "export": (_("&Export…"), _("The picture or the animation, for a paper, a page or a talk")),
        "quit": (_("&Quit"), ""),
        "undo": (_("&Undo"), _("Take back the last change, wherever it was")),
        "redo": (_("&Redo"), ""),
        "copy_picture": (_("Copy the &picture"), _("The whole picture of this step, to the clipboard")),
        "run": (_("Run"), _("Run the program from its first line on real torch")),
        "run_to": (_("Run to this cell"), ""),
        "run_on": (_("Run and move on"), _("Run to this cell and go to the next")),
        "stop": (_("Stop"), _("Stop the run")),
        "restart": (_("Restart the kernel"), _("A fresh process; your text stays")),
        "random": (_("New random numbers"), _("Another seed, and run again")),
        "backward": (
            _("Backward…"),
            _("Write backward() of the selected tensor at the end of the cell, and run"),
        ),
        "zero_grad": (
            "zero_grad",
            _("Write the line that clears the selected tensor's gradient, or all of them, and run"),
        ),
        "no_grad": ("no_grad", _("Put the selected lines into torch.no_grad(), or take them out, and run")),
        "smaller": (_("Smaller text"), ""),
        "larger": (_("Larger text"), ""),
        "theme": (_("Light or dark"), ""),
        "language": ("Español / English", ""),
        "reduced_motion": (_("Reduced motion"), _("Every step shows its end state at once")),
        "arrange": (_("Panes as at first"), ""),
        "why_now": (
            _("Why this &node now?"),
            _("The engine's ready queue at this step (Q in the graph)"),
        ),
        "legend": (_("&Legend of the picture"), _("Show or hide what the marks of the picture mean")),
        "keyboard": (_("&Keyboard"), ""),
        "report": (_("&Copy report"), _("Versions and the end of the log, to be pasted into a message")),
        "about": (_("&About Autograd Tutor"), ""),
    }
